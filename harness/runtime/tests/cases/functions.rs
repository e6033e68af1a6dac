//! What the cases map.

use bincode::de::Decoder;
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};
use multiprocess::{Function, Initializer, mark, register_function, register_initializer};

mark!(pub(super) static LUGGAGE_DUMPS = "luggage_dumps");
mark!(pub(super) static LUGGAGE_LOADS = "luggage_loads");

/// Data that counts each of its crossings.
#[derive(Clone, Debug)]
pub(super) struct Luggage(pub(super) Vec<u64>);

impl Encode for Luggage {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        LUGGAGE_DUMPS.count();
        self.0.encode(encoder)
    }
}

impl<C> Decode<C> for Luggage {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        LUGGAGE_LOADS.count();
        Ok(Self(Vec::decode(decoder)?))
    }
}

bincode::impl_borrow_decode!(Luggage);

macro_rules! function {
    ($(#[$about:meta])* $name:ident$(($field:ty))?, $state:ty, $item:ty => $output:ty, |$this:ident, $held:ident, $argument:ident| $body:expr) => {
        $(#[$about])*
        #[derive(Encode, Decode)]
        pub(super) struct $name$((pub(super) $field))?;
        impl Function for $name {
            const NAME: &'static str = concat!("cases::", stringify!($name));
            type State = $state;
            type Item = $item;
            type Output = $output;
            fn call(&self, $held: &$state, $argument: $item) -> $output {
                let $this = self;
                $body
            }
        }
    };
}

function!(/** A free function. */ Square, (), u64 => u64, |_this, _state, x| x * x);
register_function!(Square);
function!(/** A bound method. */ Offset(Luggage), (), u64 => u64, |this, _state, x| this.0.0[0] + x);
register_function!(Offset);
function!(/** Uses what the initializer left. */ Lookup, Luggage, u64 => u64, |_this, state, x| state.0[x as usize]);
register_function!(Lookup);
function!(/** Tells who did it. */ Pid, (), u64 => u32, |_this, _state, _x| std::process::id());
register_function!(Pid);
function!(/** Panics on 13. */ Unlucky, (), u64 => u64, |_this, _state, x| if x == 13 { panic!("thirteen") } else { x });
register_function!(Unlucky);
function!(/** Is killed on 13. */ Killed, (), u64 => u64, |_this, _state, x| {
    if x == 13 {
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL).unwrap();
    }
    x
});
register_function!(Killed);
function!(/** Never returns. */ Endless, (), u64 => u64, |_this, _state, x| loop {
    std::hint::black_box(x);
});
register_function!(Endless);
function!(/** Bytes of a size. */ Bytes, (), u64 => Vec<u8>, |_this, _state, x| vec![x as u8; x as usize]);
register_function!(Bytes);
function!(/** Not registered, on purpose. */ Unheard, (), u64 => u64, |_this, _state, x| x);
function!(/** Takes what cannot be encoded. */ Refusing, (), NoWay => u64, |_this, _state, _x| 0);
register_function!(Refusing);
function!(/** Returns what cannot be decoded. */ Garbled, (), u64 => OneWay, |_this, _state, _x| OneWay);
register_function!(Garbled);

function!(/** Returns what panics when it is encoded. */ Explosive, (), u64 => Bomb<true>, |_this, _state, _x| Bomb);
register_function!(Explosive);
function!(/** Returns what panics when it is decoded. */ Fragile, (), u64 => Bomb<false>, |_this, _state, _x| Bomb);
register_function!(Fragile);
function!(/** Takes what panics when it is encoded. */ Armed, (), Bomb<true> => u64, |_this, _state, _x| 0);
register_function!(Armed);

/// Panics on its way out (true) or on its way in (false).
#[derive(Debug)]
pub(super) struct Bomb<const OUT: bool>;

impl<const OUT: bool> Encode for Bomb<OUT> {
    fn encode<E: Encoder>(&self, _: &mut E) -> Result<(), EncodeError> {
        if OUT { panic!("a bomb going out") } else { Ok(()) }
    }
}

impl<C, const OUT: bool> Decode<C> for Bomb<OUT> {
    fn decode<D: Decoder<Context = C>>(_: &mut D) -> Result<Self, DecodeError> {
        if OUT { Ok(Self) } else { panic!("a bomb coming in") }
    }
}

/// Refuses to be encoded.
#[derive(Decode)]
pub(super) struct NoWay;

impl Encode for NoWay {
    fn encode<E: Encoder>(&self, _: &mut E) -> Result<(), EncodeError> {
        Err(EncodeError::Other("no way"))
    }
}

/// Refuses to be decoded.
#[derive(Debug, Encode)]
pub(super) struct OneWay;

impl<C> Decode<C> for OneWay {
    fn decode<D: Decoder<Context = C>>(_: &mut D) -> Result<Self, DecodeError> {
        Err(DecodeError::Other("one way only"))
    }
}
bincode::impl_borrow_decode!(OneWay);

/// Leaves its luggage with the worker.
#[derive(Encode, Decode)]
pub(super) struct Leave(pub(super) Luggage);

impl Initializer for Leave {
    const NAME: &'static str = "cases::Leave";
    type State = Luggage;

    fn initialize(self) -> Luggage {
        self.0
    }
}
register_initializer!(Leave);

/// Panics in every worker.
#[derive(Encode, Decode)]
pub(super) struct Stumble;

impl Initializer for Stumble {
    const NAME: &'static str = "cases::Stumble";
    type State = ();

    fn initialize(self) {
        panic!("stumbled")
    }
}
register_initializer!(Stumble);

function!(/** Tries every way to start a process, and tells what it heard. */ Breed, (), u64 => Vec<String>, |_this, _state, _x| breed());
register_function!(Breed);

fn breed() -> Vec<String> {
    use multiprocess::{Process, StartMethod, classic, forkserver::ForkServer};
    let mut heard = vec![
        Process::start(&[], || 0).map(drop),
        ForkServer::start().map(drop),
        multiprocess::trap::fork_alone(|| 0).map(drop),
    ];
    heard.extend(
        StartMethod::ALL.map(|method| classic::Pool::start(classic::Config::new(1).start_method(method)).map(drop)),
    );
    heard.into_iter().map(|outcome| outcome.map_or_else(|fault| fault.to_string(), |()| String::new())).collect()
}
pub(super) use function;
