//! The commands about exercises, for `lab` and for the `grader` that a learning platform runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::attempts::{self, ATTEMPTS, Attempts};
use crate::class;
use crate::compile::Toolchain;
use crate::formats::{self, Format, Identity, Report};
use crate::grade::SEED;
use crate::handout;
use crate::hints;
use crate::interrupt::{self, Interrupted};
use crate::judge::Status;
use crate::kit::{self, For};
use crate::manifest::{self, Exercise};
use crate::previous;
use crate::prove;
use crate::session::{NOT_TO_ITS_END, Session, Sink, not_graded, progress};
use crate::submission::Submission;
use crate::watch::Watch;

/// `grade`.
#[derive(Clone, Debug, Args)]
pub struct GradeOptions {
    /// The exercises, by name or by lesson; all of them if none is named
    pub exercises: Vec<String>,
    /// The folder or zip archive with the files to grade
    #[arg(long, value_name = "PLACE", default_value = "handout")]
    pub submission: PathBuf,
    /// How to write the grades: text, json, gradescope, classroom50, autolab or junit
    #[arg(long, default_value_t)]
    pub format: Format,
    /// Write them to this file, which is whole at every moment [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Grade a file again whenever it is saved, until Ctrl-C
    #[arg(long, conflicts_with_all = ["format", "out", "class", "list"])]
    pub watch: bool,
    /// Grade nothing: list the exercises with the best points so far, and what is next
    #[arg(long, conflicts_with_all = ["format", "out", "class"])]
    pub list: bool,
    /// Grade a class: each folder or zip archive in FOLDER is a student, and a row of a table in CSV
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["submission", "format", "previous", "attempts"])]
    pub class: Option<PathBuf>,
    /// Keep the attempts in this file [default: .unpickled-grades.jsonl in the submission, for text and json]
    #[arg(long, value_name = "FILE")]
    pub attempts: Option<PathBuf>,
    /// Gradescope's submission_metadata.json, which has the submissions before this one
    #[arg(long, value_name = "FILE")]
    pub previous: Option<PathBuf>,
    /// What hidden inputs are drawn from
    #[arg(long, default_value_t = SEED)]
    pub seed: u64,
    /// Instead: grade every solution, skeleton and wrong solution so many times, and tell which grade is not as it has to be
    #[arg(long, value_name = "TIMES", conflicts_with_all = ["watch", "list", "class", "format", "out"])]
    pub prove: Option<usize>,
    /// How many to prove at a time
    #[arg(long, default_value_t = 1, requires = "prove")]
    pub jobs: usize,
}

/// `hint`.
#[derive(Clone, Debug, Args)]
pub struct HintOptions {
    /// The exercise
    pub exercise: String,
    /// The hint to show, 1 to 3 [default: the one after the last that was shown]
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=3))]
    pub level: Option<u8>,
    /// The folder that remembers how far you went
    #[arg(long, value_name = "FOLDER", default_value = "handout")]
    pub submission: PathBuf,
}

/// `handout`.
#[derive(Clone, Debug, Args)]
pub struct HandoutOptions {
    /// The folder to make or to bring up to date; files that were changed in it are left
    #[arg(default_value = "handout")]
    pub folder: PathBuf,
    /// Make a zip archive instead
    #[arg(long, value_name = "FILE", conflicts_with = "folder")]
    pub zip: Option<PathBuf>,
    /// For whom: students, gradescope, classroom50 or ci
    #[arg(long = "for", value_name = "WHOM", default_value_t)]
    pub whom: For,
    /// Only these exercises, by name or by lesson; as often as you like
    #[arg(long, value_name = "EXERCISE")]
    pub only: Vec<String>,
    /// With the solutions, for `rustlings dev check`; not for students
    #[arg(long)]
    pub with_solutions: bool,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Everything is passed.
    Fine,
    /// Something is not, and the grades say so.
    NotFine,
    /// A signal called it off.
    Interrupted(Interrupted),
}

/// The call is wrong: the words name what is, and what is allowed.
#[derive(Debug)]
pub struct WrongCall(pub String);

