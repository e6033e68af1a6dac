//! What one run measured of one lesson, as a comparison needs it.

use std::collections::BTreeMap;

use record::{LessonInfo, LessonPlan, LessonSummary, Run, Subject};

use crate::summary;

/// What one run measured of one lesson, by variant.
pub(super) struct Measured<'a> {
    summary: LessonSummary,
    /// One time per block, in nanoseconds.
    pub(super) times: BTreeMap<String, Vec<f64>>,
    /// Those that were right and no warm-up.
    pub(super) subjects: BTreeMap<String, Vec<&'a Subject>>,
}

impl<'a> Measured<'a> {
    pub(super) fn of(plan: &'a LessonPlan, run: &'a Run) -> Option<Self> {
        // A run says itself what its lesson consisted of then; this program may know another lesson of that name, or none.
        let info = LessonInfo {
            stem: plan.lesson.clone(),
            title: String::new(),
            question: String::new(),
            baseline: plan.baseline.clone(),
            variants: Vec::new(),
            parameters: Vec::new(),
            marks: Vec::new(),
            claims: Vec::new(),
        };
        let summary = summary::summarise(run, &info, false, &plan.fingerprint)?;
        let mut subjects: BTreeMap<String, Vec<&Subject>> = BTreeMap::new();
        for subject in run.subjects_of(&plan.lesson).filter(|row| row.result.ok && !row.block.warm_up) {
            subjects.entry(shown_name(&subject.result.name, &subject.result.lane)).or_default().push(subject);
        }
        let times = subjects.iter().map(|(name, subjects)| (name.clone(), block_times(subjects))).collect();
        Some(Self { summary, times, subjects })
    }

    /// The variants that were measured, in the order of the run.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.summary.variants.iter().map(|variant| shown_name(&variant.name, &variant.lane));
        names.filter_map(|name| self.times.get_key_value(&name).map(|(name, _)| name.as_str()))
    }

    pub(super) fn ratios(&self, name: &str) -> Option<&[f64]> {
        let found = self.summary.variants.iter().find(|variant| shown_name(&variant.name, &variant.lane) == name)?;
        (!found.ratios.is_empty()).then_some(&found.ratios[..])
    }
}

fn shown_name(name: &str, lane: &str) -> String {
    if lane == record::RUST_LANE { name.to_owned() } else { format!("{name} ({lane})") }
}

/// The geometric mean of the times of each block.
fn block_times(subjects: &[&Subject]) -> Vec<f64> {
    let mut blocks: BTreeMap<(&str, u32), Vec<f64>> = BTreeMap::new();
    for subject in subjects {
        if let Some(ns) = subject.result.elapsed_ns.filter(|ns| *ns > 0) {
            blocks.entry((&subject.block.variant, subject.block.number)).or_default().push((ns as f64).ln());
        }
    }
    blocks.into_values().map(|logs| (logs.iter().sum::<f64>() / logs.len() as f64).exp()).collect()
}
