//! What the cases of the pool map: functions with a state of their own, and functions that end badly in every place there is.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::os::unix::fs::FileExt;

use bincode::de::Decoder;
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};
use multiprocess::{Function, Initializer, mark, register_function, register_initializer};
use nix::sys::signal::{Signal, raise};
use nix::sys::socket::{MsgFlags, send};

use super::functions::function;

mark!(pub(super) static INITIALIZED = "initialized");

/// What a worker keeps between its tasks.
#[derive(Debug, Default)]
pub(super) struct Memory {
    calls: Cell<u64>,
    squares: RefCell<BTreeMap<u64, u64>>,
}

/// Leaves an empty memory with each worker.
#[derive(Clone, Encode, Decode)]
pub(super) struct Remember;

impl Initializer for Remember {
    const NAME: &'static str = "cases::Remember";
    type State = Memory;

    fn initialize(self) -> Memory {
        INITIALIZED.count();
        Memory::default()
    }
}
register_initializer!(Remember);

function!(/** Squares with a cache; returns the square, and how many calls and cached squares its worker has seen. */
Recall, Memory, u64 => (u64, u64, u64), |_this, memory, x| {
    memory.calls.set(memory.calls.get() + 1);
    let mut squares = memory.squares.borrow_mut();
    let square = *squares.entry(x).or_insert(x * x);
    (square, memory.calls.get(), squares.len() as u64)
});
register_function!(Recall);

/// Fails in every worker, and is counted.
#[derive(Clone, Encode, Decode)]
pub(super) struct Falter(pub(super) End);

impl Initializer for Falter {
    const NAME: &'static str = "cases::Falter";
    type State = ();

    fn initialize(self) {
        INITIALIZED.count();
        self.0.come();
    }
}
register_initializer!(Falter);

/// How a piece of code ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) enum End {
    Well,
    Panic,
    Exit,
    Kill,
    Stop,
    Never,
}

impl End {
    pub(super) fn come(self) {
        match self {
            Self::Well => {}
            Self::Panic => panic!("a bad end"),
            Self::Exit => exit(3),
            Self::Kill => raise(Signal::SIGKILL).unwrap(),
            Self::Stop => raise(Signal::SIGSTOP).unwrap(),
            Self::Never => loop {
                std::hint::black_box(());
            },
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a task that exits is what the case is about")]
fn exit(code: i32) {
    std::process::exit(code);
}

function!(/** Ends as its item says. */ Ending, (), End => u64, |_this, _state, end| {
    end.come();
    7
});
register_function!(Ending);

/// Where something ends badly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) enum Place {
    Encode,
    Decode,
}

/// Ends badly where it says, on its way out of a process or into one.
#[derive(Clone, Debug)]
pub(super) struct Trap(pub(super) Option<(Place, End)>);

impl Encode for Trap {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        if let Some((Place::Encode, end)) = self.0 {
            end.come();
        }
        self.0.encode(encoder)
    }
}

impl<C> Decode<C> for Trap {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let trap: Option<(Place, End)> = Option::decode(decoder)?;
        if let Some((Place::Decode, end)) = trap {
            end.come();
        }
        Ok(Self(trap))
    }
}
bincode::impl_borrow_decode!(Trap);

function!(/** Takes a trap. */ TakeTrap, (), Trap => u64, |_this, _state, _trap| 7);
register_function!(TakeTrap);
function!(/** Returns a trap. */ GiveTrap, (), (Place, End) => Trap, |_this, _state, end| Trap(Some(end)));
register_function!(GiveTrap);
function!(/** Is a trap itself. */ BeTrap(Trap), (), u64 => u64, |this, _state, x| x + u64::from(this.0.0.is_some()));
register_function!(BeTrap);

function!(/** Begins to write a reply of 40 bytes, of which it writes so many, and is killed. */
Tear, (), u64 => u64, |_this, _state, cut| {
    // The body's length, one item, a reply (7) of job 1, task 0.
    let mut reply = [0_u8; 64];
    reply[0] = 40;
    reply[4] = 1;
    (reply[8], reply[15]) = (1, 7);
    for socket in sockets() {
        send(socket, &reply[..cut as usize], MsgFlags::MSG_DONTWAIT).unwrap();
    }
    raise(Signal::SIGKILL).unwrap();
    0
});
register_function!(Tear);

function!(/** Puts the first bytes of a reply of 64 bytes into its worker's ring, or an index that cannot be, and kills the worker, or stays. */
TearRing, (), (u64, bool) => u64, |_this, _state, how| {
    let (cut, dies) = how;
    let mut reply = [0_u8; 64];
    reply[0] = 40;
    reply[4] = 1;
    (reply[8], reply[15]) = (1, 7);
    let ring = ring();
    let mut head = [0; 8];
    ring.read_exact_at(&mut head, HEAD_AT).unwrap();
    let head = u64::from_le_bytes(head);
    for (place, byte) in reply.iter().take(cut as usize).enumerate() {
        ring.write_all_at(&[*byte], BYTES_AT + (head + place as u64) % RING_BYTES).unwrap();
    }
    ring.write_all_at(&head.wrapping_add(cut).to_le_bytes(), HEAD_AT).unwrap();
    if dies {
        raise(Signal::SIGKILL).unwrap();
    }
    loop {
        std::hint::spin_loop();
    }
});
register_function!(TearRing);

/// How much a pool's ring holds in each direction; where a worker's index lies in its memory, and where its replies do.
const RING_BYTES: u64 = 128 << 10;
const HEAD_AT: u64 = 512;
const BYTES_AT: u64 = 4096 + RING_BYTES;

/// The memory of this worker's rings: it is the one file of its length.
fn ring() -> std::fs::File {
    let length = BYTES_AT + RING_BYTES;
    let mut paths = std::fs::read_dir("/proc/self/fd").unwrap().flatten().map(|entry| entry.path());
    let path = paths.find(|path| std::fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() == length));
    std::fs::File::options().read(true).write(true).open(path.unwrap()).unwrap()
}

/// One descriptor of every socket of this process. One is the lifeline, from which nobody reads.
fn sockets() -> Vec<i32> {
    let descriptors = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let sockets: BTreeMap<_, i32> = descriptors
        .filter_map(|entry| Some((std::fs::read_link(entry.path()).ok()?, entry.file_name().to_str()?.parse().ok()?)))
        .filter(|(target, _)| target.to_string_lossy().starts_with("socket:"))
        .collect();
    sockets.into_values().collect()
}

function!(/** Works for about so many microseconds of processor time. */ Work, (), u64 => u64, |_this, _state, us| {
    let begin = std::time::Instant::now();
    while begin.elapsed().as_micros() < u128::from(us) {
        std::hint::black_box(us);
    }
    us
});
register_function!(Work);
function!(/** Is a long list. */ Heavy(Vec<u64>), (), u64 => u64, |this, _state, x| this.0[x as usize]);
register_function!(Heavy);
function!(/** Waits for so many microseconds and kills the process with this pid, which may be its own. */
Crossfire, (), (u64, u32) => u64, |_this, _state, shot| {
    let begin = std::time::Instant::now();
    while begin.elapsed().as_micros() < u128::from(shot.0) {
        std::hint::spin_loop();
    }
    // It may have been killed before.
    let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(shot.1.cast_signed()), Signal::SIGKILL);
    shot.0
});
register_function!(Crossfire);
