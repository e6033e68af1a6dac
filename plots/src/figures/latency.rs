//! `LESSON-latency`: how long a server under the interpreter lock takes to answer, by what else wants the lock.
//!
//! One row per load on a logarithmic axis: a bar from the fastest tenth of all requests to the slowest, and beside it what CPython took for
//! the same. The median is that of the subjects' medians, as chapters have it in their text.

use anyhow::{Result, bail};
use record::LessonSummary;

use super::Figure;
use super::bounds::{self, Bound, Limits};
use super::rows::{AXIS, LEGEND, NUMBERS, TOP, WIDTH, axis};
use crate::draw::{Anchor, Canvas, Face, Ink, Legend, Scale, Shape, draw, finish, interval};
use crate::median::median;
use crate::{Cell, Column, Shelved, Table, words};

/// Pixels for a row, and for the words before it.
const ROW: i32 = 38;
const LABELS: i32 = 250;

/// A load: the end of its series' name, and its words.
const LOADS: [(&str, &str); 6] = [
    ("no_spinner", "the server alone"),
    ("1_spinner", "beside one thread that counts"),
    ("2_spinners", "beside two"),
    ("1_spinner_tenth_interval", "beside one, a tenth of the interval"),
    ("2_spinners_tenth_interval", "beside two, a tenth of the interval"),
    ("1_spinner_no_think", "beside one, asked without a pause"),
];

