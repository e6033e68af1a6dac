//! Looks for each cut by halving, and goes round for ever when two numbers are left.
//! expect: answer TIMEOUT not done after

/// About what all numbers below this one take.
fn work_below(number: u32) -> f64 {
    let number = f64::from(number.max(2));
    number * number.sqrt() / number.ln()
}

// NEXT REGION
    let (least, most) = (work_below(numbers.start), work_below(numbers.end));
    let cut = |part: u32| {
        let due = least + (most - least) * f64::from(part) / f64::from(parts);
        let (mut low, mut high) = (numbers.start, numbers.end);
        while low < high {
            let middle = low + (high - low) / 2;
            if work_below(middle) < due { low = middle } else { high = middle }
        }
        low
    };
    (0..parts).map(|part| cut(part)..cut(part + 1)).collect()
