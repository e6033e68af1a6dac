//! What a benchmark is going to do, and the same for `cargo bench`.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use criterion::Criterion;
use record::{BlockOrder, Header, LessonPlan, Profile, SCHEMA};

use super::Progress;
use crate::lesson::{Fitted, Lesson};
use crate::random::Random;
use crate::{environment, memory, program, subject};

/// Criterion's smallest sample.
const CRITERION_BLOCKS: u32 = 10;

/// Names the profile of `cargo bench`, whose arguments belong to Criterion.
const PROFILE_VARIABLE: &str = "UNPICKLED_PROFILE";

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
    /// The lessons with their parameters.
    pub lessons: Vec<Planned<'a>>,
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

impl<'a> Plan<'a> {
    /// A plan over `lessons` at the sizes of `profile`.
    pub fn new(lessons: &[&'a Lesson], profile: Profile, seed: u64, version: &'a str, root: &'a Path) -> Self {
        let available = memory::available_bytes();
        let planned = |lesson: &&'a Lesson| {
            let fitted = lesson.fitted(profile, &[], available).expect("without settings there is nothing to refuse");
            Planned { lesson, fitted, blocks: lesson.blocks[profile as usize] }
        };
        Self {
            folder: Some(root.join("results/local")),
            profile,
            seed,
            deadline: subject_deadline(profile),
            lessons: lessons.iter().map(planned).collect(),
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
            lessons: self.lessons.iter().map(|planned| planned.as_recorded()).collect(),
        }
    }
}

impl Planned<'_> {
    /// Whether Criterion drives it: it takes no fewer than ten samples. Where one block takes minutes there are fewer, and we drive.
    pub(super) fn by_criterion(&self) -> bool {
        self.blocks >= CRITERION_BLOCKS
    }

    /// Blocks that only warm the machine up, for each variant: Criterion's first call. A block that takes minutes needs none.
    pub fn warm_ups(&self) -> u32 {
        u32::from(self.by_criterion())
    }

    /// How many subjects it takes if nothing fails.
    pub fn subjects(&self) -> u64 {
        let variants = self.lesson.variants.len() as u64 - 1;
        variants * u64::from(self.blocks + self.warm_ups()) * 4
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

/// The `main` of a Criterion bench of one lesson: `cargo bench -p experiments --bench STEM`.
///
/// Criterion reads the arguments, so filters and baselines work as its users expect. The profile is `quick` unless the
/// environment variable `UNPICKLED_PROFILE` says otherwise. The run is recorded like any other, except in Criterion's test mode,
/// which is what it runs in without `--bench`, and which measures nothing.
pub fn cargo_bench(lesson: &Lesson, version: &str, root: &Path) -> ExitCode {
    multiprocess::init();
    if let Some(code) = subject::serve(&[lesson]) {
        return code;
    }
    let profile = std::env::var(PROFILE_VARIABLE).map_or(Ok(Profile::Quick), |name| name.parse());
    let profile = match profile {
        Ok(profile) => profile,
        Err(fault) => {
            eprintln!("{PROFILE_VARIABLE}: {fault}");
            return ExitCode::from(2);
        }
    };
    let mut plan = Plan::new(&[lesson], profile, random_seed(), version, root);
    if !std::env::args().any(|argument| argument == "--bench") {
        plan.folder = None;
    }
    match super::run(&plan, || Criterion::default().without_plots().configure_from_args(), &Aloud) {
        Ok(benched) => {
            benched.path.iter().for_each(|path| eprintln!("recorded in {}", path.display()));
            benched.failures.iter().for_each(|failure| eprintln!("{failure}"));
            ExitCode::from(u8::from(!benched.failures.is_empty() || benched.interrupted.is_some()))
        }
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

/// Leaves the screen to Criterion.
struct Aloud;

impl Progress for Aloud {
    fn subject(&self, _lesson: &str, _variant: &str, _done: u32, _total: u32) {}

    fn quietly(&self, work: &mut dyn FnMut()) {
        work();
    }
}
