//! Grades one submission to one exercise.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, Result};
use exercises::checking::{Observed, Order};
use serde::{Deserialize, Serialize};

use crate::cage::{self, Cage};
use crate::compile::{Compiled, Toolchain};
use crate::judge::{self, CaseEnd, GradedTest, Status};
use crate::keeper::{self, Ended, How, Task};
use crate::manifest::Exercise;
use crate::sweep;

/// What hidden inputs are drawn from, unless another seed is asked for.
pub const SEED: u64 = 20_261_122;

/// Processes and threads that a submission may have at one time.
const PROCESSES: u64 = 256;

/// How much of what a submission printed is shown, in bytes.
const PRINTED: usize = 2_000;

/// An exercise, graded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Graded {
    /// Its name.
    pub exercise: String,
    /// The lesson it belongs to.
    pub lesson: String,
    /// What was to be done.
    pub title: String,
    /// The worst word of its tests, or that it does not compile.
    pub status: Status,
    /// The points it got.
    pub points: f64,
    /// The points there were.
    pub of: f64,
    /// Each test.
    pub tests: Vec<GradedTest>,
    /// What the compiler said, or the end of what the submission printed.
    pub printed: String,
}

/// Grades the text of a submission.
///
/// # Errors
/// If the grader itself cannot do its work; whatever the submission does is a grade.
pub fn grade(toolchain: &Toolchain, exercise: &Exercise, submission: &str, seed: u64) -> Result<Graded> {
    match toolchain.compile(exercise, submission)? {
        Compiled::Check { program, refused } => run(toolchain, exercise, &program, &refused, seed),
        Compiled::DoesNotCompile(words) => {
            Ok(without_run(exercise, Status::DoesNotCompile, "the compiler refuses the file", words))
        }
        Compiled::Timeout => {
            Ok(without_run(exercise, Status::Timeout, "the compiler was not done at its deadline", String::new()))
        }
    }
}

/// The same word for every test, because there was nothing to run.
pub fn without_run(exercise: &Exercise, status: Status, feedback: &str, printed: String) -> Graded {
    let tests = exercise.tests.iter().map(|test| GradedTest {
        name: test.name.clone(),
        what: test.what.clone(),
        status,
        points: 0.0,
        of: f64::from(test.points),
        feedback: feedback.to_owned(),
    });
    graded(exercise, tests.collect(), printed)
}

fn run(
    toolchain: &Toolchain,
    exercise: &Exercise,
    program: &Path,
    refused: &[Option<String>],
    seed: u64,
) -> Result<Graded> {
    let mut ends = BTreeMap::new();
    let mut printed = String::new();
    for case in exercise.cases() {
        let (end, said) = run_case(toolchain, exercise, program, case, seed)?;
        ends.insert(case, end);
        printed += &said;
    }
    let tests = judge::judge(exercise, &ends, refused);
    Ok(graded(exercise, tests, tail(&printed).to_owned()))
}

fn graded(exercise: &Exercise, tests: Vec<GradedTest>, printed: String) -> Graded {
    let worst = tests.iter().find(|test| !matches!(test.status, Status::Pass | Status::Ungradable));
    let all_ungradable = tests.iter().all(|test| test.status == Status::Ungradable);
    Graded {
        exercise: exercise.name.clone(),
        lesson: exercise.lesson.clone(),
        title: exercise.title.clone(),
        status: worst.map_or(if all_ungradable { Status::Ungradable } else { Status::Pass }, |test| test.status),
        points: tests.iter().map(|test| test.points).sum(),
        of: tests.iter().map(|test| test.of).sum(),
        tests,
        printed: judge::plain(&printed, usize::MAX),
    }
}

