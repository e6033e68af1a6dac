//! The hand-over of a shared array to another process and back, which takes the same for any length.

use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use criterion::Criterion;
use multiprocess::{HandOver, Inherited, SharedArray};

use crate::limits::timed;
use crate::other_side::{LONG, OtherSide};
use crate::placement::Placement;
use crate::table::{Row, Table, Target, configure};

const GROUP: &str = "memory";

const SMALL_BYTES: usize = 4 << 10;

/// Halved until the memory that is available is four times as much.
const LARGE_BYTES: usize = 1 << 30;

/// What each side does with the array it is handed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// Hands it on.
    Nothing,
    /// Maps it, as the first claim does, to change or read its last number, and drops the mapping.
    OneNumber,
}

/// The hand-over of 4 KiB and of 1 GiB, there and back: by itself, for which there is a target, and with the first use at both ends.
pub(crate) fn group(criterion: &mut Criterion, table: &mut Table) {
    let mut group = criterion.benchmark_group(GROUP);
    configure(&mut group);
    let cases = [("hand_over", Use::Nothing, Target::AtMost(1.2)), ("first_use", Use::OneNumber, Target::Shown)];
    for (placement, (name, using, target)) in
        Placement::all().into_iter().flat_map(|placement| cases.map(|case| (placement, case)))
    {
        let mut measured = Vec::new();
        for bytes in [SMALL_BYTES, large_bytes()] {
            let id = format!("{name}_{}_KiB/{}", bytes >> 10, placement.name());
            let exchange = Exchange::start(placement, using);
            // Made after the fork: the other side has it by the hand-over or not at all.
            let array = SharedArray::<u64>::zeroed(bytes / size_of::<u64>()).expect("so much memory is available");
            let mut round = 0;
            table.measure(&mut group, (GROUP, &id), None, |iterations| {
                timed(iterations, || {
                    round += 1;
                    exchange.there_and_back(&array, round);
                })
            });
            exchange.end();
            measured.push(format!("{GROUP}/{id}"));
        }
        let [small, large] = <[String; 2]>::try_from(measured).expect("one id for each size");
        table.row(Row {
            what: format!("shared array of {} MiB, {name}/{}", large_bytes() >> 20, placement.name()),
            measured: large,
            limit: Some(small),
            target,
        });
    }
    group.finish();
}

/// How large the large array is on this machine.
fn large_bytes() -> usize {
    let told = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = told.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    let available = kib.map_or(usize::MAX, |kib| kib << 10);
    let fits = |bytes: &usize| *bytes <= available / 4;
    std::iter::successors(Some(LARGE_BYTES), |bytes| Some(bytes / 2)).find(fits).unwrap_or(SMALL_BYTES)
}

/// The other side sends back every array it is handed.
struct Exchange {
    using: Use,
    socket: UnixStream,
    other: OtherSide,
}

/// The other side's end of the socket.
struct End(UnixStream);

impl Inherited for End {
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        vec![self.0.as_fd()]
    }
}

impl Exchange {
    fn start(placement: Placement, using: Use) -> Self {
        let (socket, theirs) = UnixStream::pair().expect("there are descriptors for a socket");
        let theirs = End(theirs);
        let other = OtherSide::start(placement, &[&theirs], || {
            // Until this side is gone.
            while let Ok(array) = SharedArray::<u64>::receive_from(&theirs.0, LONG) {
                if using == Use::OneNumber {
                    let last = array.len() - 1..array.len();
                    array.write(last, |numbers| numbers[0] += 1).expect("nobody else claims it");
                }
                array.send_to(&theirs.0, LONG).expect("this side waits");
            }
        });
        Self { using, socket, other }
    }

    /// One hand-over there, and the same way back.
    fn there_and_back(&self, array: &SharedArray<u64>, round: u64) {
        array.send_to(&self.socket, LONG).expect("the other side receives");
        let same = SharedArray::<u64>::receive_from(&self.socket, LONG).expect("the other side sends it back");
        assert_eq!(same.len(), array.len());
        if self.using == Use::OneNumber {
            let last = same.len() - 1..same.len();
            assert_eq!(same.read(last, |numbers| numbers[0]), Ok(round));
        }
    }

    fn end(self) {
        drop(self.socket);
        self.other.join();
    }
}
