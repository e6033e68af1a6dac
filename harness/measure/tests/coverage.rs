//! How often our 95 % intervals hold a truth that is known, on simulated machines: the table in `coverage.txt`.
//!
//! `cargo test -p harness --release --test coverage -- --ignored` makes the table anew, compares it with the file to the last character, and
//! asserts what each design must and must not reach. With `BLESS=1` it writes the file.

#![expect(clippy::unwrap_used, reason = "a simulation says that something failed by panicking, as a test does")]

use std::fmt::Write;
use std::ops::RangeInclusive;

use harness::statistics::{block_ratio, mean_interval, median_interval, ratio_interval, relative_width};
use harness::{Random, precision};
use record::Arm::{self, A, B};
use record::{Band, BlockOrder, Interval};

/// Simulated runs of each design. The shares below are then known to three tenths of a percent.
const REPLICATIONS: u32 = 20_000;
/// The variant's time by its baseline's.
const TRUTH: f64 = 2.0;
/// How far two samples of one process differ; fresh processes differ by this and by the noise between processes.
const WITHIN: f64 = 0.02;
/// How much slower the machine is at the end of a run that drifts.
const DRIFT: f64 = 0.10;
/// One process in so many takes twice as long, where tails are heavy.
const ONE_SLOW_IN: f64 = 20.0;
/// Adaptive runs have at least and at most so many blocks.
const ADAPTIVE: RangeInclusive<usize> = 10..=40;

/// A machine whose noise is drawn from a seed.
struct Machine {
    random: Random,
    /// Standard deviation of the logarithm between fresh processes.
    between: f64,
    /// Whether some processes take twice as long.
    heavy_tail: bool,
    /// How much slower each subject finds it than the one before.
    drift_per_subject: f64,
    subjects: f64,
}

impl Machine {
    fn new(seed: u64, between: f64) -> Self {
        Self { random: Random::seeded(seed), between, heavy_tail: false, drift_per_subject: 0.0, subjects: 0.0 }
    }

    /// A number evenly from above 0 to 1.
    fn even(&mut self) -> f64 {
        ((self.random.next().unwrap() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// A number from the standard normal distribution (Box and Muller 1958).
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.even().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.even()).cos()
    }

    /// What a fresh process makes of every time it takes, on the logarithm.
    fn process(&mut self) -> f64 {
        let slow = if self.heavy_tail && self.even() * ONE_SLOW_IN <= 1.0 { 2.0_f64.ln() } else { 0.0 };
        slow + self.between * self.normal()
    }

    /// The one sample of a fresh process, which finds the machine as slow as it is by then.
    fn subject(&mut self, arm: Arm) -> f64 {
        let slowness = 1.0 + self.drift_per_subject * self.subjects;
        self.subjects += 1.0;
        time(arm) * slowness * (self.process() + WITHIN * self.normal()).exp()
    }

    /// The ratio of a block in this order.
    fn block(&mut self, arms: [Arm; 4]) -> f64 {
        block_ratio(&arms.map(|arm| (arm, self.subject(arm))))
    }

    /// The ratios of so many blocks, each of them A B B A or B A A B by lot.
    fn blocks(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.drawn_block()).collect()
    }

    fn drawn_block(&mut self) -> f64 {
        let order = if self.random.next().unwrap() % 2 == 1 { BlockOrder::Baab } else { BlockOrder::Abba };
        self.block(order.arms())
    }

    /// So many processes of one arm with so many samples each.
    fn pooled(&mut self, arm: Arm, processes: usize, samples: usize) -> Vec<f64> {
        let mut pooled = Vec::with_capacity(processes * samples);
        for _ in 0..processes {
            let process = self.process();
            pooled.extend((0..samples).map(|_| time(arm) * (process + WITHIN * self.normal()).exp()));
        }
        pooled
    }

