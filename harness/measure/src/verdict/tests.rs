//! Every branch of every band, as tables: an interval, and the verdict it must get.

use record::Verdict::{
    Contradicted, DirectionOnlyStronger as Stronger, DirectionOnlyWeaker as Weaker, Inconclusive, NotTestableHere,
    Reproduced,
};
use record::{Band, Environment, Interval, Verdict};

use super::{judge, judge_count, judge_speed_up, parallel_cores};

fn interval(low: f64, mid: f64, high: f64) -> Interval {
    Interval { low, mid, high, n: 10 }
}

#[track_caller]
fn check(band: &Band, table: &[(f64, f64, f64, Verdict)]) {
    for &(low, mid, high, expected) in table {
        let found = judge(Some(interval(low, mid, high)), band);
        assert_eq!(found, expected, "{band:?} with the interval {low} .. {mid} .. {high}");
    }
}

/// Stated 3, so the band is 2 to 5.
#[test]
fn a_ratio_above_one() {
    let table = [
        (2.5, 3.0, 4.0, Reproduced),
        (2.0, 3.0, 5.0, Reproduced),
        (1.2, 1.4, 1.6, Weaker),
        (1.5, 1.9, 2.4, Weaker),
        (1.5, 2.1, 2.9, Weaker),
        (1.01, 1.02, 1.06, Weaker),
        (1.1, 1.8, 6.0, Weaker),
        (6.0, 7.0, 8.0, Stronger),
        (4.0, 5.5, 8.0, Stronger),
        (4.0, 4.9, 6.0, Stronger),
        (1.5, 6.0, 9.0, Stronger),
        (1.9, 3.0, 5.1, Inconclusive),
        (0.9, 2.0, 4.0, Inconclusive),
        (1.0, 2.0, 4.0, Inconclusive),
        (0.7, 0.9, 1.0, Inconclusive),
        (0.94, 1.0, 1.05, Inconclusive),
        (0.5, 0.7, 0.9, Contradicted),
        (0.95, 1.0, 1.05, Contradicted),
        (1.01, 1.02, 1.04, Contradicted),
        (0.96, 0.97, 0.98, Contradicted),
    ];
    check(&Band::Ratio { ratio: 3.0 }, &table);
}

/// Stated 0.5: the effect halved is 0.75, and doubled it stops at 0.25.
#[test]
fn a_ratio_below_one() {
    let table = [
        (0.3, 0.5, 0.7, Reproduced),
        (0.25, 0.5, 0.75, Reproduced),
        (0.8, 0.85, 0.9, Weaker),
        (0.7, 0.8, 0.9, Weaker),
        (0.5, 0.7, 0.8, Weaker),
        (0.1, 0.15, 0.2, Stronger),
        (0.2, 0.24, 0.3, Stronger),
        (0.2, 0.3, 0.4, Stronger),
        (0.2, 0.5, 0.8, Inconclusive),
        (0.5, 0.8, 1.1, Inconclusive),
        (0.5, 0.8, 1.0, Inconclusive),
        (1.1, 1.5, 2.0, Contradicted),
        (0.96, 0.98, 0.99, Contradicted),
        (0.97, 1.0, 1.03, Contradicted),
    ];
    check(&Band::Ratio { ratio: 0.5 }, &table);
}

/// Stated 1.04 (band 1.02 to 1.08): too small an effect for an interval around 1 to speak against it.
#[test]
fn a_small_stated_effect_is_not_contradicted_by_ratios_around_one() {
    let table = [
        (1.03, 1.04, 1.05, Reproduced),
        (1.005, 1.01, 1.015, Weaker),
        (1.09, 1.1, 1.2, Stronger),
        (0.99, 1.0, 1.01, Inconclusive),
        (0.95, 0.96, 0.99, Contradicted),
    ];
    check(&Band::Ratio { ratio: 1.04 }, &table);
    check(&Band::Ratio { ratio: 1.1 }, &[(0.99, 1.0, 1.01, Contradicted)]);
    check(&Band::Ratio { ratio: 1.0 / 1.1 }, &[(0.99, 1.0, 1.01, Contradicted)]);
    check(&Band::Ratio { ratio: 0.95 }, &[(0.99, 1.0, 1.01, Inconclusive)]);
}

