//! The parent holds the whole array while the workers want their parts: each is refused.
//! expect: answer FAIL nobody else has this part

// SOLUTION
// NEXT REGION
// SOLUTION
// NEXT REGION
// SOLUTION
// NEXT REGION
// SOLUTION
// NEXT REGION
    array.write(0..array.len(), |_| pool.map(Running, tasks, 1))??;
    pool.finish(Duration::from_secs(5))?;
