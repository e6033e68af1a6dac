//! An image in shared memory that its workers filter in place, one after the other, in an order that shows every race.
//!
//! Where two workers do not wait for each other, either may be the first. A test on real cores sees one of the two, mostly the same one.
//! Here one worker has its turn until it waits or ends, then the next, in the order that was asked for. Whatever may be overwritten too
//! early is overwritten too early in one order or its reverse, every time.

use std::cell::Cell;
use std::io;
use std::ops::Range;
use std::process;
use std::rc::Rc;
use std::time::Duration;

use multiprocess::{RawArray, Semaphore, SharedArray, SharedAtomic};

use crate::image::{Image, raise};

/// How long a worker waits for its turn: until all others have waited or ended, which takes milliseconds.
const TURN: Duration = Duration::from_secs(3);

/// Where a worker is.
const COMES: u64 = 0;
const MEETS: u64 = 1;
const ENDED: u64 = 2;

/// Whose turn is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// From the first strip to the last.
    Down,
    /// From the last strip to the first.
    Up,
}

/// An image in shared memory, cut into a strip for each worker. Its first and last row belong to nobody and stay as they are.
///
/// ```
/// use exercises::image::Image;
/// use exercises::shared_image::{Order, SharedImage};
///
/// let before = Image::noise(3, 5, 1);
/// let image = SharedImage::of(&before, 1, Order::Down).unwrap();
/// let worker = image.worker(0).unwrap();
/// assert_eq!(worker.rows(), 1..2);
/// let [above, own, below] = [0, 1, 2].map(|row| worker.copy(row));
/// worker.write(1, &above, &own, &below);
/// drop(worker);
/// assert_eq!(image.to_image().differing_rows(&SharedImage::filtered(&before)), 0);
/// ```
#[derive(Debug)]
pub struct SharedImage {
    cols: usize,
    pixels: SharedArray<f64>,
    strips: Vec<Range<usize>>,
    /// The numbers of the workers, in the order of their turns.
    order: Vec<usize>,
    /// How often each row was written.
    written: RawArray<u64>,
    places: RawArray<u64>,
    turns: Vec<Semaphore>,
    broken: SharedAtomic<u64>,
    late_reads: SharedAtomic<u64>,
    held_most: SharedAtomic<u64>,
    by_workers: SharedAtomic<u64>,
    parent: u32,
}

/// One worker of a shared image, from its first turn on. When it is dropped the next has its turn.
#[derive(Debug)]
pub struct Worker<'a> {
    image: &'a SharedImage,
    number: usize,
    held: Rc<Cell<u64>>,
}

/// A private copy of a row. How many a worker holds at once is counted.
#[derive(Debug)]
pub struct Row {
    pixels: Vec<f64>,
    held: Rc<Cell<u64>>,
}

impl Drop for Row {
    fn drop(&mut self) {
        self.held.set(self.held.get() - 1);
    }
}

