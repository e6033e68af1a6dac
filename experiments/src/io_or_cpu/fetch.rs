//! The variants that only fetch: one after the other, by threads, by tasks on one thread, by processes.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use bincode::{Decode, Encode};
use harness::{Measured, Outcome};
use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::meter::WorkerReport;
use multiprocess::{Function, Usage, register_function, trap};
use record::Params;

use super::http::{AsyncSession, Fault, Session};
use super::server::Server;
use super::work::{self, Page};
use crate::turns;

pub(super) type Answered = Result<Outcome, Fault>;

/// Longer than any subject's deadline.
pub(super) const POOL_DEADLINE: Duration = Duration::from_secs(3_600);

/// How long ended threads may be listed.
const ALONE_WITHIN: Duration = Duration::from_secs(10);

/// Connections that are open at once at most, however many requests there are: each takes two descriptors.
const AT_ONCE_MOST: usize = 256;

/// How many workers fetch: no more than there are requests, and one at least.
pub(super) fn workers(params: &Params, name: &str) -> usize {
    params[name].min(params["requests"]).max(1) as usize
}

/// Starts the server, measures `work`, which is told its port, and ends the server. What came of it becomes the answer after the clock
/// has stopped.
pub(super) fn with_server<T>(
    params: &Params,
    work: impl FnOnce(u16) -> Result<(T, Vec<WorkerReport>), Fault>,
    answer: impl FnOnce(&T) -> String,
) -> Answered {
    with_sweep(params, work, answer, None)
}

/// Fetches all pages with so many workers, from the server at a port.
type Fetching<'a> = &'a dyn Fn(u16, usize) -> Result<(), Fault>;

/// The same, and then, off the clock, a sweep over the number of those that fetch.
fn with_sweep<T>(
    params: &Params,
    work: impl FnOnce(u16) -> Result<(T, Vec<WorkerReport>), Fault>,
    answer: impl FnOnce(&T) -> String,
    sweep: Option<Fetching<'_>>,
) -> Answered {
    let server = Server::start(params)?;
    let mut rss = Vec::new();
    let measured = Measured::take(|| {
        let (value, reports) = work(server.port)?;
        rss.extend(reports.iter().map(|report| report.usage.max_rss_bytes));
        Ok::<_, Fault>((value, reports))
    })?;
    // Before anything is done that the variant itself does not.
    let own = peak_bytes();
    let outcome = server.told(measured.answer(answer));
    let mut outcome =
        outcome.fact("processes", 1 + rss.len() as u64).fact("memory_bytes", own + rss.iter().sum::<u64>());
    if let Some(fetch) = sweep {
        let points = points(workers(params, "workers"));
        let mut took = vec![0; points.len()];
        for at in turns::order(points.len(), 0) {
            until_alone()?;
            let begin = Instant::now();
            fetch(server.port, points[at])?;
            took[at] = u64::try_from(begin.elapsed().as_nanos())?;
        }
        outcome =
            outcome.series("at_once", points.iter().map(|count| *count as u64).collect()).series("sweep_ns", took);
    }
    server.end()?;
    Ok(outcome)
}

/// The most memory that this program had in this process. What getrusage(2) tells outlives an exec, and would be that of whoever started it.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.split_ascii_whitespace().next()?.parse::<u64>().ok());
    kib.map_or_else(|| Usage::of_this_process().max_rss_bytes, |kib| kib * 1_024)
}

/// How many fetch at the same time in a sweep: some, in steps of two, and as many as there are.
fn points(workers: usize) -> Vec<usize> {
    let steps = std::iter::successors(Some(4), |count| Some(count * 2));
    steps.take_while(|count| *count < workers).chain([workers]).collect()
}

/// A thread that was joined is still listed for a moment, and a pool is forked by a process with one thread.
fn until_alone() -> Result<(), Fault> {
    let deadline = Instant::now() + ALONE_WITHIN;
    while trap::thread_count()? > 1 && Instant::now() < deadline {
        thread::yield_now();
    }
    Ok(())
}

fn of_pages(params: &Params) -> impl FnOnce(&Vec<Page>) -> String {
    let rounds = params["work_rounds"];
    move |pages| work::of_pages(pages, rounds)
}

pub(super) fn serial(params: &Params) -> Answered {
    let fetch = |port| {
        let mut session = Session::open(port)?;
        let pages = (0..params["requests"]).map(|number| Ok((number, session.get(number)?)));
        Ok((pages.collect::<Result<Vec<Page>, Fault>>()?, Vec::new()))
    };
    with_server(params, fetch, of_pages(params))
}

// ANCHOR: threads
/// So many threads, each with a connection of its own, take the next number as soon as they have a page; `each` gets it.
pub(super) fn by_threads(
    threads: usize,
    requests: u64,
    port: u16,
    each: &(impl Fn(&mut dyn FnMut() -> Result<Option<Page>, Fault>) -> Result<(), Fault> + Sync),
) -> Result<(), Fault> {
    let next = AtomicU64::new(0);
    let one = || {
        let mut session = Session::open(port)?;
        each(&mut || {
            let number = next.fetch_add(1, Relaxed);
            let wanted = number < requests;
            wanted.then(|| Ok((number, session.get(number)?))).transpose()
        })
    };
    thread::scope(|scope| {
        let started: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        started.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a thread panicked")?)
    })
}
// ANCHOR_END: threads

