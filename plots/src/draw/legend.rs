//! What the marks mean, in as many lines as it takes.

use anyhow::Result;

use super::canvas::Face;
use super::{Anchor, Canvas, Ink, Shape};

/// The key to a figure.
#[derive(Clone, Debug, Default)]
pub(crate) struct Legend {
    entries: Vec<(Shape, Ink, String)>,
}

/// Pixels between lines.
const LINE: i32 = 24;
/// Pixels for a mark and the gap after it.
const MARK: i32 = 34;
/// Pixels for a character of 13 pixels: wider than any common sans-serif face sets it on average.
const CHARACTER: i32 = 8;

impl Legend {
    /// Adds an entry, unless it is there already.
    pub(crate) fn add(&mut self, shape: Shape, ink: Ink, label: &str) {
        let entry = (shape, ink, label.to_owned());
        if !self.entries.contains(&entry) {
            self.entries.push(entry);
        }
    }

    /// How high it is when set `width` pixels wide.
    pub(crate) fn height(&self, width: i32) -> i32 {
        self.places(width).last().map_or(0, |(_, y)| y + LINE)
    }

    /// Draws it with its upper left corner at the given point.
    pub(crate) fn draw(&self, canvas: &Canvas<'_>, (left, top): (i32, i32), width: i32) -> Result<()> {
        for ((shape, ink, label), (x, y)) in self.entries.iter().zip(self.places(width)) {
            let (x, y) = (left + x, top + y + LINE / 2);
            shape.draw(canvas, (x + 12, y), *ink)?;
            canvas.text((x + MARK - 6, y), Anchor::Start, label, (13, Face::Prose, Ink::Text))?;
        }
        Ok(())
    }

    /// Where each entry begins, relative to the corner: left to right, then the next line.
    fn places(&self, width: i32) -> Vec<(i32, i32)> {
        let (mut x, mut y) = (0, 0);
        let mut places = Vec::with_capacity(self.entries.len());
        for (_, _, label) in &self.entries {
            let wide = MARK + label.chars().count() as i32 * CHARACTER + 10;
            if x > 0 && x + wide > width {
                (x, y) = (0, y + LINE);
            }
            places.push((x, y));
            x += wide;
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_that_does_not_fit_begins_the_next_line() {
        let mut legend = Legend::default();
        assert_eq!(legend.height(300), 0);
        for label in ["one block", "95 % interval", "the post", "one block"] {
            legend.add(Shape::Dot, Ink::Blue, label);
        }
        assert_eq!(legend.places(300), [(0, 0), (116, 0), (0, LINE)]);
        assert_eq!(legend.height(300), 2 * LINE);
    }
}
