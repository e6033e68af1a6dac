//! Messages on a stream of bytes, framed as CPython frames them (`connection.py`), with what has come of an unfinished one kept.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use super::incoming::Incoming;
use super::stream::{Fault, Patience, Stream};
use crate::codec::LIMIT_BYTES;
use crate::error::{Error, Kind};
use crate::frame::{Header, WRITTEN_WITH_HEADER};
use crate::{meter, trace};

/// Whether the time that a body takes is counted, too: of a smaller one it would cost more than the copying.
pub(super) fn is_timed(length: usize) -> bool {
    length > WRITTEN_WITH_HEADER
}

/// A stream that carries messages. Not `Sync`: two threads could not both be in the middle of a message.
#[derive(Debug)]
pub(crate) struct Framed<S> {
    stream: S,
    incoming: RefCell<Incoming>,
    /// How much of how much of a message has gone that can never be finished.
    half_sent: Cell<Option<(usize, usize)>>,
}

impl<S: Stream> Framed<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, incoming: RefCell::new(Incoming::at_most(LIMIT_BYTES)), half_sent: Cell::new(None) }
    }

    pub(crate) fn stream(&self) -> &S {
        &self.stream
    }

    pub(crate) fn stream_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    pub(crate) fn incoming(&mut self) -> &mut Incoming {
        self.incoming.get_mut()
    }

    pub(crate) fn send(&self, body: &[u8], limit: Duration) -> Result<(), Error> {
        if let Some((sent, bytes)) = self.half_sent.get() {
            return Err(Kind::HalfSent { sent, bytes }.into());
        }
        let (span, begin) = (trace::span(trace::Kind::Write), is_timed(body.len()).then(Instant::now));
        let header = Header::of(body.len());
        self.write_all(&header, body, limit)?;
        let (writes, bytes) = (&meter::slot().writes, header.len() + body.len());
        begin.map_or_else(|| writes.count(bytes), |begin| writes.add(bytes, begin));
        span.bytes(bytes);
        Ok(())
    }

    /// Sends what need not be a message.
    pub(crate) fn send_bare(&self, bytes: &[u8], limit: Duration) -> Result<(), Error> {
        self.write_all(&[], bytes, limit)
    }

    fn write_all(&self, header: &[u8], body: &[u8], limit: Duration) -> Result<(), Error> {
        let patience = Patience::of(limit);
        let bytes = header.len() + body.len();
        let mut sent = 0;
        while sent < bytes {
            let (first, second) = match header.get(sent..) {
                Some(rest) if !rest.is_empty() => {
                    let together = S::GATHERS || body.len() <= WRITTEN_WITH_HEADER;
                    (rest, if together { body } else { &[] })
                }
                _ => (&body[sent - header.len()..], &[][..]),
            };
            match self.stream.write(first, second, &patience) {
                Ok(more) => sent += more,
                Err(fault) => return Err(self.not_sent(fault, sent, bytes, limit)),
            }
        }
        Ok(())
    }

    #[cold]
    fn not_sent(&self, fault: Fault, sent: usize, bytes: usize, limit: Duration) -> Error {
        if sent > 0 {
            self.half_sent.set(Some((sent, bytes)));
        }
        match fault {
            Fault::TimedOut => Kind::SendStuck { sent, bytes, filling: self.stream.outgoing(), limit }.into(),
            other => self.failed(other, "sending a message"),
        }
    }

    fn failed(&self, fault: Fault, doing: &'static str) -> Error {
        match fault {
            Fault::TimedOut | Fault::Gone => Kind::PeerGone { doing }.into(),
            Fault::OneWay(only) => Kind::OneWay { doing, only }.into(),
            Fault::Corrupt(why) => Kind::Corrupt { why }.into(),
            Fault::Io(source) => Error::io(doing)(source),
        }
    }

    pub(crate) fn recv(&self, message: &mut Vec<u8>, limit: Duration) -> Result<(), Error> {
        let patience = Patience::of(limit);
        let mut incoming = self.incoming.borrow_mut();
        if let Some(why) = incoming.unreadable() {
            return Err(Kind::Unreadable { why }.into());
        }
        match incoming.receive(&self.stream, message, &patience) {
            Ok(length) => length?,
            Err(fault) => return Err(self.not_received(fault, &incoming, limit)),
        }
        Ok(())
    }

    #[cold]
    fn not_received(&self, fault: Fault, incoming: &Incoming, limit: Duration) -> Error {
        let (got, of) = incoming.progress();
        match fault {
            Fault::TimedOut => Kind::RecvStuck { got, of, filling: self.stream.outgoing(), limit }.into(),
            Fault::Gone if got == 0 => Kind::End.into(),
            Fault::Gone => Kind::Torn { got, of }.into(),
            other => self.failed(other, "receiving a message"),
        }
    }

    pub(crate) fn poll(&self, limit: Duration) -> Result<bool, Error> {
        if self.incoming.borrow().has_begun() {
            return Ok(true);
        }
        match self.stream.await_readable(&Patience::of(limit)) {
            Ok(()) | Err(Fault::Gone) => Ok(true),
            Err(Fault::TimedOut) => Ok(false),
            Err(other) => Err(self.failed(other, "waiting for a message")),
        }
    }
}
