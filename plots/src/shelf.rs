//! What there is to draw from: the ledger, the lessons with what was measured of them, and the verdicts.

use anyhow::{Context, Result, anyhow};
use record::{Judgement, KnownRatio, Ledger, LessonInfo, LessonSummary, ModelReport, RUST_LANE, VariantSummary};

/// Everything that figures, tables and directives may read.
#[derive(Clone, Debug)]
pub struct Shelf {
    /// The claims and the posts they come from.
    pub ledger: Ledger,
    /// The lessons, in the order of the book.
    pub lessons: Vec<Shelved>,
    /// The verdicts there are; several per claim if there are several lanes.
    pub judgements: Vec<Judgement>,
    /// The ratios that are known beforehand, and how often runs found them.
    pub trust: Vec<KnownRatio>,
    /// The cost model of the newest campaign; none if there was none.
    pub model: Option<ModelReport>,
}

impl Shelf {
    /// The lesson with this stem.
    ///
    /// # Errors
    /// If there is none; the message lists the stems there are.
    pub fn lesson(&self, stem: &str) -> Result<&Shelved> {
        let found = self.lessons.iter().find(|lesson| lesson.info.stem == stem);
        found.ok_or_else(|| unknown("lesson", stem, self.lessons.iter().map(|lesson| lesson.info.stem.as_str())))
    }

    /// The verdicts on one claim, one per lane.
    pub fn judgements_of<'a>(&'a self, claim: &'a str) -> impl Iterator<Item = &'a Judgement> {
        self.judgements.iter().filter(move |judgement| judgement.claim == claim)
    }
}

/// One lesson with what was measured of it.
#[derive(Clone, Debug)]
pub struct Shelved {
    /// The lesson.
    pub info: LessonInfo,
    /// What its most recent run says; none if it was never measured.
    pub summary: Option<LessonSummary>,
    /// The floors and ceilings of the machine, from the same run; none if that run did not measure them.
    pub limits: Option<LessonSummary>,
}

impl Shelved {
    /// What was measured.
    ///
    /// # Errors
    /// If nothing was.
    pub fn measured(&self) -> Result<&LessonSummary> {
        self.summary.as_ref().with_context(|| format!("lesson '{}' is not measured yet", self.info.stem))
    }

    /// Checks that `name` is a variant of this lesson, or `VARIANT@LANE` for one lane of it.
    ///
    /// # Errors
    /// If it is not; the message lists the variants there are.
    pub fn check_variant(&self, name: &str) -> Result<()> {
        let (variant, _) = split_lane(name);
        let known = self.info.variants.iter().map(|variant| variant.name.as_str());
        match self.info.variant(variant) {
            Some(_) => Ok(()),
            None => Err(unknown(&format!("variant of '{}'", self.info.stem), variant, known)),
        }
    }

    /// What was measured of `VARIANT` in the Rust lane, or of `VARIANT@LANE`; none if that was not measured.
    pub fn variant(&self, name: &str) -> Option<&VariantSummary> {
        let (variant, lane) = split_lane(name);
        self.summary.as_ref()?.variants.iter().find(|summary| summary.name == variant && summary.lane == lane)
    }
}

fn split_lane(name: &str) -> (&str, &str) {
    name.split_once('@').unwrap_or((name, RUST_LANE))
}

/// The error for a name that is not one of `allowed`.
pub(crate) fn unknown<'a>(what: &str, name: &str, allowed: impl Iterator<Item = &'a str>) -> anyhow::Error {
    let allowed: Vec<&str> = allowed.collect();
    let list = if allowed.is_empty() { "none".to_owned() } else { allowed.join(", ") };
    anyhow!("unknown {what} '{name}'; allowed: {list}")
}

#[cfg(test)]
mod tests {
    use crate::samples;

    #[test]
    fn an_unknown_lesson_is_named_with_those_there_are() {
        let message = samples::shelf().lesson("bound").unwrap_err().to_string();
        assert_eq!(message, "unknown lesson 'bound'; allowed: bound_method, big_queue");
    }

    #[test]
    fn a_variant_is_found_in_the_rust_lane_unless_told_otherwise() {
        let shelf = samples::shelf_with_two_lanes();
        let lesson = shelf.lesson("bound_method").unwrap();
        assert_eq!(lesson.variant("serial").unwrap().lane, "rust");
        assert_eq!(lesson.variant("serial@cpython-3.11").unwrap().lane, "cpython-3.11");
        assert!(lesson.variant("serial@cpython-2.7").is_none());
        assert!(lesson.check_variant("serial@cpython-2.7").is_ok());
    }
}
