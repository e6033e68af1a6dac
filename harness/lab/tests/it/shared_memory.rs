//! Lesson `shared_memory`: what crosses when slices are sent and when they are shared, and what a shareable list takes.

use experiments::shared_memory::LESSON;
use record::{ProcessReport, Profile, VariantResult, Verdict};

use crate::house::{House, quick_run};
use crate::lab::Answered;
use crate::rows::{judged, row};

fn run(settings: &[(&str, u64)]) -> Answered {
    let settings: Vec<String> = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
    quick_run("shared_memory", &[], &settings).of_one_answer()
}

/// What is in `/dev/shm`; nothing where there is none.
fn names_in_shm() -> Vec<std::ffi::OsString> {
    let Ok(folder) = std::fs::read_dir("/dev/shm") else { return Vec::new() };
    let ours = |name: &std::ffi::OsString| name.to_string_lossy().contains("multiprocess");
    folder.flatten().map(|entry| entry.file_name()).filter(ours).collect()
}

#[test]
fn what_is_sent_grows_with_the_slices_and_what_is_shared_does_not() {
    let before = names_in_shm();
    let traffic = |slice: u64| {
        let answered = run(&[("elements", 10 * slice), ("slice", slice), ("workers", 2), ("hand_over_bytes", 4_096)]);
        let parent = |name: &str| answered.variant(name).processes[0].dumps;
        for name in ["pickled_slices", "shared_copied_in", "shared_in_place", "sums_in_value", "sums_in_list"] {
            let row = answered.variant(name);
            let workers = ProcessReport::total(&row.processes[1..]);
            assert_eq!((row.processes.len(), workers.tasks, workers.dumps.calls), (3, 10, 10), "{name}");
        }
        assert_eq!(parent("shared_copied_in").bytes, parent("shared_in_place").bytes);
        [parent("pickled_slices").bytes, parent("shared_in_place").bytes]
    };
    let ([small_sent, small_shared], [large_sent, large_shared]) = (traffic(1_000), traffic(2_000));
    assert_eq!(large_sent - small_sent, 10 * 1_000 * 8, "ten slices of a thousand numbers more, of eight bytes");
    assert!(small_shared < 2_000 && large_shared - small_shared < 50, "{small_shared}, {large_shared}");
    assert_eq!(names_in_shm(), before, "shared memory has no name");
}

#[test]
fn a_list_takes_six_kinds_and_refuses_what_is_too_long_in_every_trial() {
    let answered = run(&[("elements", 1_000), ("slice", 100), ("hand_over_bytes", 4_096)]);
    let facts = &answered.variant("sums_in_list").facts;
    let names = ["list_trials", "list_came_through", "list_too_long_refused"];
    assert_eq!(names.map(|name| facts[name]), [100; 3]);
}

#[test]
fn a_sweep_has_times_for_every_size_and_way() {
    let answered = run(&[("elements", 1_000), ("slice", 100), ("hand_over_bytes", 100_000)]);
    let series = &answered.variant("hand_over").series;
    assert_eq!(series["sizes"], [6_250, 25_000, 100_000]);
    for name in ["pickled_ns", "copied_in_ns", "shared_ns", "copy_ns"] {
        assert!(series[name].len() == 3 && series[name].iter().all(|ns| *ns > 0), "{name}: {series:?}");
    }
}

#[test]
fn odd_sizes_are_right_or_refused() {
    for (elements, slice, workers, hand_over) in [(0, 1, 1, 0), (1, 1_000, 5, 7), (10_007, 101, 3, 9), (7, 1, 16, 8)] {
        run(&[("elements", elements), ("slice", slice), ("workers", workers), ("hand_over_bytes", hand_over)]);
    }
    for (setting, named) in
        [("slice=0", "slice=0"), ("workers=257", "workers=257"), ("elements=2147483649", "elements=")]
    {
        let ended = House::bare().lab(&["run", "shared_memory", "--set", setting]).check(2);
        assert!(ended.stderr.contains(named) && ended.stderr.contains("lesson shared_memory"), "{}", ended.stderr);
    }
}

fn verdict(rows: &[VariantResult], claim: &str) -> (Verdict, String) {
    let judgement = judged(&LESSON, LESSON.params(Profile::Standard, &[]).unwrap(), rows, claim);
    (judgement.verdict, judgement.because)
}

/// A sweep over sizes that grow fourfold.
fn sweep(pickled: impl Fn(u64) -> u64, shared: impl Fn(u64) -> u64) -> (Verdict, String) {
    let mut hand_over = row("hand_over", 10);
    let sizes: Vec<u64> = (0..7).map(|power| 4_096 << (2 * power)).collect();
    let times = |of: &dyn Fn(u64) -> u64| sizes.iter().map(|size| of(*size)).collect::<Vec<u64>>();
    let series = [("pickled_ns", times(&pickled)), ("copied_in_ns", times(&pickled)), ("shared_ns", times(&shared))];
    hand_over.series = series.map(|(name, values)| (name.to_owned(), values)).into();
    hand_over.series.insert("sizes".to_owned(), sizes);
    verdict(&[row("serial", 10), hand_over], "performance.shared-memory-avoids-copies")
}

#[test]
fn constant_and_linear_are_told_from_what_is_neither() {
    assert_eq!(sweep(|size| 9_000 + size, |_| 9_000).0, Verdict::Reproduced);
    assert_eq!(sweep(|size| 9_000 + size, |size| 9_000 + size).0, Verdict::Contradicted);
    assert_eq!(sweep(|_| 9_000, |_| 9_000).0, Verdict::Contradicted);
    assert_eq!(sweep(|size| 9_000 + size * size, |_| 9_000).0, Verdict::Inconclusive);
    let (_, because) = sweep(|size| 9_000 + size, |_| 9_000);
    assert!(because.contains("shared grows 1.00 (1.00 to 1.00) times"), "{because}");
}

#[test]
fn slices_are_judged_with_the_copy_counted_as_well() {
    let slices = |pickled: u64, copied: u64| {
        let named = [("pickled_slices", pickled), ("shared_copied_in", copied), ("shared_in_place", 10)];
        let rows: Vec<VariantResult> =
            [("serial", 10)].into_iter().chain(named).map(|(name, ms)| row(name, ms)).collect();
        verdict(&rows, "tuning.shared-slices").0
    };
    assert_eq!(slices(50, 20), Verdict::Reproduced);
    assert_eq!(slices(50, 80), Verdict::Inconclusive);
    assert_eq!(slices(5, 20), Verdict::Contradicted);
}

#[test]
fn a_list_that_fails_once_contradicts() {
    let list = |came: u64| {
        let mut list = row("sums_in_list", 10);
        let facts = [("list_trials", 100), ("list_came_through", came), ("list_too_long_refused", 100)];
        list.facts = facts.map(|(name, value)| (name.to_owned(), value)).into();
        verdict(&[row("serial", 10), list], "performance.shareable-list").0
    };
    assert_eq!((list(100), list(99)), (Verdict::Reproduced, Verdict::Contradicted));
}
