//! Lesson `through_disk`: what if it goes through a file?
//!
//! Question: is a file faster than a pickle through a pipe, and what does the file not do?
//! Prediction: a file that nobody flushes is memory with a name; its format costs about what a pickle does; who reads too early reads less.
//! Held still: the column, the receiver, what it does with the numbers. Varied: the way, the place, the format, the flush.
//! Explained in `book/src/through_disk.md`, after the posts on the performance of pickling and on slow queues.

mod claims;
mod column;
mod publish;
mod variants;
mod ways;

use harness::{BLOCKS, Design, Lesson, Parameter, PrintedRatio, Size, Variant};
use record::{Fault, Params};

/// The lesson.
pub const LESSON: Lesson = Lesson {
    stem: "through_disk",
    title: "By way of a file",
    question: "What if it goes through a file?",
    parameters: PARAMETERS,
    variants: VARIANTS,
    marks: &[PrintedRatio {
        variant: "parquet_disk",
        ratio: 0.172_43 / 0.241_83,
        claim: "performance.parquet-beats-pickle",
    }],
    // At the post's size one subject takes up to a second.
    blocks: [BLOCKS[0], BLOCKS[1], 5],
    design: Design::Blocks,
    shrinks: &["rows"],
    checks: claims::CHECKS,
    fingerprint: env!("FINGERPRINT_through_disk"),
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "rows",
        about: "rows of the column, each an int64",
        sizes: [Size::Of(10_000), Size::Of(250_000), Size::Of(10_000_000)],
        min: 0,
        max: 100_000_000,
    },
    Parameter {
        name: "passes",
        about: "times that the column is passed, after one that does not count",
        sizes: [Size::Of(2), Size::Of(5), Size::Of(1)],
        min: 1,
        max: 10_000,
    },
    Parameter {
        name: "trials",
        about: "files that a reader waits for, after one whose writer waits in the middle",
        sizes: [Size::Of(5), Size::Of(10), Size::Of(3)],
        min: 1,
        max: 10_000,
    },
    Parameter { name: "seed", about: "seed of the numbers", sizes: [Size::Of(1); 3], min: 0, max: u64::MAX },
];

const VARIANTS: &[Variant] = &[
    Variant {
        name: "pickle_pipe",
        about: "The column is encoded as one block of bytes, written to a pipe, read and decoded.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::pickle_pipe,
    },
    Variant {
        name: "pickle_elements",
        about: "The same with one int after another, each of as few bytes as it needs.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::pickle_elements,
    },
    Variant {
        name: "pickle_queue",
        about: "The column is put on a bounded queue, whose feeder thread encodes and writes it.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::pickle_queue,
    },
    Variant {
        name: "parquet_memory",
        about: "A Parquet file in memory (tmpfs): plain values, not compressed; the path goes through the pipe.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::parquet_memory,
    },
    Variant {
        name: "parquet_disk",
        about: "The same on a disk, not flushed: the post's way.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::parquet_disk,
    },
    Variant {
        name: "parquet_snappy",
        about: "The same on a disk, compressed with snappy.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::parquet_snappy,
    },
    Variant {
        name: "parquet_flushed",
        about: "The same on a disk, not compressed, flushed before the path is sent.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::parquet_flushed,
    },
    Variant {
        name: "raw_memory",
        about: "A file of nothing but the numbers' bytes, in memory.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::raw_memory,
    },
    Variant {
        name: "raw_disk",
        about: "The same on a disk, not flushed.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::raw_disk,
    },
    Variant {
        name: "raw_flushed",
        about: "The same on a disk, flushed before the path is sent.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::raw_flushed,
    },
    Variant {
        name: "shared",
        about: "The column is copied into shared memory; its length goes through the pipe.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::shared,
    },
    Variant {
        name: "file_in_place",
        about: "A reader waits for the name of a file that is written under it: it finds the file half written.",
        demonstrates: Some(Fault::WrongAnswer),
        memory_bytes: memory,
        run: variants::file_in_place,
    },
    Variant {
        name: "file_renamed",
        about: "The file is written under another name, and renamed when it is whole.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::file_renamed,
    },
];

/// The column, its encoding with room to grow, and both again on the other side; and the smaller columns of the sweep.
fn memory(params: &Params) -> u64 {
    params["rows"].saturating_mul(8 * 8).saturating_add(32 << 20)
}
