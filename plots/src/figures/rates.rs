//! `LESSON-rates`: how often the children of each variant hang.
//!
//! Above, the rate of a variant that was swept over delays, a point per delay; below, a row for every other variant. Bars are Wilson's
//! 95 % intervals over all subjects together that answered, those in which nothing hung among them.

use anyhow::{Result, ensure};
use record::{Interval, LessonSummary, VariantSummary};

use super::Figure;
use super::rows::{self, AXIS, NUMBERS, TOP, WIDTH};
use crate::draw::{Anchor, Canvas, Face, Ink, Scale, draw, finish, interval};
use crate::{Cell, Column, Shelved, Table, words};

/// Pixels for a row of the lower panel.
const ROW: i32 = 30;
/// The height of the upper panel between 0 and 100 %.
const PANEL: i32 = 190;
/// The room for its labels, on the left and below.
const LABELS: (i32, i32) = (86, 58);
/// Above it stands what it shows.
const HEADING: i32 = 40;

/// Draws how often the children of each variant hang.
///
/// # Errors
/// If the lesson was not measured, or no variant of it reports `hung` and `trials`.
pub fn rates(lesson: &Shelved) -> Result<Figure> {
    let summary = lesson.measured()?;
    let chart = Chart::new(summary);
    ensure!(!chart.rows.is_empty(), "no variant of '{}' reports what hung in how many trials", lesson.info.stem);
    let (title, caption) = (chart.title(), chart.caption());
    let svg = draw(WIDTH as u32, chart.height() as u32, |canvas| chart.draw(canvas))?;
    let svg = finish(&svg, &title, &caption)?;
    Ok(Figure { name: format!("{}-rates", lesson.info.stem), title, caption, svg, table: chart.table() })
}

/// What hung, of how many, in all subjects together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    hung: u64,
    trials: u64,
}

impl Count {
    /// In percent.
    fn rate(self) -> Option<Interval> {
        let rate = Interval::of_proportion(self.hung, self.trials)?;
        Some(Interval { low: rate.low * 100.0, mid: rate.mid * 100.0, high: rate.high * 100.0, n: rate.n })
    }

    fn percent(self) -> String {
        // Only what never or always happened is called 0 or 100 %.
        match (100.0 * self.hung as f64 / self.trials.max(1) as f64, self.hung) {
            (_, 0) => "0 %".to_owned(),
            (_, hung) if hung == self.trials => "100 %".to_owned(),
            (rate, _) if rate < 0.95 => format!("{rate:.1} %"),
            (rate, _) if rate > 99.0 => format!("{rate:.1} %"),
            (rate, _) => format!("{rate:.0} %"),
        }
    }
}

/// A variant that was swept: a count for each delay, in microseconds.
struct Sweep<'a> {
    name: &'a str,
    points: Vec<(u64, Count)>,
}

struct Chart<'a> {
    sweep: Option<Sweep<'a>>,
    /// Every variant that counts hangs and was not swept.
    rows: Vec<(&'a str, Count)>,
}

impl<'a> Chart<'a> {
    fn new(summary: &'a LessonSummary) -> Self {
        let sweep = summary.variants.iter().find_map(sweep);
        let swept = sweep.as_ref().map(|sweep| sweep.name);
        let others = summary.variants.iter().filter(|variant| Some(variant.name.as_str()) != swept);
        let rows = others.filter_map(|variant| Some((variant.name.as_str(), total(variant)?))).collect();
        Self { sweep, rows }
    }

    /// Where the lower panel begins.
    fn below(&self) -> i32 {
        if self.sweep.is_some() { HEADING + PANEL + LABELS.1 } else { 0 }
    }

