//! Games the count: the parts are even because the numbers that take the most divisions are in none of them.
//! expect: answer FAIL the last one ends


// NEXT REGION
    let length = (numbers.end - numbers.start) / 20;
    let cut = |part: u32| numbers.start + length * part / parts;
    (0..parts).map(|part| cut(part)..cut(part + 1)).collect()
