//! One look at a process or thread through `/proc` (proc(5)), and what follows from two.

use std::path::Path;

/// The number of `futex(2)` on this architecture; none where we do not know it, and then no deadlock is proven early.
const FUTEX: Option<u64> = if cfg!(target_arch = "x86_64") {
    Some(202)
} else if cfg!(target_arch = "aarch64") {
    Some(98)
} else {
    None
};

/// `linux/futex.h`: the flag of a futex that only this process may wake.
const PRIVATE: u64 = 0x80;
/// `linux/futex.h`: wait for a change of the word.
const WAIT: u64 = 0;
/// `linux/futex.h`: the same with a mask of who may wake.
const WAIT_BITSET: u64 = 9;
/// The bits of an operation that are flags.
const FLAGS: u64 = 0x180;

/// How a process stood at one moment, as far as `/proc` tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// `R`, `S`, `D`, `T`, `Z`.
    pub(super) state: Option<char>,
    /// Threads of the process.
    pub(super) threads: Option<u64>,
    /// The kernel function it waits in.
    pub(super) wchan: Option<String>,
    /// The line of `/proc/PID/syscall`.
    pub(super) syscall: Option<String>,
    /// How often it gave its core away by waiting.
    switches: Option<u64>,
    /// Processor time in user mode and in the kernel, in clock ticks.
    ticks: Option<[u64; 2]>,
}

impl Look {
    /// Looks at the process or thread whose folder in `/proc` this is.
    pub(super) fn at(folder: &Path) -> Self {
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
        let status = read("status").unwrap_or_default();
        Self {
            state: field(&status, "State:").and_then(|state| state.chars().next()),
            threads: field(&status, "Threads:").and_then(|count| count.parse().ok()),
            wchan: read("wchan").filter(|name| !matches!(name.as_str(), "" | "0")),
            syscall: read("syscall").map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()),
            switches: field(&status, "voluntary_ctxt_switches:").and_then(|count| count.parse().ok()),
            ticks: read("stat").as_deref().and_then(ticks),
        }
    }

    /// The address of the private futex that it waits for without a limit of time, if it does.
    pub(super) fn endless_futex(&self) -> Option<usize> {
        (self.state == Some('S')).then_some(())?;
        endless_futex(self.syscall.as_deref()?)
    }

    /// Whether nobody can wake it any more, given how it stood a moment ago.
    ///
    /// A private futex is woken only by a thread of the same process, and this one is its only thread, asleep; it has not run between the two
    /// looks, so that they have seen one and the same wait and not two short ones.
    pub(super) fn is_stuck_since(&self, before: &Self) -> bool {
        self.threads == Some(1)
            && self.endless_futex().is_some()
            && self.switches.is_some()
            && self.ticks.is_some()
            && self == before
    }
}

/// What stands after `name` in a file of lines `name value`.
fn field<'a>(lines: &'a str, name: &str) -> Option<&'a str> {
    lines.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
}

/// Fields 14 and 15 of `/proc/PID/stat`; the name in parentheses may itself hold spaces and parentheses.
fn ticks(stat: &str) -> Option<[u64; 2]> {
    let mut fields = stat[stat.rfind(')')? + 1..].split_ascii_whitespace().skip(11);
    Some([fields.next()?.parse().ok()?, fields.next()?.parse().ok()?])
}

/// The number and the first four arguments of a line of `/proc/PID/syscall`; none for `running` and for `-1`, not in a call.
fn call(line: &str) -> Option<(u64, [u64; 4])> {
    let mut words = line.split_ascii_whitespace();
    let number = words.next()?.parse().ok()?;
    let mut argument = || u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok();
    Some((number, [argument()?, argument()?, argument()?, argument()?]))
}

/// The address of a futex that is waited for privately and without a timeout.
fn endless_futex(line: &str) -> Option<usize> {
    let (number, [address, operation, _, timeout]) = call(line)?;
    let waits = matches!(operation & !FLAGS, WAIT | WAIT_BITSET);
    let endless = Some(number) == FUTEX && waits && operation & PRIVATE != 0 && timeout == 0;
    endless.then(|| usize::try_from(address).ok())?
}

/// A line of `/proc/PID/syscall` in words: the call by name if it is a futex wait, otherwise by number.
pub(super) fn in_words(line: &str) -> String {
    let Some((number, [_, operation, _, timeout])) = call(line) else { return "none: it is running".to_owned() };
    if Some(number) != FUTEX {
        return format!("number {number}");
    }
    let name = match operation & !FLAGS {
        WAIT => "FUTEX_WAIT",
        WAIT_BITSET => "FUTEX_WAIT_BITSET",
        _ => return format!("futex, operation {operation:#x}"),
    };
    let private = if operation & PRIVATE != 0 { " | FUTEX_PRIVATE" } else { "" };
    format!("futex, {name}{private}, {}", if timeout == 0 { "no timeout" } else { "with a timeout" })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: u64 = match FUTEX {
        Some(number) => number,
        None => 0,
    };

    fn line(operation: &str, timeout: &str) -> String {
        format!("{NUMBER} 0x55fbc9db5e50 {operation} 0x2 {timeout} 0x0 0xffffffff 0x7fff4a4d8510 0x7f63de84ee96")
    }

    #[test]
    fn only_a_private_wait_without_a_timeout_is_endless() {
        for operation in ["0x80", "0x89", "0x189"] {
            assert_eq!(endless_futex(&line(operation, "0x0")), Some(0x55fb_c9db_5e50), "{operation}");
        }
        // Shared, with a timeout, a wake, another call, no call at all.
        assert_eq!(endless_futex(&line("0x9", "0x0")), None);
        assert_eq!(endless_futex(&line("0x89", "0x7ffe")), None);
        assert_eq!(endless_futex(&line("0x81", "0x0")), None);
        assert_eq!(endless_futex("7 0x1 0x80 0x0 0x0 0x0 0x0 0x7f 0x7f"), None);
        assert_eq!(endless_futex("running"), None);
        assert_eq!(endless_futex("-1 0x7ffe 0x7f63"), None);
    }

    #[test]
    fn a_process_is_stuck_if_it_is_alone_and_two_looks_are_the_same() {
        let look = Look {
            state: Some('S'),
            threads: Some(1),
            wchan: None,
            syscall: Some(line("0x89", "0x0")),
            switches: Some(7),
            ticks: Some([1, 0]),
        };
        assert!(look.is_stuck_since(&look));
        let ran = Look { switches: Some(8), ..look.clone() };
        assert!(!ran.is_stuck_since(&look));
        for excuse in [
            Look { threads: Some(2), ..look.clone() },
            Look { state: Some('R'), ..look.clone() },
            Look { syscall: None, ..look.clone() },
            Look { ticks: None, ..look.clone() },
        ] {
            assert!(!excuse.is_stuck_since(&excuse), "{excuse:?}");
        }
    }

    #[test]
    fn a_call_in_words() {
        assert_eq!(in_words(&line("0x89", "0x0")), "futex, FUTEX_WAIT_BITSET | FUTEX_PRIVATE, no timeout");
        assert_eq!(in_words("running"), "none: it is running");
        assert_eq!(in_words("7 0x1 0x80 0x0 0x0 0x0 0x0 0x7f 0x7f"), "number 7");
    }

    #[test]
    fn times_come_after_a_name_with_parentheses() {
        assert_eq!(ticks("12 (a) b (c)) S 7 12 12 0 -1 0 1 2 3 4 55 66 0"), Some([55, 66]));
    }
}
