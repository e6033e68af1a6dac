//! A log that a thread of the program is always writing: who forks meanwhile copies its lock as taken.

use std::fmt;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

use multiprocess::Error;
use multiprocess::trap::Child;
use multiprocess::watchdog::{NamedLock, Watchdog, Watched};

/// A child that works is done long before; one that hangs is as a rule proven to within milliseconds.
const DEADLINE: Duration = Duration::from_secs(5);

/// A log in a file, one line after the other. Whoever writes has its lock, which is one of this process and not of the file.
#[derive(Debug)]
pub struct Log {
    file: PathBuf,
    /// The process that opened it.
    home: u32,
    lock: Mutex<()>,
    /// How many want the lock besides the thread that is always writing.
    wanted: AtomicU32,
    writer: OnceLock<Thread>,
    writer_writes: AtomicBool,
    writer_is_done: AtomicBool,
    hung: AtomicU64,
}

impl Log {
    /// Opens the log in `file`. What stands there stays.
    ///
    /// ```
    /// let file = std::env::temp_dir().join(format!("log-{}", std::process::id()));
    /// let log = exercises::Log::open(&file);
    /// log.write("a line");
    /// assert_eq!(log.lines(), [(std::process::id(), "a line".to_owned())]);
    /// std::fs::remove_file(file).unwrap();
    /// ```
    pub fn open(file: impl AsRef<Path>) -> Self {
        Self {
            file: file.as_ref().to_owned(),
            home: process::id(),
            lock: Mutex::new(()),
            wanted: AtomicU32::new(0),
            writer: OnceLock::new(),
            writer_writes: AtomicBool::new(false),
            writer_is_done: AtomicBool::new(false),
            hung: AtomicU64::new(0),
        }
    }

    /// Where it is.
    ///
    /// # Panics
    /// If that is no text.
    pub fn file(&self) -> &str {
        self.file.to_str().expect("the name of a log is text")
    }

    /// Takes the lock and writes a line.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn write(&self, line: &str) {
        let _locked = self.lock();
        self.append(line);
    }

    /// Takes the lock: until what this returns is dropped nobody else writes.
    pub fn lock(&self) -> Locked<'_> {
        self.wanted.fetch_add(1, SeqCst);
        if let Some(writer) = self.writer.get() {
            writer.unpark();
        }
        let held = self.take();
        self.wanted.fetch_sub(1, SeqCst);
        Locked { log: self, held: Some(held) }
    }

    /// Does `work` while another thread writes. That thread has the lock all the time, but for as long as somebody else wants it or has it.
    ///
    /// # Panics
    /// If `work` does, or if this is called a second time.
    pub fn while_written<T>(&self, work: impl FnOnce() -> T) -> T {
        thread::scope(|scope| {
            let writer = scope.spawn(|| self.keep_writing());
            self.writer.set(writer.thread().clone()).expect("a log has one writer");
            let _done = Done(self);
            self.until_writer_writes();
            work()
        })
    }

    /// Watches a forked child to its end, and tells the code it ended with.
    ///
    /// # Errors
    /// If it hung, or did not end by itself. It is not alive any more then.
    pub fn watch(&self, child: Child) -> Result<i32, Lost> {
        let pid = child.pid();
        let lost = |why: String| Lost { pid, why };
        let dog = Watchdog::new(DEADLINE).knowing(NamedLock::of("the lock of the log", &self.lock));
        match dog.watch(child).map_err(|fault: Error| lost(fault.to_string()))? {
            Watched::Hung(report) => {
                self.hung.fetch_add(1, SeqCst);
                let lock = report.lock.as_deref().unwrap_or("nobody knows what");
                Err(lost(format!("hung: it waited for {lock}")))
            }
            ended => ended.exit_code().ok_or_else(|| lost("was ended by a signal".to_owned())),
        }
    }

    /// How many of the watched children hung.
    pub fn hung(&self) -> u64 {
        self.hung.load(SeqCst)
    }

    /// Its lines, each with the process that wrote it.
    ///
    /// # Panics
    /// If the file holds something else.
    pub fn lines(&self) -> Vec<(u32, String)> {
        let text = fs::read_to_string(&self.file).unwrap_or_default();
        let parts = text.lines().map(|line| line.split_once(' ').expect("a number and a line"));
        parts.map(|(pid, line)| (pid.parse().expect("the number of a process"), line.to_owned())).collect()
    }

    fn take(&self) -> MutexGuard<'_, ()> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// In one call of write(2), so that lines of several processes do not mix.
    fn append(&self, line: &str) {
        let line = format!("{} {line}\n", process::id());
        let file = File::options().create(true).append(true).open(&self.file);
        file.and_then(|mut file| file.write_all(line.as_bytes())).expect("a log can be written");
    }

    fn keep_writing(&self) {
        self.append("begun");
        while !self.writer_is_done.load(SeqCst) {
            let held = self.take();
            self.writer_writes.store(true, SeqCst);
            while self.wanted.load(SeqCst) == 0 && !self.writer_is_done.load(SeqCst) {
                thread::park();
            }
            self.writer_writes.store(false, SeqCst);
            drop(held);
            // Whoever wants it comes first.
            while self.wanted.load(SeqCst) > 0 && !self.writer_is_done.load(SeqCst) {
                thread::yield_now();
            }
        }
    }

    fn until_writer_writes(&self) {
        // In a forked child there is no writer, nor in a process that has started none.
        let there_is_one = self.home == process::id() && self.writer.get().is_some();
        while there_is_one && !self.writer_writes.load(SeqCst) && !self.writer_is_done.load(SeqCst) {
            thread::yield_now();
        }
    }
}

/// The lock of a [`Log`]. When it is dropped the thread that is always writing has the lock again at once.
#[derive(Debug)]
#[must_use = "the lock is given back when this is dropped"]
pub struct Locked<'a> {
    log: &'a Log,
    held: Option<MutexGuard<'a, ()>>,
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        self.held = None;
        if self.log.wanted.load(SeqCst) == 0 {
            self.log.until_writer_writes();
        }
    }
}

/// A child that did not end as it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    pid: u32,
    why: String,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "child {} {}", self.pid, self.why)
    }
}

impl std::error::Error for Lost {}

/// Lets the writer end, also by a panic.
struct Done<'a>(&'a Log);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.writer_is_done.store(true, SeqCst);
        if let Some(writer) = self.0.writer.get() {
            writer.unpark();
        }
    }
}
