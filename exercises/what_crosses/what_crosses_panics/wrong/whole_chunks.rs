//! Every outcome is asked for, but a lost worker takes a whole chunk along.
//! expect: lost FAIL with a wrong outcome

    let came = pool.try_map(Run, errands, 0)?;
    let outcomes = came.into_iter().map(|came| match came {
        Ok(came) => came.map_or_else(Outcome::Refused, Outcome::Value),
        Err(fault) if fault.is_worker_lost() => Outcome::Lost,
        Err(fault) => Outcome::Panicked(fault.to_string()),
    });
    let outcomes = outcomes.collect();
