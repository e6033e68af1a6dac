//! What a shared value can be: a primitive number that one machine instruction reads or writes whole.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use std::sync::atomic::{
    AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize,
};

use crate::sys::shared::Shareable;

/// What a [`Value`](crate::Value) and an [`Array`](crate::Array) hold: integers up to 64 bits, `f32`, `f64` and `bool`, as `ctypes`' simple types.
///
/// It is for the primitive types, and cannot be implemented for others: a structure is not read whole while another process writes it.
///
/// ```compile_fail,E0277
/// // A string is an address, and means nothing in another process.
/// multiprocess::Value::new(String::new());
/// ```
///
/// ```compile_fail,E0277
/// // A pair is written in two steps.
/// multiprocess::RawArray::of(&[(1_u32, 2_u32)]);
/// ```
#[expect(private_bounds, reason = "the bound seals the trait")]
pub trait Element: Cell {}

/// What a [`SharedAtomic`](crate::SharedAtomic) counts with: the integers.
///
/// ```compile_fail,E0277
/// // There is no instruction that adds to a float.
/// multiprocess::SharedAtomic::new(1.0);
/// ```
#[expect(private_bounds, reason = "the bound seals the trait")]
pub trait Countable: Element + Count {}

/// How an element lies in memory that others write.
///
/// A load acquires and a store releases: what a process wrote before it stored a value here is seen by the process that loads this
/// value. `Cell::load` and `Cell::store` pair with each other and with the operations of [`Count`].
pub(crate) trait Cell: Copy + Send + Sync + PartialEq + std::fmt::Debug + 'static {
    type Atomic: Shareable;
    fn load(cell: &Self::Atomic) -> Self;
    fn store(self, cell: &Self::Atomic);
}

/// Operations that are one step for all processes. Acquire and release, as [`Cell`] has them.
pub(crate) trait Count: Cell {
    fn add(self, cell: &Self::Atomic) -> Self;
    fn sub(self, cell: &Self::Atomic) -> Self;
    fn swap(self, cell: &Self::Atomic) -> Self;
    fn compare_exchange(self, new: Self, cell: &Self::Atomic) -> Result<Self, Self>;
}

macro_rules! integers {
    ($($number:ty: $atomic:ty),*) => {$(
        impl Cell for $number {
            type Atomic = $atomic;
            fn load(cell: &$atomic) -> Self {
                cell.load(Acquire)
            }
            fn store(self, cell: &$atomic) {
                cell.store(self, Release);
            }
        }
        impl Count for $number {
            fn add(self, cell: &$atomic) -> Self {
                cell.fetch_add(self, AcqRel)
            }
            fn sub(self, cell: &$atomic) -> Self {
                cell.fetch_sub(self, AcqRel)
            }
            fn swap(self, cell: &$atomic) -> Self {
                cell.swap(self, AcqRel)
            }
            fn compare_exchange(self, new: Self, cell: &$atomic) -> Result<Self, Self> {
                cell.compare_exchange(self, new, AcqRel, Acquire)
            }
        }
        impl Element for $number {}
        impl Countable for $number {}
    )*};
}
integers!(u8: AtomicU8, u16: AtomicU16, u32: AtomicU32, u64: AtomicU64, usize: AtomicUsize);
integers!(i8: AtomicI8, i16: AtomicI16, i32: AtomicI32, i64: AtomicI64, isize: AtomicIsize);

/// Numbers that are stored as the bits of an integer.
macro_rules! as_bits {
    ($($number:ty: $atomic:ty, $from:expr, $into:expr);*) => {$(
        impl Cell for $number {
            type Atomic = $atomic;
            fn load(cell: &$atomic) -> Self {
                $from(cell.load(Acquire))
            }
            fn store(self, cell: &$atomic) {
                cell.store($into(self), Release);
            }
        }
        impl Element for $number {}
    )*};
}
// Any byte but 0 is true: another process may have left any.
as_bits!(f32: AtomicU32, f32::from_bits, f32::to_bits; f64: AtomicU64, f64::from_bits, f64::to_bits; bool: AtomicU8, |byte| byte != 0, u8::from);
