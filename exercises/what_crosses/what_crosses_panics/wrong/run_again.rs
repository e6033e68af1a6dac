//! What came to nothing in its chunk is run once more, by itself: the outcomes are right, and some errands were run twice.
//! expect: once FAIL runs too few, too many

    let came = pool.try_map(Run, errands.clone(), 0)?;
    let mut outcomes = Vec::new();
    for (came, errand) in came.into_iter().zip(errands) {
        let came = if came.is_err() { pool.apply(Run, errand) } else { came };
        outcomes.push(match came {
            Ok(came) => came.map_or_else(Outcome::Refused, Outcome::Value),
            Err(fault) if fault.is_worker_lost() => Outcome::Lost,
            Err(fault) => Outcome::Panicked(fault.to_string()),
        });
    }
