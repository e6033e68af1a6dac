//! The cage: limits that a program puts on itself before it becomes the untrusted one by `execve`, so that nothing is inherited that was not meant to be.

use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use nix::poll::{PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::SigSet;
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};
use serde::{Deserialize, Serialize};

/// What an untrusted program may use. Limits are per process (getrlimit(2)), but that on processes, which is the user's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Cage {
    /// The user to become; none stays who it is, where the grader may not change that.
    pub(crate) user: Option<u32>,
    /// Private memory, in MiB.
    pub(crate) memory_mib: u64,
    /// CPU time, in seconds.
    pub(crate) cpu_s: u64,
    /// Processes and threads, those of the same user together.
    pub(crate) processes: u64,
    /// The size of a file, in MiB.
    pub(crate) file_mib: u64,
}

/// How many times its private memory a process may map: shared memory, stacks and files are mapped too.
const MAPPED_PER_PRIVATE: u64 = 8;

/// Open files at most.
const FILES: u64 = 1024;

/// How long a program that somebody still holds open for writing is tried again.
const BUSY: Duration = Duration::from_secs(2);

pub(crate) const CAGED: &str = "--grading-caged";
pub(crate) const BROOM: &str = "--grading-broom";

impl Cage {
    fn close(&self) -> nix::Result<()> {
        let mib = 1 << 20;
        let limits = [
            (Resource::RLIMIT_DATA, self.memory_mib * mib),
            (Resource::RLIMIT_AS, self.memory_mib * mib * MAPPED_PER_PRIVATE),
            (Resource::RLIMIT_CPU, self.cpu_s),
            (Resource::RLIMIT_NPROC, self.processes),
            (Resource::RLIMIT_FSIZE, self.file_mib * mib),
            (Resource::RLIMIT_NOFILE, FILES),
            (Resource::RLIMIT_CORE, 0),
        ];
        for (resource, limit) in limits {
            // Never above what we are held to ourselves.
            let (_, most) = getrlimit(resource)?;
            setrlimit(resource, limit.min(most), limit.min(most))?;
        }
        // A grader blocks the signals that end it; what it runs is ended by them as usual.
        SigSet::empty().thread_set_mask()?;
        self.user.map_or(Ok(()), become_user)?;
        prctl::set_no_new_privs()
    }
}

fn become_user(user: u32) -> nix::Result<()> {
    let (uid, gid) = (Uid::from_raw(user), Gid::from_raw(user));
    setgroups(&[])?;
    setresgid(gid, gid, gid)?;
    setresuid(uid, uid, uid)
}

/// Whether this process may become another user.
pub(crate) fn may_change_user() -> bool {
    Uid::effective().is_root()
}

/// `--grading-caged CAGE PROGRAM ARGS...`: closes the cage and becomes the program. Comes back only if that failed.
pub(crate) fn become_caged(mut args: impl Iterator<Item = String>) -> ExitCode {
    let cage = args.next().and_then(|cage| serde_json::from_str::<Cage>(&cage).ok());
    let (Some(cage), Some(program)) = (cage, args.next()) else {
        eprintln!("the cage has no order");
        return ExitCode::from(125);
    };
    if let Err(fault) = cage.close() {
        eprintln!("the cage cannot be closed: {fault}");
        return ExitCode::from(125);
    }
    let mut command = Command::new(&program);
    command.args(args);
    let deadline = Instant::now() + BUSY;
    let mut fault = command.exec();
    // Where several are graded at once, a process that another thread has just forked may hold the copy of this program open for writing,
    // until it becomes a program itself.
    while fault.kind() == ErrorKind::ExecutableFileBusy && Instant::now() < deadline {
        let _ = poll(&mut [], PollTimeout::from(2_u8));
        fault = command.exec();
    }
    eprintln!("{program} cannot be executed: {fault}");
    ExitCode::from(126)
}

/// `--grading-broom USER`: becomes that user and kills everything of theirs at once, which no number of forks outruns (kill(2)).
pub(crate) fn sweep(mut args: impl Iterator<Item = String>) -> ExitCode {
    let Some(user) = args.next().and_then(|user| user.parse().ok()) else { return ExitCode::from(125) };
    let everyone = nix::unistd::Pid::from_raw(-1);
    match become_user(user).map(|()| nix::sys::signal::kill(everyone, nix::sys::signal::SIGKILL)) {
        // Nobody to kill is fine.
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(125),
    }
}
