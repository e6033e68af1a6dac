//! Which costs and payloads are tried, and where a speed-up crosses one. Pure.

/// The cheapest item that a sweep begins with, in steps.
const CHEAPEST: f64 = 1_000.0;

/// What is noted where a sweep does not hold the break-even.
pub(super) const FASTER: &str = "faster at every cost tried: at most this";
/// The same at the other end.
pub(super) const SLOWER: &str = "slower at the costliest items tried: more than this";
/// The same where there is nothing to do.
pub(super) const NOTHING: &str = "there is nothing to do";

/// The costs of an item in steps: two or so to the decade, from `CHEAPEST` to `costliest`, which is always among them.
///
/// ```
/// assert_eq!(experiments::break_even::costs(30_000), [1_000, 3_162, 10_000, 30_000]);
/// assert_eq!(experiments::break_even::costs(7), [7]);
/// ```
pub fn costs(costliest: u64) -> Vec<u64> {
    let steps = (0..).map(|half| (CHEAPEST * 10_f64.powf(f64::from(half) / 2.0)) as u64);
    // A last one that is nearly the costliest would say the same twice.
    let mut costs: Vec<u64> = steps.take_while(|steps| *steps < costliest - costliest / 10).collect();
    costs.push(costliest);
    costs
}

/// The bytes that items carry: none, a 256th, a 16th, and all of `largest`.
///
/// ```
/// assert_eq!(experiments::break_even::payloads(1 << 20), [0, 4_096, 65_536, 1_048_576]);
/// assert_eq!(experiments::break_even::payloads(3), [0, 0, 0, 3]);
/// ```
pub fn payloads(largest: u64) -> [u64; 4] {
    [0, largest / 256, largest / 16, largest]
}

/// Where the loop stops being faster: what the sweep says of the item from which on a pool takes less time than it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BreakEven {
    /// The pool is faster at every cost tried; the cheapest item took this long.
    Below(f64),
    /// From an item of this many nanoseconds on.
    At(f64),
    /// The pool is slower even at the last cost tried, at which an item took this long.
    Above(f64),
}

/// The break-even of a sweep, in which the loop took `serial_ns` and the pool `pool_ns` for the same items, an item `item_ns`.
///
/// It is the last crossing: from there on the pool is faster at every cost that was tried. Between two points it is found on logarithms, on
/// which both times are nearly straight. None for a sweep without a point, and where a time is 0.
///
/// ```
/// use experiments::break_even::{BreakEven, break_even};
/// // Half as fast at 1 us, twice as fast at 100 us: even at 10 us.
/// let Some(BreakEven::At(ns)) = break_even(&[1e3, 1e5], &[1e3, 1e5], &[2e3, 5e4]) else { panic!("they cross") };
/// assert!((ns - 1e4).abs() < 1.0);
/// ```
pub fn break_even(item_ns: &[f64], serial_ns: &[f64], pool_ns: &[f64]) -> Option<BreakEven> {
    if [item_ns, serial_ns, pool_ns].into_iter().flatten().any(|time| *time <= 0.0) {
        return None;
    }
    let gains: Vec<f64> = serial_ns.iter().zip(pool_ns).map(|(serial, pool)| (serial / pool).ln()).collect();
    let Some(loses) = gains.iter().rposition(|gain| *gain < 0.0) else {
        return item_ns.first().map(|ns| BreakEven::Below(*ns));
    };
    let Some(next) = gains.get(loses + 1) else { return item_ns.last().map(|ns| BreakEven::Above(*ns)) };
    Some(BreakEven::At(between([item_ns[loses], item_ns[loses + 1]], [gains[loses], *next], 0.0)))
}

/// Where a line through two points reaches `level`; its one axis is a logarithm.
pub(super) fn between([from, to]: [f64; 2], [start, end]: [f64; 2], level: f64) -> f64 {
    let share = if end > start { (level - start) / (end - start) } else { 1.0 };
    (from.ln() + share * (to.ln() - from.ln())).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_costs_rise_to_the_costliest() {
        assert_eq!(costs(0), [0]);
        assert_eq!(costs(1_000), [1_000]);
        assert_eq!(costs(1_050), [1_050], "1,000 would be the same again");
        assert_eq!(costs(10_000_000).len(), 9);
        for costliest in [1, 999, 1_001, 99_991, 3_000_000, 100_000_000] {
            let costs = costs(costliest);
            assert!(costs.is_sorted_by(|one, next| one < next) && costs.last() == Some(&costliest), "{costs:?}");
        }
    }

    #[test]
    fn the_last_crossing_counts() {
        let items = [1.0, 10.0, 100.0, 1_000.0];
        // A lucky first point does not make it worth it.
        let found = break_even(&items, &[2.0, 1.0, 1.0, 2.0], &[1.0, 2.0, 2.0, 1.0]);
        assert!(matches!(found, Some(BreakEven::At(ns)) if (ns - 316.2).abs() < 0.1), "{found:?}");
    }

    #[test]
    fn a_sweep_may_not_reach_it() {
        assert_eq!(break_even(&[5.0, 9.0], &[2.0, 2.0], &[1.0, 1.0]), Some(BreakEven::Below(5.0)));
        assert_eq!(break_even(&[5.0, 9.0], &[1.0, 1.0], &[2.0, 2.0]), Some(BreakEven::Above(9.0)));
        assert_eq!(break_even(&[5.0], &[1.0], &[1.0]), Some(BreakEven::Below(5.0)), "as fast is no loss");
        assert_eq!(break_even(&[0.0], &[0.0], &[7.0]), None);
        assert_eq!(break_even(&[], &[], &[]), None);
    }
}