/// A source, its shape, and its median for some loads.
type Printed = (&'static str, Shape, &'static [(&'static str, f64)]);

/// Medians in nanoseconds of a UDP echo server in CPython beside threads that loop, its client in another process; one series of
/// measurements on a virtual machine with two cores: what the lock here has to resemble.
const CPYTHON: [Printed; 2] = [
    (
        "CPython 3.8.18, measured once",
        Shape::Diamond,
        &[("no_spinner", 61e3), ("1_spinner", 5.2e6), ("2_spinners", 12.0e6)],
    ),
    (
        "CPython 3.13.0, measured once",
        Shape::Cross,
        &[
            ("no_spinner", 58e3),
            ("1_spinner", 8.1e6),
            ("2_spinners", 16.1e6),
            ("1_spinner_tenth_interval", 0.66e6),
            ("2_spinners_tenth_interval", 0.66e6),
        ],
    ),
];
/// The switch interval of those measurements, which is CPython's own.
const CPYTHON_INTERVAL_US: u64 = 5_000;

/// Draws how long the answers take.
///
/// # Errors
/// If the lesson was not measured, or none of its variants measured a latency.
pub fn latency(lesson: &Shelved) -> Result<Figure> {
    let summary = lesson.measured()?;
    let rows = rows(summary);
    if rows.is_empty() {
        bail!("no variant of '{}' measured a latency", lesson.info.stem);
    }
    let chart = Chart::new(rows, bounds(Limits::of(lesson)));
    let (title, caption) = (chart.title(), chart.caption(summary));
    let svg = draw(WIDTH as u32, chart.height() as u32, |canvas| chart.draw(canvas))?;
    let svg = finish(&svg, &title, &caption)?;
    Ok(Figure { name: format!("{}-latency", lesson.info.stem), title, caption, svg, table: chart.table() })
}

/// The unit of the axis, in nanoseconds: an axis always holds 1, and so does the range of latencies.
const UNIT_NS: f64 = 1e5;

/// One load, its times in [`UNIT_NS`]: how many requests, and the tenth, the median and the nine tenths of their latencies. The tenths are
/// those of all requests together, the median is that of the subjects' medians.
struct Row {
    load: &'static str,
    words: &'static str,
    requests: usize,
    spread: [f64; 3],
    /// Source, shape and median of what others measured.
    marks: Vec<(&'static str, Shape, f64)>,
}

struct Chart {
    rows: Vec<Row>,
    scale: Scale,
    legend: Legend,
    /// The round trips of a bare socket.
    bounds: Vec<Bound>,
}

/// An answer is a message there and a message back between two processes, which is what these limits are.
fn bounds(limits: Limits<'_>) -> Vec<Bound> {
    let trips =
        [("socket_round_trip_same_core", "socket, same core"), ("socket_round_trip_two_cores", "socket, two cores")];
    let bound = |(name, words): (&str, &str)| {
        let ns = limits.time(name)?;
        Some(Bound { value: ns / UNIT_NS, label: format!("{words}: {}", words::time(ns)) })
    };
    trips.into_iter().filter_map(bound).collect()
}

/// The loads that were measured, all judged subjects together.
fn rows(summary: &LessonSummary) -> Vec<Row> {
    let comparable = summary.plan.params.get("interval_us") == Some(&CPYTHON_INTERVAL_US);
    let row = |(load, words): &(&'static str, &'static str)| {
        let series = summary.variants.iter().find_map(|variant| variant.series.get(&format!("latencies_{load}_ns")))?;
        let mut all: Vec<u64> = series.iter().flatten().copied().collect();
        all.sort_unstable();
        let at = |share: usize| all.get((all.len() * share / 10).min(all.len().checked_sub(1)?)).copied();
        let medians: Vec<u64> = series.iter().filter_map(|latencies| upper_median(latencies)).collect();
        let spread = [at(1)? as f64, median(&medians)?, at(9)? as f64].map(|ns| ns / UNIT_NS);
        let mark = |(source, shape, medians): &Printed| {
            let found = medians.iter().find(|(name, _)| name == load)?;
            Some((*source, *shape, found.1 / UNIT_NS))
        };
        let marks = CPYTHON.iter().filter(|_| comparable).filter_map(mark).collect();
        Some(Row { load, words, requests: all.len(), spread, marks })
    };
    LOADS.iter().filter_map(row).collect()
}

impl Chart {
    fn new(rows: Vec<Row>, bounds: Vec<Bound>) -> Self {
        let values = rows.iter().flat_map(|row| row.spread.into_iter().chain(row.marks.iter().map(|mark| mark.2)));
        let values: Vec<f64> = values.collect();
        let scale = Scale::logarithmic(values.into_iter(), LABELS, WIDTH - NUMBERS);
        let mut legend = Legend::default();
        legend.add(Shape::Interval, Ink::Blue, "median, and the middle eight tenths");
        for (source, shape, _) in rows.iter().flat_map(|row| &row.marks) {
            legend.add(*shape, Ink::Vermillion, source);
        }
        Self { rows, scale, legend, bounds }
    }

    /// Where the first row begins.
    fn top(&self) -> i32 {
        TOP + bounds::labels_height(&self.bounds, &self.scale)
    }

    fn bottom(&self) -> i32 {
        self.top() + ROW * self.rows.len() as i32
    }

    fn height(&self) -> i32 {
        self.bottom() + AXIS + self.legend.height(LEGEND.1) + 6
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Result<()> {
        let bottom = self.bottom();
        axis(canvas, &self.scale, bottom, "time to the answer (logarithmic)", |value| {
            tick((value * UNIT_NS).round() as u64)
        })?;
        bounds::upright(canvas, &self.scale, &self.bounds, bottom)?;
        for (place, row) in (0..).zip(&self.rows) {
            let middle = self.top() + place * ROW + ROW / 2;
            canvas.text((LABELS - 12, middle), Anchor::End, row.words, (13, Face::Prose, Ink::Text))?;
            let [low, mid, high] = row.spread.map(|us| self.scale.x(us));
            interval(canvas, (low, mid, high), middle + 5, Ink::Blue)?;
            for (_, shape, us) in &row.marks {
                shape.draw(canvas, (self.scale.x(*us), middle - 10), Ink::Vermillion)?;
            }
            let text = words::time(row.spread[1] * UNIT_NS);
            canvas.text((WIDTH - NUMBERS + 14, middle), Anchor::Start, &text, (13, Face::Strong, Ink::Text))?;
        }
        self.legend.draw(canvas, (LEGEND.0, bottom + AXIS), LEGEND.1)
    }

    fn median(&self, load: &str) -> Option<f64> {
        self.rows.iter().find(|row| row.load == load).map(|row| row.spread[1] * UNIT_NS)
    }

    /// The finding: alone, beside one, beside two.
    fn title(&self) -> String {
        match (self.median("no_spinner"), self.median("1_spinner"), self.median("2_spinners")) {
            (Some(alone), Some(one), Some(two)) => format!(
                "The server answers in {} alone, in {} beside one thread that counts, in {} beside two",
                words::time(alone),
                words::time(one),
                words::time(two)
            ),
            _ => "How long the server takes to answer".to_owned(),
        }
    }

    fn caption(&self, summary: &LessonSummary) -> String {
        let requests = self.rows.iter().map(|row| row.requests).min().unwrap_or(0) as u64;
        let mut caption = format!(
            "Latency of at least {} per load, from {}: the median of the subjects' medians, and the middle eight tenths of all requests \
             together. The client is outside the lock.",
            words::plural(requests, "request"),
            words::plural(u64::from(summary.plan.blocks) * 2, "subject"),
        );
        if self.rows.iter().any(|row| !row.marks.is_empty()) {
            caption.push_str(
                " The marks are medians of a UDP echo server in CPython, measured once, on a machine with two cores: what the lock here has \
                 to resemble, and no part of this run.",
            );
        }
        if !self.bounds.is_empty() {
            caption.push_str(
                " Dashed is the round trip of eight bytes between two processes that do nothing else, in the same run.",
            );
            caption.push_str(&bounds::outside(&self.bounds, &self.scale));
        }
        caption
    }

    fn table(&self) -> Table {
        let mut columns = vec![Column::left("load")];
        columns.extend(["requests", "fastest tenth", "median", "slowest tenth"].map(Column::right));
        columns.extend(CPYTHON.iter().map(|(source, ..)| Column::right(source)));
        let row = |row: &Row| {
            let [low, mid, high] = row.spread.map(|us| Cell::Text(words::time(us * UNIT_NS)));
            let mut cells =
                vec![Cell::Text(row.words.to_owned()), Cell::Text(words::count(row.requests as u64)), low, mid, high];
            cells.extend(CPYTHON.iter().map(|(source, ..)| {
                let mark = row.marks.iter().find(|mark| mark.0 == *source);
                Cell::or_none(mark.map(|mark| words::time(mark.2 * UNIT_NS)))
            }));
            cells
        };
        Table { caption: None, columns, rows: self.rows.iter().map(row).collect() }.without_empty_columns()
    }
}

/// The median of one subject's requests, of two the upper, as the lesson reports it.
fn upper_median(latencies: &[u64]) -> Option<u64> {
    let mut sorted = latencies.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

/// A round time in as few characters as there are: the labels of the axis stand close together.
fn tick(ns: u64) -> String {
    let (size, unit) = match ns {
        0..1_000 => (1, "ns"),
        1_000..1_000_000 => (1_000, "µs"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    format!("{} {unit}", ns / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_is_short() {
        assert_eq!([300, 3_000, 10_000_000, 1_000_000_000].map(tick), ["300 ns", "3 µs", "10 ms", "1 s"]);
    }
    use crate::samples;

    #[test]
    fn the_title_tells_alone_from_beside_others() {
        let figure = latency(&samples::lesson_for("latency")).unwrap();
        let title =
            "The server answers in 60.0 us alone, in 5.10 ms beside one thread that counts, in 12.6 ms beside two";
        assert_eq!(figure.title.replace('µ', "u"), title);
        assert_eq!((figure.table.rows.len(), figure.table.columns.len()), (6, 7));
    }

    #[test]
    fn the_median_is_that_of_the_subjects_medians() {
        let mut lesson = samples::lesson_for("latency");
        let series = &mut lesson.summary.as_mut().unwrap().variants[2].series;
        // All requests together have a median of 5 us.
        let subjects = vec![vec![1_000, 2_000, 9_000], vec![1_000, 3_000, 9_000], vec![5_000, 9_000, 9_000]];
        series.insert("latencies_no_spinner_ns".to_owned(), subjects);
        let title = latency(&lesson).unwrap().title.replace('µ', "u");
        assert!(title.starts_with("The server answers in 3.00 us alone"), "{title}");
    }

    #[test]
    fn another_interval_is_not_compared_with_cpython() {
        let mut lesson = samples::lesson_for("latency");
        lesson.summary.as_mut().unwrap().plan.params.insert("interval_us".to_owned(), 100);
        let figure = latency(&lesson).unwrap();
        assert!(!figure.svg.contains("CPython") && figure.table.columns.len() == 5);
    }

    #[test]
    fn a_lesson_without_a_server_has_no_such_figure() {
        let fault = latency(&samples::bound_method()).unwrap_err().to_string();
        assert_eq!(fault, "no variant of 'bound_method' measured a latency");
    }
}
