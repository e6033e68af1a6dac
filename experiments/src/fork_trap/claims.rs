//! The check of the claim that this lesson judges.

use harness::evidence::Evidence;
use harness::outcome::NO_ROOM;
use harness::{Check, Finding, statistics};
use record::{Claim, Interval, Verdict};

pub(super) const CHECKS: &[Check] = &[Check { claim: "performance.fork-deadlock", judge: fork_deadlock }];

/// What "consistently" is taken to mean: at least 19 times in 20. The ledger asks of a behaviour that it be seen in every one of at least
/// 100 trials, or its rate with an interval; 100 of 100 satisfies this, too.
const CONSISTENTLY: f64 = 0.95;

/// A later fork speaks for the claim if it surely hangs more often than not. There are several delays, and the most favourable of them would
/// nearly always show a hang or two.
const MOSTLY: f64 = 0.5;

/// The program as posted forks at once.
const AS_POSTED_US: u64 = 0;

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

    fn plus(self, other: Self) -> Self {
        Self { hung: self.hung + other.hung, trials: self.trials + other.trials }
    }

    fn in_words(self) -> String {
        let Some(rate) = self.rate() else { return "none of 0".to_owned() };
        let [low, high] = [rate.low, rate.high].map(|end| end * 100.0);
        format!("{} of {} ({low:.1} to {high:.1} %)", self.hung, self.trials)
    }
}

/// By [`judged`]; where the parameters left the hang no room, that nothing hung contradicts nothing. The traps that are set by a handshake
/// say whether the mechanism is the one the post names; they stand in the sentence.
fn fork_deadlock(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "children that hung / trials, as posted";
    let counts = by_delay(evidence);
    let (Some(as_posted), Some((verdict, rate))) = (at(&counts, AS_POSTED_US), judged(&counts)) else {
        return Finding::not_measured(quantity);
    };
    let no_room = evidence.reports("posted_program").find_map(|result| result.notes.get(NO_ROOM));
    let (verdict, why) = match (verdict, no_room) {
        (Verdict::Contradicted, Some(why)) => (Verdict::NotTestableHere, format!("; {why}")),
        (Verdict::Inconclusive, _) if rate.high >= CONSISTENTLY => (verdict, "; 19 in 20 is not excluded".to_owned()),
        (Verdict::Inconclusive, _) => (verdict, "; no later fork surely hangs more often than not".to_owned()),
        _ => (verdict, String::new()),
    };
    let because = format!(
        "as posted, with no delay before the fork, {} children hung{}{why}. With the lock held by a handshake {}. (CPython, by the ledger's \
         note, re-creates the locks of its standard streams in the child, and hung in none of its trials.)",
        as_posted.in_words(),
        later(&counts),
        sure_traps(evidence),
    );
    Finding::of_share(verdict, quantity, Some(rate), because)
}

/// The rule, declared before measuring, over what hung at each delay in microseconds. Beside the verdict goes the 95 % interval of the hang
/// rate of the program as posted, without a delay. It is
/// - reproduced, if that interval lies at or above [`CONSISTENTLY`];
/// - inconclusive, if it reaches there;
/// - direction only, weaker, if it lies below, and the program hung at least once as posted, or the whole interval of a later fork lies above
///   [`MOSTLY`];
/// - contradicted, if it lies below, and nothing hung at any delay;
/// - inconclusive otherwise.
fn judged(counts: &[(u64, Count)]) -> Option<(Verdict, Interval)> {
    let as_posted = at(counts, AS_POSTED_US)?;
    let rate = as_posted.rate()?;
    let mostly = counts
        .iter()
        .filter(|(delay, _)| *delay != AS_POSTED_US)
        .filter_map(|(_, count)| count.rate())
        .any(|later| later.low > MOSTLY);
    let verdict = match rate {
        Interval { low, .. } if low >= CONSISTENTLY => Verdict::Reproduced,
        Interval { high, .. } if high >= CONSISTENTLY => Verdict::Inconclusive,
        _ if as_posted.hung > 0 || mostly => Verdict::DirectionOnlyWeaker,
        _ if counts.iter().all(|(_, count)| count.hung == 0) => Verdict::Contradicted,
        _ => Verdict::Inconclusive,
    };
    Some((verdict, rate))
}

