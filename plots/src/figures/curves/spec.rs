//! What a figure of curves is made of: which series of which variants, over which axis.
//!
//! A variant reports two series of the same length, what was varied and what was measured; the figure draws the median of each point
//! over the subjects, with a band from the lower to the upper quartile.

/// A figure of curves, `LESSON-curve-NAME`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Curves {
    /// The lesson's stem.
    pub(crate) lesson: &'static str,
    /// The part of the figure's name after `LESSON-curve-`.
    pub(crate) name: &'static str,
    /// What was varied.
    pub(crate) x: Axis,
    /// What was measured.
    pub(crate) y: Axis,
    /// The curves, in the order of the legend; six at most.
    pub(crate) lines: &'static [Line],
    /// What the machine allows, from the same run: dashed and level.
    pub(crate) limits: &'static [Limit],
    /// What the title says.
    pub(crate) told: Told,
    /// What a reader has to know besides, after the sentence on medians and quartiles. Full sentences.
    pub(crate) caption: &'static str,
}

/// One axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    /// What it holds, in words: "size of a message".
    pub(crate) label: &'static str,
    /// What its numbers are.
    pub(crate) unit: Unit,
    /// Whether it is logarithmic; if not, it begins at 0.
    pub(crate) logarithmic: bool,
}

/// What the whole numbers of a series are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// So many of something.
    Count,
    /// Bytes.
    Bytes,
    /// Nanoseconds.
    Time,
    /// Bytes per second.
    Bandwidth,
    /// Thousandths of a ratio.
    Thousandths,
}

/// One curve.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    /// The variant that reported it.
    pub(crate) variant: &'static str,
    /// The name of the series of what was varied; the same in every subject.
    pub(crate) x: &'static str,
    /// The name of the series of what was measured.
    pub(crate) y: &'static str,
    /// What it is called in the legend and in the title.
    pub(crate) label: &'static str,
}

/// A limit of the machine as a level line: its time on an axis of time, its bandwidth on one of bandwidth.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    /// The variant of the instrument `limits`.
    pub(crate) variant: &'static str,
    /// What it is called.
    pub(crate) label: &'static str,
}

/// The finding in the title, from the medians. Lines are named by their place in `lines`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Told {
    /// "At 64 KiB, A takes 3.1x the B of it": the ratio of two curves at the last point they share.
    AtLast { over: usize, under: usize, verb: &'static str },
    /// The same at the first point.
    AtFirst { over: usize, under: usize, verb: &'static str },
    /// "A falls below B from 4.0 ms on": the first point from which one curve stays below the other; or that it never does.
    Below { one: usize, other: usize },
    /// "A grows 812x from 1 KiB to 1 MiB": the last point of a curve by its first.
    Growth { line: usize, noun: &'static str },
}
