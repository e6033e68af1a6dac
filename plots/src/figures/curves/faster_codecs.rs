//! The figure of the lesson `faster_codecs`: floats by codec, over their size.

use super::spec::{Axis, Curves, Line, Told, Unit};

/// One curve of a codec.
const fn line(variant: &'static str, label: &'static str) -> Line {
    Line { variant, x: "sizes_bytes", y: "pass_ns", label }
}

pub(super) const FIGURES: &[Curves] = &[Curves {
    lesson: "faster_codecs",
    name: "floats",
    x: Axis { label: "size of the array", unit: Unit::Bytes, logarithmic: true },
    y: Axis { label: "encode, decode and read", unit: Unit::Time, logarithmic: true },
    lines: &[
        line("element_wise", "one element at a time"),
        line("postcard", "postcard"),
        line("wincode", "wincode"),
        line("bulk", "bulk bytes"),
        line("borrowed", "borrowed"),
        line("archived", "archived"),
    ],
    limits: &[],
    told: Told::AtLast { over: 0, under: 3, verb: "takes" },
    caption: "Arrays of float64. Each point is a whole pass, reading every number included.",
}];
