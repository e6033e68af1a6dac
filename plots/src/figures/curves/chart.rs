//! The drawing of a figure of curves.

use anyhow::{Result, bail};

use super::spec::{Axis, Curves, Told, Unit};
use crate::draw::{Anchor, Canvas, Face, Ink, Legend, Scale, Shape};
use crate::figures::bounds::{self, Bound, Limits};
use crate::figures::rows::{LEGEND, WIDTH};
use crate::median::quartiles;
use crate::{Cell, Column, Shelved, Table, words};

/// The panel: its upper edge below the words of the upright axis, its height, its left and right edge, and the room below it.
const TOP: i32 = 34;
const HEIGHT: i32 = 300;
const LEFT: i32 = 70;
const RIGHT: i32 = WIDTH - 32;
const BELOW: i32 = 54;

/// The least distance between labels below the panel, in pixels: "300 kB" is 45 wide.
const PITCH: i32 = 58;

/// How the curves are told apart: by shape and by colour.
const STYLES: [(Shape, Ink); 6] = [
    (Shape::Dot, Ink::Blue),
    (Shape::Square, Ink::Vermillion),
    (Shape::Triangle, Ink::Green),
    (Shape::Diamond, Ink::Orange),
    (Shape::Cross, Ink::Purple),
    (Shape::Frame, Ink::Grey),
];

/// A point: where it lies, and the quartiles over the subjects.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    x: f64,
    y: [f64; 3],
}

/// Where two curves were both measured, and the median of each there.
type Pairs = Vec<(f64, f64, f64)>;

/// A curve that was measured.
struct Curve {
    label: &'static str,
    style: (Shape, Ink),
    points: Vec<Point>,
}

/// What is drawn.
pub(super) struct Chart {
    spec: &'static Curves,
    /// None where the variant was not measured.
    curves: Vec<Option<Curve>>,
    x: Scale,
    y: Scale,
    limits: Vec<Bound>,
    legend: Legend,
}

impl Chart {
    pub(super) fn of(spec: &'static Curves, lesson: &Shelved) -> Result<Self> {
        lesson.measured()?;
        let lines = spec.lines.iter().zip(STYLES.into_iter().cycle());
        let curves: Vec<Option<Curve>> = lines
            .map(|(line, style)| {
                let series = &lesson.variant(line.variant)?.series;
                let points = points(series.get(line.x)?.first()?, series.get(line.y)?);
                (!points.is_empty()).then_some(Curve { label: line.label, style, points })
            })
            .collect();
        if curves.iter().all(Option::is_none) {
            bail!("no variant of '{}' reported the series of its figure 'curve-{}'", spec.lesson, spec.name);
        }
        let all = || curves.iter().flatten().flat_map(|curve| &curve.points);
        let x = scale(spec.x, all().map(|point| point.x), RIGHT - LEFT);
        let y = scale(spec.y, all().flat_map(|point| point.y), HEIGHT);
        let mut legend = Legend::default();
        for curve in curves.iter().flatten() {
            legend.add(curve.style.0, curve.style.1, curve.label);
        }
        let limits = limits(spec, Limits::of(lesson));
        // Beside the line a label would hide the data, which lie just above their limit.
        for limit in limits.iter().filter(|limit| y.holds(limit.value)) {
            legend.add(Shape::Line, Ink::Limit, &limit.label);
        }
        Ok(Self { limits, spec, x, y, legend, curves })
    }

    pub(super) fn height(&self) -> i32 {
        TOP + HEIGHT + BELOW + self.legend.height(LEGEND.1) + 6
    }

    fn at(&self, x: f64, y: f64) -> (i32, i32) {
        (LEFT + self.x.x(x), TOP + HEIGHT - self.y.x(y))
    }

    pub(super) fn draw(&self, canvas: &Canvas<'_>) -> Result<()> {
        self.axes(canvas)?;
        for curve in self.curves.iter().flatten() {
            self.band(canvas, curve)?;
        }
        for limit in self.limits.iter().filter(|limit| self.y.holds(limit.value)) {
            let y = TOP + HEIGHT - self.y.x(limit.value);
            canvas.line((LEFT, y), (RIGHT, y), Ink::Limit, 2)?;
        }
        for Curve { style: (shape, ink), points, .. } in self.curves.iter().flatten() {
            let middle: Vec<(i32, i32)> = points.iter().map(|point| self.at(point.x, point.y[1])).collect();
            canvas.path(&middle, *ink, 2)?;
            for place in middle {
                shape.draw(canvas, place, *ink)?;
            }
        }
        self.legend.draw(canvas, (LEGEND.0, TOP + HEIGHT + BELOW), LEGEND.1)
    }

