//! A message on its way in: what has come of it stays here until the rest does.

use std::time::Instant;

use super::framed::is_timed;
use super::stream::{Fault, Patience, Stream};
use crate::error::{Error, Kind};
use crate::frame::{FIRST_ALLOCATION, HEADER_AT_MOST, Header};
use crate::{meter, trace};

/// How much is read at once where more than the message may be read.
const AHEAD_BYTES: usize = 65_536;

/// The receiving side of a stream of messages.
#[derive(Debug)]
pub(crate) struct Incoming {
    header: [u8; HEADER_AT_MOST],
    header_bytes: usize,
    /// The body, once its length is known.
    body: Option<Body>,
    ahead: Ahead,
    at_most: usize,
    unreadable: Option<&'static str>,
}

/// A body whose rest has not come yet.
#[derive(Debug)]
struct Body {
    length: usize,
    filled: usize,
    /// What has come, as long as nobody asks for it.
    kept: Vec<u8>,
    begin: Option<Instant>,
}

/// Bytes that came together with others.
#[derive(Debug, Default)]
struct Ahead {
    /// Empty if nothing may be read ahead.
    buffer: Box<[u8]>,
    begin: usize,
    end: usize,
}

impl Ahead {
    /// Reads into `wanted` from what is here, or from the stream.
    fn read<S: Stream>(&mut self, stream: &S, wanted: &mut [u8], patience: &Patience) -> Result<usize, Fault> {
        if self.begin == self.end {
            if wanted.len() >= self.buffer.len() {
                return stream.read(wanted, patience);
            }
            (self.begin, self.end) = (0, stream.read(&mut self.buffer, patience)?);
        }
        let bytes = wanted.len().min(self.end - self.begin);
        wanted[..bytes].copy_from_slice(&self.buffer[self.begin..self.begin + bytes]);
        self.begin += bytes;
        Ok(bytes)
    }
}

impl Incoming {
    pub(crate) fn at_most(bytes: usize) -> Self {
        Self {
            header: [0; HEADER_AT_MOST],
            header_bytes: 0,
            body: None,
            ahead: Ahead::default(),
            at_most: bytes,
            unreadable: None,
        }
    }

    pub(crate) fn set_at_most(&mut self, bytes: usize) {
        self.at_most = bytes;
    }

    pub(crate) fn read_ahead(&mut self) {
        if self.ahead.buffer.is_empty() {
            self.ahead.buffer = vec![0; AHEAD_BYTES].into();
        }
    }

    pub(crate) fn unreadable(&self) -> Option<&'static str> {
        self.unreadable
    }

    /// Whether a part of a message is here already.
    pub(crate) fn has_begun(&self) -> bool {
        self.header_bytes > 0 || self.ahead.begin < self.ahead.end || self.unreadable.is_some()
    }

    /// How many bytes have come of the frame that is being received, and of how many, if that is known.
    pub(crate) fn progress(&self) -> (usize, Option<usize>) {
        let body = self.body.as_ref();
        let of = body.map(|body| self.header_bytes + body.length);
        (self.header_bytes + body.map_or(0, |body| body.filled), of)
    }

    /// Goes on with the message until it is whole. The inner error is one of the message, the outer of the stream.
    pub(crate) fn receive<S: Stream>(
        &mut self,
        stream: &S,
        message: &mut Vec<u8>,
        patience: &Patience,
    ) -> Result<Result<(), Error>, Fault> {
        let mut body = match self.body.take() {
            Some(mut body) => {
                *message = std::mem::take(&mut body.kept);
                body
            }
            None => match self.await_header(stream, patience)? {
                Ok(length) => Body { length, filled: 0, kept: Vec::new(), begin: is_timed(length).then(Instant::now) },
                Err(refused) => return Ok(Err(refused)),
            },
        };
        let span = trace::span(trace::Kind::Read);
        while body.filled < body.length {
            make_room(message, &body);
            match self.ahead.read(stream, &mut message[body.filled..], patience) {
                Ok(more) => body.filled += more,
                Err(fault) => {
                    body.kept = std::mem::take(message);
                    self.body = Some(body);
                    return Err(fault);
                }
            }
        }
        message.truncate(body.length);
        let (reads, bytes) = (&meter::slot().reads, self.header_bytes + body.length);
        body.begin.map_or_else(|| reads.count(bytes), |begin| reads.add(bytes, begin));
        span.bytes(bytes);
        self.header_bytes = 0;
        Ok(Ok(()))
    }

    fn await_header<S: Stream>(&mut self, stream: &S, patience: &Patience) -> Result<Result<usize, Error>, Fault> {
        let _span = trace::span(trace::Kind::Await);
        let length = loop {
            match Header::read(&self.header[..self.header_bytes]) {
                Ok(length) => break length,
                Err(missing) => {
                    let rest = &mut self.header[self.header_bytes..][..missing];
                    self.header_bytes += self.ahead.read(stream, rest, patience)?;
                }
            }
        };
        match usize::try_from(length).ok().filter(|length| *length <= self.at_most) {
            Some(length) => Ok(Ok(length)),
            None => {
                self.unreadable = Some("a message before was larger than this end allows");
                Ok(Err(Kind::FrameTooLarge { bytes: length, limit: self.at_most as u64 }.into()))
            }
        }
    }
}

/// Gives `message` room for the next part of the body.
fn make_room(message: &mut Vec<u8>, body: &Body) {
    let length = body.length;
    if length <= message.capacity().max(FIRST_ALLOCATION) {
        message.resize(length, 0);
    } else if body.filled < FIRST_ALLOCATION {
        message.resize(FIRST_ALLOCATION, 0);
    } else {
        // What has arrived proves that the sender really has much to send. Fresh zeroed memory costs nothing until it is written.
        let mut whole = vec![0; length];
        whole[..body.filled].copy_from_slice(&message[..body.filled]);
        *message = whole;
    }
}
