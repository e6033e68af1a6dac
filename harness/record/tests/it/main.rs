//! The store of recorded runs, on real files: what is written comes back, and what is damaged is named.

mod folder;
mod round_trip;
mod samples;
mod strict;
mod torn;
