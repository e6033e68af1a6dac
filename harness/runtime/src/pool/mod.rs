//! The pool to use: one channel per worker, many tasks in flight on each, and a lost worker costs exactly the task it was at.
//!
//! A [`Pool`] has workers in processes, [`Threads`] has them in this one; both are [`Workers`], so that a program can swap them. What
//! crosses is a [`Function`], found by name; what each worker keeps is left by an [`Initializer`].
//!
//! The state that an initializer leaves belongs to one worker, and its tasks come one after the other: it needs neither locks nor `Sync`. A
//! [`Cell`](std::cell::Cell) in it is a counter, a [`RefCell`](std::cell::RefCell) a cache, for as long as the worker lives.
//!
//! `README.md` beside this file describes the protocol: parties, states, steps, the races and why they cost nothing.
//!
//! ```no_run
//! use multiprocess::pool::{Config, Pool, Workers};
//!
//! #[derive(bincode::Encode, bincode::Decode)]
//! struct Square;
//!
//! impl multiprocess::Function for Square {
//!     const NAME: &'static str = "example::Square";
//!     type State = ();
//!     type Item = u64;
//!     type Output = u64;
//!     fn call(&self, _: &(), item: u64) -> u64 {
//!         item * item
//!     }
//! }
//! multiprocess::register_function!(Square);
//!
//! # fn main() -> Result<(), multiprocess::Error> {
//! multiprocess::init();
//! let pool = Pool::start(Config::new(4))?;
//! assert_eq!(pool.map(Square, (0..1_000).collect(), 0)?[31], 961);
//! pool.finish(std::time::Duration::from_secs(10))?;
//! # Ok(())
//! # }
//! ```

mod config;
mod crew;
mod drive;
mod engine;
mod events;
mod hold;
mod imap;
mod line;
mod link;
mod member;
mod seat;
mod serve;
mod submitted;
mod thread_job;
mod threads;
mod underway;
mod wire;
mod work;
mod worker;
mod workers;

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollCreateFlags};

pub use config::{Config, Record, Tally};
pub(crate) use crew::{Crew, encoded};
pub use imap::{Flow, Imap};
pub use link::Transport;
pub(crate) use seat::Seat;
pub(crate) use serve::{Serve, serve};
pub use submitted::Submitted;
pub use thread_job::InThreads;
pub use threads::Threads;
pub use underway::{InProcesses, Outcomes, Underway};
pub(crate) use worker::arrived;
pub use workers::{Flowing, Order, Workers};

pub use crate::classic::Chunksize;
use crate::error::{Error, Kind};
use crate::function::{self, Function, Initializer};
use crate::start::{Arrival, REAP_WITHIN, Role, Starter};
use crate::{StartMethod, codec, waiting};
use drive::Shop;
use engine::Engine;
use work::Work;

/// A pool whose workers are processes that hold an `S` each, left there by its initializer.
///
/// What encodes, decodes or drops an item or an output may not use the pool that it crosses: that is an error where there is one to return,
/// and a panic, which is caught and is the error of the item, where there is none. It may drop the pool or what waits for its outputs.
///
/// It may be shared between threads. It starts none: whichever thread waits for a result does the pool's work meanwhile. Between two such
/// waits workers go on with what they were sent, and nobody looks at limits or replaces the dead; the next wait does.
///
/// Dropping it without [`finish`](Self::finish) kills its workers and reaps them.
pub struct Pool<S = ()> {
    shop: Arc<Shop>,
    state: PhantomData<fn() -> S>,
}

/// How long workers that were killed because they did not leave in time are waited for, all together.
const OVERDUE: Duration = Duration::from_millis(500);

impl Pool {
    /// Starts a pool without an initializer.
    ///
    /// With [`StartMethod::Fork`] this process must have one thread: a copy of it as it is now, the zygote, forks the workers and
    /// whoever takes their place later.
    ///
    /// # Errors
    /// If a worker cannot be started, a fork is refused because this process has threads or holds a part of a shared array or a block
    /// ([`Error::is_fork_refused`]), or two functions share a name.
    pub fn start(config: Config) -> Result<Self, Error> {
        Self::launch(config, &codec::dumps(&false)?, |_| Ok(Box::new(())))
    }
}

