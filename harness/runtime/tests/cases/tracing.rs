//! What the trace and the counters say of processes that work, that die, and that are killed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::meter::{self, Counts, Traffic};
use multiprocess::trace::{Event, Kind, Lost, Phase, Trace, instant, span};
use multiprocess::{Process, StartMethod, Status, codec};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Case;
use super::functions::Square;
use super::pool::squares;

pub(super) const CASES: &[Case] = &[
    ("each_task_is_traced_through_both_processes_with_fork", || each_task_is_traced(StartMethod::Fork)),
    ("each_task_is_traced_through_both_processes_with_forkserver", || each_task_is_traced(StartMethod::ForkServer)),
    ("each_task_is_traced_through_both_processes_with_spawn", || each_task_is_traced(StartMethod::Spawn)),
    ("what_is_traced_is_what_is_counted", what_is_traced_is_counted),
    ("a_killed_process_leaves_its_events", killed_process_leaves_its_events),
    ("processes_killed_at_any_moment_leave_counts_that_agree", killed_counts_agree),
    ("workers_killed_at_any_moment_leave_counts_that_agree", killed_workers_counts_agree),
    ("the_tail_of_a_trace_names_who_did_what", tail_names_who_did_what),
    ("without_a_recording_nothing_is_traced", without_a_recording_nothing),
    ("more_threads_than_rings_are_counted", more_threads_than_rings),
];

/// Room for more than any case here writes.
fn roomy() -> Trace {
    Trace::create(64, 10_000).unwrap()
}

/// A pool maps `items` items, one a task, under a trace; the events and what was counted meanwhile, the parent's and its workers'.
fn traced_map(items: u64, config: Config) -> (Vec<Event>, Counts, Vec<(u32, Counts)>) {
    let (trace, before) = (roomy(), meter::counts());
    let recording = trace.record();
    let pool = Pool::start(config).unwrap();
    squares(&pool, items, 1);
    let reports = pool.finish().unwrap();
    drop(recording);
    assert_eq!(trace.lost(), Lost::default());
    let workers = reports.into_iter().map(|report| (report.pid, report.counts)).collect();
    (trace.events(), meter::counts().since(&before), workers)
}

/// The events of each thread, in its order.
fn by_thread(events: &[Event]) -> BTreeMap<(u32, String), Vec<&Event>> {
    let mut threads: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for event in events {
        threads.entry((event.pid, event.thread.clone())).or_default().push(event);
    }
    threads
}

/// What each thread began it ended, the last begun first, and at no time before.
#[track_caller]
fn check_nesting(events: &[Event]) {
    for (thread, events) in by_thread(events) {
        let mut open = Vec::new();
        for event in &events {
            match event.phase {
                Phase::Begin => open.push(event.kind),
                Phase::End => assert_eq!(open.pop(), Some(event.kind), "{thread:?}: {event}"),
                Phase::Instant => {}
            }
        }
        assert_eq!(open, [], "{thread:?}");
        assert!(events.is_sorted_by_key(|event| event.at_ns), "{thread:?}");
    }
}

/// For each task: when it was encoded and written here, read, decoded, done, encoded and written there, and read and decoded here.
fn each_task_is_traced(method: StartMethod) {
    let (events, _, workers) = traced_map(8, Config::new(2).start_method(method));
    check_nesting(&events);
    let parent = std::process::id();
    for task in 0..8 {
        let of = |kind, phase, in_parent: bool| {
            let found: Vec<&Event> = events
                .iter()
                .filter(|event| event.task == Some(task) && event.kind == kind && event.phase == phase)
                .filter(|event| (event.pid == parent) == in_parent)
                .collect();
            assert_eq!(found.len(), 1, "task {task}, {kind:?} {phase:?}, in the parent: {in_parent}");
            found[0]
        };
        let [sent, written] = [Kind::Encode, Kind::Write].map(|kind| of(kind, Phase::End, true));
        let loaded_there = of(Kind::Decode, Phase::End, false);
        let [work, worked] = [Phase::Begin, Phase::End].map(|phase| of(Kind::Work, phase, false));
        let [back, written_there] = [Kind::Encode, Kind::Write].map(|kind| of(kind, Phase::End, false));
        let loaded = of(Kind::Decode, Phase::End, true);
        // A reader learns the task by decoding: what it read just before was this.
        let [read_there, read] = [loaded_there, loaded].map(|loaded| last_read_before(&events, loaded));
        let steps = [sent, read_there, loaded_there, work, worked, back, read, loaded];
        assert!(steps.is_sorted_by_key(|event| event.at_ns), "task {task}: {steps:#?}");
        // A write ends a moment after the other side may have begun to read.
        assert!(sent.at_ns <= written.at_ns && back.at_ns <= written_there.at_ns);
        assert_eq!((written.bytes, loaded.bytes), (read_there.bytes, read.bytes.map(|bytes| bytes - 4)));
        let there: BTreeSet<u32> = [read_there, loaded_there, work, worked, back].map(|event| event.pid).into();
        assert_eq!(there.len(), 1, "one worker has done all of task {task}");
        assert!(workers.iter().any(|(pid, _)| there.contains(pid)));
        assert_eq!([&*sent.thread, &*loaded.thread, &*work.thread], ["task-handler", "result-handler", "main"]);
    }
    assert_eq!(events.iter().filter(|event| event.kind == Kind::Work).count(), 2 * 8);
}

