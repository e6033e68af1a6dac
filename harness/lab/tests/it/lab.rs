//! `lab` in another process, with everything it starts in view.

use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use record::{Params, VariantResult};
use serde::Deserialize;

use crate::processes::{self, PATIENCE, Process, eventually};

/// Two at a time could not tell whose processes are whose.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The turn of a test that starts processes in another way: whatever runs below this process is taken for a lab's, and killed with it.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A `lab` that runs. Dropped, it and everything below it are killed.
pub(crate) struct Lab {
    child: Child,
    folder: PathBuf,
    _turn: MutexGuard<'static, ()>,
}

/// A `lab` that has ended by itself or by a signal.
#[derive(Debug)]
pub(crate) struct Ended {
    status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// Processes that were there when it had gone.
    pub(crate) left: Vec<Process>,
}

/// What `lab run --json` prints.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answered {
    pub(crate) lesson: String,
    pub(crate) profile: String,
    pub(crate) params: Params,
    pub(crate) variants: Vec<VariantResult>,
}

impl Lab {
    /// Starts `lab` in `folder`, with its output in files there.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Self {
        let stdout = File::create(folder.join("stdout")).unwrap();
        Self::start_with(folder, arguments, stdout.into())
    }

    /// The same with another standard output.
    pub(crate) fn start_with(folder: &Path, arguments: &[&str], stdout: Stdio) -> Self {
        Self::start_command(folder, Command::new(env!("CARGO_BIN_EXE_lab")).args(arguments), stdout)
    }

    /// The same by another program: `wrapper` with its own arguments, which ends by executing the rest of its line.
    pub(crate) fn start_by(folder: &Path, wrapper: &[&str], arguments: &[&str]) -> Self {
        let mut command = Command::new(wrapper[0]);
        command.args(&wrapper[1..]).arg(env!("CARGO_BIN_EXE_lab")).args(arguments);
        Self::start_command(folder, &mut command, File::create(folder.join("stdout")).unwrap().into())
    }

    fn start_command(folder: &Path, command: &mut Command, stdout: Stdio) -> Self {
        let turn = turn();
        // What loses its parent becomes our child, and so is seen.
        nix::sys::prctl::set_child_subreaper(true).unwrap();
        let scratch = folder.join("scratch");
        std::fs::create_dir_all(&scratch).unwrap();
        let child = command
            .current_dir(folder)
            .env("UNPICKLED_ROOT", folder)
            .env("TMPDIR", scratch)
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(File::create(folder.join("stderr")).unwrap())
            .spawn()
            .unwrap();
        Self { child, folder: folder.to_owned(), _turn: turn }
    }

    /// Sends a signal to `lab` alone.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    /// Looks again and again until `look` finds something; panics if `lab` ends first.
    #[track_caller]
    pub(crate) fn until<T>(&mut self, what: &str, mut look: impl FnMut(&Self) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let ended = self.child.try_wait().unwrap();
            if let Some(found) = look(self) {
                return found;
            }
            if let Some(status) = ended {
                let [stdout, stderr] = self.said();
                panic!("lab ended ({status}) before {what}; it said: {stdout}{stderr}");
            }
            assert!(
                Instant::now() < deadline,
                "waited {PATIENCE:?} in vain for {what}: {:?}",
                processes::descendants()
            );
            processes::give_way();
        }
    }

    /// The subject that runs now, if one does.
    pub(crate) fn subject(&self) -> Option<Process> {
        let own = self.child.id().cast_signed();
        processes::descendants().into_iter().find(|process| process.parent == own && process.is_subject())
    }

    /// The subject that has `workers` workers now, all of which have begun to work, and these workers.
    pub(crate) fn busy_workers(&self, workers: usize) -> Option<(Process, Vec<Process>)> {
        let subject = self.subject()?;
        let below = processes::descendants().into_iter().filter(|process| process.parent == subject.pid);
        let busy: Vec<Process> = below.filter(|process| process.ticks > 1 && process.state != 'Z').collect();
        (busy.len() == workers).then_some((subject, busy))
    }

    /// Waits until it, having been killed, is alone: what was below it ends by itself.
    #[track_caller]
    pub(crate) fn wait_for_those_below(&self) {
        let own = self.child.id().cast_signed();
        eventually("the end of everything below a killed lab", || {
            let mut left = processes::descendants();
            left.retain(|process| process.pid != own);
            processes::reap(&left);
            left.is_empty().then_some(())
        });
    }

    /// Waits for its end and looks at once for what it left behind.
    #[track_caller]
    pub(crate) fn wait(mut self) -> Ended {
        let status = eventually("the end of lab", || self.child.try_wait().unwrap());
        let left = processes::descendants();
        let [stdout, stderr] = self.said();
        Ended { status, stdout, stderr, left }
    }

    fn said(&self) -> [String; 2] {
        // Standard output may have been given away.
        ["stdout", "stderr"].map(|name| std::fs::read_to_string(self.folder.join(name)).unwrap_or_default())
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = processes::descendants();
            if left.is_empty() || Instant::now() > deadline {
                return;
            }
            for process in &left {
                let _ = kill(Pid::from_raw(process.pid), Signal::SIGKILL);
            }
            processes::reap(&left);
            processes::give_way();
        }
    }
}

impl Ended {
    /// Demands an exit code and that nothing is left.
    #[track_caller]
    pub(crate) fn check(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "{self:?}");
        self.check_nothing_left()
    }

    #[track_caller]
    pub(crate) fn check_nothing_left(self) -> Self {
        assert_eq!(self.left, [], "{self:?}");
        assert!(!self.stderr.contains("panicked"), "{self:?}");
        self
    }

    pub(crate) fn signalled(&self) -> Option<i32> {
        self.status.signal()
    }

    /// Reads what `lab run --json` printed: one object on one line.
    #[track_caller]
    pub(crate) fn answered(&self) -> Answered {
        assert_eq!(self.stdout.matches('\n').count(), 1, "{self:?}");
        assert!(self.stdout.ends_with('\n'), "{self:?}");
        serde_json::from_str(&self.stdout).unwrap()
    }
}

impl Answered {
    #[track_caller]
    pub(crate) fn variant(&self, name: &str) -> &VariantResult {
        self.variants.iter().find(|row| row.name == name).unwrap()
    }

    /// Demands that every variant was right and gave the first one's answer.
    #[track_caller]
    pub(crate) fn of_one_answer(self) -> Self {
        let oracle = &self.variants[0].answer;
        for row in &self.variants {
            assert!(row.ok && row.answer.is_some() && row.answer == *oracle, "{:?}: {row:?}", self.params);
        }
        self
    }
}
