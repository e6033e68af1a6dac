//! Values and arrays that processes share under a lock which notices that its holder died.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use super::HandOver;
use super::cells::{Cells, Section};
use super::element::Element;
use super::label::Content;
use super::raw::{RawArray, RawValue};
use crate::error::Error;

/// One number that processes share under a lock, CPython's `Value`.
///
/// [`lock`](Self::lock) is CPython's `with value.get_lock()`. [`load`](Self::load) and [`store`](Self::store) are its property `.value`: each takes
/// the lock for itself, so that `value += 1` made of them is two sections, and loses what others store in between.
///
/// The lock is an [`RLock`](crate::RLock): the thread that has it may take it again. A process that is killed while it holds it leaves the number as
/// it was at that moment, perhaps between two changes that belong together. The next locker, and everyone after it, gets an error at once
/// that names the process, until one of them [recovers](Self::recover); meanwhile the number can be read [`raw`](Self::raw).
///
/// While a lock is held its process cannot be forked: the child would have a guard of a lock that is not its own.
///
/// ```
/// use std::time::Duration;
/// let limit = Duration::from_secs(10);
/// let value = multiprocess::Value::new(41).unwrap();
/// value.lock(limit).unwrap().update(|number| number + 1);
/// assert_eq!(value.load(limit).unwrap(), 42);
/// ```
#[derive(Debug)]
pub struct Value<T: Element>(RawValue<T>);

/// The right to a [`Value`], alone among all that lock it, until it is dropped.
#[derive(Debug)]
pub struct ValueGuard<'a, T: Element> {
    value: &'a RawValue<T>,
    _section: Section<'a>,
}

impl<T: Element> Value<T> {
    /// A value that begins as `value`.
    ///
    /// # Errors
    /// If there is no descriptor or no memory left.
    pub fn new(value: T) -> Result<Self, Error> {
        Cells::of(Content::LockedCells, &[value]).map(|cells| Self(RawValue(cells)))
    }

    /// Takes the lock, waiting for at most `limit`.
    ///
    /// # Errors
    /// If another held it all the time ([`Error::is_deadline`]), or a process died with it ([`Error::is_lock_owner_died`],
    /// [`Error::dead_owner`]), and nobody has recovered it since.
    pub fn lock(&self, limit: Duration) -> Result<ValueGuard<'_, T>, Error> {
        Ok(ValueGuard { _section: self.0.0.lock("a Value's lock", limit)?, value: &self.0 })
    }

    /// Takes the lock although a process died with it, after which it is a lock as any other. Whoever calls this puts the number in order.
    ///
    /// # Errors
    /// If another held it all the time ([`Error::is_deadline`]).
    pub fn recover(&self, limit: Duration) -> Result<ValueGuard<'_, T>, Error> {
        Ok(ValueGuard { _section: self.0.0.recover("a Value's lock", limit)?, value: &self.0 })
    }

    /// What it is, under the lock.
    ///
    /// # Errors
    /// As [`lock`](Self::lock).
    pub fn load(&self, limit: Duration) -> Result<T, Error> {
        self.lock(limit).map(|guard| guard.get())
    }

    /// Makes it `value`, under the lock.
    ///
    /// # Errors
    /// As [`lock`](Self::lock).
    pub fn store(&self, value: T, limit: Duration) -> Result<(), Error> {
        self.lock(limit).map(|guard| guard.set(value))
    }

    /// The number without the lock, CPython's `get_obj()`: sound at any time, and in the middle of what others do under the lock.
    pub fn raw(&self) -> &RawValue<T> {
        &self.0
    }
}

impl<T: Element> ValueGuard<'_, T> {
    /// What it is.
    pub fn get(&self) -> T {
        self.value.load()
    }

    /// Makes it `value`.
    pub fn set(&self, value: T) {
        self.value.store(value);
    }

    /// Makes it what `change` makes of it; tells that.
    pub fn update(&self, change: impl FnOnce(T) -> T) -> T {
        let value = change(self.get());
        self.set(value);
        value
    }
}

/// Numbers that processes share under one lock, CPython's `Array`. What is said of [`Value`] holds here, too.
///
/// ```
/// use std::time::Duration;
/// let limit = Duration::from_secs(10);
/// let array = multiprocess::Array::<u32>::zeroed(2).unwrap();
/// let guard = array.lock(limit).unwrap();
/// guard.set(0, 40).unwrap();
/// guard.set(1, guard.get(0).unwrap() + 2).unwrap();
/// assert_eq!(guard.to_vec(), [40, 42]);
/// ```
#[derive(Debug)]
pub struct Array<T: Element>(RawArray<T>);

/// The right to all of an [`Array`], alone among all that lock it, until it is dropped.
#[derive(Debug)]
pub struct ArrayGuard<'a, T: Element> {
    array: &'a RawArray<T>,
    _section: Section<'a>,
}

impl<T: Element> Array<T> {
    /// An array of `len` zeros.
    ///
    /// # Errors
    /// If there is no descriptor left, or less memory than that.
    pub fn zeroed(len: usize) -> Result<Self, Error> {
        Cells::zeroed(Content::LockedCells, len).map(|cells| Self(RawArray(cells)))
    }

    /// An array of these numbers.
    ///
    /// # Errors
    /// As [`zeroed`](Self::zeroed).
    pub fn of(elements: &[T]) -> Result<Self, Error> {
        Cells::of(Content::LockedCells, elements).map(|cells| Self(RawArray(cells)))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the lock, waiting for at most `limit`.
    ///
    /// # Errors
    /// As [`Value::lock`].
    pub fn lock(&self, limit: Duration) -> Result<ArrayGuard<'_, T>, Error> {
        Ok(ArrayGuard { _section: self.0.0.lock("an Array's lock", limit)?, array: &self.0 })
    }

    /// Takes the lock although a process died with it.
    ///
    /// # Errors
    /// As [`Value::recover`].
    pub fn recover(&self, limit: Duration) -> Result<ArrayGuard<'_, T>, Error> {
        Ok(ArrayGuard { _section: self.0.0.recover("an Array's lock", limit)?, array: &self.0 })
    }

    /// The numbers without the lock, CPython's `get_obj()`.
    pub fn raw(&self) -> &RawArray<T> {
        &self.0
    }
}

impl<T: Element> ArrayGuard<'_, T> {
    /// What one of them is.
    ///
    /// # Errors
    /// If there is none of this index.
    pub fn get(&self, index: usize) -> Result<T, Error> {
        self.array.load(index)
    }

    /// Makes one of them `value`.
    ///
    /// # Errors
    /// If there is none of this index.
    pub fn set(&self, index: usize, value: T) -> Result<(), Error> {
        self.array.store(index, value)
    }

    /// All of them, as they are together.
    pub fn to_vec(&self) -> Vec<T> {
        self.array.to_vec()
    }
}

impl<T: Element> HandOver for Value<T> {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.0.descriptor()
    }

    fn from_descriptor(descriptor: OwnedFd) -> Result<Self, Error> {
        let cells = Cells::from_descriptor(descriptor, Content::LockedCells).and_then(Cells::single)?;
        Ok(Self(RawValue(cells)))
    }
}

impl<T: Element> HandOver for Array<T> {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.0.descriptor()
    }

    fn from_descriptor(descriptor: OwnedFd) -> Result<Self, Error> {
        Cells::from_descriptor(descriptor, Content::LockedCells).map(|cells| Self(RawArray(cells)))
    }
}
