//! The model on the limiting cases, what must never fall, and constants that are found again.

use super::fit::{Point, constants};
use super::vectors::CONSTANTS;
use super::*;
use crate::Random;
use crate::instruments::model::sets;

fn workload(items: u64, item_ns: f64, bytes: u64, workers: u64, chunksize: u64) -> Workload {
    Workload { items, item_ns, bytes_in: bytes, bytes_out: bytes, workers, chunksize }
}

#[test]
fn nothing_to_do_costs_the_start() {
    let nothing = predict(&workload(0, 1e6, 1_000, 4, 0), &CONSTANTS);
    assert_eq!(nothing.serial_ns, CONSTANTS.serial.once_ns);
    assert_eq!(nothing.threads_ns, CONSTANTS.threads.once_ns + 4.0 * CONSTANTS.threads.each_ns);
    let fork = CONSTANTS.start.fork;
    assert_eq!(nothing.processes_fork_ns, fork.once_ns + 4.0 * fork.each_ns);
    assert_eq!((nothing.best, nothing.bound), (Way::Serial, Bound::Start));
}

#[test]
fn one_worker_is_never_faster_than_the_loop() {
    for item_ns in [0.0, 1e3, 1e6] {
        for bytes in [0, 1_000, 1 << 20] {
            let one = predict(&workload(100, item_ns, bytes, 1, 0), &CONSTANTS);
            for way in &Way::ALL[1..] {
                assert!(one.of(*way) > one.serial_ns, "{way:?} {item_ns} {bytes}");
            }
        }
    }
}

#[test]
fn much_work_is_shared_by_the_cores_and_by_no_more() {
    let work = |workers| predict(&workload(4_000, 1e6, 0, workers, 0), &CONSTANTS);
    let speedup = |workers| work(workers).serial_ns / work(workers).processes_fork_ns;
    assert!(speedup(4) > 3.0 && speedup(4) < 4.0 && speedup(16) < 4.0, "{} {}", speedup(4), speedup(16));
    assert_eq!(work(4).bound, Bound::Work);
}

#[test]
fn what_bounds_is_what_there_is_most_of() {
    let bound = |workload: Workload| predict(&workload, &CONSTANTS).bound;
    assert_eq!(bound(workload(100_000, 100.0, 0, 1, 1)), Bound::Workers);
    assert_eq!(bound(workload(100_000, 100.0, 0, 4, 1)), Bound::Parent);
    assert_eq!(bound(workload(1_000, 100.0, 50_000, 4, 10)), Bound::Bytes);
    assert_eq!(bound(workload(10, 100.0, 10, 4, 1)), Bound::Start);
}

#[test]
fn more_of_anything_is_never_faster() {
    let mut random = Random::seeded(11);
    for params in sets::held_out(300, 5, 4) {
        let extra = random.next().unwrap() % 1_000;
        let base = Workload {
            items: params["items"],
            item_ns: params["additions"] as f64 * 0.5,
            bytes_in: params["bytes_in"],
            bytes_out: params["bytes_out"],
            workers: params["workers"],
            chunksize: params["chunksize"].max(1),
        };
        let more = [
            // A whole round of tasks more: a single item more may fall into a round that was not full.
            Workload { items: base.items + base.chunksize * base.workers, ..base },
            Workload { item_ns: base.item_ns + extra as f64, ..base },
            // An input leaves its memory to an output; where there is no output, more of it is only more.
            Workload { bytes_in: base.bytes_in + if base.bytes_out == 0 { extra } else { 0 }, ..base },
            Workload { bytes_out: base.bytes_out + extra, ..base },
        ];
        for more in more {
            for way in Way::ALL {
                let (less, more_ns) = (CONSTANTS.time(&base, way), CONSTANTS.time(&more, way));
                assert!(more_ns >= less * (1.0 - 1e-9), "{way:?}: {less} for {base:?}, {more_ns} for {more:?}");
            }
        }
    }
}

