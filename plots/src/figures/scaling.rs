//! `LESSON-scaling`: speed-up against the number of workers, for a slow kernel and for a fast one.
//!
//! Two panels with the same logarithmic axis. Every line is a way to reach the workers; the ideal line and the bounds stand beside.

use anyhow::Result;
use record::LessonSummary;

use super::Figure;
use super::bounds::{self, Bound, Limits, PIPE};
use super::rows::{LEGEND, WIDTH};
use crate::draw::{Anchor, Canvas, Face, Ink, Legend, Scale, Shape, draw, finish};
use crate::median::median;
use crate::{Cell, Column, Shelved, Table, words};

/// The upper edge of both panels, their height, and the room below for the axis.
const TOP: i32 = 34;
const HEIGHT: i32 = 250;
const BELOW: i32 = 56;
/// Left and right edge of each panel.
const PANELS: [(i32, i32); 2] = [(56, 372), (392, WIDTH - 12)];

/// A kernel: what it is called, its series' prefix, and the variant that is its unit.
const KERNELS: [(&str, &str, &str); 2] =
    [("naive kernel", "naive", "serial_naive"), ("fast kernel", "fast", "serial_fast")];

/// A way to the workers: its series' suffix, its name, the variant that swept it, and how it is drawn.
const WAYS: [(&str, &str, &str, Shape, Ink); 3] = [
    ("threads_ns", "threads", "scaling_threads", Shape::Triangle, Ink::Green),
    ("shared_ns", "processes, shared memory", "scaling_processes", Shape::Square, Ink::Blue),
    ("pipes_ns", "processes, strips by pipe", "scaling_processes", Shape::Dot, Ink::Vermillion),
];

/// Draws the speed-ups of both kernels.
///
/// # Errors
/// If the lesson was not measured.
pub fn scaling(lesson: &Shelved) -> Result<Figure> {
    let summary = lesson.measured()?;
    let sweep = Sweep::of(lesson, summary);
    let (title, caption) = (sweep.title(), sweep.caption());
    let legend = legend();
    let height = TOP + HEIGHT + BELOW + legend.height(LEGEND.1) + 6;
    let svg = draw(WIDTH as u32, height as u32, |canvas| {
        sweep.draw(canvas)?;
        legend.draw(canvas, (LEGEND.0, TOP + HEIGHT + BELOW), LEGEND.1)
    })?;
    let svg = finish(&svg, &title, &caption)?;
    Ok(Figure { name: format!("{}-scaling", lesson.info.stem), title, caption, svg, table: sweep.table() })
}

/// The speed-ups of one kernel, a value per number of workers.
struct Panel {
    name: &'static str,
    /// One process, in nanoseconds.
    unit: f64,
    ways: Vec<Vec<f64>>,
    /// What the strips' way there and back leaves at most.
    crossing: Vec<f64>,
    /// What one core leaves that copies the image.
    floor: Option<f64>,
    /// What the memory and a pipe of this machine leave at most.
    bounds: Vec<Bound>,
}

/// What the way of the image through memory and through a pipe leaves at most of a kernel that takes `unit` nanoseconds. Its pixels are
/// of eight bytes; to copy it is to read and to write it once, as a convolution has to.
fn bounds(limits: Limits<'_>, summary: &LessonSummary, unit: f64) -> Vec<Bound> {
    let size = |name: &str| summary.plan.params.get(name).map(|size| *size as f64);
    let (Some(rows), Some(columns)) = (size("rows"), size("cols")) else { return Vec::new() };
    let bound = |(name, words): (&str, &str)| {
        let bandwidth = limits.bandwidth(name)?;
        let label = format!("{words}: {}", words::bandwidth(bandwidth));
        Some(Bound { value: unit / (rows * columns * 8.0 / bandwidth), label })
    };
    [("copy_all_cores", "image copied in memory, all cores"), (PIPE, "image through one pipe")]
        .into_iter()
        .filter_map(bound)
        .collect()
}

struct Sweep {
    workers: Vec<u64>,
    /// The place in `workers` that the title speaks of.
    told: usize,
    cores: u32,
    start: Vec<f64>,
    panels: Vec<Panel>,
}

