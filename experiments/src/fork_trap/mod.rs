//! Lesson `fork_trap`: why does a forked child hang?
//!
//! Question: what does a child inherit when its parent forks while other threads are at work?
//! Prediction: every lock in the state it has at that moment, and no thread that could release it; so the child hangs if it needs one that
//! is held, and only then.
//! Held still: the child's little work. Varied: which lock is held at the fork, and the moment of the fork.
//! Explained in `book/src/fork_trap.md`, after the post "Python's multiprocessing performance problem".

mod children;
mod claims;
mod tally;
mod threads;
mod traps;
mod variants;

use harness::{BLOCKS, Design, Lesson, Parameter, Size, Variant};
use record::Fault::Hang;
use record::Params;

/// The lesson.
pub const LESSON: Lesson = Lesson {
    stem: "fork_trap",
    title: "The lock nobody holds",
    question: "Why does a forked child hang?",
    parameters: PARAMETERS,
    variants: VARIANTS,
    marks: &[],
    blocks: BLOCKS,
    design: Design::Blocks,
    shrinks: &[],
    checks: claims::CHECKS,
    fingerprint: env!("FINGERPRINT_fork_trap"),
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "trials",
        about: "children per subject, and per delay where the delay is varied",
        // With three busy programs per core the posted program hung in at least 16 of 20 trials after 20 ms, the longest delay. So ten trials
        // see no hang there in 1 of 10^7 runs, and there are the other delays.
        sizes: [Size::Of(10), Size::Of(20), Size::Of(60)],
        min: 1,
        max: 100_000,
    },
    Parameter {
        name: "delay_us_max",
        about: "longest delay between the start of the printing thread and the fork, in microseconds; shorter ones are tried too",
        // Within it the printing thread gets a core on a busy machine, too.
        sizes: [Size::Of(20_000); 3],
        min: 0,
        max: 1_000_000,
    },
    Parameter {
        name: "prints",
        about: "lines that the printing thread prints, unless it is stopped because the fork is over",
        sizes: [Size::Of(1_000_000); 3],
        min: 0,
        max: 1_000_000_000,
    },
];

const VARIANTS: &[Variant] = &[
    Variant {
        name: "fork_first",
        about: "Each child is forked before the printing thread starts.",
        demonstrates: None,
        memory_bytes,
        run: variants::fork_first,
    },
    Variant {
        name: "posted_program",
        about: "The post's program: a thread prints to standard error while its process forks, after various delays.",
        demonstrates: Some(Hang),
        memory_bytes,
        run: variants::posted_program,
    },
    Variant {
        name: "posted_program_lock_recreated",
        about: "The same, but the child makes itself a new standard error with a new lock, as CPython does.",
        demonstrates: None,
        memory_bytes,
        run: variants::posted_program_lock_recreated,
    },
    Variant {
        name: "mutex_held",
        about: "The child locks a mutex that another thread holds at the fork.",
        demonstrates: Some(Hang),
        memory_bytes,
        run: traps::mutex_held,
    },
    Variant {
        name: "stderr_lock_held",
        about: "The child prints to standard error, whose lock another thread holds at the fork.",
        demonstrates: Some(Hang),
        memory_bytes,
        run: traps::stderr_lock_held,
    },
    Variant {
        name: "once_lock_initialising",
        about: "The child asks for a value that another thread is just computing, once for all, at the fork.",
        demonstrates: Some(Hang),
        memory_bytes,
        run: traps::once_lock_initialising,
    },
    Variant {
        name: "rayon_pool_before",
        about: "The child uses a thread pool that was used before the fork; its threads were not copied.",
        demonstrates: Some(Hang),
        memory_bytes,
        run: traps::rayon_pool_before,
    },
    Variant {
        name: "malloc_busy",
        about: "Threads allocate and free without pause during the fork, and the child allocates.",
        demonstrates: None,
        memory_bytes,
        run: variants::malloc_busy,
    },
    Variant {
        name: "spawn",
        about: "Every trap at once is set in the parent, and the child is the program executed again.",
        demonstrates: None,
        memory_bytes,
        run: children::spawn,
    },
    Variant {
        name: "forkserver",
        about: "Every trap at once is set in the parent, and the child is forked by a server that has no threads.",
        demonstrates: None,
        memory_bytes,
        run: children::forkserver,
    },
];

/// The program, its copy, and a few small stacks.
fn memory_bytes(_: &Params) -> u64 {
    64 << 20
}
