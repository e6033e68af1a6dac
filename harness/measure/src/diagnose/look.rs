//! One look at a process through `/proc` (proc(5)): what state it and its threads are in, what they wait for, what they have used.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What a sleeping thread waits for, from the name of the kernel function it waits in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// A lock of its own process, without a limit of time, and it is the only thread there: nobody can wake it any more.
    OwnLock,
    /// Another lock or condition.
    Futex,
    /// Somebody to write into a pipe.
    PipeRead,
    /// Somebody to empty a full pipe.
    PipeWrite,
    /// The other side of a socket.
    Socket,
    /// Any of several descriptors.
    Poll,
    /// The end of a child.
    Child,
    /// A time it has set itself.
    Sleep,
    /// A disk.
    Disk,
    /// Something else, or the kernel does not tell.
    Other,
}

/// How one process stood at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) name: String,
    pub(super) parent: u32,
    /// When it began, in clock ticks since the machine did; with the pid, this tells it from all others.
    pub(super) began: u64,
    pub(super) running: bool,
    pub(super) disk: bool,
    /// It has ended, and nobody has waited for it yet.
    pub(super) ended: bool,
    /// What each of its threads that sleep waits for.
    pub(super) waits: Vec<Wait>,
    /// How many of its threads run or are about to.
    pub(super) running_threads: u64,
    /// It is one of the processes that CPython's `multiprocessing` starts for itself, or a fork of one.
    pub(super) helps: bool,
    /// Processor time of all its threads, those that have ended among them.
    pub(super) cpu_ns: u64,
    /// The time in which a thread could have run and no core was free.
    pub(super) queued_ns: u64,
    /// Of each thread that is there, its processor time, and what it has read and written. A process as a whole is charged with what its
    /// children did, too, once it has waited for them.
    pub(super) threads: Vec<(u32, u64, Io)>,
    pub(super) peak_bytes: u64,
    /// How often it gave its core away by waiting, and how often the core was taken.
    pub(super) switches: [u64; 2],
}

/// `/proc/PID/task/TID/io`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Io {
    pub(super) read_bytes: u64,
    pub(super) written_bytes: u64,
    pub(super) reads: u64,
    pub(super) writes: u64,
}

impl Io {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            read_bytes: self.read_bytes + other.read_bytes,
            written_bytes: self.written_bytes + other.written_bytes,
            reads: self.reads + other.reads,
            writes: self.writes + other.writes,
        }
    }

    /// The larger of both, each number by itself.
    pub(super) fn or_more(self, other: Self) -> Self {
        Self {
            read_bytes: self.read_bytes.max(other.read_bytes),
            written_bytes: self.written_bytes.max(other.written_bytes),
            reads: self.reads.max(other.reads),
            writes: self.writes.max(other.writes),
        }
    }

    pub(super) fn since(self, before: Self) -> Self {
        Self {
            read_bytes: self.read_bytes.saturating_sub(before.read_bytes),
            written_bytes: self.written_bytes.saturating_sub(before.written_bytes),
            reads: self.reads.saturating_sub(before.reads),
            writes: self.writes.saturating_sub(before.writes),
        }
    }
}

/// A clock tick of `/proc/PID/stat`: 100 to the second on every architecture that Linux has for users (time(7)).
const TICK_NS: u64 = 10_000_000;

/// Looks at a process; none if it is gone. The thread that looks is left out: it runs whenever it looks, and would be seen in every look at its own
/// process.
pub(super) fn look(pid: u32) -> Option<Look> {
    let folder = PathBuf::from(format!("/proc/{pid}"));
    let mut look = stat(&read_to_string(folder.join("stat")).ok()?)?;
    if look.ended {
        return Some(look);
    }
    let own = nix::unistd::gettid().as_raw().cast_unsigned();
    for thread in std::fs::read_dir(folder.join("task")).ok()?.flatten() {
        // A thread may end between being listed and being asked.
        let Some(tid) = thread.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if tid == own {
            let (ns, _) = times(&thread.path());
            // The ticks of the process and the time of a thread are not read at one moment.
            look.cpu_ns = look.cpu_ns.saturating_sub(ns.unwrap_or(0));
        } else {
            at_thread(&mut look, &thread.path(), tid);
        }
    }
    if let ([_], [Wait::Futex]) = (look.threads.as_slice(), look.waits.as_slice())
        && endless_own_futex(&read_to_string(folder.join("syscall")).unwrap_or_default())
    {
        look.waits = vec![Wait::OwnLock];
    }
    let command = std::fs::read(folder.join("cmdline")).unwrap_or_default();
    look.helps = HELPERS.iter().any(|helper| command.windows(helper.len()).any(|part| part == *helper));
    look.cpu_ns = look.cpu_ns.max(look.threads.iter().map(|(_, ns, _)| ns).sum());
    let status = read_to_string(folder.join("status")).unwrap_or_default();
    look.peak_bytes = number(&status, "VmHWM:") * 1_024;
    look.switches = [number(&status, "voluntary_ctxt_switches:"), number(&status, "nonvoluntary_ctxt_switches:")];
    Some(look)
}

