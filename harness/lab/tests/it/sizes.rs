//! Sizes at the edge of what is allowed: every variant still gives the oracle's answer.

use crate::contract::VARIANTS;
use crate::house::House;

/// Runs every variant with `settings` in place of small sizes, and demands `tasks` tasks of each pool.
#[track_caller]
fn check_right(settings: &[&str], tasks: u64) {
    let small = ["workers=2", "items=97", "cache_entries=64"];
    let mut arguments = vec!["run", "bound_method", "--json"];
    small.iter().chain(settings).for_each(|setting| arguments.extend(["--set", setting]));
    let answered = House::bare().lab(&arguments).check(0).answered();
    assert_eq!(answered.variants.len(), VARIANTS.len());
    let oracle = &answered.variants[0].answer;
    for row in &answered.variants {
        assert!(row.ok && row.answer.is_some() && row.answer == *oracle, "{settings:?}: {row:?}");
        let expected = if row.name.starts_with("pool_") { tasks } else { 0 };
        assert_eq!(row.counters.tasks, expected, "{settings:?}: {}", row.name);
    }
}

#[test]
fn no_items_at_all() {
    check_right(&["items=0"], 0);
}

#[test]
fn one_item() {
    check_right(&["items=1"], 1);
}

#[test]
fn two_items() {
    check_right(&["items=2"], 2);
}

#[test]
fn a_prime_number_of_items() {
    check_right(&["items=97"], 8);
}

#[test]
fn one_worker() {
    check_right(&["workers=1"], 4);
}

#[test]
fn more_workers_than_items() {
    check_right(&["workers=9", "items=4"], 4);
}

#[test]
fn a_task_for_each_item() {
    check_right(&["chunksize=1"], 97);
}

#[test]
fn a_chunk_far_larger_than_the_items() {
    check_right(&["chunksize=100000000"], 1);
}

#[test]
fn a_cache_of_one_entry() {
    check_right(&["cache_entries=1"], 8);
}

#[test]
fn the_largest_seed() {
    check_right(&["seed=18446744073709551615"], 8);
}

#[test]
fn another_seed_is_another_answer_and_the_same_seed_the_same() {
    let answer = |seed: &str| {
        let arguments = ["run", "bound_method", "serial", "--json", "--set", "items=97", "--set", seed];
        House::bare().lab(&arguments).check(0).answered().variants[0].answer.clone().unwrap()
    };
    assert_eq!(answer("seed=5"), answer("seed=5"));
    assert_ne!(answer("seed=5"), answer("seed=6"));
}
