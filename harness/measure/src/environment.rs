//! The machine as the program finds it: read from `/proc` and `/sys`, never typed.
//!
//! Nothing here fails. What cannot be read, because the file is absent, unreadable or not what it should be, is absent from
//! the record too; on a system without these files only the count of cores is left.

use std::path::Path;

use record::Environment;

use crate::control_group::{Read, folders, from_disk, text};
use crate::memory::{available_by, meminfo_bytes};

mod parse;

const CPU: &str = "/sys/devices/system/cpu";

/// What a run records about where it was measured. Numbers that must be there and cannot be read are 0.
///
/// ```
/// let environment = harness::environment::capture();
/// assert!(environment.usable_cores >= 1);
/// ```
pub fn capture() -> Environment {
    capture_by(&from_disk)
}

/// Cores that can work for this process at once: those its affinity allows, or as many as its CPU quota fills, whichever is
/// less; a quota of half a core counts as one. At least 1.
///
/// ```
/// assert!(harness::environment::usable_cores() >= 1);
/// ```
pub fn usable_cores() -> usize {
    usable_by(&from_disk)
}

/// The one-minute load average.
pub fn load() -> Option<f64> {
    load_by(&from_disk)
}

/// Processor time that the hypervisor has given to others since boot, in clock ticks, over all cores.
pub fn steal_ticks() -> Option<u64> {
    steal_by(&from_disk)
}

fn capture_by(read: Read<'_>) -> Environment {
    let cpuinfo = text(read, "/proc/cpuinfo").unwrap_or_default();
    let memory = text(read, "/proc/meminfo").and_then(|meminfo| meminfo_bytes(&meminfo, "MemTotal"));
    let number = |path: &str| text(read, path)?.parse::<u64>().ok();
    let word = |path: &str| text(read, path).filter(|word| !word.is_empty());
    Environment {
        cpu: parse::cpu_model(&cpuinfo).unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        cores: whole(online_by(read, &cpuinfo)),
        usable_cores: whole(usable_by(read)),
        smt: word(&format!("{CPU}/smt/active"))
            .and_then(|active| parse::flag(&active))
            .or_else(|| parse::smt(&cpuinfo)),
        quota_cores: quota_by(read),
        memory_bytes: memory.unwrap_or(0),
        available_bytes: available_by(read).unwrap_or(0),
        kernel: word("/proc/sys/kernel/osrelease").unwrap_or_else(|| "unknown".to_owned()),
        libc: libc_by(read),
        hypervisor: hypervisor_by(read, &cpuinfo),
        governor: word(&format!("{CPU}/cpu0/cpufreq/scaling_governor")),
        huge_pages: word("/sys/kernel/mm/transparent_hugepage/enabled").and_then(|text| parse::chosen(&text)),
        aslr: word("/proc/sys/kernel/randomize_va_space"),
        pipe_max_bytes: number("/proc/sys/fs/pipe-max-size"),
        load: load_by(read),
        steal_ticks: steal_by(read),
    }
}

fn whole(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn online_by(read: Read<'_>, cpuinfo: &str) -> usize {
    let listed = text(read, format!("{CPU}/online")).and_then(|list| parse::cpu_list(&list));
    listed.or_else(|| parse::processors(cpuinfo)).unwrap_or_else(cores_by_std)
}

fn usable_by(read: Read<'_>) -> usize {
    // The affinity of this thread, which is what the processes it starts inherit.
    let status = text(read, "/proc/thread-self/status").or_else(|| text(read, "/proc/self/status"));
    let allowed = status.and_then(|status| parse::allowed(&status)).unwrap_or_else(cores_by_std);
    let filled = quota_by(read).map_or(usize::MAX, |quota| quota.ceil() as usize);
    allowed.min(filled).max(1)
}

/// The last resort, where there is nothing to read.
fn cores_by_std() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The tightest quota of the control groups around this process, in cores.
fn quota_by(read: Read<'_>) -> Option<f64> {
    let quota = |folder: &Path| {
        let file = |name: &str| text(read, folder.join(name));
        let second = || parse::quota(&file("cpu.cfs_quota_us")?, &file("cpu.cfs_period_us")?);
        file("cpu.max").and_then(|max| parse::cpu_max(&max)).or_else(second)
    };
    folders(read, "cpu").iter().filter_map(|folder| quota(folder)).min_by(f64::total_cmp)
}

/// The C library that is mapped into this process. Asking it would take a call that only glibc has; its file tells as well.
fn libc_by(read: Read<'_>) -> Option<String> {
    if cfg!(target_env = "musl") {
        return Some("musl".to_owned());
    }
    let maps = text(read, "/proc/self/maps")?;
    parse::glibc_version(&read(Path::new(parse::glibc_file(&maps)?))?)
}

fn hypervisor_by(read: Read<'_>, cpuinfo: &str) -> Option<String> {
    let dmi = |name: &str| text(read, format!("/sys/class/dmi/id/{name}")).unwrap_or_default();
    let named = text(read, "/sys/hypervisor/type").filter(|name| !name.is_empty());
    named.or_else(|| parse::hypervisor(cpuinfo, &dmi("sys_vendor"), &dmi("product_name")))
}

fn load_by(read: Read<'_>) -> Option<f64> {
    parse::load(&text(read, "/proc/loadavg")?)
}

fn steal_by(read: Read<'_>) -> Option<u64> {
    parse::steal(&text(read, "/proc/stat")?)
}

#[cfg(test)]
mod tests;
