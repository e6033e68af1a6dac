//! `LESSON-u`: the time of a map against its chunksize, for each distribution of costs, with the model's two arms.

use anyhow::{Result, bail};

use super::Figure;
use super::bounds::Limits;
use super::rows::{LEGEND, WIDTH};
use super::sweep::{Sweep, spoken, sweeps};
use crate::draw::{Anchor, Canvas, Face, Ink, Legend, Scale, Shape, draw, finish};
use crate::{Cell, Column, Shelved, Table, words};

/// A panel with its axes, in pixels; two stand side by side.
const PANEL: (i32, i32) = (WIDTH / 2, 250);
/// The room in a panel for the vertical axis, the heading, what is right of the last point, and the horizontal axis.
const LEFT: i32 = 62;
const TOP: i32 = 30;
const RIGHT: i32 = 16;
const BOTTOM: i32 = 46;

/// The total of the model, its left arm alone, its right arm alone.
const INKS: [Ink; 3] = [Ink::Vermillion, Ink::Orange, Ink::Green];

/// Draws time against chunksize.
///
/// # Errors
/// If the lesson was not measured, or sweeps nothing.
pub fn u_curve(lesson: &Shelved) -> Result<Figure> {
    lesson.measured()?;
    let sweeps = sweeps(lesson);
    if sweeps.is_empty() {
        bail!("lesson '{}' sweeps no chunksizes", lesson.info.stem);
    }
    let trip = round_trip(lesson);
    let (title, caption) = (title(&sweeps), caption(lesson, &sweeps));
    let legend = legend(trip);
    let rows = (sweeps.len() as i32 + 1) / 2;
    let height = rows * PANEL.1 + legend.height(LEGEND.1) + 12;
    let svg = draw(WIDTH as u32, height as u32, |canvas| {
        for (place, sweep) in (0..).zip(&sweeps) {
            Panel::new(*sweep, (place % 2 * PANEL.0, place / 2 * PANEL.1)).draw(canvas, trip)?;
        }
        legend.draw(canvas, (LEGEND.0, rows * PANEL.1 + 6), LEGEND.1)
    })?;
    let svg = finish(&svg, &title, &caption)?;
    Ok(Figure { name: format!("{}-u", lesson.info.stem), title, caption, svg, table: table(&sweeps) })
}

/// A pipe's round trip and by how many cores the tasks share it.
#[derive(Clone, Copy)]
struct Trip {
    ns: f64,
    cores: f64,
}

/// A task is a message there and a message back. The limit is that of one core, which is the least: no core has to be woken.
fn round_trip(lesson: &Shelved) -> Option<Trip> {
    let summary = lesson.summary.as_ref()?;
    let workers = u32::try_from(*summary.plan.params.get("workers")?).unwrap_or(u32::MAX);
    let cores = f64::from(workers.min(summary.environment.usable_cores).max(1));
    Some(Trip { ns: Limits::of(lesson).time("pipe_round_trip_same_core")?, cores })
}

/// One distribution.
struct Panel<'a> {
    sweep: Sweep<'a>,
    corner: (i32, i32),
    largest: f64,
    time: Scale,
}

impl<'a> Panel<'a> {
    fn new(sweep: Sweep<'a>, corner: (i32, i32)) -> Self {
        let chunks = sweep.points().into_iter().filter_map(|point| chunk(sweep, point));
        let largest = chunks.chain(sweep.constant("model_chunk_items")).fold(10.0, f64::max);
        let highest = sweep.points().into_iter().filter_map(|point| sweep.time(point)).map(|[_, _, high]| high);
        let time = Scale::linear(highest.fold(0.0, f64::max) * 1.08, corner.1 + PANEL.1 - BOTTOM, corner.1 + TOP);
        Self { sweep, corner, largest, time }
    }

    fn x(&self, chunk: f64) -> i32 {
        let (left, right) = (self.corner.0 + LEFT, self.corner.0 + PANEL.0 - RIGHT);
        let share = chunk.max(1.0).ln() / self.largest.ln();
        left + (share * f64::from(right - left)).round() as i32
    }