impl Sweep {
    fn of(lesson: &Shelved, summary: &LessonSummary) -> Self {
        let points = |variant: &str, name: &str| {
            lesson.variant(variant).and_then(|found| found.series.get(name)).map_or(Vec::new(), |all| medians(all))
        };
        let workers: Vec<u64> = points("scaling_processes", "workers").into_iter().map(|count| count as u64).collect();
        let cores = summary.environment.usable_cores;
        let told = workers.iter().rposition(|count| *count <= u64::from(cores)).unwrap_or(0);
        let floors = lesson.variant("serial_fast").and_then(|fast| fast.facts.get("floor_ns"));
        let floor = floors.and_then(|floors| median(floors));
        let panels = KERNELS.iter().filter_map(|(name, prefix, serial)| {
            let unit = lesson.variant(serial)?.time_ns?.mid;
            let speed_ups = |times: Vec<f64>| times.into_iter().map(|ns| unit / ns.max(1.0)).collect::<Vec<f64>>();
            let way = |way: &(&str, &str, &str, Shape, Ink)| speed_ups(points(way.2, &format!("{prefix}_{}", way.0)));
            let ways = WAYS.iter().map(way).collect();
            let crossing = speed_ups(points("scaling_processes", "crossing_ns"));
            let bounds = bounds(Limits::of(lesson), summary, unit);
            Some(Panel { name, unit, ways, crossing, floor: floor.map(|floor| unit / floor.max(1.0)), bounds })
        });
        let start = points("scaling_processes", "start_ns");
        Self { panels: panels.collect(), workers, told, cores, start }
    }

