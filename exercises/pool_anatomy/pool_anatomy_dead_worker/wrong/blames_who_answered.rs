//! Looks at the sentinels before the replies: whoever died after its answer is said to have lost its task.
//! expect: after FAIL which it had answered before

// SOLUTION
// NEXT REGION
    let working: Vec<(usize, usize)> =
        held.iter().enumerate().filter_map(|(worker, task)| Some((worker, (*task)?))).collect();
    let mut events: Vec<_> = working.iter().map(|(worker, _)| crew.sentinel(*worker)).collect();
    events.push(crew.replies());
    let ready = multiprocess::wait(&events, LIMIT)?;
    match ready.first().and_then(|event| working.get(*event)) {
        Some((worker, task)) => Err(lost(crew, *worker, *task)),
        None => Ok(crew.receive(Duration::ZERO)?),
    }
// NEXT REGION
// SOLUTION
