//! `lab predict`: a small campaign from its first row to an answer, and everything that is asked wrongly.
//!
//! What a campaign of two sets predicts is worth nothing; that it is measured, recorded, fitted and answered from is what is tested.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::LazyLock;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use record::{Header, ModelReport, Recorder, Run};
use serde_json::Value;

use crate::house::{House, checkout};
use crate::lab::{Ended, Lab};

const WAYS: [&str; 5] = ["serial", "threads", "processes_fork", "processes_forkserver", "processes_spawn"];
const SETS: usize = 2;

/// Ways, sets that are fitted to, and as many that are not.
const ROWS: usize = 2 * SETS * WAYS.len();

fn fit(house: &House, json: bool) -> Ended {
    let arguments = ["predict", "--fit", "--sets", "2", "--repetitions", "1", "--seed", "7", "--json"];
    house.lab(&arguments[..arguments.len() - usize::from(!json)]).check(0)
}

/// One campaign, which several tests rest on: what it is called, and its record.
static CAMPAIGN: LazyLock<(OsString, Vec<u8>)> = LazyLock::new(|| {
    let house = House::bare();
    fit(&house, false);
    let run = house.runs().remove(0);
    (run.file_name().unwrap().to_owned(), std::fs::read(run).unwrap())
});

/// A house that has the campaign in `folder`, as if it had been measured there, and where its record lies.
fn with_campaign(folder: &str) -> (House, PathBuf) {
    let (house, (name, record)) = (House::bare(), &*CAMPAIGN);
    let folder = house.path().join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    let run = folder.join(name);
    std::fs::write(&run, record).unwrap();
    (house, run)
}

fn one_line(text: &str) -> Value {
    assert_eq!(text.matches('\n').count(), 1, "{text}");
    serde_json::from_str(text).unwrap()
}

#[track_caller]
fn check_refused(arguments: &[&str], message: &[&str]) {
    let house = House::bare();
    let ended = house.lab(&[&["predict"], arguments].concat()).check(2);
    for part in message {
        assert!(ended.stderr.contains(part), "'{part}' is missing in: {}", ended.stderr);
    }
    assert_eq!(ended.stdout, "", "{arguments:?}");
    assert!(house.runs().is_empty(), "{arguments:?}");
}

#[track_caller]
fn check_value_refused(option: &str, value: &str, allowed: &str) {
    let given = format!("{option}={value}");
    let mut arguments = vec![given.as_str()];
    arguments
        .extend(["--items=10", "--item-us=5"].into_iter().filter(|other| !other.starts_with(&format!("{option}="))));
    check_refused(&arguments, &[&format!("'{value}'"), option, allowed]);
}

#[test]
fn a_campaign_is_recorded_row_by_row_and_reads_back() {
    let house = House::bare();
    let report: ModelReport = serde_json::from_value(one_line(&fit(&house, true).stdout)).unwrap();
    let runs = house.runs();
    assert_eq!(runs.len(), 1, "{runs:?}");
    let run = Run::read(&runs[0]).unwrap();
    assert!(run.end.is_some() && run.header.seed == 7 && run.header.id == report.run);
    let plan = run.plan("model").unwrap();
    assert_eq!((plan.params["fitting"], plan.params["held_out"], plan.params["repetitions"]), (2, 2, 1));
    assert_eq!(run.subjects.len(), ROWS);
    for row in &run.subjects {
        assert!(row.result.ok && row.result.elapsed_ns.is_some() && row.usage.is_some(), "{row:?}");
        for name in ["items", "additions", "bytes_in", "bytes_out", "workers", "chunksize"] {
            assert!(row.result.facts.contains_key(name), "{name} is missing in {row:?}");
        }
        let parts = ["start_ns", "map_ns", "finish_ns"].map(|name| row.result.facts.get(name).copied());
        assert_eq!(parts.iter().all(Option::is_some), row.result.name != "serial", "{row:?}");
    }
    for way in WAYS {
        assert_eq!(run.subjects.iter().filter(|row| row.result.name == way).count(), 2 * SETS, "{way}");
    }
    // All ways of a set give the same answer.
    for set in 0..2 * SETS as u32 {
        let rows = run.subjects.iter().filter(|row| row.block.number == set);
        let answers: Vec<_> = rows.map(|row| row.result.answer.clone()).collect();
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    }
    assert_eq!((report.residuals.len(), report.held_out.len()), (ROWS / 2, ROWS / 2));
    assert!(report.held_out.iter().all(|point| point.measured_ns > 0.0 && point.predicted_ns > 0.0));
    assert!(report.constants.iter().all(|constant| constant.value >= 0.0) && report.median_error.is_some());
    // Two sets cannot determine what thirty constants are.
    let assumed = report.constants.iter().filter(|constant| constant.assumed).count();
    assert!(assumed > report.constants.len() / 2 && assumed < report.constants.len(), "{:?}", report.constants);
    house.check_tidy();
}

