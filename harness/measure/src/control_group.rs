//! Where the limits of this process's control groups are written, in either version, and the seam through which they are read.
//!
//! Read `cgroups(7)` first. A limit holds for a group and everything below it, so that all groups from the process's own up
//! to the root have to be asked.

use std::path::{Component, Path, PathBuf};

/// How a file of the machine is read: from the disk, or in tests from a list. None if it is absent.
pub(crate) type Read<'a> = &'a dyn Fn(&Path) -> Option<Vec<u8>>;

/// Reads from the machine itself.
pub(crate) fn from_disk(path: &Path) -> Option<Vec<u8>> {
    std::fs::read(path).ok()
}

/// The text of a file, without the white space around it. Bytes that are not UTF-8 are replaced.
pub(crate) fn text(read: Read<'_>, path: impl AsRef<Path>) -> Option<String> {
    read(path.as_ref()).map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned())
}

/// The folders that may limit this process by `controller` (`cpu`, `memory`), innermost first; none if there are no groups.
///
/// On a machine with both versions, folders of both are listed. Whichever of them holds the file asked for has the limit.
pub(crate) fn folders(read: Read<'_>, controller: &str) -> Vec<PathBuf> {
    let files = text(read, "/proc/self/cgroup").zip(text(read, "/proc/self/mountinfo"));
    files.map_or_else(Vec::new, |(groups, mounts)| folders_in(&groups, &mounts, controller))
}

fn folders_in(groups: &str, mounts: &str, controller: &str) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for mount in mounts.lines().filter_map(Mount::parse) {
        let controllers =
            groups.lines().filter_map(group).find(|(controllers, _)| mount.holds(controllers, controller));
        if let Some((_, path)) = controllers {
            let below = mount.below(path);
            folders.extend(below.ancestors().map(|relative| mount.point.join(relative)));
        }
    }
    folders
}

/// One line of `/proc/self/cgroup`: its controllers (none in version 2), and the path of the group.
fn group(line: &str) -> Option<(&str, &Path)> {
    let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
    Some((controllers, Path::new(path)))
}

/// One line of `/proc/self/mountinfo` that mounts control groups.
struct Mount<'a> {
    /// The group that is seen at the mount point.
    root: &'a Path,
    point: &'a Path,
    /// The controllers of a mount of version 1; none in version 2.
    controllers: Option<&'a str>,
}

impl<'a> Mount<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (place, system) = line.split_once(" - ")?;
        let mut place = place.split(' ').skip(3);
        let (root, point) = (Path::new(place.next()?), Path::new(place.next()?));
        let mut system = system.split(' ');
        let controllers = match system.next()? {
            "cgroup2" => None,
            "cgroup" => Some(system.nth(1)?),
            _ => return None,
        };
        Some(Self { root, point, controllers })
    }

    /// Whether the group with these `controllers` is mounted here and can limit by `wanted`.
    fn holds(&self, controllers: &str, wanted: &str) -> bool {
        let lists = |list: &str| list.split(',').any(|name| name == wanted);
        self.controllers.map_or(controllers.is_empty(), |mounted| lists(mounted) && lists(controllers))
    }

    /// Where below the mount point `group` is. A group that this mount does not show (that of the host, seen from a
    /// container) is at best the mount point itself.
    fn below<'p>(&self, group: &'p Path) -> &'p Path {
        let seen = group.strip_prefix(self.root).ok();
        let inside = seen.filter(|path| path.components().all(|part| matches!(part, Component::Normal(_))));
        inside.unwrap_or(Path::new(""))
    }
}

#[cfg(test)]
mod tests {
    use super::folders_in;

    #[track_caller]
    fn check(groups: &str, mounts: &str, controller: &str, expected: &[&str]) {
        let found = folders_in(groups, mounts, controller);
        assert_eq!(
            found.iter().map(|path| path.as_path()).collect::<Vec<_>>(),
            expected.iter().map(std::path::Path::new).collect::<Vec<_>>()
        );
    }

    const V2: &str = "30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev shared:9 - cgroup2 cgroup2 rw,nsdelegate";
    const V1: &str = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
        32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
        35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
        41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw";

    #[test]
    fn version_two_walks_from_the_own_group_to_the_root() {
        let expected = ["/sys/fs/cgroup/user.slice/a.scope", "/sys/fs/cgroup/user.slice", "/sys/fs/cgroup"];
        check("0::/user.slice/a.scope\n", V2, "cpu", &expected);
        check("0::/\n", V2, "memory", &["/sys/fs/cgroup"]);
    }

    #[test]
    fn version_one_uses_the_mount_of_the_controller_and_hybrid_lists_both() {
        let groups = "4:memory:/jobs/7\n2:cpu,cpuacct:/\n1:name=systemd:/\n0::/\n";
        let unified = "/sys/fs/cgroup/unified";
        let memory = "/sys/fs/cgroup/memory";
        check(groups, V1, "cpu", &["/sys/fs/cgroup/cpu,cpuacct", unified]);
        check(groups, V1, "memory", &[&format!("{memory}/jobs/7"), &format!("{memory}/jobs"), memory, unified]);
    }

    /// `cpu` must not be taken for `cpuset` or `cpuacct`.
    #[test]
    fn a_controller_is_matched_by_its_whole_name() {
        check("3:cpuset:/a\n", "35 31 0:32 / /c rw - cgroup cgroup rw,cpuset", "cpu", &[]);
    }

    #[test]
    fn a_container_that_shows_its_own_group_as_the_root_strips_it() {
        let mount = "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory";
        let point = "/sys/fs/cgroup/memory";
        check("4:memory:/docker/abc/inner\n", mount, "memory", &[&format!("{point}/inner"), point]);
        check("4:memory:/docker/other\n", mount, "memory", &[point]);
        check("0::/../sibling\n", V2, "memory", &["/sys/fs/cgroup"]);
    }

    #[test]
    fn malformed_files_hold_no_folders() {
        for (groups, mounts) in [
            ("", V2),
            ("0::/a", ""),
            ("nonsense", V2),
            ("0::/a", "30 23 - cgroup2"),
            ("0::", "- - -"),
            ("4:memory:/", "1 2 3 / /c rw - cgroup x"),
        ] {
            assert_eq!(folders_in(groups, mounts, "memory"), Vec::<std::path::PathBuf>::new(), "{groups:?} {mounts:?}");
        }
    }
}
