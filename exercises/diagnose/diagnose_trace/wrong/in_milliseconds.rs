//! Compares times with numbers that were right on one machine.
//! expect: named PARTIAL percent of 350 timelines

    let ms = |process: usize, doing: Doing| timeline.time_ns(process, doing) as f64 / 1e6;
    let work: Vec<f64> = (1..=timeline.workers()).map(|worker| ms(worker, Doing::Work)).collect();
    let [least, most] = [f64::min, f64::max].map(|of| work.iter().copied().reduce(of).unwrap_or(0.0));
    if ms(1, Doing::Start) > 40.0 {
        Bottleneck::Starting
    } else if ms(1, Doing::LockWait) > 15.0 {
        Bottleneck::Lock
    } else if most - least > 60.0 {
        Bottleneck::Uneven
    } else if ms(0, Doing::Encode) + ms(0, Doing::Write) < 20.0 {
        Bottleneck::Fine
    } else if timeline.bytes(0, Doing::Write) < 1_000_000 {
        Bottleneck::TinyTasks
    } else if ms(0, Doing::Encode) > ms(0, Doing::Write) {
        Bottleneck::Pickling
    } else {
        Bottleneck::LargeMessages
    }