/// The tables for people, the answer, its JSON, and a chapter's figures all come from the one campaign there is.
#[test]
fn an_answer_rests_on_the_newest_campaign_and_says_so() {
    let house = House::with_book();
    let said = fit(&house, false).stdout;
    for part in [
        "recorded in ",
        "constants, from ",
        "held-out sets",
        "all, held out",
        " when it began",
        "parent_message",
        "assumed: not determined",
    ] {
        assert!(said.contains(part), "{part} is missing in {said}");
    }
    let run = house.runs()[0].file_stem().unwrap().to_str().unwrap().to_owned();
    let asked = ["predict", "--items", "1000", "--item-us", "50", "--bytes-in", "100", "--workers", "2"];
    let said = house.lab(&asked).check(0).stdout;
    for part in [
        "serial ",
        "threads ",
        "processes (fork)",
        "use ",
        "wait most for ",
        "constants are assumed",
        "this machine: ",
        &run,
    ] {
        assert!(said.contains(part), "{part} is missing in {said}");
    }
    let spawned = house.lab(&[&asked[..], &["--start-method", "spawn", "--json"]].concat()).check(0);
    assert_eq!(spawned.stderr, "");
    let answer = one_line(&spawned.stdout);
    assert_eq!((&answer["run"], &answer["start_method"]), (&run.as_str().into(), &"spawn".into()));
    assert_eq!((&answer["workload"]["items"], &answer["workload"]["item_ns"]), (&1_000.into(), &50_000.0.into()));
    for way in ["serial", "threads", "processes"] {
        let [low, ns, high] = ["low_ns", "ns", "high_ns"].map(|name| answer[way][name].as_f64().unwrap());
        assert!(low <= ns && ns <= high && low > 0.0, "{answer}");
    }
    assert!(["serial", "threads", "processes"].contains(&answer["best"].as_str().unwrap()), "{answer}");
    assert!(answer["constants"]["parent"]["message_ns"].is_f64() && answer["break_even"].is_object(), "{answer}");
    let beyond = answer["beyond"].as_array().unwrap();
    assert!(beyond.iter().any(|said| said.as_str().unwrap().starts_with("1000 items, where at most ")), "{answer}");
    // The constants are those of the rows, whoever asks and however often.
    let report = one_line(&house.lab(&["predict", "--report", "--json"]).check(0).stdout);
    let message = report["constants"].as_array().unwrap().iter().find(|row| row["name"] == "parent_message").unwrap();
    assert_eq!(message["value"], answer["constants"]["parent"]["message_ns"]);
    let named = house.lab(&["predict", "--report", "--json", "--run", &run]).check(0);
    assert_eq!(one_line(&named.stdout), report);
    house.lab(&["book"]).check(0);
    let page = std::fs::read_to_string(house.path().join("book/html/method.html")).unwrap();
    assert!(
        page.contains(&run) && page.contains("copied_page") && page.contains("assumed: not"),
        "the book shows the model"
    );
}

#[test]
fn a_committed_campaign_answers_where_this_machine_has_none_and_says_so() {
    let (house, _) = with_campaign("results/reference");
    let said = house.lab(&["predict", "--items", "10", "--item-us", "1"]).check(0).stdout;
    // The rows of the reference are of this machine, and of the code as it is.
    assert!(!said.contains("the code has changed"), "{said}");
    assert!(
        said.contains("from a committed reference of this machine: ") && said.contains("lab predict --fit"),
        "{said}"
    );
}

/// Records `run` once more, as if other code or another machine had made it a thousand years later.
fn recorded_again(house: &House, run: &Run, id: &str, change: impl Fn(&mut Header)) {
    let mut header = run.header.clone();
    (header.id, header.started) = (id.to_owned(), "3026-01-01T00:00:00Z".to_owned());
    change(&mut header);
    let mut recorder = Recorder::create(&house.path().join("results/local"), &header).unwrap();
    run.subjects.iter().for_each(|row| recorder.subject(row).unwrap());
    recorder.end(run.end.as_ref().unwrap()).unwrap();
}

