//! What crosses to a worker: functions and initializers, by registered name, never by address.
//!
//! CPython pickles a function as the name of its module and its own; the worker looks it up. Here every program has two tables
//! that the linker fills, and a name means the same in each process of the program. A closure has no name and so cannot be
//! mapped; the compiler says so:
//!
//! ```compile_fail,E0277
//! fn needs_a_name(_: impl multiprocess::Function) {}
//! needs_a_name(|x: u32| x + 1);
//! ```

use std::any::Any;
use std::collections::BTreeSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use bincode::{Decode, Encode};
use linkme::distributed_slice;

use crate::codec::{self, Items, ItemsOf, Loading};
use crate::error::{Error, Kind};
use crate::meter;
use crate::pool::{self, Serve};
use crate::trace::{self, Span};

/// What a pool maps over items: a named function, with whatever data it carries.
///
/// A unit struct is a free function. A struct with fields is a bound method: its fields are encoded into **every task**, as
/// CPython does (post "Multiprocessing.Pool() - Stuck in a Pickle").
///
/// ```
/// #[derive(bincode::Encode, bincode::Decode)]
/// struct Add(u32);
///
/// impl multiprocess::Function for Add {
///     const NAME: &'static str = "example::Add";
///     type State = ();
///     type Item = u32;
///     type Output = u32;
///     fn call(&self, _: &(), item: u32) -> u32 {
///         self.0 + item
///     }
/// }
/// multiprocess::register_function!(Add);
/// ```
pub trait Function: Encode + Decode<()> + Send + Sync + 'static {
    /// The name under which every process of the program finds it.
    const NAME: &'static str;
    /// What the pool's initializer left in each worker; `()` if there is none.
    type State: 'static;
    /// One item.
    type Item: Encode + Decode<()> + Send + Sync + 'static;
    /// What becomes of it.
    type Output: Encode + Decode<()> + Send + 'static;

    /// Does the work for one item, in a worker.
    fn call(&self, state: &Self::State, item: Self::Item) -> Self::Output;
}

/// A function that its owner keeps: it is encoded as itself, and mapping it drops no more than a reference.
impl<F: Function> Function for Arc<F> {
    const NAME: &'static str = F::NAME;
    type State = F::State;
    type Item = F::Item;
    type Output = F::Output;

    fn call(&self, state: &F::State, item: F::Item) -> F::Output {
        F::call(self, state, item)
    }
}

/// What each worker of a pool runs once, before its first task. What it returns is handed to the mapped function.
///
/// With `fork` the initializer itself is inherited; with `spawn` it is encoded once for each worker.
pub trait Initializer: Encode + Decode<()> + 'static {
    /// The name under which every process of the program finds it.
    const NAME: &'static str;
    /// What it leaves for the mapped functions.
    type State: 'static;

    /// Runs in a worker.
    fn initialize(self) -> Self::State;
}

/// Carries out one task on a worker's state: job, index, what is left of the message. Returns the encoded reply.
type RunChunk = fn(&dyn Any, u64, u64, Loading<'_>) -> Result<Vec<u8>, Error>;

/// One mapped function of the program, its types erased.
#[doc(hidden)]
pub struct FunctionEntry {
    name: &'static str,
    run: RunChunk,
    serve: Serve,
}

/// One initializer of the program, its types erased.
#[doc(hidden)]
pub struct InitializerEntry {
    name: &'static str,
    run: fn(Loading<'_>) -> Result<Box<dyn Any>, Error>,
}

/// All functions of the program.
#[doc(hidden)]
#[distributed_slice]
pub static FUNCTIONS: [FunctionEntry];

/// All initializers of the program.
#[doc(hidden)]
#[distributed_slice]
pub static INITIALIZERS: [InitializerEntry];

impl FunctionEntry {
    #[doc(hidden)]
    pub const fn of<F: Function>() -> Self {
        Self { name: F::NAME, run: run_chunk::<F>, serve: pool::serve::<F> }
    }
}

impl InitializerEntry {
    #[doc(hidden)]
    pub const fn of<I: Initializer>() -> Self {
        Self { name: I::NAME, run: |loading| Ok(Box::new(load_initializer::<I>(loading)?.initialize())) }
    }
}

impl fmt::Debug for FunctionEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FunctionEntry").field(&self.name).finish()
    }
}

impl fmt::Debug for InitializerEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InitializerEntry").field(&self.name).finish()
    }
}

/// Registers a [`Function`] under its name.
#[macro_export]
macro_rules! register_function {
    ($function:ty) => {
        const _: () = {
            #[$crate::linkme::distributed_slice($crate::function::FUNCTIONS)]
            #[linkme(crate = $crate::linkme)]
            static ENTRY: $crate::function::FunctionEntry = $crate::function::FunctionEntry::of::<$function>();
        };
    };
}

/// Registers an [`Initializer`] under its name.
#[macro_export]
macro_rules! register_initializer {
    ($initializer:ty) => {
        const _: () = {
            #[$crate::linkme::distributed_slice($crate::function::INITIALIZERS)]
            #[linkme(crate = $crate::linkme)]
            static ENTRY: $crate::function::InitializerEntry = $crate::function::InitializerEntry::of::<$initializer>();
        };
    };
}

