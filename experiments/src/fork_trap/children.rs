//! The start methods that copy no locks: every trap is set in the parent, and the child is not in it.

use std::sync::{Mutex, OnceLock};

use bincode::{Decode, Encode};
use multiprocess::StartMethod::Spawn;
use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::forkserver::ForkServer;
use multiprocess::{Function, register_function};
use rayon::{ThreadPool, ThreadPoolBuilder};
use record::Params;

use super::tally::{ANSWER, Answered, DEADLINE, Fault, Tally, counted};
use super::threads::{Printer, while_held};

static MUTEX: Mutex<()> = Mutex::new(());
static ONCE: OnceLock<i32> = OnceLock::new();
static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();

// ANCHOR: every_trap
/// Walks into every trap: the mutex, standard error, the value computed once, the thread pool.
#[derive(Debug, Encode, Decode)]
pub(super) struct EveryTrap;

impl Function for EveryTrap {
    const NAME: &'static str = "fork_trap::EveryTrap";
    type State = ();
    type Item = ();
    type Output = i32;

    fn call(&self, _: &(), (): ()) -> i32 {
        let free = MUTEX.lock().is_ok();
        eprintln!("hello from the child");
        let once = *ONCE.get_or_init(|| ANSWER);
        let pool = pool().as_ref().map_or(0, |pool| pool.install(|| ANSWER));
        if free && pool == ANSWER { once } else { 1 }
    }
}
register_function!(EveryTrap);
// ANCHOR_END: every_trap

fn pool() -> &'static Option<ThreadPool> {
    POOL.get_or_init(|| ThreadPoolBuilder::new().num_threads(1).build().ok())
}

/// Runs `work` while a thread holds the mutex and computes the value, another prints, and a thread pool is up.
fn in_every_trap<T>(params: &Params, work: impl FnOnce() -> T) -> T {
    let hold = |wait: &dyn Fn()| {
        let _held = MUTEX.lock();
        ONCE.get_or_init(|| {
            wait();
            ANSWER
        });
    };
    if let Some(pool) = pool() {
        pool.install(|| ());
    }
    let _printer = Printer::start(params["prints"]);
    while_held(hold, work)
}

/// Counts one child in: a wait that reached its deadline is a hang.
fn add(tally: &mut Tally, outcome: Result<i32, multiprocess::Error>) -> Result<(), Fault> {
    match outcome {
        Ok(ANSWER) => tally.right += 1,
        Ok(other) => return Err(format!("a child answered {other}").into()),
        Err(fault) if fault.is_deadline() => tally.hung += 1,
        Err(fault) => return Err(fault.into()),
    }
    Ok(())
}

// ANCHOR: spawn
pub(super) fn spawn(params: &Params) -> Answered {
    let one = || {
        let pool = Pool::start(Config::new(1).start_method(Spawn).deadline(DEADLINE))?;
        let answers = pool.map(EveryTrap, vec![()], Chunksize::from(1))?;
        pool.finish()?;
        Ok(answers[0])
    };
    counted(|tally| in_every_trap(params, || (0..params["trials"]).try_for_each(|_| add(tally, one()))))
}
// ANCHOR_END: spawn

// ANCHOR: forkserver
pub(super) fn forkserver(params: &Params) -> Answered {
    counted(|tally| {
        in_every_trap(params, || {
            let server = ForkServer::start()?;
            let one = || server.run(&EveryTrap, (), DEADLINE)?.join();
            (0..params["trials"]).try_for_each(|_| add(tally, one()))
        })
    })
}
// ANCHOR_END: forkserver
