//! The keeper: a process of its own between the grader and one untrusted program. It supervises the program, and is all that such a program can
//! hurt: if it is killed, the grader notices, and clears away what it leaves.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use multiprocess::supervise::{self, Ending, Limits};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::cage::{BROOM, CAGED, Cage};
use crate::interrupt::{self, Interrupted};

const KEEPER: &str = "--grading-keeper";

/// What is kept of each of a program's two outputs, in bytes.
const OUTPUT_BYTES: usize = 256 << 10;

/// How much longer than its program a keeper may take to say so.
const KEEPER_GRACE: Duration = Duration::from_secs(20);

/// An untrusted program to run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<String>,
    /// All of its environment.
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) folder: PathBuf,
    /// What it reads on standard input.
    pub(crate) input: String,
    pub(crate) deadline_s: u64,
    pub(crate) cage: Cage,
}

/// How an untrusted program ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) how: How,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// Processes it left running.
    pub(crate) left_running: u64,
    pub(crate) wall_s: f64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum How {
    /// With this exit code.
    Exited(i32),
    /// By this signal.
    Killed(i32),
    /// At its deadline.
    DeadlinePassed,
    /// Nobody knows: its keeper was killed.
    KeeperLost,
}

/// Serves as a keeper, a cage or a broom, if this process was started as one. Called first of all in `main`, after the runtime's `init`.
#[must_use]
pub fn serve() -> Option<ExitCode> {
    let mut args = std::env::args().skip(1);
    match args.next()?.as_str() {
        KEEPER => Some(keep().map_or_else(
            |fault| {
                eprintln!("{fault:#}");
                ExitCode::from(125)
            },
            |()| ExitCode::SUCCESS,
        )),
        CAGED => Some(crate::cage::become_caged(args)),
        BROOM => Some(crate::cage::sweep(args)),
        _ => None,
    }
}

fn keep() -> Result<()> {
    // A session of its own: no terminal, and no signal meant for the grader.
    nix::unistd::setsid().context("a new session")?;
    // What the grader sends when it is called off, and the kernel when the grader dies.
    let called_off = interrupt::descriptor()?;
    nix::sys::prctl::set_pdeathsig(Signal::SIGTERM).context("asking for word of the grader's death")?;
    let mut order = String::new();
    std::io::stdin().read_to_string(&mut order)?;
    let task: Task = serde_json::from_str(&order)?;
    let own = std::env::current_exe()?;
    let mut command = Command::new(&own);
    command.args([CAGED, &serde_json::to_string(&task.cage)?]).arg(&task.program).args(&task.args);
    command.env_clear().envs(&task.env).current_dir(&task.folder);
    let limits = Limits { deadline: Duration::from_secs(task.deadline_s), output_bytes: OUTPUT_BYTES };
    let report = supervise::run(&mut command, task.input.as_bytes(), &limits, Some(called_off.as_fd()));
    if let Some(user) = task.cage.user {
        let _ = Command::new(&own).args([BROOM, &user.to_string()]).stdin(Stdio::null()).status();
    }
    let report = report?;
    let how = match report.ending {
        Ending::Ended(multiprocess::Status::Exited(code)) => How::Exited(code),
        Ending::Ended(multiprocess::Status::Signalled(signal)) => How::Killed(signal),
        Ending::DeadlinePassed => How::DeadlinePassed,
        _ => How::KeeperLost,
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let ended = Ended {
        how,
        stdout: text(&report.stdout),
        stderr: text(&report.stderr),
        left_running: report.left_behind.len() as u64,
        wall_s: report.wall.as_secs_f64(),
    };
    std::io::stdout().write_all(serde_json::to_string(&ended)?.as_bytes())?;
    Ok(())
}

/// Runs one untrusted program behind a keeper: `own`, this project's program that calls [`serve`], executed again.
///
/// # Errors
/// If no keeper can be started.
pub(crate) fn run(own: &Path, task: &Task) -> Result<Ended> {
    nix::sys::prctl::set_child_subreaper(true).context("becoming a subreaper")?;
    let mut keeper = Command::new(own)
        .arg(KEEPER)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting a keeper")?;
    let order = serde_json::to_string(task)?;
    let deadline = Instant::now() + Duration::from_secs(task.deadline_s) + KEEPER_GRACE;
    // A keeper that does not take its order tells nothing either.
    let given = keeper.stdin.take().map(|mut pipe| pipe.write_all(order.as_bytes()));
    drop(given);
    let answer = until_end(&mut keeper, deadline);
    let _ = keeper.kill();
    keeper.wait().context("reaping a keeper")?;
    let answer = answer?;
    if let Ok(ended) = serde_json::from_str(&answer) {
        return Ok(ended);
    }
    let left_running = crate::orphans::clear(own, task.cage.user);
    Ok(Ended { how: How::KeeperLost, stdout: String::new(), stderr: String::new(), left_running, wall_s: 0.0 })
}

/// What the keeper says until it has ended, or until the deadline. A signal to the grader has the keeper end in order, at once.
fn until_end(keeper: &mut Child, deadline: Instant) -> Result<String> {
    let mut pipe = keeper.stdout.take().context("a keeper's standard output")?;
    let mut said = Vec::new();
    let heard = read_until(&mut pipe, &mut said, deadline, true);
    if heard.as_ref().is_err_and(|fault| fault.is::<Interrupted>()) {
        let pid = i32::try_from(keeper.id()).context("a pid")?;
        let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        let _ = read_until(&mut pipe, &mut said, Instant::now() + KEEPER_GRACE, false);
    }
    heard.map(|()| String::from_utf8_lossy(&said).into_owned())
}

fn read_until(pipe: &mut ChildStdout, said: &mut Vec<u8>, deadline: Instant, interruptible: bool) -> Result<()> {
    let mut chunk = vec![0; 1 << 16];
    loop {
        if interruptible {
            interrupt::check()?;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let wait = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        let mut events = vec![PollFd::new(pipe.as_fd(), PollFlags::POLLIN)];
        let signals = interrupt::event().filter(|_| interruptible);
        events.extend(signals.map(|event| PollFd::new(event, PollFlags::POLLIN)));
        match poll(&mut events, wait) {
            Ok(0) => return Ok(()),
            Err(nix::errno::Errno::EINTR) => continue,
            Err(fault) => return Err(fault).context("waiting for a keeper"),
            Ok(_) if events[0].revents().is_none_or(|events| events.is_empty()) => continue,
            Ok(_) => {}
        }
        match pipe.read(&mut chunk).context("hearing a keeper")? {
            0 => return Ok(()),
            got => said.extend_from_slice(&chunk[..got]),
        }
    }
}
