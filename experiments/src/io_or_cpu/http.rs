//! As much of HTTP/1.1 as the lesson needs (RFC 9112): `GET /N`, `Content-Length`, connections that are kept.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub(super) type Fault = Box<dyn Error + Send + Sync>;

/// No answer takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// No head of ours is longer.
const HEAD_AT_MOST: usize = 4_096;

/// What ends a head.
const END: &[u8] = b"\r\n\r\n";

/// The head of a request or an answer: its first line and its fields.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) first_line: String,
    pub(super) content_length: usize,
    pub(super) closes: bool,
    /// Where what comes after it begins.
    pub(super) bytes: usize,
}

impl Head {
    /// The head at the beginning of `received`; none if it is not all there.
    pub(super) fn parse(received: &[u8]) -> Result<Option<Self>, Fault> {
        let Some(end) = received.windows(END.len()).position(|window| window == END) else {
            return if received.len() > HEAD_AT_MOST {
                Err("the head of a message is too long".into())
            } else {
                Ok(None)
            };
        };
        let mut lines = std::str::from_utf8(&received[..end])?.split("\r\n");
        let first_line = lines.next().unwrap_or_default().to_owned();
        let mut head = Self { first_line, content_length: 0, closes: false, bytes: end + END.len() };
        for line in lines {
            let (name, value) = line.split_once(':').ok_or_else(|| format!("'{line}' is no field"))?;
            match name.to_ascii_lowercase().as_str() {
                "content-length" => head.content_length = value.trim().parse()?,
                "connection" => head.closes = value.trim().eq_ignore_ascii_case("close"),
                _ => {}
            }
        }
        Ok(Some(head))
    }

    /// The number that a request asks for.
    pub(super) fn requested(&self) -> Option<u64> {
        self.first_line.strip_prefix("GET /")?.strip_suffix(" HTTP/1.1")?.parse().ok()
    }

    fn is_answer(&self) -> bool {
        self.first_line.starts_with("HTTP/1.1 200 ")
    }
}

fn request(number: u64) -> String {
    format!("GET /{number} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// The body, once all of it has come; what has come is used up then.
fn answer(received: &mut Vec<u8>) -> Result<Option<Vec<u8>>, Fault> {
    let Some(head) = Head::parse(received)? else { return Ok(None) };
    if !head.is_answer() {
        return Err(head.first_line.into());
    }
    if received.len() < head.bytes + head.content_length {
        return Ok(None);
    }
    let rest = received.split_off(head.bytes + head.content_length);
    let body = received.split_off(head.bytes);
    *received = rest;
    Ok(Some(body))
}

/// What one read makes room for.
const PIECE: usize = 16 << 10;

// ANCHOR: session
/// A connection that is kept, and used by one thread that waits for each answer.
pub(super) struct Session {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Session {
    pub(super) fn open(port: u16) -> Result<Self, Fault> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, received: Vec::new() })
    }

    pub(super) fn get(&mut self, number: u64) -> Result<Vec<u8>, Fault> {
        self.stream.write_all(request(number).as_bytes())?;
        let mut piece = [0; PIECE];
        loop {
            match self.stream.read(&mut piece)? {
                0 => return Err("the server has closed the connection".into()),
                bytes => self.received.extend_from_slice(&piece[..bytes]),
            }
            if let Some(body) = answer(&mut self.received)? {
                return Ok(body);
            }
        }
    }
}
// ANCHOR_END: session

// ANCHOR: async_session
/// The same without a thread of its own: while it waits, the thread does something else.
pub(super) struct AsyncSession {
    stream: tokio::net::TcpStream,
    received: Vec<u8>,
}

impl AsyncSession {
    pub(super) async fn open(port: u16) -> Result<Self, Fault> {
        let stream = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::new() })
    }

    pub(super) async fn get(&mut self, number: u64) -> Result<Vec<u8>, Fault> {
        self.stream.write_all(request(number).as_bytes()).await?;
        loop {
            match tokio::time::timeout(PATIENCE, self.stream.read_buf(&mut self.received)).await?? {
                0 => return Err("the server has closed the connection".into()),
                _ => {
                    if let Some(body) = answer(&mut self.received)? {
                        return Ok(body);
                    }
                }
            }
        }
    }
}
// ANCHOR_END: async_session

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_parsed_when_all_of_it_is_there() {
        let whole = b"GET /17 HTTP/1.1\r\nHost: localhost\r\nCONNECTION: Close\r\n\r\nmore";
        assert_eq!(Head::parse(&whole[..whole.len() - 5]).unwrap(), None);
        let head = Head::parse(whole).unwrap().unwrap();
        assert_eq!((head.requested(), head.closes, head.bytes), (Some(17), true, whole.len() - 4));
        assert!(Head::parse(&[b'x'; HEAD_AT_MOST + 1]).is_err());
        assert!(Head::parse(b"GET / HTTP/1.1\r\nno field\r\n\r\n").is_err());
    }

    #[test]
    fn an_answer_is_taken_whole_and_what_follows_stays() {
        let mut received = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab".to_vec();
        assert_eq!(answer(&mut received).unwrap(), None);
        received.extend(b"cHTTP");
        assert_eq!(answer(&mut received).unwrap(), Some(b"abc".to_vec()));
        assert_eq!(received, b"HTTP");
        assert!(answer(&mut b"HTTP/1.1 404 Not Found\r\n\r\n".to_vec()).is_err());
    }
}
