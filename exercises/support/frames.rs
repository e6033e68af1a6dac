//! Frames that workers render and one receiver keeps: counted by who renders them and by where they lie.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use multiprocess::{Error, SharedAtomic, SharedBlocks};

use crate::place::Place;

/// How many processes that render are told apart.
const RENDERERS: usize = 8;

/// What a camera would see: frames by their number, each as long as a block.
///
/// Made before the workers are forked. Their counts lie in memory that they share with the process that has made it, which alone can keep a
/// frame.
///
/// ```
/// use std::time::Duration;
/// use exercises::Frames;
///
/// let blocks = multiprocess::SharedBlocks::create(1, 100).unwrap();
/// let frames = Frames::in_blocks(7, &blocks).unwrap();
/// let mut block = blocks.take(0, Duration::ZERO).unwrap();
/// frames.render(0, &mut block);
/// frames.keep(0, &block);
/// assert_eq!(frames.fault(1), None);
/// assert_eq!(frames.outside(), 0);
/// frames.keep(1, &block.to_vec());
/// assert_eq!(frames.fault(2).unwrap(), "frame 1 was kept, but is not what was rendered");
/// assert_eq!(frames.outside(), 1);
/// ```
#[derive(Debug)]
pub struct Frames {
    seed: u64,
    parent: u32,
    len: usize,
    blocks: Vec<Place>,
    by_parent: SharedAtomic<u64>,
    by_workers: SharedAtomic<u64>,
    outside: SharedAtomic<u64>,
    /// Their pids; 0 where there is none yet.
    renderers: Vec<SharedAtomic<u32>>,
    kept: Mutex<BTreeMap<u64, Kept>>,
}

/// How often a frame was kept, and whether it was the right one.
#[derive(Clone, Copy, Debug, Default)]
struct Kept {
    times: u64,
    wrong: bool,
}

impl Frames {
    /// Frames that are to be rendered in these blocks, which are free.
    ///
    /// # Errors
    /// If a block is not free, or there is no memory for the counts.
    pub fn in_blocks(seed: u64, blocks: &SharedBlocks) -> Result<Self, Error> {
        let mut places = Vec::new();
        let mut len = 0;
        for index in 0..blocks.count() {
            let block = blocks.take(index, Duration::ZERO)?;
            len = block.len();
            places.push(Place::of(&block));
        }
        Ok(Self {
            seed,
            parent: std::process::id(),
            len,
            blocks: places,
            by_parent: SharedAtomic::new(0)?,
            by_workers: SharedAtomic::new(0)?,
            outside: SharedAtomic::new(0)?,
            renderers: (0..RENDERERS).map(|_| SharedAtomic::new(0)).collect::<Result<_, _>>()?,
            kept: Mutex::default(),
        })
    }

    /// How many numbers a frame has.
    #[expect(clippy::len_without_is_empty, reason = "the length of each frame, and no frame is empty")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Renders frame `number` into `frame`.
    pub fn render(&self, number: u64, frame: &mut [f64]) {
        let pid = std::process::id();
        if pid == self.parent {
            self.by_parent.fetch_add(1);
        } else {
            self.by_workers.fetch_add(1);
            // The first free place, or the one that has it already.
            let _ = self.renderers.iter().find(|place| place.compare_exchange(0, pid).is_ok() || place.load() == pid);
        }
        self.note(frame);
        for (index, room) in frame.iter_mut().enumerate() {
            *room = self.number(number, index);
        }
    }

    /// Keeps frame `number`, if this is the process that has made the frames; another only looks at it.
    pub fn keep(&self, number: u64, frame: &[f64]) {
        if std::process::id() != self.parent {
            return;
        }
        self.note(frame);
        let is_right = |(index, seen): (usize, &f64)| *seen == self.number(number, index);
        let right = frame.len() == self.len && frame.iter().enumerate().all(is_right);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.entry(number).or_default();
        kept.times += 1;
        kept.wrong |= !right;
    }

    /// What is wrong with the frames that were kept, if they are not the first `count`, once each.
    pub fn fault(&self, count: u64) -> Option<String> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let strange = kept.keys().find(|number| **number >= count);
        let strange = strange.map(|number| format!("frame {number} was kept; there are {count} frames"));
        let fault = |number: u64| match kept.get(&number) {
            None => Some(format!("frame {number} was not kept")),
            Some(Kept { wrong: true, .. }) => Some(format!("frame {number} was kept, but is not what was rendered")),
            Some(Kept { times: 1, .. }) => None,
            Some(Kept { times, .. }) => Some(format!("frame {number} was kept {times} times")),
        };
        (0..count).find_map(fault).or(strange)
    }

    /// Frames that the process rendered that has made this.
    pub fn by_parent(&self) -> u64 {
        self.by_parent.load()
    }

    /// Frames that other processes rendered.
    pub fn by_workers(&self) -> u64 {
        self.by_workers.load()
    }

    /// Frames that were rendered or kept outside the blocks.
    pub fn outside(&self) -> u64 {
        self.outside.load()
    }

    /// The pids of the other processes that have rendered, of the first eight.
    pub fn renderers(&self) -> Vec<u32> {
        self.renderers.iter().map(SharedAtomic::load).filter(|pid| *pid != 0).collect()
    }

    fn note(&self, frame: &[f64]) {
        if !self.blocks.iter().any(|block| block.holds(frame)) {
            self.outside.fetch_add(1);
        }
    }

    /// What frame `number` holds at `index`: whole, so that a float64 holds it exactly.
    fn number(&self, number: u64, index: usize) -> f64 {
        let spread = self.seed.wrapping_add(number).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 24;
        (spread + index as u64) as f64
    }
}
