//! A campaign: every set of parameters in every variant, each a fresh subject, each repeated, and every row recorded.
//!
//! The repetitions of a set are as far apart as the campaign is long, so that no set owns a stretch of time. A campaign is a run like any
//! other: a header, rows, an end. In its plan the instrument's parameters are those of the campaign (`fitting`, `held_out`,
//! `repetitions`), and a row's own are among its facts. A block's number is that of its set: those below `fitting` are the fixed ones.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use record::{Arm, BlockOrder, BlockPosition, Header, LessonPlan, Params, Profile, Recorder, SCHEMA, Subject};

use super::{MODEL, sets};
use crate::bench::BenchError;
use crate::interrupt::{Interrupted, Interrupts};
use crate::outcome::ns;
use crate::{Random, environment, program, subject};

/// What a campaign is going to do.
#[derive(Debug)]
pub struct Campaign<'a> {
    /// Where its record goes.
    pub folder: PathBuf,
    /// Draws the held-out sets, and the order of everything.
    pub seed: u64,
    /// How many of the fixed sets, and how many held-out ones.
    pub sets: usize,
    /// How often each.
    pub repetitions: u32,
    /// How long one subject may take.
    pub deadline: Duration,
    /// The version of the program that measures.
    pub version: &'a str,
    /// The checkout it was built from.
    pub root: &'a Path,
}

/// What a finished or interrupted campaign leaves.
#[derive(Debug)]
pub struct Campaigned {
    /// The file of the run; none if nothing was run.
    pub path: Option<PathBuf>,
    /// What was not fine, one line each.
    pub failures: Vec<String>,
    /// The signal that ended it early, if one did.
    pub interrupted: Option<Interrupted>,
}

/// The fact of a plan that makes a run a campaign: how many of its sets the model is fitted to.
pub const FITTING: &str = "fitting";

impl Campaign<'_> {
    /// How many subjects it takes.
    pub fn subjects(&self) -> u64 {
        2 * self.sets as u64 * MODEL.variants.len() as u64 * u64::from(self.repetitions)
    }

    /// The fixed sets, then the held-out ones.
    fn all_sets(&self) -> Vec<Params> {
        let cores = environment::usable_cores();
        let mut all = sets::fitting(cores);
        all.truncate(self.sets);
        all.extend(sets::held_out(self.sets, self.seed, cores));
        all
    }

    fn header(&self) -> Header {
        let started = record::now();
        let count = self.sets as u64;
        let params = [(FITTING, count), ("held_out", count), ("repetitions", self.repetitions.into())];
        Header {
            schema: SCHEMA,
            id: format!("{}-{}-{:x}", started.replace(':', ""), super::STEM, self.seed),
            started,
            profile: Profile::Standard,
            seed: self.seed,
            program: program::capture(self.version, self.root),
            environment: environment::capture(),
            lessons: vec![LessonPlan {
                lesson: MODEL.stem.to_owned(),
                params: params.map(|(name, value)| (name.to_owned(), value)).into(),
                shrunk: Params::new(),
                baseline: MODEL.baseline().name.to_owned(),
                blocks: self.repetitions,
                fingerprint: MODEL.fingerprint.to_owned(),
            }],
            budget_s: None,
        }
    }
}

/// Runs and records a campaign. `progress` hears of every subject before it starts.
///
/// # Errors
/// If the record cannot be written. A subject that fails is no error but a row.
pub fn run(campaign: &Campaign<'_>, progress: &dyn Fn(&str)) -> Result<Campaigned, BenchError> {
    let interrupts = Interrupts::caught().map_err(|fault| BenchError::Io("catching Ctrl-C".to_owned(), fault))?;
    let begin = Instant::now();
    let sets = campaign.all_sets();
    let mut random = Random::seeded(campaign.seed);
    let mut recorder = None;
    let mut failures = Vec::new();
    // The first variant is the oracle of its set.
    let mut answers: Vec<Option<String>> = vec![None; sets.len()];
    for _ in 0..campaign.repetitions {
        for number in shuffled(sets.len(), &mut random) {
            for variant in MODEL.variants {
                progress(&format!("{} of set {number}", variant.name));
                let at_ns = ns(begin.elapsed());
                let oracle = answers[number].as_deref();
                let ran = match subject::run(&MODEL, variant, &sets[number], campaign.deadline, oracle, &interrupts) {
                    Ok(ran) => ran,
                    Err(signal) => {
                        let path = recorder.map(|recorder: Recorder| recorder.path().to_owned());
                        return Ok(Campaigned { path, failures, interrupted: Some(signal) });
                    }
                };
                if variant.name == MODEL.baseline().name && ran.result.ok && answers[number].is_none() {
                    answers[number].clone_from(&ran.result.answer);
                }
                if let Some(error) = &ran.result.error {
                    failures.push(format!("{} of set {number}: {error}", variant.name));
                }
                let row = Subject {
                    lesson: MODEL.stem.to_owned(),
                    block: place(variant.name, number),
                    at_ns,
                    result: ran.result,
                    usage: ran.usage,
                };
                let open = match recorder.take() {
                    Some(open) => open,
                    None => Recorder::create(&campaign.folder, &campaign.header())?,
                };
                recorder.insert(open).subject(&row)?;
            }
        }
    }
    let end = environment::at_end();
    let path = recorder.map(|recorder| recorder.end(&end)).transpose()?;
    Ok(Campaigned { path, failures, interrupted: None })
}

/// A row by itself, as in any run of [`crate::Design::Singles`], numbered by its set.
fn place(variant: &str, set: usize) -> BlockPosition {
    BlockPosition {
        variant: variant.to_owned(),
        number: u32::try_from(set).unwrap_or(u32::MAX),
        order: BlockOrder::Abba,
        place: 0,
        arm: Arm::B,
        warm_up: false,
    }
}

/// The numbers below `count` in an order that `random` draws (Fisher and Yates).
fn shuffled(count: usize, random: &mut Random) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        let other = random.next().unwrap_or(0) % (last as u64 + 1);
        order.swap(last, other as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_has_its_turn_in_an_order_that_the_seed_draws() {
        let order = |seed| shuffled(48, &mut Random::seeded(seed));
        let mut sorted = order(1);
        assert_ne!(sorted, order(2));
        sorted.sort_unstable();
        assert_eq!(sorted, (0..48).collect::<Vec<_>>());
        assert_eq!(shuffled(0, &mut Random::seeded(1)), Vec::<usize>::new());
    }
}
