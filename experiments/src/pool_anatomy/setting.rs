//! The parameters, typed, and the answer that every variant gives.

use std::error::Error;

use record::Params;

use super::tasks::{root, sum_of_bits};

pub(super) type Fault = Box<dyn Error + Send + Sync>;

/// The parameters.
#[derive(Clone, Copy)]
pub(super) struct Setting {
    pub(super) workers: usize,
    /// Items that nothing is done to.
    pub(super) items: u64,
    /// Numbers whose root is drawn.
    pub(super) numbers: u64,
    /// Additions per item of a traced map, and of the items that wait for each other.
    pub(super) inner: u64,
    pub(super) trials: u64,
}

impl Setting {
    pub(super) fn new(params: &Params) -> Result<Self, Fault> {
        Ok(Self {
            workers: usize::try_from(params["workers"])?,
            items: params["items"],
            numbers: params["numbers"],
            inner: params["inner"],
            trials: params["trials"],
        })
    }

    pub(super) fn items(&self) -> Vec<u64> {
        (0..self.items).collect()
    }

    pub(super) fn numbers(&self) -> Vec<u64> {
        (0..self.numbers).collect()
    }

    /// The answer of a variant that has handed items through: their sum, and the roots, which it draws here, untimed.
    pub(super) fn answer_of_items(&self, returned: &[u64]) -> String {
        answer(returned.iter().sum(), sum_of_bits((0..self.numbers).map(root)))
    }

    /// The answer of a variant that has drawn roots, from the sum of their bits; the items it hands through here, untimed.
    pub(super) fn answer_of_roots(&self, roots: u64) -> String {
        answer((0..self.items).sum(), roots)
    }

    /// The answer of a variant that does neither in its measured time, and has looked at its own results itself.
    pub(super) fn answer(&self) -> String {
        self.answer_of_roots(sum_of_bits((0..self.numbers).map(root)))
    }
}

fn answer(items: u64, roots: u64) -> String {
    format!("{items:x}-{roots:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_knows_the_items_and_the_roots() {
        let setting = Setting { workers: 2, items: 5, numbers: 3, inner: 0, trials: 1 };
        let answer = setting.answer();
        assert_eq!(setting.answer_of_items(&[4, 3, 2, 1, 0]), answer);
        assert_ne!(setting.answer_of_items(&[4, 3, 2, 0]), answer);
        let roots = sum_of_bits([0.0, 1.0, 2_f64.sqrt()].into_iter());
        assert_eq!(setting.answer_of_roots(roots), answer);
        assert_ne!(setting.answer_of_roots(roots - 1), answer);
    }
}
