//! Both ways to deadlock a pipe: both ends read first, or both write first more than it holds.
//!
//! Each trial is two processes with a pipe in each direction, and no other process has an end of either. If both sleep in a call that waits
//! for one of these pipes and for nothing else, without a limit, then each waits for the other, and nobody is left who could end it. That is
//! proved by two looks at both; where `/proc` hides it, a deadline decides.

use std::time::{Duration, Instant};

use harness::{Measured, Outcome};
use multiprocess::{Channel, Connection, Process, Status, wait};
use nix::fcntl::{FcntlArg, fcntl};
use record::{COUNTED_IN, Params};

use super::ends::{FOR_EVER, Fault};
use super::look::Look;
use super::variants::Answered;

/// How long the two may take that are not proven to hang; and once two have hung without a proof, because this system does not tell.
const DEADLINE: Duration = Duration::from_secs(5);
const WITHOUT_PROOF: Duration = Duration::from_millis(200);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(1);

/// Exit codes of a side: a message came; the other end is gone.
const CAME: i32 = 0;
const GONE: i32 = 3;
const FAILED: i32 = 1;

/// The header of a message below 2 GiB.
const HEADER_BYTES: u64 = 4;

/// What each side does.
type Side = fn(&Connection, &[u8]) -> Result<(), multiprocess::Error>;

// ANCHOR: both_read
/// Waits for a question before it sends its own.
fn read_first(end: &Connection, message: &[u8]) -> Result<(), multiprocess::Error> {
    end.recv_bytes(FOR_EVER)?;
    end.send_bytes(message, FOR_EVER)
}
// ANCHOR_END: both_read

// ANCHOR: both_write
/// Sends its own question before it looks at the other's.
fn write_first(end: &Connection, message: &[u8]) -> Result<(), multiprocess::Error> {
    end.send_bytes(message, FOR_EVER)?;
    end.recv_bytes(FOR_EVER).map(drop)
}
// ANCHOR_END: both_write

pub(super) fn both_read(params: &Params) -> Answered {
    demonstrated(params, read_first, &[1; 8], None)
}

pub(super) fn both_write(params: &Params) -> Answered {
    let (bytes, holds) = (params["write_bytes"], capacity()?);
    let fits = format!("{bytes} bytes and their header fit into the {holds} bytes that a pipe holds");
    let no_room = (bytes + HEADER_BYTES <= holds).then_some(fits);
    let message = vec![1; usize::try_from(bytes)?];
    Ok(demonstrated(params, write_first, &message, no_room)?.fact("pipe_bytes", holds))
}

/// How much a pipe holds here.
fn capacity() -> Result<u64, Fault> {
    let (_reader, writer) = std::io::pipe()?;
    Ok(fcntl(&writer, FcntlArg::F_GETPIPE_SZ)?.try_into()?)
}

/// What became of the trials.
#[derive(Default)]
struct Tally {
    came: u64,
    hung: u64,
    proven: u64,
    /// Hung pairs of which the second side ended by itself as soon as the first was gone.
    released: u64,
    watched: Duration,
    report: Option<String>,
}

fn demonstrated(params: &Params, side: Side, message: &[u8], no_room: Option<String>) -> Answered {
    let mut tally = Tally::default();
    let measured = Measured::take(|| {
        (0..params["trials"]).try_for_each(|_| trial(&mut tally, side, message))?;
        Ok::<_, Fault>(((), Vec::new()))
    })?;
    let outcome = measured
        .answer(|()| tally.came.to_string())
        .fault_seen(tally.hung, tally.came + tally.hung)
        .note(COUNTED_IN, "pairs of processes")
        .fact("proven", tally.proven)
        .fact("released", tally.released)
        .fact("watched_ns", u64::try_from(tally.watched.as_nanos()).unwrap_or(u64::MAX));
    let outcome = tally.report.into_iter().fold(outcome, |outcome: Outcome, report| outcome.note("report", report));
    Ok(no_room.into_iter().fold(outcome, Outcome::no_room))
}

