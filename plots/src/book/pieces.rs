//! Smaller pieces of a chapter: where figures come from, parameters, variants, and what stands for what is missing.

use record::LessonSummary;

use super::claims::signed;
use super::value::date;
use crate::{Cell, Column, Markup, Shelved, Table, words};

/// The machine, the program and the run behind a lesson's figures.
pub(super) fn provenance(lesson: &Shelved) -> Markup {
    let Some(summary) = &lesson.summary else { return missing(lesson) };
    let (machine, program) = (&summary.environment, &summary.program);
    let mut facts = vec![
        ("machine", format!("{}, {}", machine.cpu, cores(summary))),
        ("kernel", machine.kernel.clone()),
        ("date", date(&summary.started).to_owned()),
        ("program", format!("revision {}, {}, {} build", revision(summary), program.rustc, program.build)),
        ("profile", format!("{}, {}", summary.profile, blocks(summary))),
        ("drift", drifts(summary)),
        ("outliers", outliers(summary)),
        ("run", summary.run.clone()),
    ];
    facts.retain(|(_, fact)| !fact.is_empty());
    if !summary.plan.shrunk.is_empty() {
        let asked = |(name, asked): (&String, &u64)| {
            format!("{name} {} instead of {}", words::count(summary.plan.params[name]), words::count(*asked))
        };
        let asked: Vec<String> = summary.plan.shrunk.iter().map(asked).collect();
        facts.push(("made smaller to fit the memory", asked.join(", ")));
    }
    if let Some(hypervisor) = &machine.hypervisor {
        let name = if hypervisor == "unnamed" { "a hypervisor that gives no name" } else { hypervisor };
        facts.insert(1, ("guest of", name.to_owned()));
    }
    let list = facts.into_iter().fold(Markup::default(), |list, (term, fact)| {
        let term = Markup::element("dt", "", Markup::text(term));
        list.then(term).then(Markup::element("dd", "", Markup::text(&fact)))
    });
    Markup::element("div", "provenance", badges(summary).then(Markup::element("dl", "", list)))
}

/// The same in one line, for the foot of a figure.
pub(super) fn provenance_line(summary: &LessonSummary) -> Markup {
    let parts = [
        date(&summary.started).to_owned(),
        format!("profile {}", summary.profile),
        summary.environment.cpu.clone(),
        cores(summary),
        blocks(summary),
        drifts(summary),
        outliers(summary),
        format!("run {}", summary.run),
    ];
    // Each part stays on one line, since dates and runs break badly at their dashes; the theme puts marks between them.
    let part = |text: &String| Markup::text(" ").then(Markup::element("span", "part", Markup::text(text)));
    badges(summary).then(parts.iter().filter(|text| !text.is_empty()).map(part).fold(Markup::default(), Markup::then))
}

/// Whose figures these are, and what is wrong with them if anything is.
fn badges(summary: &LessonSummary) -> Markup {
    let mut badges = signed("whose", if summary.reference { "◆" } else { "◇" }, &whose(summary));
    if let Some(why) = &summary.stale {
        badges = badges.then(signed("stale", "!", &format!("stale: {why}")));
    }
    if !summary.complete {
        badges = badges.then(signed("incomplete", "…", "incomplete: the run was interrupted"));
    }
    for variant in summary.variants.iter().filter(|variant| !variant.counters_agree) {
        let words = format!("the exact counters of {} differ between subjects", variant.name);
        badges = badges.then(signed("incomplete", "≠", &words));
    }
    badges
}

/// A reader must never take another machine's figures for those of this one.
fn whose(summary: &LessonSummary) -> String {
    match (summary.reference, summary.elsewhere) {
        (true, false) => "committed reference".to_owned(),
        (true, true) => "committed reference, made on another machine".to_owned(),
        (false, false) => "this machine's run".to_owned(),
        (false, true) => format!("another machine's run: {}", summary.environment.machine_in_words()),
    }
}

fn cores(summary: &LessonSummary) -> String {
    let machine = &summary.environment;
    let mut text = words::plural(machine.cores.into(), "core");
    if machine.usable_cores != machine.cores {
        text.push_str(&format!(" ({} usable)", machine.usable_cores));
    }
    if let Some(quota) = machine.quota_cores {
        text.push_str(&format!(", quota {quota} cores"));
    }
    text
}

