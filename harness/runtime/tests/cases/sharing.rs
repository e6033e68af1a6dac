//! Arrays that processes share in place, and the claims that keep them apart.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, RwLock};

use bincode::{Decode, Encode};
use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::{ClaimError, Error, Function, Process, SharedArray, SharedBlocks, Status, register_function, trap};
use nix::sys::signal::{Signal, raise};

use super::Case;
use super::process::LONG;

pub(super) const CASES: &[Case] = &[
    ("a_worker_writes_where_its_parent_reads", worker_writes_where_its_parent_reads),
    ("overlapping_claims_are_refused_in_one_process", overlaps_in_one_process),
    ("overlapping_claims_are_refused_across_processes", overlaps_across_processes),
    ("no_two_ever_hold_one_number_to_write", no_two_ever_hold_one_number),
    ("a_worker_killed_with_a_claim_keeps_it", killed_with_a_claim),
    ("a_panic_gives_the_claim_back", panic_gives_the_claim_back),
    ("more_claims_than_there_is_room_for_are_refused", too_many_claims),
    ("a_shared_array_of_impossible_size_is_an_error", impossible_size),
    ("a_spawned_worker_does_not_have_the_array", spawned_worker_does_not_have_it),
    ("nobody_forks_while_shared_numbers_are_claimed", no_fork_with_a_claim),
    ("nobody_forks_while_a_shared_block_is_owned", no_fork_with_a_block),
];

/// The array of the running case, inherited by the workers it forks.
static ARRAY: RwLock<Option<Arc<SharedArray<u64>>>> = RwLock::new(None);

fn array() -> Arc<SharedArray<u64>> {
    ARRAY.read().unwrap().clone().expect("the case has put an array there before the fork")
}

/// Runs `case` with an array of `len` zeros, and sees that its memory is given back.
fn with_array(len: usize, case: impl FnOnce(&SharedArray<u64>)) {
    let before = mappings();
    let array = Arc::new(SharedArray::zeroed(len).unwrap());
    assert_eq!(mappings(), before + 1);
    *ARRAY.write().unwrap() = Some(Arc::clone(&array));
    case(&array);
    *ARRAY.write().unwrap() = None;
    drop(array);
    assert_eq!(mappings(), before);
}

/// How many mappings of shared memory this process has (proc(5), memfd_create(2): they show by the name of their memfd).
pub(super) fn mappings() -> usize {
    std::fs::read_to_string("/proc/self/maps").unwrap().matches("/memfd:multiprocess (deleted)").count()
}

macro_rules! function {
    ($name:ident, $item:ty => $output:ty, |$item_name:ident| $body:expr) => {
        #[derive(Encode, Decode)]
        struct $name;
        impl Function for $name {
            const NAME: &'static str = concat!("cases::sharing::", stringify!($name));
            type State = ();
            type Item = $item;
            type Output = $output;
            fn call(&self, _: &(), $item_name: $item) -> $output {
                $body
            }
        }
        register_function!($name);
    };
}

fn fill(range: Range<usize>) -> Result<(), ClaimError> {
    array().write(range.clone(), |numbers| {
        for (number, index) in numbers.iter_mut().zip(range) {
            *number = index as u64;
        }
    })
}

function!(Fill, Range<usize> => Result<(), String>, |range| fill(range).map_err(|refused| refused.to_string()));
function!(Sum, Range<usize> => Result<u64, String>, |range| {
    array().read(range, |numbers| numbers.iter().sum()).map_err(|refused| refused.to_string())
});
function!(DieHolding, Range<usize> => (), |range| array().write(range, |_| raise(Signal::SIGKILL).unwrap()).unwrap());
function!(Contend, u64 => (u64, u64), |seed| contend(&array(), seed));

fn worker_writes_where_its_parent_reads() {
    with_array(1_000, |array| {
        let pool = Pool::start(Config::new(3)).unwrap();
        let parts = (0..10).map(|part| part * 100..(part + 1) * 100).collect();
        let filled = pool.map(Fill, parts, Chunksize::from(1)).unwrap();
        assert!(filled.iter().all(Result::is_ok), "{filled:?}");
        assert!(array.read(0..1_000, |numbers| numbers.iter().copied().eq(0..1_000)).unwrap());
        // The other way: what the parent writes after the fork, a worker reads.
        array.write(0..1_000, |numbers| numbers.fill(1)).unwrap();
        assert_eq!(pool.map(Sum, std::iter::once(0..1_000).collect(), Chunksize::Automatic).unwrap(), [Ok(1_000)]);
        pool.finish().unwrap();
    });
}