pub(super) fn threads(params: &Params) -> Answered {
    let requests = params["requests"];
    let fetch = |port, threads| {
        let pages = Mutex::new(Vec::new());
        by_threads(threads, requests, port, &|next| {
            while let Some(page) = next()? {
                pages.lock().unwrap_or_else(PoisonError::into_inner).push(page);
            }
            Ok(())
        })?;
        Ok::<_, Fault>(pages.into_inner().unwrap_or_else(PoisonError::into_inner))
    };
    let work = |port| Ok((fetch(port, workers(params, "workers"))?, Vec::new()));
    with_sweep(params, work, of_pages(params), Some(&|port, threads| fetch(port, threads).map(drop)))
}

// ANCHOR: tasks
/// As many tasks as there were threads, all on this one.
async fn by_tasks(tasks: usize, requests: u64, port: u16) -> Result<Vec<Page>, Fault> {
    let (next, pages) = (Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(Vec::new())));
    let mut set = tokio::task::JoinSet::new();
    for _ in 0..tasks {
        let (next, pages) = (Arc::clone(&next), Arc::clone(&pages));
        set.spawn(async move {
            let mut session = AsyncSession::open(port).await?;
            loop {
                let number = next.fetch_add(1, Relaxed);
                if number >= requests {
                    return Ok::<_, Fault>(());
                }
                let page = session.get(number).await?;
                pages.lock().unwrap_or_else(PoisonError::into_inner).push((number, page));
            }
        });
    }
    while let Some(ended) = set.join_next().await {
        ended??;
    }
    let mut pages = pages.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(std::mem::take(&mut *pages))
}
// ANCHOR_END: tasks

/// The pages, by an executor that has this thread and no other.
fn asynchronous(tasks: usize, requests: u64, port: u16) -> Result<Vec<Page>, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    runtime.block_on(by_tasks(tasks, requests, port))
}

pub(super) fn tasks(params: &Params) -> Answered {
    let requests = params["requests"];
    let work = |port| Ok((asynchronous(workers(params, "workers"), requests, port)?, Vec::new()));
    with_sweep(params, work, of_pages(params), Some(&|port, tasks| asynchronous(tasks, requests, port).map(drop)))
}

pub(super) fn tasks_at_once(params: &Params) -> Answered {
    let requests = params["requests"];
    let tasks = workers(params, "requests").min(AT_ONCE_MOST);
    with_server(params, |port| Ok((asynchronous(tasks, requests, port)?, Vec::new())), of_pages(params))
}

thread_local! {
    /// The connection of a worker process, opened with its first task.
    static SESSION: RefCell<Option<Session>> = const { RefCell::new(None) };
}

/// A page by the connection of this worker.
pub(super) fn page(port: u16, number: u64) -> Result<Vec<u8>, Fault> {
    SESSION.with_borrow_mut(|kept| {
        let mut session = match kept.take() {
            Some(session) => session,
            None => Session::open(port)?,
        };
        let page = session.get(number)?;
        *kept = Some(session);
        Ok(page)
    })
}

// ANCHOR: fetch
/// The page of a number, fetched in a worker process and sent back.
#[derive(Debug, Encode, Decode)]
struct Fetch {
    port: u16,
}

impl Function for Fetch {
    const NAME: &'static str = "io_or_cpu::Fetch";
    type State = ();
    type Item = u64;
    type Output = Result<Page, String>;

    fn call(&self, _: &(), number: u64) -> Result<Page, String> {
        page(self.port, number).map(|page| (number, page)).map_err(|fault| fault.to_string())
    }
}
register_function!(Fetch);
// ANCHOR_END: fetch

fn by_processes(processes: usize, requests: u64, port: u16) -> Result<(Vec<Page>, Vec<WorkerReport>), Fault> {
    let pool = Pool::start(Config::new(processes).deadline(POOL_DEADLINE))?;
    let pages = pool.map(Fetch { port }, (0..requests).collect(), Chunksize::from(1))?;
    let reports = pool.finish()?;
    Ok((pages.into_iter().collect::<Result<_, _>>()?, reports))
}

pub(super) fn processes_few(params: &Params) -> Answered {
    let (requests, processes) = (params["requests"], workers(params, "pool_workers"));
    with_server(params, |port| by_processes(processes, requests, port), of_pages(params))
}

pub(super) fn processes_many(params: &Params) -> Answered {
    let (requests, processes) = (params["requests"], workers(params, "workers"));
    let sweep: Fetching<'_> = &|port, processes| by_processes(processes, requests, port).map(drop);
    with_sweep(params, |port| by_processes(processes, requests, port), of_pages(params), Some(sweep))
}
