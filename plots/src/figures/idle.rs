//! `LESSON-idle`: how long each worker is outside the mapped function while a map lasts, for each distribution of costs and each way
//! to cut.

use anyhow::{Result, bail};

use super::Figure;
use super::rows::{self, AXIS, LEGEND, NUMBERS, TOP, WIDTH};
use super::sweep::{Sweep, spoken, sweeps};
use crate::draw::{Anchor, Canvas, Face, Ink, Legend, Scale, Shape, draw, finish};
use crate::{Cell, Column, Shelved, Table, words};

/// The cuts that are compared: small, the rule, one per worker, shrinking.
const CUTS: [&str; 4] = ["20", "rule", "large", "guided"];
/// Pixels for a row.
const ROW: i32 = 24;

/// Draws the idle time of the workers.
///
/// # Errors
/// If the lesson was not measured, or sweeps nothing.
pub fn idle(lesson: &Shelved) -> Result<Figure> {
    lesson.measured()?;
    let rows = rows_of(lesson);
    if rows.is_empty() {
        bail!("lesson '{}' sweeps no chunksizes", lesson.info.stem);
    }
    let (title, caption) = (title(&rows), caption());
    let left = rows::axis_left(rows.iter().map(|row| row.name.as_str()));
    let most = rows.iter().flat_map(|row| row.shares.iter().copied()).fold(0.0, f64::max);
    let scale = Scale::linear(most * 100.0, left, WIDTH - NUMBERS);
    let bottom = TOP + ROW * rows.len() as i32;
    let legend = legend();
    let height = bottom + AXIS + legend.height(LEGEND.1) + 6;
    let svg = draw(WIDTH as u32, height as u32, |canvas| {
        let label = "time outside the function, in percent of the map's time";
        rows::axis(canvas, &scale, bottom, label, |value| format!("{value}"))?;
        for (place, row) in (0..).zip(&rows) {
            row.draw(canvas, &scale, TOP + ROW * place, place > 0 && row.first)?;
        }
        legend.draw(canvas, (LEGEND.0, bottom + AXIS), LEGEND.1)
    })?;
    let svg = finish(&svg, &title, &caption)?;
    Ok(Figure { name: format!("{}-idle", lesson.info.stem), title, caption, svg, table: table(&rows) })
}

/// One distribution, cut in one way.
struct Row<'a> {
    sweep: Sweep<'a>,
    point: &'a str,
    name: String,
    /// Whether it is the first of its distribution.
    first: bool,
    /// Of each worker, least idle first.
    shares: Vec<f64>,
}

fn rows_of(lesson: &Shelved) -> Vec<Row<'_>> {
    let of_sweep = |sweep: Sweep<'_>| {
        let measured = CUTS.into_iter().map(move |point| (point, sweep.idle_shares(point)));
        measured.filter(|(_, shares)| !shares.is_empty()).collect::<Vec<_>>()
    };
    let row = |(sweep, (place, (point, shares)))| {
        let sweep: Sweep<'_> = sweep;
        Row { sweep, point, name: format!("{}, {}", sweep.items, spoken(point)), first: place == 0, shares }
    };
    let all = sweeps(lesson)
        .into_iter()
        .flat_map(|sweep| of_sweep(sweep).into_iter().enumerate().map(move |shares| (sweep, shares)));
    all.map(row).collect()
}

impl Row<'_> {
    fn mean(&self) -> f64 {
        self.shares.iter().sum::<f64>() / self.shares.len() as f64
    }

    fn draw(&self, canvas: &Canvas<'_>, scale: &Scale, top: i32, rule: bool) -> Result<()> {
        let middle = top + ROW / 2;
        if rule {
            canvas.line((8, top), (WIDTH - 8, top), Ink::Grid, 1)?;
        }
        rows::name(canvas, scale.x(0.0), middle, &self.name)?;
        canvas.bar((scale.x(0.0), middle - 7), (scale.x(self.mean() * 100.0), middle + 7), Ink::Orange, 0.6)?;
        for share in &self.shares {
            Shape::Dot.draw(canvas, (scale.x(share * 100.0), middle), Ink::Blue)?;
        }
        let text = format!("{:.0} %", self.mean() * 100.0);
        canvas.text((WIDTH - NUMBERS + 14, middle), Anchor::Start, &text, (13, Face::Strong, Ink::Text))
    }
}

fn legend() -> Legend {
    let mut legend = Legend::default();
    legend.add(Shape::Share, Ink::Orange, "mean of the workers");
    legend.add(Shape::Dot, Ink::Blue, "one worker, from the least to the most");
    legend
}

/// The finding: where large chunks leave the workers idle most, and what smaller ones leave.
fn title(rows: &[Row<'_>]) -> String {
    let pairs = rows.iter().filter(|row| row.point == "large").filter_map(|large| {
        let small = rows.iter().find(|row| row.point == "20" && row.sweep.items == large.sweep.items)?;
        Some((large, small))
    });
    match pairs.max_by(|a, b| (a.0.mean() - a.1.mean()).total_cmp(&(b.0.mean() - b.1.mean()))) {
        Some((large, small)) => format!(
            "With a chunk per worker and {} items a worker is outside the function for {:.0} % of the time, with 20 items to a task \
             for {:.0} %",
            large.sweep.items,
            large.mean() * 100.0,
            small.mean() * 100.0
        ),
        None => "Idle time was not compared".to_owned(),
    }
}

fn caption() -> String {
    "The time of a map that a worker does not spend in the mapped function: it reads, decodes, encodes and writes, or it waits for a \
     task, for a lock, or for the others at the end. With more workers than cores, waiting for a core inside the function counts as \
     work. Medians over fresh processes."
        .to_owned()
}

fn table(rows: &[Row<'_>]) -> Table {
    let columns = vec![
        Column::left("items, cut"),
        Column::right("time of the map"),
        Column::right("outside the function, mean"),
        Column::right("least, of a worker"),
        Column::right("most, of a worker"),
    ];
    let percent = |share: Option<&f64>| Cell::or_none(share.map(|share| format!("{:.0} %", share * 100.0)));
    let cells = |row: &Row<'_>| {
        vec![
            Cell::Text(row.name.clone()),
            Cell::or_none(row.sweep.time(row.point).map(|[_, median, _]| words::time(median))),
            percent(Some(&row.mean())),
            percent(row.shares.first()),
            percent(row.shares.last()),
        ]
    };
    Table { caption: None, columns, rows: rows.iter().map(cells).collect() }
}
