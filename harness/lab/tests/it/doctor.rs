//! `lab doctor`: every line of its table, its object, and what it says of fewer cores, of a quota, and where no process can be started.

mod group;

use harness::doctor;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;
use record::{Band, Environment, KnownRatio, Program};
use serde::Deserialize;
use serde_json::Value;

use crate::contract::one_line;
use crate::house::House;
use crate::lab::{Ended, Lab};
use group::Group;

/// What `lab doctor --json` prints.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Found {
    environment: Environment,
    symptoms: Vec<Symptom>,
    not_testable: Vec<NotTestable>,
    program: Program,
    known_ratios: Vec<KnownRatio>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Symptom {
    what: String,
    found: String,
    state: String,
    spoils: String,
    mend: Option<String>,
    needs_root: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NotTestable {
    what: String,
    why: String,
}

impl Found {
    #[track_caller]
    fn read(ended: &Ended) -> Self {
        serde_json::from_value(one_line(&ended.stdout)).unwrap()
    }

    #[track_caller]
    fn symptom(&self, what: &str) -> &Symptom {
        self.symptoms.iter().find(|symptom| symptom.what == what).unwrap()
    }

    /// Whether the claim called `id` is among what is not testable, for want of cores.
    fn lacks_cores_for(&self, id: &str) -> bool {
        self.not_testable
            .iter()
            .any(|item| item.what.starts_with(&format!("{id} (")) && item.why.contains("needs two cores"))
    }
}

/// Every line that there has to be.
fn lines() -> Vec<&'static str> {
    doctor::examine(&Environment::default(), &doctor::Now::default(), &[]).iter().map(|symptom| symptom.what).collect()
}

#[test]
fn the_table_has_every_line_and_no_colour_where_nobody_sees_it() {
    let said = House::bare().lab(&["doctor"]).check(0).stdout;
    for name in lines() {
        let line = said.lines().find(|line| line.starts_with(&format!("{name:<22} ")));
        let line = line.unwrap_or_else(|| panic!("{name} is missing in {said}"));
        assert!(
            ["fine", "may spoil", "spoils", "not known"].iter().any(|state| line[22..].trim().starts_with(state)),
            "{line}"
        );
    }
    assert!(said.contains("\nspoils a measurement now: ") && said.contains("\nmay spoil one: "), "{said}");
    assert!(said.contains("\nhow often the harness is right where the truth is known:\n"), "{said}");
    assert!(!said.contains('\u{1b}'), "{said}");
}

#[test]
fn the_object_says_the_same_on_one_line() {
    let house = House::bare();
    house.lab(&["list"]).check(0);
    let before = house.inventory();
    let ended = house.lab(&["doctor", "--json"]).check(0);
    let found = Found::read(&ended);
    assert_eq!(before, house.inventory(), "it leaves nothing behind");
    assert!(found.environment.cores >= 1 && found.environment.usable_cores >= 1);
    assert!(found.program.rustc.starts_with("rustc ") && found.known_ratios.len() == 3, "{found:?}");
    assert_eq!(found.symptoms.iter().map(|symptom| symptom.what.as_str()).collect::<Vec<_>>(), lines());
    for symptom in &found.symptoms {
        let bad = ["may_spoil", "spoils"].contains(&symptom.state.as_str());
        assert!(bad || ["fine", "not_known"].contains(&symptom.state.as_str()), "{symptom:?}");
        assert_eq!(symptom.mend.is_some(), bad, "{symptom:?}");
        assert!(!symptom.found.is_empty() && !symptom.spoils.is_empty(), "{symptom:?}");
        assert!(bad || !symptom.needs_root, "{symptom:?}");
    }
    assert_eq!(found.symptom("second process").state, "fine");
    let build = if cfg!(debug_assertions) { "spoils" } else { "fine" };
    assert_eq!(found.symptom("build").state, build);
    assert!(found.not_testable.iter().all(|item| !item.what.is_empty() && !item.why.is_empty()));
}

#[test]
fn a_machine_without_python_is_told_so() {
    let house = House::bare();
    let ended = Lab::start_by(house.path(), &["/usr/bin/env", "PATH=/nowhere"], &["doctor", "--json"]).wait().check(0);
    let found = Found::read(&ended);
    assert_eq!((found.environment.python.as_ref(), found.environment.numpy.as_ref()), (None, None));
    let lane = found.not_testable.iter().find(|item| item.what == "lane cpython").unwrap();
    assert!(lane.why.ends_with("; no python3 on the path answers"), "{}", lane.why);
}

