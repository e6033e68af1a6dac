//! Notices that somebody has died, and takes it for granted that it was the first worker with a task, and that it was killed.
//! expect: named FAIL got: worker

    crew.send(worker, task, items[task])?;
// NEXT REGION
    let mut events = vec![crew.replies()];
    events.extend((0..held.len()).map(|worker| crew.sentinel(worker)));
    let ready = multiprocess::wait(&events, LIMIT)?;
    match (ready.first(), held.iter().position(Option::is_some)) {
        (Some(event), Some(worker)) if *event > 0 => {
            let task = held[worker].unwrap_or(0);
            Err(Failure::Lost { pid: crew.pid(worker), task, how: Status::Signalled(9) })
        }
        _ => Ok(crew.receive(Duration::ZERO)?),
    }
// NEXT REGION
