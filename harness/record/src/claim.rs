//! The ledger: what the posts state, and the band that was declared for it before anything was measured.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// All claims and the posts they come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// The posts by their short names.
    pub posts: BTreeMap<String, Post>,
    /// The claims, in the order of the posts.
    #[serde(rename = "claim")]
    pub claims: Vec<Claim>,
}

impl Ledger {
    /// The claim called `id`.
    pub fn claim(&self, id: &str) -> Option<&Claim> {
        self.claims.iter().find(|claim| claim.id == id)
    }
}

/// A post, credited by its title.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Post {
    /// Its title.
    pub title: String,
    /// What it is about.
    pub about: String,
    /// When it was published, if the post says so.
    #[serde(default)]
    pub published: Option<String>,
}

/// One statement of a post.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Stable name, quoted by chapters and results.
    pub id: String,
    /// The post's short name.
    pub post: String,
    /// The lesson that judges it.
    pub lesson: String,
    /// What the post states, in our words.
    pub says: String,
    /// How it is judged, declared before measuring.
    pub band: Band,
    /// The post's own figures, by name, with the unit in the name.
    #[serde(default)]
    pub stated: BTreeMap<String, Stated>,
    /// What has to be measured or observed.
    pub check: String,
    /// What was known or expected beforehand; never a verdict.
    #[serde(default)]
    pub note: Option<String>,
}

/// A figure that a post states.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Stated {
    /// One number.
    Number(f64),
    /// A range or a series.
    Numbers(Vec<f64>),
}

/// How a claim is judged from a 95 % interval over fresh processes, or from a count.
///
/// The kinds without a number have braces so that serde refuses unknown fields in them too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Band {
    /// A ratio stated as `ratio`: the effect halved to doubled.
    Ratio {
        /// The ratio that the post states.
        ratio: f64,
    },
    /// The interval must lie above `than`.
    MoreThan {
        /// The threshold.
        than: f64,
    },
    /// About as fast: the interval inside 0.9 to 1.1.
    AboutAsFast {},
    /// The interval must lie inside `low` to `high`.
    Range {
        /// The lower end.
        low: f64,
        /// The upper end.
        high: f64,
    },
    /// A speed-up of `ratio` on `cores` cores; with fewer, judged as parallel efficiency.
    SpeedUp {
        /// The speed-up that the post states.
        ratio: f64,
        /// On how many cores.
        cores: u32,
    },
    /// A count or an answer: equality in every trial.
    Count {},
    /// A behaviour: observed in every one of at least 100 trials, or its rate reported.
    Behaviour {},
    /// An absolute time or size: reported beside ours, never judged by itself.
    Absolute {},
}

impl Band {
    /// The interval that counts as reproduced, if the band is one of ratios: (low, high).
    ///
    /// ```
    /// let (low, high) = record::Band::Ratio { ratio: 6.58 }.limits().unwrap();
    /// assert!((low - 3.79).abs() < 1e-9 && (high - 12.16).abs() < 1e-9);
    /// ```
    pub fn limits(&self) -> Option<(f64, f64)> {
        match *self {
            Self::Ratio { ratio } => {
                let ends = (1.0 + (ratio - 1.0) / 2.0, 1.0 + 2.0 * (ratio - 1.0));
                // Below 1 the effect points down, and "doubled" is the lower end; a time ratio never falls to 0.
                Some(if ratio >= 1.0 { ends } else { (ends.1.max(ratio * ratio), ends.0) })
            }
            Self::MoreThan { than } => Some((than, f64::INFINITY)),
            Self::AboutAsFast {} => Some((0.9, 1.1)),
            Self::Range { low, high } => Some((low, high)),
            Self::SpeedUp { ratio, .. } => Self::Ratio { ratio }.limits(),
            Self::Count {} | Self::Behaviour {} | Self::Absolute {} => None,
        }
    }
}
