//! What cannot be tested on this machine, whatever one mends: derived from the ledger's bands and the lessons' needs.

use record::{Band, Claim, Environment, Ledger, Verdict};
use serde::Serialize;

use super::{Need, Now, size};
use crate::verdict::{judge_speed_up, parallel_cores};

/// Something that is not tested here, or in another way than stated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotTestable {
    /// The claim, the lesson at a profile, the lane, or the means.
    pub what: String,
    /// Why not.
    pub why: String,
}

impl NotTestable {
    fn new(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into() }
    }
}

/// What cannot be tested in this `environment`: claims of `ledger` that ask for more cores or more rights than there are, sizes that do not
/// fit, lanes without their program.
///
/// ```
/// let one_core = record::Environment { cores: 1, usable_cores: 1, ..Default::default() };
/// let ledger = record::Ledger { posts: Default::default(), claims: Vec::new() };
/// let found = harness::doctor::not_testable(&one_core, &Default::default(), &ledger, &[]);
/// assert!(found.iter().any(|item| item.what == "lane cpython"));
/// ```
pub fn not_testable(environment: &Environment, now: &Now, ledger: &Ledger, needs: &[Need]) -> Vec<NotTestable> {
    let speed_ups = ledger.claims.iter().filter_map(|claim| speed_up(environment, claim));
    let sizes = needs.iter().filter_map(|need| too_large(environment, need));
    speed_ups.chain(sizes).chain(lane(environment)).chain(cold_cache(now, ledger)).chain(counters(now)).collect()
}

fn speed_up(environment: &Environment, claim: &Claim) -> Option<NotTestable> {
    let Band::SpeedUp { ratio, cores } = claim.band else { return None };
    let usable = parallel_cores(environment);
    let (verdict, note) = judge_speed_up(None, ratio, cores, usable);
    let why = note?;
    // Without an interval every verdict but this one waits for a measurement.
    let why = if verdict == Verdict::NotTestableHere {
        why
    } else {
        let asked = ratio / f64::from(cores) * usable;
        format!("judged {why}: {ratio} on {cores} cores is asked as {asked:.2}")
    };
    Some(NotTestable::new(format!("{} ({})", claim.id, claim.lesson), why))
}

fn too_large(environment: &Environment, need: &Need) -> Option<NotTestable> {
    let mut why = Vec::from_iter(need.note.clone());
    if !need.starved.is_empty() {
        why.push(format!("not started: {}", need.starved.join(", ")));
    }
    let (needed, there) = (size(need.bytes), size(environment.available_bytes));
    let what = format!("{} at the sizes of profile {}", need.lesson, need.profile);
    (!why.is_empty()).then(|| NotTestable::new(what, format!("{needed} needed, {there} available; {}", why.join("; "))))
}

/// There is only the Rust lane so far, whatever Python there is.
fn lane(environment: &Environment) -> Option<NotTestable> {
    let python = match (&environment.python, &environment.numpy) {
        (None, _) => "no python3 on the path answers".to_owned(),
        (Some(python), None) => format!("the python3 on the path, {python}, has no NumPy"),
        (Some(python), Some(numpy)) => format!("Python {python} and NumPy {numpy} are there for it"),
    };
    Some(NotTestable::new("lane cpython", format!("this program has no such lane yet; {python}")))
}

/// Claims whose check asks for a cold page cache, where it cannot be dropped.
fn cold_cache(now: &Now, ledger: &Ledger) -> Option<NotTestable> {
    let asks = |claim: &&Claim| claim.check.contains("page cache");
    let claims: Vec<&str> = ledger.claims.iter().filter(asks).map(|claim| claim.id.as_str()).collect();
    let hindered = now.drops_page_cache == Some(false) && !claims.is_empty();
    hindered.then(|| {
        NotTestable::new(
            format!("a cold page cache ({})", claims.join(", ")),
            "dropping it takes root, and /proc/sys that can be written to",
        )
    })
}

fn counters(now: &Now) -> Option<NotTestable> {
    let why = if now.hardware_counters == Some(false) {
        "the kernel shows no counters of the processor, as in most virtual machines".to_owned()
    } else {
        let paranoid = now.perf_event_paranoid.filter(|paranoid| *paranoid > 2)?;
        format!(
            "perf_event_paranoid is {paranoid}, above 2: no user may count; as root `sysctl kernel.perf_event_paranoid=2`"
        )
    };
    Some(NotTestable::new("hardware counters (cycles, cache misses)", why))
}
