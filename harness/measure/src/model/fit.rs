//! From the rows of a campaign to the constants, and to how well they do.
//!
//! What is made least are the squares of the errors on a logarithmic scale, so that a workload of a millisecond counts as much as one of a
//! second. Errors beyond some 15 % count less than their square (Huber's idea, with its smooth form): a subject that was disturbed is
//! listed with its error, and does not bend the constants. A constant on which the rows say nothing stays near where the search begins,
//! and is listed as assumed.

use std::collections::BTreeMap;
use std::fmt;

use multiprocess::StartMethod;
use record::model::quantile;
use record::{ModelConstant, ModelPoint, ModelReport, Params, Run};

use super::solve::{shares, slopes, solve};
use super::{Constants, Serial, Side, Start, Starts, Threads, Way, Workload, predict};
use crate::instruments::model::campaign::FITTING;
use crate::instruments::model::{MODEL, STEM};

/// The error, on a logarithmic scale, from which on it counts less than its square.
const TOLERATED: f64 = 0.15;

/// How much an error is worth that a constant makes by being e times what the search began with: next to nothing.
const INERTIA: f64 = 0.01;

/// A constant is assumed if the rows determine less of it than this share.
const DETERMINED: f64 = 0.9;

/// A constant that was found to cost nothing has no slope where it is: what rows say of it is asked at this share of where the search began.
const NOTHING: f64 = 0.1;

/// Why a run has no model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not a campaign of the instrument.
    NotACampaign {
        /// The run.
        run: String,
    },
    /// No set that the model is fitted to was done in this way.
    NothingToFit {
        /// The run.
        run: String,
        /// The way.
        way: Way,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotACampaign { run } => write!(f, "run {run} is no campaign of the cost model"),
            Self::NothingToFit { run, way } => write!(f, "run {run} holds no time of '{}' to fit to", way.name()),
        }
    }
}

impl std::error::Error for Fault {}

/// A model and everything there is to say about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// The constants.
    pub constants: Constants,
    /// The same as a table, with residuals and held-out errors.
    pub report: ModelReport,
}

/// Whether `run` is a campaign.
pub fn is_campaign(run: &Run) -> bool {
    run.plan(STEM).is_some_and(|plan| plan.params.contains_key(FITTING))
}

/// Whether `run` has measured other code than this.
pub fn is_stale(run: &Run) -> bool {
    run.plan(STEM).is_none_or(|plan| plan.fingerprint != MODEL.fingerprint)
}

/// What was asked of one set, with what it took.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The additions in place of the time of an item; how long one takes is fitted, too.
    pub additions: u64,
    /// The workload; its `item_ns` is 0.
    pub workload: Workload,
    /// What it took, in nanoseconds.
    pub measured_ns: f64,
}

impl Point {
    fn of(point: &ModelPoint) -> Option<Self> {
        let get = |name: &str| point.params.get(name).copied();
        let workload = Workload {
            items: get("items")?,
            item_ns: 0.0,
            bytes_in: get("bytes_in")?,
            bytes_out: get("bytes_out")?,
            workers: get("workers")?,
            chunksize: get("chunksize")?,
        };
        Some(Self { additions: get("additions")?, workload, measured_ns: point.measured_ns })
    }

    /// The workload with its work in nanoseconds.
    pub fn workload(&self, addition_ns: f64) -> Workload {
        Workload { item_ns: self.additions as f64 * addition_ns, ..self.workload }
    }
}

/// Fits the model to the fixed sets of a campaign and tries it on the held-out ones. `reference` tells whether the run is a committed one;
/// whether it is [of another machine](ModelReport::elsewhere) is for the caller to find out.
///
/// # Errors
/// If the run is no campaign, or lacks what a constant is fitted to.
pub fn fit(run: &Run, reference: bool) -> Result<Fitted, Fault> {
    let plan = run.plan(STEM).and_then(|plan| plan.params.get(FITTING));
    let fixed = *plan.ok_or_else(|| Fault::NotACampaign { run: run.header.id.clone() })?;
    let points = measured(run);
    let (mut residuals, mut held_out): (Vec<_>, Vec<_>) =
        points.into_iter().partition(|point| u64::from(point.set) < fixed);
    let of = |way: Way| -> Vec<Point> {
        residuals.iter().filter(|point| point.way == way.name()).filter_map(Point::of).collect()
    };
    let by_way = Way::ALL.map(|way| (way, of(way)));
    if let Some((way, _)) = by_way.iter().find(|(_, points)| points.is_empty()) {
        return Err(Fault::NothingToFit { run: run.header.id.clone(), way: *way });
    }
    let found = constants(&by_way, u64::from(run.header.environment.usable_cores.max(1)));
    let constants = found.constants;
    for point in residuals.iter_mut().chain(&mut held_out) {
        if let Some((asked, way)) = Point::of(point).zip(Way::named(&point.way)) {
            point.predicted_ns = predict(&asked.workload(constants.addition_ns), &constants).of(way);
        }
    }
    let mut report = ModelReport {
        run: run.header.id.clone(),
        started: run.header.started.clone(),
        cpu: run.header.environment.cpu.clone(),
        cores: run.header.environment.usable_cores,
        load: run.header.environment.load,
        reference,
        stale: is_stale(run),
        elsewhere: false,
        constants: found.listed(),
        residuals,
        held_out,
        median_error: None,
    };
    report.median_error = quantile(&report.errors(None), 0.5);
    Ok(Fitted { constants, report })
}

