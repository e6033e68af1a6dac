//! What a function of several arguments is mapped over.

/// A tuple of one to eight arguments.
pub trait Arguments: sealed::Tuple {}

mod sealed {
    #[expect(unnameable_types, reason = "nobody else is to implement it")]
    pub trait Tuple {}
}

macro_rules! arguments {
    ($($name:ident)*) => {
        impl<$($name),*> sealed::Tuple for ($($name,)*) {}
        impl<$($name),*> Arguments for ($($name,)*) {}
    };
}

arguments!(A);
arguments!(A B);
arguments!(A B C);
arguments!(A B C D);
arguments!(A B C D E);
arguments!(A B C D E G);
arguments!(A B C D E G H);
arguments!(A B C D E G H J);
