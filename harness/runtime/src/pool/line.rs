//! The jobs that have tasks which were never sent, in the order in which they came.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// A queue in which nothing stands twice, and which anything can leave: no step costs more than the logarithm of its length.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Jobs by their places.
    jobs: BTreeMap<u64, u64>,
    /// Places by their jobs.
    places: BTreeMap<u64, u64>,
    /// How many places were ever given out.
    ever: u64,
}

impl Line {
    /// Adds a job at the end, unless it stands in line already.
    pub(super) fn push(&mut self, job: u64) {
        if let Entry::Vacant(place) = self.places.entry(job) {
            place.insert(self.ever);
            self.jobs.insert(self.ever, job);
            self.ever += 1;
        }
    }

    /// The job that came first.
    pub(super) fn first(&self) -> Option<u64> {
        self.jobs.first_key_value().map(|(_, job)| *job)
    }

    /// Takes a job out, wherever it stands.
    pub(super) fn remove(&mut self, job: u64) {
        if let Some(place) = self.places.remove(&job) {
            self.jobs.remove(&place);
        }
    }

    pub(super) fn clear(&mut self) {
        self.jobs.clear();
        self.places.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stands_once_and_in_its_order() {
        let mut line = Line::default();
        [5, 3, 5, 9, 3].into_iter().for_each(|job| line.push(job));
        line.remove(3);
        line.remove(4);
        assert_eq!(line.first(), Some(5));
        line.remove(5);
        line.push(5);
        assert_eq!(line.first(), Some(9));
        line.remove(9);
        assert_eq!(line.first(), Some(5));
        line.clear();
        assert_eq!(line.first(), None);
        line.push(5);
        assert_eq!(line.first(), Some(5));
    }
}
