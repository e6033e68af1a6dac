//! The model and its answers, for people.

use std::io::Write;

use harness::model::fit::Fitted;
use harness::model::{Bound, Way};
use plots::words;
use record::model::quantile;
use record::{ModelConstant, ModelPoint, ModelReport};

use super::answer::{Answer, Estimate};

/// The answer to one workload.
pub(super) fn answer(answer: &Answer, fitted: &Fitted, json: bool) -> anyhow::Result<()> {
    let (workload, report) = (&answer.workload, &fitted.report);
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string(answer)?)?;
        return Ok(());
    }
    writeln!(
        out,
        "{} of {} each, {} there and {} back, on {}: {}\n",
        words::plural(workload.items, "item"),
        price(workload.item_ns),
        words::plural(workload.bytes_in, "byte"),
        words::plural(workload.bytes_out, "byte"),
        words::plural(workload.workers, "worker"),
        words::plural(answer.tasks, "task")
    )?;
    let processes = format!("processes ({})", answer.start_method);
    for (name, way) in
        [("serial", &answer.serial), ("threads", &answer.threads), (processes.as_str(), &answer.processes)]
    {
        writeln!(out, "{name:<24} {:>10}   {}", words::time(way.ns), band(way))?;
    }
    let close = if answer.close { ", but the next best is within the model's error" } else { "" };
    writeln!(out, "\nuse {}{close}", answer.best)?;
    writeln!(out, "the processes wait most for {}", bound(answer.bound))?;
    let parts = &answer.parts;
    writeln!(
        out,
        "  start and end {}; parent {}; workers {}; all of it on {} {}",
        words::time(parts.start_ns),
        words::time(parts.ends_ns + parts.parent_ns),
        words::time(parts.workers_ns),
        words::plural(answer.constants.cores, "core"),
        words::time(parts.cores_ns)
    )?;
    match (answer.break_even.items, answer.break_even.item_ns) {
        (Some(items), Some(item_ns)) => writeln!(
            out,
            "processes beat the loop from {} on, or from {} per item on, everything else as it is",
            words::plural(items, "item"),
            words::time(item_ns)
        )?,
        (Some(items), None) => writeln!(out, "processes beat the loop from {} on", words::plural(items, "item"))?,
        (None, Some(item_ns)) => writeln!(
            out,
            "processes beat the loop from {} per item on, and at this cost of an item never",
            words::time(item_ns)
        )?,
        (None, None) => writeln!(out, "processes never beat the loop")?,
    }
    writeln!(out, "threads here share no interpreter lock; under CPython's they would take turns")?;
    let (measured, usable) = (answer.campaign_cores, answer.usable_cores);
    if measured != usable {
        let fewer = words::plural(answer.constants.cores, "core");
        let error = if usable < measured { ", where its error is not known" } else { "" };
        writeln!(
            out,
            "the campaign had {}, and {usable} can be used now: this is for {fewer}{error}",
            words::plural(measured, "core")
        )?;
    }
    for beyond in &answer.beyond {
        writeln!(out, "beyond what the model was tried on: {beyond}")?;
    }
    if !answer.assumed.is_empty() {
        let (open, all) = (answer.assumed.len(), report.constants.len());
        writeln!(
            out,
            "{open} of its {all} constants are assumed: the campaign's rows do not determine them (--report)"
        )?;
    }
    let whose = match (report.reference, report.elsewhere) {
        (true, true) => "a committed reference of another machine",
        (true, false) => "a committed reference of this machine",
        (false, true) => "a run of another machine",
        (false, false) => "this machine",
    };
    let error = report.median_error.map_or("unknown".to_owned(), percent);
    writeln!(out, "\nfrom {whose}: {}; median error on held-out workloads {error}", report.run)?;
    if report.stale {
        writeln!(out, "the code has changed since that was measured")?;
    }
    if report.reference || report.elsewhere || report.stale {
        writeln!(out, "`cargo lab predict --fit` measures this machine")?;
    }
    Ok(())
}

fn band(estimate: &Estimate) -> String {
    match (estimate.low_ns, estimate.high_ns) {
        (Some(low), Some(high)) => format!("9 of 10 within {} to {}", words::time(low), words::time(high)),
        _ => "its error is unknown".to_owned(),
    }
}

