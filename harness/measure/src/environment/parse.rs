//! The texts of `/proc` and `/sys`, one function for each; formats as in `proc(5)` and `cgroups(7)`.
//!
//! Every function answers None to a text that it does not understand.

/// The value of the first line `name : value`.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim())
}

/// The model of the first processor in `/proc/cpuinfo`; ARM gives only numbers for it.
pub(super) fn cpu_model(cpuinfo: &str) -> Option<String> {
    let named = ["model name", "cpu model", "Model", "uarch"].iter().find_map(|name| field(cpuinfo, name));
    let numbered =
        || Some(format!("implementer {} part {}", field(cpuinfo, "CPU implementer")?, field(cpuinfo, "CPU part")?));
    named.filter(|name| !name.is_empty()).map(str::to_owned).or_else(numbered)
}

/// How many processors `/proc/cpuinfo` lists.
pub(super) fn processors(cpuinfo: &str) -> Option<usize> {
    let keys = cpuinfo.lines().filter_map(|line| line.split_once(':'));
    Some(keys.filter(|(key, _)| key.trim() == "processor").count()).filter(|count| *count > 0)
}

/// Whether a package of `/proc/cpuinfo` has more hardware threads than cores.
pub(super) fn smt(cpuinfo: &str) -> Option<bool> {
    let number = |name| field(cpuinfo, name)?.parse::<u32>().ok();
    Some(number("siblings")? > number("cpu cores")?)
}

/// A file that holds 0 or 1.
pub(super) fn flag(text: &str) -> Option<bool> {
    match text {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

/// How many processors a list such as `0-3,8` names; a list that names none is no list.
pub(super) fn cpu_list(list: &str) -> Option<usize> {
    let mut count = 0_usize;
    for part in list.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (first.trim().parse::<u32>().ok()?, last.trim().parse::<u32>().ok()?);
        count = count.checked_add(usize::try_from(last.checked_sub(first)?).ok()?.checked_add(1)?)?;
    }
    Some(count)
}

/// The first number of a list such as `0-3,8`.
pub(super) fn first_of_list(list: &str) -> Option<u32> {
    list.split([',', '-']).next()?.trim().parse().ok()
}

/// The list of processors that `/proc/PID/status` allows.
pub(super) fn allowed(status: &str) -> Option<String> {
    let list = field(status, "Cpus_allowed_list")?;
    cpu_list(list).map(|_| list.to_owned())
}

/// The frequency of the first processor in `/proc/cpuinfo`, which only x86 has, in kHz.
pub(super) fn frequency_khz(cpuinfo: &str) -> Option<u64> {
    let mhz: f64 = field(cpuinfo, "cpu MHz")?.parse().ok()?;
    (mhz.is_finite() && mhz > 0.0).then_some((mhz * 1e3).round() as u64)
}

/// Which versions of control groups `/proc/self/mountinfo` mounts.
pub(super) fn control_groups(mounts: &str) -> Option<String> {
    let mounted = |kind: &str| mounts.lines().any(|line| line.contains(kind));
    let versions = match (mounted(" - cgroup "), mounted(" - cgroup2 ")) {
        (true, true) => "v1 and v2",
        (true, false) => "v1",
        (false, true) => "v2",
        (false, false) => return None,
    };
    Some(versions.to_owned())
}

/// The quota in a `cpu.max` of version 2, in cores; `max` is none.
pub(super) fn cpu_max(text: &str) -> Option<f64> {
    let (quota, period) = text.split_once(' ')?;
    self::quota(quota, period)
}

/// Microseconds of processor time per period, in cores. Version 1 writes -1 for no quota.
pub(super) fn quota(quota: &str, period: &str) -> Option<f64> {
    let (quota, period) = (quota.trim().parse::<u64>().ok()?, period.trim().parse::<u64>().ok()?);
    (quota > 0 && period > 0).then(|| quota as f64 / period as f64)
}

/// The word in brackets in `always [madvise] never`.
pub(super) fn chosen(text: &str) -> Option<String> {
    let word = text.split_once('[')?.1.split_once(']')?.0;
    (!word.is_empty()).then(|| word.to_owned())
}

/// The word in parentheses in `none voluntary (full)`.
pub(super) fn in_parentheses(text: &str) -> Option<String> {
    let word = text.split_once('(')?.1.split_once(')')?.0;
    (!word.is_empty()).then(|| word.to_owned())
}

/// How the kernel of `/proc/version` was built to be interrupted; one that says nothing is interrupted nowhere or at few points.
pub(super) fn preemption(version: &str) -> Option<String> {
    let words = version.split_whitespace();
    words.into_iter().find(|word| word.starts_with("PREEMPT")).map(str::to_owned)
}

/// The first of the three averages in `/proc/loadavg`.
pub(super) fn load(loadavg: &str) -> Option<f64> {
    loadavg.split_whitespace().next()?.parse().ok().filter(|load: &f64| load.is_finite() && *load >= 0.0)
}

/// The eighth time of the line `cpu` in `/proc/stat`.
pub(super) fn steal(stat: &str) -> Option<u64> {
    ticks(stat).map(|ticks| ticks.stolen)
}

/// The processor time of a machine so far, all cores together, in clock ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticks {
    /// Spent working.
    pub(crate) busy: u64,
    /// Given to other guests by the hypervisor.
    pub(crate) stolen: u64,
    /// All of it, idle time included.
    pub(crate) total: u64,
}

