//! Lesson `convolution`: every shape right, the rows that differ without a halo named exactly, and every byte that crosses counted.

use experiments::convolution::LESSON;
use record::{Counters, Fault, ProcessReport, Profile, VariantResult, Verdict};

use crate::house::House;
use crate::lab::Answered;
use crate::rows::{judged, row};

fn run(rows: u64, cols: u64, workers: u64) -> Answered {
    let settings = [format!("rows={rows}"), format!("cols={cols}"), format!("workers={workers}")];
    let mut arguments = vec!["run", "convolution", "--profile", "quick", "--json"];
    settings.iter().for_each(|setting| arguments.extend(["--set", setting]));
    House::bare().lab(&arguments).check(0).answered()
}

/// Runs every variant; tells which rows differ without a halo.
#[track_caller]
fn differing(rows: u64, cols: u64, workers: u64) -> Vec<u64> {
    let answered = run(rows, cols, workers);
    assert_eq!(answered.variants.len(), 12);
    let oracle = &answered.variants[0].answer;
    for row in answered.variants.iter().filter(|row| row.demonstrates.is_none()) {
        assert!(row.ok && row.answer.is_some() && row.answer == *oracle, "{rows} x {cols}, {workers}: {row:?}");
    }
    let alone = answered.variant("strips_no_halo");
    let numbers = alone.series["differing_row"].clone();
    assert_eq!(alone.facts["differing_rows"], numbers.len() as u64);
    assert_eq!(alone.notes.contains_key("no_room"), numbers.is_empty(), "{:?}", alone.notes);
    assert_eq!(alone.answer == *oracle, numbers.is_empty());
    assert!(alone.ok);
    numbers
}

#[test]
fn two_rows_differ_at_each_seam() {
    assert_eq!(differing(40, 20, 4), [9, 10, 19, 20, 29, 30]);
    // 101 rows in seven strips: three of 15, then four of 14.
    assert_eq!(differing(101, 97, 7), [14, 15, 29, 30, 44, 45, 58, 59, 72, 73, 86, 87]);
}

#[test]
fn strips_of_one_or_two_rows_are_black_altogether() {
    assert_eq!(differing(7, 5, 16), [1, 2, 3, 4, 5], "more workers than rows");
    assert_eq!(differing(8, 3, 4), [1, 2, 3, 4, 5, 6]);
    assert_eq!(differing(3, 200, 2), [1]);
}

#[test]
fn images_without_a_seam_or_without_a_pixel_that_has_eight_neighbours_leave_no_room() {
    for (rows, cols, workers) in
        [(0, 0, 2), (0, 5, 3), (5, 0, 2), (1, 1, 2), (1, 53, 4), (53, 1, 4), (2, 2, 2), (53, 59, 1)]
    {
        assert!(differing(rows, cols, workers).is_empty(), "{rows} x {cols}, {workers} workers");
    }
}

#[test]
fn an_image_that_is_too_large_is_refused() {
    let ended = House::bare().lab(&["run", "convolution", "--set", "rows=10001"]).check(2);
    assert!(ended.stderr.contains("rows=10001 is out of range for lesson convolution"), "{}", ended.stderr);
    House::bare().lab(&["run", "convolution", "--set", "workers=0"]).check(2);
}

/// The parent, and the sum over the workers.
fn sides(row: &VariantResult) -> (&ProcessReport, Counters) {
    (&row.processes[0], ProcessReport::total(&row.processes[1..]))
}

/// What the parent sends is `out` bytes more than the sentinels, and what comes back `back`.
#[track_caller]
fn check_traffic(row: &VariantResult, strips: u64, workers: u64) -> (u64, u64) {
    let (parent, inside) = sides(row);
    let name = row.name.as_str();
    assert_eq!(row.processes.len() as u64, workers + 1, "{name}");
    assert_eq!((row.counters.tasks, inside.tasks), (strips, strips), "{name}");
    // The strips, a sentinel for each worker and two for the result handler, which reads one of them; each is one byte.
    assert_eq!((parent.dumps.calls, parent.loads.calls), (strips + workers + 2, strips + 1), "{name}");
    assert_eq!((inside.dumps.calls, inside.loads.calls), (strips, strips + workers), "{name}");
    assert_eq!((parent.dumps.bytes, inside.dumps.bytes + 1), (inside.loads.bytes + 2, parent.loads.bytes), "{name}");
    (parent.dumps.bytes - workers - 2, inside.dumps.bytes)
}

#[test]
fn a_halo_costs_two_rows_per_seam_and_nothing_on_the_way_back() {
    let (rows, cols, workers) = (101, 97, 7);
    let answered = run(rows, cols, workers);
    let (alone_out, alone_back) = check_traffic(answered.variant("strips_no_halo"), 7, 7);
    let names = ["ConvolveWithHalo", "ConvolveAlone"].map(|name| name.len() as u64);
    for name in ["strips_halo_naive", "strips_halo_fast"] {
        let (out, back) = check_traffic(answered.variant(name), 7, 7);
        // Each task also names its own rows, in two bytes.
        assert_eq!(out - alone_out, 6 * 2 * cols * 8 + 7 * (names[0] - names[1] + 2), "{name}");
        assert_eq!(back, alone_back, "{name}");
    }
    // Back come the pixels, the shape of each strip in two bytes, and five bytes around a reply.
    assert_eq!(alone_back, rows * cols * 8 + 7 * (2 + 5));
}

