//! What pools of processes and pools of threads have in common, so that a program can swap one for the other.

use super::{Chunksize, Flow, Imap, Submitted, Tally, Underway};
use crate::error::Error;
use crate::function::Function;
use crate::waiting;

/// In which order the outcomes of a job are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As the items were given.
    OfItems,
    /// As they come.
    OfOutcomes,
}

/// What [`Workers::imap`] returns.
pub type Flowing<W, F, I> = Imap<F, <I as IntoIterator>::IntoIter, <W as Workers>::Job<F>>;

/// Workers that hold a [`State`](Self::State) each and apply functions to items: a [`Pool`](crate::Pool) or [`Threads`](crate::Threads).
///
/// ```no_run
/// use multiprocess::pool::{Config, Order, Pool, Threads, Workers};
/// # #[derive(bincode::Encode, bincode::Decode)]
/// # struct Square;
/// # impl multiprocess::Function for Square {
/// #     const NAME: &'static str = "example::Square";
/// #     type State = ();
/// #     type Item = u64;
/// #     type Output = u64;
/// #     fn call(&self, _: &(), item: u64) -> u64 { item * item }
/// # }
/// # multiprocess::register_function!(Square);
///
/// fn sum(workers: &impl Workers<State = ()>) -> u64 {
///     workers.map(Square, (0..100).collect(), 0).unwrap().into_iter().sum()
/// }
/// assert_eq!(sum(&Pool::start(Config::new(2)).unwrap()), sum(&Threads::start(Config::new(2)).unwrap()));
/// ```
pub trait Workers: Sized {
    /// What each worker keeps between its tasks.
    type State: 'static;

    /// A job under way.
    type Job<F: Function<State = Self::State>>: Underway<F>;

    /// Hands in a job with its first items, `chunk` of which make a task. Everything else is made of this.
    ///
    /// # Errors
    /// If the function cannot be encoded, or the pool is broken or closed.
    fn begin<F: Function<State = Self::State>>(
        &self,
        function: F,
        items: Vec<F::Item>,
        chunk: usize,
        order: Order,
    ) -> Result<Self::Job<F>, Error>;

    /// How many workers there are.
    fn workers(&self) -> usize;

    /// How many tasks all workers together hold at most.
    fn held_at_most(&self) -> usize;

    /// What was done so far.
    fn tally(&self) -> Tally;

    /// Applies `function` to every item, in chunks, and returns the outputs in the order of the items. All items are tried.
    ///
    /// # Errors
    /// The first error in the order of the items, as from [`try_map`](Self::try_map).
    fn map<F: Function<State = Self::State>>(
        &self,
        function: F,
        items: Vec<F::Item>,
        chunksize: impl Into<Chunksize>,
    ) -> Result<Vec<F::Output>, Error> {
        self.try_map(function, items, chunksize)?.into_iter().collect()
    }

    /// Applies `function` to every item, in chunks; tells for each item, in their order, what became of it.
    ///
    /// A task is a chunk. A worker process that is lost costs the items of the task it was at ([`Error::loss`]); those that only waited for
    /// it are done by another. Whatever else goes wrong costs one item: a panic ([`Error::is_task_failed`]), an item or an output that
    /// cannot be encoded ([`Error::is_encode`]) or decoded ([`Error::is_decode`]).
    ///
    /// # Errors
    /// If the function cannot be encoded, or the pool is broken or closed.
    fn try_map<F: Function<State = Self::State>>(
        &self,
        function: F,
        items: Vec<F::Item>,
        chunksize: impl Into<Chunksize>,
    ) -> Result<Vec<Result<F::Output, Error>>, Error> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let chunk = chunksize.into().resolve(items.len(), self.workers());
        Ok(self.begin(function, items, chunk, Order::OfItems)?.into_outcomes())
    }

    /// Hands in one item, and returns what its output can be had from.
    ///
    /// # Errors
    /// If the function cannot be encoded, or the pool is broken or closed.
    fn submit<F: Function<State = Self::State>>(
        &self,
        function: F,
        item: F::Item,
    ) -> Result<Submitted<F, Self::Job<F>>, Error> {
        Ok(Submitted::new(self.begin(function, vec![item], 1, Order::OfItems)?))
    }

    /// Applies `function` to one item, CPython's `apply`.
    ///
    /// # Errors
    /// As [`try_map`](Self::try_map), for the pool and for the item.
    fn apply<F: Function<State = Self::State>>(&self, function: F, item: F::Item) -> Result<F::Output, Error> {
        self.submit(function, item)?.get(waiting::FAR)
    }

    /// Applies `function` to items as they are asked for, and gives the outcomes in the order of the items.
    ///
    /// Items are taken from `items` only as far as [`Flow::prefetch`] allows, on the thread that asks for the next outcome.
    ///
    /// # Errors
    /// If the function cannot be encoded, or the pool is broken or closed.
    fn imap<F: Function<State = Self::State>, I: IntoIterator<Item = F::Item>>(
        &self,
        function: F,
        items: I,
        flow: Flow,
    ) -> Result<Flowing<Self, F, I>, Error> {
        let job = self.begin(function, Vec::new(), flow.chunksize, Order::OfItems)?;
        Ok(Imap::new(job, items.into_iter(), flow, self.held_at_most()))
    }

    /// The same, and gives the outcomes as they come.
    ///
    /// # Errors
    /// As [`imap`](Self::imap).
    fn imap_unordered<F: Function<State = Self::State>, I: IntoIterator<Item = F::Item>>(
        &self,
        function: F,
        items: I,
        flow: Flow,
    ) -> Result<Flowing<Self, F, I>, Error> {
        let job = self.begin(function, Vec::new(), flow.chunksize, Order::OfOutcomes)?;
        Ok(Imap::new(job, items.into_iter(), flow, self.held_at_most()))
    }
}