    /// The axis of speed-ups, in pixels from the lower edge. Bounds that lie above everything measured do not stretch it.
    fn scale(&self) -> Scale {
        let ideal = self.workers.iter().map(|count| *count as f64);
        let drawn = self.panels.iter().flat_map(|panel| panel.ways.iter().flatten().chain(&panel.crossing).copied());
        Scale::logarithmic(drawn.filter(|value| *value < 100.0).chain(ideal), 0, HEIGHT)
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Result<()> {
        let scale = self.scale();
        let y = |value: f64| TOP + HEIGHT - scale.x(value);
        for (panel, (left, right)) in self.panels.iter().zip(PANELS) {
            let last = self.workers.len().max(2) as i32 - 1;
            let x = |place: usize| left + 14 + (right - left - 28) * place as i32 / last;
            for tick in &scale.ticks {
                canvas.line((left, y(*tick)), (right, y(*tick)), Ink::Grid, 1)?;
                if left == PANELS[0].0 {
                    let label = format!("{}", (tick * 1e6).round() / 1e6);
                    canvas.text((left - 8, y(*tick)), Anchor::End, &label, (12, Face::Prose, Ink::Quiet))?;
                }
            }
            canvas.line((left, y(1.0)), (right, y(1.0)), Ink::Text, 2)?;
            let unit = format!("{}: 1 is one process, {}", panel.name, words::time(panel.unit));
            canvas.text((left, TOP / 2), Anchor::Start, &unit, (13, Face::Strong, Ink::Text))?;
            for (place, count) in self.workers.iter().enumerate() {
                let at = (x(place), TOP + HEIGHT + 13);
                canvas.text(at, Anchor::Middle, &count.to_string(), (12, Face::Prose, Ink::Quiet))?;
            }
            let middle = ((left + right) / 2, TOP + HEIGHT + 34);
            canvas.text(middle, Anchor::Middle, "workers", (13, Face::Prose, Ink::Quiet))?;
            let line = |values: &[f64], ink, width| {
                let points = values.iter().enumerate().map(|(place, value)| (x(place), y(*value))).collect::<Vec<_>>();
                canvas.path(&points, ink, width).map(|()| points)
            };
            line(&self.ideal(), Ink::Quiet, 1)?;
            line(&panel.crossing, Ink::Orange, 1)?;
            if let Some(floor) = panel.floor.filter(|floor| *floor < scale.ticks[scale.ticks.len() - 1]) {
                canvas.line((left, y(floor)), (right, y(floor)), Ink::Purple, 1)?;
            }
            // Below the data, which no label may hide.
            bounds::level(canvas, (&scale, &y), &panel.bounds, (left, right))?;
            for (values, (_, _, _, shape, ink)) in panel.ways.iter().zip(WAYS) {
                for point in line(values, ink, 2)? {
                    shape.draw(canvas, point, ink)?;
                }
            }
        }
        Ok(())
    }

    /// As fast as there are workers, however many cores there are.
    fn ideal(&self) -> Vec<f64> {
        self.workers.iter().map(|count| *count as f64).collect()
    }

    fn title(&self) -> String {
        let pipes = |place: usize| self.panels.get(place)?.ways.get(2)?.get(self.told).copied();
        match (self.workers.get(self.told), pipes(0), pipes(1)) {
            (Some(workers), Some(naive), Some(fast)) => format!(
                "On {} that are sent strips, the naive kernel is {} as fast as in one process, the fast kernel {}",
                words::plural(*workers, "worker"),
                words::ratio(naive),
                words::ratio(fast)
            ),
            _ => "The sweep over workers was not measured".to_owned(),
        }
    }

    fn caption(&self) -> String {
        let floor = self.panels.iter().find(|panel| panel.name == KERNELS[1].0).and_then(|panel| panel.floor);
        let floor = floor.map_or(String::new(), |floor| {
            let times = words::ratio(floor);
            format!(" The fast kernel takes {times} the time in which one core copies the image; 1.2x was the target.")
        });
        format!(
            "Speed-up against the number of workers, on {}: how many times as fast as the same kernel in one process, each point the \
             median over the subjects, start and end of the pool included. No strips by pipe can lie above the line of strips that \
             are sent and not convolved.{floor}{}",
            words::plural(self.cores.into(), "core"),
            self.bounds_in_words()
        )
    }

    /// What the dashed lines are, and for which kernels they lie outside.
    fn bounds_in_words(&self) -> String {
        if self.panels.iter().all(|panel| panel.bounds.is_empty()) {
            return String::new();
        }
        let scale = self.scale();
        let mut words = " Dashed is what the machine allows, from the same run: the time to copy the image once in memory that is far larger \
                         than any cache, and to send it once through a pipe. An image that stays in the caches may be faster than memory."
            .to_owned();
        for panel in &self.panels {
            let outside: Vec<&str> = panel
                .bounds
                .iter()
                .filter(|bound| !scale.holds(bound.value))
                .map(|bound| bound.label.as_str())
                .collect();
            if !outside.is_empty() {
                words.push_str(&format!(" Outside the axis of the {}: {}.", panel.name, outside.join("; ")));
            }
        }
        words
    }

    fn table(&self) -> Table {
        let mut columns = vec![Column::left("workers"), Column::right("start and end of a pool")];
        for panel in &self.panels {
            let short = panel.name.split(' ').next().unwrap_or_default();
            columns.extend(WAYS.iter().map(|way| Column::right(&format!("{short}, {}", way.1))));
            columns.push(Column::right(&format!("{short}, not convolved")));
        }
        let row = |(place, count): (usize, &u64)| {
            let number = |values: &[f64]| Cell::or_none(values.get(place).map(|value| words::ratio(*value)));
            let mut row = vec![Cell::Text(count.to_string())];
            row.push(Cell::or_none(self.start.get(place).map(|ns| words::time(*ns))));
            for panel in &self.panels {
                row.extend(panel.ways.iter().map(|way| number(way)));
                row.push(number(&panel.crossing));
            }
            row
        };
        Table { caption: None, columns, rows: self.workers.iter().enumerate().map(row).collect() }
    }
}

fn legend() -> Legend {
    let mut legend = Legend::default();
    for (_, name, _, shape, ink) in WAYS {
        legend.add(shape, ink, name);
    }
    legend.add(Shape::Line, Ink::Quiet, "as many times as workers");
    legend.add(Shape::Line, Ink::Orange, "strips sent, not convolved");
    legend.add(Shape::Line, Ink::Purple, "one core copies the image");
    legend
}

/// The median of each point over the subjects.
fn medians(subjects: &[Vec<u64>]) -> Vec<f64> {
    let points = subjects.iter().map(Vec::len).min().unwrap_or(0);
    (0..points).filter_map(|point| median(&subjects.iter().map(|subject| subject[point]).collect::<Vec<_>>())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn the_medians_are_taken_point_by_point() {
        assert_eq!(medians(&[vec![1, 10], vec![3, 30], vec![2, 20]]), [2.0, 20.0]);
    }

    #[test]
    fn the_title_says_what_processes_gain_on_the_cores_there_are() {
        let figure = scaling(&samples::lesson_for("scaling")).unwrap();
        assert_eq!(
            figure.title,
            "On 2 workers that are sent strips, the naive kernel is 1.25x as fast as in one process, the fast kernel 0.033x"
        );
        assert_eq!(figure.table.rows.len(), 4);
    }

    #[test]
    fn a_sweep_that_failed_still_has_a_figure() {
        let mut lesson = samples::lesson_for("scaling");
        lesson.summary.as_mut().unwrap().variants.retain(|variant| !variant.name.starts_with("scaling"));
        assert_eq!(scaling(&lesson).unwrap().title, "The sweep over workers was not measured");
    }
}
