//! Two runs side by side: what they were measured with, and by how much their times, ratios and counts differ.
//!
//! Pure: runs come in as they were recorded. The values that enter an interval are one per block, the geometric mean of what the block's
//! subjects of that variant took: subjects of one block ran close together and share whatever was going on then, so that two of them are
//! not two independent witnesses. In our own runs their correlation is 0.2 to 0.4 in the middle, and 0.9 for some variants. With one of 0.5, of a
//! thousand simulated intervals 953 over blocks hold the truth, and 891 over subjects.

use record::{Interval, LessonPlan, Run};
use serde::Serialize;
use serde_json::Value;

use crate::statistics::{mean_interval, ratio_interval};

mod counters;
mod measured;

use measured::Measured;

/// What share of the intervals excludes the truth although nothing is wrong.
const BY_CHANCE: f64 = 0.05;
/// What differs between any two moments and tells no two machines apart.
const OF_THE_MOMENT: [&str; 7] =
    ["available_bytes", "blocked", "frequency_khz", "load", "runnable", "steal_ticks", "swap_used_bytes"];

/// Everything that two runs say about each other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The run that B is compared with.
    pub a: Side,
    /// The run that is compared.
    pub b: Side,
    /// What differs in header, program and environment.
    pub differences: Vec<Difference>,
    /// The lessons that both set out to measure, in the order of A.
    pub lessons: Vec<LessonCompared>,
    /// Lessons that only A set out to measure.
    pub only_a: Vec<String>,
    /// Lessons that only B set out to measure.
    pub only_b: Vec<String>,
    /// How many intervals the comparison consists of.
    pub intervals: usize,
    /// How many of them exclude 1.
    pub excluding_1: usize,
    /// How many of them would exclude 1 by chance alone, on average, if nothing differed.
    pub excluding_1_by_chance: f64,
}

/// One of the two runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Side {
    /// Its name.
    pub run: String,
    /// Its profile.
    pub profile: record::Profile,
    /// The short name of its machine.
    pub machine: String,
    /// Its machine in words.
    pub machine_in_words: String,
    /// The revision that measured.
    pub revision: Option<String>,
    /// Whether it ended by itself.
    pub complete: bool,
    /// Whether its file was sealed with a hash.
    pub sealed: bool,
}

/// One value that is not the same in both runs; null where it was not recorded.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Its name, with a dot after what it belongs to (`environment.kernel`).
    pub what: String,
    /// In A.
    pub a: Value,
    /// In B.
    pub b: Value,
}

/// One lesson in both runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LessonCompared {
    /// Its stem.
    pub lesson: String,
    /// Whether both were measured by the same code of lesson and runtime.
    pub same_code: bool,
    /// The parameters that differ, and the baseline if it does; if there are any, nothing of the lesson is comparable.
    pub differences: Vec<Difference>,
    /// The variants that both measured, in the order of A; none if the lesson is not comparable.
    pub variants: Vec<VariantCompared>,
    /// Variants that only A measured.
    pub only_a: Vec<String>,
    /// Variants that only B measured.
    pub only_b: Vec<String>,
}

/// One variant in both runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VariantCompared {
    /// Its name, with the lane if it is not ours.
    pub variant: String,
    /// Its time, in nanoseconds.
    pub time_ns: Compared,
    /// Its ratio to the baseline; none for the baseline itself and for what has no baseline.
    pub ratio: Option<Compared>,
    /// The exact counters of which no value occurs in both runs.
    pub counters: Vec<CounterCompared>,
}

/// One quantity in both runs, each with its 95 % interval, over blocks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// In A; none for fewer than two blocks.
    pub a: Option<Interval>,
    /// In B.
    pub b: Option<Interval>,
    /// B by A, by Welch's t on the logarithms.
    pub b_by_a: Option<Interval>,
    /// What that comes to.
    pub shown: Shown,
}

/// What a comparison shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// The interval of B by A lies below 1.
    Less,
    /// It lies above 1.
    More,
    /// It holds 1. That shows no equality: a difference may be hidden in the interval.
    NoDifference,
    /// There are fewer than two blocks on one side.
    TooFew,
}

/// The values of an exact counter, from the smallest to the largest that a subject counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CounterCompared {
    /// Its name (`dumps.bytes`).
    pub counter: String,
    /// In A.
    pub a: (u64, u64),
    /// In B.
    pub b: (u64, u64),
}

/// Compares `b` with `a`, for every lesson and variant that both hold.
///
/// ```no_run
/// # fn example(old: &record::Run, new: &record::Run) {
/// for lesson in harness::compare::compare(old, new).lessons {
///     println!("{}: {} variants in both", lesson.lesson, lesson.variants.len());
/// }
/// # }
/// ```
pub fn compare(a: &Run, b: &Run) -> Comparison {
    let in_both = |plan: &&LessonPlan| b.plan(&plan.lesson).is_some();
    let lessons: Vec<_> = a.header.lessons.iter().filter(in_both).filter_map(|plan| lesson(plan, a, b)).collect();
    let compared = || lessons.iter().flat_map(|lesson| &lesson.variants).flat_map(VariantCompared::quantities);
    let intervals = compared().filter(|compared| compared.b_by_a.is_some()).count();
    let excluding_1 = compared().filter(|compared| matches!(compared.shown, Shown::Less | Shown::More)).count();
    Comparison {
        a: Side::of(a),
        b: Side::of(b),
        differences: differences(a, b),
        only_a: only_in(a, b),
        only_b: only_in(b, a),
        intervals,
        excluding_1,
        excluding_1_by_chance: intervals as f64 * BY_CHANCE,
        lessons,
    }
}

