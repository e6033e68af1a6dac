//! The frames that a pool and its workers exchange, and how they are put together again from what a socket gives.
//!
//! A frame is a header of 24 bytes and a body, padded to a multiple of 8 bytes: so the stream of a worker's replies can be copied into
//! shared memory word by word. Any number of frames goes in one write.

use std::io;

use crate::codec::LIMIT_BYTES;
use crate::error::{Error, Kind};

/// How long a header is.
pub(super) const HEADER_BYTES: usize = 24;

/// What an [`Inbox`] has room for as long as no frame needs more.
const ROOM_BYTES: usize = 64 << 10;

/// An empty buffer with more room than this gives it back.
pub(super) const KEPT_BYTES: usize = 1 << 20;

/// What a frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Tag {
    /// To a worker: the function of a job, by name, with what it carries.
    Job = 1,
    /// To a worker: one task of a job.
    Task,
    /// To a worker: the job is over.
    Forget,
    /// To a worker: leave once all tasks before this are done.
    Leave,
    /// From a worker: its initializer has ended well.
    Ready,
    /// From a worker: its initializer has failed; the body says why.
    Failed,
    /// From a worker: what became of a task.
    Reply,
}

impl Tag {
    const ALL: [Self; 7] = [Self::Job, Self::Task, Self::Forget, Self::Leave, Self::Ready, Self::Failed, Self::Reply];
}

/// What stands before a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) tag: Tag,
    /// Which job, below 2^56.
    pub(super) job: u64,
    /// Which task of the job.
    pub(super) task: u64,
    /// How many items the body holds.
    pub(super) count: u32,
    /// How long the body is, without what pads it.
    pub(super) body: u32,
}

/// The tag stands in the highest byte of the word of the job.
const TAG_SHIFT: u32 = 56;

/// What each item of a task, and each answer of a reply, takes in a body at least: its length.
const LENGTH_BYTES: u64 = 4;

impl Header {
    pub(super) fn new(tag: Tag, job: u64, task: u64, count: u32) -> Self {
        Self { tag, job, task, count, body: 0 }
    }

    fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..4].copy_from_slice(&self.body.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.count.to_le_bytes());
        bytes[8..16].copy_from_slice(&(self.job | u64::from(self.tag as u8) << TAG_SHIFT).to_le_bytes());
        bytes[16..].copy_from_slice(&self.task.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; HEADER_BYTES]) -> Result<Self, Error> {
        let (words, _) = bytes.as_chunks::<8>();
        let [sizes, job, task] = [0, 1, 2].map(|word| u64::from_le_bytes(words[word]));
        let tag = (job >> TAG_SHIFT) as u8;
        let tag = Tag::ALL.into_iter().find(|known| *known as u8 == tag);
        let why = || Kind::Decode { what: "a frame", why: format!("no frame begins with {bytes:02x?}") };
        let (body, count) = (sizes as u32, (sizes >> 32) as u32);
        if body as usize > LIMIT_BYTES {
            return Err(Kind::FrameTooLarge { bytes: u64::from(body), limit: LIMIT_BYTES as u64 }.into());
        }
        // Each item has at least its length in the body: a frame that counts more would make its reader write answers without end.
        if u64::from(count) * LENGTH_BYTES > u64::from(body) {
            return Err(why().into());
        }
        Ok(Self { tag: tag.ok_or_else(why)?, job: job & ((1 << TAG_SHIFT) - 1), task, count, body })
    }
}

/// Begins a frame at the end of `out`; [`end_frame`] needs what it returns.
pub(super) fn begin_frame(out: &mut Vec<u8>, header: Header) -> usize {
    let begin = out.len();
    out.extend_from_slice(&header.to_bytes());
    begin
}

/// Ends the frame that begins at `begin`: everything after its header is its body. Returns the length of the body; a body that is too
/// long is taken back.
pub(super) fn end_frame(out: &mut Vec<u8>, begin: usize) -> Result<usize, Error> {
    let body = out.len() - begin - HEADER_BYTES;
    if body > LIMIT_BYTES {
        out.truncate(begin);
        return Err(Kind::FrameTooLarge { bytes: body as u64, limit: LIMIT_BYTES as u64 }.into());
    }
    // It fits: the limit does.
    out[begin..begin + 4].copy_from_slice(&(body as u32).to_le_bytes());
    out.resize(begin + HEADER_BYTES + body.next_multiple_of(8), 0);
    Ok(body)
}

/// Adds a whole frame.
pub(super) fn add_frame(out: &mut Vec<u8>, header: Header, body: &[u8]) -> Result<(), Error> {
    let begin = begin_frame(out, header);
    out.extend_from_slice(body);
    end_frame(out, begin).map(drop)
}

