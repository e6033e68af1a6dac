//! How long a lesson is measured: until its intervals are as narrow as the bands of its claims need, or the time is up.
//!
//! The width that a band needs was declared with the band and does not depend on where the interval lies, so nobody stops because the
//! answer pleases. What adding blocks until then costs in coverage is simulated, and stands in the chapter on the method.

use std::time::Duration;

use record::{Ledger, Run, Verdict};

use super::Planned;
use crate::evidence::Evidence;
use crate::precision::{band_on, needed_width};
use crate::statistics::relative_width;
use crate::summary::summarise;
use crate::verdict::parallel_cores;

/// More blocks than this are not spent on one variant.
const BLOCKS_AT_MOST: usize = 100;

/// Fewer blocks than this are not added to.
const BLOCKS_AT_LEAST: usize = 10;

/// A claim whose interval is still wider than its band needs.
#[derive(Debug)]
pub(super) struct Wanting {
    pub(super) claim: String,
    width: f64,
    needed: f64,
}

impl std::fmt::Display for Wanting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Half of the relative width, as people say it: plus or minus so many percent.
        let percent = |width: f64| 100.0 * (width / 2.0).exp_m1();
        let (width, needed) = (percent(self.width), percent(self.needed));
        write!(f, "{}: known to ±{width:.1} %, and its band asks for ±{needed:.1} %", self.claim)
    }
}

/// The claims of the lesson that want more blocks, by what was recorded so far.
pub(super) fn wanting(planned: &Planned<'_>, ledger: &Ledger, run: &Run) -> Vec<Wanting> {
    let lesson = planned.lesson;
    let Some(summary) = summarise(run, &lesson.info(), false, lesson.fingerprint) else { return Vec::new() };
    let judgements = lesson.judge(ledger, &Evidence { summary: &summary, run });
    let cores = parallel_cores(&run.header.environment);
    let wants = |judgement: &record::Judgement| {
        let needed = needed_width(&band_on(&ledger.claim(&judgement.claim)?.band, cores)?)?;
        let interval = judgement.interval.filter(|_| judgement.verdict != Verdict::NotTestableHere)?;
        let width = relative_width(&interval);
        (width > needed).then(|| Wanting { claim: judgement.claim.clone(), width, needed })
    };
    judgements.iter().filter_map(wants).collect()
}

/// How many blocks to go on to from `blocks`, which took `taken`, with `left` of the time; none if there is no time for another two.
///
/// The width of an interval falls with the root of the number of blocks. At most half as many again are added before the next look.
pub(super) fn next(blocks: usize, wanting: &[Wanting], taken: Duration, left: Duration) -> Option<usize> {
    // Stopping by width is honest from ten blocks on; whoever asked for fewer gets those.
    if blocks < BLOCKS_AT_LEAST {
        return None;
    }
    let widest = wanting.iter().map(|claim| claim.width / claim.needed).fold(1.0, f64::max);
    let asked = (blocks as f64 * widest * widest).ceil().min(BLOCKS_AT_MOST as f64) as usize;
    let affordable = (left.as_secs_f64() / (taken.as_secs_f64() / blocks as f64)) as usize;
    let next = asked.clamp(blocks + 2, blocks + (blocks / 2).max(2)).min(BLOCKS_AT_MOST).min(blocks + affordable);
    (next >= blocks + 2 && !wanting.is_empty()).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn claim(width: f64) -> Vec<Wanting> {
        vec![Wanting { claim: "a.claim".to_owned(), width, needed: 0.1 }]
    }

    #[test]
    fn a_claim_that_is_narrow_enough_asks_for_nothing() {
        assert_eq!(next(10, &[], SECOND, 100 * SECOND), None);
    }

    #[test]
    fn four_times_the_blocks_for_half_the_width_and_half_as_many_again_at_a_time() {
        // 10 x 1.1^2 = 12.1.
        assert_eq!(next(10, &claim(0.11), SECOND, 100 * SECOND), Some(13));
        assert_eq!(next(10, &claim(0.2), SECOND, 100 * SECOND), Some(15));
        assert_eq!(next(10, &claim(f64::INFINITY), SECOND, 100 * SECOND), Some(15));
        assert_eq!(next(90, &claim(1.0), SECOND, 100 * SECOND), Some(100));
        assert_eq!(next(100, &claim(1.0), SECOND, 100 * SECOND), None);
    }

    #[test]
    fn the_time_that_is_left_is_the_end_of_it() {
        // Ten blocks took ten seconds: four more for four.
        assert_eq!(next(10, &claim(0.2), 10 * SECOND, 4 * SECOND), Some(14));
        assert_eq!(next(10, &claim(0.2), 10 * SECOND, SECOND), None);
        assert_eq!(next(10, &claim(0.2), 10 * SECOND, Duration::ZERO), None);
    }

    #[test]
    fn what_is_wanting_is_said_in_percent() {
        assert_eq!(claim(0.2)[0].to_string(), "a.claim: known to ±10.5 %, and its band asks for ±5.1 %");
    }
}
