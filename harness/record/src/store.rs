//! How a run gets to disk and back.
//!
//! A run's file appears under its name with its header already in it, and grows by whole lines, each one `write`. A program
//! that is killed at any moment leaves a file that reads back: at worst its last line lacks the end, and is left out. The end row holds
//! the hash of all bytes above it, and reading checks it: a record that was damaged or edited since is no record.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::Error;
use crate::hash::{self, Hasher};
use crate::migrate;
use crate::run::{End, EndRow, Header, Row, Run, SCHEMA, SEALED_SINCE, Subject};

/// Appends the rows of one run to its file.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    file: File,
    /// Where the last whole line ends, in bytes.
    whole: u64,
    /// The hash of these whole lines.
    hash: Hasher,
    /// How many of them are subjects.
    rows: u64,
}

impl Recorder {
    /// Creates `FOLDER/ID.jsonl` with the header as its first line, in today's schema whatever the header says.
    ///
    /// # Errors
    /// If the folder cannot be made or written to, or if a run of this name exists already: nothing recorded is overwritten.
    pub fn create(folder: &Path, header: &Header) -> Result<Self, Error> {
        // Two recorders of one process must not share the file that they prepare.
        static PREPARED: AtomicU32 = AtomicU32::new(0);
        let own = format!(".{}.{}-{}.partial", header.id, std::process::id(), PREPARED.fetch_add(1, Relaxed));
        let (path, partial) = (folder.join(format!("{}.jsonl", header.id)), folder.join(own));
        std::fs::create_dir_all(folder).map_err(|source| Error::io(folder, source))?;
        let first = line(&path, &Row::Run(Header { schema: SCHEMA, ..header.clone() }))?;
        let made = File::create(&partial)
            .and_then(|mut file| file.write_all(&first).map(|()| file))
            // A hard link, unlike a rename, refuses to replace a run that is already there.
            .and_then(|file| std::fs::hard_link(&partial, &path).map(|()| file));
        let removed = std::fs::remove_file(&partial);
        let file = made.map_err(|source| Error::io(&path, source))?;
        removed.map_err(|source| Error::io(&partial, source))?;
        let mut hash = Hasher::default();
        hash.add(&first);
        Ok(Self { path, file, whole: first.len() as u64, hash, rows: 0 })
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
        self.append(&Row::Subject(subject.clone()))?;
        self.rows += 1;
        Ok(())
    }

    /// Appends the end row, which seals the lines above it, and flushes the file to the disk.
    ///
    /// # Errors
    /// As [`Recorder::subject`].
    pub fn end(mut self, end: &End) -> Result<PathBuf, Error> {
        let End { finished, load, steal_ticks, available_bytes, frequency_khz } = end.clone();
        let (rows, sha256) = (Some(self.rows), Some(self.hash.clone().hex()));
        let row = EndRow { finished, load, steal_ticks, available_bytes, frequency_khz, rows, sha256 };
        self.append(&Row::End(row))?;
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
        self.hash.add(&bytes);
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
    /// If the file cannot be read, was written by a newer program, holds a line that is not a row of a run of its schema (unknown
    /// fields are refused), or does not match the hash in its end row. The message names file and line.
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
        let (schema, mut above) = (header.schema, first.len());
        let mut run = Self { header, subjects: Vec::new(), end: None };
        for (text, number) in lines {
            if run.end.is_some() {
                return Err(Error::damaged(path, number, "a row after the end of the run"));
            }
            match row(path, text, number, schema)? {
                Row::Subject(subject) => run.subjects.push(subject),
                Row::End(end) => {
                    let seal = check_seal(&end, schema, run.subjects.len() as u64, &bytes[..above]);
                    seal.map_err(|what| Error::damaged(path, number, what))?;
                    let EndRow { finished, load, steal_ticks, available_bytes, frequency_khz, .. } = end;
                    run.end = Some(End { finished, load, steal_ticks, available_bytes, frequency_khz });
                }
                Row::Run(_) => return Err(Error::damaged(path, number, "a second header")),
            }
            above += text.len();
        }
        if run.end.is_some() && whole < bytes.len() {
            let line = bytes[..whole].iter().filter(|byte| **byte == b'\n').count() + 1;
            return Err(Error::damaged(path, line, "something after the end of the run"));
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
    if any.schema == 0 {
        return Err(Error::damaged(path, 1, format!("schema 0; there are 1 to {SCHEMA}")));
    }
    match row(path, text, 1, any.schema)? {
        Row::Run(header) => Ok(header),
        Row::Subject(_) | Row::End(_) => Err(Error::damaged(path, 1, "not the header of a run")),
    }
}

/// A line of a file of this schema as a row of today's.
fn row(path: &Path, text: &[u8], number: usize, schema: u32) -> Result<Row, Error> {
    let read = if schema == SCHEMA {
        serde_json::from_slice(text).map_err(|fault| fault.to_string())
    } else {
        let old = serde_json::from_slice(text).map_err(|fault| fault.to_string());
        let today = old.and_then(|old| migrate::to_today(old, schema));
        today.and_then(|row| serde_json::from_value(row).map_err(|fault| fault.to_string()))
    };
    read.map_err(|fault| Error::damaged(path, number, format!("not a row of a run of schema {schema}: {fault}")))
}

/// Whether the end row tells the truth about the `above` bytes and the `rows` subjects in them; if not, what differs.
fn check_seal(end: &EndRow, schema: u32, rows: u64, above: &[u8]) -> Result<(), String> {
    if schema < SEALED_SINCE {
        return Ok(());
    }
    let (Some(counted), Some(sha256)) = (end.rows, &end.sha256) else {
        return Err(format!("the end row of a run of schema {schema} holds rows and sha256; one of them is missing"));
    };
    if counted != rows {
        return Err(format!("the run was sealed with {counted} subject rows, and {rows} are there"));
    }
    let found = hash::of_bytes(above);
    if *sha256 != found {
        return Err(format!(
            "the lines above were changed after the run was sealed: their sha256 is {found}, the end row says {sha256}"
        ));
    }
    Ok(())
}
