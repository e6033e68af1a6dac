//! Values, arrays, atomics and lists that processes share: what a lock saves, what none loses, and what death leaves.

use std::time::Duration;

use multiprocess::{
    Array, Error, Process, RawArray, RawValue, ShareableItem, ShareableList, SharedAtomic, Status, Value,
};
use nix::sys::signal::{Signal, raise};

use super::Case;
use super::process::LONG;
use super::sharing::forks_are_refused;

pub(super) const CASES: &[Case] = &[
    ("unlocked_additions_may_be_lost_and_each_is_one_load_and_one_store", unlocked),
    ("locked_additions_are_all_there", locked),
    ("atomic_additions_are_all_there", atomic),
    ("a_process_killed_with_a_lock_is_named_and_the_value_can_be_read", killed_with_a_lock),
    ("nobody_forks_while_a_lock_is_held", no_fork_with_a_lock),
    ("a_lock_is_waited_for_until_its_deadline", lock_deadline),
    ("an_array_changes_as_a_whole_under_its_lock", array_as_a_whole),
    ("values_of_impossible_size_are_an_error", impossible_sizes),
    ("a_shareable_list_takes_what_fits", list_takes_what_fits),
    ("a_shareable_list_survives_writers_that_do_not_agree", list_survives_writers),
    ("an_empty_list_is_a_list", empty_list),
];

/// The lesson's numbers: CPython's manager of four processes, `value += 1` a hundred thousand times each.
const PROCESSES: usize = 4;
const ADDITIONS: u64 = 100_000;
const ALL: u64 = PROCESSES as u64 * ADDITIONS;

/// Runs `add` in each of the processes, which begin together.
fn together(add: impl Fn()) {
    let waiting = SharedAtomic::new(PROCESSES).unwrap();
    let body = || {
        waiting.fetch_sub(1);
        while waiting.load() > 0 {
            std::thread::yield_now();
        }
        add();
        0
    };
    let mut processes: Vec<Process> = (0..PROCESSES).map(|_| Process::start(&[], body).unwrap()).collect();
    for process in &mut processes {
        assert_eq!(process.join(LONG).unwrap().status, Status::Exited(0));
    }
}

fn unlocked() {
    let value = RawValue::new(0_u64).unwrap();
    let (loads, stores) = (SharedAtomic::new(0_u64).unwrap(), SharedAtomic::new(0_u64).unwrap());
    together(|| {
        let (mut loaded, mut stored) = (0, 0);
        for _ in 0..ADDITIONS {
            let number = value.load();
            loaded += 1;
            value.store(number + 1);
            stored += 1;
        }
        loads.fetch_add(loaded);
        stores.fetch_add(stored);
    });
    assert_eq!((loads.load(), stores.load()), (ALL, ALL));
    // One process at least stored the last of its own additions after its first.
    assert!((1..=ALL).contains(&value.load()), "{}", value.load());
}

fn locked() {
    let value = Value::new(0_u64).unwrap();
    together(|| {
        for _ in 0..ADDITIONS {
            value.lock(LONG).unwrap().update(|number| number + 1);
        }
    });
    assert_eq!(value.load(LONG).unwrap(), ALL);
}

fn atomic() {
    let value = SharedAtomic::new(0_u32).unwrap();
    together(|| {
        for _ in 0..ADDITIONS {
            value.fetch_add(1);
        }
    });
    assert_eq!(u64::from(value.load()), ALL);
}

