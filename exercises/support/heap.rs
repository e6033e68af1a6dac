//! An allocator that counts what is asked of it, for checks that ask whether something was copied.
//!
//! It belongs to the check and not to the exercise: a program has one allocator, and the one that counts must not be the submission's.

#![expect(unsafe_code, reason = "an allocator cannot be written without; this one hands everything to the system's")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The system's allocator, counted. All threads of the process count together.
///
/// ```
/// #[global_allocator]
/// static HEAP: exercises::CountedHeap = exercises::CountedHeap::new();
///
/// let (copy, used) = HEAP.during(|| vec![1_u8; 1_000].clone());
/// assert_eq!(copy.len(), 1_000);
/// assert_eq!((used.allocations, used.bytes, used.peak_bytes), (2, 2_000, 2_000));
/// ```
#[derive(Debug, Default)]
pub struct CountedHeap {
    allocations: AtomicU64,
    bytes: AtomicU64,
    in_use: AtomicU64,
    peak: AtomicU64,
}

/// What some work asked of the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeapUse {
    /// Allocations; a block that was made larger is another one.
    pub allocations: u64,
    /// Their bytes together, whether they were given back or not.
    pub bytes: u64,
    /// The most that was in use at one time, beyond what was before, in bytes.
    pub peak_bytes: u64,
}

impl CountedHeap {
    /// An allocator that has counted nothing yet.
    pub const fn new() -> Self {
        Self {
            allocations: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            in_use: AtomicU64::new(0),
            peak: AtomicU64::new(0),
        }
    }

    /// Does some work, and tells what it asked for. Two such at a time would see each other's.
    pub fn during<T>(&self, work: impl FnOnce() -> T) -> (T, HeapUse) {
        let in_use = self.in_use.load(Relaxed);
        self.peak.store(in_use, Relaxed);
        let [allocations, bytes] = [&self.allocations, &self.bytes].map(|count| count.load(Relaxed));
        let done = work();
        let used = HeapUse {
            allocations: self.allocations.load(Relaxed) - allocations,
            bytes: self.bytes.load(Relaxed) - bytes,
            peak_bytes: self.peak.load(Relaxed) - in_use,
        };
        (done, used)
    }

    fn took(&self, bytes: usize, instead_of: usize) {
        self.allocations.fetch_add(1, Relaxed);
        self.bytes.fetch_add(bytes as u64, Relaxed);
        let before = self.in_use.fetch_add(bytes as u64, Relaxed);
        // The new block and the old one are there together while one is copied to the other.
        self.peak.fetch_max(before + bytes as u64, Relaxed);
        self.in_use.fetch_sub(instead_of as u64, Relaxed);
    }
}

// SAFETY: GlobalAlloc's contract is System's, to which every call goes unchanged; the counts allocate nothing and do not unwind.
unsafe impl GlobalAlloc for CountedHeap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.took(layout.size(), 0);
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.took(layout.size(), 0);
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        self.took(bytes, layout.size());
        // SAFETY: the block came from System by one of these functions; the caller's promises are passed on.
        unsafe { System.realloc(block, layout, bytes) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.in_use.fetch_sub(layout.size() as u64, Relaxed);
        // SAFETY: the block came from System by one of these functions; the caller's promises are passed on.
        unsafe { System.dealloc(block, layout) }
    }
}
