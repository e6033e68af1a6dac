//! What `lab run` prints for people: what each variant took and answered, what its processes used, and, if asked, all that it reported.

use std::io::{Result, Write};

use harness::outcome::{FAULTS, NO_ROOM, NOT_HERE, TRIALS};
use harness::subject::Ran;
use plots::words;
use record::{COUNTED_IN, Fault, TreeUsage, VariantResult};

/// So many processes of a pool are shown if nobody asks for all.
const PROCESSES: usize = 17;

/// Prints everything; with `all` also the facts, the series, the notes, and the processes of every variant.
pub(super) fn print(out: &mut impl Write, heading: &str, ran: &[Ran], all: bool) -> Result<()> {
    writeln!(out, "{heading}")?;
    variants(out, ran)?;
    usage(out, ran)?;
    let mut pools = ran.iter().map(|ran| &ran.result).filter(|row| row.processes.len() > 1);
    if !all {
        pools.next().map_or(Ok(()), |row| processes(out, row, PROCESSES))?;
        return writeln!(out, "\n--verbose prints the facts and the processes of every variant, --json everything.");
    }
    pools.try_for_each(|row| processes(out, row, usize::MAX))?;
    ran.iter().try_for_each(|ran| details(out, &ran.result))
}

fn variants(out: &mut impl Write, ran: &[Ran]) -> Result<()> {
    writeln!(out, "{:<31} {:>10} {:>6} {:>16}  dumps in parent", "variant", "time", "tasks", "answer")?;
    for Ran { result: row, .. } in ran {
        if let Some(error) = &row.error {
            writeln!(out, "{:<31} failed: {error}", row.name)?;
            continue;
        }
        if let Some(why) = row.notes.get(NOT_HERE) {
            writeln!(out, "{:<31} not testable here: {why}", row.name)?;
            continue;
        }
        let time = row.elapsed_ns.map_or_else(String::new, time);
        let answer = row.answer.as_deref().unwrap_or("");
        let last = row.demonstrates.map_or_else(|| dumps(row), |fault| shown(fault, row));
        writeln!(out, "{:<31} {time:>10} {:>6} {answer:>16}  {last}", row.name, row.counters.tasks)?;
    }
    Ok(())
}

fn dumps(row: &VariantResult) -> String {
    let dumps = row.processes.first().map(|parent| parent.dumps).unwrap_or_default();
    match dumps.calls {
        0 => "none".to_owned(),
        calls => format!("{}, {}, {}", words::plural(calls, "call"), bytes(dumps.bytes), time(dumps.ns)),
    }
}

/// What a demonstration showed.
fn shown(fault: Fault, row: &VariantResult) -> String {
    let fact = |name| words::count(row.facts.get(name).copied().unwrap_or(0));
    let counted_in = row.notes.get(COUNTED_IN).map_or("trials", String::as_str);
    match row.notes.get(NO_ROOM) {
        Some(why) => format!("no room for {fault}: {why}"),
        None => format!("showed {fault} in {} of {} {counted_in}", fact(FAULTS), fact(TRIALS)),
    }
}

/// What the kernel counted for the whole tree of each subject, from its start to its end, and so more than the measured part.
fn usage(out: &mut impl Write, ran: &[Ran]) -> Result<()> {
    let used: Vec<(&str, TreeUsage)> =
        ran.iter().filter_map(|ran| Some((ran.result.name.as_str(), ran.usage?))).collect();
    if used.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nall processes of each subject, from its start to its end")?;
    writeln!(
        out,
        "{:<31} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}",
        "variant", "lasted", "user", "kernel", "largest", "waited", "preempted", "faults", "from disk"
    )?;
    for (name, usage) in used {
        writeln!(
            out,
            "{name:<31} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}",
            time(usage.wall_ns),
            time(usage.user_ns),
            time(usage.sys_ns),
            bytes(usage.max_rss_bytes),
            words::count(usage.voluntary_switches),
            words::count(usage.involuntary_switches),
            words::count(usage.minor_faults),
            words::count(usage.major_faults),
        )?;
    }
    Ok(())
}

/// The post's own table: who encoded and decoded how much.
fn processes(out: &mut impl Write, row: &VariantResult, at_most: usize) -> Result<()> {
    writeln!(out, "\nprocesses of {}", row.name)?;
    writeln!(
        out,
        "{:<12} {:>11} {:>10} {:>10} {:>11} {:>10} {:>10}",
        "", "dumps calls", "time", "average", "loads calls", "time", "average"
    )?;
    let average = |ns: u64, calls: u64| ns.checked_div(calls).map_or_else(String::new, time);
    for (number, process) in row.processes.iter().enumerate().take(at_most) {
        let name = if number == 0 { process.role.clone() } else { format!("{} {number}", process.role) };
        let (dumps, loads) = (process.dumps, process.loads);
        writeln!(
            out,
            "{name:<12} {:>11} {:>10} {:>10} {:>11} {:>10} {:>10}",
            words::count(dumps.calls),
            time(dumps.ns),
            average(dumps.ns, dumps.calls),
            words::count(loads.calls),
            time(loads.ns),
            average(loads.ns, loads.calls)
        )?;
    }
    match row.processes.len().saturating_sub(at_most) {
        0 => Ok(()),
        more => writeln!(out, "and {more} more"),
    }
}

