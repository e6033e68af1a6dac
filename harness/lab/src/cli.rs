//! What can be typed: commands and options, and what each exit code means.

use std::fmt;
use std::io::ErrorKind;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use harness::{Interrupted, Lesson};
use record::Profile;

pub(crate) use crate::diagnose::DiagnoseOptions;
pub(crate) use crate::predict::PredictOptions;
pub(crate) use grading::cli::{GradeOptions, HandoutOptions, HintOptions};

/// The laboratory: lists, runs, measures and judges the lessons of the book, and builds it.
#[derive(Debug, Parser)]
#[command(name = "lab", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 fine; 1 something is not fine: a measurement (bench records it), an exercise, or a record \
                          that cannot be read; 2 the call is wrong; \
                          3 the machine cannot do it; 128 + n ended by signal n (130: Ctrl-C).\n\
                          UNPICKLED_ROOT names the checkout to work in, if it is not the one this program was built from.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists lessons, variants, and parameters by profile; starts no process
    List(ListOptions),
    /// Runs variants of a lesson once each, in fresh processes, and checks their answers
    Run(RunOptions),
    /// Measures lessons in blocks and records them; then remakes the verdicts and the book
    Bench(BenchOptions),
    /// Prints the ledger of claims with its verdicts
    Claims(ClaimsOptions),
    /// Sets two runs side by side, of two revisions or two machines: times, ratios, counts and verdicts, with intervals
    Compare(CompareOptions),
    /// Says what will spoil a measurement on this machine, how to mend it, and what is not testable here
    Doctor(DoctorOptions),
    /// Measures this machine's floors and ceilings, with nothing of ours in between
    Limits(LimitsOptions),
    /// Says what a workload takes serially, by threads and by processes
    Predict(PredictOptions),
    /// Runs a program that works with processes, watches it, names what bounds it and the lesson to read
    Diagnose(DiagnoseOptions),
    /// Grades a folder of exercises, by what they do
    Grade(GradeOptions),
    /// Shows the next hint to an exercise
    Hint(HintOptions),
    /// Makes the folder of exercises that students get, or a kit for the platform that grades them
    Handout(HandoutOptions),
    /// Builds the book from the records
    Book(BookOptions),
    /// The book's preprocessor, for a stock mdbook
    #[command(hide = true)]
    Preprocess(PreprocessOptions),
}

#[derive(Debug, Args)]
pub(crate) struct ListOptions {
    /// Print one JSON object on one line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RunOptions {
    /// The lesson, by its stem
    pub(crate) lesson: String,
    /// The variants; all of them if none is named
    pub(crate) variants: Vec<String>,
    /// The sizes: quick, standard or post
    #[arg(long, default_value_t)]
    pub(crate) profile: Profile,
    /// Set a parameter in place of the profile's value
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    pub(crate) settings: Vec<(String, u64)>,
    /// Kill a subject that takes longer, in seconds [default: 60 quick, 120 standard, 600 post]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    deadline: Option<u64>,
    /// Print the facts and the processes of every variant, too
    #[arg(long, short, conflicts_with = "json")]
    pub(crate) verbose: bool,
    /// Print one JSON object on one line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BenchOptions {
    /// The lessons; all of them if none is named
    pub(crate) lessons: Vec<String>,
    /// The sizes: quick, standard or post
    #[arg(long, default_value_t)]
    pub(crate) profile: Profile,
    /// Who runs the lessons; only rust so far
    #[arg(long = "lane", value_name = "LANE", value_parser = [record::RUST_LANE])]
    lanes: Vec<String>,
    /// The seed that draws the order of the blocks [default: a random one]
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Blocks of each variant, at least [default: those of the lesson, ten as a rule]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) blocks: Option<u32>,
    /// How long the run may go on adding blocks where an interval is wider than its claim's band needs
    /// [default: 0 quick, 1020 standard, 6000 post]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=604_800))]
    pub(crate) budget: Option<u64>,
    /// Kill a subject that takes longer, in seconds [default: 20 times as long as the variant's first one, at least 10 s and at most
    /// 60 quick, 120 standard, 600 post]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) deadline: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct ClaimsOptions {
    /// Judge from this run: a file, or the name of a recorded run [default: see results/README.md]
    #[arg(long)]
    pub(crate) run: Option<String>,
    /// Print one JSON object on one line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CompareOptions {
    /// The run to compare with: a file, or the name of a recorded run
    pub(crate) a: String,
    /// The run to compare, in the same way
    pub(crate) b: String,
    /// Print one JSON object on one line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorOptions {
    /// Print one JSON object on one line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LimitsOptions {
    /// The sizes: quick, standard or post
    #[arg(long, default_value_t)]
    pub(crate) profile: Profile,
    /// How often each limit is measured, in a fresh process each time; six have an interval by ranks
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) passes: u32,
    /// Measure nothing, and print what this run says: a file, or the name of a recorded run
    #[arg(long, conflicts_with_all = ["profile", "passes"])]
    pub(crate) run: Option<String>,
    /// Print one JSON object on one line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BookOptions {
    /// build it, serve it on the loopback address, or open it in a browser
    #[arg(default_value = "build", value_parser = ["build", "serve", "open"])]
    pub(crate) what: String,
    /// The port to serve it on
    #[arg(long, default_value_t = 3000)]
    pub(crate) port: u16,
}

