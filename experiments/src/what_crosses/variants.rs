//! The variants: the same products, by a closure here and by name in workers; with panics and errors on the way; and what is refused.

use std::convert::Infallible;
use std::error::Error;
use std::hint::black_box;
use std::panic;
use std::time::Duration;

use harness::{Measured, Outcome};
use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::pool::{self, Workers};
use multiprocess::{Function, StartMethod};
use record::Params;

use super::probes::probes;
use super::tasks::{EVERY, FACTOR, Fails, Panics, Picky, ReturnsPicky, TakesPicky, Times, Triple, Unregistered};

pub(super) type Fault = Box<dyn Error + Send + Sync>;
type Answered = Result<Outcome, Fault>;

/// Longer than any subject's deadline, which ends a pool that hangs together with its subject.
pub(super) const POOL_DEADLINE: Duration = Duration::from_secs(3_600);

/// The loop is repeated until it has made about so many products.
const LOOPED: u64 = 10_000_000;
/// And no more than so often.
const ROUNDS_AT_MOST: u64 = 10_000;

/// Items of each kind that are not let through.
const REFUSED: u64 = 4;

/// The parameters, typed.
#[derive(Clone, Copy)]
pub(super) struct Setting {
    pub(super) workers: usize,
    items: u64,
    pub(super) trials: u64,
}

impl Setting {
    pub(super) fn new(params: &Params) -> Result<Self, Fault> {
        Ok(Self { workers: usize::try_from(params["workers"])?, items: params["items"], trials: params["trials"] })
    }

    fn items(&self) -> Vec<u64> {
        (0..self.items).collect()
    }

    /// The answer of a variant that has looked at its own results itself.
    pub(super) fn answer(&self) -> String {
        sum(&self.items().into_iter().map(|item| item * FACTOR).collect::<Vec<_>>())
    }
}

fn sum(products: &[u64]) -> String {
    products.iter().sum::<u64>().to_string()
}

// ANCHOR: serial
/// In one process a closure is as good as any function.
pub(super) fn serial(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let (items, factor) = (setting.items(), FACTOR);
    let triple = |item: u64| item * factor;
    let rounds = (LOOPED / setting.items.max(1)).clamp(1, ROUNDS_AT_MOST);
    let measured = Measured::take(|| {
        let mut products = Vec::new();
        for _ in 0..rounds {
            products = black_box(&items).iter().map(|item| triple(*item)).collect();
        }
        Ok::<_, Infallible>((products, Vec::new()))
    })?;
    Ok(measured.answer(|products| sum(products)).iterations(rounds))
}
// ANCHOR_END: serial

/// The whole life of a pool, as in the posts' programs.
fn mapped<F: Function<State = (), Item = u64, Output = u64>>(
    params: &Params,
    function: F,
    method: StartMethod,
) -> Answered {
    let setting = Setting::new(params)?;
    let items = setting.items();
    let config = Config::new(setting.workers).start_method(method).deadline(POOL_DEADLINE);
    let measured = Measured::take(|| {
        let pool = Pool::start(config)?;
        let products = pool.map(function, items, Chunksize::Automatic)?;
        Ok::<_, Fault>((products, pool.finish()?))
    })?;
    Ok(measured.answer(|products| sum(products)))
}

pub(super) fn by_name(params: &Params) -> Answered {
    let outcome = mapped(params, Triple, StartMethod::Fork)?;
    let probes = probes().into_iter();
    Ok(probes.fold(outcome, |outcome, (kind, crosses)| outcome.fact(&format!("{kind}_crosses"), u64::from(crosses))))
}

pub(super) fn by_name_spawned(params: &Params) -> Answered {
    mapped(params, Triple, StartMethod::Spawn)
}

pub(super) fn with_data(params: &Params) -> Answered {
    mapped(params, Times(FACTOR), StartMethod::Fork)
}

/// What came back of items of which some went wrong.
struct Mended {
    products: Vec<u64>,
    wrong: u64,
    named: u64,
}

/// Does again here what went wrong there, and counts by which words it was told.
fn mended<E: ToString>(outcomes: Vec<Result<u64, E>>) -> Mended {
    let mut mended = Mended { products: Vec::with_capacity(outcomes.len()), wrong: 0, named: 0 };
    for (item, outcome) in (0..).zip(outcomes) {
        mended.products.push(outcome.unwrap_or_else(|fault| {
            mended.wrong += 1;
            mended.named += u64::from(fault.to_string().contains(&format!("item {item} is not to my taste")));
            item * FACTOR
        }));
    }
    mended
}

