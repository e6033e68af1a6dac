//! What the runtime costs, beside the limits of this machine measured in the same run.
//!
//! `cargo bench -p multiprocess --bench runtime` measures everything, `-- limits` one group, `-- --test` runs each once. Each id says where
//! its two processes run: on the `same_core`, or on `two_cores`. At the end a table compares what was measured with its limit and its target.

mod channels;
mod classic;
mod gil;
mod limits;
mod manager;
mod memory;
mod other_side;
mod placement;
mod pool;
mod table;

use std::process::ExitCode;

use criterion::Criterion;

use table::Table;

/// The groups in the order they run: each measures with the first, and adds its rows to the second. What a row is compared with runs first.
const GROUPS: &[fn(&mut Criterion, &mut Table)] =
    &[limits::group, channels::group, classic::group, gil::group, manager::group, memory::group, pool::group];

fn main() -> ExitCode {
    multiprocess::init();
    let mut criterion = Criterion::default().configure_from_args();
    let mut table = Table::default();
    for group in GROUPS {
        group(&mut criterion, &mut table);
    }
    criterion.final_summary();
    if !std::env::args().any(|argument| argument == "--test" || argument == "--list") {
        println!("{}\n{table}", placement::machine());
    }
    ExitCode::SUCCESS
}
