//! What made-up machines can test of a made-up ledger.

use std::collections::BTreeMap;

use record::{Band, Claim, Environment, Ledger};

use super::{GIB, calm, sound};
use crate::doctor::{Need, Now, needs, not_testable};
use crate::lesson::{BLOCKS, Design, Lesson, Parameter, Size, Variant};

/// A claim of four cores, one of two, and one that asks for a cold page cache.
fn ledger() -> Ledger {
    let claim = |id: &str, band: Band, check: &str| Claim {
        id: id.to_owned(),
        post: "a-post".to_owned(),
        lesson: "a_lesson".to_owned(),
        says: String::new(),
        band,
        stated: BTreeMap::new(),
        check: check.to_owned(),
        note: None,
    };
    let claims = vec![
        claim("four", Band::SpeedUp { ratio: 3.9, cores: 4 }, ""),
        claim("two", Band::SpeedUp { ratio: 1.8, cores: 2 }, "cold and warm page cache"),
        claim("ratio", Band::Ratio { ratio: 6.0 }, ""),
    ];
    Ledger { posts: BTreeMap::new(), claims }
}

/// What is not testable and why, in one line each; but for the lane that there is nowhere.
fn hindered(environment: &Environment, now: &Now, needs: &[Need]) -> Vec<String> {
    let items = not_testable(environment, now, &ledger(), needs).into_iter();
    items.filter(|item| item.what != LANE).map(|item| format!("{}: {}", item.what, item.why)).collect()
}

const LANE: &str = "lane cpython";

/// Why that lane is not there.
fn lane(environment: &Environment) -> String {
    not_testable(environment, &calm(), &ledger(), &[]).into_iter().find(|item| item.what == LANE).unwrap().why
}

#[test]
fn claims_of_more_cores_than_there_are_are_scaled_or_not_testable() {
    let on = |usable_cores, quota_cores| hindered(&Environment { usable_cores, quota_cores, ..sound() }, &calm(), &[]);
    assert_eq!(on(4, None), Vec::<String>::new());
    assert_eq!(on(2, None), ["four (a_lesson): judged scaled to 2 cores: 3.9 on 4 cores is asked as 1.95"]);
    let half = ["four (a_lesson): needs two cores, 0.5 usable", "two (a_lesson): needs two cores, 0.5 usable"];
    assert_eq!(on(1, Some(0.5)), half);
    assert_eq!(on(2, Some(1.5)).len(), 2);
}

#[test]
fn lanes_and_means_that_are_not_there_are_named_with_the_reason() {
    let without = |python: Option<&str>| Environment { python: python.map(str::to_owned), numpy: None, ..sound() };
    assert_eq!(lane(&without(None)), "this program has no such lane yet; no python3 on the path answers");
    assert!(lane(&without(Some("3.9.1"))).ends_with("; the python3 on the path, 3.9.1, has no NumPy"));
    let no_root = Now { drops_page_cache: Some(false), perf_event_paranoid: Some(4), ..calm() };
    let found = hindered(&sound(), &no_root, &[]);
    assert!(found[0].starts_with("a cold page cache (two): dropping it takes root"), "{found:?}");
    assert!(found[1].contains("perf_event_paranoid is 4"), "{found:?}");
    let guest = Now { hardware_counters: Some(false), ..calm() };
    assert!(hindered(&sound(), &guest, &[])[0].contains("virtual machines"));
}

const LESSON: Lesson = Lesson {
    stem: "a_lesson",
    title: "",
    question: "",
    parameters: &[Parameter {
        name: "items",
        about: "",
        sizes: [Size::Of(100), Size::Of(1_000), Size::Of(8_000)],
        min: 100,
        max: 10_000,
    }],
    variants: &[
        Variant {
            name: "serial",
            about: "",
            demonstrates: None,
            memory_bytes: |_| 10,
            run: |_| Err("it is not run".into()),
        },
        Variant {
            name: "pool",
            about: "",
            demonstrates: None,
            memory_bytes: |params| params["items"] << 20,
            run: |_| Err("it is not run".into()),
        },
    ],
    marks: &[],
    blocks: BLOCKS,
    design: Design::Blocks,
    shrinks: &["items"],
    checks: &[],
    fingerprint: "",
};

#[test]
fn sizes_that_do_not_fit_are_told_with_their_numbers() {
    static LESSONS: &[&Lesson] = &[&LESSON];
    let machine = |available_bytes| Environment { available_bytes, ..sound() };
    let found = |bytes: u64| hindered(&machine(bytes), &calm(), &needs(LESSONS, Some(bytes)));
    assert_eq!(found(8 * GIB), Vec::<String>::new());
    let smaller = "a_lesson at the sizes of profile post: 7.8 GiB needed, 2.0 GiB available; made smaller to fit into the memory \
                   there is: items from 8000 to 2000";
    assert_eq!(found(2 * GIB), [smaller]);
    let small = found(50 << 20);
    let starved = "a_lesson at the sizes of profile quick: 100 MiB needed, 50 MiB available; not started: pool";
    assert_eq!((small.len(), small[0].as_str()), (3, starved));
    assert!(needs(LESSONS, None).iter().all(|need| need.note.is_none() && need.starved.is_empty()));
}
