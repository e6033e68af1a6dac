//! Games the count: the second pass is the parent's, so that nothing crosses.
//! expect: workers FAIL the parent added

// SOLUTION
// NEXT REGION
// SOLUTION
// NEXT REGION
        let _ = (part, before);
// NEXT REGION
// SOLUTION
// NEXT REGION
    pool.map(Running, tasks, 1)?;
    pool.finish(Duration::from_secs(5))?;
    array.write(0..array.len(), |numbers| adding::running(numbers, 0.0))?;