impl<S: 'static> Pool<S> {
    /// Starts a pool in which each worker first runs `initializer`; what that returns is handed to every mapped function.
    ///
    /// This does not wait for the initializers. If [`Config::failed_starts`] workers in a row fail, everything that is or will be under way
    /// fails with [`Error::is_initializer_failed`].
    ///
    /// # Errors
    /// As [`Pool::start`]; also if the initializer cannot be encoded for a worker that is not forked.
    pub fn start_with<I: Initializer<State = S>>(config: Config, initializer: I) -> Result<Self, Error> {
        // A forked worker has inherited it; the message then only says so.
        let preparation = match config.start_method {
            StartMethod::Fork => codec::dumps(&false)?,
            StartMethod::ForkServer | StartMethod::Spawn => codec::dumps(&Some((I::NAME, &initializer)))?,
        };
        let mut initializer = Some(initializer);
        Self::launch(config, &preparation, move |_| {
            let initializer = initializer.take().ok_or(Kind::Closed)?;
            Ok(Box::new(initializer.initialize()))
        })
    }

    fn launch(
        config: Config,
        preparation: &[u8],
        mut initialize: impl FnMut(&[u8]) -> Result<Box<dyn Any>, Error>,
    ) -> Result<Self, Error> {
        if config.workers == 0 {
            return Err(Kind::NoWorkers.into());
        }
        function::check_names()?;
        let life = |arrival: Arrival| {
            worker::run(arrival, &mut initialize).unwrap_or_else(|fault| {
                eprintln!("worker {}: {fault}", std::process::id());
                1
            })
        };
        let starter = Starter::new(config.start_method, Role::PoolWorker, &[], life)?;
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC);
        let epoll = epoll.map_err(|fault| Error::io("making a pool")(fault.into()))?;
        let engine = Engine::new(config, starter, preparation.to_vec());
        let pool = Self { shop: Arc::new(Shop::new(engine, epoll)), state: PhantomData };
        // If one cannot be started the pool is dropped, and with it the others.
        pool.shop.start()?;
        Ok(pool)
    }

    /// The pids of the workers, once those that have died are replaced.
    pub fn worker_pids(&self) -> Vec<u32> {
        self.shop.look().members.iter().map(|member| member.started.pid()).collect()
    }

    /// All workers that have ended so far, in the order in which they did.
    pub fn records(&self) -> Vec<Record> {
        self.shop.look().records.clone()
    }

    /// Ends every worker now, CPython's `terminate`. What is under way fails, and nothing more can be handed in.
    pub fn terminate(&self) {
        self.shop.end(Instant::now() + REAP_WITHIN);
    }

    /// Takes nothing more, lets what is under way end and the workers leave, and reports on every worker that the pool ever had, each once.
    /// Outputs can still be had afterwards.
    ///
    /// # Errors
    /// If that takes longer than `limit`. The workers are ended then, and what was under way has failed. If this is called while the pool
    /// encodes, decodes or drops an item on this very thread.
    pub fn finish(self, limit: Duration) -> Result<Vec<Record>, Error> {
        let deadline = waiting::after(limit);
        let mut engine = self.shop.try_lock()?;
        engine.is_closing = true;
        engine.start_by = Some(deadline);
        drop(engine);
        let ended = self.shop.wait_for(Some(deadline), |engine| engine.is_done().then_some(()));
        self.shop.end(waiting::later(deadline.min(Instant::now()), OVERDUE));
        let records = std::mem::take(&mut self.shop.lock().records);
        match ended {
            Some(()) => Ok(records),
            None => Err(Kind::Deadline { doing: "finishing a pool", limit }.into()),
        }
    }
}

impl<S: 'static> Workers for Pool<S> {
    type State = S;
    type Job<F: Function<State = S>> = InProcesses<F>;

    fn begin<F: Function<State = S>>(
        &self,
        function: F,
        items: Vec<F::Item>,
        chunk: usize,
        order: Order,
    ) -> Result<InProcesses<F>, Error> {
        InProcesses::begin(&self.shop, Work::new(work::preamble(&function)?, chunk, order), items)
    }

    fn workers(&self) -> usize {
        self.shop.config.workers
    }

    fn held_at_most(&self) -> usize {
        let config = self.shop.config;
        config.workers.saturating_mul(config.credits)
    }

    fn tally(&self) -> Tally {
        self.shop.look().tally
    }
}

impl<S> Drop for Pool<S> {
    fn drop(&mut self) {
        self.shop.drop_pool();
    }
}

impl<S> fmt::Debug for Pool<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Pool");
        shown.field("config", &self.shop.config);
        // Whoever shows it from inside one of its items does without.
        if let Ok(engine) = self.shop.try_lock() {
            shown.field("tally", &engine.tally);
        }
        shown.finish_non_exhaustive()
    }
}
