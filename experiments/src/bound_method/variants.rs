//! The variants: the same million conversions, each with the cache in a different place.
//!
//! The converter and the ints exist before the measured time begins; a pool's start and end are part of it, as they are of a
//! `with Pool()` block. The answer is computed after it, except in `pool_checksum_only`: there the workers compute its parts and free
//! their arrays, inside the measured time.

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use harness::{Measured, Outcome};
use multiprocess::StartMethod::{self, Fork, Spawn};
use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::{Function, codec, meter};
use rayon::prelude::*;
use record::Params;

use super::converter::{Converter, Digits, GLOBAL, checksum, ints, printed};
use super::tasks::{ConvertAlone, ConvertAndKeep, ConvertByGlobal, ConvertWith, HandOver, IntoGlobal};

type Answered = Result<Outcome, Box<dyn Error + Send + Sync>>;

/// Longer than any subject's deadline, which ends a pool that hangs together with its subject.
const POOL_DEADLINE: Duration = Duration::from_secs(3_600);

/// The parameters, typed.
struct Setting {
    workers: usize,
    chunksize: Chunksize,
    cache_entries: u32,
    ints: Vec<u32>,
}

impl Setting {
    fn new(params: &Params) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let cache_entries = u32::try_from(params["cache_entries"])?;
        Ok(Self {
            workers: usize::try_from(params["workers"])?,
            chunksize: Chunksize::from(params["chunksize"]),
            cache_entries,
            ints: ints(usize::try_from(params["items"])?, cache_entries, params["seed"]),
        })
    }

    /// The converter is the caller's, as an object in Python is: a pool that is done with it drops a reference, not the cache.
    fn converter(&self) -> Arc<Converter> {
        Arc::new(Converter::new(self.cache_entries))
    }

    fn pool(&self, method: StartMethod) -> Config {
        Config::new(self.workers).start_method(method).deadline(POOL_DEADLINE)
    }
}

fn answer(arrays: &[Digits]) -> String {
    printed(checksum(0, arrays))
}

// ANCHOR: serial
pub(super) fn serial(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let heap_before = meter::heap_bytes();
    let converter = setting.converter();
    let heap_after = meter::heap_bytes();
    let measured = Measured::take(|| {
        let arrays: Vec<Digits> = setting.ints.iter().map(|int| converter.convert(*int)).collect();
        Ok::<_, Infallible>((arrays, Vec::new()))
    })?;
    let outcome = measured.answer(|arrays| answer(arrays));
    // ANCHOR_END: serial
    // How large the cache is, by three yardsticks. After the measured time, because the third costs as much as a task.
    let serialised = codec::dumps(&*converter)?.len() as u64;
    let mut outcome = outcome.fact("cache_serialised_bytes", serialised);
    if let Some(bytes) = grown(heap_before, heap_after) {
        outcome = outcome.fact("cache_heap_bytes", bytes);
    }
    if let Some(bytes) = table_bytes(converter.capacity()) {
        outcome = outcome.fact("cache_table_bytes", bytes);
    }
    Ok(outcome)
}

/// How much more there is after than before, where the system can tell.
fn grown(before: Option<u64>, after: Option<u64>) -> Option<u64> {
    Some(after?.saturating_sub(before?))
}

/// What the table alone takes on the heap, without the strings: the cost of an empty map with the same room.
fn table_bytes(capacity: usize) -> Option<u64> {
    let before = meter::heap_bytes();
    let empty = std::collections::HashMap::<u32, String>::with_capacity(capacity);
    let after = meter::heap_bytes();
    drop(std::hint::black_box(empty));
    grown(before, after)
}

/// Maps `function` over the ints on the pool that `start` makes.
fn on_pool<F, S>(
    setting: Setting,
    function: F,
    start: impl FnOnce() -> Result<Pool<S>, multiprocess::Error>,
) -> Answered
where
    F: Function<State = S, Item = u32, Output = Digits>,
    S: 'static,
{
    let measured = Measured::take(|| {
        let pool = start()?;
        let arrays = pool.map(function, setting.ints, setting.chunksize)?;
        Ok::<_, multiprocess::Error>((arrays, pool.finish()?))
    })?;
    Ok(measured.answer(|arrays| answer(arrays)))
}

fn bound_method(params: &Params, method: StartMethod) -> Answered {
    let setting = Setting::new(params)?;
    let (converter, config) = (setting.converter(), setting.pool(method));
    on_pool(setting, Arc::clone(&converter), || Pool::start(config))
}

pub(super) fn pool_bound_method(params: &Params) -> Answered {
    bound_method(params, Fork)
}

pub(super) fn pool_bound_method_spawn(params: &Params) -> Answered {
    bound_method(params, Spawn)
}

pub(super) fn pool_free_function(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let config = setting.pool(Fork);
    on_pool(setting, ConvertAlone, || Pool::start(config))
}

fn initializer_global(params: &Params, method: StartMethod) -> Answered {
    let setting = Setting::new(params)?;
    let (converter, config) = (setting.converter(), setting.pool(method));
    on_pool(setting, ConvertByGlobal, || Pool::start_with(config, IntoGlobal(Arc::clone(&converter))))
}

pub(super) fn pool_initializer_global(params: &Params) -> Answered {
    initializer_global(params, Fork)
}

pub(super) fn pool_initializer_global_spawn(params: &Params) -> Answered {
    initializer_global(params, Spawn)
}

pub(super) fn pool_encapsulated_initializer(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let (converter, config) = (setting.converter(), setting.pool(Fork));
    on_pool(setting, ConvertWith, || Pool::start_with(config, HandOver(Arc::clone(&converter))))
}

pub(super) fn pool_fork_inherited(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    GLOBAL.set(setting.converter()).expect("a subject runs one variant");
    let config = setting.pool(Fork);
    on_pool(setting, ConvertByGlobal, || Pool::start(config))
}

pub(super) fn pool_checksum_only(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    GLOBAL.set(setting.converter()).expect("a subject runs one variant");
    let config = setting.pool(Fork);
    let measured = Measured::take(|| {
        let pool = Pool::start(config)?;
        // The same chunks as everywhere else, cut by hand, so that each can come back as one number.
        let chunksize = setting.chunksize.resolve(setting.ints.len(), setting.workers);
        let firsts = (0..).step_by(chunksize);
        let chunks = firsts.zip(setting.ints.chunks(chunksize).map(<[u32]>::to_vec)).collect();
        let shares = pool.map(ConvertAndKeep, chunks, Chunksize::from(1))?;
        Ok::<_, multiprocess::Error>((shares, pool.finish()?))
    })?;
    Ok(measured.answer(|shares| printed(shares.iter().fold(0, |sum, share| sum.wrapping_add(*share)))))
}

// ANCHOR: threads
pub(super) fn threads(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let converter = setting.converter();
    let measured = Measured::take(|| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(setting.workers).build()?;
        let convert_all = || setting.ints.par_iter().map(|int| converter.convert(*int)).collect();
        let arrays: Vec<Digits> = pool.install(convert_all);
        Ok::<_, rayon::ThreadPoolBuildError>((arrays, Vec::new()))
    })?;
    Ok(measured.answer(|arrays| answer(arrays)))
}
// ANCHOR_END: threads
