//! What a killed keeper leaves: its program's processes, which are ours then, because this process is a subreaper.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{SIGKILL, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

use crate::cage::BROOM;

/// How long it may take until all of them are gone.
const WITHIN: Duration = Duration::from_secs(10);

/// Kills and reaps every child of this process that is no keeper, again and again, with all that come to us by it. Tells how many there were.
pub(crate) fn clear(own: &Path, user: Option<u32>) -> u64 {
    if let Some(user) = user {
        let _ = Command::new(own).args([BROOM, &user.to_string()]).stdin(Stdio::null()).status();
    }
    let deadline = Instant::now() + WITHIN;
    let mut seen = BTreeSet::new();
    loop {
        let left: Vec<i32> = children(own).into_iter().filter(|(_, keeper)| !keeper).map(|(pid, _)| pid).collect();
        if left.is_empty() || Instant::now() >= deadline {
            return seen.len() as u64;
        }
        for pid in left {
            seen.insert(pid);
            let pid = Pid::from_raw(pid);
            let _ = kill(pid, SIGKILL);
            let _ = waitpid(pid, Some(WaitPidFlag::WNOHANG));
        }
        let _ = nix::poll::poll(&mut [], nix::poll::PollTimeout::from(2_u8));
    }
}

/// The children of this process, and whether each is `program` executed again: a keeper, or a broom.
fn children(program: &Path) -> Vec<(i32, bool)> {
    let own = std::process::id().to_string();
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            // The name, in parentheses, may itself hold spaces (proc(5)).
            let parent = stat.rsplit(')').next()?.split_ascii_whitespace().nth(1)?;
            let ours = std::fs::read_link(entry.path().join("exe")).is_ok_and(|exe| exe == program);
            (parent == own).then_some((pid, ours))
        })
        .collect()
}
