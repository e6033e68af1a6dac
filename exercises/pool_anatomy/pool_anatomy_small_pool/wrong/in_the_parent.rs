//! Games the cases: the parent does all the work, and its workers only start and end.
//! expect: workers FAIL the parent did a part itself

    for (number, item) in items.into_iter().enumerate() {
        let output = catch_unwind(AssertUnwindSafe(|| work(item))).ok();
        outputs[number] = Some(output.ok_or(Failure::Panicked(number))?);
    }
    workers.into_iter().try_for_each(Worker::leave)?;