fn revision(summary: &LessonSummary) -> String {
    let Some(revision) = &summary.program.revision else { return "unknown".to_owned() };
    let short: String = revision.chars().take(10).collect();
    if summary.program.dirty == Some(true) { format!("{short} with changes") } else { short }
}

/// How many blocks each variant really has; of an instrument without a baseline, how many subjects.
fn blocks(summary: &LessonSummary) -> String {
    let compared = summary.variants.iter().any(|variant| !variant.ratios.is_empty());
    let counts: Vec<usize> = match compared {
        true => {
            let others = summary.variants.iter().filter(|variant| variant.name != summary.plan.baseline);
            others.map(|variant| variant.ratios.len()).collect()
        }
        false => summary.variants.iter().map(|variant| variant.samples_ns.len()).collect(),
    };
    let noun = if compared { "block" } else { "subject" };
    match (counts.iter().min(), counts.iter().max()) {
        (Some(least), Some(most)) if least != most => format!("{least} to {most} {noun}s per variant"),
        (Some(count), _) => format!("{} per variant", words::plural(*count as u64, noun)),
        _ => "no blocks".to_owned(),
    }
}

/// Of which variants the values move with the time at which they were taken; empty if there were too few to tell.
fn drifts(summary: &LessonSummary) -> String {
    /// More names than these do not fit into a line.
    const NAMED: usize = 3;
    let tested = summary.variants.iter().filter(|variant| variant.drift.is_some()).count() as u64;
    let drifting = summary.variants.iter().filter(|variant| variant.drift.is_some_and(|drift| drift.is_shown()));
    let names: Vec<&str> = drifting.map(|variant| variant.name.as_str()).collect();
    match (tested, names.len()) {
        (0, _) => String::new(),
        (tested, 0) => format!("no drift in {}", words::plural(tested, "variant")),
        (tested, 1..=NAMED) => format!("drift in {} of {}", names.join(", "), words::plural(tested, "variant")),
        (tested, drifting) => format!("drift in {drifting} of {}", words::plural(tested, "variant")),
    }
}

/// How many times lie far from the others of their variant; empty if there were too few to tell.
fn outliers(summary: &LessonSummary) -> String {
    let sum = |count: fn(&record::Outliers) -> usize| {
        summary.variants.iter().map(|variant| count(&variant.outliers) as u64).sum::<u64>()
    };
    let (looked_at, all, extreme) =
        (sum(|found| found.n), sum(record::Outliers::count), sum(|found| found.extreme.len()));
    match (looked_at, all) {
        (0, _) => String::new(),
        (looked_at, 0) => format!("no outlier among {}", words::plural(looked_at, "time")),
        (looked_at, all) => {
            let extreme =
                if extreme > 0 { format!(", {} of them far out", words::count(extreme)) } else { String::new() };
            format!(
                "{} among {}{extreme}, none left out",
                words::plural(all, "outlier"),
                words::plural(looked_at, "time")
            )
        }
    }
}

/// The knobs of a lesson, with their value in its run and in each profile.
pub(super) fn parameters(lesson: &Shelved) -> Markup {
    let titles = ["this run", "quick", "standard", "post"];
    let mut columns = vec![Column::left("parameter"), Column::left("what it sets")];
    columns.extend(titles.iter().map(|title| Column::right(title)));
    let run = lesson.summary.as_ref().map(|summary| &summary.plan.params);
    let rows = lesson.info.parameters.iter().map(|parameter| {
        let value = run.and_then(|params| params.get(&parameter.name));
        let mut row = vec![
            Cell::Code(parameter.name.clone()),
            Cell::Markup(Markup::prose(&parameter.about)),
            Cell::or_none(value.map(|value| words::count(*value))),
        ];
        let profiles = [parameter.quick, parameter.standard, parameter.post];
        row.extend(profiles.map(|value| Cell::Text(words::count(value))));
        row
    });
    Table { caption: None, columns, rows: rows.collect() }.html()
}

/// The ways of doing a lesson's work.
pub(super) fn variants(lesson: &Shelved) -> Markup {
    let rows = lesson.info.variants.iter().map(|variant| {
        let mut about = Markup::prose(&variant.about);
        if variant.name == lesson.info.baseline {
            about = about.then(Markup::text(" ")).then(signed("whose", "◆", "baseline and oracle"));
        }
        if let Some(fault) = variant.demonstrates {
            let fault = match fault {
                record::Fault::Hang => "shows a hang",
                record::Fault::WrongAnswer => "shows a wrong answer",
                record::Fault::LostUpdates => "shows lost updates",
            };
            about = about.then(Markup::text(" ")).then(signed("stale", "!", fault));
        }
        vec![Cell::Code(variant.name.clone()), Cell::Markup(about)]
    });
    let columns = vec![Column::left("variant"), Column::left("what it does")];
    Table { caption: None, columns, rows: rows.collect() }.html()
}

