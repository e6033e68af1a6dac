//! `lab predict`: what a workload takes serially, by threads and by processes, and which of them to use.

mod answer;
mod campaign;
mod described;
mod shown;
mod source;

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;

use clap::builder::TypedValueParser;
use clap::{Arg, Args, Command};
use harness::environment::usable_cores;
use harness::model::fit::Fitted;
use harness::model::{Workload, vectors};
use multiprocess::StartMethod;

use crate::cli::{Ended, WrongCall};
use crate::shelf;

pub(crate) use source::report;

/// A pool refuses messages that are larger (`multiprocess::codec::LIMIT_BYTES`).
const MESSAGE_AT_MOST: u64 = multiprocess::codec::LIMIT_BYTES as u64;

const ITEMS: Number = Number { least: 0, most: 100_000_000 };
const BYTES: Number = Number { least: 0, most: MESSAGE_AT_MOST };
const WORKERS: Number = Number { least: 1, most: 256 };
const SEEDS: Number = Number { least: 0, most: u64::MAX };

const USAGE: &str = "lab predict --items <ITEMS> --item-us <ITEM_US> [OPTIONS]
       lab predict --fit [--seed <SEED>] [--json]
       lab predict --report [--run <RUN>] [--json]";

#[derive(Debug, Args)]
#[command(override_usage = USAGE)]
pub(crate) struct PredictOptions {
    /// Items to map
    #[arg(long, required_unless_present_any = ["fit", "report", "vectors"], allow_negative_numbers = true, value_parser = ITEMS)]
    items: Option<u64>,
    /// Work per item, in microseconds
    #[arg(long, required_unless_present_any = ["fit", "report", "vectors"], allow_negative_numbers = true, value_parser = microseconds)]
    item_us: Option<f64>,
    /// Bytes that each item carries to its worker
    #[arg(long, default_value_t = 0, allow_negative_numbers = true, value_parser = BYTES)]
    bytes_in: u64,
    /// Bytes that each output carries back
    #[arg(long, default_value_t = 0, allow_negative_numbers = true, value_parser = BYTES)]
    bytes_out: u64,
    /// Workers [default: the cores that can be used]
    #[arg(long, allow_negative_numbers = true, value_parser = WORKERS)]
    workers: Option<u64>,
    /// Items per task; 0 is automatic, as in Pool.map
    #[arg(long, default_value_t = 0, allow_negative_numbers = true, value_parser = ITEMS)]
    chunksize: u64,
    /// How the processes start: fork, forkserver or spawn
    #[arg(long, default_value = "fork", value_parser = start_method)]
    start_method: StartMethod,
    /// Print one JSON object on one line
    #[arg(long)]
    json: bool,
    /// Measure this machine, about a minute, and fit the model to it
    #[arg(long, conflicts_with_all = ["items", "item_us", "report", "run", "vectors"])]
    fit: bool,
    /// Print the model itself: constants, residuals, and its errors on held-out sets of parameters
    #[arg(long, conflicts_with_all = ["items", "item_us", "vectors"])]
    report: bool,
    /// Take the constants from this campaign: a file, or the name of a recorded run [default: the newest whole one of this machine]
    #[arg(long)]
    run: Option<String>,
    /// With --fit: the seed that draws the held-out sets of parameters [default: a random one]
    #[arg(long, allow_negative_numbers = true, value_parser = SEEDS)]
    seed: Option<u64>,
    /// Measure fewer sets of parameters: for a try
    #[arg(long, hide = true, default_value_t = harness::instruments::model::sets::SETS, value_parser = sets)]
    sets: usize,
    /// Measure each set so often
    #[arg(long, hide = true, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    repetitions: u32,
    /// Print workloads with predictions from fixed constants, to check another writing of the model against
    #[arg(long, hide = true)]
    vectors: bool,
}

