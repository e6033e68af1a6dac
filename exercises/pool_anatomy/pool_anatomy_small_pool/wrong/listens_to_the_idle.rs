//! Waits for an answer from every worker at first, also from those that there was no item for.
//! expect: few FAIL receiving a message

    let mut tasks = items.iter().enumerate();
    for (worker, (number, item)) in workers.iter().zip(tasks.by_ref()) {
        worker.send(number, item)?;
    }
    let mut busy = vec![true; workers.len()];
    while busy.contains(&true) {
        for place in (0..workers.len()).filter(|place| busy[*place]).collect::<Vec<_>>() {
            let (number, output) = workers[place].receive()?;
            outputs[number] = Some(output.ok_or(Failure::Panicked(number))?);
            match tasks.next() {
                Some((number, item)) => workers[place].send(number, item)?,
                None => busy[place] = false,
            }
        }
    }
