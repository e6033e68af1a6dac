//! `lab run`: each variant once, in a fresh subject, its answer checked against the oracle's.

mod table;

use std::collections::BTreeSet;
use std::io::Write;

use harness::bench::Bars;
use harness::subject::Ran;
use harness::{Interrupts, Lesson, Variant, memory, subject};
use record::{Params, Profile, VariantResult};
use serde::Serialize;

use crate::cli::{self, Ended, RunOptions, WrongCall};

/// What `--json` prints. Other programs read it: nothing is renamed or taken away.
#[derive(Serialize)]
struct Answered<'a> {
    lesson: &'a str,
    profile: Profile,
    params: &'a Params,
    variants: Vec<&'a VariantResult>,
}

pub(crate) fn run(options: &RunOptions) -> anyhow::Result<Ended> {
    let lesson = cli::measurable(&options.lesson)?;
    let wanted = wanted(lesson, &options.variants)?;
    let fitted = lesson.fitted(options.profile, &options.settings, memory::available_bytes());
    let fitted = fitted.map_err(|fault| WrongCall(fault.to_string()))?;
    if let Some(note) = fitted.note() {
        eprintln!("{note}");
    }
    let params = fitted.params;
    let interrupts = Interrupts::caught()?;
    let bars = Bars::new(wanted.len() as u64 + 1)?;
    let mut ran: Vec<Ran> = Vec::new();
    // The oracle runs first even if nobody asked for it: without it no other answer could be checked.
    let oracle = lesson.baseline();
    bars.step(format!("{} {}", lesson.stem, oracle.name));
    let first = match subject::run(lesson, oracle, &params, options.deadline(), None, &interrupts) {
        Ok(ran) => ran,
        Err(signal) => return Ok(Ended::Interrupted(signal)),
    };
    let answer = first.result.answer.clone();
    if first.result.answer.is_none() && !wanted.iter().any(|variant| variant.name == oracle.name) {
        ran.push(first.clone());
    }
    for variant in wanted {
        bars.step(format!("{} {}", lesson.stem, variant.name));
        ran.push(if variant.name == oracle.name {
            first.clone()
        } else {
            match subject::run(lesson, variant, &params, options.deadline(), answer.as_deref(), &interrupts) {
                Ok(ran) => ran,
                Err(signal) => return Ok(Ended::Interrupted(signal)),
            }
        });
    }
    bars.clear();
    let failed = ran.iter().filter(|ran| !ran.result.ok).count();
    let not_here = ran.iter().filter(|ran| ran.not_here.is_some()).count();
    if options.json {
        let variants = ran.iter().map(|ran| &ran.result).collect();
        let answered = Answered { lesson: lesson.stem, profile: options.profile, params: &params, variants };
        writeln!(std::io::stdout().lock(), "{}", serde_json::to_string(&answered)?)?;
    } else {
        let params: Vec<String> = params.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let heading = format!("{} at profile {}: {}", lesson.stem, options.profile, params.join(" "));
        table::print(&mut std::io::stdout().lock(), &heading, &ran, options.verbose)?;
    }
    Ok(match failed {
        0 => Ended::Fine,
        // Only when the machine is the one reason for every missing answer.
        failed if failed == not_here => Ended::NotHere,
        _ => Ended::NotFine,
    })
}

fn wanted(lesson: &'static Lesson, names: &[String]) -> Result<Vec<&'static Variant>, WrongCall> {
    if names.is_empty() {
        return Ok(lesson.variants.iter().collect());
    }
    let find = |name: &String| {
        lesson.variant(name).ok_or_else(|| {
            let allowed: Vec<&str> = lesson.variants.iter().map(|variant| variant.name).collect();
            WrongCall(format!("lesson {} has no variant '{name}'; allowed: {}", lesson.stem, allowed.join(", ")))
        })
    };
    let mut wanted = names.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    // Asking twice is asking once.
    let mut seen = BTreeSet::new();
    wanted.retain(|variant| seen.insert(variant.name));
    Ok(wanted)
}
