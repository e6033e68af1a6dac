//! Keeps a pool for the next call, in a static that nobody drops: its processes outlive the work.
//! expect: answer FAIL left running

    static KEPT: std::sync::OnceLock<Pool> = std::sync::OnceLock::new();
    let kept = KEPT.get_or_init(|| Pool::start(Config::new(2)).expect("two workers"));
    let came = kept.try_map(Run, errands, 1)?;
    let outcomes = came.into_iter().map(|came| match came {
        Ok(came) => came.map_or_else(Outcome::Refused, Outcome::Value),
        Err(fault) if fault.is_worker_lost() => Outcome::Lost,
        Err(fault) => Outcome::Panicked(fault.to_string()),
    });
    let outcomes = outcomes.collect();
