//! The lesson `start_cost` from outside: what is counted exactly, what is gone, and that odd sizes are right or refused.
//!
//! `lab` itself reports a subject that leaves a process behind as failed, so that every row that is ok left none.

use experiments::start_cost::LESSON;
use record::{Judgement, Params, Profile, VariantResult, Verdict};

use crate::house::House;
use crate::lab::Answered;
use crate::rows::{judged, row};

/// The smallest sizes at which everything happens.
const SMALL: [&str; 6] =
    ["starts=2", "task_ms=20", "interval_us=500", "resident_mib=12", "inherited_mib=1", "trials=1"];

fn run(variants: &[&str], settings: &[&str]) -> Answered {
    let mut arguments = vec!["run", "start_cost"];
    arguments.extend(variants);
    arguments.push("--json");
    SMALL.iter().chain(settings).for_each(|setting| arguments.extend(["--set", setting]));
    let answered = House::bare().lab(&arguments).check(0).answered();
    let oracle = answered.variants[0].answer.clone();
    assert!(oracle.is_some());
    for row in &answered.variants {
        let not_here = row.notes.contains_key("not_here");
        assert!(row.ok && (row.answer == oracle || not_here), "{settings:?}: {row:?}");
    }
    answered
}

fn calls_and_bytes(row: &VariantResult) -> [(u64, u64); 2] {
    [row.counters.dumps, row.counters.loads].map(|traffic| (traffic.calls, traffic.bytes))
}

#[test]
fn a_thread_and_a_fork_are_sent_nothing_and_a_spawned_process_its_call() {
    let answered = run(&["serial", "thread", "fork", "forkserver", "spawn"], &["starts=3"]);
    let starts = |name: &str| (answered.variant(name).facts["starts"], answered.variant(name).iterations);
    assert_eq!((starts("serial").1, starts("serial").0), (288, 0));
    assert_eq!((starts("thread"), starts("fork")), ((96, 96), (6, 6)));
    assert_eq!((starts("forkserver"), starts("spawn")), ((6, 6), (3, 3)));
    for name in ["serial", "thread", "fork"] {
        assert_eq!(calls_and_bytes(answered.variant(name)), [(0, 0); 2], "{name}");
    }
    let served = calls_and_bytes(answered.variant("forkserver"));
    let spawned = calls_and_bytes(answered.variant("spawn"));
    // A call on one side and a result on the other, for each start; and what is dumped is loaded.
    assert!(
        served[0].0 > 0 && served[0].0.is_multiple_of(6) && spawned[0].0.is_multiple_of(3),
        "{served:?} {spawned:?}"
    );
    assert_eq!(served[0].0, 2 * spawned[0].0);
}

#[test]
fn inherited_data_is_serialised_nowhere_and_copied_when_it_is_written() {
    let answered = run(&["serial", "inherited", "sent"], &["inherited_mib=8"]);
    let inherited = answered.variant("inherited");
    assert_eq!(calls_and_bytes(inherited), [(0, 0); 2]);
    assert_eq!(inherited.counters.writes.bytes, 0);
    let fact = |name: &str| inherited.facts[name];
    assert_eq!((fact("pages"), fact("data_bytes")), (2_048, 8 << 20));
    // Larger pages are copied by fewer faults.
    if fact("huge_bytes") == 0 {
        assert!(fact("write_faults") >= fact("pages"), "{:?}", inherited.facts);
    }
    assert!(fact("read_faults") < fact("write_faults") && fact("rewrite_faults") < fact("write_faults"));
    let sent = answered.variant("sent");
    assert!(sent.counters.dumps.bytes > 8 << 20, "{:?}", sent.counters);
    assert!(sent.counters.loads.bytes > 8 << 20, "{:?}", sent.counters);
}

#[test]
fn a_daemon_is_gone_however_its_parent_ended_and_a_plain_child_is_not() {
    let answered = run(&["serial", "daemons", "orphans"], &["trials=2"]);
    let daemons = answered.variant("daemons");
    for method in ["fork", "forkserver", "spawn"] {
        for end in ["returned", "left", "killed"] {
            assert_eq!(daemons.facts[&format!("{method}_{end}_gone")], 2, "{method} {end}");
        }
    }
    let orphans = answered.variant("orphans");
    if !orphans.notes.contains_key("not_here") {
        assert_eq!((orphans.facts["lived_on"], orphans.facts["trials"]), (2, 2));
    }
}

