//! How many made-up timelines are named rightly.

use std::collections::BTreeMap;
use std::process::ExitCode;

use exercises::checking::{self, Checking};
use exercises::timeline::{Bottleneck, Timeline, made_up};
use submission::diagnose;

fn main() -> ExitCode {
    checking::main(&[("named", named), ("steady", steady)])
}

/// Timelines with their bottlenecks, `each` of every kind, in an order that nobody knows.
fn timelines(checking: &Checking, each: usize) -> impl Iterator<Item = (Bottleneck, Timeline)> + use<> {
    let kinds = Bottleneck::ALL.into_iter().flat_map(|bottleneck| std::iter::repeat_n(bottleneck, each));
    let mut drawn: Vec<(u64, Bottleneck)> = checking.numbers(each * Bottleneck::ALL.len()).zip(kinds).collect();
    drawn.sort();
    drawn.into_iter().map(|(number, bottleneck)| (bottleneck, made_up(bottleneck, number)))
}

fn named(checking: &mut Checking) {
    let mut right = BTreeMap::from(Bottleneck::ALL.map(|bottleneck| (bottleneck, 0)));
    let mut mistaken: BTreeMap<_, u64> = BTreeMap::new();
    for (bottleneck, timeline) in timelines(checking, 50) {
        let named = diagnose(&timeline);
        if named == bottleneck {
            *right.entry(bottleneck).or_default() += 1;
        } else {
            *mistaken.entry((bottleneck, named)).or_default() += 1;
        }
    }
    let mut mistaken: Vec<_> = mistaken.into_iter().collect();
    mistaken.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
    for ((bottleneck, named), times) in mistaken.into_iter().take(8) {
        println!("{bottleneck:?} was named {named:?}: {times} of 50 times");
    }
    checking.count("named", right.values().sum::<u64>() * 100 / 350);
    checking.count("worst", right.values().min().copied().unwrap_or(0) * 2);
}

fn steady(checking: &mut Checking) {
    let others = timelines(checking, 10).filter(|(_, timeline)| diagnose(timeline) != diagnose(&timeline.slower(20)));
    checking.count("steady", others.count() as u64);
}
