//! That a made-up timeline has the bottleneck it is said to have, and no other.

use super::*;

const SEEDS: std::ops::Range<u64> = 0..200;

#[test]
fn every_process_does_one_thing_at_a_time_from_its_start_to_the_end() {
    for bottleneck in Bottleneck::ALL {
        let timeline = made_up(bottleneck, 3);
        assert_eq!(timeline, made_up(bottleneck, 3));
        for process in 0..=timeline.workers() {
            let mut spans: Vec<_> = timeline.spans().iter().filter(|span| span.process == process).collect();
            spans.sort_by_key(|span| span.begin_ns);
            assert!(
                spans.windows(2).all(|pair| pair[0].end_ns == pair[1].begin_ns),
                "{bottleneck:?}, process {process}"
            );
        }
    }
}

#[test]
fn where_nothing_is_wrong_the_workers_work_and_where_something_is_they_do_not() {
    for seed in SEEDS {
        for bottleneck in Bottleneck::ALL {
            let work = made_up(bottleneck, seed).workers_share(Doing::Work);
            assert_eq!(work > 0.65, bottleneck == Bottleneck::Fine, "{bottleneck:?}, seed {seed}: {work}");
        }
    }
}
