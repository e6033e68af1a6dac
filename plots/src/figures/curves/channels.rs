//! What a message costs by its size: the round trip, and the bytes one way.

use super::spec::{Axis, Curves, Limit, Line, Told, Unit};

const SIZE: Axis = Axis { label: "size of a message", unit: Unit::Bytes, logarithmic: true };

const fn line(variant: &'static str, y: &'static str, label: &'static str) -> Line {
    Line { variant, x: "sizes_bytes", y, label }
}

const fn lines(y: &'static str) -> [Line; 6] {
    [
        line("pipe", y, "pipe"),
        line("socket", y, "socket, Pipe()"),
        line("simple_queue", y, "simple queue"),
        line("queue", y, "queue"),
        line("ring", y, "ring"),
        line("file", y, "file"),
    ]
}

const fn limit(variant: &'static str, label: &'static str) -> Limit {
    Limit { variant, label }
}

/// The figures of the lesson `channels`.
pub(super) const FIGURES: &[Curves] = &[
    Curves {
        lesson: "channels",
        name: "latency",
        x: SIZE,
        y: Axis { label: "round trip on two cores", unit: Unit::Time, logarithmic: true },
        lines: &lines("round_trip_ns"),
        limits: &[
            limit("pipe_round_trip_two_cores", "8 bytes through bare pipes, two cores"),
            limit("socket_round_trip_two_cores", "8 bytes through a bare socket, two cores"),
        ],
        told: Told::AtFirst { over: 3, under: 4, verb: "takes" },
        caption: "A message goes there and comes back, between two processes on a core each.",
    },
    Curves {
        lesson: "channels",
        name: "same-core",
        x: SIZE,
        y: Axis { label: "round trip on one core", unit: Unit::Time, logarithmic: true },
        lines: &lines("same_core_round_trip_ns"),
        limits: &[
            limit("pipe_round_trip_same_core", "8 bytes through bare pipes, one core"),
            limit("socket_round_trip_same_core", "8 bytes through a bare socket, one core"),
        ],
        told: Told::AtFirst { over: 3, under: 0, verb: "takes" },
        caption: "The same with both processes on one core: each message is a switch from one to the other.",
    },
    Curves {
        lesson: "channels",
        name: "throughput",
        x: SIZE,
        y: Axis { label: "bytes one way on two cores", unit: Unit::Bandwidth, logarithmic: true },
        lines: &lines("bytes_per_s"),
        limits: &[
            limit("bulk_pipe_64k", "a bare pipe"),
            limit("bulk_socket", "a bare socket"),
            limit("copy_one_core", "one core copies memory"),
        ],
        told: Told::AtLast { over: 4, under: 3, verb: "carries" },
        caption: "Messages one way without waiting for any, until the last has arrived; between two processes on a core each.",
    },
];
