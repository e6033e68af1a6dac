//! The counts of the lesson `through_disk`: what is pickled for each way, and files that are read before they are whole.

use std::collections::BTreeMap;

use experiments::through_disk::LESSON;
use record::{Fault, ProcessReport, Profile, Traffic, VariantResult, Verdict};

use crate::house::{House, quick_run};
use crate::lab::Answered;
use crate::rows::{judged, row};

fn run(rows: u64, passes: u64, trials: u64) -> Answered {
    let settings = [format!("rows={rows}"), format!("passes={passes}"), format!("trials={trials}")];
    quick_run("through_disk", &[], &settings)
}

#[test]
fn the_column_arrives_whichever_way_it_goes() {
    for rows in [0, 1, 997] {
        let answered = run(rows, 1, 2);
        assert_eq!(answered.variants.len(), 13);
        let oracle = &answered.variants[0].answer;
        for row in answered.variants.iter().filter(|row| row.demonstrates.is_none()) {
            let here = !row.notes.contains_key("not_here");
            assert!(row.ok && (!here || row.answer == *oracle) && oracle.is_some(), "{rows}: {row:?}");
        }
    }
}

#[test]
fn a_pickle_holds_the_column_and_a_path_is_a_path() {
    let (rows, passes) = (10_000, 3);
    let answered = run(rows, passes, 1);
    let dumps = |name: &str| answered.variant(name).processes[0].dumps;
    for name in ["pickle_pipe", "pickle_queue"] {
        // Which item it is, and how many numbers: one byte, and three.
        assert_eq!((dumps(name).calls, dumps(name).bytes), (passes, passes * (rows * 8 + 4)), "{name}");
    }
    for name in ["parquet_memory", "parquet_disk", "parquet_snappy", "raw_memory", "raw_disk", "raw_flushed"] {
        if answered.variant(name).notes.contains_key("not_here") {
            continue;
        }
        // Which item it is, the length of the path, the path.
        assert_eq!((dumps(name).calls, dumps(name).bytes), (passes, passes * (1 + 1 + 40)), "{name}");
    }
    assert_eq!(dumps("shared").bytes, passes * (1 + 3));
    // Numbers of 48 bits take nine bytes each if they are as few as they need.
    assert!(dumps("pickle_elements").bytes > passes * rows * 8);
}

#[test]
fn a_file_that_is_read_too_early_is_short_and_a_renamed_one_never() {
    let answered = run(200_000, 1, 5);
    let torn = answered.variant("file_in_place");
    assert!(torn.ok && torn.demonstrates == Some(Fault::WrongAnswer), "{torn:?}");
    assert!(torn.facts["faults"] > 0 && torn.answer != answered.variants[0].answer, "{torn:?}");
    // In the first trial the writer waits half way, and the reader may be earlier still; how many of the others are short is up to the machine.
    let rows = &torn.series["rows_of_short"];
    assert!(rows[0] <= 100_000 && rows.iter().all(|rows| *rows < 200_000), "{rows:?}");
    assert_eq!((torn.facts["trials"], torn.facts["raced_trials"]), (6, 5));
    assert_eq!(torn.facts["raced_short"] + 1, torn.facts["faults"]);
    let renamed = answered.variant("file_renamed");
    assert_eq!((renamed.facts["short_files"], renamed.facts["trials"]), (0, 6));
    assert_eq!(renamed.answer, answered.variants[0].answer);
}

#[test]
fn the_sweep_ends_with_the_whole_column() {
    let answered = run(5_000, 1, 1);
    let row = answered.variant("raw_memory");
    assert_eq!(row.series["sizes_bytes"], [4_096, 32_768, 40_000]);
    assert_eq!(row.series["pass_ns"].len(), 3);
}

#[test]
fn what_is_no_size_is_refused() {
    let ended = House::bare().lab(&["run", "through_disk", "--set", "rows=100000001"]).check(2);
    assert!(ended.stderr.contains("rows=100000001 is out of range for lesson through_disk"), "{}", ended.stderr);
    House::bare().lab(&["run", "through_disk", "--set", "passes=0"]).check(2);
}

fn verdict(rows: u64, pickle: u64, parquet: u64) -> Verdict {
    let params = LESSON.params(Profile::Post, &[("rows".to_owned(), rows)]).unwrap();
    let rows = [row("pickle_pipe", pickle), row("parquet_disk", parquet)];
    judged(&LESSON, params, &rows, "performance.parquet-beats-pickle").verdict
}

#[test]
fn parquet_is_judged_by_the_ratio_of_the_post() {
    assert_eq!(verdict(10_000_000, 140, 100), Verdict::Reproduced);
    assert_eq!(verdict(10_000_000, 100, 140), Verdict::Contradicted);
    assert_eq!(verdict(99_999, 140, 100), Verdict::NotTestableHere);
}

/// What is said of files that pickle so many bytes per item, of which so many of ten were found short, and none if renamed.
fn disk_instead(pickled: u64, torn: u64) -> Verdict {
    let facts = |facts: &[(&str, u64)]| facts.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    let mut raw = VariantResult { facts: facts(&[("passes", 1)]), ..row("raw_disk", 50) };
    let nothing = Traffic::default();
    let parent = ProcessReport {
        role: "parent".to_owned(),
        pid: 1,
        tasks: 0,
        messages: 1,
        dumps: Traffic { calls: 1, bytes: pickled, ns: 1 },
        loads: nothing,
        writes: nothing,
        reads: nothing,
        work_ns: 0,
        marks: BTreeMap::new(),
        max_rss_bytes: 0,
        user_ns: 0,
        sys_ns: 0,
    };
    raw.processes = vec![parent];
    let pickle = VariantResult { facts: facts(&[("column_bytes", 80_000_000)]), ..row("pickle_pipe", 100) };
    let in_place = VariantResult {
        demonstrates: Some(Fault::WrongAnswer),
        facts: facts(&[("faults", torn), ("trials", 10)]),
        ..row("file_in_place", 10)
    };
    let renamed = VariantResult { facts: facts(&[("short_files", 0), ("trials", 10)]), ..row("file_renamed", 10) };
    let params = LESSON.params(Profile::Post, &[]).unwrap();
    judged(&LESSON, params, &[pickle, raw, in_place, renamed], "queues.disk-instead").verdict
}

#[test]
fn a_file_avoids_the_pickle_and_has_to_be_published_with_care() {
    assert_eq!(disk_instead(42, 9), Verdict::Reproduced);
    assert_eq!(disk_instead(80_000_000, 9), Verdict::Contradicted);
    assert_eq!(disk_instead(42, 0), Verdict::Inconclusive);
}
