//! What follows from a run: intervals, summaries and verdicts. Computed by `harness` and `experiments`, drawn by `plots`.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::counters::ProcessReport;
use crate::environment::Environment;
use crate::lesson::Profile;
use crate::run::{LessonPlan, Program, VariantResult};

/// A 95 % interval over fresh processes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// The estimate.
    pub mid: f64,
    /// Upper end.
    pub high: f64,
    /// How many independent values it rests on.
    pub n: usize,
}

impl Interval {
    /// The proportion of `successes` in `trials`, with Wilson's score interval at 95 % (Wilson 1927): unlike the textbook's it stays between
    /// 0 and 1, and 0 of 100 is not taken for certainty. None without a trial, or with more successes than trials.
    ///
    /// ```
    /// let interval = record::Interval::of_proportion(0, 100).unwrap();
    /// assert_eq!((interval.low, interval.mid, interval.n), (0.0, 0.0, 100));
    /// assert!((interval.high - 0.037).abs() < 1e-3);
    /// ```
    pub fn of_proportion(successes: u64, trials: u64) -> Option<Self> {
        if trials == 0 || successes > trials {
            return None;
        }
        let (n, mid) = (trials as f64, successes as f64 / trials as f64);
        let z2 = NORMAL_97_5 * NORMAL_97_5;
        let centre = (mid + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = NORMAL_97_5 / (1.0 + z2 / n) * (mid * (1.0 - mid) / n + z2 / (4.0 * n * n)).sqrt();
        // At the ends the formula gives 0 and 1 but for rounding.
        let low = if successes == 0 { 0.0 } else { centre - half };
        let high = if successes == trials { 1.0 } else { centre + half };
        Some(Self { low, mid, high, n: usize::try_from(trials).ok()? })
    }

    /// Whether `truth` lies in it, ends included.
    ///
    /// ```
    /// let interval = record::Interval { low: 0.98, mid: 1.01, high: 1.04, n: 10 };
    /// assert!(interval.holds(1.0) && interval.holds(1.04) && !interval.holds(1.1));
    /// ```
    pub fn holds(&self, truth: f64) -> bool {
        self.low <= truth && truth <= self.high
    }
}

/// What a test for drift found: whether values move with the time at which they were taken.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drift {
    /// Spearman's rank correlation with the order in time: 1 if every value is larger than the one before, -1 if every one is smaller.
    pub statistic: f64,
    /// How often chance alone gives a correlation at least as far from 0.
    pub p: f64,
    /// How many values it rests on.
    pub n: usize,
}

impl Drift {
    /// Whether chance alone would show less in 19 of 20 cases. Of twenty steady variants one is expected to.
    ///
    /// ```
    /// assert!(record::Drift { statistic: 0.9, p: 0.001, n: 10 }.is_shown());
    /// assert!(!record::Drift { statistic: 0.3, p: 0.4, n: 10 }.is_shown());
    /// ```
    pub fn is_shown(&self) -> bool {
        self.p < 0.05
    }
}

/// Values that lie far from the others of their set, by Tukey's fences on the logarithms. They are told and never left out of anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outliers {
    /// Positions, from 0, of those more than 1.5 and at most 3 interquartile ranges beyond the quartiles.
    pub mild: Vec<usize>,
    /// Positions of those more than 3 interquartile ranges beyond.
    pub extreme: Vec<usize>,
    /// How many values were looked at; too few to tell any apart if below four.
    pub n: usize,
}

impl Outliers {
    /// How many there are, mild and extreme.
    pub fn count(&self) -> usize {
        self.mild.len() + self.extreme.len()
    }
}

/// The quantile of the standard normal distribution that leaves 2.5 % above it.
const NORMAL_97_5: f64 = 1.959_963_984_540_054;

/// What one run says about one lesson.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LessonSummary {
    /// The lesson's stem.
    pub lesson: String,
    /// The run it comes from.
    pub run: String,
    /// Whether that run is one of the committed references.
    pub reference: bool,
    /// Whether another machine than this one made it ([`Environment::machine`] tells them apart).
    pub elsewhere: bool,
    /// When the run began, UTC.
    pub started: String,
    /// The run's profile.
    pub profile: Profile,
    /// What was planned, with parameters.
    pub plan: LessonPlan,
    /// What measured.
    pub program: Program,
    /// Where.
    pub environment: Environment,
    /// Why these figures no longer describe the code, if they do not.
    pub stale: Option<String>,
    /// Whether the run ended by itself.
    pub complete: bool,
    /// The variants in the order of the lesson; the baseline first.
    pub variants: Vec<VariantSummary>,
}

impl LessonSummary {
    /// The summary of the variant called `name`.
    pub fn variant(&self, name: &str) -> Option<&VariantSummary> {
        self.variants.iter().find(|variant| variant.name == name)
    }
}

