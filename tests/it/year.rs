//! A simulated year: two processes on one database, a clock that is moved, a mail server and a receiver that refuse, delay
//! and break off, and processes that die at every point of the outbox. Every notice that is due is sent, once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use seatrial::app::ports::{Mail, MailError, Mailer, SystemRandomness};
use seatrial::app::{App, Ports, open_store};
use seatrial::auth::token::{SigningKey, Tokens};
use seatrial::notify::mail::SmtpMailer;
use seatrial::notify::outbound::GuardedOutbound;
use seatrial::worker::{Job, pass as leased};
use seatrial_domain::access::Role;
use seatrial_store::outbox::{self, Channel};
use serde_json::json;
use standardwebhooks::Webhook;
use tokio::sync::Notify;

use crate::support::app::{START, TestApp, answer};
use crate::support::notices::{api, attest, both_mailed, on_day, put, report_run, scorecard};
use crate::support::smtp_sink::Answer;
use crate::support::webhook_sink::WebhookSink;

both_mailed!(every_notice_is_sent_once_through_a_year_of_faults);

/// Where a process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dies {
    /// Nowhere.
    Never,
    /// With a message in hand, before the mail server heard of it.
    BeforeSending,
    /// After the mail server took it, before that was written down.
    AfterSending,
}

/// A mailer whose process dies where it is told to: it says so and never comes back.
#[derive(Debug)]
struct MortalMailer {
    inner: SmtpMailer,
    dies: AtomicU8,
    dead: Notify,
}

impl MortalMailer {
    fn tell(&self, dies: Dies) {
        self.dies.store(dies as u8, Ordering::SeqCst);
    }

    async fn die(&self) -> Result<(), MailError> {
        self.tell(Dies::Never);
        self.dead.notify_one();
        std::future::pending().await
    }
}

#[async_trait]
impl Mailer for MortalMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        if self.dies.load(Ordering::SeqCst) == Dies::BeforeSending as u8 {
            return self.die().await;
        }
        let sent = self.inner.send(mail).await;
        if sent.is_ok() && self.dies.load(Ordering::SeqCst) == Dies::AfterSending as u8 {
            return self.die().await;
        }
        sent
    }
}

/// Another process on the same database.
async fn process(app: &TestApp) -> (Arc<App>, Arc<MortalMailer>) {
    let config = Arc::clone(&app.app.config);
    let store = open_store(&config).await.expect("the database opens");
    let key = SigningKey::load_or_create(&config.auth.token_key_file).expect("a signing key");
    let inner = SmtpMailer::new(&config.smtp).expect("valid");
    let mailer = Arc::new(MortalMailer { inner, dies: AtomicU8::new(Dies::Never as u8), dead: Notify::new() });
    let ports = Ports {
        clock: Arc::new(app.clock.clone()),
        randomness: Arc::new(SystemRandomness),
        mailer: Some(Arc::clone(&mailer) as Arc<dyn Mailer>),
        outbound: Arc::new(GuardedOutbound::new(config.outbound.clone())),
    };
    let tokens = Tokens::new(config.server.public_url.clone(), key);
    (App::new(config, store, tokens, ports).expect("another process"), mailer)
}

/// One pass of both processes; whichever has the lease works. A process that dies is gone for this pass.
async fn turn(processes: &[(Arc<App>, Arc<MortalMailer>)], day: i64) {
    for (i, (app, mailer)) in processes.iter().enumerate() {
        let holder = format!("process {i}");
        leased(app, &holder, Job::CheckScorecards).await.expect("judged");
        tokio::select! {
            sent = leased(app, &holder, Job::DeliverDue) => drop(sent.expect("sent")),
            () = mailer.dead.notified() => {}
        }
    }
    assert!(day >= 0);
}

/// What must be told in a cycle that is attested again on its 45th day: day of the cycle, subject, to whom.
fn expected(app: &TestApp) -> Vec<(i64, &'static str, String)> {
    let (owner, backup, admin) = (app.email(Role::Owner), app.email(Role::Reviewer), app.email(Role::Admin));
    let again = "Still stale, nobody has acted: Refunds";
    vec![
        (23, "Review due: Refunds", owner.clone()),
        (30, "Stale scorecard: Refunds", owner.clone()),
        (37, again, owner.clone()),
        (37, again, backup.clone()),
        (44, again, owner),
        (44, again, backup),
        (44, again, admin),
    ]
}

const CYCLE: i64 = 45;
const CYCLES: i64 = 8;

