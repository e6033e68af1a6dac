//! Rank correlations against counts by hand, against every arrangement, and on simulated machines.

use record::Arm::{A, B};

use super::{Group, approximate_p, correlation, doubled_ranks, drift, later_by_earlier};
use crate::Random;

#[track_caller]
fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-9, "{found} is not {expected}");
}

/// The values 2, 1, 4, 3 have the ranks 2, 1, 4, 3. Differences from the order: 1, -1, 1, -1, so the correlation is 1 - 6 x 4 / (4 x 15) = 0.6.
/// Sums of place times rank of the 24 arrangements: the mean is 25 and ours 28. At 28 or above: 1234 (30), 2134, 1324, 1243 (29 each), 2143
/// (28): five; as many at 22 or below. So p = 10 / 24.
#[test]
fn four_values_by_hand() {
    let found = drift(&[20.0, 10.0, 40.0, 30.0]).unwrap();
    close(found.statistic, 0.6);
    close(found.p, 10.0 / 24.0);
    assert_eq!(found.n, 4);
}

/// The values 1, 1, 2, 3 have the ranks 1.5, 1.5, 3, 4. Deviations from 2.5: -1, -1, 0.5, 1.5, their squares 4.5; with those of the places,
/// -1.5, -0.5, 0.5, 1.5, the products are 1.5 + 0.5 + 0.25 + 2.25 = 4.5 and the squares 5. So 4.5 / sqrt(22.5). Of the twelve different
/// arrangements only the falling one, 3, 2, 1, 1, is as far from 0.
#[test]
fn equal_values_share_their_mean_rank() {
    let (doubled, groups) = doubled_ranks(&[1.0, 1.0, 2.0, 3.0]);
    assert_eq!(doubled, [3, 3, 6, 8]);
    assert_eq!(groups[0], Group { doubled_rank: 3, size: 2 });
    let found = drift(&[1.0, 1.0, 2.0, 3.0]).unwrap();
    close(found.statistic, 4.5 / 22.5_f64.sqrt());
    close(found.p, 2.0 / 12.0);
}

/// Printed tables of critical values, two-sided at 5 % (Zar 1972, table 1): 0.786 for seven values, 0.700 for nine, 0.648 for ten.
#[test]
fn the_exact_probabilities_agree_with_printed_critical_values() {
    for (n, critical) in [(7_usize, 0.786), (8, 0.738), (9, 0.700), (10, 0.648)] {
        let mut noise = Random::seeded(n as u64);
        let mut sides = (0, 0);
        for _ in 0..2_000 {
            let values: Vec<f64> = (0..n).map(|_| noise.next().unwrap() as f64).collect();
            let found = drift(&values).unwrap();
            // The table rounds to three places.
            if (found.statistic.abs() - critical).abs() > 1e-3 {
                assert_eq!(found.p <= 0.05, found.statistic.abs() > critical, "{n}: {found:?}");
                sides = if found.p <= 0.05 { (sides.0 + 1, sides.1) } else { (sides.0, sides.1 + 1) };
            }
        }
        assert!(sides.0 > 20 && sides.1 > 1_000, "both sides were seen: {sides:?}");
    }
}

/// Every arrangement of `values`, one after the other (Heap's algorithm).
fn every_arrangement(values: &mut Vec<f64>, until: usize, seen: &mut dyn FnMut(&[f64])) {
    if until <= 1 {
        return seen(values);
    }
    for at in 0..until {
        every_arrangement(values, until - 1, seen);
        values.swap(if until.is_multiple_of(2) { at } else { 0 }, until - 1);
    }
}

/// What is counted by sums is what going through all 720 arrangements of six finds, with equal values and without.
#[test]
fn the_probability_is_the_part_of_all_arrangements() {
    for values in [[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 2.0, 2.0, 4.0, 5.0, 5.0], [1.0, 1.0, 1.0, 2.0, 2.0, 7.0]] {
        let observed = [values[3], values[0], values[4], values[1], values[5], values[2]];
        let statistic = |values: &[f64]| correlation(&doubled_ranks(values).0).unwrap();
        let (mut all, mut extreme) = (0, 0);
        every_arrangement(&mut values.to_vec(), 6, &mut |arranged| {
            all += 1;
            extreme += u32::from(statistic(arranged).abs() >= statistic(&observed).abs() - 1e-12);
        });
        assert_eq!(all, 720);
        close(drift(&observed).unwrap().p, f64::from(extreme) / 720.0);
    }
}