fn overlaps_in_one_process() {
    with_array(100, |array| {
        let own = std::process::id();
        array
            .write(10..20, |_| {
                for asked in [0..11, 19..20, 12..13, 0..100] {
                    let refused = ClaimError::Overlap { asked: asked.clone(), claimed: 10..20, pid: own };
                    assert_eq!(array.write(asked.clone(), |_| ()), Err(refused.clone()));
                    assert_eq!(array.read(asked, |_| ()), Err(refused));
                }
                assert_eq!(array.write(0..10, |part| part.len()), Ok(10));
                assert_eq!(array.read(20..100, <[u64]>::len), Ok(80));
                assert_eq!(array.write(15..15, |part| part.len()), Ok(0), "nothing overlaps with nothing");
            })
            .unwrap();
        array
            .read(10..20, |_| {
                assert_eq!(array.read(0..100, <[u64]>::len), Ok(100), "readers do not exclude each other");
                assert!(array.write(19..21, |_| ()).is_err());
            })
            .unwrap();
        assert_eq!(array.read(90..101, |_| ()), Err(ClaimError::Outside { asked: 90..101, len: 100 }));
        #[expect(clippy::reversed_empty_ranges, reason = "a range the wrong way round is what is refused")]
        let backwards = array.read(5..4, |_| ());
        assert!(backwards.is_err());
        assert_eq!(array.write(0..100, |part| part.len()), Ok(100), "all claims were given back");
    });
}

fn overlaps_across_processes() {
    with_array(100, |array| {
        let pool = Pool::start(Config::new(1)).unwrap();
        let asked = || vec![0..50, 49..60, 50..60];
        let own = std::process::id();
        let said = |part: &str| format!("{part} of a shared array overlaps 10..50, which process {own} has claimed");
        let results = array.write(10..50, |_| pool.map(Fill, asked(), Chunksize::from(1)).unwrap()).unwrap();
        assert_eq!(results, [Err(said("0..50")), Err(said("49..60")), Ok(())]);
        let results = array.read(10..50, |_| pool.map(Sum, asked(), Chunksize::from(1)).unwrap()).unwrap();
        assert_eq!(results, [Ok(0), Ok((50..60).sum()), Ok((50..60).sum())]);
        let results = pool.map(Fill, asked(), Chunksize::from(1)).unwrap();
        assert_eq!(results, [Ok(()), Ok(()), Ok(())]);
        pool.finish().unwrap();
    });
}

/// Claims pseudo-random ranges, and sees that nobody else writes them meanwhile; tells how often it was given one, and how often not.
fn contend(array: &SharedArray<u64>, seed: u64) -> (u64, u64) {
    let (mut state, mut given, mut refused) = (seed, 0, 0);
    for round in 0..20_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let first = (state >> 33) as usize % 60;
        let name = seed << 32 | round;
        let written = array.write(first..first + 5, |numbers| {
            numbers.fill(name);
            numbers.sort_unstable();
            assert!(numbers.iter().all(|number| *number == name), "somebody else wrote what was claimed");
        });
        match written {
            Ok(()) => given += 1,
            Err(_) => refused += 1,
        }
    }
    (given, refused)
}

fn no_two_ever_hold_one_number() {
    with_array(64, |array| {
        let pool = Pool::start(Config::new(4)).unwrap();
        let mut counts = pool.map(Contend, vec![1, 2, 3, 4], Chunksize::from(1)).unwrap();
        pool.finish().unwrap();
        std::thread::scope(|scope| {
            let threads: Vec<_> = (5..8).map(|seed| scope.spawn(move || contend(array, seed))).collect();
            counts.extend(threads.into_iter().map(|thread| thread.join().unwrap()));
        });
        assert!(counts.iter().all(|(given, refused)| *given > 0 && given + refused == 20_000), "{counts:?}");
        assert_eq!(array.write(0..64, |part| part.len()), Ok(64), "all claims were given back");
    });
}

fn killed_with_a_claim() {
    with_array(100, |array| {
        let pool = Pool::start(Config::new(2)).unwrap();
        let error = pool.map(DieHolding, std::iter::once(10..20).collect(), Chunksize::from(1)).unwrap_err();
        let pid = error.worker_pid().expect("it names the worker");
        drop(pool);
        let refused = ClaimError::Overlap { asked: 0..100, claimed: 10..20, pid };
        assert_eq!(array.write(0..100, |_| ()), Err(refused.clone()));
        assert_eq!(array.read(0..100, |_| ()), Err(refused));
        assert_eq!(array.write(20..100, |part| part.len()), Ok(80), "the rest can still be used");
    });
}

