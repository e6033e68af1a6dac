//! The server: a process of its own that answers `GET /N` after a fixed latency, on one thread that never waits for one of them alone.
//!
//! The latency stands for a network and for a distant server. It is what the lesson is about, and a timer of the server: no thread sleeps
//! through it, and no processor is used.

use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use harness::{Outcome, Random};
use multiprocess::{Inherited, Process, SharedAtomic};
use record::Params;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::http::{Fault, Head};

/// How long its end may take once it is asked for.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// What the server counts, in memory that it shares with its parent.
#[derive(Debug)]
struct Counted {
    connections: SharedAtomic<u64>,
    requests: SharedAtomic<u64>,
    in_flight: SharedAtomic<u64>,
    in_flight_most: SharedAtomic<u64>,
}

/// A server that runs; dropped, it is ended.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) port: u16,
    process: Process,
    counted: Arc<Counted>,
}

/// The listener stays open in the server.
struct Listening<'a>(&'a TcpListener);

impl Inherited for Listening<'_> {
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        vec![self.0.as_fd()]
    }
}

impl Server {
    /// Forks it. It listens before this returns.
    pub(super) fn start(params: &Params) -> Result<Self, Fault> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let counter = || SharedAtomic::new(0_u64);
        let counted = Arc::new(Counted {
            connections: counter()?,
            requests: counter()?,
            in_flight: counter()?,
            in_flight_most: counter()?,
        });
        let latency = Duration::from_millis(params["latency_ms"]);
        let bytes = usize::try_from(params["bytes"])?;
        let process = Process::start(&[&Listening(&listener)], || match serve(&listener, latency, bytes, &counted) {
            Ok(()) => 0,
            Err(fault) => {
                eprintln!("the server: {fault}");
                1
            }
        })?;
        Ok(Self { port, process, counted })
    }

    /// Adds what it has counted so far.
    pub(super) fn told(&self, outcome: Outcome) -> Outcome {
        outcome
            .fact("requests_served", self.counted.requests.load())
            .fact("connections", self.counted.connections.load())
            .fact("in_flight_most", self.counted.in_flight_most.load())
    }

    /// Ends it.
    pub(super) fn end(mut self) -> Result<(), Fault> {
        self.process.terminate();
        self.process.join(ENDS_WITHIN)?;
        Ok(())
    }
}

// ANCHOR: serve
/// Answers until it is ended: a task for each connection, and one thread for all of them.
fn serve(listener: &TcpListener, latency: Duration, bytes: usize, counted: &Arc<Counted>) -> Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let listener = listener.try_clone()?;
    listener.set_nonblocking(true)?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            counted.connections.fetch_add(1);
            let counted = Arc::clone(counted);
            tokio::spawn(async move {
                if let Err(fault) = converse(stream, latency, bytes, &counted).await {
                    eprintln!("a connection of the server: {fault}");
                }
            });
        }
    })
}

/// The requests of one connection, one after the other, until the client closes it.
async fn converse(mut stream: TcpStream, latency: Duration, bytes: usize, counted: &Counted) -> Result<(), Fault> {
    stream.set_nodelay(true)?;
    let mut received = Vec::new();
    loop {
        let head = loop {
            if let Some(head) = Head::parse(&received)? {
                break head;
            }
            if stream.read_buf(&mut received).await? == 0 {
                return Ok(());
            }
        };
        received.drain(..head.bytes);
        counted.begin();
        tokio::time::sleep(latency).await;
        counted.end();
        stream.write_all(&answer(&head, bytes)).await?;
        if head.closes {
            return Ok(());
        }
    }
}
// ANCHOR_END: serve

impl Counted {
    fn begin(&self) {
        self.requests.fetch_add(1);
        let now = self.in_flight.fetch_add(1) + 1;
        // Only the server's one thread writes it.
        self.in_flight_most.store(self.in_flight_most.load().max(now));
    }

    fn end(&self) {
        self.in_flight.fetch_sub(1);
    }
}

/// The whole answer to a request, in one piece.
fn answer(request: &Head, bytes: usize) -> Vec<u8> {
    let Some(number) = request.requested() else {
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec();
    };
    let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {bytes}\r\n\r\n").into_bytes();
    answer.extend(Random::seeded(number).flat_map(u64::to_le_bytes).take(bytes));
    answer
}
