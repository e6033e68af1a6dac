//! `LESSON-states`: in which states the workers are while the run goes on.
//!
//! One panel for the baseline and one for the variant that a post prints a ratio for, or else the slowest, each with a time axis of
//! its own: the share of the workers that run, sleep, or wait for a disk, stacked, in the run whose time is the median one.

use anyhow::{Context, Result};
use record::{LessonSummary, VariantSummary};

use super::Figure;
use super::rows::{LEGEND, WIDTH};
use crate::draw::{Anchor, Canvas, Face, Ink, Legend, Scale, Shape, draw, finish};
use crate::{Cell, Column, Shelved, Table, words};

/// The states in the order in which they are stacked, from below: series, letter, what it means, ink.
const STATES: [(&str, &str, &str, Ink); 3] = [
    ("states_running", "R", "running or ready to run", Ink::Blue),
    ("states_sleeping", "S", "sleeping", Ink::Orange),
    ("states_disk", "D", "waiting for a disk", Ink::Vermillion),
];

const LEFT: i32 = 64;
const RIGHT: i32 = WIDTH - 24;
/// Pixels of a panel: its heading, its drawing, its axis.
const HEADING: i32 = 26;
const HIGH: i32 = 130;
const BELOW: i32 = 52;
const PANEL: i32 = HEADING + HIGH + BELOW;

/// Draws the states of the workers over time.
///
/// # Errors
/// If the lesson was not measured, or its variants did not sample any states.
pub fn states(lesson: &Shelved) -> Result<Figure> {
    let summary = lesson.measured()?;
    let panels = panels(lesson, summary)
        .with_context(|| format!("the run of {} holds no states of workers", lesson.info.stem))?;
    let title = title(&panels);
    let caption = caption(&panels);
    let mut legend = Legend::default();
    for (_, letter, meaning, ink) in STATES {
        legend.add(Shape::Share, ink, &format!("{letter}, {meaning}"));
    }
    let bottom = PANEL * panels.len() as i32;
    let height = bottom + legend.height(LEGEND.1) + 6;
    let svg = draw(WIDTH as u32, height as u32, |canvas| {
        for (place, panel) in (0..).zip(&panels) {
            panel.draw(canvas, place * PANEL)?;
        }
        legend.draw(canvas, (LEGEND.0, bottom), LEGEND.1)
    })?;
    let svg = finish(&svg, &title, &caption)?;
    Ok(Figure { name: format!("{}-states", lesson.info.stem), title, caption, svg, table: table(&panels) })
}

struct Panel<'a> {
    name: &'a str,
    period_ns: u64,
    /// The three series, equally long.
    series: [&'a [u64]; 3],
}

/// The baseline and, of the others that have states, the one that is marked, or else the slowest.
fn panels<'a>(lesson: &Shelved, summary: &'a LessonSummary) -> Option<Vec<Panel<'a>>> {
    let baseline = summary.variants.first()?;
    let others = || summary.variants.iter().filter(|variant| variant.ratio.is_some() && Panel::of(variant).is_some());
    let marked = |variant: &&VariantSummary| lesson.info.marks.iter().any(|mark| mark.variant == variant.name);
    let mid = |variant: &&VariantSummary| variant.ratio.map_or(0.0, |ratio| ratio.mid);
    let slowest = || others().max_by(|one, other| mid(one).total_cmp(&mid(other)));
    Some(vec![Panel::of(baseline)?, Panel::of(others().find(marked).or_else(slowest)?)?])
}

impl<'a> Panel<'a> {
    fn of(variant: &'a VariantSummary) -> Option<Self> {
        let typical = variant.typical.as_ref()?;
        let series = |place: usize| typical.series.get(STATES[place].0).map(Vec::as_slice);
        let series = [series(0)?, series(1)?, series(2)?];
        let period_ns = *typical.facts.get("states_period_ns")?;
        let alike = series.iter().all(|other| other.len() == series[0].len());
        (alike && period_ns > 0 && !series[0].is_empty()).then_some(Self { name: &variant.name, period_ns, series })
    }

    fn samples(&self) -> usize {
        self.series[0].len()
    }

    /// The share of the first `states` states in one column. When a run turns out to be long, the looks that were taken so far are
    /// added up in pairs, and the period doubles: earlier columns are sums of more looks, of the same length of time.
    fn stacked(&self, sample: usize, states: usize) -> f64 {
        let sum = |series: &[&[u64]]| series.iter().map(|series| series[sample]).sum::<u64>();
        sum(&self.series[..states]) as f64 / sum(&self.series).max(1) as f64
    }

    /// The share of one state in the whole run: the mean over the columns, which are equally long.
    fn share(&self, state: usize) -> f64 {
        let own = |sample| self.stacked(sample, state + 1) - self.stacked(sample, state);
        (0..self.samples()).map(own).sum::<f64>() / self.samples() as f64
    }