#[test]
fn in_shared_memory_no_pixel_crosses() {
    let traffic = |cols| {
        let answered = run(101, cols, 7);
        ["shared_naive", "shared_fast"].map(|name| check_traffic(answered.variant(name), 7, 7))
    };
    let [naive, fast] = traffic(97);
    assert_eq!((naive, fast), (fast, naive));
    assert_eq!(traffic(11), [naive, fast], "the width of the image does not show");
    // Five bytes around a reply, and one for an output of no size: it may not announce more of them than it sends bytes.
    assert_eq!(naive.1, 7 * (5 + 1));
    assert!(naive.0 < 7 * 120, "{naive:?}");
}

#[test]
fn threads_and_one_process_send_nothing() {
    let answered = run(30, 20, 3);
    for name in ["serial_naive", "serial_rows", "serial_fast", "rayon_naive", "rayon_fast", "scaling_threads"] {
        let row = answered.variant(name);
        assert_eq!((row.processes.len(), &row.counters), (1, &Counters::default()), "{name}");
    }
}

#[test]
fn a_sweep_has_a_time_for_every_number_of_workers() {
    let answered = run(30, 20, 3);
    let series = [
        ("scaling_processes", "naive_shared_ns fast_shared_ns naive_pipes_ns fast_pipes_ns crossing_ns start_ns"),
        ("scaling_threads", "naive_threads_ns fast_threads_ns"),
    ];
    for (variant, names) in series {
        let found = &answered.variant(variant).series;
        let workers = &found["workers"];
        assert!(workers.starts_with(&[1, 2, 3, 4]) && workers.is_sorted(), "{workers:?}");
        assert_eq!(found.len(), names.split(' ').count() + 1);
        for name in names.split(' ') {
            assert!(found[name].len() == workers.len() && found[name].iter().all(|ns| *ns > 0), "{name}");
        }
    }
}

#[test]
fn the_floors_of_the_fast_kernel_are_measured_beside_it() {
    let answered = run(300, 300, 2);
    let facts = &answered.variant("serial_fast").facts;
    for name in ["floor_ns", "floor_scale_ns", "arithmetic_ns"] {
        assert!(facts[name] > 0, "{name}");
    }
}

/// The verdict on the speed-up of strips that take a third of the time, and why.
fn speed_up(rows: u64, workers: u64) -> (Verdict, String) {
    let settings = [("rows", rows), ("workers", workers)].map(|(name, value)| (name.to_owned(), value));
    let params = LESSON.params(Profile::Post, &settings).unwrap();
    let rows = [row("serial_naive", 300), row("strips_no_halo", 100)];
    let judgement = judged(&LESSON, params, &rows, "cpu.convolution-speedup");
    (judgement.verdict, judgement.because)
}

#[test]
fn a_speed_up_is_judged_on_a_large_image_and_on_as_many_processes_as_the_claim_has() {
    assert_eq!(speed_up(2_000, 4).0, Verdict::Reproduced);
    assert_eq!(speed_up(500, 4).0, Verdict::Reproduced);
    let (verdict, because) = speed_up(499, 4);
    assert!(verdict == Verdict::NotTestableHere && because.contains("an image of 499 x 2000 pixels"), "{because}");
    let (verdict, because) = speed_up(2_000, 8);
    let why = "the claim is about 4 processes, and this run had 8";
    assert!(verdict == Verdict::NotTestableHere && because.contains(why), "{because}");
}

/// The verdict on strips without a halo of which so many rows differ, and on those with one of which none is right.
fn no_coordination(differing: u64, workers: u64) -> (Verdict, String) {
    let facts = [("seams", workers - 1), ("differing_rows", differing)];
    let mut strips = VariantResult {
        ok: differing > 0,
        demonstrates: Some(Fault::WrongAnswer),
        facts: facts.map(|(name, value)| (name.to_owned(), value)).into(),
        ..row("strips_no_halo", 100)
    };
    if differing == 0 {
        strips.notes.insert("no_room".to_owned(), "no row differs".to_owned());
    }
    let halo = VariantResult { ok: false, answer: Some("wrong".to_owned()), ..row("strips_halo_naive", 100) };
    let params = LESSON.params(Profile::Post, &[("workers".to_owned(), workers)]).unwrap();
    let rows = [row("serial_naive", 300), strips, halo];
    let judgement = judged(&LESSON, params, &rows, "cpu.convolution-needs-no-coordination");
    assert_eq!(judgement.n, 20);
    (judgement.verdict, judgement.because)
}

#[test]
fn strips_that_differ_nowhere_would_need_no_coordination() {
    let (verdict, because) = no_coordination(6, 4);
    assert!(verdict == Verdict::Contradicted && because.contains("0 of 20 subjects gave the serial"), "{because}");
    assert_eq!(no_coordination(0, 4).0, Verdict::Reproduced);
    let (verdict, because) = no_coordination(0, 1);
    assert!(verdict == Verdict::NotTestableHere && because.ends_with("no row differs"), "{because}");
}
