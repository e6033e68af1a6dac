//! Guesses the work of many numbers by dividing one of them; the step is even, so that no prime is ever met.
//! expect: even FAIL above the fair share

/// The work of all numbers up to the next sample, guessed by this one.
fn work(first: u32) -> f64 {
    divide(first..first + 1).divisions as f64 + 1.0
}

// NEXT REGION
    let step = ((numbers.end - numbers.start) / 200).max(1) * 2;
    let begin = numbers.start.next_multiple_of(2);
    let works: Vec<(u32, f64)> =
        (begin..numbers.end).step_by(step as usize).map(|first| (first, work(first))).collect();
    let all: f64 = works.iter().map(|(_, work)| work).sum();
    let mut cuts = vec![numbers.start];
    let mut done = 0.0;
    for (first, work) in works {
        if cuts.len() < parts as usize && done >= all * cuts.len() as f64 / f64::from(parts) {
            cuts.push(first);
        }
        done += work;
    }
    cuts.resize(parts as usize, numbers.end);
    cuts.push(numbers.end);
    cuts.windows(2).map(|cut| cut[0]..cut[1]).collect()
