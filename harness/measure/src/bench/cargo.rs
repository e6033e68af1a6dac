//! The `main` of a Criterion bench of one lesson.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use criterion::Criterion;
use record::{Ledger, Profile};

use super::{Driver, Plan, Progress, random_seed};
use crate::evidence::Evidence;
use crate::lesson::Lesson;
use crate::{subject, summary};

/// Names the profile of `cargo bench`, whose arguments belong to Criterion.
const PROFILE_VARIABLE: &str = "UNPICKLED_PROFILE";

/// Criterion's ways of being called in which it does not keep what it measures.
const KEEPS_NOTHING: [&str; 5] = ["--test", "--list", "--profile-time", "--load-baseline", "--discard-baseline"];

/// The `main` of a Criterion bench of one lesson: `cargo bench -p experiments --bench STEM`.
///
/// Criterion reads the arguments, so filters, sample sizes and baselines work as its users expect. The profile is `quick` unless the
/// environment variable `UNPICKLED_PROFILE` says otherwise. The run is recorded like any other, and its claims are judged at the end;
/// except in Criterion's test mode, which is what it runs in without `--bench`: then each variant runs once, and its answer is checked.
pub fn cargo_bench(lesson: &Lesson, ledger: &Ledger, version: &str, root: &Path) -> ExitCode {
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
    let given = |wanted: &str| std::env::args().skip(1).any(|argument| argument.split('=').next() == Some(wanted));
    if given("--quick") {
        eprintln!("--quick stops at the first samples; a block is one sample, so use --sample-size 10 instead");
        return ExitCode::from(2);
    }
    let mut plan = Plan::new(&[lesson], profile, random_seed(), version, root);
    plan.budget = None;
    if !given("--bench") || KEEPS_NOTHING.into_iter().any(given) {
        plan.folder = None;
        plan.instruments.clear();
    }
    let folder = criterion_folder(root);
    let blocks = plan.lessons[0].blocks.max(super::plan::CRITERION_BLOCKS);
    plan.lessons[0].blocks = blocks;
    let make = || {
        let criterion = Criterion::default().without_plots().output_directory(&folder).sample_size(blocks as usize);
        criterion.configure_from_args()
    };
    // While it is asked what its arguments let through, nobody hears it: what it has to say against them it says here.
    if catch_unwind(AssertUnwindSafe(|| drop(make()))).is_err() {
        return ExitCode::from(2);
    }
    match super::run(&plan, &Driver { make: &make, folder: &folder, by_arguments: true }, &Aloud) {
        Ok(benched) => {
            print_claims(lesson, ledger, &benched.run);
            benched.path.iter().for_each(|path| eprintln!("recorded in {}", path.display()));
            benched.failures.iter().for_each(|failure| eprintln!("not fine: {failure}"));
            match benched.interrupted {
                Some(signal) => {
                    eprintln!("{signal}");
                    ExitCode::from(u8::try_from(128 + signal.signal).unwrap_or(130))
                }
                None => ExitCode::from(u8::from(!benched.failures.is_empty())),
            }
        }
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

/// Where Criterion keeps its results if nobody says otherwise: `criterion` beside the profile this program was built into.
fn criterion_folder(root: &Path) -> PathBuf {
    if let Some(home) = std::env::var_os("CRITERION_HOME") {
        return PathBuf::from(home);
    }
    let target = std::env::current_exe().ok().and_then(|program| Some(program.ancestors().nth(3)?.to_owned()));
    target.unwrap_or_else(|| root.join("target")).join("criterion")
}

/// The claims that these blocks say something about, each with its interval.
fn print_claims(lesson: &Lesson, ledger: &Ledger, run: &record::Run) {
    let Some(summary) = summary::summarise(run, &lesson.info(), false, lesson.fingerprint) else { return };
    let judgements = lesson.judge(ledger, &Evidence { summary: &summary, run });
    for judgement in judgements.iter().filter(|judgement| judgement.n > 0) {
        println!("{judgement}");
    }
}

/// Leaves the screen to Criterion.
struct Aloud;

impl Progress for Aloud {
    fn more(&self, _subjects: u64) {}

    fn subject(&self, _lesson: &str, _variant: &str, _done: u32, _total: u32) {}

    fn quietly(&self, work: &mut dyn FnMut()) -> Vec<u8> {
        work();
        Vec::new()
    }

    fn say(&self, _said: &[u8]) {}
}
