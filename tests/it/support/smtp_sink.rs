//! A real SMTP server for tests: takes mail from any client over a loopback socket, keeps it, and refuses when told to.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use super::mail::Mail;

/// How the sink answers a message that a client wants to hand over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 451 to the recipient: come back later.
    TryLater,
    /// 550 to the recipient: never.
    Refuse,
    /// Closes the connection in the middle of the dialogue.
    HangUp,
    /// 554 after the data was sent.
    RefuseContent,
}

#[derive(Default)]
struct State {
    mails: Vec<Mail>,
    /// Answers for the next messages; without one a message is accepted.
    answers: VecDeque<Answer>,
    /// Messages offered, accepted or not.
    offers: usize,
    stopped: bool,
}

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    changed: Condvar,
}

/// The server. It stops when dropped.
pub struct SmtpSink {
    inner: Arc<Inner>,
    address: SocketAddr,
}

impl SmtpSink {
    /// Starts on a free loopback port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let inner = Arc::new(Inner::default());
        let shared = Arc::clone(&inner);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.lock().stopped {
                    return;
                }
                let connection = Arc::clone(&shared);
                // A client that goes away in the middle is its own affair.
                std::thread::spawn(move || serve(stream, &connection).ok());
            }
        });
        Self { inner, address }
    }

    /// Host and port, as a mail setting wants them.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers the next messages so, in this order; those after them are accepted.
    pub fn answer(&self, answers: &[Answer]) {
        self.inner.lock().answers.extend(answers);
    }

    /// The mails accepted so far.
    pub fn mails(&self) -> Vec<Mail> {
        self.inner.lock().mails.clone()
    }

    /// How many messages were offered, accepted or not.
    pub fn offers(&self) -> usize {
        self.inner.lock().offers
    }

    /// Waits until `count` mails are there and returns all. Panics with what came when `limit` passes first.
    pub fn wait_for(&self, count: usize, limit: Duration) -> Vec<Mail> {
        let waited = self.inner.changed.wait_timeout_while(self.inner.lock(), limit, |state| state.mails.len() < count);
        let (state, _) = waited.expect("no holder of the lock panics");
        assert!(
            state.mails.len() >= count,
            "waited {limit:?} for {count} mails, {} came: {:#?}",
            state.mails.len(),
            state.mails
        );
        state.mails.clone()
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        self.inner.lock().stopped = true;
        // Wakes the listener, which then sees that it is over.
        drop(TcpStream::connect(self.address));
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of the lock panics")
    }
}

/// One client's dialogue.
fn serve(stream: TcpStream, inner: &Inner) -> std::io::Result<()> {
    let mut client = BufReader::new(stream.try_clone()?);
    let mut out = stream;
    let (mut from, mut to, mut answer) = (String::new(), Vec::new(), None);
    out.write_all(b"220 sink.test ESMTP\r\n")?;
    let mut line = String::new();
    while {
        line.clear();
        client.read_line(&mut line)?
    } > 0
    {
        let command = line.trim_end();
        match command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => out.write_all(b"250-sink.test\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN LOGIN\r\n")?,
            "HELO" | "NOOP" => out.write_all(b"250 ok\r\n")?,
            "AUTH" => out.write_all(b"235 ok\r\n")?,
            "RSET" => out.write_all(b"250 ok\r\n")?,
            "MAIL" => {
                (from, to) = (path(command), Vec::new());
                let mut state = inner.lock();
                state.offers += 1;
                answer = state.answers.pop_front();
                drop(state);
                out.write_all(b"250 ok\r\n")?;
            }
            "RCPT" => match answer {
                Some(Answer::TryLater) => out.write_all(b"451 4.7.1 greylisted, try again later\r\n")?,
                Some(Answer::Refuse) => out.write_all(b"550 5.1.1 no such mailbox\r\n")?,
                Some(Answer::HangUp) => return Ok(()),
                Some(Answer::RefuseContent) | None => {
                    to.push(path(command));
                    out.write_all(b"250 ok\r\n")?;
                }
            },
            "DATA" if to.is_empty() => out.write_all(b"503 5.5.1 no recipient\r\n")?,
            "DATA" => {
                out.write_all(b"354 end with a dot alone\r\n")?;
                let raw = data(&mut client)?;
                if answer == Some(Answer::RefuseContent) {
                    out.write_all(b"554 5.6.0 content refused\r\n")?;
                    continue;
                }
                inner.lock().mails.push(Mail { from: std::mem::take(&mut from), to: std::mem::take(&mut to), raw });
                inner.changed.notify_all();
                out.write_all(b"250 2.0.0 kept\r\n")?;
            }
            "QUIT" => return out.write_all(b"221 bye\r\n"),
            _ => out.write_all(b"502 5.5.2 not known\r\n")?,
        }
    }
    Ok(())
}

/// The address between the angle brackets of MAIL or RCPT.
fn path(command: &str) -> String {
    let start = command.find('<').map_or(0, |at| at + 1);
    let end = command.find('>').unwrap_or(command.len());
    command.get(start..end).unwrap_or_default().to_owned()
}

/// The lines up to the dot alone, the doubled leading dots taken back.
fn data(client: &mut impl BufRead) -> std::io::Result<String> {
    let mut raw = Vec::new();
    loop {
        let mut line = Vec::new();
        if client.read_until(b'\n', &mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(String::from_utf8_lossy(&raw).into_owned());
        }
        raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, SmtpSink};
    use lettre::message::header::ContentType;
    use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

    fn message(subject: &str) -> Message {
        let text = "Wörter\n.a line with a dot in front\n".to_owned() + &"long ".repeat(40);
        let builder = Message::builder()
            .from("gate@seatrial.test".parse().unwrap())
            .to("Owner <owner@example.test>".parse().unwrap());
        builder.subject(subject).header(ContentType::TEXT_PLAIN).body(text).unwrap()
    }

    #[tokio::test]
    async fn mail_arrives_whole_and_refusals_are_seen() {
        let sink = SmtpSink::start();
        let client =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1").port(sink.address().port()).build();
        sink.answer(&[Answer::TryLater, Answer::Refuse, Answer::HangUp, Answer::RefuseContent]);
        assert!(client.send(message("1")).await.unwrap_err().is_transient());
        assert!(client.send(message("2")).await.unwrap_err().is_permanent());
        client.send(message("3")).await.unwrap_err();
        assert!(client.send(message("4")).await.unwrap_err().is_permanent());
        client.send(message("Überfällig")).await.unwrap();
        let mails = sink.wait_for(1, std::time::Duration::from_secs(5));
        assert_eq!((mails.len(), sink.offers(), sink.mails().len()), (1, 5, 1));
        assert_eq!(mails[0].from, "gate@seatrial.test");
        assert_eq!(mails[0].to, ["owner@example.test"]);
        assert_eq!(mails[0].header("subject").as_deref(), Some("Überfällig"));
        assert!(
            mails[0].text().starts_with("Wörter\r\n.a line with a dot in front\r\nlong long"),
            "{:?}",
            mails[0].text()
        );
    }
}
