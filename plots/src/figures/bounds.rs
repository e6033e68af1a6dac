//! Which limit of the machine bounds which figure: measured in the same run as the lesson, drawn dashed, and said in words where no line fits.
//!
//! | figure | limit | drawn as |
//! |---|---|---|
//! | `ratio` | `bulk_pipe_64k`: the bytes of the busier direction, relative to the baseline | a mark in each row |
//! | `where` | `bulk_pipe_64k`: all bytes that crossed, once, from where the pipes' share begins | a mark in each row |
//! | `split` | `bulk_pipe_64k`: the bytes of one item, from where its writing begins; `copy_one_core` in the caption | a mark in each row |
//! | `latency` | `socket_round_trip_*`: the server answers through such a pair | a line for each that lies on the axis |
//! | `scaling` | `copy_all_cores`: the image read and written once; `bulk_pipe_64k`: the image through one pipe | a line in each panel |
//! | `u` | `pipe_round_trip_same_core` for each task, over the cores that work | a line in each panel |
//! | `curve-NAME` | those that its description lists (`curves/spec.rs`): times on an axis of time, bandwidths on one of bandwidth | a level line |
//! | `speedup` | `fork_wait_small` against the baseline: far beyond the axis of so few workers | a sentence |
//! | `holder` | `futex_round_trip_two_cores`: half of it is a change of hands, thinner than a hair there | a sentence |
//! | `timeline` | `pipe_round_trip_two_cores`: half of it lies between a write and the read it wakes | a sentence |
//!
//! Nothing here bounds the others: `rates`, `idle` and `states` are shares, `seam` and `report` have no axis. A limit of another run
//! or another machine says nothing about this one: it is never drawn.

use anyhow::Result;
use record::{LessonSummary, ProcessReport, VariantResult};

use crate::draw::{Anchor, Canvas, Face, Ink, Scale};
use crate::{Shelved, words};

/// The pipe of a pool has the capacity that the kernel gives it.
pub(super) const PIPE: &str = "bulk_pipe_64k";

/// Pixels for the label of one line.
const LABEL: i32 = 18;

/// The limits that were measured in the run that a lesson's figures are drawn from; empty if that run measured none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits<'a>(Option<&'a LessonSummary>);

impl<'a> Limits<'a> {
    pub(super) fn of(lesson: &'a Shelved) -> Self {
        let run = lesson.summary.as_ref().map(|summary| &summary.run);
        Self(lesson.limits.as_ref().filter(|limits| Some(&limits.run) == run))
    }

    /// The time of one iteration, in nanoseconds: the median, because one subject that was held up would lift a floor.
    pub(super) fn time(self, name: &str) -> Option<f64> {
        let variant = self.0?.variant(name)?;
        Some(variant.median_ns.or(variant.time_ns)?.mid).filter(|ns| *ns > 0.0)
    }

    /// Bytes per nanosecond.
    pub(super) fn bandwidth(self, name: &str) -> Option<f64> {
        let bytes = *self.0?.variant(name)?.facts.get("bytes")?.first()? as f64;
        Some(bytes / self.time(name)?).filter(|bandwidth| *bandwidth > 0.0)
    }

    /// How long so many bytes take at least through one pipe, in nanoseconds.
    pub(super) fn through_pipe(self, bytes: f64) -> Option<f64> {
        Some(bytes / self.bandwidth(PIPE)?)
    }

    /// What a mark for the bytes through a pipe is called.
    pub(super) fn pipe_label(self) -> Option<String> {
        Some(format!("its bytes through a bare pipe, {}", words::bandwidth(self.bandwidth(PIPE)?)))
    }
}

/// The bytes that the processes of one iteration sent in the direction in which they sent more: there is a pipe each way, and both may be
/// busy at once.
pub(super) fn busier_way(typical: &VariantResult) -> f64 {
    let sent = |parent: bool| {
        let of_role = |process: &&ProcessReport| (process.role == "parent") == parent;
        typical.processes.iter().filter(of_role).map(|process| process.writes.bytes).sum::<u64>()
    };
    sent(true).max(sent(false)) as f64 / typical.iterations.max(1) as f64
}

/// A limit as a line across a figure, in the unit of its axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bound {
    pub(super) value: f64,
    pub(super) label: String,
}

/// The room above a figure for the labels of the bounds that lie on its axis.
pub(super) fn labels_height(bounds: &[Bound], scale: &Scale) -> i32 {
    LABEL * bounds.iter().filter(|bound| scale.holds(bound.value)).count() as i32
}

/// Upright dashed lines from the top of the figure to `bottom`, each with its label beside it on a line of its own.
pub(super) fn upright(canvas: &Canvas<'_>, scale: &Scale, bounds: &[Bound], bottom: i32) -> Result<()> {
    let middle = (scale.x(f64::MIN_POSITIVE) + scale.x(f64::MAX)) / 2;
    for (place, bound) in (0..).zip(bounds.iter().filter(|bound| scale.holds(bound.value))) {
        let (x, y) = (scale.x(bound.value), LABEL * place + LABEL / 2 + 2);
        canvas.line((x, LABEL * place + 2), (x, bottom), Ink::Limit, 2)?;
        let (at, anchor) = if x < middle { ((x + 6, y), Anchor::Start) } else { ((x - 6, y), Anchor::End) };
        canvas.text(at, anchor, &bound.label, (12, Face::Prose, Ink::Limit))?;
    }
    Ok(())
}

