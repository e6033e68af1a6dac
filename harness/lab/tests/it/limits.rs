//! `lab limits`: every limit is there or says why it is not, and did what it says. No test knows how fast a machine is.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use record::{Run, Subject};
use serde_json::Value;

use crate::house::House;
use crate::lab::{Ended, Lab};

const NAMES: [&str; 20] = [
    "spin_round_trip",
    "futex_round_trip_same_core",
    "futex_round_trip_two_cores",
    "pipe_round_trip_same_core",
    "pipe_round_trip_two_cores",
    "socket_round_trip_same_core",
    "socket_round_trip_two_cores",
    "copy_one_core",
    "copy_all_cores",
    "read_one_core",
    "read_all_cores",
    "bulk_pipe_4k",
    "bulk_pipe_64k",
    "bulk_pipe_256k",
    "bulk_pipe_1m",
    "bulk_socket",
    "fork_wait_small",
    "fork_wait_100m",
    "fork_wait_1g",
    "exec_wait",
];

/// One pass over all of them, which several tests look at.
struct Measured {
    json: Value,
    run: Run,
}

static MEASURED: LazyLock<Measured> = LazyLock::new(|| {
    let house = House::bare();
    let json = one_line(&limits(&house, &["--json"]));
    house.check_tidy();
    let (path, _) = house.run_so_far().unwrap();
    Measured { json, run: Run::read(&path).unwrap() }
});

#[track_caller]
fn limits(house: &House, arguments: &[&str]) -> Ended {
    house.lab(&[&["limits", "--profile", "quick", "--passes", "1"], arguments].concat()).check(0)
}

#[track_caller]
fn one_line(ended: &Ended) -> Value {
    assert!(ended.stdout.ends_with('\n') && ended.stdout.matches('\n').count() == 1, "{ended:?}");
    serde_json::from_str(&ended.stdout).unwrap()
}

/// The rows of what was measured here, by name.
fn rows() -> BTreeMap<&'static str, &'static Subject> {
    let here = MEASURED.run.subjects.iter().filter(|row| row.result.elapsed_ns.is_some());
    here.map(|row| (row.result.name.as_str(), row)).collect()
}

#[test]
fn every_limit_is_there_or_says_why_not() {
    let json = &MEASURED.json;
    assert!(json["environment"]["usable_cores"].as_u64().unwrap() >= 1, "{json}");
    let limits = json["limits"].as_array().unwrap();
    assert_eq!(limits.iter().map(|limit| limit["name"].as_str().unwrap()).collect::<Vec<_>>(), NAMES);
    for limit in limits {
        let keys: Vec<&str> = limit.as_object().unwrap().keys().map(String::as_str).collect();
        let mut all = ["name", "about", "n", "ns", "bytes", "bytes_per_s", "cores", "not_here", "error"];
        all.sort_unstable();
        assert_eq!(keys, all, "{limit}");
        assert!(!limit["about"].as_str().unwrap().is_empty() && limit["error"].is_null(), "{limit}");
        assert_ne!(limit["ns"].is_null(), limit["not_here"].is_null(), "{limit}");
        assert_eq!(limit["n"].as_u64().unwrap(), u64::from(limit["not_here"].is_null()), "{limit}");
        if let (Some(bytes), Some(ns)) = (limit["bytes"].as_f64(), limit["ns"]["mid"].as_f64()) {
            let rate = limit["bytes_per_s"].as_f64().unwrap();
            assert!((rate * ns / 1e9 / bytes - 1.0).abs() < 1e-9, "{limit}");
        }
    }
}

#[test]
fn both_sides_of_a_round_trip_were_where_its_name_says() {
    for (name, row) in rows().into_iter().filter(|(name, _)| name.contains("_round_trip")) {
        let (facts, cores) = (&row.result.facts, &row.result.series["cores"]);
        assert_eq!((facts["message_bytes"], cores.len()), (8, 2), "{name}");
        assert!(facts["round_trips"] >= row.result.iterations, "{name}");
        assert_eq!(cores[0] == cores[1], name.ends_with("_same_core"), "{name}: {cores:?}");
        if name.ends_with("_same_core") {
            // One core passes from one side to the other and back, given up or taken away.
            let usage = row.usage.unwrap();
            assert!(
                usage.voluntary_switches + usage.involuntary_switches >= 2 * facts["round_trips"],
                "{name}: {usage:?}"
            );
        }
    }
}

