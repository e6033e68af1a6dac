//! A subject: a fresh process that runs one variant once and reports. The unit of replication.
//!
//! A subject is this program executed again with `--subject LESSON VARIANT`. It reads its order from standard input and
//! writes one [`VariantResult`] as JSON to standard output; whatever else it or its workers print goes to standard error.

use std::fmt;
use std::fs::File;
use std::io::{Read, Write};
use std::process::{Command, ExitCode};
use std::time::Duration;

use multiprocess::supervise::{self, Ending, Limits, Report};
use multiprocess::{Error, Status};
use record::{Params, RUST_LANE, TreeUsage, VariantResult};
use serde::{Deserialize, Serialize};

use crate::instruments::INSTRUMENTS;
use crate::interrupt::{Interrupted, Interrupts};
use crate::lesson::{Lesson, Variant};
use crate::{memory, outcome};

/// The argument that makes this program a subject.
const FLAG: &str = "--subject";

/// How much a subject may print. A report of a thousand workers takes less.
const OUTPUT_BYTES: usize = 16 << 20;

/// What a subject is told.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    lesson: String,
    variant: String,
    params: Params,
    /// The pid of the program that gave the order; the subject does not outlive it.
    parent: u32,
}

/// One variant, run in a subject.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The row of the record.
    pub result: VariantResult,
    /// What its processes used; none if it never ran.
    pub usage: Option<TreeUsage>,
    /// Why there is no answer, if the reason lies with the machine and not with the variant.
    pub not_here: Option<NotHere>,
}

/// The machine cannot do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotHere {
    /// What the variant needs, in bytes.
    pub needed_bytes: u64,
    /// What there is, in bytes.
    pub available_bytes: u64,
}

impl fmt::Display for NotHere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
        let (needed, available) = (gib(self.needed_bytes), gib(self.available_bytes));
        write!(f, "not enough memory: about {needed:.2} GiB needed, {available:.2} GiB available")
    }
}

/// Runs `variant` once in a subject and checks its answer against the oracle's, if that is known.
///
/// A subject that fails, passes its deadline, dies, leaves processes behind or answers wrongly is a row with `ok: false`, never a gap.
///
/// # Errors
/// Only if a signal called the run off.
pub fn run(
    lesson: &Lesson,
    variant: &Variant,
    params: &Params,
    deadline: Duration,
    oracle: Option<&str>,
    interrupts: &Interrupts,
) -> Result<Ran, Interrupted> {
    if let Some(not_here) = too_large(variant, params) {
        let result = VariantResult::failed(variant.name, RUST_LANE, not_here.to_string());
        return Ok(Ran { result: named(result, variant), usage: None, not_here: Some(not_here) });
    }
    let report = execute(lesson, variant, params, deadline, interrupts);
    if let Ok(Report { ending: Ending::CalledOff, .. }) = report {
        return Err(interrupts.taken().unwrap_or(Interrupted { signal: 2 }));
    }
    let usage = report.as_ref().ok().map(tree_usage);
    let mut result = match report.map_err(|fault| fault.to_string()).and_then(|report| judge(report, deadline)) {
        Ok(result) => result,
        Err(fault) => VariantResult::failed(variant.name, RUST_LANE, fault),
    };
    if result.ok {
        result.error = outcome::complaint(&result, variant.demonstrates, oracle);
        result.ok = result.error.is_none();
    }
    Ok(Ran { result: named(result, variant), usage, not_here: None })
}

fn named(result: VariantResult, variant: &Variant) -> VariantResult {
    VariantResult { demonstrates: variant.demonstrates, ..result }
}

fn too_large(variant: &Variant, params: &Params) -> Option<NotHere> {
    let needed_bytes = (variant.memory_bytes)(params);
    let available_bytes = memory::available_bytes()?;
    (needed_bytes > available_bytes).then_some(NotHere { needed_bytes, available_bytes })
}

fn execute(
    lesson: &Lesson,
    variant: &Variant,
    params: &Params,
    deadline: Duration,
    interrupts: &Interrupts,
) -> Result<Report, Error> {
    let order = Order {
        lesson: lesson.stem.to_owned(),
        variant: variant.name.to_owned(),
        params: params.clone(),
        parent: std::process::id(),
    };
    let order = serde_json::to_vec(&order).expect("an order holds only strings and numbers");
    let mut command = Command::new("/proc/self/exe");
    command.args([FLAG, lesson.stem, variant.name]);
    supervise::run(&mut command, &order, &Limits { deadline, output_bytes: OUTPUT_BYTES }, Some(interrupts.event()))
}

