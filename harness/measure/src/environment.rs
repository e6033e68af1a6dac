//! The machine as the program finds it: read from `/proc` and `/sys`, never typed.
//!
//! Nothing here fails. What cannot be read, because the file is absent, unreadable or not what it should be, is absent from
//! the record too; on a system without these files only the count of cores is left.

use std::collections::BTreeMap;
use std::path::Path;

use record::{End, Environment};

use crate::control_group::{Read, folders, from_disk, text};
use crate::memory::{available_by, limit_by, meminfo_bytes, stat_value};

mod parse;
mod python;

pub(crate) use parse::Ticks;

const CPU: &str = "/sys/devices/system/cpu";
/// What tells the libraries under NumPy, and rayon, how many threads to start.
const THREAD_SETTINGS: [&str; 4] = ["MKL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"];
/// No setting that means a number of threads is longer.
const LONGEST_SETTING: usize = 32;

/// What a run records about where it was measured. Numbers that must be there and cannot be read are 0.
///
/// Asks the `python3` on the path for its version, once and before anything is measured: no other child of this process may be
/// started meanwhile (see [`multiprocess::supervise::run`]). [`read`] starts nothing.
///
/// ```
/// let environment = harness::environment::capture();
/// assert!(environment.usable_cores >= 1);
/// ```
pub fn capture() -> Environment {
    let (python, numpy) = python::ask("python3").unzip();
    Environment { python, numpy: numpy.flatten(), ..read() }
}

/// [`capture`] without what takes another program to tell: only files are read.
///
/// ```
/// assert_eq!(harness::environment::read().python, None);
/// ```
pub fn read() -> Environment {
    Environment { thread_settings: thread_settings(|name| std::env::var(name).ok()), ..capture_by(&from_disk) }
}

/// The end of a run, now: what shows that the machine changed meanwhile stands beside the same in [`Environment`].
///
/// ```
/// assert!(harness::environment::at_end().finished.ends_with('Z'));
/// ```
pub fn at_end() -> End {
    End {
        finished: record::now(),
        load: load(),
        steal_ticks: steal_ticks(),
        available_bytes: available_by(&from_disk),
        frequency_khz: frequency(),
    }
}