#[test]
fn bytes_that_are_said_to_be_moved_were_moved() {
    let rows = rows();
    for (name, row) in rows.iter().filter(|(name, _)| name.starts_with("bulk_")) {
        let facts = &row.result.facts;
        assert!(facts["bytes_received"] >= facts["bytes"] * row.result.iterations, "{name}");
    }
    for (name, capacity) in [("4k", 4 << 10), ("64k", 64 << 10), ("256k", 256 << 10), ("1m", 1 << 20)] {
        // The kernel rounds up to its pages; it may refuse a large one.
        let Some(row) = rows.get(format!("bulk_pipe_{name}").as_str()) else { continue };
        assert!(row.result.facts["capacity_bytes"] >= capacity, "{name}");
    }
    let memory = rows.iter().filter(|(name, _)| name.starts_with("copy_") || name.starts_with("read_"));
    for (name, row) in memory {
        let (facts, resident) = (&row.result.facts, row.usage.unwrap().max_rss_bytes);
        let copies = if name.starts_with("copy_") { 2 } else { 1 };
        assert!(resident >= facts["bytes"] * copies, "{name}: {resident}");
        assert!(facts["bytes"] + 4_096 >= 4 * facts["cache_bytes"], "{name}");
        let cores = &row.result.series["cores"];
        assert!(cores.len() == 1 || name.ends_with("_all_cores"), "{name}: {cores:?}");
    }
}

#[test]
fn what_is_forked_is_really_resident() {
    for (name, bytes) in [("small", 0), ("100m", 100 << 20), ("1g", 1 << 30)] {
        let rows = rows();
        // A small machine has no room for the largest, and says so.
        let Some(row) = rows.get(format!("fork_wait_{name}").as_str()) else { continue };
        let (resident, most) = (row.result.facts["resident_bytes"], row.usage.unwrap().max_rss_bytes);
        assert!(resident >= bytes && most >= bytes, "{name}: {resident} {most}");
        assert!(resident < bytes + (64 << 20), "{name}: {resident}");
        assert!(row.result.iterations >= 3, "{name}");
    }
}

#[test]
fn every_limit_has_checked_itself() {
    for (name, row) in rows() {
        assert!(row.result.ok && row.result.answer.as_deref() == Some("0") && row.result.iterations >= 1, "{name}");
    }
}

/// Gives this thread its cores back when it is dropped: it may be the one that all tests run on.
struct Pinned(CpuSet);

impl Pinned {
    /// Keeps this thread on one core, and tells which.
    fn to_one() -> (Self, usize) {
        let before = sched_getaffinity(Pid::from_raw(0)).unwrap();
        let first = (0..CpuSet::count()).find(|core| before.is_set(*core).unwrap()).unwrap();
        let mut one = CpuSet::new();
        one.set(first).unwrap();
        sched_setaffinity(Pid::from_raw(0), &one).unwrap();
        (Self(before), first)
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // It was in force before.
        let _ = sched_setaffinity(Pid::from_raw(0), &self.0);
    }
}

#[test]
fn on_one_core_what_needs_two_says_so_and_nothing_has_failed() {
    let house = House::bare();
    // Lab inherits it from this thread.
    let (_pinned, first) = Pinned::to_one();
    let json = one_line(&limits(&house, &["--json"]));
    for limit in json["limits"].as_array().unwrap() {
        let name = limit["name"].as_str().unwrap();
        let two = name == "spin_round_trip" || name.ends_with("_two_cores");
        let why = limit["not_here"].as_str().unwrap_or("");
        assert_eq!(why.starts_with("needs two cores"), two, "{limit}");
        let cores = limit["cores"].as_array().into_iter().flatten();
        assert!(cores.into_iter().all(|core| core.as_u64() == Some(first as u64)), "{limit}");
    }
    // The same run, printed for people without measuring it again.
    let (path, _) = house.run_so_far().unwrap();
    let said = house.lab(&["limits", "--run", path.to_str().unwrap()]).check(0).stdout;
    assert_eq!(said.matches("not testable here: needs two cores").count(), 4, "{said}");
    assert!(NAMES.iter().all(|name| said.lines().any(|line| line.starts_with(name))), "{said}");
}

#[test]
fn a_run_without_limits_is_a_wrong_call() {
    let house = House::bare();
    let ended = house.lab(&["limits", "--run", "no-such-run"]).check(2);
    assert!(ended.stderr.contains("'no-such-run'"), "{ended:?}");
    for (option, value) in [("--passes", "0"), ("--profile", "huge")] {
        let ended = house.lab(&["limits", option, value]).check(2);
        assert!(ended.stderr.contains(&format!("'{value}'")), "{ended:?}");
    }
}

#[test]
fn interrupted_at_whatever_limit_it_leaves_nothing_and_keeps_its_rows() {
    for kind in ["_round_trip_", "_cores", "fork_wait_"] {
        let house = House::bare();
        let mut lab = Lab::start(house.path(), &["limits", "--profile", "quick", "--passes", "1000", "--json"]);
        lab.until("a subject that measures such a limit", |lab| {
            lab.subject()?.arguments.iter().any(|argument| argument.contains(kind)).then_some(())
        });
        lab.signal(Signal::SIGINT);
        let ended = lab.wait().check(130);
        assert_eq!(ended.stdout, "", "half an answer is none");
        house.check_tidy();
        // It may have been interrupted at its very first subject.
        if let Some((path, lines)) = house.run_so_far() {
            let run = Run::read(&path).unwrap();
            assert!(run.end.is_none() && run.subjects.len() + 1 == lines, "{lines} lines");
            assert!(run.subjects.iter().all(|row| row.result.ok), "an interrupted subject is no row");
        }
    }
}
