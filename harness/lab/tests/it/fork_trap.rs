//! The lesson `fork_trap` from outside: what is caught always, what never, and nothing is left.
//!
//! `lab` itself reports a subject that leaves a process behind as failed, so that every row that is ok left none.

use experiments::fork_trap::LESSON;
use record::{Fault, Judgement, Profile, VariantResult, Verdict};

use crate::house::House;
use crate::rows::{judged, row};

/// The traps that are set by a handshake, and the lock that each report must name.
const SURE_TRAPS: [(&str, &str); 4] = [
    ("mutex_held", "lock: the mutex, "),
    ("stderr_lock_held", "lock: the lock of standard error, "),
    ("once_lock_initialising", "lock: the OnceLock, "),
    ("rayon_pool_before", "lock: the latch of rayon's caller, "),
];

/// What answers in every trial.
const NEVER_HANG: [&str; 5] = ["fork_first", "posted_program_lock_recreated", "malloc_busy", "spawn", "forkserver"];

fn run(variants: &[&str], settings: &[&str]) -> Vec<VariantResult> {
    let mut arguments = vec!["run", "fork_trap"];
    arguments.extend(variants);
    arguments.push("--json");
    settings.iter().for_each(|setting| arguments.extend(["--set", setting]));
    let ended = House::bare().lab(&arguments);
    let rows = ended.answered().variants;
    // Whether the posted program hangs is a race. On a busy machine few trials may see no hang, and then it is not fine; all else is.
    let seen = |row: &VariantResult| row.ok || row.name == "posted_program" && row.facts["hung"] == 0;
    assert!(rows.iter().all(seen), "{rows:?}");
    ended.check(i32::from(!rows.iter().all(|row| row.ok)));
    rows
}

#[test]
fn a_lock_held_at_the_fork_hangs_every_child_and_every_report_names_it() {
    let rows = run(&SURE_TRAPS.map(|(name, _)| name), &["trials=25"]);
    for (name, lock) in SURE_TRAPS {
        let row = rows.iter().find(|row| row.name == name).unwrap();
        assert!(row.ok && row.answer.as_deref() == Some("0"), "{row:?}");
        for fact in ["hung", "faults", "trials", "proven", "named"] {
            assert_eq!(row.facts[fact], 25, "{name}: {fact}");
        }
        let report = &row.notes["report"];
        for line in [lock, "state: S, sleeping", "threads: 1", "FUTEX_PRIVATE, no timeout", "was ended by SIGKILL"] {
            assert!(report.contains(line), "{name}: '{line}' is missing in: {report}");
        }
    }
}

#[test]
fn what_copies_no_held_lock_never_hangs() {
    for row in run(&NEVER_HANG, &["trials=29", "delay_us_max=1000"]) {
        assert!(row.ok && row.answer.as_deref() == Some("29"), "{row:?}");
        assert_eq!((row.facts["hung"], row.facts["trials"]), (0, 29), "{}", row.name);
        assert!(!row.notes.contains_key("report"), "{}", row.name);
    }
}

#[test]
fn one_trial_of_everything() {
    let rows = run(&[], &["trials=1"]);
    assert_eq!(rows.len(), 10);
    for row in rows {
        assert!(row.facts["hung"] + row.answer.as_ref().unwrap().parse::<u64>().unwrap() == row.facts["trials"]);
    }
}

#[test]
fn the_posted_program_counts_its_trials_by_delay() {
    let rows = run(&["posted_program"], &["trials=5", "delay_us_max=300"]);
    let row = rows.iter().find(|row| row.name == "posted_program").unwrap();
    let delays = [0, 5, 10, 20, 35, 50, 200, 300];
    assert_eq!(row.series["delays_us"], delays);
    assert_eq!(row.series["trials"], [5; 8]);
    assert_eq!(row.series["hung"].iter().sum::<u64>(), row.facts["hung"]);
    assert_eq!(row.facts["trials"], 40);
    let waited = &row.series["waited_ns"];
    assert!(waited.len() == 8 && waited.iter().zip(delays).all(|(ns, us)| *ns >= us * 1_000), "{waited:?}");
}

/// `quick` has so many trials that a busy machine is no excuse.
#[test]
fn the_smallest_profile_shows_the_hang() {
    let answered =
        House::bare().lab(&["run", "fork_trap", "posted_program", "--profile", "quick", "--json"]).check(0).answered();
    assert!(answered.variant("posted_program").facts["hung"] > 0);
}

#[test]
fn a_thread_that_prints_nothing_leaves_the_hang_no_room() {
    let rows = run(&["posted_program"], &["trials=3", "prints=0"]);
    let row = rows.iter().find(|row| row.name == "posted_program").unwrap();
    assert!(row.ok && row.facts["hung"] == 0 && row.notes["no_room"].contains("0 lines"), "{row:?}");
}

#[test]
fn no_trials_are_refused() {
    let ended = House::bare().lab(&["run", "fork_trap", "--set", "trials=0"]).check(2);
    assert!(ended.stderr.contains("trials=0") && ended.stderr.contains("allowed: 1 to"), "{}", ended.stderr);
}

/// The judgement on twenty subjects of the posted program, in each of which so many of 60 children hung at once and a millisecond later.
fn deadlock(hung: [u64; 2]) -> Judgement {
    let seen = hung.iter().sum::<u64>();
    let posted = VariantResult {
        ok: seen > 0,
        demonstrates: Some(Fault::Hang),
        facts: [("hung", seen), ("trials", 120)].map(|(name, value)| (name.to_owned(), value)).into(),
        series: [("delays_us", [0, 1_000]), ("hung", hung), ("trials", [60; 2])]
            .map(|(name, values)| (name.to_owned(), values.to_vec()))
            .into(),
        ..row("posted_program", 100)
    };
    let params = LESSON.params(Profile::Post, &[]).unwrap();
    judged(&LESSON, params, &[row("fork_first", 100), posted], "performance.fork-deadlock")
}

#[test]
fn subjects_in_which_nothing_hung_count_in_the_verdict() {
    for (hung, verdict) in [
        ([60, 60], Verdict::Reproduced),
        ([0, 60], Verdict::DirectionOnlyWeaker),
        ([0, 6], Verdict::Inconclusive),
        ([0, 0], Verdict::Contradicted),
    ] {
        let judgement = deadlock(hung);
        let found = (judgement.verdict, judgement.n, judgement.share);
        assert_eq!(found, (verdict, 1_200, true), "{hung:?}: {}", judgement.because);
    }
}
