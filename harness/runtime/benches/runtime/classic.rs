//! The classic pool: 50,000 items that need no work, one to a task and cut as CPython cuts them.

use std::time::{Duration, Instant};

use bincode::{Decode, Encode};
use criterion::Criterion;
use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::{Function, register_function};

use crate::table::{Row, Table, Target, configure};

const GROUP: &str = "classic";

/// How many items there are.
const ITEMS: u64 = 50_000;

/// CPython's `Pool.map` with chunksize 1 carries 41,000 to 48,000 tasks a second on the machine the target was set on.
const CPYTHON_WITHIN: Duration = Duration::from_micros(ITEMS * 1_000_000 / 48_000);

/// Does nothing.
#[derive(Encode, Decode)]
struct Idle;

impl Function for Idle {
    const NAME: &'static str = "bench::classic::Idle";
    type State = ();
    type Item = u64;
    type Output = u64;

    fn call(&self, _: &(), item: u64) -> u64 {
        item
    }
}
register_function!(Idle);

/// The classic pool, measured, and the targets it was given.
pub(crate) fn group(criterion: &mut Criterion, table: &mut Table) {
    let mut group = criterion.benchmark_group(GROUP);
    configure(&mut group);
    let pool = Pool::start(Config::new(2)).expect("a bench has one thread");
    for (id, chunksize) in [("automatic", Chunksize::Automatic), ("chunksize_1", Chunksize::from(1))] {
        table.measure(&mut group, (GROUP, id), None, |maps| {
            let items: Vec<Vec<u64>> = (0..maps).map(|_| (0..ITEMS).collect()).collect();
            let begin = Instant::now();
            for items in items {
                let outputs = pool.map(Idle, items, chunksize).expect("nobody ends the workers");
                assert_eq!(outputs.len() as u64, ITEMS);
            }
            begin.elapsed()
        });
    }
    pool.finish().expect("nobody ended the workers");
    group.finish();
    let id = |id: &str| format!("{GROUP}/{id}");
    table.row(Row {
        what: "classic pool, 50,000 items, chunksize 1".to_owned(),
        measured: id("chunksize_1"),
        limit: None,
        target: Target::Within(CPYTHON_WITHIN),
    });
    table.row(Row {
        what: "classic pool, automatic beside chunksize 1".to_owned(),
        measured: id("automatic"),
        limit: Some(id("chunksize_1")),
        target: Target::AtMost(0.1),
    });
}