/// What one run says about one variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VariantSummary {
    /// Its name.
    pub name: String,
    /// Who ran it.
    pub lane: String,
    /// Every sample, in nanoseconds, in the order they were taken.
    pub samples_ns: Vec<u64>,
    /// Geometric mean of the times in nanoseconds, with its t interval on the logarithms over one value for each block.
    pub time_ns: Option<Interval>,
    /// Median of the same values with its interval by ranks; exists from six on.
    pub median_ns: Option<Interval>,
    /// The ratio to the baseline of every block, in order.
    pub ratios: Vec<f64>,
    /// Geometric mean of the block ratios, with its t interval on the logarithms.
    pub ratio: Option<Interval>,
    /// Median of the block ratios with its interval by ranks; exists from six blocks on.
    pub median_ratio: Option<Interval>,
    /// Whether the block ratios move with time; of a variant that has none, like the baseline, whether its samples do.
    pub drift: Option<Drift>,
    /// The later of a block's two baseline subjects by the earlier, over the blocks of this variant (of the baseline: over all blocks):
    /// 1 on a machine that holds still, whatever is compared with the baseline.
    pub baseline_steps: Option<Interval>,
    /// Block ratios far from the others, by their position in `ratios`.
    pub ratio_outliers: Outliers,
    /// Samples far from the others, by their position in `samples_ns`.
    pub outliers: Outliers,
    /// Geometric standard deviation of the samples: 1.03 if they typically differ from their mean by 3 %.
    pub spread: Option<f64>,
    /// The subject whose time is the median one (the lower of two), for counters and for where its time went.
    pub typical: Option<VariantResult>,
    /// Every value of each fact, in the order of the subjects that were judged; those of a demonstration whose fault did not show are
    /// among them.
    pub facts: BTreeMap<String, Vec<u64>>,
    /// Every one of each series, in the same order.
    pub series: BTreeMap<String, Vec<Vec<u64>>>,
    /// What failed, each with its count.
    pub failures: Vec<(String, u64)>,
    /// Whether the exact counters (all but the times) were the same in every subject.
    pub counters_agree: bool,
}

impl VariantSummary {
    /// The processes of the typical subject.
    pub fn processes(&self) -> &[ProcessReport] {
        self.typical.as_ref().map_or(&[], |typical| &typical.processes)
    }
}

/// What a claim comes to, per lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The interval lies inside the declared band, or every count was equal.
    Reproduced,
    /// The same direction, but weaker than the band.
    DirectionOnlyWeaker,
    /// The same direction, but stronger than the band.
    DirectionOnlyStronger,
    /// The data say otherwise.
    Contradicted,
    /// The interval is too wide to tell.
    Inconclusive,
    /// This machine, lane or record cannot tell; the sentence says why.
    NotTestableHere,
    /// The code or the machine changed since it was measured.
    Stale,
}

impl Verdict {
    /// The word as it is printed.
    pub fn words(self) -> &'static str {
        match self {
            Self::Reproduced => "reproduced",
            Self::DirectionOnlyWeaker => "direction only, weaker",
            Self::DirectionOnlyStronger => "direction only, stronger",
            Self::Contradicted => "contradicted",
            Self::Inconclusive => "inconclusive",
            Self::NotTestableHere => "not testable here",
            Self::Stale => "stale",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words())
    }
}

/// The verdict on one claim in one lane, with what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    /// The claim's id.
    pub claim: String,
    /// The lesson that judged it.
    pub lesson: String,
    /// The lane.
    pub lane: String,
    /// The verdict.
    pub verdict: Verdict,
    /// What the interval or count is of (`pool_bound_method / serial`).
    pub quantity: String,
    /// The measured interval; none for counts.
    pub interval: Option<Interval>,
    /// Whether the interval is of a share, from 0 to 1; otherwise it is of a ratio.
    #[serde(default)]
    pub share: bool,
    /// How many blocks or trials it rests on.
    pub n: usize,
    /// One sentence why.
    pub because: String,
    /// The run it was derived from.
    pub run: String,
    /// That run's profile.
    pub profile: Profile,
}

/// The claim, its verdict, what it rests on and one sentence why, on three lines.
impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {:<32} {}", self.claim, self.verdict)?;
        write!(f, "      {}", self.quantity)?;
        if let Some(interval) = self.interval {
            write!(f, " = {:.3} ({:.3} to {:.3})", interval.mid, interval.low, interval.high)?;
        }
        writeln!(f, ", n = {}", self.n)?;
        write!(f, "      {}", self.because)
    }
}

/// A ratio that is known beforehand, and what the runs there are made of it: how the harness shows its own error rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownRatio {
    /// The variant that has this ratio to its baseline by construction.
    pub variant: String,
    /// The ratio.
    pub truth: f64,
    /// Every run that measured it, the oldest first.
    pub runs: Vec<Tried>,
}

impl KnownRatio {
    /// How many of its intervals hold the truth.
    pub fn hits(&self) -> usize {
        self.runs.iter().filter(|tried| tried.hit).count()
    }

    /// How many of the intervals of ten blocks hold the truth, of how many.
    pub fn hits_of_tens(&self) -> (usize, usize) {
        let mut tens = self.runs.iter().flat_map(|tried| &tried.tens);
        let tries = tens.clone().count();
        (tens.by_ref().filter(|interval| interval.holds(self.truth)).count(), tries)
    }
}

/// What one run made of a known ratio.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tried {
    /// The run.
    pub run: String,
    /// Its 95 % interval.
    pub interval: Interval,
    /// Whether the interval holds the truth.
    pub hit: bool,
    /// Of a run of twenty blocks or more, the interval of each ten of them, in order: what as many ordinary runs would have said.
    #[serde(default)]
    pub tens: Vec<Interval>,
}
