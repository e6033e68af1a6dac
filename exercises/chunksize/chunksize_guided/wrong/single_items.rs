//! Nobody waits, and every item is a message of its own.
//! expect: messages FAIL messages a map

    let _ = (left, workers);
    1
