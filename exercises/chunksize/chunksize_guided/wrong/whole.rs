//! Games the messages: a single chunk for a single worker.
//! expect: idle FAIL units of time

    let _ = workers;
    left
