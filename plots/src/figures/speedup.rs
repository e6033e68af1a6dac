//! `LESSON-speedup`: how many times as fast as the baseline each variant is, and how fast it could be.
//!
//! One row per variant on a linear axis from 0, with a line at the number of workers: the ideal. Where a variant says how it split
//! its work, or that it worked under one lock, its own bound stands in its row. What is faster than the axis is long runs out of it.

use anyhow::Result;
use record::{Interval, LessonSummary, VariantSummary};

use super::Figure;
use super::bounds::Limits;
use super::rows::{self, AXIS, LEGEND, NUMBERS, TOP, WIDTH};
use crate::draw::{Anchor, Canvas, Face, Ink, Legend, Scale, Shape, draw, finish, interval};
use crate::{Cell, Column, Shelved, Table, words};

/// Pixels for a row.
const ROW: i32 = 30;
/// How far beyond the ideal the axis reaches.
const BEYOND: f64 = 1.25;

/// Draws how many times as fast as the baseline each variant is.
///
/// # Errors
/// If the lesson was not measured.
pub fn speedup(lesson: &Shelved) -> Result<Figure> {
    let summary = lesson.measured()?;
    let chart = Chart::new(lesson, summary);
    let (title, caption) = (chart.title(), chart.caption());
    let svg = draw(WIDTH as u32, chart.height() as u32, |canvas| chart.draw(canvas))?;
    let svg = finish(&svg, &title, &caption)?;
    Ok(Figure { name: format!("{}-speedup", lesson.info.stem), title, caption, svg, table: chart.table() })
}

/// A variant's speed-up and the most that its own split or lock allows.
struct Row<'a> {
    variant: &'a VariantSummary,
    speed: Option<Interval>,
    bound: Option<f64>,
    marks: Vec<f64>,
}

impl Row<'_> {
    /// Whether its work was done in parts, by what it counted; none if it says nothing of parts.
    fn in_parts(&self) -> Option<bool> {
        let facts = &self.variant.typical.as_ref()?.facts;
        let (all, largest) = (facts.get("divisions")?, facts.get("largest_part_divisions")?);
        Some(largest < all)
    }
}

struct Chart<'a> {
    lesson: &'a Shelved,
    workers: f64,
    rows: Vec<Row<'a>>,
    scale: Scale,
    legend: Legend,
}