/// What stands where a figure or a table will be.
pub(super) fn missing(lesson: &Shelved) -> Markup {
    let command = Markup::code(&format!("cargo lab bench {}", lesson.info.stem));
    let text = Markup::text("not measured yet: ").then(command).then(Markup::text(" draws it"));
    Markup::element("p", "unmeasured", text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn a_run_says_where_it_comes_from() {
        let html = provenance(&samples::bound_method());
        for part in [
            "Example CPU @ 2.50GHz, 2 cores",
            "6.1.0",
            "2025-03-02",
            "revision 0123456789, rustc 1.95.0, release build",
            "standard, 10 blocks per variant",
            "committed reference",
        ] {
            assert!(html.as_str().contains(part), "{part}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_run_is_said() {
        let mut lesson = samples::bound_method();
        let summary = lesson.summary.as_mut().unwrap();
        (summary.reference, summary.complete) = (false, false);
        summary.stale = Some("the code changed".to_owned());
        summary.program.dirty = Some(true);
        summary.environment.quota_cores = Some(0.5);
        summary.variants[2].ratios.truncate(7);
        let html = provenance(&lesson);
        for part in
            ["this machine", "stale: the code changed", "incomplete", "with changes", "quota 0.5", "7 to 10 blocks"]
        {
            assert!(html.as_str().contains(part), "{part}");
        }
    }

    #[test]
    fn what_tells_against_a_run_stands_under_its_figures() {
        let mut lesson = samples::bound_method();
        let summary = lesson.summary.as_mut().unwrap();
        let line = |summary: &LessonSummary| provenance_line(summary).as_str().to_owned();
        assert!(
            line(summary).contains("10 blocks per variant") && !line(summary).contains("drift"),
            "nothing was tested"
        );
        for variant in &mut summary.variants {
            variant.drift = Some(record::Drift { statistic: 0.1, p: 0.8, n: 10 });
            variant.outliers = record::Outliers { mild: Vec::new(), extreme: Vec::new(), n: 20 };
        }
        assert!(
            line(summary).contains("no drift in 10 variants") && line(summary).contains("no outlier among 200 times")
        );
        summary.variants[3].drift = Some(record::Drift { statistic: 0.95, p: 0.001, n: 10 });
        summary.variants[4].outliers = record::Outliers { mild: vec![1, 7], extreme: vec![4], n: 20 };
        assert!(line(summary).contains("drift in pool_free_function of 10 variants"), "{}", line(summary));
        assert!(
            line(summary).contains("3 outliers among 200 times, 1 of them far out, none left out"),
            "{}",
            line(summary)
        );
    }

    #[test]
    fn what_is_not_compared_has_subjects_and_no_blocks() {
        let lesson = samples::bound_method();
        let line = provenance_line(lesson.limits.as_ref().unwrap());
        assert!(line.as_str().contains("10 subjects per variant"), "{}", line.as_str());
    }

    #[test]
    fn a_run_of_another_machine_is_not_called_this_machines() {
        let mut lesson = samples::bound_method();
        let summary = lesson.summary.as_mut().unwrap();
        (summary.reference, summary.elsewhere) = (false, true);
        let html = provenance_line(summary);
        assert!(
            html.as_str().contains("another machine&#39;s run: Example CPU @ 2.50GHz, 2 cores"),
            "{}",
            html.as_str()
        );
        assert!(!html.as_str().contains("this machine"));
    }

    #[test]
    fn parameters_and_variants_are_listed_measured_or_not() {
        let measured = samples::bound_method();
        assert!(parameters(&measured).as_str().contains("<td class=\"number\">1,000,000</td>"));
        assert!(parameters(&samples::big_queue()).as_str().contains("<td class=\"number\">–</td>"));
        assert!(variants(&measured).as_str().contains("What <code>pool_checksum_only</code> does"));
        assert!(provenance(&samples::big_queue()).as_str().contains("not measured yet"));
    }
}
