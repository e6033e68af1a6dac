//! What was measured beside its limit and its target, as a table at the end of the run.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Throughput};

/// Everything measured in this run, and the comparisons to print.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// The best sample of each id, in seconds for one iteration. Noise only adds.
    best: BTreeMap<String, f64>,
    rows: Vec<Row>,
}

/// One comparison. Rows whose ids were not measured in this run are left out.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// What the target is about.
    pub(crate) what: String,
    /// The id that was measured.
    pub(crate) measured: String,
    /// The id of the limit that was measured in the same run, if the target names one.
    pub(crate) limit: Option<String>,
    /// What is asked for.
    pub(crate) target: Target,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// The time is at most so many times the limit's.
    AtMost(f64),
    /// The time is at most this.
    Within(Duration),
    /// At least so many bytes a second, each iteration carrying `bytes`.
    BytesPerSecond { bytes: u64, at_least: f64 },
    /// Nothing: shown to compare.
    Shown,
}

/// Many and short, so that the best of them is one that nothing else on the machine has disturbed; what takes milliseconds is sampled one
/// by one.
const SAMPLES: usize = 200;
const TIME: Duration = Duration::from_secs(1);

/// A group whose samples all have the same number of iterations, so that the best of them means something.
pub(crate) fn configure(group: &mut BenchmarkGroup<'_, WallTime>) {
    group.sample_size(SAMPLES).measurement_time(TIME).warm_up_time(Duration::from_millis(300));
    group.sampling_mode(criterion::SamplingMode::Flat).nresamples(10_000);
}

impl Table {
    /// Measures under `group/id`, and remembers the best sample: `run` does so many iterations and tells how long they took.
    pub(crate) fn measure(
        &mut self,
        group: &mut BenchmarkGroup<'_, WallTime>,
        (group_name, id): (&str, &str),
        bytes: Option<u64>,
        mut run: impl FnMut(u64) -> Duration,
    ) {
        group.throughput(bytes.map_or(Throughput::Elements(1), Throughput::Bytes));
        let mut best = f64::INFINITY;
        group.bench_function(id, |bencher| {
            bencher.iter_custom(|iterations| {
                let time = run(iterations);
                best = best.min(time.as_secs_f64() / iterations as f64);
                time
            });
        });
        if best.is_finite() {
            self.best.insert(format!("{group_name}/{id}"), best);
        }
    }

    /// Adds a comparison.
    pub(crate) fn row(&mut self, row: Row) {
        self.rows.push(row);
    }
}

impl Target {
    /// What is asked for, what was reached in its unit, and whether that is enough.
    fn judge(self, measured: f64, limit: Option<f64>) -> (String, String, Option<bool>) {
        let ratio = limit.map(|limit| measured / limit);
        let shown = ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
        match self {
            Self::AtMost(times) => (format!("<= {times:.2}x"), shown, ratio.map(|ratio| ratio <= times)),
            Self::Within(time) => (format!("<= {time:?}"), shown, Some(measured <= time.as_secs_f64())),
            Self::BytesPerSecond { bytes, at_least } => {
                let rate = bytes as f64 / measured;
                (format!(">= {:.2} GB/s", at_least / 1e9), format!("{:.2} GB/s", rate / 1e9), Some(rate >= at_least))
            }
            Self::Shown => ("-".to_owned(), shown, None),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Best sample of each; the medians are Criterion's.")?;
        let line = |f: &mut fmt::Formatter<'_>, cells: [&str; 6]| {
            let [what, measured, limit, ratio, target, met] = cells;
            writeln!(f, "{what:<44} {measured:>10} {limit:>10} {ratio:>10} {target:>12} {met:>4}")
        };
        line(f, ["what", "measured", "limit", "ratio", "target", "met"])?;
        for row in &self.rows {
            let Some(&measured) = self.best.get(&row.measured) else { continue };
            let limit = row.limit.as_ref().map(|id| self.best.get(id).copied());
            // A limit that was filtered out leaves nothing to compare with.
            let (target, ratio, met) = row.target.judge(measured, limit.flatten());
            let met = met.map_or("-", |met| if met { "yes" } else { "no" });
            let limit = limit.flatten().map_or_else(|| "-".to_owned(), time);
            line(f, [&row.what, &time(measured), &limit, &ratio, &target, met])?;
        }
        Ok(())
    }
}

fn time(seconds: f64) -> String {
    match seconds {
        ..1e-6 => format!("{:.1} ns", seconds * 1e9),
        ..1e-3 => format!("{:.3} us", seconds * 1e6),
        _ => format!("{:.3} ms", seconds * 1e3),
    }
}