#[test]
fn a_newer_campaign_of_other_code_or_another_machine_gives_way_and_says_so_if_asked() {
    let (house, run) = with_campaign("results/local");
    let run = Run::read(&run).unwrap();
    let (cores, load) = (run.header.environment.usable_cores, run.header.environment.load);
    recorded_again(&house, &run, "other-code", |header| header.lessons[0].fingerprint = "other".to_owned());
    recorded_again(&house, &run, "another-machine", |header| header.environment.cpu = "Another".to_owned());
    let asked = ["predict", "--items", "10", "--item-us", "1"];
    let said = house.lab(&asked).check(0).stdout;
    assert!(said.contains(&format!("from this machine: {}", run.header.id)) && !said.contains("has changed"), "{said}");
    let said = house.lab(&[&asked[..], &["--run", "other-code"]].concat()).check(0).stdout;
    assert!(said.contains("the code has changed since") && said.contains("this machine: other-code"), "{said}");
    let said = house.lab(&[&asked[..], &["--run", "another-machine"]].concat()).check(0).stdout;
    assert!(said.contains("from a run of another machine: another-machine"), "{said}");
    let report = one_line(&house.lab(&["predict", "--report", "--json"]).check(0).stdout);
    assert_eq!((&report["cores"], report["load"].as_f64()), (&cores.into(), load));
}

/// What a plan says of its sets is what is compared; the rows are those of two sets all the same.
#[test]
fn a_smaller_campaign_gives_way_to_a_full_one_however_new_it_is() {
    let (house, run) = with_campaign("results/local");
    let run = Run::read(&run).unwrap();
    let sets = |sets: u64, year: &'static str| {
        move |header: &mut Header| {
            header.lessons[0].params.insert("fitting".to_owned(), sets);
            header.started = format!("{year}-01-01T00:00:00Z");
        }
    };
    recorded_again(&house, &run, "small-and-new", sets(2, "3030"));
    let asked = ["predict", "--report", "--json"];
    assert_eq!(one_line(&house.lab(&asked).check(0).stdout)["run"], "small-and-new");
    recorded_again(&house, &run, "full-and-old", sets(32, "3010"));
    recorded_again(&house, &run, "full", sets(32, "3020"));
    assert_eq!(one_line(&house.lab(&asked).check(0).stdout)["run"], "full");
}

#[test]
fn fewer_cores_than_the_campaign_had_are_what_is_answered_for() {
    let (house, run) = with_campaign("results/local");
    let run = Run::read(&run).unwrap();
    let cores = |cores: u32| move |header: &mut Header| header.environment.usable_cores = cores;
    recorded_again(&house, &run, "two", cores(2));
    let asked = ["predict", "--items", "100", "--item-us", "1000", "--workers", "2", "--run", "two"];
    let _pinned = Pinned::to_one();
    let said = house.lab(&asked).check(0).stdout;
    assert!(said.contains("the campaign had 2 cores, and 1 can be used now: this is for 1 core"), "{said}");
    let answer = one_line(&house.lab(&[&asked[..], &["--json"]].concat()).check(0).stdout);
    let told = ["campaign_cores", "usable_cores"].map(|name| answer[name].as_u64().unwrap());
    assert_eq!((told, answer["constants"]["cores"].as_u64()), ([2, 1], Some(1)));
    // Two workers on one core do not halve 100 ms of work.
    assert!(answer["processes"]["ns"].as_f64().unwrap() >= 0.9e8, "{answer}");
    recorded_again(&house, &run, "one", cores(1));
    let said = house.lab(&[&asked[..asked.len() - 1], &["one"]].concat()).check(0).stdout;
    assert!(!said.contains("the campaign had"), "{said}");
}

#[test]
fn an_interrupted_campaign_keeps_its_rows_and_does_not_speak() {
    let house = House::bare();
    let mut lab = Lab::start(house.path(), &["predict", "--fit", "--seed", "7"]);
    lab.until("enough rows are recorded", |lab| {
        let (_, lines) = house.run_so_far()?;
        (lines > 3 && lab.subject().is_some()).then_some(())
    });
    lab.signal(Signal::SIGINT);
    let ended = lab.wait().check(130);
    assert!(ended.stdout.contains("recorded in "), "{ended:?}");
    let run = Run::read(&house.runs()[0]).unwrap();
    assert!(run.end.is_none() && run.subjects.len() >= 3 && run.subjects.iter().all(|row| row.result.ok));
    house.check_tidy();
    let asked = ["predict", "--items", "10", "--item-us", "1"];
    let refused = house.lab(&[&asked[..], &["--run", &run.header.id]].concat()).check(2);
    assert!(refused.stderr.contains("is incomplete") && refused.stdout.is_empty(), "{refused:?}");
    let said = house.lab(&asked).check(1);
    assert!(said.stderr.contains("run `cargo lab predict --fit` first"), "{said:?}");
}

