//! The subjects of one lesson, in rounds: each round takes one block of every variant, in an order that is drawn anew.
//!
//! So no variant owns a stretch of time: what happens to the machine meanwhile happens to all of them. Within a block the order A B B A
//! or B A A B cancels a steady drift. One round of single subjects comes first; it warms the machine up, gives the oracle's answer, and
//! shows how long each variant takes.

use std::time::{Duration, Instant};

use record::{Arm, BlockOrder, BlockPosition};

use super::session::{Order, Session, Stop};
use super::{Planned, plan};
use crate::lesson::{Design, Variant};
use crate::outcome::NOT_HERE;
use crate::random::Random;
use crate::statistics;

/// A variant that failed this often in a row is not measured any further; its rows stay.
const FAILURES_AT_MOST: usize = 3;
/// A subject may take so many times as long as the variant's first one did,
const PATIENCE: u32 = 20;
/// and never less than this: the machine may have been idle then.
const PATIENCE_AT_LEAST: Duration = Duration::from_secs(10);

/// What one whole block measured, in nanoseconds: the geometric means of its two arms. The raw times are in the record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    pub(super) baseline_ns: f64,
    pub(super) variant_ns: f64,
}

/// The rounds of one lesson so far.
pub(super) struct Rounds<'a> {
    pub(super) planned: &'a Planned<'a>,
    tracks: Vec<Track>,
    oracle: Option<String>,
    warm: bool,
}

/// One variant: its blocks, numbered whether they became whole or not.
struct Track {
    variant: &'static Variant,
    next: u32,
    failed: usize,
    whole: Vec<Block>,
    deadline: Duration,
}

/// What became of a subject.
enum Taken {
    /// It did what it was to do, in so many nanoseconds.
    Time(f64),
    /// This machine cannot do it, and will not the next time.
    NotHere,
    /// It failed.
    Failure,
}

impl Track {
    fn wants(&self, blocks: usize) -> bool {
        self.whole.len() < blocks && self.failed < FAILURES_AT_MOST
    }
}

impl<'a> Rounds<'a> {
    /// Rounds over those variants of the lesson that `wanted` names; the baseline has its part in every block.
    pub(super) fn new(planned: &'a Planned<'a>, deadline: Duration, wanted: impl Fn(&str) -> bool) -> Self {
        let compared = usize::from(planned.lesson.design == Design::Blocks);
        let variants = planned.lesson.variants[compared..].iter().filter(|variant| wanted(variant.name));
        let track = |variant| Track { variant, next: 0, failed: 0, whole: Vec::new(), deadline };
        Self { planned, tracks: variants.map(track).collect(), oracle: None, warm: planned.warm_ups() == 0 }
    }

    /// The block of `variant` with this number, from 0, among those that are whole; runs rounds until it is there.
    pub(super) fn pull(&mut self, session: &mut Session<'_>, variant: &str, number: usize) -> Result<Block, Stop> {
        loop {
            let track = self.tracks.iter().find(|track| track.variant.name == variant).ok_or(Stop::GivenUp)?;
            match track.whole.get(number) {
                Some(block) => return Ok(*block),
                None if !track.wants(number + 1) => return Err(Stop::GivenUp),
                None => self.round(session, number + 1)?,
            }
        }
    }

    /// The same for a block of whichever variant has it, for the sake of its baseline.
    pub(super) fn pull_any(&mut self, session: &mut Session<'_>, number: usize) -> Result<Block, Stop> {
        let names: Vec<&str> = self.tracks.iter().map(|track| track.variant.name).collect();
        for name in names {
            match self.pull(session, name, number) {
                Err(Stop::GivenUp) => {}
                settled => return settled,
            }
        }
        Err(Stop::GivenUp)
    }

    /// Runs rounds until every variant that is not given up has so many whole blocks.
    pub(super) fn until(&mut self, session: &mut Session<'_>, blocks: usize) -> Result<(), Stop> {
        while self.tracks.iter().any(|track| track.wants(blocks)) {
            self.round(session, blocks)?;
        }
        Ok(())
    }

    /// Whether a variant has failed too often.
    pub(super) fn is_given_up(&self, variant: &str) -> bool {
        self.tracks.iter().any(|track| track.variant.name == variant && track.failed >= FAILURES_AT_MOST)
    }

    /// How many subjects it takes from here until every variant has so many whole blocks, if nothing fails.
    pub(super) fn subjects_until(&self, blocks: usize) -> u64 {
        let missing: usize = self.tracks.iter().map(|track| blocks.saturating_sub(track.whole.len())).sum();
        let warm_up = if self.warm { 0 } else { self.warm_up_subjects() };
        missing as u64 * self.planned.subjects_per_block() + warm_up
    }

    /// One block of every variant that has fewer than `blocks` whole ones.
    fn round(&mut self, session: &mut Session<'_>, blocks: usize) -> Result<(), Stop> {
        self.warm_up(session)?;
        let mut order: Vec<usize> = (0..self.tracks.len()).filter(|track| self.tracks[*track].wants(blocks)).collect();
        shuffle(&mut order, &mut session.random);
        order.into_iter().try_for_each(|track| self.attempt(session, track, blocks))
    }

