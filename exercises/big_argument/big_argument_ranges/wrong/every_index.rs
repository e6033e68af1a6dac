//! Sends the place of every number instead of the number: as many items cross as before.
//! expect: bytes FAIL bytes pickled

/// What crosses for each window: where each of its numbers lies.
type Window = Vec<usize>;

/// What a forked worker finds in its memory.
static ARRAY: OnceLock<Vec<f64>> = OnceLock::new();
// NEXT REGION
        let array = ARRAY.get().expect("the array is there before the workers are");
        let numbers: Vec<f64> = window.into_iter().map(|place| array[place]).collect();
        adding::total(&numbers)
// NEXT REGION
    ARRAY.set(array).expect("one array for each run of the program");
    let pool = Pool::start(Config::new(2))?;
    let windows = windows.into_iter().map(Iterator::collect).collect();
    let sums = pool.map(Sum, windows, 0)?;