impl<'a> Chart<'a> {
    fn new(lesson: &'a Shelved, summary: &'a LessonSummary) -> Self {
        let workers = summary.plan.params.get("workers").map_or(1.0, |workers| *workers as f64);
        let row = |variant: &'a VariantSummary| Row {
            variant,
            speed: variant.ratio.map(inverse),
            bound: bound(variant, workers),
            marks: marks(lesson, &variant.name),
        };
        let rows: Vec<Row<'_>> = summary.variants.iter().map(row).collect();
        let left = rows::axis_left(rows.iter().map(|row| row.variant.name.as_str()));
        let printed = rows.iter().flat_map(|row| row.marks.iter().copied()).fold(0.0, f64::max);
        let scale = Scale::linear((workers * BEYOND).max(printed * 1.1), left, WIDTH - NUMBERS);
        let mut legend = Legend::default();
        legend.add(Shape::Interval, Ink::Blue, "speed-up, 95 % interval");
        if rows.iter().any(|row| row.bound.is_some()) {
            legend.add(Shape::Peak, Ink::Green, "the most its split or its lock allows");
        }
        if printed > 0.0 {
            legend.add(Shape::Diamond, Ink::Vermillion, "the post");
        }
        Self { lesson, workers, rows, scale, legend }
    }

    fn bottom(&self) -> i32 {
        TOP + ROW * self.rows.len() as i32
    }

    fn height(&self) -> i32 {
        self.bottom() + AXIS + self.legend.height(LEGEND.1) + 6
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Result<()> {
        let bottom = self.bottom();
        let (baseline, workers) = (&self.lesson.info.baseline, self.workers);
        let label = format!("times as fast as {baseline}; the line at {workers} is the ideal of {workers} workers");
        rows::axis(canvas, &self.scale, bottom, &label, |tick| format!("{}", (tick * 1e6).round() / 1e6))?;
        for (value, ink) in [(1.0, Ink::Text), (self.workers, Ink::Orange)] {
            let x = self.scale.x(value);
            canvas.line((x, TOP), (x, bottom + 5), ink, 2)?;
        }
        for (place, row) in (0..).zip(&self.rows) {
            let middle = TOP + place * ROW + ROW / 2;
            rows::name(canvas, self.scale.x(0.0), middle, &row.variant.name)?;
            self.row(canvas, row, middle)?;
        }
        self.legend.draw(canvas, (LEGEND.0, bottom + AXIS), LEGEND.1)
    }

    fn row(&self, canvas: &Canvas<'_>, row: &Row<'_>, middle: i32) -> Result<()> {
        let end = WIDTH - NUMBERS;
        if let Some(speed) = row.speed {
            let tip = self.scale.x(speed.mid);
            canvas.bar((self.scale.x(0.0), middle - 6), (tip, middle + 6), Ink::Blue, 0.3)?;
            if self.is_beyond(speed.mid) {
                canvas.polygon(&[(end - 8, middle - 8), (end - 8, middle + 8), (end + 4, middle)], Ink::Blue, 1.0)?;
            } else {
                interval(canvas, (self.scale.x(speed.low), tip, self.scale.x(speed.high)), middle, Ink::Blue)?;
            }
        }
        if let Some(bound) = row.bound {
            Shape::Peak.draw(canvas, (self.scale.x(bound), middle), Ink::Green)?;
        }
        for mark in &row.marks {
            Shape::Diamond.draw(canvas, (self.scale.x(*mark), middle), Ink::Vermillion)?;
        }
        let text = self.number(row);
        canvas.text((end + 14, middle), Anchor::Start, &text, (13, Face::Strong, Ink::Text))
    }

    fn is_beyond(&self, speed: f64) -> bool {
        self.scale.x(speed) >= self.scale.x(f64::MAX)
    }

    /// What stands at the end of a row.
    fn number(&self, row: &Row<'_>) -> String {
        match row.speed {
            Some(speed) => times(speed.mid),
            None if row.variant.name == self.lesson.info.baseline => "baseline".to_owned(),
            None => "no time".to_owned(),
        }
    }

    /// The finding: the best that is done in parts, and what one worker does in another way.
    fn title(&self) -> String {
        let fastest = |in_parts: Option<bool>| {
            let rows = self.rows.iter().filter(|row| row.in_parts() == in_parts);
            let known = rows.filter_map(|row| Some((row.variant.name.as_str(), row.speed?.mid)));
            known.max_by(|a, b| a.1.total_cmp(&b.1))
        };
        let says = |(name, speed): (&str, f64)| format!("`{name}` is {} as fast", times(speed));
        let baseline = &self.lesson.info.baseline;
        match (fastest(Some(true)), fastest(None)) {
            (Some(best), Some(other)) => {
                format!("With {} workers {} at best; {} with one", self.workers, says(best), says(other))
            }
            (Some(best), None) => format!("With {} workers {} at best", self.workers, says(best)),
            (None, Some(other)) => format!("{} as `{baseline}`", says(other)),
            (None, None) => format!("No variant that works in parts has been compared with `{baseline}`"),
        }
    }

    fn caption(&self) -> String {
        let mut caption = format!(
            "How many times as fast as `{}` each variant is; {} workers cannot do more than {} times the work of one in the same time. The \
             bars end at the geometric mean and carry its 95 % interval.",
            self.lesson.info.baseline, self.workers, self.workers
        );
        if self.rows.iter().any(|row| row.bound.is_some()) {
            caption.push_str(
                " A green triangle is the bound by counts alone: all divisions by those of the largest part, and 1 where a lock lets only \
                 one thread work.",
            );
        }
        if self.rows.iter().any(|row| row.speed.is_some_and(|speed| self.is_beyond(speed.mid))) {
            caption.push_str(" An arrow runs out of the axis.");
        }
        caption.push_str(&self.start().unwrap_or_default());
        caption
    }

    /// What the start of a process alone allows: no line, since it lies far beyond the axis and not every variant starts one.
    fn start(&self) -> Option<String> {
        let fork = Limits::of(self.lesson).time("fork_wait_small")?;
        let most = self.lesson.variant(&self.lesson.info.baseline)?.time_ns?.mid / fork;
        let beyond = if self.is_beyond(most) { ", which lies beyond the axis" } else { "" };
        Some(format!(
            " A bare fork and the wait for it take {} on this machine (in the same run): what starts a process cannot be more than {} as \
             fast{beyond}.",
            words::time(fork),
            times(most)
        ))
    }

    fn table(&self) -> Table {
        let columns = ["speed-up", "95 % interval", "bound", "the post"].map(Column::right);
        let row = |row: &Row<'_>| {
            let printed = row.marks.first().map(|mark| times(*mark));
            vec![
                Cell::Code(row.variant.name.clone()),
                Cell::or_none(row.speed.map(|speed| times(speed.mid))),
                Cell::or_none(row.speed.map(|speed| format!("{} to {}", times(speed.low), times(speed.high)))),
                Cell::or_none(row.bound.map(times)),
                Cell::or_none(printed),
            ]
        };
        let columns = std::iter::once(Column::left("variant")).chain(columns).collect();
        Table { caption: None, columns, rows: self.rows.iter().map(row).collect() }.without_empty_columns()
    }
}

