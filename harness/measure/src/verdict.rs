//! Verdicts: what an interval or a count says about a band that was declared before measuring.
//!
//! Pure functions; the bands are explained at the top of `claims.toml`. Which interval belongs to which claim is the lessons'
//! business, and whether the record is stale is the summary's.

use record::{Band, Environment, Interval, Verdict};

/// Ratios so near 1 that they show no effect; whoever stated a tenth or more is then contradicted.
const NO_EFFECT: (f64, f64) = (0.95, 1.05);
/// The smallest stated ratio that [`NO_EFFECT`] contradicts. Below 1 its inverse takes its place.
const STATED_EFFECT: f64 = 1.1;

/// Judges a 95 % interval of ratios by `band`. Without an interval: inconclusive.
///
/// A [`Band::SpeedUp`] is judged by [`judge_speed_up`], which knows the cores, and a [`Band::Count`] by [`judge_count`]. An
/// interval cannot tell anything about these two, nor about a behaviour or an absolute time: not testable here.
///
/// ```
/// use record::{Band, Interval, Verdict};
/// let interval = Interval { low: 5.0, mid: 6.0, high: 7.0, n: 10 };
/// assert_eq!(harness::verdict::judge(Some(interval), &Band::Ratio { ratio: 6.58 }), Verdict::Reproduced);
/// assert_eq!(harness::verdict::judge(Some(interval), &Band::AboutAsFast {}), Verdict::Contradicted);
/// ```
pub fn judge(interval: Option<Interval>, band: &Band) -> Verdict {
    let known = interval.filter(|i| i.low <= i.mid && i.mid <= i.high);
    match (band, known) {
        (Band::SpeedUp { .. } | Band::Count {} | Band::Behaviour {} | Band::Absolute {}, _) => Verdict::NotTestableHere,
        (_, None) => Verdict::Inconclusive,
        (Band::Ratio { ratio }, Some(interval)) => by_ratio(interval, *ratio, band),
        (Band::MoreThan { than }, Some(interval)) => by_threshold(interval, *than),
        (Band::AboutAsFast {}, Some(interval)) => by_equality(interval, band),
        (Band::Range { low, high }, Some(interval)) => by_range(interval, *low, *high),
    }
}

/// Judges a count: every trial must have found exactly what is stated. Without a trial: inconclusive.
///
/// ```
/// use record::Verdict;
/// assert_eq!(harness::verdict::judge_count(&[33, 33], 33), Verdict::Reproduced);
/// assert_eq!(harness::verdict::judge_count(&[33, 32], 33), Verdict::Contradicted);
/// ```
pub fn judge_count(found: &[u64], stated: u64) -> Verdict {
    match found {
        [] => Verdict::Inconclusive,
        _ if found.iter().all(|count| *count == stated) => Verdict::Reproduced,
        _ => Verdict::Contradicted,
    }
}

/// Trials that a behaviour has to be seen in, in each of them: the ledger's own word.
pub const BEHAVIOUR_TRIALS: u64 = 100;

/// Judges a behaviour that was seen in `seen` of `trials` trials: in all of them, in none, or in some, if there were enough to tell.
///
/// ```
/// use record::Verdict;
/// assert_eq!(harness::verdict::judge_behaviour(100, 100), Verdict::Reproduced);
/// assert_eq!(harness::verdict::judge_behaviour(199, 200), Verdict::DirectionOnlyWeaker);
/// assert_eq!(harness::verdict::judge_behaviour(0, 100), Verdict::Contradicted);
/// assert_eq!(harness::verdict::judge_behaviour(99, 99), Verdict::Inconclusive);
/// ```
pub fn judge_behaviour(seen: u64, trials: u64) -> Verdict {
    match seen {
        _ if trials < BEHAVIOUR_TRIALS => Verdict::Inconclusive,
        0 => Verdict::Contradicted,
        _ if seen < trials => Verdict::DirectionOnlyWeaker,
        _ => Verdict::Reproduced,
    }
}

/// Judges an interval of speed-ups against the `ratio` that a post states for `stated_cores`, on a machine with
/// `usable_cores` (a quota makes it a fraction; see [`parallel_cores`]). Beside the verdict goes what a reader has to know.
///
/// With as many cores as stated or more, the speed-up is judged as a ratio. With fewer, the stated efficiency per core is
/// asked of the cores there are: 3.9 on four cores is 1.95 on two. Not testable with fewer than two cores, nor where that
/// efficiency leaves no gain to look for, as 2 on eight cores does on two.
///
/// ```
/// use record::{Interval, Verdict};
/// let interval = Interval { low: 1.8, mid: 1.9, high: 2.0, n: 10 };
/// let (verdict, note) = harness::verdict::judge_speed_up(Some(interval), 3.9, 4, 2.0);
/// assert_eq!((verdict, note.as_deref()), (Verdict::Reproduced, Some("scaled to 2 cores")));
/// ```
pub fn judge_speed_up(
    interval: Option<Interval>,
    ratio: f64,
    stated_cores: u32,
    usable_cores: f64,
) -> (Verdict, Option<String>) {
    let stated = f64::from(stated_cores);
    if usable_cores.is_nan() || usable_cores < 2.0 {
        return (Verdict::NotTestableHere, Some(format!("needs two cores, {usable_cores} usable")));
    }
    if usable_cores >= stated {
        return (judge(interval, &Band::Ratio { ratio }), None);
    }
    let scaled = scaled_speed_up(ratio, stated_cores, usable_cores);
    if scaled <= 1.0 {
        let note = format!("a speed-up of {ratio} on {stated_cores} cores leaves none on {usable_cores}");
        return (Verdict::NotTestableHere, Some(note));
    }
    (judge(interval, &Band::Ratio { ratio: scaled }), Some(format!("scaled to {usable_cores} cores")))
}

