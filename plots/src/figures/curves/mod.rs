//! `LESSON-curve-NAME`: what was measured over what was varied, a line per way of doing it.

mod big_argument;
mod break_even;
mod channels;
mod chart;
mod csv_pipeline;
mod faster_codecs;
mod initialize_once;
mod io_or_cpu;
mod pool_anatomy;
mod pool_size;
mod shared_memory;
mod shared_state;
pub(crate) mod spec;
mod start_cost;
mod threads_release;
mod through_disk;

use anyhow::Result;

use self::chart::Chart;
use self::spec::Curves;
use super::Figure;
use super::rows::WIDTH;
use crate::Shelved;
use crate::draw::{draw, finish};

/// Every figure of curves there is, by lesson.
const FIGURES: &[&[Curves]] = &[
    start_cost::START_COST,
    big_argument::CURVES,
    shared_memory::CURVES,
    faster_codecs::FIGURES,
    initialize_once::FIGURES,
    through_disk::FIGURES,
    csv_pipeline::FIGURES,
    threads_release::THREADS_RELEASE,
    shared_state::SHARED_STATE,
    pool_size::POOL_SIZE,
    pool_anatomy::FIGURES,
    channels::FIGURES,
    io_or_cpu::FIGURES,
    break_even::FIGURES,
];

/// The figure called `name` of the lesson `stem`, if there is one.
pub(super) fn find(stem: &str, name: &str) -> Option<&'static Curves> {
    FIGURES.iter().copied().flatten().find(|curves| curves.lesson == stem && curves.name == name)
}

/// The names of the figures of curves that a lesson has, each with the prefix of the kind.
pub(super) fn names(stem: &str) -> Vec<String> {
    let of_lesson = FIGURES.iter().copied().flatten().filter(|curves| curves.lesson == stem);
    of_lesson.map(|curves| format!("curve-{}", curves.name)).collect()
}

/// Draws it.
///
/// # Errors
/// If the lesson was not measured, or none of the curves.
pub(super) fn curves(spec: &'static Curves, lesson: &Shelved) -> Result<Figure> {
    let chart = Chart::of(spec, lesson)?;
    let (title, caption) = (chart.title(), chart.caption());
    let svg = draw(WIDTH as u32, chart.height() as u32, |canvas| chart.draw(canvas))?;
    let svg = finish(&svg, &title, &caption)?;
    Ok(Figure { name: format!("{}-curve-{}", spec.lesson, spec.name), title, caption, svg, table: chart.table() })
}

#[cfg(test)]
mod tests;
