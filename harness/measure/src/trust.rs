//! How often the harness is right where the truth is known: the hits and misses of its intervals over every recorded run.
//!
//! Pure, like verdicts: the runs come in as they were recorded. The truth comes from the definition of the instrument, never from what was
//! measured.

use record::{Interval, KnownRatio, Run, Tried};
use statrs::distribution::{Binomial, DiscreteCDF};

use crate::instruments::calibration::{KNOWN_TENTHS, STEM, true_ratio};
use crate::statistics::mean_interval;
use crate::summary::block_ratios;

/// How often an interval may miss, as it says itself.
const MISSES_EXPECTED: f64 = 0.05;
/// Rarer than this by chance is a surprise.
const SURPRISE: f64 = 0.05;
/// The blocks of an ordinary run, and of each part of a long one.
const ORDINARY_BLOCKS: usize = 10;

/// What `runs` made of each ratio that is known beforehand, the oldest run first. A run that has not measured it, or has fewer than two whole
/// blocks of it, is left out; one that was interrupted counts as far as it went.
///
/// ```
/// let known = harness::trust::known_ratios(&[]);
/// assert_eq!(known.iter().map(|ratio| ratio.truth).collect::<Vec<_>>(), [1.0, 1.1, 1.5]);
/// assert!(known.iter().all(|ratio| ratio.runs.is_empty()));
/// ```
pub fn known_ratios<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Vec<KnownRatio> {
    let mut runs: Vec<&Run> = runs.into_iter().collect();
    runs.sort_by_key(|run| (&run.header.started, &run.header.id));
    // A copy of a run, in another folder, is that run.
    runs.dedup_by_key(|run| (&run.header.started, &run.header.id));
    let known = KNOWN_TENTHS.iter().filter_map(|(variant, _)| Some((*variant, true_ratio(variant)?)));
    let ratio = |(variant, truth): (&str, f64)| KnownRatio {
        variant: variant.to_owned(),
        truth,
        runs: runs.iter().filter_map(|run| tried(run, variant, truth)).collect(),
    };
    known.map(ratio).collect()
}

fn tried(run: &Run, variant: &str, truth: f64) -> Option<Tried> {
    let ratios = block_ratios(run, STEM, variant);
    let interval = mean_interval(&ratios)?;
    let parts = ratios.chunks_exact(ORDINARY_BLOCKS);
    let tens: Vec<Interval> = parts.filter_map(mean_interval).collect();
    Some(Tried {
        run: run.header.id.clone(),
        interval,
        hit: interval.holds(truth),
        // One part alone is the run again, or most of it.
        tens: if tens.len() >= 2 { tens } else { Vec::new() },
    })
}

/// How many intervals missed, and whether that is more than chance explains.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reckoning {
    /// How many intervals did not hold the truth.
    pub misses: u64,
    /// Of how many.
    pub tries: u64,
    /// How often as many or more would miss if each did in 1 case of 20, independently: the upper tail of the binomial distribution. The
    /// intervals of one run share its machine and its hour, so that a bad hour can cost more than one of them.
    pub p: f64,
}

impl Reckoning {
    /// Of `hits` in `tries`; more hits than tries count as all of them.
    ///
    /// ```
    /// use harness::trust::Reckoning;
    /// // Two of two missed: a twentieth of a twentieth.
    /// let reckoning = Reckoning::of(0, 2);
    /// assert!((reckoning.p - 0.0025).abs() < 1e-12 && reckoning.is_surprising());
    /// assert!(!Reckoning::of(19, 20).is_surprising());
    /// ```
    pub fn of(hits: usize, tries: usize) -> Self {
        let (misses, tries) = (tries.saturating_sub(hits) as u64, tries as u64);
        let more_than =
            |misses: u64| Binomial::new(MISSES_EXPECTED, tries).map_or(1.0, |misses_of| misses_of.sf(misses));
        Self { misses, tries, p: misses.checked_sub(1).map_or(1.0, more_than) }
    }

    /// Whether so many misses are rarer than 1 in 20 by chance: then the intervals are narrower than they ought to be.
    pub fn is_surprising(&self) -> bool {
        self.p < SURPRISE
    }
}

/// Every interval of `known` together, those of whole runs.
pub fn reckoning(known: &[KnownRatio]) -> Reckoning {
    let tries = known.iter().map(|ratio| ratio.runs.len()).sum();
    Reckoning::of(known.iter().map(KnownRatio::hits).sum(), tries)
}

/// The intervals of ten blocks each in long runs, all together.
pub fn reckoning_of_tens(known: &[KnownRatio]) -> Reckoning {
    let tens = known.iter().map(KnownRatio::hits_of_tens);
    let (hits, tries) = tens.fold((0, 0), |sum, tens| (sum.0 + tens.0, sum.1 + tens.1));
    Reckoning::of(hits, tries)
}

/// The record of hits and misses in words, one line each; a single one if nothing was tried yet.
///
/// ```
/// assert_eq!(harness::trust::in_words(&[]), ["none of the runs that were read has measured a ratio that is known beforehand"]);
/// ```
pub fn in_words(known: &[KnownRatio]) -> Vec<String> {
    let whole = reckoning(known);
    if whole.tries == 0 {
        return vec!["none of the runs that were read has measured a ratio that is known beforehand".to_owned()];
    }
    let mut lines = told(known, "intervals hold the truth", whole, |ratio| (ratio.hits(), ratio.runs.len()));
    let tens = reckoning_of_tens(known);
    if tens.tries > 0 {
        lines.push("the long runs again, ten blocks at a time:".to_owned());
        lines.extend(told(known, "intervals hold the truth", tens, KnownRatio::hits_of_tens));
    }
    lines
}

/// One line of counts and one of what they come to.
fn told(
    known: &[KnownRatio],
    what: &str,
    reckoning: Reckoning,
    count: impl Fn(&KnownRatio) -> (usize, usize),
) -> Vec<String> {
    let tried = known.iter().map(|ratio| (ratio, count(ratio))).filter(|(_, (_, tries))| *tries > 0);
    let counts = tried.enumerate().map(|(place, (ratio, (hits, tries)))| {
        let name = if ratio.truth == 1.0 { "A/A 1.00".to_owned() } else { format!("{:.2}", ratio.truth) };
        let what = if place == 0 { format!(" {what}") } else { String::new() };
        format!("{name}: {hits} of {tries}{what}")
    });
    let counts = counts.collect::<Vec<_>>().join("; ");
    let Reckoning { misses, tries, p } = reckoning;
    let expected = tries as f64 * MISSES_EXPECTED;
    let percent = p * 100.0;
    let verdict = if reckoning.is_surprising() {
        "a surprise: these intervals are narrower than they ought to be"
    } else {
        "no surprise"
    };
    vec![
        counts,
        format!(
            "{misses} of {tries} miss, {expected:.1} expected at 95 %: {verdict} (by chance as many or more in {percent:.1} % of cases)"
        ),
    ]
}

#[cfg(test)]
mod tests;
