//! Takes whatever makes the parent busy for one and the same.
//! expect: named PARTIAL percent of 350 timelines

    let work: Vec<u64> = (1..=timeline.workers()).map(|worker| timeline.time_ns(worker, Doing::Work)).collect();
    let mean = work.iter().sum::<u64>() as f64 / work.len() as f64;
    let most = work.into_iter().max().unwrap_or(0) as f64;
    if timeline.workers_share(Doing::Start) > 0.3 {
        Bottleneck::Starting
    } else if timeline.workers_share(Doing::LockWait) > 0.25 {
        Bottleneck::Lock
    } else if most > 1.35 * mean {
        Bottleneck::Uneven
    } else if timeline.workers_share(Doing::Wait) > 0.3 {
        Bottleneck::Pickling
    } else {
        Bottleneck::Fine
    }