/// By hand for n = 11 and a correlation of 0.6: t = 0.6 x sqrt(9 / 0.64) = 2.25, and Student's t with nine degrees leaves 2.262 at 5 %.
#[test]
fn more_than_ten_values_go_by_students_t() {
    let p = approximate_p(0.6, 11).unwrap();
    assert!(p > 0.05 && p < 0.0515, "{p}");
    close(approximate_p(1.0, 11).unwrap(), 0.0);
    close(approximate_p(0.0, 11).unwrap(), 1.0);
}

/// Where both are to be had they agree: at ten values to a hundredth in the tail, and to a step of the exact one in the middle.
#[test]
fn the_approximation_is_near_what_is_counted() {
    let mut noise = Random::seeded(3);
    for _ in 0..500 {
        let values: Vec<f64> = (0..10).map(|_| noise.next().unwrap() as f64).collect();
        let exact = drift(&values).unwrap();
        let near = approximate_p(exact.statistic, 10).unwrap();
        let close = if exact.p < 0.1 { 0.01 } else { 0.02 };
        assert!((exact.p - near).abs() < close, "{exact:?} against {near}");
    }
}

#[test]
fn the_inverse_drifts_the_other_way_and_the_multiple_the_same() {
    let values = [1.0, 1.3, 1.1, 1.6, 1.5, 1.4, 1.9];
    let found = drift(&values).unwrap();
    let inverse = drift(&values.map(f64::recip)).unwrap();
    close(inverse.statistic, -found.statistic);
    close(inverse.p, found.p);
    assert_eq!(drift(&values.map(|value| value * 1e6)), Some(found));
    assert_eq!(drift(&values.map(f64::ln)), Some(found));
    let mut backwards = values;
    backwards.reverse();
    close(drift(&backwards).unwrap().statistic, -found.statistic);
}

#[test]
fn too_few_impossible_or_equal_values_have_no_order() {
    for values in [&[][..], &[1.0, 2.0, 3.0], &[1.0, 2.0, f64::NAN, 3.0], &[2.0; 8], &[2.0; 20]] {
        assert_eq!(drift(values), None, "{values:?}");
    }
}

/// A number evenly from 0 to 1.
fn even(noise: &mut Random) -> f64 {
    (noise.next().unwrap() >> 11) as f64 / (1_u64 << 53) as f64
}

/// How often so many values with a slope of so much of their range per value are said to drift.
fn shown(n: usize, slope: f64) -> f64 {
    let mut noise = Random::seeded(11);
    let drifts = |noise: &mut Random| {
        let values: Vec<f64> = (0..n).map(|at| slope * at as f64 + even(noise) - 0.5).collect();
        drift(&values).unwrap().is_shown()
    };
    f64::from((0..2_000).map(|_| u32::from(drifts(&mut noise))).sum::<u32>()) / 2_000.0
}

#[test]
fn a_steady_machine_is_seldom_said_to_drift_and_a_drifting_one_often() {
    for n in [10, 20] {
        let steady = shown(n, 0.0);
        assert!((0.03..=0.065).contains(&steady), "{n} steady values: {steady}");
        let drifting = shown(n, 0.1);
        assert!(drifting > 0.65, "{n} drifting values: {drifting}");
    }
}

#[test]
fn the_step_of_the_baseline_goes_by_time_and_not_by_the_variant() {
    close(later_by_earlier(&[(A, 2.0), (B, 70.0), (B, 1.0), (A, 3.0)]), 1.5);
    close(later_by_earlier(&[(B, 70.0), (A, 3.0), (A, 2.0), (B, 1.0)]), 2.0 / 3.0);
    assert!(later_by_earlier(&[(A, 1.0), (A, 1.0), (A, 1.0), (B, 1.0)]).is_nan());
    assert!(later_by_earlier(&[(B, 1.0), (B, 1.0), (A, 1.0), (B, 1.0)]).is_nan());
}
