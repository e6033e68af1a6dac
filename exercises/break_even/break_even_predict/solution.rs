//! Predict the break-even.
//!
//! A pool pays for its start, its messages and their bytes, and gains because its workers work at the same time. The prices are given. Write
//! down how long the loop takes, how long the pool takes, and from how many items on the pool is faster.
//!
//! This is how the pool goes. The parent starts the workers, one after the other. Then it sends the tasks, one message each, and receives the
//! replies, one message each; it does one thing at a time. A worker that is free takes the next task that was sent: it receives the message, works,
//! and sends a reply. The parent and the workers have a core each and work at the same time.
//!
//! Graded is how far your predictions are from such pools, simulated event by event, in settings that you do not see.

use std::process::ExitCode;

use exercises::{Setting, Sheet};

/// A pool that is not ahead with so many items is taken never to be.
pub const MANY: u64 = 1_000_000;

/// How long a loop over all items takes, in nanoseconds.
pub fn serial(setting: &Setting) -> f64 {
    setting.items as f64 * setting.item_ns
}

/// How long a pool takes, from before its start until the last reply is received, in nanoseconds.
pub fn pool(setting: &Setting) -> f64 {
    // BEGIN SOLUTION
    //| // TODO: this is what one hopes for. What does the start cost, what do messages and bytes cost, and whom?
    //| serial(setting) / setting.workers as f64
    let (tasks, workers) = (setting.tasks() as f64, setting.workers as f64);
    let per_task = (setting.items as f64 / tasks.max(1.0)).max(1.0);
    let start = setting.start_ns + setting.each_ns * workers;
    // Sending a task costs as much as receiving it.
    let there = setting.message_ns + setting.byte_ns * setting.bytes * per_task;
    let back = setting.message_ns;
    let parent = tasks * (there + back);
    // Of so many tasks one after the other, by the worker that has most of them.
    let worker = (tasks / workers).ceil() * (there + setting.item_ns * per_task + back);
    // Nobody works before the first task is sent, and while the last reply is received. Between, the slower side counts.
    start + there + worker.max(parent - there - back) + back
    // END SOLUTION
}

/// The least number of items, up to `MANY`, with which the pool is faster than the loop; none if there is none.
/// How many items the setting itself has is of no importance.
pub fn break_even(setting: &Setting) -> Option<u64> {
    let ahead = |items: u64| {
        let setting = Setting { items, ..*setting };
        pool(&setting) < serial(&setting)
    };
    // BEGIN SOLUTION
    //| // TODO: try numbers of items. Trying every single one up to `MANY` is allowed.
    //| ahead(1).then_some(1)
    (1..=MANY).find(|items| ahead(*items))
    // END SOLUTION
}

/// Three settings, each bound by something else, how long its simulated pool takes, in nanoseconds, and from how many items on
/// that is ahead.
fn examples() -> [(&'static str, Setting, f64, u64); 3] {
    let forked = Setting { start_ns: 1e6, each_ns: 2e5, message_ns: 1e4, byte_ns: 0.5, chunk: 1, ..Setting::default() };
    let work = Setting { item_ns: 5e5, items: 1_000, workers: 4, ..forked };
    let bytes = Setting { item_ns: 1e5, items: 1_000, bytes: 1e5, workers: 4, ..forked };
    let start = Setting { start_ns: 5e7, each_ns: 2e7, item_ns: 1e6, items: 100, workers: 4, ..forked };
    [("long items", work, 131.85e6, 6), ("many bytes", bytes, 71.8e6, 61), ("a slow start", start, 155.55e6, 175)]
}

fn main() -> ExitCode {
    multiprocess::init();
    let mut sheet = Sheet::new();
    for (name, setting, simulated, ahead) in examples() {
        let off = (pool(&setting) / simulated - 1.0).abs() * 1_000.0;
        sheet.at_most(format_args!("{name}: thousandths off"), off as u64, 30);
        let told = break_even(&setting);
        let near = told.is_some_and(|items| items.abs_diff(ahead) <= ahead / 10);
        sheet.holds(format_args!("{name}: ahead from {told:?} items on, expected about {ahead}"), near);
    }
    sheet.end()
}
