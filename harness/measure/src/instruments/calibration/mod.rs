//! Instrument `calibration`: ratios that are known beforehand, so that the harness shows how often its own intervals are wrong.
//!
//! Every variant walks the same series by the same loop, and its time is proportional to its steps: the baseline takes ten tenths of them, and
//! so does `same` (an A/A comparison); the planted effects take eleven and fifteen. The true ratios are therefore 1.00, 1.10 and 1.50 on
//! any machine, but for what the two readings of the clock take, some ten nanoseconds of milliseconds.
//!
//! The work touches no memory and starts no process, on purpose: a ratio is known only where the time is known to be proportional. What
//! a pool costs more for more work is for the lessons to find out; a pool against a pool of the same work would be one more A/A comparison,
//! with another baseline, which an instrument does not have.

use std::convert::Infallible;
use std::error::Error;
use std::hint::black_box;

use record::Params;

use crate::lesson::{BLOCKS, Design, Lesson, Parameter, Size, Variant};
use crate::outcome::{Measured, Outcome};

/// The instrument's name.
pub const STEM: &str = "calibration";

/// The variants with a known ratio, and the ratio in tenths: the one place where the truth is written down, for what is run and for what is
/// judged. Not the baseline, which is what they are compared with.
pub const KNOWN_TENTHS: [(&str, u64); 3] = [("same", 10), ("tenth_more", 11), ("half_more", 15)];

/// The tenths that the baseline takes, and after which every variant has its answer.
const WHOLE: u64 = 10;

/// The true ratio of `variant` to the baseline; none for the baseline and for a name that is none of the variants.
///
/// ```
/// use harness::instruments::calibration::true_ratio;
/// assert_eq!(true_ratio("tenth_more"), Some(1.1));
/// assert_eq!(true_ratio("base"), None);
/// ```
pub fn true_ratio(variant: &str) -> Option<f64> {
    let known = KNOWN_TENTHS.iter().find(|(name, _)| *name == variant);
    known.map(|(_, tenths)| *tenths as f64 / WHOLE as f64)
}

/// The instrument.
pub const CALIBRATION: Lesson = Lesson {
    stem: STEM,
    title: "Ratios known beforehand",
    question: "How often does an interval hold the truth, where the truth is known?",
    parameters: &[Parameter {
        name: "rounds",
        about: "steps in a tenth of the baseline's work, which a few nanoseconds each make some 15 ms",
        sizes: [Size::Of(250_000), Size::Of(750_000), Size::Of(750_000)],
        min: 1,
        max: 1_000_000_000,
    }],
    variants: &[
        variant("base", "Ten tenths of the work.", |params| work(params, WHOLE)),
        variant("same", "The same work again: the true ratio is 1.00.", |params| work(params, tenths_of("same"))),
        variant("tenth_more", "Eleven tenths: the true ratio is 1.10.", |params| work(params, tenths_of("tenth_more"))),
        variant("half_more", "Fifteen tenths: the true ratio is 1.50.", |params| work(params, tenths_of("half_more"))),
    ],
    marks: &[],
    blocks: BLOCKS,
    design: Design::Blocks,
    shrinks: &[],
    checks: &[],
    fingerprint: env!("FINGERPRINT_calibration"),
};

type Run = fn(&Params) -> Result<Outcome, Box<dyn Error + Send + Sync>>;

const fn variant(name: &'static str, about: &'static str, run: Run) -> Variant {
    Variant { name, about, demonstrates: None, memory_bytes: |_| 16 << 20, run }
}

/// The tenths of a variant that has a known ratio.
fn tenths_of(name: &str) -> u64 {
    KNOWN_TENTHS.iter().find(|(known, _)| *known == name).map_or(WHOLE, |(_, tenths)| *tenths)
}

