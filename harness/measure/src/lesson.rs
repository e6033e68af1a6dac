//! How a lesson is defined: its parameters with their values per profile, its variants, the checks of its claims.

use std::error::Error;
use std::fmt;

use record::{
    Claim, Fault, Judgement, Ledger, LessonInfo, Mark, ParameterInfo, Params, Profile, RUST_LANE, VariantInfo, Verdict,
};

use crate::environment;
use crate::evidence::{Evidence, Finding};
use crate::outcome::Outcome;

/// Ten blocks in every profile: Criterion's smallest sample, enough for an interval by ranks too.
pub const BLOCKS: [u32; 3] = [10; 3];

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
    /// How many blocks each variant gets in `quick`, `standard` and `post`, the warm-up not counted: [`BLOCKS`] unless one block
    /// takes minutes.
    pub blocks: [u32; 3],
    /// How its subjects are arranged.
    pub design: Design,
    /// The parameters that are halved, all at once, as often as it takes to fit the largest variant into the memory there is.
    pub shrinks: &'static [&'static str],
    /// How its claims are judged.
    pub checks: &'static [Check],
    /// A checksum of its source and the runtime's.
    pub fingerprint: &'static str,
}

/// How the subjects of a lesson are arranged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Design {
    /// In blocks of four: each variant against the baseline.
    Blocks,
    /// One by one: each variant for itself, the first like any other. Nothing is compared, and `blocks` counts subjects of each.
    Singles,
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

/// The values of a lesson's parameters on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fitted {
    /// The values.
    pub params: Params,
    /// What the profile asks for, of those that had to be made smaller.
    pub shrunk: Params,
}

impl Fitted {
    /// What was made smaller, in words; none if nothing was.
    pub fn note(&self) -> Option<String> {
        let changes: Vec<String> =
            self.shrunk.iter().map(|(name, asked)| format!("{name} from {asked} to {}", self.params[name])).collect();
        (!changes.is_empty()).then(|| format!("made smaller to fit into the memory there is: {}", changes.join(", ")))
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

/// A parameter that cannot be set so; the message names it and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadParameter(String);

impl fmt::Display for BadParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for BadParameter {}

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
                share: found.share,
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

    /// [`params`](Self::params), with what this lesson [`shrinks`](Self::shrinks) halved until its largest variant needs no more
    /// than `available_bytes`. What a setting names is left alone, and so is a value at its minimum.
    ///
    /// # Errors
    /// As [`params`](Self::params).
    pub fn fitted(
        &self,
        profile: Profile,
        settings: &[(String, u64)],
        available_bytes: Option<u64>,
    ) -> Result<Fitted, BadParameter> {
        let asked = self.params(profile, settings)?;
        let mut params = asked.clone();
        let free =
            |knob: &&Parameter| self.shrinks.contains(&knob.name) && !settings.iter().any(|(set, _)| set == knob.name);
        let knobs: Vec<&Parameter> = self.parameters.iter().filter(free).collect();
        while available_bytes.is_some_and(|available| self.memory_bytes(&params) > available) {
            let before = params.clone();
            for knob in &knobs {
                params.entry(knob.name.to_owned()).and_modify(|value| *value = (*value / 2).max(knob.min));
            }
            if params == before {
                break;
            }
        }
        let shrunk = asked.into_iter().filter(|(name, value)| params[name] != *value).collect();
        Ok(Fitted { params, shrunk })
    }

    /// What its largest variant needs, in bytes.
    fn memory_bytes(&self, params: &Params) -> u64 {
        self.variants.iter().map(|variant| (variant.memory_bytes)(params)).max().unwrap_or(0)
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

#[cfg(test)]
mod tests {
    use super::*;

    const KNOBS: &[Parameter] = &[
        Parameter { name: "items", about: "", sizes: [Size::Of(1_000); 3], min: 100, max: 10_000 },
        Parameter { name: "workers", about: "", sizes: [Size::Of(4); 3], min: 1, max: 8 },
    ];
    const VARIANTS: &[Variant] = &[Variant {
        name: "serial",
        about: "",
        demonstrates: None,
        memory_bytes: |params| params["items"] * 10,
        run: |_| Err("it is not run".into()),
    }];
    const LESSON: Lesson = Lesson {
        stem: "a_lesson",
        title: "",
        question: "",
        parameters: KNOBS,
        variants: VARIANTS,
        marks: &[],
        blocks: BLOCKS,
        design: Design::Blocks,
        shrinks: &["items"],
        checks: &[],
        fingerprint: "",
    };

    /// What becomes of 1,000 items, and what the note says.
    fn fitted(settings: &[(String, u64)], available_bytes: Option<u64>) -> (u64, Option<String>) {
        let fitted = LESSON.fitted(Profile::Post, settings, available_bytes).unwrap();
        assert_eq!(fitted.params["workers"], 4);
        (fitted.params["items"], fitted.note())
    }

    #[test]
    fn what_fits_or_cannot_be_known_stays_as_it_is() {
        assert_eq!(fitted(&[], Some(10_000)), (1_000, None));
        assert_eq!(fitted(&[], None), (1_000, None));
    }

    #[test]
    fn what_does_not_fit_is_halved_until_it_does_and_says_so() {
        let note = "made smaller to fit into the memory there is: items from 1000 to 250".to_owned();
        assert_eq!(fitted(&[], Some(4_999)), (250, Some(note)));
    }

    #[test]
    fn nothing_is_halved_below_its_minimum_or_against_a_setting() {
        assert_eq!(fitted(&[], Some(1)).0, 100);
        assert_eq!(fitted(&[("items".to_owned(), 1_000)], Some(1)), (1_000, None));
    }
}
