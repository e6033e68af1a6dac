//! An item for each worker, an answer from each worker, and so on: a round takes as long as its slowest item.
//! expect: slow FAIL the slow item had to wait

    for (round, some) in items.chunks(workers.len()).enumerate() {
        for (place, item) in some.iter().enumerate() {
            workers[place].send(round * workers.len() + place, item)?;
        }
        for worker in &workers[..some.len()] {
            let (number, output) = worker.receive()?;
            outputs[number] = Some(output.ok_or(Failure::Panicked(number))?);
        }
    }
