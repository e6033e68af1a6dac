//! What a run says about a lesson: from raw rows to samples, ratios, intervals and failures.
//!
//! Pure: the run comes in as it was recorded, and nothing is measured or read. A variant that failed, or that an interrupted
//! run never reached, is summarised like any other, with fewer samples or none.

use std::collections::BTreeMap;

use record::{Arm, Counters, LessonInfo, LessonSummary, RUST_LANE, Run, Subject, Traffic, VariantSummary};

use crate::statistics::{block_ratio, drift, later_by_earlier, mean_interval, median_interval, outliers, spread};

const CODE_CHANGED: &str = "the code of the lesson or the runtime changed since this run";

/// Summarises what `run` measured for the lesson `info`. None if the run did not set out to measure that lesson.
///
/// Whether it was made elsewhere is for the caller to say, who knows which machine this is; here it counts as made on this one.
/// `reference` tells whether the run is one of the committed ones, and `fingerprint` is that of the code as it is now: a run
/// of other code is summarised all the same, and marked stale. Subjects that only warmed the machine up count among the
/// failures and nowhere else.
///
/// ```no_run
/// # fn example(run: &record::Run, info: &record::LessonInfo) {
/// let summary = harness::summary::summarise(run, info, false, "9e107d9d").expect("the run covers the lesson");
/// if let Some(ratio) = summary.variant("pool_bound_method").and_then(|variant| variant.ratio) {
///     println!("{:.2} times the baseline, from {} blocks", ratio.mid, ratio.n);
/// }
/// # }
/// ```
pub fn summarise(run: &Run, info: &LessonInfo, reference: bool, fingerprint: &str) -> Option<LessonSummary> {
    let plan = run.plan(&info.stem)?;
    let subjects: Vec<Placed<'_>> =
        run.subjects_of(&info.stem).map(|subject| Placed { subject, variant: ran(subject, &plan.baseline) }).collect();
    let variants = names(&plan.baseline, info, &subjects)
        .into_iter()
        .map(|name| variant(name, &plan.baseline, &subjects))
        .collect();
    Some(LessonSummary {
        lesson: info.stem.clone(),
        run: run.header.id.clone(),
        reference,
        elsewhere: false,
        started: run.header.started.clone(),
        profile: run.header.profile,
        plan: plan.clone(),
        program: run.header.program.clone(),
        environment: run.header.environment.clone(),
        stale: (plan.fingerprint != fingerprint).then(|| CODE_CHANGED.to_owned()),
        complete: run.end.is_some(),
        variants,
    })
}

/// A subject, with the variant that it ran.
#[derive(Clone, Copy)]
struct Placed<'a> {
    subject: &'a Subject,
    variant: &'a str,
}

impl Placed<'_> {
    /// Its elapsed time in nanoseconds, if it did what it was to do.
    fn time(&self) -> Option<u64> {
        self.subject.result.elapsed_ns.filter(|_| self.subject.result.ok)
    }

    /// Whether its facts count: those of a demonstration count even if its fault did not show, or no rate of it would be true.
    fn tells(&self) -> bool {
        let result = &self.subject.result;
        let shows = result.demonstrates.is_some() && result.answer.is_some();
        (result.ok || shows) && !self.subject.block.warm_up
    }
}

/// What a subject ran follows from its place: a block compares the variant it is named after with the baseline.
fn ran<'a>(subject: &'a Subject, baseline: &'a str) -> &'a str {
    match subject.block.arm {
        Arm::A => baseline,
        Arm::B => &subject.block.variant,
    }
}