/// What hung with this delay.
fn at(counts: &[(u64, Count)], delay_us: u64) -> Option<Count> {
    counts.iter().find(|(delay, _)| *delay == delay_us).map(|(_, count)| *count)
}

/// What hung with a later fork, in words: at the delay at which most did, of equals the shortest. No words if that is the program as posted.
fn later(counts: &[(u64, Count)]) -> String {
    let all = counts.iter().fold(Count::default(), |all, (_, count)| all.plus(*count));
    match counts.iter().rev().max_by_key(|(_, count)| count.hung) {
        Some(_) if all.hung == 0 && counts.len() > 1 => format!("; at all delays together {}", all.in_words()),
        Some((delay, count)) if *delay != AS_POSTED_US => {
            format!("; with the fork {delay} us later {}", count.in_words())
        }
        _ => String::new(),
    }
}

/// Of all subjects of the posted program that answered, what hung at each delay, in microseconds. One in which nothing hung counts, too: the
/// rate would not be true without it.
fn by_delay(evidence: &Evidence<'_>) -> Vec<(u64, Count)> {
    let mut counts: Vec<(u64, Count)> = Vec::new();
    for result in evidence.reports("posted_program") {
        let series = |name: &str| result.series.get(name).map_or(&[][..], Vec::as_slice);
        for ((delay, hung), trials) in series("delays_us").iter().zip(series("hung")).zip(series("trials")) {
            let known = counts.iter().position(|(known, _)| known == delay);
            let place = known.unwrap_or_else(|| {
                counts.push((*delay, Count::default()));
                counts.len() - 1
            });
            counts[place].1 = counts[place].1.plus(Count { hung: *hung, trials: *trials });
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Delays in microseconds, each with what hung in 1,200 trials.
    fn counts(hung: &[(u64, u64)]) -> Vec<(u64, Count)> {
        hung.iter().map(|(delay, hung)| (*delay, Count { hung: *hung, trials: 1_200 })).collect()
    }

    #[track_caller]
    fn check(hung: &[(u64, u64)], expected: Verdict) {
        let found = judged(&counts(hung)).map(|(verdict, _)| verdict);
        assert_eq!(found, Some(expected), "{hung:?}");
    }

    #[test]
    fn consistently_is_19_in_20_as_posted() {
        check(&[(0, 1_200), (2_000, 0)], Verdict::Reproduced);
        check(&[(0, 1_180), (2_000, 0)], Verdict::Reproduced);
        check(&[(0, 1_140), (2_000, 1_200)], Verdict::Inconclusive);
    }

    #[test]
    fn a_hang_as_posted_shows_the_direction() {
        check(&[(0, 1), (2_000, 0)], Verdict::DirectionOnlyWeaker);
        check(&[(0, 1_080)], Verdict::DirectionOnlyWeaker);
    }

    #[test]
    fn a_later_fork_shows_it_only_if_it_surely_hangs_more_often_than_not() {
        check(&[(0, 0), (50, 0), (2_000, 700)], Verdict::DirectionOnlyWeaker);
        check(&[(0, 0), (50, 0), (2_000, 610)], Verdict::Inconclusive);
        check(&[(0, 0), (50, 1), (2_000, 0)], Verdict::Inconclusive);
    }

    #[test]
    fn nothing_that_hung_at_any_delay_contradicts() {
        check(&[(0, 0), (50, 0), (2_000, 0)], Verdict::Contradicted);
        check(&[(0, 0)], Verdict::Contradicted);
    }

    #[test]
    fn without_a_trial_as_posted_there_is_no_verdict() {
        assert_eq!(judged(&[]), None);
        assert_eq!(judged(&counts(&[(50, 1_200)])), None);
        assert_eq!(judged(&[(0, Count::default()), (50, Count { hung: 1, trials: 1 })]), None);
    }

    #[test]
    fn the_sentence_has_the_later_fork_at_which_most_hung() {
        assert_eq!(
            later(&counts(&[(0, 5), (50, 700), (100, 700)])),
            "; with the fork 50 us later 700 of 1200 (55.5 to 61.1 %)"
        );
        assert_eq!(later(&counts(&[(0, 5), (50, 5)])), "");
        assert_eq!(later(&counts(&[(0, 0), (50, 0)])), "; at all delays together 0 of 2400 (0.0 to 0.2 %)");
        assert_eq!(later(&counts(&[(0, 0)])), "");
    }
}
