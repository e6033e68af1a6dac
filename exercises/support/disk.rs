//! A folder that forgets nothing: it tells what could be found in it, had the program been killed or the power been lost at any moment.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Result};

use super::files::Files;

/// More operations than any sensible way has, so that a program that tries for ever comes to an end.
const ASKED_AT_MOST: usize = 5_000;

/// A folder in memory, with a log of what was done to it.
///
/// What was done is there for every other program at once. On the disk it is only when it was synchronised: until then a file may have
/// as much of what was written last as you like, and of the changes to the names the first few may be there, or none, or all.
///
/// ```
/// use exercises::{Disk, Files};
/// let mut disk = Disk::with(&[("report", b"old")]);
/// disk.create("report").unwrap();
/// disk.append("report", b"new").unwrap();
/// let found = disk.could_be_found("report");
/// assert!(found.iter().any(|found| !found.power_lost && found.content.as_deref() == Some(b"")));
/// assert_eq!(disk.read("report"), Some(&b"new"[..]));
/// ```
#[derive(Clone, Debug)]
pub struct Disk {
    first: State,
    now: State,
    log: Vec<Operation>,
    /// Which operation fails, and with it all later ones of its kind.
    failing: Option<usize>,
    failing_kind: Option<&'static str>,
    asked: usize,
}

/// What somebody could have found under a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// Whether it was the power that was lost; else it was the program that was killed.
    pub power_lost: bool,
    /// The content; none if there was no such file.
    pub content: Option<Vec<u8>>,
    /// After which operation.
    pub after: String,
}

#[derive(Clone, Debug)]
enum Operation {
    Create(String),
    Append(String, Vec<u8>),
    Sync(String),
    SyncFolder,
    Rename(String, String),
    Remove(String),
}

/// A file, whatever its names are.
#[derive(Clone, Debug, Default)]
struct Content {
    now: Vec<u8>,
    /// What the disk may have had of it since it was synchronised last.
    before: Vec<Vec<u8>>,
}

type Names = BTreeMap<String, usize>;

#[derive(Clone, Debug, Default)]
struct State {
    contents: Vec<Content>,
    names: Names,
    /// The names as the disk may have had them since the folder was synchronised last.
    names_before: Vec<Names>,
}

impl Disk {
    /// A folder with these files, all of them on the disk.
    pub fn with(files: &[(&str, &[u8])]) -> Self {
        let content = |(_, content): &(&str, &[u8])| Content { now: content.to_vec(), before: Vec::new() };
        let names = files.iter().enumerate().map(|(place, (name, _))| ((*name).to_owned(), place)).collect();
        let first = State { contents: files.iter().map(content).collect(), names, names_before: Vec::new() };
        Self { now: first.clone(), first, log: Vec::new(), failing: None, failing_kind: None, asked: 0 }
    }

    /// The same, but operation `place` fails, the first being 0, and so do all later ones of its kind, as on a disk that is full. An
    /// append that fails has written half.
    #[must_use]
    pub fn failing_at(mut self, place: usize) -> Self {
        self.failing = Some(place);
        self
    }

    /// How many operations were carried out.
    pub fn operations(&self) -> usize {
        self.log.len()
    }

    /// The names of all files that are there.
    pub fn names(&self) -> Vec<&str> {
        self.now.names.keys().map(String::as_str).collect()
    }

    /// What is under a name.
    pub fn read(&self, name: &str) -> Option<&[u8]> {
        self.now.content(&self.now.names, name).map(|content| content.now.as_slice())
    }

    /// All that could have been found under `name`, had the program been killed, or the power been lost, before, between, during or after the
    /// operations; each content once.
    pub fn could_be_found(&self, name: &str) -> Vec<Found> {
        let mut found = BTreeMap::new();
        let mut note = |power_lost: bool, content: Option<Vec<u8>>, after: &str| {
            found.entry((power_lost, content)).or_insert_with(|| after.to_owned());
        };
        let mut state = self.first.clone();
        for operation in &self.log {
            // Half of what is appended is a moment of its own.
            for operation in operation.moments() {
                state.carry_out(&operation).expect("it was carried out before");
                let after = operation.to_string();
                note(false, state.content(&state.names, name).map(|content| content.now.clone()), &after);
                state.after_power_loss(name).into_iter().for_each(|content| note(true, content, &after));
            }
        }
        found.into_iter().map(|((power_lost, content), after)| Found { power_lost, content, after }).collect()
    }

    /// All that could be found under `name` if the power were lost now.
    pub fn after_power_loss(&self, name: &str) -> Vec<Option<Vec<u8>>> {
        self.now.after_power_loss(name)
    }

