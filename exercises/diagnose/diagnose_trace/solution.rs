//! Name the bottleneck.
//!
//! A timeline tells what each process of a pool did when: the parent encodes and writes tasks, the workers wait, read, decode, work. Write
//! the rules that name what keeps it from being faster. There is one bottleneck in each timeline, or none; a little of every other is
//! there, too. The machines differ in speed, so that no number of nanoseconds means anything by itself. Counted are the timelines that are
//! named rightly.

use std::process::ExitCode;

use exercises::Sheet;
use exercises::timeline::{Bottleneck, Doing, Timeline, made_up};

/// What keeps this pool from being faster.
pub fn diagnose(timeline: &Timeline) -> Bottleneck {
    // BEGIN SOLUTION
    //| // TODO: what takes the longest need not be what the others wait for.
    //| let all = |doing: &Doing| (0..=timeline.workers()).map(|process| timeline.time_ns(process, *doing)).sum::<u64>();
    //| let kinds = [Doing::Start, Doing::Encode, Doing::Write, Doing::LockWait, Doing::Work];
    //| match kinds.into_iter().max_by_key(all) {
    //|     Some(Doing::Start) => Bottleneck::Starting,
    //|     Some(Doing::Encode) => Bottleneck::Pickling,
    //|     Some(Doing::Write) => Bottleneck::LargeMessages,
    //|     Some(Doing::LockWait) => Bottleneck::Lock,
    //|     _ => Bottleneck::Fine,
    //| }
    let work: Vec<u64> = (1..=timeline.workers()).map(|worker| timeline.time_ns(worker, Doing::Work)).collect();
    let mean = work.iter().sum::<u64>() as f64 / work.len() as f64;
    let most = work.into_iter().max().unwrap_or(0) as f64;
    let [encodes, writes] = [Doing::Encode, Doing::Write].map(|doing| timeline.parents_share(doing));
    let bytes_each = timeline.bytes(0, Doing::Write) / timeline.count(0, Doing::Write).max(1);
    if timeline.workers_share(Doing::Start) > 0.3 {
        Bottleneck::Starting
    } else if timeline.workers_share(Doing::LockWait) > 0.25 {
        Bottleneck::Lock
    } else if most > 1.35 * mean {
        Bottleneck::Uneven
    } else if encodes + writes < 0.6 {
        // Nobody waits for the parent.
        Bottleneck::Fine
    } else if bytes_each < 10_000 {
        Bottleneck::TinyTasks
    } else if encodes > writes {
        Bottleneck::Pickling
    } else {
        Bottleneck::LargeMessages
    }
    // END SOLUTION
}

fn main() -> ExitCode {
    let mut sheet = Sheet::new();
    for (bottleneck, seed) in Bottleneck::ALL.into_iter().zip(1..) {
        let timeline = made_up(bottleneck, seed);
        let named = diagnose(&timeline);
        println!("\n{timeline}");
        sheet.holds(format_args!("{bottleneck:?}, named {named:?}"), named == bottleneck);
    }
    sheet.end()
}
