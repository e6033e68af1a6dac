//! Lesson `io_or_cpu`: every variant asks for every page once, so many at the same time as it says, and computes the same from them.

use experiments::io_or_cpu::LESSON;
use record::{Judgement, Params, Profile, VariantResult, Verdict};

use crate::house::House;
use crate::lab::Answered;
use crate::rows::{judged, row};

fn run(variants: &[&str], settings: &[&str]) -> Answered {
    let small = ["requests=12", "latency_ms=5", "workers=4", "pool_workers=2", "bytes=100", "work_rounds=3"];
    let mut arguments = vec!["run", "io_or_cpu"];
    arguments.extend(variants);
    arguments.push("--json");
    small.iter().chain(settings).for_each(|setting| arguments.extend(["--set", setting]));
    House::bare().lab(&arguments).check(0).answered()
}

/// Every variant gives the oracle's answer and has asked for so many pages.
#[track_caller]
fn check_all(settings: &[&str], requests: u64) -> Answered {
    let answered = run(&[], settings);
    assert_eq!(answered.variants.len(), 11);
    let oracle = &answered.variants[0].answer;
    for row in &answered.variants {
        assert!(row.ok && row.answer.is_some() && row.answer == *oracle, "{settings:?}: {row:?}");
        assert_eq!(row.facts["requests_served"], requests, "{settings:?}: {}", row.name);
    }
    answered
}

#[test]
fn every_page_is_asked_for_once_and_never_more_at_a_time_than_there_are_workers() {
    let answered = check_all(&[], 12);
    for row in &answered.variants {
        let (most, processes) = match row.name.as_str() {
            "serial" => (1, 1),
            "tasks_at_once" => (12, 1),
            "processes_few" | "compute_processes_few" => (2, 3),
            "processes_many" | "compute_processes_many" => (4, 5),
            "hybrid" => (4, 3),
            _ => (4, 1),
        };
        assert!((1..=most).contains(&row.facts["in_flight_most"]), "{row:?}");
        assert_eq!(row.facts["processes"], processes, "{}", row.name);
        assert!(row.facts["connections"] <= most && row.facts["memory_bytes"] > 0, "{row:?}");
    }
    // All are asked for before the first of them is answered.
    assert_eq!(answered.variant("tasks_at_once").facts["connections"], 12);
    for name in ["threads", "tasks", "processes_many"] {
        let row = answered.variant(name);
        assert_eq!((row.series["at_once"].as_slice(), row.series["sweep_ns"].len()), (&[4][..], 1), "{name}");
    }
}

/// One connection, one request at a time: the latency is there, once for each.
#[test]
fn the_server_lets_each_request_wait() {
    let answered = run(&["serial"], &["requests=10", "latency_ms=7"]);
    let row = answered.variant("serial");
    assert!(row.elapsed_ns.unwrap() >= 70_000_000, "{row:?}");
    assert_eq!((row.facts["connections"], row.facts["in_flight_most"]), (1, 1));
}

#[test]
fn no_request_one_a_prime_number_and_more_workers_than_requests() {
    for requests in [0, 1, 7] {
        check_all(&[&format!("requests={requests}"), "workers=9", "pool_workers=3", "latency_ms=0"], requests);
    }
}

#[test]
fn pages_may_be_empty_or_larger_than_a_socket_holds() {
    check_all(&["bytes=0", "requests=3", "latency_ms=0"], 3);
    check_all(&["bytes=300007", "requests=5", "latency_ms=0", "work_rounds=1"], 5);
}

#[test]
fn the_hybrid_sends_pages_and_gets_numbers_and_processes_alone_send_numbers() {
    let answered = run(&["hybrid", "compute_processes_few", "processes_few"], &["bytes=5000"]);
    let sent = |name: &str| answered.variant(name).processes[0].dumps.bytes;
    let back = |name: &str| answered.variant(name).processes[0].loads.bytes;
    assert!(sent("hybrid") > 12 * 5_000 && back("hybrid") < 5_000);
    assert!(sent("compute_processes_few") < 5_000 && back("compute_processes_few") < 5_000);
    assert!(sent("processes_few") < 5_000 && back("processes_few") > 12 * 5_000);
}

#[test]
fn what_makes_no_sense_is_refused() {
    for bad in ["workers=0", "pool_workers=129", "requests=1001", "work_rounds=0", "latency_ms=1001"] {
        let ended = House::bare().lab(&["run", "io_or_cpu", "--set", bad]).check(2);
        assert!(ended.stderr.contains(bad) && ended.stderr.contains("io_or_cpu"), "{}", ended.stderr);
    }
}

fn params(settings: &[(&str, u64)]) -> Params {
    let settings: Vec<_> = settings.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    LESSON.params(Profile::Quick, &settings).unwrap()
}

fn judgement(rows: &[VariantResult], settings: &[(&str, u64)], claim: &str) -> Judgement {
    judged(&LESSON, params(settings), rows, claim)
}

#[test]
fn threads_and_tasks_both_have_to_beat_as_many_processes() {
    let verdict = |threads, tasks, settings: &[(&str, u64)]| {
        let rows = [row("serial", 500), row("threads", threads), row("tasks", tasks), row("processes_many", 60)];
        judgement(&rows, settings, "tuning.io-bound-wants-threads").verdict
    };
    assert_eq!(verdict(30, 25, &[]), Verdict::Reproduced);
    assert_eq!(verdict(30, 90, &[]), Verdict::Contradicted);
    assert_eq!(verdict(30, 25, &[("latency_ms", 0)]), Verdict::NotTestableHere);
    assert_eq!(verdict(30, 25, &[("workers", 1)]), Verdict::NotTestableHere);
}

#[test]
fn the_hybrid_has_to_beat_both() {
    let verdict = |threads, processes| {
        let rows = [
            row("serial", 500),
            row("hybrid", 50),
            row("compute_threads_gil", threads),
            row("compute_processes_few", processes),
        ];
        judgement(&rows, &[], "tuning.hybrid").verdict
    };
    assert_eq!(
        (verdict(80, 200), verdict(40, 200), verdict(80, 40)),
        (Verdict::Reproduced, Verdict::Contradicted, Verdict::Contradicted)
    );
}
