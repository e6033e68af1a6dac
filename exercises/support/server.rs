//! A server of pages on this machine, a process of its own, that counts what is asked of it, and how much lies about unread.
//!
//! What it waits for is no time but a state: that enough requests have come, or that no more come. Time only ends a wait that is in vain.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::process;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use bincode::{Decode, Encode};
use multiprocess::{Inherited, Process, SharedAtomic, trap};
use nix::poll::{PollTimeout, poll};

use crate::image::raise;

/// How long enough requests are waited for; and how often in vain, before the server answers each at once.
const PATIENCE: Duration = Duration::from_secs(1);
const IN_VAIN: u32 = 2;

/// How long no request has to come until the server takes it that no more will.
const QUIET: Duration = Duration::from_millis(20);

/// How often a worker computes for as long as bodies come; and for how long none has to come then, in steps of 5 ms.
const SLOW_BODIES: u64 = 4;
const STEP_MS: u8 = 5;
const QUIET_STEPS: u32 = 20;

/// How long an answer is waited for.
const ANSWER: Duration = Duration::from_secs(5);

/// What a server has at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// This body.
    Body(Vec<u8>),
    /// It says that it cannot answer now.
    Refused,
    /// The connection ends in the middle of the body.
    CutOff,
}

/// What takes long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slow {
    /// The network: the server answers once so many requests wait, or all that are left, and a moment has passed without another.
    Network(u64),
    /// The work on a body: the first few take as long as more bodies keep coming.
    Work,
}

/// A server of pages; dropped, it is ended. A program has one at a time.
///
/// ```no_run
/// use exercises::server::{Page, Server, Slow};
///
/// let server = Server::start(vec![Page::Body(b"hello".to_vec()), Page::Refused], Slow::Work).unwrap();
/// assert!(server.get(0).is_ok());
/// assert!(server.get(1).is_err());
/// assert_eq!(server.answered(), 2);
/// ```
#[derive(Debug)]
pub struct Server {
    port: u16,
    counted: Arc<Counted>,
    _process: Process,
}

/// The body of a page. All that can be done with it is to send it on and to compute its digest.
#[derive(Clone, Debug, Encode, Decode)]
pub struct Body(Vec<u8>);

/// In memory that the server, this process and the workers that it forks share.
#[derive(Debug)]
struct Counted {
    parent: u32,
    slow: Slow,
    /// How many bodies there are.
    bodies: u64,
    in_flight_most: SharedAtomic<u64>,
    answered: SharedAtomic<u64>,
    bodies_sent: SharedAtomic<u64>,
    begun: SharedAtomic<u64>,
    waiting_most: SharedAtomic<u64>,
}

/// What the last server counts. A forked worker has inherited it.
static COUNTED: Mutex<Option<Arc<Counted>>> = Mutex::new(None);

impl Server {
    /// Starts a server of these pages, numbered from 0. It listens when this returns.
    ///
    /// # Errors
    /// If there is no port or no process for it, it cannot be reached, or this process has other threads.
    pub fn start(pages: Vec<Page>, slow: Slow) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let counter = || SharedAtomic::new(0).map_err(io::Error::other);
        let made = Counted {
            parent: process::id(),
            slow,
            bodies: pages.iter().filter(|page| matches!(page, Page::Body(_))).count() as u64,
            in_flight_most: counter()?,
            answered: counter()?,
            bodies_sent: counter()?,
            begun: counter()?,
            waiting_most: counter()?,
        };
        let counted = Arc::new(made);
        *COUNTED.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&counted));
        until_alone()?;
        let process = Process::start(&[&Listening(&listener)], || Desk::new(pages, &counted).serve(&listener));
        let _process = process.map_err(io::Error::other)?;
        // A container may have no loopback.
        TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        Ok(Self { port, counted, _process })
    }

    /// Requests a page, and waits for the answer.
    ///
    /// # Errors
    /// If the server refuses, or the answer is not whole.
    pub fn get(&self, number: u64) -> Result<Body, String> {
        let answer = self.request(number).map_err(|fault| format!("page {number}: {fault}"))?;
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.ok_or_else(|| format!("page {number}: the answer has no head"))?;
        let head = String::from_utf8_lossy(&answer[..end]);
        let mut lines = head.lines();
        let status = lines.next().unwrap_or_default();
        if status != "HTTP/1.1 200 OK" {
            return Err(format!("page {number}: {status}"));
        }
        let length = lines.find_map(|line| line.strip_prefix("Content-Length: ")?.parse::<usize>().ok());
        let body = &answer[end + 4..];
        if length != Some(body.len()) {
            return Err(format!("page {number}: the body is cut off after {} bytes", body.len()));
        }
        Ok(Body(body.to_vec()))
    }

    fn request(&self, number: u64) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(ANSWER))?;
        stream
            .write_all(format!("GET /{number} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    }

    /// How many requests have been answered, by a body or otherwise.
    pub fn answered(&self) -> u64 {
        self.counted.answered.load()
    }

    /// How many requests the server had at once, at most.
    pub fn in_flight_most(&self) -> u64 {
        self.counted.in_flight_most.load()
    }

    /// How many bodies had been sent that no worker had begun, at most.
    pub fn waiting_most(&self) -> u64 {
        self.counted.waiting_most.load()
    }

    /// How many bodies forked workers have begun.
    pub fn begun_by_workers(&self) -> u64 {
        self.counted.begun.load()
    }
}

impl Body {
    /// The digest: FNV-1a of 64 bits. What a forked worker begins is counted.
    pub fn digest(&self) -> u64 {
        let counted = COUNTED.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(counted) = counted.filter(|counted| counted.parent != process::id()) {
            let begun_before = counted.begun.fetch_add(1);
            if counted.slow == Slow::Work && begun_before < SLOW_BODIES {
                counted.wait_for_quiet();
            }
        }
        self.0.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
    }
}

impl Counted {
    /// Waits until all bodies have been sent, or none is sent any more.
    fn wait_for_quiet(&self) {
        let (mut seen, mut quiet) = (self.bodies_sent.load(), 0);
        while quiet < QUIET_STEPS && seen < self.bodies {
            // Nothing to wait for but time.
            let _ = poll(&mut [], PollTimeout::from(STEP_MS));
            let now = self.bodies_sent.load();
            quiet = if now == seen { quiet + 1 } else { 0 };
            seen = now;
        }
    }
}

/// Waits until this process has one thread, as a fork needs it: one that has ended is still listed for a moment.
fn until_alone() -> io::Result<()> {
    for _ in 0..1_000 {
        if trap::thread_count().map_err(io::Error::other)? == 1 {
            break;
        }
        let _ = poll(&mut [], PollTimeout::from(STEP_MS));
    }
    Ok(())
}

/// The listener stays open in the server.
struct Listening<'a>(&'a TcpListener);