/// Keeps this thread on one core, and gives it its cores back when dropped.
struct Pinned(CpuSet);

impl Pinned {
    fn to_one() -> Self {
        let before = sched_getaffinity(Pid::from_raw(0)).unwrap();
        let first = (0..CpuSet::count()).find(|core| before.is_set(*core).unwrap()).unwrap();
        let mut one = CpuSet::new();
        one.set(first).unwrap();
        sched_setaffinity(Pid::from_raw(0), &one).unwrap();
        Self(before)
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // It was in force before.
        let _ = sched_setaffinity(Pid::from_raw(0), &self.0);
    }
}

#[test]
fn without_a_campaign_it_says_what_to_run_and_writes_nothing() {
    let house = House::bare();
    let ended = house.lab(&["predict", "--items", "10", "--item-us", "1", "--json"]).check(1);
    assert!(ended.stderr.contains("run `cargo lab predict --fit` first"), "{ended:?}");
    assert!(ended.stdout.is_empty() && house.runs().is_empty());
}

#[test]
fn a_run_that_is_no_campaign_is_refused() {
    let references = std::fs::read_dir(checkout().join("results/reference")).unwrap().flatten();
    let paths = references.map(|entry| entry.path().to_str().unwrap().to_owned());
    let post = paths.into_iter().find(|path| path.contains("-post-")).unwrap();
    check_refused(&["--items", "1", "--item-us", "1", "--run", &post], &["is no campaign of the cost model"]);
    check_refused(&["--items", "1", "--item-us", "1", "--run", "no-such-run"], &["'no-such-run'", "results/local"]);
}

#[test]
fn bad_values_are_named_with_what_is_allowed() {
    for value in ["-1", "1.5", "100000001"] {
        check_value_refused("--items", value, "allowed: 0 to 100000000");
    }
    for option in ["--items", "--item-us", "--bytes-in", "--bytes-out", "--workers", "--chunksize"] {
        check_refused(&[option, "-1"], &["'-1'", option, "allowed: "]);
    }
    for value in ["-1", "NaN", "inf", "much", "1e10"] {
        check_value_refused("--item-us", value, "allowed: 0 to 1000000000");
    }
    check_value_refused("--bytes-in", "1073741825", "allowed: 0 to 1073741824");
    check_value_refused("--bytes-out", "x", "allowed: 0 to 1073741824");
    check_value_refused("--workers", "0", "allowed: 1 to 256");
    check_value_refused("--workers", "257", "allowed: 1 to 256");
    check_value_refused("--chunksize", "-5", "allowed: 0 to 100000000");
    check_value_refused("--start-method", "vfork", "allowed: fork, forkserver, spawn");
}

#[test]
fn a_message_that_no_pool_takes_is_refused() {
    let arguments = ["--items=100", "--item-us=1", "--bytes-out=500000000", "--chunksize=10"];
    check_refused(&arguments, &["--bytes-out 500000000", "at most 1073741824", "--chunksize"]);
}

#[test]
fn a_question_without_its_half_is_refused() {
    check_refused(&[], &["--items", "--item-us"]);
    check_refused(&["--items", "5"], &["--item-us"]);
    let help = House::bare().lab(&["predict", "--help"]).check(0).stdout;
    for usage in ["lab predict --items <ITEMS> --item-us <ITEM_US>", "lab predict --fit", "lab predict --report"] {
        assert!(help.contains(usage), "{usage} is missing in {help}");
    }
    check_refused(&["--fit", "--items", "5"], &["--items", "--fit"]);
    check_refused(&["--items", "5", "--item-us", "1", "--seed", "3"], &["--fit"]);
    check_refused(&["--fit", "--sets", "0"], &["'0' is no number of sets", "allowed: 1 to 32"]);
}

#[test]
fn the_vectors_are_those_that_are_committed() {
    let said = House::bare().lab(&["predict", "--vectors"]).check(0).stdout;
    let committed = checkout().join("harness/measure/tests/model_vectors.json");
    assert_eq!(said, std::fs::read_to_string(committed).unwrap());
}
