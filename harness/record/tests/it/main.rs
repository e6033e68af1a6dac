//! The store of recorded runs, on real files: what is written comes back, and what is damaged is named.

mod folder;
mod old;
mod round_trip;
mod samples;
mod seal;
mod strict;
mod torn;
