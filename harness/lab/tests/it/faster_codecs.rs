//! The counts of the lesson `faster_codecs`: one answer from every codec, the size of each message, and what each leaves on the heap.

use experiments::faster_codecs::LESSON;
use record::{Profile, Verdict};

use crate::house::{House, quick_run};
use crate::lab::Answered;
use crate::rows::{judged, row};

fn run(floats: u64, entries: u64, arrays: u64) -> Answered {
    let settings = [
        format!("floats={floats}"),
        format!("cache_entries={entries}"),
        format!("arrays={arrays}"),
        "trials=1".to_owned(),
    ];
    quick_run("faster_codecs", &[], &settings)
}

#[test]
fn every_codec_gives_every_value_back() {
    for (floats, entries, arrays) in [(0, 0, 0), (1, 1, 1), (10_007, 101, 997)] {
        let answered = run(floats, entries, arrays);
        assert_eq!(answered.variants.len(), 8);
        let oracle = &answered.variants[0].answer;
        for row in &answered.variants {
            assert!(row.ok && row.answer.is_some() && row.answer == *oracle, "{floats} {entries} {arrays}: {row:?}");
        }
    }
}

#[test]
fn a_message_of_floats_is_their_bytes_and_a_length_whatever_the_codec() {
    let answered = run(1_000, 10, 1_000);
    let bytes = |variant: &str, name: &str| answered.variant(variant).facts[name];
    for (variant, length) in [
        // 1,000 in three bytes; in two; in eight; nothing at all; a place and a length.
        ("element_wise", 3),
        ("through_serde", 3),
        ("bulk", 3),
        ("postcard", 2),
        ("wincode", 8),
        ("borrowed", 0),
        ("archived", 8),
        ("copied", 0),
    ] {
        assert_eq!(bytes(variant, "floats_bytes"), 8_000 + length, "{variant}");
    }
    // A small array takes a length of one byte or eight, or a place and a length of eight together and what aligns it.
    for (variant, each) in
        [("element_wise", 21), ("postcard", 21), ("through_serde", 21), ("borrowed", 21), ("wincode", 28)]
    {
        assert_eq!(bytes(variant, "arrays_bytes") / 1_000, each, "{variant}");
    }
    assert!(bytes("archived", "arrays_bytes") >= 28 * 1_000);
}

#[test]
fn what_borrows_makes_a_table_and_what_is_archived_makes_nothing() {
    let answered = run(10_000, 1_000, 10_000);
    let heap = |variant: &str, name: &str| answered.variant(variant).facts[name];
    if heap("copied", "arrays_heap_bytes") == 0 {
        return; // A C library that does not tell.
    }
    // A vector of 24 bytes for each, and at least 24 more with what the allocator adds.
    for variant in ["element_wise", "through_serde", "postcard", "wincode", "copied"] {
        assert!(heap(variant, "arrays_heap_bytes") >= 10_000 * 48, "{variant}");
    }
    let borrowed = heap("borrowed", "arrays_heap_bytes");
    assert!((160_000..300_000).contains(&borrowed), "{borrowed}");
    for name in ["floats_heap_bytes", "cache_heap_bytes", "arrays_heap_bytes"] {
        assert!(heap("archived", name) < 4_096, "{name}");
    }
    assert!(heap("bulk", "arrays_heap_bytes") < 10_000 * 26);
}

#[test]
fn the_sweep_ends_with_all_floats() {
    let answered = run(5_000, 0, 0);
    for row in &answered.variants {
        assert_eq!(row.series["sizes_bytes"], [64, 512, 4_096, 32_768, 40_000], "{}", row.name);
        assert_eq!(row.series["pass_ns"].len(), 5);
    }
}

#[test]
fn what_is_no_size_is_refused() {
    let ended = House::bare().lab(&["run", "faster_codecs", "--set", "trials=0"]).check(2);
    assert!(ended.stderr.contains("trials=0 is out of range for lesson faster_codecs"), "{}", ended.stderr);
    House::bare().lab(&["run", "faster_codecs", "--set", "floats=100000001"]).check(2);
}

#[test]
fn bulk_is_judged_on_enough_floats() {
    let verdict = |floats: u64, bulk: u64| {
        let params = LESSON.params(Profile::Quick, &[("floats".to_owned(), floats)]).unwrap();
        let rows = [row("element_wise", 400), row("bulk", bulk)];
        judged(&LESSON, params, &rows, "performance.faster-pickle").verdict
    };
    assert_eq!(verdict(250_000, 100), Verdict::Reproduced);
    assert_eq!(verdict(250_000, 800), Verdict::Contradicted);
    assert_eq!(verdict(250_000, 400), Verdict::Inconclusive);
    assert_eq!(verdict(999, 100), Verdict::NotTestableHere);
}
