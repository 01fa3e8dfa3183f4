//! The inbox: what somebody was told, and the page behind the link in a mail by which they choose their mails.

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path, Query};
use seatrial_domain::notice::Topic;
use seatrial_domain::saved_view::ViewedList;
use serde::Deserialize;

use super::context::{Answer, Visitor, html, see_other};
use super::link;
use crate::app::App;
use crate::http::extract::{PageForm, PageQuery};
use crate::http::problem::Problem;
use crate::render::Renderer;
use crate::render::view::task::{MailChoice, MailTopic, TaskList, TaskRow};
use crate::render::view::{Empty, FilterChip, Link, Page, Pager, Time};

/// Which notices are wanted.
#[derive(Debug, Deserialize)]
pub struct ListQuery {
    unread: Option<String>,
    cursor: Option<String>,
}

/// `GET /p/{project}/notices`.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn list(visitor: Visitor, project: Path<String>, query: Query<ListQuery>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let unread = query.unread.as_deref() == Some("yes");
    let page = PageQuery { cursor: query.cursor.clone(), limit: None }.page()?;
    let (rows, next) = frame.app().notices(frame.caller(), frame.slug(), unread, page).await?;
    let href = |unread: bool, cursor: Option<&str>| {
        link::with_query(&frame.href("/notices"), &[("unread", unread.then_some("yes")), ("cursor", cursor)])
    };
    let next = next.map(|cursor| cursor.to_string());
    let waiting = rows.iter().any(|row| row.read_at.is_none());
    let body = TaskList {
        order: None,
        heading: "Notices".to_owned(),
        sub: "What you were told in this project, whether or not a mail went with it.".to_owned(),
        chips: vec![FilterChip { label: "Unread".to_owned(), href: href(!unread, None), on: unread }],
        pager: Pager {
            previous: query.cursor.as_ref().map(|_| href(unread, None)),
            next: next.as_deref().map(|cursor| href(unread, Some(cursor))),
            note: format!("{} notices on this page, latest first", rows.len()),
        },
        empty: rows.is_empty().then(|| Empty {
            title: "Nothing to read".to_owned(),
            text:
                "You are told when a scorecard of yours is due, when something is given to you, and when a decision is \
                   recorded."
                    .to_owned(),
            command: None,
            action: None,
        }),
        act: waiting.then(|| Link::new(frame.href("/notices/read"), "Mark all as read")),
        more: None,
        rows: rows
            .into_iter()
            .map(|row| TaskRow {
                state: if row.read_at.is_some() { "read".to_owned() } else { "unread".to_owned() },
                // What is stored is the whole address, for mails; a link on a page stays on this host.
                link: Link::new(local(&row.url, &frame.app().config.server.public_url), row.subject),
                detail: row.text.replace('\n', " · "),
                owner: Some("you".to_owned()),
                due_at: None,
                since: Time(row.created_at.micros()),
            })
            .collect(),
    };
    let frame = frame.with_views(ViewedList::Notices, &[("unread", unread.then_some("yes"))]).await?;
    frame.page("Notices", body)
}

fn local(url: &str, public_url: &str) -> String {
    url.strip_prefix(public_url).unwrap_or(url).to_owned()
}

/// A form without fields of its own.
#[derive(Debug, Deserialize)]
pub struct NoFields {}

/// `POST /p/{project}/notices/read`.
///
/// # Errors
/// When the token is wrong, the project is not theirs, or the database fails.
pub async fn read_all(visitor: Visitor, project: Path<String>, _form: PageForm<NoFields>) -> Answer {
    let frame = visitor.enter(&project).await?;
    frame.app().read_notices(frame.caller(), frame.slug(), None).await?;
    Ok(frame.done("/notices", "notices_read"))
}

/// What a mail program adds to the link.
#[derive(Debug, Deserialize)]
pub struct LinkQuery {
    topic: Option<String>,
    #[serde(default)]
    saved: String,
}

/// `GET /mail/{token}`: the link of every mail, without signing in. Looking changes nothing: mail programs follow links
/// by themselves.
///
/// # Errors
/// When the link is not one that was sent, or the database fails.
pub async fn choice(app: Data<App>, renderer: Data<Renderer>, token: Path<String>, query: Query<LinkQuery>) -> Answer {
    let found = app.linked_preference(&token).await?;
    let topics = Topic::ALL.map(|topic| MailTopic {
        name: topic.as_str().to_owned(),
        label: topic.words().to_owned(),
        on: !found.muted.contains(&topic),
    });
    let body = MailChoice {
        project: found.project,
        action: format!("/mail/{}", link::part(&token)),
        topics: topics.to_vec(),
        saved: query.saved == "yes",
    };
    html(&renderer, StatusCode::OK, &Page::bare("Mails", "", body))
}

/// `POST /mail/{token}`: the form of that page, or the one click of a mail program (RFC 8058), which turns the topic of
/// its address off, or everything.
///
/// # Errors
/// When the link is not one that was sent, or the database fails.
pub async fn choose(app: Data<App>, token: Path<String>, query: Query<LinkQuery>, body: Bytes) -> Answer {
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(&body).into_owned().collect();
    let has = |name: &str, value: &str| fields.iter().any(|(n, v)| n == name && v == value);
    if has("save", "yes") {
        let wanted: BTreeSet<Topic> =
            fields.iter().filter(|(name, _)| name == "topic").filter_map(|(_, value)| Topic::parse(value)).collect();
        let muted: BTreeSet<Topic> = Topic::ALL.into_iter().filter(|topic| !wanted.contains(topic)).collect();
        app.change_linked_preference(&token, |current| *current = muted).await?;
        return Ok(see_other(&format!("/mail/{}?saved=yes", link::part(&token))));
    }
    if !has("List-Unsubscribe", "One-Click") {
        return Err(Problem::malformed("Send the form of this page, or List-Unsubscribe=One-Click."));
    }
    let topic = query.topic.as_deref().and_then(Topic::parse);
    app.change_linked_preference(&token, |muted| match topic {
        Some(topic) => drop(muted.insert(topic)),
        None => muted.extend(Topic::ALL),
    })
    .await?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("No further mails of this kind are sent.\n"))
}
