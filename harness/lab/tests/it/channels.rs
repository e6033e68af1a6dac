//! Lesson `channels`: every size arrives by every mechanism, what blocks is counted exactly, and both deadlocks are proved.

use experiments::channels::LESSON;
use record::{Fault, Judgement, Profile, VariantResult, Verdict};

use crate::house::House;
use crate::lab::Answered;
use crate::rows::{judged, row};

/// What carries messages between two processes.
const CARRIERS: [&str; 6] = ["pipe", "socket", "simple_queue", "queue", "ring", "file"];

/// Few messages, and small ones, unless a test says otherwise.
const SMALL: [&str; 5] = ["messages=7", "bytes=33000", "rounds=3", "queue_bound=3", "trials=2"];

fn run(variants: &[&str], settings: &[&str]) -> Answered {
    let mut arguments = vec!["run", "channels"];
    arguments.extend(variants);
    arguments.push("--json");
    SMALL.iter().chain(settings).for_each(|setting| arguments.extend(["--set", setting]));
    House::bare().lab(&arguments).check(0).answered()
}

#[test]
fn every_message_arrives_by_every_mechanism() {
    let answered = run(&[], &[]);
    assert_eq!(answered.variants.len(), 10);
    let oracle = &answered.variants[0].answer;
    for row in answered.variants.iter().filter(|row| row.demonstrates.is_none()) {
        assert!(row.ok && row.answer.is_some() && row.answer == *oracle, "{row:?}");
    }
    let sizes = [8, 32, 128, 512, 2_048, 8_192, 32_768, 33_000];
    for name in CARRIERS {
        let row = answered.variant(name);
        assert_eq!(row.series["sizes_bytes"], sizes, "{name}");
        for series in ["same_core_round_trip_ns", "same_core_bytes_per_s"] {
            assert!(row.series[series].len() == 8 && !row.series[series].contains(&0), "{name}: {series}");
        }
        let cores = row.series["cores"].len();
        assert_eq!(row.series.contains_key("round_trip_ns"), cores == 2, "{name}");
        assert_eq!(row.notes.contains_key("one_core"), cores == 1, "{name}");
        // One process for each place.
        assert_eq!(row.processes.len(), 1 + cores, "{name}");
    }
}

/// Nothing, one byte, a prime, and what takes the second form of a frame or more than a pipe holds.
#[test]
fn messages_of_any_size_arrive() {
    for bytes in ["bytes=0", "bytes=1", "bytes=16385", "bytes=65537"] {
        let answered =
            run(&["copy", "pipe", "queue", "ring", "file", "bounded_stream"], &[bytes, "messages=1", "rounds=1"]);
        let oracle = &answered.variants[0].answer;
        assert!(
            answered.variants.iter().all(|row| row.ok && row.answer == *oracle),
            "{bytes}: {:?}",
            answered.variants
        );
    }
}

/// What a value costs in calls: as many are pickled as are sent, and with bytes none is.
#[test]
fn queues_and_connections_pickle_every_message_and_a_ring_none() {
    let answered = run(&["pipe", "simple_queue", "queue", "ring"], &[]);
    let dumps = |name: &str| {
        let row = answered.variant(name);
        let counters = &row.counters;
        // The parent's count begins after the warm-up, whose order was sent before: loads have one message more.
        (counters.dumps.calls, counters.loads.calls)
    };
    let (sent, received) = dumps("pipe");
    assert!(sent > 0 && received == sent + 1, "{sent} {received}");
    assert_eq!((dumps("pipe"), dumps("pipe")), (dumps("simple_queue"), dumps("queue")));
    assert_eq!(dumps("ring"), (0, 0));
}

#[test]
fn a_producer_stops_at_the_bound_and_a_sentinel_ends_the_stream() {
    for (bound, trials) in [(1, 3), (3, 2), (17, 1)] {
        let settings = [format!("queue_bound={bound}"), format!("trials={trials}")];
        let answered = run(&["bounded_stream"], &settings.each_ref().map(String::as_str));
        let row = answered.variant("bounded_stream");
        for fact in ["pressure_trials", "producer_at_bound", "one_for_one", "consumer_on_empty", "clean_ends"] {
            assert_eq!(row.facts[fact], trials, "{bound}: {fact}");
        }
    }
}

#[test]
fn a_queue_without_a_bound_has_nothing_to_observe_and_the_same_answer() {
    let answered = run(&["copy", "bounded_stream"], &["queue_bound=0"]);
    let [copy, stream] = &answered.variants[..] else { panic!("{answered:?}") };
    assert!(copy.answer == stream.answer && stream.facts["pressure_trials"] == 0, "{stream:?}");
}

