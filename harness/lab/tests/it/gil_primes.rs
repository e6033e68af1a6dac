//! The lesson `gil_primes` from outside: what it counts, and that odd sizes are right or refused.

use experiments::gil_primes::LESSON;
use record::{ProcessReport, Profile, VariantResult, Verdict};

use crate::house::House;
use crate::lab::Answered;
use crate::rows::{judged, row};

/// The variants that divide, each with its facts about divisions.
const VARIANTS: usize = 13;

fn run(settings: &[&str]) -> Answered {
    let small = ["rounds=2", "requests=1", "interval_us=200"];
    let mut arguments = vec!["run", "gil_primes", "--profile", "quick", "--json"];
    small.iter().chain(settings).for_each(|setting| arguments.extend(["--set", setting]));
    House::bare().lab(&arguments).check(0).answered()
}

/// Runs every variant and demands `primes` of each, and as many divisions of each that divides as the loop makes.
#[track_caller]
fn check_right(settings: &[&str], primes: &str) -> Answered {
    let answered = run(settings);
    assert_eq!(answered.variants.len(), VARIANTS);
    let divisions = answered.variant("serial").facts["divisions"];
    for row in &answered.variants {
        assert!(row.ok && row.answer.as_deref() == Some(primes), "{settings:?}: {row:?}");
        assert_eq!(row.facts.get("divisions").copied(), (row.name != "sieve").then_some(divisions), "{}", row.name);
    }
    answered
}

/// The post "Python Multiprocessing for CPU-Bound Parallelism" counts 9592 primes below 100,000. How uneven its split is follows from the divisions alone.
#[test]
fn the_post_s_count_comes_out_and_its_second_half_holds_most_of_the_work() {
    let answered = check_right(&[], "9592");
    let fact = |variant: &str, name: &str| answered.variant(variant).facts[name];
    assert_eq!(fact("serial", "first_half_divisions"), 1_055_975);
    assert_eq!(fact("serial", "second_half_divisions"), 1_689_718);
    assert_eq!(fact("serial", "divisions"), 2_745_693);
    for split in ["threads_gil_post_split", "threads_post_split", "processes_post_split", "processes_started"] {
        assert_eq!(fact(split, "largest_part_divisions"), 1_689_718, "{split}");
    }
    for split in ["threads_gil_fair_split", "threads_fair_split", "processes_fair_split"] {
        assert!(fact(split, "largest_part_divisions") < 1_380_000, "{split}");
    }
}

#[test]
fn no_numbers_at_all() {
    check_right(&["end=0"], "0");
    check_right(&["start=100", "end=100"], "0");
    check_right(&["start=100", "end=90"], "0");
}

#[test]
fn numbers_before_the_first_prime_and_at_it() {
    check_right(&["start=0", "end=2"], "0");
    check_right(&["end=3"], "1");
}

#[test]
fn a_range_that_no_split_divides_evenly() {
    check_right(&["start=89", "end=98", "workers=3"], "2");
}

#[test]
fn more_workers_than_numbers() {
    check_right(&["end=5", "workers=9", "rounds=1"], "2");
}

#[test]
fn one_worker() {
    check_right(&["end=1009", "workers=1"], "168");
}

#[test]
fn what_is_too_large_or_too_small_is_refused() {
    for setting in ["end=100000001", "workers=0", "rounds=0", "interval_us=0", "requests=0", "start=-1"] {
        let ended = House::bare().lab(&["run", "gil_primes", "--set", setting]).check(2);
        assert!(ended.stderr.contains(setting.split('=').next().unwrap()), "{}", ended.stderr);
    }
}