/// Where every walk begins.
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// Walks this many tenths of the work, and reports how many steps that were. The answer is where the walk stands after ten of them, wherever it
/// goes on to: a checksum of the part that all variants share. What lies beyond is kept from being optimised away, and not part of it.
///
/// One tenth is walked beforehand, so that the code is there and the processor awake when the clock is read.
fn work(params: &Params, tenths: u64) -> Result<Outcome, Box<dyn Error + Send + Sync>> {
    let rounds = params["rounds"];
    black_box(walk(SEED, rounds));
    let measured = Measured::take(|| {
        let shared = walk(SEED, rounds * WHOLE);
        black_box(walk(shared, rounds * (tenths - WHOLE)));
        Ok::<_, Infallible>((shared, Vec::new()))
    })?;
    Ok(measured.answer(|shared| format!("{shared:016x}")).fact("steps", rounds * tenths))
}

/// The state `steps` further on in Marsaglia's xorshift ("Xorshift RNGs", Journal of Statistical Software 8, 2003). Each step needs the
/// one before, so that no processor and no compiler gets ahead. Not inlined, so that every variant runs the same machine code.
#[inline(never)]
fn walk(mut state: u64, steps: u64) -> u64 {
    for _ in 0..black_box(steps) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Random;

    /// The steps as the definition of the generator has them, bit by bit: a shift drops bits, and `^` adds without carry.
    fn one_step(state: u64) -> u64 {
        let bits = |number: u64| -> Vec<bool> { (0..64).map(|at| number >> at & 1 == 1).collect() };
        let number = |bits: Vec<bool>| (0..64).filter(|at| bits[*at]).map(|at| 1_u64 << at).sum::<u64>();
        let left = |state: u64, by: usize| {
            let old = bits(state);
            number((0..64).map(|at| old[at] != (at >= by && old[at - by])).collect())
        };
        let right = |state: u64, by: usize| {
            let old = bits(state);
            number((0..64).map(|at| old[at] != (at + by < 64 && old[at + by])).collect())
        };
        left(right(left(state, 13), 7), 17)
    }

    #[test]
    fn the_walk_takes_every_step() {
        assert_eq!(walk(SEED, 0), SEED);
        let mut state = SEED;
        for steps in 1..50 {
            state = one_step(state);
            assert_eq!(walk(SEED, steps), state, "{steps} steps");
        }
    }

    #[test]
    fn going_on_is_the_same_as_going_at_once() {
        let lengths: Vec<u64> = Random::seeded(1).take(20).map(|number| number % 1_000).collect();
        for pair in lengths.windows(2) {
            assert_eq!(walk(walk(SEED, pair[0]), pair[1]), walk(SEED, pair[0] + pair[1]));
        }
    }

    /// What each variant reports: its answer, and its steps by the baseline's.
    #[test]
    fn the_steps_have_the_true_ratio_exactly_and_the_answer_is_one() {
        let params: Params = [("rounds".to_owned(), 1_000)].into();
        let row = |variant: &Variant| (variant.run)(&params).unwrap().result(variant.name, "rust");
        let base = row(CALIBRATION.baseline());
        assert_eq!(base.facts["steps"], 10_000);
        for (variant, truth) in CALIBRATION.variants[1..].iter().zip([1.0, 1.1, 1.5]) {
            let row = row(variant);
            assert_eq!(row.answer, base.answer);
            assert_eq!(row.facts["steps"], (truth * 10_000.0) as u64, "{}", variant.name);
            assert_eq!(true_ratio(variant.name), Some(truth));
        }
    }

    #[test]
    fn every_variant_but_the_baseline_has_a_known_ratio() {
        let variants: Vec<&str> = CALIBRATION.variants[1..].iter().map(|variant| variant.name).collect();
        assert_eq!(variants, KNOWN_TENTHS.map(|(name, _)| name));
        assert_eq!(CALIBRATION.baseline().name, "base");
        assert_eq!((true_ratio("base"), true_ratio("other")), (None, None));
    }

    #[test]
    fn the_answer_depends_on_the_size_of_the_work() {
        let answer = |rounds: u64| {
            let params: Params = [("rounds".to_owned(), rounds)].into();
            (CALIBRATION.baseline().run)(&params).unwrap().result("base", "rust").answer
        };
        assert_ne!(answer(10), answer(11));
    }
}
