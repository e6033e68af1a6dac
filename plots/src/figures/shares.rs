//! Into which kinds of work the time of a variant's processes went.

use record::{ProcessReport, VariantResult};

use crate::draw::Ink;

/// A kind of work, by the parent or by all workers together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// What it is called in titles, after "go into".
    pub(super) words: &'static str,
    /// What it is called in the legend.
    pub(super) label: &'static str,
    pub(super) ink: Ink,
    /// Whether the workers did it: their shares are hatched.
    pub(super) workers: bool,
    time: fn(&ProcessReport) -> u64,
}

impl Kind {
    /// Whether it is writing and reading.
    pub(super) fn is_pipe(&self) -> bool {
        self.label.starts_with("pipe, ")
    }
}

/// The kinds, in the order in which a task meets them.
pub(super) const KINDS: [Kind; 8] = [
    Kind { words: "dumps in the parent", label: "dumps, parent", ink: Ink::Blue, workers: false, time: |p| p.dumps.ns },
    Kind { words: "the parent's pipes", label: "pipe, parent", ink: Ink::Orange, workers: false, time: pipe },
    Kind { words: "the workers' pipes", label: "pipe, workers", ink: Ink::Orange, workers: true, time: pipe },
    Kind {
        words: "loads in the workers",
        label: "loads, workers",
        ink: Ink::Green,
        workers: true,
        time: |p| p.loads.ns,
    },
    Kind { words: "the work itself", label: "work, workers", ink: Ink::Purple, workers: true, time: |p| p.work_ns },
    Kind {
        words: "dumps in the workers",
        label: "dumps, workers",
        ink: Ink::Blue,
        workers: true,
        time: |p| p.dumps.ns,
    },
    Kind {
        words: "loads in the parent",
        label: "loads, parent",
        ink: Ink::Green,
        workers: false,
        time: |p| p.loads.ns,
    },
    Kind { words: "the work itself", label: "work, parent", ink: Ink::Purple, workers: false, time: |p| p.work_ns },
];

/// What stands for a variant whose values never left its process.
pub(super) const IN_PROCESS: Kind =
    Kind { words: "the work itself", label: "in process", ink: Ink::Grey, workers: false, time: |_| 0 };

fn pipe(process: &ProcessReport) -> u64 {
    process.writes.ns + process.reads.ns
}

/// The nanoseconds of each kind that took any, in the order of [`KINDS`]; one entry if nothing crossed between processes.
pub(super) fn shares(typical: &VariantResult) -> Vec<(Kind, u64)> {
    let sum = &typical.counters;
    let crossed = sum.dumps.calls + sum.loads.calls + sum.writes.calls + sum.reads.calls > 0;
    if !crossed {
        return vec![(IN_PROCESS, typical.elapsed_ns.unwrap_or(0))];
    }
    let of_kind = |kind: &Kind| {
        let done = typical.processes.iter().filter(|process| (process.role == "parent") != kind.workers);
        done.map(kind.time).sum::<u64>()
    };
    KINDS.iter().map(|kind| (*kind, of_kind(kind))).filter(|(_, ns)| *ns > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn of(variant: &str) -> Vec<(Kind, u64)> {
        let lesson = samples::bound_method();
        shares(lesson.variant(variant).unwrap().typical.as_ref().unwrap())
    }

    #[test]
    fn no_nanosecond_of_a_process_is_lost() {
        let lesson = samples::bound_method();
        let processes = lesson.variant("pool_bound_method").unwrap().processes();
        let total = record::ProcessReport::total(processes);
        let counted = total.dumps.ns + total.loads.ns + total.writes.ns + total.reads.ns + total.work_ns;
        assert_eq!(of("pool_bound_method").iter().map(|(_, ns)| ns).sum::<u64>(), counted);
    }

    #[test]
    fn what_never_crossed_is_in_process() {
        let shares = of("threads");
        assert_eq!(
            shares.iter().map(|(kind, ns)| (kind.label, *ns)).collect::<Vec<_>>(),
            [("in process", 120_000_000)]
        );
    }
}
