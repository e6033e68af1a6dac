//! The other side: a process that sends back what it receives, or says how much it was.

use std::os::fd::BorrowedFd;
use std::sync::Arc;

use multiprocess::meter::WorkerReport;
use multiprocess::{Inherited, Process, Status};

use super::cores::pin;
use super::ends::{End, FOR_EVER, Fault, Kind, pair};
use super::messages::{Message, looks_like};

/// What is asked of the other side: the first byte of an order, before how many messages follow.
const ECHO: u8 = 1;
const COUNT: u8 = 2;
const LEAVE: u8 = 3;

/// Whoever messages can be sent to.
pub(super) trait Peer {
    /// Sends the messages in turn, `times` messages in all, each after the one before it has come back; `each` sees what came back and what
    /// was sent.
    fn echo(
        &mut self,
        messages: &[Message],
        times: u64,
        each: &mut dyn FnMut(&Message, &Message) -> Result<(), Fault>,
    ) -> Result<(), Fault>;

    /// Sends the message so many times without waiting, until the other side has received them all.
    fn stream(&mut self, message: &Message, times: u64) -> Result<(), Fault>;
}

/// This process itself: a message is copied there, and copied back.
#[derive(Default)]
pub(super) struct Here {
    there: Vec<u8>,
    back: Message,
}

// ANCHOR: here
impl Peer for Here {
    fn echo(
        &mut self,
        messages: &[Message],
        times: u64,
        each: &mut dyn FnMut(&Message, &Message) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        for (message, _) in messages.iter().cycle().zip(0..times) {
            self.there.clone_from(std::hint::black_box(message));
            Arc::make_mut(&mut self.back).clone_from(std::hint::black_box(&self.there));
            each(&self.back, message)?;
        }
        Ok(())
    }
    // ANCHOR_END: here

    fn stream(&mut self, message: &Message, times: u64) -> Result<(), Fault> {
        for _ in 0..times {
            self.there.clone_from(std::hint::black_box(message));
        }
        if looks_like(&self.there, message) { Ok(()) } else { Err("a copy is another".into()) }
    }
}

/// Another process, on a core that was chosen for it.
pub(super) struct There {
    end: Box<dyn End>,
    back: Message,
    process: Process,
}

/// What an end keeps open in the other process.
struct Kept<'a>(&'a dyn End);

impl Inherited for Kept<'_> {
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        self.0.descriptors()
    }
}

impl There {
    /// Forks the other side.
    pub(super) fn start(kind: Kind, core: usize, two_cores: bool) -> Result<Self, Fault> {
        let [end, theirs] = pair(kind, two_cores)?;
        let process = Process::start(&[&Kept(&*theirs)], || match pin(core).and_then(|()| serve(&*theirs)) {
            Ok(()) => 0,
            Err(fault) => {
                eprintln!("the other side: {fault}");
                1
            }
        })?;
        Ok(Self { end, back: Message::default(), process })
    }

    fn order(&self, what: u8, times: u64) -> Result<(), Fault> {
        self.end.settled()?;
        let order: Vec<u8> = [what].into_iter().chain(times.to_le_bytes()).collect();
        self.end.send(&Arc::new(order))
    }

    /// Ends the other side; what it counted.
    pub(super) fn leave(mut self) -> Result<WorkerReport, Fault> {
        self.order(LEAVE, 0)?;
        let report = self.process.join(FOR_EVER)?;
        self.end.finish()?;
        match report.status {
            Status::Exited(0) => Ok(report),
            otherwise => Err(format!("the other side {otherwise}").into()),
        }
    }
}

impl Peer for There {
    fn echo(
        &mut self,
        messages: &[Message],
        times: u64,
        each: &mut dyn FnMut(&Message, &Message) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.order(ECHO, times)?;
        // ANCHOR: echo
        for (message, _) in messages.iter().cycle().zip(0..times) {
            self.end.send(message)?;
            self.end.receive(&mut self.back)?;
            each(&self.back, message)?;
        }
        // ANCHOR_END: echo
        Ok(())
    }

    fn stream(&mut self, message: &Message, times: u64) -> Result<(), Fault> {
        self.order(COUNT, times)?;
        (0..times).try_for_each(|_| self.end.send(message))?;
        self.end.receive(&mut self.back)?;
        let expected = times * message.len() as u64;
        match self.back.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)) {
            Some(received) if received == expected => Ok(()),
            received => Err(format!("{received:?} bytes of {expected} have arrived").into()),
        }
    }
}

/// The life of the other side.
fn serve(end: &dyn End) -> Result<(), Fault> {
    let mut message = Message::default();
    loop {
        end.receive(&mut message)?;
        end.settled()?;
        let (Some(what), Some(times)) = (message.first().copied(), message.get(1..).and_then(<[u8]>::first_chunk))
        else {
            return Err("this is no order".into());
        };
        let times = u64::from_le_bytes(*times);
        match what {
            ECHO => {
                for _ in 0..times {
                    end.receive(&mut message)?;
                    end.send(&message)?;
                }
            }
            COUNT => {
                let mut bytes = 0;
                for _ in 0..times {
                    end.receive(&mut message)?;
                    bytes += message.len() as u64;
                }
                end.send(&Arc::new(bytes.to_le_bytes().to_vec()))?;
            }
            _ => return end.finish(),
        }
    }
}
