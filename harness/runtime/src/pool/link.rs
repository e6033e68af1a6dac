//! What carries frames between a pool and one worker: their socket, or a pair of rings in shared memory with the socket as its bell.
//!
//! `README.md` beside this file has the argument; the indices and flags are those of the [ring](crate::ring).

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Write};
use std::marker::PhantomData;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicU32, AtomicU64, fence};
use std::time::{Duration, Instant};

use crate::ring::protocol::{Impossible, Memory, Reader, Side, Writer};
use crate::sys::ring::Area;

/// What goes over from a pool to a worker and back by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A pair of sockets: each batch of tasks and each batch of replies is a system call on both sides.
    Stream,
    /// A pair of rings in shared memory, 128 KiB in each direction: no system call while both sides are awake. Who waits looks at the
    /// memory for some twenty microseconds before it sleeps.
    Ring,
}

/// How much one direction holds.
const RING_BYTES: usize = 128 << 10;

/// The directions, by who writes.
const POOL: usize = 0;
const WORKER: usize = 1;

/// How long a side looks before it sleeps: a few times what falling asleep and being woken cost together.
const LOOK_FOR: Duration = Duration::from_micros(20);

/// How many looks come without giving the processor away in between: some tenths of a microsecond.
const LOOKS_IN_A_ROW: u32 = 200;

/// Who gives its processor away and gets it back later than this has given it to one that computes: others take it for a few round trips.
const GONE_FOR: Duration = Duration::from_micros(200);

/// How many times a processor is kept at most before it is given away again.
const KEEPS_AT_MOST: u32 = 4096;

/// Atomics in shared memory; who sleeps is woken by a byte on the socket.
struct Belled<'a>(PhantomData<&'a ()>);

/// A flag, and how its owner is woken.
struct Bell<'a> {
    flag: &'a AtomicU32,
    socket: &'a File,
}

impl<'a> Memory for Belled<'a> {
    type Index = AtomicU64;
    type Flag = Bell<'a>;

    fn load(index: &AtomicU64) -> u64 {
        index.load(Acquire)
    }

    fn store(index: &AtomicU64, value: u64) {
        index.store(value, Release);
    }

    fn is_set(bell: &Bell<'a>) -> bool {
        bell.flag.load(Relaxed) != 0
    }

    fn set(bell: &Bell<'a>, set: bool) {
        bell.flag.store(u32::from(set), Relaxed);
    }

    fn fence() {
        fence(SeqCst);
    }

    /// A sleep is on the socket, and of several workers at once: see [`Rings::arm`].
    fn sleep(_: &Bell<'a>, _: Duration) {}

    fn wake(bell: &Bell<'a>) {
        let mut socket = bell.socket;
        // A socket that is full wakes anyway, and one that is gone has nobody to wake.
        let _ = socket.write(&[1]);
    }
}

/// One side's view of a direction.
struct Ends<'a> {
    mine: &'a AtomicU64,
    theirs: &'a AtomicU64,
    i_sleep: Bell<'a>,
    they_sleep: Bell<'a>,
}

impl<'a> Ends<'a> {
    fn side(&self) -> Side<'_, Belled<'a>> {
        Side { mine: self.mine, theirs: self.theirs, i_sleep: &self.i_sleep, they_sleep: &self.they_sleep }
    }
}

/// One side's end of a pair of rings. Every call names the socket that wakes the other side.
#[derive(Debug)]
pub(super) struct Rings {
    area: Area,
    sends: usize,
    writer: Writer,
    reader: Reader,
    looker: Looker,
}

impl Rings {
    /// Fresh ones, as the pool has them.
    pub(super) fn create() -> io::Result<Self> {
        Ok(Self::over(Area::create(RING_BYTES)?, POOL))
    }

    /// Those of a pool, as its worker has them.
    pub(super) fn map(memory: OwnedFd) -> io::Result<Self> {
        Ok(Self::over(Area::map(memory, RING_BYTES)?, WORKER))
    }

    fn over(area: Area, sends: usize) -> Self {
        let capacity = RING_BYTES as u64;
        let (writer, reader) = (Writer::new(capacity), Reader::new(capacity, capacity / 4));
        Self { area, sends, writer, reader, looker: Looker::default() }
    }

