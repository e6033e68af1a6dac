//! The workers write into inherited memory: each has pages of its own from then on, and the parent sees nothing of it.
//! expect: answer FAIL number 1 is

/// What crosses to a worker of each part, and what comes back.
type Part = Range<usize>;
type Sums = ();

/// What a forked worker finds in its memory.
static COPY: std::sync::Mutex<Vec<f64>> = std::sync::Mutex::new(Vec::new());
// NEXT REGION
        adding::total(&COPY.lock().expect("nobody panics with it")[part])
// NEXT REGION
        adding::running(&mut COPY.lock().expect("nobody panics with it")[part], before);
// NEXT REGION
    *COPY.lock().expect("nobody panics with it") = array.read(0..array.len(), <[f64]>::to_vec)?;
    let parts: Vec<Part> = ranges.collect();
// NEXT REGION
    pool.map(Running, tasks, 1)?;
    pool.finish(Duration::from_secs(5))?;
    let copy = COPY.lock().expect("nobody panics with it");
    array.write(0..array.len(), |numbers| numbers.copy_from_slice(&copy))?;
