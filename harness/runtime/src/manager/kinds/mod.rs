//! The types that every manager has. In the server they hold encoded bytes; their proxies here know what these mean.

pub mod dict;
pub mod list;
pub mod lock;
pub mod queue;
pub mod value;

use bincode::Decode;

use crate::codec;
use crate::error::Error;
use crate::manager::ManagedEntry;

/// These types, which no program registers.
pub(super) const BUILT_IN: &[ManagedEntry] = &[
    ManagedEntry::of::<value::RawValue>(),
    ManagedEntry::of::<list::RawList>(),
    ManagedEntry::of::<dict::RawDict>(),
    ManagedEntry::of::<queue::RawQueue>(),
    ManagedEntry::of::<lock::RawLock>(),
];

/// An item as it is kept in the server.
pub(super) type Bytes = Vec<u8>;

/// What an item in the server means.
fn meant<T: Decode<()>>(bytes: Option<Bytes>) -> Result<Option<T>, Error> {
    bytes.map(|bytes| codec::loads(&bytes)).transpose()
}

/// A proxy that knows the types of what a raw object holds: it is encoded, decoded and cloned as the raw one.
macro_rules! typed_proxy {
    ($(#[$about:meta])* $name:ident<$($item:ident),*>($raw:ty)) => {
        $(#[$about])*
        pub struct $name<$($item),*> {
            raw: $crate::manager::Proxy<$raw>,
            kind: std::marker::PhantomData<fn() -> ($($item,)*)>,
        }

        impl<$($item),*> $name<$($item),*> {
            pub(in crate::manager) fn of(raw: $crate::manager::Proxy<$raw>) -> Self {
                Self { raw, kind: std::marker::PhantomData }
            }

            /// Limits every call; 30 seconds if it is not called.
            #[must_use]
            pub fn limited(self, limit: std::time::Duration) -> Self {
                Self::of(self.raw.limited(limit))
            }

            /// Another proxy of the same object.
            ///
            /// # Errors
            /// If the server or the object is gone.
            pub fn try_clone(&self) -> Result<Self, $crate::Error> {
                self.raw.try_clone().map(Self::of)
            }
        }

        impl<$($item),*> std::fmt::Debug for $name<$($item),*> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.raw.fmt(f)
            }
        }

        impl<$($item),*> bincode::Encode for $name<$($item),*> {
            fn encode<E: bincode::enc::Encoder>(&self, encoder: &mut E) -> Result<(), bincode::error::EncodeError> {
                self.raw.encode(encoder)
            }
        }

        impl<$($item,)* Context> bincode::Decode<Context> for $name<$($item),*> {
            fn decode<D: bincode::de::Decoder<Context = Context>>(
                decoder: &mut D,
            ) -> Result<Self, bincode::error::DecodeError> {
                bincode::Decode::decode(decoder).map(Self::of)
            }
        }

        impl<'de, $($item,)* Context> bincode::BorrowDecode<'de, Context> for $name<$($item),*> {
            fn borrow_decode<D: bincode::de::BorrowDecoder<'de, Context = Context>>(
                decoder: &mut D,
            ) -> Result<Self, bincode::error::DecodeError> {
                bincode::Decode::decode(decoder).map(Self::of)
            }
        }
    };
}
use typed_proxy;
