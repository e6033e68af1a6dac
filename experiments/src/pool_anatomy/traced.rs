//! One map by the classic pool, traced, and the parts of that pool as `/proc` shows them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use harness::{Measured, Outcome};
use multiprocess::classic::Chunksize;
use multiprocess::trace::{Event, Kind, Phase, Trace, instant};
use record::Params;

use super::setting::{Fault, Setting};
use super::tasks::Add;
use crate::warm::Warm;

/// Tasks for each worker: as many as can still be told apart in a drawing.
const TASKS_PER_WORKER: usize = 5;

/// Events that a thread may leave: a task leaves a dozen.
const EVENTS: usize = 4_096;

/// The threads of CPython's pool. The kernel keeps the first 15 letters of a name.
pub(super) const HANDLERS: [&str; 3] = ["task-handler", "worker-handler", "result-handler"];

pub(super) fn traced(params: &Params) -> Result<Outcome, Fault> {
    let setting = Setting::new(params)?;
    let items = vec![setting.inner; TASKS_PER_WORKER * setting.workers];
    let tasks = items.len() as u64;
    let before = pipes("self")?;
    // A thread of the caller, three of the pool, and one in each worker.
    let trace = Trace::create(setting.workers + 8, EVENTS)?;
    let recording = trace.record();
    let warm = Warm::start(setting.workers)?;
    let threads = threads()?;
    let mut shared = pipes("self")?;
    shared.retain(|pipe| !before.contains(pipe));
    for pid in warm.pool.worker_pids() {
        let theirs = pipes(&pid.to_string())?;
        shared.retain(|pipe| theirs.contains(pipe));
    }
    let turns = switches(&threads)?;
    let measured = Measured::take(|| {
        instant(Kind::Mark);
        let done = warm.pool.map(Add, items, Chunksize::from(1))?;
        instant(Kind::Mark);
        Ok::<_, Fault>((done, Vec::new()))
    })?;
    let woken: u64 = switches(&threads)?.saturating_sub(turns);
    let measured = measured.with_workers(warm.finish()?);
    drop(recording);
    let mut done = 0;
    let outcome = measured.answer(|sums: &Vec<u64>| {
        done = sums.iter().sum();
        setting.answer()
    });
    if done != tasks * setting.inner {
        return Err(format!("the map did {done} of {} additions", tasks * setting.inner).into());
    }
    let events = trace.events();
    let ways = whole_ways(&events);
    let handlers = HANDLERS.iter().filter(|name| threads.iter().any(|(_, known)| known == *name)).count();
    let outcome = outcome
        .fact("handler_threads", handlers as u64)
        .fact("other_threads", threads.len().saturating_sub(handlers + 1) as u64)
        .fact("shared_pipes", shared.len() as u64)
        .fact("traced_tasks", tasks)
        .fact("whole_ways", ways)
        .fact("worker_handler_turns", woken);
    let lanes = window(&events, trace.timeline(), woken == 0);
    Ok(lanes.into_iter().fold(outcome, |outcome, (lane, times)| outcome.series(&format!("timeline/{lane}"), times)))
}

/// The threads of this process, by number and name.
fn threads() -> Result<Vec<(String, String)>, Fault> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc/self/task")? {
        let entry = entry?;
        let name = fs::read_to_string(entry.path().join("comm"))?;
        found.push((entry.file_name().to_string_lossy().into_owned(), name.trim_end().to_owned()));
    }
    Ok(found)
}

/// The pipes that a process has an end of.
fn pipes(process: &str) -> Result<BTreeSet<String>, Fault> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(Path::new("/proc").join(process).join("fd"))? {
        // The descriptor of this very folder is gone by the time it is looked at.
        if let Ok(target) = fs::read_link(entry?.path()) {
            let target = target.to_string_lossy().into_owned();
            found.extend(target.starts_with("pipe:").then_some(target));
        }
    }
    Ok(found)
}