impl Inherited for Listening<'_> {
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        vec![self.0.as_fd()]
    }
}

/// The server's own side: a thread for each connection, and one that lets requests through.
struct Desk<'a> {
    pages: Vec<Page>,
    counted: &'a Counted,
    state: Mutex<State>,
    turned: Condvar,
}

/// Requests.
#[derive(Debug, Default)]
struct State {
    in_flight: u64,
    arrived: u64,
    /// Of those that arrived, how many may be answered.
    let_through: u64,
    answered: u64,
}

impl State {
    fn waiting(&self) -> u64 {
        self.arrived - self.let_through
    }
}

impl<'a> Desk<'a> {
    fn new(pages: Vec<Page>, counted: &'a Counted) -> Self {
        Self { pages, counted, state: Mutex::default(), turned: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers until the process is ended.
    fn serve(&self, listener: &TcpListener) -> i32 {
        thread::scope(|scope| {
            if let Slow::Network(at_once) = self.counted.slow {
                scope.spawn(move || self.let_through(at_once));
            }
            for stream in listener.incoming().flatten() {
                // Whoever hangs up in the middle gets no answer.
                scope.spawn(move || self.converse(stream));
            }
        });
        0
    }

    /// Lets requests through together once there are enough.
    fn let_through(&self, at_once: u64) {
        let mut in_vain = 0;
        let mut state = self.state();
        loop {
            let none = |state: &mut State| state.waiting() == 0;
            state = self.turned.wait_while(state, none).unwrap_or_else(PoisonError::into_inner);
            let too_few = |state: &mut State| {
                let left = (self.pages.len() as u64).saturating_sub(state.answered);
                state.waiting() < if in_vain < IN_VAIN { at_once.min(left).max(1) } else { 1 }
            };
            let waited = self.turned.wait_timeout_while(state, PATIENCE, too_few);
            let (now, over) = waited.unwrap_or_else(PoisonError::into_inner);
            state = now;
            in_vain += u32::from(over.timed_out());
            let mut seen = 0;
            while in_vain < IN_VAIN && state.arrived != seen {
                seen = state.arrived;
                let another = |state: &mut State| state.arrived == seen;
                state = self.turned.wait_timeout_while(state, QUIET, another).unwrap_or_else(PoisonError::into_inner).0;
            }
            state.let_through = state.arrived;
            self.turned.notify_all();
        }
    }

    fn converse(&self, stream: TcpStream) -> io::Result<()> {
        let mut lines = BufReader::new(&stream).lines();
        let request = lines.next().transpose()?.unwrap_or_default();
        let number = request.strip_prefix("GET /").and_then(|rest| rest.split(' ').next()?.parse::<usize>().ok());
        while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
        let answer = match number.and_then(|number| self.pages.get(number)) {
            Some(page) => self.in_turn(page),
            None => b"HTTP/1.1 404 Not Found\r\n\r\n".to_vec(),
        };
        (&stream).write_all(&answer)
    }

    /// The answer, once it is time for it. Whoever reads it is counted as no longer waiting before it is sent.
    fn in_turn(&self, page: &Page) -> Vec<u8> {
        let counted = self.counted;
        let mut state = self.state();
        state.arrived += 1;
        state.in_flight += 1;
        raise(&counted.in_flight_most, state.in_flight);
        let ticket = state.arrived;
        self.turned.notify_all();
        if let Slow::Network(_) = counted.slow {
            let not_yet = |state: &mut State| state.let_through < ticket;
            state = self.turned.wait_while(state, not_yet).unwrap_or_else(PoisonError::into_inner);
        }
        state.in_flight -= 1;
        state.answered += 1;
        counted.answered.fetch_add(1);
        self.turned.notify_all();
        let body = match page {
            Page::Refused => return b"HTTP/1.1 503 Service Unavailable\r\n\r\n".to_vec(),
            Page::CutOff => return b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this".to_vec(),
            Page::Body(body) => body,
        };
        let sent = counted.bodies_sent.fetch_add(1) + 1;
        raise(&counted.waiting_most, sent.saturating_sub(counted.begun.load()));
        let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
        answer.extend(body);
        answer
    }
}
