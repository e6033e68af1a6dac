//! The sets of parameters of a campaign: fixed ones to fit the model to, and others, drawn from a seed, to find it out.

use record::Params;

use crate::Random;

/// The workloads that the model is asked about lie between these.
const ITEMS: (u64, u64) = (1, 20_000);
const ADDITIONS: (u64, u64) = (250, 12_000_000);
const BYTES: (u64, u64) = (16, 1 << 20);
/// Less than about 0.1 ms of work is an interval of the clock and of cold caches, not of work.
const WORK_AT_LEAST: u64 = 300_000;
/// About 50 ms of work in all, so that a campaign is over in a minute.
const WORK_AT_MOST: u64 = 120_000_000;
/// Payloads of a set, both ways together.
const PAYLOAD_AT_MOST: u64 = 24 << 20;

/// How many sets the model is fitted to, and how many it is tried on, unless somebody asks for fewer.
pub const SETS: usize = 32;

/// One set, with the workers as a number that this machine gives a meaning.
fn set(items: u64, additions: u64, bytes_in: u64, bytes_out: u64, workers: u64, chunksize: u64) -> Params {
    let named = [
        ("items", items),
        ("additions", additions),
        ("bytes_in", bytes_in),
        ("bytes_out", bytes_out),
        ("workers", workers.clamp(1, 256)),
        ("chunksize", chunksize),
    ];
    named.map(|(name, value)| (name.to_owned(), value)).into()
}

/// The fixed sets, for a machine of so many cores: corners of the ranges first, and between them what tells the costs apart.
///
/// ```
/// let sets = harness::instruments::model::sets::fitting(2);
/// assert_eq!(sets.len(), harness::instruments::model::sets::SETS);
/// assert!(sets.iter().all(|set| (1..=4).contains(&set["workers"])));
/// ```
pub fn fitting(cores: usize) -> Vec<Params> {
    let (one, all, twice) = (1, cores as u64, 2 * cores as u64);
    vec![
        // Starts, and next to nothing besides.
        set(1, 300_000, 0, 0, one, 1),
        set(16, 20_000, 100, 100, twice, 1),
        set(8, 12_000_000, 0, 0, all, 1),
        set(6, 50_000, 0, 0, one, 0),
        set(40, 10_000, 5_000, 5_000, all, 10),
        // Messages.
        set(20_000, 250, 0, 0, all, 1),
        set(5_000, 250, 0, 0, one, 1),
        set(10_000, 1_000, 64, 64, twice, 1),
        set(2_000, 20_000, 16, 16, all, 1),
        set(20_000, 2_000, 0, 0, all, 10),
        set(3_000, 40_000, 0, 0, one, 1),
        set(8_000, 10_000, 30, 30, one, 1),
        set(2_000, 5_000, 2_000, 500, all, 1),
        // Items.
        set(20_000, 250, 16, 16, all, 0),
        set(20_000, 5_000, 0, 0, one, 0),
        set(20_000, 250, 200, 200, twice, 10),
        // Bytes, in small and in large payloads, both ways.
        set(24, 100_000, 1 << 20, 0, all, 1),
        set(24, 100_000, 0, 1 << 20, all, 1),
        set(10, 1_000_000, 1 << 20, 1 << 20, one, 1),
        set(300, 10_000, 60_000, 0, twice, 1),
        set(300, 10_000, 0, 60_000, one, 1),
        set(100, 50_000, 100_000, 100_000, all, 0),
        set(2_000, 2_000, 8_000, 0, all, 10),
        set(2_000, 2_000, 0, 8_000, twice, 0),
        set(10_000, 1_000, 1_000, 1_000, all, 10),
        set(60, 300_000, 150_000, 150_000, all, 10),
        set(1_000, 20_000, 20_000, 0, one, 0),
        set(4, 2_000_000, 0, 100_000, twice, 10),
        // Work.
        set(100, 1_000_000, 0, 0, all, 0),
        set(100, 1_000_000, 1_000, 1_000, twice, 1),
        set(500, 200_000, 100, 10_000, one, 10),
        set(1_000, 100_000, 10_000, 100, twice, 0),
    ]
}

/// `count` sets drawn from `seed`, in the same ranges: sizes evenly over the logarithms, everything else evenly.
///
/// ```
/// use harness::instruments::model::sets::held_out;
/// assert_eq!(held_out(5, 7, 2), held_out(5, 7, 2));
/// assert_ne!(held_out(5, 7, 2), held_out(5, 8, 2));
/// ```
pub fn held_out(count: usize, seed: u64, cores: usize) -> Vec<Params> {
    let mut random = Random::seeded(seed);
    (0..count).map(|_| draw(&mut random, cores)).collect()
}

fn draw(random: &mut Random, cores: usize) -> Params {
    let items = spread(random, ITEMS);
    let additions = spread(random, ADDITIONS).clamp(WORK_AT_LEAST.div_ceil(items), (WORK_AT_MOST / items).max(1));
    let size = spread(random, BYTES).min(PAYLOAD_AT_MOST / 2 / items);
    let (bytes_in, bytes_out) = match below(random, 4) {
        0 => (0, 0),
        1 => (size, 0),
        2 => (0, size),
        _ => (size, size),
    };
    let workers = 1 + below(random, 2 * cores as u64);
    let chunksize = [1, 10, 0][below(random, 3) as usize];
    set(items, additions, bytes_in, bytes_out, workers, chunksize)
}

/// A number below `end`, which is small.
fn below(random: &mut Random, end: u64) -> u64 {
    random.next().unwrap_or(0) % end.max(1)
}

/// A number of a range, its logarithm evenly spread.
fn spread(random: &mut Random, (low, high): (u64, u64)) -> u64 {
    let share = below(random, 1 << 53) as f64 / (1_u64 << 53) as f64;
    ((low as f64) * (high as f64 / low as f64).powf(share)).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_is_one_that_the_instrument_takes_and_no_larger_than_promised() {
        for cores in [1, 2, 64, 512] {
            for set in fitting(cores).into_iter().chain(held_out(500, 3, cores)) {
                let settings: Vec<(String, u64)> = set.clone().into_iter().collect();
                let taken = super::super::MODEL.params(record::Profile::Quick, &settings).unwrap();
                assert_eq!(taken, set);
                assert!(set["items"] * set["additions"] <= WORK_AT_MOST, "{set:?}");
                assert!(set["items"] * (set["bytes_in"] + set["bytes_out"]) <= 2 * PAYLOAD_AT_MOST, "{set:?}");
            }
        }
    }

    #[test]
    fn the_drawn_sets_reach_all_over_their_ranges() {
        let sets = held_out(500, 1, 2);
        for (name, small, large) in [("items", 5, 5_000), ("additions", 1_000, 3_000_000), ("bytes_in", 1, 200_000)] {
            assert!(sets.iter().any(|set| set[name] < small), "{name}");
            assert!(sets.iter().any(|set| set[name] > large), "{name}");
        }
        for workers in 1..=4 {
            assert!(sets.iter().any(|set| set["workers"] == workers));
        }
    }
}
