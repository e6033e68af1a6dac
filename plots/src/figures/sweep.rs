//! What a lesson's sweeps reported, read from the facts of its variants: `map_POINT_ns` and the like, one value per subject.

use record::VariantSummary;

use crate::Shelved;
use crate::median::quartiles;

/// A sweep over ways to cut items into tasks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sweep<'a> {
    /// How its items are called.
    pub(super) items: &'static str,
    summary: &'a VariantSummary,
}

/// The sweeps that figures show, and how their items are called.
const SWEEPS: [(&str, &str); 4] =
    [("even_sweep", "even"), ("linear_sweep", "linear"), ("bimodal_sweep", "bimodal"), ("heavy_sweep", "heavy-tailed")];

/// The sweeps of `lesson` that were measured.
pub(super) fn sweeps(lesson: &Shelved) -> Vec<Sweep<'_>> {
    let of = |(name, items)| lesson.variant(name).map(|summary| Sweep { items, summary });
    SWEEPS.into_iter().filter_map(of).filter(|sweep| !sweep.points().is_empty()).collect()
}

impl<'a> Sweep<'a> {
    /// The points by name, those that are numbers first and in their order.
    pub(super) fn points(self) -> Vec<&'a str> {
        let names = self.summary.facts.keys();
        let mut points: Vec<&str> = names.filter_map(|name| name.strip_prefix("map_")?.strip_suffix("_ns")).collect();
        points.sort_by_key(|point| point.parse().unwrap_or(u64::MAX));
        points
    }

    /// The lower quartile, the median and the upper quartile of a fact over the subjects.
    pub(super) fn fact(self, name: &str) -> Option<[f64; 3]> {
        quartiles(self.summary.facts.get(name)?.iter().map(|fact| *fact as f64))
    }

    /// The time of a map.
    pub(super) fn time(self, point: &str) -> Option<[f64; 3]> {
        self.fact(&format!("map_{point}_ns"))
    }

    /// The median of a fact.
    pub(super) fn median(self, name: &str) -> Option<f64> {
        self.fact(name).map(|[_, median, _]| median)
    }

    /// A series that is the same in every subject.
    pub(super) fn constant(self, name: &str) -> Vec<f64> {
        let series = self.summary.series.get(name).and_then(|series| series.first());
        series.into_iter().flatten().map(|value| *value as f64).collect()
    }

    /// The idle time of each worker by the time of the map, least idle first: the median over the subjects for each rank.
    pub(super) fn idle_shares(self, point: &str) -> Vec<f64> {
        let (Some(idle), Some(times)) =
            (self.summary.series.get(&format!("idle_{point}_ns")), self.summary.facts.get(&format!("map_{point}_ns")))
        else {
            return Vec::new();
        };
        let workers = idle.iter().map(Vec::len).min().unwrap_or(0);
        let share = |rank: usize| {
            let shares = idle.iter().zip(times).map(|(idle, time)| idle[rank] as f64 / (*time as f64).max(1.0));
            quartiles(shares).map(|[_, median, _]| median)
        };
        (0..workers).filter_map(share).collect()
    }

    /// The point with the smallest median time.
    pub(super) fn best(self) -> Option<(&'a str, f64)> {
        let timed = self.points().into_iter().filter_map(|point| Some((point, self.time(point)?[1])));
        timed.min_by(|a, b| a.1.total_cmp(&b.1))
    }
}

/// How a point is called in a sentence or a row.
pub(super) fn spoken(point: &str) -> &str {
    match point {
        "by_hand" => "by hand",
        "large" => "one per worker",
        "whole" => "one task",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn points_come_in_the_order_of_their_chunksize() {
        let lesson = samples::lesson_for("u");
        let sweeps = sweeps(&lesson);
        assert_eq!(
            sweeps.iter().map(|sweep| sweep.items).collect::<Vec<_>>(),
            ["even", "linear", "bimodal", "heavy-tailed"]
        );
        assert_eq!(sweeps[0].points()[..3], ["1", "5", "20"]);
    }
}
