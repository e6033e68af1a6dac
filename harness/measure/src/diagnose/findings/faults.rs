//! The rules, one function each.

use super::super::family::Family;
use super::super::look::Wait;
use super::super::seen::{Ending, Observation, Seen};
use super::{Fault, Figure, Finding};

/// What a rule looks at.
pub(super) struct View<'a> {
    pub(super) all: &'a Observation,
    pub(super) family: Family<'a>,
}

type Rule = fn(&View<'_>) -> Option<Finding>;

pub(super) const RULES: [Rule; 10] = [
    standstill,
    large_messages,
    tiny_tasks,
    starts,
    one_worker,
    too_many_workers,
    interpreter_lock,
    server,
    waiting,
    unremarkable,
];

/// A message of this size or more is large: what it costs are its bytes.
const LARGE_BYTES: f64 = 16_384.0;

fn figure(name: &'static str, value: f64) -> Figure {
    Figure { name, value }
}

fn found(fault: Fault, share: f64, lesson: &'static str, says: String, figures: Vec<Figure>) -> Finding {
    Finding { fault, share: share.clamp(0.0, 1.0), says, lesson, see_also: &[], figures }
}

fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

impl View<'_> {
    /// The parent's part of all processor time.
    fn parent_share(&self) -> f64 {
        ratio(self.family.parent.cpu_ns, self.all.total_cpu_ns())
    }

    /// The bytes that the workers sent back.
    fn returned_bytes(&self) -> u64 {
        self.family.workers.iter().map(|worker| worker.written_bytes).sum()
    }

    /// How large a message of the parent is, on average.
    fn sent_per_message(&self) -> f64 {
        ratio(self.family.parent.written_bytes, self.family.parent.writes)
    }

    /// How large a message of a worker is, on average.
    fn returned_per_message(&self) -> f64 {
        ratio(self.returned_bytes(), self.family.workers.iter().map(|worker| worker.writes).sum())
    }

    fn is_still(&self) -> bool {
        let called = matches!(self.all.ending, Ending::Deadline | Ending::CalledOff);
        called && self.all.still_ns >= 500_000_000 && 4 * self.all.still_ns >= self.all.wall_ns
    }
}

/// Nothing ran for a long time until we ended it. A child that waits for a lock of its own, alone, can be woken by nobody.
fn standstill(view: &View<'_>) -> Option<Finding> {
    if !view.is_still() {
        return None;
    }
    let all = || view.family.workers.iter().chain(&view.family.brief).copied();
    let trapped = all().filter(|process| process.waited(Wait::OwnLock) > 0.0).count();
    let still_s = view.all.still_ns as f64 / 1e9;
    let mut figures = vec![figure("still_s", still_s), figure("processes", (all().count() + 1) as f64)];
    if trapped > 0 {
        figures.push(figure("trapped_processes", trapped as f64));
        let says = format!(
            "for {still_s:.1} s nothing ran, and of the children {} for a lock of its own process, in which there is no other thread. \
             It was held at the fork, and its holder was not forked with it",
            if trapped == 1 { "one waits".to_owned() } else { format!("{trapped} wait each") }
        );
        let finding = found(Fault::ForkTrap, 1.0, "fork_trap", says, figures);
        return Some(Finding { see_also: &["start_cost"], ..finding });
    }
    let stayed = view.family.workers.iter().copied().chain([view.family.parent]);
    let outside: f64 = stayed.map(outside).fold(0.0, f64::max);
    if outside > 0.9 {
        // A server that waits for its clients stands still too, and is well.
        return None;
    }
    let writers = all().chain([view.family.parent]).filter(|process| process.waited(Wait::PipeWrite) > 0.2).count();
    figures.push(figure("writers_to_full_pipes", writers as f64));
    let (lesson, why) = match writers {
        0 => (
            "pool_anatomy",
            "everybody waits for a message, and nobody is left who would send one: a worker may have died with its task",
        ),
        _ => ("channels", "somebody waits for a full pipe to be emptied, and nobody empties it"),
    };
    Some(found(Fault::Standstill, 1.0, lesson, format!("for {still_s:.1} s nothing ran: {why}"), figures))
}

/// The share of its waiting that a process spent on something outside the program.
fn outside(process: &Seen) -> f64 {
    [Wait::Socket, Wait::Sleep, Wait::Disk, Wait::Poll].map(|wait| process.waited(wait)).iter().sum()
}