/// Frequency of the first core that this process may use, in kHz.
pub fn frequency() -> Option<u64> {
    frequency_by(&from_disk)
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

/// CPU quota of the control groups around this process, in cores; none if there is none.
pub fn quota_cores() -> Option<f64> {
    quota_by(&from_disk)
}

/// The one-minute load average.
pub fn load() -> Option<f64> {
    load_by(&from_disk)
}

/// Processor time that the hypervisor has given to others since boot, in clock ticks, over all cores.
pub fn steal_ticks() -> Option<u64> {
    steal_by(&from_disk)
}

/// The processor time of the machine so far; None where the kernel does not count it.
pub(crate) fn ticks() -> Option<Ticks> {
    parse::ticks(&text(&from_disk, "/proc/stat")?)
}

/// In how many periods the quotas of the control groups around this process were used up, so far; None if there is no such group.
pub(crate) fn throttled_periods() -> Option<u64> {
    throttled_by(&from_disk)
}

/// Cores online, whoever may use them.
pub(crate) fn cores_online() -> usize {
    online_by(&from_disk, &text(&from_disk, "/proc/cpuinfo").unwrap_or_default())
}

fn capture_by(read: Read<'_>) -> Environment {
    let cpuinfo = text(read, "/proc/cpuinfo").unwrap_or_default();
    let meminfo = text(read, "/proc/meminfo").unwrap_or_default();
    let memory = |name: &str| meminfo_bytes(&meminfo, name);
    let stat = text(read, "/proc/stat").unwrap_or_default();
    let number = |path: &str| text(read, path)?.parse::<u64>().ok();
    let word = |path: &str| text(read, path).filter(|word| !word.is_empty());
    let chosen = |path: &str| parse::chosen(&word(path)?);
    Environment {
        cpu: parse::cpu_model(&cpuinfo).unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        cores: whole(online_by(read, &cpuinfo)),
        usable_cores: whole(usable_by(read)),
        affinity: affinity_by(read),
        smt: word(&format!("{CPU}/smt/active"))
            .and_then(|active| parse::flag(&active))
            .or_else(|| parse::smt(&cpuinfo)),
        quota_cores: quota_by(read),
        control_groups: word("/proc/self/mountinfo").and_then(|mounts| parse::control_groups(&mounts)),
        numa_nodes: word("/sys/devices/system/node/online").and_then(|list| parse::cpu_list(&list)).map(whole),
        memory_bytes: memory("MemTotal").unwrap_or(0),
        memory_limit_bytes: limit_by(read),
        available_bytes: available_by(read).unwrap_or(0),
        swap_bytes: memory("SwapTotal"),
        swap_used_bytes: memory("SwapTotal").zip(memory("SwapFree")).and_then(|(all, free)| all.checked_sub(free)),
        swappiness: number("/proc/sys/vm/swappiness"),
        kernel: word("/proc/sys/kernel/osrelease").unwrap_or_else(|| "unknown".to_owned()),
        preemption: word("/sys/kernel/debug/sched/preempt")
            .and_then(|models| parse::in_parentheses(&models))
            .or_else(|| parse::preemption(&word("/proc/version")?)),
        clock_source: word("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        libc: libc_by(read),
        hypervisor: hypervisor_by(read, &cpuinfo),
        container: container_by(read),
        governor: word(&format!("{}/scaling_governor", cpufreq_by(read))),
        frequency_khz: frequency_by(read),
        frequency_max_khz: number(&format!("{}/cpuinfo_max_freq", cpufreq_by(read))),
        boost: boost_by(read),
        huge_pages: chosen("/sys/kernel/mm/transparent_hugepage/enabled"),
        huge_pages_defrag: chosen("/sys/kernel/mm/transparent_hugepage/defrag"),
        aslr: word("/proc/sys/kernel/randomize_va_space"),
        pipe_max_bytes: number("/proc/sys/fs/pipe-max-size"),
        load: load_by(read),
        runnable: parse::stat_line(&stat, "procs_running"),
        blocked: parse::stat_line(&stat, "procs_blocked"),
        steal_ticks: parse::steal(&stat),
        ..Environment::default()
    }
}

fn whole(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn online_by(read: Read<'_>, cpuinfo: &str) -> usize {
    let listed = text(read, format!("{CPU}/online")).and_then(|list| parse::cpu_list(&list));
    listed.or_else(|| parse::processors(cpuinfo)).unwrap_or_else(cores_by_std)
}

/// The affinity of this thread, which is what the processes it starts inherit.
fn affinity_by(read: Read<'_>) -> Option<String> {
    let status = text(read, "/proc/thread-self/status").or_else(|| text(read, "/proc/self/status"));
    parse::allowed(&status?)
}

fn usable_by(read: Read<'_>) -> usize {
    let allowed = affinity_by(read).and_then(|list| parse::cpu_list(&list)).unwrap_or_else(cores_by_std);
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

fn throttled_by(read: Read<'_>) -> Option<u64> {
    let throttled = |folder: &Path| stat_value(&text(read, folder.join("cpu.stat"))?, "nr_throttled");
    folders(read, "cpu").iter().filter_map(|folder| throttled(folder)).reduce(u64::saturating_add)
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

/// The folder in which the kernel tells the frequency of the first core that may be used.
fn cpufreq_by(read: Read<'_>) -> String {
    let first = affinity_by(read).and_then(|list| parse::first_of_list(&list)).unwrap_or(0);
    format!("{CPU}/cpu{first}/cpufreq")
}

fn frequency_by(read: Read<'_>) -> Option<u64> {
    let told = || text(read, format!("{}/scaling_cur_freq", cpufreq_by(read)))?.parse::<u64>().ok();
    told().or_else(|| parse::frequency_khz(&text(read, "/proc/cpuinfo")?))
}

fn boost_by(read: Read<'_>) -> Option<bool> {
    let flag = |path: String| parse::flag(&text(read, path)?);
    flag(format!("{CPU}/intel_pstate/no_turbo")).map(|off| !off).or_else(|| flag(format!("{CPU}/cpufreq/boost")))
}

/// The signs that the managers of containers leave: systemd's interface for containers, and files of podman and docker.
fn container_by(read: Read<'_>) -> Option<String> {
    let named = text(read, "/run/systemd/container").filter(|name| !name.is_empty());
    let marked = |path: &str, name: &str| read(Path::new(path)).map(|_| name.to_owned());
    named
        .or_else(|| marked("/run/.containerenv", "podman"))
        .or_else(|| marked("/.dockerenv", "docker"))
        .or_else(|| parse::container_of_init(&read(Path::new("/proc/1/environ"))?))
        .or_else(|| parse::container_of_group(&text(read, "/proc/self/cgroup")?))
}

fn thread_settings(variable: impl Fn(&str) -> Option<String>) -> BTreeMap<String, String> {
    let set = |name: &str| Some((name.to_owned(), variable(name)?.chars().take(LONGEST_SETTING).collect()));
    THREAD_SETTINGS.into_iter().filter_map(set).collect()
}

fn load_by(read: Read<'_>) -> Option<f64> {
    parse::load(&text(read, "/proc/loadavg")?)
}

fn steal_by(read: Read<'_>) -> Option<u64> {
    parse::steal(&text(read, "/proc/stat")?)
}

#[cfg(test)]
mod tests;