pub(crate) fn predict(options: &PredictOptions) -> anyhow::Result<Ended> {
    if options.vectors {
        write!(std::io::stdout().lock(), "{}", vectors::text())?;
        return Ok(Ended::Fine);
    }
    if options.seed.is_some() && !options.fit {
        return Err(WrongCall("--seed draws the sets that --fit measures; allowed only with --fit".to_owned()).into());
    }
    let root = shelf::root()?;
    if options.fit {
        return campaign::campaign(options, &root);
    }
    let workload = options.workload()?;
    let Some(found) = options.fitted(&root)? else { return Ok(Ended::NotFine) };
    if options.report {
        shown::report(&found.report, options.json)?;
    } else {
        let answer = answer::Answer::of(&workload, options.start_method, &found, usable_cores() as u64);
        shown::answer(&answer, &found, options.json)?;
    }
    Ok(Ended::Fine)
}

/// `lab diagnose workload`: the bottleneck of a described workload, and the lesson to read.
pub(crate) fn diagnose(options: &PredictOptions) -> anyhow::Result<Ended> {
    if options.fit || options.report || options.vectors {
        return Err(WrongCall(
            "a workload is described by --items and --item-us; allowed: neither --fit nor --report".to_owned(),
        )
        .into());
    }
    let root = shelf::root()?;
    let workload = options.workload()?;
    let Some(found) = options.fitted(&root)? else { return Ok(Ended::NotFine) };
    let answer = answer::Answer::of(&workload, options.start_method, &found, usable_cores() as u64);
    described::shown(&answer, &found, options.json)?;
    Ok(Ended::Fine)
}

impl PredictOptions {
    /// The model of the campaign that was named, or of the newest; none, and a word on how to have one, if there is none.
    fn fitted(&self, root: &Path) -> anyhow::Result<Option<Fitted>> {
        let found = match &self.run {
            Some(name) => Some(source::named(root, name)?),
            None => source::newest(root)?,
        };
        if found.is_none() {
            eprintln!("error: no campaign of the cost model is recorded here; run `cargo lab predict --fit` first");
        }
        Ok(found)
    }

    fn workload(&self) -> Result<Workload, WrongCall> {
        let workload = Workload {
            items: self.items.unwrap_or(0),
            item_ns: self.item_us.unwrap_or(0.0) * 1e3,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            workers: self.workers.unwrap_or_else(|| usable_cores() as u64),
            chunksize: self.chunksize,
        };
        let chunk = workload.chunk().min(workload.items);
        for (name, bytes) in [("bytes-in", self.bytes_in), ("bytes-out", self.bytes_out)] {
            let message = chunk.saturating_mul(bytes);
            if message > MESSAGE_AT_MOST {
                return Err(WrongCall(format!(
                    "--{name} {bytes} makes messages of {message} bytes, at {chunk} items per task; allowed: at most {MESSAGE_AT_MOST}, \
                     which a smaller --chunksize keeps to"
                )));
            }
        }
        Ok(workload)
    }
}

/// A whole number, between these two.
#[derive(Clone, Copy, Debug)]
struct Number {
    least: u64,
    most: u64,
}

impl TypedValueParser for Number {
    type Value = u64;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<u64, clap::Error> {
        let Self { least, most } = *self;
        let parsed = move |text: &str| {
            let value = text.parse().ok().filter(|value| (least..=most).contains(value));
            value.ok_or_else(|| format!("no whole number in range; allowed: {least} to {most}"))
        };
        parsed.parse_ref(command, argument, value)
    }
}

fn microseconds(text: &str) -> Result<f64, String> {
    let allowed = || "no number of microseconds in range; allowed: 0 to 1000000000".to_owned();
    let value: f64 = text.parse().map_err(|_| allowed())?;
    (0.0..=1e9).contains(&value).then_some(value).ok_or_else(allowed)
}

fn start_method(text: &str) -> Result<StartMethod, String> {
    let found = StartMethod::ALL.into_iter().find(|method| method.name() == text);
    found.ok_or_else(|| format!("unknown start method '{text}'; allowed: fork, forkserver, spawn"))
}

fn sets(text: &str) -> Result<usize, String> {
    let most = harness::instruments::model::sets::SETS;
    let sets = text.parse().ok().filter(|sets| (1..=most).contains(sets));
    sets.ok_or_else(|| format!("'{text}' is no number of sets; allowed: 1 to {most}"))
}
