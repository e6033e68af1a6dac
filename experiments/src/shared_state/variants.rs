//! The variants: the same additions, by processes that share a counter in nine ways, and by one that shares nothing.
//!
//! Only what the processes do between two meetings is timed: neither their start nor the server's. An addition in memory takes nanoseconds, so
//! that each process does its additions there several times over, and the time is divided by that.

use std::convert::Infallible;
use std::hint::black_box;

use harness::{Measured, Outcome};
use multiprocess::manager::Manager;
use multiprocess::{Array, Error, RawValue, SharedAtomic, StartMethod, Value};
use record::Params;

use super::adding;
use super::crew::{self, Failed, PATIENCE, Rounds, Setting};
use super::trials::{Trials, sweep};

type Answered = Result<Outcome, Failed>;

/// In how many rounds additions under a lock are done once.
const LOCKED_SHARE: u64 = 20;

/// How many times over additions without a lock are done, for each round: those that others see, and those that nobody else sees.
const BARE_SHARE: u64 = 4;
const ALONE_SHARE: u64 = 16;

/// With fewer additions than these a process may be done before the next has begun, and then nothing is lost: requests, additions under a
/// lock that is taken twice, and additions without one.
const ENOUGH: [u64; 3] = [100, 10_000, 1_000_000];

// ANCHOR: serial
pub(super) fn serial(params: &Params) -> Answered {
    let setting = Setting::new(params);
    let over = setting.trials * setting.rounds * ALONE_SHARE;
    let measured = Measured::take(|| {
        let counted = (0..over).fold(0, |_, _| black_box(adding::count(black_box(setting.expected()))));
        Ok::<_, Infallible>((counted, Vec::new()))
    })?;
    Ok(measured.answer(i64::to_string).iterations(over))
}
// ANCHOR_END: serial

/// Where a manager's counter begins: so high that every message is as long as every other, whatever was lost.
const BASE: i64 = 1 << 40;

/// The requests that a manager's server has answered.
struct Requests {
    get: u64,
    set: u64,
    all: u64,
}

/// A manager, and a counter in it for every round, since to look at one is a request, too. After the last round it tells what each has come
/// to, and what the processes have asked.
fn with_manager(
    setting: &Setting,
    rounds: &Rounds,
    work: fn(&multiprocess::manager::Lock, &multiprocess::manager::Value<i64>, u64) -> Result<(), Error>,
) -> Result<(Measured<()>, Vec<i64>, Requests), Failed> {
    let manager = Manager::start(StartMethod::Fork)?;
    let lock = manager.lock()?;
    let counters = rounds.increments.iter().map(|_| manager.value(BASE)).collect::<Result<Vec<_>, _>>()?;
    let connected = || {
        // Held and let go: what else a first use does is done before the first round.
        drop(lock.try_clone()?);
        counters.iter().try_for_each(|counter| counter.try_clone().map(drop))
    };
    let done = crew::run(
        setting.workers,
        rounds,
        connected,
        |_, place, increments| work(&lock, &counters[place], increments),
        || Ok(()),
    )?;
    let state = manager.state()?;
    let requests =
        Requests { get: state.requests_of("value.get"), set: state.requests_of("value.set"), all: state.requests() };
    let values = counters.iter().map(|counter| Ok(counter.get()? - BASE)).collect::<Result<_, Error>>()?;
    drop((lock, counters));
    manager.finish(PATIENCE)?;
    Ok((done, values, requests))
}

/// What the requests for one trial are, as facts; all rounds together made `increments` increments.
fn with_requests(outcome: Outcome, requests: &Requests, increments: u64) -> Outcome {
    outcome
        .fact("increments", increments)
        .fact("requests", requests.all)
        .fact("get_requests", requests.get)
        .fact("set_requests", requests.set)
}

// ANCHOR: manager_get_set
pub(super) fn manager_get_set(params: &Params) -> Answered {
    let setting = Setting::new(params);
    let sweep = sweep(setting.increments);
    let trials = vec![setting.increments; setting.trials as usize];
    let rounds = Rounds { timed: trials.len(), increments: [trials, sweep.clone()].concat() };
    let all: u64 = rounds.increments.iter().sum();
    let work = |_: &_, counter: &_, increments| adding::ask_and_tell(counter, increments);
    let (done, values, requests) = with_manager(&setting, &rounds, work)?;
    let (finals, swept) = values.split_at(rounds.timed);
    let outcome =
        Trials { setting: &setting, over: 1, enough: ENOUGH[0], finals, swept: (&sweep, swept) }.outcome(done);
    Ok(with_requests(outcome, &requests, all * setting.workers))
}
// ANCHOR_END: manager_get_set