/// A pool of two gets two tasks a round, and ends with a sentinel for each worker and two for the result handler.
#[test]
fn what_crosses_to_processes_is_counted_exactly() {
    let answered = run(&["end=2000", "rounds=3"]);
    let counts = |row: &VariantResult| {
        let parent = &row.processes[0];
        (row.processes.len(), row.counters.tasks, parent.dumps.calls, parent.loads.calls)
    };
    assert_eq!(counts(answered.variant("processes_post_split")), (3, 6, 3 * 6, 3 * 3));
    assert_eq!(counts(answered.variant("processes_fair_split")), (3, 6, 3 * 6, 3 * 3));
    // A spawned worker is sent a preparation as well.
    assert_eq!(counts(answered.variant("processes_spawn")), (3, 6, 3 * 8, 3 * 3));
    // Its start and its warm-up are counted nowhere; its end is counted though not timed.
    let started = answered.variant("processes_started");
    assert_eq!(counts(started), (3, 6, 6 + 4, 6 + 1));
    let inside = ProcessReport::total(&started.processes[1..]);
    assert_eq!((inside.tasks, inside.messages, inside.dumps.calls, inside.loads.calls), (6, 6, 6, 6 + 2));
}

#[test]
fn the_lock_is_logged_and_its_log_agrees_with_its_counts() {
    let answered = run(&["rounds=4"]);
    let alone = answered.variant("serial_gil");
    assert_eq!((alone.facts["gil_switches"], alone.facts["gil_waits"], alone.facts["gil_drop_requests"]), (1, 0, 0));
    for name in ["threads_gil_post_split", "threads_gil_fair_split", "threads_gil_echo"] {
        let row = answered.variant(name);
        let (at, holders) = (&row.series["gil_changes_ns"], &row.series["gil_holders"]);
        assert!(at.is_sorted() && at.len() == holders.len(), "{name}");
        // Taken and dropped in turn: never two holders.
        assert!(
            holders.iter().enumerate().all(|(place, holder)| (place % 2 == 0) == (*holder > 0)),
            "{name}: {holders:?}"
        );
        let takers: Vec<u64> = holders.iter().copied().filter(|holder| *holder > 0).collect();
        let switches = 1 + takers.windows(2).filter(|pair| pair[0] != pair[1]).count() as u64;
        assert_eq!(row.facts["gil_switches"], switches, "{name}");
        assert!(row.facts["gil_yields"] <= row.facts["gil_drop_requests"], "{name}: {:?}", row.facts);
    }
}

#[test]
fn every_load_of_the_server_is_measured() {
    let answered = run(&["requests=3"]);
    let row = answered.variant("threads_gil_echo");
    let loads: Vec<_> = row.series.iter().filter(|(name, _)| name.starts_with("latencies_")).collect();
    assert_eq!(loads.len(), 6);
    for (name, latencies) in loads {
        assert_eq!(latencies.len(), 3, "{name}");
        assert!(row.facts[&name.replace("latencies_", "latency_")] > 0, "{name}");
    }
}

/// The verdict on two threads that take 1.2 times as long as one, with `setting`, and why.
fn threads_slower(setting: Option<(&str, u64)>) -> (Verdict, String) {
    let settings: Vec<_> = setting.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let params = LESSON.params(Profile::Quick, &settings).unwrap();
    let facts = [("gil_switches".to_owned(), 40)].into();
    let threads = VariantResult { facts, ..row("threads_gil_post_split", 120) };
    let rows = [row("serial", 90), row("serial_gil", 100), threads];
    let judgement = judged(&LESSON, params, &rows, "cpu.threads-slower");
    (judgement.verdict, judgement.because)
}

#[test]
fn threads_are_judged_on_the_post_s_own_program() {
    let (verdict, because) = threads_slower(None);
    assert!(verdict != Verdict::NotTestableHere && because.starts_with("two threads under one lock"), "{because}");
    assert_eq!(threads_slower(Some(("start", 0))).0, verdict, "there is no prime below 2");
    for (setting, why) in [
        (("workers", 1), "the post's program has workers=2, and this run had 1; one thread under"),
        (("workers", 3), "the post's program has workers=2, and this run had 3; 3 threads under"),
        (("start", 3), "start=2, and this run had 3"),
        (("end", 99_999), "end=100000, and this run had 99999"),
        (("interval_us", 500), "interval_us=5000, and this run had 500"),
    ] {
        let (verdict, because) = threads_slower(Some(setting));
        assert!(verdict == Verdict::NotTestableHere && because.contains(why), "{because}");
    }
}