/// How the command lines of CPython's own processes are known.
const HELPERS: [&[u8]; 2] = [b"multiprocessing.resource_tracker", b"multiprocessing.forkserver"];

fn at_thread(look: &mut Look, folder: &Path, tid: u32) {
    let Some(own) = read_to_string(folder.join("stat")).ok().as_deref().and_then(stat) else { return };
    look.running |= own.running;
    look.disk |= own.disk;
    let (ns, queued_ns) = times(folder);
    look.queued_ns += queued_ns;
    // A kernel without these statistics still has the clock ticks.
    look.threads.push((tid, ns.unwrap_or(own.cpu_ns), io(&read_to_string(folder.join("io")).unwrap_or_default())));
    if own.running {
        look.running_threads += 1;
    } else {
        look.waits.push(wait(&read_to_string(folder.join("wchan")).unwrap_or_default()));
    }
}

/// The processor time of a thread, if the kernel keeps it, and the time for which it waited for a core.
fn times(thread: &Path) -> (Option<u64>, u64) {
    let line = read_to_string(thread.join("schedstat")).unwrap_or_default();
    let mut numbers = line.split_ascii_whitespace().map(|number| number.parse().unwrap_or(0));
    (numbers.next().filter(|ns| *ns > 0), numbers.next().unwrap_or(0))
}

/// From a line of `/proc/PID/stat`; the name in parentheses may itself hold spaces and parentheses.
fn stat(line: &str) -> Option<Look> {
    let (open, close) = (line.find('(')?, line.rfind(')')?);
    let fields: Vec<&str> = line.get(close + 1..)?.split_ascii_whitespace().collect();
    let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
    let state = *fields.first()?;
    Some(Look {
        name: line.get(open + 1..close)?.to_owned(),
        parent: u32::try_from(number(1)?).ok()?,
        running: state == "R",
        disk: state == "D",
        ended: matches!(state, "Z" | "X"),
        cpu_ns: (number(11)? + number(12)?) * TICK_NS,
        began: number(19)?,
        ..Look::default()
    })
}

fn io(lines: &str) -> Io {
    // What went to or came from a disk crossed to nobody.
    let read_bytes = number(lines, "rchar:").saturating_sub(number(lines, "read_bytes:"));
    let written_bytes = number(lines, "wchar:").saturating_sub(number(lines, "write_bytes:"));
    Io { read_bytes, written_bytes, reads: number(lines, "syscr:"), writes: number(lines, "syscw:") }
}

