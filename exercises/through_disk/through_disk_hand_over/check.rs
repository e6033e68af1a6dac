//! What could be found under the name at every moment: on a disk that is simulated, and in a real folder after SIGKILL.

use std::collections::BTreeMap;
use std::fs;
use std::io::Result;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use exercises::checking::{self, Checking};
use exercises::{Disk, Files, Folder};
use multiprocess::{Process, Status};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use submission::hand_over;

/// More operations than any way to do this has.
const STEPS_AT_MOST: usize = 40;

fn main() -> ExitCode {
    checking::main(&[("disk", disk), ("errors", errors), ("real", real)])
}

/// A task: the name, what is under it before, and what is handed over.
struct Task {
    name: String,
    old: Option<Vec<u8>>,
    new: Vec<u8>,
}

fn tasks(checking: &Checking) -> Vec<Task> {
    let mut numbers = checking.numbers(1_000);
    let mut number = move || numbers.next().expect("enough of them") as usize;
    let lengths = [(Some(200), 90), (Some(90), 240), (None, 130), (Some(150), 0), (Some(0), 60), (Some(80), 1)];
    let task = |(old, new): (Option<usize>, usize)| {
        let names = ["table.csv", "column", "today.parquet", "x", "read.me"];
        let name = format!("{}-{}", number() % 100, names[number() % names.len()]);
        let mut bytes = |length: usize| (0..length).map(|_| number() as u8).collect::<Vec<u8>>();
        let (old, new) = (old.map(|length| bytes(length / 4).repeat(4)), bytes(new / 5).repeat(5));
        Task { name, old, new }
    };
    lengths.into_iter().map(task).collect()
}

impl Task {
    /// A folder with the old file, if there is one, and one that is nobody's business.
    fn disk(&self) -> Disk {
        let old = self.old.iter().map(|old| (self.name.as_str(), old.as_slice()));
        Disk::with(&old.chain([("notes", &b"of somebody else"[..])]).collect::<Vec<_>>())
    }

    /// What a content is, if it is neither the old nor the new one.
    fn neither(&self, content: Option<&[u8]>) -> Option<String> {
        if content == self.old.as_deref() || content == Some(self.new.as_slice()) {
            return None;
        }
        let found = content.map_or("no file".to_owned(), |content| format!("a file of {} bytes", content.len()));
        let old = self.old.as_ref().map_or("none".to_owned(), |old| format!("one of {}", old.len()));
        Some(format!("there is {found}; the old was {old}, the new has {}", self.new.len()))
    }

    /// Whether a folder holds the new file and the others, and nothing more.
    fn done(&self, disk: &Disk) -> std::result::Result<(), String> {
        if disk.read(&self.name) != Some(self.new.as_slice()) {
            return Err("the new content is not there".into());
        }
        if disk.read("notes") != Some(b"of somebody else") { Err("another file was changed".into()) } else { Ok(()) }
    }
}

fn disk(checking: &mut Checking) {
    let mut faults = BTreeMap::new();
    let mut note = |test: &'static str, fault: String| {
        faults.entry(test).or_insert(fault);
    };
    for task in tasks(checking) {
        let mut disk = task.disk();
        let done = hand_over(&mut disk, &task.name, &task.new).map_err(|fault| fault.to_string());
        done.and_then(|()| task.done(&disk)).unwrap_or_else(|fault| note("answer", fault));
        for found in disk.could_be_found(&task.name) {
            if let Some(neither) = task.neither(found.content.as_deref()) {
                let (test, what) = if found.power_lost { ("power", "power lost") } else { ("killed", "killed") };
                note(test, format!("{what} after {}: {neither}", found.after));
            }
        }
        if disk.after_power_loss(&task.name).iter().any(|content| content.as_deref() != Some(&task.new)) {
            note("power", "it has returned, and a loss of power may bring the old content back".into());
        }
    }
    for (test, fine) in [("answer", "there"), ("killed", "old or new"), ("power", "old or new, and then new")] {
        checking.holds(test, !faults.contains_key(test), faults.get(test).map_or(fine, String::as_str));
    }
}

