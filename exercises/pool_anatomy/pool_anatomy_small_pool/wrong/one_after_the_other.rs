//! Sends an item and waits for its output before the next: any number of workers, and one at work.
//! expect: together FAIL output 0 is wrong

    for (number, item) in items.iter().enumerate() {
        let worker = &workers[number % workers.len()];
        worker.send(number, item)?;
        let (_, output) = worker.receive()?;
        outputs[number] = Some(output.ok_or(Failure::Panicked(number))?);
    }
