//! Signals by release, over time and by segment; and what each signal means.

use actix_web::get;
use actix_web::web::{Data, Json, Path, Query};
use seatrial_domain::ids::ReleaseId;
use seatrial_domain::signal::{BUILT_IN, Direction, Group, SignalKind, SignalReading};
use seatrial_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::deployment::MarkerView;
use crate::app::App;
use crate::app::error::AppError;
use crate::app::names::Names;
use crate::app::signal::{Difference, GroupBy, SignalGroup, SignalQuery};
use crate::http::extract::Caller;
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(definitions).service(table);
}

/// What a signal means.
#[derive(Serialize, utoipa::ToSchema)]
struct SignalDefinition {
    /// Its name.
    signal: String,
    /// What kind of number it is.
    kind: SignalKind,
    /// Where it is shown.
    group: Group,
    /// What a higher value means.
    direction: Direction,
    /// The exact definition.
    exactly: &'static str,
    /// What it proves.
    proves: &'static str,
    /// What it does not prove.
    does_not_prove: &'static str,
}

/// The signals
///
/// Every built-in signal with its exact definition, what it proves and what it does not.
#[utoipa::path(
    operation_id = "list_signals", tag = "signals",
    responses((status = 200, description = "The built-in signals", body = Vec<SignalDefinition>)),
    extensions(("x-permission" = json!("none"))),
    security(())
)]
#[get("/signals")]
async fn definitions() -> Json<Vec<SignalDefinition>> {
    let definitions = BUILT_IN.iter().map(|signal| {
        let definition = signal.definition();
        SignalDefinition {
            signal: signal.to_string(),
            kind: definition.kind,
            group: definition.group,
            direction: definition.direction,
            exactly: definition.exactly,
            proves: definition.proves,
            does_not_prove: definition.does_not_prove,
        }
    });
    Json(definitions.collect())
}

/// What is asked.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct SignalsQuery {
    /// Of these releases, by name or id, comma separated; all when absent.
    release: Option<String>,
    /// Compare with this release: adds differences of rates with Newcombe's 95 % interval.
    baseline: Option<String>,
    /// Of runs that started at or after this time, to the hour; 90 days back when absent.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Of runs that started before this time, to the hour; now when absent. At most 732 days, by the hour 31.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// `release`, `day`, `hour`, or the name of a segment dimension such as `customer_tier`.
    group_by: Option<String>,
}

/// A difference from the baseline.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct DifferenceView {
    /// This rate minus the baseline's.
    value: f64,
    /// Newcombe's 95 % interval, lower end.
    low: f64,
    /// … and upper end.
    high: f64,
}

impl From<Difference> for DifferenceView {
    fn from(difference: Difference) -> Self {
        Self { value: difference.value, low: difference.low, high: difference.high }
    }
}

/// A signal of a group.
#[derive(Serialize, utoipa::ToSchema)]
struct SignalView {
    /// The figure.
    #[serde(flatten)]
    reading: SignalReading,
    /// The difference from the baseline, of rates.
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<DifferenceView>,
}

/// The share of a failure class.
#[derive(Serialize, utoipa::ToSchema)]
struct ClassShare {
    /// The class; empty for failures nobody classified.
    failure_class: String,
    /// Failures of the class.
    runs: i64,
    /// Its share of all failures.
    share: f64,
}

/// Runs that belong together.
#[derive(Serialize, utoipa::ToSchema)]
struct GroupView {
    /// The release.
    #[schema(value_type = String)]
    release_id: ReleaseId,
    /// The release's name.
    release: String,
    /// The value of the dimension asked for; `other` holds what is beyond the limit of values.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// Where the day or hour starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    start: Option<Timestamp>,
    /// Runs, open ones included.
    runs: i64,
    /// Concluded runs.
    concluded: i64,
    /// Closed runs whose outcome nobody knows.
    unknown_outcome: i64,
    /// Failures.
    failures: i64,
    /// Failures by class.
    failure_mix: Vec<ClassShare>,
    /// Every signal.
    signals: Vec<SignalView>,
}

/// Signals of a workflow.
#[derive(Serialize, utoipa::ToSchema)]
struct SignalTableView {
    /// The workflow.
    workflow: String,
    /// From this time on, as looked at.
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// Up to this time, exclusive.
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    /// The groups.
    groups: Vec<GroupView>,
    /// By day or hour: what happened to the workflow's releases meanwhile, earliest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    markers: Option<Vec<MarkerView>>,
}

fn group_view(group: SignalGroup, names: &Names) -> GroupView {
    #[expect(clippy::cast_precision_loss, reason = "a share is shown with few digits")]
    let share = |n: i64| n as f64 / group.counts.failures.max(1) as f64;
    let failure_mix = group.counts.classes.iter().map(|(class, n)| ClassShare {
        failure_class: class.clone(),
        runs: *n,
        share: share(*n),
    });
    GroupView {
        release_id: group.release,
        release: names.release_name(group.release),
        start: group.start,
        runs: group.counts.runs,
        concluded: group.counts.concluded,
        unknown_outcome: group.counts.unknown_outcome,
        failures: group.counts.failures,
        failure_mix: failure_mix.collect(),
        value: group.value,
        signals: group
            .signals
            .into_iter()
            .map(|signal| SignalView {
                reading: signal.reading,
                difference: signal.difference.map(DifferenceView::from),
            })
            .collect(),
    }
}

/// Signals of a workflow
///
/// Every signal with numerator, denominator, coverage and interval, by release, over time, or by the values of one
/// segment dimension. Computed from sums, so it takes the same time whatever the number of runs.
#[utoipa::path(
    operation_id = "read_signals", tag = "signals",
    params(
        ("project" = String, Path), ("workflow" = String, Path, description = "The workflow's name or id"),
        SignalsQuery
    ),
    responses(
        (status = 200, description = "The groups", body = SignalTableView),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project, workflow or release", body = ProblemBody),
        (status = 422, description = "The range is out of bounds", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/workflows/{workflow}/signals")]
async fn table(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
    query: Query<SignalsQuery>,
) -> Result<Json<SignalTableView>, Problem> {
    let (project, workflow) = path.into_inner();
    let query = query.into_inner();
    let names = app.names(&caller, &project).await?;
    let workflow_id = names.workflow(&workflow)?;
    let release = |name: &str| names.release(Some(workflow_id), name);
    let releases = query.release.iter().flat_map(|list| list.split(',')).map(str::trim).filter(|name| !name.is_empty());
    let group_by = query.group_by.as_deref().unwrap_or_default().parse::<GroupBy>();
    let asked = SignalQuery {
        workflow: workflow_id,
        releases: releases.map(release).collect::<Result<_, _>>()?,
        baseline: query.baseline.as_deref().map(release).transpose()?,
        from: query.from,
        to: query.to,
        group_by: group_by.map_err(|message| AppError::invalid("group_by", message))?,
    };
    let table = app.signals(&caller, &project, &asked).await?;
    Ok(Json(SignalTableView {
        workflow: names.workflow_name(workflow_id),
        from: table.from,
        to: table.to,
        groups: table.groups.into_iter().map(|group| group_view(group, &names)).collect(),
        markers: table
            .markers
            .map(|markers| markers.into_iter().map(|marker| MarkerView::of(marker, &names)).collect()),
    }))
}
