//! `LESSON-report`: what a watchdog said about one child that hung, or about two processes that wait for each other, line by line, each with
//! what it means.

use anyhow::{Context, Result};
use record::LessonSummary;

use super::Figure;
use super::rows::WIDTH;
use crate::draw::{Anchor, Canvas, Face, Ink, draw, finish};
use crate::{Cell, Column, Shelved, Table};

/// Pixels for a line of the report and the one below it that explains it.
const ENTRY: i32 = 46;
const TOP: i32 = 4;
/// Where the texts begin, right of the mark of a decisive line.
const LEFT: i32 = 20;
/// Characters of 12 pixels that fit into a line.
const CHARACTERS: usize = 95;

/// How the verdict of a proof begins.
const PROOF: &str = "hangs for ever";
/// What a line says if the system keeps it to itself.
const HIDDEN: &str = "not told by this system";

/// Of which reports the meaning of a line is true.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Always,
    /// Of a child that is proven to hang.
    Proven,
    /// The same, and the proof rests on this line.
    Decides,
}

use Holds::{Always, Decides, Proven};

/// The name of a line, what it means, and when.
const MEANINGS: [(&str, &str, Holds); 10] = [
    ("verdict", "Two looks saw one and the same wait: no core used, no switch between them.", Proven),
    ("process", "It was killed through its pidfd and reaped. Nothing of it is left.", Always),
    ("state", "It uses no core. From outside it looks like a process that has nothing to do.", Decides),
    ("threads", "fork copied one thread, the one that called it. Whoever held the lock is not here.", Decides),
    ("wchan", "The kernel function in which it sleeps: it waits for a futex, the word in memory of a lock.", Proven),
    ("system call", "Private: only a thread of this process could wake it. No timeout: nor will the clock.", Decides),
    (
        "raw",
        "As the kernel prints it: the number of the call, then address, operation, expected value, timeout.",
        Proven,
    ),
    ("futex", "The address of that word. A forked child has the addresses of its parent.", Proven),
    ("lock", "What lies there, from the parent's list of locks by name.", Proven),
    ("used", "Processor time in all. Waiting for a lock takes none.", Always),
];

/// How the verdict on two processes begins, if it is a proof.
const PROOF_OF_TWO: &str = "hang for ever";
/// The line that only a report on two processes has.
const OTHER: &str = "second side";

/// The same for the lines that only a report on two processes has.
const OF_TWO: [(&str, &str, Holds); 6] = [
    ("watched", "Two looks at both, a millisecond apart or a little more. A deadline was not needed.", Proven),
    ("first side", "It uses no core, has one thread, and waits for this pipe and for nothing else.", Decides),
    (OTHER, "The same, with the other pipe. Neither has run between the looks.", Decides),
    ("pipes", "So only the second could end the wait of the first, and only the first that of the second.", Decides),
    ("first end", "It was killed through its pidfd and reaped.", Always),
    (
        "second end",
        "With the first its end of both pipes is gone, and the wait is over: a closed pipe is an answer.",
        Proven,
    ),
];

/// Draws the report of one child that hung, or of two.
///
/// # Errors
/// If the lesson was not measured, or no variant of it brought such a report.
pub fn report(lesson: &Shelved) -> Result<Figure> {
    let summary = lesson.measured()?;
    let report = Report::first(summary);
    let report = report.with_context(|| format!("no variant of '{}' brought a report", lesson.info.stem))?;
    let (title, caption) = (report.title(), report.caption());
    let svg = draw(WIDTH as u32, report.height() as u32, |canvas| report.draw(canvas))?;
    let svg = finish(&svg, &title, &caption)?;
    Ok(Figure { name: format!("{}-report", lesson.info.stem), title, caption, svg, table: report.table() })
}

struct Report<'a> {
    variant: &'a str,
    /// Name and what was seen.
    lines: Vec<(&'a str, &'a str)>,
}

impl<'a> Report<'a> {
    /// That of the first variant whose median subject has one.
    fn first(summary: &'a LessonSummary) -> Option<Self> {
        summary.variants.iter().find_map(|variant| {
            let words = variant.typical.as_ref()?.notes.get("report")?;
            Some(Self {
                variant: &variant.name,
                lines: words.lines().filter_map(|line| line.split_once(": ")).collect(),
            })
        })
    }