impl std::fmt::Display for WrongCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongCall {}

/// The exit code of an outcome; says what went wrong on standard error.
pub fn exit_code(outcome: Result<Ended>) -> ExitCode {
    let closed = |fault: &anyhow::Error| {
        fault.downcast_ref::<std::io::Error>().is_some_and(|fault| fault.kind() == std::io::ErrorKind::BrokenPipe)
    };
    match outcome {
        Ok(Ended::Fine) => ExitCode::SUCCESS,
        Ok(Ended::NotFine) => ExitCode::FAILURE,
        Ok(Ended::Interrupted(how)) => {
            eprintln!("{how}");
            ExitCode::from(u8::try_from(128 + how.signal).unwrap_or(130))
        }
        Err(fault) if closed(&fault) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("error: {fault:#}");
            ExitCode::from(if fault.is::<WrongCall>() { 2 } else { 1 })
        }
    }
}

fn all(root: &Path) -> Result<Vec<Exercise>> {
    if !root.join("exercises").is_dir() {
        let root = root.display();
        bail!(WrongCall(format!("{root} is not a checkout with exercises: it has no folder exercises")));
    }
    manifest::all(root)
}

/// The exercises of these names or lessons, or all.
///
/// # Errors
/// If a name is unknown ([`WrongCall`]), or a manifest cannot be read.
pub fn chosen(root: &Path, names: &[String]) -> Result<Vec<Exercise>> {
    let all = all(root)?;
    for name in names {
        if !all.iter().any(|exercise| exercise.name == *name || exercise.lesson == *name) {
            let known = all.iter().map(|exercise| exercise.name.as_str()).collect::<Vec<_>>().join(", ");
            let lessons: BTreeSet<&str> = all.iter().map(|exercise| exercise.lesson.as_str()).collect();
            let lessons = lessons.into_iter().collect::<Vec<_>>().join(", ");
            bail!(WrongCall(format!("unknown exercise '{name}'; allowed: {known}; or a lesson: {lessons}")));
        }
    }
    let wanted = |exercise: &Exercise| {
        names.is_empty() || names.iter().any(|name| exercise.name == *name || exercise.lesson == *name)
    };
    Ok(all.into_iter().filter(wanted).collect())
}

/// Grades, and writes the grades.
///
/// # Errors
/// If the call is wrong ([`WrongCall`]), or the grader cannot do its work.
pub fn grade(root: &Path, options: &GradeOptions) -> Result<Ended> {
    let outcome = dispatch(root, options);
    progress("");
    match outcome {
        Err(fault) if fault.is::<Interrupted>() => Ok(Ended::Interrupted(
            interrupt::taken().or_else(|| fault.downcast_ref().copied()).unwrap_or(Interrupted { signal: 2 }),
        )),
        outcome => outcome,
    }
}

fn dispatch(root: &Path, options: &GradeOptions) -> Result<Ended> {
    let exercises = chosen(root, &options.exercises)?;
    if let Some(times) = options.prove {
        return prove_all(root, &exercises, times, options.jobs);
    }
    if let Some(file) = &options.out {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() || file.is_dir() {
            bail!(WrongCall(format!("--out {}: allowed is a file in a folder that is there", file.display())));
        }
    }
    let sink = Sink::to(options.out.clone());
    if let Some(folder) = &options.class {
        if !folder.is_dir() {
            bail!(WrongCall(format!("--class {}: there is no such folder", folder.display())));
        }
        let fine = class::grade(root, folder, &exercises, &sink, options.seed)?;
        return Ok(if fine { Ended::Fine } else { Ended::NotFine });
    }
    let place = &options.submission;
    if !place.exists() {
        let place = place.display();
        bail!(WrongCall(format!("there is no folder {place}; --submission names one, `lab handout` makes one")));
    }
    if let Some(file) = options.previous.as_ref().filter(|file| !file.is_file()) {
        bail!(WrongCall(format!("--previous {}: there is no such file", file.display())));
    }
    let kept = kept_in(options);
    if options.list {
        let attempts = Attempts::open(&kept.unwrap_or_else(|| place.join(ATTEMPTS)))?;
        Sink::to(None).finish(&attempts::list(&exercises, &attempts))?;
        return Ok(Ended::Fine);
    }
    if options.watch {
        return watch(root, options, &exercises);
    }
    once(root, options, &exercises, &sink, kept.as_deref())
}

