//! What was measured: the rows of a run, raw and never averaged.
//!
//! A run is a file of JSON lines: one [`Header`], then a [`Subject`] row for each fresh process, then an [`EndRow`], which seals the file
//! with its hash. A run that was interrupted has no end row and is still a run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::counters::{Counters, ProcessReport};
use crate::environment::Environment;
use crate::lesson::{Fault, Params, Profile};

/// The version of the rows below. It rises when a field changes its meaning or a new one is written; the crate's `migrate` module then
/// gets one more step, so that older records can still be read.
pub const SCHEMA: u32 = 3;

/// The first schema whose end row has a hash.
pub(crate) const SEALED_SINCE: u32 = 3;

/// One line of a recorded run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "a row is made, written or read, and gone; none are kept side by side")]
pub enum Row {
    /// The first line.
    Run(Header),
    /// One fresh process.
    Subject(Subject),
    /// The last line of a run that was not interrupted.
    End(EndRow),
}

/// What a run set out to measure, with what and where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`SCHEMA`] at the time of writing. It stays what it was when an older record is read: it tells what that record cannot say.
    pub schema: u32,
    /// The run's name: date, profile and seed.
    pub id: String,
    /// When it began, UTC, RFC 3339.
    pub started: String,
    /// The profile it was asked for.
    pub profile: Profile,
    /// The seed that drew the order of the blocks.
    pub seed: u64,
    /// What measured.
    pub program: Program,
    /// Where.
    pub environment: Environment,
    /// What it set out to measure.
    pub lessons: Vec<LessonPlan>,
    /// How long it was allowed to measure, in seconds; none if it measured a fixed number of blocks, and in records of a schema before 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_s: Option<u64>,
}

/// The program that measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// Version of the `lab` crate.
    pub version: String,
    /// Git revision of the working tree, if it is one.
    pub revision: Option<String>,
    /// Whether tracked files outside `results/` differed from that revision.
    pub dirty: Option<bool>,
    /// The compiler.
    pub rustc: String,
    /// The build profile, `release` or `debug`.
    pub build: String,
    /// The SHA-256 of the executable that measured, in hexadecimal; none if it could not be read, and in records of a schema before 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary_sha256: Option<String>,
}

/// One lesson of a run: its parameters and how many blocks were planned per variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LessonPlan {
    /// Its stem.
    pub lesson: String,
    /// The values of its parameters.
    pub params: Params,
    /// What the profile asks for, of those parameters that had to be made smaller to fit into the memory there was.
    #[serde(default, skip_serializing_if = "Params::is_empty")]
    pub shrunk: Params,
    /// The baseline of its blocks.
    pub baseline: String,
    /// Blocks per variant, the warm-up not counted.
    pub blocks: u32,
    /// A checksum of the source of the lesson and the runtime, comments and blank lines left out.
    pub fingerprint: String,
}

/// One fresh process that ran one variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// The lesson's stem.
    pub lesson: String,
    /// Where in which block it stood.
    pub block: BlockPosition,
    /// Nanoseconds since the run began, when it was started.
    pub at_ns: u64,
    /// What it reported, or why it did not.
    pub result: VariantResult,
    /// What it and all its processes used, as the kernel counted it; none in records of a schema before 3, and if it never ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<TreeUsage>,
}

/// What a subject and every process that it waited for used, from `wait4(2)`: exactly its tree, because a subject that leaves a process
/// behind has failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreeUsage {
    /// From its start to its end, in nanoseconds: what it cost to measure it.
    pub wall_ns: u64,
    /// CPU time in user mode, in nanoseconds, all processes together.
    pub user_ns: u64,
    /// CPU time in the kernel, in nanoseconds, all processes together.
    pub sys_ns: u64,
    /// The largest resident size that any one of its processes had, in bytes.
    pub max_rss_bytes: u64,
    /// How often one of its processes gave up a core to wait.
    pub voluntary_switches: u64,
    /// How often the kernel took a core from one of them.
    pub involuntary_switches: u64,
    /// Page faults that needed no disk.
    pub minor_faults: u64,
    /// Page faults that did.
    pub major_faults: u64,
}

/// The place of a subject in its block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockPosition {
    /// The variant that this block compares with the baseline.
    pub variant: String,
    /// Which block, from 0; warm-up blocks count on their own.
    pub number: u32,
    /// The order drawn for it.
    pub order: BlockOrder,
    /// Its place in that order, 0 to 3.
    pub place: u32,
    /// Whether it ran the baseline (`a`) or the variant (`b`).
    pub arm: Arm,
    /// Whether it only warmed the machine up; such rows are kept and not judged.
    pub warm_up: bool,
}

/// The order of the four subjects of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockOrder {
    /// Baseline, variant, variant, baseline.
    Abba,
    /// Variant, baseline, baseline, variant.
    Baab,
}

