//! The counts of the lesson `csv_pipeline`: the same sums however the records are cut, and what crosses.

use experiments::csv_pipeline::LESSON;
use record::{Fault, Profile, Verdict};

use crate::house::{House, quick_run};
use crate::lab::Answered;
use crate::rows::{judged, row};

fn run(files: u64, rows: u64, workers: u64) -> Answered {
    let settings = [format!("files={files}"), format!("rows={rows}"), format!("workers={workers}")];
    quick_run("csv_pipeline", &[], &settings)
}

#[test]
fn however_the_records_are_cut_their_sums_are_the_same() {
    for (files, rows, workers) in [(1, 0, 1), (8, 1, 2), (3, 101, 7), (13, 997, 3)] {
        let answered = run(files, rows, workers);
        assert_eq!(answered.variants.len(), 10);
        let oracle = &answered.variants[0].answer;
        for row in answered.variants.iter().filter(|row| row.demonstrates.is_none()) {
            if row.notes.contains_key("not_here") {
                assert!(row.ok && row.name.ends_with("_cold"), "{row:?}");
                continue;
            }
            assert!(row.ok && row.answer.is_some() && row.answer == *oracle, "{files} {rows} {workers}: {row:?}");
            assert_eq!(row.facts["records"] + row.facts["rejected"], rows, "{}", row.name);
            assert_eq!(row.facts["broken"], 0, "{}", row.name);
        }
    }
}

#[test]
fn a_path_goes_and_a_summary_comes_back() {
    let (files, workers) = (8, 3);
    let answered = run(files, 2_000, workers);
    let processes = answered.variant("processes");
    assert_eq!((processes.counters.tasks, processes.processes.len() as u64), (files, workers + 1));
    assert_eq!(answered.variant("row_ranges").counters.tasks, files * workers);
    // A path of 40 bytes, two places, the function's name; the file itself is twenty times as large.
    let sent = processes.processes[0].dumps.bytes;
    assert!(sent < files * 200 && sent < processes.facts["file_bytes"] / 20, "{sent}");
    assert_eq!(answered.variant("threads").counters.messages, 0);
}

#[test]
fn a_cut_inside_a_quoted_field_gives_another_sum() {
    let answered = run(8, 4_000, 2);
    let torn = answered.variant("cut_at_any_line");
    assert!(torn.ok && torn.demonstrates == Some(Fault::WrongAnswer), "{torn:?}");
    // What a note quotes on its second line is taken for a record.
    let serial = &answered.variants[0];
    assert!(torn.facts["faults"] == 1 && torn.facts["records"] > serial.facts["records"], "{torn:?}");
    assert_ne!(torn.answer, serial.answer);
}

#[test]
fn one_record_leaves_no_room_for_a_wrong_cut() {
    let torn = run(1, 0, 1);
    assert!(torn.variant("cut_at_any_line").notes.contains_key("no_room"));
}

#[test]
fn a_cold_cache_is_one_whose_files_come_from_the_disk() {
    let answered = run(8, 4_000, 2);
    for name in ["serial_cold", "processes_cold"] {
        let row = answered.variant(name);
        match row.notes.get("not_here") {
            Some(why) => assert!(why.contains("tmpfs") || why.contains("cannot be dropped"), "{why}"),
            None => assert!(row.facts["from_disk_bytes"] * 2 >= row.facts["file_bytes"], "{row:?}"),
        }
    }
}

#[test]
fn what_is_no_count_is_refused() {
    let ended = House::bare().lab(&["run", "csv_pipeline", "--set", "files=0"]).check(2);
    assert!(ended.stderr.contains("files=0 is out of range for lesson csv_pipeline"), "{}", ended.stderr);
    House::bare().lab(&["run", "csv_pipeline", "--set", "workers=257"]).check(2);
}

fn verdict(rows: u64, workers: u64, processes: u64) -> Verdict {
    let settings = [("rows", rows), ("workers", workers)].map(|(name, value)| (name.to_owned(), value));
    let params = LESSON.params(Profile::Post, &settings).unwrap();
    let rows = [row("serial", 400), row("processes", processes)];
    judged(&LESSON, params, &rows, "cpu.csv-pipeline-4x").verdict
}

#[test]
fn a_speed_up_is_judged_on_enough_records_and_on_as_many_workers_as_the_claim_has() {
    assert_eq!(verdict(800_000, 4, 105), Verdict::Reproduced);
    assert_eq!(verdict(800_000, 2, 210), Verdict::Reproduced);
    assert_eq!(verdict(800_000, 4, 400), Verdict::Contradicted);
    assert_eq!(verdict(800_000, 8, 100), Verdict::NotTestableHere);
    assert_eq!(verdict(49_999, 4, 105), Verdict::NotTestableHere);
}
