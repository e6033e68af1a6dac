//! `LESSON-holder`: who holds the interpreter lock over time.
//!
//! A panel for each variant whose threads share the lock, with a lane for each thread and a block for each time it had it. At any
//! time at most one lane is filled: that is the lock. Drawn from the median run, from its beginning.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use record::{LessonSummary, VariantSummary};

use super::Figure;
use super::bounds::{Limits, half_a_trip};
use super::rows::{AXIS, WIDTH};
use crate::draw::{Anchor, Canvas, Face, Ink, Scale, draw, finish};
use crate::{Cell, Column, Shelved, Table, words};

/// Pixels for a lane, for the heading of a panel, and for the names of the lanes.
const LANE: i32 = 24;
const HEADING: i32 = 30;
const NAMES: i32 = 84;
/// How many of the longest panel's changes of hands are drawn: more would be a blur.
const TURNS: usize = 24;

/// A thread that drops the lock and has it again this soon has kept it.
const GAP_NS: u64 = 1_000;

/// Draws who holds the lock.
///
/// # Errors
/// If the lesson was not measured, or none of its variants logged a lock.
pub fn holder(lesson: &Shelved) -> Result<Figure> {
    let summary = lesson.measured()?;
    let panels = panels(summary);
    let Some(shown) = panels.iter().map(Panel::window).max() else {
        bail!("no variant of '{}' logged who held a lock", lesson.info.stem);
    };
    let chart = Chart { scale: Scale::linear(shown as f64 / 1e6, NAMES, WIDTH - 16), panels, shown };
    let wake =
        half_a_trip(Limits::of(lesson), "futex_round_trip_two_cores", "To wake a thread on another core", &chart.scale);
    let (title, caption) = (chart.title(), chart.caption() + &wake);
    let svg = draw(WIDTH as u32, chart.height() as u32, |canvas| chart.draw(canvas))?;
    let svg = finish(&svg, &title, &caption)?;
    Ok(Figure { name: format!("{}-holder", lesson.info.stem), title, caption, svg, table: chart.table() })
}

/// One time that a thread had the lock: its number, and from when to when, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hold {
    thread: u64,
    from: u64,
    to: u64,
}

struct Panel<'a> {
    variant: &'a VariantSummary,
    names: BTreeMap<u64, String>,
    holds: Vec<Hold>,
}

struct Chart<'a> {
    panels: Vec<Panel<'a>>,
    scale: Scale,
    shown: u64,
}

/// The variants with at least two threads at the lock.
fn panels(summary: &LessonSummary) -> Vec<Panel<'_>> {
    let panel = |variant| {
        let holds = logged(variant)?;
        let last = holds.iter().map(|hold| hold.thread).max().filter(|last| *last > 0)?;
        Some(Panel { variant, names: names(variant, last), holds })
    };
    summary.variants.iter().filter_map(panel).collect()
}

/// The log of the typical subject.
fn logged(variant: &VariantSummary) -> Option<Vec<Hold>> {
    let series = &variant.typical.as_ref()?.series;
    Some(holds(series.get("gil_changes_ns")?, series.get("gil_holders")?))
}

/// What the threads from 0 to `last` are called: the first by the variant, those after them by their place.
fn names(variant: &VariantSummary, last: u64) -> BTreeMap<u64, String> {
    let given = variant.typical.as_ref().and_then(|typical| typical.notes.get("gil_threads"));
    let given: Vec<&str> = given.map_or("", String::as_str).split_whitespace().collect();
    let name = |thread: u64| match given.get(thread as usize) {
        Some(name) => (*name).to_owned(),
        None => format!("thread {}", thread + 1 - given.len() as u64),
    };
    (0..=last).map(|thread| (thread, name(thread))).collect()
}

/// From changes of hands to times of holding: a number is the thread's plus one, and 0 is nobody.
fn holds(at: &[u64], holders: &[u64]) -> Vec<Hold> {
    let changes: Vec<(u64, u64)> = at.iter().copied().zip(holders.iter().copied()).collect();
    let pairs = changes.windows(2).filter(|pair| pair[0].1 > 0);
    let mut holds: Vec<Hold> = Vec::new();
    for pair in pairs {
        let hold = Hold { thread: pair[0].1 - 1, from: pair[0].0, to: pair[1].0 };
        match holds.last_mut() {
            Some(last) if last.thread == hold.thread && hold.from - last.to < GAP_NS => last.to = hold.to,
            _ => holds.push(hold),
        }
    }
    holds
}

