//! The inks of every figure: stand-in colours while drawing, the page's variables afterwards.

use plotters::style::RGBColor;

/// A role that the page gives a colour to. Shapes and hatching carry the same distinctions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    /// Texts and axes: the colour of the page's text.
    Text,
    /// Texts that step back.
    Quiet,
    /// Lines that guide the eye.
    Grid,
    /// Blue.
    Blue,
    /// Vermillion.
    Vermillion,
    /// Bluish green.
    Green,
    /// Orange.
    Orange,
    /// Reddish purple.
    Purple,
    /// Grey: what has no category.
    Grey,
    /// What the machine sets a limit to. Its strokes are dashed, so that nobody takes them for data.
    Limit,
}

impl Ink {
    pub(crate) const ALL: [Self; 10] = [
        Self::Text,
        Self::Quiet,
        Self::Grid,
        Self::Blue,
        Self::Vermillion,
        Self::Green,
        Self::Orange,
        Self::Purple,
        Self::Grey,
        Self::Limit,
    ];

    /// The colour that stands for this ink until the figure is finished.
    pub(crate) fn stand_in(self) -> RGBColor {
        RGBColor(1, 2, self as u8)
    }

    /// The stand-in as plotters writes it.
    pub(crate) fn stand_in_hex(self) -> String {
        format!("#0102{:02X}", self as u8)
    }

    /// What the page reads: its variable, or, where there is none, a colour of the Okabe-Ito palette.
    pub(crate) fn css(self) -> &'static str {
        match self {
            Self::Text => "var(--fig-fg, currentColor)",
            Self::Quiet => "var(--fig-quiet, currentColor)",
            Self::Grid => "var(--fig-grid, #CCCCCC)",
            Self::Blue => "var(--fig-1, #0072B2)",
            Self::Vermillion => "var(--fig-2, #D55E00)",
            Self::Green => "var(--fig-3, #009E73)",
            Self::Orange => "var(--fig-4, #E69F00)",
            Self::Purple => "var(--fig-5, #CC79A7)",
            Self::Grey => "var(--fig-6, #808080)",
            Self::Limit => "var(--fig-limit, #A3003C)",
        }
    }
}
