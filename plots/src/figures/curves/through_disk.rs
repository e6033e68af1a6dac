//! The figure of the lesson `through_disk`: a column by way, over its size.

use super::spec::{Axis, Curves, Line, Told, Unit};

/// One curve of a way.
const fn line(variant: &'static str, label: &'static str) -> Line {
    Line { variant, x: "sizes_bytes", y: "pass_ns", label }
}

pub(super) const FIGURES: &[Curves] = &[Curves {
    lesson: "through_disk",
    name: "size",
    x: Axis { label: "size of the column", unit: Unit::Bytes, logarithmic: true },
    y: Axis { label: "time to the receiver's reply", unit: Unit::Time, logarithmic: true },
    lines: &[
        line("pickle_pipe", "pickle, pipe"),
        line("parquet_disk", "Parquet, disk"),
        line("raw_memory", "raw file, memory"),
        line("raw_disk", "raw file, disk"),
        line("raw_flushed", "raw file, flushed"),
        line("shared", "shared memory"),
    ],
    limits: &[],
    told: Told::AtLast { over: 0, under: 1, verb: "takes" },
    caption: "Files on a disk lie in its cache unless they are flushed. The receiver is warm and reads every number.",
}];
