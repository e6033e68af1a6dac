//! Writing events: which trace this process records in, which ring is this thread's, and the guards that mark begin and end.

use std::cell::{Cell, RefCell};
use std::io;
use std::marker::PhantomData;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::buffer::Buffer;
use super::event::What;
use super::ring::WORDS;
use super::{Kind, Phase};
use crate::sys::clock::monotonic_ns;

/// The number of the recording that is on; 0 if none is. Relaxed: it says only that there is something to look up under [`CURRENT`]'s lock,
/// or that what the thread has looked up is still meant. A thread that sees it late writes an event less, or one more into a trace
/// that it keeps alive itself.
static ON: AtomicU64 = AtomicU64::new(0);

/// Numbers for recordings; none is given twice in one process or in those that it forks.
static NUMBERS: AtomicU64 = AtomicU64::new(1);

/// The trace that this process records in.
static CURRENT: Mutex<Option<Current>> = Mutex::new(None);

#[derive(Clone, Debug)]
struct Current {
    number: u64,
    buffer: Arc<Buffer>,
}

/// This thread's place in a trace.
struct Mine {
    number: u64,
    buffer: Arc<Buffer>,
    ring: Option<usize>,
    written: u64,
}

thread_local! {
    static MINE: RefCell<Option<Mine>> = const { RefCell::new(None) };
    /// What this thread's events are about: a job and a task.
    static ABOUT: Cell<(u64, u64)> = const { Cell::new((u64::MAX, u64::MAX)) };
}

fn current() -> MutexGuard<'static, Option<Current>> {
    CURRENT.lock().unwrap_or_else(PoisonError::into_inner)
}

fn next_number() -> u64 {
    NUMBERS.fetch_add(1, Relaxed)
}

/// Records events until it is dropped; then the recording that was on before it goes on.
#[derive(Debug)]
#[must_use = "a recording that is dropped records nothing"]
pub struct Recording {
    before: Option<Current>,
}

impl Recording {
    pub(super) fn begin(buffer: Arc<Buffer>) -> Self {
        let number = next_number();
        let before = current().replace(Current { number, buffer });
        ON.store(number, Relaxed);
        Self { before }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let mut current = current();
        *current = self.before.take();
        ON.store(current.as_ref().map_or(0, |current| current.number), Relaxed);
        drop(current);
        // The memory goes with the last thread that wrote in it; this one does not keep it any longer.
        let _ = MINE.try_with(RefCell::take);
    }
}

/// Marks the end of what was begun, when it is dropped.
#[derive(Debug)]
#[must_use = "what it marks ends when it is dropped"]
pub struct Span {
    /// None if nothing is recorded: then the end is not either.
    kind: Option<Kind>,
    bytes: u64,
    /// Begin and end stand in one ring.
    stays_in_its_thread: PhantomData<*const ()>,
}

impl Span {
    /// What is begun is about this many bytes: the end says so.
    pub fn bytes(mut self, bytes: usize) {
        self.bytes = bytes as u64;
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if let Some(kind) = self.kind {
            record(What { kind, phase: Phase::End }, self.bytes);
        }
    }
}

/// Marks the begin of something, and its end when the span is dropped.
///
/// ```
/// use multiprocess::trace::{Kind, span};
/// let _span = span(Kind::Mark); // until the end of this scope
/// ```
#[inline]
pub fn span(kind: Kind) -> Span {
    let kind = is_on().then_some(kind);
    if let Some(kind) = kind {
        record(What { kind, phase: Phase::Begin }, u64::MAX);
    }
    Span { kind, bytes: u64::MAX, stays_in_its_thread: PhantomData }
}

/// Marks something that has no length.
#[inline]
pub fn instant(kind: Kind) {
    if is_on() {
        record(What { kind, phase: Phase::Instant }, u64::MAX);
    }
}

#[inline]
fn is_on() -> bool {
    ON.load(Relaxed) != 0
}

/// What this thread does from now on is for this task.
#[inline]
pub(crate) fn about(job: u64, task: u64) {
    if is_on() {
        ABOUT.set((job, task));
    }
}

/// What this thread does from now on is for no task that is known.
#[inline]
pub(crate) fn about_nothing() {
    about(u64::MAX, u64::MAX);
}

#[cold]
fn record(what: What, bytes: u64) {
    let (job, task) = ABOUT.get();
    let words = [monotonic_ns(), what.word(), job, task, bytes];
    // A thread that is past its locals writes nothing any more.
    let _ = MINE.try_with(|mine| write(&mut mine.borrow_mut(), words));
}

fn write(mine: &mut Option<Mine>, words: [u64; WORDS]) {
    let on = ON.load(Relaxed);
    if mine.as_ref().is_none_or(|mine| mine.number != on) {
        *mine = current().clone().map(Mine::claim);
    }
    let Some(mine) = mine else { return };
    match mine.ring {
        Some(ring) => mine.buffer.write(ring, mine.written, words),
        None => mine.buffer.miss(),
    }
    mine.written += 1;
}

impl Mine {
    fn claim(Current { number, buffer }: Current) -> Self {
        let thread = std::thread::current();
        let ring = buffer.claim(std::process::id(), thread.name().unwrap_or("unnamed"));
        Self { number, buffer, ring, written: 0 }
    }
}

/// In a child that was just forked from a process with one thread: it goes on recording, in rings of its own. Those of its parent's
/// threads stay theirs.
pub(crate) fn forked() {
    if !is_on() {
        return;
    }
    // Not dropped: if it were the last to hold a trace it would close a descriptor that the child has closed already.
    std::mem::forget(MINE.take());
    let mut current = current();
    let number = next_number();
    if let Some(current) = &mut *current {
        current.number = number;
    }
    ON.store(number, Relaxed);
    drop(current);
    instant(Kind::Start);
}

/// In a child that was forked despite other threads: it records nothing, because the lock of [`CURRENT`] or of the allocator may be one
/// that stays locked for ever. Also in a zygote.
pub(crate) fn off() {
    ON.store(0, Relaxed);
}

/// The trace that this process records in.
pub(super) fn current_buffer() -> Option<Arc<Buffer>> {
    if is_on() { current().as_ref().map(|current| Arc::clone(&current.buffer)) } else { None }
}

/// Records in the trace behind this descriptor for the rest of the life of this process.
pub(crate) fn adopt(fd: OwnedFd) -> io::Result<()> {
    std::mem::forget(Recording::begin(Arc::new(Buffer::map(fd)?)));
    instant(Kind::Start);
    Ok(())
}