    fn draw(&self, canvas: &Canvas<'_>, top: i32) -> Result<()> {
        let (top, bottom) = (top + HEADING, top + HEADING + HIGH);
        canvas.text((LEFT, top - 14), Anchor::Start, self.name, (13, Face::Code, Ink::Text))?;
        let seconds = self.samples() as f64 * self.period_ns as f64 / 1e9;
        let (unit, label) = if seconds >= 1.0 { (1e9, "seconds") } else { (1e6, "milliseconds") };
        let period = self.period_ns as f64 / unit;
        let scale = Scale::linear(self.samples() as f64 * period, LEFT, RIGHT);
        for state in (0..STATES.len()).rev() {
            let y = |sample: usize| bottom - (self.stacked(sample, state + 1) * f64::from(HIGH)).round() as i32;
            let mut outline = vec![(LEFT, bottom)];
            for sample in 0..self.samples() {
                let [from, to] = [sample, sample + 1].map(|place| scale.x(place as f64 * period));
                outline.extend([(from, y(sample)), (to, y(sample))]);
            }
            outline.push((outline[outline.len() - 1].0, bottom));
            canvas.polygon(&outline, STATES[state].3, 1.0)?;
        }
        for (share, percent) in [(0, "0 %"), (1, "50 %"), (2, "100 %")] {
            let y = bottom - HIGH * share / 2;
            canvas.line((LEFT - 4, y), (LEFT, y), Ink::Text, 1)?;
            canvas.text((LEFT - 8, y), Anchor::End, percent, (12, Face::Prose, Ink::Quiet))?;
        }
        canvas.line((LEFT, top), (LEFT, bottom), Ink::Text, 1)?;
        canvas.line((LEFT, bottom), (RIGHT, bottom), Ink::Text, 1)?;
        for tick in &scale.ticks {
            let x = scale.x(*tick);
            canvas.line((x, bottom), (x, bottom + 4), Ink::Text, 1)?;
            let label = format!("{}", (tick * 1e6).round() / 1e6);
            canvas.text((x, bottom + 13), Anchor::Middle, &label, (12, Face::Prose, Ink::Quiet))?;
        }
        canvas.text(((LEFT + RIGHT) / 2, bottom + 32), Anchor::Middle, label, (13, Face::Prose, Ink::Quiet))
    }
}

/// The finding: which state is the most common one in each panel.
fn title(panels: &[Panel<'_>]) -> String {
    let words = ["run or are ready to", "sleep", "wait for a disk"];
    let said = panels.iter().map(|panel| {
        let shares = [0, 1, 2].map(|state| panel.share(state));
        let most = (0..3).rev().max_by(|one, other| shares[*one].total_cmp(&shares[*other])).unwrap_or(0);
        format!("in `{}` they {} in {:.0} %", panel.name, words[most], shares[most] * 100.0)
    });
    format!("Of the workers' time, {}", said.collect::<Vec<_>>().join(", "))
}

fn caption(panels: &[Panel<'_>]) -> String {
    let period = |panel: &Panel<'_>| format!("`{}` every {}", panel.name, words::time(panel.period_ns as f64));
    let periods: Vec<String> = panels.iter().map(period).collect();
    format!(
        "The state of every worker, from `/proc`, in the median run of each variant; one column for {}. Each panel has a \
         time axis of its own. A worker counts as running if any of its threads does.",
        periods.join(", ")
    )
}

fn table(panels: &[Panel<'_>]) -> Table {
    let mut columns = vec![Column::left("variant"), Column::right("looks"), Column::right("period")];
    columns.extend(STATES.iter().map(|(_, letter, ..)| Column::right(letter)));
    let row = |panel: &Panel<'_>| {
        let mut cells = vec![
            Cell::Code(panel.name.to_owned()),
            Cell::or_none(Some(words::count(panel.samples() as u64))),
            Cell::or_none(Some(words::time(panel.period_ns as f64))),
        ];
        cells.extend((0..3).map(|state| Cell::or_none(Some(format!("{:.1} %", panel.share(state) * 100.0)))));
        cells
    };
    Table { caption: None, columns, rows: panels.iter().map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn the_title_says_what_workers_mostly_do() {
        let title = states(&samples::lesson_for("states")).unwrap().title;
        assert!(title.contains("in `small_each` they run or are ready to in"), "{title}");
        assert!(title.contains("in `big_each` they sleep in"), "{title}");
    }

    #[test]
    fn the_second_panel_is_the_variant_that_is_marked_or_the_slowest() {
        let mut lesson = samples::lesson_for("states");
        let variants = &mut lesson.summary.as_mut().unwrap().variants;
        let slower = variants.iter_mut().find(|variant| variant.name == "file_each").unwrap();
        slower.ratio.as_mut().unwrap().mid = 99.0;
        assert!(states(&lesson).unwrap().title.contains("in `big_each` they"));
        lesson.info.marks.clear();
        assert!(states(&lesson).unwrap().title.contains("in `file_each` they"));
    }

    #[test]
    fn a_lesson_without_states_is_refused() {
        let refused = states(&samples::bound_method()).unwrap_err().to_string();
        assert_eq!(refused, "the run of bound_method holds no states of workers");
    }

    #[test]
    fn the_table_has_the_share_of_each_state() {
        let table = states(&samples::lesson_for("states")).unwrap().table;
        assert_eq!((table.rows.len(), table.columns.len()), (2, 6));
    }
}
