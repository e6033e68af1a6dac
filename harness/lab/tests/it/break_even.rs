//! The lesson `break_even`: every map right at any size, its tasks counted, and break-evens judged by where they lie.

use experiments::break_even::{LESSON, costs, payloads};
use record::{Judgement, ProcessReport, Profile, VariantResult, Verdict};

use crate::house::House;
use crate::rows::{judged, row};

/// Every variant with small sizes; each must give the loop's answer.
#[track_caller]
fn run(items: u64, steps: u64, bytes: u64, workers: u64) -> Vec<VariantResult> {
    let settings = [("items", items), ("steps", steps), ("bytes", bytes), ("workers", workers)];
    let settings: Vec<String> = settings.iter().map(|(name, value)| format!("--set={name}={value}")).collect();
    let mut arguments = vec!["run", "break_even", "--profile", "quick", "--json"];
    arguments.extend(settings.iter().map(String::as_str));
    let rows = House::bare().lab(&arguments).check(0).answered().variants;
    assert_eq!(rows.len(), 7);
    for row in &rows {
        assert!(row.ok && row.answer.is_some() && row.answer == rows[0].answer, "{settings:?}: {row:?}");
    }
    rows
}

fn of<'a>(rows: &'a [VariantResult], name: &str) -> &'a VariantResult {
    rows.iter().find(|row| row.name == name).unwrap()
}

#[test]
fn every_cost_is_a_map_and_at_chunksize_one_every_item_a_task() {
    let (items, steps) = (13, 30_000);
    let rows = run(items, steps, 3_000, 2);
    let maps = costs(steps).len() as u64;
    assert_eq!(of(&rows, "kept_one").counters.tasks, items * maps);
    assert_eq!(of(&rows, "kept_auto").counters.tasks, items.div_ceil(2) * maps, "two items to a task");
    assert_eq!(of(&rows, "carrying").counters.tasks, items * maps.div_ceil(2) * 4);
    assert_eq!(of(&rows, "serial").counters.messages, 0);
    for name in ["serial", "kept_auto", "kept_one", "every_core", "fresh_fork", "fresh_spawn"] {
        let row = of(&rows, name);
        assert_eq!(row.series["steps"], costs(steps), "{name}");
        for series in ["serial_ns", "speed_up_thousandths", "busy_thousandths"] {
            assert_eq!(row.series[series].len() as u64, maps, "{name} {series}");
        }
    }
}

/// The payloads, and for each item a few bytes besides.
#[test]
fn what_items_carry_is_counted_to_the_byte() {
    let rows = run(5, 1_000, 100_000, 2);
    let row = of(&rows, "carrying");
    assert_eq!(row.series["bytes"], payloads(100_000));
    let carried: u64 = payloads(100_000).iter().map(|bytes| 5 * bytes).sum();
    let (sent, inside) = (row.processes[0].dumps.bytes, ProcessReport::total(&row.processes[1..]));
    assert!(sent > carried && sent < carried + 4 * 5 * 64 + 200, "{sent} bytes for {carried}");
    assert!(inside.loads.bytes >= carried);
}

#[test]
fn nothing_one_item_and_more_workers_than_items_are_right() {
    let rows = run(0, 1_000, 0, 3);
    assert!(of(&rows, "kept_auto").notes["break_even_ns"].contains("nothing to do"));
    run(1, 0, 1, 2);
    run(3, 1_009, 257, 7);
}

#[test]
fn values_out_of_range_are_refused_by_name() {
    for (setting, range) in
        [("items=1001", "0 to 1000"), ("steps=100000001", "0 to 100000000"), ("workers=0", "1 to 256")]
    {
        let ended = House::bare().lab(&["run", "break_even", "--set", setting]).check(2);
        let (name, value) = setting.split_once('=').unwrap();
        for part in ["break_even", name, value, range] {
            assert!(ended.stderr.contains(part), "{setting}: {}", ended.stderr);
        }
    }
}

