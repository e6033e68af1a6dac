//! Notices who dies in a task, and not who was dead before: the send that fails names nobody.
//! expect: before FAIL was dead

    crew.send(worker, task, items[task])?;
// NEXT REGION
    let working: Vec<(usize, usize)> =
        held.iter().enumerate().filter_map(|(worker, task)| Some((worker, (*task)?))).collect();
    let mut events = vec![crew.replies()];
    events.extend(working.iter().map(|(worker, _)| crew.sentinel(*worker)));
    let ready = multiprocess::wait(&events, LIMIT)?;
    let answered = !multiprocess::wait(&events[..1], Duration::ZERO)?.is_empty();
    match ready.first() {
        Some(event) if !answered => {
            let (worker, task) = working[event - 1];
            Err(lost(crew, worker, task))
        }
        _ => Ok(crew.receive(Duration::ZERO)?),
    }
// NEXT REGION
// SOLUTION
