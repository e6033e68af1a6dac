//! A program that forgets its guard: its `main` does not begin with `multiprocess::init()`, and it asks for a pool of spawned processes.
//!
//! The program is this very binary with a variable in its environment, which it and all that it starts look for before anything else.

use std::env;
use std::io::Write;
use std::os::unix::process::parent_id;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use harness::{Measured, Outcome};
use multiprocess::StartMethod;
use multiprocess::classic::{Chunksize, Config, Pool};
use record::Params;

use super::tasks::Triple;
use super::variants::{Fault, Setting};

/// Its presence makes this binary the program without a guard; its value is the number of workers.
const WITHOUT_GUARD: &str = "UNPICKLED_WITHOUT_GUARD";

/// The longest that a step of its pool may take.
const LIMIT: Duration = Duration::from_secs(60);

/// What the runtime says to a process that was executed as a worker and asks for processes instead.
const REFUSAL: &str = "does not begin with multiprocess::init()";

/// Is the program without a guard, if this process was started to be it. To be called before [`multiprocess::init`], which is the guard.
pub fn without_guard() -> Option<ExitCode> {
    let workers = env::var(WITHOUT_GUARD).ok()?;
    Some(forgetful(workers.parse().unwrap_or(1)))
}

// ANCHOR: forgetful
/// The `main` of a program that forgets `multiprocess::init()`.
fn forgetful(workers: usize) -> ExitCode {
    say("began");
    let config = Config::new(workers).start_method(StartMethod::Spawn).deadline(LIMIT);
    let mapped = Pool::start(config).and_then(|pool| pool.map(Triple, vec![1, 2, 3], Chunksize::from(1)));
    match mapped {
        Ok(_) => {
            say("mapped");
            ExitCode::SUCCESS
        }
        Err(refused) => {
            say(&format!("failed: {refused}"));
            ExitCode::from(3)
        }
    }
}
// ANCHOR_END: forgetful

/// One line in one write, so that the lines of several processes do not mix.
fn say(what: &str) {
    let line = format!("{} {} {}\n", std::process::id(), parent_id(), what.replace('\n', " "));
    // Nobody is left to tell if this fails.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// What was said in one trial.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Said {
    children: u64,
    grandchildren: u64,
    refused: u64,
    /// Whether the program was told that its pool had failed.
    told: bool,
    /// What a child was told.
    words: Option<String>,
}

impl Said {
    /// From the lines of the program with this pid and of everything below it.
    fn read(lines: &str, program: &str) -> Self {
        let mut said = Self::default();
        for line in lines.lines() {
            let mut words = line.splitn(3, ' ');
            let (Some(pid), Some(parent), Some(what)) = (words.next(), words.next(), words.next()) else { continue };
            match (pid == program, parent == program, what) {
                (true, _, _) => said.told |= what.starts_with("failed: "),
                (false, true, "began") => said.children += 1,
                (false, false, "began") => said.grandchildren += 1,
                _ if what.contains(REFUSAL) => {
                    said.refused += 1;
                    said.words = what.strip_prefix("failed: ").map(str::to_owned);
                }
                _ => {}
            }
        }
        said
    }
}

pub(super) fn no_guard(params: &Params) -> Result<Outcome, Fault> {
    let setting = Setting::new(params)?;
    let measured = Measured::take(|| {
        let trials = (0..setting.trials).map(|_| trial(setting.workers));
        Ok::<_, Fault>((trials.collect::<Result<Vec<Said>, Fault>>()?, Vec::new()))
    })?;
    let mut trials = Vec::new();
    let outcome = measured.answer(|said| {
        trials.clone_from(said);
        setting.answer()
    });
    let sum = |of: fn(&Said) -> u64| trials.iter().map(of).sum::<u64>();
    let outcome = outcome
        .iterations(setting.trials)
        .fact("trials", setting.trials)
        .fact("children", sum(|said| said.children))
        .fact("grandchildren", sum(|said| said.grandchildren))
        .fact("refused", sum(|said| said.refused))
        .fact("told", sum(|said| u64::from(said.told)));
    let words = trials.iter().find_map(|said| said.words.clone());
    Ok(words.into_iter().fold(outcome, |outcome, words| outcome.note("refusal", words)))
}

/// Runs the program once, and waits until it and everything that it started has closed its standard error.
fn trial(workers: usize) -> Result<Said, Fault> {
    let mut command = Command::new("/proc/self/exe");
    let command = command.env(WITHOUT_GUARD, workers.to_string()).stdin(Stdio::null()).stdout(Stdio::null());
    let child = command.stderr(Stdio::piped()).spawn()?;
    let pid = child.id().to_string();
    let output = child.wait_with_output()?;
    let lines = String::from_utf8_lossy(&output.stderr).into_owned();
    let said = Said::read(&lines, &pid);
    if said.children == 0 {
        Err(format!("the program without a guard started nothing: {lines}").into())
    } else {
        Ok(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_counted_by_its_parent() {
        let lines = format!(
            "10 5 began\n11 10 began\n12 10 began\n12 10 failed: its main {REFUSAL}; so\n11 10 failed: its main {REFUSAL}; so\n\
             10 5 failed: a worker ended\n"
        );
        let said = Said::read(&lines, "10");
        let words = Some(format!("its main {REFUSAL}; so"));
        assert_eq!(said, Said { children: 2, grandchildren: 0, refused: 2, told: true, words });
        assert_eq!(Said::read("10 5 began\n11 10 began\n12 11 began\n10 5 mapped\n", "10").grandchildren, 1);
    }
}
