//! From values to pixels, and which values deserve a label.

/// A horizontal axis.
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    left: i32,
    right: i32,
    logarithmic: bool,
    /// The labelled values, lowest first; the first and the last lie at the ends of a logarithmic axis.
    pub(crate) ticks: Vec<f64>,
}

/// The least distance between labels, in pixels.
const PITCH: f64 = 40.0;

/// Which values of each decade are labelled, from sparse to dense.
const STEPS: [&[f64]; 4] = [
    &[1.0],
    &[1.0, 3.0],
    &[1.0, 2.0, 5.0],
    &[1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.7, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
];

impl Scale {
    /// A logarithmic axis between two pixels that holds all `values` and 1, with labels at both ends.
    pub(crate) fn logarithmic(values: impl Iterator<Item = f64>, left: i32, right: i32) -> Self {
        Self::spanning(values.chain([1.0]), left, right)
    }

    /// A logarithmic axis between two pixels that holds all `values`, with labels at both ends.
    pub(crate) fn spanning(values: impl Iterator<Item = f64>, left: i32, right: i32) -> Self {
        let usable = values.filter(|value| value.is_finite() && *value > 0.0);
        let ends = usable.fold(None, |ends: Option<(f64, f64)>, value| {
            Some(ends.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
        });
        let (low, high) = ends.unwrap_or((1.0, 1.0));
        let scales = STEPS.iter().map(|steps| {
            let ticks = log_ticks(low * 0.96, high * 1.04, steps);
            Self { low: ticks[0], high: ticks[ticks.len() - 1], left, right, logarithmic: true, ticks }
        });
        // The densest labels that still leave each other room; decades are the last resort however dense.
        let mut scales = scales.collect::<Vec<_>>();
        let fits = scales.iter().rposition(|scale| scale.closest() >= PITCH);
        scales.swap_remove(fits.unwrap_or(0))
    }

    /// A linear axis from 0 to at least `high`.
    pub(crate) fn linear(high: f64, left: i32, right: i32) -> Self {
        let high = if high > 0.0 { high } else { 1.0 };
        let decade = 10_f64.powf(high.log10().floor());
        let steps = [0.2, 0.5, 1.0, 2.0].map(|step| step * decade);
        let step = steps.into_iter().find(|step| high / step <= 6.0).unwrap_or(decade * 5.0);
        let count = (high / step).floor() as u32;
        let ticks = (0..=count).map(|place| f64::from(place) * step).collect();
        Self { low: 0.0, high: high * 1.02, left, right, logarithmic: false, ticks }
    }

    /// The pixel of `value`, within the axis.
    pub(crate) fn x(&self, value: f64) -> i32 {
        let share = if self.logarithmic {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        let (left, right) = (f64::from(self.left), f64::from(self.right));
        (left + share.clamp(0.0, 1.0) * (right - left)).round() as i32
    }

    /// Whether `value` lies on the axis rather than before or beyond it.
    pub(crate) fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// Whether `value` lies before the axis.
    pub(crate) fn begins_after(&self, value: f64) -> bool {
        value < self.low
    }

    /// The smallest distance between two labels, in pixels.
    fn closest(&self) -> f64 {
        let places: Vec<i32> = self.ticks.iter().map(|tick| self.x(*tick)).collect();
        places.windows(2).map(|pair| f64::from(pair[1] - pair[0])).fold(f64::INFINITY, f64::min)
    }
}

/// The values of `steps` in every decade, from the last one at or below `low` to the first at or above `high`.
fn log_ticks(low: f64, high: f64, steps: &[f64]) -> Vec<f64> {
    let (first, last) = (low.log10().floor() as i32 - 1, high.log10().ceil() as i32 + 1);
    let all: Vec<f64> =
        (first..=last).flat_map(|decade| steps.iter().map(move |step| step * 10_f64.powi(decade))).collect();
    let from = all.iter().rposition(|tick| *tick <= low).unwrap_or(0);
    let to = all.iter().position(|tick| *tick >= high).unwrap_or(all.len() - 1);
    all[from..=to].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_stand_apart_whatever_the_range() {
        for high in [1.001_f64, 1.3, 2.4, 9.0, 35.0, 1e3, 1e5, 1e8] {
            let scale = Scale::logarithmic([1.0 / high.min(3.0), high].into_iter(), 240, 640);
            assert!(scale.closest() >= PITCH, "{high}: {:?}", scale.ticks);
            assert!(scale.ticks.len() >= 2 && scale.x(1.0) >= 240 && scale.x(high) <= 640);
        }
    }

    #[test]
    fn values_keep_their_order_and_stay_on_the_axis() {
        let scale = Scale::logarithmic([0.6, 35.0].into_iter(), 100, 500);
        assert!(scale.x(0.6) < scale.x(1.0) && scale.x(1.0) < scale.x(35.0));
        assert_eq!((scale.x(1e-9), scale.x(1e9)), (100, 500));
        assert!(scale.holds(0.6) && !scale.holds(1e-9) && !scale.holds(1e9));
    }

    #[test]
    fn nothing_measured_still_has_an_axis() {
        assert!(Scale::logarithmic(std::iter::empty(), 0, 400).ticks.len() >= 2);
        assert!(Scale::linear(0.0, 0, 400).ticks.len() >= 2);
    }

    #[test]
    fn a_linear_axis_begins_at_zero() {
        let scale = Scale::linear(8.2, 100, 500);
        assert_eq!(scale.ticks, [0.0, 2.0, 4.0, 6.0, 8.0]);
        assert_eq!(scale.x(0.0), 100);
    }
}