fn told(measured: Measured<Mended>, setting: &Setting, workers_lost: u64) -> Outcome {
    let mut counts = (0, 0);
    let outcome = measured.answer(|mended| {
        counts = (mended.wrong, mended.named);
        sum(&mended.products)
    });
    let expected = setting.items.div_ceil(EVERY);
    outcome
        .fact("went_wrong", expected)
        .fact("came_back", counts.0)
        .fact("in_its_own_words", counts.1)
        .fact("workers_lost", workers_lost)
}

// ANCHOR: panics
/// Every tenth item panics in its worker. The pool hands each panic back as the error of its item, and no worker is lost.
pub(super) fn panics(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let items = setting.items();
    // The panics are meant, and each would print a message.
    panic::set_hook(Box::new(|_| ()));
    let mut lost = 0;
    let measured = Measured::take(|| {
        let pool = pool::Pool::start(pool::Config::new(setting.workers))?;
        let outcomes = pool.try_map(Panics, items, Chunksize::Automatic)?;
        lost = pool.tally().lost;
        pool.finish(POOL_DEADLINE)?;
        Ok::<_, Fault>((mended(outcomes), Vec::new()))
    })?;
    Ok(told(measured, &setting, lost))
}
// ANCHOR_END: panics

/// The same with errors, which are values.
pub(super) fn errors(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let items = setting.items();
    let mut lost = 0;
    let measured = Measured::take(|| {
        let pool = pool::Pool::start(pool::Config::new(setting.workers))?;
        let outcomes = pool.map(Fails, items, Chunksize::Automatic)?;
        lost = pool.tally().lost;
        pool.finish(POOL_DEADLINE)?;
        Ok::<_, Fault>((mended(outcomes), Vec::new()))
    })?;
    Ok(told(measured, &setting, lost))
}

/// How many of these came to an error of which `is` holds.
fn refusals<T>(outcomes: &[Result<T, multiprocess::Error>], is: fn(&multiprocess::Error) -> bool) -> u64 {
    outcomes.iter().filter(|outcome| outcome.as_ref().err().is_some_and(is)).count() as u64
}

// ANCHOR: refused
/// What the compiler cannot know is refused when it is tried, item by item, and the pool goes on.
pub(super) fn refused(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let items = setting.items();
    let (odd, fours) = (|place: u64| 2 * place + 1, |place: u64| 4 * place);
    let picky = |of: fn(u64) -> u64| (0..REFUSED).map(of).map(Picky).collect::<Vec<_>>();
    let numbers = |of: fn(u64) -> u64| (0..REFUSED).map(of).collect::<Vec<_>>();
    let mut counts = [0; 5];
    let mut lost = 0;
    let measured = Measured::take(|| {
        let pool = pool::Pool::start(pool::Config::new(setting.workers))?;
        counts = [
            refusals(&pool.try_map(Unregistered, (0..REFUSED).collect(), 1)?, |_| true),
            refusals(&pool.try_map(TakesPicky, picky(odd), 1)?, multiprocess::Error::is_encode),
            refusals(&pool.try_map(TakesPicky, picky(fours), 1)?, multiprocess::Error::is_decode),
            refusals(&pool.try_map(ReturnsPicky, numbers(odd), 1)?, multiprocess::Error::is_encode),
            refusals(&pool.try_map(ReturnsPicky, numbers(fours), 1)?, multiprocess::Error::is_decode),
        ];
        let products = pool.map(Triple, items, Chunksize::Automatic)?;
        lost = pool.tally().lost;
        pool.finish(POOL_DEADLINE)?;
        Ok::<_, Fault>((products, Vec::new()))
    })?;
    // ANCHOR_END: refused
    let names = ["unregistered", "item_not_encoded", "item_not_decoded", "output_not_encoded", "output_not_decoded"];
    let outcome = measured.answer(|products| sum(products)).fact("of_each", REFUSED).fact("workers_lost", lost);
    Ok(names.iter().zip(counts).fold(outcome, |outcome, (name, count)| outcome.fact(name, count)))
}
