//! What a worker puts on the queue, and what its receiver makes of it.
//!
//! Every item names its worker, and an array does so in every element, so that what arrived can be checked whichever way it came.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::time::Duration;

use bincode::{Decode, Encode};
use multiprocess::{Block, Numbers, ScratchFile, Semaphore, SharedBlocks};

/// Longer than any subject's deadline, which ends a wait together with its subject.
pub(super) const FOR_EVER: Duration = Duration::from_secs(3_600);

/// Shared blocks per worker: it may go on while the receiver still has one.
pub(super) const BLOCKS_PER_WORKER: usize = 2;

/// So many elements of an array are checked on arrival, far apart; of the last array, or the first worker's blocks, all, when time no
/// longer counts. To touch every page of a block for the first time would cost its receiver as much as a copy does.
const CHECKED: usize = 64;

type Failure = Box<dyn std::error::Error + Send + Sync>;

// ANCHOR: items
/// What crosses.
#[derive(Debug, Encode, Decode)]
pub(super) enum Item {
    /// An int, as in the post's fast version.
    Number(u64),
    /// The whole array, as in its slow one.
    Array(Numbers),
    /// The index of a block of shared memory that holds the array.
    Block(u64),
    /// The path of a file that holds the array, and whose it is.
    Path(u64, String),
}
// ANCHOR_END: items

/// What a variant puts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Array,
    SharedInPlace,
    SharedCopy,
    File,
}

/// What the parent makes before it forks, for items that do not hold their array.
#[derive(Debug)]
pub(super) struct Beside {
    blocks: SharedBlocks,
    /// One per worker: 1 while its file may be written.
    files: Vec<Semaphore>,
}

impl Beside {
    pub(super) fn new(kind: Kind, workers: usize, numbers: usize) -> Result<Self, multiprocess::Error> {
        let blocks = match kind {
            Kind::SharedInPlace | Kind::SharedCopy => workers * BLOCKS_PER_WORKER,
            Kind::Number | Kind::Array | Kind::File => 0,
        };
        let files = if kind == Kind::File { workers } else { 0 };
        Ok(Self {
            blocks: SharedBlocks::create(blocks, numbers)?,
            files: (0..files).map(|_| Semaphore::new(1)).collect::<Result<_, _>>()?,
        })
    }

    /// Reads an item as its receiver does: the worker it names, if it is what that worker put. An array that came by itself is kept in
    /// `last`, as a variable keeps it.
    pub(super) fn receive(
        &self,
        item: Item,
        numbers: usize,
        last: &mut Option<Numbers>,
    ) -> Result<Option<u64>, Failure> {
        let array = match item {
            Item::Number(number) => return Ok(Some(number)),
            Item::Block(index) => {
                let block = self.blocks.receive(usize::try_from(index)?)?;
                return Ok(owner(&block, numbers, CHECKED));
            }
            Item::Path(worker, path) => {
                let array = last.take().unwrap_or_default().read_from(&mut File::open(path)?, numbers)?;
                self.files.get(usize::try_from(worker)?).ok_or("a file of no worker")?.release()?;
                array
            }
            Item::Array(array) => array,
        };
        let owner = owner(&array, numbers, CHECKED);
        *last = Some(array);
        Ok(owner)
    }

    /// How many of the last array and the first worker's blocks are not what was put, to the last element, when each worker has put
    /// `puts`.
    pub(super) fn spoilt(&self, numbers: usize, puts: u64, last: Option<&Numbers>) -> u64 {
        let last = last.filter(|array| owner(array, numbers, numbers).is_none());
        let used = BLOCKS_PER_WORKER.min(usize::try_from(puts).unwrap_or(usize::MAX)).min(self.blocks.count());
        let blocks = (0..used).map(|index| self.blocks.take(index, Duration::ZERO));
        let right = |block: &Block<'_>| owner(block, numbers, numbers).is_some();
        (blocks.filter(|block| !block.as_ref().is_ok_and(right)).count() + usize::from(last.is_some())) as u64
    }
}