/// What came from a socket and was not taken yet. It tolerates frames that come in pieces.
#[derive(Debug)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
    begin: usize,
    end: usize,
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; ROOM_BYTES], begin: 0, end: 0 }
    }

    /// Lets `read` fill the room that is left, and tells how much it did and whether all of it was filled.
    pub(super) fn fill(&mut self, read: impl FnOnce(&mut [u8]) -> io::Result<usize>) -> io::Result<(usize, bool)> {
        self.make_room();
        let room = self.bytes.len() - self.end;
        let got = read(&mut self.bytes[self.end..])?;
        self.end += got;
        Ok((got, got == room))
    }

    /// Adds bytes that came another way.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.bytes.truncate(self.end);
        self.bytes.extend_from_slice(bytes);
        self.end = self.bytes.len();
    }

    /// The next whole frame; none if it is not there yet.
    ///
    /// # Errors
    /// If what came is no frame. There is no way on from there.
    pub(super) fn next(&mut self) -> Result<Option<(Header, &[u8])>, Error> {
        let Some(header) = self.header()? else { return Ok(None) };
        let whole = frame_bytes(header);
        if self.end - self.begin < whole {
            return Ok(None);
        }
        let body = self.begin + HEADER_BYTES;
        self.begin += whole;
        Ok(Some((header, &self.bytes[body..body + header.body as usize])))
    }

    /// Whether a part of a frame is left.
    pub(super) fn is_torn(&self) -> bool {
        self.begin < self.end
    }

    fn header(&self) -> Result<Option<Header>, Error> {
        let here = &self.bytes[self.begin..self.end];
        here.first_chunk().map(Header::from_bytes).transpose()
    }

    /// Sees to it that there is room after what is there: for the rest of a frame that has begun, or for the next ones.
    fn make_room(&mut self) {
        let here = self.end - self.begin;
        if here == 0 {
            (self.begin, self.end) = (0, 0);
            if self.bytes.len() > KEPT_BYTES || self.bytes.is_empty() {
                self.bytes = vec![0; ROOM_BYTES];
            }
            return;
        }
        // A header that is none is found by `next`, before anybody asks for more.
        let needed = self.header().ok().flatten().map_or(HEADER_BYTES, frame_bytes).max(ROOM_BYTES);
        if needed > self.bytes.len() {
            // Fresh zeroed memory costs nothing until it is written.
            let mut larger = vec![0; needed];
            larger[..here].copy_from_slice(&self.bytes[self.begin..self.end]);
            self.bytes = larger;
            (self.begin, self.end) = (0, here);
        } else if self.begin > 0 && self.bytes.len() - self.begin < needed.max(self.bytes.len() / 2) {
            self.bytes.copy_within(self.begin..self.end, 0);
            (self.begin, self.end) = (0, here);
        }
    }
}

/// How long a frame is, with what pads it.
pub(super) fn frame_bytes(header: Header) -> usize {
    HEADER_BYTES + (header.body as usize).next_multiple_of(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(bodies: &[usize]) -> Vec<u8> {
        let mut out = Vec::new();
        for (task, body) in bodies.iter().enumerate() {
            add_frame(&mut out, Header::new(Tag::Reply, 7, task as u64, 0), &vec![task as u8; *body]).unwrap();
        }
        out
    }

    #[test]
    fn frames_come_whole_out_of_pieces_of_any_size() {
        let bodies = [0, 1, 7, 8, 9, 100, 70_000, 0, 200_000, 3];
        let sent = stream(&bodies);
        for piece in [1, 3, 23, 24, 25, 4_096, 65_536, usize::MAX] {
            let (mut inbox, mut rest, mut got) = (Inbox::new(), &sent[..], Vec::new());
            while !rest.is_empty() {
                let (taken, _) = inbox
                    .fill(|room| {
                        let taken = room.len().min(piece).min(rest.len());
                        room[..taken].copy_from_slice(&rest[..taken]);
                        Ok(taken)
                    })
                    .unwrap();
                assert!(taken > 0, "an inbox always has room");
                rest = &rest[taken..];
                while let Some((header, body)) = inbox.next().unwrap() {
                    assert_eq!((header.tag, header.job, header.count), (Tag::Reply, 7, 0));
                    assert!(body.iter().all(|byte| u64::from(*byte) == header.task));
                    got.push(body.len());
                }
            }
            assert_eq!(got, bodies, "pieces of {piece}");
            assert!(!inbox.is_torn());
        }
    }

    #[test]
    fn a_stream_cut_anywhere_inside_a_frame_is_torn() {
        let sent = stream(&[13]);
        for cut in 1..sent.len() {
            let mut inbox = Inbox::new();
            inbox.add(&sent[..cut]);
            assert!(inbox.next().unwrap().is_none() && inbox.is_torn(), "cut at {cut}");
        }
    }

    #[test]
    fn garbage_is_an_error_and_not_an_allocation() {
        let mut inbox = Inbox::new();
        inbox.add(&[255; 100]);
        assert!(inbox.next().unwrap_err().is_decode());
        let mut inbox = Inbox::new();
        inbox.add(&[0; 24]);
        assert!(inbox.next().unwrap_err().is_decode());
        // More items than the body has room for.
        for (count, body) in [(1, 3), (3, 11), (u32::MAX, 16)] {
            let mut out = Vec::new();
            add_frame(&mut out, Header::new(Tag::Task, 0, 0, count), &vec![0; body]).unwrap();
            let mut inbox = Inbox::new();
            inbox.add(&out);
            assert!(inbox.next().unwrap_err().is_decode(), "{count} items in {body} bytes");
        }
    }

    #[test]
    fn an_inbox_gives_back_what_a_large_frame_needed() {
        let mut inbox = Inbox::new();
        inbox.add(&stream(&[5 << 20]));
        assert!(inbox.next().unwrap().is_some());
        inbox.fill(|_| Ok(0)).unwrap();
        assert_eq!(inbox.bytes.len(), ROOM_BYTES);
    }
}
