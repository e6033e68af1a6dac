//! Every attempt, a line each, in a file that only grows: the best one counts, so that a resubmission never loses points.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::fcntl::OFlag;
use serde::{Deserialize, Serialize};

use crate::grade::Graded;
use crate::judge::Status;
use crate::manifest::Exercise;

/// The file's name, in the folder of a submission or of a class.
pub const ATTEMPTS: &str = ".unpickled-grades.jsonl";

/// An attempt at an exercise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it was graded, in UTC.
    pub at: String,
    /// Whose it is, in the file of a class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub student: Option<String>,
    /// The exercise.
    pub exercise: String,
    /// The word for it.
    pub status: Status,
    /// The points it got.
    pub points: f64,
    /// The points there were.
    pub of: f64,
}

/// The attempts so far.
#[derive(Clone, Debug)]
pub struct Attempts {
    file: PathBuf,
    all: Vec<Attempt>,
}

impl Attempts {
    /// Reads a file of attempts; if there is none, there are none yet. A line that is none is left out: a killed grader may have cut the last.
    ///
    /// # Errors
    /// If the file cannot be read, or is a link.
    pub fn open(file: &Path) -> Result<Self> {
        let text = read(file)?;
        let all = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        Ok(Self { file: file.to_owned(), all })
    }

    /// Adds an attempt to the file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add(&mut self, graded: &Graded, student: Option<&str>, at: String) -> Result<()> {
        let attempt = Attempt {
            at,
            student: student.map(str::to_owned),
            exercise: graded.exercise.clone(),
            status: graded.status,
            points: graded.points,
            of: graded.of,
        };
        let mut file = options().append(true).create(true).open(&self.file);
        let line = serde_json::to_string(&attempt)? + "\n";
        let written = file
            .as_mut()
            .map_err(|fault| std::io::Error::from(fault.kind()))
            .and_then(|file| file.write_all(line.as_bytes()));
        written.with_context(|| format!("{} cannot be written", self.file.display()))?;
        self.all.push(attempt);
        Ok(())
    }

    /// The best attempt at an exercise, the earliest of several.
    pub fn best<'a>(&'a self, exercise: &'a str, student: Option<&'a str>) -> Option<&'a Attempt> {
        let theirs = self.of(exercise, student);
        theirs.reduce(|best, next| if next.points > best.points { next } else { best })
    }

    /// The attempts at an exercise.
    pub fn of<'a>(&'a self, exercise: &'a str, student: Option<&'a str>) -> impl Iterator<Item = &'a Attempt> {
        self.all.iter().filter(move |attempt| attempt.exercise == exercise && attempt.student.as_deref() == student)
    }
}

/// The progress list: every exercise with its lesson, how long it takes, the best attempt and how many there were; and what to do next.
pub fn list(exercises: &[Exercise], attempts: &Attempts) -> String {
    let mut text = String::new();
    let wide = |part: fn(&Exercise) -> &str| exercises.iter().map(|exercise| part(exercise).len()).max().unwrap_or(0);
    let (names, lessons) = (wide(|exercise| &exercise.name), wide(|exercise| &exercise.lesson));
    let _ = writeln!(text, "{:names$}  {:lessons$}  minutes  points  attempts", "exercise", "lesson");
    let mut points = 0.0;
    let mut passed = 0;
    let mut next = None;
    for exercise in exercises {
        let best = attempts.best(&exercise.name, None);
        let got = best.map_or("-".to_owned(), |best| best.points.to_string());
        let is_passed = best.is_some_and(|best| matches!(best.status, Status::Pass | Status::Ungradable));
        let Exercise { name, lesson, minutes, .. } = exercise;
        let (of, tries) = (exercise.points(), attempts.of(name, None).count());
        let _ = writeln!(text, "{name:names$}  {lesson:lessons$}  {minutes:>7}  {got:>3}/{of:<2}  {tries:>8}");
        points += best.map_or(0.0, |best| best.points);
        passed += usize::from(is_passed);
        next = next.or((!is_passed).then_some(exercise));
    }
    let of: u32 = exercises.iter().map(Exercise::points).sum();
    let points = (points * 10.0).round() / 10.0;
    let _ = writeln!(text, "{passed} of {} passed, {points} of {of} points", exercises.len());
    if let Some(next) = next {
        let _ = writeln!(text, "next: {}, {} (chapter {})", next.name, next.title, next.lesson);
    }
    text
}

