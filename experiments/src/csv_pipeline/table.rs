//! The pipeline of one piece of a file: read, clean, add up.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use bincode::{Decode, Encode};
use crc32fast::Hasher;

pub(super) type Fault = Box<dyn Error + Send + Sync>;

/// What the records of one category come to, in whole numbers: merging them in any order gives the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Sums {
    records: u64,
    quantity: u64,
    revenue_cents: u64,
    dearest_cents: u64,
    noted: u64,
}

/// What a piece of a file comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Summary {
    by_category: BTreeMap<String, Sums>,
    /// Records that cleaning threw away.
    pub(crate) rejected: u64,
    /// What is no record at all: another number of fields.
    pub(crate) broken: u64,
    /// Bytes that a disk had to be asked for, if that was counted.
    pub(crate) from_disk: u64,
}

/// A piece of a file, from the start of a record to the end of one.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Piece {
    pub(crate) path: String,
    pub(crate) begin: u64,
    pub(crate) end: u64,
}

impl Piece {
    pub(super) fn bytes(&self) -> u64 {
        self.end - self.begin
    }
}

impl Summary {
    // ANCHOR: pipeline
    /// Reads the records of a piece, throws away what has no quantity, and adds up the rest.
    pub(super) fn of(piece: &Piece) -> Result<Self, Fault> {
        let mut file = File::open(&piece.path)?;
        file.seek(SeekFrom::Start(piece.begin))?;
        let file = file.take(piece.bytes());
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).buffer_capacity(1 << 16).from_reader(file);
        let (mut summary, mut record) = (Self::default(), csv::ByteRecord::new());
        while reader.read_byte_record(&mut record)? {
            summary.add(&record);
        }
        Ok(summary)
    }

    /// Cleans one record, and adds it.
    fn add(&mut self, record: &csv::ByteRecord) {
        let [_, category, quantity, price, note] = [0, 1, 2, 3, 4].map(|field| record.get(field).unwrap_or(b""));
        if record.len() != 5 {
            self.broken += 1;
            return;
        }
        let (Some(quantity), Some(price)) = (number(quantity), number(price)) else {
            self.rejected += 1;
            return;
        };
        let category = String::from_utf8_lossy(category.trim_ascii()).to_ascii_lowercase();
        let sums = self.by_category.entry(category).or_default();
        sums.records += 1;
        sums.quantity = sums.quantity.wrapping_add(quantity);
        sums.revenue_cents = sums.revenue_cents.wrapping_add(quantity.wrapping_mul(price));
        sums.dearest_cents = sums.dearest_cents.max(price);
        sums.noted += u64::from(!note.is_empty());
    }
    // ANCHOR_END: pipeline

    /// Adds another piece's.
    pub(super) fn merge(&mut self, other: &Self) {
        for (category, more) in &other.by_category {
            let sums = self.by_category.entry(category.clone()).or_default();
            sums.records += more.records;
            sums.quantity = sums.quantity.wrapping_add(more.quantity);
            sums.revenue_cents = sums.revenue_cents.wrapping_add(more.revenue_cents);
            sums.dearest_cents = sums.dearest_cents.max(more.dearest_cents);
            sums.noted += more.noted;
        }
        self.rejected += other.rejected;
        self.broken += other.broken;
        self.from_disk += other.from_disk;
    }

    /// Everything but where the bytes came from.
    pub(super) fn answer(&self) -> String {
        let mut hash = Hasher::new();
        for (category, sums) in &self.by_category {
            hash.update(category.as_bytes());
            let numbers = [sums.records, sums.quantity, sums.revenue_cents, sums.dearest_cents, sums.noted];
            numbers.iter().for_each(|number| hash.update(&number.to_le_bytes()));
        }
        [self.rejected, self.broken].iter().for_each(|number| hash.update(&number.to_le_bytes()));
        format!("{:08x}", hash.finalize())
    }

    /// The records that were added up.
    pub(super) fn records(&self) -> u64 {
        self.by_category.values().map(|sums| sums.records).sum()
    }
}

fn number(field: &[u8]) -> Option<u64> {
    std::str::from_utf8(field.trim_ascii()).ok()?.parse().ok()
}

