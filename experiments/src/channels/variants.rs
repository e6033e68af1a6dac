//! The variants that carry messages there and back: small ones while the clock runs, then one size after the other.

use std::time::Instant;

use harness::{Measured, Outcome};
use multiprocess::meter::WorkerReport;
use record::Params;

use super::cores::{Cores, pin};
use super::ends::{Fault, Kind};
use super::messages::{Checksum, Message, SMALL_BYTES, looks_like, one_of_each, small};
use super::peer::{Here, Peer, There};
use crate::turns;

pub(super) type Answered = Result<Outcome, Fault>;

/// Round trips that wake everything up before the clock starts.
const WARMING: u64 = 16;

/// Large messages are sent fewer times: about so many bytes in all, there and back, and one way.
const ECHOED_BYTES: u64 = 512 << 10;
const STREAMED_BYTES: u64 = 1 << 20;

/// A stream has so many times the messages of a series of round trips, which take longer each, and two at least.
const STREAMED: u64 = 4;

/// Copies in one process are so short that they are repeated: about so many in all.
const COPIED: u64 = 200_000;

/// What was measured with two processes in one place, size by size.
struct Sweep {
    round_trip_ns: Vec<u64>,
    bytes_per_s: Vec<u64>,
    /// What came back, as its checksum.
    arrived: Vec<u32>,
}

pub(super) fn here(params: &Params) -> Answered {
    let messages = one_of_each(params);
    let mut here = Here::default();
    let passes = (COPIED / params["messages"]).max(1);
    let (measured, mut checksum) = timed(&mut here, params, passes)?;
    let sweep = swept(&mut here, &messages, params)?;
    sweep.arrived.iter().for_each(|crc| checksum.add(&crc.to_le_bytes()));
    let outcome = measured.answer(|()| checksum.answer());
    let outcome = told(outcome, params, &messages).iterations(params["messages"] * passes);
    Ok(outcome.series("round_trip_ns", sweep.round_trip_ns))
}

/// By another process: one on a core of its own if there is one, and one on ours.
pub(super) fn there(params: &Params, kind: Kind) -> Answered {
    let messages = one_of_each(params);
    let cores = Cores::find()?;
    // Both are forked before anything is sent: a queue that has been put to has a thread.
    let mut apart = cores.other.map(|core| There::start(kind, core, true)).transpose()?;
    let mut beside = There::start(kind, cores.here, false)?;
    pin(cores.here)?;
    let (measured, mut checksum) = timed(apart.as_mut().unwrap_or(&mut beside), params, 1)?;
    let same_core = swept(&mut beside, &messages, params)?;
    let two_cores = apart.as_mut().map(|apart| swept(apart, &messages, params)).transpose()?;
    if two_cores.as_ref().is_some_and(|sweep| sweep.arrived != same_core.arrived) {
        return Err("on two cores another message arrived than on one".into());
    }
    same_core.arrived.iter().for_each(|crc| checksum.add(&crc.to_le_bytes()));
    let reports = [apart, Some(beside)].into_iter().flatten().map(There::leave);
    let reports: Vec<WorkerReport> = reports.collect::<Result<_, _>>()?;
    let outcome = told(measured.with_workers(reports).answer(|()| checksum.answer()), params, &messages)
        .series("same_core_round_trip_ns", same_core.round_trip_ns)
        .series("same_core_bytes_per_s", same_core.bytes_per_s)
        .series("cores", [Some(cores.here), cores.other].into_iter().flatten().map(|core| core as u64).collect());
    Ok(match two_cores {
        Some(sweep) => outcome.series("round_trip_ns", sweep.round_trip_ns).series("bytes_per_s", sweep.bytes_per_s),
        None => outcome.note("one_core", "the timed part ran on one core: a second cannot be had at the same time"),
    })
}

fn told(outcome: Outcome, params: &Params, messages: &[Message]) -> Outcome {
    let sizes = messages.iter().map(|message| message.len() as u64).collect();
    outcome.iterations(params["messages"]).fact("message_bytes", SMALL_BYTES as u64).series("sizes_bytes", sizes)
}

/// The small messages there and back, one after the other, as often as there are passes; and what arrived in one of them.
fn timed(peer: &mut dyn Peer, params: &Params, passes: u64) -> Result<(Measured<()>, Checksum), Fault> {
    let small = small();
    peer.echo(&small, WARMING, &mut |_, _| Ok(()))?;
    let mut checksum = Checksum::default();
    let measured = Measured::take(|| {
        for _ in 0..passes {
            checksum = Checksum::default();
            peer.echo(&small, params["messages"], &mut |back, _| {
                checksum.add(back);
                Ok(())
            })?;
        }
        Ok::<_, Fault>(((), Vec::new()))
    })?;
    Ok((measured, checksum))
}

/// One size after the other, in an order that is drawn.
fn swept(peer: &mut dyn Peer, messages: &[Message], params: &Params) -> Result<Sweep, Fault> {
    let points = messages.len();
    let mut sweep = Sweep { round_trip_ns: vec![0; points], bytes_per_s: vec![0; points], arrived: vec![0; points] };
    for at in turns::order(points, 0) {
        let message = &messages[at];
        let bytes = message.len() as u64;
        // The first of each size finds memory that is not there yet.
        sweep.arrived[at] = arrived(peer, message)?;
        let times = times(bytes, ECHOED_BYTES, params["rounds"], 1);
        let begin = Instant::now();
        peer.echo(std::slice::from_ref(message), times, &mut |back, sent| match looks_like(back, sent) {
            true => Ok(()),
            false => Err(format!("a message of {bytes} bytes came back as another").into()),
        })?;
        sweep.round_trip_ns[at] = (begin.elapsed().as_nanos() / u128::from(times)).try_into()?;
        let times = self::times(bytes, STREAMED_BYTES, params["rounds"] * STREAMED, 2);
        let begin = Instant::now();
        peer.stream(message, times)?;
        let seconds = begin.elapsed().as_secs_f64().max(1e-9);
        sweep.bytes_per_s[at] = ((times * bytes) as f64 / seconds) as u64;
    }
    Ok(sweep)
}

/// Sends the message there and back once, and looks at all of it.
fn arrived(peer: &mut dyn Peer, message: &Message) -> Result<u32, Fault> {
    let mut crc = 0;
    peer.echo(std::slice::from_ref(message), 1, &mut |back, _| {
        crc = crc32fast::hash(back);
        Ok(())
    })?;
    Ok(crc)
}

/// How often a message of this size is sent: about `in_all` bytes, at most `at_most` times, and at least `at_least` times.
fn times(bytes: u64, in_all: u64, at_most: u64, at_least: u64) -> u64 {
    (in_all / bytes.max(1)).min(at_most).max(at_least)
}

#[cfg(test)]
mod tests {
    use super::times;

    #[test]
    fn large_messages_are_sent_a_few_times_and_small_ones_not_too_often() {
        assert_eq!((times(0, 1_000, 50, 2), times(8, 1_000, 50, 2), times(100, 1_000, 50, 2)), (50, 50, 10));
        assert_eq!((times(501, 1_000, 50, 2), times(1 << 30, 1_000, 50, 1)), (2, 1));
    }
}
