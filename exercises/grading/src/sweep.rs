//! Removes folders that somebody unfriendly has filled.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// Removes a folder with all that is in it, however deep it is; follows no link.
///
/// # Errors
/// If something cannot be removed.
pub(crate) fn remove(folder: &Path) -> io::Result<()> {
    fs::remove_dir_all(folder).or_else(|fault| {
        // `remove_dir_all` holds a descriptor for each level, and leaves what is deeper than a process may have; rm(1) does not.
        let removed =
            Command::new("rm").args(["-rf", "--"]).arg(folder).stdin(Stdio::null()).stderr(Stdio::null()).status()?;
        if removed.success() { Ok(()) } else { Err(fault) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_deeper_than_descriptors_reach_goes_and_what_is_linked_stays() {
        let place = tempfile::tempdir().unwrap();
        let (kept, filled) = (place.path().join("kept"), place.path().join("filled"));
        fs::create_dir(&kept).unwrap();
        fs::create_dir_all(filled.join("a/b")).unwrap();
        std::os::unix::fs::symlink(&kept, filled.join("a/link")).unwrap();
        // Put from outside around what is there: no path is long enough for it.
        for _ in 0..3_000 {
            fs::create_dir(place.path().join("outer")).unwrap();
            fs::rename(&filled, place.path().join("outer/d")).unwrap();
            fs::rename(place.path().join("outer"), &filled).unwrap();
        }
        remove(&filled).unwrap();
        assert!(!filled.exists() && kept.exists());
    }
}
