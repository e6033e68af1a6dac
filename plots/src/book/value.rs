//! Numbers in prose: `{{#value LESSON VARIANT FIELD}}`, `{{#value LESSON - FIELD}}` and `{{#param LESSON NAME}}`.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use record::{Counters, LessonSummary, ProcessReport, Traffic, VariantResult, VariantSummary};

use crate::median::median;
use crate::shelf::unknown;
use crate::{Shelf, Shelved, words};

/// The fields of a variant, as the message about an unknown one lists them.
const FIELDS: [&str; 12] = [
    "ratio",
    "ratio_interval",
    "time",
    "time_interval",
    "blocks",
    "tasks",
    "messages",
    "[parent_|worker_](dumps|loads|writes|reads)_(calls|bytes|time|mean)",
    "mark:NAME",
    "fact:NAME",
    "sum:NAME",
    "median:NAME",
];

/// The fields of a run, for which a dash stands in place of the variant.
const RUN_FIELDS: [&str; 7] = ["profile", "run", "date", "blocks", "cores", "cpu", "kernel"];

/// The words for `field` of a variant, or of the run if the variant is `-`; none if that was not measured.
///
/// # Errors
/// If there is no such lesson, variant or field, measured or not; the message lists those there are.
pub(super) fn value(shelf: &Shelf, lesson: &str, variant: &str, field: &str) -> Result<Option<String>> {
    let lesson = shelf.lesson(lesson)?;
    if variant == "-" {
        return of_run(lesson.summary.as_ref(), field);
    }
    lesson.check_variant(variant)?;
    let field = Field::parse(field)?;
    let Some(measured) = lesson.variant(variant) else { return Ok(None) };
    field.of(lesson, measured)
}

/// The value of a parameter in the lesson's run; none if there was none.
///
/// # Errors
/// If there is no such lesson or parameter; the message lists those there are.
pub(super) fn param(shelf: &Shelf, lesson: &str, name: &str) -> Result<Option<String>> {
    let lesson = shelf.lesson(lesson)?;
    let mut known = lesson.info.parameters.iter().map(|parameter| parameter.name.as_str());
    if !known.clone().any(|parameter| parameter == name) {
        return Err(unknown(&format!("parameter of '{}'", lesson.info.stem), name, &mut known));
    }
    let value = lesson.summary.as_ref().and_then(|summary| summary.plan.params.get(name));
    Ok(value.map(|value| words::count(*value)))
}

fn of_run(summary: Option<&LessonSummary>, field: &str) -> Result<Option<String>> {
    if !RUN_FIELDS.contains(&field) {
        return Err(unknown("field of a run", field, RUN_FIELDS.into_iter()));
    }
    Ok(summary.map(|summary| match field {
        "profile" => summary.profile.to_string(),
        "run" => summary.run.clone(),
        "date" => date(&summary.started).to_owned(),
        "blocks" => words::count(summary.plan.blocks.into()),
        "cores" => summary.environment.cores.to_string(),
        "cpu" => summary.environment.cpu.clone(),
        _ => summary.environment.kernel.clone(),
    }))
}

/// The date of a time in RFC 3339.
pub(super) fn date(time: &str) -> &str {
    time.split('T').next().unwrap_or(time)
}

