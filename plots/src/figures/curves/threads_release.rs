//! The curves of the lesson `threads_release`.

use super::spec::{Axis, Curves, Limit, Line, Told, Unit};

const fn line(y: &'static str, label: &'static str) -> Line {
    Line { variant: "threads_sweep", x: "threads", y, label }
}

pub(super) const THREADS_RELEASE: &[Curves] = &[Curves {
    lesson: "threads_release",
    name: "threads",
    x: Axis { label: "threads", unit: Unit::Count, logarithmic: false },
    y: Axis { label: "bytes summed per second", unit: Unit::Bandwidth, logarithmic: true },
    lines: &[line("small_bytes_per_s", "an array in the caches"), line("bytes_per_s", "the array of this run")],
    limits: &[
        Limit { variant: "read_one_core", label: "memory, one core" },
        Limit { variant: "read_all_cores", label: "memory, all cores" },
    ],
    told: Told::AtLast { over: 0, under: 1, verb: "reaches" },
    caption: "Every thread adds a part of the array. The start of the threads is included.",
}];
