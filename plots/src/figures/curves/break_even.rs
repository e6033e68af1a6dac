//! The curves of the lesson `break_even`: speed-ups and efficiency over the cost of an item, and what carrying bytes does to them.

use super::spec::{Axis, Curves, Line, Told, Unit};

const COST: Axis = Axis { label: "steps of work per item", unit: Unit::Count, logarithmic: true };
const SPEED_UP: Axis = Axis { label: "speed-up over the loop", unit: Unit::Thousandths, logarithmic: true };

const fn speed_up(variant: &'static str, label: &'static str) -> Line {
    Line { variant, x: "steps", y: "speed_up_thousandths", label }
}

const fn carrying(y: &'static str, label: &'static str) -> Line {
    Line { variant: "carrying", x: "steps", y, label }
}

pub(super) const FIGURES: &[Curves] = &[
    Curves {
        lesson: "break_even",
        name: "cost",
        x: COST,
        y: SPEED_UP,
        lines: &[
            speed_up("serial", "the loop"),
            speed_up("kept_auto", "a pool that is there"),
            speed_up("kept_one", "the same, chunksize 1"),
            speed_up("fresh_fork", "a new pool, fork"),
            speed_up("fresh_spawn", "a new pool, spawn"),
        ],
        limits: &[],
        told: Told::Below { one: 0, other: 1 },
        caption: "The line of the loop is the zero line: below it processes lose. Where a curve crosses it, it breaks even. A \
                  step takes a nanosecond or two.",
    },
    Curves {
        lesson: "break_even",
        name: "efficiency",
        x: COST,
        y: Axis { label: "share of working time", unit: Unit::Thousandths, logarithmic: false },
        lines: &[
            Line { variant: "kept_one", x: "steps", y: "busy_thousandths", label: "chunksize 1" },
            Line { variant: "kept_auto", x: "steps", y: "busy_thousandths", label: "automatic chunksize" },
            Line { variant: "fresh_fork", x: "steps", y: "busy_thousandths", label: "a new pool, fork" },
            Line { variant: "fresh_spawn", x: "steps", y: "busy_thousandths", label: "a new pool, spawn" },
        ],
        limits: &[],
        told: Told::AtFirst { over: 1, under: 0, verb: "has" },
        caption: "The part of all workers' time that is spent in the function; 1 is a worker that never waits.",
    },
    Curves {
        lesson: "break_even",
        name: "bytes",
        x: COST,
        y: SPEED_UP,
        lines: &[
            Line { variant: "carrying", x: "steps", y: "even_thousandths", label: "the loop" },
            carrying("speed_up_none_thousandths", "nothing carried"),
            carrying("speed_up_small_thousandths", "a 256th of the bytes"),
            carrying("speed_up_medium_thousandths", "a 16th"),
            carrying("speed_up_large_thousandths", "all of the bytes"),
        ],
        limits: &[],
        told: Told::Below { one: 0, other: 4 },
        caption: "The surface, cut at four numbers of bytes per item; a pool that is there, at chunksize 1. The bytes are in the table of the \
                  chapter. The line of the loop is the zero line.",
    },
];
