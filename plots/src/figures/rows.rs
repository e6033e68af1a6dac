//! What figures with a row per variant share: the column of names and the axis below.

use anyhow::Result;
use record::{LessonSummary, VariantSummary};

use crate::Cell;
use crate::draw::{Anchor, Canvas, Face, Ink, Scale};

/// The width of every drawing, in pixels: a little less than a page's text.
pub(super) const WIDTH: i32 = 720;
/// The room above the first row.
pub(super) const TOP: i32 = 6;
/// The room between the last row and what follows the axis.
pub(super) const AXIS: i32 = 52;
/// The room to the right of the axis, for a number.
pub(super) const NUMBERS: i32 = 84;

/// Where the legend begins, and how wide it may be.
pub(super) const LEGEND: (i32, i32) = (8, WIDTH - 16);

/// A character of a name takes 7.8 pixels at this size.
const NAME_SIZE: u32 = 13;
/// Longer names continue on a second line.
const NAME_CHARACTERS: usize = 30;

/// Where the axis begins, so that the longest of `names` fits to the left of it.
pub(super) fn axis_left<'a>(names: impl Iterator<Item = &'a str>) -> i32 {
    let longest = names.flat_map(lines).map(|line| line.chars().count()).max().unwrap_or(0);
    (longest as i32 * 8 + 18).max(80)
}

/// Writes a variant's name, right-aligned before the axis.
pub(super) fn name(canvas: &Canvas<'_>, right: i32, middle: i32, name: &str) -> Result<()> {
    let lines = lines(name);
    let first = middle - (lines.len() as i32 - 1) * 8;
    for (place, line) in (0..).zip(&lines) {
        canvas.text((right - 12, first + 16 * place), Anchor::End, line, (NAME_SIZE, Face::Code, Ink::Text))?;
    }
    Ok(())
}

/// The lane of a row in a table; nothing to tell if all rows have the same.
pub(super) fn lane(summary: &LessonSummary, variant: &VariantSummary) -> Cell {
    let several = summary.variants.iter().any(|other| other.lane != variant.lane);
    Cell::or_none(several.then(|| variant.lane.clone()))
}

/// Draws the guides of `scale` from `TOP` to `bottom`, and their labels and what they measure below.
pub(super) fn axis(
    canvas: &Canvas<'_>,
    scale: &Scale,
    bottom: i32,
    label: &str,
    format: impl Fn(f64) -> String,
) -> Result<()> {
    for tick in &scale.ticks {
        let x = scale.x(*tick);
        canvas.line((x, TOP), (x, bottom), Ink::Grid, 1)?;
        canvas.text((x, bottom + 13), Anchor::Middle, &format(*tick), (12, Face::Prose, Ink::Quiet))?;
    }
    let middle = (scale.x(f64::MIN_POSITIVE) + scale.x(f64::MAX)) / 2;
    canvas.text((middle, bottom + 34), Anchor::Middle, label, (13, Face::Prose, Ink::Quiet))
}

/// A name on one line, or on two if it is long, broken after the underscore that is nearest its middle.
fn lines(name: &str) -> Vec<&str> {
    if name.chars().count() <= NAME_CHARACTERS {
        return vec![name];
    }
    let breaks = name.match_indices('_').map(|(place, _)| place + 1);
    match breaks.min_by_key(|place| place.abs_diff(name.len() / 2)) {
        Some(place) => vec![&name[..place], &name[place..]],
        None => vec![name],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_continues_on_a_second_line() {
        assert_eq!(lines("pool_initializer_global_spawn"), ["pool_initializer_global_spawn"]);
        assert_eq!(lines("pool_encapsulated_initializer_spawn"), ["pool_encapsulated_", "initializer_spawn"]);
        assert_eq!(lines(&"x".repeat(40)).len(), 1);
    }

    #[test]
    fn the_axis_begins_after_the_longest_name() {
        assert!(axis_left(["serial", "pool_initializer_global_spawn"].into_iter()) > 29 * 78 / 10 + 12);
        assert_eq!(axis_left(std::iter::empty()), 80);
    }
}