/// Times that the model itself says, with noise of `spread` on a logarithmic scale.
fn planted(spread: f64) -> [(Way, Vec<Point>); 5] {
    let mut random = Random::seeded(3);
    // The sum of twelve even numbers is nearly normal.
    let mut normal =
        move || (0..12).map(|_| (random.next().unwrap() >> 11) as f64 / (1_u64 << 53) as f64).sum::<f64>() - 6.0;
    Way::ALL.map(|way| {
        let points = sets::fitting(4).into_iter().map(|params| {
            let workload = Workload {
                items: params["items"],
                item_ns: 0.0,
                bytes_in: params["bytes_in"],
                bytes_out: params["bytes_out"],
                workers: params["workers"],
                chunksize: params["chunksize"],
            };
            let mut point = Point { additions: params["additions"], workload, measured_ns: 0.0 };
            let time = CONSTANTS.time(&point.workload(CONSTANTS.addition_ns), way);
            point.measured_ns = time * (spread * normal()).exp();
            point
        });
        (way, points.collect())
    })
}

/// The median and the worst error of `found` on sets that it was not fitted to.
fn errors(found: &Constants) -> (f64, f64) {
    let mut errors = Vec::new();
    for params in sets::held_out(100, 9, 4) {
        let additions = params["additions"] as f64;
        let workload = workload(params["items"], 0.0, 0, params["workers"], params["chunksize"]);
        let workload = Workload { bytes_in: params["bytes_in"], bytes_out: params["bytes_out"], ..workload };
        let with = |constants: &Constants| Workload { item_ns: additions * constants.addition_ns, ..workload };
        for way in Way::ALL {
            let error = found.time(&with(found), way) / CONSTANTS.time(&with(&CONSTANTS), way);
            errors.push(error.ln().abs());
        }
    }
    errors.sort_by(f64::total_cmp);
    (errors[errors.len() / 2], errors[errors.len() - 1])
}

#[test]
fn planted_constants_are_found_again() {
    let all = constants(&planted(0.0), CONSTANTS.cores);
    let assumed: Vec<_> = all.listed().into_iter().filter(|constant| constant.assumed).collect();
    assert!(assumed.is_empty(), "{assumed:?}");
    let found = all.constants;
    let (median, worst) = errors(&found);
    assert!(median < 0.005 && worst < 0.1, "{median} {worst} {found:?}");
    let near = |found: f64, truth: f64| assert!((found / truth - 1.0).abs() < 0.02, "{found} for {truth}");
    near(found.addition_ns, CONSTANTS.addition_ns);
    near(found.crowding, CONSTANTS.crowding);
    near(found.start.fork.each_ns, CONSTANTS.start.fork.each_ns);
    near(found.start.spawn.each_ns, CONSTANTS.start.spawn.each_ns);
}

#[test]
fn noise_moves_the_constants_little() {
    let found = constants(&planted(0.1), CONSTANTS.cores).constants;
    let (median, worst) = errors(&found);
    assert!(median < 0.06 && worst < 0.6, "{median} {worst} {found:?}");
}

/// A set is one time in each way: so few cannot determine as many constants as there are.
#[test]
fn what_few_sets_leave_open_is_assumed_and_not_found() {
    for sets in [1, 2] {
        let few = planted(0.0).map(|(way, points)| (way, points.into_iter().take(sets).collect::<Vec<_>>()));
        let listed = constants(&few, CONSTANTS.cores).listed();
        let known: Vec<&str> =
            listed.iter().filter(|constant| !constant.assumed).map(|constant| constant.name.as_str()).collect();
        assert!(known.contains(&"cores") && known.len() <= 1 + 6 * sets, "{sets}: {known:?}");
    }
    // Without a set that carries bytes, no price of a byte is known, and the others are.
    let without = planted(0.0).map(|(way, points)| {
        let dry = points.into_iter().filter(|point| point.workload.bytes_in + point.workload.bytes_out == 0);
        (way, dry.collect::<Vec<_>>())
    });
    for constant in constants(&without, CONSTANTS.cores).listed() {
        if constant.name.contains("byte") || ["copied_page", "piece"].contains(&constant.name.as_str()) {
            assert!(constant.assumed, "{constant:?}");
        }
        assert!(!constant.assumed || constant.name != "addition", "{constant:?}");
    }
}

/// Whoever writes the model down in another language checks it against this file. `cargo lab predict --vectors` writes it.
#[test]
fn the_committed_vectors_are_what_the_model_says() {
    let committed = include_str!("../../tests/model_vectors.json");
    assert_eq!(vectors::text(), committed);
    let read: vectors::Vectors = serde_json::from_str(committed).unwrap();
    assert_eq!(read, vectors::vectors());
}
