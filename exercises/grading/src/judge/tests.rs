//! Points follow from observations, whatever the machine.

use super::*;

fn bounds(full: f64, none: f64) -> Bounds {
    Bounds { counts: "bytes".into(), full, none }
}

fn exercise(tests: Vec<Test>) -> Exercise {
    let skeleton = crate::manifest::Expected { test: "answer".into(), status: "FAIL".into(), says: "".into() };
    Exercise {
        name: "lesson_name".into(),
        lesson: "lesson".into(),
        title: "".into(),
        minutes: 10,
        hints: ["a".into(), "b".into(), "c".into()],
        deadline_s: 10,
        memory_mib: 512,
        tests,
        refused: Vec::new(),
        skeleton,
        folder: "lesson_name".into(),
    }
}

fn test(name: &str, points: u32, needs: Option<&str>, bounds: Option<Bounds>) -> Test {
    let case = Some("case".to_owned());
    Test { name: name.into(), what: "".into(), points, case, needs: needs.map(Into::into), bounds }
}

fn holds(test: &str, fine: bool) -> Observed {
    Observed::Holds { test: test.into(), fine, saw: "saw".into() }
}

fn count(test: &str, counted: u64) -> Observed {
    Observed::Count { test: test.into(), counted }
}

fn graded(tests: Vec<Test>, observed: Vec<Observed>, broke: Option<(Status, String)>, left: u64) -> Vec<(Status, f64)> {
    let ends = BTreeMap::from([("case", CaseEnd { observed, broke, left_running: left, left_files: Vec::new() })]);
    judge(&exercise(tests), &ends, &[]).into_iter().map(|test| (test.status, test.points)).collect()
}

#[test]
fn counts_get_full_points_none_or_a_linear_part() {
    for (counted, expected) in [
        (0, (Status::Pass, 4.0)),
        (100, (Status::Pass, 4.0)),
        (150, (Status::Partial, 2.0)),
        (200, (Status::Fail, 0.0)),
        (900, (Status::Fail, 0.0)),
    ] {
        let tests = vec![test("bytes", 4, None, Some(bounds(100.0, 200.0)))];
        assert_eq!(graded(tests, vec![count("bytes", counted)], None, 0), [expected], "{counted}");
    }
}

#[test]
fn a_count_may_have_to_be_large() {
    let tests = vec![test("done", 4, None, Some(bounds(10.0, 0.0)))];
    assert_eq!(graded(tests.clone(), vec![count("done", 5)], None, 0), [(Status::Partial, 2.0)]);
    let nothing = graded(tests, vec![count("done", 0)], None, 0);
    assert!(nothing[0].1.is_sign_positive(), "-0 points");
}

#[test]
fn what_needs_a_right_answer_is_worth_nothing_without_it() {
    let tests = vec![test("answer", 2, None, None), test("bytes", 4, Some("answer"), Some(bounds(1.0, 2.0)))];
    let seen = vec![holds("answer", false), count("bytes", 0)];
    assert_eq!(graded(tests, seen, None, 0), [(Status::Fail, 0.0), (Status::Fail, 0.0)]);
}

#[test]
fn what_needs_an_answer_that_this_machine_cannot_tell_cannot_be_told_either() {
    let tests = vec![test("answer", 2, None, None), test("bytes", 4, Some("answer"), Some(bounds(1.0, 2.0)))];
    let not_here = Observed::NotHere { test: "answer".into(), reason: "no network".into() };
    let seen = vec![not_here, count("bytes", 0)];
    assert_eq!(graded(tests, seen, None, 0), [(Status::Ungradable, 0.0), (Status::Ungradable, 0.0)]);
}

#[test]
fn a_case_that_broke_is_believed_in_nothing() {
    let tests = vec![test("answer", 2, None, None)];
    let broke = Some((Status::Timeout, "late".to_owned()));
    assert_eq!(graded(tests, vec![holds("answer", true)], broke, 0), [(Status::Timeout, 0.0)]);
}

#[test]
fn processes_left_running_spoil_a_case() {
    let tests = vec![test("answer", 2, None, None)];
    assert_eq!(graded(tests, vec![holds("answer", true)], None, 1), [(Status::Fail, 0.0)]);
}

#[test]
fn a_test_nobody_spoke_of_or_twice_is_an_error() {
    let one = || vec![test("answer", 2, None, None)];
    assert_eq!(graded(one(), vec![], None, 0), [(Status::Error, 0.0)]);
    assert_eq!(graded(one(), vec![holds("answer", false), holds("answer", true)], None, 0), [(Status::Error, 0.0)]);
}

fn times(submission: u64, jitter: u64) -> Observed {
    let around = |middle: u64| (0..9).map(|round| middle + round % 3 * jitter).collect::<Vec<u64>>();
    let again = around(1000).into_iter().rev().collect();
    Observed::Times { test: "fast".into(), reference: around(1000), submission: around(submission), again }
}

#[test]
fn a_ratio_of_times_is_judged_where_the_machine_can_tell_and_nowhere_else() {
    let tests = || vec![test("fast", 4, None, Some(bounds(1.5, 3.0)))];
    assert_eq!(graded(tests(), vec![times(1200, 1)], None, 0), [(Status::Pass, 4.0)]);
    assert_eq!(graded(tests(), vec![times(5000, 1)], None, 0), [(Status::Fail, 0.0)]);
    assert_eq!(graded(tests(), vec![times(2000, 4000)], None, 0), [(Status::Ungradable, 0.0)]);
}

#[test]
fn the_feedback_says_what_was_counted_and_what_was_expected() {
    let (_, _, feedback) = by_bounds(41_234_567.0, &bounds(100_000.0, 40_000_000.0));
    assert_eq!(feedback, "41,234,567 bytes; full points up to 100,000, none from 40,000,000 on");
    let (_, _, feedback) = by_bounds(3.0, &bounds(10.0, 0.0));
    assert_eq!(feedback, "3 bytes; full points from 10, none at 0 and below");
}
