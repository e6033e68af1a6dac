//! The places where bytes from another process are read, each given any bytes: for fuzzing, in `fuzz/` and in the cases.
//!
//! Nothing here panics, whatever the bytes are, except what a registered function of the program does itself. Each returns whether the
//! bytes were accepted.

use crate::codec::{Items, Loading};
use crate::error::Error;
use crate::{frame, function, start};

/// As every reader of a pipe: frame after frame, to the end of the bytes.
pub fn frames(mut bytes: &[u8]) -> bool {
    loop {
        match frame::read(&mut bytes) {
            Ok(Some(_)) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

/// As a worker without a state: a task for one of the program's registered functions.
pub fn task(bytes: &[u8]) -> bool {
    match function::answer(bytes, &()) {
        // An answer to what could not be decoded is a refusal: a reply with an error.
        Ok(answer) => answer.is_none_or(|reply| read_reply(&reply).is_ok_and(|outcome| outcome.is_ok())),
        Err(_) => false,
    }
}

/// What the replies that [`reply`] reads hold: every kind of size, and one of none.
type Output = (u64, Vec<u64>, String, Option<bool>);

/// As the parent of a worker: the reply to a task.
pub fn reply(bytes: &[u8]) -> bool {
    read_outcome::<Output>(bytes).is_ok() || read_outcome::<()>(bytes).is_ok()
}

/// As a process that was just started: an announcement and a message, which may name a registered initializer.
pub fn control(bytes: &[u8]) -> bool {
    start::hostile::arrive(bytes).is_ok()
}

/// As the client of a server: a pid, and how its process ended.
pub fn end(bytes: &[u8]) -> bool {
    start::hostile::end(bytes)
}

type Outcome<O> = Result<Items<O>, String>;

fn read_outcome<O: bincode::Decode<()>>(bytes: &[u8]) -> Result<Outcome<O>, Error> {
    let mut loading = Loading::of(bytes);
    let (_, _, _): (bool, u64, u64) = (loading.piece()?, loading.piece()?, loading.piece()?);
    let outcome = loading.piece()?;
    loading.finish()?;
    Ok(outcome)
}

/// Whether a reply of our own says that the task was done. Its results are of any type, and so are not read.
fn read_reply(bytes: &[u8]) -> Result<Result<(), ()>, Error> {
    let mut loading = Loading::of(bytes);
    let (_, _, _): (bool, u64, u64) = (loading.piece()?, loading.piece()?, loading.piece()?);
    Ok(if loading.piece::<u8>()? == 0 { Ok(()) } else { Err(()) })
}
