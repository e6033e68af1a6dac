//! Divides everything to know where to cut, which is all of the work before the work begins.
//! expect: planning FAIL divisions to find the cuts

fn work(number: u32) -> f64 {
    divide(number..number + 1).divisions as f64
}

// NEXT REGION
    let works: Vec<f64> = numbers.clone().map(work).collect();
    let all: f64 = works.iter().sum();
    let (mut done, mut next) = (0.0, numbers.start);
    let cut = |part: u32| {
        let begin = next;
        while next < numbers.end && (done < all * f64::from(part) / f64::from(parts) || part == parts) {
            done += works[(next - numbers.start) as usize];
            next += 1;
        }
        begin..next
    };
    (1..=parts).map(cut).collect()