/// Facts, series and notes; nothing for a variant that has none.
fn details(out: &mut impl Write, row: &VariantResult) -> Result<()> {
    if row.facts.is_empty() && row.series.is_empty() && row.notes.is_empty() && row.iterations < 2 {
        return Ok(());
    }
    writeln!(out, "\nfacts of {}", row.name)?;
    if row.iterations > 1 {
        writeln!(out, "  its time is that of one of {} iterations", words::count(row.iterations))?;
    }
    for (name, value) in &row.facts {
        writeln!(out, "  {name:<40} {:>16}", in_unit(name, *value))?;
    }
    for (name, values) in &row.series {
        let ends = values.iter().min().zip(values.iter().max());
        let span = ends.map_or_else(String::new, |(least, most)| {
            format!(", {} to {}", in_unit(name, *least), in_unit(name, *most))
        });
        writeln!(out, "  {name:<40} {}{span}", words::plural(values.len() as u64, "value"))?;
    }
    for (name, words) in &row.notes {
        writeln!(out, "  {name}: {}", words.replace('\n', "\n    "))?;
    }
    Ok(())
}

/// The end of a name is the unit of its value.
fn in_unit(name: &str, value: u64) -> String {
    match name.rsplit('_').next() {
        Some("ns") => time(value),
        Some("us") => format!("{} µs", words::count(value)),
        Some("bytes") => bytes(value),
        _ => words::count(value),
    }
}

fn time(ns: u64) -> String {
    words::time(ns as f64)
}

fn bytes(count: u64) -> String {
    words::bytes(count as f64)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use record::{ProcessReport, Traffic};

    use super::*;

    fn printed(ran: &[Ran], all: bool) -> String {
        let mut out = Vec::new();
        print(&mut out, "a heading", ran, all).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// A demonstration that showed its fault in 2 of 1,300, and took 235 us.
    fn seam() -> VariantResult {
        VariantResult {
            ok: true,
            answer: Some("42".to_owned()),
            elapsed_ns: Some(235_400),
            iterations: 8,
            demonstrates: Some(Fault::WrongAnswer),
            facts: [(FAULTS, 2), (TRIALS, 1_300), ("floor_ns", 12_345)].map(|(name, n)| (name.to_owned(), n)).into(),
            series: [("delays_us".to_owned(), vec![0, 2_000, 50])].into(),
            error: None,
            ..VariantResult::failed("seam", "rust", "")
        }
    }

    #[track_caller]
    fn check(ran: &Ran, all: bool, parts: &[&str]) {
        let said = printed(std::slice::from_ref(ran), all);
        for part in parts {
            assert!(said.contains(part), "'{part}' is missing in {said}");
        }
    }

    #[test]
    fn a_demonstration_says_what_its_trials_are() {
        let ran = |result| Ran { result, usage: None, not_here: None };
        check(&ran(seam()), false, &["235 µs", "showed a wrong answer in 2 of 1,300 trials"]);
        let notes = [(COUNTED_IN.to_owned(), "rows".to_owned())].into();
        check(&ran(VariantResult { notes, ..seam() }), false, &["in 2 of 1,300 rows"]);
        let notes = [(NO_ROOM.to_owned(), "one strip".to_owned())].into();
        check(&ran(VariantResult { notes, ..seam() }), false, &["no room for a wrong answer: one strip"]);
    }

    #[test]
    fn facts_come_with_their_units_if_they_are_asked_for() {
        let ran = Ran { result: seam(), usage: None, not_here: None };
        let facts = ["facts of seam", "12.3 µs", "3 values, 0 µs to 2,000 µs", "one of 8 iterations"];
        check(&ran, true, &facts);
        let said = printed(&[ran], false);
        assert!(facts.iter().all(|fact| !said.contains(fact)) && said.contains("--verbose"), "{said}");
    }

    #[test]
    fn of_a_large_pool_a_few_processes_are_shown() {
        let idle = Traffic::default();
        let process = |pid| ProcessReport {
            role: "worker".to_owned(),
            pid,
            tasks: 0,
            messages: 0,
            dumps: idle,
            loads: idle,
            writes: idle,
            reads: idle,
            work_ns: 0,
            marks: BTreeMap::new(),
            max_rss_bytes: 0,
            user_ns: 0,
            sys_ns: 0,
        };
        let result = VariantResult { processes: (0..257).map(process).collect(), ..seam() };
        let ran = [Ran { result, usage: None, not_here: None }];
        let (short, long) = (printed(&ran, false), printed(&ran, true));
        assert!(
            short.contains("worker 16 ") && !short.contains("worker 17 ") && short.contains("and 240 more"),
            "{short}"
        );
        assert!(long.contains("worker 256 ") && !long.contains(" more"), "{long}");
    }

    #[test]
    fn a_row_that_failed_says_why_and_what_it_used() {
        let usage = TreeUsage {
            wall_ns: 10_000_000_000,
            user_ns: 0,
            sys_ns: 1_500,
            max_rss_bytes: 5_000_000,
            voluntary_switches: 1_234,
            involuntary_switches: 0,
            minor_faults: 56,
            major_faults: 7,
        };
        let result = VariantResult::failed("slow", "rust", "killed at its deadline of 10s");
        let ran = Ran { result, usage: Some(usage), not_here: None };
        check(&ran, true, &["failed: killed at its deadline of 10s", "10.0 s", "1.50 µs", "5.00 MB", "1,234", "56"]);
    }
}
