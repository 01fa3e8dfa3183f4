//! Tests of the domain, one module per noun, one binary.

mod access;
mod audit;
mod axis;
mod canonical;
mod case;
mod decision;
mod drift;
mod engine;
mod evidence;
mod forecast;
mod gate;
mod gate_amounts;
mod gate_cases;
mod pattern;
mod prefix;
mod reasons;
mod reconsider;
mod record;
mod redact;
mod response;
mod scorecard;
mod series;
mod stats;
mod support;
mod vague;