/// Starts what `work` starts on one core only. Processes inherit the cores of the thread that starts them.
fn on_one_core<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let pinned = || {
        let allowed = sched_getaffinity(Pid::from_raw(0)).unwrap();
        let first = (0..CpuSet::count()).find(|core| allowed.is_set(*core).unwrap()).unwrap();
        let mut one = CpuSet::new();
        one.set(first).unwrap();
        sched_setaffinity(Pid::from_raw(0), &one).unwrap();
        work()
    };
    std::thread::scope(|scope| scope.spawn(pinned).join().unwrap())
}

/// The workers that `bound_method` has by default, in a listing.
fn standard_workers(listing: &Value) -> u64 {
    let lesson = listing["lessons"].as_array().unwrap().iter().find(|lesson| lesson["stem"] == "bound_method").unwrap();
    let knob = lesson["parameters"].as_array().unwrap().iter().find(|knob| knob["name"] == "workers").unwrap();
    knob["standard"].as_u64().unwrap()
}

const SMALL_RUN: [&str; 8] =
    ["run", "bound_method", "pool_free_function", "--set", "items=1000", "--set", "cache_entries=64", "--json"];

/// Demands that a small run had one worker, and really one.
#[track_caller]
fn check_one_worker(ended: Ended) {
    let answered = ended.check(0).answered();
    assert_eq!(answered.params["workers"], 1);
    let processes = &answered.variant("pool_free_function").processes;
    assert_eq!(processes.iter().filter(|process| process.role == "worker").count(), 1, "{processes:?}");
}

/// Demands that no claim of a speed-up can be tested.
#[track_caller]
fn check_no_speed_up(found: &Found) {
    let ledger = experiments::ledger();
    let speed_ups = ledger.claims.iter().filter(|claim| matches!(claim.band, Band::SpeedUp { .. }));
    for claim in speed_ups {
        assert!(found.lacks_cores_for(&claim.id), "{} in {:?}", claim.id, found.not_testable);
    }
}

#[test]
fn on_one_core_there_is_one_worker_and_no_speed_up_to_test() {
    let house = House::bare();
    let (listing, run, found) = on_one_core(|| {
        (house.lab(&["list", "--json"]).check(0), house.lab(&SMALL_RUN), house.lab(&["doctor", "--json"]).check(0))
    });
    assert_eq!(standard_workers(&one_line(&listing.stdout)), 1);
    check_one_worker(run);
    let found = Found::read(&found);
    assert_eq!(found.environment.usable_cores, 1);
    check_no_speed_up(&found);
    // A quota that is there besides explains the one core as well.
    let narrower = found.environment.cores > 1 && found.environment.quota_cores.is_none();
    assert_eq!(found.symptom("affinity").state, if narrower { "may_spoil" } else { "fine" });
}

#[test]
fn on_half_a_core_there_is_one_worker_and_no_speed_up_to_test() {
    let period = ("cpu.cfs_period_us", "100000");
    let Some(group) = Group::new("cpu", &[period, ("cpu.cfs_quota_us", "50000")], &[("cpu.max", "50000 100000")])
    else {
        eprintln!("skipped: no group with a quota can be made here");
        return;
    };
    let house = House::bare();
    let lab = |arguments: &[&str]| Lab::start_by(house.path(), &group.wrapper(), arguments).wait();
    assert_eq!(standard_workers(&one_line(&lab(&["list", "--json"]).check(0).stdout)), 1);
    check_one_worker(lab(&SMALL_RUN));
    let found = Found::read(&lab(&["doctor", "--json"]).check(0));
    // There may be a tighter one around it.
    assert!(found.environment.quota_cores.is_some_and(|quota| quota <= 0.5), "{:?}", found.environment);
    assert_eq!(found.environment.usable_cores, 1);
    assert_eq!((found.symptom("quota").state.as_str(), found.symptom("quota").needs_root), ("spoils", true));
    assert_ne!(found.symptom("throttling").state, "not_known");
    check_no_speed_up(&found);
}

#[test]
fn where_no_second_process_can_be_started_nothing_can_be_measured() {
    let Some(group) = Group::new("pids", &[("pids.max", "1")], &[("pids.max", "1")]) else {
        eprintln!("skipped: no group that limits processes can be made here");
        return;
    };
    let house = House::bare();
    let ended = Lab::start_by(house.path(), &group.wrapper(), &["doctor", "--json"]).wait().check(3);
    let second = Found::read(&ended);
    let second = second.symptom("second process");
    assert_eq!(second.state, "spoils");
    assert!(second.found.starts_with("cannot be started: "), "{second:?}");
}
