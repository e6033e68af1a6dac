//! What is studied: lessons, variants, parameters and profiles, as `lab list --json` prints them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The values of a lesson's parameters, by name.
pub type Params = BTreeMap<String, u64>;

/// How large an experiment is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Seconds: to see that everything works.
    Quick,
    /// Minutes: the sizes that suit this machine.
    #[default]
    Standard,
    /// The post's own sizes.
    Post,
}

impl Profile {
    /// All profiles, smallest first.
    pub const ALL: [Self; 3] = [Self::Quick, Self::Standard, Self::Post];

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Standard => "standard",
            Self::Post => "post",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.name() == text)
            .ok_or_else(|| format!("unknown profile '{text}'; allowed: quick, standard, post"))
    }
}

/// The fault that a demonstration shows on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// It never ends by itself.
    Hang,
    /// Its answer differs from the oracle's.
    WrongAnswer,
    /// Some of its updates get lost.
    LostUpdates,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hang => "a hang",
            Self::WrongAnswer => "a wrong answer",
            Self::LostUpdates => "lost updates",
        })
    }
}

/// One lesson, resolved for this machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LessonInfo {
    /// The name that is the same everywhere.
    pub stem: String,
    /// The chapter's title.
    pub title: String,
    /// The one question it answers.
    pub question: String,
    /// The variant that serves as oracle and as baseline of every ratio.
    pub baseline: String,
    /// Its variants, in the order they are shown.
    pub variants: Vec<VariantInfo>,
    /// Its parameters.
    pub parameters: Vec<ParameterInfo>,
    /// The figures the posts give for its variants.
    pub marks: Vec<Mark>,
    /// The claims it judges.
    pub claims: Vec<String>,
}

impl LessonInfo {
    /// The variant called `name`.
    pub fn variant(&self, name: &str) -> Option<&VariantInfo> {
        self.variants.iter().find(|variant| variant.name == name)
    }
}

/// One way of doing a lesson's work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VariantInfo {
    /// Its name on the command line and in records.
    pub name: String,
    /// What it does, in one sentence.
    pub about: String,
    /// The fault it shows on purpose, if it is a demonstration.
    pub demonstrates: Option<Fault>,
}

/// One named knob, with its value in each profile on this machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParameterInfo {
    /// Its name, shared by all lessons where it means the same.
    pub name: String,
    /// What it sets.
    pub about: String,
    /// The value in profile `quick`.
    pub quick: u64,
    /// The value in profile `standard`.
    pub standard: u64,
    /// The value in profile `post`.
    pub post: u64,
    /// The smallest value allowed.
    pub min: u64,
    /// The largest value allowed.
    pub max: u64,
}

/// A figure that somebody else printed for a variant: a mark beside ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// The variant it belongs to.
    pub variant: String,
    /// Who says it (`the post`).
    pub source: String,
    /// The ratio to the baseline that was printed.
    pub ratio: f64,
    /// The claim it comes from.
    pub claim: String,
}