fn killed_with_a_lock() {
    fn killed(value: &Value<i32>, body: impl FnOnce()) -> u32 {
        let body = || {
            let guard = value.lock(LONG).unwrap();
            guard.set(7);
            body();
            raise(Signal::SIGKILL).unwrap();
            0
        };
        let mut process = Process::start(&[], body).unwrap();
        assert_eq!(process.join(LONG).unwrap().status, Status::Signalled(9));
        process.pid()
    }
    let value = Value::new(1).unwrap();
    let pid = killed(&value, || ());
    let named = |error: Error| {
        assert!(error.is_lock_owner_died() && error.to_string().starts_with(&format!("process {pid} died")), "{error}");
        assert_eq!(error.dead_owner(), Some(pid));
    };
    // Whoever comes next, and after that; it is never waited for.
    named(value.lock(LONG).unwrap_err());
    named(value.lock(Duration::MAX).unwrap_err());
    named(value.store(2, Duration::ZERO).unwrap_err());
    let elsewhere = || i32::from(value.lock(LONG).unwrap_err().dead_owner() != Some(pid));
    assert_eq!(Process::start(&[], elsewhere).unwrap().join(LONG).unwrap().status, Status::Exited(0));
    assert_eq!(value.raw().load(), 7, "what it had stored is there");
    let guard = value.recover(LONG).unwrap();
    guard.set(8);
    drop(guard);
    assert_eq!(value.load(LONG).unwrap(), 8, "whoever has put it in order gives it back to all");
}

fn no_fork_with_a_lock() {
    let (value, array) = (Value::new(0).unwrap(), Array::<u8>::zeroed(1).unwrap());
    let guard = value.lock(LONG).unwrap();
    forks_are_refused();
    drop(guard);
    let guard = array.lock(LONG).unwrap();
    forks_are_refused();
    drop(guard);
    let body = || {
        let guard = value.lock(LONG).unwrap();
        forks_are_refused();
        guard.set(1);
        0
    };
    assert_eq!(Process::start(&[], body).unwrap().join(LONG).unwrap().status, Status::Exited(0));
    assert_eq!(value.load(LONG).unwrap(), 1);
}

fn lock_deadline() {
    let value = Value::new(0).unwrap();
    let guard = value.lock(LONG).unwrap();
    let again = value.lock(Duration::ZERO).unwrap();
    again.set(1);
    assert_eq!(value.load(Duration::ZERO).unwrap(), 1, "it is the same thread's, as CPython's RLock is");
    drop(again);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| value.lock(Duration::from_millis(10)).unwrap_err().is_deadline());
        assert!(other.join().unwrap());
    });
    assert_eq!(value.raw().load(), 1, "no lock is needed to look");
    drop(guard);
    assert!(std::thread::scope(|scope| scope.spawn(|| value.lock(LONG).is_ok()).join().unwrap()));
    let dead = std::thread::scope(|scope| scope.spawn(|| std::mem::forget(value.lock(LONG).unwrap())).join());
    dead.unwrap();
    // The thread that forgot its guard is gone, as a process would be.
    assert!(value.lock(LONG).unwrap_err().is_lock_owner_died());
}

fn array_as_a_whole() {
    let array = Array::<u64>::zeroed(64).unwrap();
    together(|| {
        for _ in 0..1_000 {
            let guard = array.lock(LONG).unwrap();
            let seen = guard.to_vec();
            assert!(seen.iter().all(|number| *number == seen[0]), "somebody wrote meanwhile");
            for (index, number) in seen.iter().enumerate() {
                guard.set(index, number + 1).unwrap();
            }
        }
    });
    assert_eq!(array.raw().to_vec(), [4_000; 64]);
    let guard = array.lock(LONG).unwrap();
    assert!(guard.get(64).unwrap_err().is_no_such_element() && guard.set(usize::MAX, 0).is_err());
}

fn impossible_sizes() {
    for len in [usize::MAX, usize::MAX / 8, 1 << 60, 1 << 45] {
        assert!(RawArray::<u64>::zeroed(len).is_err() && Array::<u64>::zeroed(len).is_err(), "{len}");
    }
    let nothing = RawArray::<f64>::of(&[]).unwrap();
    assert!(nothing.is_empty() && nothing.to_vec().is_empty());
    let error = nothing.load(0).unwrap_err();
    assert_eq!(error.to_string(), "there is no element 0: there are 0, counted from 0");
    let nothing = Array::<u8>::zeroed(0).unwrap();
    assert!(nothing.is_empty() && nothing.lock(LONG).unwrap().to_vec().is_empty());
    let odd = RawArray::of(&[1_u8, 2, 3, 4, 5]).unwrap();
    assert_eq!((odd.len(), odd.load(4).unwrap()), (5, 5));
}

