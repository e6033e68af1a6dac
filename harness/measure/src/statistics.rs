//! Intervals from samples: pure arithmetic, no clock and no file.
//!
//! The unit of replication is the fresh process, and the block of four of them gives one ratio. Values enter here as they were
//! measured, and averages are taken on logarithms: a ratio and its inverse then tell the same story.

mod drift;
mod outliers;

use record::{Arm, Interval};
use statrs::distribution::{ContinuousCDF, StudentsT};

pub use drift::{drift, later_by_earlier};
pub use outliers::outliers;

/// What every interval here is meant to cover of the truth.
const CONFIDENCE: f64 = 0.95;

/// The ratio of variant to baseline in one block: `sqrt(B1 B2 / (A1 A2))`, from elapsed times in any one unit.
///
/// With the order A B B A or B A A B, a machine that slows down steadily during the block cancels out. A block that does not
/// hold two subjects of each arm has no ratio: the result is NaN.
///
/// ```
/// use record::Arm::{A, B};
/// let ratio = harness::statistics::block_ratio(&[(A, 10.0), (B, 40.0), (B, 90.0), (A, 10.0)]);
/// assert_eq!(ratio, 6.0);
/// ```
pub fn block_ratio(arms: &[(Arm, f64); 4]) -> f64 {
    let product = |wanted: Arm| arms.iter().filter(|(arm, _)| *arm == wanted).map(|(_, time)| time).product::<f64>();
    let balanced = arms.iter().filter(|(arm, _)| *arm == Arm::A).count() == 2;
    if balanced { (product(Arm::B) / product(Arm::A)).sqrt() } else { f64::NAN }
}

/// The geometric mean of the times of one arm of a block; NaN if it has none.
///
/// ```
/// use record::Arm::{A, B};
/// assert_eq!(harness::statistics::arm_mean(&[(A, 4.0), (B, 1.0), (B, 1.0), (A, 9.0)], A), 6.0);
/// ```
pub fn arm_mean(times: &[(Arm, f64)], wanted: Arm) -> f64 {
    let own: Vec<f64> = times.iter().filter(|(arm, _)| *arm == wanted).map(|(_, time)| *time).collect();
    own.iter().product::<f64>().powf(1.0 / own.len() as f64)
}

/// The geometric mean with its 95 % Student-t interval on the logarithms.
///
/// None for fewer than two values, for a value that is not finite and above 0, and for values so far apart that the interval
/// leaves the range of numbers.
///
/// ```
/// let interval = harness::statistics::mean_interval(&[2.0, 8.0]).unwrap();
/// assert!((interval.mid - 4.0).abs() < 1e-12 && interval.low < 2.0 && interval.high > 8.0);
/// assert!(harness::statistics::mean_interval(&[2.0]).is_none());
/// ```
pub fn mean_interval(values: &[f64]) -> Option<Interval> {
    let logs = Logs::of(values)?;
    around(logs.mean, logs.variance_of_mean.sqrt(), logs.n as f64 - 1.0, logs.n)
}

/// The ratio of the geometric means of two independent sets (say, the block ratios of two variants), with its 95 % interval
/// by Welch's t on the logarithms. The sets may differ in size and in spread.
///
/// Sets that share subjects are not independent, and this interval is then not theirs. None as in [`mean_interval`], for
/// either set. The interval's `n` counts the values of both sets.
///
/// ```
/// let interval = harness::statistics::ratio_interval(&[6.0, 6.3], &[2.0, 2.1]).unwrap();
/// assert!((interval.mid - 3.0).abs() < 1e-12);
/// ```
pub fn ratio_interval(numerator: &[f64], denominator: &[f64]) -> Option<Interval> {
    let (above, below) = (Logs::of(numerator)?, Logs::of(denominator)?);
    let variance = above.variance_of_mean + below.variance_of_mean;
    let share = |logs: &Logs| logs.variance_of_mean.powi(2) / (logs.n as f64 - 1.0);
    // Without any spread the degrees of freedom are 0/0; the interval is a point whatever they are.
    let freedom = if variance > 0.0 { variance.powi(2) / (share(&above) + share(&below)) } else { 1.0 };
    around(above.mean - below.mean, variance.sqrt(), freedom, above.n + below.n)
}

