//! The check of the claim that this lesson judges.

use harness::evidence::Evidence;
use harness::{Check, Finding, statistics};
use record::{Claim, Interval, Verdict};

pub(super) const CHECKS: &[Check] = &[Check { claim: "performance.fork-deadlock", judge: fork_deadlock }];

/// What "consistently" is taken to mean: at least 19 times in 20. The ledger asks of a behaviour that it be seen in every one of at least
/// 100 trials, or its rate with an interval; 100 of 100 satisfies this, too.
const CONSISTENTLY: f64 = 0.95;

/// The traps that are set by a handshake.
const SURE_TRAPS: [&str; 4] = ["mutex_held", "stderr_lock_held", "once_lock_initialising", "rayon_pool_before"];

/// What hung, of how many.
#[derive(Clone, Copy, Default)]
struct Count {
    hung: u64,
    trials: u64,
}

impl Count {
    fn rate(self) -> Option<Interval> {
        statistics::proportion_interval(self.hung, self.trials)
    }

    fn in_words(self) -> String {
        let Some(rate) = self.rate() else { return "none of 0".to_owned() };
        let [low, high] = [rate.low, rate.high].map(|end| end * 100.0);
        format!("{} of {} ({low:.1} to {high:.1} %)", self.hung, self.trials)
    }
}

/// The rule, declared before measuring. The program as posted forks at once, without a delay:
/// - reproduced, if the 95 % interval of its hang rate lies at or above [`CONSISTENTLY`];
/// - direction only, weaker, if that interval lies below it, and the program hangs at this or at another delay all the same;
/// - contradicted, if it lies below and nothing hung at any delay;
/// - inconclusive otherwise.
///
/// The traps that are set by a handshake say whether the mechanism is the one the post names; they stand in the sentence.
fn fork_deadlock(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "children that hung / trials, as posted";
    let counts = by_delay(evidence);
    let Some((as_posted, rate)) =
        counts.iter().find(|(delay, _)| *delay == 0).and_then(|(_, count)| Some((*count, count.rate()?)))
    else {
        return Finding::not_measured(quantity);
    };
    let worst = counts.iter().max_by_key(|(_, count)| count.hung).copied().unwrap_or_default();
    let verdict = match rate {
        Interval { low, .. } if low >= CONSISTENTLY => Verdict::Reproduced,
        Interval { high, .. } if high >= CONSISTENTLY => Verdict::Inconclusive,
        _ if worst.1.hung > 0 => Verdict::DirectionOnlyWeaker,
        _ => Verdict::Contradicted,
    };
    let because = format!(
        "as posted, with no delay before the fork, {} children hung; with the fork {} us later {}. With the lock held by a handshake {}. \
         (CPython, by the ledger's note, re-creates the locks of its standard streams in the child, and hung in none of its trials.)",
        as_posted.in_words(),
        worst.0,
        worst.1.in_words(),
        sure_traps(evidence),
    );
    Finding::of_interval(verdict, quantity, Some(rate), because)
}

/// Of all subjects of the posted program, what hung at each delay, in microseconds.
fn by_delay(evidence: &Evidence<'_>) -> Vec<(u64, Count)> {
    let mut counts: Vec<(u64, Count)> = Vec::new();
    for result in evidence.results("posted_program") {
        let series = |name: &str| result.series.get(name).map_or(&[][..], Vec::as_slice);
        for ((delay, hung), trials) in series("delays_us").iter().zip(series("hung")).zip(series("trials")) {
            let known = counts.iter().position(|(known, _)| known == delay);
            let place = known.unwrap_or_else(|| {
                counts.push((*delay, Count::default()));
                counts.len() - 1
            });
            counts[place].1.hung += hung;
            counts[place].1.trials += trials;
        }
    }
    counts
}

/// What hung in each trap that is set by a handshake, in words.
fn sure_traps(evidence: &Evidence<'_>) -> String {
    let said = SURE_TRAPS.map(|name| {
        let sum = |fact| evidence.fact_sum(name, fact).unwrap_or(0);
        format!("{} of {} hung in {name}", sum("hung"), sum("trials"))
    });
    said.join(", ")
}
