//! How a workload is cut into tasks, and what crosses; what each of these costs on one side of a pool.

use super::{PIPE_BYTES, Side, Workload};

/// What the C library keeps for its next allocation: up to 128 KiB, beyond which it takes from the system and gives back at once (mallopt(3),
/// `M_MMAP_THRESHOLD`).
pub(super) const KEPT_BYTES: u64 = (128 << 10) - 1;

/// What a thread keeps of the memory of others: the largest size of the C library's cache per thread (`tcache`).
pub(super) const KEPT_BY_THREAD_BYTES: u64 = 1_032;

/// A page, as nearly every machine has it.
const PAGE_BYTES: f64 = 4_096.0;

/// How a workload is cut, and what crosses.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    pub(super) tasks: f64,
    pub(super) items: f64,
    pub(super) bytes_in: f64,
    pub(super) bytes_out: f64,
    /// Pieces of messages beyond the first pipe full of each, both ways.
    pub(super) pieces: f64,
    /// Work per task, in nanoseconds.
    pub(super) task_ns: f64,
    /// The last task as a share of a whole one.
    pub(super) last: f64,
}

impl Cut {
    pub(super) fn of(workload: &Workload) -> Self {
        let (chunk, tasks) = (workload.chunk().min(workload.items).max(1), workload.tasks());
        let further = |bytes: u64| (chunk.saturating_mul(bytes) / PIPE_BYTES) as f64;
        let rest = workload.items - tasks.saturating_sub(1).saturating_mul(chunk).min(workload.items);
        let items = workload.items as f64;
        Self {
            tasks: tasks as f64,
            items,
            bytes_in: items * workload.bytes_in as f64,
            bytes_out: items * workload.bytes_out as f64,
            pieces: tasks as f64 * (further(workload.bytes_in) + further(workload.bytes_out)),
            task_ns: chunk as f64 * workload.item_ns,
            last: rest as f64 / chunk as f64,
        }
    }

    /// Messages and items on one side, in nanoseconds.
    pub(super) fn handled(&self, side: &Side) -> f64 {
        self.tasks * side.message_ns + self.items * side.item_ns
    }

    /// Bytes on one side, in nanoseconds.
    pub(super) fn carried(&self, side: &Side) -> f64 {
        self.bytes_in * side.byte_in_ns + self.bytes_out * side.byte_out_ns
    }

    /// How many tasks wake up a core: whoever waits for them goes to sleep if the next one takes longer than handling one does, and a core
    /// idles meanwhile if there are more than workers.
    pub(super) fn wakes(&self, handling_ns: f64, workload: &Workload, cores: u64) -> f64 {
        let idle = workload.workers.min(workload.tasks()) < cores;
        let asleep = self.task_ns / (self.task_ns + handling_ns).max(f64::MIN_POSITIVE);
        if idle { self.tasks * asleep } else { 0.0 }
    }

    /// Bytes of outputs for which there is no memory yet: an input that is freed leaves its own to the next output, unless it is larger than
    /// what whoever frees it may keep.
    pub(super) fn fresh(workload: &Workload, kept: u64) -> f64 {
        let reused = if workload.bytes_in.max(workload.bytes_out) <= kept { workload.bytes_in } else { 0 };
        workload.items as f64 * workload.bytes_out.saturating_sub(reused) as f64
    }

    /// Pages of inputs that are written to when they are freed: one for each input, but no more than there are.
    pub(super) fn freed_pages(&self) -> f64 {
        self.items.min(self.bytes_in / PAGE_BYTES)
    }

    /// When workers are done that have `total` nanoseconds to do, all tasks together.
    pub(super) fn makespan(&self, total: f64, workload: &Workload, cores: u64) -> f64 {
        // Every task but the last is a whole one.
        let task = total / (self.tasks - 1.0 + self.last).max(f64::MIN_POSITIVE);
        makespan(workload.tasks(), task, task * self.last, workload.workers, cores)
    }
}

