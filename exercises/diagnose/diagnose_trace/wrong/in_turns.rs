//! Games the count: says one name after the other, as the example has them.
//! expect: named FAIL percent of 350 timelines

    static CALLS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let _ = (timeline, Doing::Work);
    Bottleneck::ALL[CALLS.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % Bottleneck::ALL.len()]