    /// A machine that will be slower by [`DRIFT`] after so many blocks.
    fn drifting(&mut self, blocks: usize) -> &mut Self {
        self.subjects = 0.0;
        self.drift_per_subject = DRIFT / (4 * blocks) as f64;
        self
    }

    /// Blocks until `enough` says so, at least and at most as [`ADAPTIVE`] has it.
    fn until(&mut self, enough: impl Fn(&Interval) -> bool) -> Option<Interval> {
        let mut ratios = self.blocks(*ADAPTIVE.start());
        loop {
            let interval = mean_interval(&ratios)?;
            if enough(&interval) || ratios.len() >= *ADAPTIVE.end() {
                return Some(interval);
            }
            ratios.push(self.drawn_block());
        }
    }

    /// Blocks until the interval is narrow enough for `band`.
    fn until_narrow(&mut self, band: &Band) -> Option<Interval> {
        let needed = precision::needed_width(band).unwrap();
        self.until(|interval| relative_width(interval) < needed)
    }

    /// The same as `lab bench` goes on (`src/bench/length.rs`) where time is no matter: as many blocks as the width asks for, at most half as
    /// many again before the next look, up to a hundred.
    fn as_benched(&mut self, band: &Band) -> Option<Interval> {
        let needed = precision::needed_width(band).unwrap();
        let mut ratios = self.blocks(*ADAPTIVE.start());
        loop {
            let (n, interval) = (ratios.len(), mean_interval(&ratios)?);
            let excess = relative_width(&interval) / needed;
            if excess <= 1.0 || n >= 100 {
                return Some(interval);
            }
            let asked = (n as f64 * excess * excess).ceil() as usize;
            let next = asked.clamp(n + 2, n + n / 2).min(100);
            ratios.extend((n..next).map(|_| self.drawn_block()));
        }
    }
}

fn time(arm: Arm) -> f64 {
    if arm == B { TRUTH } else { 1.0 }
}

/// A way to measure and to estimate, and how often it has to hold the truth, in percent.
struct Design {
    name: &'static str,
    n: &'static str,
    between: f64,
    must_cover: RangeInclusive<f64>,
    interval: fn(&mut Machine) -> Option<Interval>,
}

/// What the simulated runs of a design come to.
struct Covered {
    percent: f64,
    half_width_percent: f64,
    mean_n: f64,
}

impl Design {
    fn simulate(&self, seed: u64) -> Covered {
        let mut machine = Machine::new(seed, self.between);
        let (mut covered, mut width, mut n) = (0, 0.0, 0);
        for _ in 0..REPLICATIONS {
            let interval = (self.interval)(&mut machine).unwrap();
            covered += u32::from(interval.holds(TRUTH));
            width += relative_width(&interval);
            n += interval.n;
        }
        let share = |sum: f64| sum / f64::from(REPLICATIONS);
        Covered {
            percent: 100.0 * share(f64::from(covered)),
            half_width_percent: 50.0 * share(width),
            mean_n: share(n as f64),
        }
    }

    fn line(&self, covered: &Covered) -> String {
        let noise = format!("{:.0} %", self.between * 100.0);
        let n = if self.n.contains(" to ") { format!("{} ({:.1})", self.n, covered.mean_n) } else { self.n.to_owned() };
        format!(
            "{:<66} {n:>16} {noise:>6} {:>7.1} % {:>7.1} %\n",
            self.name, covered.percent, covered.half_width_percent
        )
    }
}

const T: &str = "t on logs of block ratios";
const RANKS: &str = "ranks around the median of block ratios";
const WELCH: &str = "Welch's t on logs, the ratios of two variants";
const NARROW: &str = "blocks until narrow enough for 'about as fast', then t on logs";
const BENCHED: &str = "as lab bench adds blocks, narrow enough for 'about as fast'";
const TENTH: &str = "blocks until narrow enough for 'more than', then t on logs";

/// What an interval that says 95 % has to reach.
const HONEST: RangeInclusive<f64> = 94.0..=96.0;