    /// One subject of the baseline and of each variant, once. Its rows are kept and marked, and not judged.
    pub(super) fn warm_up(&mut self, session: &mut Session<'_>) -> Result<(), Stop> {
        if std::mem::replace(&mut self.warm, true) {
            return Ok(());
        }
        // The baseline runs under the deadlines of all.
        let mut at_least = PATIENCE_AT_LEAST;
        if self.planned.lesson.design == Design::Blocks {
            let baseline = self.planned.lesson.baseline();
            let block = position(baseline, 0, BlockOrder::Abba, 0, Arm::A, true);
            let begin = Instant::now();
            self.subject(session, baseline, block, session.plan.deadline)?;
            at_least = at_least.max(begin.elapsed() * PATIENCE);
        }
        for track in 0..self.tracks.len() {
            let Track { variant, deadline, .. } = self.tracks[track];
            let begin = Instant::now();
            let block = position(variant, 0, BlockOrder::Abba, 0, Arm::B, true);
            let fine = matches!(self.subject(session, variant, block, deadline)?, Taken::Time(_));
            let track = &mut self.tracks[track];
            track.failed += usize::from(!fine);
            if fine && session.plan.adapts_deadlines {
                track.deadline = (begin.elapsed() * PATIENCE).max(at_least).min(deadline);
            }
        }
        Ok(())
    }

    fn warm_up_subjects(&self) -> u64 {
        self.tracks.len() as u64 + u64::from(self.planned.lesson.design == Design::Blocks)
    }

    /// Tries one block. If a subject of it fails, the others would be time spent on nothing.
    fn attempt(&mut self, session: &mut Session<'_>, track: usize, blocks: usize) -> Result<(), Stop> {
        let Track { variant, next: number, deadline, .. } = self.tracks[track];
        self.tracks[track].next += 1;
        let stem = self.planned.lesson.stem;
        let total = u32::try_from(blocks).unwrap_or(u32::MAX).max(self.planned.blocks);
        let order = match self.oracle {
            // The very first subject of a lesson is the oracle.
            None => BlockOrder::Abba,
            Some(_) => plan::draw(&mut session.random),
        };
        let arms: &[Arm] = match self.planned.lesson.design {
            Design::Blocks => &order.arms(),
            Design::Singles => &[Arm::B],
        };
        let mut times = Vec::with_capacity(arms.len());
        for (place, arm) in (0..).zip(arms) {
            session.progress.subject(stem, variant.name, number, total);
            let runs = if *arm == Arm::A { self.planned.lesson.baseline() } else { variant };
            let block = position(variant, number, order, place, *arm, false);
            match self.subject(session, runs, block, deadline)? {
                Taken::Time(ns) => times.push((*arm, ns)),
                Taken::NotHere => {
                    self.tracks[track].failed = FAILURES_AT_MOST;
                    return Ok(());
                }
                Taken::Failure => {
                    self.tracks[track].failed += 1;
                    return Ok(());
                }
            }
        }
        let mean = |wanted| statistics::arm_mean(&times, wanted);
        let variant_ns = mean(Arm::B);
        let baseline_ns = if self.planned.lesson.design == Design::Blocks { mean(Arm::A) } else { variant_ns };
        let track = &mut self.tracks[track];
        track.whole.push(Block { baseline_ns, variant_ns });
        // Only who fails again and again is given up: to stop counting a fault that shows now and then would be a choice of its rate.
        track.failed = 0;
        Ok(())
    }

    /// What became of it.
    fn subject(
        &mut self,
        session: &mut Session<'_>,
        runs: &'static Variant,
        block: BlockPosition,
        deadline: Duration,
    ) -> Result<Taken, Stop> {
        let oracle = self.oracle.as_deref().filter(|_| self.planned.lesson.design == Design::Blocks);
        let result = session.subject(Order { planned: self.planned, runs, block, deadline, oracle })?;
        if runs.name == self.planned.lesson.baseline().name && self.oracle.is_none() && result.ok {
            self.oracle = result.answer;
        }
        Ok(match result.elapsed_ns.filter(|_| result.ok) {
            Some(ns) => Taken::Time(ns as f64),
            None if result.notes.contains_key(NOT_HERE) => Taken::NotHere,
            None => Taken::Failure,
        })
    }
}

fn position(variant: &Variant, number: u32, order: BlockOrder, place: u32, arm: Arm, warm_up: bool) -> BlockPosition {
    BlockPosition { variant: variant.name.to_owned(), number, order, place, arm, warm_up }
}

/// Fisher and Yates: every order is as likely as any other, but for what 2^64 is not a multiple of.
fn shuffle(order: &mut [usize], random: &mut Random) {
    for last in (1..order.len()).rev() {
        let drawn = random.next().unwrap_or(0) % (last as u64 + 1);
        order.swap(last, usize::try_from(drawn).unwrap_or(last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_of_three_is_drawn_about_as_often() {
        let mut random = Random::seeded(7);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..6_000 {
            let mut order = [0, 1, 2];
            shuffle(&mut order, &mut random);
            *counts.entry(order).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        // Five standard deviations around 1000.
        assert!(counts.values().all(|count| (856..=1_144).contains(count)), "{counts:?}");
    }
}