async fn every_notice_is_sent_once_through_a_year_of_faults(app: &TestApp) {
    let (steady, gone) = (WebhookSink::start().await, WebhookSink::start().await);
    let mut secrets = Vec::new();
    for sink in [&steady, &gone] {
        let request = app.member(Role::Admin).post(&api("webhooks")).json(&json!({"url": sink.url()}));
        let (status, made) = answer(request).await;
        assert_eq!(status, 201, "{made}");
        secrets.push(made["secret"].as_str().expect("a secret").to_owned());
    }
    gone.answer(410, 100).await;
    let processes = [process(app).await, process(app).await];
    let sink = app.mail.as_ref().expect("a mail server");
    report_run(app, "day 0", "success").await;
    put(app, &scorecard(app)).await;
    attest(app).await;
    live_through(app, &processes, &steady).await;
    let mut sent: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for mail in sink.mails() {
        let key = (mail.header("subject").expect("a subject"), mail.to.join(","));
        sent.entry(key).or_default().insert(mail.header("message-id").expect("an id"));
    }
    let mut due: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (_, subject, to) in expected(app) {
        *due.entry((subject.to_owned(), to)).or_default() += usize::try_from(CYCLES).expect("few");
    }
    let counted: BTreeMap<_, usize> = sent.into_iter().map(|(key, ids)| (key, ids.len())).collect();
    assert_eq!(counted, due, "each notice is one message, whatever happened to it on its way");
    let dead = answer(app.member(Role::Admin).get(&api("outbox?state=dead"))).await.1;
    let webhooks_only = dead["items"].as_array().expect("a list").iter().all(|message| message["channel"] == "webhook");
    assert!(webhooks_only, "{dead}");

    // The events: due and stale of each cycle, each once, each signed as the specification's own library signs it.
    let key = Webhook::new(&secrets[0]).expect("a secret");
    let mut events: BTreeMap<String, String> = BTreeMap::new();
    for delivery in steady.deliveries().await {
        let signature = key.sign(&delivery.id, delivery.timestamp, &delivery.body).expect("signed");
        assert!(delivery.signature.split(' ').any(|given| given == signature), "{delivery:?}");
        let kind = delivery.json()["type"].as_str().unwrap_or_default().to_owned();
        events.insert(delivery.id, kind);
    }
    let count = |kind: &str| events.values().filter(|found| *found == kind).count();
    let cycles = usize::try_from(CYCLES).expect("few");
    assert_eq!((count("scorecard.due"), count("scorecard.stale"), events.len()), (cycles, cycles, 2 * cycles));
    assert_eq!(gone.deliveries().await.len(), 1, "an endpoint that answers 410 is turned off");
    for (process, _) in processes {
        process.finish(Duration::from_secs(5)).await;
    }
}

/// A year in cycles: nobody acts for 45 days, then the owner attests again.
async fn live_through(app: &TestApp, processes: &[(Arc<App>, Arc<MortalMailer>)], steady: &WebhookSink) {
    for cycle in 0..CYCLES {
        let begin = cycle * CYCLE;
        for day in 1..=CYCLE {
            on_day(app, START, begin + day);
            if day % 20 == 0 {
                report_run(app, &format!("day {}", begin + day), "success").await;
            }
            if ![23, 30, 37, 44, 45].contains(&day) {
                if day % 5 == 0 {
                    turn(processes, day).await;
                }
                continue;
            }
            fault(app, processes, steady, begin + day).await;
            turn(processes, day).await;
            // What is taken by a dead process is free again after some minutes; what was refused is tried again later.
            for seconds in [10, 600, 3_600, 4 * 3_600, 10 * 3_600] {
                app.clock.set(START.plus_days(begin + day).plus_seconds(seconds));
                turn(processes, day).await;
            }
        }
        attest(app).await;
    }
}

/// What goes wrong on a day: each day something else.
async fn fault(app: &TestApp, processes: &[(Arc<App>, Arc<MortalMailer>)], hook: &WebhookSink, day: i64) {
    let sink = app.mail.as_ref().expect("a mail server");
    match day % 7 {
        0 => processes.iter().for_each(|(_, mailer)| mailer.tell(Dies::BeforeSending)),
        1 => processes.iter().for_each(|(_, mailer)| mailer.tell(Dies::AfterSending)),
        2 => sink.answer(&[Answer::TryLater, Answer::TryLater, Answer::HangUp]),
        3 => hook.answer(503, 2).await,
        4 => {
            // Dies between taking messages and doing anything with them.
            for (app, _) in processes {
                leased(app, "process 0", Job::CheckScorecards).await.expect("judged");
                let tx = app.store.write().await.expect("the database is writable");
                let until = app.now().plus_seconds(120);
                outbox::take_due(&tx, &[Channel::Mail, Channel::Webhook], app.now(), until, 100).await.expect("taken");
                tx.commit().await.expect("committed");
            }
        }
        5 => {
            // Dies before what it enqueued is on disk: the transaction is gone, and the next pass tells anew.
            let tx = app.app.store.write().await.expect("the database is writable");
            drop(tx);
        }
        _ => {}
    }
}
