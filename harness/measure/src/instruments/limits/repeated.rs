//! Repeats what is measured until it can be timed: what warms up and finds out how often is outside the timed part.

use std::time::{Duration, Instant};

use record::Params;

use super::unmeasured::Unmeasured;
use crate::outcome::{Measured, Outcome};

/// However short one iteration is.
const AT_MOST: u64 = 1 << 30;

/// Times `work`, which does so many iterations and checks them: as many as last as long as the parameters ask for, and `at_least` so many.
pub(super) fn repeated(
    params: &Params,
    at_least: u64,
    mut work: impl FnMut(u64) -> Result<(), Unmeasured>,
) -> Result<Outcome, Unmeasured> {
    let aim = Duration::from_millis(params["milliseconds"]);
    let iterations = enough(aim, |iterations| {
        let begin = Instant::now();
        work(iterations)?;
        Ok(begin.elapsed())
    })?;
    let iterations = iterations.max(at_least);
    let measured = Measured::take(|| work(iterations).map(|()| ((), Vec::new())))?;
    // Had anything been wrong, we would not be here.
    Ok(measured.answer(|()| "0".to_owned()).iterations(iterations))
}

/// How many iterations last as long as `aim`, found out by trying with more and more; the trials last a quarter as long, or one iteration.
fn enough(aim: Duration, mut timed: impl FnMut(u64) -> Result<Duration, Unmeasured>) -> Result<u64, Unmeasured> {
    let mut tried = 1;
    loop {
        let took = timed(tried)?;
        if took * 8 >= aim || tried >= AT_MOST {
            let times = aim.as_secs_f64() / took.as_secs_f64().max(1e-9);
            return Ok(((tried as f64 * times) as u64).clamp(1, AT_MOST));
        }
        tried *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is chosen for an aim of 10 ms if an iteration takes so long, and the trials it took.
    fn chosen(each: Duration) -> (u64, Vec<u64>) {
        let mut trials = Vec::new();
        let chosen = enough(Duration::from_millis(10), |iterations| {
            trials.push(iterations);
            Ok(each * u32::try_from(iterations).unwrap())
        });
        (chosen.unwrap(), trials)
    }

    #[test]
    fn what_is_short_is_repeated_and_what_is_long_is_done_once() {
        assert_eq!(chosen(Duration::from_micros(200)), (50, vec![1, 2, 4, 8]));
        assert_eq!(chosen(Duration::from_millis(5)), (2, vec![1]));
        assert_eq!(chosen(Duration::from_secs(1)), (1, vec![1]));
    }

    #[test]
    fn what_takes_no_time_at_all_comes_to_an_end() {
        assert_eq!(chosen(Duration::ZERO).0, AT_MOST);
    }

    #[test]
    fn a_fault_is_handed_on() {
        assert!(enough(Duration::from_millis(1), |_| Err(Unmeasured::wrong("no"))).is_err());
    }
}
