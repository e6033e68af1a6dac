//! The cost model as a table: its constants, what is left of them, and how it does on what it was not fitted to.

use serde::{Deserialize, Serialize};

use crate::lesson::Params;

/// One constant of the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConstant {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Its unit; empty for a count.
    pub unit: String,
    /// What it is, in a few words.
    pub about: String,
    /// Whether the rows do not determine it: its value then comes from where the search for it began, and is no measurement.
    pub assumed: bool,
}

/// One set of parameters, done in one way: measured, and what the model says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelPoint {
    /// The set's number in its campaign.
    pub set: u32,
    /// How it was done (`serial`, `threads`, `processes_fork`, ...).
    pub way: String,
    /// The parameters.
    pub params: Params,
    /// Every repetition, in nanoseconds, in the order they ran.
    pub samples_ns: Vec<u64>,
    /// Their median, in nanoseconds.
    pub measured_ns: f64,
    /// What the model says, in nanoseconds.
    pub predicted_ns: f64,
}

impl ModelPoint {
    /// How far off the model is, as a share of what was measured; below 0 if it promises less.
    ///
    /// ```
    /// let point = record::ModelPoint { measured_ns: 200.0, predicted_ns: 150.0, ..record::ModelPoint::default() };
    /// assert_eq!(point.error(), -0.25);
    /// ```
    pub fn error(&self) -> f64 {
        self.predicted_ns / self.measured_ns - 1.0
    }
}

impl Default for ModelPoint {
    /// A point of nothing, for examples and tests.
    fn default() -> Self {
        Self {
            set: 0,
            way: "serial".to_owned(),
            params: Params::new(),
            samples_ns: Vec::new(),
            measured_ns: 1.0,
            predicted_ns: 1.0,
        }
    }
}

/// The cost model of one campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelReport {
    /// The run that it was fitted to.
    pub run: String,
    /// When that run began, UTC, RFC 3339.
    pub started: String,
    /// The processor it was measured on.
    pub cpu: String,
    /// How many cores that run could use.
    pub cores: u32,
    /// The load of that machine when the run began; none if the record does not know.
    pub load: Option<f64>,
    /// Whether that run is a committed reference rather than one of this machine.
    pub reference: bool,
    /// Whether other code than this was measured.
    pub stale: bool,
    /// Whether another machine was.
    pub elsewhere: bool,
    /// The constants.
    pub constants: Vec<ModelConstant>,
    /// The sets that it was fitted to.
    pub residuals: Vec<ModelPoint>,
    /// The sets that it was not fitted to.
    pub held_out: Vec<ModelPoint>,
    /// The median of the held-out errors without their sign; none if nothing was held out.
    pub median_error: Option<f64>,
}

impl ModelReport {
    /// On how many cores it was measured, and beside what load.
    ///
    /// ```
    /// let text = r#"{"run":"r","started":"","cpu":"x","cores":4,"load":2.5,"reference":false,"stale":false,"elsewhere":false,
    ///     "constants":[],"residuals":[],"held_out":[],"median_error":null}"#;
    /// let report: record::ModelReport = serde_json::from_str(text).unwrap();
    /// assert_eq!(report.beside(), "4 cores, load 2.5 when it began, which is a busy machine");
    /// ```
    pub fn beside(&self) -> String {
        let cores = format!("{} core{}", self.cores, if self.cores == 1 { "" } else { "s" });
        match self.load {
            None => format!("{cores}, load when it began unknown"),
            Some(load) if self.was_busy() => format!("{cores}, load {load:.1} when it began, which is a busy machine"),
            Some(load) => format!("{cores}, load {load:.1} when it began"),
        }
    }

    /// Whether others kept more than half of its cores busy when it began: then it has measured them, too.
    pub fn was_busy(&self) -> bool {
        self.load.is_some_and(|load| load > f64::from(self.cores) / 2.0)
    }

    /// The errors of the held-out sets without their sign, the smallest first; of one way, or of all.
    pub fn errors(&self, way: Option<&str>) -> Vec<f64> {
        errors(self.held_out.iter().filter(|point| way.is_none_or(|way| way == point.way)))
    }

    /// The same of the sets that it was fitted to.
    pub fn residual_errors(&self, way: Option<&str>) -> Vec<f64> {
        errors(self.residuals.iter().filter(|point| way.is_none_or(|way| way == point.way)))
    }
}

fn errors<'a>(points: impl Iterator<Item = &'a ModelPoint>) -> Vec<f64> {
    let mut errors: Vec<f64> = points.map(|point| point.error().abs()).collect();
    errors.sort_by(f64::total_cmp);
    errors
}

/// The value below which this share of `sorted` lies, by the nearest rank; none of nothing.
///
/// ```
/// assert_eq!(record::model::quantile(&[1.0, 2.0, 3.0, 4.0], 0.5), Some(2.0));
/// assert_eq!(record::model::quantile(&[1.0, 2.0, 3.0, 4.0], 0.9), Some(4.0));
/// assert_eq!(record::model::quantile(&[], 0.5), None);
/// ```
pub fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}