#[test]
fn a_daemon_is_joined_and_waited_for() {
    let answered = run(&["serial", "join_daemon"], &["trials=2"]);
    let facts = &answered.variant("join_daemon").facts;
    let counts = ["trials", "joined", "waited", "terminated", "killed"].map(|name| facts[name]);
    assert_eq!(counts, [6, 6, 12, 6, 6]);
}

/// A task looks at the clock, so that no way of running it is over before; what was done is counted.
#[test]
fn tasks_take_their_time_and_count_what_they_did() {
    let answered = run(&["serial", "two_processes", "two_threads", "two_threads_gil"], &["task_ms=30"]);
    for name in ["two_processes", "two_threads", "two_threads_gil"] {
        let row = answered.variant(name);
        let each = &row.series["calls_of_each"];
        assert!(each.len() == 2 && each.iter().all(|calls| *calls >= 1), "{name}: {each:?}");
        assert_eq!((each.iter().sum::<u64>(), row.facts["calls"]), (row.iterations, row.iterations), "{name}");
        assert!(row.facts["wall_ns"] >= 30_000_000 && row.facts["task_ns"] == 30_000_000, "{name}");
    }
    assert!(answered.variant("two_threads_gil").facts["gil_switches"] >= 2);
}

#[test]
fn a_pool_for_each_map_starts_its_workers_each_time() {
    let answered = run(&["serial", "pool_per_map", "pool_reused"], &["starts=3", "workers=3"]);
    let processes = |name: &str| answered.variant(name).facts["processes"];
    assert_eq!((processes("pool_per_map"), processes("pool_reused")), (36, 3));
    for name in ["pool_per_map", "pool_reused"] {
        assert_eq!((answered.variant(name).counters.tasks, answered.variant(name).iterations), (36, 12), "{name}");
    }
}

#[test]
fn the_sweep_covers_every_size_with_every_kind() {
    let row = run(&["serial", "resident"], &["resident_mib=41"]);
    let series = &row.variant("resident").series;
    assert_eq!(series["resident_bytes"], [10 << 20, 40 << 20, 41 << 20]);
    for kind in ["thread_ns", "fork_ns", "forkserver_ns", "spawn_ns"] {
        assert!(series[kind].len() == 3 && series[kind].iter().all(|ns| *ns > 0), "{kind}");
    }
    assert!(row.variant("resident").facts["rss_bytes"] > 41 << 20);
}

#[test]
fn nothing_one_and_more_workers_than_cores() {
    run(&[], &["resident_mib=0", "inherited_mib=0", "starts=1", "task_ms=1", "workers=1"]);
    run(&["serial", "two_processes", "two_threads_gil", "pool_reused"], &["workers=13", "interval_us=1", "task_ms=7"]);
}

#[test]
fn what_is_too_large_or_too_small_is_refused() {
    for setting in [
        "starts=0",
        "starts=10001",
        "workers=0",
        "workers=65",
        "task_ms=0",
        "interval_us=0",
        "trials=0",
        "inherited_mib=1001",
    ] {
        let ended = House::bare().lab(&["run", "start_cost", "--set", setting]).check(2);
        assert!(ended.stderr.contains(setting) && ended.stderr.contains("allowed:"), "{}", ended.stderr);
    }
}

fn params(settings: &[(&str, u64)]) -> Params {
    let settings: Vec<(String, u64)> = settings.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    LESSON.params(Profile::Post, &settings).unwrap()
}

/// A row with these facts, of a variant that took so many milliseconds.
fn with(name: &str, ms: u64, facts: &[(&str, u64)]) -> VariantResult {
    let facts = facts.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    VariantResult { facts, ..row(name, ms) }
}

fn by_the_clock(variant: &str, wall: u64, ms: u64, settings: &[(&str, u64)], claim: &str) -> Judgement {
    let task = with(variant, ms, &[("wall_ns", wall), ("task_ns", 1_000)]);
    judged(&LESSON, params(settings), &[row("serial", 100), task], claim)
}

