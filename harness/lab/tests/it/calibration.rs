//! The harness on trial: subjects whose ratio is known, and the record of hits and misses that is printed below the verdicts.

use harness::instruments::calibration::CALIBRATION;
use record::{Arm, BlockOrder, BlockPosition, Params, Recorder, Subject};

use crate::house::House;
use crate::rows;

#[test]
fn its_subjects_take_steps_in_the_true_ratio_and_give_one_answer() {
    let arguments = ["run", "calibration", "--json", "--profile", "quick", "--set", "rounds=1000"];
    let answered = House::bare().lab(&arguments).check(0).answered();
    let names: Vec<&str> = answered.variants.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["base", "same", "tenth_more", "half_more"]);
    let steps: Vec<u64> = answered.variants.iter().map(|row| row.facts["steps"]).collect();
    assert_eq!(steps, [10_000, 10_000, 11_000, 15_000]);
    assert!(answered.variants.iter().all(|row| row.ok && row.answer == answered.variants[0].answer));
    assert!(answered.variants.iter().all(|row| row.elapsed_ns.is_some_and(|ns| ns > 0)));
}

/// A run whose variants take these parts of the baseline's million nanoseconds, a thousandth more and less by turns.
fn write_run(house: &House, name: &str, times: [(&str, f64); 3]) {
    let mut recorder =
        Recorder::create(&house.path().join("results/local"), &rows::header(name, &CALIBRATION, Params::new()))
            .unwrap();
    for (variant, ratio) in times {
        for number in 0..rows::BLOCKS {
            let order = BlockOrder::Abba;
            for (place, arm) in (0..).zip(order.arms()) {
                let mut result = rows::row(if arm == Arm::A { "base" } else { variant }, 1);
                let scatter = if number % 2 == 0 { 1.001 } else { 0.999 };
                if arm == Arm::B {
                    result.elapsed_ns = Some((1e6 * ratio * scatter) as u64);
                }
                let block = BlockPosition { variant: variant.to_owned(), number, order, place, arm, warm_up: false };
                let lesson = CALIBRATION.stem.to_owned();
                recorder.subject(&Subject { lesson, block, at_ns: 0, result, usage: None }).unwrap();
            }
        }
    }
}

#[test]
fn hits_and_misses_of_every_recorded_run_are_printed_below_the_verdicts() {
    let house = House::bare();
    let said = |arguments: &[&str]| house.lab(arguments).check(0).stdout;
    assert!(
        said(&["claims"]).contains("none of the runs that were read has measured a ratio that is known beforehand")
    );
    write_run(&house, "right", [("same", 1.0), ("tenth_more", 1.1), ("half_more", 1.5)]);
    write_run(&house, "wrong", [("same", 1.0), ("tenth_more", 1.15), ("half_more", 1.5)]);
    let claims = said(&["claims"]);
    assert!(claims.contains("A/A 1.00: 2 of 2 intervals hold the truth; 1.10: 1 of 2; 1.50: 2 of 2\n"), "{claims}");
    // One or more of six miss in 1 - 0.95^6 of cases.
    assert!(
        claims.contains("1 of 6 miss, 0.3 expected at 95 %: no surprise (by chance as many or more in 26.5 %"),
        "{claims}"
    );
    let one = said(&["claims", "--run", "wrong"]);
    assert!(one.contains("A/A 1.00: 1 of 1 intervals hold the truth; 1.10: 0 of 1; 1.50: 1 of 1\n"), "{one}");
}