/// The text of a small file of ours in a folder that others write to: a link there is not followed.
pub(crate) fn read(file: &Path) -> Result<String> {
    let mut text = String::new();
    let read = options().read(true).open(file).and_then(|mut file: File| file.read_to_string(&mut text));
    match read {
        Ok(_) => Ok(text),
        Err(fault) if fault.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(fault) => Err(fault).with_context(|| format!("{} cannot be read", file.display())),
    }
}

/// How such a file is opened.
pub(crate) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    // Never waits for the other end of a named pipe, either.
    options.custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC).bits());
    options
}

/// The date of a grade, in UTC.
pub(crate) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graded(points: f64, status: Status) -> Graded {
        let (exercise, lesson) = ("lesson_one".to_owned(), "lesson".to_owned());
        Graded {
            exercise,
            lesson,
            title: String::new(),
            status,
            points,
            of: 10.0,
            tests: Vec::new(),
            printed: String::new(),
        }
    }

    #[test]
    fn the_best_attempt_counts_and_the_file_only_grows() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(ATTEMPTS);
        let mut attempts = Attempts::open(&file).unwrap();
        assert_eq!(attempts.best("lesson_one", None), None);
        for (points, status) in
            [(4.0, Status::Partial), (8.0, Status::Partial), (0.0, Status::DoesNotCompile), (8.0, Status::Timeout)]
        {
            attempts.add(&graded(points, status), None, now()).unwrap();
        }
        std::fs::OpenOptions::new().append(true).open(&file).unwrap().write_all(b"{\"at\":\"cut").unwrap();
        let again = Attempts::open(&file).unwrap();
        assert_eq!(again.all, attempts.all);
        let best = again.best("lesson_one", None).unwrap();
        assert_eq!((best.points, best.status), (8.0, Status::Partial));
        assert_eq!(again.of("lesson_one", None).count(), 4);
    }

    #[test]
    fn the_attempts_of_a_class_are_each_students_own() {
        let folder = tempfile::tempdir().unwrap();
        let mut attempts = Attempts::open(&folder.path().join(ATTEMPTS)).unwrap();
        attempts.add(&graded(9.0, Status::Partial), Some("alice"), now()).unwrap();
        assert_eq!(attempts.best("lesson_one", Some("alice")).unwrap().points, 9.0);
        assert_eq!(attempts.best("lesson_one", Some("bob")), None);
        assert_eq!(attempts.best("lesson_one", None), None);
    }

    #[test]
    fn a_link_is_neither_read_nor_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(ATTEMPTS);
        let other = folder.path().join("other");
        std::fs::write(&other, "").unwrap();
        std::os::unix::fs::symlink(&other, &file).unwrap();
        assert!(Attempts::open(&file).is_err());
        let mut attempts = Attempts { file, all: Vec::new() };
        assert!(attempts.add(&graded(1.0, Status::Partial), None, now()).is_err());
        assert_eq!(std::fs::read_to_string(other).unwrap(), "");
    }

    #[test]
    fn the_list_shows_the_best_points_and_what_is_next() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let exercises = crate::manifest::all(&root).unwrap();
        let exercise = exercises.iter().find(|exercise| exercise.name == "bound_method_cache").unwrap().clone();
        let folder = tempfile::tempdir().unwrap();
        let mut attempts = Attempts::open(&folder.path().join(ATTEMPTS)).unwrap();
        let before = list(std::slice::from_ref(&exercise), &attempts);
        assert!(before.contains("  -/10") && before.contains("next: bound_method_cache"), "{before}");
        let graded = Graded { exercise: exercise.name.clone(), ..graded(10.0, Status::Pass) };
        attempts.add(&graded, None, now()).unwrap();
        let after = list(&[exercise], &attempts);
        assert!(after.contains(" 10/10") && after.contains("1 of 1 passed, 10 of 10 points"), "{after}");
        assert!(!after.contains("next:"), "{after}");
    }
}
