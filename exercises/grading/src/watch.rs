//! Word of saved files: which of them changed since the last question, once the editor is done.

use std::collections::BTreeSet;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use crate::interrupt;

/// How long nothing may be written until a save counts as done, in milliseconds: some editors write a file in several steps.
const QUIET_MS: u16 = 100;

/// A folder under watch. Its watching ends when it is dropped.
pub(crate) struct Watch {
    _watcher: RecommendedWatcher,
    bell: Arc<EventFd>,
    changed: Arc<Mutex<BTreeSet<PathBuf>>>,
}

impl Watch {
    /// Watches where the handout has its exercises, or else the folder itself and nothing below: what cargo builds lies below, too.
    pub(crate) fn start(submission: &Path) -> Result<Self> {
        let bell = Arc::new(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?);
        let changed = Arc::<Mutex<BTreeSet<PathBuf>>>::default();
        let (ringing, noting) = (Arc::clone(&bell), Arc::clone(&changed));
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Being opened and read is no change; it is what the grader does.
            let Ok(event) = event else { return };
            if event.kind.is_create() || event.kind.is_modify() || event.kind.is_remove() {
                noting.lock().unwrap_or_else(PoisonError::into_inner).extend(event.paths);
                let _ = ringing.write(1);
            }
        })?;
        let exercises = submission.join("exercises");
        let (folder, mode) = if exercises.is_dir() {
            (exercises.as_path(), RecursiveMode::Recursive)
        } else {
            (submission, RecursiveMode::NonRecursive)
        };
        watcher.watch(folder, mode).with_context(|| format!("{} cannot be watched", folder.display()))?;
        Ok(Self { _watcher: watcher, bell, changed })
    }

    /// Waits until something was saved; or fails with the signal that calls it off.
    pub(crate) fn next(&self) -> Result<BTreeSet<PathBuf>> {
        let mut wait = PollTimeout::NONE;
        loop {
            interrupt::check()?;
            let mut events = vec![PollFd::new(self.bell.as_fd(), PollFlags::POLLIN)];
            events.extend(interrupt::event().map(|event| PollFd::new(event, PollFlags::POLLIN)));
            match poll(&mut events, wait) {
                Err(nix::errno::Errno::EINTR) => continue,
                Err(fault) => return Err(fault).context("waiting for a saved file"),
                // Quiet, after something.
                Ok(0) => return Ok(std::mem::take(&mut *self.changed.lock().unwrap_or_else(PoisonError::into_inner))),
                Ok(_) => {
                    let _ = self.bell.read();
                    wait = PollTimeout::from(QUIET_MS);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_file_is_told_once_however_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let exercises = folder.path().join("exercises/lesson");
        std::fs::create_dir_all(&exercises).unwrap();
        let watch = Watch::start(folder.path()).unwrap();
        let file = exercises.join("lesson_one.rs");
        std::fs::write(&file, "fn main() {}").unwrap();
        std::fs::write(&file, "fn main() { }").unwrap();
        assert!(watch.next().unwrap().contains(&file));
        // As an editor does that writes beside and renames.
        std::fs::write(exercises.join(".draft"), "fn main() {  }").unwrap();
        std::fs::rename(exercises.join(".draft"), &file).unwrap();
        assert!(watch.next().unwrap().contains(&file));
        let _ = std::fs::read(&file).unwrap();
        assert!(watch.changed.lock().unwrap().is_empty());
    }
}