/// The speed-up that is asked of `usable_cores` where a post states `ratio` for `stated_cores`: its efficiency per core on those there are,
/// and no more than it states.
///
/// ```
/// assert_eq!(harness::verdict::scaled_speed_up(3.9, 4, 2.0), 1.95);
/// assert_eq!(harness::verdict::scaled_speed_up(3.9, 4, 64.0), 3.9);
/// ```
pub fn scaled_speed_up(ratio: f64, stated_cores: u32, usable_cores: f64) -> f64 {
    let stated = f64::from(stated_cores);
    if usable_cores >= stated { ratio } else { ratio / stated * usable_cores }
}

/// How many cores can work for a process at once in `environment`, a quota included: what [`judge_speed_up`] asks for.
///
/// ```
/// let half = record::Environment { usable_cores: 1, quota_cores: Some(0.5), ..Default::default() };
/// assert_eq!(harness::verdict::parallel_cores(&half), 0.5);
/// ```
pub fn parallel_cores(environment: &Environment) -> f64 {
    let cores = f64::from(environment.usable_cores);
    environment.quota_cores.map_or(cores, |quota| quota.min(cores))
}

fn by_ratio(interval: Interval, stated: f64, band: &Band) -> Verdict {
    let Some(limits) = band.limits().filter(|_| stated > 0.0) else { return Verdict::Inconclusive };
    if inside(interval, limits) {
        return Verdict::Reproduced;
    }
    let states_an_effect = stated >= STATED_EFFECT || stated <= 1.0 / STATED_EFFECT;
    if states_an_effect && inside(interval, NO_EFFECT) {
        return Verdict::Contradicted;
    }
    if stated > 1.0 {
        by_growth(interval, limits)
    } else if stated < 1.0 {
        // A time that falls to a third is a speed that grows threefold: one set of rules serves both.
        by_growth(inverse(interval), (1.0 / limits.1, 1.0 / limits.0))
    } else {
        Verdict::Inconclusive
    }
}

/// For an effect that points above 1, once the interval is known to lie neither inside the band nor around 1.
fn by_growth(interval: Interval, (low, high): (f64, f64)) -> Verdict {
    if interval.high < 1.0 {
        return Verdict::Contradicted;
    }
    if interval.low <= 1.0 {
        return Verdict::Inconclusive;
    }
    match (interval.low < low, interval.high > high) {
        _ if interval.mid < low => Verdict::DirectionOnlyWeaker,
        _ if interval.mid > high => Verdict::DirectionOnlyStronger,
        (true, false) => Verdict::DirectionOnlyWeaker,
        (false, true) => Verdict::DirectionOnlyStronger,
        // Too wide to say on which side of the band the truth lies.
        (true, true) | (false, false) => Verdict::Inconclusive,
    }
}

fn by_threshold(interval: Interval, than: f64) -> Verdict {
    if interval.low > than {
        Verdict::Reproduced
    } else if interval.low > 1.0 {
        Verdict::DirectionOnlyWeaker
    } else if interval.high < than.min(1.0) {
        Verdict::Contradicted
    } else {
        Verdict::Inconclusive
    }
}

fn by_equality(interval: Interval, band: &Band) -> Verdict {
    match band.limits() {
        Some(limits) if inside(interval, limits) => Verdict::Reproduced,
        Some(limits) if disjoint(interval, limits) => Verdict::Contradicted,
        _ => Verdict::Inconclusive,
    }
}

fn by_range(interval: Interval, low: f64, high: f64) -> Verdict {
    if inside(interval, (low, high)) {
        return Verdict::Reproduced;
    }
    if !disjoint(interval, (low, high)) {
        return Verdict::Inconclusive;
    }
    let farther_up = interval.low > high;
    if low >= 1.0 {
        outside_range(interval.low > 1.0, interval.high < 1.0, farther_up)
    } else if high <= 1.0 {
        outside_range(interval.high < 1.0, interval.low > 1.0, !farther_up)
    } else {
        // A range around 1 has no direction that the interval could share.
        Verdict::Contradicted
    }
}

fn outside_range(same_side: bool, other_side: bool, stronger: bool) -> Verdict {
    match (same_side, other_side) {
        (true, _) if stronger => Verdict::DirectionOnlyStronger,
        (true, _) => Verdict::DirectionOnlyWeaker,
        (false, true) => Verdict::Contradicted,
        (false, false) => Verdict::Inconclusive,
    }
}

fn inside(interval: Interval, (low, high): (f64, f64)) -> bool {
    low <= interval.low && interval.high <= high
}

fn disjoint(interval: Interval, (low, high): (f64, f64)) -> bool {
    interval.high < low || high < interval.low
}

/// The interval of the inverse ratio: how many times as fast, from how many times the time.
pub fn inverse(interval: Interval) -> Interval {
    Interval { low: 1.0 / interval.high, mid: 1.0 / interval.mid, high: 1.0 / interval.low, n: interval.n }
}

#[cfg(test)]
mod tests;
