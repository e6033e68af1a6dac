//! The variants that fetch and then compute: threads alone, processes alone, and the hybrid.

use std::sync::{Mutex, PoisonError, mpsc};

use bincode::{Decode, Encode};
use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::gil::{Gil, SWITCH_INTERVAL};
use multiprocess::{Function, register_function};
use record::Params;

use super::fetch::{Answered, POOL_DEADLINE, by_threads, page, with_server, workers};
use super::http::Fault;
use super::work::{self, Page, digest};

/// What came of a page: its number, and its digest.
type Digest = (u64, u32);

fn of_digests(digests: &[Digest]) -> String {
    work::answer(digests.iter().copied())
}

/// By threads, each of which computes its page with `compute`.
fn threads_that(
    params: &Params,
    fetch_and_compute: &(impl Fn(&mut Next<'_>) -> Result<Vec<Digest>, Fault> + Sync),
) -> Answered {
    let work = |port| {
        let digests = Mutex::new(Vec::new());
        by_threads(workers(params, "workers"), params["requests"], port, &|next| {
            let own = fetch_and_compute(next)?;
            digests.lock().unwrap_or_else(PoisonError::into_inner).extend(own);
            Ok(())
        })?;
        Ok((digests.into_inner().unwrap_or_else(PoisonError::into_inner), Vec::new()))
    };
    with_server(params, work, |digests| of_digests(digests))
}

/// The next page; none if there is no more.
type Next<'a> = dyn FnMut() -> Result<Option<Page>, Fault> + 'a;

pub(super) fn threads(params: &Params) -> Answered {
    let rounds = params["work_rounds"];
    threads_that(params, &|next| {
        let mut digests = Vec::new();
        while let Some((number, page)) = next()? {
            digests.push((number, digest(&page, rounds, || ())));
        }
        Ok(digests)
    })
}

pub(super) fn threads_gil(params: &Params) -> Answered {
    let (rounds, gil) = (params["work_rounds"], Gil::new(SWITCH_INTERVAL));
    // ANCHOR: under_lock
    threads_that(params, &|next| {
        let held = gil.attach();
        let mut digests = Vec::new();
        // Whoever waits for a page gives the lock away; whoever computes has it.
        while let Some((number, page)) = held.release_around(&mut *next)? {
            digests.push((number, digest(&page, rounds, || held.checkpoint())));
        }
        Ok(digests)
    })
    // ANCHOR_END: under_lock
}

/// Fetches a page and computes its digest, in a worker process. Only two numbers come back.
#[derive(Debug, Encode, Decode)]
struct FetchAndCompute {
    port: u16,
    rounds: u64,
}

impl Function for FetchAndCompute {
    const NAME: &'static str = "io_or_cpu::FetchAndCompute";
    type State = ();
    type Item = u64;
    type Output = Result<Digest, String>;

    fn call(&self, _: &(), number: u64) -> Result<Digest, String> {
        let page = page(self.port, number).map_err(|fault| fault.to_string())?;
        Ok((number, digest(&page, self.rounds, || ())))
    }
}
register_function!(FetchAndCompute);

fn processes_of(params: &Params, processes: usize) -> Answered {
    let work = |port| {
        let pool = Pool::start(Config::new(processes).deadline(POOL_DEADLINE))?;
        let task = FetchAndCompute { port, rounds: params["work_rounds"] };
        let digests = pool.map(task, (0..params["requests"]).collect(), Chunksize::from(1))?;
        let reports = pool.finish()?;
        Ok((digests.into_iter().collect::<Result<Vec<Digest>, _>>()?, reports))
    };
    with_server(params, work, |digests| of_digests(digests))
}

pub(super) fn processes_few(params: &Params) -> Answered {
    processes_of(params, workers(params, "pool_workers"))
}

pub(super) fn processes_many(params: &Params) -> Answered {
    processes_of(params, workers(params, "workers"))
}

/// Computes the digest of a page that somebody else has fetched.
#[derive(Debug, Encode, Decode)]
struct Compute {
    rounds: u64,
}

impl Function for Compute {
    const NAME: &'static str = "io_or_cpu::Compute";
    type State = ();
    type Item = Page;
    type Output = Digest;

    fn call(&self, _: &(), (number, page): Page) -> Digest {
        (number, digest(&page, self.rounds, || ()))
    }
}
register_function!(Compute);

pub(super) fn hybrid(params: &Params) -> Answered {
    let (requests, threads) = (params["requests"], workers(params, "workers"));
    // ANCHOR: hybrid
    let work = |port| {
        // Forked first, while this process has one thread.
        let pool = Pool::start(Config::new(workers(params, "pool_workers")).deadline(POOL_DEADLINE))?;
        let (fetched, pages) = mpsc::channel::<Page>();
        let digests = pool.imap_unordered(Compute { rounds: params["work_rounds"] }, pages, Chunksize::from(1))?;
        // It is the threads' ends that end the stream of pages.
        let fetched = Mutex::new(Some(fetched));
        let sender = || fetched.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let outcome = by_threads(threads, requests, port, &|next| {
            let sender = sender().ok_or("the pages have ended")?;
            while let Some(page) = next()? {
                sender.send(page)?;
            }
            Ok(())
        });
        fetched.lock().unwrap_or_else(PoisonError::into_inner).take();
        let digests = outcome.and_then(|()| Ok(digests.collect::<Result<Vec<Digest>, _>>()?))?;
        Ok((digests, pool.finish()?))
    };
    // ANCHOR_END: hybrid
    with_server(params, work, |digests| of_digests(digests))
}
