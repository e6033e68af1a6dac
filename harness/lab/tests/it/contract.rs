//! What other programs read: `lab list --json` and `lab run --json`.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::house::House;
use crate::lab::Lab;

/// The variants of `bound_method`, in their order.
pub(crate) const VARIANTS: [&str; 10] = [
    "serial",
    "pool_bound_method",
    "pool_bound_method_spawn",
    "pool_free_function",
    "pool_initializer_global",
    "pool_initializer_global_spawn",
    "pool_encapsulated_initializer",
    "pool_fork_inherited",
    "pool_checksum_only",
    "threads",
];

#[track_caller]
fn check_keys(object: &Value, keys: &[&str]) {
    let found: BTreeSet<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    let missing: Vec<&&str> = keys.iter().filter(|key| !found.contains(**key)).collect();
    assert!(missing.is_empty(), "{missing:?} missing in {object}");
}

pub(crate) fn one_line(stdout: &str) -> Value {
    assert!(stdout.ends_with('\n') && stdout.matches('\n').count() == 1, "{stdout}");
    serde_json::from_str(stdout).unwrap()
}

#[test]
fn the_listing_is_one_object_on_one_line() {
    let listing = one_line(&House::bare().lab(&["list", "--json"]).check(0).stdout);
    let lessons = listing["lessons"].as_array().unwrap();
    let stems: Vec<&str> = lessons.iter().map(|lesson| lesson["stem"].as_str().unwrap()).collect();
    assert_eq!(stems, experiments::LESSONS.iter().map(|lesson| lesson.stem).collect::<Vec<_>>());
    let lesson = lessons.iter().find(|lesson| lesson["stem"] == "bound_method").unwrap();
    let variants: Vec<&str> =
        lesson["variants"].as_array().unwrap().iter().map(|variant| variant["name"].as_str().unwrap()).collect();
    assert_eq!(variants, VARIANTS);
    let parameters = lesson["parameters"].as_array().unwrap();
    let names: Vec<&str> = parameters.iter().map(|knob| knob["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["workers", "items", "cache_entries", "chunksize", "seed"]);
    for knob in parameters {
        let [min, max] = ["min", "max"].map(|bound| knob[bound].as_u64().unwrap());
        for profile in ["quick", "standard", "post"] {
            let value = knob[profile].as_u64().unwrap();
            assert!((min..=max).contains(&value), "{knob}");
        }
    }
    let posts: Vec<u64> = parameters.iter().map(|knob| knob["post"].as_u64().unwrap()).collect();
    assert_eq!(posts, [8, 1_000_000, 1_048_576, 0, 1], "the post's own sizes");
}

#[test]
fn the_listing_for_people_names_everything_as_well() {
    let said = House::bare().lab(&["list"]).check(0).stdout;
    for name in VARIANTS.iter().chain(&["bound_method", "cache_entries", "chunksize", "1048576"]) {
        assert!(said.contains(name), "{name} is missing in {said}");
    }
}

#[test]
fn listing_starts_no_process_and_writes_nothing() {
    let house = House::bare();
    // Once before, so that the folders and files of these tests are there.
    house.lab(&["list"]).check(0);
    let before = house.inventory();
    let ended = Lab::start(house.path(), &["list", "--json"]).wait().check(0);
    assert_eq!(ended.stderr, "");
    assert_eq!(before, house.inventory());
}

#[test]
fn a_run_prints_every_field_of_the_contract() {
    let ended = House::bare().lab(&["run", "bound_method", "--profile", "quick", "--json"]).check(0);
    // Standard error is no terminal here, so there is no progress on it.
    assert_eq!(ended.stderr, "");
    let printed = one_line(&ended.stdout);
    check_keys(&printed, &["lesson", "profile", "params", "variants"]);
    assert_eq!((&printed["lesson"], &printed["profile"]), (&"bound_method".into(), &"quick".into()));
    check_keys(&printed["params"], &["workers", "items", "cache_entries", "chunksize", "seed"]);
    let rows = printed["variants"].as_array().unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, VARIANTS);
    for row in rows {
        let keys = ["name", "lane", "ok", "answer", "elapsed_ns", "demonstrates", "counters", "processes", "error"];
        check_keys(row, &keys);
        check_keys(&row["counters"], &["tasks", "messages", "dumps", "loads"]);
        assert_eq!((&row["ok"], &row["lane"]), (&true.into(), &"rust".into()), "{row}");
        assert!(row["demonstrates"].is_null() && row["error"].is_null(), "{row}");
        assert_eq!(row["answer"], rows[0]["answer"], "{row}");
        assert!(row["elapsed_ns"].as_u64().unwrap() > 0, "{row}");
        let processes = row["processes"].as_array().unwrap();
        assert_eq!(processes[0]["role"], "parent");
        assert!(processes[1..].iter().all(|process| process["role"] == "worker"), "{row}");
        for process in processes {
            check_keys(process, &["role", "pid", "dumps", "loads", "max_rss_bytes", "user_ns", "sys_ns"]);
            assert!(process["pid"].as_u64().unwrap() > 0 && process["max_rss_bytes"].as_u64().unwrap() > 0, "{row}");
        }
        for traffic in std::iter::once(&row["counters"]).chain(processes) {
            check_keys(&traffic["dumps"], &["calls", "bytes", "ns"]);
            check_keys(&traffic["loads"], &["calls", "bytes", "ns"]);
        }
    }
}

#[test]
fn variants_come_in_the_order_they_were_named_and_the_oracle_only_if_named() {
    let named = ["threads", "pool_free_function"];
    let arguments = [&["run", "bound_method"], &named[..], &["--set", "items=97", "--json"]].concat();
    let answered = House::bare().lab(&arguments).check(0).answered();
    let names: Vec<&str> = answered.variants.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, named);
    assert_eq!((answered.lesson.as_str(), answered.profile.as_str()), ("bound_method", "standard"));
    assert_eq!(answered.params["items"], 97);
}

