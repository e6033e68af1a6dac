//! Where files lie: on a disk or in memory, and under no name, so that nothing of them is left, whatever becomes of their process.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use nix::sys::statfs::{OVERLAYFS_SUPER_MAGIC, TMPFS_MAGIC, statfs};

/// A folder on something else than memory, as statfs(2) tells: the one for temporary files, `/var/tmp`, or that of the program.
pub(crate) fn on_disk() -> Option<PathBuf> {
    let program = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.to_owned()));
    let candidates = [Some(std::env::temp_dir()), Some("/var/tmp".into()), program];
    candidates.into_iter().flatten().find(|folder| !in_memory(folder) && tempfile::tempfile_in(folder).is_ok())
}

/// A folder in memory. Where there is none, a file of [`multiprocess::ScratchFile`] is as good.
fn in_memory(folder: &Path) -> bool {
    statfs(folder).is_ok_and(|found| found.filesystem_type() == TMPFS_MAGIC)
}

/// What a reader has to know of a folder: where it is, and what it lies on.
pub(crate) fn described(folder: &Path) -> String {
    let kind = match statfs(folder).map(|found| found.filesystem_type()) {
        Ok(TMPFS_MAGIC) => "tmpfs: memory".to_owned(),
        Ok(OVERLAYFS_SUPER_MAGIC) => "an overlay, as in a container".to_owned(),
        Ok(other) => format!("file system {:#x}", other.0),
        Err(fault) => fault.to_string(),
    };
    format!("{} ({kind})", folder.display())
}

/// A file in `folder` that has no name (`O_TMPFILE`, open(2)): it is gone with the last process that has it open.
pub(crate) fn nameless(folder: &Path) -> io::Result<File> {
    tempfile::tempfile_in(folder)
}

/// The path by which other processes open a file that this one has open (proc(5)); of one length for every process and file, so that the
/// bytes of a message are the same in every run.
pub(crate) fn path_of(file: &File) -> String {
    format!("{:/>40}", format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_nameless_file_is_read_by_its_path_while_it_is_open() {
        let folder = std::env::temp_dir();
        let mut file = nameless(&folder).unwrap();
        file.write_all(b"forty-two").unwrap();
        let path = path_of(&file);
        assert_eq!((std::fs::read(&path).unwrap().as_slice(), path.len()), (b"forty-two".as_slice(), 40));
        drop(file);
        assert!(std::fs::read(&path).is_err());
        assert!(described(&folder).contains(&folder.display().to_string()));
    }

    #[test]
    fn memory_is_no_disk() {
        assert!(on_disk().is_none_or(|folder| !in_memory(&folder)));
    }
}
