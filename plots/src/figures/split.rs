//! `LESSON-split`: where the time of one item goes on its way through a queue, or beside it.
//!
//! One stacked bar per variant, of the run whose time is the median one: the mean times of one item, hatched for what happens in
//! the process that puts it and solid for the one that gets it.

use anyhow::{Context, Result};
use record::{LessonSummary, VariantSummary};

use super::Figure;
use super::bounds::{Limits, PIPE};
use super::rows::{self, AXIS, LEGEND, NUMBERS, TOP, WIDTH};
use crate::draw::{Anchor, Canvas, Face, Ink, Legend, Scale, Shape, draw, finish, share};
use crate::{Cell, Column, Shelved, Table, words};

/// Pixels for a row.
const ROW: i32 = 34;
/// What is shorter cannot be seen, in pixels.
const NEAR: i32 = 2;

/// A step on the way of an item.
struct Step {
    fact: &'static str,
    label: &'static str,
    /// What it is called in the title.
    words: &'static str,
    ink: Ink,
    /// Whether it happens where the item is put.
    putting: bool,
}

/// In the order in which an item meets them.
const STEPS: [Step; 7] = [
    Step {
        fact: "store_ns",
        label: "store",
        words: "into storing it beside the queue",
        ink: Ink::Purple,
        putting: true,
    },
    Step { fact: "encode_ns", label: "encode", words: "into encoding it", ink: Ink::Blue, putting: true },
    Step {
        fact: "lock_wait_ns",
        label: "wait for the lock",
        words: "into waiting for the write lock",
        ink: Ink::Vermillion,
        putting: true,
    },
    Step { fact: "write_ns", label: "write", words: "into writing it", ink: Ink::Orange, putting: true },
    Step { fact: "read_ns", label: "read", words: "into reading it", ink: Ink::Orange, putting: false },
    Step { fact: "decode_ns", label: "decode", words: "into decoding it", ink: Ink::Green, putting: false },
    Step {
        fact: "fetch_ns",
        label: "fetch",
        words: "into fetching what it stands for",
        ink: Ink::Purple,
        putting: false,
    },
];

/// Draws where the time of one item goes.
///
/// # Errors
/// If the lesson was not measured, or its variants do not tell the times of an item.
pub fn split(lesson: &Shelved) -> Result<Figure> {
    let summary = lesson.measured()?;
    let rows = rows(summary);
    let longest = rows.iter().max_by_key(|row| row.total()).filter(|row| row.total() > 0);
    let longest =
        longest.with_context(|| format!("the run of {} does not tell the times of an item", lesson.info.stem))?;
    let title = title(longest);
    let most = longest.total() as f64;
    let (unit, label) = if most >= 1e9 { (1e9, "seconds") } else { (1e6, "milliseconds") };
    let limits = Limits::of(lesson);
    let caption = caption(label) + &floors(limits, &rows);
    let scale = Scale::linear(most / unit, rows::axis_left(rows.iter().map(|row| row.name)), WIDTH - NUMBERS);
    let mut legend = Legend::default();
    for step in &STEPS {
        legend.add(if step.putting { Shape::HatchedShare } else { Shape::Share }, step.ink, step.label);
    }
    let floor = |row: &Row<'_>| {
        let floor = limits.through_pipe(row.bytes as f64)?;
        let [begin, end] = [0.0, floor].map(|ns| scale.x((row.before_write() + ns) / unit));
        (end > begin + NEAR).then_some(end)
    };
    if let Some(label) = limits.pipe_label().filter(|_| rows.iter().any(|row| floor(row).is_some())) {
        legend.add(Shape::Limit, Ink::Limit, &label);
    }
    let bottom = TOP + ROW * rows.len() as i32;
    let height = bottom + AXIS + legend.height(LEGEND.1) + 6;
    let svg = draw(WIDTH as u32, height as u32, |canvas| {
        rows::axis(canvas, &scale, bottom, &format!("{label} per item"), |tick| {
            format!("{}", (tick * 1e6).round() / 1e6)
        })?;
        for (place, row) in (0..).zip(&rows) {
            let middle = TOP + place * ROW + ROW / 2;
            row.draw(canvas, (&scale, unit), middle)?;
            if let Some(x) = floor(row) {
                Shape::Limit.draw(canvas, (x, middle), Ink::Limit)?;
            }
        }
        let left = scale.x(0.0);
        canvas.line((left, TOP), (left, bottom), Ink::Text, 1)?;
        legend.draw(canvas, (LEGEND.0, bottom + AXIS), LEGEND.1)
    })?;
    let svg = finish(&svg, &title, &caption)?;
    Ok(Figure { name: format!("{}-split", lesson.info.stem), title, caption, svg, table: table(&rows) })
}

struct Row<'a> {
    name: &'a str,
    /// The time of each step, in nanoseconds.
    times: [u64; STEPS.len()],
    /// The bytes of one item that cross.
    bytes: u64,
}

