//! What a start costs while ever more memory is resident in the process that asks for it.

use super::spec::{Axis, Curves, Limit, Line, Told, Unit};

/// One kind of start, with its label.
const fn line(y: &'static str, label: &'static str) -> Line {
    Line { variant: "resident", x: "resident_bytes", y, label }
}

/// The figures of the lesson `start_cost`.
pub(super) const START_COST: &[Curves] = &[Curves {
    lesson: "start_cost",
    name: "memory",
    x: Axis { label: "memory resident in the process that starts another", unit: Unit::Bytes, logarithmic: true },
    y: Axis { label: "start, call and join", unit: Unit::Time, logarithmic: true },
    lines: &[
        line("fork_ns", "fork"),
        line("spawn_ns", "spawn"),
        line("forkserver_ns", "forkserver"),
        line("posix_spawn_ns", "posix_spawn"),
        line("thread_ns", "thread"),
    ],
    limits: &[
        Limit { variant: "fork_wait_small", label: "a bare fork, nothing resident" },
        Limit { variant: "fork_wait_100m", label: "a bare fork, 100 MiB resident" },
        Limit { variant: "fork_wait_1g", label: "a bare fork, 1 GiB resident" },
    ],
    told: Told::Growth { line: 0, noun: "start" },
    caption: "Every page of the memory has been written to, and those are pages of 4 KiB unless the kernel chose larger ones. A fork copies the table \
        of them; the other ways execute a program, or ask a server that is small, or start a thread, and copy nothing.",
}];
