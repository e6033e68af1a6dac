//! How a run gets to disk and back.
//!
//! A run's file appears under its name with its header already in it, and grows by whole lines, each one `write`. A program
//! that is killed at any moment leaves a file that reads back: at worst its last line lacks the end, and is left out.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::Error;
use crate::run::{End, Header, Row, Run, SCHEMA, Subject};

/// Appends the rows of one run to its file.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    file: File,
    /// Where the last whole line ends, in bytes.
    whole: u64,
}

impl Recorder {
    /// Creates `FOLDER/ID.jsonl` with the header as its first line.
    ///
    /// # Errors
    /// If the folder cannot be made or written to, or if a run of this name exists already: nothing recorded is overwritten.
    pub fn create(folder: &Path, header: &Header) -> Result<Self, Error> {
        // Two recorders of one process must not share the file that they prepare.
        static PREPARED: AtomicU32 = AtomicU32::new(0);
        let own = format!(".{}.{}-{}.partial", header.id, std::process::id(), PREPARED.fetch_add(1, Relaxed));
        let (path, partial) = (folder.join(format!("{}.jsonl", header.id)), folder.join(own));
        std::fs::create_dir_all(folder).map_err(|source| Error::io(folder, source))?;
        let first = line(&path, &Row::Run(header.clone()))?;
        let made = File::create(&partial)
            .and_then(|mut file| file.write_all(&first).map(|()| file))
            // A hard link, unlike a rename, refuses to replace a run that is already there.
            .and_then(|file| std::fs::hard_link(&partial, &path).map(|()| file));
        let removed = std::fs::remove_file(&partial);
        let file = made.map_err(|source| Error::io(&path, source))?;
        removed.map_err(|source| Error::io(&partial, source))?;
        Ok(Self { path, file, whole: first.len() as u64 })
    }

    /// Where the run is written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends one subject.
    ///
    /// # Errors
    /// If the file cannot be written to. The rows before it stay readable.
    pub fn subject(&mut self, subject: &Subject) -> Result<(), Error> {
        self.append(&Row::Subject(subject.clone()))
    }

    /// Appends the end row and flushes the file to the disk.
    ///
    /// # Errors
    /// As [`Recorder::subject`].
    pub fn end(mut self, end: &End) -> Result<PathBuf, Error> {
        self.append(&Row::End(end.clone()))?;
        self.file.sync_all().map_err(|source| Error::io(&self.path, source))?;
        Ok(self.path)
    }

    fn append(&mut self, row: &Row) -> Result<(), Error> {
        let bytes = line(&self.path, row)?;
        if let Err(source) = self.file.write_all(&bytes) {
            // On a full disk half a line may stand there, and must not end up in the middle of the file.
            let mended = self.file.set_len(self.whole).and_then(|()| self.file.seek(SeekFrom::End(0)));
            return Err(Error::io(&self.path, mended.err().unwrap_or(source)));
        }
        self.whole += bytes.len() as u64;
        Ok(())
    }
}

fn line(path: &Path, row: &Row) -> Result<Vec<u8>, Error> {
    let mut bytes = serde_json::to_vec(row).map_err(|fault| Error::io(path, fault.into()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The first line of any version: enough to tell a newer file from a damaged one.
#[derive(Deserialize)]
struct AnyHeader {
    kind: String,
    schema: u32,
    #[serde(flatten)]
    _rest: std::collections::BTreeMap<String, IgnoredAny>,
}

impl Run {
    /// Reads a run back. A last line without its newline was being written when the program was killed, and is left out.
    ///
    /// # Errors
    /// If the file cannot be read, was written by a newer program, or holds a line that is not a row of a run: unknown
    /// fields are refused. The message names file and line.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes = std::fs::read(path).map_err(|source| Error::io(path, source))?;
        Self::parse(path, &bytes)
    }

    /// Reads a run from the bytes of `path`, as [`Run::read`] does.
    ///
    /// # Errors
    /// As [`Run::read`].
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let mut lines = bytes[..whole].split_inclusive(|byte| *byte == b'\n').zip(1..);
        let Some((first, _)) = lines.next() else {
            return Err(Error::damaged(path, 1, "no complete line; a run begins with its header"));
        };
        let header = header(path, first)?;
        let mut run = Self { header, subjects: Vec::new(), end: None };
        for (text, number) in lines {
            if run.end.is_some() {
                return Err(Error::damaged(path, number, "a row after the end of the run"));
            }
            match row(path, text, number)? {
                Row::Subject(subject) => run.subjects.push(subject),
                Row::End(end) => run.end = Some(end),
                Row::Run(_) => return Err(Error::damaged(path, number, "a second header")),
            }
        }
        Ok(run)
    }

    /// Every run in `folder`, oldest first by name. A missing folder holds no runs.
    ///
    /// # Errors
    /// If the folder or one of its runs cannot be read.
    pub fn read_all(folder: &Path) -> Result<Vec<(PathBuf, Self)>, Error> {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(Error::io(folder, source)),
        };
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(|source| Error::io(folder, source))?.path();
            if path.extension().is_some_and(|extension| extension == "jsonl") {
                paths.push(path);
            }
        }
        paths.sort();
        paths.into_iter().map(|path| Self::read(&path).map(|run| (path, run))).collect()
    }
}

fn header(path: &Path, text: &[u8]) -> Result<Header, Error> {
    let any: AnyHeader = serde_json::from_slice(text)
        .map_err(|fault| Error::damaged(path, 1, format!("not the header of a run: {fault}")))?;
    if any.kind != "run" {
        return Err(Error::damaged(path, 1, format!("a run begins with its header, not with a row '{}'", any.kind)));
    }
    if any.schema > SCHEMA {
        return Err(Error::newer(path, any.schema, SCHEMA));
    }
    match row(path, text, 1)? {
        Row::Run(header) => Ok(header),
        Row::Subject(_) | Row::End(_) => Err(Error::damaged(path, 1, "not the header of a run")),
    }
}

fn row(path: &Path, text: &[u8], number: usize) -> Result<Row, Error> {
    serde_json::from_slice(text).map_err(|fault| Error::damaged(path, number, format!("not a row of a run: {fault}")))
}
