//! A control group of its own for one `lab`, where this machine permits it: usually only root may make one.

use std::fs;
use std::path::PathBuf;

use crate::processes::eventually;

/// A group with limits. It is gone at the end of the test, whether that fails or not.
pub(super) struct Group {
    folder: PathBuf,
    /// The file that takes the pid of whoever joins, for the wrapper.
    door: String,
}

impl Group {
    /// A group of `controller`, with the `first` limits where it is of version 1 and the `second` where it is of version 2. None where
    /// it cannot be made.
    pub(super) fn new(controller: &str, first: &[(&str, &str)], second: &[(&str, &str)]) -> Option<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
        let made = |line: &str| {
            let (place, system) = line.split_once(" - ")?;
            let point = place.split(' ').nth(4)?;
            let limits = match system.split(' ').next()? {
                "cgroup" if system.split(['=', ',', ' ']).any(|word| word == controller) => first,
                "cgroup2" => second,
                _ => return None,
            };
            Self::below(point, controller, limits)
        };
        mounts.lines().find_map(made)
    }

    fn below(point: &str, controller: &str, limits: &[(&str, &str)]) -> Option<Self> {
        let folder = PathBuf::from(format!("{point}/unpickled-{controller}-{}", std::process::id()));
        fs::create_dir(&folder).ok()?;
        let group = Self { door: folder.join("cgroup.procs").to_str()?.to_owned(), folder };
        // A file that is not there cannot be made: this hierarchy does not have the controller.
        let set = limits.iter().all(|(file, value)| fs::write(group.folder.join(file), value).is_ok());
        set.then_some(group)
    }

    /// A program that joins the group and then executes the rest of its line.
    pub(super) fn wrapper(&self) -> [&str; 4] {
        ["sh", "-c", "echo $$ > \"$0\" && exec \"$@\"", &self.door]
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The kernel takes a moment to see that the last process has left.
        eventually("the end of a control group", || {
            let removed = fs::remove_dir(&self.folder);
            (removed.is_ok() || !self.folder.exists()).then_some(())
        });
    }
}
