//! How one process adds 1 to what it shares with others: what is one step, and what is two.

use std::hint::black_box;

use multiprocess::{Array, Error, RawValue, SharedAtomic, Value, manager};

use super::crew::PATIENCE;

// ANCHOR: manager
/// The post's `counter.value += 1`: a request that asks, and a request that tells. Between the two the value is anybody's.
pub(super) fn ask_and_tell(counter: &manager::Value<i64>, times: u64) -> Result<(), Error> {
    (0..times).try_for_each(|_| counter.set(&(counter.get()? + 1)))
}

/// The same while holding a lock that lives in the server, too: four requests.
pub(super) fn ask_and_tell_locked(
    lock: &manager::Lock,
    counter: &manager::Value<i64>,
    times: u64,
) -> Result<(), Error> {
    (0..times).try_for_each(|_| {
        let _held = lock.acquire(PATIENCE)?;
        counter.set(&(counter.get()? + 1))
    })
}

/// One request that says what to do. The server does it under its own lock.
pub(super) fn ask_to_add(counter: &manager::Value<i64>, times: u64) -> Result<(), Error> {
    (0..times).try_for_each(|_| counter.add(1).map(drop))
}
// ANCHOR_END: manager

// ANCHOR: value
/// `counter.value += 1` on a `Value` that has a lock: the lock is taken to read, given back, and taken again to write.
pub(super) fn load_and_store(counter: &Value<i64>, times: u64) -> Result<(), Error> {
    (0..times).try_for_each(|_| counter.store(counter.load(PATIENCE)? + 1, PATIENCE))
}

/// `with counter.get_lock(): counter.value += 1`: nobody comes in between.
pub(super) fn update(counter: &Value<i64>, times: u64) -> Result<(), Error> {
    (0..times).try_for_each(|_| {
        counter.lock(PATIENCE)?.update(|number| number + 1);
        Ok(())
    })
}
// ANCHOR_END: value

/// Adds to an own element of an array that has one lock for all of them.
pub(super) fn update_element(counters: &Array<i64>, own: usize, times: u64) -> Result<(), Error> {
    (0..times).try_for_each(|_| {
        let held = counters.lock(PATIENCE)?;
        held.set(own, held.get(own)? + 1)
    })
}

// ANCHOR: bare
/// Without any lock: a load, and a store. Each of them is whole, and the two together are not.
pub(super) fn bare_load_and_store(counter: &RawValue<i64>, times: u64) {
    (0..times).for_each(|_| counter.store(counter.load() + 1));
}

/// One instruction that reads, adds and writes.
pub(super) fn fetch_add(counter: &SharedAtomic<i64>, times: u64) {
    for _ in 0..times {
        counter.fetch_add(1);
    }
}

/// A number of one's own, told once.
pub(super) fn count_alone(counter: &SharedAtomic<i64>, times: u64) {
    counter.fetch_add(count(times));
}

/// Adds one at a time to what nobody else sees. The compiler cannot see the 1, so that the loop is not replaced by its result.
pub(super) fn count(times: u64) -> i64 {
    (0..times).fold(0, |number, _| number + black_box(1))
}
// ANCHOR_END: bare

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alone_every_way_adds() {
        let (value, raw, atomic) = (Value::new(0).unwrap(), RawValue::new(0).unwrap(), SharedAtomic::new(0).unwrap());
        load_and_store(&value, 3).unwrap();
        update(&value, 4).unwrap();
        bare_load_and_store(&raw, 5);
        fetch_add(&atomic, 6);
        count_alone(&atomic, 7);
        assert_eq!((value.raw().load(), raw.load(), atomic.load()), (7, 5, 13));
        let array = Array::zeroed(3).unwrap();
        update_element(&array, 1, 2).unwrap();
        assert_eq!(array.raw().to_vec(), [0, 2, 0]);
        assert_eq!(count(0), 0);
    }
}
