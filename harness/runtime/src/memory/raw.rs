//! Values, arrays and atomics that processes share without a lock.

use std::os::fd::{BorrowedFd, OwnedFd};

use super::HandOver;
use super::cells::Cells;
use super::element::{Countable, Element};
use super::label::Content;
use crate::error::Error;

/// One number that processes share without a lock, CPython's `RawValue`: it is loaded and stored whole, and nothing more.
///
/// So `value += 1` is a load, an addition and a store, and what another process stores in between is lost:
///
/// ```
/// let value = multiprocess::RawValue::new(0_i32).unwrap();
/// let seen = value.load();
/// value.store(41); // Another process.
/// value.store(seen + 1);
/// assert_eq!(value.load(), 1);
/// ```
#[derive(Debug)]
pub struct RawValue<T: Element>(pub(super) Cells<T>);

impl<T: Element> RawValue<T> {
    /// A value that begins as `value`.
    ///
    /// # Errors
    /// If there is no descriptor or no memory left.
    pub fn new(value: T) -> Result<Self, Error> {
        Cells::of(Content::RawCells, &[value]).map(Self)
    }

    /// What it is now. What its writer wrote elsewhere before is seen after this (acquire).
    pub fn load(&self) -> T {
        T::load(self.0.only())
    }

    /// Makes it `value` (release).
    pub fn store(&self, value: T) {
        value.store(self.0.only());
    }
}

/// Numbers that processes share without a lock, CPython's `RawArray`: each is loaded and stored whole, and two of them are two steps.
///
/// ```
/// let array = multiprocess::RawArray::of(&[1.0, 2.0]).unwrap();
/// array.store(1, 2.5).unwrap();
/// assert_eq!(array.to_vec(), [1.0, 2.5]);
/// assert!(array.store(2, 0.0).is_err());
/// ```
#[derive(Debug)]
pub struct RawArray<T: Element>(pub(super) Cells<T>);

impl<T: Element> RawArray<T> {
    /// An array of `len` zeros.
    ///
    /// # Errors
    /// If there is no descriptor left, or less memory than that.
    pub fn zeroed(len: usize) -> Result<Self, Error> {
        Cells::zeroed(Content::RawCells, len).map(Self)
    }

    /// An array of these numbers.
    ///
    /// # Errors
    /// As [`zeroed`](Self::zeroed).
    pub fn of(elements: &[T]) -> Result<Self, Error> {
        Cells::of(Content::RawCells, elements).map(Self)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What one of them is now.
    ///
    /// # Errors
    /// If there is none of this index.
    pub fn load(&self, index: usize) -> Result<T, Error> {
        self.0.at(index).map(T::load)
    }

    /// Makes one of them `value`.
    ///
    /// # Errors
    /// If there is none of this index.
    pub fn store(&self, index: usize, value: T) -> Result<(), Error> {
        self.0.at(index).map(|cell| value.store(cell))
    }

    /// All of them, one after the other: others may store meanwhile.
    pub fn to_vec(&self) -> Vec<T> {
        self.0.all().iter().map(T::load).collect()
    }
}

/// An integer that processes count with, each operation one step for all of them. CPython has none.
///
/// Every operation acquires what the last writer released, and releases what came before it.
///
/// ```
/// let counter = multiprocess::SharedAtomic::new(40_u64).unwrap();
/// assert_eq!(counter.fetch_add(2), 40);
/// assert_eq!(counter.compare_exchange(42, 0), Ok(42));
/// assert_eq!(counter.compare_exchange(42, 1), Err(0));
/// ```
#[derive(Debug)]
pub struct SharedAtomic<T: Countable>(Cells<T>);

impl<T: Countable> SharedAtomic<T> {
    /// An atomic that begins as `value`.
    ///
    /// # Errors
    /// If there is no descriptor or no memory left.
    pub fn new(value: T) -> Result<Self, Error> {
        Cells::of(Content::Atomic, &[value]).map(Self)
    }

    /// What it is now.
    pub fn load(&self) -> T {
        T::load(self.0.only())
    }

    /// Makes it `value`.
    pub fn store(&self, value: T) {
        value.store(self.0.only());
    }

    /// Adds, wrapping around at the end of the type; tells what it was before.
    pub fn fetch_add(&self, value: T) -> T {
        value.add(self.0.only())
    }

    /// Subtracts, wrapping around; tells what it was before.
    pub fn fetch_sub(&self, value: T) -> T {
        value.sub(self.0.only())
    }

    /// Makes it `value`; tells what it was before.
    pub fn swap(&self, value: T) -> T {
        value.swap(self.0.only())
    }

    /// Makes it `new` if it is `current`; tells what it was.
    ///
    /// # Errors
    /// What it is, if that is something else.
    pub fn compare_exchange(&self, current: T, new: T) -> Result<T, T> {
        current.compare_exchange(new, self.0.only())
    }
}

macro_rules! hand_over {
    ($($name:ident<$bound:ident>, $content:ident, $checked:expr);*) => {$(
        impl<T: $bound> HandOver for $name<T> {
            fn descriptor(&self) -> BorrowedFd<'_> {
                self.0.descriptor()
            }

            fn from_descriptor(descriptor: OwnedFd) -> Result<Self, Error> {
                Cells::from_descriptor(descriptor, Content::$content).and_then($checked).map(Self)
            }
        }
    )*};
}
hand_over!(RawValue<Element>, RawCells, Cells::single; RawArray<Element>, RawCells, Ok; SharedAtomic<Countable>, Atomic, Cells::single);