impl SharedImage {
    /// The image in shared memory, for at most `workers` workers: no strip is empty.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn of(image: &Image, workers: usize, order: Order) -> io::Result<Self> {
        let inner = image.rows().saturating_sub(2);
        let workers = workers.min(inner);
        let strips = (0..workers).map(|strip| 1 + strip * inner / workers..1 + (strip + 1) * inner / workers);
        let order: Vec<usize> = match order {
            Order::Down => (0..workers).collect(),
            Order::Up => (0..workers).rev().collect(),
        };
        let first = order.first().copied();
        let pixels: Vec<f64> = (0..image.rows()).flat_map(|row| image.row(row).iter().copied()).collect();
        let turns = (0..workers).map(|worker| Semaphore::new(u32::from(Some(worker) == first)));
        let counter = || SharedAtomic::new(0).map_err(io::Error::other);
        Ok(Self {
            cols: image.cols(),
            pixels: SharedArray::of(&pixels)?,
            strips: strips.collect(),
            written: RawArray::zeroed(image.rows()).map_err(io::Error::other)?,
            places: RawArray::zeroed(workers).map_err(io::Error::other)?,
            turns: turns.collect::<Result<_, _>>().map_err(io::Error::other)?,
            order,
            broken: counter()?,
            late_reads: counter()?,
            held_most: counter()?,
            by_workers: counter()?,
            parent: process::id(),
        })
    }

    /// How many workers there are, and strips.
    pub fn workers(&self) -> usize {
        self.strips.len()
    }

    /// Waits for the first turn of a worker. Each worker has a process of its own and asks for itself.
    ///
    /// # Errors
    /// If its turn does not come within three seconds.
    pub fn worker(&self, number: usize) -> Result<Worker<'_>, String> {
        self.turn(number)?;
        Ok(Worker { image: self, number, held: Rc::default() })
    }

    fn turn(&self, number: usize) -> Result<(), String> {
        let turn = self.turns.get(number).ok_or_else(|| format!("there is no worker {number}"))?;
        turn.acquire(TURN).map_err(|_| format!("worker {number} waited for its turn, but not all others have come"))
    }

    /// What the image is now.
    ///
    /// # Panics
    /// If a worker was killed while it wrote.
    pub fn to_image(&self) -> Image {
        let pixels = self.pixels.read(0..self.pixels.len(), <[f64]>::to_vec);
        Image::of(self.cols, pixels.expect("nobody writes any more"))
    }

    /// What an image becomes, in new memory.
    pub fn filtered(image: &Image) -> Image {
        let lines = (0..image.rows()).flat_map(|row| match row {
            0 => image.row(0).to_vec(),
            last if last + 1 == image.rows() => image.row(last).to_vec(),
            row => filter([row - 1, row, row + 1].map(|row| image.row(row))),
        });
        Image::of(image.cols(), lines.collect())
    }

    /// How many copies were made of rows that had been overwritten before.
    pub fn late_reads(&self) -> u64 {
        self.late_reads.load()
    }

    /// How many copies of rows a worker held at once, at most.
    pub fn held_most(&self) -> u64 {
        self.held_most.load()
    }

    /// How many rows were written by other processes than the one that made this image.
    pub fn rows_by_workers(&self) -> u64 {
        self.by_workers.load()
    }

    fn place(&self, worker: usize) -> u64 {
        self.places.load(worker).expect("a place for each worker")
    }

    fn set_place(&self, worker: usize, place: u64) {
        self.places.store(worker, place).expect("a place for each worker");
    }

    /// Gives the turn to the next who can use it. Only the one whose turn it is calls this.
    fn pass_on(&self) {
        let at = |place: u64| self.order.iter().copied().filter(move |worker| self.place(*worker) == place);
        let next = match at(COMES).next() {
            Some(next) => Some(next),
            None if at(MEETS).count() == self.workers() => {
                (0..self.workers()).for_each(|worker| self.set_place(worker, COMES));
                self.order.first().copied()
            }
            None => {
                // Who waits now waits for one that has ended: it is told, and comes to its end.
                let next = at(MEETS).next();
                if let Some(waiting) = next {
                    self.broken.store(1);
                    self.set_place(waiting, COMES);
                }
                next
            }
        };
        if let Some(next) = next {
            self.turns[next].release().expect("a turn is given once at a time");
        }
    }
}

impl Worker<'_> {
    /// The rows of its strip, which it has to filter.
    pub fn rows(&self) -> Range<usize> {
        self.image.strips[self.number].clone()
    }

    /// A private copy of a row of the image as it is now, of any strip.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn copy(&self, row: usize) -> Row {
        let (image, cols) = (self.image, self.image.cols);
        if image.written.load(row).expect("a row of the image") > 0 {
            image.late_reads.fetch_add(1);
        }
        let pixels = image.pixels.read(row * cols..(row + 1) * cols, <[f64]>::to_vec).expect("one worker at a time");
        self.held.set(self.held.get() + 1);
        raise(&image.held_most, self.held.get());
        Row { pixels, held: Rc::clone(&self.held) }
    }

    /// Writes a row of its strip: what becomes of `own` between its neighbours.
    ///
    /// # Panics
    /// If the row is not of its strip.
    pub fn write(&self, row: usize, above: &Row, own: &Row, below: &Row) {
        let (image, cols) = (self.image, self.image.cols);
        assert!(self.rows().contains(&row), "row {row} is not of the strip {:?}", self.rows());
        let filtered = filter([above, own, below].map(|row| row.pixels.as_slice()));
        let written = image.pixels.write(row * cols..(row + 1) * cols, |pixels| pixels.copy_from_slice(&filtered));
        written.expect("one worker at a time");
        image.written.store(row, 1).expect("a row of the image");
        if process::id() != image.parent {
            image.by_workers.fetch_add(1);
        }
    }

    /// Waits until all workers of the image meet here, as at a barrier.
    ///
    /// # Errors
    /// If one of the others has ended, and so never comes.
    pub fn meet(&self) -> Result<(), String> {
        let image = self.image;
        let alone = || format!("worker {} would wait for ever: another has ended without coming", self.number);
        if image.broken.load() != 0 {
            return Err(alone());
        }
        image.set_place(self.number, MEETS);
        image.pass_on();
        image.turn(self.number)?;
        if image.broken.load() == 0 { Ok(()) } else { Err(alone()) }
    }
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        self.image.set_place(self.number, ENDED);
        self.image.pass_on();
    }
}

/// What becomes of a row between its neighbours. The first and the last pixel stay as they are.
fn filter(lines: [&[f64]; 3]) -> Vec<f64> {
    let mut output = lines[1].to_vec();
    for col in 1..output.len().saturating_sub(1) {
        let near = lines.iter().flat_map(|line| &line[col - 1..=col + 1]);
        output[col] = near.zip(1..).map(|(pixel, weight)| pixel * f64::from(weight) / 45.0).sum();
    }
    output
}