impl Panel<'_> {
    /// How much of it is worth drawing, in nanoseconds.
    fn window(&self) -> u64 {
        let last = self.holds.iter().take(TURNS).next_back();
        last.map_or(0, |hold| hold.to)
    }

    fn height(&self) -> i32 {
        HEADING + LANE * self.names.len() as i32
    }

    fn draw(&self, canvas: &Canvas<'_>, scale: &Scale, top: i32) -> Result<()> {
        canvas.text((8, top + HEADING / 2), Anchor::Start, &self.variant.name, (13, Face::Code, Ink::Text))?;
        for (place, (thread, name)) in (0..).zip(&self.names) {
            let (upper, ink) = (top + HEADING + LANE * place, ink(name));
            canvas.line((scale.x(0.0), upper + LANE / 2), (scale.x(f64::MAX), upper + LANE / 2), Ink::Grid, 1)?;
            canvas.text((NAMES - 10, upper + LANE / 2), Anchor::End, name, (12, Face::Prose, Ink::Text))?;
            for hold in self.holds.iter().filter(|hold| hold.thread == *thread) {
                let (from, to) = (scale.x(hold.from as f64 / 1e6), scale.x(hold.to as f64 / 1e6));
                if from < scale.x(f64::MAX) {
                    canvas.bar((from, upper + 4), (to.max(from + 2), upper + LANE - 4), ink, 0.85)?;
                }
            }
        }
        Ok(())
    }

    /// How often another thread than before got the lock, the very first one included: as the lock itself counts it, whose log may end sooner.
    fn switches(&self) -> u64 {
        let counted = self.variant.typical.as_ref().and_then(|typical| typical.facts.get("gil_switches").copied());
        let logged = || self.holds.windows(2).filter(|pair| pair[0].thread != pair[1].thread).count() as u64;
        counted.unwrap_or_else(|| logged() + u64::from(!self.holds.is_empty()))
    }

    /// How long the threads that count had the lock each time, shortest first.
    fn counting_holds(&self) -> Vec<u64> {
        let counts = |hold: &&Hold| self.names.get(&hold.thread).is_some_and(|name| name.starts_with("thread"));
        let mut held: Vec<u64> = self.holds.iter().filter(counts).map(|hold| hold.to - hold.from).collect();
        held.sort_unstable();
        held
    }
}

/// The lanes have names; colour only helps.
fn ink(name: &str) -> Ink {
    match name {
        "main" => Ink::Grey,
        "server" => Ink::Vermillion,
        _ if name.ends_with(['1', '3', '5', '7', '9']) => Ink::Blue,
        _ => Ink::Green,
    }
}

impl Chart<'_> {
    fn bottom(&self) -> i32 {
        self.panels.iter().map(Panel::height).sum::<i32>() + 6
    }

    fn height(&self) -> i32 {
        self.bottom() + AXIS
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Result<()> {
        let bottom = self.bottom();
        super::rows::axis(canvas, &self.scale, bottom, "milliseconds since the lock was first taken", |tick| {
            format!("{}", (tick * 1e6).round() / 1e6)
        })?;
        let mut top = 0;
        for panel in &self.panels {
            panel.draw(canvas, &self.scale, top)?;
            top += panel.height();
        }
        Ok(())
    }

    /// The finding: how long a thread that counts keeps the lock, by the first panel.
    fn title(&self) -> String {
        let first = &self.panels[0];
        let held = first.counting_holds();
        let Some(median) = held.get(held.len() / 2) else {
            return "No thread that counts ever had the lock".to_owned();
        };
        format!(
            "One thread at a time: the lock goes to another thread {} in `{}`, and a thread that counts keeps it for {} at the median",
            words::plural(first.switches(), "time"),
            first.variant.name,
            words::time(*median as f64)
        )
    }

    fn caption(&self) -> String {
        format!(
            "Each block is a time that a thread held the lock, in the median run of each variant; the first {} are drawn. Who has the lock \
             again within {} has kept it. A block is never thinner than a hair, so the shortest look longer than they are. Nobody holds the \
             lock between two blocks: the next holder is still waking up. The first thread that gets the lock is counted, too.",
            words::time(self.shown as f64),
            words::time(GAP_NS as f64)
        )
    }

    fn table(&self) -> Table {
        let mut columns = vec![Column::left("variant"), Column::left("thread")];
        columns.extend(["times held", "held in all", "longest"].map(Column::right));
        let rows = self.panels.iter().flat_map(|panel| {
            panel.names.iter().map(|(thread, name)| {
                let of_thread = panel.holds.iter().filter(|hold| hold.thread == *thread);
                let held: Vec<u64> = of_thread.map(|hold| hold.to - hold.from).collect();
                vec![
                    Cell::Code(panel.variant.name.clone()),
                    Cell::Text(name.clone()),
                    Cell::Text(words::count(held.len() as u64)),
                    Cell::Text(words::time(held.iter().sum::<u64>() as f64)),
                    Cell::or_none(held.iter().max().map(|longest| words::time(*longest as f64))),
                ]
            })
        });
        Table { caption: None, columns, rows: rows.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn changes_become_holds_and_nobody_holds_between_them() {
        let found = holds(&[0, 5_000, 9_000, 20_000, 20_500, 30_000], &[1, 0, 2, 0, 2, 0]);
        let expected = [Hold { thread: 0, from: 0, to: 5_000 }, Hold { thread: 1, from: 9_000, to: 30_000 }];
        assert_eq!(found, expected);
        assert_eq!(holds(&[3], &[1]), []);
    }

    #[test]
    fn the_title_counts_the_changes_of_hands_as_the_lock_does() {
        let mut lesson = samples::lesson_for("holder");
        let title = |lesson: &Shelved| holder(lesson).unwrap().title;
        let expected = "One thread at a time: the lock goes to another thread 17 times in `threads_gil_post_split`";
        assert!(title(&lesson).starts_with(expected), "{}", title(&lesson));
        lesson.summary.as_mut().unwrap().variants[2].typical.as_mut().unwrap().facts.remove("gil_switches");
        assert!(title(&lesson).starts_with(expected), "by the log: {}", title(&lesson));
    }

    #[test]
    fn a_lesson_without_a_lock_has_no_such_figure() {
        let fault = holder(&samples::bound_method()).unwrap_err().to_string();
        assert_eq!(fault, "no variant of 'bound_method' logged who held a lock");
    }
}
