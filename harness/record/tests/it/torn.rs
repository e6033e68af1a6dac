//! A program that is killed while it writes: whatever part of the file reached the disk reads back.

use record::Run;

use crate::samples::{end, header, subject, write_run};

#[test]
fn a_run_cut_at_any_byte_keeps_its_whole_rows() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(write_run(folder.path(), "a-run", 3)).unwrap();
    let header_bytes = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let path = folder.path().join("cut.jsonl");
    for length in header_bytes..=whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        let rows = whole[header_bytes..length].iter().filter(|byte| **byte == b'\n').count();
        let expected = Run {
            header: header("a-run"),
            subjects: (0..3).take(rows).map(subject).collect(),
            end: (rows == 4).then(end),
        };
        assert_eq!(Run::read(&path).unwrap(), expected, "cut after {length} bytes");
    }
}

#[test]
fn a_header_cut_at_any_byte_is_an_error_that_names_the_first_line() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(write_run(folder.path(), "a-run", 0)).unwrap();
    let header_bytes = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let path = folder.path().join("cut.jsonl");
    for length in 0..header_bytes {
        std::fs::write(&path, &whole[..length]).unwrap();
        let error = Run::read(&path).unwrap_err();
        assert!(error.is_damaged(), "{error}");
        assert!(error.to_string().contains("cut.jsonl:1: "), "cut after {length} bytes: {error}");
    }
}

/// A line that ends is whole: if its content is not a row, it was not torn but damaged.
#[test]
fn a_damaged_last_line_is_not_taken_for_a_torn_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_run(folder.path(), "a-run", 1);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.truncate(bytes.len() - 3);
    bytes.push(b'\n');
    std::fs::write(&path, &bytes).unwrap();
    assert!(Run::read(&path).unwrap_err().to_string().contains("a-run.jsonl:3: "));
}
