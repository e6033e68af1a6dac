//! `LESSON-timeline`: what each process and each thread of a pool did when.
//!
//! A lane for each thread of the parent and for each worker, a block for each thing it did. Drawn from the typical run of the first variant
//! that was traced: its series `timeline/LANE/KIND` hold the beginnings and ends by turns, in nanoseconds; a lane's name begins with
//! its place.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use super::Figure;
use super::bounds::{Limits, half_a_trip};
use super::rows::{AXIS, LEGEND, TOP, WIDTH};
use crate::draw::{Anchor, Canvas, Face, Ink, Legend, Scale, Shape, draw, finish};
use crate::{Cell, Column, Shelved, Table, words};

/// Pixels for a lane.
const LANE: i32 = 36;
/// A character of a lane's name, in pixels.
const CHARACTER: i32 = 7;

/// What can be done in a lane: its name in the series, what it is called, and where in the lane it is drawn.
struct Kind {
    name: &'static str,
    about: &'static str,
    ink: Ink,
    /// Upper and lower edge, in pixels below the lane's upper edge: the shape tells the kinds apart where the colour does not.
    edges: (i32, i32),
}

/// In the order they are drawn, so that what is short is never covered by what is long.
const KINDS: [Kind; 6] = [
    Kind { name: "wait", about: "waits", ink: Ink::Grey, edges: (17, 19) },
    Kind { name: "work", about: "works", ink: Ink::Blue, edges: (4, 32) },
    Kind { name: "dumps", about: "encodes", ink: Ink::Orange, edges: (4, 18) },
    Kind { name: "loads", about: "decodes", ink: Ink::Purple, edges: (4, 18) },
    Kind { name: "write", about: "writes", ink: Ink::Vermillion, edges: (18, 32) },
    Kind { name: "read", about: "reads", ink: Ink::Green, edges: (18, 32) },
];

/// From when to when, in nanoseconds.
type Span = (u64, u64);

#[derive(Default)]
struct Lane {
    name: String,
    /// By kind, in the order of [`KINDS`].
    spans: [Vec<Span>; KINDS.len()],
}

struct Chart {
    variant: String,
    lanes: Vec<Lane>,
    end: u64,
    scale: Scale,
}

/// Draws the timeline.
///
/// # Errors
/// If the lesson was not measured, or none of its variants was traced.
pub fn timeline(lesson: &Shelved) -> Result<Figure> {
    let summary = lesson.measured()?;
    let traced = summary.variants.iter().find_map(|variant| {
        let lanes = lanes(&variant.typical.as_ref()?.series);
        (!lanes.is_empty()).then(|| (variant.name.clone(), lanes))
    });
    let Some((variant, lanes)) = traced else {
        bail!("no variant of '{}' was traced", lesson.info.stem);
    };
    let end = lanes.iter().flat_map(Lane::all).map(|span| span.1).max().unwrap_or(0);
    let left = lanes.iter().map(|lane| lane.name.chars().count()).max().unwrap_or(0) as i32 * CHARACTER + 24;
    let chart = Chart { variant, lanes, end, scale: Scale::linear(end as f64 / 1e6, left, WIDTH - 16) };
    let hop = half_a_trip(
        Limits::of(lesson),
        "pipe_round_trip_two_cores",
        "A message through a pipe to another core",
        &chart.scale,
    );
    let (title, caption) = (chart.title(), chart.caption() + &hop);
    let svg = draw(WIDTH as u32, chart.height() as u32, |canvas| chart.draw(canvas))?;
    let svg = finish(&svg, &title, &caption)?;
    Ok(Figure { name: format!("{}-timeline", lesson.info.stem), title, caption, svg, table: chart.table() })
}

/// The lanes in their places, from series by name.
fn lanes(series: &BTreeMap<String, Vec<u64>>) -> Vec<Lane> {
    let mut lanes: BTreeMap<&str, Lane> = BTreeMap::new();
    for (name, times) in series {
        let Some((lane, kind)) = name.strip_prefix("timeline/").and_then(|name| name.rsplit_once('/')) else {
            continue;
        };
        let Some(kind) = KINDS.iter().position(|known| known.name == kind) else { continue };
        let (spans, _) = times.as_chunks::<2>();
        let entry = lanes.entry(lane).or_default();
        entry.name = lane.trim_start_matches(|letter: char| letter.is_ascii_digit()).trim_start().to_owned();
        entry.spans[kind].extend(spans.iter().map(|[begin, end]| (*begin, *end.max(begin))));
    }
    lanes.into_values().collect()
}

impl Lane {
    fn all(&self) -> impl Iterator<Item = &Span> {
        self.spans.iter().flatten()
    }

    /// How long it did things of one kind, in nanoseconds.
    fn time(&self, kind: usize) -> u64 {
        self.spans[kind].iter().map(|(begin, end)| end - begin).sum()
    }