/// How often the worker handler has slept and was woken so far.
fn switches(threads: &[(String, String)]) -> Result<u64, Fault> {
    let mut sum = 0;
    for (thread, _) in threads.iter().filter(|(_, name)| name == "worker-handler") {
        let status = fs::read_to_string(Path::new("/proc/self/task").join(thread).join("status"))?;
        let counts = status.lines().filter_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        sum += counts.filter_map(|count| count.trim().parse::<u64>().ok()).sum::<u64>();
    }
    Ok(sum)
}

/// The beginning and the end of the map, by the marks before and after it.
fn marks(events: &[Event]) -> (u64, u64) {
    let mut marks = events.iter().filter(|event| event.kind == Kind::Mark).map(|event| event.at_ns);
    (marks.next().unwrap_or(0), marks.next().unwrap_or(u64::MAX))
}

/// The tasks of the map that were seen at every station: encoded and written by the task handler, worked on, encoded and written by a worker, decoded
/// by the result handler.
fn whole_ways(events: &[Event]) -> u64 {
    let (begin, end) = marks(events);
    let own = std::process::id();
    let mut stations: BTreeMap<u64, BTreeSet<u8>> = BTreeMap::new();
    let ended = |event: &&Event| event.phase == Phase::End && (begin..=end).contains(&event.at_ns);
    for event in events.iter().filter(ended) {
        let station = match (event.pid == own, event.thread.as_str(), event.kind) {
            (true, "task-handler", Kind::Encode) => 0,
            (true, "task-handler", Kind::Write) => 1,
            (false, _, Kind::Work) => 2,
            (false, _, Kind::Encode) => 3,
            (true, "result-handler", Kind::Decode) => 4,
            _ => continue,
        };
        if let Some(task) = event.task {
            stations.entry(task).or_default().insert(station);
        }
    }
    stations.values().filter(|seen| seen.len() == 5).count() as u64
}

/// The part of a timeline that lies between the marks, from the first of them on. The worker handler leaves no events; if it did not
/// wake in the map, it has a lane all the same, in which it waits.
fn window(events: &[Event], lanes: BTreeMap<String, Vec<u64>>, handler_slept: bool) -> BTreeMap<String, Vec<u64>> {
    let first = events.first().map_or(0, |event| event.at_ns);
    let (begin, end) = marks(events);
    let (begin, end) = (begin.saturating_sub(first), end.saturating_sub(first));
    let clip = |times: Vec<u64>| {
        let (spans, _) = times.as_chunks::<2>();
        let inside = spans.iter().filter(|[from, to]| *to > begin && *from < end);
        inside.flat_map(|[from, to]| [from.max(&begin) - begin, to.min(&end) - begin]).collect::<Vec<u64>>()
    };
    let mut clipped: BTreeMap<String, Vec<u64>> = lanes.into_iter().map(|(lane, times)| (lane, clip(times))).collect();
    clipped.retain(|_, times| !times.is_empty());
    if handler_slept {
        // Sorted between the first lane, the task handler's, and the second.
        clipped.insert("005 worker handler/wait".to_owned(), vec![0, end - begin]);
    }
    clipped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at_ns: u64, kind: Kind, phase: Phase) -> Event {
        Event { at_ns, pid: 1, thread: "main".to_owned(), kind, phase, job: None, task: None, bytes: None }
    }

    #[test]
    fn a_window_begins_at_the_first_mark_and_ends_at_the_second() {
        let events = [100, 140, 190].map(|at_ns| event(at_ns, Kind::Mark, Phase::Instant));
        let mut events = events.to_vec();
        events[0].kind = Kind::Start;
        let lanes = [("00 task handler/dumps", vec![0, 10, 35, 45, 50, 60, 95, 99]), ("01 main/write", vec![1, 2])];
        let lanes: BTreeMap<String, Vec<u64>> = lanes.map(|(lane, times)| (lane.to_owned(), times)).into();
        let clipped = window(&events, lanes.clone(), false);
        assert_eq!(clipped, [("00 task handler/dumps".to_owned(), vec![0, 5, 10, 20])].into());
        assert_eq!(window(&events, lanes, true)["005 worker handler/wait"], [0, 50]);
    }
}
