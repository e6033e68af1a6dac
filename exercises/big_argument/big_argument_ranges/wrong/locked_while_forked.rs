//! The workers are forked while the parent holds the lock: theirs is locked for ever, and each waits for it.
//! expect: answer TIMEOUT not done after

/// What crosses for each window: where it lies.
type Window = Range<usize>;

/// What a forked worker finds in its memory.
static ARRAY: std::sync::Mutex<Vec<f64>> = std::sync::Mutex::new(Vec::new());
// NEXT REGION
        let array = ARRAY.lock().expect("nobody panics with the array");
        adding::total(&array[window])
// NEXT REGION
    let mut shared = ARRAY.lock().expect("nobody panics with the array");
    *shared = array;
    let pool = Pool::start(Config::new(2))?;
    let sums = pool.map(Sum, windows, 0)?;
    drop(shared);
