//! Handed out well, but the outputs stand in the order in which they came.
//! expect: order FAIL output 0 is wrong

    let mut tasks = items.iter().enumerate();
    let mut under_way = 0;
    for (worker, (number, item)) in workers.iter().zip(tasks.by_ref()) {
        worker.send(number, item)?;
        under_way += 1;
    }
    let mut came = 0;
    while under_way > 0 {
        for place in ready(&workers)? {
            let (number, output) = workers[place].receive()?;
            outputs[came] = Some(output.ok_or(Failure::Panicked(number))?);
            came += 1;
            match tasks.next() {
                Some((number, item)) => workers[place].send(number, item)?,
                None => under_way -= 1,
            }
        }
    }
    workers.into_iter().try_for_each(Worker::leave)?;
