//! Tables that stand by themselves: the posts' own, of dumps and loads per process.

use anyhow::{Context, Result};
use record::{ProcessReport, Traffic};

use crate::{Cell, Column, Shelved, Table, words};

/// Calls, time and average of dumps and loads in each process of a variant's median run, and their sum.
///
/// # Errors
/// If the lesson has no such variant, or if that was not measured.
pub fn processes(lesson: &Shelved, variant: &str) -> Result<Table> {
    lesson.check_variant(variant)?;
    let measured = lesson.variant(variant).filter(|measured| !measured.processes().is_empty());
    let measured = measured.with_context(|| format!("no process of '{variant}' was measured yet"))?;
    let mut rows = Vec::new();
    let mut workers = 0;
    for process in measured.processes() {
        let name = if process.role == "worker" {
            workers += 1;
            format!("worker {workers}")
        } else {
            process.role.clone()
        };
        rows.push(row(&name, process.dumps, process.loads));
    }
    let total = ProcessReport::total(measured.processes());
    if rows.len() > 1 {
        rows.push(row("together", total.dumps, total.loads));
    }
    let numbers = ["dumps: calls", "time", "average", "loads: calls", "time", "average"];
    let columns = std::iter::once(Column::left("process")).chain(numbers.iter().map(|title| Column::right(title)));
    let caption = format!("`{variant}`, the run with the median time");
    Ok(Table { caption: Some(caption), columns: columns.collect(), rows })
}

fn row(name: &str, dumps: Traffic, loads: Traffic) -> Vec<Cell> {
    let mut cells = vec![Cell::Text(name.to_owned())];
    for traffic in [dumps, loads] {
        let average = (traffic.calls > 0).then(|| words::time(traffic.ns as f64 / traffic.calls as f64));
        cells.push(Cell::Text(words::count(traffic.calls)));
        cells.push(Cell::or_none((traffic.calls > 0).then(|| words::time(traffic.ns as f64))));
        cells.push(Cell::or_none(average));
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn every_process_has_a_row_and_so_has_their_sum() {
        let table = processes(&samples::bound_method(), "pool_bound_method").unwrap();
        let names: Vec<_> = table.rows.iter().map(|row| row[0].clone()).collect();
        assert_eq!(names.len(), 10);
        assert_eq!(names[0], Cell::Text("parent".to_owned()));
        assert_eq!(names[8], Cell::Text("worker 8".to_owned()));
        assert_eq!(names[9], Cell::Text("together".to_owned()));
    }

    #[test]
    fn a_process_without_traffic_has_no_average() {
        let table = processes(&samples::bound_method(), "serial").unwrap();
        assert_eq!(
            table.rows,
            [vec![
                Cell::Text("parent".to_owned()),
                Cell::Text("0".to_owned()),
                Cell::none(),
                Cell::none(),
                Cell::Text("0".to_owned()),
                Cell::none(),
                Cell::none(),
            ]]
        );
    }

    #[test]
    fn unknown_and_unmeasured_variants_are_told_apart() {
        let unknown = processes(&samples::bound_method(), "pool").unwrap_err().to_string();
        assert!(unknown.starts_with("unknown variant of 'bound_method' 'pool'; allowed: serial, "), "{unknown}");
        let unmeasured = processes(&samples::big_queue(), "serial").unwrap_err().to_string();
        assert_eq!(unmeasured, "no process of 'serial' was measured yet");
    }
}
