//! `lab run`: each variant once, in a fresh subject, its answer checked against the oracle's.

use std::collections::BTreeSet;
use std::io::Write;
use std::time::Duration;

use harness::bench::Bars;
use harness::outcome::{FAULTS, NO_ROOM, TRIALS};
use harness::{Interrupts, Lesson, Variant, memory, subject};
use record::{Fault, Params, Profile, VariantResult};
use serde::Serialize;

use crate::cli::{self, Ended, RunOptions, WrongCall};

#[derive(Serialize)]
struct Answered<'a> {
    lesson: &'a str,
    profile: Profile,
    params: &'a Params,
    variants: Vec<VariantResult>,
}

pub(crate) fn run(options: &RunOptions) -> anyhow::Result<Ended> {
    let lesson = cli::lesson(&options.lesson)?;
    let wanted = wanted(lesson, &options.variants)?;
    let fitted = lesson.fitted(options.profile, &options.settings, memory::available_bytes());
    let fitted = fitted.map_err(|fault| WrongCall(fault.to_string()))?;
    if let Some(note) = fitted.note() {
        eprintln!("{note}");
    }
    let params = fitted.params;
    let interrupts = Interrupts::caught()?;
    let bars = Bars::new(wanted.len() as u64 + 1)?;
    let mut rows = Vec::new();
    let mut not_here = 0;
    // The oracle runs first even if nobody asked for it: without it no other answer could be checked.
    let oracle = lesson.baseline();
    bars.step(format!("{} {}", lesson.stem, oracle.name));
    let first = match subject::run(lesson, oracle, &params, options.deadline(), None, &interrupts) {
        Ok(ran) => ran,
        Err(signal) => return Ok(Ended::Interrupted(signal)),
    };
    let answer = first.result.answer.clone();
    if first.result.answer.is_none() && !wanted.iter().any(|variant| variant.name == oracle.name) {
        rows.push(first.result.clone());
        not_here += usize::from(first.not_here.is_some());
    }
    for variant in wanted {
        bars.step(format!("{} {}", lesson.stem, variant.name));
        let ran = if variant.name == oracle.name {
            first.clone()
        } else {
            match subject::run(lesson, variant, &params, options.deadline(), answer.as_deref(), &interrupts) {
                Ok(ran) => ran,
                Err(signal) => return Ok(Ended::Interrupted(signal)),
            }
        };
        not_here += usize::from(ran.not_here.is_some());
        rows.push(ran.result);
    }
    bars.clear();
    let failed = rows.iter().filter(|row| !row.ok).count();
    let answered = Answered { lesson: lesson.stem, profile: options.profile, params: &params, variants: rows };
    print(&answered, options.json)?;
    Ok(match failed {
        0 => Ended::Fine,
        // Only when the machine is the one reason for every missing answer.
        failed if failed == not_here => Ended::NotHere,
        _ => Ended::NotFine,
    })
}

fn wanted(lesson: &'static Lesson, names: &[String]) -> Result<Vec<&'static Variant>, WrongCall> {
    if names.is_empty() {
        return Ok(lesson.variants.iter().collect());
    }
    let find = |name: &String| {
        lesson.variant(name).ok_or_else(|| {
            let allowed: Vec<&str> = lesson.variants.iter().map(|variant| variant.name).collect();
            WrongCall(format!("lesson {} has no variant '{name}'; allowed: {}", lesson.stem, allowed.join(", ")))
        })
    };
    let mut wanted = names.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    // Asking twice is asking once.
    let mut seen = BTreeSet::new();
    wanted.retain(|variant| seen.insert(variant.name));
    Ok(wanted)
}

fn print(answered: &Answered<'_>, json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string(answered)?)?;
        return Ok(());
    }
    let params: Vec<String> = answered.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
    writeln!(out, "{} at profile {}: {}", answered.lesson, answered.profile, params.join(" "))?;
    writeln!(out, "{:<31} {:>10} {:>6} {:>16}  dumps in parent", "variant", "time", "tasks", "answer")?;
    for row in &answered.variants {
        print_row(&mut out, row)?;
    }
    let pool = answered.variants.iter().find(|row| row.processes.len() > 1);
    pool.map_or(Ok(()), |row| print_processes(&mut out, row))?;
    Ok(())
}

fn print_row(out: &mut impl Write, row: &VariantResult) -> std::io::Result<()> {
    if let Some(error) = &row.error {
        return writeln!(out, "{:<31} failed: {error}", row.name);
    }
    let time = milliseconds(row.elapsed_ns.unwrap_or(0));
    let answer = row.answer.as_deref().unwrap_or("");
    if let Some(fault) = row.demonstrates {
        return writeln!(
            out,
            "{:<31} {time:>10} {:>6} {answer:>16}  {}",
            row.name,
            row.counters.tasks,
            shown(fault, row)
        );
    }
    let dumps = row.processes.first().map(|parent| parent.dumps).unwrap_or_default();
    let megabytes = dumps.bytes as f64 / 1e6;
    writeln!(
        out,
        "{:<31} {time:>10} {:>6} {answer:>16}  {} calls, {megabytes:.1} MB, {}",
        row.name,
        row.counters.tasks,
        dumps.calls,
        milliseconds(dumps.ns)
    )
}

/// What a demonstration showed.
fn shown(fault: Fault, row: &VariantResult) -> String {
    let fact = |name| row.facts.get(name).copied().unwrap_or(0);
    match row.notes.get(NO_ROOM) {
        Some(why) => format!("no room for {fault}: {why}"),
        None => format!("showed {fault} in {} of {} trials", fact(FAULTS), fact(TRIALS)),
    }
}

/// The post's own table, for the first variant that has several processes.
fn print_processes(out: &mut impl Write, row: &VariantResult) -> std::io::Result<()> {
    writeln!(out, "\nprocesses of {}", row.name)?;
    writeln!(
        out,
        "{:<12} {:>11} {:>10} {:>10} {:>11} {:>10} {:>10}",
        "", "dumps calls", "time", "average", "loads calls", "time", "average"
    )?;
    let average = |ns: u64, calls: u64| milliseconds(ns.checked_div(calls).unwrap_or(0));
    for (number, process) in row.processes.iter().enumerate() {
        let name = if number == 0 { process.role.clone() } else { format!("{} {number}", process.role) };
        let (dumps, loads) = (process.dumps, process.loads);
        writeln!(
            out,
            "{name:<12} {:>11} {:>10} {:>10} {:>11} {:>10} {:>10}",
            dumps.calls,
            milliseconds(dumps.ns),
            average(dumps.ns, dumps.calls),
            loads.calls,
            milliseconds(loads.ns),
            average(loads.ns, loads.calls)
        )?;
    }
    Ok(())
}

pub(crate) fn milliseconds(ns: u64) -> String {
    format!("{:.1} ms", Duration::from_nanos(ns).as_secs_f64() * 1e3)
}
