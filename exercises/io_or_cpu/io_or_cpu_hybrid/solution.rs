//! Bound the hybrid.
//!
//! Threads fetch pages, and processes compute a digest from each. Here there is a thread for every page: all requests reach the server
//! at once, and what it sends lies about until a worker has time for it. Let no more than `limit` requests be under way at a time, and no
//! fewer while there are enough left; of the bodies that have come, let at most 3 x `limit` wait for a worker. Some pages cannot be had:
//! that is the answer for these, and for no others. The server counts what is asked of it at once, and which bodies no worker has begun.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use exercises::Sheet;
use exercises::server::{Body, Page, Server, Slow};
use multiprocess::pool::{Config, Flow, Pool, Workers};
use multiprocess::{Error, Function};

/// The digest of a page, or why there is none.
type Answer = Result<u64, String>;

/// Computes the answer for the page of this number, as it was fetched.
#[derive(bincode::Encode, bincode::Decode)]
struct Digest;

impl Function for Digest {
    const NAME: &'static str = "io_or_cpu_hybrid::Digest";
    type State = ();
    type Item = (u64, Result<Body, String>);
    type Output = (u64, Answer);

    fn call(&self, _: &(), (number, fetched): (u64, Result<Body, String>)) -> (u64, Answer) {
        (number, fetched.map(|body| body.digest()))
    }
}
multiprocess::register_function!(Digest);

/// The answers for the pages below `pages`, in their order: fetched by threads, at most `limit` at a time, and computed by two processes.
pub fn digests(server: &Server, pages: u64, limit: usize) -> Result<Vec<Answer>, Error> {
    // Forked first, while this process has one thread.
    let pool = Pool::start(Config::new(2))?;
    let mut answers = vec![Err("nobody has asked for it".to_owned()); pages as usize];
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        // BEGIN SOLUTION
        //| // TODO: no more than `limit` requests at a time, and no more than 3 x `limit` bodies without a worker.
        //| let (fetched, bodies) = mpsc::channel();
        //| for _ in 0..pages {
        //|     let (fetched, next) = (fetched.clone(), &next);
        //|     scope.spawn(move || {
        //|         let number = next.fetch_add(1, Relaxed);
        //|         fetched.send((number, server.get(number)))
        //|     });
        //| }
        //| let flow = Flow::default();
        // A third of the bodies in the hands of the threads, a third in the channel, a third with the pool.
        let (fetched, bodies) = mpsc::sync_channel(limit);
        for _ in 0..limit {
            let (fetched, next) = (fetched.clone(), &next);
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Relaxed);
                    // Nobody takes it any more if the pool has failed.
                    if number >= pages || fetched.send((number, server.get(number))).is_err() {
                        return;
                    }
                }
            });
        }
        let flow = Flow { chunksize: 1, prefetch: limit };
        // END SOLUTION
        // The channel ends when every sender is gone.
        drop(fetched);
        // Takes bodies from the channel only as `flow` allows.
        for (_, outcome) in pool.imap_unordered(Digest, bodies, flow)? {
            let (number, answer) = outcome?;
            answers[number as usize] = answer;
        }
        Ok::<_, Error>(())
    })?;
    pool.finish(Duration::from_secs(5))?;
    Ok(answers)
}

fn main() -> ExitCode {
    multiprocess::init();
    let mut pages: Vec<Page> = (0..50).map(|number| Page::Body(vec![number; 10_000])).collect();
    pages[7] = Page::Refused;
    pages[11] = Page::CutOff;
    let mut sheet = Sheet::new();
    for (what, slow) in [("slow network", Slow::Network(5)), ("slow work", Slow::Work)] {
        let server = Server::start(pages.clone(), slow).expect("a port and a process");
        let answers = digests(&server, 50, 5).expect("two workers");
        let digests = answers.iter().filter(|answer| answer.is_ok()).count() as u64;
        sheet.exactly(format_args!("{what}: digests"), digests, 48);
        match slow {
            Slow::Network(_) => sheet.exactly(format_args!("{what}: requests at a time"), server.in_flight_most(), 5),
            Slow::Work => sheet.at_most(format_args!("{what}: bodies without a worker"), server.waiting_most(), 15),
        }
    }
    sheet.end()
}