/// A speed-up as it is printed: below ten the second digit matters.
fn times(speed: f64) -> String {
    if speed < 10.0 { format!("{speed:.2}x") } else { words::ratio(speed) }
}

/// A time that falls to a third is a speed that grows threefold.
fn inverse(ratio: Interval) -> Interval {
    Interval { low: 1.0 / ratio.high, mid: 1.0 / ratio.mid, high: 1.0 / ratio.low, n: ratio.n }
}

/// What the posts print for a variant, as speed-ups.
fn marks(lesson: &Shelved, variant: &str) -> Vec<f64> {
    lesson.info.marks.iter().filter(|mark| mark.variant == variant).map(|mark| 1.0 / mark.ratio).collect()
}

/// The most that a variant can gain, by what it counted; none if it did not say.
fn bound(variant: &VariantSummary, workers: f64) -> Option<f64> {
    let facts = &variant.typical.as_ref()?.facts;
    let (all, largest) = (*facts.get("divisions")? as f64, *facts.get("largest_part_divisions")? as f64);
    let one_at_a_time = facts.contains_key("gil_switches");
    (largest > 0.0).then(|| if one_at_a_time { 1.0 } else { (all / largest).min(workers) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn the_title_tells_cores_from_algorithms() {
        let title = speedup(&samples::lesson_for("speedup")).unwrap().title;
        assert_eq!(
            title,
            "With 2 workers `threads_fair_split` is 1.96x as fast at best; `sieve` is 200x as fast with one"
        );
    }

    /// The title if the variant at this place were so many times as fast as the loop.
    fn title_with(place: usize, speed: f64) -> String {
        let mut lesson = samples::lesson_for("speedup");
        let ratio = 1.0 / speed;
        lesson.summary.as_mut().unwrap().variants[place].ratio =
            Some(Interval { low: ratio * 0.99, mid: ratio, high: ratio * 1.01, n: 10 });
        speedup(&lesson).unwrap().title
    }

    #[test]
    fn who_worked_follows_from_the_parts_and_not_from_the_speed() {
        // One thread by another algorithm, though it is no faster than two could be.
        assert_eq!(
            title_with(6, 1.4),
            "With 2 workers `threads_fair_split` is 1.96x as fast at best; `sieve` is 1.40x as fast with one"
        );
        // Several workers, though they are faster than so many could be.
        assert!(title_with(4, 3.0).starts_with("With 2 workers `threads_fair_split` is 3.00x as fast at best"));
        // One thread with all of the work in one part: neither.
        assert!(!title_with(1, 5.0).contains("serial_gil"));
    }

    #[test]
    fn a_bound_comes_from_the_split_or_the_lock() {
        let table = speedup(&samples::lesson_for("speedup")).unwrap().table;
        let bounds: Vec<String> = table.rows.iter().map(|row| format!("{:?}", row[3])).collect();
        assert!(bounds[1].contains("1.00x") && bounds[3].contains("1.62x"), "{bounds:?}");
    }

    #[test]
    fn a_lesson_that_says_nothing_about_splits_has_no_bounds() {
        let figure = speedup(&samples::bound_method()).unwrap();
        assert!(!figure.caption.contains("triangle") && figure.svg.contains("pool_bound_method"));
    }
}