// ANCHOR: cut
/// Cuts the records of a file, which begin at `first`, into `pieces` of about the same size, between two records.
///
/// A line break inside quotes is none. Whether a byte is inside is known only from all quotes before it, so the file is read once from its
/// start; a quote that is doubled inside a field counts twice and changes nothing.
pub(super) fn cut(path: &str, first: u64, bytes: u64, pieces: u64) -> Result<Vec<Piece>, Fault> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(first))?;
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let (mut at, mut begin, mut quoted) = (first, first, false);
    let mut cuts = Vec::new();
    for piece in 1..pieces {
        let wanted = first + (bytes - first) / pieces * piece;
        while at < bytes {
            let block = reader.fill_buf()?;
            if block.is_empty() {
                return Err(format!("{path} ends before its {bytes} bytes").into());
            }
            // Up to the wanted place quotes are counted, and no more; from there on a line break outside of them is looked for.
            let ahead = usize::try_from(wanted.saturating_sub(at))?.min(block.len());
            let taken = if ahead > 0 {
                quoted ^= block[..ahead].iter().filter(|byte| **byte == b'"').count() % 2 == 1;
                ahead
            } else {
                let ends = |byte: &u8| {
                    quoted ^= *byte == b'"';
                    *byte == b'\n' && !quoted
                };
                let found = block.iter().position(ends);
                let taken = found.map_or(block.len(), |place| place + 1);
                if found.is_some() {
                    reader.consume(taken);
                    at += taken as u64;
                    break;
                }
                taken
            };
            reader.consume(taken);
            at += taken as u64;
        }
        cuts.push(Piece { path: path.to_owned(), begin, end: at });
        begin = at;
    }
    cuts.push(Piece { path: path.to_owned(), begin, end: bytes });
    Ok(cuts)
}
// ANCHOR_END: cut

// ANCHOR: cut_anywhere
/// The same at the next line break, whatever it is inside of: quick, and wrong.
pub(super) fn cut_anywhere(path: &str, first: u64, bytes: u64, pieces: u64) -> Result<Vec<Piece>, Fault> {
    let mut file = File::open(path)?;
    let (mut begin, mut cuts) = (first, Vec::new());
    for piece in 1..pieces {
        let wanted = (first + (bytes - first) / pieces * piece).max(begin);
        file.seek(SeekFrom::Start(wanted))?;
        let mut line = Vec::new();
        BufReader::with_capacity(512, &file).read_until(b'\n', &mut line)?;
        let end = (wanted + line.len() as u64).min(bytes);
        cuts.push(Piece { path: path.to_owned(), begin, end });
        begin = end;
    }
    cuts.push(Piece { path: path.to_owned(), begin, end: bytes });
    Ok(cuts)
}
// ANCHOR_END: cut_anywhere

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::files::{HEADER, text};
    use super::*;

    fn summed(pieces: &[Piece]) -> Summary {
        pieces.iter().fold(Summary::default(), |mut sum, piece| {
            sum.merge(&Summary::of(piece).unwrap());
            sum
        })
    }

    /// However many pieces there are, more than records among them, no record is lost, cut or read twice.
    #[test]
    fn a_cut_between_records_changes_nothing() {
        for windows in [false, true] {
            for rows in [0, 1, 2, 300] {
                let text = text(0, rows, windows, 11);
                let mut file = tempfile::NamedTempFile::new().unwrap();
                file.write_all(text.as_bytes()).unwrap();
                let path = file.path().to_str().unwrap();
                let first = HEADER.len() as u64 + if windows { 2 } else { 1 };
                let whole = summed(&cut(path, first, text.len() as u64, 1).unwrap());
                assert_eq!((whole.broken, whole.records() + whole.rejected), (0, rows));
                for pieces in [2, 3, 7, 400] {
                    let cuts = cut(path, first, text.len() as u64, pieces).unwrap();
                    assert_eq!(cuts.len() as u64, pieces);
                    assert!(cuts.windows(2).all(|pair| pair[0].end == pair[1].begin));
                    assert_eq!(summed(&cuts), whole, "{rows} rows in {pieces} pieces");
                }
            }
        }
    }

    #[test]
    fn a_cut_at_any_line_break_breaks_records_that_have_one_inside() {
        let text = text(0, 300, false, 11);
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let (path, first) = (file.path().to_str().unwrap(), HEADER.len() as u64 + 1);
        let whole = summed(&cut(path, first, text.len() as u64, 1).unwrap());
        let torn = summed(&cut_anywhere(path, first, text.len() as u64, 100).unwrap());
        assert_ne!(torn.answer(), whole.answer());
        assert!(torn.records() > whole.records(), "what a note quotes is taken for a record");
    }
}
