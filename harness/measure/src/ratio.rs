//! What Criterion measures here: the ratio of a block, so that its interval is the claim's.

use criterion::Throughput;
use criterion::measurement::{Measurement, ValueFormatter};

/// The time of a variant in units of its baseline's.
#[derive(Debug)]
pub(crate) struct Ratio;

impl Measurement for Ratio {
    type Intermediate = ();
    type Value = f64;

    /// Not used: every value comes from `iter_custom`.
    fn start(&self) {}

    fn end(&self, (): ()) -> f64 {
        self.zero()
    }

    fn add(&self, first: &f64, second: &f64) -> f64 {
        first + second
    }

    fn zero(&self) -> f64 {
        0.0
    }

    fn to_f64(&self, value: &f64) -> f64 {
        *value
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        self
    }
}

impl ValueFormatter for Ratio {
    fn scale_values(&self, _typical: f64, _values: &mut [f64]) -> &'static str {
        "x baseline"
    }

    fn scale_throughputs(&self, _typical: f64, _throughput: &Throughput, _values: &mut [f64]) -> &'static str {
        "x baseline"
    }

    fn scale_for_machines(&self, _values: &mut [f64]) -> &'static str {
        "x"
    }
}