/// Every set in every way, with the median of its repetitions; in the order of the sets. Rows that failed have no time and are not in it.
fn measured(run: &Run) -> Vec<ModelPoint> {
    let mut found: BTreeMap<(u32, Way), (Params, Vec<u64>)> = BTreeMap::new();
    for row in run.subjects_of(STEM) {
        let time = row.result.elapsed_ns.filter(|time| row.result.ok && *time > 0);
        let (Some(time), Some(way)) = (time, Way::named(&row.result.name)) else { continue };
        found.entry((row.block.number, way)).or_insert_with(|| (row.result.facts.clone(), Vec::new())).1.push(time);
    }
    let point = |((set, way), (mut params, samples_ns)): ((u32, Way), (Params, Vec<u64>))| {
        params.retain(|name, _| !name.ends_with("_ns"));
        ModelPoint {
            set,
            way: way.name().to_owned(),
            params,
            measured_ns: median(&samples_ns),
            samples_ns,
            predicted_ns: f64::NAN,
        }
    };
    found.into_iter().map(point).collect()
}

fn median(samples: &[u64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
    f64::midpoint(low as f64, high as f64)
}

/// An error on a logarithmic scale, softened where it is large.
fn softened(predicted: f64, measured: f64) -> f64 {
    let error = (predicted.max(1.0) / measured.max(1.0)).ln();
    let scaled = error / TOLERATED;
    error.signum() * TOLERATED * (2.0 * ((1.0 + scaled * scaled).sqrt() - 1.0)).sqrt()
}

/// Solves for unknowns that `time` turns into predictions of `points`; with the share of each that the points determine.
fn search(start: &[f64], points: &[(&Point, Way)], time: impl Fn(&[f64], &Point, Way) -> f64) -> (Vec<f64>, Vec<f64>) {
    let residuals = |found: &[f64]| -> Vec<f64> {
        let errors = points.iter().map(|(point, way)| softened(time(found, point, *way), point.measured_ns));
        let inertia = found.iter().zip(start).map(|(found, start)| INERTIA * (found / start).ln());
        errors.chain(inertia).collect()
    };
    // The longest of several paths can keep a search from the best place; so it begins at several.
    let from = |factor: f64| solve(&start.iter().map(|value| value * factor).collect::<Vec<_>>(), &residuals);
    let found = [1.0, 0.2, 5.0].map(from);
    let best = found.into_iter().min_by(|one, other| one.1.total_cmp(&other.1));
    let found = best.map(|(found, _)| found).unwrap_or_default();
    let at = |logs: &[f64]| -> Vec<f64> {
        let unknowns: Vec<f64> = logs.iter().map(|log| log.exp()).collect();
        points.iter().map(|(point, way)| time(&unknowns, point, *way).max(1.0).ln()).collect()
    };
    let asked: Vec<f64> = found.iter().zip(start).map(|(found, start)| found.max(NOTHING * start).ln()).collect();
    let shares = shares(&slopes(&asked, &at(&asked), &at), INERTIA);
    (found, shares)
}

/// Constants, and how much of each the rows determine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// The constants.
    pub constants: Constants,
    /// In the place of each constant the share of it, from 0 to 1, that the rows determine.
    shares: Constants,
}

impl Found {
    /// The constants as a table, which says of those that the rows do not determine that they are assumed.
    pub fn listed(&self) -> Vec<ModelConstant> {
        let mut listed = self.constants.listed();
        // The cores are counted and not fitted; their share is whole.
        for (constant, share) in listed.iter_mut().zip(self.shares.listed()) {
            constant.assumed = share.value < DETERMINED;
        }
        listed
    }
}