fn list_takes_what_fits() {
    let list = ShareableList::new(["7 bytes".into(), 1.into(), "eight...".into(), vec![0_u8; 3].into()]).unwrap();
    let too_long = |index: usize, len: usize, room: usize| {
        let error = list.set(index, "x".repeat(len).into()).unwrap_err();
        let said =
            format!("an item of {len} bytes does not fit entry {index} of a shareable list, which has room for {room}");
        assert!(error.is_too_long() && error.to_string() == said, "{error}");
    };
    for (index, room) in [(0, 8), (1, 8), (2, 16), (3, 8)] {
        list.set(index, "x".repeat(room).into()).unwrap();
        too_long(index, room + 1, room);
        assert_eq!(list.get(index).unwrap(), "x".repeat(room).into(), "a refused item changes nothing");
    }
    // A number in place of a string leaves the room for the next string.
    for item in [2.5.into(), ShareableItem::None, true.into(), i64::MIN.into(), vec![9_u8; 16].into(), "ü".into()] {
        list.set(2, item.clone()).unwrap();
        assert_eq!(list.get(2).unwrap(), item);
    }
    let item = ShareableItem::from("ends in\0");
    list.set(0, item.clone()).unwrap();
    assert_eq!((list.get(0).unwrap(), list.count(&item).unwrap(), list.index(&item).unwrap()), (item, 1, Some(0)));
    assert_eq!(list.index(&ShareableItem::None).unwrap(), None);
    assert!(list.get(4).unwrap_err().is_no_such_element() && list.set(4, 1.into()).is_err());
    // Another process sees it, and is seen.
    let body = || i32::from(list.get(2).unwrap() != "ü".into() || list.set(1, 42.into()).is_err());
    assert_eq!(Process::start(&[], body).unwrap().join(LONG).unwrap().status, Status::Exited(0));
    assert_eq!(list.get(1).unwrap(), 42.into());
}

/// Two write without a lock what mixes badly: characters of two bytes, and an odd number of bytes that are none.
fn list_survives_writers() {
    const READS: u64 = 20_000;
    let ends = SharedAtomic::new(0_u8).unwrap();
    let list = ShareableList::new(["x".repeat(31).into()]).unwrap();
    let written = [ShareableItem::from("é".repeat(15)), "y".repeat(31).into(), 1.5.into(), vec![0xff_u8; 17].into()];
    let writer = |items: &[ShareableItem]| {
        while ends.load() == 0 {
            items.iter().for_each(|item| list.set(0, item.clone()).unwrap());
        }
        0
    };
    let mut writers = [
        Process::start(&[], || writer(&written[..2])).unwrap(),
        Process::start(&[], || writer(&written[2..])).unwrap(),
    ];
    let (mut whole, mut mixed, mut refused) = (0, 0, 0);
    for _ in 0..READS {
        match list.get(0) {
            Ok(item) if written.contains(&item) => whole += 1,
            Ok(_) => mixed += 1,
            Err(error) => {
                assert!(error.is_decode() && error.to_string().contains("entry 0"), "{error}");
                refused += 1;
            }
        }
    }
    ends.store(1);
    assert_eq!(whole + mixed + refused, READS);
    for writer in &mut writers {
        assert_eq!(writer.join(LONG).unwrap().status, Status::Exited(0));
    }
    list.set(0, "repaired".into()).unwrap();
    assert_eq!(list.get(0).unwrap(), "repaired".into());
}

fn empty_list() {
    let list = ShareableList::new([]).unwrap();
    assert!(list.is_empty() && list.to_vec().unwrap().is_empty());
    assert!(list.get(0).unwrap_err().is_no_such_element());
    assert_eq!(list.count(&ShareableItem::None).unwrap(), 0);
}