    fn draw(&self, canvas: &Canvas<'_>, trip: Option<Trip>) -> Result<()> {
        self.axes(canvas)?;
        self.model(canvas, trip)?;
        for point in self.sweep.points() {
            let (Some(chunk), Some([low, mid, high])) = (chunk(self.sweep, point), self.sweep.time(point)) else {
                continue;
            };
            let (x, [low, mid, high]) = (self.x(chunk), [low, mid, high].map(|time| self.time.x(time)));
            canvas.line((x, low), (x, high), Ink::Blue, 2)?;
            let shape = if point == "guided" { Shape::Frame } else { Shape::Dot };
            shape.draw(canvas, (x, mid), Ink::Blue)?;
        }
        Ok(())
    }

    fn axes(&self, canvas: &Canvas<'_>) -> Result<()> {
        let (left, right) = (self.corner.0 + LEFT, self.corner.0 + PANEL.0 - RIGHT);
        let (top, bottom) = (self.corner.1 + TOP, self.corner.1 + PANEL.1 - BOTTOM);
        let heading = format!("{} items", self.sweep.items);
        canvas.text((left, top - 16), Anchor::Start, &heading, (13, Face::Strong, Ink::Text))?;
        for tick in &self.time.ticks {
            let y = self.time.x(*tick);
            canvas.line((left, y), (right, y), Ink::Grid, 1)?;
            let label = if *tick == 0.0 { "0".to_owned() } else { words::time(*tick) };
            canvas.text((left - 6, y), Anchor::End, &label, (12, Face::Prose, Ink::Quiet))?;
        }
        for decade in (0..).map(|power| 10_f64.powi(power)).take_while(|decade| *decade <= self.largest) {
            let x = self.x(decade);
            canvas.line((x, top), (x, bottom), Ink::Grid, 1)?;
            canvas.text(
                (x, bottom + 13),
                Anchor::Middle,
                &words::count(decade as u64),
                (12, Face::Prose, Ink::Quiet),
            )?;
        }
        let middle = ((left + right) / 2, bottom + 32);
        canvas.text(middle, Anchor::Middle, "items per task (logarithmic)", (12, Face::Prose, Ink::Quiet))
    }

    /// The total and each arm alone, both above the floor of even work without any pool.
    fn model(&self, canvas: &Canvas<'_>, trip: Option<Trip>) -> Result<()> {
        let price = |name| self.sweep.median(name);
        let (Some(addition), Some(task)) = (price("model_addition_fs"), price("model_task_ns")) else { return Ok(()) };
        let [chunks, tasks, ideal] =
            ["model_chunk_items", "model_tasks", "model_ideal_additions"].map(|name| self.sweep.constant(name));
        let floor = ideal.iter().copied().fold(f64::INFINITY, f64::min);
        let nanoseconds = |additions: f64, tasks: f64| additions * addition / 1e6 + tasks * task;
        let lines: [Box<dyn Fn(usize) -> f64>; 3] = [
            Box::new(|at| nanoseconds(ideal[at], tasks[at])),
            Box::new(|at| nanoseconds(floor, tasks[at])),
            Box::new(|at| nanoseconds(ideal[at], 0.0)),
        ];
        let trips = |tasks: f64, trip: Trip| nanoseconds(floor, 0.0) + tasks * trip.ns / trip.cores;
        let known = chunks.len().min(tasks.len()).min(ideal.len());
        if let Some(trip) = trip {
            let points: Vec<_> =
                (0..known).map(|at| (self.x(chunks[at]), self.time.x(trips(tasks[at], trip)))).collect();
            if points.len() > 1 {
                canvas.path(&points, Ink::Limit, 2)?;
            }
        }
        // The arms first, so that the total lies upon them.
        for line in [1, 2, 0] {
            let points: Vec<_> = (0..known).map(|at| (self.x(chunks[at]), self.time.x(lines[line](at)))).collect();
            if points.len() > 1 {
                canvas.path(&points, INKS[line], if line == 0 { 2 } else { 1 })?;
            }
        }
        Ok(())
    }
}

/// The items of a point's first task.
fn chunk(sweep: Sweep<'_>, point: &str) -> Option<f64> {
    sweep.median(&format!("chunk_{point}_items"))
}