#[derive(Clone, Copy, Debug)]
enum Field<'a> {
    Ratio,
    RatioInterval,
    Time,
    TimeInterval,
    Blocks,
    Tasks,
    Messages,
    Traffic {
        role: Option<&'a str>,
        of: fn(&Counters) -> Traffic,
        measure: Measure,
    },
    Mark(&'a str),
    Fact(&'a str),
    /// A fact, over all subjects that were judged.
    Sum(&'a str),
    /// Of a fact over all subjects that were judged: for what varies from one to the next.
    Median(&'a str),
}

#[derive(Clone, Copy, Debug)]
enum Measure {
    Calls,
    Bytes,
    Time,
    Mean,
}

impl<'a> Field<'a> {
    fn parse(field: &'a str) -> Result<Self> {
        let known = match field {
            "ratio" => Some(Self::Ratio),
            "ratio_interval" => Some(Self::RatioInterval),
            "time" => Some(Self::Time),
            "time_interval" => Some(Self::TimeInterval),
            "blocks" => Some(Self::Blocks),
            "tasks" => Some(Self::Tasks),
            "messages" => Some(Self::Messages),
            _ => match field.split_once(':') {
                Some(("mark", name)) => Some(Self::Mark(name)),
                Some(("fact", name)) => Some(Self::Fact(name)),
                Some(("sum", name)) => Some(Self::Sum(name)),
                Some(("median", name)) => Some(Self::Median(name)),
                _ => Self::traffic(field),
            },
        };
        known.ok_or_else(|| unknown("field", field, FIELDS.into_iter()))
    }

    fn traffic(field: &'a str) -> Option<Self> {
        let roles = ["parent", "worker"].into_iter();
        let (role, rest) = roles
            .filter_map(|role| Some((Some(role), field.strip_prefix(role)?.strip_prefix('_')?)))
            .next()
            .unwrap_or((None, field));
        let (kind, measure) = rest.split_once('_')?;
        let of: fn(&Counters) -> Traffic = match kind {
            "dumps" => |counters| counters.dumps,
            "loads" => |counters| counters.loads,
            "writes" => |counters| counters.writes,
            "reads" => |counters| counters.reads,
            _ => return None,
        };
        let measure = match measure {
            "calls" => Measure::Calls,
            "bytes" => Measure::Bytes,
            "time" => Measure::Time,
            "mean" => Measure::Mean,
            _ => return None,
        };
        Some(Self::Traffic { role, of, measure })
    }

    fn of(self, lesson: &Shelved, variant: &VariantSummary) -> Result<Option<String>> {
        let baseline = variant.name == lesson.info.baseline;
        let typical = variant.typical.as_ref();
        Ok(match self {
            Self::Ratio if baseline => Some("1x".to_owned()),
            Self::Ratio => variant.ratio.map(|ratio| words::ratio(ratio.mid)),
            Self::RatioInterval => variant.ratio.as_ref().map(words::ratio_interval),
            Self::Time => variant.time_ns.map(|time| words::time(time.mid)),
            Self::TimeInterval => variant.time_ns.as_ref().map(words::time_interval),
            Self::Blocks => Some(words::count(variant.ratios.len() as u64)),
            Self::Tasks => typical.map(|typical| words::count(typical.counters.tasks)),
            Self::Messages => typical.map(|typical| words::count(typical.counters.messages)),
            Self::Traffic { role, of, measure } => {
                typical.and_then(|typical| measure.words(of(&counters(typical, role))))
            }
            Self::Mark(name) => {
                reported(lesson, name, "mark", |typical| &typical.counters.marks)?;
                // A mark that was never made counts 0.
                typical.map(|typical| named(name, typical.counters.mark(name)))
            }
            Self::Fact(name) => {
                reported(lesson, name, "fact", |typical| &typical.facts)?;
                let found = typical.map(|typical| typical.facts.get(name));
                let missing = || format!("'{}' does not report the fact '{name}'", variant.name);
                found.map(|fact| fact.map(|fact| named(name, *fact)).with_context(missing)).transpose()?
            }
            Self::Sum(name) => {
                let known = variant.facts.keys().map(String::as_str);
                match variant.facts.get(name) {
                    // A variant of which no subject was right reports nothing.
                    None if variant.samples_ns.is_empty() => None,
                    None => return Err(unknown(&format!("fact of '{}'", variant.name), name, known)),
                    Some(values) => Some(named(name, values.iter().sum())),
                }
            }
            Self::Median(name) => {
                reported(lesson, name, "fact", |typical| &typical.facts)?;
                variant
                    .facts
                    .get(name)
                    .and_then(|values| median(values))
                    .map(|median| named(name, median.round() as u64))
            }
        })
    }
}

impl Measure {
    /// None for the mean of nothing.
    fn words(self, traffic: Traffic) -> Option<String> {
        Some(match self {
            Self::Calls => words::count(traffic.calls),
            Self::Bytes => words::bytes(traffic.bytes as f64),
            Self::Time => words::time(traffic.ns as f64),
            Self::Mean if traffic.calls == 0 => return None,
            Self::Mean => words::time(traffic.ns as f64 / traffic.calls as f64),
        })
    }
}

/// The sum over all processes, or over those of one role.
fn counters(typical: &VariantResult, role: Option<&str>) -> Counters {
    let Some(role) = role else { return typical.counters.clone() };
    let of_role: Vec<ProcessReport> =
        typical.processes.iter().filter(|process| process.role == role).cloned().collect();
    ProcessReport::total(&of_role)
}

/// Checks that some variant of the lesson reports `name`; a name that none reports is a slip of the pen, unless a variant is
/// missing that might have reported it.
fn reported(
    lesson: &Shelved,
    name: &str,
    what: &str,
    of: impl Fn(&VariantResult) -> &BTreeMap<String, u64>,
) -> Result<()> {
    let variants = lesson.summary.iter().flat_map(|summary| &summary.variants);
    let mut known: Vec<&str> = variants
        .filter_map(|variant| variant.typical.as_ref())
        .flat_map(|typical| of(typical).keys().map(String::as_str))
        .collect();
    known.sort_unstable();
    known.dedup();
    let measured = |summary: &LessonSummary| summary.variants.iter().all(|variant| variant.typical.is_some());
    if known.contains(&name) || !lesson.summary.as_ref().is_some_and(measured) {
        return Ok(());
    }
    Err(unknown(&format!("{what} of '{}'", lesson.info.stem), name, known.into_iter()))
}

/// A named number in the unit that its name ends in.
fn named(name: &str, value: u64) -> String {
    if name.ends_with("_bytes") {
        words::bytes(value as f64)
    } else if name.ends_with("_ns") {
        words::time(value as f64)
    } else {
        words::count(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[track_caller]
    fn check(variant: &str, field: &str, expected: &str) {
        let found = value(&samples::shelf(), "bound_method", variant, field).unwrap();
        assert_eq!(found.as_deref(), Some(expected), "{variant} {field}");
    }

    #[track_caller]
    fn refused(lesson: &str, variant: &str, field: &str, expected: &str) {
        let message = value(&samples::shelf(), lesson, variant, field).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }

    #[test]
    fn every_field_has_its_words() {
        check("pool_bound_method", "ratio", "35x");
        check("pool_bound_method", "ratio_interval", "34x to 36x");
        check("serial", "ratio", "1x");
        check("serial", "time", "200 ms");
        check("serial", "time_interval", "196 ms to 204 ms");
        check("pool_bound_method", "blocks", "10");
        check("pool_bound_method", "tasks", "32");
        check("pool_bound_method", "messages", "0");
        check("pool_bound_method", "dumps_calls", "64");
        check("pool_bound_method", "parent_dumps_calls", "32");
        check("pool_bound_method", "parent_dumps_bytes", "1.74 GB");
        check("pool_bound_method", "parent_dumps_time", "1.29 s");
        check("pool_bound_method", "parent_dumps_mean", "40.3 ms");
        check("pool_bound_method", "worker_loads_calls", "32");
        check("pool_bound_method", "worker_loads_mean", "181 ms");
        check("pool_bound_method", "parent_loads_time", "31.0 ms");
        check("pool_bound_method", "reads_time", "670 ms");
        check("pool_bound_method", "mark:cache_dumps", "32");
        check("pool_free_function", "mark:cache_dumps", "0");
        check("pool_bound_method", "fact:cache_bytes", "54.0 MB");
        check("-", "profile", "standard");
        check("-", "date", "2025-03-02");
        check("-", "cores", "2");
    }

    #[test]
    fn a_sum_is_over_all_subjects_that_were_judged() {
        let shelf = Shelf { lessons: vec![samples::lesson_for("rates")], ..samples::shelf() };
        assert_eq!(value(&shelf, "fork_trap", "mutex_held", "sum:trials").unwrap().as_deref(), Some("40"));
        let message = value(&shelf, "fork_trap", "mutex_held", "sum:typo").unwrap_err().to_string();
        assert_eq!(message, "unknown fact of 'mutex_held' 'typo'; allowed: hung, trials");
    }

    #[test]
    fn a_median_is_over_all_subjects() {
        let mut shelf = samples::shelf();
        let variant = &mut shelf.lessons[0].summary.as_mut().unwrap().variants[1];
        variant.facts.insert("cache_bytes".to_owned(), vec![9_000_000, 1_000_000, 5_000_000]);
        let found = |name| value(&shelf, "bound_method", name, "median:cache_bytes").unwrap();
        assert_eq!((found("pool_bound_method").as_deref(), found("serial")), (Some("5.00 MB"), None));
        refused("bound_method", "serial", "median:typo", "unknown fact of 'bound_method' 'typo'; allowed: cache_bytes");
    }

    #[test]
    fn what_was_not_measured_has_no_words() {
        let shelf = samples::shelf();
        assert_eq!(value(&shelf, "big_queue", "queue_large", "ratio").unwrap(), None);
        assert_eq!(value(&shelf, "big_queue", "-", "profile").unwrap(), None);
        assert_eq!(value(&shelf, "bound_method", "serial@cpython-3.11", "time").unwrap(), None);
        assert_eq!(value(&shelf, "bound_method", "serial", "dumps_mean").unwrap(), None);
        assert_eq!(param(&shelf, "big_queue", "items").unwrap(), None);
    }

    #[test]
    fn what_does_not_exist_is_refused_even_where_nothing_was_measured() {
        refused("big_queues", "serial", "ratio", "unknown lesson 'big_queues'; allowed: bound_method, big_queue");
        refused("big_queue", "pool", "ratio", "unknown variant of 'big_queue' 'pool'; allowed: serial, queue_large");
        refused("big_queue", "serial", "speed", "unknown field 'speed'; allowed: ratio, ");
        refused("big_queue", "serial", "parent_dumps_size", "unknown field 'parent_dumps_size'");
        refused("big_queue", "-", "colour", "unknown field of a run 'colour'; allowed: profile, ");
        refused("bound_method", "serial", "mark:typo", "unknown mark of 'bound_method' 'typo'; allowed: cache_dumps");
        refused("bound_method", "serial", "fact:cache_bytes", "'serial' does not report the fact 'cache_bytes'");
    }

    #[test]
    fn parameters_have_the_value_of_the_run() {
        let shelf = samples::shelf();
        assert_eq!(param(&shelf, "bound_method", "items").unwrap().as_deref(), Some("1,000,000"));
        let message = param(&shelf, "bound_method", "size").unwrap_err().to_string();
        assert_eq!(message, "unknown parameter of 'bound_method' 'size'; allowed: items, workers");
    }
}
