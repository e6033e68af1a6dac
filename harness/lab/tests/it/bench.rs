//! One whole benchmark, from the first block to the page of the book.

use std::collections::BTreeMap;

use record::{Arm, BlockOrder, BlockPosition, Run, Subject};
use serde_json::Value;

use crate::contract::VARIANTS;
use crate::house::House;

const BLOCKS: u32 = 10;

/// It takes the better part of this suite's time, so that all its facts are looked at in one test.
#[test]
fn a_whole_benchmark_is_recorded_judged_and_shown() {
    let house = House::with_book();
    let ended = house.lab(&["bench", "bound_method", "--profile", "quick", "--lane", "rust", "--seed", "7"]).check(0);
    house.check_tidy();
    let runs = house.runs();
    assert_eq!(runs.len(), 1, "{runs:?}");
    assert!(ended.stdout.contains(&format!("recorded in {}", runs[0].display())), "{ended:?}");
    let run = Run::read(&runs[0]).unwrap();
    check_header(&run);
    check_blocks(&run);
    check_instruments(&run);
    run.subjects_of("bound_method").for_each(check_row);
    check_verdicts(&house, &run);
    check_book(&house, &run);
}

fn check_header(run: &Run) {
    let header = &run.header;
    assert_eq!((header.schema, header.seed, header.profile.name()), (record::SCHEMA, 7, "quick"));
    assert!(header.id.ends_with("-quick-7"), "{}", header.id);
    assert!(header.environment.memory_bytes > 0 && header.environment.cores > 0);
    assert!(header.program.rustc.starts_with("rustc "));
    assert_eq!((&header.program.revision, header.program.dirty), (&None, None), "the house is no git checkout");
    let plan = run.plan("bound_method").unwrap();
    assert_eq!(header.lessons.len(), 1 + harness::instruments::IN_EVERY_RUN.len());
    assert_eq!((plan.baseline.as_str(), plan.blocks), ("serial", BLOCKS));
    assert_eq!(plan.fingerprint, experiments::bound_method::LESSON.fingerprint);
    let end = run.end.as_ref().unwrap();
    assert!(end.finished >= header.started, "{} to {}", header.started, end.finished);
}

/// One subject of each variant to warm up, the oracle first; then rounds of one block of each variant, four subjects in the order drawn.
fn check_blocks(run: &Run) {
    let rows: Vec<&Subject> = run.subjects_of("bound_method").collect();
    let (warm_up, blocks) = rows.split_at(VARIANTS.len());
    assert_eq!(warm_up.iter().map(|row| row.result.name.as_str()).collect::<Vec<_>>(), VARIANTS);
    assert!(warm_up.iter().all(|row| row.block.warm_up) && blocks.iter().all(|row| !row.block.warm_up));
    let compared = VARIANTS.len() - 1;
    assert_eq!(blocks.len(), compared * BLOCKS as usize * 4);
    for (number, round) in (0..).zip(blocks.chunks(compared * 4)) {
        let mut of_round = Vec::new();
        for block in round.chunks(4) {
            let (variant, order) = (block[0].block.variant.as_str(), block[0].block.order);
            for ((place, arm), row) in (0..).zip(order.arms()).zip(block) {
                let expected = BlockPosition { variant: variant.to_owned(), number, order, place, arm, warm_up: false };
                assert_eq!(row.block, expected);
                assert_eq!(row.result.name, if arm == Arm::A { "serial" } else { variant });
            }
            of_round.push(variant);
        }
        of_round.sort_unstable();
        let mut all = VARIANTS[1..].to_vec();
        all.sort_unstable();
        assert_eq!(of_round, all, "a round has one block of each variant");
    }
    let drawn = |order| blocks.iter().filter(|row| row.block.order == order).count();
    assert!(drawn(BlockOrder::Abba) > 0 && drawn(BlockOrder::Baab) > 0, "both orders are drawn");
    assert!(run.subjects.iter().map(|row| row.at_ns).is_sorted(), "rows are in the order they were started");
}

/// Every run measures the machine and itself: each instrument has all its subjects.
fn check_instruments(run: &Run) {
    for instrument in harness::instruments::IN_EVERY_RUN {
        let plan = run.plan(instrument.stem).unwrap();
        assert_eq!(plan.fingerprint, instrument.fingerprint);
        for variant in instrument.variants {
            assert!(run.subjects_of(instrument.stem).any(|row| row.result.name == variant.name), "{}", variant.name);
        }
    }
}

fn check_row(row: &Subject) {
    assert!(row.result.ok && row.result.error.is_none() && row.result.answer.is_some(), "{row:?}");
    assert!(row.result.elapsed_ns.unwrap() > 0 && row.result.iterations == 1, "{row:?}");
    assert_eq!((row.lesson.as_str(), row.result.lane.as_str()), ("bound_method", "rust"));
    let usage = row.usage.unwrap();
    assert!(usage.max_rss_bytes > 0 && usage.user_ns + usage.sys_ns > 0 && usage.minor_faults > 0, "{row:?}");
    assert!(row.result.processes.iter().all(|process| process.pid > 0 && process.max_rss_bytes > 0), "{row:?}");
}

fn check_verdicts(house: &House, run: &Run) {
    let said = house.lab(&["claims"]).check(0).stdout;
    assert!(said.contains(&format!("from a run of this machine: {}", run.header.id)), "{said}");
    let printed: Value = serde_json::from_str(&house.lab(&["claims", "--json"]).check(0).stdout).unwrap();
    let verdicts: BTreeMap<&str, &str> = printed["judgements"]
        .as_array()
        .unwrap()
        .iter()
        // The other lessons speak from the committed references.
        .filter(|judgement| judgement["lesson"] == "bound_method")
        .inspect(|judgement| assert_eq!(judgement["run"], run.header.id))
        .map(|judgement| (judgement["claim"].as_str().unwrap(), judgement["verdict"].as_str().unwrap()))
        .collect();
    assert_eq!(verdicts.len(), 9, "{verdicts:?}");
    for claim in verdicts.keys() {
        assert!(said.contains(claim), "{claim} is missing in {said}");
    }
    // What is counted does not depend on how busy the machine is; what is timed does, and is not asked for here.
    assert_eq!(verdicts["pickle.serial"], "reproduced");
    assert_eq!(verdicts["pickle.once-per-task"], "reproduced");
    assert_eq!(verdicts["pickle.four-times-per-task"], "contradicted");
    assert_eq!(verdicts["pickle.cache-size"], "not_testable_here");
}

fn check_book(house: &House, run: &Run) {
    let page = std::fs::read_to_string(house.path().join("book/html/bound_method.html")).unwrap();
    for part in ["<svg", "badge reproduced", "badge contradicted", &run.header.id] {
        assert!(page.contains(part), "'{part}' is missing in the chapter");
    }
    assert!(!page.contains("{{#"), "a directive was left as it was");
    // Drawing never measures: the same record gives the same page.
    house.lab(&["book", "build"]).check(0);
    let again = std::fs::read_to_string(house.path().join("book/html/bound_method.html")).unwrap();
    assert!(page == again, "the page changed without a new run");
    house.check_tidy();
    assert_eq!(house.runs().len(), 1);
}
