//! Looks for the dead only when nothing has come for a long time.
//! expect: named TIMEOUT not done after 5 s

// SOLUTION
// NEXT REGION
    match crew.receive(LIMIT) {
        Err(fault) if fault.is_deadline() => {}
        received => return Ok(received?),
    }
    for (worker, task) in held.iter().enumerate() {
        let ended = !multiprocess::wait(&[crew.sentinel(worker)], Duration::ZERO)?.is_empty();
        if let (true, Some(task)) = (ended, task) {
            return Err(lost(crew, worker, *task));
        }
    }
    Ok(crew.receive(LIMIT)?)
// NEXT REGION
// SOLUTION
