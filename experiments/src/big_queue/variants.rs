//! The variants: the same products, and one of five things on the queue, per iteration or once per worker.
//!
//! Workers are forked, and their matrices and arrays made, before the measured time begins: it runs from the word "go" until
//! all items have been received and all workers are done. They end, and whole arrays are checked, after it.

use std::error::Error;
use std::time::{Duration, Instant};

use harness::{Measured, Outcome};
use multiprocess::meter::{self, Counts, WorkerReport};
use multiprocess::{Inherited, Process, Queue, Semaphore, SharedBlocks, StateSampler, States};
use record::Params;

use super::cargo::{Beside, Cargo, FOR_EVER, Item, Kind};
use super::products::{Products, mixed};

type Failure = Box<dyn Error + Send + Sync>;
type Answered = Result<Outcome, Failure>;

/// How often a wait looks whether all workers are still alive.
const LOOK_UP_EVERY: Duration = Duration::from_secs(1);

/// The first period of the state samples, per worker: looking at many takes longer. And how many are kept.
const SAMPLE_EVERY: Duration = Duration::from_micros(500);
const SAMPLES_AT_MOST: usize = 200;

/// When a worker puts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// After each product.
    EachIteration,
    /// When it has done them all.
    OncePerWorker,
}

/// The parameters, typed.
#[derive(Debug)]
struct Setting {
    workers: usize,
    iterations: u64,
    matrix: usize,
    numbers: usize,
    bound: u32,
    kind: Kind,
    reading: Reading,
}

impl Setting {
    fn new(params: &Params, kind: Kind, reading: Reading) -> Result<Self, Failure> {
        Ok(Self {
            workers: usize::try_from(params["workers"])?,
            iterations: params["iterations"],
            matrix: usize::try_from(params["matrix"])?,
            numbers: usize::try_from(params["item_rows"] * params["item_cols"] * 3)?,
            bound: u32::try_from(params["queue_bound"])?,
            kind,
            reading,
        })
    }

    fn puts_per_worker(&self) -> u64 {
        match self.reading {
            Reading::EachIteration => self.iterations,
            Reading::OncePerWorker => 1,
        }
    }

    fn items(&self) -> u64 {
        self.puts_per_worker() * self.workers as u64
    }
}

/// What the parent makes and the workers inherit.
struct Plant {
    queue: Queue<Item>,
    beside: Beside,
    ready: Semaphore,
    go: Semaphore,
    done: Semaphore,
    leave: Semaphore,
    /// What each worker says at its end; see [`Said`].
    said: SharedBlocks,
}

impl Plant {
    fn new(setting: &Setting) -> Result<Self, multiprocess::Error> {
        Ok(Self {
            queue: Queue::new(setting.bound)?,
            beside: Beside::new(setting.kind, setting.workers, setting.numbers)?,
            ready: Semaphore::new(0)?,
            go: Semaphore::new(0)?,
            done: Semaphore::new(0)?,
            leave: Semaphore::new(0)?,
            said: SharedBlocks::create(setting.workers, Said::NUMBERS)?,
        })
    }
}

/// What a worker says at its end, in whole numbers that an `f64` holds exactly.
#[derive(Default)]
struct Said {
    checksum: u64,
    product_ns: u64,
    store_ns: u64,
}

impl Said {
    const NUMBERS: usize = 4;

    fn write(&self, to: &mut [f64]) {
        let parts = [self.checksum >> 32, self.checksum & 0xffff_ffff, self.product_ns, self.store_ns];
        to.iter_mut().zip(parts).for_each(|(number, part)| *number = part as f64);
    }

    fn add(&mut self, from: &[f64]) {
        let part = |index: usize| from[index] as u64;
        self.checksum = self.checksum.wrapping_add(part(0) << 32 | part(1));
        self.product_ns += part(2);
        self.store_ns += part(3);
    }
}

