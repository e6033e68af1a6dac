//! `LESSON-where`: where the time of each variant's processes goes.
//!
//! One stacked bar per variant, of the run whose time is the median one: dumps, pipes, loads and work, solid for the parent,
//! light and hatched for all workers together. The unit is process-seconds: two processes that spend a second each make two.

use anyhow::Result;
use record::{LessonSummary, ProcessReport, VariantSummary};

use super::Figure;
use super::bounds::{Limits, PIPE};
use super::rows::{self, AXIS, LEGEND, NUMBERS, TOP, WIDTH};
use super::shares::{IN_PROCESS, KINDS, Kind, shares};
use crate::draw::{Anchor, Canvas, Face, Ink, Legend, Scale, Shape, draw, finish, share};
use crate::{Cell, Column, Shelved, Table, words};

/// Pixels for a row.
const ROW: i32 = 34;
/// What is shorter cannot be seen, in pixels.
const NEAR: i32 = 2;

/// Draws into which kinds of work the time of each variant goes.
///
/// # Errors
/// If the lesson was not measured.
pub fn where_time_goes(lesson: &Shelved) -> Result<Figure> {
    let summary = lesson.measured()?;
    let chart = Chart::new(lesson, summary);
    let (title, caption) = (chart.title(), caption(&chart));
    let svg = draw(WIDTH as u32, chart.height() as u32, |canvas| chart.draw(canvas))?;
    let svg = finish(&svg, &title, &caption)?;
    Ok(Figure { name: format!("{}-where", lesson.info.stem), title, caption, svg, table: table(summary) })
}

struct Row<'a> {
    /// The variant's name, or, in the rows of its further lanes that follow, the lane's.
    label: &'a str,
    variant: &'a VariantSummary,
    shares: Vec<(Kind, u64)>,
}

impl Row<'_> {
    fn total(&self) -> u64 {
        self.shares.iter().map(|(_, ns)| ns).sum()
    }
}

/// The variants in the order of the lesson, the lanes of each one below the other.
fn rows(summary: &LessonSummary) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for variant in &summary.variants {
        let shares = variant.typical.as_ref().map(shares).unwrap_or_default();
        match rows.iter().rposition(|row| row.variant.name == variant.name) {
            Some(before) => rows.insert(before + 1, Row { label: &variant.lane, variant, shares }),
            None => rows.push(Row { label: &variant.name, variant, shares }),
        }
    }
    rows
}

struct Chart<'a> {
    rows: Vec<Row<'a>>,
    scale: Scale,
    unit: (f64, &'static str),
    legend: Legend,
    limits: Limits<'a>,
}

impl<'a> Chart<'a> {
    fn new(lesson: &'a Shelved, summary: &'a LessonSummary) -> Self {
        let rows = rows(summary);
        let most = rows.iter().map(Row::total).max().unwrap_or(0) as f64;
        let unit = if most >= 1e9 { (1e9, "process-seconds") } else { (1e6, "process-milliseconds") };
        let left = rows::axis_left(rows.iter().map(|row| row.label));
        let scale = Scale::linear(most / unit.0, left, WIDTH - NUMBERS);
        let mut legend = Legend::default();
        for kind in KINDS.iter().chain([&IN_PROCESS]) {
            if rows.iter().any(|row| row.shares.iter().any(|(drawn, _)| drawn.label == kind.label)) {
                let shape = if kind.workers { Shape::HatchedShare } else { Shape::Share };
                legend.add(shape, kind.ink, kind.label);
            }
        }
        let mut chart = Self { rows, scale, unit, legend, limits: Limits::of(lesson) };
        if let Some(label) =
            chart.limits.pipe_label().filter(|_| chart.rows.iter().any(|row| chart.floor(row).is_some()))
        {
            chart.legend.add(Shape::Limit, Ink::Limit, &label);
        }
        chart
    }

    /// Where the mark for the bytes of a row stands, counted from where its pipes' share begins; none if it could not be told from that.
    fn floor(&self, row: &Row<'_>) -> Option<i32> {
        let bytes = row.variant.typical.as_ref()?.counters.writes.bytes;
        let before = row.shares.iter().take_while(|(kind, _)| !kind.is_pipe()).map(|(_, ns)| ns).sum::<u64>() as f64;
        let [begin, end] =
            [0.0, self.limits.through_pipe(bytes as f64)?].map(|ns| self.scale.x((before + ns) / self.unit.0));
        (row.shares.iter().any(|(kind, _)| kind.is_pipe()) && end > begin + NEAR).then_some(end)
    }

    fn bottom(&self) -> i32 {
        TOP + ROW * self.rows.len() as i32
    }

