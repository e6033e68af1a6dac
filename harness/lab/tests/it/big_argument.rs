//! Lesson `big_argument`: how often the array crosses, by what way, and what becomes of a result on its way back.

use experiments::big_argument::LESSON;
use record::{Profile, VariantResult, Verdict};

use crate::house::{House, quick_run};
use crate::lab::Answered;
use crate::rows::{judged, row};

fn run(settings: &[(&str, u64)]) -> Answered {
    let settings: Vec<String> = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
    quick_run("big_argument", &[], &settings).of_one_answer()
}

/// Both sides of a pool with one worker, whose counts begin when the clock starts.
#[test]
fn the_array_crosses_once_by_pipe_and_not_at_all_by_shared_memory_or_fork() {
    let bytes = 300_007;
    let answered = run(&[("bytes", bytes), ("result_bytes", 4_096)]);
    for name in ["pool_spawn", "pool_fork"] {
        let row = answered.variant(name);
        let [parent, worker] = &row.processes[..] else { panic!("{name}: {row:?}") };
        // The function by name, the array's length, the place of the task, and the sentinels of the worker and the result handler.
        let beside = parent.dumps.bytes - bytes;
        assert_eq!(beside, "big_argument::SumArgument".len() as u64 + 13, "{name}");
        assert_eq!((worker.tasks, worker.dumps.calls), (1, 1), "{name}");
        // Task and sentinel come in; the sum goes back, in a handful of bytes.
        assert!(worker.loads.calls == 2 && worker.loads.bytes > bytes && worker.dumps.bytes < 40, "{name}");
    }
    for name in ["shared_copied_in", "shared_in_place", "fork_inherited"] {
        let row = answered.variant(name);
        let [parent, worker] = &row.processes[..] else { panic!("{name}: {row:?}") };
        assert!(parent.dumps.bytes < 120 && worker.loads.bytes < 120, "{name}: the array did not cross");
        assert_eq!(worker.tasks, 1, "{name}");
    }
    assert!(answered.variant("shared_copied_in").facts["copy_in_ns"] > 0);
}

#[test]
fn as_they_lie_the_bytes_are_neither_encoded_nor_decoded() {
    let bytes = 300_007;
    let answered = run(&[("bytes", bytes), ("result_bytes", 4_096)]);
    for (name, messages) in [("bulk_frames", 1), ("streamed", bytes.div_ceil(64 << 10))] {
        let row = answered.variant(name);
        let [parent, worker] = &row.processes[..] else { panic!("{name}: {row:?}") };
        assert_eq!((parent.dumps.calls, worker.loads.calls), (0, 0), "{name}");
        assert!(parent.writes.bytes > bytes && parent.writes.bytes < bytes + 16 * (messages + 2), "{name}: {parent:?}");
        assert!(worker.reads.bytes >= parent.writes.bytes, "{name}: {worker:?}");
    }
    for name in ["serial", "thread"] {
        let row = answered.variant(name);
        assert_eq!((row.processes.len(), row.counters.dumps.calls, row.counters.messages), (1, 0, 0), "{name}");
    }
}

#[test]
fn a_sweep_has_times_for_every_size_of_a_result() {
    let answered = run(&[("bytes", 100_000), ("result_bytes", 70_000), ("items", 3), ("workers", 3)]);
    let series = &answered.variant("result_fan_out").series;
    assert_eq!(series["sizes"], [1_093, 4_375, 17_500, 70_000]);
    for name in ["kept_ns", "returned_ns", "one_worker_ns", "returned_bytes_per_s", "one_worker_bytes_per_s"] {
        assert!(series[name].len() == 4 && series[name].iter().all(|value| *value > 0), "{name}: {series:?}");
    }
}

#[test]
fn odd_sizes_are_right_or_refused() {
    for (bytes, results, items, workers) in [(0, 0, 1, 1), (1, 1, 7, 5), (65_537, 65_536, 1, 4)] {
        run(&[("bytes", bytes), ("result_bytes", results), ("items", items), ("workers", workers)]);
    }
    for (setting, named) in [("items=0", "items=0"), ("workers=0", "workers=0"), ("bytes=17179869185", "bytes=")] {
        let ended = House::bare().lab(&["run", "big_argument", "--set", setting]).check(2);
        assert!(ended.stderr.contains(named) && ended.stderr.contains("lesson big_argument"), "{}", ended.stderr);
    }
}

fn verdict(bytes: u64, rows: &[VariantResult], claim: &str) -> (Verdict, String) {
    let params = LESSON.params(Profile::Standard, &[("bytes".to_owned(), bytes)]).unwrap();
    let judgement = judged(&LESSON, params, rows, claim);
    (judgement.verdict, judgement.because)
}

#[test]
fn the_process_pool_is_compared_with_the_thread_pool() {
    let ratio = |bytes, pool_ms| {
        let rows = [row("serial", 10), row("thread", 10), row("pool_spawn", pool_ms)];
        verdict(bytes, &rows, "performance.thread-vs-process-1gib")
    };
    assert_eq!(ratio(1 << 30, 58).0, Verdict::Reproduced);
    assert_eq!(ratio(1 << 30, 300).0, Verdict::DirectionOnlyStronger);
    assert_eq!(ratio(1 << 30, 10).0, Verdict::Contradicted);
    let (found, because) = ratio(1 << 20, 58);
    assert!(found == Verdict::NotTestableHere && because.contains("fit into a cache"), "{because}");
}

#[test]
fn results_that_fill_the_way_back_are_told_from_those_that_do_not() {
    let fan_out = |largest: u64, kept: u64, returned: [u64; 2]| {
        let mut sweep = row("result_fan_out", 10);
        let rates = [largest / 4 * 1_000_000_000 / returned[0], largest * 1_000_000_000 / returned[1]];
        let series = [
            ("sizes", vec![largest / 4, largest]),
            ("kept_ns", vec![kept; 2]),
            ("returned_ns", returned.to_vec()),
            ("one_worker_ns", returned.to_vec()),
            ("returned_bytes_per_s", rates.to_vec()),
            ("one_worker_bytes_per_s", rates.to_vec()),
        ];
        sweep.series = series.map(|(name, values)| (name.to_owned(), values)).into();
        verdict(1 << 25, &[row("serial", 10), sweep], "tuning.result-fan-out")
    };
    assert_eq!(fan_out(1 << 20, 1_000_000, [3_000_000, 12_000_000]).0, Verdict::Reproduced);
    assert_eq!(fan_out(1 << 20, 1_000_000, [1_100_000, 1_300_000]).0, Verdict::DirectionOnlyWeaker);
    assert_eq!(fan_out(1 << 20, 1_000_000, [900_000, 900_000]).0, Verdict::Contradicted);
    assert_eq!(fan_out(1 << 17, 1_000_000, [3_000_000, 12_000_000]).0, Verdict::NotTestableHere);
}
