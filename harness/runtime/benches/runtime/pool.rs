//! The pool: many do-nothing tasks, one task in flight, and its start.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use criterion::Criterion;
use multiprocess::Process;
use multiprocess::pool::{Config, Pool, Transport, Workers};

use crate::limits::timed;
use crate::other_side::{Keeps, LONG, OtherSide};
use crate::placement::{Placement, pin};
use crate::table::{Row, Table, Target, configure};

const GROUP: &str = "pool";

/// What tasks go by, and its name.
const TRANSPORTS: [(Transport, &str); 2] = [(Transport::Stream, "stream"), (Transport::Ring, "ring")];

/// How long one task in flight may take by ring.
const BY_RING_WITHIN: Duration = Duration::from_micros(5);

/// How many tasks go through the pool in one iteration.
const TASKS: u64 = 50_000;

/// At 5,000,000 tasks a second.
const TASKS_WITHIN: Duration = Duration::from_millis(10);

/// What a job of one task is written as: its function, the task, and the end of the job before; and its reply.
const THERE_BYTES: usize = 120;
const BACK_BYTES: usize = 32;

/// Returns its item.
#[derive(bincode::Encode, bincode::Decode)]
struct Same;

impl multiprocess::Function for Same {
    const NAME: &'static str = "bench::Same";
    type State = ();
    type Item = u64;
    type Output = u64;

    fn call(&self, _: &(), item: u64) -> u64 {
        item
    }
}
multiprocess::register_function!(Same);

/// The pool, measured, and the targets it was given.
pub(crate) fn group(criterion: &mut Criterion, table: &mut Table) {
    let mut group = criterion.benchmark_group(GROUP);
    configure(&mut group);
    let mut measure = |id: &str, run: &mut dyn FnMut(u64) -> Duration| {
        table.measure(&mut group, (GROUP, id), None, run);
    };
    for placement in Placement::all() {
        socket_ping_pong(placement, |run| measure(&format!("socket_ping_pong/{}", placement.name()), run));
        for (transport, name) in TRANSPORTS {
            let id = format!("one_in_flight_by_{name}/{}", placement.name());
            one_in_flight(placement, transport, |run| measure(&id, run));
        }
    }
    for (transport, name) in TRANSPORTS {
        tasks(transport, |run| measure(&format!("tasks_by_{name}"), run));
    }
    measure("two_forks", &mut |iterations| timed(iterations, || (0..2).for_each(|_| fork_and_wait())));
    measure("start", &mut |iterations| {
        timed(iterations, || finish(Pool::start(Config::new(2)).expect("this process has one thread")))
    });
    group.finish();
    rows().into_iter().for_each(|row| table.row(row));
}

fn finish(pool: Pool) {
    pool.finish(LONG).expect("nothing is left to do");
}

fn fork_and_wait() {
    let mut process = Process::start(&[], || 0).expect("this process has one thread");
    process.join(LONG).expect("it has nothing to do");
}

/// Many items that cost nothing, each a task of its own.
fn tasks(transport: Transport, measure: impl FnOnce(&mut dyn FnMut(u64) -> Duration)) {
    let pool = Pool::start(Config::new(2).transport(transport)).expect("this process has one thread");
    measure(&mut |iterations| {
        timed(iterations, || {
            let outputs = pool.map(Same, (0..TASKS).collect(), 1).expect("every task is done");
            assert_eq!(outputs.len() as u64, TASKS);
        })
    });
    finish(pool);
}

/// One item there and back, by a worker that waits for it.
fn one_in_flight(placement: Placement, transport: Transport, measure: impl FnOnce(&mut dyn FnMut(u64) -> Duration)) {
    let (ours, theirs) = placement.cores();
    // A worker runs where its pool was started.
    let pinned = pin(theirs);
    let pool = Pool::start(Config::new(1).transport(transport)).expect("this process has one thread");
    drop(pinned);
    let _here = pin(ours);
    measure(&mut |iterations| timed(iterations, || assert_eq!(pool.apply(Same, 7).expect("it is done"), 7)));
    finish(pool);
}

/// As many bytes there and back as one task has, each by one write and one read.
fn socket_ping_pong(placement: Placement, measure: impl FnOnce(&mut dyn FnMut(u64) -> Duration)) {
    let (mut ours, theirs) = UnixStream::pair().expect("there are descriptors");
    let theirs = std::os::fd::OwnedFd::from(theirs);
    let echo = || {
        let mut theirs = std::fs::File::from(theirs.try_clone().expect("a kept descriptor can be copied"));
        let mut ball = [0; THERE_BYTES];
        while theirs.read_exact(&mut ball).is_ok() {
            theirs.write_all(&ball[..BACK_BYTES]).expect("the other side catches");
        }
    };
    let other = OtherSide::start(placement, &[&Keeps(&[&theirs])], echo);
    drop(theirs);
    measure(&mut |iterations| {
        timed(iterations, || {
            ours.write_all(&[7; THERE_BYTES]).expect("the other side lives");
            ours.read_exact(&mut [0; BACK_BYTES]).expect("the other side answers");
        })
    });
    drop(ours);
    other.join();
}

fn rows() -> Vec<Row> {
    let row = |what: String, measured: String, limit: Option<String>, target| Row { what, measured, limit, target };
    let in_flight = Placement::all().into_iter().flat_map(|placement| {
        let id = |what: &str| format!("{GROUP}/{what}/{}", placement.name());
        let what = |name: &str| format!("pool, one task in flight by {name}, {}", placement.name());
        let socket = Some(id("socket_ping_pong"));
        [
            row(what("stream"), id("one_in_flight_by_stream"), socket.clone(), Target::AtMost(1.15)),
            row(what("ring"), id("one_in_flight_by_ring"), socket, Target::Within(BY_RING_WITHIN)),
        ]
    });
    let tasks = TRANSPORTS.map(|(_, name)| {
        let what = format!("pool, 50,000 do-nothing tasks by {name}");
        row(what, format!("{GROUP}/tasks_by_{name}"), None, Target::Within(TASKS_WITHIN))
    });
    let start = row(
        "pool, start and finish of 2 workers".to_owned(),
        format!("{GROUP}/start"),
        Some(format!("{GROUP}/two_forks")),
        Target::AtMost(2.0),
    );
    in_flight.chain(tasks).chain([start]).collect()
}
