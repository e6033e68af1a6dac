//! What will spoil a measurement on this machine, and how to mend it; what cannot be tested here at all, and why.
//!
//! [`look()`] finds out what no record holds: what a second of work on every usable core costs here, who takes time from it, what is free.
//! [`examine`] and [`not_testable`] are pure: they judge what was found.
//!
//! Which settings matter, and which way, is the experience of `pyperf system tune` and of METHODOLOGY documents of other harnesses: full
//! randomisation of addresses is wanted, because many processes then average over layouts instead of repeating one.

mod look;
mod machine;
mod memory;
mod processor;
mod testable;

use record::{Environment, Profile};
use serde::Serialize;

pub use look::{Busy, Now, look};
pub use testable::{NotTestable, not_testable};

use crate::lesson::Lesson;

const NOT_TOLD: &str = "not told";

/// What one look found, and what it means for a measurement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Symptom {
    /// What was looked at.
    pub what: &'static str,
    /// What was found.
    pub found: String,
    /// What it means.
    pub state: State,
    /// What it spoils when it is not as it should be.
    pub spoils: &'static str,
    /// How to mend it; none if there is nothing to mend.
    pub mend: Option<String>,
    /// Whether only root can.
    pub needs_root: bool,
}

/// What a symptom means for a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Fine,
    /// Could not be read here.
    NotKnown,
    /// Some measurements, or now and then.
    MaySpoil,
    /// Most measurements.
    Spoils,
}

impl State {
    /// The word for it.
    ///
    /// ```
    /// assert_eq!(harness::doctor::State::MaySpoil.name(), "may spoil");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::NotKnown => "not known",
            Self::MaySpoil => "may spoil",
            Self::Spoils => "spoils",
        }
    }

    /// How bad a number is that should be low: from `may` on it may spoil, from `does` on it does; one that nobody tells is not known.
    fn of_low(number: Option<f64>, may: f64, does: f64) -> Self {
        match number {
            None => Self::NotKnown,
            Some(number) if number >= does => Self::Spoils,
            Some(number) if number >= may => Self::MaySpoil,
            Some(_) => Self::Fine,
        }
    }

    /// The same for one that should be high: below `may` it may spoil, below `does` it does.
    fn of_high(number: Option<u64>, may: u64, does: u64) -> Self {
        match number {
            None => Self::NotKnown,
            Some(number) if number < does => Self::Spoils,
            Some(number) if number < may => Self::MaySpoil,
            Some(_) => Self::Fine,
        }
    }
}

impl Symptom {
    fn new(what: &'static str, found: impl Into<String>, state: State, spoils: &'static str) -> Self {
        Self { what, found: found.into(), state, spoils, mend: None, needs_root: false }
    }

    /// What is fine, or not known, needs no mending.
    fn mend(mut self, how: impl Into<String>) -> Self {
        self.mend = (self.state >= State::MaySpoil).then(|| how.into());
        self
    }

    fn mend_as_root(self, how: impl Into<String>) -> Self {
        let mended = self.mend(how);
        Self { needs_root: mended.mend.is_some(), ..mended }
    }
}

/// What a lesson needs in a profile, and what it gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The lesson's stem.
    pub lesson: &'static str,
    /// The profile.
    pub profile: Profile,
    /// What its largest variant needs at the profile's own sizes, in bytes.
    pub bytes: u64,
    /// What has to be made smaller to fit, in words; none if nothing.
    pub note: Option<String>,
    /// Variants that do not fit all the same.
    pub starved: Vec<&'static str>,
}

/// What each of `lessons` needs in each profile, with `available_bytes` there to have; None if nobody knows how many.
///
/// ```
/// assert!(harness::doctor::needs(&[], None).is_empty());
/// ```
pub fn needs(lessons: &[&'static Lesson], available_bytes: Option<u64>) -> Vec<Need> {
    let need = |lesson: &'static Lesson, profile| {
        // Without settings there is nothing that could be refused.
        let asked = lesson.params(profile, &[]).ok()?;
        let fitted = lesson.fitted(profile, &[], available_bytes).ok()?;
        let needed = |params| lesson.variants.iter().map(move |variant| (variant.name, (variant.memory_bytes)(params)));
        let too_large = |bytes: u64| available_bytes.is_some_and(|available| bytes > available);
        Some(Need {
            lesson: lesson.stem,
            profile,
            bytes: needed(&asked).map(|(_, bytes)| bytes).max().unwrap_or(0),
            note: fitted.note(),
            starved: needed(&fitted.params).filter(|(_, bytes)| too_large(*bytes)).map(|(name, _)| name).collect(),
        })
    };
    lessons.iter().flat_map(|lesson| Profile::ALL.into_iter().filter_map(|profile| need(lesson, profile))).collect()
}

/// Everything that was looked at, in the order of the table: the processor, memory and disk, then the machine's settings and this program.
///
/// ```
/// let symptoms = harness::doctor::examine(&Default::default(), &Default::default(), &[]);
/// assert!(symptoms.iter().any(|symptom| symptom.what == "governor"));
/// ```
pub fn examine(environment: &Environment, now: &Now, needs: &[Need]) -> Vec<Symptom> {
    let mut symptoms = processor::symptoms(environment, now);
    symptoms.extend(memory::symptoms(environment, now, needs));
    symptoms.extend(machine::symptoms(environment, now));
    symptoms
}

/// Whether anything can be measured here: a subject is a second process.
///
/// ```
/// assert!(harness::doctor::can_measure(&Default::default()));
/// ```
pub fn can_measure(now: &Now) -> bool {
    !matches!(&now.second_process, Some(Err(_)))
}

/// A share in percent.
fn percent(share: f64) -> String {
    format!("{:.1} %", share * 1e2)
}

/// Bytes in the unit that leaves few digits.
fn size(bytes: u64) -> String {
    let bytes = bytes as f64;
    match bytes.log2() {
        large if large >= 30.0 => format!("{:.1} GiB", bytes / f64::from(1 << 30)),
        medium if medium >= 20.0 => format!("{:.0} MiB", bytes / f64::from(1 << 20)),
        _ => format!("{:.0} KiB", bytes / 1024.0),
    }
}

#[cfg(test)]
mod tests;
