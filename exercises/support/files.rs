//! What a program may do to the files of one folder, and the folder of a real file system.

use std::fs::{self, File, OpenOptions};
use std::io::{Result, Write};
use std::path::{Path, PathBuf};

/// One folder. Each call is one step: a program may be killed between any two of them, and within an [`append`](Self::append).
pub trait Files {
    /// Makes an empty file; one that is there already loses what is in it.
    fn create(&mut self, name: &str) -> Result<()>;

    /// Adds bytes to the end of a file. Others may see a part of them before all are there.
    fn append(&mut self, name: &str, bytes: &[u8]) -> Result<()>;

    /// Waits until what is in a file is on the disk (fsync(2)).
    fn sync(&mut self, name: &str) -> Result<()>;

    /// Waits until the names of the folder are on the disk (fsync(2) of the folder).
    fn sync_folder(&mut self) -> Result<()>;

    /// Gives a file another name, in one step; a file that had that name is gone (rename(2)).
    fn rename(&mut self, from: &str, to: &str) -> Result<()>;

    /// Removes a file.
    fn remove(&mut self, name: &str) -> Result<()>;
}

/// A folder of a file system.
///
/// ```
/// use exercises::{Files, Folder};
/// let path = std::env::temp_dir().join(format!("folder-example-{}", std::process::id()));
/// std::fs::create_dir(&path).unwrap();
/// let mut folder = Folder::at(&path);
/// folder.create("report").unwrap();
/// folder.append("report", b"new").unwrap();
/// assert_eq!(std::fs::read(path.join("report")).unwrap(), b"new");
/// std::fs::remove_dir_all(&path).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at `path`.
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }
}

impl Files for Folder {
    fn create(&mut self, name: &str) -> Result<()> {
        File::create(self.0.join(name)).map(drop)
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        OpenOptions::new().append(true).open(self.0.join(name))?.write_all(bytes)
    }

    fn sync(&mut self, name: &str) -> Result<()> {
        File::open(self.0.join(name))?.sync_all()
    }

    fn sync_folder(&mut self) -> Result<()> {
        File::open(&self.0)?.sync_all()
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        fs::rename(self.0.join(from), self.0.join(to))
    }

    fn remove(&mut self, name: &str) -> Result<()> {
        fs::remove_file(self.0.join(name))
    }
}
