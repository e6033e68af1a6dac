//! What the files of the exercises and their checks are written with.
//!
//! An exercise is one file with a `main` that tries it out on a [`Sheet`]. Its check is a program of its own, linked with the file
//! as crate `submission`; it reports what it saw by [`checking`].

pub mod adding;
mod catalogue;
pub mod checking;
mod counted_file;
mod crew;
mod dice;
mod disk;
mod division;
mod ends;
mod errand;
mod files;
mod frames;
mod heap;
pub mod image;
mod interpreter;
mod log;
mod machine;
mod parcel;
mod pieces;
mod place;
mod scales;
mod schedule;
pub mod server;
mod setting;
pub mod shared_image;
mod sheet;
pub mod shop;
mod sieve;
pub mod timeline;

pub use catalogue::Catalogue;
pub use counted_file::{CountedFile, FileCounts};
pub use crew::{Crew, Reply};
pub use dice::{Dice, Turn};
pub use disk::{Disk, Found};
pub use division::{Divided, divide, divisions_made, unevenness};
pub use ends::Ends;
pub use errand::{Errand, errands_in};
pub use files::{Files, Folder};
pub use frames::Frames;
pub use heap::{CountedHeap, HeapUse};
pub use interpreter::{Line, Served, Table, serve_beside_a_counter};
pub use log::{Locked, Log, Lost};
pub use machine::{Group, Machine, processors};
pub use parcel::parcel;
pub use pieces::Pieces;
pub use scales::{Weighed, set_up_scales, weigh, weighed};
pub use schedule::{Costs, Simulated, simulate};
pub use setting::Setting;
pub use sheet::Sheet;
pub use sieve::Sieve;
