//! JUnit's XML: an exercise is a suite, a test a case. Points are a property of the suite.

use std::fmt::Write;

use super::{Report, rounded, words};
use crate::grade::Graded;
use crate::judge::Status;

/// One document.
pub(super) fn junit(report: &Report) -> String {
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let sums = report.graded.iter().map(Counts::of).fold(Counts::default(), Counts::plus);
    let time = rounded(report.seconds);
    let _ = writeln!(xml, "<testsuites name=\"unpickled\" {sums} time=\"{time}\">");
    for graded in &report.graded {
        suite(&mut xml, graded);
    }
    xml.push_str("</testsuites>\n");
    xml
}

#[derive(Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn of(graded: &Graded) -> Self {
        let count = |element: &str| graded.tests.iter().filter(|test| element_of(test.status) == Some(element)).count();
        let (failures, errors, skipped) = (count("failure"), count("error"), count("skipped"));
        Self { tests: graded.tests.len(), failures, errors, skipped }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            tests: self.tests + other.tests,
            failures: self.failures + other.failures,
            errors: self.errors + other.errors,
            skipped: self.skipped + other.skipped,
        }
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { tests, failures, errors, skipped } = self;
        write!(f, "tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"")
    }
}

/// The element that says that a case is not passed.
fn element_of(status: Status) -> Option<&'static str> {
    match status {
        Status::Pass => None,
        Status::Fail | Status::Partial => Some("failure"),
        Status::Timeout | Status::Error | Status::DoesNotCompile => Some("error"),
        Status::Ungradable => Some("skipped"),
    }
}

fn suite(xml: &mut String, graded: &Graded) {
    let _ = writeln!(xml, "  <testsuite name=\"{}\" {}>", escaped(&graded.exercise), Counts::of(graded));
    let points = [("points", graded.points), ("of", graded.of)];
    xml.push_str("    <properties>\n");
    for (name, value) in points {
        let _ = writeln!(xml, "      <property name=\"{name}\" value=\"{}\"/>", rounded(value));
    }
    xml.push_str("    </properties>\n");
    for (place, test) in graded.tests.iter().enumerate() {
        let (name, class) = (escaped(&test.name), escaped(&graded.exercise));
        let _ = write!(xml, "    <testcase name=\"{name}\" classname=\"{class}\"");
        let message = escaped(&test.feedback);
        let _ = match element_of(test.status) {
            None => writeln!(xml, "/>"),
            Some("skipped") => writeln!(xml, ">\n      <skipped message=\"{message}\"/>\n    </testcase>"),
            Some(element) => {
                let (word, text) = (test.status.word(), escaped(&words(graded, place)));
                writeln!(
                    xml,
                    ">\n      <{element} type=\"{word}\" message=\"{message}\">{text}</{element}>\n    </testcase>"
                )
            }
        };
    }
    xml.push_str("  </testsuite>\n");
}

/// Text as XML 1.0 takes it in an element and in an attribute; letters that XML 1.0 has no way to write are left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            letter if letter < ' ' || matches!(letter, '\u{fffe}' | '\u{ffff}') => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}
