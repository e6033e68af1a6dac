//! Waits without a limit for a reply that nobody sends.
//! expect: named TIMEOUT not done after 5 s

    crew.send(worker, task, items[task])?;
// NEXT REGION
    let _ = held;
    Ok(crew.receive(Duration::MAX)?)
// NEXT REGION
