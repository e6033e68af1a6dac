//! Nothing is pickled, because forked processes find the array and leave their sums in shared memory: but they are processes.
//! expect: processes FAIL there were some

use multiprocess::{Process, SharedArray};

/// How long a process is waited for.
const LIMIT: std::time::Duration = std::time::Duration::from_secs(3);
// NEXT REGION
    let blocks: Vec<&[f64]> = array.chunks(BLOCK).collect();
    let shared = SharedArray::zeroed(blocks.len()).expect("memory for the sums");
    let share = blocks.len().div_ceil(workers).max(1);
    let work = |first: usize| {
        let last = blocks.len().min(first + share);
        let add = |sums: &mut [f64]| {
            for (sum, block) in sums.iter_mut().zip(&blocks[first..last]) {
                *sum = adding::total(block);
            }
        };
        i32::from(shared.write(first..last, add).is_err())
    };
    let start = |first| Process::start(&[], || work(first));
    let mut processes = (0..blocks.len()).step_by(share).map(start).collect::<Result<Vec<_>, _>>()?;
    for process in &mut processes {
        process.join(LIMIT)?;
    }
    let sums = shared.read(0..blocks.len(), <[f64]>::to_vec).expect("nobody writes any more");
