//! `lab compare`: two recorded runs, by name or by file, for people and for programs.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::claims::{small_answers, write_run};
use crate::house::House;
use crate::lab::Answered;
use crate::rows;

/// A house with `old` and with `new`, in which every pool takes twice the time, on another machine, with one counter changed.
fn house_with_two(answers: &Answered) -> (House, PathBuf) {
    let house = House::bare();
    write_run(&house, "old", answers, true);
    let new = rows::change(&write_run(&house, "new", answers, true), |run| {
        run.header.environment.cpu = "Another CPU".to_owned();
        run.header.program.rustc = "rustc of tomorrow".to_owned();
        for row in run.subjects.iter_mut().filter(|row| row.result.name.starts_with("pool")) {
            row.result.elapsed_ns = row.result.elapsed_ns.map(|ns| ns * 2);
        }
        for row in run.subjects.iter_mut().filter(|row| row.result.name == "pool_free_function") {
            row.result.counters.dumps.bytes += 1;
        }
    });
    (house, new)
}

fn compared(house: &House, a: &str, b: &str) -> Value {
    let said = house.lab(&["compare", a, b, "--json"]).check(0).stdout;
    assert!(said.ends_with("}\n") && said.matches('\n').count() == 1, "{said}");
    serde_json::from_str(&said).unwrap()
}

#[test]
fn a_comparison_holds_times_ratios_counts_and_verdicts() {
    let (house, new) = house_with_two(&small_answers());
    let both = compared(&house, "old", new.to_str().unwrap());
    assert_eq!((&both["a"]["run"], &both["b"]["run"]), (&json!("old"), &json!("new")));
    assert_eq!((&both["b"]["sealed"], &both["b"]["complete"]), (&json!(true), &json!(true)));
    let what: Vec<&str> =
        both["differences"].as_array().unwrap().iter().map(|it| it["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["machine", "program.rustc", "environment.cpu"]);
    let lesson = &both["lessons"][0];
    assert_eq!((&lesson["lesson"], &lesson["same_code"]), (&json!("bound_method"), &json!(true)));
    let variants = lesson["variants"].as_array().unwrap();
    assert_eq!(variants.len(), crate::contract::VARIANTS.len());
    assert_eq!((&variants[0]["variant"], &variants[0]["ratio"]), (&json!("serial"), &Value::Null));
    for variant in &variants[1..] {
        let (time, ratio) = (&variant["time_ns"], &variant["ratio"]);
        let is_pool = variant["variant"].as_str().unwrap().starts_with("pool");
        let (shown, factor) = if is_pool { ("more", 2.0) } else { ("no_difference", 1.0) };
        assert_eq!((&time["shown"], &ratio["shown"]), (&json!(shown), &json!(shown)), "{variant}");
        assert!((time["b_by_a"]["mid"].as_f64().unwrap() - factor).abs() < 1e-9, "{variant}");
        assert_eq!(time["a"]["n"], 10, "{variant}");
        let counters = variant["counters"].as_array().unwrap();
        let told: Vec<&str> = counters.iter().map(|counter| counter["counter"].as_str().unwrap()).collect();
        let expected: &[&str] = if variant["variant"] == "pool_free_function" { &["dumps.bytes"] } else { &[] };
        assert_eq!(told, expected, "{variant}");
    }
    // A ratio of 13 is stronger than the 6.58 of the post allows.
    let verdicts = both["verdicts"].as_array().unwrap();
    let slowdown = verdicts.iter().find(|it| it["claim"] == "pickle.bound-method-slowdown").unwrap();
    assert_eq!((&slowdown["a"], &slowdown["b"]), (&json!("reproduced"), &json!("direction_only_stronger")));
}

#[test]
fn for_people_what_differs_comes_first_and_words_say_what_was_shown() {
    let (house, _) = house_with_two(&small_answers());
    let said = house.lab(&["compare", "old", "new"]).check(0).stdout;
    let places = ["A  old", "B  new", "rustc of tomorrow", "bound_method: the same parameters", "verdicts that differ"];
    let places: Vec<usize> =
        places.iter().map(|part| said.find(part).unwrap_or_else(|| panic!("{part}: {said}"))).collect();
    assert!(places.is_sorted(), "{said}");
    for part in ["slower", "larger", "x 2.000 (", "by chance alone", "dumps.bytes"] {
        assert!(said.contains(part), "'{part}' is missing in {said}");
    }
    let back = house.lab(&["compare", "new", "old"]).check(0).stdout;
    assert!(back.contains("faster") && back.contains("smaller") && back.contains("x 0.500 ("), "{back}");
}

#[test]
fn a_run_beside_itself_shows_no_difference_and_says_why() {
    let house = House::bare();
    write_run(&house, "old", &small_answers(), true);
    let said = house.lab(&["compare", "old", "old"]).check(0).stdout;
    let intervals = format!("0 of {} intervals exclude 1", 2 * crate::contract::VARIANTS.len() - 1);
    for part in ["A and B are one run", "environment and program are the same", &intervals, "no verdict differs"] {
        assert!(said.contains(part), "'{part}' is missing in {said}");
    }
    assert!(!said.contains("faster") && !said.contains("slower"), "{said}");
}

#[test]
fn other_parameters_are_named_and_nothing_is_compared() {
    let house = House::bare();
    let answers = small_answers();
    write_run(&house, "old", &answers, true);
    rows::change(&write_run(&house, "new", &answers, true), |run| {
        run.header.lessons[0].params.insert("items".to_owned(), 7);
    });
    let said = house.lab(&["compare", "old", "new"]).check(0).stdout;
    assert!(said.contains("bound_method: not comparable") && said.contains("params.items"), "{said}");
    let both = compared(&house, "old", "new");
    assert_eq!(both["lessons"][0]["variants"], json!([]));
    assert_eq!(both["lessons"][0]["differences"], json!([{ "what": "params.items", "a": 1000, "b": 7 }]));
}

#[test]
fn an_interrupted_run_is_compared_as_far_as_it_goes() {
    let house = House::bare();
    let answers = small_answers();
    write_run(&house, "old", &answers, true);
    write_run(&house, "new", &answers, false);
    let both = compared(&house, "old", "new");
    assert_eq!(both["lessons"][0]["variants"].as_array().unwrap().len(), 3);
    assert_eq!(both["lessons"][0]["only_a"].as_array().unwrap().len(), crate::contract::VARIANTS.len() - 3);
    assert!(house.lab(&["compare", "old", "new"]).check(0).stdout.contains("at profile quick, interrupted"));
}

#[test]
fn a_wrong_name_is_refused_with_the_names_there_are() {
    let house = House::bare();
    write_run(&house, "old", &small_answers(), true);
    for pair in [["old", "nwe"], ["nwe", "old"]] {
        let ended = house.lab(&[&["compare"], &pair[..]].concat()).check(2);
        assert!(ended.stderr.contains("no run 'nwe'") && ended.stderr.contains("recorded there: old"), "{ended:?}");
        assert_eq!(ended.stdout, "");
    }
    house.lab(&["compare", "old"]).check(2);
}
