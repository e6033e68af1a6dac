//! A measured `big_queue`, invented.

use record::VariantResult;

use super::{Shelved, bound_method};

/// Name, ratio to the baseline, and the mean times of an item in microseconds: store, encode, lock wait, write, read, decode, fetch.
const VARIANTS: [(&str, f64, [u64; 7]); 5] = [
    ("small_each", 1.0, [0, 2, 3, 8, 1, 1, 0]),
    ("big_each", 21.0, [0, 90_000, 640_000, 48_000, 33_000, 21_000, 100]),
    ("big_once", 1.3, [0, 310_000, 240_000, 47_000, 33_000, 22_000, 100]),
    ("shared_each", 1.0, [4, 2, 3, 8, 1, 1, 90]),
    ("file_each", 6.0, [110_000, 3, 3, 9, 2, 2, 16_000]),
];

/// The pool's sample under another name, with what a queue's variants tell.
pub(super) fn measured() -> Shelved {
    let mut lesson = bound_method();
    lesson.info.stem = "big_queue".to_owned();
    lesson.info.baseline = "small_each".to_owned();
    lesson.info.marks.iter_mut().for_each(|mark| mark.variant = "big_each".to_owned());
    if let Some(summary) = &mut lesson.summary {
        summary.lesson = "big_queue".to_owned();
        summary.plan.baseline = "small_each".to_owned();
        summary.variants.truncate(VARIANTS.len());
        for (variant, (name, ratio, times)) in summary.variants.iter_mut().zip(VARIANTS) {
            variant.name = name.to_owned();
            variant.ratio = (name != "small_each").then(|| super::interval(ratio, 0.03, 10));
            if let Some(typical) = &mut variant.typical {
                tell(typical, ratio, times);
            }
        }
    }
    lesson
}

fn tell(typical: &mut VariantResult, ratio: f64, times: [u64; 7]) {
    let names = ["store", "encode", "lock_wait", "write", "read", "decode", "fetch"];
    typical.facts = names.iter().zip(times).map(|(name, time)| (format!("{name}_ns"), time * 1_000)).collect();
    // What is neither small nor put beside the queue crosses as a whole.
    let bytes = if times[1] > 1_000 { 54_000_010 } else { 6 };
    typical.facts.insert("item_bytes".to_owned(), bytes);
    typical.facts.insert("states_period_ns".to_owned(), 20_000_000);
    // Slow variants wake up in turns; fast ones run until they are done, one earlier than the other.
    let samples = (ratio * 15.0) as u64;
    let running = |sample: u64| match ratio {
        ratio if ratio > 10.0 && sample > 12 => 1 + sample * 7 % 3,
        _ => 16 - (sample + 4).saturating_sub(samples),
    };
    let sleeping = |sample: u64| if ratio > 10.0 { 16 - running(sample) } else { 0 };
    let disk = |sample: u64| u64::from(ratio > 10.0 && sample % 50 == 49);
    let mut series = |name: &str, value: &dyn Fn(u64) -> u64| {
        typical.series.insert(name.to_owned(), (0..samples).map(value).collect());
    };
    series("states_running", &running);
    series("states_sleeping", &|sample| sleeping(sample) - disk(sample));
    series("states_disk", &disk);
}
