//! Fewer cores than the machine has: by an affinity mask, which any process may give itself, and by the quota of a control group, which takes
//! the right to make one.

use std::fs;
use std::path::{Path, PathBuf};

use harness::environment::usable_cores;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// Cores that are online, which is what `os.cpu_count()` counts, whoever may use them.
pub(super) fn reported_cores() -> usize {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let is_core =
        |line: &&str| line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    stat.lines().filter(is_core).count().max(usable_cores())
}

// ANCHOR: pin
/// Keeps this process, and whatever it starts, on the first of the cores that it may use.
pub(super) fn pin_to_one_core() -> nix::Result<()> {
    let allowed = sched_getaffinity(Pid::from_raw(0))?;
    let first = (0..CpuSet::count()).find(|core| allowed.is_set(*core).is_ok_and(|set| set));
    let mut one = CpuSet::new();
    one.set(first.unwrap_or(0))?;
    sched_setaffinity(Pid::from_raw(0), &one)
}
// ANCHOR_END: pin

/// How long the kernel counts before it gives a group its quota anew, in microseconds. Its own default is 100,000, far longer than a map here.
const PERIOD_US: u64 = 10_000;

/// The names of groups that are made here, before the pid of who made them.
const NAME: &str = "unpickled_quota_";

/// A control group of this process's own, with a quota of processor time. Dropped, it lets go of this process and is gone.
pub(super) struct Quota {
    /// The group this process came from.
    home: PathBuf,
    own: PathBuf,
}

impl Quota {
    // ANCHOR: quota
    /// Puts this process, and whatever it starts, into a group that may use so many cores' worth of time.
    ///
    /// # Errors
    /// Why that cannot be done here, in words.
    pub(super) fn of_cores(cores: u64) -> Result<Self, String> {
        let home = group_of_this_process()?;
        remove_those_of_the_dead(&home);
        let own = home.join(format!("{NAME}{}", std::process::id()));
        fs::create_dir(&own).map_err(|fault| format!("no control group can be made in {}: {fault}", home.display()))?;
        let quota = Self { home, own };
        let time = cores * PERIOD_US;
        let limited = if quota.own.join("cpu.max").exists() {
            quota.write("cpu.max", &format!("{time} {PERIOD_US}"))
        } else {
            quota
                .write("cpu.cfs_period_us", &PERIOD_US.to_string())
                .and_then(|()| quota.write("cpu.cfs_quota_us", &time.to_string()))
        };
        limited.and_then(|()| quota.write("cgroup.procs", &std::process::id().to_string()))?;
        Ok(quota)
    }
    // ANCHOR_END: quota

    fn write(&self, file: &str, words: &str) -> Result<(), String> {
        fs::write(self.own.join(file), words)
            .map_err(|fault| format!("a control group's {file} cannot be set: {fault}"))
    }

    /// In how many periods its time was used up so far.
    pub(super) fn throttled_periods(&self) -> u64 {
        let stat = fs::read_to_string(self.own.join("cpu.stat")).unwrap_or_default();
        let line = stat.lines().find_map(|line| line.strip_prefix("nr_throttled "));
        line.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
    }
}

impl Drop for Quota {
    /// What cannot be undone here is undone by the next who makes a group.
    fn drop(&mut self) {
        let _ = fs::write(self.home.join("cgroup.procs"), std::process::id().to_string());
        let _ = fs::remove_dir(&self.own);
    }
}

/// The folder of the group that decides about this process's time, of either version of control groups.
fn group_of_this_process() -> Result<PathBuf, String> {
    let groups = fs::read_to_string("/proc/self/cgroup").map_err(|fault| format!("/proc/self/cgroup: {fault}"))?;
    let mut places = groups.lines().filter_map(|line| {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        let path = path.trim_start_matches('/');
        match controllers {
            "" => Some(Path::new("/sys/fs/cgroup").join(path)),
            list if list.split(',').any(|name| name == "cpu") => {
                Some(Path::new("/sys/fs/cgroup").join(list).join(path))
            }
            _ => None,
        }
    });
    let limits = |place: &PathBuf| {
        let offers = fs::read_to_string(place.join("cgroup.subtree_control")).unwrap_or_default();
        place.join("cpu.cfs_quota_us").exists() || offers.split_whitespace().any(|name| name == "cpu")
    };
    places.find(limits).ok_or_else(|| "no control group above this process gives quotas of processor time".to_owned())
}

/// A subject that is killed leaves its group behind, empty.
fn remove_those_of_the_dead(home: &Path) {
    let groups = fs::read_dir(home).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_dead = |group: &PathBuf| {
        let name = group.file_name().unwrap_or_default().to_string_lossy();
        let pid = name.strip_prefix(NAME).and_then(|pid| pid.parse::<u32>().ok());
        pid.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists())
    };
    groups.filter(is_dead).for_each(|group| drop(fs::remove_dir(group)));
}