/// Runs one case in a fresh, confined process; what it observed, and what it printed.
fn run_case(
    toolchain: &Toolchain,
    exercise: &Exercise,
    program: &Path,
    case: &str,
    seed: u64,
) -> Result<(CaseEnd, String)> {
    let scratch = tempfile::Builder::new().prefix("unpickled-grade-").tempdir().context("a folder to run in")?;
    let user = cage::may_change_user().then(spare_user);
    let own = scratch.path().join("check");
    fs::copy(program, &own).context("copying the check")?;
    fs::set_permissions(&own, fs::Permissions::from_mode(0o755))?;
    fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o755))?;
    let folder = scratch.path().join("work");
    fs::create_dir(&folder)?;
    if let Some(user) = user {
        std::os::unix::fs::chown(&folder, Some(user), Some(user)).context("giving the folder away")?;
    }
    let nonce = nonce()?;
    let order = Order { case: case.to_owned(), seed, nonce: nonce.clone() };
    let cage = Cage {
        user,
        memory_mib: exercise.memory_mib,
        cpu_s: exercise.deadline_s * 2,
        processes: processes(user),
        file_mib: 256,
    };
    let task = Task {
        program: own,
        args: Vec::new(),
        env: BTreeMap::from([("TMPDIR".to_owned(), folder.display().to_string())]),
        folder,
        input: serde_json::to_string(&order)?,
        deadline_s: exercise.deadline_s,
        cage,
    };
    let ended = keeper::run(toolchain.keeper(), &task)?;
    let left_files = user.map(sweep_files).unwrap_or_default();
    // The rest of the scratch folder is ours, and goes by itself.
    let _ = sweep::remove(&task.folder);
    let end = CaseEnd { left_files, ..read_report(&ended, &nonce, exercise.deadline_s) };
    Ok((end, ended.stderr))
}

/// Removes what `user` left in the folders that are everyone's, and tells what it was.
fn sweep_files(user: u32) -> Vec<String> {
    let everyone = ["/dev/shm", "/tmp", "/var/tmp"].into_iter();
    let entries = everyone.filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten().map(|entry| entry.path());
    let theirs = entries.filter(|path| fs::symlink_metadata(path).is_ok_and(|meta| meta.uid() == user));
    let mut removed: Vec<String> = Vec::new();
    for path in theirs {
        let _ = if path.is_dir() && !path.is_symlink() { sweep::remove(&path) } else { fs::remove_file(&path) };
        removed.push(path.display().to_string());
    }
    removed
}

/// A user of whom nobody is here, another one for each thread of each grader.
pub fn spare_user() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    thread_local!(static SLOT: u32 = NEXT.fetch_add(1, Relaxed));
    let slot = SLOT.with(|slot| *slot) % 16;
    200_000 + std::process::id() % 60_000 * 16 + slot
}

/// How many processes a user may have so that a submission has [`PROCESSES`]: its own user has no others.
pub(crate) fn processes(user: Option<u32>) -> u64 {
    if user.is_some() {
        return PROCESSES;
    }
    let threads = fs::read_dir("/proc").into_iter().flatten().flatten();
    let threads = threads.map(|entry| fs::read_dir(entry.path().join("task")).map_or(0, Iterator::count));
    PROCESSES + threads.sum::<usize>() as u64
}

fn nonce() -> Result<String> {
    let mut bytes = [0; 16];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes).context("drawing a nonce")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Takes only lines that begin with the nonce, and only up to the end of the case.
fn read_report(ended: &Ended, nonce: &str, deadline_s: u64) -> CaseEnd {
    let mut observed = Vec::new();
    let mut done = None;
    for line in ended.stdout.lines() {
        let line = line.strip_prefix(nonce).and_then(|line| serde_json::from_str(line.trim_start()).ok());
        match line {
            Some(Observed::Done { processes_left }) => {
                done = Some(processes_left);
                break;
            }
            Some(line) => observed.push(line),
            None => {}
        }
    }
    let said = |line: &&str| !line.trim().is_empty() && !line.starts_with("note: ");
    let last = || ended.stderr.lines().rev().find(said).unwrap_or("it printed nothing");
    let broke = match (&ended.how, done) {
        (How::DeadlinePassed, _) => Some((Status::Timeout, format!("not done after {deadline_s} s"))),
        (How::KeeperLost, _) => Some((Status::Error, "it killed the process that watched it".to_owned())),
        (How::Exited(0), Some(_)) => None,
        (How::Exited(code), _) => Some((
            Status::Error,
            format!("it left with code {code} before it was judged: {}", panic_of(&ended.stderr).unwrap_or_else(last)),
        )),
        (How::Killed(signal), _) => {
            Some((Status::Error, format!("signal {signal} ended it before it was judged: {}", last())))
        }
    };
    CaseEnd { observed, broke, left_files: Vec::new(), left_running: ended.left_running.max(done.unwrap_or(0)) }
}

/// What a panicking program said, without where and in which thread.
fn panic_of(stderr: &str) -> Option<&str> {
    let mut lines = stderr.lines().skip_while(|line| !line.contains("panicked at "));
    lines.next()?;
    lines.next()
}

fn tail(text: &str) -> &str {
    let from = text.char_indices().map(|(at, _)| at).find(|at| text.len() - at <= PRINTED).unwrap_or(0);
    &text[from..]
}
