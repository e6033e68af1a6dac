//! What the interpreter lock costs a server that blocks: the median time to its answer, beside threads that never block.
//!
//! A server's thread echoes datagrams under the lock, and gives the lock away around each call. Spinners hold the lock and pass its safe points.
//! The client is another process. With a thought of 2 ms before each request the server really blocks, and then waits for the
//! spinners' switch interval; without one the next request is often there already. What CPython 3.8 and 3.13 took on one machine stands in
//! the table.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use criterion::Criterion;
use multiprocess::gil::{Attached, Gil};
use multiprocess::{Process, Status};

use crate::other_side::{Keeps, LONG};
use crate::table::{Row, Table, Target, configure};

const GROUP: &str = "gil";

/// How long the client thinks, where it does.
const THINK: Duration = Duration::from_millis(2);

/// The fewest requests that have a median.
const REQUESTS_AT_LEAST: u64 = 11;

/// One setting, and what CPython took in it: the median answer with a thought, the mean turn without one (38,980, 12,560 and 1,420 requests/s,
/// the median staying at about 10 us).
struct Load {
    interval: Duration,
    think: Duration,
    spinners: usize,
    cpython: &'static str,
}

const fn load(interval_us: u64, think: Duration, spinners: usize, cpython: &'static str) -> Load {
    Load { interval: Duration::from_micros(interval_us), think, spinners, cpython }
}

const LOADS: [Load; 9] = [
    load(5_000, THINK, 0, "58-61 us"),
    load(5_000, THINK, 1, "5.2-8.1 ms"),
    load(5_000, THINK, 2, "12-16 ms"),
    load(500, THINK, 0, "61 us"),
    load(500, THINK, 1, "0.66 ms"),
    load(500, THINK, 2, "0.66 ms"),
    load(5_000, Duration::ZERO, 0, "26 us a turn"),
    load(5_000, Duration::ZERO, 1, "80 us a turn"),
    load(5_000, Duration::ZERO, 2, "704 us a turn"),
];

/// Every setting, measured.
pub(crate) fn group(criterion: &mut Criterion, table: &mut Table) {
    let mut group = criterion.benchmark_group(GROUP);
    configure(&mut group);
    group.sample_size(10);
    for load in &LOADS {
        let think = if load.think.is_zero() { "no_think" } else { "think" };
        let id = format!("{}us/{think}/{}_spinners", load.interval.as_micros(), load.spinners);
        let run = |iterations: u64| {
            let median = echo(load, iterations.max(REQUESTS_AT_LEAST));
            median * u32::try_from(iterations).expect("a sample has few requests")
        };
        table.measure(&mut group, (GROUP, &id), None, run);
        table.row(Row {
            what: format!("{} us, {} beside; CPython {}", load.interval.as_micros(), load.spinners, load.cpython),
            measured: format!("{GROUP}/{id}"),
            limit: None,
            target: Target::Shown,
        });
    }
    group.finish();
}

/// The median of so many requests, after one that is not counted.
fn echo(load: &Load, requests: u64) -> Duration {
    let (server, client) = UnixDatagram::pair().expect("there are descriptors for two sockets");
    let (mut ours, theirs) = UnixStream::pair().expect("there are descriptors for two sockets");
    let (client, theirs) = (OwnedFd::from(client), OwnedFd::from(theirs));
    let process = Process::start(&[&Keeps(&[&client, &theirs])], || ask(&client, &theirs, load.think, requests));
    let mut process = process.expect("a bench has a single thread and room for a process");
    drop((client, theirs));
    server.set_read_timeout(Some(LONG)).expect("a limit of a minute");
    ours.set_read_timeout(Some(LONG)).expect("a limit of a minute");
    let (gil, over) = (Gil::new(load.interval), AtomicBool::new(false));
    let mut median = [0; 8];
    std::thread::scope(|scope| {
        scope.spawn(|| serve(&gil.attach(), &server));
        for _ in 0..load.spinners {
            scope.spawn(|| spin(&gil.attach(), &over));
        }
        let threads = u32::try_from(load.spinners + 1).expect("few threads");
        gil.wait_for_attached(threads, LONG).expect("every thread gets the lock once");
        ours.write_all(b"!").expect("the client waits for this");
        let answered = ours.read_exact(&mut median);
        over.store(true, Relaxed);
        answered.expect("the client tells the median");
    });
    let status = process.join(LONG).expect("the client has ended").status;
    assert_eq!(status, Status::Exited(0), "the client failed");
    Duration::from_nanos(u64::from_ne_bytes(median))
}

/// The life of the client: it waits until all threads run, asks, and tells the median. Its last request is empty, and ends the server.
fn ask(client: &OwnedFd, control: &OwnedFd, think: Duration, requests: u64) -> i32 {
    let copy = |fd: &OwnedFd| fd.try_clone().expect("a kept descriptor can be copied");
    let (socket, mut control) = (UnixDatagram::from(copy(client)), UnixStream::from(copy(control)));
    control.read_exact(&mut [0]).expect("the parent says when");
    // Nobody else has the sender, so the receiver is nothing but a clock.
    let (_clock, tick) = mpsc::channel::<()>();
    let mut times: Vec<Duration> = (0..=requests)
        .map(|_| {
            if !think.is_zero() {
                let _ = tick.recv_timeout(think);
            }
            let since = Instant::now();
            socket.send(b"echo").expect("the server listens");
            socket.recv(&mut [0; 8]).expect("the server answers");
            since.elapsed()
        })
        .skip(1)
        .collect();
    times.sort_unstable();
    let median = times[times.len() / 2].as_nanos() as u64;
    socket.send(&[]).expect("the server listens");
    control.write_all(&median.to_ne_bytes()).expect("the parent listens");
    0
}

/// Answers until an empty request comes. Both calls may block, so the lock is given away around each of them.
fn serve(thread: &Attached<'_>, socket: &UnixDatagram) {
    let mut request = [0; 64];
    loop {
        let length = thread.release_around(|| socket.recv(&mut request)).expect("the client asks");
        if length == 0 {
            return;
        }
        thread.release_around(|| socket.send(&request[..length])).expect("the client listens");
    }
}

/// Holds the lock until it is over, passing safe points.
fn spin(thread: &Attached<'_>, over: &AtomicBool) {
    while !over.load(Relaxed) {
        thread.checkpoint();
    }
}