fn last_read_before<'a>(events: &'a [Event], decoded: &Event) -> &'a Event {
    let same_thread = |event: &&Event| (event.pid, &event.thread) == (decoded.pid, &decoded.thread);
    let reads = events.iter().filter(same_thread).filter(|event| event.kind == Kind::Read && event.phase == Phase::End);
    reads.rev().find(|event| event.at_ns <= decoded.at_ns).unwrap()
}

#[track_caller]
fn check_counts(events: &[Event], pid: u32, counts: &Counts) {
    let of = |kind| events.iter().filter(move |event| event.pid == pid && event.kind == kind);
    let ended = |kind| -> (u64, u64) {
        let bytes: Vec<u64> = of(kind).filter_map(|event| event.bytes).collect();
        (bytes.len() as u64, bytes.iter().sum())
    };
    let counted = |traffic: Traffic| (traffic.calls, traffic.bytes);
    assert_eq!(ended(Kind::Encode), counted(counts.dumps), "dumps of {pid}");
    assert_eq!(ended(Kind::Decode), counted(counts.loads), "loads of {pid}");
    assert_eq!(ended(Kind::Write), counted(counts.writes), "writes of {pid}");
    assert_eq!(ended(Kind::Read), counted(counts.reads), "reads of {pid}");
    let tasks = of(Kind::Work).filter(|event| event.phase == Phase::End).count() as u64;
    assert_eq!(tasks, counts.tasks, "tasks of {pid}");
}

fn what_is_traced_is_counted() {
    let (events, parent, workers) = traced_map(100, Config::new(3));
    check_nesting(&events);
    check_counts(&events, std::process::id(), &parent);
    for (pid, counts) in &workers {
        check_counts(&events, *pid, counts);
        let of_worker: Vec<_> = events.iter().filter(|event| event.pid == *pid).collect();
        assert_eq!(of_worker.first().map(|event| event.kind), Some(Kind::Start));
        assert_eq!(of_worker.last().map(|event| event.kind), Some(Kind::Exit));
    }
    assert_eq!(workers.iter().map(|(_, counts)| counts.tasks).sum::<u64>(), 100);
}

/// It is killed by itself, so that it is known what it has done until then.
fn killed_process_leaves_its_events() {
    let trace = roomy();
    let recording = trace.record();
    let mut process = Process::start(&[], || {
        for _ in 0..50 {
            codec::dumps(&1_u8).unwrap();
        }
        let _unfinished = span(Kind::Work);
        nix::sys::signal::raise(Signal::SIGKILL).unwrap();
        0
    })
    .unwrap();
    let report = process.join(Duration::from_secs(60)).unwrap();
    drop(recording);
    assert_eq!(report.status, Status::Signalled(9));
    let events: Vec<Event> = trace.events().into_iter().filter(|event| event.pid == report.pid).collect();
    let kinds: Vec<_> = events.iter().map(|event| (event.kind, event.phase)).collect();
    let mut expected = vec![(Kind::Start, Phase::Instant)];
    for _ in 0..50 {
        expected.extend([(Kind::Encode, Phase::Begin), (Kind::Encode, Phase::End)]);
    }
    expected.push((Kind::Work, Phase::Begin));
    assert_eq!(kinds, expected);
    assert_eq!((report.counts.dumps.calls, trace.lost()), (50, Lost::default()));
}