const DESIGNS: &[Design] = &[
    design(T, "5", 0.03, HONEST, |machine| mean_interval(&machine.blocks(5))),
    design(T, "10", 0.03, HONEST, |machine| mean_interval(&machine.blocks(10))),
    design(T, "20", 0.03, HONEST, |machine| mean_interval(&machine.blocks(20))),
    design(T, "30", 0.03, HONEST, |machine| mean_interval(&machine.blocks(30))),
    design(T, "5", 0.10, HONEST, |machine| mean_interval(&machine.blocks(5))),
    design(T, "10", 0.10, HONEST, |machine| mean_interval(&machine.blocks(10))),
    design(T, "20", 0.10, HONEST, |machine| mean_interval(&machine.blocks(20))),
    design(T, "30", 0.10, HONEST, |machine| mean_interval(&machine.blocks(30))),
    // By counting coins: 96.9, 97.9 and 95.9 %.
    design(RANKS, "6", 0.03, 96.4..=97.4, |machine| median_interval(&machine.blocks(6))),
    design(RANKS, "10", 0.03, 97.4..=98.4, |machine| median_interval(&machine.blocks(10))),
    design(RANKS, "20", 0.03, 95.4..=96.4, |machine| median_interval(&machine.blocks(20))),
    design(WELCH, "10 and 10", 0.03, HONEST, |machine| two_variants(machine, 10)),
    design(WELCH, "10 and 6", 0.10, HONEST, |machine| two_variants(machine, 6)),
    design("the wrong way: one process of each, 10 samples pooled", "10 and 10", 0.03, 0.0..=60.0, |machine| {
        pooled(machine, 1, 10)
    }),
    design("the wrong way: one process of each, 10 samples pooled", "10 and 10", 0.10, 0.0..=60.0, |machine| {
        pooled(machine, 1, 10)
    }),
    design("the wrong way: 10 processes of each, 5 samples of each pooled", "50 and 50", 0.03, 0.0..=75.0, |machine| {
        pooled(machine, 10, 5)
    }),
    design("10 % slower at the end, A B B A or B A A B", "10", 0.03, HONEST, |machine| {
        mean_interval(&machine.drifting(10).blocks(10))
    }),
    design("10 % slower at the end, A A B B", "10", 0.03, 0.0..=94.0, |machine| in_order(machine.drifting(10), 10)),
    design("10 % slower at the end, every A before every B", "20 and 20", 0.03, 0.0..=10.0, |machine| {
        one_after_the_other(machine.drifting(10), 20)
    }),
    design(NARROW, "10 to 40", 0.03, 93.0..=96.0, |machine| machine.until_narrow(&Band::AboutAsFast {})),
    design(NARROW, "10 to 40", 0.05, 93.0..=96.0, |machine| machine.until_narrow(&Band::AboutAsFast {})),
    design(NARROW, "10 to 40", 0.07, 93.0..=96.0, |machine| machine.until_narrow(&Band::AboutAsFast {})),
    design(NARROW, "10 to 40", 0.10, 93.0..=96.0, |machine| machine.until_narrow(&Band::AboutAsFast {})),
    design(TENTH, "10 to 40", 0.10, 93.0..=96.0, |machine| machine.until_narrow(&Band::MoreThan { than: 1.0 })),
    design("the wrong way: blocks until the truth lies outside", "10 to 40", 0.03, 0.0..=92.0, |machine| {
        machine.until(|interval| !interval.holds(TRUTH))
    }),
    design("one process in 20 twice as slow, t on logs", "10", 0.03, 94.0..=98.5, |machine| {
        mean_interval(&heavy(machine).blocks(10))
    }),
    design("one process in 20 twice as slow, t on logs", "30", 0.03, 94.0..=98.5, |machine| {
        mean_interval(&heavy(machine).blocks(30))
    }),
    design("one process in 20 twice as slow, ranks around the median", "10", 0.03, 96.9..=98.9, |machine| {
        median_interval(&heavy(machine).blocks(10))
    }),
    design(
        "one process in 20 twice as slow, narrow enough for 'more than'",
        "10 to 40",
        0.03,
        93.0..=98.5,
        |machine| heavy(machine).until_narrow(&Band::MoreThan { than: 1.0 }),
    ),
    design(BENCHED, "10 to 100", 0.05, 93.0..=96.0, |machine| machine.as_benched(&Band::AboutAsFast {})),
    design(BENCHED, "10 to 100", 0.10, 93.0..=96.0, |machine| machine.as_benched(&Band::AboutAsFast {})),
];