/// Each operation fails once; that has to be told, and to leave nothing.
fn errors(checking: &mut Checking) {
    let mut faults = Vec::new();
    for task in tasks(checking) {
        let mut whole = task.disk();
        let _ = hand_over(&mut whole, &task.name, &task.new);
        for place in 0..whole.operations() {
            let mut disk = task.disk().failing_at(place);
            let told = hand_over(&mut disk, &task.name, &task.new).is_err();
            let left = disk.names().into_iter().find(|name| *name != task.name && *name != "notes");
            faults.extend((!told).then(|| format!("operation {place} failed, and it did not say so")));
            faults.extend(left.map(|left| format!("operation {place} failed, and the file '{left}' is left")));
            let neither = task.neither(disk.read(&task.name));
            faults.extend(neither.map(|neither| format!("operation {place} failed, and {neither}")));
        }
    }
    checking.holds("errors", faults.is_empty(), faults.first().map_or("each was told", String::as_str));
}

/// A folder whose user is killed at a certain step.
struct Deadly {
    folder: Folder,
    left: usize,
}

impl Deadly {
    fn step(&mut self) {
        if self.left == 0 {
            let _ = kill(Pid::this(), Signal::SIGKILL);
        }
        self.left -= 1;
    }
}

impl Files for Deadly {
    fn create(&mut self, name: &str) -> Result<()> {
        self.step();
        self.folder.create(name)
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let (first, rest) = bytes.split_at(bytes.len() / 2);
        self.step();
        self.folder.append(name, first)?;
        self.step();
        self.folder.append(name, rest)
    }

    fn sync(&mut self, name: &str) -> Result<()> {
        self.step();
        self.folder.sync(name)
    }

    fn sync_folder(&mut self) -> Result<()> {
        self.step();
        self.folder.sync_folder()
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        self.step();
        self.folder.rename(from, to)
    }

    fn remove(&mut self, name: &str) -> Result<()> {
        self.step();
        self.folder.remove(name)
    }
}

fn real(checking: &mut Checking) {
    let task = tasks(checking).swap_remove(0);
    let mut fault = None;
    let mut left = 0;
    for steps in 0..STEPS_AT_MOST {
        let path = std::env::temp_dir().join(format!("folder-{steps}"));
        fs::create_dir(&path).expect("the case has a folder of its own");
        let old = task.old.as_deref().unwrap_or_default();
        fs::write(path.join(&task.name), old).expect("the case has a folder of its own");
        let status = killed_after(steps, &path, &task);
        let content = fs::read(path.join(&task.name)).ok();
        let neither = task.neither(content.as_deref());
        fault = fault.or(neither.map(|neither| format!("killed at step {steps}: {neither}")));
        let ended = status == Status::Exited(0);
        if !ended {
            // A later program does the same again.
            let again = hand_over(&mut Folder::at(&path), &task.name, &task.new);
            fault = fault.or(again.err().map(|again| format!("again after one killed at step {steps}: {again}")));
        }
        let there = fs::read(path.join(&task.name)).ok();
        if there.as_deref() != Some(&task.new) {
            fault = fault.or(Some(format!("after {steps} steps and another try the new content is not there")));
        }
        left += fs::read_dir(&path).map_or(0, Iterator::count).saturating_sub(1) as u64;
        if ended {
            break;
        }
    }
    checking.holds("real", fault.is_none(), fault.unwrap_or("old or new".into()));
    checking.count("leftovers", left);
}

/// How a process ended that was to be killed at a step.
fn killed_after(steps: usize, path: &Path, task: &Task) -> Status {
    let body = || {
        let mut deadly = Deadly { folder: Folder::at(path), left: steps };
        hand_over(&mut deadly, &task.name, &task.new).map_or(1, |()| 0)
    };
    let mut process = Process::start(&[], body).expect("a process");
    let report = process.join(Duration::from_secs(10)).expect("one that ends");
    report.status
}
