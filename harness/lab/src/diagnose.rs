//! `lab diagnose`: what is wrong with a program that works with processes; it is run and watched, or a workload is described.

mod shown;

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use harness::diagnose::{self, Ending, Finding, Observation, Watch};
use harness::{Interrupted, Interrupts};
use serde::Serialize;

use crate::cli::{Ended, WrongCall};
use crate::predict::{self, PredictOptions};

/// How much of what a command prints is kept, of each of its outputs.
const OUTPUT_BYTES: usize = 16 << 20;

/// Fewer looks are no observation.
const LEAST_LOOKS: u64 = 5;

#[derive(Debug, Args)]
#[command(
    override_usage = "lab diagnose [--deadline <SECONDS>] [--period-ms <MS>] [--json] -- <COMMAND>...\n       lab diagnose workload --items <ITEMS> --item-us <ITEM_US> [OPTIONS]",
    args_conflicts_with_subcommands = true
)]
pub(crate) struct DiagnoseOptions {
    /// What to describe instead of running something
    #[command(subcommand)]
    described: Option<Described>,
    /// The command to run and to watch, with its arguments, after two dashes
    #[arg(last = true, required = true)]
    command: Vec<String>,
    /// End the command, with all that it started, after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    deadline: u64,
    /// The time between two looks at its processes, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    period_ms: u64,
    /// Print one JSON object on one line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Described {
    /// Names the bottleneck of a workload that is described, by the cost model
    Workload(PredictOptions),
}

/// What `--json` prints.
#[derive(Serialize)]
struct Diagnosed<'a> {
    command: &'a [String],
    observation: &'a Observation,
    findings: &'a [Finding],
}

pub(crate) fn diagnose(options: &DiagnoseOptions) -> anyhow::Result<Ended> {
    if let Some(Described::Workload(workload)) = &options.described {
        return predict::diagnose(workload);
    }
    if let Err(why) = diagnose::can_watch() {
        eprintln!("error: nothing can be watched here: {why}");
        return Ok(Ended::NotHere);
    }
    let interrupts = Interrupts::caught()?;
    let watch = Watch {
        deadline: Duration::from_secs(options.deadline),
        period: Duration::from_millis(options.period_ms),
        output_bytes: OUTPUT_BYTES,
    };
    let program = options.command.first().map_or("", String::as_str);
    if !is_there(program) {
        return Err(WrongCall(format!(
            "there is no program '{program}'; allowed: a path, or a name in PATH, of a file that may be executed"
        ))
        .into());
    }
    let mut command = diagnose::with_signals(&options.command);
    let (observation, report) = diagnose::watch(&mut command, &watch, Some(interrupts.event()))?;
    // Standard output is ours; what the command printed is no part of the answer.
    let mut said = std::io::stderr().lock();
    said.write_all(&report.stdout)?;
    said.write_all(&report.stderr)?;
    drop(said);
    let too_few = observation.looks < LEAST_LOOKS;
    let findings = if too_few { Vec::new() } else { diagnose::findings(&observation) };
    if options.json {
        let diagnosed = Diagnosed { command: &options.command, observation: &observation, findings: &findings };
        writeln!(std::io::stdout().lock(), "{}", serde_json::to_string(&diagnosed)?)?;
    } else {
        shown::diagnosis(&mut std::io::stdout().lock(), &observation, &findings)?;
    }
    match observation.ending {
        Ending::CalledOff => Ok(Ended::Interrupted(interrupts.taken().unwrap_or(Interrupted { signal: 2 }))),
        _ if too_few => {
            eprintln!(
                "error: it ended before it could be looked at {LEAST_LOOKS} times; try more work, or a shorter --period-ms"
            );
            Ok(Ended::NotHere)
        }
        _ => Ok(Ended::Fine),
    }
}

/// Whether there is a file that a shell would take for this program.
fn is_there(program: &str) -> bool {
    let can_run = |path: &Path| path.metadata().is_ok_and(|file| file.is_file() && file.mode() & 0o111 != 0);
    if program.contains('/') {
        return can_run(Path::new(program));
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    !program.is_empty() && std::env::split_paths(&folders).any(|folder| can_run(&folder.join(program)))
}
