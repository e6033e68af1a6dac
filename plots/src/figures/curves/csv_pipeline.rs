//! The figure of the lesson `csv_pipeline`: speed-up over workers.

use super::spec::{Axis, Curves, Line, Told, Unit};

/// One curve of a way to share the work.
const fn line(y: &'static str, label: &'static str) -> Line {
    Line { variant: "scaling", x: "workers", y, label }
}

pub(super) const FIGURES: &[Curves] = &[Curves {
    lesson: "csv_pipeline",
    name: "workers",
    x: Axis { label: "workers", unit: Unit::Count, logarithmic: false },
    y: Axis { label: "speed-up", unit: Unit::Thousandths, logarithmic: false },
    lines: &[
        line("files_speedup", "processes, a file per task"),
        line("ranges_speedup", "processes, ranges of records"),
        line("threads_speedup", "threads"),
    ],
    limits: &[],
    told: Told::AtLast { over: 0, under: 2, verb: "has" },
    caption: "Beside one process that takes one file after another, in the same subject. The start and the end of a pool are included.",
}];
