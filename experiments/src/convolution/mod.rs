//! Lesson `convolution`: does a convolution scale?
//!
//! Question: what do four processes gain on a 3x3 convolution that is cut into four strips, and is the result the same?
//! Prediction: the slower the kernel, the better processes look; without a halo two rows per seam are wrong.
//! Held still: the image, the weights, the order of additions. Varied: the kernel, how the strips reach the workers, how many there are.
//! Explained in `book/src/convolution.md`, after the post "Python Multiprocessing for CPU-Bound
//! Parallelism".

mod claims;
mod image;
mod kernels;
mod scaling;
mod seam;
mod strips;
mod tasks;
mod variants;

use harness::{BLOCKS, Design, Lesson, Parameter, PrintedRatio, Size, Variant, environment};
use record::{Fault, Params};

/// The lesson.
pub const LESSON: Lesson = Lesson {
    stem: "convolution",
    title: "Four strips and a seam",
    question: "Does a convolution scale?",
    parameters: PARAMETERS,
    variants: VARIANTS,
    marks: &[PrintedRatio { variant: "strips_no_halo", ratio: 1.0 / 3.9, claim: "cpu.convolution-speedup" }],
    blocks: BLOCKS,
    design: Design::Blocks,
    shrinks: &["rows", "cols"],
    checks: claims::CHECKS,
    fingerprint: env!("FINGERPRINT_convolution"),
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "rows",
        about: "rows of the image",
        sizes: [Size::Of(300), Size::Of(1_000), Size::Of(2_000)],
        min: 0,
        max: 10_000,
    },
    Parameter {
        name: "cols",
        about: "columns of the image",
        sizes: [Size::Of(300), Size::Of(1_000), Size::Of(2_000)],
        min: 0,
        max: 10_000,
    },
    Parameter {
        name: "workers",
        about: "worker processes, or threads, each with one strip",
        sizes: [Size::Of(2), Size::PerCore(1), Size::Of(4)],
        min: 1,
        max: 256,
    },
    Parameter { name: "seed", about: "seed of the pixels", sizes: [Size::Of(1); 3], min: 0, max: u64::MAX },
];

const VARIANTS: &[Variant] = &[
    Variant {
        name: "serial_naive",
        about: "One process, the post's loop: per pixel an expression on small arrays.",
        demonstrates: None,
        memory_bytes: in_one_process,
        run: variants::serial_naive,
    },
    Variant {
        name: "serial_rows",
        about: "One process, the same sums row by row over slices.",
        demonstrates: None,
        memory_bytes: in_one_process,
        run: variants::serial_rows,
    },
    Variant {
        name: "serial_fast",
        about: "One process, the same sums for several pixels of a row at once, in the processor's own vectors.",
        demonstrates: None,
        memory_bytes: in_one_process,
        run: variants::serial_fast,
    },
    Variant {
        name: "strips_no_halo",
        about: "The post's way: each process is sent a strip and convolves it as an image of its own (naive kernel).",
        demonstrates: Some(Fault::WrongAnswer),
        memory_bytes: by_pipes,
        run: variants::strips_no_halo,
    },
    Variant {
        name: "strips_halo_naive",
        about: "Each strip is sent with the row above and the row below it.",
        demonstrates: None,
        memory_bytes: by_pipes,
        run: variants::strips_halo_naive,
    },
    Variant {
        name: "strips_halo_fast",
        about: "The same with the fast kernel.",
        demonstrates: None,
        memory_bytes: by_pipes,
        run: variants::strips_halo_fast,
    },
    Variant {
        name: "shared_naive",
        about: "Processes read and write shared memory; only the numbers of the rows cross.",
        demonstrates: None,
        memory_bytes: in_shared_memory,
        run: variants::shared_naive,
    },
    Variant {
        name: "shared_fast",
        about: "The same with the fast kernel.",
        demonstrates: None,
        memory_bytes: in_shared_memory,
        run: variants::shared_fast,
    },
    Variant {
        name: "rayon_naive",
        about: "Threads of one process (rayon), one strip each.",
        demonstrates: None,
        memory_bytes: in_one_process,
        run: variants::rayon_naive,
    },
    Variant {
        name: "rayon_fast",
        about: "The same with the fast kernel.",
        demonstrates: None,
        memory_bytes: in_one_process,
        run: variants::rayon_fast,
    },
    Variant {
        name: "scaling_processes",
        about: "A sweep: both kernels, by pipes and in shared memory, on one process to twice the cores; the time is the mean.",
        demonstrates: None,
        memory_bytes: sweeping,
        run: scaling::scaling_processes,
    },
    Variant {
        name: "scaling_threads",
        about: "The same sweep with threads.",
        demonstrates: None,
        memory_bytes: in_one_process,
        run: scaling::scaling_threads,
    },
];

/// A process itself.
const PROCESS_BYTES: u64 = 4 << 20;

fn image_bytes(params: &Params) -> u64 {
    params["rows"].saturating_mul(params["cols"]).saturating_mul(8)
}

/// The image, the output, and once more while one of them is made.
fn in_one_process(params: &Params) -> u64 {
    image_bytes(params).saturating_mul(3).saturating_add(PROCESS_BYTES)
}

/// The image, the output and the pixels before they are shared.
fn in_shared_memory(params: &Params) -> u64 {
    in_one_process(params).saturating_add(params["workers"].saturating_mul(PROCESS_BYTES))
}

/// The same for as many workers as a sweep tries, and an image and an output that are shared.
fn sweeping(params: &Params) -> u64 {
    let workers = params["workers"].max(2 * environment::usable_cores() as u64);
    let own = workers.saturating_sub(params["workers"]).saturating_mul(PROCESS_BYTES);
    by_pipes(params).saturating_add(image_bytes(params).saturating_mul(2)).saturating_add(own)
}

/// The image, a task on its way, each worker's message, strip, output and reply, the replies, and what they are put together to.
fn by_pipes(params: &Params) -> u64 {
    image_bytes(params).saturating_mul(11).saturating_add((params["workers"] + 1).saturating_mul(PROCESS_BYTES))
}
