//! Games the named error away: the lost task has output 0, and all goes on.
//! expect: named FAIL got outputs

    if crew.send(worker, task, items[task]).is_err() {
        return Ok(None);
    }
// NEXT REGION
    let mut events = vec![crew.replies()];
    let working: Vec<usize> = (0..held.len()).filter(|worker| held[*worker].is_some()).collect();
    events.extend(working.iter().map(|worker| crew.sentinel(*worker)));
    let ready = multiprocess::wait(&events, LIMIT)?;
    match ready.first() {
        Some(event) if *event > 0 => {
            let worker = working[event - 1];
            Ok(Reply { worker, task: held[worker].unwrap_or(0), output: 0 })
        }
        _ => Ok(crew.receive(Duration::ZERO)?),
    }
// NEXT REGION
