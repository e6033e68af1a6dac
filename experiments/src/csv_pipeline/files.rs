//! The eight files: made from a seed, with what real files have in them that a line is not a record of.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use harness::Random;

use super::table::Fault;
use crate::places;

/// The first line of every file.
pub(super) const HEADER: &str = "order,category,quantity,price_cents,note";

/// Six ways to write four categories.
const CATEGORIES: [&str; 6] = ["books", "Books ", "music", " garden", "TOYS", "toys"];

/// What a note may be: nothing, words, or what has to be quoted. One in seven quotes another order, on a line of its own.
const NOTES: [&str; 7] = [
    "",
    "gift",
    "\"fragile, please\"",
    "call first",
    "\"he said \"\"later\"\"\"",
    "\"as before:\n17,books,9,900,rush\"",
    "",
];

/// A generated file: open, without a name, and in the cache.
#[derive(Debug)]
pub(super) struct Table {
    file: File,
    /// By which workers open it.
    pub(super) path: String,
    pub(super) bytes: u64,
    /// Where the first record begins.
    pub(super) first: u64,
}

/// The text of a file of `rows` records, of which the first has the number `begin`. In every second file lines end as on Windows.
pub(super) fn text(begin: u64, rows: u64, windows: bool, seed: u64) -> String {
    let end = if windows { "\r\n" } else { "\n" };
    let mut text = format!("{HEADER}{end}");
    for order in begin..begin + rows {
        // From its own number, so that a record is the same in whichever file it is.
        let mut random = Random::seeded(seed.wrapping_add(order.wrapping_mul(0xd134_2543_de82_ef95)));
        let number = random.next().unwrap_or_default();
        let category = CATEGORIES[(number % 6) as usize];
        let note = NOTES[(number >> 8) as usize % NOTES.len()];
        let price = (number >> 16) % 100_000;
        // One record in 32 has no quantity, and one in 32 a word in its place.
        let quantity = match (number >> 40) % 32 {
            0 => String::new(),
            1 => "n/a".to_owned(),
            _ => ((number >> 48) % 100).to_string(),
        };
        write!(text, "{order},{category},{quantity},{price},{note}{end}").expect("a string takes it");
    }
    text
}

/// Makes one file for each of `rows`, in `folder`.
pub(super) fn make(folder: &Path, rows: &[u64], seed: u64) -> Result<Vec<Table>, Fault> {
    let mut begin = 0;
    let mut tables = Vec::new();
    for (number, rows) in rows.iter().enumerate() {
        let windows = number % 2 == 1;
        let text = text(begin, *rows, windows, seed);
        let mut file = places::nameless(folder)?;
        file.write_all(text.as_bytes())?;
        let first = HEADER.len() as u64 + if windows { 2 } else { 1 };
        tables.push(Table { path: places::path_of(&file), file, bytes: text.len() as u64, first });
        begin += rows;
    }
    Ok(tables)
}

// ANCHOR: cold
/// Asks the kernel to forget the files: they are written to the disk first, because it keeps what is not there yet.
pub(super) fn forget(tables: &[Table]) -> Result<(), Fault> {
    for table in tables {
        table.file.sync_all()?;
        nix::fcntl::posix_fadvise(&table.file, 0, 0, nix::fcntl::PosixFadviseAdvice::POSIX_FADV_DONTNEED)?;
    }
    Ok(())
}

/// The bytes that this process has had fetched from a disk so far (proc(5), `read_bytes`); none where the kernel does not say.
pub(super) fn read_from_disk() -> Option<u64> {
    let told = std::fs::read_to_string("/proc/self/io").ok()?;
    told.lines().find_map(|line| line.strip_prefix("read_bytes: ")?.parse().ok())
}
// ANCHOR_END: cold

/// `rows` records over `files` files, as evenly as can be.
pub(super) fn evenly(rows: u64, files: u64) -> Vec<u64> {
    (0..files).map(|file| rows / files + u64::from(file < rows % files)).collect()
}

/// The same with half of them in the first file.
pub(super) fn unevenly(rows: u64, files: u64) -> Vec<u64> {
    match files {
        0 | 1 => evenly(rows, files),
        _ => std::iter::once(rows - rows / 2).chain(evenly(rows / 2, files - 1)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_the_same_in_whichever_file_it_is() {
        let whole = text(0, 100, false, 3);
        let second = text(40, 60, false, 3);
        assert!(whole.ends_with(second.strip_prefix(HEADER).unwrap()));
        assert!(whole.contains("\"as before:\n17,books") && whole.contains(",n/a,") && !whole.contains('\r'));
        assert!(text(0, 9, true, 3).ends_with("\r\n"));
    }

    #[test]
    fn no_record_is_lost_over_files() {
        for (rows, files) in [(0, 1), (0, 8), (1, 8), (7, 3), (1_000, 8), (5, 1), (13, 2)] {
            for cut in [evenly(rows, files), unevenly(rows, files)] {
                assert_eq!((cut.iter().sum::<u64>(), cut.len() as u64), (rows, files), "{cut:?}");
            }
        }
        assert_eq!(unevenly(1_000, 8)[0], 500);
    }
}
