//! How narrow an interval must be before a claim's band can be decided: declared before measuring, and blind to where the interval lies.
//!
//! Blocks are added until the interval is narrow enough or the budget ends: the fixed-width sequential procedure of Chow and Robbins ("On
//! the asymptotic theory of fixed-width sequential confidence intervals for the mean", Annals of Mathematical Statistics 36, 1965). The rule
//! looks at the width alone. Whoever stops as soon as an interval lies inside the band, or clear of 1, stops when chance has carried it
//! there, and its 95 % are no longer 95 %. Stopping by width keeps them but for a little: a variance that comes out small by chance
//! stops earlier. Never stopping before ten blocks keeps that small; `tests/coverage.txt` has the figures.
//!
//! The last blocks are the dear ones. A width falls with the root of the number of blocks: from ten blocks to twenty it falls by a third, and
//! the next third takes forty. An interval twice too wide takes four times the blocks; that is when a budget should end it, and the verdict is
//! inconclusive.

use record::Band;

use crate::verdict;

/// The part of a band that the interval may fill.
///
/// Then half the interval is a sixth of the band. A truth anywhere in the band's middle third lies at least two such halves from either end,
/// so that the estimate may err by one of them, which it does not 39 times in 40 towards that end, and the interval still lies inside.
const SHARE_OF_BAND: f64 = 1.0 / 3.0;

/// The log width for a band with one end: 5 % to either side. A truth a tenth beyond the threshold is told from it, by the same reckoning.
const ONE_SIDED_WIDTH: f64 = 0.1;

/// The width that an interval must fall below so that `band` can be decided, as the logarithm of its upper by its lower end (see
/// [`relative_width`](crate::statistics::relative_width)).
///
/// A third of the band's own log width, or 0.1 for a band with one end. None for a band that no interval decides: a count, a behaviour, an
/// absolute figure, and a band without width. A speed-up that is judged on fewer cores than stated has another band: [`band_on`] first.
///
/// ```
/// use harness::precision::needed_width;
/// use record::Band;
/// let third = needed_width(&Band::AboutAsFast {}).unwrap();
/// assert!((third - (1.1_f64 / 0.9).ln() / 3.0).abs() < 1e-12);
/// assert_eq!(needed_width(&Band::MoreThan { than: 20.0 }), Some(0.1));
/// assert_eq!(needed_width(&Band::Count {}), None);
/// ```
pub fn needed_width(band: &Band) -> Option<f64> {
    let (low, high) = band.limits()?;
    if high.is_infinite() || low == 0.0 {
        return Some(ONE_SIDED_WIDTH);
    }
    let width = (high / low).ln();
    (low > 0.0 && width > 0.0).then_some(width * SHARE_OF_BAND)
}

/// The band as it is judged on `usable_cores`: a speed-up is scaled to them, any other band stays. None for a speed-up that they cannot
/// show, as [`judge_speed_up`](verdict::judge_speed_up) has it.
///
/// ```
/// use harness::precision::band_on;
/// use record::Band;
/// assert_eq!(band_on(&Band::SpeedUp { ratio: 3.9, cores: 4 }, 2.0), Some(Band::Ratio { ratio: 1.95 }));
/// assert_eq!(band_on(&Band::SpeedUp { ratio: 3.9, cores: 4 }, 1.0), None);
/// assert_eq!(band_on(&Band::AboutAsFast {}, 1.0), Some(Band::AboutAsFast {}));
/// ```
pub fn band_on(band: &Band, usable_cores: f64) -> Option<Band> {
    let Band::SpeedUp { ratio, cores } = *band else { return Some(band.clone()) };
    let scaled = verdict::scaled_speed_up(ratio, cores, usable_cores);
    (usable_cores >= 2.0 && scaled > 1.0).then_some(Band::Ratio { ratio: scaled })
}

#[cfg(test)]
mod tests {
    use record::{Interval, Verdict};

    use super::*;
    use crate::statistics::relative_width;

    /// By hand: 6.58 is halved to 3.79 and doubled to 12.16; ln(12.16 / 3.79) / 3 = 1.1658 / 3. And ln(3 / 2) / 3 = 0.4055 / 3.
    #[test]
    fn a_band_with_two_ends_asks_for_a_third_of_its_log_width() {
        let check = |band: Band, width: f64| {
            let found = needed_width(&band).unwrap();
            assert!((found - width).abs() < 5e-5, "{band:?}: {found}");
        };
        check(Band::Ratio { ratio: 6.58 }, 0.3886);
        check(Band::Range { low: 2.0, high: 3.0 }, 0.1352);
        check(Band::AboutAsFast {}, 0.0669);
        check(Band::SpeedUp { ratio: 6.58, cores: 8 }, 0.3886);
    }

    /// A third of the time is three times the speed: halved to 2 and doubled to 5, and back: 1/3 has the band 1/9 to 2/3.
    #[test]
    fn an_effect_that_points_down_has_a_band_too() {
        let found = needed_width(&Band::Ratio { ratio: 1.0 / 3.0 }).unwrap();
        assert!((found - 6.0_f64.ln() / 3.0).abs() < 1e-12, "{found}");
    }

    #[test]
    fn a_band_with_one_end_asks_for_a_tenth() {
        for band in [
            Band::MoreThan { than: 0.5 },
            Band::Range { low: 0.0, high: 2.0 },
            Band::Range { low: 2.0, high: f64::INFINITY },
        ] {
            assert_eq!(needed_width(&band), Some(0.1), "{band:?}");
        }
    }

    #[test]
    fn what_no_interval_decides_asks_for_none() {
        for band in [
            Band::Count {},
            Band::Behaviour {},
            Band::Absolute {},
            Band::Ratio { ratio: 1.0 },
            Band::Ratio { ratio: f64::NAN },
            Band::Range { low: 3.0, high: 2.0 },
            Band::Range { low: -1.0, high: 2.0 },
        ] {
            assert_eq!(needed_width(&band), None, "{band:?}");
        }
    }

    /// What the share promises: from the edge of the middle third, an estimate that errs by half an interval is still inside the band.
    #[test]
    fn a_truth_in_the_middle_third_is_confirmed_by_an_interval_that_errs_by_its_own_half() {
        for band in [Band::Ratio { ratio: 6.58 }, Band::Ratio { ratio: 0.4 }, Band::Range { low: 2.0, high: 3.0 }] {
            let (low, high) = band.limits().unwrap();
            let needed = needed_width(&band).unwrap();
            let half = needed / 2.0 * 0.999;
            // The upper edge of the middle third, and the estimate half an interval above it.
            let mid = low.ln() + (high / low).ln() * 2.0 / 3.0 + half;
            let interval = Interval { low: (mid - half).exp(), mid: mid.exp(), high: (mid + half).exp(), n: 10 };
            assert!(relative_width(&interval) < needed);
            assert_eq!(verdict::judge(Some(interval), &band), Verdict::Reproduced, "{band:?}: {interval:?}");
        }
    }
}