/// One task on its way to a worker: a chunk of items and the function to call on each.
#[derive(Encode)]
pub(crate) struct Task<'a, F: Function> {
    pub(crate) job: u64,
    pub(crate) index: u64,
    pub(crate) name: &'static str,
    pub(crate) function: &'a F,
    pub(crate) chunk: ItemsOf<'a, F::Item>,
}

/// How a task ended, for a process that ends with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Returned,
    Failed,
    /// It asked for this exit code, by [`leave`](crate::process::leave).
    Left(i32),
}

/// Carries out the task in `frame` and returns the encoded reply; none for the sentinel that ends the worker.
pub(crate) fn answer(frame: &[u8], state: &dyn Any) -> Result<Option<Vec<u8>>, Error> {
    Ok(answer_rest(Loading::of(frame), state)?.map(|(reply, _)| reply))
}

/// The same for what is left of a message, and tells how the task ended.
pub(crate) fn answer_rest(mut loading: Loading<'_>, state: &dyn Any) -> Result<Option<(Vec<u8>, Ending)>, Error> {
    if !loading.piece::<bool>()? {
        loading.finish()?;
        return Ok(None);
    }
    let (job, index, name): (u64, u64, String) = (loading.piece()?, loading.piece()?, loading.piece()?);
    trace::about(job, index);
    // Whatever panics in here, the user's code or its encoding, is that task's failure and not the worker's end.
    let carry_out = || function(&name).and_then(|entry| (entry.run)(state, job, index, loading));
    let (ending, why) = match catch_unwind(AssertUnwindSafe(carry_out)) {
        Ok(Ok(reply)) => return Ok(Some((reply, Ending::Returned))),
        Ok(Err(fault)) => (Ending::Failed, fault.to_string()),
        Err(panic) => match panic.downcast_ref::<Leaving>() {
            Some(Leaving(code)) => (Ending::Left(*code), format!("it left with code {code}")),
            None => (Ending::Failed, format!("it panicked: {}", panic_message(&*panic))),
        },
    };
    Ok(Some((codec::dumps(&refusal(job, index, &why))?, ending)))
}

/// What unwinds a body that wants to leave with this exit code.
#[derive(Debug)]
pub(crate) struct Leaving(pub(crate) i32);

/// The reply that carries an error instead of results, laid out as [`run_chunk`]'s.
fn refusal(job: u64, index: u64, why: &str) -> (bool, u64, u64, Result<(), &str>) {
    (true, job, index, Err(why))
}

fn function(name: &str) -> Result<&'static FunctionEntry, Error> {
    let found = FUNCTIONS.iter().find(|entry| entry.name == name);
    found.ok_or_else(|| Kind::UnknownName { kind: "function", name: name.to_owned() }.into())
}

/// How the function called `name` answers items in a worker of the [`Pool`](crate::Pool).
pub(crate) fn serve(name: &str) -> Result<Serve, Error> {
    function(name).map(|entry| entry.serve)
}

fn run_chunk<F: Function>(state: &dyn Any, job: u64, index: u64, mut loading: Loading<'_>) -> Result<Vec<u8>, Error> {
    let (function, Items(chunk)): (F, Items<F::Item>) = (loading.piece()?, loading.piece()?);
    loading.finish()?;
    let state = state.downcast_ref::<F::State>().ok_or_else(|| Kind::TaskFailed {
        function: F::NAME,
        why: format!("the worker's state is not a {}", std::any::type_name::<F::State>()),
    })?;
    let working = Working(Instant::now(), trace::span(trace::Kind::Work));
    let outputs: Vec<F::Output> = chunk.into_iter().map(|item| function.call(state, item)).collect();
    drop(working);
    codec::dumps(&(true, job, index, Ok::<_, String>(ItemsOf(&outputs))))
}

/// Counts a task when it is over, by its end or by a panic.
struct Working(Instant, #[expect(dead_code, reason = "dropped last: it marks the end")] Span);

impl Drop for Working {
    fn drop(&mut self) {
        meter::slot().task_done(self.0);
    }
}

pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

fn load_initializer<I: Initializer>(mut loading: Loading<'_>) -> Result<I, Error> {
    let initializer = loading.piece()?;
    loading.finish()?;
    Ok(initializer)
}

/// Runs the initializer called `name` on what is left of the message.
pub(crate) fn initialize(name: &str, loading: Loading<'_>) -> Result<Box<dyn Any>, Error> {
    let found = INITIALIZERS.iter().find(|entry| entry.name == name);
    let entry = found.ok_or_else(|| Error::from(Kind::UnknownName { kind: "initializer", name: name.to_owned() }))?;
    (entry.run)(loading)
}

/// Refuses a program in which one name means two functions: which of them a worker found would be the linker's choice.
pub(crate) fn check_names() -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for name in FUNCTIONS.iter().map(|entry| entry.name).chain(INITIALIZERS.iter().map(|entry| entry.name)) {
        if !seen.insert(name) {
            return Err(Kind::DuplicateName { name }.into());
        }
    }
    Ok(())
}