fn legend(trip: Option<Trip>) -> Legend {
    let mut legend = Legend::default();
    legend.add(Shape::Dot, Ink::Blue, "measured");
    legend.add(Shape::Frame, Ink::Blue, "shrinking batches, at the first one's size");
    legend.add(Shape::Share, INKS[0], "model");
    legend.add(Shape::Share, INKS[1], "its left arm: tasks");
    legend.add(Shape::Share, INKS[2], "its right arm: imbalance");
    if let Some(trip) = trip {
        let label = format!("a bare pipe's round trip per task, {} over {}", words::time(trip.ns), cores(trip));
        legend.add(Shape::Line, Ink::Limit, &label);
    }
    legend
}

fn cores(trip: Trip) -> String {
    words::plural(trip.cores as u64, "core")
}

/// The finding: what either end costs, for the items where the right end costs most.
fn title(sweeps: &[Sweep<'_>]) -> String {
    let end = |sweep: &Sweep<'_>, point| Some(sweep.time(point)?[1] / sweep.best()?.1);
    // The first sweep's items are even; the right arm is about the others.
    let uneven = sweeps.iter().skip(1).filter_map(|sweep| Some((sweep, end(sweep, "large")?)));
    let dearest = uneven.max_by(|a, b| a.1.total_cmp(&b.1));
    let left = sweeps.first().and_then(|sweep| Some((sweep, end(sweep, "1")?)));
    match (left, dearest) {
        (Some((first, left)), Some((sweep, right))) => format!(
            "A task per item takes {} the time of the best cut for {} items, and a chunk per worker {} for {} ones",
            words::ratio(left),
            first.items,
            words::ratio(right),
            sweep.items
        ),
        _ => "The ends of the U were not measured".to_owned(),
    }
}

fn caption(lesson: &Shelved, sweeps: &[Sweep<'_>]) -> String {
    let price =
        sweeps.first().and_then(|sweep| Some((sweep.median("model_task_ns")?, sweep.median("model_addition_fs")?)));
    let price = price.map_or_else(String::new, |(task, addition)| {
        format!(
            " For even items it fits a price of {} per task and {:.2} ns per addition.",
            words::time(task),
            addition / 1e6
        )
    });
    let workers = lesson.summary.as_ref().and_then(|summary| summary.plan.params.get("workers"));
    let cores = lesson.summary.as_ref().map_or(0, |summary| summary.environment.usable_cores);
    format!(
        "Time of one map on a warm pool of {} sharing {}: the median over fresh processes; the strokes span their middle half. The \
         model adds a price per task to the makespan, which is known exactly from the items' costs.{price}{}",
        words::plural(workers.copied().unwrap_or(0), "worker"),
        words::plural(cores.into(), "core"),
        round_trip(lesson).map_or("", |_| {
            " Dashed is the same with the round trip of a bare pipe for a price, from the same run: what it takes to hand over so many tasks \
             one by one, and nothing else."
        }),
    )
}

fn table(sweeps: &[Sweep<'_>]) -> Table {
    let columns = vec![
        Column::left("cut"),
        Column::left("items"),
        Column::right("first chunk"),
        Column::right("tasks"),
        Column::right("time"),
        Column::right("middle half"),
        Column::right("model"),
    ];
    let count = |value: Option<f64>| Cell::or_none(value.map(|value| words::count(value as u64)));
    let row = |sweep: &Sweep<'_>, point: &str| {
        let [low, mid, high] = sweep.time(point)?;
        let of = |kind: &str, unit: &str| sweep.median(&format!("{kind}_{point}_{unit}"));
        let model = || {
            let ns = of("ideal", "additions")? * sweep.median("model_addition_fs")? / 1e6;
            Some(words::time(ns + of("map", "tasks")? * sweep.median("model_task_ns")?))
        };
        Some(vec![
            Cell::Text(spoken(point).to_owned()),
            Cell::Text(sweep.items.to_owned()),
            count(of("chunk", "items")),
            count(of("map", "tasks")),
            Cell::Text(words::time(mid)),
            Cell::Text(format!("{} to {}", words::time(low), words::time(high))),
            Cell::or_none(model()),
        ])
    };
    let rows = sweeps.iter().flat_map(|sweep| sweep.points().into_iter().filter_map(move |point| row(sweep, point)));
    Table { caption: None, columns, rows: rows.collect() }
}
