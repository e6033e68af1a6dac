//! Whether the chunks have every item once, and what maps of all shapes come to in simulated time.

use std::process::ExitCode;

use exercises::checking::{self, Checking};
use exercises::{Costs, simulate};
use submission::next_chunk;

/// What a message counts beside idle time: a tenth of a mean item.
const MESSAGE: u64 = 100;

fn main() -> ExitCode {
    checking::main(&[("answer", answer), ("maps", maps)])
}

/// Few items, as many as workers, and one more or less.
fn answer(checking: &mut Checking) {
    let drawn = checking.numbers(40).map(|number| (number as usize % 3_000, number as usize / 3_000 % 15 + 1));
    let around = (1..=9).flat_map(|workers| (0..3).map(move |more| (workers - 1 + more, workers)));
    let fault = around.chain(drawn).find_map(|(items, workers)| {
        let fault = simulate(&vec![1; items], workers, |left| next_chunk(left, workers)).err()?;
        Some(format!("items {items}, workers {workers}: {fault}"))
    });
    checking.holds("answer", fault.is_none(), fault.unwrap_or_else(|| "every item once".into()));
}

/// The means over maps of every shape; the idle time is that beyond what single items wait, which no rule can do without.
fn maps(checking: &mut Checking) {
    let (mut messages, mut idle, mut single, mut maps) = (0, 0, 0, 0);
    for (number, shape) in checking.numbers(100).zip(Costs::ALL.into_iter().cycle()) {
        let (items, workers) = (3_000 + number as usize % 2_000, 3 + number as usize / 2_000 % 4);
        let costs = shape.draw(items, number);
        // Nothing is counted of a map that never ends; the other case says what is wrong with it.
        let Ok(map) = simulate(&costs, workers, |left| next_chunk(left, workers)) else { continue };
        messages += map.messages;
        idle += map.idle;
        single += simulate(&costs, workers, |_| 1).map_or(0, |map| map.idle);
        maps += 1;
    }
    let mean = |sum: u64| sum.checked_div(maps).unwrap_or(u64::MAX);
    let (messages, idle) = (mean(messages), mean(idle.saturating_sub(single)));
    checking.count("messages", messages);
    checking.count("idle", idle);
    checking.count("both", idle.saturating_add(messages.saturating_mul(MESSAGE)));
}
