//! A process's own side: it takes its work, says so, does it, and leaves what it returned in a file.

use std::any::Any;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};

use super::{FAILED, daemon, family};
use crate::codec::Loading;
use crate::error::Error;
use crate::frame;
use crate::function::{self, Ending};
use crate::meter::SLOT_BYTES;
use crate::queue::AtExit;
use crate::start::{Arrival, LOST};
use crate::sys::shared::{Shared, set_current_slot};

/// Descriptors that a process was handed at its start, for a [`Function`](crate::Function) whose `State` this is.
///
/// ```
/// # use std::io::Write;
/// use multiprocess::process::Handed;
///
/// #[derive(bincode::Encode, bincode::Decode)]
/// struct Say;
/// impl multiprocess::Function for Say {
///     const NAME: &'static str = "example::Say";
///     type State = Handed;
///     type Item = String;
///     type Output = ();
///     fn call(&self, handed: &Handed, item: String) {
///         let mut pipe = std::fs::File::from(handed.take(0).unwrap());
///         pipe.write_all(item.as_bytes()).unwrap();
///     }
/// }
/// multiprocess::register_function!(Say);
/// ```
#[derive(Debug)]
pub struct Handed(Mutex<Vec<Option<OwnedFd>>>);

impl Handed {
    /// The descriptor at `place`, counted from 0; none if it was taken before, or there is none.
    pub fn take(&self, place: usize) -> Option<OwnedFd> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(place)?.take()
    }
}

/// What a function may find in a [`Process`](crate::Process): nothing, or what was [`Handed`] to it.
pub trait Setting: Sealed + 'static {}

impl Setting for () {}
impl Setting for Handed {}

/// How a process makes the setting; which of the two it is travels with its work.
#[expect(unnameable_types, reason = "nobody else may say what a process can make")]
pub trait Sealed {
    #[doc(hidden)]
    const HANDED: bool;
}

impl Sealed for () {
    const HANDED: bool = false;
}

impl Sealed for Handed {
    const HANDED: bool = true;
}

/// The life of a process that a [`Context`](super::Context) has started, to its exit code.
pub(crate) fn arrived_process(mut arrival: Arrival) -> Result<i32, Error> {
    let failed = "taking a process's work";
    let mut descriptors = std::mem::take(&mut arrival.descriptors).into_iter();
    let (Some(slot), Some(output)) = (descriptors.next(), descriptors.next()) else { return Ok(LOST) };
    // Kept for the rest of this process's life: it counts in it to the end.
    let slot: &'static Shared = Box::leak(Box::new(Shared::map(slot, SLOT_BYTES).map_err(Error::io(failed))?));
    set_current_slot(slot.at(0));
    let message = arrival.message()?;
    let mut loading = Loading::of(&message);
    let (name, identity): (String, String) = (loading.piece()?, loading.piece()?);
    let (daemonic, handed): (bool, bool) = (loading.piece()?, loading.piece()?);
    daemon::be(daemonic);
    family::be(&name, &identity);
    arrival.ready().map_err(Error::io(failed))?;
    // Whoever started this process has nothing more to say, and knows by its pidfd when it ends.
    drop(arrival);
    let setting: Box<dyn Any> =
        if handed { Box::new(Handed(Mutex::new(descriptors.map(Some).collect()))) } else { Box::new(()) };
    // Dropped last: what its queues still hold is sent before it ends.
    let _queues = AtExit;
    let Some((reply, ending)) = function::answer_rest(loading, &*setting)? else { return Ok(LOST) };
    frame::write(&mut File::from(output), &reply).map_err(Error::io("leaving a process's output"))?;
    Ok(match ending {
        Ending::Returned => 0,
        Ending::Failed => FAILED,
        Ending::Left(code) => code,
    })
}