/// A process that dumps and loads is killed by somebody else, wherever it is: its events are a whole prefix, and its counters differ
/// by no more than the one it was at.
fn killed_counts_agree() {
    for round in 0..40 {
        let trace = Trace::create(4, 1_000).unwrap();
        let recording = trace.record();
        let mut process = Process::start(&[], || {
            loop {
                let bytes = codec::dumps(&[7_u64; 8]).unwrap();
                codec::loads::<[u64; 8]>(&bytes).unwrap();
            }
        })
        .unwrap();
        // Until it has come some way, another one each time.
        let watchdog = Instant::now() + Duration::from_secs(60);
        while process.counts().loads.calls < round * 7 {
            assert!(Instant::now() < watchdog, "the process does not begin");
            std::thread::yield_now();
        }
        process.kill();
        let counts = process.join(Duration::from_secs(60)).unwrap().counts;
        drop(recording);
        assert!([0, 1].contains(&(counts.dumps.calls - counts.loads.calls)), "{counts:?}");
        let (events, lost) = (trace.events(), trace.lost());
        assert!(lost.torn <= 1 && lost.without_ring == 0, "{lost:?}");
        let events: Vec<Event> = events.into_iter().filter(|event| event.pid == process.pid()).collect();
        let all = events.len() as u64 + lost.overwritten;
        // Start; begin and end of each dump and load; one torn; one ended but not yet counted, or counted and not yet ended.
        let counted = 1 + 2 * (counts.dumps.calls + counts.loads.calls);
        assert!((counted - 1..=counted + 2).contains(&all), "{all} events, {counted} by {counts:?}, {lost:?}");
        let turns = events.iter().filter(|event| event.kind != Kind::Start).map(|event| event.phase);
        assert!(turns.collect::<Vec<_>>().windows(2).all(|pair| pair[0] != pair[1]), "begin follows end follows begin");
    }
}

fn killed_workers_counts_agree() {
    for round in 0_u64..20 {
        let pool = Pool::start(Config::new(3)).unwrap();
        let victim = pool.worker_pids()[round as usize % 3];
        let done = std::thread::scope(|scope| {
            let mapped = scope.spawn(|| pool.map(Square, (0..2_000).collect(), Chunksize::from(1)));
            let watchdog = Instant::now() + Duration::from_secs(60);
            let tasks = || pool.worker_counts().iter().map(|counts| counts.tasks).sum::<u64>();
            while tasks() < round * 31 && !mapped.is_finished() {
                assert!(Instant::now() < watchdog, "the pool does not begin");
                std::thread::yield_now();
            }
            kill(Pid::from_raw(victim.cast_signed()), Signal::SIGKILL).unwrap();
            mapped.join().unwrap()
        });
        // It may have been too late to hurt anybody.
        assert!(done.is_ok() || done.unwrap_err().worker_pid() == Some(victim));
        let counts = pool.worker_counts();
        drop(pool);
        for counts in counts {
            let steps = [counts.reads.calls, counts.loads.calls, counts.tasks, counts.dumps.calls, counts.writes.calls];
            // Not beyond the step before; and not behind it by more than the task at hand and a sentinel.
            assert!(steps.windows(2).all(|pair| pair[1] <= pair[0] && pair[0] - pair[1] <= 2), "{counts:?}");
        }
    }
}

fn tail_names_who_did_what() {
    let trace = roomy();
    let recording = trace.record();
    (0..200).for_each(|_| instant(Kind::Mark));
    codec::dumps("the last").unwrap();
    drop(recording);
    let tail = trace.tail(100);
    let lines: Vec<&str> = tail.lines().collect();
    assert_eq!(lines.len(), 101);
    assert!(lines[0].starts_with("the last 100 of 202 events"), "{tail}");
    let pid = std::process::id().to_string();
    assert!(["encode", "end", "bytes 9", "main", &pid].iter().all(|word| lines[100].contains(word)), "{tail}");
}

fn without_a_recording_nothing() {
    let trace = roomy();
    codec::dumps(&1_u8).unwrap();
    let (outer, inner) = (trace.record(), roomy());
    let innermost = inner.record();
    instant(Kind::Mark);
    drop(innermost);
    instant(Kind::Start);
    drop(outer);
    codec::dumps(&1_u8).unwrap();
    let kinds = |trace: &Trace| trace.events().iter().map(|event| event.kind).collect::<Vec<_>>();
    assert_eq!((kinds(&inner), kinds(&trace)), (vec![Kind::Mark], vec![Kind::Start]));
}

fn more_threads_than_rings() {
    let trace = Trace::create(2, 10).unwrap();
    let recording = trace.record();
    for _ in 0..5 {
        std::thread::scope(|scope| scope.spawn(|| instant(Kind::Mark)).join().unwrap());
    }
    drop(recording);
    assert_eq!((trace.events().len(), trace.lost().without_ring), (2, 3));
}
