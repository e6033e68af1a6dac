//! The curves of the lesson `initialize_once`: a pool that is kept, over the maps that it has done.

use super::spec::{Axis, Curves, Line, Told, Unit};

const fn line(y: &'static str, label: &'static str) -> Line {
    Line { variant: "kept_pools", x: "maps", y, label }
}

const MAPS: Axis = Axis { label: "maps by one pool", unit: Unit::Count, logarithmic: false };

pub(super) const FIGURES: &[Curves] = &[
    Curves {
        lesson: "initialize_once",
        name: "bytes",
        x: MAPS,
        y: Axis { label: "bytes that have left the parent", unit: Unit::Bytes, logarithmic: false },
        lines: &[
            line("objects_bytes", "a spawned pool that is sent objects"),
            line("preloaded_bytes", "a preloaded spawned pool"),
            line("forked_bytes", "a preloaded forked pool"),
        ],
        limits: &[],
        told: Told::Below { one: 1, other: 0 },
        caption: "Counted, from the pool's start on.",
    },
    Curves {
        lesson: "initialize_once",
        name: "time",
        x: MAPS,
        y: Axis { label: "time since the pool's start", unit: Unit::Time, logarithmic: false },
        lines: &[
            line("objects_ns", "a spawned pool that is sent objects"),
            line("preloaded_ns", "a preloaded spawned pool"),
            line("forked_ns", "a preloaded forked pool"),
        ],
        limits: &[],
        told: Told::Below { one: 1, other: 0 },
        caption: "The start of the pool is in it, and each map up to its end.",
    },
];