    fn carry_out(&mut self, operation: Operation) -> Result<()> {
        let full = || Error::new(ErrorKind::StorageFull, format!("{operation}: nothing more can be written"));
        if self.failing == Some(self.asked) {
            self.failing_kind = Some(operation.kind());
        }
        self.asked += 1;
        assert!(self.asked <= ASKED_AT_MOST, "more than {ASKED_AT_MOST} operations: this goes on for ever");
        if self.failing_kind == Some(operation.kind()) {
            if let Operation::Append(..) = operation {
                let half = operation.moments().swap_remove(0);
                self.now.carry_out(&half)?;
                self.log.push(half);
            }
            return Err(full());
        }
        self.now.carry_out(&operation)?;
        self.log.push(operation);
        Ok(())
    }
}

impl Files for Disk {
    fn create(&mut self, name: &str) -> Result<()> {
        self.carry_out(Operation::Create(name.into()))
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.carry_out(Operation::Append(name.into(), bytes.into()))
    }

    fn sync(&mut self, name: &str) -> Result<()> {
        self.carry_out(Operation::Sync(name.into()))
    }

    fn sync_folder(&mut self) -> Result<()> {
        self.carry_out(Operation::SyncFolder)
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        self.carry_out(Operation::Rename(from.into(), to.into()))
    }

    fn remove(&mut self, name: &str) -> Result<()> {
        self.carry_out(Operation::Remove(name.into()))
    }
}

impl State {
    fn content(&self, names: &Names, name: &str) -> Option<&Content> {
        names.get(name).map(|place| &self.contents[*place])
    }

    fn place(&self, name: &str) -> Result<usize> {
        let missing = || Error::new(ErrorKind::NotFound, format!("there is no file '{name}'"));
        self.names.get(name).copied().ok_or_else(missing)
    }

    fn after_power_loss(&self, name: &str) -> Vec<Option<Vec<u8>>> {
        let names = self.names_before.iter().chain([&self.names]);
        let found = names.flat_map(|names| match self.content(names, name) {
            None => vec![None],
            Some(content) => content.before.iter().chain([&content.now]).cloned().map(Some).collect(),
        });
        let mut found: Vec<_> = found.collect();
        found.sort();
        found.dedup();
        found
    }

    fn carry_out(&mut self, operation: &Operation) -> Result<()> {
        let names = self.names.clone();
        match operation {
            Operation::Create(name) => match self.names.get(name) {
                Some(place) => self.contents[*place].becomes(Vec::new()),
                None => {
                    self.names.insert(name.clone(), self.contents.len());
                    self.contents.push(Content::default());
                }
            },
            Operation::Append(name, bytes) => {
                let place = self.place(name)?;
                let content = [&self.contents[place].now[..], bytes].concat();
                self.contents[place].becomes(content);
            }
            Operation::Sync(name) => {
                let place = self.place(name)?;
                self.contents[place].before.clear();
            }
            Operation::SyncFolder => self.names_before.clear(),
            Operation::Rename(from, to) => {
                let place = self.place(from)?;
                self.names.remove(from);
                self.names.insert(to.clone(), place);
            }
            Operation::Remove(name) => {
                self.place(name)?;
                self.names.remove(name);
            }
        }
        if self.names != names {
            self.names_before.push(names);
        }
        Ok(())
    }
}

impl Content {
    fn becomes(&mut self, content: Vec<u8>) {
        self.before.push(std::mem::replace(&mut self.now, content));
    }
}

impl Operation {
    fn kind(&self) -> &'static str {
        match self {
            Self::Create(_) => "create",
            Self::Append(..) => "append",
            Self::Sync(_) => "sync",
            Self::SyncFolder => "sync_folder",
            Self::Rename(..) => "rename",
            Self::Remove(_) => "remove",
        }
    }

    /// What it consists of: an append may be stopped half way, everything else is done or not.
    fn moments(&self) -> Vec<Self> {
        match self {
            Self::Append(name, bytes) => {
                let (first, rest) = bytes.split_at(bytes.len() / 2);
                [first, rest].map(|half| Self::Append(name.clone(), half.to_vec())).to_vec()
            }
            other => vec![other.clone()],
        }
    }
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Create(name) | Self::Sync(name) | Self::Remove(name) => write!(f, "{}({name})", self.kind()),
            Self::Append(name, bytes) => write!(f, "append({name}, {} bytes)", bytes.len()),
            Self::SyncFolder => write!(f, "sync_folder()"),
            Self::Rename(from, to) => write!(f, "rename({from}, {to})"),
        }
    }
}

#[cfg(test)]
mod tests;
