//! The rules of the checks, which are pure.

use super::*;

fn interval(low: f64, high: f64) -> Interval {
    Interval { low, mid: (low * high).sqrt(), high, n: 20 }
}

/// An arm that surely rises, one that is surely flat, one of which neither is known.
fn arms(left: char, right: char) -> Arms {
    let arm = |kind| match kind {
        '/' => interval(1.06, 1.5),
        '_' => interval(0.98, 1.04),
        _ => interval(1.0, 1.1),
    };
    Arms { left: arm(left), right: arm(right) }
}

#[test]
fn a_u_needs_two_walls() {
    let u = arms('/', '/');
    for (even, uneven, expected) in [
        (u, [arms('/', '_'); 3], Verdict::Reproduced),
        (arms('/', '_'), [u, arms('/', '_'), arms('_', '_')], Verdict::DirectionOnlyWeaker),
        (arms('/', '?'), [u, u, u], Verdict::DirectionOnlyWeaker),
        (arms('/', '_'), [arms('/', '_'); 3], Verdict::Contradicted),
        (arms('_', '/'), [arms('_', '/'); 3], Verdict::Contradicted),
        (arms('_', '_'), [arms('_', '_'); 3], Verdict::Contradicted),
        (arms('/', '_'), [arms('/', '_'), arms('/', '_'), arms('/', '?')], Verdict::Inconclusive),
        (arms('?', '/'), [u, u, u], Verdict::Inconclusive),
        // A wall here and the other one there are no U.
        (arms('/', '_'), [arms('_', '/'); 3], Verdict::Inconclusive),
    ] {
        let shown = |arms: Arms| (arms.left.low, arms.right.low);
        assert_eq!(shape(even, &uneven), expected, "{:?} {:?}", shown(even), uneven.map(shown));
    }
}

#[test]
fn a_rise_of_less_than_a_twentieth_is_no_wall() {
    let sure = Arms { left: interval(1.2, 1.3), right: interval(1.01, 1.02) };
    assert_eq!(shape(sure, &[sure; 3]), Verdict::Contradicted);
    let barely = Arms { right: interval(1.04, 1.06), ..sure };
    assert_eq!(shape(barely, &[barely; 3]), Verdict::Inconclusive);
}

#[test]
fn the_subjects_of_a_block_are_in_the_same_half() {
    assert_eq!(halves(&[0, 0, 1, 1, 2, 2]), [0, 0, 1, 1, 0, 0]);
    // Of block 1 one subject is missing, and block 2 was given up.
    assert_eq!(halves(&[0, 0, 1, 3, 3, 4, 4]), [0, 0, 1, 0, 0, 1, 1]);
    assert_eq!(halves(&[]), [0_usize; 0]);
}

#[test]
fn each_half_is_compared_with_the_best_of_the_other() {
    // The first point is the best of the first block, the second point that of the second.
    let all = [vec![1.0, 1.0, 4.0, 4.0], vec![2.0, 2.0, 2.0, 2.0]];
    let (ratios, best) = by_the_other_half(&[6.0, 6.0, 8.0, 8.0], &all, &[0, 0, 1, 1]).unwrap();
    assert_eq!((ratios, best), (vec![3.0, 3.0, 2.0, 2.0], vec![1, 0]));
}

#[test]
fn half_a_sweep_has_no_best() {
    let all = [vec![1.0, 1.0]];
    assert_eq!(by_the_other_half(&[1.0, 1.0], &all, &[0, 0]), None);
    assert_eq!(by_the_other_half(&[1.0], &all, &[0, 1]), None);
    assert_eq!(by_the_other_half(&[], &[], &[]), None);
    assert_eq!(by_the_other_half(&[1.0, 1.0], &[], &[0, 1]), None);
}

#[test]
fn a_claim_that_holds_for_some_is_shown_with_one_of_them() {
    let finding = |verdict, low: f64, name: &str| {
        Finding::of_interval(verdict, name, Some(interval(low, low * 1.1)), format!("of {name}"))
    };
    let mixed = in_general(vec![
        finding(Verdict::Contradicted, 0.8, "linear"),
        finding(Verdict::Reproduced, 1.9, "bimodal"),
        finding(Verdict::Reproduced, 1.3, "heavy"),
    ]);
    assert_eq!((mixed.verdict, mixed.quantity.as_str()), (Verdict::DirectionOnlyWeaker, "heavy"));
    assert_eq!(mixed.because, "of linear; of bimodal; of heavy");
    let none = in_general(vec![
        finding(Verdict::Inconclusive, 0.95, "linear"),
        finding(Verdict::Contradicted, 0.8, "bimodal"),
    ]);
    assert_eq!((none.verdict, none.quantity.as_str()), (Verdict::Contradicted, "bimodal"));
    let all = in_general(vec![finding(Verdict::Reproduced, 1.2, "linear")]);
    assert_eq!((all.verdict, all.because.as_str()), (Verdict::Reproduced, "of linear"));
}
