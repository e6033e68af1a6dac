//! Tables that stand by themselves: the posts' own, of dumps and loads per process, and that of the machine's limits.

use anyhow::{Context, Result};
use record::{LessonSummary, ProcessReport, Traffic, VariantSummary};

use crate::{Cell, Column, Markup, Shelved, Table, words};

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

/// What each limit is, in few words, and on how many cores.
const LIMITS: [(&str, &str, &str); 20] = [
    ("spin_round_trip", "a word in shared memory, there and back, both sides spinning", "two"),
    ("futex_round_trip_same_core", "wake a process by futex and be woken", "one"),
    ("futex_round_trip_two_cores", "the same between two cores", "two"),
    ("pipe_round_trip_same_core", "eight bytes by pipe, there and back", "one"),
    ("pipe_round_trip_two_cores", "the same between two cores", "two"),
    ("socket_round_trip_same_core", "eight bytes by Unix socket, there and back", "one"),
    ("socket_round_trip_two_cores", "the same between two cores", "two"),
    ("copy_one_core", "copy memory far larger than the caches", "one"),
    ("copy_all_cores", "the same by all cores at once", "all"),
    ("read_one_core", "read such memory", "one"),
    ("read_all_cores", "the same by all cores at once", "all"),
    ("bulk_pipe_4k", "one way through a pipe that holds 4 KiB", "any"),
    ("bulk_pipe_64k", "through a pipe that holds 64 KiB, as pipes do", "any"),
    ("bulk_pipe_256k", "through one that holds 256 KiB", "any"),
    ("bulk_pipe_1m", "through one that holds 1 MiB", "any"),
    ("bulk_socket", "one way through a Unix socket", "any"),
    ("fork_wait_small", "fork a small process and wait for its end", "any"),
    ("fork_wait_100m", "the same with 100 MiB resident", "any"),
    ("fork_wait_1g", "the same with 1 GiB resident", "any"),
    ("exec_wait", "start a tiny program and wait for its end", "any"),
];

/// The floors and ceilings of a machine: what each is, its time, and its bandwidth where it moves bytes.
///
/// A limit that is not known by name has its row all the same.
pub fn limits(limits: &LessonSummary) -> Table {
    let columns = vec![
        Column::left("limit"),
        Column::left("cores"),
        Column::right("time"),
        Column::right("95 % interval"),
        Column::right("bandwidth"),
        Column::right("n"),
    ];
    let small = |text: &str| Markup::element("span", "small", Markup::text(text));
    let row = |limit: &VariantSummary| {
        let known = LIMITS.iter().find(|(name, ..)| *name == limit.name);
        let bytes = limit.facts.get("bytes").and_then(|bytes| bytes.first());
        // By ranks, as `lab limits` has it: one subject that was held up does not move it.
        let time = limit.median_ns.or(limit.time_ns);
        let bandwidth = time.zip(bytes).map(|(time, bytes)| words::bandwidth(*bytes as f64 / time.mid));
        let failed = limit.failures.iter().map(|(_, count)| count).sum::<u64>();
        vec![
            Cell::Markup(Markup::code(&limit.name).then(known.map(|(_, what, _)| small(what)).unwrap_or_default())),
            Cell::or_none(known.map(|(.., cores)| (*cores).to_owned())),
            match (time, failed) {
                (Some(time), _) => Cell::Text(words::time(time.mid)),
                (None, 0) => Cell::none(),
                (None, _) => Cell::Text("failed".to_owned()),
            },
            Cell::or_none(time.as_ref().map(words::time_interval)),
            Cell::or_none(bandwidth),
            Cell::Text(limit.samples_ns.len().to_string()),
        ]
    };
    Table { caption: None, columns, rows: limits.variants.iter().map(row).collect() }.without_empty_columns()
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

    #[test]
    fn every_limit_has_a_row_and_what_moves_bytes_a_bandwidth() {
        let lesson = samples::bound_method();
        let table = limits(lesson.limits.as_ref().unwrap());
        assert_eq!(table.rows.len(), 21);
        let named = |row: &&Vec<Cell>, name: &str| matches!(&row[0], Cell::Markup(cell) if cell.as_str().contains(&format!(">{name}<")));
        let row = |name: &str| table.rows.iter().find(|row| named(row, name)).unwrap();
        assert_eq!(row("copy_one_core")[4], Cell::Text("11 GB/s".to_owned()));
        assert_eq!(row("fork_wait_small")[4], Cell::none());
        assert_eq!(row("not_known_to_the_book")[1], Cell::none());
    }
}
