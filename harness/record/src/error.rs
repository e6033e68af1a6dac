//! What can go wrong with a recorded run: the file, one of its lines, or its schema.

use std::fmt;
use std::path::{Path, PathBuf};

/// A run could not be written or read back; the message names the file and, where there is one, the line.
#[derive(Debug)]
pub struct Error {
    path: PathBuf,
    line: Option<usize>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Io(std::io::Error),
    Damaged(String),
    Newer { found: u32, known: u32 },
}

impl Error {
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Self { path: path.to_owned(), line: None, kind: Kind::Io(source) }
    }

    pub(crate) fn damaged(path: &Path, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: Some(line), kind: Kind::Damaged(what.into()) }
    }

    pub(crate) fn newer(path: &Path, found: u32, known: u32) -> Self {
        Self { path: path.to_owned(), line: Some(1), kind: Kind::Newer { found, known } }
    }

    /// Whether the file was written by a newer program than this one.
    pub fn is_newer_schema(&self) -> bool {
        matches!(self.kind, Kind::Newer { .. })
    }

    /// Whether a line of the file does not hold what a run holds.
    pub fn is_damaged(&self) -> bool {
        matches!(self.kind, Kind::Damaged(_))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        match &self.kind {
            Kind::Io(source) => write!(f, ": {source}"),
            Kind::Damaged(what) => write!(f, ": {what}"),
            Kind::Newer { found, known } => {
                write!(f, ": schema {found} is newer than schema {known}, the newest this program reads; update it")
            }
        }
    }
}

/// The message holds its cause already; a source would be printed twice.
impl std::error::Error for Error {}
