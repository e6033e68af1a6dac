//! What it takes to fetch all pages, by how many are fetched at the same time.

use super::spec::{Axis, Curves, Line, Told, Unit};

const fn line(variant: &'static str, label: &'static str) -> Line {
    Line { variant, x: "at_once", y: "sweep_ns", label }
}

/// The figure of the lesson `io_or_cpu`.
pub(super) const FIGURES: &[Curves] = &[Curves {
    lesson: "io_or_cpu",
    name: "at-once",
    x: Axis { label: "threads, tasks or processes", unit: Unit::Count, logarithmic: true },
    y: Axis { label: "time for all pages", unit: Unit::Time, logarithmic: true },
    lines: &[line("processes_many", "processes"), line("threads", "threads"), line("tasks", "tasks on one thread")],
    limits: &[],
    told: Told::AtLast { over: 0, under: 2, verb: "take" },
    caption: "Each point has the start and the end of what fetches in it.",
}];