    /// Workers are numbered; the worker handler is none of them.
    fn is_worker(&self) -> bool {
        self.name.strip_prefix("worker ").is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
    }
}

impl Chart {
    fn bottom(&self) -> i32 {
        TOP + LANE * self.lanes.len() as i32
    }

    fn height(&self) -> i32 {
        self.bottom() + AXIS + self.legend().height(LEGEND.1) + 8
    }

    fn legend(&self) -> Legend {
        let mut legend = Legend::default();
        for (place, kind) in KINDS.iter().enumerate() {
            if self.lanes.iter().any(|lane| !lane.spans[place].is_empty()) {
                let shape = if kind.name == "wait" { Shape::Line } else { Shape::Share };
                legend.add(shape, kind.ink, kind.about);
            }
        }
        legend
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Result<()> {
        super::rows::axis(canvas, &self.scale, self.bottom(), "milliseconds since the trace began", |tick| {
            format!("{}", (tick * 1e6).round() / 1e6)
        })?;
        let first = self.scale.x(0.0);
        for (place, lane) in (0..).zip(&self.lanes) {
            let top = TOP + LANE * place;
            canvas.line((first, top + LANE), (self.scale.x(f64::MAX), top + LANE), Ink::Grid, 1)?;
            canvas.text((first - 10, top + LANE / 2), Anchor::End, &lane.name, (12, Face::Prose, Ink::Text))?;
            for (kind, spans) in KINDS.iter().zip(&lane.spans) {
                for (begin, end) in spans {
                    let (from, to) = (self.scale.x(*begin as f64 / 1e6), self.scale.x(*end as f64 / 1e6));
                    let corners = ((from, top + kind.edges.0), (to.max(from + 1), top + kind.edges.1));
                    canvas.bar(corners.0, corners.1, kind.ink, 0.85)?;
                }
            }
        }
        self.legend().draw(canvas, (LEGEND.0, self.bottom() + AXIS), LEGEND.1)
    }

    /// The finding: how much of the workers' time is work.
    fn title(&self) -> String {
        let workers: Vec<&Lane> = self.lanes.iter().filter(|lane| lane.is_worker()).collect();
        let work = KINDS.iter().position(|kind| kind.name == "work").expect("work is a kind");
        let (time, tasks) =
            workers.iter().fold((0, 0), |(time, tasks), lane| (time + lane.time(work), tasks + lane.spans[work].len()));
        let share = time as f64 / (self.end.max(1) as f64 * workers.len().max(1) as f64);
        format!(
            "In `{}`, {} work for {} % of the {} that {} took",
            self.variant,
            words::plural(workers.len() as u64, "worker"),
            (share * 100.0).round(),
            words::time(self.end as f64),
            words::plural(tasks as u64, "task")
        )
    }

    fn caption(&self) -> String {
        "One run, traced. Each lane is a thread of the parent or a worker, each block something that it did: above the middle what has to do with \
         the codec, below it with a pipe, as high as the lane the work itself, and a thin line where it waits. A block is never thinner \
         than a hair, so the shortest look longer than they are."
            .to_owned()
    }

    fn table(&self) -> Table {
        let mut columns = vec![Column::left("lane")];
        columns.extend(KINDS.iter().map(|kind| Column::right(kind.about)));
        let rows = self.lanes.iter().map(|lane| {
            let mut row = vec![Cell::Text(lane.name.clone())];
            row.extend(lane.spans.iter().enumerate().map(|(kind, spans)| {
                let told =
                    || format!("{} in {}", words::count(spans.len() as u64), words::time(lane.time(kind) as f64));
                Cell::or_none((!spans.is_empty()).then(told))
            }));
            row
        });
        Table { caption: None, rows: rows.collect(), columns }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn lanes_stand_in_the_order_of_their_numbers_without_them() {
        let series = [("timeline/1 worker 1/work", vec![5, 9, 9, 8]), ("timeline/0 task handler/dumps", vec![1, 2, 3])];
        let lanes = lanes(&series.map(|(name, times)| (name.to_owned(), times)).into());
        assert_eq!(lanes.iter().map(|lane| lane.name.as_str()).collect::<Vec<_>>(), ["task handler", "worker 1"]);
        assert_eq!((lanes[0].time(2), lanes[1].time(1)), (1, 4), "an end is never before its beginning");
    }

    #[test]
    fn the_title_counts_the_workers_time() {
        let title = timeline(&samples::lesson_for("timeline")).unwrap().title;
        assert!(title.contains("2 workers work for 75 % of the 2.87 ms that 8 tasks took"), "{title}");
    }

    #[test]
    fn a_lesson_that_was_not_traced_has_no_such_figure() {
        let fault = timeline(&samples::bound_method()).unwrap_err().to_string();
        assert_eq!(fault, "no variant of 'bound_method' was traced");
    }
}