/// The number after `name` in a file of lines `name number`; 0 if there is none.
fn number(lines: &str, name: &str) -> u64 {
    let line = lines.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_ascii_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// From the name of a kernel function. They differ from one kernel to the next, and their stems do not.
fn wait(place: &str) -> Wait {
    let stems: [(Wait, &[&str]); 8] = [
        (Wait::Futex, &["futex"]),
        (Wait::PipeRead, &["pipe_read"]),
        (Wait::PipeWrite, &["pipe_write"]),
        (Wait::Socket, &["unix_", "sk_wait", "skb_", "inet_", "tcp_", "wait_woken"]),
        (Wait::Poll, &["poll", "do_select"]),
        (Wait::Child, &["do_wait", "wait4", "waitid", "pidfd"]),
        (Wait::Sleep, &["nanosleep"]),
        (Wait::Disk, &["io_schedule", "folio_wait", "submit_bio", "blk_"]),
    ];
    let found = stems.into_iter().find(|(_, stems)| stems.iter().any(|stem| place.contains(stem)));
    found.map_or(Wait::Other, |(wait, _)| wait)
}

/// Whether a line of `/proc/PID/syscall` is a wait without a timeout for a futex that only its own process may wake (futex(2)): its operation
/// has the flag 128, and no timeout.
fn endless_own_futex(line: &str) -> bool {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let hexadecimal = |at: usize| words.get(at).and_then(|word| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok());
    // The numbers of the call on x86-64 and on aarch64; elsewhere nothing is proven.
    matches!(words.first(), Some(&"202" | &"98"))
        && hexadecimal(2).is_some_and(|operation| operation & 0x80 != 0)
        && hexadecimal(4) == Some(0)
}

/// The children of a process, whichever of its threads started them; none if it is gone or the kernel does not tell.
pub(super) fn children(pid: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// Whether this kernel shows what a watch needs: the children of a thread, and what a process has read and written.
pub(super) fn can_see() -> Result<(), String> {
    let own = std::process::id();
    for file in [format!("/proc/{own}/task/{own}/children"), format!("/proc/{own}/io")] {
        read_to_string(&file).map_err(|fault| format!("{file} cannot be read: {fault}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_stat_is_read_past_any_name() {
        let line = "12 (a) b (c)) R 7 12 12 0 -1 4194304 1 2 3 4 50 60 7 8 20 0 1 0 777 1 2";
        let look = stat(line).unwrap();
        assert_eq!((look.name.as_str(), look.parent, look.running), ("a) b (c)", 7, true));
        assert_eq!((look.cpu_ns, look.began), (1_100_000_000, 777));
        assert_eq!(stat("12 (a"), None);
        assert_eq!(stat(""), None);
    }

    #[test]
    fn what_a_disk_took_crossed_to_nobody() {
        let lines = "rchar: 100\nwchar: 70\nsyscr: 3\nsyscw: 2\nread_bytes: 4096\nwrite_bytes: 50\n";
        assert_eq!(io(lines), Io { read_bytes: 0, written_bytes: 20, reads: 3, writes: 2 });
        assert_eq!(io(""), Io::default());
    }

    #[test]
    fn a_wait_is_known_by_the_stem_of_its_place() {
        for (place, known) in [
            ("futex_do_wait", Wait::Futex),
            ("anon_pipe_read", Wait::PipeRead),
            ("anon_pipe_write", Wait::PipeWrite),
            ("unix_stream_read_generic", Wait::Socket),
            ("wait_woken", Wait::Socket),
            ("poll_schedule_timeout.constprop.0", Wait::Poll),
            ("do_wait", Wait::Child),
            ("hrtimer_nanosleep", Wait::Sleep),
            ("0", Wait::Other),
        ] {
            assert_eq!(wait(place), known, "{place}");
        }
    }

    #[test]
    fn only_a_private_futex_without_a_timeout_is_waited_for_in_vain() {
        assert!(endless_own_futex("202 0x55d9d4e1cf60 0x189 0x0 0x0 0x0 0xffffffff 0x7fff0649b6b0 0x7f27236a3f16"));
        assert!(!endless_own_futex("202 0x55d9d4e1cf60 0x109 0x0 0x0 0x0 0xffffffff 0x7fff0649b6b0 0x7f27236a3f16"));
        assert!(!endless_own_futex("202 0x55d9d4e1cf60 0x189 0x0 0x7fff 0x0 0xffffffff 0x7fff0649b6b0 0x7f27236a3f16"));
        assert!(!endless_own_futex("0 0x5 0x189 0x4 0x0 0x0 0x0 0x0 0x0") && !endless_own_futex("running"));
    }

    #[test]
    fn this_very_process_can_be_looked_at() {
        let looking = || (nix::unistd::gettid().as_raw().cast_unsigned(), look(std::process::id()).unwrap());
        let (looker, own) = std::thread::spawn(looking).join().unwrap();
        assert!(!own.threads.is_empty() && own.peak_bytes > 0, "{own:?}");
        assert!(own.threads.iter().all(|(tid, ..)| *tid != looker), "the thread that looks is left out: {own:?}");
        assert_eq!(own.parent, std::os::unix::process::parent_id());
        assert_eq!(look(u32::MAX), None);
    }
}
