//! Mail by SMTP.
//!
//! Recipients, names and subjects can come from runs and from people, so nothing of them reaches a
//! header before its control characters are gone. Errors are sorted into those that another attempt can
//! mend and those that it cannot.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use crate::app::ports::{Mail, MailError, Mailer};
use crate::config::{Smtp, SmtpSecurity};
use crate::notify::text::{multi_line, single_line};

/// Longer subjects are cut: more is not shown anywhere.
const MAX_SUBJECT_CHARS: usize = 200;
const MAX_NAME_CHARS: usize = 100;
const MAX_DETAIL_CHARS: usize = 300;
/// The whole exchange with the server may take this many times the limit for one step of it.
const STEPS: u32 = 4;

/// Mail cannot be set up as configured.
#[derive(Debug, thiserror::Error)]
#[error("mail cannot be set up: {0}")]
pub struct MailSetupError(String);

/// Sends mail through the configured server, one connection per message.
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    timeout: Duration,
}

impl fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpMailer").field("from", &self.from).finish_non_exhaustive()
    }
}

impl SmtpMailer {
    /// A mailer for these settings. Does not connect yet.
    ///
    /// # Errors
    /// [`MailSetupError`] when the sender is no address or TLS cannot be set up.
    pub fn new(settings: &Smtp) -> Result<Self, MailSetupError> {
        let from = parse_sender(&settings.from)?;
        let tls = || TlsParameters::new(settings.host.clone()).map_err(|error| MailSetupError(error.to_string()));
        let security = match settings.security {
            SmtpSecurity::None => Tls::None,
            SmtpSecurity::Starttls => Tls::Required(tls()?),
            SmtpSecurity::Tls => Tls::Wrapper(tls()?),
        };
        let timeout = Duration::from_secs(settings.timeout_seconds);
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .tls(security)
            .timeout(Some(timeout));
        if !settings.username.is_empty() {
            let password = settings.password.expose().to_owned();
            builder = builder.credentials(Credentials::new(settings.username.clone(), password));
        }
        Ok(Self { transport: builder.build(), from, timeout: timeout.saturating_mul(STEPS) })
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let message = compose(mail, &self.from)?;
        match tokio::time::timeout(self.timeout, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(classify(&error)),
            Err(_) => Err(MailError::Transient {
                detail: format!("the mail server did not finish within {} s", self.timeout.as_secs()),
            }),
        }
    }
}

/// Checks a sender such as `Seatrial <seatrial@example.com>`.
///
/// # Errors
/// [`MailSetupError`] when it is no address.
pub fn parse_sender(from: &str) -> Result<Mailbox, MailSetupError> {
    from.parse().map_err(|_| MailSetupError("the sender must look like `Seatrial <seatrial@example.com>`".to_owned()))
}

/// The message as it goes over the wire.
///
/// # Errors
/// [`MailError::Permanent`] when the recipient is no address.
pub fn compose(mail: &Mail, from: &Mailbox) -> Result<Message, MailError> {
    let permanent = |detail: String| MailError::Permanent { detail };
    let address: Address = mail.to_address.parse().map_err(|_| {
        permanent("the recipient's address is not a mail address; correct it in the account".to_owned())
    })?;
    let name = single_line(&mail.to_name, MAX_NAME_CHARS);
    let to = Mailbox::new((!name.is_empty()).then_some(name), address);
    let micros = u64::try_from(mail.written_at.micros()).unwrap_or(0);
    let domain = from.email.domain();
    let id = plain_id(&mail.id);
    let mut builder = Message::builder()
        .from(from.clone())
        .to(to)
        .subject(single_line(&mail.subject, MAX_SUBJECT_CHARS))
        .date(UNIX_EPOCH + Duration::from_micros(micros))
        .message_id(Some(format!("<{id}@{domain}>")))
        .header(AutoSubmitted);
    if let Some(thread) = &mail.thread {
        // No message has this id. Mail programs put messages that refer to the same one together all the same.
        let root = format!("<thread.{}@{domain}>", plain_id(thread));
        builder = builder.in_reply_to(root.clone()).references(root);
    }
    if let Some(url) = mail.unsubscribe_url.as_ref().filter(|url| url.chars().all(|c| c.is_ascii_graphic())) {
        builder = builder.header(ListUnsubscribe(format!("<{url}>"))).header(ListUnsubscribePost);
    }
    let text = multi_line(&mail.text);
    let message = match &mail.html {
        Some(html) => builder.multipart(MultiPart::alternative_plain_html(text, multi_line(html))),
        None => builder.singlepart(SinglePart::plain(text)),
    };
    message.map_err(|error| permanent(single_line(&error.to_string(), MAX_DETAIL_CHARS)))
}

/// The id is ours, but a header is no place to rely on that.
fn plain_id(id: &str) -> String {
    id.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')).collect()
}

/// Where such mails are turned off (RFC 2369).
#[derive(Clone)]
struct ListUnsubscribe(String);

impl Header for ListUnsubscribe {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("List-Unsubscribe")
    }

    fn parse(value: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(value.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.0.clone())
    }
}

/// One POST is enough, without a page in between (RFC 8058).
#[derive(Clone)]
struct ListUnsubscribePost;

impl Header for ListUnsubscribePost {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("List-Unsubscribe-Post")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "List-Unsubscribe=One-Click".to_owned())
    }
}

/// Says that a program wrote this, so that holiday notices do not answer it (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Whether another attempt can help. A refused log-in (53x) is a mistake in the configuration, not in
/// the message: notices must survive until it is mended.
fn classify(error: &SmtpError) -> MailError {
    let detail = single_line(&with_causes(error), MAX_DETAIL_CHARS);
    let code = error.status().map(|code| code.to_string());
    let refused_login = code.as_deref().is_some_and(|code| code.starts_with("53"));
    if error.is_permanent() && !refused_login {
        MailError::Permanent { detail }
    } else {
        MailError::Transient { detail }
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let next_text = next.to_string();
        if !text.contains(&next_text) {
            text.push_str(": ");
            text.push_str(&next_text);
        }
        cause = next.source();
    }
    text
}
