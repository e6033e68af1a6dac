//! The limits of one run as a table and as JSON: a pure function of its summary.

use std::fmt;

use harness::instruments::limits::{BYTES, CORES};
use harness::outcome::NOT_HERE;
use record::{Environment, Interval, LessonInfo, LessonSummary, VariantSummary};
use serde::Serialize;

/// Every limit, and where it was measured.
#[derive(Debug, Serialize)]
pub(super) struct Table<'a> {
    environment: &'a Environment,
    limits: Vec<Limit<'a>>,
    run: &'a str,
}

/// One limit.
#[derive(Debug, Serialize)]
struct Limit<'a> {
    name: &'a str,
    about: &'a str,
    /// How many samples there are, each of a fresh process.
    n: usize,
    /// One iteration; absent if there is no sample.
    ns: Option<Estimate>,
    /// Bytes per iteration, of a bandwidth.
    bytes: Option<u64>,
    bytes_per_s: Option<f64>,
    /// The core of each side; absent if the scheduler chose.
    cores: Option<&'a [u64]>,
    /// Why this machine cannot measure it.
    not_here: Option<&'a str>,
    /// What failed.
    error: Option<&'a str>,
}

/// The median with its interval by ranks; of fewer than six samples the geometric mean with its t interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Estimate {
    low: f64,
    mid: f64,
    high: f64,
    kind: &'static str,
}

impl<'a> Table<'a> {
    /// What `summary` says about the limits that `info` describes.
    pub(super) fn of(summary: &'a LessonSummary, info: &'a LessonInfo) -> Self {
        let about = |name: &str| info.variant(name).map_or("", |variant| variant.about.as_str());
        let limits = summary.variants.iter().map(|variant| Limit::of(variant, about(&variant.name))).collect();
        Self { environment: &summary.environment, limits, run: &summary.run }
    }

    /// Whether nothing failed. That this machine cannot is no failure.
    pub(super) fn is_fine(&self) -> bool {
        self.limits.iter().all(|limit| limit.error.is_none())
    }
}

impl<'a> Limit<'a> {
    fn of(variant: &'a VariantSummary, about: &'a str) -> Self {
        let bytes = variant.facts.get(BYTES).and_then(|bytes| bytes.last()).copied();
        let ns = Estimate::of(variant);
        let note = variant.typical.as_ref().and_then(|typical| typical.notes.get(NOT_HERE));
        Self {
            name: &variant.name,
            about,
            n: variant.samples_ns.len(),
            ns,
            bytes,
            bytes_per_s: bytes.zip(ns).map(|(bytes, ns)| bytes as f64 / ns.mid * 1e9),
            cores: variant.series.get(CORES).and_then(|cores| cores.last()).map(Vec::as_slice),
            not_here: note.map(String::as_str),
            error: variant.failures.first().map(|(why, _)| why.as_str()),
        }
    }
}

impl Estimate {
    fn of(variant: &VariantSummary) -> Option<Self> {
        let of = |Interval { low, mid, high, .. }: Interval| Self { low, mid, high, kind: "median" };
        // Of fewer than six there is no interval by ranks, and one by their scatter would say less than the samples themselves.
        let ends = || {
            let (low, high) = (variant.samples_ns.iter().min()?, variant.samples_ns.iter().max()?);
            let mid = variant.time_ns.map_or(*low as f64, |time| time.mid);
            let kind = if variant.samples_ns.len() == 1 { "single" } else { "range" };
            Some(Self { low: *low as f64, mid, high: *high as f64, kind })
        };
        variant.median_ns.map(of).or_else(ends)
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let machine = self.environment;
        let (cpu, cores, kernel) = (&machine.cpu, machine.usable_cores, &machine.kernel);
        writeln!(f, "{cpu}, {cores} of {} cores usable, Linux {kernel}; run {}", machine.cores, self.run)?;
        writeln!(f, "one iteration: the median over fresh processes with its 95 % interval by ranks")?;
        writeln!(f, "{:<27} {:>9} {:>23} {:>3} {:>7} {:>6}  what it is", "limit", "time", "", "n", "GB/s", "cores")?;
        self.limits.iter().try_for_each(|limit| limit.fmt(f))
    }
}

impl fmt::Display for Limit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(error) = self.error {
            writeln!(f, "{:<27} failed: {error}", self.name)?;
        }
        match (self.ns, self.not_here) {
            (Some(ns), _) => self.line(f, ns),
            (None, Some(why)) => writeln!(f, "{:<27} not testable here: {why}", self.name),
            (None, None) if self.error.is_none() => writeln!(f, "{:<27} not measured", self.name),
            (None, None) => Ok(()),
        }
    }
}

impl Limit<'_> {
    fn line(&self, f: &mut fmt::Formatter<'_>, ns: Estimate) -> fmt::Result {
        let interval = if self.n > 1 { format!("{} to {}", time(ns.low), time(ns.high)) } else { String::new() };
        let rate = self.bytes_per_s.map_or(String::new(), |rate| format!("{:.2}", rate / 1e9));
        let kind = if ns.kind == "median" { String::new() } else { format!(" ({} of {})", ns.kind, self.n) };
        let (name, mid, n, cores, about) = (self.name, time(ns.mid), self.n, self.places(), self.about);
        writeln!(f, "{name:<27} {mid:>9} {interval:>23} {n:>3} {rate:>7} {cores:>6}  {about}{kind}")
    }

    /// The cores in a few characters: of many, how many.
    fn places(&self) -> String {
        match self.cores {
            None => "any".to_owned(),
            Some(cores) if cores.len() > 2 => format!("all {}", cores.len()),
            Some([here, there]) if here == there => here.to_string(),
            Some(cores) => cores.iter().map(u64::to_string).collect::<Vec<_>>().join(","),
        }
    }
}

/// Three digits that mean something, and the unit.
fn time(ns: f64) -> String {
    let (value, unit) = match ns {
        ..1e3 => (ns, "ns"),
        ..1e6 => (ns / 1e3, "us"),
        ..1e9 => (ns / 1e6, "ms"),
        _ => (ns / 1e9, "s"),
    };
    match value {
        ..10.0 => format!("{value:.2} {unit}"),
        ..100.0 => format!("{value:.1} {unit}"),
        _ => format!("{value:.0} {unit}"),
    }
}

#[cfg(test)]
mod tests;
