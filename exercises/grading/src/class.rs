//! A class: every student is a folder or an archive of one folder, and a row of a table. The best attempt of each counts.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::attempts::{self, ATTEMPTS, Attempts};
use crate::formats::{Student, table};
use crate::judge::Status;
use crate::manifest::Exercise;
use crate::session::{Session, Sink, progress};
use crate::submission::Submission;

/// A student's name, and where what they handed in lies.
type Entry = (String, PathBuf);

/// The folders and archives of a class, by name.
///
/// # Errors
/// If the folder cannot be read.
pub(crate) fn students(folder: &Path) -> Result<Vec<Entry>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let archive =
            path.extension().is_some_and(|end| end.eq_ignore_ascii_case("zip")) && entry.file_type()?.is_file();
        if name.starts_with('.') || !(archive || entry.file_type()?.is_dir()) {
            continue;
        }
        let name = if archive {
            path.file_stem().map_or(name.clone(), |stem| stem.to_string_lossy().into_owned())
        } else {
            name
        };
        found.push((name, path));
    }
    found.sort();
    Ok(found)
}

/// Grades everybody; the table is written anew after each. Tells whether everything is passed.
///
/// # Errors
/// If the grader is interrupted, or cannot write.
pub(crate) fn grade(root: &Path, folder: &Path, exercises: &[Exercise], sink: &Sink, seed: u64) -> Result<bool> {
    let students = students(folder)?;
    let heads: Vec<(&str, f64)> =
        exercises.iter().map(|exercise| (exercise.name.as_str(), f64::from(exercise.points()))).collect();
    let mut attempts = Attempts::open(&folder.join(ATTEMPTS))?;
    let row = |attempts: &Attempts, name: &String, now: &[Status]| {
        let cell = |(exercise, status): (&Exercise, &Status)| {
            attempts.best(&exercise.name, Some(name)).map_or((0.0, *status), |best| (best.points, best.status))
        };
        Student { name: name.clone(), exercises: exercises.iter().zip(now).map(cell).collect() }
    };
    let not_graded = vec![Status::Error; exercises.len()];
    let mut rows: Vec<Student> = students.iter().map(|(name, _)| row(&attempts, name, &not_graded)).collect();
    sink.save(&table(&heads, &rows))?;
    let session = Session::begin(root, seed)?;
    for (place, (name, path)) in students.iter().enumerate() {
        let mut statuses = Vec::new();
        let submission = Submission::open(path);
        for exercise in exercises {
            progress(&format!("{}/{} {name}: {}", place + 1, students.len(), exercise.name));
            let graded = session.grade(exercise, submission.as_ref().map_err(|fault| format!("{fault:#}")))?;
            statuses.push(graded.status);
            attempts.add(&graded, Some(name), attempts::now())?;
        }
        rows[place] = row(&attempts, name, &statuses);
        sink.save(&table(&heads, &rows))?;
    }
    progress("");
    sink.finish(&table(&heads, &rows))?;
    let fine = |student: &Student| {
        student.exercises.iter().all(|(_, status)| matches!(status, Status::Pass | Status::Ungradable))
    };
    Ok(rows.iter().all(fine))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_student_is_a_folder_or_an_archive() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["bob", ".git", "alice"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        for name in ["carol.zip", "notes.txt", ATTEMPTS] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let names: Vec<String> = students(folder.path()).unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["alice", "bob", "carol"]);
    }
}