/// When the last of `tasks` equal tasks ends, if each free worker takes the next one. `last` is the last task, which may be smaller. With
/// more busy workers than cores each runs that much slower.
fn makespan(tasks: u64, task: f64, last: f64, workers: u64, cores: u64) -> f64 {
    let (workers, cores) = (workers.max(1), cores.max(1) as f64);
    let slowdown = |busy: u64| (busy as f64 / cores).max(1.0);
    match (tasks / workers, tasks % workers) {
        (0, 0) => 0.0,
        (rounds, 0) if workers == 1 => (rounds - 1) as f64 * task + last,
        (rounds, 0) => rounds as f64 * task * slowdown(workers),
        (rounds, 1) => rounds as f64 * task * slowdown(workers) + last,
        (rounds, rest) => (rounds as f64 * slowdown(workers) + slowdown(rest)) * task,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_go_round_by_round() {
        assert_eq!(makespan(8, 10.0, 10.0, 2, 2), 40.0);
        assert_eq!(makespan(8, 10.0, 10.0, 4, 2), 40.0);
        assert_eq!(makespan(8, 10.0, 4.0, 1, 2), 74.0);
        assert_eq!(makespan(3, 10.0, 4.0, 2, 2), 14.0);
        assert_eq!(makespan(3, 10.0, 10.0, 2, 2), 20.0);
        assert_eq!(makespan(5, 10.0, 10.0, 3, 2), 25.0);
        assert_eq!(makespan(0, 10.0, 10.0, 3, 2), 0.0);
    }

    #[test]
    fn a_large_message_goes_in_pieces() {
        let workload = |bytes_in| Workload { items: 4, item_ns: 0.0, bytes_in, bytes_out: 0, workers: 2, chunksize: 1 };
        assert_eq!(Cut::of(&workload(100)).pieces, 0.0);
        assert_eq!(Cut::of(&workload(2 * PIPE_BYTES)).pieces, 8.0);
        // Two items make a message of four pipes full.
        assert_eq!(Cut::of(&Workload { chunksize: 2, ..workload(2 * PIPE_BYTES) }).pieces, 8.0);
    }

    #[test]
    fn whoever_waits_longer_than_a_message_takes_is_asleep_if_a_core_idles() {
        let workload = |item_ns| Workload { items: 10, item_ns, bytes_in: 0, bytes_out: 0, workers: 2, chunksize: 1 };
        let wakes = |item_ns, cores| Cut::of(&workload(item_ns)).wakes(5_000.0, &workload(item_ns), cores);
        assert_eq!(wakes(0.0, 4), 0.0);
        assert_eq!(wakes(5_000.0, 4), 5.0);
        assert!(wakes(1e9, 4) > 9.9);
        assert_eq!(wakes(1e9, 2), 0.0, "no core idles");
    }

    #[test]
    fn an_output_takes_the_memory_of_an_input_unless_that_went_back() {
        let fresh = |bytes_in, bytes_out| {
            let workload = Workload { items: 2, item_ns: 0.0, bytes_in, bytes_out, workers: 1, chunksize: 1 };
            Cut::fresh(&workload, KEPT_BYTES)
        };
        assert_eq!((fresh(100, 100), fresh(100, 150), fresh(0, 100)), (0.0, 100.0, 200.0));
        assert_eq!(fresh(1 << 20, 1 << 20), f64::from(2 << 20));
    }

    #[test]
    fn the_last_task_may_be_smaller() {
        let workload = Workload { items: 25, item_ns: 0.0, bytes_in: 0, bytes_out: 0, workers: 2, chunksize: 10 };
        assert_eq!(Cut::of(&workload).last, 0.5);
        assert_eq!(Cut::of(&Workload { items: 20, ..workload }).last, 1.0);
        assert_eq!(Cut::of(&Workload { items: 3, ..workload }).last, 1.0);
    }
}
