//! The variants: the same scores, by workers that come by the objects in one way or another.
//!
//! The list and the indices exist before the measured time begins; a pool's start and end are part of it, as they are of a `with Pool()`
//! block, because the start is where an initializer costs.

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use harness::{Measured, Outcome};
use multiprocess::StartMethod::{self, Fork, Spawn};
use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::{Function, SharedArray, codec};
use record::Params;

use super::list::{List, Object, WORDS, answer, indices, lay_out};
use super::tasks::{IntoGlobal, Keep, LIST, Make, SHARED, ScoreByGlobal, ScoreObject, ScoreShared, ScoreWith};

pub(super) type Fault = Box<dyn Error + Send + Sync>;
pub(super) type Answered = Result<Outcome, Fault>;

/// Longer than any subject's deadline, which ends a pool that hangs together with its subject.
const POOL_DEADLINE: Duration = Duration::from_secs(3_600);

/// The parameters, typed.
pub(super) struct Setting {
    list_items: usize,
    workers: usize,
    pub(super) chunksize: Chunksize,
    seed: u64,
    pub(super) indices: Vec<u32>,
}

impl Setting {
    pub(super) fn new(params: &Params) -> Result<Self, Fault> {
        let (list_items, seed) = (usize::try_from(params["list_items"])?, params["seed"]);
        Ok(Self {
            list_items,
            workers: usize::try_from(params["workers"])?,
            chunksize: Chunksize::from(params["chunksize"]),
            seed,
            indices: indices(usize::try_from(params["items"])?, list_items, seed),
        })
    }

    /// The list is the caller's: a pool that is done with it drops a reference, not a million objects.
    pub(super) fn list(&self) -> Arc<List> {
        Arc::new(List::new(self.list_items, self.seed))
    }

    pub(super) fn pool(&self, method: StartMethod) -> Config {
        Config::new(self.workers).start_method(method).deadline(POOL_DEADLINE)
    }
}

// ANCHOR: serial
pub(super) fn serial(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let list = setting.list();
    let measured = Measured::take(|| {
        let scores: Vec<u64> = setting.indices.iter().map(|index| list.score(*index)).collect();
        Ok::<_, Infallible>((scores, Vec::new()))
    })?;
    // ANCHOR_END: serial
    let bytes = codec::dumps(&*list)?.len() as u64;
    Ok(measured.answer(|scores| answer(scores)).fact("list_bytes", bytes))
}

/// Maps `function` over the items on the pool that `start` makes.
fn on_pool<F, S>(
    items: Vec<F::Item>,
    chunksize: Chunksize,
    function: F,
    start: impl FnOnce() -> Result<Pool<S>, multiprocess::Error>,
) -> Answered
where
    F: Function<State = S, Output = u64>,
    S: 'static,
{
    let measured = Measured::take(|| {
        let pool = start()?;
        let scores = pool.map(function, items, chunksize)?;
        Ok::<_, multiprocess::Error>((scores, pool.finish()?))
    })?;
    Ok(measured.answer(|scores| answer(scores)))
}

fn objects_by(params: &Params, method: StartMethod) -> Answered {
    let setting = Setting::new(params)?;
    let List(list) = List::new(setting.list_items, setting.seed);
    // A list in Python holds references to its objects, and what is mapped are references, too.
    let list: Vec<Arc<Object>> = list.into_iter().map(Arc::new).collect();
    let objects = setting.indices.iter().map(|index| Arc::clone(&list[*index as usize])).collect();
    let config = setting.pool(method);
    on_pool(objects, setting.chunksize, ScoreObject, || Pool::start(config))
}

pub(super) fn objects(params: &Params) -> Answered {
    objects_by(params, Fork)
}

pub(super) fn objects_spawn(params: &Params) -> Answered {
    objects_by(params, Spawn)
}

// ANCHOR: initializer
fn initializer_by(params: &Params, method: StartMethod) -> Answered {
    let setting = Setting::new(params)?;
    let (list, config) = (setting.list(), setting.pool(method));
    on_pool(setting.indices, setting.chunksize, ScoreByGlobal, || {
        Pool::start_with(config, IntoGlobal(Arc::clone(&list)))
    })
}
// ANCHOR_END: initializer

pub(super) fn initializer(params: &Params) -> Answered {
    initializer_by(params, Fork)
}

pub(super) fn initializer_spawn(params: &Params) -> Answered {
    initializer_by(params, Spawn)
}

fn encapsulated_by(params: &Params, method: StartMethod) -> Answered {
    let setting = Setting::new(params)?;
    let (list, config) = (setting.list(), setting.pool(method));
    on_pool(setting.indices, setting.chunksize, ScoreWith, || Pool::start_with(config, Keep(Arc::clone(&list))))
}

pub(super) fn encapsulated(params: &Params) -> Answered {
    encapsulated_by(params, Fork)
}

pub(super) fn encapsulated_spawn(params: &Params) -> Answered {
    encapsulated_by(params, Spawn)
}

pub(super) fn fork_inherited(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    LIST.set(setting.list()).map_err(|_| "a subject runs one variant")?;
    let config = setting.pool(Fork);
    on_pool(setting.indices, setting.chunksize, ScoreByGlobal, || Pool::start(config))
}

pub(super) fn recipe_spawn(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let (make, config) = (Make { items: setting.list_items, seed: setting.seed }, setting.pool(Spawn));
    on_pool(setting.indices, setting.chunksize, ScoreWith, || Pool::start_with(config, make))
}

// ANCHOR: shared
pub(super) fn shared(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let (list, config) = (setting.list(), setting.pool(Fork));
    let measured = Measured::take(|| {
        let room = SharedArray::zeroed(list.0.len() * WORDS)?;
        room.write(0..room.len(), |words| {
            words.chunks_exact_mut(WORDS).zip(&list.0).for_each(|(words, object)| lay_out(object, words));
        })?;
        SHARED.set(room).map_err(|_| "a subject runs one variant")?;
        let pool = Pool::start(config)?;
        let scores = pool.map(ScoreShared, setting.indices, setting.chunksize)?;
        Ok::<_, Fault>((scores, pool.finish()?))
    })?;
    Ok(measured.answer(|scores| answer(scores)))
}
// ANCHOR_END: shared
