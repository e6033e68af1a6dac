//! Whether all throws are on the table, who looked at them, and what became of the lock.

use std::process::ExitCode;

use exercises::Dice;
use exercises::checking::{self, Checking};
use submission::count;

fn main() -> ExitCode {
    checking::main(&[("answer", answer)])
}

fn answer(checking: &mut Checking) {
    // Loaded dice: with fair ones it would be nearly right to count nothing.
    let throws: Vec<u8> = checking.numbers(6_000).map(|number| (number % 21).isqrt() as u8 + 1).collect();
    let mut expected = vec![0_i64; 6];
    for face in &throws {
        expected[usize::from(*face)] += 1;
    }
    let dice = Dice::new(&throws).expect("shared memory");
    if let Err(fault) = count(&dice, 3) {
        eprintln!("{fault}");
    }
    checking.equal("answer", &dice.counted(), &expected);
    let (lookers, in_the_parent) = (dice.lookers(), dice.own_looks());
    let saw = format!("processes that looked at throws: {lookers}; throws that the parent looked at: {in_the_parent}");
    checking.holds("processes", lookers >= 2 && in_the_parent == 0, saw);
    checking.count("held", dice.longest_turn());
    checking.count("turns", dice.turns());
}
