//! What changes while a page is open: server-sent events that say *something of this project changed*, and the parts that are
//! fetched again when they do. Without events the script looks every half minute.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Bytes, Path, Query};
use futures_util::stream;
use seatrial_store::changes::Listener;
use serde::Deserialize;
use tokio::time::{Instant, sleep, timeout_at};

use super::context::{Answer, Visitor};
use crate::render::view::nav;

/// What is told at most once in this time: an ingest commits many times a second.
const PAUSE: Duration = Duration::from_secs(2);
/// A connection on which nothing is said for longer may be cut by what is between.
const BREATH: Duration = Duration::from_secs(20);
/// A stream ends after this, and the page asks again: its session may have ended.
const LIFE: Duration = Duration::from_secs(600);
const HELLO: &[u8] = b"retry: 5000\n\n";
const BREATHE: &[u8] = b": nothing new\n\n";
const CHANGED: &[u8] = b"event: changed\ndata: \n\n";

/// Which section of the rail is the page's own.
#[derive(Debug, Deserialize)]
pub struct RailQuery {
    #[serde(default)]
    section: String,
}

/// `GET /p/{project}/events`: says when something of the project changed.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn events(visitor: Visitor, project: Path<String>) -> Answer {
    let frame = visitor.enter_for_part(&project).await?;
    let listener = frame.app().store.changes().listen(frame.project.scope.project());
    let stream = stream::unfold(Events { listener, end: Instant::now() + LIFE, said: b"" }, |mut events| async move {
        events.said = events.next().await?;
        Some((Ok::<_, std::io::Error>(Bytes::from_static(events.said)), events))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // A proxy that collects what is said before it passes it on would make events late.
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(Box::pin(stream)))
}

/// A stream of events: to whom it listens, when it ends, and what was said last.
struct Events {
    listener: Listener,
    end: Instant,
    said: &'static [u8],
}

impl Events {
    /// What is said next; `None` at the end of the stream.
    async fn next(&mut self) -> Option<&'static [u8]> {
        if self.said.is_empty() {
            // Said at once, so that the other side knows it is heard.
            return Some(HELLO);
        }
        if self.said == CHANGED {
            sleep(PAUSE).await;
        }
        let now = Instant::now();
        if now >= self.end {
            return None;
        }
        match timeout_at(self.end.min(now + BREATH), self.listener.changed()).await {
            Ok(changed) => changed.map(|()| CHANGED),
            Err(_) => Some(BREATHE),
        }
    }
}

/// `GET /p/{project}/rail`: the sections with what waits in each, as the part of every page.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn rail(visitor: Visitor, project: Path<String>, query: Query<RailQuery>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let rail = nav::Rail::of(&frame.href(""), &query.section, frame.counts());
    frame.fragment("partials/rail", &rail)
}
