//! The grader on trial: every solution has to pass, every skeleton and every wrong solution has to fail for the stated reason, as often as it is asked.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use anyhow::{Context, Result, ensure};

use crate::compile::Toolchain;
use crate::grade::{self, Graded, SEED};
use crate::judge::Status;
use crate::manifest::{Exercise, Expected};
use crate::source::Source;

/// A file to grade, and what has to come of it.
#[derive(Clone, Debug)]
pub struct Trial {
    /// `solution`, `skeleton` or the name of a wrong solution.
    pub name: String,
    /// The file.
    pub text: String,
    /// How it has to fail; none if it has to pass.
    pub expected: Option<Expected>,
}

/// The trials of an exercise: its solution, its skeleton, its wrong solutions.
///
/// # Errors
/// If a source cannot be read, or there are fewer than three wrong solutions.
pub fn trials(exercise: &Exercise) -> Result<Vec<Trial>> {
    let source = Source::read(&exercise.folder)?;
    let wrong = source.wrong(&exercise.folder)?;
    ensure!(wrong.len() >= 3, "{} has {} wrong solutions; at least three are asked for", exercise.name, wrong.len());
    let skeleton = source.skeleton();
    ensure!(skeleton.contains("fn main()"), "{}: rustlings looks for 'fn main()'", exercise.name);
    ensure!(skeleton.contains("// TODO"), "{}: the skeleton has no '// TODO'", exercise.name);
    let first = [
        Trial { name: "solution".into(), text: source.solution(), expected: None },
        Trial { name: "skeleton".into(), text: skeleton, expected: Some(exercise.skeleton.clone()) },
    ];
    let wrong =
        wrong.into_iter().map(|wrong| Trial { name: wrong.name, text: wrong.text, expected: Some(wrong.expected) });
    Ok(first.into_iter().chain(wrong).collect())
}

/// What is not as it has to be about one grade, in words; none if all is.
pub fn fault(graded: &Graded, expected: Option<&Expected>) -> Option<String> {
    let first = graded.tests.iter().find(|test| !matches!(test.status, Status::Pass | Status::Ungradable));
    match (expected, first) {
        (None, None) => None,
        (None, Some(test)) => {
            Some(format!("{} {}: {}\n{}", test.name, test.status.word(), test.feedback, graded.printed))
        }
        (Some(expected), None) => Some(format!("passes; expected {} {}", expected.test, expected.status)),
        (Some(expected), Some(test)) => {
            let says = test.feedback.contains(&expected.says) || graded.printed.contains(&expected.says);
            let fine = test.name == expected.test && test.status.word() == expected.status && says;
            let Expected { test: name, status, says } = expected;
            (!fine).then(|| {
                let seen = format!("{} {}: {}", test.name, test.status.word(), test.feedback);
                format!("{seen}\n  expected {name} {status}: {says}\n{}", graded.printed)
            })
        }
    }
}

/// What `rustfmt` would change in a file, if anything.
///
/// # Errors
/// If rustfmt cannot be run.
pub fn misformatted(text: &str) -> Result<Option<String>> {
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--edition=2024", "--check", "--config=max_width=120,use_small_heuristics=Max"]);
    let started = rustfmt.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut started = started.context("rustfmt cannot be started")?;
    started.stdin.take().context("rustfmt's input")?.write_all(text.as_bytes())?;
    let ended = started.wait_with_output()?;
    let words = [ended.stdout, ended.stderr].concat();
    // Of standard input it tells the difference, and leaves with 0 all the same.
    Ok((!ended.status.success() || !words.is_empty()).then(|| String::from_utf8_lossy(&words).into_owned()))
}

/// Grades every trial of every exercise `times` times, `jobs` at once; tells each fault, one line or more each, and how many grades were given.
///
/// # Errors
/// If the grader itself cannot do its work.
pub fn prove(toolchain: &Toolchain, exercises: &[Exercise], times: usize, jobs: usize) -> Result<(Vec<String>, usize)> {
    let mut work = Vec::new();
    for exercise in exercises {
        work.extend(trials(exercise)?.into_iter().map(|trial| (exercise, trial)));
    }
    let next = AtomicUsize::new(0);
    let faults = Mutex::new(Vec::new());
    let all = work.len() * times;
    let worker = || -> Result<()> {
        loop {
            let at = next.fetch_add(1, Relaxed);
            // All trials once, then all of them again: what differs, differs over time.
            let Some((exercise, trial)) = (at < all).then(|| &work[at % work.len()]) else { return Ok(()) };
            let name = format!("{}/{}", exercise.name, trial.name);
            let graded = grade::grade(toolchain, exercise, &trial.text, SEED).with_context(|| name.clone())?;
            if let Some(fault) = fault(&graded, trial.expected.as_ref()) {
                faults.lock().expect("no panic").push(format!("{name}: {fault}"));
            }
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("no panic"))
    })?;
    for (exercise, trial) in &work {
        if let Some(words) = misformatted(&trial.text)? {
            faults.lock().expect("no panic").push(format!("{}/{}: not formatted\n{words}", exercise.name, trial.name));
        }
    }
    Ok((faults.into_inner().expect("no panic"), all))
}