#[test]
fn a_ratio_that_states_nothing_is_inconclusive() {
    for ratio in [1.0, 0.0, -2.0, f64::NAN] {
        check(&Band::Ratio { ratio }, &[(2.0, 3.0, 4.0, Inconclusive), (0.2, 0.3, 0.4, Inconclusive)]);
    }
}

#[test]
fn more_than() {
    let table = [
        (2.1, 3.0, 9.0, Reproduced),
        (2.0, 3.0, 9.0, Weaker),
        (1.5, 1.7, 1.9, Weaker),
        (1.0, 1.5, 3.0, Inconclusive),
        (0.9, 1.5, 3.0, Inconclusive),
        (0.9, 0.95, 1.0, Inconclusive),
        (0.5, 0.7, 0.9, Contradicted),
    ];
    check(&Band::MoreThan { than: 2.0 }, &table);
    let table = [(1.01, 1.1, 1.2, Reproduced), (0.9, 1.0, 1.1, Inconclusive), (0.5, 0.7, 0.9, Contradicted)];
    check(&Band::MoreThan { than: 1.0 }, &table);
    let table = [(0.85, 0.9, 0.95, Reproduced), (0.75, 0.8, 0.85, Inconclusive), (0.5, 0.6, 0.7, Contradicted)];
    check(&Band::MoreThan { than: 0.8 }, &table);
}

#[test]
fn about_as_fast() {
    let table = [
        (0.9, 1.0, 1.1, Reproduced),
        (0.95, 0.97, 0.99, Reproduced),
        (0.89, 1.0, 1.1, Inconclusive),
        (0.9, 1.0, 1.11, Inconclusive),
        (1.1, 1.2, 1.3, Inconclusive),
        (0.5, 1.0, 2.0, Inconclusive),
        (1.11, 1.2, 1.3, Contradicted),
        (0.7, 0.8, 0.89, Contradicted),
    ];
    check(&Band::AboutAsFast {}, &table);
}

#[test]
fn a_range_of_ratios() {
    let table = [
        (3.0, 4.0, 5.0, Reproduced),
        (1.5, 2.0, 2.9, Weaker),
        (5.1, 6.0, 7.0, Stronger),
        (2.5, 3.5, 4.5, Inconclusive),
        (2.0, 2.5, 3.0, Inconclusive),
        (2.0, 4.0, 6.0, Inconclusive),
        (0.9, 1.1, 1.3, Inconclusive),
        (0.5, 0.7, 0.9, Contradicted),
    ];
    check(&Band::Range { low: 3.0, high: 5.0 }, &table);
    let table = [
        (0.3, 0.4, 0.5, Reproduced),
        (0.6, 0.7, 0.8, Weaker),
        (0.1, 0.15, 0.2, Stronger),
        (0.4, 0.5, 0.6, Inconclusive),
        (0.9, 1.0, 1.1, Inconclusive),
        (1.1, 1.2, 1.3, Contradicted),
    ];
    check(&Band::Range { low: 0.3, high: 0.5 }, &table);
    let table = [
        (0.9, 1.0, 1.1, Reproduced),
        (0.7, 0.9, 1.0, Inconclusive),
        (1.6, 1.7, 1.8, Contradicted),
        (0.5, 0.6, 0.7, Contradicted),
    ];
    check(&Band::Range { low: 0.8, high: 1.5 }, &table);
}

#[test]
fn no_interval_is_inconclusive() {
    for band in [
        Band::Ratio { ratio: 3.0 },
        Band::MoreThan { than: 2.0 },
        Band::AboutAsFast {},
        Band::Range { low: 2.0, high: 3.0 },
    ] {
        assert_eq!(judge(None, &band), Inconclusive);
        assert_eq!(judge(Some(interval(f64::NAN, 1.0, 2.0)), &band), Inconclusive);
    }
    assert_eq!(judge_speed_up(None, 3.0, 4, 4.0), (Inconclusive, None));
}