// ANCHOR: worker
/// The life of a worker.
fn work(setting: &Setting, plant: &Plant, worker: usize) -> Result<(), Failure> {
    let mut products = Products::new(worker, setting.matrix);
    let mut cargo = Cargo::new(setting.kind, worker, setting.numbers, &plant.beside)?;
    let mut storing = Duration::ZERO;
    let mut put = || -> Result<(), Failure> {
        let begin = Instant::now();
        let item = cargo.next()?;
        storing += begin.elapsed();
        Ok(plant.queue.put(item, FOR_EVER)?)
    };
    plant.ready.release()?;
    plant.go.acquire(FOR_EVER)?;
    for iteration in 0..setting.iterations {
        products.next(iteration);
        if setting.reading == Reading::EachIteration {
            put()?;
        }
    }
    if setting.reading == Reading::OncePerWorker {
        put()?;
    }
    plant.queue.close();
    plant.queue.join_thread(FOR_EVER)?;
    // ANCHOR_END: worker
    let said = Said { checksum: products.checksum, product_ns: ns(products.time), store_ns: ns(storing) };
    said.write(&mut plant.said.take(worker, FOR_EVER)?);
    cargo.finish()?;
    plant.done.release()?;
    // The kernel takes as long to free an array as a product takes: no worker ends before all are done.
    Ok(plant.leave.acquire(FOR_EVER)?)
}

/// What the measured part leaves.
struct Drained {
    received: Vec<u64>,
    strange: u64,
    last: Option<multiprocess::Numbers>,
    fetching: Duration,
    states: States,
    parent: Counts,
}

/// Runs the experiment with `kind` on the queue.
fn experiment(params: &Params, kind: Kind, reading: Reading) -> Answered {
    let setting = Setting::new(params, kind, reading)?;
    let plant = Plant::new(&setting)?;
    let mut processes = start(&setting, &plant)?;
    for _ in 0..setting.workers {
        patiently(&processes, || plant.ready.acquire(LOOK_UP_EVERY), multiprocess::Error::is_deadline)?;
    }
    let measured = Measured::take(|| Ok::<_, Failure>((run(&setting, &plant, &processes)?, Vec::new())))?;
    let workers = end(&plant, &mut processes)?;
    let mut said = Said::default();
    for worker in 0..setting.workers {
        said.add(&plant.said.take(worker, Duration::ZERO)?);
    }
    let mut facts = None;
    let outcome = measured.with_workers(workers.clone()).answer(|drained| {
        facts = Some(facts_of(&setting, drained, &workers, &said));
        let wrong = wrong_items(&setting, &plant, drained);
        format!("{:016x}", said.checksum.wrapping_add(if wrong == 0 { 0 } else { mixed(wrong) }))
    });
    let (facts, states) = facts.ok_or("the answer was not asked for")?;
    let outcome = facts.into_iter().fold(outcome, |outcome, (name, value)| outcome.fact(name, value));
    Ok(outcome
        .fact("states_period_ns", ns(states.period))
        .series("states_running", states.running)
        .series("states_sleeping", states.sleeping)
        .series("states_disk", states.disk))
}

fn start(setting: &Setting, plant: &Plant) -> Result<Vec<Process>, multiprocess::Error> {
    let inherits: [&dyn Inherited; 1] = [&plant.queue];
    let life = |worker| match work(setting, plant, worker) {
        Ok(()) => 0,
        Err(fault) => {
            eprintln!("worker {worker}: {fault}");
            1
        }
    };
    (0..setting.workers).map(|worker| Process::start(&inherits, || life(worker))).collect()
}

/// Lets the workers leave, and reaps them.
fn end(plant: &Plant, processes: &mut [Process]) -> Result<Vec<WorkerReport>, Failure> {
    for _ in &*processes {
        plant.leave.release()?;
    }
    let report = |process: &mut Process| -> Result<WorkerReport, Failure> {
        let report = process.join(FOR_EVER)?;
        match report.status {
            multiprocess::Status::Exited(0) => Ok(report),
            status => Err(format!("worker {} {status}", report.pid).into()),
        }
    };
    processes.iter_mut().map(report).collect()
}

