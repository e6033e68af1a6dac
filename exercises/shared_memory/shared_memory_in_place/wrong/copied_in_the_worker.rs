//! Nothing crosses, but the worker copies a part out, and its sums in again.
//! expect: in_place PARTIAL numbers added in a copy

// SOLUTION
// NEXT REGION
// SOLUTION
// NEXT REGION
        let mut sums = array().read(part.clone(), <[f64]>::to_vec).expect("nobody writes meanwhile");
        adding::running(&mut sums, before);
        array().write(part, |numbers| numbers.copy_from_slice(&sums)).expect("nobody else has this part");
// NEXT REGION
// SOLUTION
// NEXT REGION
// SOLUTION
