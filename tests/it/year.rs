//! A simulated year: two processes on one database, a clock that is moved, a mail server and a receiver that refuse, delay
//! and break off, and processes that die at every point of the outbox. Every notice that is due is sent, once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use seatrial::app::ports::{
    Mail, MailError, Mailer, Outbound, OutboundAnswer, OutboundError, OutboundRequest, SystemRandomness,
};
use seatrial::app::{App, Ports, open_store};
use seatrial::auth::token::{SigningKey, Tokens};
use seatrial::config;
use seatrial::notify::mail::SmtpMailer;
use seatrial::notify::outbound::GuardedOutbound;
use seatrial::worker::{Job, pass as leased};
use seatrial_domain::access::Role;
use seatrial_store::outbox::{self, Channel};
use serde_json::json;
use standardwebhooks::Webhook;
use tokio::sync::Notify;

use crate::support::app::{START, TestApp, answer};
use crate::support::evidence::alert_of;
use crate::support::notices::{WORKFLOW, api, attest, both_mailed, on_day, put, report_run, scorecard};
use crate::support::smtp_sink::Answer;
use crate::support::webhook_sink::WebhookSink;

both_mailed!(every_notice_is_sent_once_through_a_year_of_faults, a_process_may_die_at_every_point_of_sending);

/// Where a process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dies {
    /// Nowhere.
    Never,
    /// With a message in hand, before the other side heard of it.
    BeforeSending,
    /// After the other side took it, before that was written down.
    AfterSending,
}

/// A way out of a process that dies where it is told to: it says so and never comes back.
#[derive(Debug)]
struct Mortal<T> {
    inner: T,
    dies: AtomicU8,
    dead: Notify,
}

impl<T> Mortal<T> {
    fn new(inner: T) -> Arc<Self> {
        Arc::new(Self { inner, dies: AtomicU8::new(Dies::Never as u8), dead: Notify::new() })
    }

    fn tell(&self, dies: Dies) {
        self.dies.store(dies as u8, Ordering::SeqCst);
    }

