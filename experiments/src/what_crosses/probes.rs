//! What the compiler lets cross, asked of the types themselves.
//!
//! A method of a type comes before one of a reference to it. So `crosses` is the one that says yes where the type has what it needs, and
//! else the one that says no; which of them is decided when this is compiled.

use std::fs::File;
use std::marker::PhantomData;
use std::net::TcpStream;
use std::sync::{Mutex, MutexGuard};

use bincode::{Decode, Encode};
use multiprocess::Function;

use super::tasks::Triple;

/// Something that may be a function for a pool.
struct ToCall<T>(PhantomData<T>);
/// Something that may be an item.
struct ToSend<T>(PhantomData<T>);

/// Of a type that has no name, as that of a closure.
fn to_call<T>(_: &T) -> ToCall<T> {
    ToCall(PhantomData)
}

trait Crosses {
    fn crosses(&self) -> bool {
        true
    }
}

trait Stays {
    fn crosses(&self) -> bool {
        false
    }
}

impl<T: Function> Crosses for ToCall<T> {}
impl<T> Stays for &ToCall<T> {}
impl<T: Encode + Decode<()> + Send + Sync + 'static> Crosses for ToSend<T> {}
impl<T> Stays for &ToSend<T> {}

macro_rules! can_be_called {
    ($function:expr) => {
        (&to_call(&$function)).crosses()
    };
}

macro_rules! can_be_sent {
    ($item:ty) => {
        (&ToSend(PhantomData::<$item>)).crosses()
    };
}

// ANCHOR: probes
/// What is asked about, and whether it crosses.
pub(super) fn probes() -> [(&'static str, bool); 9] {
    fn inner(item: u64) -> u64 {
        item * 3
    }
    let factor = 3_u64;
    [
        ("lambda", can_be_called!(|item: u64| item * factor)),
        ("inner_function", can_be_called!(inner)),
        ("named_function", can_be_called!(Triple)),
        ("file", can_be_sent!(File)),
        ("socket", can_be_sent!(TcpStream)),
        ("lock", can_be_sent!(multiprocess::Lock)),
        ("mutex_guard", can_be_sent!(MutexGuard<'static, u64>)),
        ("mutex", can_be_sent!(Mutex<u64>)),
        ("number", can_be_sent!(u64)),
    ]
}
// ANCHOR_END: probes

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_name_or_is_a_value_crosses_and_handles_do_not() {
        let crossing: Vec<&str> = probes().into_iter().filter(|(_, crosses)| *crosses).map(|(name, _)| name).collect();
        assert_eq!(crossing, ["named_function", "mutex", "number"]);
    }

    /// What arrives of a mutex is a new one around a copy.
    #[test]
    fn a_mutex_crosses_as_what_is_in_it() {
        let here = Mutex::new(3_u64);
        let config = bincode::config::standard();
        let bytes = bincode::encode_to_vec(&here, config).unwrap();
        let (there, _): (Mutex<u64>, usize) = bincode::decode_from_slice(&bytes, config).unwrap();
        let _held = here.lock().unwrap();
        *there.try_lock().expect("it is another lock") += 1;
        assert_eq!(bytes, [3]);
    }
}
