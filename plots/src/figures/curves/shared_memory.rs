//! Lesson `shared_memory`: how long it takes to hand an array over, against its size.

use super::spec::{Axis, Curves, Limit, Line, Told, Unit};

pub(super) const CURVES: &[Curves] = &[Curves {
    lesson: "shared_memory",
    name: "hand-over",
    x: Axis { label: "size of the array", unit: Unit::Bytes, logarithmic: true },
    y: Axis { label: "time to hand it over", unit: Unit::Time, logarithmic: true },
    lines: &[
        Line { variant: "hand_over", x: "sizes", y: "pickled_ns", label: "a pickled array" },
        Line { variant: "hand_over", x: "sizes", y: "copied_in_ns", label: "an array copied into shared memory" },
        Line { variant: "hand_over", x: "sizes", y: "copy_ns", label: "a copy within one process" },
        Line { variant: "hand_over", x: "sizes", y: "shared_ns", label: "an array in shared memory" },
    ],
    limits: &[Limit { variant: "pipe_round_trip_same_core", label: "a pipe's round trip, one core" }],
    told: Told::AtLast { over: 0, under: 3, verb: "takes" },
    caption: "From the first byte sent to the answer of the other process, which then holds all of the array and has looked at its last \
              number.",
}];