#[test]
fn two_that_both_read_first_hang_and_the_survivor_learns_of_the_end() {
    let answered = run(&["both_read"], &["trials=7"]);
    check_hung(answered.variant("both_read"), 7, "read of pipe:[");
}

/// One byte decides: 65,532 and a header of four fill a pipe of 65,536.
#[test]
fn two_that_both_write_first_hang_from_the_first_byte_that_does_not_fit() {
    let whole = |bytes: &str| run(&["both_write"], &["trials=3", bytes]);
    let answered = whole("write_bytes=65533");
    let row = answered.variant("both_write");
    if row.facts["pipe_bytes"] == 65_536 {
        check_hung(row, 3, "write of pipe:[");
    }
    for fits in ["write_bytes=0", "write_bytes=65532"] {
        let answered = whole(fits);
        let row = answered.variant("both_write");
        assert!(row.ok && row.notes.contains_key("no_room"), "{row:?}");
        assert_eq!((row.facts["faults"], row.answer.as_deref()), (0, Some("3")), "{fits}");
    }
}

#[track_caller]
fn check_hung(row: &VariantResult, trials: u64, call: &str) {
    assert!(row.ok && row.answer.as_deref() == Some("0"), "{row:?}");
    for fact in ["faults", "trials", "released"] {
        assert_eq!(row.facts[fact], trials, "{fact}");
    }
    let report = &row.notes["report"];
    if row.facts["proven"] > 0 {
        assert_eq!(row.facts["proven"], trials);
        for line in ["hang for ever", call, "nobody but these two", "it was ended by SIGKILL", "it exited with code 3"]
        {
            assert!(report.contains(line), "'{line}' is missing in: {report}");
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    for bad in ["messages=0", "rounds=0", "trials=0", "bytes=268435457", "queue_bound=10001"] {
        let ended = House::bare().lab(&["run", "channels", "--set", bad]).check(2);
        assert!(ended.stderr.contains(bad) && ended.stderr.contains("channels"), "{}", ended.stderr);
    }
}

fn judgement(rows: &[VariantResult], claim: &str) -> Judgement {
    judged(&LESSON, LESSON.params(Profile::Quick, &[]).unwrap(), rows, claim)
}

#[test]
fn a_queue_that_takes_longer_than_a_socket_reproduces_the_claim() {
    let rows = |queue| [row("copy", 10), row("pipe", 90), row("socket", 100), row("queue", queue)];
    let verdict = |queue| judgement(&rows(queue), "cpu.pipe-faster-than-queue").verdict;
    assert_eq!(
        (verdict(200), verdict(100), verdict(50)),
        (Verdict::Reproduced, Verdict::Inconclusive, Verdict::Contradicted)
    );
}

#[test]
fn a_behaviour_has_to_be_seen_in_every_one_of_a_hundred_trials() {
    let hung = |faults: u64, trials: u64| {
        let facts = [("faults", faults), ("trials", trials), ("proven", faults), ("released", faults)];
        let facts = facts.map(|(name, count)| (name.to_owned(), count)).into();
        let both = VariantResult { demonstrates: Some(Fault::Hang), facts, ok: faults > 0, ..row("both_read", 10) };
        let found = judgement(&[row("copy", 10), both], "cpu.pipe-deadlock");
        (found.verdict, found.n)
    };
    assert_eq!(hung(5, 5), (Verdict::Reproduced, 100));
    assert_eq!(hung(4, 5), (Verdict::DirectionOnlyWeaker, 100));
    assert_eq!(hung(4, 4).0, Verdict::Inconclusive);
    assert_eq!(hung(0, 5).0, Verdict::Contradicted);
}

#[test]
fn a_trial_in_which_one_part_failed_counts_against_the_claim() {
    let pressed = |clean_ends: u64| {
        let all = ["pressure_trials", "producer_at_bound", "one_for_one", "consumer_on_empty"].map(|name| (name, 5));
        let facts = all.into_iter().chain([("clean_ends", clean_ends)]).map(|(name, count)| (name.to_owned(), count));
        let stream = VariantResult { facts: facts.collect(), ..row("bounded_stream", 10) };
        judgement(&[row("copy", 10), stream], "cpu.queue-backpressure").verdict
    };
    assert_eq!((pressed(5), pressed(4)), (Verdict::Reproduced, Verdict::DirectionOnlyWeaker));
}