/// What the tree of a subject used, for its row.
fn tree_usage(report: &Report) -> TreeUsage {
    let usage = &report.usage;
    TreeUsage {
        wall_ns: outcome::ns(report.wall),
        user_ns: outcome::ns(usage.user),
        sys_ns: outcome::ns(usage.sys),
        max_rss_bytes: usage.max_rss_bytes,
        voluntary_switches: usage.voluntary_switches,
        involuntary_switches: usage.involuntary_switches,
        minor_faults: usage.minor_faults,
        major_faults: usage.major_faults,
    }
}

/// The row a report comes to, or why there is none.
fn judge(report: Report, deadline: Duration) -> Result<VariantResult, String> {
    let said = String::from_utf8_lossy(&report.stderr);
    let said = said.trim();
    let with_words = |what: String| if said.is_empty() { what } else { format!("{what}; it said: {said}") };
    match report.ending {
        Ending::Ended(Status::Exited(0)) => {}
        Ending::Ended(Status::Exited(1)) if !said.is_empty() => return Err(said.to_owned()),
        Ending::Ended(status) => return Err(with_words(format!("the subject {status}"))),
        Ending::DeadlinePassed => {
            let standing = outcome::standing(&report.states);
            // Whether it would ever have ended is not known; how its processes stood is.
            return Err(with_words(format!("killed at its deadline of {deadline:?}; its processes: {standing}")));
        }
        Ending::CalledOff => return Err("called off".to_owned()),
    }
    if !report.left_behind.is_empty() {
        let pids: Vec<String> = report.left_behind.iter().map(|left| left.pid.to_string()).collect();
        return Err(with_words(format!("left processes behind: {}", pids.join(", "))));
    }
    serde_json::from_slice(&report.stdout).map_err(|fault| with_words(format!("its report cannot be read: {fault}")))
}

/// Runs the ordered variant, of one of `lessons` or of an instrument, and returns the exit code, if this process was started as a subject;
/// none otherwise.
///
/// Programs call it at the beginning of `main`, after `multiprocess::init()` and before they look at their arguments.
pub fn serve(lessons: &[&Lesson]) -> Option<ExitCode> {
    if std::env::args().nth(1).as_deref() != Some(FLAG) {
        return None;
    }
    Some(match answer(lessons) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    })
}

fn answer(lessons: &[&Lesson]) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    // The program that ordered us waits for its signals by a descriptor and has them blocked; we inherit that and do not want it.
    nix::sys::signal::SigSet::empty().thread_set_mask()?;
    let mut report = File::from(own_output()?);
    let mut order = String::new();
    std::io::stdin().read_to_string(&mut order)?;
    let order: Order = serde_json::from_str(&order)?;
    die_with(order.parent)?;
    let known = lessons.iter().chain(INSTRUMENTS);
    let lesson = known.copied().find(|lesson| lesson.stem == order.lesson).ok_or("no such lesson")?;
    let variant = lesson.variant(&order.variant).ok_or("no such variant")?;
    let outcome = (variant.run)(&order.params)?;
    report.write_all(&serde_json::to_vec(&outcome.result(variant.name, RUST_LANE))?)?;
    Ok(())
}

/// Keeps standard output for the report alone: workers inherit standard error in its place.
fn own_output() -> std::io::Result<std::os::fd::OwnedFd> {
    let report = std::os::fd::AsFd::as_fd(&std::io::stdout()).try_clone_to_owned()?;
    nix::unistd::dup2_stdout(std::io::stderr())?;
    Ok(report)
}

/// Ends this subject when the program that ordered it ends. That program starts subjects from its main thread, which lives as
/// long as it does (prctl(2), PR_SET_PDEATHSIG).
fn die_with(parent: u32) -> std::io::Result<()> {
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)?;
    if std::os::unix::process::parent_id() != parent {
        return Err(std::io::Error::other("the program that ordered this subject is gone"));
    }
    Ok(())
}