#[test]
fn an_interval_alone_cannot_judge_the_other_bands() {
    for band in [Band::Count {}, Band::Behaviour {}, Band::Absolute {}, Band::SpeedUp { ratio: 3.9, cores: 4 }] {
        check(&band, &[(3.5, 3.9, 4.0, NotTestableHere)]);
        assert_eq!(judge(None, &band), NotTestableHere);
    }
}

#[test]
fn a_count_must_be_equal_in_every_trial() {
    assert_eq!(judge_count(&[32; 5], 32), Reproduced);
    assert_eq!(judge_count(&[0], 0), Reproduced);
    assert_eq!(judge_count(&[32, 32, 31], 32), Contradicted);
    assert_eq!(judge_count(&[31, 31], 32), Contradicted);
    assert_eq!(judge_count(&[], 32), Inconclusive);
}

#[test]
fn a_speed_up_with_enough_cores_is_a_ratio() {
    for usable in [4.0, 4.5, 64.0] {
        let speed_up = |low, mid, high| judge_speed_up(Some(interval(low, mid, high)), 3.9, 4, usable);
        assert_eq!(speed_up(3.0, 3.5, 4.0), (Reproduced, None));
        assert_eq!(speed_up(1.5, 1.9, 2.0), (Weaker, None));
        assert_eq!(speed_up(0.96, 1.0, 1.04), (Contradicted, None));
    }
}

/// 3.9 on four cores asks 1.95 of two (band 1.475 to 2.9), and 2.4375 of a quota of two and a half.
#[test]
fn a_speed_up_with_fewer_cores_is_scaled_and_says_so() {
    let on = |usable, low, mid, high| judge_speed_up(Some(interval(low, mid, high)), 3.9, 4, usable);
    let two = || Some("scaled to 2 cores".to_owned());
    assert_eq!(on(2.0, 1.5, 1.9, 2.0), (Reproduced, two()));
    assert_eq!(on(2.0, 1.2, 1.3, 1.4), (Weaker, two()));
    assert_eq!(on(2.0, 3.0, 3.1, 3.2), (Stronger, two()));
    assert_eq!(on(2.0, 0.6, 0.7, 0.8), (Contradicted, two()));
    assert_eq!(on(2.0, 0.8, 1.2, 1.6), (Inconclusive, two()));
    assert_eq!(on(2.5, 2.0, 2.2, 2.4), (Reproduced, Some("scaled to 2.5 cores".to_owned())));
    assert_eq!(judge_speed_up(None, 3.9, 4, 2.0), (Inconclusive, two()));
}

#[test]
fn a_speed_up_is_not_testable_with_less_than_two_cores() {
    let good = Some(interval(3.0, 3.5, 4.0));
    for usable in [0.5, 1.0, 1.9, f64::NAN] {
        for cores in [1, 2, 4] {
            let (verdict, note) = judge_speed_up(good, 3.9, cores, usable);
            assert_eq!(verdict, NotTestableHere);
            assert!(note.unwrap().contains("two cores"));
        }
    }
}

#[test]
fn a_speed_up_that_would_vanish_here_is_not_testable() {
    let (verdict, note) = judge_speed_up(Some(interval(1.4, 1.5, 1.6)), 2.0, 8, 2.0);
    assert_eq!((verdict, note.as_deref()), (NotTestableHere, Some("a speed-up of 2 on 8 cores leaves none on 2")));
}

#[test]
fn a_quota_counts_as_the_cores_it_grants() {
    let machine = |usable_cores, quota_cores| Environment { usable_cores, quota_cores, ..Environment::default() };
    for (usable, quota, expected) in [(2, None, 2.0), (2, Some(0.5), 0.5), (2, Some(1.5), 1.5), (2, Some(8.0), 2.0)] {
        assert!((parallel_cores(&machine(usable, quota)) - expected).abs() < 1e-12);
    }
}