/// The constants, from the measured points of each way.
///
/// # Panics
/// If `by_way` is not in the order of [`Way::ALL`].
pub fn constants(by_way: &[(Way, Vec<Point>); 5], cores: u64) -> Found {
    assert!(by_way.iter().map(|(way, _)| *way).eq(Way::ALL), "one list for each way, in their order");
    let (mut constants, mut determined) = (beginning(cores), beginning(1));
    let points = |way: usize| by_way[way].1.iter().map(move |point| (point, Way::ALL[way]));
    let serial = constants.serial;
    let begin = [serial.once_ns, serial.item_ns, serial.byte_ns, serial.fresh_ns, constants.addition_ns];
    let (found, shares) = search(&begin, &points(0).collect::<Vec<_>>(), |found, point, way| {
        with_serial(constants, found).time(&point.workload(found[4]), way)
    });
    constants = with_serial(constants, &found);
    determined = with_serial(determined, &shares);
    let addition_ns = constants.addition_ns;
    let (found, shares) = search(&thread_unknowns(&constants), &points(1).collect::<Vec<_>>(), |found, point, way| {
        with_threads(constants, found).time(&point.workload(addition_ns), way)
    });
    constants = with_threads(constants, &found);
    determined = with_threads(determined, &shares);
    let processes: Vec<(&Point, Way)> = (2..5).flat_map(points).collect();
    let (found, shares) = search(&process_unknowns(&constants), &processes, |found, point, way| {
        with_processes(constants, found).time(&point.workload(addition_ns), way)
    });
    Found { constants: with_processes(constants, &found), shares: with_processes(determined, &shares) }
}

/// Where every search begins: orders of magnitude, of no machine in particular.
fn beginning(cores: u64) -> Constants {
    let start = |once_ns, each_ns| Start { once_ns, each_ns };
    let side = |message_ns, item_ns, byte_ns| Side { message_ns, item_ns, byte_in_ns: byte_ns, byte_out_ns: byte_ns };
    Constants {
        cores,
        addition_ns: 0.5,
        crowding: 1.1,
        serial: Serial { once_ns: 1_000.0, item_ns: 50.0, byte_ns: 0.05, fresh_ns: 0.3 },
        threads: Threads {
            once_ns: 1e5,
            each_ns: 5e4,
            task_ns: 500.0,
            wake_ns: 5_000.0,
            item_ns: 50.0,
            byte_ns: 0.05,
            fresh_ns: 0.3,
        },
        parent: side(5_000.0, 100.0, 0.5),
        worker: side(5_000.0, 100.0, 0.5),
        wake_ns: 5_000.0,
        copied_page_ns: 2_000.0,
        piece_ns: 20_000.0,
        start: Starts { fork: start(5e5, 3e5), forkserver: start(3e6, 5e5), spawn: start(1e6, 1.5e6) },
    }
}

fn with_serial(constants: Constants, found: &[f64]) -> Constants {
    let serial = Serial { once_ns: found[0], item_ns: found[1], byte_ns: found[2], fresh_ns: found[3] };
    Constants { serial, addition_ns: found[4], ..constants }
}

fn side_unknowns(side: &Side) -> [f64; 4] {
    [side.message_ns, side.item_ns, side.byte_in_ns, side.byte_out_ns]
}

fn side_of(found: &[f64]) -> Side {
    Side { message_ns: found[0], item_ns: found[1], byte_in_ns: found[2], byte_out_ns: found[3] }
}

fn thread_unknowns(constants: &Constants) -> Vec<f64> {
    let threads = &constants.threads;
    let start = [threads.once_ns, threads.each_ns, threads.task_ns, threads.wake_ns];
    [start, [threads.item_ns, threads.byte_ns, threads.fresh_ns, constants.crowding]].concat()
}

fn with_threads(constants: Constants, found: &[f64]) -> Constants {
    let threads = Threads {
        once_ns: found[0],
        each_ns: found[1],
        task_ns: found[2],
        wake_ns: found[3],
        item_ns: found[4],
        byte_ns: found[5],
        fresh_ns: found[6],
    };
    Constants { threads, crowding: found[7], ..constants }
}

fn process_unknowns(constants: &Constants) -> Vec<f64> {
    let mut unknowns: Vec<f64> = [side_unknowns(&constants.parent), side_unknowns(&constants.worker)].concat();
    unknowns.extend([constants.wake_ns, constants.piece_ns, constants.copied_page_ns]);
    for method in StartMethod::ALL {
        let start = constants.start.of(method);
        unknowns.extend([start.once_ns, start.each_ns]);
    }
    unknowns
}

fn with_processes(constants: Constants, found: &[f64]) -> Constants {
    // In the order of `StartMethod::ALL`.
    let start = |from: usize| Start { once_ns: found[from], each_ns: found[from + 1] };
    let start = Starts { fork: start(11), forkserver: start(13), spawn: start(15) };
    let (parent, worker) = (side_of(found), side_of(&found[4..]));
    Constants { parent, worker, wake_ns: found[8], piece_ns: found[9], copied_page_ns: found[10], start, ..constants }
}