    fn height(&self) -> i32 {
        self.below() + TOP + ROW * self.rows.len() as i32 + AXIS
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Result<()> {
        if let Some(sweep) = &self.sweep {
            sweep.draw(canvas)?;
        }
        let left = rows::axis_left(self.rows.iter().map(|(name, _)| *name));
        let scale = Scale::linear(100.0, left, WIDTH - NUMBERS - 30);
        let (top, bottom) = (self.below() + TOP, self.below() + TOP + ROW * self.rows.len() as i32);
        for tick in &scale.ticks {
            let x = scale.x(*tick);
            canvas.line((x, top), (x, bottom), Ink::Grid, 1)?;
            canvas.text((x, bottom + 13), Anchor::Middle, &format!("{tick} %"), (12, Face::Prose, Ink::Quiet))?;
        }
        canvas.line((left, top), (left, bottom), Ink::Text, 1)?;
        let middle = (left + scale.x(100.0)) / 2;
        canvas.text((middle, bottom + 34), Anchor::Middle, "children that hung", (13, Face::Prose, Ink::Quiet))?;
        for (place, (name, count)) in (0..).zip(&self.rows) {
            let y = top + place * ROW + ROW / 2;
            rows::name(canvas, left, y, name)?;
            if let Some(rate) = count.rate() {
                let ends = (scale.x(rate.low), scale.x(rate.mid), scale.x(rate.high));
                interval(canvas, ends, y, if count.hung > 0 { Ink::Vermillion } else { Ink::Green })?;
            }
            let text = format!("{} of {}", words::count(count.hung), words::count(count.trials));
            canvas.text((WIDTH - NUMBERS - 16, y), Anchor::Start, &text, (13, Face::Strong, Ink::Text))?;
        }
        Ok(())
    }

    /// The finding: what the delay does, what always hangs and what never does.
    fn title(&self) -> String {
        let always = self.rows.iter().filter(|(_, count)| count.hung > 0 && count.hung == count.trials).count();
        let never = self.rows.iter().filter(|(_, count)| count.hung == 0).count();
        let rest = format!("{} every child, {} none", hang(always, "variant"), hang(never, "other"));
        let ends = self.sweep.as_ref().and_then(|sweep| Some((sweep, sweep.points.first()?, sweep.worst()?)));
        let Some((sweep, first, worst)) = ends else { return rest };
        if worst.1.hung == 0 {
            return format!("No child of `{}` hung at any delay; {rest}", sweep.name);
        }
        let says = |(delay, count): &(u64, Count)| format!("{} {}", count.percent(), after(*delay));
        if first.0 == worst.0 {
            return format!("`{}` hangs {}, and no more later; {rest}", sweep.name, says(first));
        }
        format!("`{}` hangs {}, {}; {rest}", sweep.name, says(first), says(worst))
    }

    fn caption(&self) -> String {
        let above = self.sweep.as_ref().map_or(String::new(), |sweep| {
            format!(
                "Above: children of `{}` that hung, by how long after the start of its printing thread it forked; the delays stand at \
                 equal distances. Below: every other variant. ",
                sweep.name
            )
        });
        format!(
            "{above}All subjects together, those in which nothing hung among them. Bars are 95 % intervals of a proportion (Wilson's): none \
             hung in so many trials does not mean that none ever will, and the bar says how often it still might."
        )
    }

    fn table(&self) -> Table {
        let columns = ["variant", "delay before the fork", "hung", "trials", "rate", "95 % interval"];
        let row = |name: &str, delay: Option<u64>, count: &Count| {
            let interval = count.rate().map(|rate| format!("{:.1} to {:.1} %", rate.low, rate.high));
            vec![
                Cell::Code(name.to_owned()),
                Cell::or_none(delay.map(time)),
                Cell::Text(words::count(count.hung)),
                Cell::Text(words::count(count.trials)),
                Cell::Text(count.percent()),
                Cell::or_none(interval),
            ]
        };
        let swept = self
            .sweep
            .iter()
            .flat_map(|sweep| sweep.points.iter().map(|(delay, count)| row(sweep.name, Some(*delay), count)));
        let rows = swept.chain(self.rows.iter().map(|(name, count)| row(name, None, count))).collect();
        let column =
            |(place, title): (usize, &&str)| if place == 0 { Column::left(title) } else { Column::right(title) };
        Table { caption: None, columns: columns.iter().enumerate().map(column).collect(), rows }.without_empty_columns()
    }
}

impl Sweep<'_> {
    /// The delay at which most hung; of equals the shortest.
    fn worst(&self) -> Option<&(u64, Count)> {
        self.points.iter().rev().max_by_key(|(_, count)| count.hung)
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Result<()> {
        let (left, right, bottom) = (LABELS.0, WIDTH - 20, HEADING + PANEL);
        let scale = Scale::linear(100.0, 0, PANEL);
        let y = |percent: f64| bottom - scale.x(percent);
        canvas.text((8, 14), Anchor::Start, self.name, (13, Face::Code, Ink::Text))?;
        for tick in &scale.ticks {
            canvas.line((left, y(*tick)), (right, y(*tick)), Ink::Grid, 1)?;
            canvas.text((left - 8, y(*tick)), Anchor::End, &format!("{tick} %"), (12, Face::Prose, Ink::Quiet))?;
        }
        let step = (right - left) / self.points.len().max(1) as i32;
        let x = |place: usize| left + step * place as i32 + step / 2;
        let line: Vec<(i32, i32)> = self
            .points
            .iter()
            .enumerate()
            .filter_map(|(place, (_, count))| Some((x(place), y(count.rate()?.mid))))
            .collect();
        canvas.path(&line, Ink::Blue, 1)?;
        for (place, (delay, count)) in self.points.iter().enumerate() {
            let x = x(place);
            canvas.text((x, bottom + 15), Anchor::Middle, &time(*delay), (12, Face::Prose, Ink::Quiet))?;
            let Some(rate) = count.rate() else { continue };
            let (low, mid, high) = (y(rate.low), y(rate.mid), y(rate.high));
            canvas.bar((x - 4, high.min(low - 2)), (x + 4, low), Ink::Blue, 1.0)?;
            canvas.line((x - 8, mid), (x + 8, mid), Ink::Text, 2)?;
            canvas.text(
                (x, high.min(low - 2) - 10),
                Anchor::Middle,
                &count.percent(),
                (13, Face::Strong, Ink::Text),
            )?;
        }
        canvas.line((left, bottom), (right, bottom), Ink::Text, 1)?;
        let label = "from the start of the printing thread to the fork";
        canvas.text(((left + right) / 2, bottom + 36), Anchor::Middle, label, (13, Face::Prose, Ink::Quiet))
    }
}

/// The sum over the subjects of a variant that counts hangs.
fn total(variant: &VariantSummary) -> Option<Count> {
    let sum = |name: &str| Some(variant.facts.get(name)?.iter().sum());
    Some(Count { hung: sum("hung")?, trials: sum("trials")? })
}

/// The same for each delay of a variant that was swept.
fn sweep(variant: &VariantSummary) -> Option<Sweep<'_>> {
    let [delays, hung, trials] = ["delays_us", "hung", "trials"].map(|name| variant.series.get(name));
    let delays = delays?.first()?;
    let count = |place: usize| {
        let sum = |series: &Vec<Vec<u64>>| series.iter().filter_map(|values| values.get(place)).sum();
        Some(Count { hung: sum(hung?), trials: sum(trials?) })
    };
    let points = delays.iter().enumerate().map(|(place, delay)| Some((*delay, count(place)?)));
    Some(Sweep { name: &variant.name, points: points.collect::<Option<_>>()? })
}

