//! Summaries built by hand, and what is made of them.

use record::{LessonPlan, Outliers, Params, Profile, Program, VariantInfo, VariantResult};

use super::*;

/// A variant with these samples and facts.
fn variant(name: &str, samples_ns: &[u64], bytes: Option<u64>, cores: Option<&[u64]>) -> VariantSummary {
    VariantSummary {
        name: name.to_owned(),
        lane: "rust".to_owned(),
        samples_ns: samples_ns.to_vec(),
        time_ns: harness::statistics::mean_interval(&samples_ns.iter().map(|ns| *ns as f64).collect::<Vec<_>>()),
        ratios: Vec::new(),
        ratio: None,
        median_ratio: None,
        median_ns: harness::statistics::median_interval(&samples_ns.iter().map(|ns| *ns as f64).collect::<Vec<_>>()),
        drift: None,
        baseline_steps: None,
        ratio_outliers: Outliers::default(),
        outliers: Outliers::default(),
        spread: None,
        typical: None,
        facts: bytes.map(|bytes| (BYTES.to_owned(), vec![bytes])).into_iter().collect(),
        series: cores.map(|cores| (CORES.to_owned(), vec![cores.to_vec()])).into_iter().collect(),
        failures: Vec::new(),
        counters_agree: true,
    }
}

/// What is printed and written for these variants, and whether it is fine.
fn shown(variants: Vec<VariantSummary>) -> (String, serde_json::Value, bool) {
    let plan = LessonPlan {
        lesson: "limits".to_owned(),
        params: Params::new(),
        shrunk: Params::new(),
        baseline: String::new(),
        blocks: 7,
        fingerprint: String::new(),
    };
    let (version, rustc, build) = (String::new(), String::new(), String::new());
    let about = |variant: &VariantSummary| VariantInfo {
        name: variant.name.clone(),
        about: format!("about {}", variant.name),
        demonstrates: None,
    };
    let info = LessonInfo {
        stem: "limits".to_owned(),
        title: String::new(),
        question: String::new(),
        baseline: String::new(),
        variants: variants.iter().map(about).collect(),
        parameters: Vec::new(),
        marks: Vec::new(),
        claims: Vec::new(),
    };
    let summary = LessonSummary {
        lesson: "limits".to_owned(),
        run: "a-run".to_owned(),
        reference: false,
        elsewhere: false,
        started: String::new(),
        profile: Profile::Quick,
        plan,
        program: Program { version, revision: None, dirty: None, rustc, build, binary_sha256: None },
        environment: Environment { cpu: "a processor".to_owned(), cores: 4, usable_cores: 2, ..Environment::default() },
        stale: None,
        complete: true,
        variants,
    };
    let table = Table::of(&summary, &info);
    (table.to_string(), serde_json::to_value(&table).unwrap(), table.is_fine())
}

/// The line of the table that begins with this name.
fn line<'a>(table: &'a str, name: &str) -> &'a str {
    table.lines().find(|line| line.starts_with(name)).unwrap()
}

#[test]
fn seven_samples_have_a_median_with_an_interval_by_ranks_and_a_rate() {
    let times = [2_000, 1_000, 4_000, 3_000, 7_000, 5_000, 6_000];
    let (table, json, fine) = shown(vec![variant("copy", &times, Some(8_000), Some(&[0]))]);
    let cells: Vec<&str> = line(&table, "copy").split_whitespace().collect();
    assert_eq!(cells, ["copy", "4.00", "us", "1.00", "us", "to", "7.00", "us", "7", "2.00", "0", "about", "copy"]);
    assert!(fine && table.starts_with("a processor, 2 of 4 cores usable"), "{table}");
    let limit = &json["limits"][0];
    let ns = serde_json::json!({"low": 1_000.0, "mid": 4_000.0, "high": 7_000.0, "kind": "median"});
    assert_eq!((&limit["ns"], &limit["n"], &limit["bytes"]), (&ns, &7.into(), &8_000.into()));
    assert_eq!((&limit["bytes_per_s"], &limit["cores"]), (&2e9.into(), &serde_json::json!([0])));
    assert!(limit["not_here"].is_null() && limit["error"].is_null());
    assert_eq!(json["environment"]["cpu"], "a processor");
}

#[test]
fn fewer_samples_have_a_mean_and_one_has_no_interval_and_they_say_so() {
    let (table, json, _) = shown(vec![variant("two", &[100, 400], None, None), variant("alone", &[7], None, None)]);
    assert!(line(&table, "two").ends_with("any  about two (range of 2)"), "{table}");
    assert!(line(&table, "alone").ends_with("any  about alone (single of 1)"), "{table}");
    let [two, alone] = [0, 1].map(|index| &json["limits"][index]);
    assert!((two["ns"]["mid"].as_f64().unwrap() - 200.0).abs() < 1e-9);
    assert_eq!(alone["ns"], serde_json::json!({"low": 7.0, "mid": 7.0, "high": 7.0, "kind": "single"}));
    assert!(two["bytes"].is_null() && two["bytes_per_s"].is_null() && two["cores"].is_null());
}

#[test]
fn what_the_machine_cannot_do_is_told_and_is_no_failure() {
    let mut typical = VariantResult::failed("spin", "rust", "");
    typical.notes.insert(NOT_HERE.to_owned(), "needs two cores".to_owned());
    let (table, json, fine) =
        shown(vec![VariantSummary { typical: Some(typical), ..variant("spin", &[], None, None) }]);
    assert!(fine, "{table}");
    assert!(line(&table, "spin").ends_with(" not testable here: needs two cores"), "{table}");
    assert_eq!(json["limits"][0]["not_here"], "needs two cores");
    assert!(json["limits"][0]["ns"].is_null() && json["limits"][0]["n"] == 0);
}

#[test]
fn a_failure_is_told_beside_what_was_measured_all_the_same() {
    let failures = vec![("the other side is gone".to_owned(), 1)];
    let pipe = VariantSummary { failures, ..variant("pipe", &[5, 5], None, Some(&[0, 1])) };
    let (table, json, fine) = shown(vec![pipe, variant("never", &[], None, None)]);
    assert!(!fine);
    let lines: Vec<&str> = table.lines().filter(|line| line.starts_with("pipe")).collect();
    assert!(lines[0].ends_with(" failed: the other side is gone") && lines[1].contains(" 5.00 ns "), "{table}");
    assert!(line(&table, "never").ends_with(" not measured"), "{table}");
    assert_eq!(json["limits"][0]["error"], "the other side is gone");
}

#[test]
fn places_and_times_are_short() {
    let places = |cores: &[u64]| {
        let variant = variant("one", &[1], None, Some(cores));
        Limit::of(&variant, "").places()
    };
    assert_eq!([&[3][..], &[3, 3], &[3, 5], &[1, 2, 3]].map(places), ["3", "3", "3,5", "all 3"]);
    let times = [0.5, 9.994, 99.94, 999.4, 1e3, 52_300.0, 123_456_789.0, 2.5e9];
    let shown = ["0.50 ns", "9.99 ns", "99.9 ns", "999 ns", "1.00 us", "52.3 us", "123 ms", "2.50 s"];
    assert_eq!(times.map(time), shown);
}
