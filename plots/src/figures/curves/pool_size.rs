//! The curves of the lesson `pool_size`.

use super::spec::{Axis, Curves, Line, Told, Unit};

const fn line(variant: &'static str, y: &'static str, label: &'static str) -> Line {
    Line { variant, x: "workers", y, label }
}

const WORKERS: Axis = Axis { label: "workers", unit: Unit::Count, logarithmic: false };

pub(super) const POOL_SIZE: &[Curves] = &[
    Curves {
        lesson: "pool_size",
        name: "workers",
        x: WORKERS,
        y: Axis { label: "one map", unit: Unit::Time, logarithmic: false },
        lines: &[
            line("even", "map_ns", "even items"),
            line("uneven", "map_ns", "uneven items"),
            line("uneven_1", "map_ns", "uneven items, one to a task"),
        ],
        limits: &[],
        told: Told::Growth { line: 0, noun: "time" },
        caption: "All additions are the same in every point. The pool is there and awake before the map.",
    },
    Curves {
        lesson: "pool_size",
        name: "fences",
        x: WORKERS,
        y: Axis { label: "one map of even items", unit: Unit::Time, logarithmic: false },
        lines: &[
            line("even", "map_ns", "all cores"),
            line("even_loaded", "map_ns", "all cores, a busy neighbour for each"),
            line("even_one_core", "map_ns", "one core by affinity"),
            line("even_quota", "map_ns", "half the cores by quota"),
        ],
        limits: &[],
        told: Told::AtLast { over: 2, under: 0, verb: "takes" },
        caption: "The same additions, behind what leaves a pool less than all cores.",
    },
    Curves {
        lesson: "pool_size",
        name: "switches",
        x: WORKERS,
        y: Axis { label: "context switches in one map", unit: Unit::Count, logarithmic: false },
        lines: &[
            line("even", "involuntary_switches", "cores taken away, even items"),
            line("even", "voluntary_switches", "waits for even items"),
            line("uneven_1", "voluntary_switches", "waits for uneven items, one to a task"),
        ],
        limits: &[],
        told: Told::Growth { line: 1, noun: "number" },
        caption: "Of all workers together, as the kernel counts them: a worker waits when it has no task, and its core is taken away when another \
                  process has waited long enough.",
    },
    Curves {
        lesson: "pool_size",
        name: "neighbours",
        x: WORKERS,
        y: Axis { label: "additions of the neighbours per millisecond", unit: Unit::Count, logarithmic: false },
        lines: &[line("even_loaded", "neighbours_additions_per_ms", "all neighbours")],
        limits: &[],
        told: Told::Growth { line: 0, noun: "work" },
        caption: "What others on the same machine get done while a pool of this many workers maps.",
    },
];
