//! Lesson `initialize_once`: how often the list crosses, to the byte, by each way of getting it to the workers.

use experiments::initialize_once::LESSON;
use record::{ProcessReport, Profile, Traffic, VariantResult, Verdict};

use crate::house::{House, quick_run};
use crate::lab::Answered;
use crate::rows::{judged, row};

fn run(list: u64, items: u64, chunksize: u64, workers: u64) -> Answered {
    let settings = [("list_items", list), ("items", items), ("chunksize", chunksize), ("workers", workers)];
    let settings = settings.map(|(name, value)| format!("{name}={value}"));
    quick_run("initialize_once", &[], &settings).of_one_answer()
}

fn marks(row: &VariantResult) -> [u64; 2] {
    ["list_dumps", "list_loads"].map(|name| row.counters.mark(name))
}

#[test]
fn a_spawned_worker_is_sent_the_list_once_and_a_forked_one_never() {
    let workers = 3;
    let answered = run(500, 1_000, 100, workers);
    let list = answered.variants[0].facts["list_bytes"];
    for name in ["initializer_spawn", "encapsulated_spawn"] {
        assert_eq!(marks(answered.variant(name)), [workers; 2], "{name}");
    }
    for name in [
        "serial",
        "objects",
        "objects_spawn",
        "initializer",
        "encapsulated",
        "fork_inherited",
        "recipe_spawn",
        "shared",
    ] {
        assert_eq!(marks(answered.variant(name)), [0; 2], "{name}");
    }
    let sent = |name: &str| answered.variant(name).processes[0].dumps.bytes;
    // That there is an initializer, the length of its name, the name, and the list.
    for (way, name) in [("encapsulated", "initialize_once::Keep"), ("initializer", "initialize_once::IntoGlobal")] {
        let more = sent(&format!("{way}_spawn")) - sent(way);
        assert_eq!(more, workers * (2 + name.len() as u64 + list), "{way}");
        let loaded =
            |row: &VariantResult| row.processes[1..].iter().map(|worker| worker.loads.bytes).collect::<Vec<_>>();
        assert!(loaded(answered.variant(&format!("{way}_spawn"))).iter().all(|bytes| *bytes > list), "{way}");
    }
    // The recipe is a number of items and a seed, and spawning without an initializer takes a byte.
    assert!(sent("recipe_spawn") - sent("encapsulated") < workers * 40);
    assert_eq!(sent("objects_spawn") - sent("objects"), workers);
}

#[test]
fn an_index_is_smaller_than_an_object() {
    let (items, tasks) = (1_000, 10);
    let answered = run(200, items, 100, 2);
    let sent = |name: &str| answered.variant(name).processes[0].dumps.bytes;
    for name in ["objects", "initializer", "encapsulated", "fork_inherited", "shared"] {
        assert_eq!(answered.variant(name).counters.tasks, tasks, "{name}");
    }
    // A number of nine bytes, a name of 16 letters after its length, four values: and an index below 251 is one byte.
    let objects = items * (9 + 1 + 16 + 4 * 8);
    let names = ["ScoreObject", "ScoreByGlobal"].map(|name| name.len() as u64);
    assert_eq!(sent("objects") + tasks * names[1], objects - items + sent("fork_inherited") + tasks * names[0]);
    assert_eq!(sent("initializer"), sent("fork_inherited"), "a forked worker inherits its initializer");
}

#[test]
fn a_kept_pool_is_sent_the_list_once_for_all_of_its_maps() {
    let workers = 2;
    let answered = run(300, 1_000, 100, workers);
    let (list, row) = (answered.variants[0].facts["list_bytes"], answered.variant("kept_pools"));
    let slopes = |name: &str| row.series[name].windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>();
    for name in ["objects_bytes", "preloaded_bytes", "forked_bytes"] {
        let slopes = slopes(name);
        assert!(slopes.len() > 1 && slopes.iter().all(|slope| *slope == slopes[0]), "{name}: {slopes:?}");
    }
    assert_eq!(slopes("preloaded_bytes"), slopes("forked_bytes"));
    assert!(slopes("objects_bytes")[0] > slopes("forked_bytes")[0]);
    let more = row.series["preloaded_bytes"][0] - row.series["forked_bytes"][0];
    assert_eq!(more, workers * (2 + "initialize_once::Keep".len() as u64 + list));
    assert_eq!(marks(row), [workers; 2]);
}

#[test]
fn odd_counts_are_right_or_refused() {
    for (list, items, chunksize, workers) in [(1, 0, 100, 1), (1, 1, 0, 5), (101, 103, 7, 3), (1_009, 5, 1_000_000, 4)]
    {
        run(list, items, chunksize, workers);
    }
    for (setting, named) in [("list_items=0", "list_items=0"), ("workers=0", "workers=0"), ("items=10000001", "items=")]
    {
        let ended = House::bare().lab(&["run", "initialize_once", "--set", setting]).check(2);
        assert!(ended.stderr.contains(named) && ended.stderr.contains("lesson initialize_once"), "{}", ended.stderr);
    }
}

fn verdict(items: u64, rows: &[VariantResult], claim: &str) -> (Verdict, String) {
    let params = LESSON.params(Profile::Post, &[("items".to_owned(), items)]).unwrap();
    let judgement = judged(&LESSON, params, rows, claim);
    (judgement.verdict, judgement.because)
}

#[test]
fn objects_are_compared_with_the_initializer() {
    let objects = |items, ms| {
        let rows = [row("serial", 10), row("objects", ms), row("initializer", 10)];
        verdict(items, &rows, "tuning.indices-not-objects").0
    };
    assert_eq!((objects(100_000, 20), objects(100_000, 5)), (Verdict::Reproduced, Verdict::Contradicted));
    assert_eq!(objects(999, 20), Verdict::NotTestableHere);
}

#[test]
fn all_of_the_state_is_counted() {
    let sent = |name: &str, bytes: u64| {
        let mut row = row(name, 10);
        let nothing = Traffic::default();
        let parent = ProcessReport {
            role: "parent".to_owned(),
            pid: 1,
            tasks: 0,
            messages: 0,
            dumps: Traffic { bytes, ..nothing },
            loads: nothing,
            writes: nothing,
            reads: nothing,
            work_ns: 0,
            marks: [].into(),
            max_rss_bytes: 0,
            user_ns: 0,
            sys_ns: 0,
        };
        row.processes.push(parent);
        row
    };
    let copies = |spawned: u64, marks: u64| {
        let mut serial = row("serial", 10);
        serial.facts.insert("list_bytes".to_owned(), 1_000);
        let mut forked = sent("encapsulated", 500);
        forked.counters.marks.insert("list_loads".to_owned(), marks);
        verdict(100_000, &[serial, forked, sent("encapsulated_spawn", spawned)], "performance.spawn-copies").0
    };
    let beside = 2 + "initialize_once::Keep".len() as u64;
    let all = 500 + 4 * (1_000 + beside);
    assert_eq!(copies(all, 0), Verdict::Reproduced);
    assert_eq!((copies(all - 1, 0), copies(all, 1)), (Verdict::Contradicted, Verdict::Contradicted));
}
