//! A worker's side of a task, with the types of its function: items are decoded, called and answered one by one.

use std::any::{Any, type_name};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::codec;
use crate::error::{Error, Kind};
use crate::function::{Function, panic_message};

/// In place of a length: the item could not be encoded, and is answered by [`Outcome::Absent`].
pub(super) const ABSENT: u32 = u32::MAX;

/// What stands before each answer: its length, and its outcome.
pub(super) const ANSWER_BYTES: usize = 4 + 1;

/// What became of an item. What follows its byte is the output or, but for `Absent`, a text that says why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Outcome {
    Done,
    Absent,
    /// The item, or the function, could not be decoded.
    Undecodable,
    /// The output could not be encoded.
    Unencodable,
    /// The function panicked, or cannot be called here.
    Failed,
}

impl Outcome {
    pub(super) fn from_byte(byte: u8) -> Option<Self> {
        [Self::Done, Self::Absent, Self::Undecodable, Self::Unencodable, Self::Failed].get(usize::from(byte)).copied()
    }
}

/// Answers `count` items, one after the other, at the end of the buffer.
pub(crate) type Serve = fn(&mut Loaded, &dyn Any, u32, &[u8], &mut Vec<u8>);

/// The function of a job in a worker: decoded with the job's first task, so that what goes wrong there costs a task by name.
#[derive(Debug)]
pub(crate) struct Loaded {
    bytes: Vec<u8>,
    function: Option<Box<dyn Any>>,
}

impl Loaded {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), function: None }
    }

    fn function<F: Function>(&mut self) -> Result<&F, (Outcome, String)> {
        if self.function.is_none() {
            self.function = Some(Box::new(decode::<F>(&self.bytes)?));
        }
        let function = self.function.as_ref().and_then(|function| function.downcast_ref());
        Ok(function.expect("the table of functions has one type for one name"))
    }
}

/// Cuts the next `length`-prefixed piece off `rest`; none if it is absent or not there.
pub(super) fn piece<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length);
    *rest = after;
    if length == ABSENT {
        return None;
    }
    let (piece, after) = after.split_at_checked(length as usize)?;
    *rest = after;
    Some(piece)
}

/// [`Serve`] for one function.
pub(crate) fn serve<F: Function>(loaded: &mut Loaded, state: &dyn Any, count: u32, body: &[u8], out: &mut Vec<u8>) {
    let mut rest = body;
    let ready = loaded.function::<F>().and_then(|function| match state.downcast_ref::<F::State>() {
        Some(state) => Ok((function, state)),
        None => Err((Outcome::Failed, format!("the worker's state is not a {}", type_name::<F::State>()))),
    });
    for _ in 0..count {
        let begin = out.len();
        out.extend_from_slice(&[0; ANSWER_BYTES]);
        let outcome = match (piece(&mut rest), &ready) {
            (None, _) => Outcome::Absent,
            (Some(_), Err((outcome, why))) => refusal(out, begin, *outcome, why),
            (Some(item), Ok((function, state))) => match answer::<F>(function, state, item, out) {
                Ok(()) => Outcome::Done,
                Err((outcome, why)) => refusal(out, begin, outcome, &why),
            },
        };
        finish(out, begin, outcome);
    }
}

/// Answers every item with the same refusal.
pub(super) fn refuse(count: u32, body: &[u8], why: &str, out: &mut Vec<u8>) {
    let mut rest = body;
    for _ in 0..count {
        let begin = out.len();
        out.extend_from_slice(&[0; ANSWER_BYTES]);
        let outcome = match piece(&mut rest) {
            Some(_) => refusal(out, begin, Outcome::Failed, why),
            None => Outcome::Absent,
        };
        finish(out, begin, outcome);
    }
}

/// Writes what stands before the answer that begins at `begin`. One that is longer than what fits here is longer than a frame may be, and
/// is refused when its frame ends.
fn finish(out: &mut [u8], begin: usize, outcome: Outcome) {
    let length = (out.len() - begin - ANSWER_BYTES) as u32;
    out[begin..begin + 4].copy_from_slice(&length.to_le_bytes());
    out[begin + 4] = outcome as u8;
}

/// Whatever panics in here, the user's code or its encoding, is that item's failure and not the worker's end.
fn answer<F: Function>(
    function: &F,
    state: &F::State,
    item: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), (Outcome, String)> {
    let carry_out = || {
        let item = codec::exactly::<F::Item>(item).map_err(|fault| (Outcome::Undecodable, reason(fault)))?;
        let output = function.call(state, item);
        codec::append(&output, out).map_err(|fault| (Outcome::Unencodable, reason(fault)))
    };
    catch_unwind(AssertUnwindSafe(carry_out)).unwrap_or_else(|panic| Err(panicked(&*panic)))
}

fn decode<F: Function>(bytes: &[u8]) -> Result<F, (Outcome, String)> {
    let decoded = catch_unwind(|| codec::exactly(bytes)).unwrap_or_else(|panic| {
        Err(Kind::Decode { what: F::NAME, why: format!("it panicked: {}", panic_message(&*panic)) }.into())
    });
    decoded.map_err(|fault| (Outcome::Undecodable, reason(fault)))
}

fn panicked(panic: &(dyn Any + Send)) -> (Outcome, String) {
    (Outcome::Failed, format!("it panicked: {}", panic_message(panic)))
}

/// The parent names what could not cross; only why is sent.
fn reason(fault: Error) -> String {
    fault.reason().map_or_else(|| fault.to_string(), str::to_owned)
}

/// Takes back what was written of an answer, and says why there is none.
fn refusal(out: &mut Vec<u8>, begin: usize, outcome: Outcome, why: &str) -> Outcome {
    out.truncate(begin + ANSWER_BYTES);
    out.extend_from_slice(why.as_bytes());
    outcome
}