    fn axes(&self, canvas: &Canvas<'_>) -> Result<()> {
        let (bottom, label) = (TOP + HEIGHT, |axis: Axis| {
            if axis.logarithmic { format!("{} (logarithmic)", axis.label) } else { axis.label.to_owned() }
        });
        for tick in &self.y.ticks {
            let y = bottom - self.y.x(*tick);
            canvas.line((LEFT, y), (RIGHT, y), Ink::Grid, 1)?;
            let text = short(self.spec.y.unit, *tick);
            canvas.text((LEFT - 8, y), Anchor::End, &text, (12, Face::Prose, Ink::Quiet))?;
        }
        let mut labelled = i32::MIN / 2;
        for tick in &self.x.ticks {
            let x = LEFT + self.x.x(*tick);
            canvas.line((x, bottom), (x, bottom + 5), Ink::Quiet, 1)?;
            if x < labelled + PITCH {
                continue;
            }
            labelled = x;
            let text = short(self.spec.x.unit, *tick);
            canvas.text((x, bottom + 15), Anchor::Middle, &text, (12, Face::Prose, Ink::Quiet))?;
        }
        canvas.line((LEFT, bottom), (RIGHT, bottom), Ink::Quiet, 1)?;
        canvas.text((8, TOP / 2), Anchor::Start, &label(self.spec.y), (13, Face::Prose, Ink::Quiet))?;
        let below = ((LEFT + RIGHT) / 2, bottom + 36);
        canvas.text(below, Anchor::Middle, &label(self.spec.x), (13, Face::Prose, Ink::Quiet))
    }

    /// From the lower to the upper quartile.
    fn band(&self, canvas: &Canvas<'_>, curve: &Curve) -> Result<()> {
        let upper = curve.points.iter().map(|point| self.at(point.x, point.y[2]));
        let lower = curve.points.iter().rev().map(|point| self.at(point.x, point.y[0]));
        canvas.polygon(&upper.chain(lower).collect::<Vec<_>>(), curve.style.1, 0.15)
    }

    pub(super) fn title(&self) -> String {
        let said = match self.spec.told {
            Told::AtLast { over, under, verb } => self.ratio_at((over, under), verb, true),
            Told::AtFirst { over, under, verb } => self.ratio_at((over, under), verb, false),
            Told::Below { one, other } => self.below(one, other),
            Told::Growth { line, noun } => self.growth(line, noun),
        };
        said.unwrap_or_else(|| capital(&format!("{} against {}", self.spec.y.label, self.spec.x.label)))
    }

    /// Two curves, and the medians of both at the places that they share.
    fn pairs(&self, one: usize, other: usize) -> Option<(&Curve, &Curve, Pairs)> {
        let (one, other) = (self.curves.get(one)?.as_ref()?, self.curves.get(other)?.as_ref()?);
        let pair = |point: &Point| {
            let there = other.points.iter().find(|candidate| candidate.x.total_cmp(&point.x).is_eq())?;
            Some((point.x, point.y[1], there.y[1]))
        };
        Some((one, other, one.points.iter().filter_map(pair).collect()))
    }

    fn ratio_at(&self, (over, under): (usize, usize), verb: &str, last: bool) -> Option<String> {
        let (one, other, pairs) = self.pairs(over, under)?;
        let (x, above, below) = *if last { pairs.last()? } else { pairs.first()? };
        let (at, times) = (long(self.spec.x, x), words::ratio(above / below.max(f64::MIN_POSITIVE)));
        Some(format!("At {at}, {} {verb} {times} the {} of {}", one.label, noun(self.spec.y), other.label))
    }

    fn below(&self, one: usize, other: usize) -> Option<String> {
        let (one, other, pairs) = self.pairs(one, other)?;
        let first = pairs.iter().rposition(|(_, one, other)| one >= other).map_or(0, |place| place + 1);
        Some(match pairs.get(first) {
            None => capital(&format!("{} does not stay below {} anywhere here", one.label, other.label)),
            Some(_) if first == 0 => capital(&format!("{} lies below {} everywhere", one.label, other.label)),
            Some((x, ..)) => {
                capital(&format!("{} lies below {} from {} on", one.label, other.label, long(self.spec.x, *x)))
            }
        })
    }

    fn growth(&self, line: usize, noun: &str) -> Option<String> {
        let curve = self.curves.get(line)?.as_ref()?;
        let (first, last) = (curve.points.first()?, curve.points.last()?);
        let times = words::ratio(last.y[1] / first.y[1].max(f64::MIN_POSITIVE));
        let [from, to] = [first.x, last.x].map(|x| long(self.spec.x, x));
        Some(format!("From {from} to {to}, the {noun} of {} becomes {times} what it was", curve.label))
    }

    pub(super) fn caption(&self) -> String {
        let missing: Vec<&str> = self
            .spec
            .lines
            .iter()
            .zip(&self.curves)
            .filter(|(_, curve)| curve.is_none())
            .map(|(line, _)| line.label)
            .collect();
        let missing = match missing.is_empty() {
            true => String::new(),
            false => format!(" Not measured in this run: {}.", missing.join(", ")),
        };
        let limits = match self.limits.is_empty() {
            true => "",
            false => " Dashed is what the machine allows, from the same run.",
        };
        format!(
            "{} against {}: the median of each point over the subjects, and the band from the lower to the upper quartile. {}{missing}{limits}{}",
            capital(self.spec.y.label),
            self.spec.x.label,
            self.spec.caption,
            bounds::outside(&self.limits, &self.y)
        )
    }