fn panic_gives_the_claim_back() {
    with_array(10, |array| {
        let panicked =
            std::thread::scope(|scope| scope.spawn(|| array.write(0..10, |_| panic!("on purpose"))).join().is_err());
        assert!(panicked);
        assert_eq!(array.write(0..10, |part| part.len()), Ok(10));
    });
}

fn too_many_claims() {
    fn nested(array: &SharedArray<u64>, depth: usize) -> (usize, ClaimError) {
        array.read(0..1, |_| nested(array, depth + 1)).unwrap_or_else(|refused| (depth, refused))
    }
    with_array(1, |array| {
        let (depth, refused) = nested(array, 0);
        assert!(depth > 256, "{depth}");
        assert_eq!(refused, ClaimError::Full);
        assert_eq!(array.write(0..1, |part| part.len()), Ok(1));
    });
}

fn impossible_size() {
    for len in [usize::MAX, usize::MAX / 8, 1 << 58, 1 << 45] {
        assert!(SharedArray::<u64>::zeroed(len).is_err(), "{len}");
    }
    let nothing = SharedArray::<f64>::of(&[]).unwrap();
    assert!(nothing.is_empty() && nothing.write(0..0, |part| part.is_empty()).unwrap());
    assert!(nothing.read(0..1, |_| ()).is_err());
}

fn spawned_worker_does_not_have_it() {
    with_array(10, |_| {
        let config = Config::new(1).start_method(multiprocess::StartMethod::Spawn);
        let pool = Pool::start(config).unwrap();
        let error = pool.map(Fill, std::iter::once(0..10).collect(), Chunksize::Automatic).unwrap_err();
        assert!(error.is_task_failed() && error.to_string().contains("before the fork"), "{error}");
        pool.finish().unwrap();
    });
}

/// Every way there is to fork is refused now.
pub(super) fn forks_are_refused() {
    let refusals: [Option<Error>; 4] = [
        Process::start(&[], || 0).err(),
        trap::fork_alone(|| 0).err(),
        trap::fork_despite_threads(|| 0).err(),
        Pool::start(Config::new(1)).err(),
    ];
    for refused in refusals {
        let refused = refused.expect("a child would hold the numbers, too");
        assert!(refused.is_fork_refused() && refused.to_string().contains("blocks: 1)"), "{refused}");
    }
}

/// A child that adds 1 to the first number, and its end.
fn added(array: &SharedArray<u64>) -> Status {
    let body = || i32::from(array.write(0..1, |numbers| numbers[0] += 1).is_err());
    Process::start(&[], body).unwrap().join(LONG).unwrap().status
}

fn no_fork_with_a_claim() {
    with_array(10, |array| {
        array
            .write(0..10, |numbers| {
                // What the compiler cannot see: child and parent would both write.
                let child = Process::start(&[], || {
                    numbers[0] = 1;
                    0
                });
                assert!(child.unwrap_err().is_fork_refused());
                forks_are_refused();
                numbers[0] = 2;
            })
            .unwrap();
        array.read(0..1, |_| forks_are_refused()).unwrap();
        assert!(array.read(0..11, |_| ()).is_err());
        array.read(0..1, |_| assert!(array.write(0..1, |_| ()).is_err())).unwrap();
        assert_eq!(added(array), Status::Exited(0), "what was refused or given back is not held");
        assert_eq!(array.read(0..1, |numbers| numbers[0]).unwrap(), 3);
        let panic = AssertUnwindSafe(|| array.write(0..10, |_| panic!("on purpose")));
        assert!(catch_unwind(panic).is_err());
        assert_eq!(added(array), Status::Exited(0), "nor is what a panic gave back");
    });
}

fn no_fork_with_a_block() {
    let blocks = SharedBlocks::create(1, 10).unwrap();
    let block = blocks.take(0, LONG).unwrap();
    forks_are_refused();
    let mut block = blocks.receive(block.hand_over()).unwrap();
    block[0] = 1.0;
    forks_are_refused();
    block.hand_over();
    let receive = || {
        let mut block = blocks.receive(0).unwrap();
        forks_are_refused();
        block[0] += 1.0;
        0
    };
    assert_eq!(Process::start(&[], receive).unwrap().join(LONG).unwrap().status, Status::Exited(0));
    let block = blocks.take(0, LONG).unwrap();
    assert_eq!(block[0], 2.0);
    drop(block);
    assert_eq!(Process::start(&[], || 0).unwrap().join(LONG).unwrap().status, Status::Exited(0));
}
