//! A drawing area in pixels, with the few strokes that our figures are made of.

use anyhow::Result;
use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Polygon, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoFont, IntoTextStyle, ShapeStyle};

use super::Ink;

/// A point, in pixels from the upper left corner.
pub(crate) type Point = (i32, i32);

/// Where a text stands relative to its point; vertically it is always centred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// It begins there.
    Start,
    /// It is centred there.
    Middle,
    /// It ends there.
    End,
}

/// The two faces that figures use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Face {
    /// The page's own.
    Prose,
    /// The page's own, bold.
    Strong,
    /// Names from the code: every character 0.6 em wide.
    Code,
}

/// What a figure draws on.
pub(crate) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
}

/// Draws on a canvas of `width` by `height` pixels and returns plotters' SVG.
///
/// # Errors
/// If plotters refuses to draw.
pub(crate) fn draw(width: u32, height: u32, strokes: impl FnOnce(&Canvas<'_>) -> Result<()>) -> Result<String> {
    let mut svg = String::new();
    let canvas = Canvas { area: SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area() };
    strokes(&canvas)?;
    // Without this the last tag stays open, and the backend's own drop would hide an error.
    canvas.area.present()?;
    drop(canvas);
    Ok(svg)
}

impl Canvas<'_> {
    /// A straight line.
    pub(crate) fn line(&self, from: Point, to: Point, ink: Ink, width: u32) -> Result<()> {
        self.path(&[from, to], ink, width)
    }

    /// A line through `points`.
    pub(crate) fn path(&self, points: &[Point], ink: Ink, width: u32) -> Result<()> {
        Ok(self.area.draw(&PathElement::new(points.to_vec(), style(ink, 1.0).stroke_width(width)))?)
    }

    /// A filled rectangle between two corners.
    pub(crate) fn bar(&self, from: Point, to: Point, ink: Ink, opacity: f64) -> Result<()> {
        Ok(self.area.draw(&Rectangle::new([from, to], style(ink, opacity).filled()))?)
    }

    /// A filled circle.
    pub(crate) fn dot(&self, centre: Point, radius: i32, ink: Ink, opacity: f64) -> Result<()> {
        Ok(self.area.draw(&Circle::new(centre, radius, style(ink, opacity).filled()))?)
    }

    /// A filled polygon.
    pub(crate) fn polygon(&self, points: &[Point], ink: Ink, opacity: f64) -> Result<()> {
        Ok(self.area.draw(&Polygon::new(points.to_vec(), style(ink, opacity).filled()))?)
    }

    /// A text of `size` pixels.
    pub(crate) fn text(
        &self,
        at: Point,
        anchor: Anchor,
        text: &str,
        (size, face, ink): (u32, Face, Ink),
    ) -> Result<()> {
        // plotters divides by this before it writes the size.
        let size = f64::from(size) * 1.24;
        let font = match face {
            Face::Prose => ("sans-serif", size).into_font(),
            Face::Strong => ("sans-serif", size).into_font().style(plotters::style::FontStyle::Bold),
            Face::Code => ("monospace", size).into_font(),
        };
        let across = match anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let style = font.color(&ink.stand_in()).pos(Pos::new(across, VPos::Center)).into_text_style(&self.area);
        Ok(self.area.draw(&Text::new(text.to_owned(), at, style))?)
    }

    /// Diagonal strokes across the rectangle between two corners: the mark of a worker's share.
    pub(crate) fn hatch(&self, (left, top): Point, (right, bottom): Point, ink: Ink) -> Result<()> {
        const SPACING: usize = 6;
        let height = bottom - top;
        // Each stroke starts on the upper edge, continued to the right; both ends are clipped to the rectangle.
        for start in (left..right + height).step_by(SPACING) {
            let from = if start <= right { (start, top) } else { (right, top + start - right) };
            let reach = start - height;
            let to = if reach >= left { (reach, bottom) } else { (left, top + start - left) };
            if from != to {
                self.line(from, to, ink, 1)?;
            }
        }
        Ok(())
    }
}

fn style(ink: Ink, opacity: f64) -> ShapeStyle {
    ShapeStyle::from(&ink.stand_in().mix(opacity))
}
