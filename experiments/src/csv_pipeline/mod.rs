//! Lesson `csv_pipeline`: does a real pipeline scale?
//!
//! Question: what do four workers gain on eight CSV files that are read, cleaned and added up?
//! Prediction: nearly the cores there are, because parsing takes longer than reading and a summary is small; less if one file is large.
//! Held still: the records, the parser, the sums. Varied: who works, how the files are cut, whether the cache has them.
//! Explained in `book/src/csv_pipeline.md`, after the post "Python Multiprocessing for CPU-Bound
//! Parallelism".

mod claims;
mod files;
mod table;
mod variants;

use harness::{BLOCKS, Design, Lesson, Parameter, PrintedRatio, Size, Variant};
use record::{Fault, Params};

/// The lesson.
pub const LESSON: Lesson = Lesson {
    stem: "csv_pipeline",
    title: "Eight files",
    question: "Does a real pipeline scale?",
    parameters: PARAMETERS,
    variants: VARIANTS,
    marks: &[PrintedRatio { variant: "processes", ratio: 1.0 / 4.0, claim: "cpu.csv-pipeline-4x" }],
    blocks: BLOCKS,
    design: Design::Blocks,
    shrinks: &["rows"],
    checks: claims::CHECKS,
    fingerprint: env!("FINGERPRINT_csv_pipeline"),
};

const PARAMETERS: &[Parameter] = &[
    Parameter { name: "files", about: "CSV files", sizes: [Size::Of(8), Size::Of(8), Size::Of(8)], min: 1, max: 1_000 },
    Parameter {
        name: "rows",
        about: "records in all the files together",
        sizes: [Size::Of(4_000), Size::Of(120_000), Size::Of(800_000)],
        min: 0,
        max: 100_000_000,
    },
    Parameter {
        name: "workers",
        about: "worker processes, or threads",
        sizes: [Size::Of(2), Size::PerCore(1), Size::Of(4)],
        min: 1,
        max: 256,
    },
    Parameter { name: "seed", about: "seed of the records", sizes: [Size::Of(1); 3], min: 0, max: u64::MAX },
];

const VARIANTS: &[Variant] = &[
    Variant {
        name: "serial",
        about: "One process, one file after another, from a warm cache.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::serial,
    },
    Variant {
        name: "processes",
        about: "The post's way: a pool, and a file per task; summaries come back and are merged.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::processes,
    },
    Variant {
        name: "threads",
        about: "Threads of one process take the files.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::threads,
    },
    Variant {
        name: "row_ranges",
        about: "A pool, and every file cut between records into as many pieces as there are workers.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::row_ranges,
    },
    Variant {
        name: "uneven_files",
        about: "A file per task, with half of all records in the first file.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::uneven_files,
    },
    Variant {
        name: "uneven_ranges",
        about: "The same files cut between records.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::uneven_ranges,
    },
    Variant {
        name: "serial_cold",
        about: "One process, after the kernel has been asked to forget the files.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::serial_cold,
    },
    Variant {
        name: "processes_cold",
        about: "A pool and a file per task, after the kernel has been asked to forget the files.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::processes_cold,
    },
    Variant {
        name: "cut_at_any_line",
        about: "Files cut into 64 pieces each at the next line break, also inside a quoted field.",
        demonstrates: Some(Fault::WrongAnswer),
        memory_bytes: memory,
        run: variants::cut_at_any_line,
    },
    Variant {
        name: "scaling",
        about: "A sweep: files, ranges and threads on one worker to twice the cores; the time is the mean.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::scaling,
    },
];

/// A process itself.
const PROCESS_BYTES: u64 = 4 << 20;

/// The text of the largest file while it is made, twice when it grows; the files, which lie in the page cache; the workers.
fn memory(params: &Params) -> u64 {
    let workers = (params["workers"] + 1).max(2 * harness::environment::usable_cores() as u64);
    params["rows"].saturating_mul(50 * 2).saturating_add(workers.saturating_mul(PROCESS_BYTES)).saturating_add(16 << 20)
}
