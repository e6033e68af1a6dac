//! The grades of a class as CSV: a row for each student, two columns for each exercise.

use super::rounded;
use crate::judge::Status;

/// A row: a student with, for each exercise, the best points so far and the word for that attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Student {
    /// The name of the student's folder or archive.
    pub name: String,
    /// In the order of the columns.
    pub exercises: Vec<(f64, Status)>,
}

/// The table; `exercises` are the columns, with what each is worth.
pub fn table(exercises: &[(&str, f64)], students: &[Student]) -> String {
    let heads = exercises.iter().flat_map(|(name, _)| [(*name).to_owned(), format!("{name} status")]);
    let mut table = row(["student", "points", "of"].map(str::to_owned).into_iter().chain(heads));
    let of: f64 = rounded(exercises.iter().map(|(_, of)| of).sum());
    for student in students {
        let points = rounded(student.exercises.iter().map(|(points, _)| points).sum());
        let first = [student.name.clone(), points.to_string(), of.to_string()];
        let cells = student
            .exercises
            .iter()
            .flat_map(|(points, status)| [rounded(*points).to_string(), status.word().to_owned()]);
        table += &row(first.into_iter().chain(cells));
    }
    table
}

fn row(cells: impl Iterator<Item = String>) -> String {
    cells.map(|cell| quoted(&cell)).collect::<Vec<_>>().join(",") + "\r\n"
}

/// As RFC 4180 has it; and what a spreadsheet would take for a formula is made text.
fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t']);
    let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}
