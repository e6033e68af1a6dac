//! The workers are kept for the next call, and nobody ever ends them.
//! expect: order FAIL 3 processes left running

    let mut tasks = items.iter().enumerate();
    let mut under_way = 0;
    for (worker, (number, item)) in workers.iter().zip(tasks.by_ref()) {
        worker.send(number, item)?;
        under_way += 1;
    }
    while under_way > 0 {
        for place in ready(&workers)? {
            let (number, output) = workers[place].receive()?;
            outputs[number] = Some(output.ok_or(Failure::Panicked(number))?);
            match tasks.next() {
                Some((number, item)) => workers[place].send(number, item)?,
                None => under_way -= 1,
            }
        }
    }
    std::mem::forget(workers);
