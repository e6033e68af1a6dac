//! Lesson `big_argument`: what results of every size cost on their way back.

use super::spec::{Axis, Curves, Limit, Line, Told, Unit};

pub(super) const CURVES: &[Curves] = &[
    Curves {
        lesson: "big_argument",
        name: "results",
        x: Axis { label: "size of a result", unit: Unit::Bytes, logarithmic: true },
        y: Axis { label: "time of one map", unit: Unit::Time, logarithmic: true },
        lines: &[
            Line { variant: "result_fan_out", x: "sizes", y: "returned_ns", label: "results returned by all workers" },
            Line { variant: "result_fan_out", x: "sizes", y: "one_worker_ns", label: "results returned by one worker" },
            Line { variant: "result_fan_out", x: "sizes", y: "kept_ns", label: "results kept in the workers" },
        ],
        limits: &[],
        told: Told::AtLast { over: 0, under: 2, verb: "take" },
        caption: "The tasks of every point do the same sums and make results of the same size; all that differs is whether a result is \
                  returned.",
    },
    Curves {
        lesson: "big_argument",
        name: "rate",
        x: Axis { label: "size of a result", unit: Unit::Bytes, logarithmic: true },
        y: Axis { label: "bytes returned per second", unit: Unit::Bandwidth, logarithmic: true },
        lines: &[
            Line { variant: "result_fan_out", x: "sizes", y: "returned_bytes_per_s", label: "all workers" },
            Line { variant: "result_fan_out", x: "sizes", y: "one_worker_bytes_per_s", label: "one worker" },
        ],
        limits: &[
            Limit { variant: "bulk_pipe_64k", label: "a bare pipe" },
            Limit { variant: "copy_one_core", label: "a copy in memory" },
        ],
        told: Told::Growth { line: 0, noun: "rate" },
        caption: "The work of the tasks is part of each map's time. All results come through one pipe to one thread of the parent.",
    },
];