impl Side {
    fn of(run: &Run) -> Self {
        let environment = &run.header.environment;
        Self {
            run: run.header.id.clone(),
            profile: run.header.profile,
            machine: environment.machine(),
            machine_in_words: environment.machine_in_words(),
            revision: run.header.program.revision.clone(),
            complete: run.end.is_some(),
            sealed: run.sealed(),
        }
    }
}

impl VariantCompared {
    fn quantities(&self) -> impl Iterator<Item = &Compared> {
        std::iter::once(&self.time_ns).chain(&self.ratio)
    }
}

fn only_in(one: &Run, other: &Run) -> Vec<String> {
    let plans = one.header.lessons.iter().filter(|plan| other.plan(&plan.lesson).is_none());
    plans.map(|plan| plan.lesson.clone()).collect()
}

fn differences(a: &Run, b: &Run) -> Vec<Difference> {
    let (a, b) = (&a.header, &b.header);
    let mut found = Vec::new();
    differ(&mut found, "profile", json(&a.profile), json(&b.profile));
    differ(&mut found, "schema", json(&a.schema), json(&b.schema));
    differ(&mut found, "budget_s", json(&a.budget_s), json(&b.budget_s));
    differ(&mut found, "machine", json(&a.environment.machine()), json(&b.environment.machine()));
    differ(&mut found, "program", json(&a.program), json(&b.program));
    differ(&mut found, "environment", json(&a.environment), json(&b.environment));
    found
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// Adds what differs between two values, field by field where they have fields. A field that is absent counts as null.
fn differ(found: &mut Vec<Difference>, what: &str, a: Value, b: Value) {
    match (a, b) {
        (Value::Object(mut a), Value::Object(mut b)) => {
            let mut names: Vec<String> = a.keys().chain(b.keys()).cloned().collect();
            names.sort();
            names.dedup();
            for name in names.iter().filter(|name| !OF_THE_MOMENT.contains(&name.as_str())) {
                let take = |of: &mut serde_json::Map<String, Value>| of.remove(name).unwrap_or(Value::Null);
                let (a, b) = (take(&mut a), take(&mut b));
                differ(found, &format!("{what}.{name}"), a, b);
            }
        }
        (a, b) if a != b => found.push(Difference { what: what.to_owned(), a, b }),
        _ => {}
    }
}

fn lesson<'a>(plan_a: &'a LessonPlan, a: &'a Run, b: &'a Run) -> Option<LessonCompared> {
    let plan_b = b.plan(&plan_a.lesson)?;
    let mut differences = Vec::new();
    differ(&mut differences, "params", json(&plan_a.params), json(&plan_b.params));
    differ(&mut differences, "baseline", json(&plan_a.baseline), json(&plan_b.baseline));
    let mut compared = LessonCompared {
        lesson: plan_a.lesson.clone(),
        same_code: plan_a.fingerprint == plan_b.fingerprint,
        differences,
        variants: Vec::new(),
        only_a: Vec::new(),
        only_b: Vec::new(),
    };
    if compared.differences.is_empty() {
        let (a, b) = (Measured::of(plan_a, a)?, Measured::of(plan_b, b)?);
        compared.variants = a.names().filter_map(|name| variant(name, &a, &b)).collect();
        compared.only_a = a.names().filter(|name| !b.times.contains_key(*name)).map(str::to_owned).collect();
        compared.only_b = b.names().filter(|name| !a.times.contains_key(*name)).map(str::to_owned).collect();
    }
    Some(compared)
}

fn variant(name: &str, a: &Measured<'_>, b: &Measured<'_>) -> Option<VariantCompared> {
    let ratio = a.ratios(name).zip(b.ratios(name)).map(|(a, b)| Compared::of(a, b));
    Some(VariantCompared {
        variant: name.to_owned(),
        time_ns: Compared::of(a.times.get(name)?, b.times.get(name)?),
        ratio,
        counters: counters::differing(a.subjects.get(name)?, b.subjects.get(name)?),
    })
}

impl Compared {
    fn of(a: &[f64], b: &[f64]) -> Self {
        let b_by_a = ratio_interval(b, a);
        let shown = match b_by_a {
            None => Shown::TooFew,
            Some(interval) if interval.high < 1.0 => Shown::Less,
            Some(interval) if interval.low > 1.0 => Shown::More,
            Some(_) => Shown::NoDifference,
        };
        Self { a: mean_interval(a), b: mean_interval(b), b_by_a, shown }
    }
}

#[cfg(test)]
mod tests;
