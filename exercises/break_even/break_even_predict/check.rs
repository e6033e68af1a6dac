//! Predictions against pools that are simulated event by event, in drawn settings of which each is bound by something else.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::process::ExitCode;

use exercises::Setting;
use exercises::checking::{self, Checking};
use submission::{break_even, pool, serial};

fn main() -> ExitCode {
    checking::main(&[("times", times), ("crossings", crossings), ("never", never)])
}

/// What a wrong prediction counts at most, in thousandths.
const FAR_OFF: f64 = 1e6;

/// Settings of one kind.
const OF_A_KIND: usize = 15;

/// Numbers from low to high, and as many between 10 and 100 as between 100 and 1000.
struct Draw<I>(I);

impl<I: Iterator<Item = u64>> Draw<I> {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        let share = self.0.next().expect("numbers enough") as f64 / u64::MAX as f64;
        low * (high / low).powf(share)
    }

    fn whole(&mut self, low: u64, high: u64) -> u64 {
        (self.between(low as f64, high as f64 + 1.0) as u64).clamp(low, high)
    }

    /// A pool that has been started, with tasks of about 50 KiB at most.
    fn pool(&mut self) -> Setting {
        let chunk = self.whole(1, 20);
        Setting {
            start_ns: self.between(1e5, 1e6),
            each_ns: self.between(1e4, 1e5),
            message_ns: self.between(5e3, 5e4),
            byte_ns: self.between(0.1, 2.0),
            bytes: self.between(10.0, 5e4) / chunk as f64,
            item_ns: 0.0,
            items: 0,
            chunk,
            workers: self.whole(2, 12),
        }
    }
}

/// What sending a task costs, and what it costs to receive it.
fn there(setting: &Setting, items: u64) -> f64 {
    setting.message_ns + setting.byte_ns * setting.bytes * items as f64
}

/// What an item's share of its task's two messages costs the parent, and a worker besides the work.
fn handling(setting: &Setting) -> f64 {
    (there(setting, setting.chunk) + setting.message_ns) / setting.chunk as f64
}

/// Times in whole nanoseconds, so that equal ones are equal.
fn simulated(setting: &Setting) -> f64 {
    let start = setting.start_ns + setting.each_ns * setting.workers as f64;
    let whole = |time: f64| time.round() as u64;
    let mut free: BinaryHeap<_> = (0..setting.workers).map(|_| Reverse(whole(start))).collect();
    let mut parent = start;
    let mut replies = Vec::new();
    let mut left = setting.items;
    while left > 0 {
        let items = setting.chunk.min(left);
        left -= items;
        parent += there(setting, items);
        let Reverse(worker) = free.pop().expect("a pool has workers");
        let begin = worker.max(whole(parent));
        let end = begin + whole(there(setting, items) + setting.item_ns * items as f64 + setting.message_ns);
        free.push(Reverse(end));
        replies.push(end);
    }
    replies.sort_unstable();
    let received = replies.iter().fold(parent, |parent, reply| parent.max(*reply as f64) + setting.message_ns);
    received
}

/// How far off a prediction is, in thousandths of what is right.
fn off(predicted: f64, right: f64) -> f64 {
    let off = (predicted / right - 1.0).abs() * 1_000.0;
    // What is no number is as wrong as can be.
    if off < FAR_OFF { off } else { FAR_OFF }
}

fn median(mut values: Vec<f64>) -> u64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2].round() as u64
}

/// Maps whose time is mostly work, mostly the parent's handling, and mostly the start; of the three medians the worst.
fn times(checking: &mut Checking) {
    let mut draw = Draw(checking.numbers(2_000));
    let mut kinds: [Vec<f64>; 3] = Default::default();
    let mut loops_right = true;
    for _ in 0..OF_A_KIND {
        let mut settings = [draw.pool(), draw.pool(), draw.pool()];
        for setting in &mut settings {
            setting.items = draw.whole(500, 5_000);
        }
        let [work, parent, start] = &mut settings;
        work.item_ns = handling(work) * work.workers as f64 * draw.between(2.0, 20.0);
        parent.item_ns = handling(parent) * draw.between(0.01, 0.5);
        start.item_ns = handling(start) * draw.between(1.0, 30.0);
        let busy = start.item_ns * start.items as f64 / start.workers as f64;
        start.each_ns = busy * draw.between(0.2, 2.0);
        for (kind, setting) in kinds.iter_mut().zip(settings) {
            kind.push(off(pool(&setting), simulated(&setting)));
            loops_right &= off(serial(&setting), setting.items as f64 * setting.item_ns) < 1e-6;
        }
    }
    let [work, parent, start] = kinds.map(median);
    checking.holds("loops", loops_right, "a loop takes as long as its items, one after the other");
    checking.count("pools", work.max(parent).max(start));
}

/// Items from which on a pool is ahead: in whole rounds of a task for every worker, since between two rounds it may fall back.
fn crossing(setting: &Setting) -> u64 {
    let round = setting.chunk * setting.workers;
    let ahead = |rounds: u64| {
        let setting = Setting { items: rounds * round, ..*setting };
        simulated(&setting) < setting.items as f64 * setting.item_ns
    };
    let mut high = 1;
    while !ahead(high) {
        high *= 2;
    }
    let mut low = high / 2;
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if ahead(middle) { high = middle } else { low = middle }
    }
    high * round
}

/// Pools that come to be ahead after some dozens of rounds, bound by their workers or by their parent; of the two medians the worse.
fn crossings(checking: &mut Checking) {
    let mut draw = Draw(checking.numbers(2_000));
    let mut kinds: [Vec<f64>; 2] = Default::default();
    for place in 0..OF_A_KIND * 2 {
        let by_parent = place % 2 == 0;
        let mut setting = draw.pool();
        // Two workers have more to do than any parent.
        setting.workers += if by_parent { 2 } else { 0 };
        let handling = handling(&setting);
        let (low, high) = if by_parent { (1.3, 1.9) } else { (2.0, 10.0) };
        let most = if by_parent { 1.0 } else { setting.workers as f64 };
        setting.item_ns = handling * most * draw.between(low, high);
        let of_worker = (setting.item_ns + handling) / setting.workers as f64;
        let gain = setting.item_ns - of_worker.max(handling);
        setting.start_ns = gain * (setting.chunk * setting.workers) as f64 * draw.between(30.0, 120.0);
        // It is not asked of a map of so many items.
        setting.items = 1;
        let told = break_even(&setting);
        kinds[place % 2].push(told.map_or(FAR_OFF, |items| off(items as f64, crossing(&setting) as f64)));
    }
    let [by_parent, by_workers] = kinds.map(median);
    checking.count("crossings", by_parent.max(by_workers));
}

/// Pools whose parent has more to do for an item than the item is work.
fn never(checking: &mut Checking) {
    let mut draw = Draw(checking.numbers(2_000));
    let mut told = Vec::new();
    for _ in 0..3 {
        let mut setting = draw.pool();
        setting.item_ns = handling(&setting) * draw.between(0.3, 0.8);
        told.push(break_even(&setting));
    }
    checking.equal("never", &told, &vec![None; 3]);
}
