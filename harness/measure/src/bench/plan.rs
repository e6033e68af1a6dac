//! What a benchmark is going to do.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::time::Duration;

use record::{BlockOrder, Header, Ledger, LessonPlan, Profile, SCHEMA};

use crate::instruments::IN_EVERY_RUN;
use crate::lesson::{Design, Fitted, Lesson};
use crate::random::Random;
use crate::{environment, memory, program};

/// Criterion's smallest sample.
pub(super) const CRITERION_BLOCKS: u32 = 10;

/// What a benchmark is going to do.
#[derive(Debug)]
pub struct Plan<'a> {
    /// Where its record goes; none records nothing.
    pub folder: Option<PathBuf>,
    /// The profile of all its lessons.
    pub profile: Profile,
    /// Draws the order of its blocks.
    pub seed: u64,
    /// How long one subject may take.
    pub deadline: Duration,
    /// Whether a variant whose first subject was quick gets a deadline to match.
    pub adapts_deadlines: bool,
    /// How long the run may go on adding blocks for claims that want them; none adds none.
    pub budget: Option<Duration>,
    /// The bands that say how narrow intervals have to be; without them nothing is added.
    pub ledger: Option<&'a Ledger>,
    /// The lessons with their parameters.
    pub lessons: Vec<Planned<'a>>,
    /// What is measured besides, spread over the run.
    pub instruments: Vec<Planned<'a>>,
    /// The version of the program that measures.
    pub version: &'a str,
    /// The checkout it was built from.
    pub root: &'a Path,
}

/// One lesson of a plan.
#[derive(Clone, Debug)]
pub struct Planned<'a> {
    /// The lesson.
    pub lesson: &'a Lesson,
    /// Its parameters, resolved.
    pub fitted: Fitted,
    /// Blocks per variant, the warm-up not counted.
    pub blocks: u32,
}

/// How long one subject may take when nobody says otherwise: far more than it needs, far less than for ever.
pub fn subject_deadline(profile: Profile) -> Duration {
    Duration::from_secs(match profile {
        Profile::Quick => 60,
        Profile::Standard => 120,
        Profile::Post => 600,
    })
}

/// How long a run of all lessons may go on adding blocks when nobody says otherwise. `quick` adds none: it is to see that everything works.
fn budget(profile: Profile) -> Option<Duration> {
    match profile {
        Profile::Quick => None,
        Profile::Standard => Some(Duration::from_secs(17 * 60)),
        Profile::Post => Some(Duration::from_secs(100 * 60)),
    }
}

impl<'a> Plan<'a> {
    /// A plan over `lessons` at the sizes of `profile`.
    pub fn new(lessons: &[&'a Lesson], profile: Profile, seed: u64, version: &'a str, root: &'a Path) -> Self {
        let available = memory::available_bytes();
        let planned = |lesson: &&'a Lesson| {
            let fitted = lesson.fitted(profile, &[], available).expect("without settings there is nothing to refuse");
            Planned { lesson, fitted, blocks: lesson.blocks[profile as usize] }
        };
        let besides = IN_EVERY_RUN.iter().filter(|own| lessons.iter().all(|lesson| lesson.stem != own.stem));
        Self {
            folder: Some(root.join("results/local")),
            profile,
            seed,
            deadline: subject_deadline(profile),
            adapts_deadlines: true,
            budget: budget(profile),
            ledger: None,
            lessons: lessons.iter().map(planned).collect(),
            instruments: besides.map(planned).collect(),
            version,
            root,
        }
    }

    pub(super) fn header(&self) -> Header {
        let started = record::now();
        // A colon in a file name is a nuisance on other systems.
        let id = format!("{}-{}-{:x}", started.replace(':', ""), self.profile, self.seed);
        Header {
            schema: SCHEMA,
            id,
            started,
            profile: self.profile,
            seed: self.seed,
            program: program::capture(self.version, self.root),
            environment: environment::capture(),
            lessons: self.lessons.iter().chain(&self.instruments).map(Planned::as_recorded).collect(),
            budget_s: self.budget.map(|budget| budget.as_secs()),
        }
    }
}

impl Planned<'_> {
    /// Whether Criterion drives it: it takes no fewer than ten samples, and each is a comparison. The others we drive ourselves.
    pub(super) fn by_criterion(&self) -> bool {
        self.blocks >= CRITERION_BLOCKS && self.lesson.design == Design::Blocks
    }

    /// Subjects of each variant that only warm the machine up. Where a block takes minutes there are few of them, and no warm-up.
    pub fn warm_ups(&self) -> u32 {
        u32::from(self.by_criterion())
    }

    pub(super) fn subjects_per_block(&self) -> u64 {
        match self.lesson.design {
            Design::Blocks => 4,
            Design::Singles => 1,
        }
    }

    /// How many subjects it takes if nothing fails and no blocks are added.
    pub fn subjects(&self) -> u64 {
        let all = self.lesson.variants.len() as u64;
        let compared = if self.lesson.design == Design::Blocks { all - 1 } else { all };
        compared * u64::from(self.blocks) * self.subjects_per_block() + all * u64::from(self.warm_ups())
    }

    fn as_recorded(&self) -> LessonPlan {
        LessonPlan {
            lesson: self.lesson.stem.to_owned(),
            params: self.fitted.params.clone(),
            shrunk: self.fitted.shrunk.clone(),
            baseline: self.lesson.baseline().name.to_owned(),
            blocks: self.blocks,
            fingerprint: self.lesson.fingerprint.to_owned(),
        }
    }
}

/// A seed for whoever names none. Any is as good as another, as long as it is recorded.
pub fn random_seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Draws the order of the next block.
pub(super) fn draw(series: &mut Random) -> BlockOrder {
    match series.next() {
        Some(number) if number % 2 == 1 => BlockOrder::Baab,
        _ => BlockOrder::Abba,
    }
}