fn rows(summary: &LessonSummary) -> Vec<Row<'_>> {
    let row = |variant: &'_ VariantSummary| {
        let facts = &variant.typical.as_ref()?.facts;
        let times = STEPS.each_ref().map(|step| facts.get(step.fact).copied());
        times.iter().any(Option::is_some).then(|| times.map(Option::unwrap_or_default))
    };
    let bytes = |variant: &VariantSummary| variant.typical.as_ref()?.facts.get("item_bytes").copied();
    let of = |variant: &'_ VariantSummary| Some((row(variant)?, bytes(variant).unwrap_or(0)));
    let known = summary.variants.iter().filter_map(|variant| Some((variant.name.as_str(), of(variant)?)));
    known.map(|(name, (times, bytes))| Row { name, times, bytes }).collect()
}

impl Row<'_> {
    fn total(&self) -> u64 {
        self.times.iter().sum()
    }

    /// The time until an item begins to be written, in nanoseconds.
    fn before_write(&self) -> f64 {
        STEPS.iter().zip(self.times).take_while(|(step, _)| step.fact != "write_ns").map(|(_, ns)| ns).sum::<u64>()
            as f64
    }

    fn draw(&self, canvas: &Canvas<'_>, (scale, unit): (&Scale, f64), middle: i32) -> Result<()> {
        rows::name(canvas, scale.x(0.0), middle, self.name)?;
        let mut done = 0;
        for (step, ns) in STEPS.iter().zip(self.times) {
            let from = scale.x(done as f64 / unit);
            done += ns;
            let to = scale.x(done as f64 / unit);
            // A step that is too short to be seen is in the table, and in the total beside the bar.
            if to > from {
                share(canvas, (from, middle - 10), (to, middle + 10), step.ink, step.putting)?;
            }
        }
        let text = words::time(self.total() as f64);
        canvas.text((WIDTH - NUMBERS + 14, middle), Anchor::Start, &text, (13, Face::Strong, Ink::Text))
    }
}

/// The finding: the longest step of the variant whose items take longest.
fn title(row: &Row<'_>) -> String {
    let longest = STEPS.iter().zip(row.times).rev().max_by_key(|(_, ns)| *ns);
    let (words, ns) = longest.map_or(("", 0), |(step, ns)| (step.words, ns));
    format!(
        "Of the {} of work and waiting that one item of `{}` adds up to, {:.0} % go {words}",
        words::time(row.total() as f64),
        row.name,
        100.0 * ns as f64 / row.total() as f64
    )
}

fn caption(unit: &str) -> String {
    format!(
        "Mean time of one item, in {unit}, in the median run of each variant, by the clock: waiting for a core is in every step. Hatched \
         is the worker that puts it, solid the parent that gets it. An item is written and read at the same time, piece by piece, so \
         these two overlap. Store is what a worker does beside the queue, fetch what the parent does with what it got."
    )
}

/// What the machine needs at least for the largest item; empty if the run measured no limits.
fn floors(limits: Limits<'_>, rows: &[Row<'_>]) -> String {
    let bytes = rows.iter().map(|row| row.bytes).max().unwrap_or(0) as f64;
    let (Some(pipe), Some(bandwidth)) = (limits.through_pipe(bytes), limits.bandwidth(PIPE)) else {
        return String::new();
    };
    let copy = limits.bandwidth("copy_one_core").map_or(String::new(), |copy| {
        format!(
            ", and one core takes {} to copy it once in memory ({})",
            words::time(bytes / copy),
            words::bandwidth(copy)
        )
    });
    format!(
        " A dashed mark is how far writing would reach through a bare pipe: an item of {} takes {} there ({}){copy}.",
        words::bytes(bytes),
        words::time(pipe),
        words::bandwidth(bandwidth)
    )
}

fn table(rows: &[Row<'_>]) -> Table {
    let mut columns = vec![Column::left("variant")];
    columns.extend(STEPS.iter().map(|step| Column::right(step.label)));
    let row = |row: &Row<'_>| {
        let times = row.times.iter().map(|ns| Cell::or_none(Some(words::time(*ns as f64))));
        std::iter::once(Cell::Code(row.name.to_owned())).chain(times).collect()
    };
    Table { caption: None, columns, rows: rows.iter().map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn the_title_names_the_longest_step_of_the_longest_item() {
        let title = split(&samples::lesson_for("split")).unwrap().title;
        assert!(
            title.contains("one item of `big_each` adds up to") && title.ends_with("into waiting for the write lock"),
            "{title}"
        );
    }

    #[test]
    fn a_lesson_whose_items_were_not_timed_is_refused() {
        let refused = split(&samples::bound_method()).unwrap_err().to_string();
        assert_eq!(refused, "the run of bound_method does not tell the times of an item");
    }
}
