//! Intervals against values worked by hand, and how often they cover a truth that a seeded generator hides in noise.

use record::Arm::{self, A, B};
use record::{BlockOrder, Interval};

use super::{block_ratio, lower_rank, mean_interval, median_interval, proportion_interval, ratio_interval};

#[track_caller]
fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-9 * expected.abs(), "{found} is not {expected}");
}

#[track_caller]
fn check(found: Option<Interval>, low: f64, mid: f64, high: f64, n: usize) {
    let found = found.expect("these values have an interval");
    close(found.low, low);
    close(found.mid, mid);
    close(found.high, high);
    assert_eq!(found.n, n);
}

#[test]
fn the_ratio_of_a_block_does_not_depend_on_its_order() {
    close(block_ratio(&[(A, 2.0), (B, 6.0), (B, 12.0), (A, 4.0)]), 3.0);
    close(block_ratio(&[(B, 6.0), (A, 2.0), (A, 4.0), (B, 12.0)]), 3.0);
}

#[test]
fn a_machine_that_slows_down_by_the_same_factor_at_each_place_cancels_out() {
    for order in [BlockOrder::Abba, BlockOrder::Baab] {
        let mut slowness = 1.0;
        let arms = order.arms().map(|arm| {
            slowness *= 1.25;
            (arm, slowness * if arm == A { 8.0 } else { 20.0 })
        });
        close(block_ratio(&arms), 2.5);
    }
}

#[test]
fn a_block_with_three_subjects_of_one_arm_has_no_ratio() {
    assert!(block_ratio(&[(A, 1.0), (A, 1.0), (A, 1.0), (B, 1.0)]).is_nan());
    assert!(block_ratio(&[(B, 1.0), (B, 1.0), (B, 1.0), (A, 1.0)]).is_nan());
}

/// Student's t at 97.5 %, from printed tables: 12.706 204 736 for one degree of freedom, 2.262 157 163 for nine.
#[test]
fn the_mean_interval_is_students_t_on_the_logarithms() {
    // Logarithms 0 and 2: mean 1, standard deviation sqrt(2), standard error 1.
    let t: f64 = 12.706_204_736_432_1;
    check(mean_interval(&[1.0, 2.0_f64.exp()]), (1.0 - t).exp(), 1.0_f64.exp(), (1.0 + t).exp(), 2);
    // Five logarithms of -0.3 and five of 0.3: variance 0.9 / 9, standard error sqrt(0.1 / 10).
    let values = [-0.3, 0.3, -0.3, 0.3, -0.3, 0.3, -0.3, 0.3, -0.3, 0.3].map(f64::exp);
    let half: f64 = 2.262_157_162_740_992 * 0.1;
    check(mean_interval(&values), (-half).exp(), 1.0, half.exp(), 10);
}

#[test]
fn the_inverse_values_have_the_inverse_interval() {
    let values = [1.7, 2.4, 2.0, 3.1];
    let straight = mean_interval(&values).unwrap();
    check(mean_interval(&values.map(f64::recip)), 1.0 / straight.high, 1.0 / straight.mid, 1.0 / straight.low, 4);
}

#[test]
fn equal_values_have_an_interval_without_width() {
    check(mean_interval(&[3.0, 3.0, 3.0]), 3.0, 3.0, 3.0, 3);
    check(ratio_interval(&[6.0, 6.0], &[2.0, 2.0, 2.0]), 3.0, 3.0, 3.0, 5);
}

#[test]
fn too_few_or_impossible_values_have_no_interval() {
    for values in
        [&[][..], &[1.0], &[1.0, 0.0], &[1.0, -2.0], &[1.0, f64::NAN], &[1.0, f64::INFINITY], &[1e-300, 1e300]]
    {
        assert_eq!(mean_interval(values), None, "{values:?}");
        assert_eq!(ratio_interval(values, &[1.0, 2.0]), None, "{values:?}");
        assert_eq!(ratio_interval(&[1.0, 2.0], values), None, "{values:?}");
    }
}

#[test]
fn welch_pools_nothing_and_counts_its_degrees_of_freedom() {
    // Logarithms 0 and 2 (variance of the mean 1) against the constant 1 three times (variance of the mean 0): one degree.
    let e = 1.0_f64.exp();
    let t: f64 = 12.706_204_736_432_1;
    check(ratio_interval(&[1.0, e * e], &[e, e, e]), (-t).exp(), 1.0, t.exp(), 5);
    // Two sets alike: (1 + 1)^2 / (1 / 1 + 1 / 1) = 2 degrees, t = 4.302 652 730.
    let half = 4.302_652_729_911_275 * 2.0_f64.sqrt();
    check(ratio_interval(&[1.0, e * e], &[1.0, e * e]), (-half).exp(), 1.0, half.exp(), 4);
}

#[test]
fn the_ranks_of_the_median_are_the_tabulated_ones() {
    for (n, low) in [(6, 1), (7, 1), (8, 1), (9, 2), (10, 2), (11, 2), (12, 3), (15, 4), (20, 6), (30, 10), (100, 40)] {
        assert_eq!(lower_rank(n), Some(low), "{n} values");
    }
    for n in 0..6 {
        assert_eq!(lower_rank(n), None, "{n} values");
    }
}

/// The normal approximation of the ranks is good from a hundred values on, and must hold where `2^-n` underflows.
#[test]
fn the_ranks_of_very_many_values_do_not_underflow() {
    for n in [1_000_usize, 5_000, 100_000] {
        let expected = (n as f64 - 1.959_964 * (n as f64).sqrt()) / 2.0;
        let found = lower_rank(n).unwrap() as f64;
        assert!((found - expected).abs() <= 1.0, "{n} values: {found}, not about {expected}");
    }
}