/// The file of attempts. A submission's own is its owner's to write, so nothing that a platform reads is made from it.
fn kept_in(options: &GradeOptions) -> Option<PathBuf> {
    let own = matches!(options.format, Format::Text | Format::Json) && options.submission.is_dir();
    options.attempts.clone().or_else(|| own.then(|| options.submission.join(ATTEMPTS)))
}

fn once(
    root: &Path,
    options: &GradeOptions,
    exercises: &[Exercise],
    sink: &Sink,
    kept: Option<&Path>,
) -> Result<Ended> {
    let begin = Instant::now();
    let submission = Submission::open(&options.submission).map_err(|fault| WrongCall(format!("{fault:#}")))?;
    let mut attempts = kept.map(Attempts::open).transpose()?;
    let mut report = Report {
        graded: not_graded(exercises, NOT_TO_ITS_END),
        notes: submission.changed(),
        best: attempts.as_ref().map(|attempts| best(exercises, attempts)).unwrap_or_default(),
        identity: Identity::of(|name| std::env::var(name).ok(), attempts::now()),
        ..Report::default()
    };
    if let Some(file) = &options.previous {
        previous::add(&mut report, &fs::read_to_string(file).unwrap_or_default());
    }
    let write = |report: &Report| formats::write(options.format, report, sink.colours());
    sink.save(&write(&report)?)?;
    let session = match Session::begin(root, options.seed) {
        Ok(session) => session,
        Err(fault) => {
            report.graded = not_graded(exercises, &format!("{NOT_TO_ITS_END}: {fault:#}"));
            sink.finish(&write(&report)?)?;
            return Err(fault);
        }
    };
    for (place, exercise) in exercises.iter().enumerate() {
        progress(&format!("{}/{} {}", place + 1, exercises.len(), exercise.name));
        let graded = session.grade(exercise, Ok(&submission))?;
        if let Some(attempts) = &mut attempts {
            // The grade matters more than its memory: a folder that cannot be written is graded all the same.
            if let Err(fault) = attempts.add(&graded, None, attempts::now()) {
                report.notes.push(format!("this attempt is not kept: {fault:#}"));
            }
        }
        report.graded[place] = graded;
        report.seconds = begin.elapsed().as_secs_f64();
        sink.save(&write(&report)?)?;
    }
    progress("");
    sink.finish(&write(&report)?)?;
    let fine = report.graded.iter().all(|graded| matches!(graded.status, Status::Pass | Status::Ungradable));
    Ok(if fine { Ended::Fine } else { Ended::NotFine })
}

fn best(exercises: &[Exercise], attempts: &Attempts) -> BTreeMap<String, f64> {
    let best = exercises.iter().filter_map(|exercise| attempts.best(&exercise.name, None));
    best.map(|best| (best.exercise.clone(), best.points)).collect()
}