#[test]
fn the_two_tasks_are_judged_by_time_and_told_by_work() {
    let processes = |wall, settings: &[(&str, u64)]| {
        by_the_clock("two_processes", wall, 50, settings, "cpu.two-processes-three-seconds")
    };
    let judgement = processes(1_004, &[]);
    assert_eq!((judgement.verdict, judgement.n), (Verdict::Reproduced, 20));
    assert!(judgement.because.contains("2.01 times the work of one"), "{}", judgement.because);
    assert_eq!(processes(2_000, &[]).verdict, Verdict::Contradicted);
    assert_eq!(processes(1_004, &[("workers", 3)]).verdict, Verdict::NotTestableHere);
    assert_eq!(processes(1_004, &[("task_ms", 49)]).verdict, Verdict::NotTestableHere);
    let short = |wall| processes(wall, &[("task_ms", 50)]);
    assert!(short(1_004).because.starts_with("with tasks of 50 ms in place of 3000: "));
    assert_eq!((short(1_004).verdict, short(1_500).verdict), (Verdict::Reproduced, Verdict::Inconclusive));

    let threads = |wall| by_the_clock("two_threads_gil", wall, 100, &[], "cpu.threads-would-take-six");
    let judgement = threads(1_004);
    assert_eq!(judgement.verdict, Verdict::Contradicted);
    assert!(judgement.because.contains("would take 2.0 times as long"), "{}", judgement.because);
    assert_eq!(threads(2_000).verdict, Verdict::Reproduced);
}

fn daemons(returned: u64, trials: u64) -> Judgement {
    let mut facts = vec![("trials", trials)];
    for name in ["fork_left_gone", "fork_killed_gone", "forkserver_left_gone", "forkserver_killed_gone"] {
        facts.push((name, trials));
    }
    facts.extend([("spawn_left_gone", trials), ("spawn_killed_gone", trials)]);
    facts
        .extend(["fork_returned_gone", "forkserver_returned_gone", "spawn_returned_gone"].map(|name| (name, returned)));
    let rows = [row("serial", 1), with("daemons", 5, &facts), with("orphans", 5, &[("trials", 1), ("lived_on", 1)])];
    judged(&LESSON, params(&[]), &rows, "cpu.daemon-dies")
}

#[test]
fn a_behaviour_is_seen_in_every_one_of_enough_trials() {
    let judgement = daemons(2, 2);
    assert_eq!((judgement.verdict, judgement.n, judgement.share), (Verdict::Reproduced, 120, true));
    assert!(judgement.because.contains("20 of 20 outlived a parent"), "{}", judgement.because);
    // 60 trials are fewer than the ledger asks for.
    assert_eq!(daemons(1, 1).verdict, Verdict::Inconclusive);
    assert_eq!(daemons(1, 2).verdict, Verdict::DirectionOnlyWeaker);
    assert_eq!(daemons(0, 2).verdict, Verdict::Contradicted);
}

#[test]
fn joins_that_work_contradict_and_other_claims_need_what_they_need() {
    let join = |joined| {
        let facts = [("trials", 5), ("joined", joined), ("waited", 10), ("terminated", 5), ("killed", 5)];
        let rows = [row("serial", 1), with("join_daemon", 5, &facts)];
        judged(&LESSON, params(&[]), &rows, "cpu.daemon-cannot-join").verdict
    };
    assert_eq!((join(5), join(4)), (Verdict::Contradicted, Verdict::DirectionOnlyWeaker));

    let pools = |per_map| {
        let reused = with("pool_reused", 10, &[("maps", 40), ("processes", 2)]);
        let rows = [row("serial", 1), row("pool_per_map", per_map), reused];
        judged(&LESSON, params(&[]), &rows, "tuning.startup-reuse").verdict
    };
    assert_eq!((pools(50), pools(5)), (Verdict::Reproduced, Verdict::Contradicted));

    let alone = [row("serial", 1), row("spawn", 30)];
    let judgement = judged(&LESSON, params(&[]), &alone, "cpu.spawn-cost");
    assert_eq!(judgement.verdict, Verdict::NotTestableHere);
    assert!(judgement.because.contains("spawn 29.0 ms"), "{}", judgement.because);
    let judgement = judged(&LESSON, params(&[]), &alone, "performance.fork-default-ends");
    assert_eq!((judgement.verdict, judgement.because.contains("no python3 here")), (Verdict::NotTestableHere, true));
}

#[test]
fn inheriting_is_judged_by_the_bytes_that_crossed() {
    let judged_at = |bytes: u64, data: u64| {
        let mut child = with("inherited", 5, &[("data_bytes", data), ("pages", 1), ("write_faults", 1)]);
        child.counters.dumps.bytes = bytes;
        judged(&LESSON, params(&[]), &[row("serial", 1), child], "performance.fork-inherits").verdict
    };
    assert_eq!(judged_at(0, 1 << 20), Verdict::Reproduced);
    assert_eq!(judged_at(1, 1 << 20), Verdict::Contradicted);
    assert_eq!(judged_at(0, 0), Verdict::NotTestableHere);
}
