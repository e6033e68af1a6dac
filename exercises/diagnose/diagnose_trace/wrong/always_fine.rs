//! Finds nothing wrong with anybody.
//! expect: named FAIL percent of 350 timelines

    let _ = (timeline, Doing::Work);
    Bottleneck::Fine
