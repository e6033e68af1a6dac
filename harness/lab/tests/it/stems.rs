//! A lesson is one stem in five places; nothing in these places belongs to no lesson. Adding a lesson is a checklist that
//! these tests read out.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use experiments::LESSONS;
use toml::Value;

use crate::house::checkout;
use crate::layers::Manifests;

/// Chapters about the laboratory as a whole.
const GENERAL_CHAPTERS: [&str; 6] = ["SUMMARY", "howto", "introduction", "ledger", "method", "teaching"];

/// Lessons on which the posts claim nothing: a tool that finds out which of the other lessons to read.
const WITHOUT_CLAIMS: [&str; 1] = ["diagnose"];

fn stems() -> BTreeSet<String> {
    LESSONS.iter().map(|lesson| lesson.stem.to_owned()).collect()
}

/// The names in a folder of the checkout, without `extension`; folders if that is empty.
fn names(folder: &str, extension: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(checkout().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let wanted = |path: &Path| match extension {
        "" => path.is_dir(),
        _ => path.extension().is_some_and(|found| found == extension),
    };
    entries.filter(|path| wanted(path)).map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

fn chapter(name: &str) -> String {
    fs::read_to_string(checkout().join("book/src").join(name)).unwrap()
}

/// The first arguments of a directive in a chapter, leaving out those that a backslash makes text.
fn arguments<'a>(chapter: &'a str, directive: &str) -> Vec<&'a str> {
    let opening = format!("{{{{#{directive} ");
    let places = chapter.match_indices(&opening).filter(|(place, _)| !chapter[..*place].ends_with('\\'));
    places.filter_map(|(place, _)| chapter[place + opening.len()..].split([' ', '}']).next()).collect()
}

#[test]
fn every_lesson_has_a_folder_and_every_folder_a_lesson() {
    assert_eq!(names("experiments/src", ""), stems());
    for stem in stems() {
        assert!(checkout().join(format!("experiments/src/{stem}/mod.rs")).is_file(), "{stem}");
    }
}

#[test]
fn every_lesson_has_a_bench_and_every_bench_a_lesson() {
    assert_eq!(names("experiments/benches", "rs"), stems());
    let manifests = Manifests::of_checkout();
    let benches = manifests.members["experiments"]["bench"].as_array().unwrap();
    let listed = benches.iter().map(|bench| bench["name"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>();
    assert_eq!((&listed, benches.len()), (&stems(), stems().len()));
    for bench in benches {
        assert_eq!(bench.get("harness"), Some(&Value::Boolean(false)), "{bench}");
    }
}

#[test]
fn every_lesson_has_a_chapter_and_every_chapter_is_listed() {
    let general = GENERAL_CHAPTERS.map(str::to_owned).into();
    assert_eq!(names("book/src", "md"), &stems() | &general);
    let summary = chapter("SUMMARY.md");
    for name in names("book/src", "md").iter().filter(|name| *name != "SUMMARY") {
        assert_eq!(summary.matches(&format!("({name}.md)")).count(), 1, "{name}.md in SUMMARY.md");
    }
}

#[test]
fn every_lesson_shows_a_figure_and_its_verdicts_in_its_chapter() {
    for stem in stems() {
        let text = chapter(&format!("{stem}.md"));
        let figures = arguments(&text, "figure");
        assert!(figures.iter().any(|figure| figure.starts_with(&format!("{stem}-"))), "{stem}: {figures:?}");
        assert!(arguments(&text, "verdicts").contains(&stem.as_str()), "{stem} shows no verdicts");
    }
}

#[test]
fn every_lesson_has_its_exercises_and_every_exercise_a_lesson() {
    let lessons = &names("exercises", "") - &["grading", "support"].map(str::to_owned).into();
    assert_eq!(lessons, stems());
    let mut all = 0;
    for stem in stems() {
        let exercises = names(&format!("exercises/{stem}"), "");
        assert!(!exercises.is_empty(), "{stem} has no exercise");
        for exercise in &exercises {
            assert!(exercise.starts_with(&format!("{stem}_")), "{stem}/{exercise}");
            assert!(checkout().join(format!("exercises/{stem}/{exercise}/exercise.toml")).is_file(), "{exercise}");
        }
        all += exercises.len();
    }
    assert_eq!(all, 28, "the course is planned for so many");
}

#[test]
fn every_figure_of_the_book_belongs_to_a_lesson() {
    for name in names("book/src", "md") {
        let text = chapter(&format!("{name}.md"));
        for figure in arguments(&text, "figure").into_iter().chain(arguments(&text, "table")) {
            let stem = figure.split_once('-').map(|(stem, _)| stem);
            assert!(stem.is_some_and(|stem| stems().contains(stem)), "{name}.md shows {figure}");
        }
    }
    for drawing in names("plots/golden", "svg") {
        let stem = drawing.split_once('-').map(|(stem, _)| stem);
        assert!(stem.is_some_and(|stem| stems().contains(stem)), "plots/golden/{drawing}.svg");
    }
}

#[test]
fn every_claim_of_a_lesson_is_checked_by_it() {
    let ledger = experiments::ledger();
    for lesson in LESSONS {
        let of_lesson = ledger.claims.iter().filter(|claim| claim.lesson == lesson.stem);
        let claimed: BTreeSet<&str> = of_lesson.map(|claim| claim.id.as_str()).collect();
        let checked: BTreeSet<&str> = lesson.checks.iter().map(|check| check.claim).collect();
        assert_eq!(claimed, checked, "{}", lesson.stem);
        assert_eq!(claimed.is_empty(), WITHOUT_CLAIMS.contains(&lesson.stem), "{}: {claimed:?}", lesson.stem);
    }
}
