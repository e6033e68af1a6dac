//! `LESSON-ratio`: how many times as long as the baseline each variant takes.
//!
//! One row per variant on a logarithmic axis: every block is a dot, the interval a bar beneath, and what others printed for the
//! same variant stands in the same row with a shape of its own. Each further lane adds a line to every row.

use anyhow::Result;
use record::{LessonSummary, VariantSummary};

use super::Figure;
use super::bounds::{Limits, PIPE, busier_way};
use super::rows::{self, AXIS, LEGEND, NUMBERS, TOP, WIDTH};
use crate::draw::{Anchor, Canvas, Face, Ink, Legend, Scale, Shape, draw, finish, interval};
use crate::{Cell, Column, Shelved, Table, words};

/// Pixels for one lane of a row.
const LANE: i32 = 36;
/// The room that the label of a floor takes.
const LABEL: i32 = 100;
/// The inks of lanes; a fourth lane shares the last one.
const LANE_INKS: [Ink; 3] = [Ink::Blue, Ink::Green, Ink::Purple];
/// The inks of foreign sources; a fourth source shares the last one.
const SOURCE_INKS: [Ink; 3] = [Ink::Vermillion, Ink::Orange, Ink::Grey];

/// Draws how long each variant takes relative to the baseline.
///
/// # Errors
/// If the lesson was not measured.
pub fn ratio(lesson: &Shelved) -> Result<Figure> {
    let summary = lesson.measured()?;
    let chart = Chart::new(lesson, summary);
    let (title, caption) = (title(lesson, summary), caption(lesson, summary) + &chart.floors());
    let svg = draw(WIDTH as u32, chart.height() as u32, |canvas| chart.draw(canvas))?;
    let svg = finish(&svg, &title, &caption)?;
    Ok(Figure { name: format!("{}-ratio", lesson.info.stem), title, caption, svg, table: table(lesson, summary) })
}

struct Chart<'a> {
    lesson: &'a Shelved,
    /// The variants that were measured, in the order of the lesson.
    names: Vec<&'a str>,
    lanes: Vec<&'a str>,
    sources: Vec<&'a str>,
    summary: &'a LessonSummary,
    scale: Scale,
    legend: Legend,
    limits: Limits<'a>,
}

impl<'a> Chart<'a> {
    fn new(lesson: &'a Shelved, summary: &'a LessonSummary) -> Self {
        let names = distinct(summary.variants.iter().map(|variant| variant.name.as_str()));
        let lanes = distinct(summary.variants.iter().map(|variant| variant.lane.as_str()));
        let marks = lesson.info.marks.iter().filter(|mark| names.contains(&mark.variant.as_str()));
        let sources = distinct(marks.clone().map(|mark| mark.source.as_str()));
        let ours = summary.variants.iter().flat_map(|variant| {
            variant.ratios.iter().copied().chain(variant.ratio.iter().flat_map(|ratio| [ratio.low, ratio.high]))
        });
        let left = rows::axis_left(names.iter().copied());
        let scale = Scale::logarithmic(ours.chain(marks.map(|mark| mark.ratio)), left, WIDTH - NUMBERS);
        let mut chart = Self {
            lesson,
            names,
            legend: legend(&lanes, &sources),
            lanes,
            sources,
            summary,
            scale,
            limits: Limits::of(lesson),
        };
        let drawn = summary.variants.iter().any(|variant| chart.floor(variant).is_some_and(|at| chart.scale.holds(at)));
        if let Some(label) = chart.limits.pipe_label().filter(|_| drawn) {
            chart.legend.add(Shape::Limit, Ink::Limit, &label);
        }
        chart
    }

    /// The least that the bytes of a variant take through a pipe, relative to the baseline; none if nothing crossed.
    fn floor(&self, variant: &VariantSummary) -> Option<f64> {
        let bytes = busier_way(variant.typical.as_ref()?);
        let baseline =
            beside(variant).or_else(|| self.lesson.variant(&self.lesson.info.baseline)?.time_ns.map(|time| time.mid));
        Some(self.limits.through_pipe(bytes)? / baseline?).filter(|floor| *floor > 0.0)
    }

    /// Whether this is the first of the highest floors: its mark has the label.
    fn is_highest(&self, floor: f64) -> bool {
        self.summary.variants.iter().filter_map(|variant| self.floor(variant)).all(|other| other <= floor)
    }

