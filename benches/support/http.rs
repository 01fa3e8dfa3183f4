//! A plain HTTP/1.1 client, and the load generator: bodies over connections that are kept open, each a thread that sends
//! the next body when the answer to the last one has come. Blocking sockets, so that it takes as little of the processors
//! from what is measured as it can.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::Outcome;

/// Where and how to send.
#[derive(Clone, Debug)]
pub struct Target {
    /// The server's address.
    pub address: SocketAddr,
    /// Headers of every request, such as its authorization.
    pub headers: Vec<(String, String)>,
}

/// How a load went.
#[derive(Debug)]
pub struct Sent {
    /// From the first byte sent to the last answer.
    pub elapsed: Duration,
    /// Time from sending a body to its answer, in order of length.
    pub latencies: Vec<Duration>,
    /// Answers that asked to come again later.
    pub refused: usize,
}

/// Sends every body once over `connections` connections. A body that is answered 429 or 503 is sent again after the
/// time the server asks for.
pub fn send(target: &Target, bodies: Arc<Vec<Vec<u8>>>, connections: usize) -> Outcome<Sent> {
    let next = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let threads: Vec<_> = (0..connections.max(1))
        .map(|_| {
            let (target, bodies, next) = (target.clone(), Arc::clone(&bodies), Arc::clone(&next));
            thread::spawn(move || connection(&target, &bodies, &next))
        })
        .collect();
    let mut latencies = Vec::with_capacity(bodies.len());
    let mut refused = 0;
    for thread in threads {
        let (mut more, refusals) = thread.join().map_err(|_| "a connection's thread panicked")??;
        latencies.append(&mut more);
        refused += refusals;
    }
    latencies.sort_unstable();
    Ok(Sent { elapsed: begun.elapsed(), latencies, refused })
}

fn connection(target: &Target, bodies: &[Vec<u8>], next: &AtomicUsize) -> Outcome<(Vec<Duration>, usize)> {
    let mut connection = Connection::open(target, Duration::from_secs(60))?;
    let (mut latencies, mut refused) = (Vec::new(), 0);
    while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
        loop {
            let begun = Instant::now();
            let answer = connection.send("POST", "/v1/traces", "application/x-protobuf", body)?;
            match answer.status {
                200 => {
                    latencies.push(begun.elapsed());
                    break;
                }
                429 | 503 => {
                    refused += 1;
                    pause(Duration::from_secs(answer.retry_after_seconds.clamp(1, 10)));
                }
                status => {
                    let text = String::from_utf8_lossy(&answer.body).into_owned();
                    return Err(format!("the server answered {status}: {text}").into());
                }
            }
        }
    }
    Ok((latencies, refused))
}

/// Whether a GET of `path` is answered 200 at present.
pub fn answers_ok(target: &Target, path: &str) -> bool {
    Connection::open(target, Duration::from_secs(5))
        .and_then(|mut connection| connection.send("GET", path, "application/json", b""))
        .is_ok_and(|answer| answer.status == 200)
}

/// A connection that is kept open.
pub struct Connection<'a> {
    target: &'a Target,
    requests: TcpStream,
    answers: BufReader<TcpStream>,
}

impl<'a> Connection<'a> {
    /// Connects; an answer may take `timeout`.
    pub fn open(target: &'a Target, timeout: Duration) -> Outcome<Self> {
        let requests = TcpStream::connect(target.address)?;
        requests.set_nodelay(true)?;
        requests.set_read_timeout(Some(timeout))?;
        let answers = BufReader::new(requests.try_clone()?);
        Ok(Self { target, requests, answers })
    }

    /// Sends a request and reads its answer.
    pub fn send(&mut self, method: &str, path: &str, content_type: &str, body: &[u8]) -> Outcome<Answer> {
        self.requests.write_all(head(self.target, method, path, content_type, body.len()).as_bytes())?;
        self.requests.write_all(body)?;
        read_answer(&mut self.answers)
    }
}

/// Waits, on a thread that has nothing else to do.
#[expect(clippy::disallowed_methods, reason = "there is no async worker in a load generator")]
pub fn pause(time: Duration) {
    thread::sleep(time);
}

fn head(target: &Target, method: &str, path: &str, content_type: &str, length: usize) -> String {
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n",
        target.address
    );
    for (name, value) in &target.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head
}

/// An answer.
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// When to come again, as far as it says so.
    pub retry_after_seconds: u64,
    /// Its body.
    pub body: Vec<u8>,
}

fn read_answer(stream: &mut impl BufRead) -> Outcome<Answer> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| format!("this is no HTTP answer: {line:?}"))?;
    let mut answer = Answer { status, retry_after_seconds: 1, body: Vec::new() };
    let (mut length, mut chunked) = (0, false);
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse()?,
            "transfer-encoding" => chunked = value.trim().eq_ignore_ascii_case("chunked"),
            "retry-after" => answer.retry_after_seconds = value.trim().parse().unwrap_or(1),
            _ => {}
        }
    }
    if chunked {
        read_chunks(stream, &mut answer.body)?;
    } else {
        answer.body.resize(length, 0);
        stream.read_exact(&mut answer.body)?;
    }
    Ok(answer)
}

fn read_chunks(stream: &mut impl BufRead, body: &mut Vec<u8>) -> Outcome<()> {
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let length = u64::from_str_radix(line.trim(), 16)?;
        stream.by_ref().take(length).read_to_end(body)?;
        line.clear();
        stream.read_line(&mut line)?;
        if length == 0 {
            return Ok(());
        }
    }
}
