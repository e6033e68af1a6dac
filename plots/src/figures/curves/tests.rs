//! The figure of curves over invented series, and what every figure of curves in the book must keep to.

use std::collections::BTreeSet;

use super::spec::{Axis, Curves, Limit, Line, Told, Unit};
use super::{FIGURES, curves};
use crate::{Shelved, samples};

const MEASURED: Curves = Curves {
    lesson: "bound_method",
    name: "sizes",
    x: Axis { label: "size of a message", unit: Unit::Bytes, logarithmic: true },
    y: Axis { label: "round trip", unit: Unit::Time, logarithmic: true },
    lines: &[
        Line { variant: "pool_bound_method", x: "sizes", y: "trip_ns", label: "a pipe" },
        Line { variant: "pool_free_function", x: "sizes", y: "trip_ns", label: "shared memory" },
        Line { variant: "unheard_of", x: "sizes", y: "trip_ns", label: "a pigeon" },
    ],
    limits: &[Limit { variant: "pipe_round_trip_two_cores", label: "bare pipe" }],
    told: Told::AtLast { over: 0, under: 1, verb: "takes" },
    caption: "One of each size.",
};

const SIZES: [u64; 5] = [8, 512, 32_768, 2_097_152, 67_108_864];

/// A lesson whose first pool pays for every byte and whose second does not.
fn lesson() -> Shelved {
    let mut lesson = samples::bound_method();
    let summary = lesson.summary.as_mut().unwrap();
    for (name, base, per_byte) in [("pool_bound_method", 20_000.0, 0.5), ("pool_free_function", 25_000.0, 0.0)] {
        let variant = summary.variants.iter_mut().find(|variant| variant.name == name).unwrap();
        let trip = |subject: u64, size: u64| ((base + size as f64 * per_byte) * (1.0 + subject as f64 * 0.01)) as u64;
        let subjects = (0..20).map(|subject| SIZES.iter().map(|size| trip(subject, *size)).collect()).collect();
        variant.series = [("sizes".to_owned(), vec![SIZES.to_vec(); 20]), ("trip_ns".to_owned(), subjects)].into();
    }
    lesson
}

fn told(told: Told) -> String {
    let spec: &'static Curves = Box::leak(Box::new(Curves { told, ..MEASURED }));
    curves(spec, &lesson()).unwrap().title
}

/// Set BLESS=1 to accept a drawing that changed on purpose, and look at it before committing.
#[test]
fn the_drawing_is_the_one_that_was_looked_at() {
    let figure = curves(&MEASURED, &lesson()).unwrap();
    assert_eq!(figure, curves(&MEASURED, &lesson()).unwrap());
    let path = format!("{}/golden/{}.svg", env!("CARGO_MANIFEST_DIR"), figure.name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &figure.svg).unwrap();
    }
    assert!(figure.svg == std::fs::read_to_string(&path).unwrap(), "{path} differs");
    assert_eq!(figure.table.rows.len(), SIZES.len());
    assert!(figure.caption.contains("Not measured in this run: a pigeon."), "{}", figure.caption);
}

#[test]
fn the_title_says_what_was_found() {
    assert_eq!(told(MEASURED.told), "At 67.1 MB, a pipe takes 1343x the time of shared memory");
    assert_eq!(
        told(Told::AtFirst { over: 0, under: 1, verb: "takes" }),
        "At 8 B, a pipe takes 0.80x the time of shared memory"
    );
    assert_eq!(told(Told::Below { one: 1, other: 0 }), "Shared memory lies below a pipe from 32.8 kB on");
    assert_eq!(told(Told::Below { one: 0, other: 1 }), "A pipe does not stay below shared memory anywhere here");
    assert_eq!(
        told(Told::Growth { line: 1, noun: "time" }),
        "From 8 B to 67.1 MB, the time of shared memory becomes 1.00x what it was"
    );
    assert_eq!(told(Told::Growth { line: 2, noun: "time" }), "Round trip against size of a message");
}

#[test]
fn a_lesson_without_the_series_has_no_such_figure() {
    assert!(curves(&MEASURED, &samples::big_queue()).unwrap_err().to_string().contains("not measured yet"));
    let message = curves(&MEASURED, &samples::bound_method()).unwrap_err().to_string();
    assert_eq!(message, "no variant of 'bound_method' reported the series of its figure 'curve-sizes'");
}

#[test]
fn every_figure_of_curves_has_a_name_of_its_own_and_names_its_lines_by_their_places() {
    let mut names = BTreeSet::new();
    for figure in FIGURES.iter().copied().flatten() {
        assert!(names.insert((figure.lesson, figure.name)), "{}-curve-{}", figure.lesson, figure.name);
        assert!((1..=6).contains(&figure.lines.len()), "{}-curve-{}", figure.lesson, figure.name);
        let (one, other) = match figure.told {
            Told::AtLast { over, under, .. } | Told::AtFirst { over, under, .. } => (over, under),
            Told::Below { one, other } => (one, other),
            Told::Growth { line, .. } => (line, line),
        };
        assert!(one.max(other) < figure.lines.len(), "{}-curve-{}", figure.lesson, figure.name);
    }
}