const fn design(
    name: &'static str,
    n: &'static str,
    between: f64,
    must_cover: RangeInclusive<f64>,
    interval: fn(&mut Machine) -> Option<Interval>,
) -> Design {
    Design { name, n, between, must_cover, interval }
}

/// The ratio of a variant to another, each with blocks of its own, from their ratios to the baseline; the other's true ratio is 1.
fn two_variants(machine: &mut Machine, blocks_of_other: usize) -> Option<Interval> {
    let one = machine.blocks(10);
    // Another variant is also another noise: a third of ours.
    let between = std::mem::replace(&mut machine.between, 0.01);
    let other: Vec<f64> = machine.blocks(blocks_of_other).into_iter().map(|ratio| ratio / TRUTH).collect();
    machine.between = between;
    ratio_interval(&one, &other)
}

/// Samples of few processes as if each were a process of its own.
fn pooled(machine: &mut Machine, processes: usize, samples: usize) -> Option<Interval> {
    let baseline = machine.pooled(A, processes, samples);
    ratio_interval(&machine.pooled(B, processes, samples), &baseline)
}

/// Blocks in which the baseline always comes first.
fn in_order(machine: &mut Machine, blocks: usize) -> Option<Interval> {
    let ratios: Vec<f64> = (0..blocks).map(|_| machine.block([A, A, B, B])).collect();
    mean_interval(&ratios)
}

/// Every subject of the baseline and then every one of the variant, as a bench does that knows no blocks.
fn one_after_the_other(machine: &mut Machine, subjects: usize) -> Option<Interval> {
    let mut of = |arm| (0..subjects).map(|_| machine.subject(arm)).collect::<Vec<f64>>();
    let baseline = of(A);
    ratio_interval(&of(B), &baseline)
}

fn heavy(machine: &mut Machine) -> &mut Machine {
    machine.heavy_tail = true;
    machine
}

#[test]
#[ignore = "600,000 simulated runs: seconds in a release build, minutes in a debug one"]
fn the_intervals_hold_the_truth_as_often_as_the_table_says() {
    let mut table = format!(
        "How often a nominal 95 % interval holds the truth. {REPLICATIONS} simulated runs of each design; lognormal noise between fresh\n\
         processes as given and of {:.0} % within one; the true ratio is {TRUTH}. n: blocks or samples, in brackets their mean. Made by\n\
         harness/measure/tests/coverage.rs from fixed seeds.\n\n",
        WITHIN * 100.0
    );
    writeln!(table, "{:<66} {:>16} {:>6} {:>9} {:>9}", "design", "n", "noise", "covers", "half").unwrap();
    let mut wrong = Vec::new();
    for (design, seed) in DESIGNS.iter().zip(20_260_101..) {
        let covered = design.simulate(seed);
        table += &design.line(&covered);
        if !design.must_cover.contains(&covered.percent) {
            wrong.push(format!("{} ({}): {:.2}, not {:?}", design.name, design.n, covered.percent, design.must_cover));
        }
    }
    print!("{table}");
    assert!(wrong.is_empty(), "{wrong:#?}");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/coverage.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &table).unwrap();
    }
    assert_eq!(
        table,
        std::fs::read_to_string(path).unwrap(),
        "the committed table differs; accept the new one with BLESS=1"
    );
}