/// Grades what is saved, until a signal comes.
fn watch(root: &Path, options: &GradeOptions, exercises: &[Exercise]) -> Result<Ended> {
    let place = &options.submission;
    if !place.is_dir() {
        bail!(WrongCall(format!("--watch takes a folder; {} is none", place.display())));
    }
    let session = Session::begin(root, options.seed)?;
    let watch = Watch::start(place)?;
    let mut attempts = Attempts::open(&kept_in(options).unwrap_or_else(|| place.join(ATTEMPTS)))?;
    let sink = Sink::to(None);
    sink.finish(&attempts::list(exercises, &attempts))?;
    sink.finish(&format!("watching {}; save a file to have it graded, Ctrl-C ends\n", place.display()))?;
    let mut seen = BTreeMap::new();
    loop {
        let saved = watch.next()?;
        let submission = Submission::open(place)?;
        for exercise in exercises {
            let Some(path) = submission.path_of(exercise) else { continue };
            let Some(Ok(text)) = submission.text_of(exercise) else { continue };
            let saved = saved.iter().any(|saved| saved.file_name() == path.file_name());
            if !saved
                || seen.insert(exercise.name.clone(), handout::hash(text.as_bytes()))
                    == Some(handout::hash(text.as_bytes()))
            {
                continue;
            }
            progress(&exercise.name);
            let graded = session.grade(exercise, Ok(&submission))?;
            progress("");
            let best = best(exercises, &attempts);
            attempts.add(&graded, None, attempts::now())?;
            let report = Report { graded: vec![graded], best, ..Report::default() };
            sink.finish(&formats::write(Format::Text, &report, sink.colours())?)?;
        }
    }
}

fn prove_all(root: &Path, exercises: &[Exercise], times: usize, jobs: usize) -> Result<Ended> {
    let toolchain = Toolchain::ready(root, &std::env::current_exe()?)?;
    interrupt::catch()?;
    let (faults, graded) = prove::prove(&toolchain, exercises, times, jobs)?;
    for fault in &faults {
        println!("{fault}");
    }
    println!("{graded} grades, {} not as they have to be", faults.len());
    Ok(if faults.is_empty() { Ended::Fine } else { Ended::NotFine })
}

/// Shows a hint.
///
/// # Errors
/// If the exercise is unknown ([`WrongCall`]), or the folder cannot be written.
pub fn hint(root: &Path, options: &HintOptions) -> Result<Ended> {
    let all = all(root)?;
    let Some(exercise) = all.iter().find(|exercise| exercise.name == options.exercise) else {
        let known = all.iter().map(|exercise| exercise.name.as_str()).collect::<Vec<_>>().join(", ");
        bail!(WrongCall(format!("unknown exercise '{}'; allowed: {known}", options.exercise)));
    };
    let (number, hint) = hints::next(exercise, options.level.map(usize::from), &options.submission)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "hint {number} of {}: {hint}", exercise.hints.len())?;
    if options.level.is_none() && !options.submission.is_dir() {
        let place = options.submission.display();
        writeln!(
            out,
            "There is no folder {place} to remember it: --submission FOLDER names yours, --level 2 tells more."
        )?;
    }
    Ok(Ended::Fine)
}

/// Makes a handout, or a kit for a platform.
///
/// # Errors
/// If the call is wrong ([`WrongCall`]), or something cannot be read or written.
pub fn handout(root: &Path, options: &HandoutOptions) -> Result<Ended> {
    if options.with_solutions && options.whom != For::Students {
        bail!(WrongCall(format!(
            "--with-solutions: a kit for {} has no use for them; allowed with --for students",
            options.whom
        )));
    }
    let exercises = chosen(root, &options.only)?;
    let files = kit::kit(root, options.whom, &exercises, options.with_solutions)?;
    let mut out = std::io::stdout().lock();
    if let Some(archive) = &options.zip {
        if archive.exists() {
            bail!(WrongCall(format!(
                "--zip {}: it is there already; allowed is a name that is free",
                archive.display()
            )));
        }
        // A platform wants its files at the top; a student wants one folder.
        let top = if options.whom == For::Students { "exercises" } else { "" };
        handout::pack(&files, archive, top)?;
        writeln!(out, "{} files in {}", files.len(), archive.display())?;
        return Ok(Ended::Fine);
    }
    let folder = &options.folder;
    if folder.exists() && !folder.is_dir() {
        bail!(WrongCall(format!(
            "{} is no folder; allowed is a new one, or one that was handed out",
            folder.display()
        )));
    }
    let placed = handout::place(&files, folder).with_context(|| format!("in {}", folder.display()))?;
    for left in &placed.left {
        writeln!(out, "left as it is, because it was changed: {}", left.display())?;
    }
    writeln!(out, "{} files written to {}", placed.written, folder.display())?;
    Ok(Ended::Fine)
}
