//! The manager: what a call costs, one request and one reply between two processes.

use std::time::Duration;

use criterion::Criterion;
use multiprocess::StartMethod;
use multiprocess::manager::Manager;

use crate::limits::timed;
use crate::placement::{Placement, pin};
use crate::table::{Row, Table, Target, configure};

const GROUP: &str = "manager";

/// A call of CPython's manager takes as long on the machine the facts were taken on.
const CPYTHON: Duration = Duration::from_micros(31);

/// The manager, measured.
pub(crate) fn group(criterion: &mut Criterion, table: &mut Table) {
    let mut group = criterion.benchmark_group(GROUP);
    configure(&mut group);
    for placement in Placement::all() {
        let (here, there) = placement.cores();
        // The server has the place of whoever starts it.
        let server = pin(there);
        let manager = Manager::start(StartMethod::Fork).expect("a bench has a single thread and room for a process");
        drop(server);
        let _here = pin(here);
        let name = |what: &str| (GROUP, format!("{what}/{}", placement.name()));
        let value = manager.value(0_i64).expect("the server lives");
        let mut measure = |what: &str, call: &mut dyn FnMut()| {
            let (group_name, id) = name(what);
            table.measure(&mut group, (group_name, &id), None, |iterations| timed(iterations, &mut *call));
        };
        measure("get", &mut || {
            std::hint::black_box(value.get().expect("the server lives"));
        });
        measure("add", &mut || {
            std::hint::black_box(value.add(1).expect("the server lives"));
        });
    }
    group.finish();
    rows().into_iter().for_each(|row| table.row(row));
}

fn rows() -> Vec<Row> {
    let row = |what: &str, measured: &str, limit: &str| Row {
        what: what.to_owned(),
        measured: format!("{GROUP}/{measured}"),
        limit: Some(format!("limits/{limit}")),
        target: Target::Within(CPYTHON),
    };
    vec![
        row("manager call, same core", "get/same_core", "pipe_ping_pong/same_core"),
        row("manager call, two cores", "get/two_cores", "pipe_ping_pong/two_cores"),
        row("manager add, same core", "add/same_core", "pipe_ping_pong/same_core"),
        row("manager add, two cores", "add/two_cores", "pipe_ping_pong/two_cores"),
    ]
}
