//! Samples of the run pages.

use super::run::{Fact, FactEvent, FactForm, Part, RunList, RunPage, RunRow, SpanBody, SpanRow, Turn, Waterfall};
use super::{Empty, Filter, FilterChip, HOSTILE, KeyValue, Link, Pager, SelectOption, SortHead, Time};

impl RunList {
    /// Two runs.
    pub fn sample() -> Self {
        Self::named("order-1042")
    }

    /// The same with hostile names.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    /// No run yet.
    pub fn empty_sample() -> Self {
        let empty = Some(Empty::no_runs("http://127.0.0.1:8080"));
        let started = SortHead::sample("Started");
        Self { chips: vec![], filters: vec![], rows: vec![], started, pager: Pager::default(), empty }
    }

    fn named(name: &str) -> Self {
        let row = RunRow {
            id: "run_0192f3a1b2c37d4e8f9a0b1c2d3e4f50".to_owned(),
            external_id: name.to_owned(),
            workflow: "refund-handling".to_owned(),
            release: name.to_owned(),
            outcome: "failure".to_owned(),
            rescued: true,
            class: Some("amount_mismatch".to_owned()),
            severity: Some("critical".to_owned()),
            started_at: Time::sample(-95),
            duration_us: Some(4_210_000),
            cost_nanos: Some(31_000_000),
            currency: "USD".to_owned(),
            unsettled: true,
        };
        let unknown = RunRow {
            outcome: "unknown".to_owned(),
            rescued: false,
            class: None,
            severity: None,
            duration_us: None,
            cost_nanos: None,
            unsettled: false,
            ..row.clone()
        };
        Self {
            chips: vec![FilterChip { label: format!("release: {name}"), href: "/p/demo/runs".to_owned(), on: true }],
            filters: vec![
                Filter { name: "q".to_owned(), label: "Run id".to_owned(), options: vec![], value: name.to_owned() },
                Filter {
                    name: "outcome".to_owned(),
                    label: "Outcome".to_owned(),
                    options: vec![SelectOption::new("", "Any"), SelectOption::new("failure", "Failure").selected(true)],
                    value: String::new(),
                },
            ],
            rows: vec![row, unknown],
            started: SortHead::sample("Started"),
            pager: Pager {
                previous: Some("/p/demo/runs?before=b".to_owned()),
                next: Some("/p/demo/runs?after=a".to_owned()),
                note: "50 of 20,412 runs, newest first".to_owned(),
            },
            empty: None,
        }
    }
}

impl RunPage {
    /// A rescued failure with a trace and a late fact.
    pub fn sample() -> Self {
        Self::with_text("refund_order", "Please refund order 1042.")
    }

    /// The same with hostile text everywhere a run's text is shown.
    pub fn hostile_sample() -> Self {
        Self::with_text(HOSTILE, HOSTILE)
    }

    /// A run of which only its facts were sent, as a viewer sees it.
    pub fn bare_sample() -> Self {
        Self {
            environment: None,
            class: None,
            severity: None,
            ended_at: None,
            duration_us: None,
            settles_at: None,
            history: vec![],
            segments: vec![],
            waterfall: None,
            turns: vec![],
            more_messages: 0,
            learning: None,
            learning_link: None,
            fact_form: None,
            ..Self::sample()
        }
    }

    fn with_text(name: &str, said: &str) -> Self {
        let fact = |label: &str, knowledge: &str, value: &str, source: Option<&str>| Fact {
            label: label.to_owned(),
            knowledge: knowledge.to_owned(),
            value: value.to_owned(),
            source: source.map(str::to_owned),
        };
        Self {
            id: "run_0192f3a1b2c37d4e8f9a0b1c2d3e4f50".to_owned(),
            external_id: name.to_owned(),
            workflow: Link::new("/p/demo/runs?workflow=refund-handling", "refund-handling"),
            release: Link::new("/p/demo/releases/rel_01", name),
            environment: Some("production".to_owned()),
            outcome: "failure".to_owned(),
            rescued: true,
            class: Some("amount_mismatch".to_owned()),
            severity: Some("critical".to_owned()),
            stage: "concluded".to_owned(),
            settles_at: Some(Time::sample(1345)),
            started_at: Time::sample(-95),
            ended_at: Some(Time::sample(-94)),
            duration_us: Some(4_210_000),
            facts: vec![
                fact("Outcome", "known", said, Some("reviewer Ana Reyes")),
                fact("Escalations", "none", "", Some("trace")),
                fact("Approvals", "unknown", "", None),
            ],
            segments: vec![KeyValue::new("customer_tier", name)],
            history: vec![FactEvent {
                at: Time::sample(-30),
                what: said.to_owned(),
                by: name.to_owned(),
                source: "API".to_owned(),
                superseded: true,
            }],
            waterfall: Some(sample_waterfall(name, said)),
            turns: vec![
                Turn { role: "user".to_owned(), parts: vec![part("text", None, said, false)] },
                Turn {
                    role: "assistant".to_owned(),
                    parts: vec![part("call", Some(name), said, false), part("result", Some(name), said, true)],
                },
            ],
            more_messages: 3,
            learning: Some("open".to_owned()),
            learning_link: Some(Link::new("/p/demo/failures?run=run_01", "Review this failure")),
            fact_form: Some(FactForm::new("0192f3a1-b2c3-7d4e-8f9a-0b1c2d3e4f50")),
        }
    }
}

fn part(kind: &str, tool: Option<&str>, content: &str, error: bool) -> Part {
    let folded = error.then(|| content.to_owned());
    Part { kind: kind.to_owned(), tool: tool.map(str::to_owned), content: content.to_owned(), error, folded }
}

fn sample_waterfall(name: &str, said: &str) -> Waterfall {
    let row = |id: &str, depth: u8, kind: &str, bar_x: u32, bar_width: u32| SpanRow {
        id: id.to_owned(),
        depth,
        kind: kind.to_owned(),
        name: name.to_owned(),
        error: kind == "tool",
        bar_x,
        bar_width,
        took: "1.2 s".to_owned(),
        tokens: Some("1,204".to_owned()),
        cost: Some("$0.002".to_owned()),
        chosen: kind == "tool",
        href: format!("?span={id}#span-body"),
    };
    let chosen = SpanBody {
        id: "00f067aa0ba902b8".to_owned(),
        name: name.to_owned(),
        kind: "tool".to_owned(),
        started_at: Time::sample(-95),
        took: "1.2 s".to_owned(),
        status: Some(said.to_owned()),
        attributes: vec![KeyValue::new("gen_ai.tool.name", name), KeyValue::new(name, said)],
        input: Some(said.to_owned()),
        output: Some(said.to_owned()),
        events: vec![KeyValue::new("exception", said)],
    };
    let mut open = row("00f067aa0ba902b9", 1, "llm", 500, 1);
    open.tokens = None;
    open.cost = None;
    Waterfall {
        total_us: 4_210_000,
        spans: 9_803,
        rows: vec![row("00f067aa0ba902b7", 0, "agent", 0, 1_000), row("00f067aa0ba902b8", 1, "tool", 240, 240), open],
        pager: Pager { previous: None, next: Some("?from=200".to_owned()), note: "Spans 1 to 200 of 9,803".to_owned() },
        lines: "/p/demo/runs/run_01/spans".to_owned(),
        bodies: "/p/demo/runs/run_01/spans/".to_owned(),
        idle: Some(Link::new("?idle=folded", "Fold 2 idle stretches, 3 h 12 min")),
        notes: vec!["2 spans name each other as parent; both are shown at the top.".to_owned()],
        chosen: Some(chosen),
    }
}
