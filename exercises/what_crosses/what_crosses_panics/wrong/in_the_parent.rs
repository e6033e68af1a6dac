//! Games the pool: the errands are run in the parent, where nothing is lost on the way, until one ends the parent.
//! expect: answer FAIL by the parent

    let run = |errand: &Errand| match std::panic::catch_unwind(|| errand.run()) {
        Ok(came) => came.map_or_else(Outcome::Refused, Outcome::Value),
        Err(panic) => Outcome::Panicked(panic.downcast_ref::<String>().cloned().unwrap_or_default()),
    };
    let outcomes = errands.iter().map(run).collect();