/// The measured part: from the word "go" until every worker is done.
fn run(setting: &Setting, plant: &Plant, processes: &[Process]) -> Result<Drained, Failure> {
    let before = meter::counts();
    for _ in 0..setting.workers {
        plant.go.release()?;
    }
    let pids = processes.iter().map(Process::pid).collect();
    let period = SAMPLE_EVERY * u32::try_from(setting.workers)?;
    let sampler = StateSampler::start(pids, period, SAMPLES_AT_MOST)?;
    let (mut received, mut strange, mut last, mut fetching) = (vec![0; setting.workers], 0, None, Duration::ZERO);
    for _ in 0..setting.items() {
        let item = patiently(processes, || plant.queue.get(LOOK_UP_EVERY), multiprocess::Error::is_empty)?;
        let begin = Instant::now();
        let owner = plant.beside.receive(item, setting.numbers, &mut last)?;
        fetching += begin.elapsed();
        match owner.and_then(|owner| received.get_mut(usize::try_from(owner).ok()?)) {
            Some(count) => *count += 1,
            None => strange += 1,
        }
    }
    for _ in processes {
        patiently(processes, || plant.done.acquire(LOOK_UP_EVERY), multiprocess::Error::is_deadline)?;
    }
    let states = sampler.stop()?;
    Ok(Drained { received, strange, last, fetching, states, parent: meter::counts().since(&before) })
}

/// Tries again as long as it is only `too_early` and no worker has failed.
fn patiently<T>(
    processes: &[Process],
    mut attempt: impl FnMut() -> Result<T, multiprocess::Error>,
    too_early: fn(&multiprocess::Error) -> bool,
) -> Result<T, Failure> {
    loop {
        match attempt() {
            Err(fault) if too_early(&fault) => {}
            other => return Ok(other?),
        }
        for process in processes {
            match process.exit_status()? {
                None | Some(multiprocess::Status::Exited(0)) => {}
                Some(status) => return Err(format!("worker {} {status}", process.pid()).into()),
            }
        }
    }
}

/// How many items were not what was put, or did not come, or came twice.
fn wrong_items(setting: &Setting, plant: &Plant, drained: &Drained) -> u64 {
    let miscounted: u64 = drained.received.iter().map(|count| count.abs_diff(setting.puts_per_worker())).sum();
    drained.strange
        + miscounted
        + plant.beside.spoilt(setting.numbers, setting.puts_per_worker(), drained.last.as_ref())
}

/// Where the time of one item goes, on average; and the states.
fn facts_of(
    setting: &Setting,
    drained: &Drained,
    workers: &[WorkerReport],
    said: &Said,
) -> (Vec<(&'static str, u64)>, States) {
    let items = setting.items().max(1);
    let products = (setting.iterations * setting.workers as u64).max(1);
    let in_workers = |time: fn(&Counts) -> Duration| -> u64 {
        workers.iter().map(|worker| ns(time(&worker.counts))).sum::<u64>() / items
    };
    let sent: u64 = workers.iter().map(|worker| worker.counts.writes.bytes).sum();
    let facts = vec![
        ("items", setting.items()),
        ("item_bytes", sent / items),
        ("product_ns", said.product_ns / products),
        ("store_ns", said.store_ns / items),
        ("slot_wait_ns", in_workers(|counts| counts.slot_waits.time)),
        ("encode_ns", in_workers(|counts| counts.dumps.time)),
        ("lock_wait_ns", in_workers(|counts| counts.lock_waits.time)),
        ("write_ns", in_workers(|counts| counts.writes.time)),
        ("read_ns", ns(drained.parent.reads.time) / items),
        ("decode_ns", ns(drained.parent.loads.time) / items),
        ("fetch_ns", ns(drained.fetching) / items),
    ];
    (facts, drained.states.clone())
}

fn ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

pub(super) fn small_each(params: &Params) -> Answered {
    experiment(params, Kind::Number, Reading::EachIteration)
}

pub(super) fn big_each(params: &Params) -> Answered {
    experiment(params, Kind::Array, Reading::EachIteration)
}

pub(super) fn small_once(params: &Params) -> Answered {
    experiment(params, Kind::Number, Reading::OncePerWorker)
}

pub(super) fn big_once(params: &Params) -> Answered {
    experiment(params, Kind::Array, Reading::OncePerWorker)
}

pub(super) fn shared_each(params: &Params) -> Answered {
    experiment(params, Kind::SharedInPlace, Reading::EachIteration)
}

pub(super) fn shared_copy_each(params: &Params) -> Answered {
    experiment(params, Kind::SharedCopy, Reading::EachIteration)
}

pub(super) fn file_each(params: &Params) -> Answered {
    experiment(params, Kind::File, Reading::EachIteration)
}
