//! The curves of the lesson `shared_state`.

use super::spec::{Axis, Curves, Line, Told, Unit};

const fn line(variant: &'static str, label: &'static str) -> Line {
    Line { variant, x: "sweep_increments", y: "sweep_kept_thousandths", label }
}

pub(super) const SHARED_STATE: &[Curves] = &[Curves {
    lesson: "shared_state",
    name: "kept",
    x: Axis { label: "additions", unit: Unit::Count, logarithmic: true },
    y: Axis { label: "final value, by what was added", unit: Unit::Thousandths, logarithmic: false },
    lines: &[
        line("manager_get_set", "manager, get and set"),
        line("value_get_set", "Value, its lock taken twice"),
        line("raw_get_set", "no lock, load and store"),
    ],
    limits: &[],
    told: Told::Growth { line: 1, noun: "final value" },
    caption: "One trial a point in each subject, with so many additions of each process. 1 is what the counter ought to be. Where a line is \
              at 1 nothing was lost, although all that is needed to lose something is there.",
}];
