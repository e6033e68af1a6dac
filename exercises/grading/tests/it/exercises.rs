//! Every exercise holds what it promises.

use grading::{manifest, prove};

use crate::{root, toolchain};

/// Every skeleton compiles and fails, every solution passes, every wrong solution fails for the stated reason; all are formatted.
#[test]
fn every_exercise_is_proved_once() {
    let exercises = manifest::all(&root()).unwrap();
    let (faults, graded) = prove::prove(toolchain(), &exercises, 1, 2).unwrap();
    assert!(graded >= exercises.len() * 5, "{graded} grades for {} exercises", exercises.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The solutions are linted as examples, all of them.
#[test]
fn every_solution_is_an_example() {
    let manifest = std::fs::read_to_string(root().join("exercises/Cargo.toml")).unwrap();
    for exercise in manifest::all(&root()).unwrap() {
        let (name, lesson) = (&exercise.name, &exercise.lesson);
        let entry = format!("[[example]]\nname = \"{name}\"\npath = \"{lesson}/{name}/solution.rs\"\n");
        assert!(manifest.contains(&entry), "exercises/Cargo.toml has no\n{entry}");
    }
}
