//! A diagnosis, for people.

use std::io::{Result, Write};

use harness::diagnose::family::Family;
use harness::diagnose::{Ending, Figure, Finding, Observation, Seen, Wait};
use plots::words;

/// Processes in the table; the others are counted.
const ROWS: usize = 16;

pub(super) fn diagnosis(out: &mut impl Write, observation: &Observation, findings: &[Finding]) -> Result<()> {
    writeln!(
        out,
        "{} in {}, on {}: {:.2} cores used, {:.1} processes running at a time ({})",
        ended(observation.ending),
        words::time(observation.wall_ns as f64),
        words::plural(observation.cores, "core"),
        observation.cores_used(),
        observation.mean_running(),
        words::plural(observation.looks, "look"),
    )?;
    if let Some(family) = Family::of(observation) {
        processes(out, observation, &family)?;
    }
    let [first, others @ ..] = findings else {
        if observation.looks < super::LEAST_LOOKS {
            return Ok(());
        }
        return writeln!(out, "\nnothing stands out");
    };
    writeln!(out)?;
    finding(out, "bottleneck", first)?;
    others.iter().try_for_each(|other| finding(out, "also", other))
}

fn ended(ending: Ending) -> String {
    match ending {
        Ending::Exited(0) => "ended".to_owned(),
        Ending::Exited(code) => format!("ended with exit code {code}"),
        Ending::Signalled(signal) => format!("ended by signal {signal}"),
        Ending::Unknown => "ended, nobody knows how".to_owned(),
        Ending::Deadline => "still ran at the deadline and was ended".to_owned(),
        Ending::CalledOff => "called off".to_owned(),
    }
}

fn processes(out: &mut impl Write, observation: &Observation, family: &Family<'_>) -> Result<()> {
    writeln!(
        out,
        "\n{:<8} {:>8} {:<12} {:>9} {:>5} {:>7} {:>10} {:>10} {:>8} {:>8}  waits for",
        "role", "pid", "name", "cpu", "runs", "threads", "read", "written", "calls", "memory"
    )?;
    let stays = |process: &&Seen| !matches!(family.role(process), "brief" | "earlier");
    let mut rows: Vec<&Seen> = observation.processes.iter().filter(stays).collect();
    let brief = observation.processes.len() - rows.len();
    rows.sort_by_key(|process| family.role(process) == "helper");
    rows.extend(family.brief.iter().copied().take(3));
    for process in rows.iter().take(ROWS) {
        writeln!(
            out,
            "{:<8} {:>8} {:<12} {:>9} {:>4.0}% {:>7} {:>10} {:>10} {:>8} {:>8}  {}",
            family.role(process),
            process.pid,
            process.name,
            words::time(process.cpu_ns as f64),
            100.0 * process.ran(),
            process.threads,
            words::bytes(process.read_bytes as f64),
            words::bytes(process.written_bytes as f64),
            process.reads + process.writes,
            words::bytes(process.peak_bytes as f64),
            waits(process),
        )?;
    }
    let left = observation.processes.len() - rows.len().min(ROWS);
    if left > 0 {
        writeln!(out, "and {left} more, {brief} of them there for a moment only")?;
    }
    Ok(())
}

/// What the threads of a process wait for most, in words.
fn waits(process: &Seen) -> String {
    let mut waits: Vec<(f64, &str)> = process.waits.keys().map(|wait| (process.waited(*wait), named(*wait))).collect();
    waits.sort_by(|one, other| other.0.total_cmp(&one.0));
    let told: Vec<String> =
        waits.iter().take(2).map(|(share, name)| format!("{name} {:.0} %", 100.0 * share)).collect();
    told.join(", ")
}

fn named(wait: Wait) -> &'static str {
    match wait {
        Wait::OwnLock => "a lock that nobody can release",
        Wait::Futex => "a lock",
        Wait::PipeRead => "a message",
        Wait::PipeWrite => "a full pipe",
        Wait::Socket => "a socket",
        Wait::Poll => "any of several",
        Wait::Child => "a child",
        Wait::Sleep => "a time",
        Wait::Disk => "a disk",
        Wait::Other => "something else",
    }
}

fn finding(out: &mut impl Write, title: &str, finding: &Finding) -> Result<()> {
    writeln!(out, "{title}: {} ({:.0} %)", finding.says, 100.0 * finding.share)?;
    let figures: Vec<String> = finding.figures.iter().map(figure).collect();
    writeln!(out, "  rests on: {}", figures.join(", "))?;
    let also =
        if finding.see_also.is_empty() { String::new() } else { format!("; then {}", finding.see_also.join(", ")) };
    writeln!(out, "  read: {}{also}", finding.lesson)
}

fn figure(figure: &Figure) -> String {
    let name = |unit: &str| figure.name.strip_suffix(unit).map(|name| name.replace('_', " "));
    if let Some(name) = name("_share") {
        return format!("{name} {:.0} %", 100.0 * figure.value);
    }
    if let Some(name) = name("_bytes") {
        return format!("{name} {}", words::bytes(figure.value));
    }
    for (unit, ns) in [("_us", 1e3), ("_ms", 1e6)] {
        if let Some(name) = name(unit) {
            return format!("{name} {}", words::time(figure.value * ns));
        }
    }
    let digits = if figure.value.fract() == 0.0 { 0 } else { 2 };
    format!("{} {:.digits$}", figure.name.replace('_', " "), figure.value)
}