/// The baseline, the lesson's other variants in its order, then those that only the run knows.
fn names<'a>(baseline: &'a str, info: &'a LessonInfo, subjects: &[Placed<'a>]) -> Vec<&'a str> {
    let mut names = vec![baseline];
    let of_lesson = info.variants.iter().map(|variant| variant.name.as_str());
    for name in of_lesson.chain(subjects.iter().map(|placed| placed.variant)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn variant(name: &str, baseline: &str, subjects: &[Placed<'_>]) -> VariantSummary {
    let own: Vec<Placed<'_>> = subjects.iter().filter(|placed| placed.variant == name).copied().collect();
    let judged: Vec<Placed<'_>> =
        own.iter().filter(|placed| placed.subject.result.ok && !placed.subject.block.warm_up).copied().collect();
    let told: Vec<Placed<'_>> = own.iter().filter(|placed| placed.tells()).copied().collect();
    let samples_ns: Vec<u64> = judged.iter().filter_map(Placed::time).collect();
    let samples: Vec<f64> = samples_ns.iter().map(|ns| *ns as f64).collect();
    let times = times_of_blocks(&judged);
    let blocks = whole_blocks(name, subjects);
    let ratios = usable(blocks.iter().map(block_ratio));
    // The baseline has no blocks of its own: every block tells about it.
    let tell_steps = if name == baseline { every_block(subjects) } else { blocks };
    let steps = usable(tell_steps.iter().map(later_by_earlier));
    VariantSummary {
        name: name.to_owned(),
        lane: own.first().map_or(RUST_LANE, |placed| &placed.subject.result.lane).to_owned(),
        time_ns: mean_interval(&times),
        median_ns: median_interval(&times),
        samples_ns,
        ratio: mean_interval(&ratios),
        median_ratio: median_interval(&ratios),
        drift: drift(if ratios.is_empty() { &times } else { &ratios }),
        baseline_steps: mean_interval(&steps),
        ratio_outliers: outliers(&ratios),
        outliers: outliers(&samples),
        spread: spread(&samples),
        ratios,
        typical: typical(&judged).map(|subject| subject.result.clone()),
        facts: gathered(told.iter().map(|placed| &placed.subject.result.facts)),
        series: gathered(told.iter().map(|placed| &placed.subject.result.series)),
        failures: failures(&own),
        counters_agree: counters_agree(&judged),
    }
}

/// One time for each number of a block, in nanoseconds: the geometric mean of the subjects that ran in it. Subjects of one block are close in time
/// and not independent, and those of the baseline in all the blocks of a round are no more so.
fn times_of_blocks(judged: &[Placed<'_>]) -> Vec<f64> {
    let mut logs: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (placed, ns) in judged.iter().filter_map(|placed| Some((placed, placed.time()?))) {
        logs.entry(placed.subject.block.number).or_default().push((ns as f64).ln());
    }
    logs.into_values().map(|logs| (logs.iter().sum::<f64>() / logs.len() as f64).exp()).collect()
}

/// The values under each name, in the order in which they came.
fn gathered<'a, T: Clone + 'a>(maps: impl Iterator<Item = &'a BTreeMap<String, T>>) -> BTreeMap<String, Vec<T>> {
    let mut gathered: BTreeMap<String, Vec<T>> = BTreeMap::new();
    for (name, value) in maps.flatten() {
        gathered.entry(name.clone()).or_default().push(value.clone());
    }
    gathered
}

/// The ratio of each whole block that compares `variant` with its baseline, in the order of the blocks; warm-up left out.
pub(crate) fn block_ratios(run: &Run, lesson: &str, variant: &str) -> Vec<f64> {
    let subjects: Vec<Placed<'_>> = run.subjects_of(lesson).map(|subject| Placed { subject, variant }).collect();
    usable(whole_blocks(variant, &subjects).iter().map(block_ratio))
}

/// The blocks of `name` whose four subjects all did what they were to do, in their order; of each the arms with their times, in the order in
/// which they ran.
fn whole_blocks(name: &str, subjects: &[Placed<'_>]) -> Vec<Block> {
    let mut blocks: BTreeMap<u32, [Option<(Arm, f64)>; 4]> = BTreeMap::new();
    for placed in subjects {
        let block = &placed.subject.block;
        if block.variant != name || block.warm_up {
            continue;
        }
        let places = blocks.entry(block.number).or_default();
        if let Some(place) = places.get_mut(block.place as usize) {
            *place = placed.time().map(|ns| (block.arm, ns as f64));
        }
    }
    let whole = |[a, b, c, d]: [Option<(Arm, f64)>; 4]| Some([a?, b?, c?, d?]);
    blocks.into_values().filter_map(whole).collect()
}

type Block = [(Arm, f64); 4];

/// The whole blocks of every variant.
fn every_block(subjects: &[Placed<'_>]) -> Vec<Block> {
    let mut names: Vec<&str> = subjects.iter().map(|placed| placed.subject.block.variant.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().flat_map(|name| whole_blocks(name, subjects)).collect()
}

/// A time of 0 or a block that is not balanced leaves no ratio.
fn usable(ratios: impl Iterator<Item = f64>) -> Vec<f64> {
    ratios.filter(|ratio| ratio.is_finite() && *ratio > 0.0).collect()
}

/// The subject with the median time; of two in the middle, the faster one. Where none has a time, the first: it tells why.
fn typical<'a>(judged: &[Placed<'a>]) -> Option<&'a Subject> {
    let mut timed: Vec<_> = judged.iter().filter_map(|placed| Some((placed.time()?, placed.subject))).collect();
    timed.sort_by_key(|(ns, _)| *ns);
    let median = timed.get(timed.len().saturating_sub(1) / 2).map(|(_, subject)| *subject);
    median.or_else(|| judged.first().map(|placed| placed.subject))
}

/// What went wrong, in the order in which it first did, each with how often.
fn failures(own: &[Placed<'_>]) -> Vec<(String, u64)> {
    let mut failures: Vec<(String, u64)> = Vec::new();
    for placed in own.iter().filter(|placed| !placed.subject.result.ok) {
        let error = placed.subject.result.error.as_deref().unwrap_or("it gave no reason");
        match failures.iter_mut().find(|(known, _)| known == error) {
            Some((_, count)) => *count += 1,
            None => failures.push((error.to_owned(), 1)),
        }
    }
    failures
}

fn counters_agree(judged: &[Placed<'_>]) -> bool {
    let mut counters = judged.iter().map(|placed| exact(&placed.subject.result.counters));
    let first = counters.next();
    counters.all(|other| Some(other) == first)
}

/// The counters that must repeat: no times, and neither reads nor writes, whose number depends on how full a pipe was.
fn exact(counters: &Counters) -> Counters {
    let untimed = |traffic: Traffic| Traffic { ns: 0, ..traffic };
    Counters {
        tasks: counters.tasks,
        messages: counters.messages,
        dumps: untimed(counters.dumps),
        loads: untimed(counters.loads),
        marks: counters.marks.clone(),
        ..Counters::default()
    }
}

#[cfg(test)]
mod tests;