/// Level dashed lines across a panel from `left` to `right`, each with its label above or below it, whichever side is free; `y` says where a
/// value lies, and what lies outside `scale` is left out.
pub(super) fn level(
    canvas: &Canvas<'_>,
    (scale, y): (&Scale, &dyn Fn(f64) -> i32),
    bounds: &[Bound],
    (left, right): (i32, i32),
) -> Result<()> {
    let mut drawn: Vec<(i32, &Bound)> =
        bounds.iter().filter(|bound| scale.holds(bound.value)).map(|bound| (y(bound.value), bound)).collect();
    drawn.sort_by_key(|(y, _)| *y);
    for (place, (y, bound)) in drawn.iter().enumerate() {
        canvas.line((left, *y), (right, *y), Ink::Limit, 2)?;
        let crowded = place > 0 && y - drawn[place - 1].0 < LABEL;
        let at = (left + 4, if crowded { y + 9 } else { y - 9 });
        canvas.text(at, Anchor::Start, &bound.label, (12, Face::Prose, Ink::Limit))?;
    }
    Ok(())
}

/// The sentence for bounds of which none can be drawn: they lie before or beyond the axis. Begins with a blank; empty if all are drawn.
pub(super) fn outside(bounds: &[Bound], scale: &Scale) -> String {
    let say = |bound: &Bound| {
        let side = if scale.begins_after(bound.value) { "before" } else { "beyond" };
        format!(" Not drawn, since it lies {side} the axis: {}.", bound.label)
    };
    bounds.iter().filter(|bound| !scale.holds(bound.value)).map(say).collect()
}

/// The sentence for half of a round trip on an axis of milliseconds, on which it may be too short to be seen. Begins with a blank; empty if
/// the run measured no such limit.
pub(super) fn half_a_trip(limits: Limits<'_>, name: &str, what: &str, scale: &Scale) -> String {
    let Some(half) = limits.time(name).map(|trip| trip / 2.0) else { return String::new() };
    let seen = match scale.x(half / 1e6) - scale.x(0.0) {
        0..=1 => ", too short to be seen here",
        _ => "",
    };
    format!(" {what} takes {} by itself (half of a round trip, in the same run){seen}.", words::time(half))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::KINDS;
    use crate::samples;

    /// The figures that the table above says have something from the limits.
    const BOUNDED: [&str; 9] = ["ratio", "where", "split", "latency", "scaling", "u", "speedup", "holder", "timeline"];

    #[test]
    fn limits_show_in_the_figures_that_they_bound_and_in_no_others() {
        for (kind, draw) in KINDS {
            let with = draw(&samples::lesson_for(kind)).unwrap();
            let without = draw(&samples::without_limits(samples::lesson_for(kind))).unwrap();
            assert_eq!(with != without, BOUNDED.contains(kind), "{kind}");
            assert!(!without.svg.contains("--fig-limit") && !without.svg.contains("dasharray"), "{kind}");
        }
    }

    #[test]
    fn the_limits_of_another_run_are_not_drawn() {
        for (kind, draw) in KINDS {
            let mut lesson = samples::lesson_for(kind);
            lesson.limits.as_mut().unwrap().run = "another".to_owned();
            let drawn = draw(&lesson).unwrap();
            assert_eq!(drawn, draw(&samples::without_limits(lesson)).unwrap(), "{kind}");
        }
    }

    #[test]
    fn a_bandwidth_is_bytes_by_time() {
        let lesson = samples::bound_method();
        let limits = Limits::of(&lesson);
        let bandwidth = limits.bandwidth(PIPE).unwrap();
        assert!((bandwidth - 67_108_864.0 / 12.0e6).abs() < 1e-9, "{bandwidth}");
        assert_eq!(limits.bandwidth("fork_wait_small"), None, "it moves no bytes");
        assert_eq!(limits.time("unheard_of"), None);
    }

    #[test]
    fn two_pipes_are_busy_at_once() {
        let lesson = samples::bound_method();
        let typical = |name: &str| lesson.variant(name).unwrap().typical.clone().unwrap();
        let mut sent = typical("pool_bound_method");
        let there: u64 = sent.processes[0].writes.bytes;
        assert!((busier_way(&sent) - there as f64).abs() < 1.0);
        sent.iterations = 4;
        assert!((busier_way(&sent) - there as f64 / 4.0).abs() < 1.0, "counters are of all iterations");
        assert!(busier_way(&typical("serial")) < 1.0);
    }

    #[test]
    fn what_lies_outside_the_axis_is_said() {
        let scale = Scale::logarithmic([0.5, 20.0].into_iter(), 0, 400);
        let bound = |value| Bound { value, label: format!("{value}") };
        let said = outside(&[bound(0.001), bound(2.0), bound(1e6)], &scale);
        assert_eq!(
            said,
            " Not drawn, since it lies before the axis: 0.001. Not drawn, since it lies beyond the axis: 1000000."
        );
        assert_eq!(labels_height(&[bound(0.001), bound(2.0)], &scale), LABEL);
    }
}
