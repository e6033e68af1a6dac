//! What a program can read about the processors that it may use: as texts, so that any machine can be described on any other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Above every processor number that Linux can be built for.
const PROCESSORS: usize = 8_192;

/// The texts that tell how many processors a process may use; none where there is no such file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// `/sys/devices/system/cpu/online`: the processors that are switched on, such as `0-3,8`.
    pub online: Option<String>,
    /// `/proc/self/status`, of which the line `Cpus_allowed_list:` has the processors that the affinity mask allows.
    pub status: Option<String>,
    /// The control group of the process, the group around it, and so on to the outermost.
    pub groups: Vec<Group>,
}

/// The texts of one control group; none where there is no such file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Version 2, `cpu.max`: quota and period in microseconds, such as `150000 100000`, or `max 100000` without a quota.
    pub cpu_max: Option<String>,
    /// Version 1, `cpu.cfs_quota_us`: the quota in microseconds, or -1 without one.
    pub cfs_quota_us: Option<String>,
    /// Version 1, `cpu.cfs_period_us`: the period in microseconds.
    pub cfs_period_us: Option<String>,
}

impl Machine {
    /// This machine, as this process finds it.
    ///
    /// ```
    /// assert!(exercises::Machine::here().status.unwrap().contains("Cpus_allowed_list:"));
    /// ```
    pub fn here() -> Self {
        Self {
            online: read(Path::new("/sys/devices/system/cpu/online")),
            status: read(Path::new("/proc/self/status")),
            groups: read(Path::new("/proc/self/cgroup")).as_deref().map(groups).unwrap_or_default(),
        }
    }
}

/// The numbers in a list of processors, as Linux writes them; none if it is no such list.
///
/// ```
/// assert_eq!(exercises::processors("0-2,8\n"), Some([0, 1, 2, 8].into()));
/// assert_eq!(exercises::processors("three"), None);
/// ```
pub fn processors(list: &str) -> Option<BTreeSet<usize>> {
    let number = |text: &str| text.parse::<usize>().ok().filter(|number| *number < PROCESSORS);
    let mut numbers = BTreeSet::new();
    for part in list.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        numbers.extend(number(first)?..=number(last)?);
    }
    Some(numbers)
}

/// The groups that `/proc/self/cgroup` names, with those around them; lines `number:controllers:path` (cgroups(7)).
fn groups(text: &str) -> Vec<Group> {
    let mut groups = Vec::new();
    for line in text.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        let root = match controllers {
            "" => Path::new("/sys/fs/cgroup"),
            _ if controllers.split(',').any(|name| name == "cpu") => Path::new("/sys/fs/cgroup/cpu"),
            _ => continue,
        };
        let own = root.join(path.trim_start_matches('/'));
        groups.extend(own.ancestors().take_while(|group| group.starts_with(root)).map(Group::read));
    }
    groups
}

impl Group {
    fn read(folder: &Path) -> Self {
        let [cpu_max, cfs_quota_us, cfs_period_us] =
            ["cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us"].map(|name| read(&folder.join(name)));
        Self { cpu_max, cfs_quota_us, cfs_period_us }
    }
}

fn read(file: &Path) -> Option<String> {
    fs::read_to_string(file).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_read_with_all_around_it() {
        // Two and the root of version 1, one and the root of version 2; memory is no matter of processors.
        assert_eq!(groups("12:cpu,cpuacct:/outer/inner\n3:memory:/other\n0::/own\n").len(), 5);
        assert_eq!(groups("0::/\n").len(), 1);
        assert_eq!(groups("nonsense\n").len(), 0);
    }

    #[test]
    fn what_is_no_list_of_processors_is_none() {
        for list in ["", "0-", "0,,1", "-1", "0-99999", "a-b"] {
            assert_eq!(processors(list), None, "{list}");
        }
    }
}