    fn height(&self) -> i32 {
        self.bottom() + AXIS + self.legend.height(LEGEND.1) + 6
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Result<()> {
        rows::axis(canvas, &self.scale, self.bottom(), self.unit.1, |tick| format!("{}", (tick * 1e6).round() / 1e6))?;
        for (place, row) in (0..).zip(&self.rows) {
            self.row(canvas, row, TOP + place * ROW + ROW / 2)?;
        }
        let left = self.scale.x(0.0);
        canvas.line((left, TOP), (left, self.bottom()), Ink::Text, 1)?;
        self.legend.draw(canvas, (LEGEND.0, self.bottom() + AXIS), LEGEND.1)
    }

    fn row(&self, canvas: &Canvas<'_>, row: &Row<'_>, middle: i32) -> Result<()> {
        rows::name(canvas, self.scale.x(0.0), middle, row.label)?;
        let mut done = 0;
        for (kind, ns) in &row.shares {
            let from = self.scale.x(done as f64 / self.unit.0);
            done += ns;
            let to = self.scale.x(done as f64 / self.unit.0);
            // A share that is too small to be seen is in the table, and in the total beside the bar.
            if to > from {
                share(canvas, (from, middle - 10), (to, middle + 10), kind.ink, kind.workers)?;
            }
        }
        if let Some(x) = self.floor(row) {
            Shape::Limit.draw(canvas, (x, middle), Ink::Limit)?;
        }
        let text = match (row.total(), row.variant.failures.is_empty()) {
            (0, false) => "failed".to_owned(),
            (0, true) => "no time".to_owned(),
            (total, _) => words::time(total as f64),
        };
        canvas.text((WIDTH - NUMBERS + 14, middle), Anchor::Start, &text, (13, Face::Strong, Ink::Text))
    }

    /// The finding: the largest share of the variant that used the most.
    fn title(&self) -> String {
        // Reversed, because of equals the last one is taken and the first one is wanted.
        let most = self.rows.iter().rev().max_by_key(|row| row.total());
        let largest = most.and_then(|row| Some((row, row.shares.iter().max_by_key(|(_, ns)| *ns)?)));
        match largest {
            Some((row, (kind, ns))) if row.total() > 0 => format!(
                "Of the {} that the processes of `{}` spend, {:.0} % go into {}",
                words::time(row.total() as f64),
                row.variant.name,
                100.0 * *ns as f64 / row.total() as f64,
                kind.words,
            ),
            _ => "No variant reported where its time goes".to_owned(),
        }
    }
}

fn caption(chart: &Chart<'_>) -> String {
    let mut caption = format!(
        "Time of all processes of a variant together, in {}, in its median run, by the clock: where there are more processes than \
         cores, waiting for one counts too. Solid is the parent, hatched are its workers together; pipe is writing and reading, \
         waiting for room in a full pipe included.",
        chart.unit.1
    );
    if chart.rows.iter().any(|row| row.shares.iter().any(|(kind, _)| kind.label == IN_PROCESS.label)) {
        caption.push_str(" Where nothing crosses between processes, the bar is the elapsed time.");
    }
    if let Some(bandwidth) = chart.limits.bandwidth(PIPE).map(words::bandwidth) {
        let drawn = chart.rows.iter().any(|row| chart.floor(row).is_some());
        caption.push_str(&match drawn {
            true => format!(
                " A dashed mark is how far the pipes' share would reach if a bare pipe ({bandwidth}, in the same run) carried the bytes; where \
                 there is none, that is too short to be seen."
            ),
            false => format!(" Through a bare pipe ({bandwidth}) the bytes of every variant take too little to be seen here."),
        });
    }
    caption
}

fn table(summary: &LessonSummary) -> Table {
    type Time = fn(&ProcessReport) -> u64;
    let times: [(&str, Time); 5] = [
        ("dumps", |process| process.dumps.ns),
        ("writes", |process| process.writes.ns),
        ("reads", |process| process.reads.ns),
        ("loads", |process| process.loads.ns),
        ("work", |process| process.work_ns),
    ];
    let roles = [("parent", true), ("workers", false)];
    let mut columns = vec![Column::left("variant"), Column::left("lane"), Column::right("elapsed")];
    for (role, _) in roles {
        columns.extend(times.iter().map(|(what, _)| Column::right(&format!("{role}: {what}"))));
    }
    let row = |variant: &VariantSummary| {
        let elapsed = variant.typical.as_ref().and_then(|typical| typical.elapsed_ns);
        let mut cells = vec![
            Cell::Code(variant.name.clone()),
            rows::lane(summary, variant),
            Cell::or_none(elapsed.map(|ns| words::time(ns as f64))),
        ];
        for (_, parent) in roles {
            let done: Vec<_> =
                variant.processes().iter().filter(|process| (process.role == "parent") == parent).collect();
            cells.extend(times.iter().map(|(_, time)| {
                let ns: u64 = done.iter().map(|process| time(process)).sum();
                Cell::or_none((ns > 0).then(|| words::time(ns as f64)))
            }));
        }
        cells
    };
    Table { caption: None, columns, rows: summary.variants.iter().map(row).collect() }.without_empty_columns()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn the_title_names_the_biggest_share() {
        let title = where_time_goes(&samples::bound_method()).unwrap().title;
        assert!(title.starts_with("Of the ") && title.contains("`pool_bound_method`"), "{title}");
        assert!(title.ends_with("go into loads in the workers"), "{title}");
    }

    #[test]
    fn what_does_not_cross_is_shown_as_in_process() {
        let svg = where_time_goes(&samples::bound_method()).unwrap().svg;
        assert!(svg.contains(">in process<") && svg.contains(">loads, workers<"));
    }

    #[test]
    fn a_further_lane_stands_below_its_variant() {
        let shelf = samples::shelf_with_two_lanes();
        let rows = rows(shelf.lessons[0].summary.as_ref().unwrap());
        let labels: Vec<_> = rows.iter().map(|row| row.label).take(4).collect();
        assert_eq!(labels, ["serial", "cpython-3.11", "pool_bound_method", "cpython-3.11"]);
    }

    #[test]
    fn the_table_has_a_row_per_variant_and_a_column_per_kind_and_role_that_took_time() {
        let table = where_time_goes(&samples::bound_method()).unwrap().table;
        // Name and elapsed time; four kinds in the parent, which maps nothing itself; five in the workers. One lane: no column.
        assert_eq!((table.rows.len(), table.columns.len()), (10, 11));
    }
}
