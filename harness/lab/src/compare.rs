//! `lab compare`: two recorded runs side by side, of two revisions or two machines.

use std::io::Write;

use harness::compare::{self, Compared, Comparison, Difference, LessonCompared, Shown, Side, VariantCompared};
use record::{Interval, Judgement, Run, Verdict};
use serde::Serialize;
use serde_json::Value;

use crate::cli::{CompareOptions, Ended};
use crate::shelf;

/// What `--json` prints.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    comparison: &'a Comparison,
    verdicts: &'a [Changed],
}

/// A claim on which the two runs differ. Both verdicts are those of the code as it is, so that none is stale.
#[derive(Debug, PartialEq, Serialize)]
struct Changed {
    claim: String,
    lesson: String,
    /// None if the run did not measure the lesson.
    a: Option<Verdict>,
    b: Option<Verdict>,
}

pub(crate) fn compare(options: &CompareOptions) -> anyhow::Result<Ended> {
    let root = shelf::root()?;
    let ((a, _), (b, _)) = (shelf::named(&root, &options.a)?, shelf::named(&root, &options.b)?);
    let comparison = compare::compare(&a, &b);
    let verdicts = changed(&a, &b);
    let mut out = std::io::stdout().lock();
    if options.json {
        let answer = Answer { comparison: &comparison, verdicts: &verdicts };
        writeln!(out, "{}", serde_json::to_string(&answer)?)?;
    } else {
        print(&mut out, &comparison, &verdicts)?;
    }
    Ok(Ended::Fine)
}

fn changed(a: &Run, b: &Run) -> Vec<Changed> {
    let in_both = |judgement: &Judgement| a.plan(&judgement.lesson).and(b.plan(&judgement.lesson)).is_some();
    let (in_a, in_b) = (shelf::verdicts_of(a), shelf::verdicts_of(b));
    let of = |all: &[Judgement], claim: &str| all.iter().find(|one| one.claim == claim).map(|one| one.verdict);
    let only_b = in_b.iter().filter(|one| of(&in_a, &one.claim).is_none());
    let all = in_a.iter().chain(only_b).filter(|one| in_both(one));
    let both = all.map(|one| Changed {
        claim: one.claim.clone(),
        lesson: one.lesson.clone(),
        a: of(&in_a, &one.claim),
        b: of(&in_b, &one.claim),
    });
    both.filter(|both| both.a != both.b).collect()
}

fn print(out: &mut impl Write, comparison: &Comparison, verdicts: &[Changed]) -> std::io::Result<()> {
    print_side(out, "A", &comparison.a)?;
    print_side(out, "B", &comparison.b)?;
    if comparison.a.run == comparison.b.run {
        writeln!(out, "A and B are one run: nothing below is a comparison of independent samples")?;
    }
    print_differences(out, comparison)?;
    writeln!(
        out,
        "\neach line: A -> B, x B by A with its 95 % interval, n blocks in A and in B; ratios are to the baseline"
    )?;
    for lesson in &comparison.lessons {
        print_lesson(out, lesson)?;
    }
    print_verdicts(out, verdicts)?;
    let (n, found, chance) = (comparison.intervals, comparison.excluding_1, comparison.excluding_1_by_chance);
    writeln!(out, "\n{found} of {n} intervals exclude 1; {chance:.1} would by chance alone, if nothing differed")?;
    writeln!(
        out,
        "an interval covers the scatter within the two runs, and not what changes from one occasion to the next"
    )
}

fn print_side(out: &mut impl Write, letter: &str, side: &Side) -> std::io::Result<()> {
    let revision = side.revision.as_deref().map_or("unknown", |revision| revision.get(..8).unwrap_or(revision));
    let whole = if side.complete { "" } else { ", interrupted" };
    let sealed = if side.sealed { ", sealed" } else { ", without a hash" };
    let (run, profile, words, machine) = (&side.run, side.profile, &side.machine_in_words, &side.machine);
    writeln!(out, "{letter}  {run} at profile {profile}{whole}{sealed}")?;
    writeln!(out, "   on {words} (machine {machine}), at revision {revision}")
}

