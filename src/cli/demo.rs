//! Filling the demo project: its history told through the use cases, at the times when it happened.
//!
//! A second [`App`] over the same database has a clock that is set to each moment of the story, so that a scorecard
//! attested weeks ago is one that was attested by the ordinary use case, weeks ago.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use seatrial_domain::access::{Actor, Role};
use seatrial_domain::case::Assertions;
use seatrial_domain::ids::{AccountId, FactId, ReleaseId, RunId};
use seatrial_domain::release::ReleaseState;
use seatrial_domain::run::{LateFact, Provenance};
use seatrial_domain::scorecard::{Check, Scorecard};
use seatrial_domain::time::Timestamp;
use seatrial_domain::workflow::RiskClass;
use seatrial_store::ingest::{Change, RunWrite, Target};
use seatrial_store::{Page, Scope, member};

use super::exit::Failure;
use super::printer;
use crate::app::access::{Caller, ProjectAccess};
use crate::app::account::NewAccount;
use crate::app::error::AppError;
use crate::app::gate::NewGate;
use crate::app::otlp::{OtlpBody, OtlpSignal};
use crate::app::ports::{Clock, ManualClock};
use crate::app::project::{NewProject, ProjectSettings};
use crate::app::workflow::{ReleaseMove, WorkflowSettings};
use crate::app::{App, Ports};
use crate::auth::token::{SigningKey, Tokens};
use crate::demo::control::{self, DemoPromotion, DemoRelease};
use crate::demo::{DEMO_RUNS, DEMO_SEED, DemoBatch, requests};
use crate::ingest::otlp::Format;

/// The password of the demo project's people: it is printed, and the project holds nothing real.
pub const DEMO_PASSWORD: &str = "sea-trial-demo-1";