    /// What its worker must be handed.
    pub(super) fn memory(&self) -> BorrowedFd<'_> {
        self.area.shared().fd()
    }

    fn writing<'a>(&'a self, socket: &'a File) -> Ends<'a> {
        let lines = self.area.lines(self.sends);
        Ends {
            mine: &lines.head.0,
            theirs: &lines.tail.0,
            i_sleep: Bell { flag: &lines.writer_sleeps.0, socket },
            they_sleep: Bell { flag: &lines.reader_sleeps.0, socket },
        }
    }

    fn reading<'a>(&'a self, socket: &'a File) -> Ends<'a> {
        let lines = self.area.lines(1 - self.sends);
        Ends {
            mine: &lines.tail.0,
            theirs: &lines.head.0,
            i_sleep: Bell { flag: &lines.reader_sleeps.0, socket },
            they_sleep: Bell { flag: &lines.writer_sleeps.0, socket },
        }
    }

    /// Whether there is anything to read, or an index that cannot be.
    pub(super) fn has_some(&self, socket: &File) -> bool {
        !matches!(self.reader.available(&self.reading(socket).side()), Ok(None))
    }

    /// Reads what is there, without waiting; [`WouldBlock`](io::ErrorKind::WouldBlock) if there is nothing.
    pub(super) fn read(&self, socket: &File, room: &mut [u8]) -> io::Result<usize> {
        let ends = self.reading(socket);
        let there = self.reader.available(&ends.side()).map_err(corrupt)?.ok_or(io::ErrorKind::WouldBlock)?;
        let bytes = usize::try_from(there).map_or(room.len(), |there| there.min(room.len()));
        self.area.copy_out(1 - self.sends, self.reader.tail(), &mut room[..bytes]);
        self.reader.read(&ends.side(), bytes as u64);
        Ok(bytes)
    }

    /// Writes as much as there is room for. If there is too little, [`WouldBlock`](io::ErrorKind::WouldBlock), and the other side rings when
    /// there is more.
    pub(super) fn write(&self, socket: &File, bytes: &[u8]) -> io::Result<usize> {
        let ends = self.writing(socket);
        let side = ends.side();
        // The other side tells of room by quarters, and of all of it before it sleeps: so much comes sooner or later.
        let needed = bytes.len().min(RING_BYTES / 4) as u64;
        let mut room = self.writer.room(&side, needed).map_err(corrupt)?;
        if room.is_none() {
            Belled::set(side.i_sleep, true);
            // Pairs with the fence in the other side's `wake_other`, after it has told of room.
            Belled::fence();
            room = self.writer.room(&side, needed).map_err(corrupt)?;
            Belled::set(side.i_sleep, room.is_none());
        }
        let room = room.ok_or(io::ErrorKind::WouldBlock)?;
        let bytes = &bytes[..usize::try_from(room).map_or(bytes.len(), |room| room.min(bytes.len()))];
        self.area.copy_in(self.sends, self.writer.head(), bytes);
        self.writer.wrote(&side, bytes.len() as u64);
        Ok(bytes.len())
    }

    /// Asks the other side to ring when it has written. Whoever asks then goes through [`before_a_look`], looks once more, and only then sleeps.
    pub(super) fn arm(&self, socket: &File) {
        let ends = self.reading(socket);
        // Who waits has told of all the room there is.
        self.reader.tell(&ends.side());
        Belled::set(&ends.i_sleep, true);
    }

    /// Is awake.
    pub(super) fn disarm(&self, socket: &File) {
        Belled::set(&self.reading(socket).i_sleep, false);
    }

    /// Reads what there is, and waits for it; 0 if the pool is gone. For the worker, whose socket waits.
    pub(super) fn wait_and_read(&self, socket: &File, room: &mut [u8]) -> io::Result<usize> {
        self.looker.look(|| self.has_some(socket));
        loop {
            match self.read(socket, room) {
                Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => {}
                other => return other,
            }
            self.arm(socket);
            before_a_look();
            let heard = self.has_some(socket) || hear(socket)?;
            self.disarm(socket);
            if !heard {
                return Ok(0);
            }
        }
    }

    /// Writes everything. For the worker, whose socket waits.
    pub(super) fn write_all(&self, socket: &File, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.write(socket, bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => {
                    if !hear(socket)? {
                        return Err(io::ErrorKind::BrokenPipe.into());
                    }
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }
}

/// Pairs with the fence in the other side's `wake_other`: either it sees that this side asked to be woken, or what it wrote is seen now.
pub(super) fn before_a_look() {
    fence(SeqCst);
}

/// How one side looks before it sleeps.
#[derive(Debug, Default)]
pub(super) struct Looker {
    /// How many times it does not give its processor away.
    keeps: Cell<u32>,
    /// How many times it did not after the last time that this cost too much.
    kept: Cell<u32>,
}

impl Looker {
    /// Looks for a moment, and gives the processor away between two looks: the other side may need this very one. True if it was found.
    ///
    /// Whoever gives a processor away to one that computes gets it back much later than who sleeps and is woken. Whenever that happens this
    /// is tried more seldom.
    pub(super) fn look(&self, mut is_there: impl FnMut() -> bool) -> bool {
        if (0..LOOKS_IN_A_ROW).any(|_| is_there()) {
            return true;
        }
        if self.keeps.get() > 0 {
            self.keeps.set(self.keeps.get() - 1);
            return false;
        }
        let begin = Instant::now();
        let mut looked = begin;
        let found = loop {
            std::thread::yield_now();
            let found = is_there();
            let now = Instant::now();
            if now - looked > GONE_FOR {
                self.kept.set((self.kept.get() * 2).clamp(16, KEEPS_AT_MOST));
                self.keeps.set(self.kept.get());
                return found;
            }
            if found || now - begin >= LOOK_FOR {
                break found;
            }
            looked = now;
        };
        self.kept.set(self.kept.get() / 2);
        found
    }
}

/// Takes what was rung on the socket, and waits for it if the socket does. False if its other end is gone.
pub(super) fn hear(mut socket: &File) -> io::Result<bool> {
    loop {
        match socket.read(&mut [0; 64]) {
            Ok(rung) => return Ok(rung > 0),
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
            Err(fault) => return Err(fault),
        }
    }
}

fn corrupt(Impossible { index, range }: Impossible) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("a ring's index is {index}, which must be one of {range:?}"))
}
