//! Where numbers lie: what tells them from their copies. A forked process finds what it inherits at the same addresses.

use std::ops::Range;

/// The addresses of some numbers.
#[derive(Clone, Debug)]
pub(crate) struct Place(Range<usize>);

impl Place {
    pub(crate) fn of(numbers: &[f64]) -> Self {
        let place = numbers.as_ptr_range();
        Self(place.start.addr()..place.end.addr())
    }

    /// Whether all of these lie here, and not in a copy.
    pub(crate) fn holds(&self, numbers: &[f64]) -> bool {
        let other = Self::of(numbers);
        self.0.start <= other.0.start && other.0.end <= self.0.end
    }
}
