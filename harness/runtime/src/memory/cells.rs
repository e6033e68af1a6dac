//! Elements in shared memory behind a label and room for a lock: what values and arrays are made of.

use std::marker::PhantomData;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use super::element::Element;
use super::label::{Content, LABEL_BYTES, Label};
use super::{labelled, mapped, wrong_length};
use crate::error::{Error, Kind};
use crate::synchronize::robust::{Guard, ROBUST_BYTES, Robust};
use crate::sys::live::Holding;
use crate::sys::shared::Shared;

/// Where the lock lies, and behind it the elements: both at cache lines of their own.
const LOCK: usize = LABEL_BYTES;
const CELLS: usize = LOCK + ROBUST_BYTES;
const _: () = assert!(LOCK.is_multiple_of(64) && CELLS.is_multiple_of(64));

/// `len` elements.
#[derive(Debug)]
pub(super) struct Cells<T> {
    shared: Shared,
    len: usize,
    // Not a `T`: what lies there is atomic.
    _of: PhantomData<fn() -> T>,
}

/// The lock is held until this is dropped.
#[derive(Debug)]
pub(super) struct Section<'a> {
    _guard: Guard<'a>,
    _holding: Holding,
}

impl<T: Element> Cells<T> {
    /// Zeros.
    pub(super) fn zeroed(content: Content, len: usize) -> Result<Self, Error> {
        let failed = "making shared values";
        let bytes = Self::bytes(len).ok_or_else(|| Error::io(failed)(std::io::ErrorKind::OutOfMemory.into()))?;
        let shared = Shared::create(bytes).map_err(Error::io(failed))?;
        if content == Content::LockedCells {
            Robust::create_recursive(&shared, LOCK, "the lock of shared values")?;
        }
        Label::of::<T>(content, len).write(&shared);
        Ok(Self { shared, len, _of: PhantomData })
    }

    pub(super) fn of(content: Content, elements: &[T]) -> Result<Self, Error> {
        let cells = Self::zeroed(content, elements.len())?;
        for (element, cell) in elements.iter().zip(cells.all()) {
            element.store(cell);
        }
        Ok(cells)
    }

    /// How long the memory is; none if it can be in no memory.
    fn bytes(len: usize) -> Option<usize> {
        let bytes = len.checked_mul(size_of::<T::Atomic>())?.checked_add(CELLS)?;
        isize::try_from(bytes).is_ok().then_some(bytes)
    }

    pub(super) fn from_descriptor(descriptor: OwnedFd, content: Content) -> Result<Self, Error> {
        let (backing, len) = labelled::<T>(descriptor, content)?;
        match Self::bytes(len) == Some(backing.len()) {
            true => Ok(Self { shared: mapped(backing)?, len, _of: PhantomData }),
            false => Err(wrong_length(backing.len(), len)),
        }
    }

    /// Itself, if it is the one element of a value.
    pub(super) fn single(self) -> Result<Self, Error> {
        match self.len {
            1 => Ok(self),
            len => Err(Kind::WrongMemory { why: format!("it holds {len} elements, not one") }.into()),
        }
    }

    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.shared.fd()
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn all(&self) -> &[T::Atomic] {
        self.shared.slice(CELLS, self.len)
    }

    /// One element.
    pub(super) fn at(&self, index: usize) -> Result<&T::Atomic, Error> {
        self.all().get(index).ok_or_else(|| Kind::NoSuchElement { index, len: self.len }.into())
    }

    /// The element of a value, which has one.
    pub(super) fn only(&self) -> &T::Atomic {
        self.shared.at(CELLS)
    }

    /// Takes the lock, waiting for at most `limit`; `what` it is called in errors.
    pub(super) fn lock(&self, what: &'static str, limit: Duration) -> Result<Section<'_>, Error> {
        Robust::at(&self.shared, LOCK, what).lock_within(limit).map(Section::of)
    }

    /// Takes the lock also if a process died with it.
    pub(super) fn recover(&self, what: &'static str, limit: Duration) -> Result<Section<'_>, Error> {
        Robust::at(&self.shared, LOCK, what).recover(limit).map(Section::of)
    }
}

impl<'a> Section<'a> {
    fn of(guard: Guard<'a>) -> Self {
        Self { _guard: guard, _holding: Holding::begin() }
    }
}