/// The median with its interval by ranks, which assumes nothing about how the values are distributed.
///
/// The ranks are the narrowest symmetric pair that covers the median with a probability of at least 95 %. Fewer than six
/// values have no such pair: None. None also for a value that is not finite.
///
/// ```
/// let interval = harness::statistics::median_interval(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
/// assert_eq!((interval.low, interval.mid, interval.high), (1.0, 3.5, 6.0));
/// ```
pub fn median_interval(values: &[f64]) -> Option<Interval> {
    let n = values.len();
    let rank = lower_rank(n)?;
    if !values.iter().all(|value| value.is_finite()) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mid = f64::midpoint(sorted[(n - 1) / 2], sorted[n / 2]);
    Some(Interval { low: sorted[rank - 1], mid, high: sorted[n - rank], n })
}

/// How wide an interval of ratios is: the logarithm of its upper by its lower end. Near 0 that is the width in parts of the estimate; and the
/// inverse ratio is as wide. Infinite for an interval that reaches 0, which nothing is narrow enough for.
///
/// ```
/// use harness::statistics::relative_width;
/// let interval = record::Interval { low: 0.95, mid: 1.0, high: 1.05, n: 10 };
/// assert!((relative_width(&interval) - 0.1).abs() < 1e-3);
/// ```
pub fn relative_width(interval: &Interval) -> f64 {
    if interval.low > 0.0 { (interval.high / interval.low).ln() } else { f64::INFINITY }
}

/// The geometric standard deviation: the factor by which values typically differ from their geometric mean, 1.03 for 3 %. For display; it
/// says nothing about how well the mean is known. For small spreads it is 1 plus the coefficient of variation (Kirkwood 1979, "Geometric
/// means and measures of dispersion", Biometrics 35).
///
/// None as in [`mean_interval`].
///
/// ```
/// // Logarithms one above and one below their mean: variance (1 + 1) / (2 - 1).
/// let spread = harness::statistics::spread(&[1.0, 2.0_f64.exp()]).unwrap();
/// assert!((spread - 2.0_f64.sqrt().exp()).abs() < 1e-12);
/// ```
pub fn spread(values: &[f64]) -> Option<f64> {
    let logs = Logs::of(values)?;
    let spread = (logs.variance_of_mean * logs.n as f64).sqrt().exp();
    spread.is_finite().then_some(spread)
}

/// How often something happened, as a proportion with its 95 % interval: [`Interval::of_proportion`], which figures use too.
///
/// Trials of one subject share whatever was going on while it ran; where that matters the interval is a little too narrow.
///
/// ```
/// let interval = harness::statistics::proportion_interval(95, 100).unwrap();
/// assert!(interval.low > 0.88 && interval.mid == 0.95 && interval.high < 0.98);
/// ```
pub fn proportion_interval(successes: u64, trials: u64) -> Option<Interval> {
    Interval::of_proportion(successes, trials)
}

/// The largest rank `k`, from 1, such that the values of rank `k` and `n + 1 - k` enclose the median often enough.
///
/// They miss it when fewer than `k` of `n` fair coins show heads, or fewer than `k` show tails.
fn lower_rank(n: usize) -> Option<usize> {
    // In logarithms, because half to the power n leaves the range of numbers long before n is large.
    let mut log_term = -(n as f64) * std::f64::consts::LN_2;
    let mut tail = log_term.exp();
    let mut rank = 0;
    while rank < n / 2 && 2.0 * tail <= 1.0 - CONFIDENCE {
        rank += 1;
        log_term += ((n - rank + 1) as f64 / rank as f64).ln();
        tail += log_term.exp();
    }
    (rank > 0).then_some(rank)
}

/// Mean of the logarithms, and how uncertain that mean is.
struct Logs {
    n: usize,
    mean: f64,
    variance_of_mean: f64,
}

impl Logs {
    fn of(values: &[f64]) -> Option<Self> {
        if values.len() < 2 || !values.iter().all(|value| value.is_finite() && *value > 0.0) {
            return None;
        }
        let n = values.len() as f64;
        let mean = values.iter().map(|value| value.ln()).sum::<f64>() / n;
        let squares = values.iter().map(|value| (value.ln() - mean).powi(2)).sum::<f64>();
        Some(Self { n: values.len(), mean, variance_of_mean: squares / (n - 1.0) / n })
    }
}

/// The t interval around a mean of logarithms, as numbers again.
fn around(mean: f64, standard_error: f64, freedom: f64, n: usize) -> Option<Interval> {
    let t = StudentsT::new(0.0, 1.0, freedom).ok()?.inverse_cdf(0.5 + CONFIDENCE / 2.0);
    let half = t * standard_error;
    let interval = Interval { low: (mean - half).exp(), mid: mean.exp(), high: (mean + half).exp(), n };
    (interval.low.is_finite() && interval.high.is_finite()).then_some(interval)
}

#[cfg(test)]
mod tests;
