//! An item whose work panicked has no output, and nobody is told.
//! expect: panics FAIL got 19 outputs of 20 items

    let mut tasks = items.iter().enumerate();
    let mut under_way = 0;
    for (worker, (number, item)) in workers.iter().zip(tasks.by_ref()) {
        worker.send(number, item)?;
        under_way += 1;
    }
    while under_way > 0 {
        for place in ready(&workers)? {
            let (number, output) = workers[place].receive()?;
            outputs[number] = output;
            match tasks.next() {
                Some((number, item)) => workers[place].send(number, item)?,
                None => under_way -= 1,
            }
        }
    }
    workers.into_iter().try_for_each(Worker::leave)?;