#[test]
fn the_median_interval_sorts_and_picks_by_rank() {
    let values = [9.0, 1.0, 8.0, 2.0, 7.0, 3.0, 6.0, 4.0, 5.0];
    assert_eq!(median_interval(&values), Some(Interval { low: 2.0, mid: 5.0, high: 8.0, n: 9 }));
    assert_eq!(median_interval(&values[..5]), None);
    assert_eq!(median_interval(&[1.0, 2.0, 3.0, 4.0, 5.0, f64::NAN]), None);
}

/// A small generator (SplitMix64), so that a simulation repeats to the last bit.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word ^ (word >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

/// The truth that the simulated subjects hide.
const TRUTH: f64 = 2.0;

/// One block on a machine that drifts, whose fresh processes differ by `spread` on the logarithm.
fn simulated_block(noise: &mut Noise, spread: f64, order: BlockOrder) -> f64 {
    let drift = 0.05 * noise.normal();
    let mut place = 0.0;
    block_ratio(&order.arms().map(|arm: Arm| {
        place += 1.0;
        let time = if arm == B { TRUTH } else { 1.0 };
        (arm, time * (drift * place + spread * noise.normal()).exp())
    }))
}

/// The shares of `trials` in which the t interval and the rank interval hold the truth.
fn coverage(trials: u32, blocks: usize, spread: f64) -> (f64, f64) {
    let mut noise = Noise(20_260_101 + blocks as u64);
    let (mut by_mean, mut by_rank) = (0, 0);
    let holds = |interval: Option<Interval>| interval.is_some_and(|i| i.low <= TRUTH && TRUTH <= i.high);
    for _ in 0..trials {
        let ratios: Vec<f64> = (0..blocks)
            .map(|number| if number % 2 == 0 { BlockOrder::Abba } else { BlockOrder::Baab })
            .map(|order| simulated_block(&mut noise, spread, order))
            .collect();
        by_mean += u32::from(holds(mean_interval(&ratios)));
        by_rank += u32::from(holds(median_interval(&ratios)));
    }
    (f64::from(by_mean) / f64::from(trials), f64::from(by_rank) / f64::from(trials))
}

#[test]
fn ten_blocks_cover_the_truth_about_as_often_as_they_say() {
    let (by_mean, by_rank) = coverage(2_000, 10, 0.03);
    assert!((0.93..=0.97).contains(&by_mean), "t interval: {by_mean}");
    assert!((0.96..=0.995).contains(&by_rank), "rank interval: {by_rank}");
}

#[test]
#[ignore = "a simulation of some seconds; run with --ignored"]
fn every_number_of_blocks_covers_the_truth_as_often_as_it_says() {
    for (blocks, spread) in [(2, 0.03), (5, 0.03), (10, 0.03), (10, 0.10), (20, 0.03), (30, 0.03)] {
        let (by_mean, by_rank) = coverage(40_000, blocks, spread);
        println!("{blocks} blocks, spread {spread}: t {by_mean:.4}, ranks {by_rank:.4}");
        assert!((0.94..=0.96).contains(&by_mean), "{blocks} blocks, spread {spread}: {by_mean}");
        assert!(blocks < 6 || by_rank >= 0.945, "{blocks} blocks, spread {spread}: {by_rank}");
    }
}

#[test]
#[ignore = "a simulation of some seconds; run with --ignored"]
fn the_ratio_of_two_variants_covers_the_truth_as_often_as_it_says() {
    let mut noise = Noise(7);
    let trials = 40_000;
    let mut covered = 0;
    for _ in 0..trials {
        let slow: Vec<f64> = (0..10).map(|_| 6.0 * (0.10 * noise.normal()).exp()).collect();
        let fast: Vec<f64> = (0..6).map(|_| 2.0 * (0.03 * noise.normal()).exp()).collect();
        let interval = ratio_interval(&slow, &fast).unwrap();
        covered += u32::from(interval.low <= 3.0 && 3.0 <= interval.high);
    }
    let share = f64::from(covered) / f64::from(trials);
    assert!((0.94..=0.96).contains(&share), "{share}");
}

/// Newcombe 1998 (Statistics in Medicine 17, table I, method 3) prints these to four places.
#[test]
fn the_proportion_interval_is_wilsons() {
    let printed = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)];
    for (successes, trials, low, high) in printed {
        let found = proportion_interval(successes, trials).unwrap();
        assert!(
            (found.low - low).abs() < 5.1e-5 && (found.high - high).abs() < 5.1e-5,
            "{successes}/{trials}: {found:?}"
        );
        assert_eq!(found.n as u64, trials);
    }
}

#[test]
fn a_proportion_and_its_complement_have_mirrored_intervals() {
    for successes in 0..=25 {
        let (one, other) =
            (proportion_interval(successes, 25).unwrap(), proportion_interval(25 - successes, 25).unwrap());
        assert!((one.low - (1.0 - other.high)).abs() < 1e-12 && (one.high - (1.0 - other.low)).abs() < 1e-12);
        assert!(0.0 <= one.low && one.low <= one.mid && one.mid <= one.high && one.high <= 1.0);
    }
}

#[test]
fn impossible_proportions_have_no_interval() {
    assert!(proportion_interval(0, 0).is_none() && proportion_interval(2, 1).is_none());
}
