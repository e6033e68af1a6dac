//! Every outcome, but what failed stands behind what did not.
//! expect: panics FAIL place

    let came = pool.try_map(Run, errands, 1)?;
    let (came, failed): (Vec<_>, Vec<_>) = came.into_iter().partition(|came| came.is_ok());
    let outcomes = came.into_iter().chain(failed).map(|came| match came {
        Ok(came) => came.map_or_else(Outcome::Refused, Outcome::Value),
        Err(fault) if fault.is_worker_lost() => Outcome::Lost,
        Err(fault) => Outcome::Panicked(fault.to_string()),
    });
    let outcomes = outcomes.collect();