/// Large messages, one way or the other. Whoever sends encodes them, whoever receives decodes them, and both copy them.
fn large_messages(view: &View<'_>) -> Option<Finding> {
    let (parent, back) = (view.family.parent, view.returned_bytes());
    let (out, per_cpu_s) = (parent.written_bytes, 1e9 / view.all.total_cpu_ns().max(1) as f64);
    if view.family.workers.is_empty() || out.max(back) < 4 << 20 {
        return None;
    }
    let rate = (out + back) as f64 * per_cpu_s;
    // Objects are pickled and unpickled at some tens of megabytes to the second of processor time; plain bytes ten times as fast, and then
    // it is the parent's part that shows it.
    let share = (rate / 60e6).min(2.0 * view.parent_share() + rate / 600e6);
    let figures = vec![
        figure("sent_bytes", out as f64),
        figure("sent_per_message_bytes", view.sent_per_message()),
        figure("returned_bytes", back as f64),
        figure("parent_cpu_share", view.parent_share()),
    ];
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    if back > 2 * out && view.returned_per_message() >= LARGE_BYTES {
        let says = format!(
            "the workers send {:.0} MB back, which are encoded there and decoded in the parent",
            megabytes(back)
        );
        let finding = found(Fault::BigResults, share, "big_queue", says, figures);
        return Some(Finding { see_also: &["shared_memory", "faster_codecs"], ..finding });
    }
    if view.sent_per_message() < LARGE_BYTES {
        return None;
    }
    let each = megabytes(out) / parent.writes.max(1) as f64;
    if parent.writes > 16 * view.family.workers.len() as u64 {
        let says = format!(
            "the parent sends {:.0} MB in {} messages of {each:.2} MB: what every task carries, such as the object of a bound method or a \
             table, is pickled again for each",
            megabytes(out),
            parent.writes
        );
        let finding = found(Fault::BytesPerTask, share, "bound_method", says, figures);
        return Some(Finding { see_also: &["initialize_once", "big_argument"], ..finding });
    }
    let says = format!("the parent sends {:.0} MB in {} messages of {each:.1} MB", megabytes(out), parent.writes);
    let finding = found(Fault::BigArguments, share, "big_argument", says, figures);
    Some(Finding { see_also: &["shared_memory", "threads_release"], ..finding })
}

// ANCHOR: tiny_tasks
/// Many small messages, and a parent that is busy with them.
fn tiny_tasks(view: &View<'_>) -> Option<Finding> {
    let parent = view.family.parent;
    let each_us = view.all.total_cpu_ns() as f64 / 1e3 / parent.writes.max(1) as f64;
    if view.family.workers.is_empty() || parent.writes < 500 || view.sent_per_message() >= LARGE_BYTES || each_us > 2e3
    {
        return None;
    }
    let says = format!(
        "the parent sends {} messages, and all processor time together is {each_us:.0} us to a message: handing the tasks over is the work",
        parent.writes
    );
    let figures = vec![
        figure("messages", parent.writes as f64),
        figure("sent_per_message_bytes", view.sent_per_message()),
        figure("cpu_per_message_us", each_us),
        figure("parent_cpu_share", view.parent_share()),
    ];
    let finding = found(Fault::TinyTasks, 2.0 * view.parent_share(), "chunksize", says, figures);
    Some(Finding { see_also: &["break_even", "pool_anatomy"], ..finding })
}
// ANCHOR_END: tiny_tasks

/// Many processes that were gone after a moment.
fn starts(view: &View<'_>) -> Option<Finding> {
    let brief = &view.family.brief;
    let cores = usize::try_from(view.all.cores).unwrap_or(1);
    if brief.len() < 10.max(3 * cores) {
        return None;
    }
    let lives = brief.iter().map(|process| process.life_ns()).sum::<u64>() as f64 / brief.len() as f64 / 1e6;
    let per_s = brief.len() as f64 * 1e9 / view.all.wall_ns.max(1) as f64;
    let says = format!(
        "at least {} processes were started, {per_s:.0} a second, and were gone after {lives:.0} ms",
        brief.len()
    );
    let figures =
        vec![figure("starts", brief.len() as f64), figure("starts_per_s", per_s), figure("mean_life_ms", lives)];
    let stayed = ratio(view.family.workers_cpu_ns(), view.all.total_cpu_ns());
    let finding = found(Fault::Starts, 1.0 - stayed, "start_cost", says, figures);
    Some(Finding { see_also: &["initialize_once", "break_even"], ..finding })
}

/// One worker has the work, and the others wait for it.
fn one_worker(view: &View<'_>) -> Option<Finding> {
    let workers = &view.family.workers;
    let sum = view.family.workers_cpu_ns();
    let top = workers.iter().map(|worker| worker.cpu_ns).max()?;
    let (uneven, of_all) = (1.0 - ratio(sum, top) / workers.len() as f64, ratio(top, view.all.total_cpu_ns()));
    let alone = view.all.share_of_looks(|running| running == 1);
    if workers.len() < 2 || uneven < 0.3 || of_all < 0.4 || view.family.server.is_some() {
        return None;
    }
    let says = format!(
        "of {} workers one has {:.0} % of their work, and for {:.0} % of the time a single process runs",
        workers.len(),
        100.0 * ratio(top, sum),
        100.0 * alone
    );
    let figures = vec![
        figure("workers", workers.len() as f64),
        figure("busiest_worker_share", ratio(top, sum)),
        figure("one_process_runs_share", alone),
    ];
    let finding = found(Fault::OneWorker, alone, "chunksize", says, figures);
    Some(Finding { see_also: &["pool_size"], ..finding })
}

