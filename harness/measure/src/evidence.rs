//! What the check of a claim looks at, and what it finds.

use record::{Claim, Interval, LessonSummary, ProcessReport, Run, Stated, VariantResult, Verdict};

use crate::{statistics, verdict};

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
        self.rows(variant).filter(|result| result.ok)
    }

    /// What the subjects of `variant` reported that got as far as an answer and are no warm-up, whether it was right or not. Rates of a
    /// fault are counted over these: a demonstration in which the fault did not show is not ok, and counts all the same.
    pub fn reports(&self, variant: &'a str) -> impl Iterator<Item = &'a VariantResult> {
        self.rows(variant).filter(|result| result.answer.is_some())
    }

    /// The rows of `variant` that are no warm-up.
    fn rows(&self, variant: &'a str) -> impl Iterator<Item = &'a VariantResult> {
        let rows = self.run.subjects.iter().filter(|row| row.lesson == self.summary.lesson && !row.block.warm_up);
        rows.map(|row| &row.result).filter(move |result| result.name == variant)
    }

    /// The ratio of `variant` to the baseline.
    pub fn ratio(&self, variant: &str) -> Option<Interval> {
        self.summary.variant(variant)?.ratio
    }

    /// The ratio to the baseline of every block of `variant`; of the baseline itself there is none.
    pub fn ratios(&self, variant: &str) -> Vec<f64> {
        self.summary.variant(variant).map(|summary| summary.ratios.clone()).unwrap_or_default()
    }

    /// The time of `numerator` by that of `denominator`, from the blocks of both.
    pub fn ratio_between(&self, numerator: &str, denominator: &str) -> Option<Interval> {
        statistics::ratio_interval(&self.ratios(numerator), &self.ratios(denominator))
    }

    /// The time of `variant`, in nanoseconds.
    pub fn time(&self, variant: &str) -> Option<Interval> {
        self.summary.variant(variant)?.time_ns
    }

    /// The subject of `variant` whose time is the median one.
    pub fn typical(&self, variant: &str) -> Option<&'a VariantResult> {
        self.summary.variant(variant)?.typical.as_ref()
    }

    /// A fact that the typical subject of `variant` reports.
    pub fn fact(&self, variant: &str, name: &str) -> Option<u64> {
        self.typical(variant)?.facts.get(name).copied()
    }

    /// A fact, summed over all [reports](Self::reports) of `variant` that hold it; none if none does.
    pub fn fact_sum(&self, variant: &'a str, name: &str) -> Option<u64> {
        let facts = self.reports(variant).filter_map(|result| result.facts.get(name));
        facts.fold(None, |sum: Option<u64>, fact| Some(sum.unwrap_or(0) + fact))
    }

    /// The tasks that the typical subject of `variant` counted.
    pub fn tasks(&self, variant: &str) -> u64 {
        self.typical(variant).map_or(0, |result| result.counters.tasks)
    }

    /// Every subject that answered gave the oracle's answer: the work is identical. A subject that did not get that far, or that
    /// demonstrates a fault, says nothing. Beside the verdict, in words, goes `remark`.
    pub fn same_answers(&self, remark: &str) -> Finding {
        let quantity = "subjects with the oracle's answer";
        let rows: Vec<&VariantResult> = self.run.subjects_of(&self.summary.lesson).map(|row| &row.result).collect();
        let oracle = rows.iter().find(|row| row.name == self.summary.plan.baseline).and_then(|row| row.answer.as_ref());
        let Some(oracle) = oracle else { return Finding::not_measured(quantity) };
        let honest: Vec<&&VariantResult> = rows.iter().filter(|row| row.demonstrates.is_none()).collect();
        let answered: Vec<&&&VariantResult> = honest.iter().filter(|row| row.answer.is_some()).collect();
        let right = answered.iter().filter(|row| row.answer.as_ref() == Some(oracle)).count();
        let silent = honest.len() - answered.len();
        let silent = if silent == 0 { String::new() } else { format!(" ({silent} more did not get that far)") };
        let n = answered.len();
        let because = format!("{right} of {n} subjects gave the same answer{silent}; {remark}");
        Finding::of_count(verdict::judge_count(&[right as u64], n as u64), quantity, n, because)
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
    /// Whether that interval is of a share, from 0 to 1; otherwise it is of a ratio.
    pub share: bool,
    /// How many blocks or trials it rests on.
    pub n: usize,
    /// One sentence why.
    pub because: String,
}

impl Finding {
    /// A finding about an interval of ratios.
    pub fn of_interval(verdict: Verdict, quantity: &str, interval: Option<Interval>, because: String) -> Self {
        let n = interval.map_or(0, |interval| interval.n);
        Self { verdict, quantity: quantity.to_owned(), interval, share: false, n, because }
    }

    /// A finding about an interval of shares: how often something happened, or what part of a whole something is.
    pub fn of_share(verdict: Verdict, quantity: &str, interval: Option<Interval>, because: String) -> Self {
        Self { share: true, ..Self::of_interval(verdict, quantity, interval, because) }
    }

    /// A finding about something counted in `n` subjects.
    pub fn of_count(verdict: Verdict, quantity: &str, n: usize, because: String) -> Self {
        Self { verdict, quantity: quantity.to_owned(), interval: None, share: false, n, because }
    }

    /// Nothing was found, because the run does not hold what the check needs.
    pub fn not_measured(quantity: &str) -> Self {
        Self::of_count(Verdict::Inconclusive, quantity, 0, "the run does not hold what this needs".to_owned())
    }
}

/// A figure that a post states with its claim.
pub fn stated(claim: &Claim, name: &str) -> Option<f64> {
    match claim.stated.get(name)? {
        Stated::Number(number) => Some(*number),
        Stated::Numbers(_) => None,
    }
}

/// The parent of a subject's processes.
pub fn parent(result: &VariantResult) -> Option<&ProcessReport> {
    result.processes.first()
}

/// An interval as a sentence has it: `2.31 (2.20 to 2.43)`.
///
/// ```
/// let interval = record::Interval { low: 2.199, mid: 2.31, high: 2.43, n: 10 };
/// assert_eq!(harness::evidence::shown(interval), "2.31 (2.20 to 2.43)");
/// ```
pub fn shown(interval: Interval) -> String {
    format!("{:.2} ({:.2} to {:.2})", interval.mid, interval.low, interval.high)
}

/// Why there is no interval of `variant`.
pub fn nothing_measured(variant: &str) -> String {
    format!("the run holds no whole block of {variant}")
}
