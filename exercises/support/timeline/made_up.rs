//! Timelines with one bottleneck each, drawn from a seed.

use super::{Bottleneck, Doing, Span, Timeline};

/// A timeline with this bottleneck, the same for the same seed. How many workers and tasks there are, how fast the machine is and how long each
/// step takes is drawn; and each has a little of every other bottleneck, too.
pub fn made_up(bottleneck: Bottleneck, seed: u64) -> Timeline {
    let mut draw = Draw(seed);
    let plan = Plan::with(bottleneck, &mut draw);
    plan.carry_out(&mut draw)
}

/// Numbers that look drawn at random (SplitMix64).
struct Draw(u64);

impl Draw {
    /// From 0 to below 1.
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// As likely between 1 and 10 as between 10 and 100.
    fn of_size(&mut self, low: f64, high: f64) -> f64 {
        self.between(low.ln(), high.ln()).exp()
    }

    fn whole(&mut self, low: usize, high: usize) -> usize {
        low + (self.unit() * (high - low + 1) as f64) as usize
    }
}

/// How long each step of a task takes on average, in nanoseconds.
#[derive(Clone, Copy)]
struct Plan {
    workers: usize,
    tasks: usize,
    start: f64,
    encode: f64,
    write: f64,
    read: f64,
    decode: f64,
    lock_wait: f64,
    work: f64,
    /// The bytes of a task's message.
    bytes: f64,
    /// How many times as long the first worker works at each task.
    first_worker: f64,
}

impl Plan {
    fn with(bottleneck: Bottleneck, draw: &mut Draw) -> Self {
        let workers = draw.whole(2, 8);
        let tasks = workers * draw.whole(12, 30);
        let work = draw.of_size(100_000.0, 10_000_000.0);
        // What the parent may take for a task without letting a worker wait.
        let turn = work / workers as f64;
        let ideal = turn * tasks as f64;
        let mut plan = Self {
            workers,
            tasks,
            start: ideal * draw.between(0.01, 0.08),
            encode: turn * draw.between(0.02, 0.12),
            write: turn * draw.between(0.02, 0.12),
            read: work * draw.between(0.005, 0.03),
            decode: work * draw.between(0.005, 0.03),
            lock_wait: work * draw.between(0.0, 0.08),
            work,
            bytes: draw.of_size(100.0, 1_000_000.0),
            first_worker: 1.0,
        };
        let large = draw.of_size(100_000.0, 5_000_000.0);
        match bottleneck {
            Bottleneck::Pickling => {
                plan.encode = turn * draw.between(1.6, 4.0);
                plan.decode = plan.encode * draw.between(0.1, 0.4);
                plan.bytes = large;
            }
            Bottleneck::LargeMessages => {
                plan.write = turn * draw.between(1.6, 4.0);
                plan.read = plan.write * draw.between(0.1, 0.4);
                plan.bytes = large;
            }
            Bottleneck::TinyTasks => {
                let share = draw.between(0.25, 0.75);
                let both = turn * draw.between(1.6, 4.0);
                (plan.encode, plan.write) = (both * share, both * (1.0 - share));
                plan.read = both * draw.between(0.1, 0.3);
                plan.bytes = draw.of_size(10.0, 2_000.0);
            }
            Bottleneck::Lock => plan.lock_wait = work * draw.between(0.9, 3.0),
            Bottleneck::Uneven => plan.first_worker = draw.between(3.5, 8.0),
            Bottleneck::Starting => plan.start = ideal * draw.between(1.0, 3.0),
            Bottleneck::Fine => {}
        }
        plan
    }

    /// The schedule: each task goes to the worker whose turn it is, which takes it when it is there and the worker is done with the last.
    fn carry_out(&self, draw: &mut Draw) -> Timeline {
        let mut lanes: Vec<Lane> = (0..=self.workers).map(Lane::of).collect();
        for lane in &mut lanes[1..] {
            lane.does(Doing::Start, draw.between(0.8, 1.2) * self.start, 0.0);
        }
        // Which process is the slow one is drawn as well.
        let slow = draw.whole(1, self.workers);
        for task in 0..self.tasks {
            let mut length = |mean: f64| mean * draw.between(0.6, 1.4);
            let bytes = length(self.bytes);
            lanes[0].does(Doing::Encode, length(self.encode), bytes);
            lanes[0].does(Doing::Write, length(self.write), bytes);
            let (sent, worker) = (lanes[0].now, 1 + task % self.workers);
            let lane = &mut lanes[worker];
            lane.does(Doing::Wait, sent - lane.now, 0.0);
            lane.does(Doing::Read, length(self.read), bytes);
            lane.does(Doing::Decode, length(self.decode), bytes);
            lane.does(Doing::LockWait, length(self.lock_wait), 0.0);
            let times = if worker == slow { self.first_worker } else { 1.0 };
            lane.does(Doing::Work, length(self.work) * times, 0.0);
            // A result is a number.
            lane.does(Doing::Encode, length(self.work / 500.0), 8.0);
            lane.does(Doing::Write, length(self.work / 500.0), 8.0);
        }
        let end = lanes.iter().map(|lane| lane.now).fold(0.0, f64::max);
        lanes.iter_mut().for_each(|lane| lane.does(Doing::Wait, end - lane.now, 0.0));
        Timeline::of(self.workers, lanes.into_iter().flat_map(|lane| lane.spans).collect())
    }
}

/// A process, and how far it is.
struct Lane {
    process: usize,
    now: f64,
    spans: Vec<Span>,
}

impl Lane {
    fn of(process: usize) -> Self {
        Self { process, now: 0.0, spans: Vec::new() }
    }

    /// Does something for a time; nothing if there is none.
    fn does(&mut self, doing: Doing, time: f64, bytes: f64) {
        if time > 0.0 {
            let end = self.now + time;
            let (begin_ns, end_ns) = (self.now as u64, end as u64);
            self.spans.push(Span { process: self.process, doing, begin_ns, end_ns, bytes: bytes as u64 });
            self.now = end;
        }
    }
}