/// What the array of a worker holds at `index`.
fn element(worker: u64, index: usize) -> f64 {
    (((worker + 1) << 32) + index as u64) as f64
}

fn array(worker: u64, numbers: usize) -> Numbers {
    Numbers::from((0..numbers).map(|index| element(worker, index)).collect::<Vec<f64>>())
}

/// The worker whose array this is, if at least `checked` elements, evenly spread, hold what they should.
fn owner(array: &[f64], numbers: usize, checked: usize) -> Option<u64> {
    let worker = (*array.first()? as u64 >> 32).checked_sub(1)?;
    let right = |index: usize| array[index] == element(worker, index);
    (array.len() == numbers && (0..numbers).step_by((numbers / checked).max(1)).all(right)).then_some(worker)
}

/// What one worker puts, again and again.
#[derive(Debug)]
pub(super) enum Cargo<'a> {
    Number(u64),
    Array(Numbers),
    SharedInPlace { blocks: &'a SharedBlocks, first: usize, put: usize },
    SharedCopy { blocks: &'a SharedBlocks, first: usize, put: usize, array: Numbers },
    File { free: &'a Semaphore, file: ScratchFile, path: String, worker: u64, array: Numbers },
}

impl<'a> Cargo<'a> {
    /// Makes what `worker` puts. An array is made once, as in the post's script.
    pub(super) fn new(
        kind: Kind,
        worker: usize,
        numbers: usize,
        beside: &'a Beside,
    ) -> Result<Self, multiprocess::Error> {
        let name = worker as u64;
        let (blocks, first) = (&beside.blocks, worker * BLOCKS_PER_WORKER);
        Ok(match kind {
            Kind::Number => Self::Number(name),
            Kind::Array => Self::Array(array(name, numbers)),
            Kind::SharedInPlace => {
                for index in first..first + BLOCKS_PER_WORKER {
                    let mut block = blocks.take(index, FOR_EVER)?;
                    block.iter_mut().enumerate().for_each(|(index, number)| *number = element(name, index));
                }
                Self::SharedInPlace { blocks, first, put: 0 }
            }
            Kind::SharedCopy => Self::SharedCopy { blocks, first, put: 0, array: array(name, numbers) },
            Kind::File => {
                let file = ScratchFile::create()?;
                // All paths equally long, whatever the pid, so that the bytes on the queue are the same in every run.
                let path = format!("{:/>40}", file.path().display());
                Self::File { free: &beside.files[worker], file, path, worker: name, array: array(name, numbers) }
            }
        })
    }

    // ANCHOR: next_item
    /// The next item: for the queue, everything that has to be done before `put`.
    pub(super) fn next(&mut self) -> Result<Item, Failure> {
        Ok(match self {
            Self::Number(number) => Item::Number(*number),
            // Another reference to the same array; the feeder thread reads it later.
            Self::Array(array) => Item::Array(array.clone()),
            Self::SharedInPlace { blocks, first, put } => {
                let block = blocks.take(*first + *put % BLOCKS_PER_WORKER, FOR_EVER)?;
                *put += 1;
                Item::Block(block.hand_over() as u64)
            }
            Self::SharedCopy { blocks, first, put, array } => {
                let mut block = blocks.take(*first + *put % BLOCKS_PER_WORKER, FOR_EVER)?;
                block.copy_from_slice(array);
                *put += 1;
                Item::Block(block.hand_over() as u64)
            }
            Self::File { free, file, path, worker, array } => {
                free.acquire(FOR_EVER)?;
                file.file().seek(SeekFrom::Start(0))?;
                array.write_to(file.file())?;
                Item::Path(*worker, path.clone())
            }
        })
    }
    // ANCHOR_END: next_item

    /// Waits until nobody needs this process any more: a file is there only while its process is.
    pub(super) fn finish(self) -> Result<(), multiprocess::Error> {
        if let Self::File { free, .. } = &self {
            free.acquire(FOR_EVER)?;
        }
        // Freed by the end of the process, all at once.
        std::mem::forget(self);
        Ok(())
    }
}