    /// What the marks for floors mean, and where they are missing.
    fn floors(&self) -> String {
        let all: Vec<f64> = self.summary.variants.iter().filter_map(|variant| self.floor(variant)).collect();
        let drawn = all.iter().filter(|floor| self.scale.holds(**floor)).count();
        let Some(bandwidth) = self.limits.bandwidth(PIPE).map(words::bandwidth).filter(|_| !all.is_empty()) else {
            return String::new();
        };
        match (drawn, all.len()) {
            (0, _) => format!(
                " What crosses between processes would take a bare pipe ({bandwidth}) so little that it lies before the axis."
            ),
            (drawn, all) => format!(
                " A dashed mark is the time in which a bare pipe ({bandwidth}, in the same run) carries the bytes of that row{}.",
                if drawn < all { "; where there is none, it lies before the axis" } else { "" }
            ),
        }
    }

    fn row_height(&self) -> i32 {
        LANE * self.lanes.len() as i32 + 4
    }

    fn bottom(&self) -> i32 {
        TOP + self.row_height() * self.names.len() as i32
    }

    fn height(&self) -> i32 {
        self.bottom() + AXIS + self.legend.height(LEGEND.1) + 6
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Result<()> {
        let (bottom, one) = (self.bottom(), self.scale.x(1.0));
        let label = format!("time relative to {} (logarithmic): right of 1 is slower", self.lesson.info.baseline);
        rows::axis(canvas, &self.scale, bottom, &label, tick)?;
        canvas.line((one, TOP), (one, bottom + 5), Ink::Text, 2)?;
        for (place, name) in (0..).zip(&self.names) {
            let top = TOP + place * self.row_height();
            rows::name(canvas, self.scale.x(0.0), top + self.row_height() / 2, name)?;
            if place > 0 {
                canvas.line((8, top), (WIDTH - 8, top), Ink::Grid, 1)?;
            }
            for (lane, _) in self.lanes.iter().enumerate() {
                self.lane(canvas, name, lane, top + 2 + LANE * lane as i32)?;
            }
            self.foreign(canvas, name, top + self.row_height() / 2)?;
        }
        self.legend.draw(canvas, (LEGEND.0, bottom + AXIS), LEGEND.1)
    }

    /// One lane of one row: dots in its upper half, the interval in its lower half, the number beside.
    fn lane(&self, canvas: &Canvas<'_>, name: &str, lane: usize, top: i32) -> Result<()> {
        let of_lane = |variant: &&VariantSummary| variant.name == name && variant.lane == self.lanes[lane];
        let Some(variant) = self.summary.variants.iter().find(of_lane) else { return Ok(()) };
        let (shape, ink) = (pick(&Shape::LANES, lane), pick(&LANE_INKS, lane));
        for (number, ratio) in variant.ratios.iter().enumerate() {
            shape.draw(canvas, (self.scale.x(*ratio), top + 10 + jitter(number)), ink)?;
        }
        if let Some(ratio) = &variant.ratio {
            let ends = (self.scale.x(ratio.low), self.scale.x(ratio.mid), self.scale.x(ratio.high));
            interval(canvas, ends, top + 27, ink)?;
        }
        if let Some(floor) = self.floor(variant).filter(|floor| self.scale.holds(*floor)) {
            let x = self.scale.x(floor);
            Shape::Limit.draw(canvas, (x, top + LANE / 2), Ink::Limit)?;
            if self.is_highest(floor) {
                let room = x - self.scale.x(0.0) > LABEL;
                let (at, anchor) = if room { (x - 6, Anchor::End) } else { (x + 6, Anchor::Start) };
                let words = self
                    .limits
                    .bandwidth(PIPE)
                    .map_or(String::new(), |pipe| format!("pipe, {}", words::bandwidth(pipe)));
                canvas.text((at, top + LANE / 2), anchor, &words, (12, Face::Prose, Ink::Limit))?;
            }
        }
        let text = number(variant, &self.lesson.info.baseline);
        canvas.text((WIDTH - NUMBERS + 14, top + LANE / 2), Anchor::Start, &text, (13, Face::Strong, Ink::Text))
    }

    /// What others printed for this variant.
    fn foreign(&self, canvas: &Canvas<'_>, name: &str, middle: i32) -> Result<()> {
        for mark in self.lesson.info.marks.iter().filter(|mark| mark.variant == name) {
            let Some(source) = self.sources.iter().position(|source| *source == mark.source) else { continue };
            let at = (self.scale.x(mark.ratio), middle);
            pick(&Shape::SOURCES, source).draw(canvas, at, pick(&SOURCE_INKS, source))?;
        }
        Ok(())
    }
}

fn legend(lanes: &[&str], sources: &[&str]) -> Legend {
    let mut legend = Legend::default();
    for (place, lane) in lanes.iter().enumerate() {
        let (shape, ink) = (pick(&Shape::LANES, place), pick(&LANE_INKS, place));
        let suffix = if lanes.len() > 1 { format!(", lane {lane}") } else { String::new() };
        legend.add(shape, ink, &format!("one block{suffix}"));
        legend.add(Shape::Interval, ink, &format!("95 % interval{suffix}"));
    }
    for (place, source) in sources.iter().enumerate() {
        legend.add(pick(&Shape::SOURCES, place), pick(&SOURCE_INKS, place), source);
    }
    legend
}

/// The item at `place`, or the last one.
fn pick<T: Copy>(items: &[T], place: usize) -> T {
    items[place.min(items.len() - 1)]
}

/// Spreads the dots of a row, the same way every time.
fn jitter(number: usize) -> i32 {
    [0, 6, -6, 3, -3][number % 5]
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = Vec::new();
    for name in names {
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    seen
}

fn tick(value: f64) -> String {
    // Powers of ten are computed, so 0.1 may come as 0.1000...1.
    format!("{}", (value * 1e6).round() / 1e6)
}

/// What stands at the end of a row.
fn number(variant: &VariantSummary, baseline: &str) -> String {
    match (&variant.ratio, variant.ratios.len(), variant.failures.is_empty()) {
        (Some(ratio), _, _) => words::ratio(ratio.mid),
        (None, _, _) if variant.name == baseline => "baseline".to_owned(),
        (None, 0, false) => "failed".to_owned(),
        (None, 0, true) => "no time".to_owned(),
        (None, n, _) => format!("n = {n}"),
    }
}

/// The finding: what is surely slower and what is surely faster than the baseline.
fn title(lesson: &Shelved, summary: &LessonSummary) -> String {
    let baseline = &lesson.info.baseline;
    // How long a demonstration takes to hang is no finding.
    let works = lesson.info.variants.iter().filter(|variant| variant.demonstrates.is_none());
    let judged = works.filter_map(|variant| {
        let ratio = lesson.variant(&variant.name)?.ratio?;
        (variant.name != *baseline).then_some((variant.name.as_str(), ratio))
    });
    let slowest = judged.clone().filter(|(_, ratio)| ratio.low > 1.0).max_by(|a, b| a.1.mid.total_cmp(&b.1.mid));
    let fastest = judged.clone().filter(|(_, ratio)| ratio.high < 1.0).min_by(|a, b| a.1.mid.total_cmp(&b.1.mid));
    let says = |(name, ratio): (&str, record::Interval)| format!("`{name}` takes {} the time", words::ratio(ratio.mid));
    match (slowest, fastest) {
        (Some(slow), Some(fast)) => {
            format!("{} of `{baseline}`, `{}` takes {}", says(slow), fast.0, words::ratio(fast.1.mid))
        }
        (Some(slow), None) => format!("{} of `{baseline}`, and nothing is measurably faster", says(slow)),
        (None, Some(fast)) => format!("{} of `{baseline}`, and nothing is measurably slower", says(fast)),
        (None, None) if judged.count() > 0 => format!("Nothing differs measurably from `{baseline}`"),
        (None, None) => format!("No variant has been compared with `{baseline}` in run {}", summary.run),
    }
}

fn caption(lesson: &Shelved, summary: &LessonSummary) -> String {
    let baseline = &lesson.info.baseline;
    let time = lesson.variant(baseline).and_then(|variant| variant.time_ns);
    let time = time.map(|time| format!(" ({})", words::time(time.mid))).unwrap_or_default();
    format!(
        "Time relative to `{baseline}`{time}, {} per variant, each of four fresh processes. The bars are 95 % intervals of the \
         geometric mean; where a bar crosses 1, nothing is proved.{}",
        words::plural(u64::from(summary.plan.blocks), "block"),
        baselines(summary).unwrap_or_default(),
    )
}

/// The heading of the baseline's time in a variant's own blocks.
const BESIDE: &str = "baseline beside it";

/// The baseline's mean time in the blocks of a variant, in nanoseconds: what its ratio is a ratio to.
fn beside(variant: &VariantSummary) -> Option<f64> {
    Some(variant.time_ns?.mid / variant.ratio?.mid)
}

/// How far the baseline's means lie apart between the blocks of different variants.
fn baselines(summary: &LessonSummary) -> Option<String> {
    let mut times: Vec<f64> = summary.variants.iter().filter_map(beside).collect();
    times.sort_by(f64::total_cmp);
    let (low, high) = (words::time(*times.first()?), words::time(*times.last()?));
    Some(format!(" Each ratio is to the baseline in the variant's own blocks, whose mean went from {low} to {high}."))
}

fn table(lesson: &Shelved, summary: &LessonSummary) -> Table {
    let columns = [
        "variant",
        "lane",
        "ratio",
        "95 % interval",
        "median, by ranks",
        "blocks",
        "time",
        "95 % interval",
        BESIDE,
        "others say",
    ];
    let rows = summary.variants.iter().map(|variant| {
        let others = lesson.info.marks.iter().filter(|mark| mark.variant == variant.name);
        let others: Vec<String> =
            others.map(|mark| format!("{} ({})", words::ratio(mark.ratio), mark.source)).collect();
        vec![
            Cell::Code(variant.name.clone()),
            rows::lane(summary, variant),
            Cell::Text(number(variant, &lesson.info.baseline)),
            Cell::or_none(variant.ratio.as_ref().map(words::ratio_interval)),
            Cell::or_none(variant.median_ratio.as_ref().map(words::ratio_interval)),
            Cell::or_none((!variant.ratios.is_empty()).then(|| variant.ratios.len().to_string())),
            Cell::or_none(variant.time_ns.map(|time| words::time(time.mid))),
            Cell::or_none(variant.time_ns.as_ref().map(words::time_interval)),
            Cell::or_none(beside(variant).map(words::time)),
            Cell::or_none((!others.is_empty()).then(|| others.join(", "))),
        ]
    });
    let column = |(place, title): (usize, &&str)| if place < 2 { Column::left(title) } else { Column::right(title) };
    Table { caption: None, columns: columns.iter().enumerate().map(column).collect(), rows: rows.collect() }
        .without_empty_columns()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn the_title_states_the_finding() {
        let figure = ratio(&samples::bound_method()).unwrap();
        assert_eq!(
            figure.title,
            "`pool_bound_method` takes 35x the time of `serial`, `pool_checksum_only` takes 0.60x"
        );
    }

    #[test]
    fn a_finding_needs_an_interval_that_excludes_one() {
        let mut lesson = samples::bound_method();
        for variant in &mut lesson.summary.as_mut().unwrap().variants {
            if let Some(ratio) = &mut variant.ratio {
                (ratio.low, ratio.high) = (0.5, 50.0);
            }
        }
        assert_eq!(ratio(&lesson).unwrap().title, "Nothing differs measurably from `serial`");
    }

    #[test]
    fn every_block_is_drawn_and_every_variant_has_its_number() {
        let svg = ratio(&samples::bound_method()).unwrap().svg;
        // Nine variants of ten blocks, and one dot in the legend.
        assert_eq!(svg.matches("<circle").count(), 91);
        for text in [">35x<", ">baseline<", ">pool_initializer_global_spawn<", ">the post<", ">one block<"] {
            assert!(svg.contains(text), "{text}");
        }
    }

    #[test]
    fn a_second_lane_has_its_own_shape_and_place() {
        let shelf = samples::shelf_with_two_lanes();
        let svg = ratio(shelf.lesson("bound_method").unwrap()).unwrap().svg;
        assert!(svg.contains(">one block, lane cpython-3.11<") && svg.contains("<rect"));
    }

    #[test]
    fn a_variant_that_failed_is_a_row_not_a_gap() {
        let mut lesson = samples::bound_method();
        let variant = &mut lesson.summary.as_mut().unwrap().variants[3];
        (variant.ratio, variant.time_ns, variant.ratios) = (None, None, Vec::new());
        variant.failures = vec![("killed at its deadline".to_owned(), 20)];
        assert!(ratio(&lesson).unwrap().svg.contains(">failed<"));
    }
}
