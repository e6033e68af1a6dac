//! One look at a process through `/proc` (proc(5)): whether it sleeps, in which call, and on which pipe.

use std::path::PathBuf;

/// `read(2)` and `write(2)` by their numbers; where we do not know them nothing is proven.
const CALLS: [(&str, u64, &str); 4] =
    [("x86_64", 0, "read"), ("x86_64", 1, "write"), ("aarch64", 63, "read"), ("aarch64", 64, "write")];

/// How a process, or one of its threads, stood at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    folder: PathBuf,
    /// `S` is asleep.
    pub(super) state: Option<char>,
    /// Threads of the process.
    pub(super) threads: Option<u64>,
    /// How often it gave its core away by waiting.
    switches: Option<u64>,
    syscall: Option<String>,
}

impl Look {
    /// Looks at the first thread of the process.
    pub(super) fn at(pid: u32) -> Self {
        let folder = PathBuf::from(format!("/proc/{pid}/task/{pid}"));
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
        let status = read("status").unwrap_or_default();
        let syscall = read("syscall").map(|line| line.trim().to_owned());
        Self {
            state: field(&status, "State:").and_then(|state| state.chars().next()),
            threads: field(&status, "Threads:").and_then(|count| count.parse().ok()),
            switches: field(&status, "voluntary_ctxt_switches:").and_then(|count| count.parse().ok()),
            syscall,
            folder,
        }
    }

    /// Whether it slept at both looks, and did not run between them.
    pub(super) fn sleeps_since(&self, before: &Self) -> bool {
        self.state == Some('S') && self.switches.is_some() && self == before
    }

    /// The call it sleeps in and the pipe it is about, if it is one that waits for that pipe and for nothing else.
    pub(super) fn waits_for_pipe(&self) -> Option<(&'static str, String)> {
        let mut words = self.syscall.as_deref()?.split_ascii_whitespace();
        let number: u64 = words.next()?.parse().ok()?;
        let (.., name) = CALLS.iter().find(|(arch, known, _)| *arch == std::env::consts::ARCH && *known == number)?;
        let descriptor = u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok()?;
        let pipe = self.pipe(descriptor)?;
        Some((name, pipe))
    }

    fn pipe(&self, descriptor: u64) -> Option<String> {
        let link = std::fs::read_link(self.folder.join(format!("fd/{descriptor}"))).ok()?;
        link.to_str().filter(|name| name.starts_with("pipe:")).map(str::to_owned)
    }

    /// Every pipe of which it holds an end.
    pub(super) fn pipes(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.join("fd")).into_iter().flatten().flatten();
        let descriptors = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        descriptors.filter_map(|descriptor| self.pipe(descriptor)).collect()
    }
}

/// What stands after `name` in a file of lines `name value`.
fn field<'a>(lines: &'a str, name: &str) -> Option<&'a str> {
    lines.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_equal_looks_at_a_sleeper_show_that_it_slept() {
        let asleep = Look { state: Some('S'), switches: Some(7), ..Look::default() };
        assert!(asleep.sleeps_since(&asleep));
        for other in [
            Look { state: Some('R'), ..asleep.clone() },
            Look { switches: Some(8), ..asleep.clone() },
            Look { switches: None, ..asleep.clone() },
        ] {
            assert!(!other.sleeps_since(&asleep), "{other:?}");
        }
    }

    #[test]
    fn one_that_runs_waits_for_no_pipe() {
        let look = Look::at(std::process::id());
        assert!(look.threads.is_some_and(|threads| threads > 0));
        assert_eq!(Look { syscall: Some("running".to_owned()), ..look }.waits_for_pipe(), None);
    }
}
