//! `trust`: what runs made of ratios that are known beforehand: how often the harness is wrong, and by how much.
//!
//! A row per run and known ratio, on one axis of per cent off the truth, so that all truths are the one line at 0. The newest runs are
//! drawn, all of them are counted and stand in the table.

use anyhow::{Result, ensure};
use record::{Interval, KnownRatio, Tried};

use super::Figure;
use super::rows::{AXIS, LEGEND, NUMBERS, TOP, WIDTH};
use crate::draw::{Anchor, Canvas, Face, Ink, Legend, Shape, draw, finish, interval};
use crate::{Cell, Column, Table};

/// Pixels for a row, and for the heading of a ratio.
const ROW: i32 = 24;
const HEADING: i32 = 30;
/// Where the axis begins, right of the names of the runs, and where it ends.
const LEFT: i32 = 216;
const RIGHT: i32 = WIDTH - NUMBERS;
/// How many runs of each ratio are drawn.
const SHOWN: usize = 10;
/// The axis never shows less than so many per cent on either side: small errors have to look small.
const LEAST: f64 = 2.0;

/// Draws every run's interval beside the truth.
///
/// # Errors
/// If no run measured a known ratio.
pub fn trust(known: &[KnownRatio]) -> Result<Figure> {
    let tried: Vec<&KnownRatio> = known.iter().filter(|ratio| !ratio.runs.is_empty()).collect();
    ensure!(!tried.is_empty(), "no run has measured a known ratio yet");
    let chart = Chart::new(tried);
    let (title, caption) = (chart.title(), chart.caption());
    let svg = draw(WIDTH as u32, chart.height() as u32, |canvas| chart.draw(canvas))?;
    let svg = finish(&svg, &title, &caption)?;
    Ok(Figure { name: "trust".to_owned(), title, caption, svg, table: chart.table() })
}

struct Chart<'a> {
    known: Vec<&'a KnownRatio>,
    /// The end of the axis on either side, in per cent.
    reach: f64,
    legend: Legend,
}

impl<'a> Chart<'a> {
    fn new(known: Vec<&'a KnownRatio>) -> Self {
        let ends = known.iter().flat_map(|ratio| shown(ratio).map(|tried| off(&tried.interval, ratio.truth)));
        let reach = ends.flat_map(|ends| [ends[0].abs(), ends[2].abs()]).fold(LEAST, f64::max);
        let mut legend = Legend::default();
        legend.add(Shape::Interval, Ink::Blue, "95 % interval that holds the truth");
        if known.iter().any(|ratio| shown(ratio).any(|tried| !tried.hit)) {
            legend.add(Shape::Interval, Ink::Vermillion, "one that misses it");
            legend.add(Shape::Cross, Ink::Vermillion, "a miss");
        }
        Self { known, reach: reach * 1.05, legend }
    }

    fn bottom(&self) -> i32 {
        self.known.iter().map(|ratio| HEADING + ROW * shown(ratio).count() as i32).sum::<i32>() + TOP
    }

    fn height(&self) -> i32 {
        self.bottom() + AXIS + self.legend.height(LEGEND.1) + 6
    }

