//! The trace as series of numbers, one per lane and kind: what the project's timelines are drawn from.

use std::collections::BTreeMap;

use super::{Event, Kind, Phase};

/// When things began and ended, by turns, in nanoseconds since the first event, by `LANE/KIND`.
pub(super) fn series(events: &[Event], own_pid: u32) -> BTreeMap<String, Vec<u64>> {
    let begin = events.first().map_or(0, |event| event.at_ns);
    let end = events.last().map_or(0, |event| event.at_ns);
    let lanes = lanes(events, own_pid);
    let mut series: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for (thread, lane) in lanes {
        let mut open: Vec<(Kind, u64)> = Vec::new();
        let mut close = |(kind, since): (Kind, u64), at: u64| {
            if let Some(name) = name(kind) {
                series.entry(format!("{lane}/{name}")).or_default().extend([since - begin, at - begin]);
            }
        };
        for event in events.iter().filter(|event| event.thread() == thread) {
            match event.phase {
                Phase::Begin => open.push((event.kind, event.at_ns)),
                // An end whose begin was written over says nothing.
                Phase::End if open.last().is_some_and(|(kind, _)| *kind == event.kind) => {
                    open.pop().into_iter().for_each(|begun| close(begun, event.at_ns));
                }
                Phase::End | Phase::Instant => {}
            }
        }
        // What never ended went on until the last that is known.
        open.into_iter().for_each(|begun| close(begun, end));
    }
    series
}

/// A name for each thread: its place, then what it is. The threads of this process come first, then the workers by their first event.
fn lanes(events: &[Event], own_pid: u32) -> Vec<((u32, &str), String)> {
    let mut threads: Vec<(u32, &str)> = Vec::new();
    for thread in events.iter().filter(|event| name(event.kind).is_some()).map(Event::thread) {
        if !threads.contains(&thread) {
            threads.push(thread);
        }
    }
    let mut workers: Vec<u32> = Vec::new();
    for (pid, _) in &threads {
        if *pid != own_pid && !workers.contains(pid) {
            workers.push(*pid);
        }
    }
    // Stable, and none is before some: this process's threads come first.
    threads.sort_by_key(|(pid, _)| workers.iter().position(|worker| worker == pid));
    let named = threads.iter().enumerate().map(|(place, (pid, thread))| {
        let spoken = thread.replace('-', " ");
        let lane = match workers.iter().position(|worker| worker == pid) {
            None => spoken,
            Some(worker) if *thread == "main" => format!("worker {}", worker + 1),
            Some(worker) => format!("worker {} {spoken}", worker + 1),
        };
        ((*pid, *thread), format!("{place:02} {lane}"))
    });
    named.collect()
}

/// The word for a kind in a series, as the counters have it; none for what is not drawn.
fn name(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Await | Kind::LockWait => Some("wait"),
        Kind::Work => Some("work"),
        Kind::Encode => Some("dumps"),
        Kind::Decode => Some("loads"),
        Kind::Write => Some("write"),
        Kind::Read => Some("read"),
        Kind::Start | Kind::Exit | Kind::Put | Kind::Get | Kind::Mark => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at_ns: u64, pid: u32, thread: &str, kind: Kind, phase: Phase) -> Event {
        Event { at_ns, pid, thread: thread.to_owned(), kind, phase, job: None, task: None, bytes: None }
    }

    #[test]
    fn each_thread_is_a_lane_and_what_never_ended_ends_with_the_trace() {
        use {Kind::*, Phase::*};
        let events = [
            event(100, 9, "main", Start, Instant),
            event(110, 9, "main", Await, Begin),
            event(120, 7, "task-handler", Encode, Begin),
            event(130, 7, "task-handler", Encode, End),
            event(135, 7, "task-handler", Read, End),
            event(140, 9, "main", Await, End),
            event(150, 9, "main", Work, Begin),
            event(160, 8, "main", LockWait, Begin),
            event(170, 8, "main", LockWait, End),
            event(180, 9, "feeder", Write, Begin),
            event(180, 6, "main", Write, Begin),
        ];
        let expected: BTreeMap<String, Vec<u64>> = [
            ("00 task handler/dumps", vec![20, 30]),
            ("01 worker 1/wait", vec![10, 40]),
            ("01 worker 1/work", vec![50, 80]),
            ("02 worker 1 feeder/write", vec![80, 80]),
            ("03 worker 2/wait", vec![60, 70]),
            ("04 worker 3/write", vec![80, 80]),
        ]
        .map(|(name, times)| (name.to_owned(), times))
        .into();
        assert_eq!(series(&events, 7), expected);
        assert_eq!(series(&[], 7), BTreeMap::new());
    }
}