/// A verdict from subjects that all break even at so many nanoseconds, and whose workers are busy as said.
fn verdict(claim: &str, break_even_ns: Option<u64>, busy: [u64; 3], items: u64) -> Judgement {
    let names = ["kept_auto", "kept_one", "every_core", "fresh_fork", "fresh_spawn"];
    let mut rows = vec![row("serial", 100)];
    rows.extend(names.map(|name| {
        let mut row = row(name, 60);
        row.facts.insert("break_even_ns".to_owned(), break_even_ns.unwrap_or(7));
        if break_even_ns.is_none() {
            row.notes
                .insert("break_even_ns".to_owned(), "slower at the costliest items tried: more than this".to_owned());
        }
        row.series.insert("serial_ns".to_owned(), [10_000, 1_000_000, 100_000_000].map(|ns| ns * items).to_vec());
        row.series.insert("busy_thousandths".to_owned(), busy.to_vec());
        row
    }));
    let params = LESSON.params(Profile::Post, &[("items".to_owned(), items)]).unwrap();
    judged(&LESSON, params, &rows, claim)
}

#[test]
fn a_break_even_is_judged_by_where_it_lies() {
    let judge = |ns| verdict("cpu.breakeven-hundreds-of-ms", ns, [100, 900, 990], 16).verdict;
    assert_eq!(judge(Some(50_000)), Verdict::Contradicted);
    assert_eq!(judge(Some(5_000_000)), Verdict::Contradicted, "a cost is no ratio");
    assert_eq!(judge(Some(200_000_000)), Verdict::Reproduced);
    assert_eq!(judge(None), Verdict::Inconclusive);
    let few = verdict("cpu.breakeven-hundreds-of-ms", Some(50_000), [100, 900, 990], 1);
    assert_eq!(few.verdict, Verdict::NotTestableHere, "{}", few.because);
}

#[test]
fn a_task_is_long_enough_where_workers_work_nine_tenths_of_the_time() {
    let judge = |busy| verdict("tuning.few-milliseconds-per-task", Some(1), busy, 16).verdict;
    assert_eq!(judge([100, 950, 990]), Verdict::DirectionOnlyWeaker, "under a millisecond");
    assert_eq!(judge([100, 890, 990]), Verdict::Reproduced);
    assert_eq!(judge([100, 200, 901]), Verdict::DirectionOnlyStronger);
    assert_eq!(judge([100, 200, 800]), Verdict::Inconclusive);
}

/// Copying a payload takes a share of the map without it: much of it at the first point, and `last` thousandths at the other.
fn overhead(last: u64) -> Judgement {
    let mut carrying = row("carrying", 60);
    for (name, bytes) in [("none", 0), ("small", 4_096), ("medium", 65_536), ("large", 1 << 20)] {
        carrying.facts.insert(format!("payload_{name}_bytes"), bytes);
        let pool = if bytes == 0 { [1_000_000, 100_000_000] } else { [2_000_000, 100_000_000 + last * 100_000] };
        carrying.series.insert(format!("pool_{name}_ns"), pool.to_vec());
    }
    carrying.series.insert("serial_ns".to_owned(), vec![2_000_000, 200_000_000]);
    let params = LESSON.params(Profile::Post, &[]).unwrap();
    judged(&LESSON, params, &[row("serial", 100), carrying], "performance.live-with-it")
}

#[test]
fn copying_matters_until_there_is_enough_work_to_a_byte() {
    let found = overhead(5);
    assert_eq!(found.verdict, Verdict::Reproduced, "{}", found.because);
    assert!(found.because.contains("under 1 % from"), "{}", found.because);
    let found = overhead(50);
    assert!(found.verdict == Verdict::Reproduced && found.because.contains("not under 1 %"), "{}", found.because);
    assert_eq!(overhead(300).verdict, Verdict::Contradicted);
}