fn bound(bound: Bound) -> &'static str {
    match bound {
        Bound::Start => "the start and the end of the pool",
        Bound::Parent => "the parent, which sends and receives every message and item",
        Bound::Bytes => "the bytes that cross",
        Bound::Workers => "the workers' handling of messages and items",
        Bound::Work => "the work itself",
    }
}

/// The model as it was fitted: constants, residuals, held-out errors.
pub(super) fn report(report: &ModelReport, json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string(report)?)?;
        return Ok(());
    }
    writeln!(out, "constants, from {}: {}", report.run, report.beside())?;
    for constant in &report.constants {
        let assumed = if constant.assumed { "; assumed: not determined by these rows" } else { "" };
        writeln!(out, "  {:<16} {:>10}  {}{assumed}", constant.name, value(constant), constant.about)?;
    }
    points(&mut out, "sets that it was fitted to", &report.residuals)?;
    points(&mut out, "held-out sets", &report.held_out)?;
    writeln!(out, "\nerrors, without their sign")?;
    writeln!(out, "  {:<32} {:>8} {:>8} {:>8} {:>4}", "", "median", "90 %", "worst", "n")?;
    for way in Way::ALL {
        let name = way.name();
        line(&mut out, &format!("{name}, fitted"), &report.residual_errors(Some(name)))?;
        line(&mut out, &format!("{name}, held out"), &report.errors(Some(name)))?;
    }
    line(&mut out, "all, fitted", &report.residual_errors(None))?;
    line(&mut out, "all, held out", &report.errors(None))?;
    Ok(())
}

fn line(out: &mut impl Write, name: &str, errors: &[f64]) -> std::io::Result<()> {
    let of = |share| quantile(errors, share).map_or("-".to_owned(), percent);
    writeln!(out, "  {name:<32} {:>8} {:>8} {:>8} {:>4}", of(0.5), of(0.9), of(1.0), errors.len())
}

/// One line a set, with the error of each way.
fn points(out: &mut impl Write, title: &str, points: &[ModelPoint]) -> std::io::Result<()> {
    writeln!(out, "\n{title}: measured, and by how much the model is off")?;
    write!(out, "{:>4} {:>6} {:>9} {:>9}", "set", "items", "additions", "bytes in")?;
    write!(out, " {:>9} {:>7} {:>9}", "bytes out", "workers", "chunksize")?;
    for way in Way::ALL {
        write!(out, " {:>18}", way.name().trim_start_matches("processes_"))?;
    }
    writeln!(out)?;
    let mut sets: Vec<u32> = points.iter().map(|point| point.set).collect();
    sets.dedup();
    for set in sets {
        let of_set: Vec<&ModelPoint> = points.iter().filter(|point| point.set == set).collect();
        let get = |name: &str| of_set[0].params.get(name).copied().unwrap_or(0);
        write!(out, "{set:>4} {:>6} {:>9}", get("items"), get("additions"))?;
        write!(out, " {:>9} {:>9} {:>7} {:>9}", get("bytes_in"), get("bytes_out"), get("workers"), get("chunksize"))?;
        for way in Way::ALL {
            let point = of_set.iter().find(|point| point.way == way.name());
            let told =
                |point: &&ModelPoint| format!("{} {:>+6.1} %", words::time(point.measured_ns), 100.0 * point.error());
            write!(out, " {:>18}", point.map_or("-".to_owned(), told))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// The value of a constant with its unit, to three digits.
fn value(constant: &ModelConstant) -> String {
    match constant.unit.as_str() {
        "ns" => price(constant.value),
        "x" => format!("{:.2}x", constant.value),
        _ => words::count(constant.value as u64),
    }
}

/// A time that may be far less than a nanosecond, as the price of a byte is.
fn price(ns: f64) -> String {
    match ns {
        ns if ns >= 99.95 => words::time(ns),
        ns if ns >= 9.995 => format!("{ns:.1} ns"),
        ns if ns >= 0.9995 => format!("{ns:.2} ns"),
        ns if ns >= 0.0005 => format!("{ns:.3} ns"),
        _ => "0 ns".to_owned(),
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}
