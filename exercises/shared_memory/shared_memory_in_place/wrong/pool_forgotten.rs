//! All is right, but the pool is forgotten: its processes stay.
//! expect: answer FAIL left running

// SOLUTION
// NEXT REGION
// SOLUTION
// NEXT REGION
// SOLUTION
// NEXT REGION
// SOLUTION
// NEXT REGION
    pool.map(Running, tasks, 1)?;
    // Its end would have to be waited for.
    std::mem::forget(pool);
