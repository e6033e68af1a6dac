//! Inputs with what the model makes of them, for fixed constants: whoever writes the model down again elsewhere can check it.

use serde::{Deserialize, Serialize};

use super::{Constants, Prediction, Serial, Side, Start, Starts, Threads, Workload, predict};

/// Constants, and workloads with their predictions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vectors {
    /// The constants of all of them; of no machine in particular.
    pub constants: Constants,
    /// The workloads.
    pub vectors: Vec<Vector>,
}

/// One workload with its prediction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    /// The workload.
    pub workload: Workload,
    /// What the model says.
    pub prediction: Prediction,
}

/// Round numbers, near those of a small machine.
pub const CONSTANTS: Constants = Constants {
    cores: 4,
    addition_ns: 0.5,
    crowding: 1.125,
    serial: Serial { once_ns: 5_000.0, item_ns: 40.0, byte_ns: 0.0625, fresh_ns: 0.25 },
    threads: Threads {
        once_ns: 40_000.0,
        each_ns: 25_000.0,
        task_ns: 800.0,
        wake_ns: 4_000.0,
        item_ns: 60.0,
        byte_ns: 0.125,
        fresh_ns: 0.25,
    },
    parent: Side { message_ns: 6_000.0, item_ns: 150.0, byte_in_ns: 0.75, byte_out_ns: 0.5 },
    worker: Side { message_ns: 8_000.0, item_ns: 120.0, byte_in_ns: 0.5, byte_out_ns: 0.75 },
    wake_ns: 5_000.0,
    copied_page_ns: 2_000.0,
    piece_ns: 20_000.0,
    start: Starts {
        fork: Start { once_ns: 400_000.0, each_ns: 300_000.0 },
        forkserver: Start { once_ns: 4_000_000.0, each_ns: 500_000.0 },
        spawn: Start { once_ns: 800_000.0, each_ns: 2_000_000.0 },
    },
};

/// All vectors: what is nothing, what is one, what does not divide evenly, and what is large.
///
/// ```
/// use harness::model::{predict, vectors::vectors};
/// let all = vectors();
/// assert!(all.vectors.iter().all(|vector| predict(&vector.workload, &all.constants) == vector.prediction));
/// ```
pub fn vectors() -> Vectors {
    let mut vectors = Vec::new();
    for (items, item_ns) in [(0, 1e6), (1, 5e6), (7, 1_000.0), (100, 2e6), (1_000, 5e4), (20_000, 100.0)] {
        for (bytes_in, bytes_out) in [(0, 0), (1_000, 10), (0, 200_000)] {
            for (workers, chunksize) in [(1, 0), (4, 1), (4, 0), (6, 10)] {
                let workload = Workload { items, item_ns, bytes_in, bytes_out, workers, chunksize };
                vectors.push(Vector { workload, prediction: predict(&workload, &CONSTANTS) });
            }
        }
    }
    Vectors { constants: CONSTANTS, vectors }
}

/// The vectors as the file that is committed: JSON, a workload a line.
///
/// # Panics
/// Never: numbers and names can always be written.
pub fn text() -> String {
    let Vectors { constants, vectors } = vectors();
    let lines: Vec<String> = vectors.iter().map(json).collect();
    format!("{{\"constants\":{},\n\"vectors\":[\n{}\n]}}\n", json(&constants), lines.join(",\n"))
}

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("numbers and names can be written")
}
