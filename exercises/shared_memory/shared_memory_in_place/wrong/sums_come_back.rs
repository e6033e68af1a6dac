//! Ranges cross, but the sums come back and are written by the parent.
//! expect: bytes FAIL bytes pickled in both directions

/// What crosses to a worker of each part, and what comes back.
type Part = Range<usize>;
type Sums = multiprocess::Numbers;
// NEXT REGION
// SOLUTION
// NEXT REGION
        let mut sums = array().read(part, <[f64]>::to_vec).expect("nobody writes meanwhile");
        adding::running(&mut sums, before);
        sums.into()
// NEXT REGION
    let parts: Vec<Part> = ranges.clone().collect();
// NEXT REGION
// SKELETON