#[test]
fn the_table_for_people_shows_the_same_run() {
    let said =
        House::bare().lab(&["run", "bound_method", "--profile", "quick", "--set", "items=1_000"]).check(0).stdout;
    for name in VARIANTS {
        assert!(said.lines().any(|line| line.starts_with(&format!("{name} "))), "{name} is missing in {said}");
    }
    assert!(said.contains("items=1000") && said.contains("processes of "), "{said}");
    // Once with its answer, once with what its processes used.
    let lines = |name: &str| said.lines().filter(|line| line.starts_with(&format!("{name} "))).count();
    assert!(VARIANTS.iter().all(|name| lines(name) == 2), "{said}");
}

#[test]
fn the_table_for_people_has_the_facts_and_all_processes_if_asked() {
    let small =
        ["run", "bound_method", "--profile", "quick", "--set", "items=97", "serial", "pool_free_function", "threads"];
    let short = House::bare().lab(&small).check(0).stdout;
    let long = House::bare().lab(&[&small[..], &["--verbose"]].concat()).check(0).stdout;
    let fact = "cache_serialised_bytes";
    assert!(long.contains(fact) && !short.contains(fact), "{short}{long}");
    assert!(long.contains("processes of pool_free_function") && long.contains("facts of serial"), "{long}");
    // Other programs get everything anyway.
    House::bare().lab(&["run", "bound_method", "--verbose", "--json"]).check(2);
}

/// No part of the runtime leaves a name in `/dev/shm`. Other programs may, so one clean run of three is enough.
#[test]
fn a_run_leaves_nothing_behind_on_disk_or_in_shared_memory() {
    let listing = || -> BTreeSet<_> {
        std::fs::read_dir("/dev/shm").into_iter().flatten().flatten().map(|entry| entry.file_name()).collect()
    };
    let leaves = || {
        let house = House::bare();
        let before = listing();
        house.lab(&["run", "bound_method", "--profile", "quick", "--set", "items=97"]).check(0);
        house.check_tidy();
        assert!(house.runs().is_empty(), "`run` records nothing");
        listing().difference(&before).cloned().collect::<Vec<_>>()
    };
    let left: Vec<_> = std::iter::repeat_with(leaves).take(3).take_while(|left| !left.is_empty()).collect();
    assert!(left.len() < 3, "{left:?}");
}