    fn seen(&self, name: &str) -> Option<&'a str> {
        self.lines.iter().find(|(known, _)| *known == name).map(|(_, seen)| *seen)
    }

    /// Whether it shows that nothing could have ended the wait.
    fn is_proof(&self) -> bool {
        self.seen("verdict").is_some_and(|verdict| [PROOF, PROOF_OF_TWO].iter().any(|proof| verdict.starts_with(proof)))
    }

    /// Whether it is about two processes.
    fn is_of_two(&self) -> bool {
        self.seen(OTHER).is_some()
    }

    /// What a line means, and whether the proof rests on it. No words for what this report does not bear out, and for a line that we do not
    /// know.
    fn meaning(&self, name: &str, seen: &str) -> (&'static str, bool) {
        let known = MEANINGS.iter().chain(&OF_TWO).find(|(known, ..)| *known == name);
        let true_here = known.filter(|(.., holds)| seen != HIDDEN && (*holds == Always || self.is_proof()));
        true_here.map_or(("", false), |(_, meaning, holds)| (*meaning, *holds == Decides))
    }

    fn height(&self) -> i32 {
        TOP + ENTRY * self.lines.len() as i32
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Result<()> {
        for (place, (name, seen)) in (0..).zip(&self.lines) {
            let top = TOP + place * ENTRY;
            let (meaning, decisive) = self.meaning(name, seen);
            if decisive {
                canvas.bar((4, top + 4), (8, top + ENTRY - 6), Ink::Vermillion, 1.0)?;
            }
            let line: String = format!("{name}: {seen}").chars().take(CHARACTERS).collect();
            canvas.text((LEFT, top + 13), Anchor::Start, &line, (12, Face::Code, Ink::Text))?;
            if !meaning.is_empty() {
                canvas.text((LEFT, top + 31), Anchor::Start, meaning, (13, Face::Prose, Ink::Quiet))?;
            }
        }
        Ok(())
    }

    /// The finding: which lock, if it is proven and known.
    fn title(&self) -> String {
        let lock = self.seen("lock").and_then(|lock| lock.split_once(',')).map(|(name, _)| name);
        if self.is_proof() && self.is_of_two() {
            return format!("Both processes of `{}` wait for ever, each for the other", self.variant);
        }
        match (self.is_proof(), lock) {
            (true, Some(lock)) => {
                format!("A child of `{}` waits for ever for {lock}: nobody is there who could release it", self.variant)
            }
            (true, None) => format!("A child of `{}` waits for ever for a lock that has no name here", self.variant),
            (false, _) => format!("A child of `{}` had not ended at its deadline", self.variant),
        }
    }

    fn caption(&self) -> String {
        if self.is_proof() && self.is_of_two() {
            "What the watchdog wrote about two processes before it killed the first, with the meaning of each line below it. The proof rests on \
             the marked lines: both asleep, each in a call that only the other could end."
                .to_owned()
        } else if self.is_proof() {
            "What the watchdog wrote before it killed the child, with the meaning of each line below it. The proof rests on the marked lines: \
             a process asleep, with one thread, in a wait that only a thread of its own could end."
                .to_owned()
        } else {
            "What the watchdog wrote before it killed the child. This one is no proof: the child had not ended at its deadline, and nothing \
             here shows that nobody could have woken it."
                .to_owned()
        }
    }

    fn table(&self) -> Table {
        let columns = vec![Column::left("line"), Column::left("seen"), Column::left("meaning")];
        let row = |(name, seen): &(&str, &str)| {
            vec![
                Cell::Text((*name).to_owned()),
                Cell::Code((*seen).to_owned()),
                Cell::Text(self.meaning(name, seen).0.to_owned()),
            ]
        };
        Table { caption: None, columns, rows: self.lines.iter().map(row).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn the_title_names_the_lock_that_the_child_waits_for() {
        assert_eq!(
            report(&samples::lesson_for("report")).unwrap().title,
            "A child of `posted_program` waits for ever for the lock of standard error: nobody is there who could release it"
        );
    }

    #[test]
    fn every_line_of_a_report_is_explained() {
        let table = report(&samples::lesson_for("report")).unwrap().table;
        assert_eq!(table.rows.len(), MEANINGS.len());
        assert!(table.rows.iter().all(|row| row[2] != Cell::Text(String::new())));
    }

    #[test]
    fn two_that_wait_for_each_other_are_both_in_the_title() {
        let mut lesson = samples::lesson_for("report");
        let typical = lesson.summary.as_mut().unwrap().variants[1].typical.as_mut().unwrap();
        let words = "verdict: hang for ever: both\nfirst side: process 1\nsecond side: process 2\npipes: two";
        typical.notes.insert("report".to_owned(), words.to_owned());
        let figure = report(&lesson).unwrap();
        assert_eq!(figure.title, "Both processes of `posted_program` wait for ever, each for the other");
        assert!(figure.table.rows.iter().all(|row| row[2] != Cell::Text(String::new())), "{:?}", figure.table.rows);
    }

    #[test]
    fn a_deadline_proves_nothing_and_says_so() {
        let mut lesson = samples::lesson_for("report");
        let typical = lesson.summary.as_mut().unwrap().variants[1].typical.as_mut().unwrap();
        let words = "verdict: had not ended at its deadline\nlock: none that is known by name";
        typical.notes.insert("report".to_owned(), words.to_owned());
        let figure = report(&lesson).unwrap();
        assert_eq!(figure.title, "A child of `posted_program` had not ended at its deadline");
        assert!(figure.caption.contains("no proof") && !figure.caption.contains("marked"), "{}", figure.caption);
        assert!(figure.table.rows.iter().all(|row| row[2] == Cell::Text(String::new())), "{:?}", figure.table.rows);
    }

    #[test]
    fn a_line_that_the_system_hides_is_not_explained() {
        let lines = vec![("verdict", "hangs for ever: asleep"), ("wchan", HIDDEN)];
        let report = Report { variant: "mutex_held", lines };
        assert_eq!(report.meaning("wchan", HIDDEN), ("", false));
        assert!(report.meaning("state", "S, sleeping").1 && !report.meaning("lock", "the mutex, 0 bytes into it").1);
    }

    #[test]
    fn a_lesson_in_which_nothing_hung_has_no_report() {
        assert!(report(&samples::bound_method()).unwrap_err().to_string().contains("brought a report"));
    }
}
