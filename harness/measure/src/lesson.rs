//! How a lesson is defined: its parameters with their values per profile, its variants, the checks of its claims.

use std::error::Error;
use std::fmt;

use record::{
    Claim, Fault, Interval, Judgement, Ledger, LessonInfo, LessonSummary, Mark, ParameterInfo, Params, Profile,
    RUST_LANE, Run, VariantInfo, VariantResult, Verdict,
};

use crate::environment;
use crate::outcome::Outcome;

/// One question with its experiment. Lessons are plain data: listing them starts nothing.
#[derive(Debug)]
pub struct Lesson {
    /// The name that is the same everywhere.
    pub stem: &'static str,
    /// The chapter's title.
    pub title: &'static str,
    /// The one question it answers.
    pub question: &'static str,
    /// Its knobs.
    pub parameters: &'static [Parameter],
    /// Its variants. The first is the oracle and the baseline of every ratio.
    pub variants: &'static [Variant],
    /// What the posts print for its variants.
    pub marks: &'static [PrintedRatio],
    /// How its claims are judged.
    pub checks: &'static [Check],
    /// A checksum of its source and the runtime's.
    pub fingerprint: &'static str,
}

/// One way of doing a lesson's work.
#[derive(Debug)]
pub struct Variant {
    /// Its name.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub about: &'static str,
    /// The fault it shows on purpose, if any.
    pub demonstrates: Option<Fault>,
    /// About how much memory it needs, in bytes, all its processes together.
    pub memory_bytes: fn(&Params) -> u64,
    /// Sets up, measures and answers, in a process of its own.
    pub run: fn(&Params) -> Result<Outcome, Box<dyn Error + Send + Sync>>,
}

/// One named knob.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it sets.
    pub about: &'static str,
    /// Its value in `quick`, `standard` and `post`.
    pub sizes: [Size; 3],
    /// The smallest value allowed.
    pub min: u64,
    /// The largest value allowed.
    pub max: u64,
}

/// The value of a parameter in a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// This many.
    Of(u64),
    /// This many for each core that this process may use.
    PerCore(u64),
}

impl Size {
    fn resolve(self) -> u64 {
        match self {
            Self::Of(size) => size,
            Self::PerCore(size) => size * environment::usable_cores() as u64,
        }
    }
}

/// A ratio to the baseline that a post prints.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrintedRatio {
    /// The variant.
    pub variant: &'static str,
    /// Time of the variant by time of the baseline.
    pub ratio: f64,
    /// The claim it comes from.
    pub claim: &'static str,
}

/// How one claim is judged.
#[derive(Debug)]
pub struct Check {
    /// The claim's id.
    pub claim: &'static str,
    /// From the claim, with its declared band, and what was measured.
    pub judge: fn(&Claim, &Evidence<'_>) -> Finding,
}

/// What was measured of one lesson: its summary, and the rows behind it.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The summary.
    pub summary: &'a LessonSummary,
    /// The run.
    pub run: &'a Run,
}

impl<'a> Evidence<'a> {
    /// What the subjects of `variant` reported that were right and no warm-up, in the order they ran.
    pub fn results(&self, variant: &'a str) -> impl Iterator<Item = &'a VariantResult> {
        let rows = self.run.subjects.iter().filter(|row| row.lesson == self.summary.lesson && !row.block.warm_up);
        rows.map(|row| &row.result).filter(move |result| result.ok && result.name == variant)
    }

    /// The value of a parameter in this run.
    pub fn param(&self, name: &str) -> Option<u64> {
        self.summary.plan.params.get(name).copied()
    }
}

/// What a check found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The verdict.
    pub verdict: Verdict,
    /// What the interval or count is of.
    pub quantity: String,
    /// The measured interval, if it is one.
    pub interval: Option<Interval>,
    /// How many blocks or trials it rests on.
    pub n: usize,
    /// One sentence why.
    pub because: String,
}

/// A parameter that cannot be set so; the message names it and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadParameter(String);

impl fmt::Display for BadParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for BadParameter {}

impl Finding {
    /// A finding about an interval.
    pub fn of_interval(verdict: Verdict, quantity: &str, interval: Option<Interval>, because: String) -> Self {
        Self { verdict, quantity: quantity.to_owned(), interval, n: interval.map_or(0, |interval| interval.n), because }
    }

