//! Lesson `threads_release`: the same bits by every way, and a lock that is let go exactly once for each sum.

use experiments::threads_release::LESSON;
use record::{Profile, Verdict};

use crate::house::{House, quick_run};
use crate::lab::Answered;
use crate::rows::{judged, row};

fn run(workers: u64, bytes: u64, sums: u64) -> Answered {
    let settings = [format!("workers={workers}"), format!("bytes={bytes}"), format!("sums={sums}")];
    quick_run("threads_release", &[], &settings)
}

/// Runs every variant, and demands the same answer of all.
#[track_caller]
fn check(workers: u64, bytes: u64, sums: u64) -> Answered {
    let answered = run(workers, bytes, sums);
    assert_eq!(answered.variants.len(), 8);
    let oracle = &answered.variants[0].answer;
    assert!(oracle.as_ref().unwrap().ends_with(&format!("x{sums}")), "{oracle:?}");
    for row in &answered.variants {
        assert!(row.ok && row.answer == *oracle, "{row:?}");
    }
    answered
}

#[test]
fn a_lock_is_let_go_once_for_each_sum() {
    for (workers, sums) in [(4, 10), (3, 2)] {
        let answered = check(workers, 1 << 20, sums);
        let takes = |name: &str| answered.variant(name).facts["gil_takes"];
        // Each thread takes it to begin, and the main one at first and after each thread that it waited for.
        assert_eq!(takes("threads_held"), 1 + 2 * workers);
        assert_eq!(takes("threads_released"), 1 + 2 * workers + sums);
    }
}

#[test]
fn a_process_sends_one_number_back_and_no_array() {
    let answered = check(3, 1 << 20, 7);
    let row = answered.variant("processes_shared");
    assert_eq!((row.processes.len(), row.counters.tasks), (4, 7));
    assert!(row.counters.writes.bytes < 2_000, "{:?}", row.counters);
    assert_eq!(check(3, 1 << 16, 7).variant("processes_shared").counters.writes.bytes, row.counters.writes.bytes);
    for name in ["serial", "threads_held", "threads_released", "threads_free", "rayon", "serial_blocked"] {
        assert_eq!(answered.variant(name).counters.messages, 0, "{name}");
    }
}

#[test]
fn odd_sizes_are_right() {
    check(4, 0, 10);
    check(1, 7, 3);
    check(13, 1_000_003, 1);
    check(2, 65_544, 0);
}

#[test]
fn a_sweep_has_a_rate_for_every_number_of_threads() {
    let answered = check(2, 1 << 20, 1);
    let series = &answered.variant("threads_sweep").series;
    let threads = &series["threads"];
    assert!(threads.len() > 1 && threads[0] == 1 && threads.is_sorted(), "{threads:?}");
    for name in ["bytes_per_s", "small_bytes_per_s"] {
        assert!(series[name].len() == threads.len() && series[name].iter().all(|rate| *rate > 0), "{name}");
    }
}

#[test]
fn an_array_that_is_too_large_is_refused() {
    let ended = House::bare().lab(&["run", "threads_release", "--set", "bytes=274877906945"]).check(2);
    assert!(ended.stderr.contains("bytes=274877906945 is out of range for lesson threads_release"), "{}", ended.stderr);
    House::bare().lab(&["run", "threads_release", "--set", "workers=0"]).check(2);
}

/// The verdict on threads that take so many milliseconds where one takes 300, and why.
fn verdict(ms: u64, workers: u64, bytes: u64) -> (Verdict, String) {
    let settings = [("workers", workers), ("bytes", bytes)].map(|(name, value)| (name.to_owned(), value));
    let params = LESSON.params(Profile::Post, &settings).unwrap();
    let rows = [row("serial", 300), row("threads_released", ms)];
    let judgement = judged(&LESSON, params, &rows, "performance.threads-scale-without-gil");
    (judgement.verdict, judgement.because)
}

#[test]
fn a_speed_up_is_judged_on_memory_and_on_as_many_threads_as_the_post_has() {
    let (verdict_of_a_third, because) = verdict(100, 4, 8 << 30);
    assert_eq!(verdict_of_a_third, Verdict::Reproduced);
    assert!(because.contains("10 sums of 8.0 GiB") && because.contains("leave 3.33 at most"), "{because}");
    assert_eq!(verdict(300, 4, 8 << 30).0, Verdict::Contradicted);
    assert_eq!(verdict(200, 4, 8 << 30).0, Verdict::DirectionOnlyWeaker);
    let (small, because) = verdict(100, 4, 8 << 20);
    assert!(small == Verdict::NotTestableHere && because.contains("which the caches may hold"), "{because}");
    assert_eq!(verdict(40, 8, 8 << 30).0, Verdict::NotTestableHere);
}
