//! The seal in the end row: reading finds out whether a single byte above it has changed, and says what differs.

use std::path::{Path, PathBuf};

use record::{Recorder, Run, SCHEMA, hash};
use serde_json::Value;

use crate::samples::{header, subject, write_run};

fn sealed_run(folder: &Path) -> (PathBuf, Vec<u8>) {
    let path = write_run(folder, "a-run", 3);
    let bytes = std::fs::read(&path).expect("the run was just written");
    (path, bytes)
}

/// What reading says about these bytes.
#[track_caller]
fn refused(bytes: &[u8]) -> String {
    let error = Run::parse(Path::new("changed.jsonl"), bytes).expect_err("this was changed after it was sealed");
    assert!(error.is_damaged(), "{error}");
    error.to_string()
}

fn last_line(bytes: &[u8]) -> usize {
    bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n').expect("a header above the end row") + 1
}

#[test]
fn the_end_row_counts_the_subjects_and_hashes_what_stands_above_it() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bytes) = sealed_run(folder.path());
    let end = last_line(&bytes);
    let row: Value = serde_json::from_slice(&bytes[end..]).unwrap();
    assert_eq!((row["rows"].as_u64(), row["sha256"].as_str()), (Some(3), Some(&*hash::of_bytes(&bytes[..end]))));
    assert!(Run::read(&path).unwrap().sealed());
}

#[test]
fn a_file_and_its_bytes_have_one_hash() {
    // The examples of FIPS 180-4, and one that needs more than one read.
    assert_eq!(hash::of_bytes(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(hash::of_bytes(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    let folder = tempfile::tempdir().unwrap();
    let (path, long) = (folder.path().join("long"), vec![b'a'; 1_000_000]);
    std::fs::write(&path, &long).unwrap();
    assert_eq!(hash::of_file(&path).unwrap(), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    assert_eq!(hash::of_bytes(&long), hash::of_file(&path).unwrap());
}

/// Every byte of the file counts: most changes make a row that is none, and the others are found by the hash.
#[test]
fn no_byte_can_be_changed_unseen() {
    let folder = tempfile::tempdir().unwrap();
    let (_, sound) = sealed_run(folder.path());
    let end = last_line(&sound);
    for at in 0..end {
        let mut changed = sound.clone();
        // Another digit for a digit, another letter for a letter: what looks like a row still does.
        changed[at] = if sound[at] == b'1' { b'2' } else { sound[at] ^ 1 };
        let told = Run::parse(Path::new("changed.jsonl"), &changed);
        assert!(told.is_err(), "byte {at} was {:?}", char::from(sound[at]));
    }
}

#[test]
fn an_edited_time_is_found_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let (_, sound) = sealed_run(folder.path());
    let text = String::from_utf8(sound).unwrap();
    let message = refused(text.replacen("\"at_ns\":1,", "\"at_ns\":9,", 1).as_bytes());
    assert!(message.starts_with("changed.jsonl:5: the lines above were changed after the run was sealed"), "{message}");
}

#[test]
fn a_row_that_is_missing_or_double_is_found_by_the_count() {
    let folder = tempfile::tempdir().unwrap();
    let (_, sound) = sealed_run(folder.path());
    let mut lines: Vec<&[u8]> = sound.split_inclusive(|byte| *byte == b'\n').collect();
    let message = refused(&[lines[0], lines[1], lines[3], lines[4]].concat());
    assert_eq!(message, "changed.jsonl:4: the run was sealed with 3 subject rows, and 2 are there");
    lines.insert(2, lines[1]);
    assert!(refused(&lines.concat()).contains("sealed with 3 subject rows, and 4 are there"));
    // Two rows that changed places leave the count as it was, and not the hash.
    let lines: Vec<&[u8]> = sound.split_inclusive(|byte| *byte == b'\n').collect();
    let swapped = [lines[0], lines[2], lines[1], lines[3], lines[4]].concat();
    assert!(refused(&swapped).contains("their sha256 is"));
}

#[test]
fn an_end_row_without_its_seal_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (_, sound) = sealed_run(folder.path());
    let end = last_line(&sound);
    for field in ["rows", "sha256"] {
        let mut row: Value = serde_json::from_slice(&sound[end..]).unwrap();
        row.as_object_mut().unwrap().remove(field);
        let message = refused(&[&sound[..end], row.to_string().as_bytes(), b"\n"].concat());
        assert!(message.contains("rows and sha256; one of them is missing"), "{message}");
    }
}

#[test]
fn what_follows_the_end_is_refused_even_if_it_is_no_whole_line() {
    let folder = tempfile::tempdir().unwrap();
    let (_, sound) = sealed_run(folder.path());
    assert_eq!(refused(&[&sound[..], b"{"].concat()), "changed.jsonl:6: something after the end of the run");
}

#[test]
fn an_interrupted_run_is_read_and_not_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let mut recorder = Recorder::create(folder.path(), &header("a-run")).unwrap();
    recorder.subject(&subject(1)).unwrap();
    let run = Run::read(recorder.path()).unwrap();
    assert_eq!((run.sealed(), run.subjects.len()), (false, 1));
}

#[test]
fn a_header_with_another_schema_is_written_as_todays() {
    let folder = tempfile::tempdir().unwrap();
    let old = record::Header { schema: 1, ..header("a-run") };
    let path = Recorder::create(folder.path(), &old).unwrap().end(&crate::samples::end()).unwrap();
    let run = Run::read(&path).unwrap();
    assert_eq!((run.header.schema, run.sealed()), (SCHEMA, true));
}
