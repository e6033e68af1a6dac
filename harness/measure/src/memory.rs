//! How much memory a lesson may use here: what the machine has left, or what the control groups leave of it.

use std::path::Path;

use crate::control_group::{Read, folders, from_disk, text};

/// Bytes that a new process can allocate without swapping and without being killed; None where the system does not say.
///
/// The least of the machine's `MemAvailable` and, for every control group around this process, its limit less its use.
/// Cached file pages that a group has not touched lately count as free, as they do in `MemAvailable`: the kernel drops them
/// first, and a build that has just run leaves its group full of them.
///
/// ```
/// if let Some(bytes) = harness::memory::available_bytes() {
///     println!("{} MiB available", bytes >> 20);
/// }
/// ```
pub fn available_bytes() -> Option<u64> {
    available_by(&from_disk)
}

pub(crate) fn available_by(read: Read<'_>) -> Option<u64> {
    let machine = text(read, "/proc/meminfo").and_then(|meminfo| meminfo_bytes(&meminfo, "MemAvailable"));
    let groups = folders(read, "memory");
    groups.iter().filter_map(|folder| left_in_group(read, folder)).chain(machine).min()
}

/// The tightest limit of the control groups around this process, in bytes; None if none is below what the machine has.
pub(crate) fn limit_by(read: Read<'_>) -> Option<u64> {
    let machine = text(read, "/proc/meminfo").and_then(|meminfo| meminfo_bytes(&meminfo, "MemTotal"));
    let limit = |folder: &Path| {
        let number = |file: &str| text(read, folder.join(file))?.parse::<u64>().ok();
        number("memory.max").or_else(|| number("memory.limit_in_bytes"))
    };
    let tightest = folders(read, "memory").iter().filter_map(|folder| limit(folder)).min();
    tightest.filter(|limit| machine.is_none_or(|machine| *limit < machine))
}

/// The bytes of one line of `/proc/meminfo`, which counts in KiB.
pub(crate) fn meminfo_bytes(meminfo: &str, name: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// What one group leaves: None if it has no limit, or is no memory group.
fn left_in_group(read: Read<'_>, folder: &Path) -> Option<u64> {
    let number = |file: &str| text(read, folder.join(file))?.parse::<u64>().ok();
    let (limit, used, idle) = match number("memory.max").zip(number("memory.current")) {
        Some((limit, used)) => (limit, used, "inactive_file"),
        None => (number("memory.limit_in_bytes")?, number("memory.usage_in_bytes")?, "total_inactive_file"),
    };
    let idle = text(read, folder.join("memory.stat")).and_then(|stat| stat_value(&stat, idle)).unwrap_or(0);
    Some(limit.saturating_sub(used.saturating_sub(idle)))
}

/// One value of a file of `name value` lines.
pub(crate) fn stat_value(stat: &str, name: &str) -> Option<u64> {
    stat.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Read, available_by, limit_by, meminfo_bytes, stat_value};

    const MIB: u64 = 1 << 20;
    const MEMINFO: &str = "MemTotal:        4194304 kB\nMemFree:          100000 kB\nMemAvailable:    2097152 kB\n";
    const OWN: &str = "/sys/fs/cgroup/job";

    /// What `ask` finds on a machine of version 2 with one group below the root, and these files in it.
    fn found(ask: fn(Read<'_>) -> Option<u64>, files: &[(&str, &str)]) -> Option<u64> {
        let machine = [
            ("/proc/meminfo", MEMINFO),
            ("/proc/self/cgroup", "0::/job\n"),
            ("/proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"),
        ];
        let read = |path: &Path| {
            let inside = files.iter().map(|(name, content)| (Path::new(OWN).join(name), *content));
            let outside = machine.iter().map(|(name, content)| (Path::new(name).to_path_buf(), *content));
            inside.chain(outside).find(|(name, _)| name == path).map(|(_, content)| content.as_bytes().to_vec())
        };
        ask(&read)
    }

    fn available(files: &[(&str, &str)]) -> Option<u64> {
        found(available_by, files)
    }

    #[test]
    fn a_limit_is_one_if_it_is_below_what_the_machine_has() {
        let limit = |files: &[(&str, &str)]| found(limit_by, files);
        assert_eq!(limit(&[("memory.max", "536870912\n")]), Some(512 * MIB));
        assert_eq!(limit(&[("memory.limit_in_bytes", "536870912\n")]), Some(512 * MIB));
        for none in [("memory.max", "max"), ("memory.limit_in_bytes", "9223372036854771712"), ("memory.stat", "1")] {
            assert_eq!(limit(&[none]), None, "{none:?}");
        }
    }

    #[test]
    fn without_a_limit_the_machine_decides() {
        assert_eq!(available(&[]), Some(2048 * MIB));
        assert_eq!(available(&[("memory.max", "max\n"), ("memory.current", "1048576\n")]), Some(2048 * MIB));
    }

    #[test]
    fn a_tighter_group_decides() {
        let limit = ("memory.max", "536870912\n");
        assert_eq!(available(&[limit, ("memory.current", "134217728\n")]), Some(384 * MIB));
        assert_eq!(available(&[limit, ("memory.current", "999999999999\n")]), Some(0));
    }

    #[test]
    fn cached_files_that_nobody_reads_count_as_free() {
        let stat = ("memory.stat", "anon 1\ninactive_file 67108864\nactive_file 9\n");
        let files = [("memory.max", "536870912"), ("memory.current", "134217728"), stat];
        assert_eq!(available(&files), Some(448 * MIB));
    }

    #[test]
    fn version_one_has_other_names_and_a_huge_number_for_no_limit() {
        let usage = ("memory.usage_in_bytes", "134217728\n");
        let stat = ("memory.stat", "inactive_file 1\ntotal_inactive_file 67108864\n");
        assert_eq!(available(&[("memory.limit_in_bytes", "536870912\n"), usage, stat]), Some(448 * MIB));
        assert_eq!(available(&[("memory.limit_in_bytes", "9223372036854771712\n"), usage]), Some(2048 * MIB));
    }

    #[test]
    fn malformed_or_absent_files_decide_nothing() {
        assert_eq!(available(&[("memory.max", "lots"), ("memory.current", "")]), Some(2048 * MIB));
        assert_eq!(available(&[("memory.max", "-1"), ("memory.current", "1")]), Some(2048 * MIB));
        assert_eq!(available_by(&|_| None), None);
        assert_eq!(available_by(&|_| Some(vec![0xff, 0xfe, b'\n'])), None);
    }

    #[test]
    fn meminfo_counts_in_kib_and_names_are_whole() {
        assert_eq!(meminfo_bytes(MEMINFO, "MemTotal"), Some(4096 * MIB));
        for (text, name) in
            [(MEMINFO, "Mem"), ("MemTotal: 12", "MemTotal"), ("MemTotal: x kB", "MemTotal"), ("", "MemTotal")]
        {
            assert_eq!(meminfo_bytes(text, name), None);
        }
        assert_eq!(meminfo_bytes("MemTotal: 18446744073709551615 kB", "MemTotal"), None);
        assert_eq!(stat_value("inactive_file_x 3\ninactive_file 4", "inactive_file"), Some(4));
    }
}
