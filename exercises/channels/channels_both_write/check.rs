//! Whether messages of hidden lengths are exchanged: with the submission on both sides, with an old program, with one that ends.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use exercises::Ends;
use exercises::checking::{self, Checking};
use multiprocess::{Process, frame};
use nix::poll::{PollFd, PollFlags, poll};
use submission::exchange;

/// How long an old program waits before it reads, if it hears nothing, in milliseconds.
const BEFORE_IT_READS: u16 = 300;

fn main() -> ExitCode {
    checking::main(&[("small", small), ("large", large), ("old", old), ("gone", gone)])
}

fn small(checking: &mut Checking) {
    let hidden: Vec<usize> = checking.numbers(3).map(|number| (number % 60_000) as usize).collect();
    exchanged(checking, "small", &[(1, 1), (hidden[0], hidden[1]), (0, 400_000 + hidden[2]), (300_000 + hidden[0], 7)]);
}

fn large(checking: &mut Checking) {
    let hidden: Vec<usize> = checking.numbers(4).map(|number| 1_100_000 + (number % 900_000) as usize).collect();
    exchanged(checking, "large", &[(65_533, 65_533), (hidden[0], hidden[1]), (hidden[2], 66_000), (70_000, hidden[3])]);
}

/// A message that nobody knows beforehand.
fn message(checking: &Checking, bytes: usize) -> Vec<u8> {
    checking.numbers(bytes.div_ceil(8)).flat_map(u64::to_le_bytes).take(bytes).collect()
}

fn exchanged(checking: &mut Checking, test: &str, lengths: &[(usize, usize)]) {
    let fault = lengths.iter().find_map(|(ours, theirs)| {
        // Both begin differently, so that no side can take its own message for the other's.
        let ours: Vec<u8> = message(checking, *ours).into_iter().map(|byte| !byte).collect();
        with_twin(&ours, &message(checking, *theirs)).err()
    });
    let saw =
        fault.clone().unwrap_or_else(|| format!("{} exchanges with the right bytes on both sides", lengths.len()));
    checking.holds(test, fault.is_none(), saw);
}

/// Exchanges with a process that does the same.
fn with_twin(ours: &[u8], theirs: &[u8]) -> Result<(), String> {
    settle();
    let [here, there] = Ends::pair().expect("two pipes");
    let [told, tells] = Ends::pair().expect("two pipes");
    let twin = Process::start(&[&there, &tells], || {
        let came = exchange(&there, theirs).unwrap_or_else(|fault| fault.to_string().into_bytes());
        frame::write(&mut &tells.output, &came).expect("the first side listens");
        stay(&tells);
        0
    });
    let _twin = twin.map_err(|fault| format!("the next exchange cannot begin: {fault}"))?;
    drop((there, tells));
    let lengths = format!("{} and {} bytes", ours.len(), theirs.len());
    // The last words of one that hangs.
    eprintln!("exchanging {lengths}");
    let came = exchange(&here, ours).map_err(|fault| format!("{lengths}: the first side was told '{fault}'"))?;
    if came != theirs {
        return Err(format!("{lengths}: the first side got {} bytes, or others", came.len()));
    }
    match frame::read(&mut &told.input) {
        Ok(Some(came)) if came == ours => Ok(()),
        Ok(Some(came)) => Err(format!("{lengths}: the second side got {} bytes, or others", came.len())),
        _ => Err(format!("{lengths}: the second side ended without a word")),
    }
}

/// Waits until threads that are ending are gone: a process with more than one is not forked.
fn settle() {
    let deadline = Instant::now() + Duration::from_secs(2);
    let threads = || std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    while threads() > 1 && Instant::now() < deadline {
        let _ = poll(&mut [], 2_u8);
    }
}

/// Lives as long as the first side listens, so that nothing of this one ends too early.
fn stay(tells: &Ends) {
    let _ = (&tells.input).read(&mut [0]);
}

fn old(checking: &mut Checking) {
    let hidden = checking.numbers(2).map(|number| 300_000 + (number % 1_000_000) as usize).collect::<Vec<_>>();
    let ours: Vec<u8> = message(checking, hidden[0]).into_iter().map(|byte| !byte).collect();
    let theirs = message(checking, hidden[1]);
    let [here, there] = Ends::pair().expect("two pipes");
    let [told, tells] = Ends::pair().expect("two pipes");
    let program = Process::start(&[&there, &tells], || {
        frame::write(&mut &there.output, &theirs).expect("the first side reads");
        // Nobody who has read nothing can have been sent so much.
        let mut over = [PollFd::new(tells.input.as_fd(), PollFlags::POLLIN)];
        let early = poll(&mut over, BEFORE_IT_READS).expect("a pipe can be waited for") > 0;
        let came = frame::read(&mut &there.input).ok().flatten().unwrap_or_default();
        frame::write(&mut &tells.output, &[&[u8::from(early)], &came[..]].concat()).expect("the first side listens");
        stay(&tells);
        0
    });
    let mut program = program.expect("one thread, so a fork is fine");
    drop((there, tells));
    eprintln!("exchanging {} bytes with an old program, which has {}", ours.len(), theirs.len());
    let came = exchange(&here, &ours);
    let _ = (&told.output).write_all(&[1]);
    let seen = frame::read(&mut &told.input).ok().flatten().unwrap_or_default();
    drop(told);
    let _ = program.join(Duration::from_secs(1));
    let (early, right) = seen.split_first().map_or((&0, false), |(early, seen)| (early, seen == ours));
    let has = came.as_ref().is_ok_and(|came| *came == theirs);
    let got = match came {
        Ok(_) if has => "the right bytes".to_owned(),
        Ok(came) => format!("{} other bytes", came.len()),
        Err(fault) => format!("the error '{fault}'"),
    };
    let others = if right { "the right bytes".to_owned() } else { format!("{} other bytes", seen.len().max(1) - 1) };
    let saw = format!("the submission got {got}, the old program {others}");
    checking.holds("old", has && right, saw);
    let when = if *early == 1 { "before anybody had read a byte" } else { "when the other side had read everything" };
    let saw = format!("it came back {when}, with {} bytes to send", ours.len());
    checking.holds("sent", has && right && *early == 0, saw);
}

/// The other side ends: before it has sent anything, and in the middle of its message.
fn gone(checking: &mut Checking) {
    let ours = message(checking, 400_000 + (checking.seed() % 100_000) as usize);
    let theirs = 20_000 + (checking.seed() % 10_000) as usize;
    let mut saw = "an error each time".to_owned();
    let mut fine = true;
    for sent in [0, 2, 10_000] {
        settle();
        let [here, there] = Ends::pair().expect("two pipes");
        let leaves = Process::start(&[&there], || {
            let mut frame = Vec::new();
            frame::write(&mut frame, &vec![1; theirs]).expect("memory takes everything");
            (&there.output).write_all(&frame[..sent]).map_or(1, |()| 0)
        });
        let Ok(_leaves) = leaves else {
            (fine, saw) = (false, "an exchange that was over has left a thread running".to_owned());
            break;
        };
        drop(there);
        if let Ok(came) = exchange(&here, &ours) {
            saw =
                format!("the other side ended after {sent} bytes, and still the exchange came to {} bytes", came.len());
            fine = false;
        }
    }
    checking.holds("gone", fine, saw);
}
