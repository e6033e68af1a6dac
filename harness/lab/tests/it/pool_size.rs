//! Lesson `pool_size`: every size of pool does the same additions, and the sizes follow the cores that may be used.

use experiments::pool_size::LESSON;
use record::{Profile, VariantResult, Verdict};

use crate::house::{House, quick_run};
use crate::lab::Answered;
use crate::rows::{judged, row};

fn run(workers: u64, items: u64, inner: u64) -> Answered {
    let settings = [format!("workers={workers}"), format!("items={items}"), format!("inner={inner}")];
    quick_run("pool_size", &[], &settings)
}

/// Demands that every variant answers with all additions, or says why it cannot be tried here, and that its series belong together.
#[track_caller]
fn check(workers: u64, items: u64, inner: u64) -> Answered {
    let answered = run(workers, items, inner);
    assert_eq!(answered.variants.len(), 7);
    for row in &answered.variants {
        assert!(row.ok, "{row:?}");
        if row.notes.contains_key("not_here") {
            assert_eq!((row.name.as_str(), &row.answer), ("even_quota", &None));
            continue;
        }
        assert_eq!(row.answer.as_deref(), Some((items * inner).to_string().as_str()), "{}", row.name);
        if row.name == "serial" {
            continue;
        }
        let sizes = &row.series["workers"];
        assert!(sizes.first() == Some(&1) && sizes.last() == Some(&workers) && sizes.is_sorted(), "{sizes:?}");
        for name in ["map_ns", "pool_ns", "voluntary_switches", "involuntary_switches"] {
            assert_eq!(row.series[name].len(), sizes.len(), "{} {name}", row.name);
        }
        let times = row.series["map_ns"].iter().zip(&row.series["pool_ns"]);
        assert!(times.into_iter().all(|(map, whole)| 0 < *map && map < whole), "{row:?}");
    }
    answered
}

#[test]
fn pools_of_every_size_do_all_additions() {
    let answered = check(5, 97, 1_000);
    let rates = &answered.variant("even_loaded").series["neighbours_additions_per_ms"];
    assert!(rates.iter().sum::<u64>() > 0, "neighbours work: {rates:?}");
    // A worker that waits for a task gives up its core to wait.
    assert!(answered.variant("even").series["voluntary_switches"].iter().sum::<u64>() > 0);
}

#[test]
fn more_workers_than_items_and_no_items_are_right() {
    check(7, 3, 5);
    check(2, 0, 1_000);
    check(1, 1, 0);
}

#[test]
fn a_mask_and_a_quota_show_in_the_cores_that_may_be_used() {
    let answered = run(2, 10, 1_000);
    let fact = |variant: &str, name: &str| answered.variant(variant).facts[name];
    let (reported, usable) = (fact("serial", "reported_cores"), fact("serial", "usable_cores"));
    assert!((1..=reported).contains(&usable), "{usable} of {reported}");
    assert_eq!((fact("even_one_core", "usable_cores"), fact("even_one_core", "reported_cores")), (1, reported));
    if answered.variant("even_quota").answer.is_some() {
        assert_eq!((fact("even_quota", "usable_cores"), fact("even_quota", "quota_cores")), (usable / 2, usable / 2));
    }
}

#[test]
fn no_control_group_is_left_behind() {
    run(1, 1, 1);
    let mine = |name: &str| {
        let pid = name.strip_prefix("unpickled_quota_").and_then(|pid| pid.parse::<u32>().ok());
        pid.is_some_and(|pid| !std::path::Path::new(&format!("/proc/{pid}")).exists())
    };
    for folder in ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup"] {
        let groups = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let left: Vec<_> = groups.filter(|group| mine(&group.file_name().to_string_lossy())).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn sizes_that_are_too_large_are_refused() {
    let ended = House::bare().lab(&["run", "pool_size", "--set", "workers=257"]).check(2);
    assert!(ended.stderr.contains("workers=257 is out of range for lesson pool_size"), "{}", ended.stderr);
    House::bare().lab(&["run", "pool_size", "--set", "workers=0"]).check(2);
}

/// A sweep on eight cores that took so many milliseconds with 4, 6, 8, 16 and 32 workers, its neighbours as fast as said.
fn sweep(name: &str, ms: [u64; 5], neighbours: [u64; 5]) -> VariantResult {
    let ns: Vec<u64> = ms.iter().map(|ms| ms * 1_000_000).collect();
    let zeros = vec![0; 5];
    let series = [
        ("workers", vec![4, 6, 8, 16, 32]),
        ("map_ns", ns.clone()),
        ("pool_ns", ns),
        ("voluntary_switches", zeros.clone()),
        ("involuntary_switches", zeros),
        ("neighbours_additions_per_ms", neighbours.to_vec()),
    ];
    VariantResult { series: series.map(|(name, values)| (name.to_owned(), values)).into(), ..row(name, 100) }
}

/// The verdicts on the three claims.
fn verdicts(even: [u64; 5], uneven: [u64; 5], loaded: [u64; 5], neighbours: [u64; 5]) -> [Verdict; 3] {
    let rows = [
        row("serial", 100),
        sweep("even", even, [1; 5]),
        sweep("uneven", uneven, [1; 5]),
        sweep("even_loaded", loaded, neighbours),
    ];
    let claims = ["cpu.workers-equal-cores", "tuning.more-than-cores-hurts", "tuning.shared-hosts-50-75"];
    let params = LESSON.params(Profile::Standard, &[]).unwrap();
    claims.map(|claim| judged(&LESSON, params.clone(), &rows, claim).verdict)
}

const FLAT: [u64; 5] = [200, 133, 100, 100, 100];

#[test]
fn more_workers_that_change_nothing_are_the_rule_and_do_not_hurt() {
    let [one, more, shared] = verdicts(FLAT, FLAT, FLAT, [100, 100, 100, 50, 30]);
    assert_eq!(one, Verdict::Reproduced);
    assert_eq!(more, Verdict::DirectionOnlyWeaker, "rarely helps, and does not hurt");
    assert_eq!(shared, Verdict::Contradicted, "three quarters are slower, and the neighbours get nothing for it");
}

#[test]
fn more_workers_that_help_even_items_contradict() {
    let helped = [200, 133, 100, 80, 70];
    let [one, more, _] = verdicts(helped, FLAT, FLAT, [1; 5]);
    assert_eq!((one, more), (Verdict::Contradicted, Verdict::Contradicted));
}

#[test]
fn more_workers_that_hurt_are_as_stated_also_if_they_help_uneven_items() {
    let hurt = [200, 133, 100, 120, 150];
    assert_eq!(verdicts(hurt, [200, 150, 140, 100, 160], FLAT, [1; 5])[1], Verdict::Reproduced);
    assert_eq!(verdicts(hurt, FLAT, FLAT, [1; 5])[0], Verdict::DirectionOnlyStronger);
}

#[test]
fn fewer_workers_on_a_shared_host_are_advice_or_courtesy() {
    assert_eq!(verdicts(FLAT, FLAT, [100; 5], [1; 5])[2], Verdict::Reproduced);
    assert_eq!(verdicts(FLAT, FLAT, FLAT, [130, 120, 100, 60, 40])[2], Verdict::DirectionOnlyWeaker);
}

#[test]
fn maps_that_are_too_short_tell_nothing() {
    let short = [2, 1, 1, 1, 1];
    assert_eq!(verdicts(short, short, short, [1; 5]), [Verdict::NotTestableHere; 3]);
}