#[derive(Debug, Args)]
pub(crate) struct PreprocessOptions {
    /// `supports RENDERER`, as mdbook asks
    pub(crate) question: Vec<String>,
}

impl RunOptions {
    pub(crate) fn deadline(&self) -> Duration {
        deadline(self.deadline, self.profile)
    }
}

impl BenchOptions {
    pub(crate) fn deadline(&self) -> Duration {
        deadline(self.deadline, self.profile)
    }
}

fn deadline(seconds: Option<u64>, profile: Profile) -> Duration {
    seconds.map_or_else(|| harness::bench::subject_deadline(profile), Duration::from_secs)
}

fn setting(text: &str) -> Result<(String, u64), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    let number = value.replace('_', "");
    let value = number
        .parse()
        .map_err(|_| format!("the value of {name}, '{value}', is not a whole number from 0 to {}", u64::MAX))?;
    Ok((name.to_owned(), value))
}

/// How a command ended, when it ended well enough to say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Everything is fine.
    Fine,
    /// Something measured is not fine, and the record says so.
    NotFine,
    /// The machine cannot do it; the reason was printed.
    NotHere,
    /// A signal called it off.
    Interrupted(Interrupted),
}

/// The call is wrong.
#[derive(Debug)]
pub(crate) struct WrongCall(pub(crate) String);

impl fmt::Display for WrongCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongCall {}

/// Says what went wrong, and turns the outcome into the exit code that the help promises.
pub(crate) fn exit_code(outcome: anyhow::Result<Ended>) -> ExitCode {
    match outcome {
        Ok(Ended::Fine) => ExitCode::SUCCESS,
        Ok(Ended::NotFine) => ExitCode::FAILURE,
        Ok(Ended::NotHere) => ExitCode::from(3),
        Ok(Ended::Interrupted(how)) => {
            eprintln!("{how}");
            ExitCode::from(u8::try_from(128 + how.signal).unwrap_or(130))
        }
        Err(fault) if is_closed_output(&fault) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("error: {fault:#}");
            ExitCode::from(if fault.is::<WrongCall>() { 2 } else { 1 })
        }
    }
}

/// `lab claims | head` is no error.
fn is_closed_output(fault: &anyhow::Error) -> bool {
    fault.downcast_ref::<std::io::Error>().is_some_and(|fault| fault.kind() == ErrorKind::BrokenPipe)
}

/// The lesson or instrument called `stem`, or an error that names them all.
pub(crate) fn measurable(stem: &str) -> Result<&'static Lesson, WrongCall> {
    harness::instruments::instrument(stem).map_or_else(|| lesson(stem), Ok)
}

/// The lesson called `stem`, or an error that names them all.
pub(crate) fn lesson(stem: &str) -> Result<&'static Lesson, WrongCall> {
    experiments::lesson(stem).ok_or_else(|| {
        let all = experiments::LESSONS.iter().chain(harness::instruments::INSTRUMENTS);
        let stems: Vec<&str> = all.map(|lesson| lesson.stem).collect();
        WrongCall(format!("unknown lesson '{stem}'; allowed: {}", stems.join(", ")))
    })
}
