//! The channels: round trips of 8 bytes, and an array of 54 MB one way.

use std::time::Duration;

use criterion::Criterion;
use multiprocess::{Channel, Connection, Ring};

use crate::limits::{ARRAY_BYTES, timed};
use crate::other_side::{LONG, OtherSide};
use crate::placement::Placement;
use crate::table::{Row, Table, Target, configure};

const GROUP: &str = "channels";

/// Waits as long as the other side lives: the fewest system calls.
const ENDLESS: Duration = Duration::MAX;

/// What a ring holds in each direction.
const RING_BYTES: usize = 1 << 20;

/// What the stream's socket may hold: the system allows less, but asking for more than there is does no harm.
const SOCKET_BYTES: usize = 8 << 20;

/// The array goes within this on the ring of iceoryx2 on the machine the target was set on, times 1.2.
const ARRAY_WITHIN: Duration = Duration::from_micros(8_880);

/// A round trip of iceoryx2 between two cores there.
const ROUND_TRIP_WITHIN: Duration = Duration::from_nanos(1_550);

/// The channels, measured, and the targets they were given.
pub(crate) fn group(criterion: &mut Criterion, table: &mut Table) {
    let mut group = criterion.benchmark_group(GROUP);
    configure(&mut group);
    let mut measure = |id: &str, bytes: Option<usize>, run: &mut dyn FnMut(u64) -> Duration| {
        table.measure(&mut group, (GROUP, id), bytes.map(|bytes| bytes as u64), run);
    };
    for placement in Placement::all() {
        let name = |what: &str| format!("{what}/{}", placement.name());
        let pipes = || Connection::pipe_pair().expect("there are descriptors");
        let ahead = |(one, other): (Connection, Connection)| (one.read_ahead(), other.read_ahead());
        round_trip(placement, ahead(pipes()), ENDLESS, |run| measure(&name("pipe"), None, run));
        round_trip(placement, ahead(pipes()), LONG, |run| measure(&name("pipe_limited"), None, run));
        round_trip(placement, pipes(), ENDLESS, |run| measure(&name("pipe_not_ahead"), None, run));
        let sockets = Connection::socket_pair().expect("there are descriptors");
        round_trip(placement, ahead(sockets), ENDLESS, |run| measure(&name("socket"), None, run));
        let (one, other) = rings();
        let sleeping = (one.spinning(0), other.spinning(0));
        round_trip(placement, sleeping, ENDLESS, |run| measure(&name("ring_sleeping"), None, run));
        if placement == Placement::TwoCores {
            let (one, other) = rings();
            let spinning = (one.spinning(500_000), other.spinning(500_000));
            round_trip(placement, spinning, ENDLESS, |run| measure(&name("ring_spinning"), None, run));
            one_way(placement, rings(), |run| measure(&name("ring_array"), Some(ARRAY_BYTES), run));
            let (one, other) = Connection::socket_pair().expect("there are descriptors");
            let one = one.holding(SOCKET_BYTES).expect("a socket takes any wish");
            one_way(placement, (one, other), |run| measure(&name("stream_array"), Some(ARRAY_BYTES), run));
        }
    }
    group.finish();
    rows().into_iter().for_each(|row| table.row(row));
}

fn rings() -> (Ring, Ring) {
    Ring::pair(RING_BYTES).expect("there is memory for a ring")
}

/// Eight bytes there and back.
fn round_trip<C: Channel>(
    placement: Placement,
    (ours, theirs): (C, C),
    limit: Duration,
    measure: impl FnOnce(&mut dyn FnMut(u64) -> Duration),
) {
    let echo = || {
        let mut message = Vec::new();
        while theirs.recv_bytes_into(&mut message, limit).is_ok() {
            theirs.send_bytes(&message, limit).expect("this side takes its answer");
        }
    };
    let other = OtherSide::start(placement, &[&theirs], echo);
    drop(theirs);
    let mut message = Vec::new();
    measure(&mut |iterations| {
        timed(iterations, || {
            ours.send_bytes(&[7; 8], limit).expect("the other side lives");
            ours.recv_bytes_into(&mut message, limit).expect("the other side answers");
            assert_eq!(message, [7; 8]);
        })
    });
    drop(ours);
    other.join();
}

/// The array there, into a buffer used again; it is over when the other side says that it has all.
fn one_way<C: Channel>(
    placement: Placement,
    (ours, theirs): (C, C),
    measure: impl FnOnce(&mut dyn FnMut(u64) -> Duration),
) {
    let drain = || {
        let mut array = Vec::new();
        while theirs.recv_bytes_into(&mut array, ENDLESS).is_ok() {
            assert_eq!((array.len(), array[ARRAY_BYTES - 1]), (ARRAY_BYTES, 7));
            theirs.send_bytes(&[], ENDLESS).expect("this side waits for it");
        }
    };
    let other = OtherSide::start(placement, &[&theirs], drain);
    drop(theirs);
    let (array, mut answer) = (vec![7; ARRAY_BYTES], Vec::new());
    measure(&mut |iterations| {
        timed(iterations, || {
            ours.send_bytes(&array, ENDLESS).expect("the other side lives");
            ours.recv_bytes_into(&mut answer, ENDLESS).expect("the other side answers");
        })
    });
    drop(ours);
    other.join();
}

fn rows() -> Vec<Row> {
    let row = |what: &str, measured: &str, limit: &str, target: Target| Row {
        what: what.to_owned(),
        measured: format!("{GROUP}/{measured}"),
        limit: Some(format!("limits/{limit}")),
        target,
    };
    let pipe = Target::AtMost(1.15);
    let bytes = ARRAY_BYTES as u64;
    vec![
        row("pipe round trip, same core", "pipe/same_core", "pipe_ping_pong/same_core", pipe),
        row("pipe round trip, two cores", "pipe/two_cores", "pipe_ping_pong/two_cores", pipe),
        row("  with a limit, same core", "pipe_limited/same_core", "pipe_ping_pong/same_core", Target::Shown),
        row("  not ahead, same core", "pipe_not_ahead/same_core", "pipe_ping_pong/same_core", Target::Shown),
        row("socket round trip, same core", "socket/same_core", "pipe_ping_pong/same_core", Target::Shown),
        row("socket round trip, two cores", "socket/two_cores", "pipe_ping_pong/two_cores", Target::Shown),
        row("ring round trip, spinning", "ring_spinning/two_cores", "spin_ping_pong/two_cores", Target::AtMost(2.0)),
        row(
            "  against iceoryx2",
            "ring_spinning/two_cores",
            "spin_ping_pong/two_cores",
            Target::Within(ROUND_TRIP_WITHIN),
        ),
        row(
            "ring round trip, sleeping, same core",
            "ring_sleeping/same_core",
            "futex_ping_pong/same_core",
            Target::Shown,
        ),
        row(
            "ring round trip, sleeping, two cores",
            "ring_sleeping/two_cores",
            "futex_ping_pong/two_cores",
            Target::Shown,
        ),
        // Three quarters of the bandwidth is four thirds of the time.
        row("ring, 54 MB one way", "ring_array/two_cores", "copy", Target::AtMost(4.0 / 3.0)),
        row("  against iceoryx2", "ring_array/two_cores", "copy", Target::Within(ARRAY_WITHIN)),
        row("stream, 54 MB one way", "stream_array/two_cores", "copy", Target::BytesPerSecond { bytes, at_least: 4e9 }),
    ]
}