    /// A finding about something counted in `n` subjects.
    pub fn of_count(verdict: Verdict, quantity: &str, n: usize, because: String) -> Self {
        Self { verdict, quantity: quantity.to_owned(), interval: None, n, because }
    }
}

impl Lesson {
    /// Judges every claim of this lesson from one run.
    pub fn judge(&self, ledger: &Ledger, evidence: &Evidence<'_>) -> Vec<Judgement> {
        let checks = self.checks.iter().filter_map(|check| Some((ledger.claim(check.claim)?, check.judge)));
        let judgement = |(claim, judge): (&Claim, fn(&Claim, &Evidence<'_>) -> Finding)| {
            let found = judge(claim, evidence);
            let summary = evidence.summary;
            let (verdict, because) = match &summary.stale {
                Some(why) => (Verdict::Stale, format!("{why}; it was '{}': {}", found.verdict, found.because)),
                None => (found.verdict, found.because),
            };
            Judgement {
                claim: claim.id.clone(),
                lesson: self.stem.to_owned(),
                lane: RUST_LANE.to_owned(),
                verdict,
                quantity: found.quantity,
                interval: found.interval,
                n: found.n,
                because,
                run: summary.run.clone(),
                profile: summary.profile,
            }
        };
        checks.map(judgement).collect()
    }

    /// The variant whose answer every other must give, and whose time is the unit of every ratio.
    pub fn baseline(&self) -> &'static Variant {
        &self.variants[0]
    }

    /// The variant called `name`.
    pub fn variant(&self, name: &str) -> Option<&'static Variant> {
        self.variants.iter().find(|variant| variant.name == name)
    }

    /// The values of the parameters in `profile` on this machine, with the `settings` in place of them.
    ///
    /// # Errors
    /// If a setting names no parameter of this lesson, or its value is out of range.
    pub fn params(&self, profile: Profile, settings: &[(String, u64)]) -> Result<Params, BadParameter> {
        let mut params: Params =
            self.parameters.iter().map(|knob| (knob.name.to_owned(), knob.sizes[profile as usize].resolve())).collect();
        for (name, value) in settings {
            let Some(knob) = self.parameters.iter().find(|knob| knob.name == name) else {
                let names: Vec<_> = self.parameters.iter().map(|knob| knob.name).collect();
                let allowed = names.join(", ");
                return Err(BadParameter(format!(
                    "lesson {} has no parameter '{name}'; allowed: {allowed}",
                    self.stem
                )));
            };
            if !(knob.min..=knob.max).contains(value) {
                return Err(BadParameter(format!(
                    "{name}={value} is out of range for lesson {}; allowed: {} to {}",
                    self.stem, knob.min, knob.max
                )));
            }
            params.insert(name.clone(), *value);
        }
        Ok(params)
    }

    /// The lesson as `lab list --json` prints it, its parameters resolved for this machine.
    pub fn info(&self) -> LessonInfo {
        LessonInfo {
            stem: self.stem.to_owned(),
            title: self.title.to_owned(),
            question: self.question.to_owned(),
            baseline: self.baseline().name.to_owned(),
            variants: self.variants.iter().map(Variant::info).collect(),
            parameters: self.parameters.iter().map(Parameter::info).collect(),
            marks: self.marks.iter().map(PrintedRatio::info).collect(),
            claims: self.checks.iter().map(|check| check.claim.to_owned()).collect(),
        }
    }
}

impl Variant {
    fn info(&self) -> VariantInfo {
        VariantInfo { name: self.name.to_owned(), about: self.about.to_owned(), demonstrates: self.demonstrates }
    }
}

impl Parameter {
    fn info(&self) -> ParameterInfo {
        let [quick, standard, post] = self.sizes.map(Size::resolve);
        ParameterInfo {
            name: self.name.to_owned(),
            about: self.about.to_owned(),
            quick,
            standard,
            post,
            min: self.min,
            max: self.max,
        }
    }
}

impl PrintedRatio {
    fn info(&self) -> Mark {
        Mark {
            variant: self.variant.to_owned(),
            source: "the post".to_owned(),
            ratio: self.ratio,
            claim: self.claim.to_owned(),
        }
    }
}
