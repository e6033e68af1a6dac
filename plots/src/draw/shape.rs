//! The marks that data are drawn with. Each source has a shape of its own, so that colour is never the only difference.

use anyhow::Result;

use super::canvas::Point;
use super::{Canvas, Ink};

/// A mark at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A filled circle: a block of the first lane.
    Dot,
    /// A filled square: a block of the second lane.
    Square,
    /// A filled triangle: a block of the third lane.
    Triangle,
    /// A hollow diamond: the first foreign source.
    Diamond,
    /// A cross: the second foreign source.
    Cross,
    /// A hollow triangle: the third foreign source.
    Peak,
    /// A hollow square: a point of the first lane that is unlike its neighbours.
    Frame,
    /// A thin line: an ideal or a bound.
    Line,
    /// A dashed upright stroke: what the machine allows at best.
    Limit,
    /// A bar with its centre marked.
    Interval,
    /// A filled rectangle: a share of a bar.
    Share,
    /// The same, hatched.
    HatchedShare,
}

impl Shape {
    /// The shapes of lanes, in order; a fourth lane shares the last one.
    pub(crate) const LANES: [Self; 3] = [Self::Dot, Self::Square, Self::Triangle];

    /// The shapes of foreign sources, in order; a fourth source shares the last one.
    pub(crate) const SOURCES: [Self; 3] = [Self::Diamond, Self::Cross, Self::Peak];

    /// Draws the mark around `centre`.
    pub(crate) fn draw(self, canvas: &Canvas<'_>, (x, y): Point, ink: Ink) -> Result<()> {
        match self {
            Self::Dot => canvas.dot((x, y), 3, ink, 0.6),
            Self::Square => canvas.bar((x - 3, y - 3), (x + 3, y + 3), ink, 0.6),
            Self::Triangle => canvas.polygon(&[(x - 4, y + 3), (x + 4, y + 3), (x, y - 4)], ink, 0.6),
            Self::Diamond => canvas.path(&[(x - 7, y), (x, y - 7), (x + 7, y), (x, y + 7), (x - 7, y)], ink, 2),
            Self::Cross => {
                canvas.line((x - 5, y - 5), (x + 5, y + 5), ink, 2)?;
                canvas.line((x - 5, y + 5), (x + 5, y - 5), ink, 2)
            }
            Self::Peak => canvas.path(&[(x - 6, y + 5), (x, y - 6), (x + 6, y + 5), (x - 6, y + 5)], ink, 2),
            Self::Frame => {
                let [left, top, right, bottom] = [x - 5, y - 5, x + 5, y + 5];
                canvas.path(&[(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], ink, 2)
            }
            Self::Line => canvas.line((x - 10, y), (x + 10, y), ink, 1),
            Self::Limit => canvas.line((x, y - 13), (x, y + 13), ink, 2),
            Self::Interval => interval(canvas, (x - 10, x, x + 10), y, ink),
            Self::Share => canvas.bar((x - 10, y - 6), (x + 10, y + 6), ink, 1.0),
            Self::HatchedShare => share(canvas, (x - 10, y - 6), (x + 10, y + 6), ink, true),
        }
    }
}

/// A bar from the lower to the upper end of an interval, with its centre marked. It never vanishes.
pub(crate) fn interval(canvas: &Canvas<'_>, (low, mid, high): (i32, i32, i32), y: i32, ink: Ink) -> Result<()> {
    let high = high.max(low + 2);
    canvas.bar((low, y - 4), (high, y + 4), ink, 1.0)?;
    canvas.line((mid, y - 7), (mid, y + 7), Ink::Text, 2)
}

/// A share of a stacked bar: solid for the parent, light and hatched for its workers.
pub(crate) fn share(canvas: &Canvas<'_>, from: Point, to: Point, ink: Ink, hatched: bool) -> Result<()> {
    if !hatched {
        return canvas.bar(from, to, ink, 1.0);
    }
    canvas.bar(from, to, ink, 0.35)?;
    canvas.hatch(from, to, ink)
}
