//! Whether every row is in one part, how even the parts are, what was read for it and what the heap was asked for.

use std::ops::Range;
use std::process::ExitCode;

use exercises::checking::{self, Checking};
use exercises::{CountedFile, CountedHeap};
use submission::split;

#[global_allocator]
static HEAP: CountedHeap = CountedHeap::new();

fn main() -> ExitCode {
    checking::main(&[("rows", rows), ("quotes", quotes), ("large", large)])
}

/// A file, and where its rows end; the first end is 0.
struct Table {
    text: Vec<u8>,
    ends: Vec<u64>,
    what: String,
}

/// How a file is written.
#[derive(Clone, Copy)]
struct Style {
    quoted_breaks: bool,
    windows: bool,
    last_break: bool,
}

impl Table {
    /// A row for each number.
    fn of(numbers: impl Iterator<Item = u64>, style: Style) -> Self {
        let line_break = if style.windows { "\r\n" } else { "\n" };
        let plain = ["tea", "\"tea, green\"", "", "\"said \"\"no\"\"\"", "\"\"", "\"\"\"\"", "water", "a b"];
        let broken = [
            "\"two@lines\"",
            "\"@\"",
            "\"@@@\"",
            "\"a@1,tea,250@b\"",
            "\"\"\"@\"\"\"",
            "\"@x\"\"\"",
            "tea",
            "\"a,\"\"@\"",
        ];
        let mut table = Self { text: Vec::new(), ends: vec![0], what: String::new() };
        for number in numbers {
            let notes = if style.quoted_breaks { &broken } else { &plain };
            let note = notes[number as usize % 8].replace('@', line_break);
            let other = plain[(number >> 8) as usize % 8];
            let row =
                format!("{},{note},{},{other}{line_break}", number % 1_000, "7".repeat((number >> 16) as usize % 20));
            table.text.extend(row.bytes());
            table.ends.push(table.text.len() as u64);
        }
        if !style.last_break && table.ends.len() > 1 {
            table.text.truncate(table.text.len() - line_break.len());
            table.ends.pop();
            table.ends.push(table.text.len() as u64);
        }
        let last = if style.last_break { "" } else { ", the last without an end" };
        let quotes = if style.quoted_breaks { ", with line breaks in quotes" } else { "" };
        let ends = if style.windows { "CRLF" } else { "LF" };
        table.what = format!("{} rows that end in {ends}{last}{quotes}", table.ends.len() - 1);
        table
    }

    fn bytes(&self) -> u64 {
        self.text.len() as u64
    }

    /// What is wrong with the parts, if anything is.
    fn judge(&self, parts: usize, ranges: &[Range<u64>]) -> Result<(), String> {
        let fault = |fault: String| Err(format!("{} in {parts} parts: {fault}", self.what));
        if ranges.len() != parts {
            return fault(format!("there are {} parts", ranges.len()));
        }
        // Whoever puts everything into one part has split nothing.
        let longest = self.ends.windows(2).map(|row| row[1] - row[0]).max().unwrap_or(0);
        let share = 2 * (self.bytes() / parts as u64 + longest);
        let mut at = 0;
        for range in ranges {
            if range.start != at {
                return fault(format!("a part ends at {at}, and the next begins at {}", range.start));
            }
            if range.end < at || self.ends.binary_search(&range.end).is_err() {
                return fault(format!("the end of part {range:?} is within a row"));
            }
            if range.end - at > share {
                return fault(format!("part {range:?} of {} bytes has far more than its share", self.bytes()));
            }
            at = range.end;
        }
        if at == self.bytes() { Ok(()) } else { fault(format!("the parts end at {at} of {}", self.bytes())) }
    }

    fn try_with(&self, parts: usize) -> Result<(), String> {
        let mut file = CountedFile::of(self.text.clone());
        match split(&mut file, self.bytes(), parts) {
            Ok(ranges) => self.judge(parts, &ranges),
            Err(fault) => Err(format!("{} in {parts} parts: {fault}", self.what)),
        }
    }
}

/// Every style, every number of rows, every number of parts.
fn all(checking: &mut Checking, test: &str, quoted_breaks: bool) {
    let mut tried = 0;
    let mut judged = Ok(());
    for (windows, last_break) in [(false, true), (true, true), (false, false), (true, false)] {
        for rows in [0, 1, 2, 5, 80, 300] {
            let table = Table::of(checking.numbers(rows), Style { quoted_breaks, windows, last_break });
            for parts in [1, 2, 3, 7, 20, 400] {
                judged = judged.and_then(|()| table.try_with(parts));
                tried += 1;
            }
        }
    }
    let fine = judged.is_ok();
    checking.holds(test, fine, judged.err().unwrap_or(format!("{tried} times right")));
}

fn rows(checking: &mut Checking) {
    all(checking, "rows", false);
}

fn quotes(checking: &mut Checking) {
    all(checking, "quotes", true);
}

fn large(checking: &mut Checking) {
    let style = Style { quoted_breaks: true, windows: false, last_break: true };
    let mut table = Table::of(checking.numbers(50_000), style);
    let rows = table.ends.partition_point(|end| *end <= 1_000_000);
    table.ends.truncate(rows);
    table.text.truncate(table.ends[rows - 1] as usize);
    let bytes = table.bytes();
    let mut file = CountedFile::of(std::mem::take(&mut table.text));
    let counts = file.counts();
    let (ranges, used) = HEAP.during(|| split(&mut file, bytes, 8));
    let largest = ranges.unwrap_or_default().into_iter().map(|range| range.end.saturating_sub(range.start)).max();
    checking.count("balance", largest.unwrap_or(bytes) * 8 * 100 / bytes);
    checking.count("read", counts.bytes());
    checking.count("calls", counts.calls());
    checking.count("memory", used.peak_bytes);
}
