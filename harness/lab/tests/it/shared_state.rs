//! Lesson `shared_state`: every request counted, what is one step loses nothing, and what is two says what it lost.

use experiments::shared_state::LESSON;
use record::{Fault, Profile, VariantResult, Verdict};

use crate::house::House;
use crate::lab::Answered;
use crate::rows::{judged, row};

fn run(workers: u64, increments: u64, rounds: u64) -> Answered {
    let settings = [format!("workers={workers}"), format!("increments={increments}"), format!("rounds={rounds}")];
    let mut arguments = vec!["run", "shared_state", "--profile", "quick", "--json", "--set", "trials=2"];
    settings.iter().for_each(|setting| arguments.extend(["--set", setting]));
    House::bare().lab(&arguments).check(0).answered()
}

/// Demands the right sum of all that loses nothing, and an honest count of all that may.
#[track_caller]
fn check(answered: &Answered, workers: u64, increments: u64) {
    assert_eq!(answered.variants.len(), 10);
    for row in &answered.variants {
        let name = row.name.as_str();
        assert!(row.ok, "{row:?}");
        if row.demonstrates.is_none() {
            assert_eq!(row.answer.as_deref(), Some((workers * increments).to_string().as_str()), "{name}");
            continue;
        }
        let finals = &row.series["final_values"];
        let lossy = finals.iter().filter(|value| **value < row.facts["expected"]).count() as u64;
        assert_eq!((finals.len(), row.facts["faults"]), (2, lossy), "{name}");
        assert!(finals.iter().all(|value| *value <= row.facts["expected"]), "{name}: {finals:?}");
        assert!(lossy > 0 || row.notes.contains_key("no_room"), "{name}: {:?}", row.notes);
        assert_eq!(row.series["sweep_increments"].len(), row.series["sweep_kept_thousandths"].len(), "{name}");
    }
}

#[test]
fn an_increment_of_a_managers_value_is_two_requests() {
    let answered = run(4, 100, 200);
    check(&answered, 4, 100);
    let asked = |name: &str| {
        let facts = &answered.variant(name).facts;
        ["increments", "requests", "get_requests", "set_requests"].map(|fact| facts[fact])
    };
    // Two trials of 100 increments each, and a sweep of 1, 3, 10, 32 and 100, all by four processes.
    let increments = 4 * (2 * 100 + 146);
    assert_eq!(asked("manager_get_set"), [increments, 2 * increments, increments, increments]);
    assert_eq!(asked("manager_locked"), [400, 4 * 400, 400, 400]);
    assert_eq!(asked("manager_add"), [400, 400, 0, 0]);
    for name in ["value_get_set", "value_locked", "array_locked", "raw_get_set", "atomic", "own_sums"] {
        let row = answered.variant(name);
        assert_eq!((row.processes.len(), row.counters.messages), (5, 0), "{name}: shared memory sends nothing");
    }
}

#[test]
fn one_process_and_no_increment_leave_nothing_to_lose() {
    check(&run(1, 97, 3), 1, 97);
    check(&run(7, 0, 3), 7, 0);
}

#[test]
fn more_processes_than_increments_are_right() {
    check(&run(13, 1, 1), 13, 1);
}

#[test]
fn counts_that_are_too_large_are_refused() {
    let ended = House::bare().lab(&["run", "shared_state", "--set", "increments=100001"]).check(2);
    assert!(ended.stderr.contains("increments=100001 is out of range for lesson shared_state"), "{}", ended.stderr);
    House::bare().lab(&["run", "shared_state", "--set", "workers=0"]).check(2);
    House::bare().lab(&["run", "shared_state", "--set", "trials=0"]).check(2);
}

/// A subject of the post's counter with these final values.
fn lossy(finals: &[u64], requests: u64) -> VariantResult {
    let facts = [("increments", 4_000), ("requests", requests), ("get_requests", requests / 2)];
    VariantResult {
        demonstrates: Some(Fault::LostUpdates),
        facts: facts.map(|(name, value)| (name.to_owned(), value)).into(),
        series: [("final_values".to_owned(), finals.to_vec())].into(),
        ..row("manager_get_set", 100)
    }
}

/// The verdict on a claim from twenty such subjects, with so many increments.
fn judge(increments: u64, subject: VariantResult, claim: &str) -> (Verdict, String) {
    let params = LESSON.params(Profile::Post, &[("increments".to_owned(), increments)]).unwrap();
    let judgement = judged(&LESSON, params, &[row("serial", 1), subject], claim);
    (judgement.verdict, judgement.because)
}

#[test]
fn a_trial_that_lost_something_contradicts_the_count() {
    let claim = "cpu.manager-counter-4000";
    let (verdict, because) = judge(1_000, lossy(&[1_483, 4_000, 4_000, 4_000, 4_000], 8_000), claim);
    assert!(
        verdict == Verdict::Contradicted && because.contains("80 of 100 trials, and from 1483 to 4000"),
        "{because}"
    );
    assert_eq!(judge(1_000, lossy(&[4_000; 5], 8_000), claim).0, Verdict::Reproduced);
    assert_eq!(judge(1_000, lossy(&[4_000; 4], 8_000), claim).0, Verdict::Inconclusive);
    assert_eq!(judge(10, lossy(&[40; 5], 8_000), claim).0, Verdict::NotTestableHere);
}

#[test]
fn requests_are_judged_by_what_the_server_counted() {
    let (verdict, because) = judge(1_000, lossy(&[1; 5], 8_000), "cpu.manager-rpcs");
    assert!(verdict == Verdict::Contradicted && because.contains("8000 requests for 4000 increments"), "{because}");
    assert_eq!(judge(1_000, lossy(&[1; 5], 4_000), "cpu.manager-rpcs").0, Verdict::Reproduced);
}

/// The verdict on shared memory that takes so many milliseconds where a request takes 100.
fn value_faster(value: u64, array: u64) -> Verdict {
    let params = LESSON.params(Profile::Post, &[]).unwrap();
    let rows = [row("serial", 1), row("manager_add", 100), row("value_locked", value), row("array_locked", array)];
    judged(&LESSON, params, &rows, "cpu.value-faster-than-manager").verdict
}

#[test]
fn a_value_and_an_array_must_both_be_faster() {
    assert_eq!(value_faster(10, 20), Verdict::Reproduced);
    assert_eq!(value_faster(200, 200), Verdict::Contradicted);
    assert_eq!(value_faster(10, 200), Verdict::Inconclusive);
}