/// A manager's counter that loses nothing: one round, since there is nothing to see in a second.
fn manager_safe(
    params: &Params,
    work: fn(&multiprocess::manager::Lock, &multiprocess::manager::Value<i64>, u64) -> Result<(), Error>,
) -> Answered {
    let setting = Setting::new(params);
    let rounds = Rounds { timed: 1, increments: vec![setting.increments] };
    let (done, values, requests) = with_manager(&setting, &rounds, work)?;
    let outcome = done.answer(|_| values[0].to_string());
    Ok(with_requests(outcome, &requests, setting.expected()))
}

pub(super) fn manager_locked(params: &Params) -> Answered {
    manager_safe(params, adding::ask_and_tell_locked)
}

pub(super) fn manager_add(params: &Params) -> Answered {
    manager_safe(params, |_, counter, increments| adding::ask_to_add(counter, increments))
}

/// Processes that add in shared memory, `over` times as often as the setting says, and then, if that loses updates where it is
/// `enough`, less and less often. `look` tells what the counter has come to, and makes it 0 again.
fn in_memory(
    setting: &Setting,
    over: u64,
    enough: Option<u64>,
    work: impl Fn(u64, u64) -> Result<(), Error>,
    mut look: impl FnMut() -> Result<i64, Error>,
) -> Answered {
    let most = setting.increments * over;
    let sweep = if enough.is_some() { sweep(most) } else { Vec::new() };
    let trials = vec![most; setting.trials as usize];
    let rounds = Rounds { timed: trials.len(), increments: [trials, sweep.clone()].concat() };
    let mut finals = Vec::new();
    let done = crew::run(
        setting.workers,
        &rounds,
        || Ok(()),
        |worker, _, increments| work(worker, increments),
        || look().map(|value| finals.push(value)),
    )?;
    let (finals, swept) = finals.split_at(rounds.timed);
    let trials = Trials { setting, over, enough: enough.unwrap_or(0), finals, swept: (&sweep, swept) };
    Ok(if enough.is_some() { trials.outcome(done) } else { trials.safe(done) })
}

fn locked_rounds(setting: &Setting) -> u64 {
    setting.rounds.div_ceil(LOCKED_SHARE)
}

/// What a `Value` has come to; it is 0 afterwards.
fn taken(counter: &Value<i64>) -> Result<i64, Error> {
    let held = counter.lock(PATIENCE)?;
    let value = held.get();
    held.set(0);
    Ok(value)
}

pub(super) fn value_get_set(params: &Params) -> Answered {
    let (setting, counter) = (Setting::new(params), Value::new(0)?);
    let work = |_, times| adding::load_and_store(&counter, times);
    in_memory(&setting, locked_rounds(&setting), Some(ENOUGH[1]), work, || taken(&counter))
}

pub(super) fn value_locked(params: &Params) -> Answered {
    let (setting, counter) = (Setting::new(params), Value::new(0)?);
    let work = |_, times| adding::update(&counter, times);
    in_memory(&setting, locked_rounds(&setting), None, work, || taken(&counter))
}

pub(super) fn array_locked(params: &Params) -> Answered {
    let setting = Setting::new(params);
    let counters = Array::zeroed(setting.workers as usize)?;
    let work = |worker, times| adding::update_element(&counters, worker as usize, times);
    let look = || {
        let held = counters.lock(PATIENCE)?;
        let sum = held.to_vec().iter().sum();
        (0..counters.len()).try_for_each(|place| held.set(place, 0))?;
        Ok(sum)
    };
    in_memory(&setting, locked_rounds(&setting), None, work, look)
}

pub(super) fn raw_get_set(params: &Params) -> Answered {
    let (setting, counter) = (Setting::new(params), RawValue::new(0)?);
    let work = |_, times| {
        adding::bare_load_and_store(&counter, times);
        Ok(())
    };
    let look = || {
        let value = counter.load();
        counter.store(0);
        Ok(value)
    };
    in_memory(&setting, setting.rounds * BARE_SHARE, Some(ENOUGH[2]), work, look)
}

fn atomic_by(params: &Params, share: u64, add: fn(&SharedAtomic<i64>, u64)) -> Answered {
    let (setting, counter) = (Setting::new(params), SharedAtomic::new(0)?);
    let work = |_, times| {
        add(&counter, times);
        Ok(())
    };
    in_memory(&setting, setting.rounds * share, None, work, || Ok(counter.swap(0)))
}

pub(super) fn atomic(params: &Params) -> Answered {
    atomic_by(params, BARE_SHARE, adding::fetch_add)
}

pub(super) fn own_sums(params: &Params) -> Answered {
    atomic_by(params, ALONE_SHARE, adding::count_alone)
}
