//! A bounded queue: where its producer stops, where its consumer waits, and how a stream ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use harness::{Measured, Outcome};
use multiprocess::{Process, Queue, SharedAtomic, Status, trap};
use record::Params;

use super::ends::{FOR_EVER, Fault};
use super::look::Look;
use super::messages::{Checksum, Message, one_of_each, small};
use super::variants::Answered;

/// How long a process may take to come to rest; what has not by then is counted as a trial that failed.
const RESTS_WITHIN: Duration = Duration::from_secs(10);

/// How much longer than the bound the streams of the trials are.
const BEYOND: u64 = 3;

// ANCHOR: stream
/// The messages of the lesson from another process through a bounded queue, and the end of them.
pub(super) fn bounded_stream(params: &Params) -> Answered {
    let (small, large) = (small(), one_of_each(params));
    let held = Trials::of(params)?;
    until_alone()?;
    let queue: Queue<Option<Message>> = Queue::new(u32::try_from(params["queue_bound"])?)?;
    let mut producer = Process::start(&[&queue], || {
        let small = small.iter().cycle().zip(0..params["messages"]).map(|(message, _)| message);
        let all = small.chain(&large).map(|message| Some(Arc::clone(message)));
        let put = all.chain([None]).try_for_each(|item| queue.put(item, FOR_EVER));
        i32::from(put.and_then(|()| queue.join_thread(FOR_EVER)).is_err())
    })?;
    let mut checksum = Checksum::default();
    let measured = Measured::take(|| {
        for (place, message) in (0..).zip(queue.iter(FOR_EVER)) {
            match message? {
                message if place < params["messages"] => checksum.add(&message),
                // Of the large ones the other variants add up the checksum of what came back.
                message => checksum.add(&crc32fast::hash(&message).to_le_bytes()),
            }
        }
        Ok::<_, Fault>(((), Vec::new()))
    })?;
    // ANCHOR_END: stream
    let report = producer.join(FOR_EVER)?;
    if report.status != Status::Exited(0) {
        return Err(format!("the producer {}", report.status).into());
    }
    let outcome = measured.with_workers(vec![report]).answer(|()| checksum.answer());
    Ok(held.told(outcome.iterations(params["messages"])))
}

/// In how many trials it was as the post says.
struct Trials {
    trials: u64,
    bound: u64,
    /// The producer of a queue with room for `bound` items was found asleep after exactly as many puts.
    producer_at_bound: u64,
    /// Each get after that let exactly one more put through.
    one_for_one: u64,
    /// The consumer of an empty queue was found asleep, and woke for an item.
    consumer_on_empty: u64,
    /// Both streams ended with their sentinel, with every item and nothing after it.
    clean_ends: u64,
}

impl Trials {
    /// A queue without a bound blocks nobody: there is nothing to try.
    fn of(params: &Params) -> Result<Self, Fault> {
        let bound = params["queue_bound"];
        let trials = if bound == 0 { 0 } else { params["trials"] };
        let none = Self { trials, bound, producer_at_bound: 0, one_for_one: 0, consumer_on_empty: 0, clean_ends: 0 };
        (0..trials).try_fold(none, |mut held, _| {
            held.add_one()?;
            Ok(held)
        })
    }

    fn add_one(&mut self) -> Result<(), Fault> {
        until_alone()?;
        let full: Queue<Option<u64>> = Queue::new(u32::try_from(self.bound)?)?;
        let empty: Queue<Option<u64>> = Queue::new(u32::try_from(self.bound)?)?;
        let (puts, gets) = (SharedAtomic::new(0_u64)?, SharedAtomic::new(0_u64)?);
        let items = self.bound + BEYOND;
        // ANCHOR: sides
        let mut producer = Process::start(&[&full], || {
            let put = (0..items).map(Some).chain([None]).try_for_each(|item| {
                full.put(item, FOR_EVER)?;
                puts.fetch_add(1);
                Ok(())
            });
            i32::from(put.and_then(|()| full.join_thread(FOR_EVER)).is_err())
        })?;
        let mut consumer = Process::start(&[&empty], || {
            let whole = empty.iter(FOR_EVER).zip(0..).all(|(item, place)| {
                gets.fetch_add(1);
                item.is_ok_and(|item| item == place)
            });
            i32::from(!whole)
        })?;
        // ANCHOR_END: sides
        self.producer_at_bound += u64::from(rests(&producer, &puts, self.bound)?);
        let mut one_for_one = true;
        for got in 0..BEYOND {
            one_for_one &= full.get(FOR_EVER)? == Some(got) && rests(&producer, &puts, self.bound + got + 1)?;
        }
        self.one_for_one += u64::from(one_for_one);
        let rest: Vec<u64> = full.iter(FOR_EVER).collect::<Result<_, _>>()?;

        let waited = rests(&consumer, &gets, 0)?;
        empty.put(Some(0), FOR_EVER)?;
        self.consumer_on_empty += u64::from(waited && rests(&consumer, &gets, 1)?);
        empty.put(None, FOR_EVER)?;
        empty.join_thread(FOR_EVER)?;
        let whole = rest.iter().copied().eq(BEYOND..items) && puts_are(&puts, items + 1) && full.empty()?;
        let ended = [producer.join(RESTS_WITHIN)?.status, consumer.join(RESTS_WITHIN)?.status];
        self.clean_ends += u64::from(whole && ended == [Status::Exited(0); 2] && empty.empty()?);
        Ok(())
    }

    fn told(&self, outcome: Outcome) -> Outcome {
        outcome
            .fact("pressure_trials", self.trials)
            .fact("producer_at_bound", self.producer_at_bound)
            .fact("one_for_one", self.one_for_one)
            .fact("consumer_on_empty", self.consumer_on_empty)
            .fact("clean_ends", self.clean_ends)
    }
}

/// The last put is counted a moment after its item can be received.
fn puts_are(puts: &SharedAtomic<u64>, expected: u64) -> bool {
    let deadline = Instant::now() + RESTS_WITHIN;
    while puts.load() != expected && Instant::now() < deadline {
        std::thread::yield_now();
    }
    puts.load() == expected
}

// ANCHOR: rests
/// Whether the process comes to rest with this count: asleep in two looks with the same count before and after, and not a switch in between.
fn rests(process: &Process, count: &SharedAtomic<u64>, expected: u64) -> Result<bool, Fault> {
    let deadline = Instant::now() + RESTS_WITHIN;
    let mut before = (count.load(), Look::at(process.pid()));
    while Instant::now() < deadline && multiprocess::wait(&[process.sentinel()], Duration::from_micros(100))?.is_empty()
    {
        let now = (count.load(), Look::at(process.pid()));
        if now.0 == before.0 && now.0 >= expected && now.1.sleeps_since(&before.1) {
            return Ok(now.0 == expected && count.load() == expected);
        }
        before = now;
    }
    Ok(false)
}
// ANCHOR_END: rests

/// A feeder that was joined is still listed as a thread for a moment; the next fork waits until it is gone.
fn until_alone() -> Result<(), Fault> {
    let deadline = Instant::now() + RESTS_WITHIN;
    while trap::thread_count()? > 1 && Instant::now() < deadline {
        std::thread::yield_now();
    }
    Ok(())
}
