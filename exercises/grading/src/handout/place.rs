//! Puts files into a folder, without touching what a student has changed there; or packs them into an archive.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use zip::write::SimpleFileOptions;

use super::{Files, PROTECTED, hash, hashes};

/// What came of putting files into a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placed {
    /// How many files were written.
    pub written: usize,
    /// Files that were left as they are, because somebody has changed them.
    pub left: Vec<PathBuf>,
}

/// Writes every file that is not there, or is as it was handed out; leaves all others.
///
/// # Errors
/// If the folder cannot be written.
pub fn place(files: &Files, folder: &Path) -> Result<Placed> {
    let list = folder.join(PROTECTED);
    let before = match fs::read_to_string(&list) {
        Ok(text) => hashes(&text),
        Err(fault) if fault.kind() == ErrorKind::NotFound => BTreeMap::new(),
        Err(fault) => return Err(fault).with_context(|| format!("{} cannot be read", list.display())),
    };
    let mut placed = Placed::default();
    for (path, file) in files.iter().filter(|(path, _)| path.as_path() != Path::new(PROTECTED)) {
        let place = folder.join(path);
        let there = match fs::read(&place) {
            Ok(there) => Some(there),
            Err(fault) if fault.kind() == ErrorKind::NotFound => None,
            Err(fault) => return Err(fault).with_context(|| format!("{} cannot be read", place.display())),
        };
        // Cargo writes this one, too: it leaves out what a build does not use.
        let cargos = path == Path::new("Cargo.lock");
        let handed_out = |there: &[u8]| cargos || before.get(path).is_some_and(|known| *known == hash(there));
        match there {
            Some(there) if there == file.bytes => {}
            Some(there) if !handed_out(&there) => placed.left.push(path.clone()),
            _ => {
                write(&place, &file.bytes, file.executable)?;
                placed.written += 1;
            }
        }
    }
    // The list last: a handout that was cut short changes nothing that it does not know.
    if let Some(list) = files.get(Path::new(PROTECTED)) {
        write(&folder.join(PROTECTED), &list.bytes, false)?;
    }
    Ok(placed)
}

fn write(place: &Path, bytes: &[u8], executable: bool) -> Result<()> {
    let folder = place.parent().context("a file is in a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    fs::write(place, bytes).with_context(|| format!("{} cannot be written", place.display()))?;
    if executable {
        fs::set_permissions(place, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// Packs the files into a zip archive, below folder `top` of it if that is not empty. The same files make the same archive.
///
/// # Errors
/// If the archive is there already, or cannot be written.
pub fn pack(files: &Files, archive: &Path, top: &str) -> Result<()> {
    let shown = archive.display();
    ensure!(!archive.exists(), "{shown} is there already; another name, or remove it first");
    let folder = archive.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let draft = tempfile::Builder::new().prefix(".unpickled-").tempfile_in(folder);
    let draft = draft.with_context(|| format!("{shown} cannot be written"))?;
    let mut writer = zip::ZipWriter::new(draft.as_file());
    for (path, file) in files {
        let mode = if file.executable { 0o755 } else { 0o644 };
        writer.start_file_from_path(Path::new(top).join(path), SimpleFileOptions::default().unix_permissions(mode))?;
        writer.write_all(&file.bytes)?;
    }
    writer.finish()?;
    draft.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    draft.persist_noclobber(archive).with_context(|| format!("{shown} cannot be written"))?;
    Ok(())
}