fn print_differences(out: &mut impl Write, comparison: &Comparison) -> std::io::Result<()> {
    let none = comparison.differences.is_empty();
    writeln!(out, "\n{}", if none { "environment and program are the same" } else { "what A and B differ in" })?;
    comparison.differences.iter().try_for_each(|difference| print_difference(out, difference))?;
    for (letter, lessons) in [("A", &comparison.only_a), ("B", &comparison.only_b)] {
        if !lessons.is_empty() {
            writeln!(out, "  lessons in {letter} alone: {}", lessons.join(", "))?;
        }
    }
    Ok(())
}

fn print_difference(out: &mut impl Write, difference: &Difference) -> std::io::Result<()> {
    let text = |value: &Value| match value {
        Value::Null => "not recorded".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    writeln!(out, "  {:<28} {}  ->  {}", difference.what, text(&difference.a), text(&difference.b))
}

fn print_lesson(out: &mut impl Write, lesson: &LessonCompared) -> std::io::Result<()> {
    if !lesson.differences.is_empty() {
        writeln!(out, "\n{}: not comparable, because these differ", lesson.lesson)?;
        return lesson.differences.iter().try_for_each(|difference| print_difference(out, difference));
    }
    let code = if lesson.same_code { "the same code" } else { "other code of the lesson or the runtime" };
    writeln!(out, "\n{}: the same parameters, {code}", lesson.lesson)?;
    lesson.variants.iter().try_for_each(|variant| print_variant(out, variant))?;
    for (letter, variants) in [("A", &lesson.only_a), ("B", &lesson.only_b)] {
        if !variants.is_empty() {
            writeln!(out, "  in {letter} alone: {}", variants.join(", "))?;
        }
    }
    Ok(())
}

fn print_variant(out: &mut impl Write, variant: &VariantCompared) -> std::io::Result<()> {
    writeln!(out, "  {}", variant.variant)?;
    print_compared(out, "time", &variant.time_ns, |time| duration(time.mid), ["faster", "slower"])?;
    if let Some(ratio) = &variant.ratio {
        let written = |ratio: Interval| format!("{:.3} ({:.3} to {:.3})", ratio.mid, ratio.low, ratio.high);
        print_compared(out, "ratio", ratio, written, ["smaller", "larger"])?;
    }
    for counter in &variant.counters {
        let range = |(low, high): (u64, u64)| if low == high { low.to_string() } else { format!("{low} to {high}") };
        writeln!(out, "    {:<12} {:>22}  ->  {}", counter.counter, range(counter.a), range(counter.b))?;
    }
    Ok(())
}

fn duration(ns: f64) -> String {
    match ns.round() {
        1e9.. => format!("{:.3} s", ns / 1e9),
        1e6.. => format!("{:.3} ms", ns / 1e6),
        _ => format!("{:.3} us", ns / 1e3),
    }
}

/// One line: the quantity in A and in B, B by A with its interval, how many blocks, and what that shows.
fn print_compared(
    out: &mut impl Write,
    what: &str,
    compared: &Compared,
    written: impl Fn(Interval) -> String,
    words: [&str; 2],
) -> std::io::Result<()> {
    let each = |interval: Option<Interval>| interval.map_or_else(|| "-".to_owned(), &written);
    let n = |interval: Option<Interval>| interval.map_or(0, |interval| interval.n);
    let shown = match compared.shown {
        Shown::Less => words[0],
        Shown::More => words[1],
        Shown::NoDifference => "no difference shown",
        Shown::TooFew => "fewer than two blocks",
    };
    let by = compared.b_by_a.map_or_else(String::new, |by| {
        format!("x {:.3} ({:.3} to {:.3}), n = {} and {}", by.mid, by.low, by.high, n(compared.a), n(compared.b))
    });
    writeln!(out, "    {what:<12} {:>22}  ->  {:<22} {by:<44} {shown}", each(compared.a), each(compared.b))
}

fn print_verdicts(out: &mut impl Write, verdicts: &[Changed]) -> std::io::Result<()> {
    if verdicts.is_empty() {
        return writeln!(out, "\nno verdict differs between the two");
    }
    writeln!(out, "\nverdicts that differ")?;
    for changed in verdicts {
        let word = |verdict: Option<Verdict>| verdict.map_or("not measured", Verdict::words);
        writeln!(out, "  {:<32} {}  ->  {}", changed.claim, word(changed.a), word(changed.b))?;
    }
    Ok(())
}
