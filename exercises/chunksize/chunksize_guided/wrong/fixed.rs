//! One chunksize for all, as small as the messages allow: there is still somebody to wait for.
//! expect: idle PARTIAL units of time

    let _ = workers;
    left.min(20)
