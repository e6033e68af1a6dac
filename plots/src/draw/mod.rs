//! Drawing by plotters' SVG backend, without fonts, and the pass that fits the result into a page.
//!
//! plotters guesses the widths of texts and writes fixed colours. So nothing here asks it for a width: texts stand in columns
//! that are wide enough for any of ours, and colours are stand-ins that [`finish()`] replaces by the page's own.

mod canvas;
mod finish;
mod legend;
mod palette;
mod scale;
mod shape;

pub(crate) use canvas::{Anchor, Canvas, Face, draw};
pub(crate) use finish::finish;
pub(crate) use legend::Legend;
pub(crate) use palette::Ink;
pub(crate) use scale::Scale;
pub(crate) use shape::{Shape, interval, share};