    pub(super) fn table(&self) -> Table {
        let curves: Vec<&Curve> = self.curves.iter().flatten().collect();
        let mut places: Vec<f64> = curves.iter().flat_map(|curve| curve.points.iter().map(|point| point.x)).collect();
        places.sort_by(f64::total_cmp);
        places.dedup();
        let mut columns = vec![Column::right(self.spec.x.label)];
        columns.extend(curves.iter().map(|curve| Column::right(curve.label)));
        let row = |x: &f64| {
            let value = |curve: &&Curve| {
                let point = curve.points.iter().find(|point| point.x.total_cmp(x).is_eq());
                Cell::or_none(point.map(|point| shown(self.spec.y.unit, point.y[1])))
            };
            std::iter::once(Cell::Text(shown(self.spec.x.unit, *x))).chain(curves.iter().map(value)).collect()
        };
        Table { caption: None, columns, rows: places.iter().map(row).collect() }
    }
}

fn points(places: &[u64], subjects: &[Vec<u64>]) -> Vec<Point> {
    let at = |(place, x): (usize, &u64)| {
        let values = subjects.iter().filter_map(|subject| subject.get(place)).map(|value| *value as f64);
        Some(Point { x: *x as f64, y: quartiles(values)? })
    };
    let mut points: Vec<Point> = places.iter().enumerate().filter_map(at).collect();
    points.sort_by(|one, other| one.x.total_cmp(&other.x));
    points
}

fn scale(axis: Axis, values: impl Iterator<Item = f64>, pixels: i32) -> Scale {
    match axis.logarithmic {
        true => Scale::spanning(values, 0, pixels),
        false => Scale::linear(values.fold(0.0, f64::max), 0, pixels),
    }
}

/// The limits on the axis of what was measured: those that are times on one of time, those that are bandwidths on one of bandwidth.
fn limits(spec: &Curves, limits: Limits<'_>) -> Vec<Bound> {
    let bound = |limit: &super::spec::Limit| {
        let (value, words) = match spec.y.unit {
            Unit::Time => limits.time(limit.variant).map(|ns| (ns, words::time(ns)))?,
            Unit::Bandwidth => {
                limits.bandwidth(limit.variant).map(|per_ns| (per_ns * 1e9, words::bandwidth(per_ns)))?
            }
            Unit::Count | Unit::Bytes | Unit::Thousandths => return None,
        };
        Some(Bound { value, label: format!("{}: {words}", limit.label) })
    };
    spec.limits.iter().filter_map(bound).collect()
}

/// A value as a table has it.
fn shown(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Count => words::count(value.round() as u64),
        Unit::Bytes => words::bytes(value),
        Unit::Time => words::time(value),
        Unit::Bandwidth => words::bandwidth(value / 1e9),
        Unit::Thousandths => words::ratio(value / 1e3),
    }
}

/// A value as an axis has it: no more digits than a round number needs.
fn short(unit: Unit, value: f64) -> String {
    let scaled = |steps: &[(f64, &str)]| {
        let (size, name) = steps.iter().rev().find(|(size, _)| value >= *size * 0.999).unwrap_or(&steps[0]);
        format!("{} {name}", (value / size * 1e6).round() / 1e6)
    };
    match unit {
        _ if value == 0.0 => "0".to_owned(),
        Unit::Count if value < 1.0 => format!("{}", (value * 1e6).round() / 1e6),
        Unit::Count => words::count(value.round() as u64),
        Unit::Bytes => scaled(&[(1.0, "B"), (1e3, "kB"), (1e6, "MB"), (1e9, "GB")]),
        Unit::Time => scaled(&[(1.0, "ns"), (1e3, "µs"), (1e6, "ms"), (1e9, "s")]),
        Unit::Bandwidth => scaled(&[(1.0, "B/s"), (1e3, "kB/s"), (1e6, "MB/s"), (1e9, "GB/s")]),
        Unit::Thousandths => format!("{}", (value * 1e3).round() / 1e6),
    }
}

/// A value of an axis as a sentence has it: a bare count needs its noun.
fn long(axis: Axis, value: f64) -> String {
    match axis.unit {
        Unit::Count if value == 1.0 => format!("1 {}", axis.label.strip_suffix('s').unwrap_or(axis.label)),
        Unit::Count => format!("{} {}", shown(axis.unit, value), axis.label),
        _ => shown(axis.unit, value),
    }
}

/// What is compared, in a title.
fn noun(axis: Axis) -> &'static str {
    match axis.unit {
        Unit::Time => "time",
        Unit::Bandwidth => "throughput",
        Unit::Bytes => "bytes",
        Unit::Count | Unit::Thousandths => axis.label,
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}
