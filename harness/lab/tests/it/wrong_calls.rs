//! Wrong calls: exit code 2, a message that names what is wrong and what is allowed, and nothing started or written.

use crate::house::House;

#[track_caller]
fn check_refused(arguments: &[&str], message: &[&str]) {
    let house = House::bare();
    let ended = house.lab(arguments).check(2);
    for part in message {
        assert!(ended.stderr.contains(part), "'{part}' is missing in: {}", ended.stderr);
    }
    assert_eq!(ended.stdout, "", "{arguments:?}");
    assert!(house.runs().is_empty(), "{arguments:?}");
}

#[track_caller]
fn check_setting_refused(setting: &str, message: &[&str]) {
    check_refused(&["run", "bound_method", "--set", setting], message);
}

#[test]
fn an_unknown_lesson() {
    let stems: Vec<&str> = experiments::LESSONS.iter().map(|lesson| lesson.stem).collect();
    let allowed = format!("allowed: {}", stems.join(", "));
    for command in ["run", "bench"] {
        check_refused(&[command, "bound_methods"], &["'bound_methods'", &allowed]);
    }
}

#[test]
fn an_unknown_variant() {
    let allowed = format!("allowed: {}", crate::contract::VARIANTS.join(", "));
    check_refused(&["run", "bound_method", "serial", "parallel"], &["'parallel'", &allowed]);
}

#[test]
fn an_unknown_parameter() {
    check_setting_refused("worker=2", &["'worker'", "allowed: workers, items, cache_entries, chunksize, seed"]);
}

#[test]
fn an_unknown_profile() {
    for command in ["run", "bench"] {
        check_refused(&[command, "bound_method", "--profile", "tiny"], &["'tiny'", "quick, standard, post"]);
    }
}

#[test]
fn a_value_out_of_range() {
    for value in [0, 257] {
        check_setting_refused(&format!("workers={value}"), &[&format!("workers={value}"), "allowed: 1 to 256"]);
    }
    check_setting_refused("cache_entries=0", &["cache_entries=0", "allowed: 1 to 16777216"]);
    check_setting_refused("items=100000001", &["items=100000001", "allowed: 0 to 100000000"]);
}

#[test]
fn a_value_that_is_no_whole_number() {
    for value in ["abc", "-1", "1.5", "", "18446744073709551616", "1e3"] {
        check_setting_refused(&format!("items={value}"), &["items", &format!("'{value}'"), "whole number from 0 to"]);
    }
}

#[test]
fn a_setting_without_a_value() {
    check_setting_refused("items", &["'items'", "NAME=VALUE"]);
}

#[test]
fn a_deadline_of_nothing_or_for_ever() {
    for deadline in ["0", "86401", "soon"] {
        check_refused(&["run", "bound_method", "--deadline", deadline], &[&format!("'{deadline}'"), "--deadline"]);
    }
}

#[test]
fn an_unknown_lane() {
    check_refused(&["bench", "bound_method", "--lane", "cpython"], &["'cpython'", "rust"]);
}

#[test]
fn an_unknown_run() {
    check_refused(&["claims", "--run", "no-such-run"], &["'no-such-run'", "results/local"]);
}

#[test]
fn an_unknown_command_or_option() {
    check_refused(&["measure"], &["'measure'"]);
    check_refused(&["list", "--jsn"], &["'--jsn'", "'--json'"]);
    check_refused(&[], &["list", "run", "bench", "claims", "limits", "book"]);
}
