//! What is written comes back.

use record::{Recorder, Row, Run};

use crate::samples::{Arbitrary, end, header, subject, write_run};

#[test]
fn a_run_comes_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_run(folder.path(), "a-run", 3);
    assert_eq!(path, folder.path().join("a-run.jsonl"));
    let expected = Run { header: header("a-run"), subjects: (0..3).map(subject).collect(), end: Some(end()) };
    assert_eq!(Run::read(&path).unwrap(), expected);
}

#[test]
fn a_run_can_be_read_while_it_grows() {
    let folder = tempfile::tempdir().unwrap();
    let mut recorder = Recorder::create(folder.path(), &header("a-run")).unwrap();
    let path = recorder.path().to_owned();
    assert_eq!(Run::read(&path).unwrap(), Run { header: header("a-run"), subjects: Vec::new(), end: None });
    for number in 0..3 {
        recorder.subject(&subject(number)).unwrap();
        let run = Run::read(&path).unwrap();
        assert_eq!((run.subjects.len() as u64, run.end), (number + 1, None));
    }
    assert_eq!(recorder.end(&end()).unwrap(), path);
    assert_eq!(Run::read(&path).unwrap().end, Some(end()));
}

#[test]
fn a_row_is_one_line_whatever_its_texts_hold() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_run(folder.path(), "a-run", 2);
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(text.lines().count(), 4);
    assert!(text.ends_with('\n'));
}

#[test]
fn every_kind_of_row_survives_json() {
    let mut arbitrary = Arbitrary(1);
    for number in 0..500 {
        let rows =
            [Row::Run(arbitrary.header("a-run")), Row::Subject(arbitrary.subject()), Row::End(arbitrary.end_row())];
        for row in rows {
            let json = serde_json::to_string(&row).unwrap();
            let back: Row = serde_json::from_str(&json).unwrap();
            assert_eq!(back, row, "number {number}: {json}");
        }
    }
}

#[test]
fn runs_of_arbitrary_content_survive_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let mut arbitrary = Arbitrary(2);
    for number in 0..20 {
        let header = arbitrary.header(&format!("run-{number}"));
        let subjects: Vec<_> = (0..number).map(|_| arbitrary.subject()).collect();
        let end = arbitrary.end();
        let mut recorder = Recorder::create(folder.path(), &header).unwrap();
        for subject in &subjects {
            recorder.subject(subject).unwrap();
        }
        let path = recorder.end(&end).unwrap();
        assert_eq!(Run::read(&path).unwrap(), Run { header, subjects, end: Some(end) });
    }
}
