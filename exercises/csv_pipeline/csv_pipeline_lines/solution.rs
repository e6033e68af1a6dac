//! Cut a CSV file between its rows.
//!
//! Workers are to read a large CSV file in parts. What is here jumps to the place of each cut and goes on to the next line break, which
//! is quick, and wrong: a field in quotes may hold line breaks. Cut only where a row ends, so that every row is in one part, as a whole.
//! Lines end in LF or CRLF, the last one perhaps in nothing; within quotes, a quote is doubled. Counted are the largest part, the bytes
//! read, the calls that this took, and the heap: one pass over the file, in blocks, is fair, a copy of it is not.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::process::ExitCode;

use exercises::{CountedFile, Sheet};

/// Exactly `parts` ranges of a file of `bytes` bytes, one after the other, together all of it. If there are fewer rows, some are empty.
pub fn split(file: &mut (impl Read + Seek), bytes: u64, parts: usize) -> io::Result<Vec<Range<u64>>> {
    // BEGIN SOLUTION
    //| // TODO: a line break may be within quotes.
    //| let (mut begin, mut ranges) = (0, Vec::new());
    //| for part in 1..parts {
    //|     let wanted = (bytes * part as u64 / parts as u64).max(begin);
    //|     file.seek(SeekFrom::Start(wanted.saturating_sub(1)))?;
    //|     let mut line = Vec::new();
    //|     let read = BufReader::with_capacity(512, &mut *file).read_until(b'\n', &mut line)?;
    //|     let end = (wanted.saturating_sub(1) + read as u64).max(begin);
    //|     ranges.push(begin..end);
    //|     begin = end;
    //| }
    //| ranges.push(begin..bytes);
    //| Ok(ranges)
    file.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let (mut at, mut begin, mut quoted) = (0, 0, false);
    let mut ranges = Vec::new();
    while ranges.len() + 1 < parts {
        let block = reader.fill_buf()?;
        let length = block.len();
        if length == 0 {
            break;
        }
        for byte in block {
            at += 1;
            // A doubled quote turns it over twice.
            quoted ^= *byte == b'"';
            let row_ends = *byte == b'\n' && !quoted;
            if row_ends && at * parts as u64 >= bytes * (ranges.len() as u64 + 1) && ranges.len() + 1 < parts {
                ranges.push(begin..at);
                begin = at;
            }
        }
        reader.consume(length);
    }
    ranges.push(begin..bytes);
    ranges.resize(parts, bytes..bytes);
    Ok(ranges)
    // END SOLUTION
}

fn main() -> ExitCode {
    let mut sheet = Sheet::new();
    let plain = "1,tea,250\r\n2,coffee,500\r\n3,\"tea, green\",250\r\n4,water,0";
    show(&mut sheet, "four rows", plain, 3, &[0, 11, 25, 45, 54]);
    let quoted = "1,\"two\nlines\",250\n2,\"said \"\"\nno\"\"\",1\n3,\"\n\n\n\",2\n";
    show(&mut sheet, "line breaks in quotes", quoted, 4, &[0, 18, 37, 47]);
    sheet.end()
}

/// Splits a text whose rows begin and end at `ends`.
fn show(sheet: &mut Sheet, what: &str, text: &str, parts: usize, ends: &[u64]) {
    let mut file = CountedFile::of(text.as_bytes().to_vec());
    let counts = file.counts();
    let ranges = split(&mut file, text.len() as u64, parts).expect("a file in memory can be read");
    println!("{what}, in {parts} parts: {ranges:?}");
    sheet.exactly("parts", ranges.len() as u64, parts as u64);
    let whole = ranges.iter().all(|range| ends.contains(&range.start) && ends.contains(&range.end));
    sheet.holds("every cut is between two rows", whole);
    sheet.at_most("bytes read", counts.bytes(), text.len() as u64);
}