    /// The pixel of so many per cent off the truth.
    fn x(&self, percent: f64) -> i32 {
        let share = (percent / self.reach + 1.0) / 2.0;
        LEFT + (share.clamp(0.0, 1.0) * f64::from(RIGHT - LEFT)).round() as i32
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Result<()> {
        let bottom = self.bottom();
        for tick in ticks(self.reach) {
            let x = self.x(tick);
            canvas.line((x, TOP), (x, bottom), Ink::Grid, 1)?;
            canvas.text((x, bottom + 13), Anchor::Middle, &signed(tick), (12, Face::Prose, Ink::Quiet))?;
        }
        let label = ((LEFT + RIGHT) / 2, bottom + 34);
        canvas.text(label, Anchor::Middle, "off the true ratio", (13, Face::Prose, Ink::Quiet))?;
        canvas.line((self.x(0.0), TOP), (self.x(0.0), bottom + 5), Ink::Text, 2)?;
        let mut top = TOP;
        for ratio in &self.known {
            let heading = format!("{:.2}, {}", ratio.truth, ratio.variant);
            canvas.text((8, top + HEADING / 2), Anchor::Start, &heading, (13, Face::Strong, Ink::Text))?;
            top += HEADING;
            for tried in shown(ratio) {
                self.row(canvas, tried, ratio.truth, top + ROW / 2)?;
                top += ROW;
            }
        }
        self.legend.draw(canvas, (LEGEND.0, bottom + AXIS), LEGEND.1)
    }

    fn row(&self, canvas: &Canvas<'_>, tried: &Tried, truth: f64, middle: i32) -> Result<()> {
        canvas.text((LEFT - 10, middle), Anchor::End, shortened(&tried.run), (12, Face::Code, Ink::Text))?;
        let [low, mid, high] = off(&tried.interval, truth).map(|percent| self.x(percent));
        let ink = if tried.hit { Ink::Blue } else { Ink::Vermillion };
        interval(canvas, (low, mid, high), middle, ink)?;
        let end = WIDTH - NUMBERS + 14;
        if tried.hit {
            return canvas.text((end, middle), Anchor::Start, &number(&tried.interval), (12, Face::Prose, Ink::Text));
        }
        Shape::Cross.draw(canvas, (end + 4, middle), Ink::Vermillion)?;
        canvas.text((end + 14, middle), Anchor::Start, "miss", (13, Face::Strong, Ink::Text))
    }

    fn counts(&self) -> (usize, usize) {
        self.known.iter().fold((0, 0), |(hits, all), ratio| (hits + ratio.hits(), all + ratio.runs.len()))
    }

    /// The finding: how many intervals hold the truth.
    fn title(&self) -> String {
        let (hits, all) = self.counts();
        match all {
            1 => format!("The one interval there is {} its true ratio", if hits == 1 { "holds" } else { "misses" }),
            _ => format!("{hits} of {all} intervals hold the true ratio"),
        }
    }

    fn caption(&self) -> String {
        let (hits, all) = self.counts();
        let share = Interval::of_proportion(hits as u64, all as u64).map_or(String::new(), |share| {
            format!(
                " So many hits in so many tries fit a true share from {:.0} to {:.0} %.",
                share.low * 100.0,
                share.high * 100.0
            )
        });
        let hidden = if self.known.iter().any(|ratio| ratio.runs.len() > SHOWN) {
            format!(" Of each ratio the newest {SHOWN} runs are drawn; the table has all.")
        } else {
            String::new()
        };
        format!(
            "Each bar is the 95 % interval of one run for a ratio that is known by construction, in per cent off that ratio. Of a hundred \
             such intervals ninety-five should hold it: some misses are expected, and none at all in many runs would mean that intervals \
             are wider than they have to be.{share}{hidden}"
        )
    }

    fn table(&self) -> Table {
        let columns = ["measured", "95 % interval", "blocks", "holds it", "its tens that do"].map(Column::right);
        let columns = [Column::left("run"), Column::left("variant"), Column::right("truth")].into_iter().chain(columns);
        let row = |ratio: &KnownRatio, tried: &Tried| {
            let held = tried.tens.iter().filter(|interval| interval.holds(ratio.truth)).count();
            vec![
                Cell::Text(tried.run.clone()),
                Cell::Code(ratio.variant.clone()),
                Cell::Text(format!("{:.2}", ratio.truth)),
                Cell::Text(number(&tried.interval)),
                Cell::Text(format!("{:.3} to {:.3}", tried.interval.low, tried.interval.high)),
                Cell::Text(tried.interval.n.to_string()),
                Cell::Text(if tried.hit { "yes" } else { "miss" }.to_owned()),
                Cell::or_none((!tried.tens.is_empty()).then(|| format!("{held} of {}", tried.tens.len()))),
            ]
        };
        let rows = self.known.iter().flat_map(|ratio| ratio.runs.iter().rev().map(move |tried| row(ratio, tried)));
        Table { caption: None, columns: columns.collect(), rows: rows.collect() }.without_empty_columns()
    }
}

/// The newest runs of a ratio, the newest first.
fn shown(ratio: &KnownRatio) -> impl Iterator<Item = &Tried> {
    ratio.runs.iter().rev().take(SHOWN)
}

/// The ends and the middle of an interval, in per cent off the truth.
fn off(interval: &Interval, truth: f64) -> [f64; 3] {
    [interval.low, interval.mid, interval.high].map(|ratio| (ratio / truth - 1.0) * 100.0)
}

/// A run's name without its seed, which the table has: date and profile tell runs apart for the eye.
fn shortened(run: &str) -> &str {
    run.rsplit_once('-').map_or(run, |(name, _)| name)
}

fn number(interval: &Interval) -> String {
    format!("{:.3}x", interval.mid)
}

/// Round values on both sides of 0, few enough to be told apart.
fn ticks(reach: f64) -> Vec<f64> {
    let steps = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];
    let step = steps.into_iter().find(|step| reach / step <= 4.0).unwrap_or(reach / 2.0);
    let most = (reach / step).floor() as i32;
    (-most..=most).map(|place| f64::from(place) * step).collect()
}

fn signed(percent: f64) -> String {
    if percent == 0.0 { "0 %".to_owned() } else { format!("{percent:+} %") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn the_title_counts_hits_and_the_table_has_every_run() {
        let figure = trust(&samples::trust()).unwrap();
        assert_eq!(figure.title, "35 of 36 intervals hold the true ratio");
        assert_eq!(figure.table.rows.len(), 36);
        assert!(figure.caption.contains("newest 10 runs"), "{}", figure.caption);
        assert_eq!(figure.svg.matches(">miss<").count(), 1, "by word");
        assert_eq!(figure, trust(&samples::trust()).unwrap());
    }

    #[test]
    fn nothing_tried_has_no_figure() {
        assert!(trust(&[]).unwrap_err().to_string().contains("no run has measured"));
        let untried = KnownRatio { variant: "same".to_owned(), truth: 1.0, runs: Vec::new() };
        assert!(trust(&[untried]).is_err());
    }

    #[test]
    fn ticks_are_round_and_lie_on_both_sides() {
        assert_eq!(ticks(2.1), [-2.0, -1.0, 0.0, 1.0, 2.0]);
        assert_eq!(ticks(12.0), [-10.0, -5.0, 0.0, 5.0, 10.0]);
        assert_eq!([-1.5, 0.0, 2.0].map(signed), ["-1.5 %", "0 %", "+2 %"]);
    }

    /// Set BLESS=1 to accept a drawing that changed on purpose, and look at it before committing.
    #[test]
    fn the_drawing_is_the_one_that_was_looked_at() {
        let (path, svg) =
            (concat!(env!("CARGO_MANIFEST_DIR"), "/golden/harness/trust.svg"), trust(&samples::trust()).unwrap().svg);
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(path, &svg).unwrap();
        }
        assert!(
            svg == std::fs::read_to_string(path).unwrap(),
            "{path} differs; look at it, then accept it with BLESS=1"
        );
        assert!(!svg.contains(" id=") && svg.lines().all(|line| !line.trim().is_empty()));
    }
}
