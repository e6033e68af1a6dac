//! The ways of a column to another process, and that process.
//!
//! Receiver and sender are warm: the receiver is there, and each has had the column once, before the clock starts.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bincode::{Decode, Encode};
use multiprocess::meter::WorkerReport;
use multiprocess::{Channel, Connection, Inherited, Process, Queue, ScratchFile, SharedArray, Status};
use parquet::basic::Compression;

use super::column::{Column, Fault, checksum, read_parquet, read_raw, write_parquet, write_raw};
use crate::places;

/// Longer than any subject's deadline, which ends a wait together with its subject.
const FOR_EVER: Duration = Duration::from_secs(3_600);

/// What crosses to the receiver.
#[derive(Debug, Encode, Decode)]
pub(crate) enum Item {
    /// The column as its bytes.
    Column(Column),
    /// The column as one int after another, each of as few bytes as it needs.
    Elements(Arc<Vec<i64>>),
    /// The path of a Parquet file.
    Parquet(String),
    /// The path of a file of nothing but its bytes.
    Raw(String),
    /// So many numbers of the shared array.
    Shared(u64),
    /// There is no more.
    End,
}

/// Where a file lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the kernel's own tmpfs.
    Memory,
    /// On a disk; in its cache unless it is flushed.
    Disk,
    /// On a disk, and on its way no longer than fsync(2) takes.
    Flushed,
}

/// How the column goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Pickle,
    Elements,
    Queue,
    Parquet(Compression, Place),
    Raw(Place),
    Shared,
}

/// The sender's side of everything.
pub(super) struct Crossing {
    way: Way,
    folder: PathBuf,
    link: Connection,
    queue: Option<Queue<Item>>,
    shared: Option<&'static SharedArray<i64>>,
    receiver: Process,
}

impl Crossing {
    /// Starts the receiver. `rows` is the most that will be passed.
    pub(super) fn start(way: Way, rows: usize, folder: PathBuf) -> Result<Self, Fault> {
        let (link, theirs) = Connection::pipe_pair()?;
        let queue = if way == Way::Queue { Some(Queue::new(2)?) } else { None };
        // Leaked, because the forked receiver may use it and may not drop it.
        let shared: Option<&'static SharedArray<i64>> = match way {
            Way::Shared => Some(Box::leak(Box::new(SharedArray::zeroed(rows)?))),
            _ => None,
        };
        let mut inherits: Vec<&dyn Inherited> = vec![&theirs];
        inherits.extend(queue.as_ref().map(|queue| queue as &dyn Inherited));
        let receiver = Process::start(&inherits, || match receive(&theirs, queue.as_ref(), shared) {
            Ok(()) => 0,
            Err(fault) => {
                eprintln!("receiver: {fault}");
                1
            }
        })?;
        drop(theirs);
        Ok(Self { way, folder, link, queue, shared, receiver })
    }

    // ANCHOR: pass
    /// Passes the column, and returns what the receiver made of it.
    pub(super) fn pass(&self, column: &Column) -> Result<u64, Fault> {
        let numbers = column.0.as_slice();
        // A file is there as long as somebody has it open.
        let (item, _file) = match self.way {
            Way::Pickle | Way::Queue => (Item::Column(column.clone()), None),
            Way::Elements => (Item::Elements(Arc::clone(&column.0)), None),
            Way::Parquet(compression, place) => {
                let file = self.new_file(place)?;
                write_parquet(numbers, compression, file.try_clone()?)?;
                (Item::Parquet(finished(&file, place)?), Some(file))
            }
            Way::Raw(place) => {
                let mut file = self.new_file(place)?;
                write_raw(numbers, &mut file)?;
                (Item::Raw(finished(&file, place)?), Some(file))
            }
            Way::Shared => {
                let shared = self.shared.ok_or("there is no shared array")?;
                shared.write(0..numbers.len(), |room| room.copy_from_slice(numbers))?;
                (Item::Shared(numbers.len() as u64), None)
            }
        };
        self.send(item)?;
        Ok(self.link.recv(FOR_EVER)?)
    }
    // ANCHOR_END: pass

    fn new_file(&self, place: Place) -> Result<File, Fault> {
        Ok(match place {
            Place::Memory => ScratchFile::create()?.file().try_clone()?,
            Place::Disk | Place::Flushed => places::nameless(&self.folder)?,
        })
    }

    fn send(&self, item: Item) -> Result<(), Fault> {
        match &self.queue {
            Some(queue) => queue.put(item, FOR_EVER)?,
            None => self.link.send(&item, FOR_EVER)?,
        }
        Ok(())
    }

    /// Ends the receiver.
    pub(super) fn finish(mut self) -> Result<WorkerReport, Fault> {
        self.send(Item::End)?;
        if let Some(queue) = &self.queue {
            queue.close();
            queue.join_thread(FOR_EVER)?;
        }
        let report = self.receiver.join(FOR_EVER)?;
        if report.status == Status::Exited(0) {
            Ok(report)
        } else {
            Err(format!("the receiver {}", report.status).into())
        }
    }
}

/// The path of a file that is written, and on the disk if it is to be.
fn finished(file: &File, place: Place) -> Result<String, Fault> {
    if place == Place::Flushed {
        file.sync_data()?;
    }
    Ok(places::path_of(file))
}

/// The receiver: it reads every number of whatever comes.
fn receive(link: &Connection, queue: Option<&Queue<Item>>, shared: Option<&SharedArray<i64>>) -> Result<(), Fault> {
    loop {
        let item: Item = match queue {
            Some(queue) => queue.get(FOR_EVER)?,
            None => link.recv(FOR_EVER)?,
        };
        let sum = match item {
            Item::Column(column) => checksum(&column.0),
            Item::Elements(numbers) => checksum(&numbers),
            Item::Parquet(path) => checksum(&read_parquet(File::open(path)?)?),
            Item::Raw(path) => {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(0))?;
                checksum(&read_raw(&file)?)
            }
            Item::Shared(rows) => {
                let shared = shared.ok_or("there is no shared array")?;
                shared.read(0..usize::try_from(rows)?, checksum)?
            }
            Item::End => return Ok(()),
        };
        link.send(&sum, FOR_EVER)?;
    }
}