impl Ticks {
    /// What has passed since `before`; None if no tick has, or the counts ran backwards, as those of idle time may.
    pub(crate) fn since(self, before: Self) -> Option<Self> {
        let passed = |now: u64, then: u64| now.checked_sub(then);
        let (busy, stolen) = (passed(self.busy, before.busy)?, passed(self.stolen, before.stolen)?);
        let total = passed(self.total, before.total).filter(|total| *total > 0)?;
        Some(Self { busy, stolen, total })
    }
}

/// The line `cpu` in `/proc/stat`: user, nice, system, idle, waiting, two kinds of interrupts, stolen; what follows is part of user.
pub(super) fn ticks(stat: &str) -> Option<Ticks> {
    let times = stat.lines().find_map(|line| line.strip_prefix("cpu "))?.split_whitespace().take(8);
    let times: Vec<u64> = times.map(|time| time.parse().ok()).collect::<Option<_>>()?;
    let [user, nice, system, idle, waiting, hard, soft, stolen] = times.try_into().ok()?;
    let busy = [user, nice, system, hard, soft].iter().try_fold(0, |sum: u64, time| sum.checked_add(*time))?;
    let total = [idle, waiting, stolen].iter().try_fold(busy, |sum, time| sum.checked_add(*time))?;
    Some(Ticks { busy, stolen, total })
}

/// One line `name value` of `/proc/stat`.
pub(super) fn stat_line(stat: &str, name: &str) -> Option<u64> {
    stat.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

/// What the manager of a container tells its first process.
pub(super) fn container_of_init(environ: &[u8]) -> Option<String> {
    let variables = environ.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let named = variables.into_iter().find_map(|variable| variable.strip_prefix("container=").map(str::to_owned));
    named.filter(|name| !name.is_empty())
}

/// The manager that a control group is named after, in `/proc/self/cgroup`.
pub(super) fn container_of_group(groups: &str) -> Option<String> {
    const KNOWN: [(&str, &str); 5] = [
        ("kubepods", "kubernetes"),
        ("docker", "docker"),
        ("libpod", "podman"),
        ("lxc", "lxc"),
        ("machine.slice", "systemd-nspawn"),
    ];
    let known = |group: &str| KNOWN.iter().find(|(mark, _)| group.contains(mark)).map(|(_, name)| (*name).to_owned());
    groups.lines().find_map(known)
}

/// The path of glibc in `/proc/self/maps`.
pub(super) fn glibc_file(maps: &str) -> Option<&str> {
    let paths = maps.lines().filter_map(|line| line.find('/').map(|start| &line[start..]));
    paths
        .into_iter()
        .find(|path| path.rsplit('/').next().is_some_and(|name| name == "libc.so.6" || name.starts_with("libc-2.")))
}

/// The version in the banner that glibc carries in its file: `GNU C Library (...) stable release version 2.36.`
pub(super) fn glibc_version(file: &[u8]) -> Option<String> {
    const BANNER: &[u8] = b"GNU C Library (";
    const LONGEST: usize = 200;
    let start = file.windows(BANNER.len()).position(|window| window == BANNER)?;
    let banner = String::from_utf8_lossy(&file[start..file.len().min(start + LONGEST)]).into_owned();
    let version = banner.split_once("release version ")?.1;
    let digits: String = version.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let digits = digits.trim_end_matches('.');
    (!digits.is_empty()).then(|| format!("glibc {digits}"))
}

/// The hypervisor by what the firmware says, if the processor or the firmware says that there is one.
pub(super) fn hypervisor(cpuinfo: &str, vendor: &str, product: &str) -> Option<String> {
    const KNOWN: [(&str, &str); 10] = [
        ("QEMU", "QEMU"),
        ("KVM", "KVM"),
        ("VMware", "VMware"),
        ("innotek", "VirtualBox"),
        ("VirtualBox", "VirtualBox"),
        ("Virtual Machine", "Hyper-V"),
        ("Xen", "Xen"),
        ("Google Compute Engine", "Google Compute Engine"),
        ("Parallels", "Parallels"),
        ("Bochs", "Bochs"),
    ];
    let firmware = format!("{vendor} {product}");
    let known = KNOWN.iter().find(|(mark, _)| firmware.contains(mark)).map(|(_, name)| (*name).to_owned());
    let flagged = || field(cpuinfo, "flags")?.split(' ').find(|flag| *flag == "hypervisor");
    let named = || if firmware.trim().is_empty() { "unnamed".to_owned() } else { firmware.trim().to_owned() };
    known.or_else(|| flagged().map(|_| named()))
}