/// A delay that was set, not measured: no digits but its own.
fn time(delay_us: u64) -> String {
    if delay_us > 0 && delay_us.is_multiple_of(1_000) {
        format!("{} ms", delay_us / 1_000)
    } else {
        format!("{delay_us} µs")
    }
}

fn after(delay_us: u64) -> String {
    if delay_us == 0 {
        "of its children if it forks at once".to_owned()
    } else {
        format!("if it forks {} later", time(delay_us))
    }
}

fn hang(count: usize, noun: &str) -> String {
    format!("{} {}", words::plural(count as u64, noun), if count == 1 { "hangs" } else { "hang" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn the_title_states_both_ends_of_the_sweep_and_what_always_and_never_hangs() {
        assert_eq!(
            rates(&samples::lesson_for("rates")).unwrap().title,
            "`posted_program` hangs 0 % of its children if it forks at once, 70 % if it forks 2 ms later; 1 variant hangs every \
             child, 3 others hang none"
        );
    }

    #[test]
    fn subjects_are_added_up() {
        let lesson = samples::lesson_for("rates");
        let chart = Chart::new(lesson.summary.as_ref().unwrap());
        assert_eq!(chart.sweep.unwrap().points[1], (50, Count { hung: 6, trials: 40 }));
        assert_eq!(chart.rows[1], ("mutex_held", Count { hung: 40, trials: 40 }));
    }

    #[test]
    fn almost_never_is_not_called_never() {
        assert_eq!(Count { hung: 1, trials: 1_200 }.percent(), "0.1 %");
        assert_eq!(Count { hung: 1_199, trials: 1_200 }.percent(), "99.9 %");
        assert_eq!(Count { hung: 0, trials: 1_200 }.percent(), "0 %");
    }

    #[test]
    fn a_lesson_in_which_nothing_can_hang_has_no_such_figure() {
        let message = rates(&samples::bound_method()).unwrap_err().to_string();
        assert!(message.contains("no variant of 'bound_method' reports what hung"), "{message}");
    }
}