/// One pair of processes, watched until both have ended.
fn trial(tally: &mut Tally, side: Side, message: &[u8]) -> Result<(), Fault> {
    let (one, other) = Connection::pipe_pair()?;
    let start = |end: &Connection| {
        Process::start(&[end], || match side(end, message) {
            Ok(()) => CAME,
            Err(fault) if fault.is_peer_gone() => GONE,
            Err(_) => FAILED,
        })
    };
    let mut sides = [start(&one)?, start(&other)?];
    drop((one, other));
    let limit = if tally.hung > tally.proven { WITHOUT_PROOF } else { DEADLINE };
    let begin = Instant::now();
    let Some(stuck) = until_end_or_proof(&sides, begin + limit)? else {
        let codes = ended(&mut sides)?;
        if codes != [Status::Exited(CAME); 2] {
            return Err(format!("the two sides {} and {}", codes[0], codes[1]).into());
        }
        tally.came += 1;
        return Ok(());
    };
    let watched = begin.elapsed();
    sides[0].kill();
    let codes = ended(&mut sides)?;
    tally.hung += 1;
    tally.proven += u64::from(stuck.proven.is_some());
    tally.released += u64::from(codes[1] == Status::Exited(GONE));
    tally.watched += watched;
    if tally.report.is_none() {
        tally.report = Some(stuck.report(&sides, watched, codes));
    }
    Ok(())
}

fn ended(sides: &mut [Process; 2]) -> Result<[Status; 2], Fault> {
    let [one, other] = sides;
    Ok([one.join(DEADLINE)?.status, other.join(DEADLINE)?.status])
}

/// The last look at two processes that have not ended.
struct Stuck {
    looks: [Look; 2],
    /// What each waits for, if it is proven that nobody can end it.
    proven: Option<[(&'static str, String); 2]>,
}

/// None if both end, or one does: the other will, too.
fn until_end_or_proof(sides: &[Process; 2], deadline: Instant) -> Result<Option<Stuck>, Fault> {
    let mut before = sides.each_ref().map(|side| Look::at(side.pid()));
    loop {
        if !wait(&sides.each_ref().map(Process::sentinel), PAUSE)?.is_empty() {
            return Ok(None);
        }
        let looks = sides.each_ref().map(|side| Look::at(side.pid()));
        let proven = proof(&looks, &before);
        if proven.is_some() || Instant::now() >= deadline {
            return Ok(Some(Stuck { looks, proven }));
        }
        before = looks;
    }
}

// ANCHOR: proof
/// What both wait for: each sleeps, alone, in a read or a write of a pipe of which only the other has the second end; and neither has run
/// since the last look.
fn proof(looks: &[Look; 2], before: &[Look; 2]) -> Option<[(&'static str, String); 2]> {
    let asleep = looks.iter().zip(before).all(|(look, before)| look.sleeps_since(before) && look.threads == Some(1));
    let waits = [looks[0].waits_for_pipe()?, looks[1].waits_for_pipe()?];
    let held_by_the_other = looks[1].pipes().contains(&waits[0].1) && looks[0].pipes().contains(&waits[1].1);
    (asleep && held_by_the_other && waits[0].1 != waits[1].1).then_some(waits)
}
// ANCHOR_END: proof

impl Stuck {
    /// What there is to say, one line per fact: a name, a colon, what was seen.
    fn report(&self, sides: &[Process; 2], watched: Duration, [one, other]: [Status; 2]) -> String {
        let milliseconds = watched.as_secs_f64() * 1e3;
        let verdict = match self.proven {
            Some(_) => "hang for ever: both asleep, each alone, and the same in two looks",
            None => "had not ended at their deadline",
        };
        let side = |place: usize| {
            let look = &self.looks[place];
            let state = look.state.map_or("in a state that is not told".to_owned(), |state| format!("state {state}"));
            let call = self.proven.as_ref().map_or("a call that is not told".to_owned(), |waits| {
                let (call, pipe) = &waits[place];
                format!("{call} of {pipe}, no time limit")
            });
            format!("process {}, {state}, in {call}", sides[place].pid())
        };
        format!(
            "verdict: {verdict}\nwatched: for {milliseconds:.1} ms, then the first side was killed\nfirst side: {}\nsecond side: {}\n\
             pipes: {}\nfirst end: it {one}\nsecond end: it {other}",
            side(0),
            side(1),
            match self.proven {
                Some(_) => "two, and nobody but these two has an end of either",
                None => "not told by this system",
            },
        )
    }
}