/// More processes that want to run than cores.
fn too_many_workers(view: &View<'_>) -> Option<Finding> {
    let (running, cores, workers) = (view.all.mean_running(), view.all.cores as f64, view.family.workers.len());
    if (workers as f64) <= cores || running < 1.3 * cores || view.parent_share() > 0.3 {
        return None;
    }
    let lost: u64 = view.family.workers.iter().map(|worker| worker.involuntary_switches).sum();
    let says = format!(
        "{running:.1} processes want to run at a time on {cores} cores; their cores were taken from them {lost} times. More workers than cores \
         are no faster, and each has its own memory"
    );
    let figures = vec![
        figure("workers", workers as f64),
        figure("mean_running", running),
        figure("cores", cores),
        figure("involuntary_switches", lost as f64),
    ];
    let finding = found(Fault::TooManyWorkers, (running / cores - 1.0).min(0.9), "pool_size", says, figures);
    Some(Finding { see_also: &["initialize_once"], ..finding })
}

/// Several threads of one process have used processor time, and never two at once.
fn interpreter_lock(view: &View<'_>) -> Option<Finding> {
    let busiest = view.all.processes.iter().max_by_key(|process| process.cpu_ns)?;
    let threads: u64 = busiest.threads_ns.iter().sum();
    let sharing = busiest.threads_ns.iter().filter(|ns| **ns as f64 > 0.15 * threads as f64).count();
    let at_once = ratio(busiest.running_threads, busiest.running);
    let of_all = ratio(busiest.cpu_ns, view.all.total_cpu_ns());
    if sharing < 2 || at_once > 1.5 || of_all < 0.6 || busiest.ran() < 0.5 {
        return None;
    }
    let says = format!(
        "{sharing} threads of one process share the work, and {at_once:.2} of them run at a time: they wait for each other, as threads under an \
         interpreter lock do"
    );
    let figures = vec![
        figure("busy_threads", sharing as f64),
        figure("threads_running_at_once", at_once),
        figure("cores_used", view.all.cores_used()),
    ];
    let finding = found(Fault::InterpreterLock, of_all, "gil_primes", says, figures);
    Some(Finding { see_also: &["threads_release"], ..finding })
}

/// A process with threads that answers the others' requests.
fn server(view: &View<'_>) -> Option<Finding> {
    let server = view.family.server?;
    let (calls, share) = (server.reads + server.writes, ratio(server.cpu_ns, view.all.total_cpu_ns()));
    if calls < 1_000 || share < 0.15 || view.parent_share() > 0.4 {
        return None;
    }
    let says = format!(
        "one process serves the others: {calls} calls to read and write, and {:.0} % of all processor time. Whoever asks it waits, and all \
         wait for the same one",
        100.0 * share
    );
    let figures = vec![
        figure("server_calls", calls as f64),
        figure("server_cpu_share", share),
        figure("server_threads", server.threads as f64),
    ];
    let finding = found(Fault::Server, 2.0 * share, "shared_state", says, figures);
    Some(Finding { see_also: &["channels"], ..finding })
}

/// Nobody runs, and what they wait for lies outside.
fn waiting(view: &View<'_>) -> Option<Finding> {
    let (nobody, cores) = (view.all.share_of_looks(|running| running == 0), view.all.cores_used());
    let most = view.all.processes.iter().map(outside).fold(0.0, f64::max);
    if nobody < 0.3 || cores > 0.4 || most < 0.3 || standstill(view).is_some() {
        return None;
    }
    let says = format!(
        "for {:.0} % of the time no process runs: they wait for sockets, disks or times, and use {cores:.2} cores. Threads or async wait as \
         well as processes do, and cost less",
        100.0 * nobody
    );
    let figures =
        vec![figure("nobody_runs_share", nobody), figure("cores_used", cores), figure("waits_outside_share", most)];
    let finding = found(Fault::Waiting, nobody, "io_or_cpu", says, figures);
    Some(Finding { see_also: &["through_disk"], ..finding })
}

/// Work is being done, by as many as can, or by one.
fn unremarkable(view: &View<'_>) -> Option<Finding> {
    let (workers, cores) = (view.family.workers.len(), view.all.cores as f64);
    let running = view.all.mean_running();
    let figures = vec![
        figure("workers", workers as f64),
        figure("mean_running", running),
        figure("cores_used", view.all.cores_used()),
        figure("parent_cpu_share", view.parent_share()),
    ];
    if workers == 0 && view.family.brief.is_empty() && view.family.parent.ran() > 0.5 {
        let says =
            "there is one process, and it works; whether more would be faster depends on what an item costs".to_owned();
        return Some(found(Fault::OneProcess, 0.5, "break_even", says, figures));
    }
    let wanted = (workers as f64).min(cores);
    let working = ratio(view.family.workers_cpu_ns(), view.all.total_cpu_ns());
    if workers < 2 || working < 0.6 || running < 0.6 * wanted {
        return None;
    }
    let says = format!(
        "the workers have {:.0} % of the processor time, and {running:.1} processes run at a time: what is left to improve is the work itself",
        100.0 * working
    );
    let finding = found(Fault::Healthy, working, "convolution", says, figures);
    Some(Finding { see_also: &["threads_release"], ..finding })
}
