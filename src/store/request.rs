//! What the transactions of one request have in common: where it came from, and the key under which it may be sent
//! again. Carried beside the call, as a span of the log is, so that no use case has to hand it on.

use std::sync::{Arc, Mutex, PoisonError};

use seatrial_domain::time::Timestamp;

tokio::task_local! {
    static CURRENT: Request;
}

/// One request, as far as the store writes it down.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The address of the client.
    pub address: Option<String>,
    /// The request, as its answer and the log name it.
    pub request_id: Option<String>,
    /// The mark to be written with what the request changes.
    pub mark: Option<Mark>,
}

/// The mark of a request that may be sent again: written in the transaction that changes something, so that what was
/// done is never done twice.
#[derive(Clone, Debug)]
pub struct Mark {
    /// Hash of who asks, what is asked and the client's key.
    pub key_hash: [u8; 32],
    /// Hash of the body.
    pub request_hash: [u8; 32],
    /// When.
    pub at: Timestamp,
    written: Arc<Mutex<bool>>,
}

impl Mark {
    /// A mark that is not written yet.
    #[must_use]
    pub fn new(key_hash: [u8; 32], request_hash: [u8; 32], at: Timestamp) -> Self {
        Self { key_hash, request_hash, at, written: Arc::default() }
    }

    /// Whether a transaction with this mark was begun to be committed.
    #[must_use]
    pub fn is_written(&self) -> bool {
        *self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is still to be written; from now on it is not.
    pub(crate) fn claim(&self) -> bool {
        !std::mem::replace(&mut *self.written.lock().unwrap_or_else(PoisonError::into_inner), true)
    }
}

/// Does `work` as part of this request.
pub async fn within<F: Future>(request: Request, work: F) -> F::Output {
    CURRENT.scope(request, work).await
}

/// The request that the caller is part of; none in background work and on the command line.
#[must_use]
pub fn current() -> Option<Request> {
    CURRENT.try_with(Clone::clone).ok()
}