    /// Dies here, if it was told to.
    async fn pass(&self, at: Dies) {
        if self.dies.load(Ordering::SeqCst) == at as u8 {
            self.tell(Dies::Never);
            self.dead.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl Mailer for Mortal<SmtpMailer> {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        self.pass(Dies::BeforeSending).await;
        let sent = self.inner.send(mail).await;
        if sent.is_ok() {
            self.pass(Dies::AfterSending).await;
        }
        sent
    }
}

#[async_trait]
impl Outbound for Mortal<GuardedOutbound> {
    async fn post(&self, request: &OutboundRequest) -> Result<OutboundAnswer, OutboundError> {
        self.pass(Dies::BeforeSending).await;
        let answered = self.inner.post(request).await;
        self.pass(Dies::AfterSending).await;
        answered
    }
}

/// Another process on the same database, with its ways out.
struct Process {
    app: Arc<App>,
    mailer: Arc<Mortal<SmtpMailer>>,
    outbound: Arc<Mortal<GuardedOutbound>>,
}

async fn process(app: &TestApp) -> Process {
    let config = Arc::clone(&app.app.config);
    let store = open_store(&config).await.expect("the database opens");
    let key = SigningKey::load_or_create(&config.auth.token_key_file).expect("a signing key");
    let mailer = Mortal::new(SmtpMailer::new(&config.smtp).expect("valid"));
    // A receiver that does not answer is given up after a second, so that the year is over soon.
    let outbound = config::Outbound { timeout_seconds: 1, ..config.outbound.clone() };
    let outbound = Mortal::new(GuardedOutbound::new(outbound));
    let ports = Ports {
        clock: Arc::new(app.clock.clone()),
        randomness: Arc::new(SystemRandomness),
        mailer: Some(Arc::clone(&mailer) as Arc<dyn Mailer>),
        outbound: Arc::clone(&outbound) as Arc<dyn Outbound>,
    };
    let tokens = Tokens::new(config.server.public_url.clone(), key);
    Process { app: App::new(config, store, tokens, ports).expect("another process"), mailer, outbound }
}

/// One pass of both processes; whichever has the lease works. A process that dies is gone for this pass.
async fn turn(processes: &[Process]) {
    for (i, Process { app, mailer, outbound }) in processes.iter().enumerate() {
        let holder = format!("process {i}");
        leased(app, &holder, Job::CheckScorecards).await.expect("judged");
        tokio::select! {
            sent = leased(app, &holder, Job::DeliverDue) => drop(sent.expect("sent")),
            () = mailer.dead.notified() => {}
            () = outbound.dead.notified() => {}
        }
    }
}

/// Lets work go on up to the `steps`-th time it waits for something, and no further: the process dies there, whatever it
/// had in hand. Returns whether it came to its end before.
async fn dies_at<T>(steps: usize, work: impl Future<Output = T>) -> bool {
    let mut work = Box::pin(work);
    let mut waited = 0;
    std::future::poll_fn(|context| {
        if work.as_mut().poll(context).is_ready() {
            return Poll::Ready(true);
        }
        waited += 1;
        if waited < steps { Poll::Pending } else { Poll::Ready(false) }
    })
    .await
}

/// Dies at every point of writing what is due into the outbox: once at each place where it waits for the database.
async fn dies_everywhere(process: &Process) {
    for step in 1.. {
        if dies_at(step, process.app.check_scorecards()).await {
            break;
        }
    }
}

/// Opens a response, of which its owner and every endpoint is told.
async fn tell_something(app: &TestApp) {
    let body = json!({
        "workflow": WORKFLOW, "origin": {"kind": "alert", "id": alert_of(app, WORKFLOW).await}, "kind": "rollback",
        "owner": app.account(Role::Owner), "due_at": app.app.now().plus_days(300),
    });
    let (status, opened) = answer(app.member(Role::Admin).post(&api("responses")).json(&body)).await;
    assert_eq!(status, 201, "{opened}");
}

/// Passes of sending after a death, the last of which has sent everything.
const PASSES: usize = 20;

async fn a_process_may_die_at_every_point_of_sending(app: &TestApp) {
    let hook = WebhookSink::start().await;
    let made = answer(app.member(Role::Admin).post(&api("webhooks")).json(&json!({"url": hook.url()}))).await;
    assert_eq!(made.0, 201, "{}", made.1);
    report_run(app, "day 0", "success").await;
    let (doomed, next) = (process(app).await, process(app).await);
    let mut told = 0;
    for step in 1.. {
        tell_something(app).await;
        told += 1;
        let survived = dies_at(step, doomed.app.deliver_due()).await;
        // What the dead process had in hand is free again after a while, and the next one sends it.
        app.clock.advance(Duration::from_secs(7_200));
        // The database takes back what a dead process had begun in its own time; until then the rows are passed over.
        for _ in 0..PASSES {
            next.app.deliver_due().await.expect("sent");
            let waiting = answer(app.member(Role::Admin).get(&api("outbox?state=pending"))).await.1;
            if waiting["items"] == json!([]) {
                break;
            }
        }
        let mails = app.mail.as_ref().expect("a mail server").mails();
        let mails: BTreeSet<String> = mails.iter().filter_map(|mail| mail.header("message-id")).collect();
        let events: BTreeSet<String> = hook.deliveries().await.into_iter().map(|delivery| delivery.id).collect();
        assert_eq!((mails.len(), events.len()), (told, told), "each once, though it died at point {step}");
        let waiting = answer(app.member(Role::Admin).get(&api("outbox?state=pending"))).await.1;
        assert_eq!(waiting["items"], json!([]), "nothing is left behind at point {step}");
        if survived {
            break;
        }
    }
    assert!(told > 10, "there are that many points to die at: {told}");
    for process in [doomed, next] {
        process.app.finish(Duration::from_secs(5)).await;
    }
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
    for process in processes {
        process.app.finish(Duration::from_secs(5)).await;
    }
}

/// A year in cycles: nobody acts for 45 days, then the owner attests again.
async fn live_through(app: &TestApp, processes: &[Process], steady: &WebhookSink) {
    for cycle in 0..CYCLES {
        let begin = cycle * CYCLE;
        for day in 1..=CYCLE {
            on_day(app, START, begin + day);
            if day % 20 == 0 {
                report_run(app, &format!("day {}", begin + day), "success").await;
            }
            if ![23, 30, 37, 44, 45].contains(&day) {
                if day % 5 == 0 {
                    turn(processes).await;
                }
                continue;
            }
            fault(app, processes, steady, begin + day).await;
            turn(processes).await;
            // What is taken by a dead process is free again after some minutes; what was refused is tried again later.
            for seconds in [10, 600, 3_600, 4 * 3_600, 10 * 3_600] {
                app.clock.set(START.plus_days(begin + day).plus_seconds(seconds));
                turn(processes).await;
            }
        }
        attest(app).await;
    }
}

/// What goes wrong on a day: each day something else.
async fn fault(app: &TestApp, processes: &[Process], hook: &WebhookSink, day: i64) {
    let sink = app.mail.as_ref().expect("a mail server");
    match day % 7 {
        0 => processes.iter().for_each(|process| process.mailer.tell(Dies::BeforeSending)),
        1 => {
            processes[0].mailer.tell(Dies::AfterSending);
            processes[1].outbound.tell(Dies::AfterSending);
        }
        2 => sink.answer(&[Answer::TryLater, Answer::TryLater, Answer::HangUp]),
        3 => hook.answer(503, 2).await,
        4 => {
            // Dies between taking messages and doing anything with them.
            for Process { app, .. } in processes {
                leased(app, "process 0", Job::CheckScorecards).await.expect("judged");
                let tx = app.store.write().await.expect("the database is writable");
                let until = app.now().plus_seconds(120);
                outbox::take_due(&tx, &[Channel::Mail, Channel::Webhook], app.now(), until, 100).await.expect("taken");
                tx.commit().await.expect("committed");
            }
        }
        5 => dies_everywhere(&processes[0]).await,
        _ => {
            hook.stall(1, Duration::from_secs(3)).await;
            processes[1].outbound.tell(Dies::BeforeSending);
        }
    }
}
