//! `invoice-triage`: its newest candidate is plainly better everywhere and waits for a decision.

use seatrial_domain::release::ReleaseState;
use seatrial_domain::workflow::RiskClass;

use super::{Dimension, Rates, ReleaseScenario, SegmentShift, WorkflowScenario};
use crate::demo::script;

const MISSES: &[(&str, f64)] = &[
    ("wrong_result", 0.34),
    ("tool_misuse", 0.16),
    ("incomplete", 0.15),
    ("hallucination", 0.13),
    ("formatting", 0.11),
    ("timeout", 0.09),
    ("irreversible_error", 0.02),
];

/// The candidate cannot pay by itself any more, so what it does wrong can be undone.
const CANDIDATE_MISSES: &[(&str, f64)] = &[
    ("wrong_result", 0.40),
    ("tool_misuse", 0.16),
    ("incomplete", 0.18),
    ("hallucination", 0.12),
    ("formatting", 0.08),
    ("timeout", 0.06),
];

const ONE_OFF: SegmentShift =
    SegmentShift { dimension: "supplier_type", value: "one_off", completed: -0.03, rescued: 0.01, misses: &[] };

pub(super) static WORKFLOW: WorkflowScenario = WorkflowScenario {
    name: "invoice-triage",
    about: "Reads incoming invoices, matches them to purchase orders and routes them for payment.",
    risk: RiskClass::Medium,
    agent: "invoice-agent",
    share: 0.35,
    dimensions: &[
        Dimension { name: "supplier_type", values: &[("contracted", 0.60), ("one_off", 0.28), ("intercompany", 0.12)] },
        Dimension { name: "channel", values: &[("email", 0.50), ("portal", 0.35), ("edi", 0.15)] },
        Dimension { name: "region", values: &[("eu", 0.50), ("us", 0.35), ("apac", 0.15)] },
    ],
    releases: [
        ReleaseScenario {
            version: "1.4.0",
            baseline: None,
            state: ReleaseState::Retired,
            notes: "Reads scanned invoices.",
            model: "mariner-2-mini",
            from_days_ago: 28.0,
            to_days_ago: 20.0,
            weight: 1.0,
            rates: Rates {
                completed: 0.84,
                rescued: 0.08,
                approval: 0.12,
                denial: 0.06,
                escalation: 0.09,
                retry: 0.15,
            },
            shifts: &[ONE_OFF],
            misses: MISSES,
            model_call_ms: 2_100.0,
            input_tokens: 2_600.0,
            output_tokens: 230.0,
        },
        ReleaseScenario {
            version: "1.5.0",
            baseline: Some("1.4.0"),
            state: ReleaseState::Retired,
            notes: "Matches by purchase order number first.",
            model: "mariner-2-mini",
            from_days_ago: 21.5,
            to_days_ago: 9.0,
            weight: 1.0,
            rates: Rates {
                completed: 0.87,
                rescued: 0.06,
                approval: 0.11,
                denial: 0.05,
                escalation: 0.08,
                retry: 0.13,
            },
            shifts: &[ONE_OFF],
            misses: MISSES,
            model_call_ms: 1_900.0,
            input_tokens: 2_350.0,
            output_tokens: 210.0,
        },
        ReleaseScenario {
            version: "1.6.0",
            baseline: Some("1.5.0"),
            state: ReleaseState::Live,
            notes: "Asks for approval above the payment limit.",
            model: "mariner-2",
            from_days_ago: 10.5,
            to_days_ago: 0.0,
            weight: 1.0,
            rates: Rates {
                completed: 0.90,
                rescued: 0.045,
                approval: 0.10,
                denial: 0.05,
                escalation: 0.07,
                retry: 0.10,
            },
            shifts: &[ONE_OFF],
            misses: MISSES,
            model_call_ms: 2_000.0,
            input_tokens: 2_300.0,
            output_tokens: 220.0,
        },
        ReleaseScenario {
            version: "1.7.0",
            baseline: Some("1.6.0"),
            state: ReleaseState::Candidate,
            notes: "Reads line items as a table with half the tokens; can no longer pay by itself.",
            model: "mariner-2",
            from_days_ago: 8.0,
            to_days_ago: 0.0,
            weight: 1.0,
            rates: Rates {
                completed: 0.965,
                rescued: 0.015,
                approval: 0.10,
                denial: 0.05,
                escalation: 0.05,
                retry: 0.05,
            },
            shifts: &[],
            misses: CANDIDATE_MISSES,
            model_call_ms: 1_500.0,
            input_tokens: 1_250.0,
            output_tokens: 150.0,
        },
    ],
    script: &script::INVOICE_TRIAGE,
};
