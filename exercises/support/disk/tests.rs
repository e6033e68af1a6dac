//! What a loss of power may leave, and what a failing operation does.

use super::*;

fn found(disk: &Disk, name: &str, power_lost: bool) -> Vec<Option<String>> {
    let all = disk.could_be_found(name).into_iter().filter(|found| found.power_lost == power_lost);
    all.map(|found| found.content.map(|content| String::from_utf8(content).unwrap())).collect()
}

fn texts<const COUNT: usize>(texts: [&str; COUNT]) -> Vec<Option<String>> {
    texts.map(|text| Some(text.to_owned())).to_vec()
}

#[test]
fn what_was_not_synchronised_may_be_there_in_part() {
    let mut disk = Disk::with(&[("a", b"old")]);
    disk.create("b").unwrap();
    disk.append("b", b"new!").unwrap();
    disk.rename("b", "a").unwrap();
    assert_eq!(found(&disk, "a", false), texts(["new!", "old"]));
    assert_eq!(found(&disk, "a", true), texts(["", "ne", "new!", "old"]));
    assert_eq!(disk.names(), ["a"]);
}

#[test]
fn a_name_is_on_the_disk_when_its_folder_is() {
    let mut disk = Disk::with(&[("a", b"old")]);
    disk.create("b").unwrap();
    disk.append("b", b"new!").unwrap();
    disk.sync("b").unwrap();
    disk.rename("b", "a").unwrap();
    assert_eq!(disk.after_power_loss("a"), [Some(b"new!".to_vec()), Some(b"old".to_vec())]);
    disk.sync_folder().unwrap();
    assert_eq!(disk.after_power_loss("a"), [Some(b"new!".to_vec())]);
    assert_eq!(found(&disk, "a", true), texts(["new!", "old"]));
}

#[test]
fn an_operation_that_fails_goes_on_failing_and_an_append_has_written_half() {
    let mut disk = Disk::with(&[]).failing_at(1);
    disk.create("a").unwrap();
    assert!(disk.append("a", b"1234").is_err());
    assert!(disk.append("a", b"56").is_err());
    assert_eq!(disk.read("a"), Some(&b"125"[..]));
    disk.remove("a").unwrap();
    assert_eq!((disk.operations(), disk.read("a")), (4, None));
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let mut disk = Disk::with(&[]);
    assert_eq!(disk.rename("a", "b").unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(disk.operations(), 0);
}