impl BlockOrder {
    /// The arms in this order.
    pub fn arms(self) -> [Arm; 4] {
        match self {
            Self::Abba => [Arm::A, Arm::B, Arm::B, Arm::A],
            Self::Baab => [Arm::B, Arm::A, Arm::A, Arm::B],
        }
    }
}

/// Which side of a comparison a subject is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// The baseline.
    A,
    /// The variant.
    B,
}

/// The note that says what the trials of a demonstration are, if they are not called trials: a noun in the plural.
pub const COUNTED_IN: &str = "counted_in";

/// What one subject reported: the object that `lab run --json` prints for each variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VariantResult {
    /// The variant's name.
    pub name: String,
    /// Who ran it (`rust`, later `cpython-3.11`, ...).
    pub lane: String,
    /// Whether it did what it was to do: the oracle's answer, or the fault it demonstrates.
    pub ok: bool,
    /// Its answer; none if it did not get that far.
    pub answer: Option<String>,
    /// Elapsed time of one iteration, in nanoseconds; none if it did not get that far.
    pub elapsed_ns: Option<u64>,
    /// Iterations the elapsed time was divided by.
    pub iterations: u64,
    /// The fault it shows on purpose.
    pub demonstrates: Option<Fault>,
    /// The sum over its processes.
    pub counters: Counters,
    /// Its processes, the parent first.
    pub processes: Vec<ProcessReport>,
    /// Sizes and other facts that the variant reports besides, by name, with the unit in the name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, u64>,
    /// What it sampled or counted over time or over a sweep, by name, with the unit in the name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub series: BTreeMap<String, Vec<u64>>,
    /// What it says in words, by name: the report of a watchdog, why a fault had no room.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<String, String>,
    /// Why it is not ok.
    pub error: Option<String>,
}

impl VariantResult {
    /// A row for a variant that brought no answer.
    ///
    /// ```
    /// let row = record::VariantResult::failed("serial", "rust", "killed at its deadline");
    /// assert!(!row.ok && row.elapsed_ns.is_none());
    /// ```
    pub fn failed(name: &str, lane: &str, error: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            lane: lane.to_owned(),
            ok: false,
            answer: None,
            elapsed_ns: None,
            iterations: 0,
            demonstrates: None,
            counters: Counters::default(),
            processes: Vec::new(),
            facts: BTreeMap::new(),
            series: BTreeMap::new(),
            notes: BTreeMap::new(),
            error: Some(error.into()),
        }
    }
}

/// The end of a run that was not interrupted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// When it ended, UTC, RFC 3339.
    pub finished: String,
    /// One-minute load average at the end.
    pub load: Option<f64>,
    /// Processor time stolen by the hypervisor since boot, in clock ticks.
    pub steal_ticks: Option<u64>,
    /// Memory that was available at the end, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available_bytes: Option<u64>,
    /// Frequency of the first core that may be used, at the end, in kHz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency_khz: Option<u64>,
}

/// An [`End`] as it stands in the file, with the seal that [`Recorder::end`](crate::Recorder::end) puts there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndRow {
    /// When the run ended, UTC, RFC 3339.
    pub finished: String,
    /// One-minute load average at the end.
    pub load: Option<f64>,
    /// Processor time stolen by the hypervisor since boot, in clock ticks.
    pub steal_ticks: Option<u64>,
    /// Memory that was available at the end, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available_bytes: Option<u64>,
    /// Frequency of the first core that may be used, at the end, in kHz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency_khz: Option<u64>,
    /// How many subject rows stand above; none in records of a schema before 3.
    pub rows: Option<u64>,
    /// The SHA-256 of all bytes of the file above this line, in hexadecimal; none in records of a schema before 3.
    pub sha256: Option<String>,
}

/// A run as read back from its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The first row.
    pub header: Header,
    /// The subjects, in the order they ran.
    pub subjects: Vec<Subject>,
    /// The last row; none if the run was interrupted.
    pub end: Option<End>,
}

impl Run {
    /// Whether the file ended with a hash of itself, which [`Run::read`] has then found to be right.
    ///
    /// Interrupted runs are not sealed, and neither are those of a schema before 3. The hash tells damage and careless editing; who edits on
    /// purpose can write a new one, and only the history of the repository speaks against that.
    pub fn sealed(&self) -> bool {
        self.end.is_some() && self.header.schema >= SEALED_SINCE
    }

    /// What this run set out to measure for `lesson`.
    pub fn plan(&self, lesson: &str) -> Option<&LessonPlan> {
        self.header.lessons.iter().find(|plan| plan.lesson == lesson)
    }

    /// The subjects of `lesson`, in the order they ran.
    pub fn subjects_of<'a>(&'a self, lesson: &'a str) -> impl Iterator<Item = &'a Subject> {
        self.subjects.iter().filter(move |subject| subject.lesson == lesson)
    }
}
