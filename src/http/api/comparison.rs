//! A release beside its baseline.

use std::collections::BTreeMap;

use actix_web::get;
use actix_web::web::{Data, Json, Path, Query};
use seatrial_domain::evidence::Pairing;
use seatrial_domain::signal::SignalReading;
use seatrial_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::signal::DifferenceView;
use crate::app::App;
use crate::app::comparison::{ComparedGroup, ComparisonQuery};
use crate::app::error::AppError;
use crate::http::extract::Caller;
use crate::http::problem::{Problem, ProblemBody};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(compare);
}

/// What is asked.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct CompareQuery {
    /// The release it is set beside, by name or id; when absent its own baseline, or else the one that went live last.
    baseline: Option<String>,
    /// Of runs that started on the day of this time or later; 90 days back when absent.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Of runs that started before the day after this time; today when absent. At most 732 days.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
}

/// A number on both releases.
#[derive(Serialize, utoipa::ToSchema)]
struct BeforeAfter {
    /// On the baseline.
    before: i64,
    /// On the release.
    after: i64,
}

/// A signal on both releases.
#[derive(Serialize, utoipa::ToSchema)]
struct ComparedSignalView {
    /// On the baseline; null where it had no run.
    before: Option<SignalReading>,
    /// On the release; null where it had no run.
    after: Option<SignalReading>,
    /// The difference, of rates, with Newcombe's 95 % interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<DifferenceView>,
}

/// All runs, or those of one segment.
#[derive(Serialize, utoipa::ToSchema)]
struct ComparedGroupView {
    /// The segment dimension; null over all runs.
    dimension: Option<String>,
    /// Its value; `other` holds what is beyond the limit of values.
    value: Option<String>,
    /// Runs, open ones included.
    runs: BeforeAfter,
    /// Failures by class; the empty name for those nobody classified.
    failure_mix: BTreeMap<String, BeforeAfter>,
    /// Every signal, by its name.
    signals: BTreeMap<String, ComparedSignalView>,
}

/// A release beside its baseline.
#[derive(Serialize, utoipa::ToSchema)]
struct ComparisonView {
    /// The release.
    release: String,
    /// What it is set beside.
    baseline: String,
    /// `concurrent` when at least half of the release's runs are from days on which the baseline had some too.
    pairing: Pairing,
    /// The same in words; a historical comparison is confounded with time.
    label: &'static str,
    /// From this day on.
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// Up to this day, exclusive.
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    /// All runs first, then by dimension and value.
    groups: Vec<ComparedGroupView>,
}

impl From<ComparedGroup> for ComparedGroupView {
    fn from(group: ComparedGroup) -> Self {
        let pair = |(before, after): (i64, i64)| BeforeAfter { before, after };
        let signals = group.signals.into_iter().filter_map(|signal| {
            let name = signal.after.as_ref().or(signal.before.as_ref())?.signal.to_string();
            let difference = signal.difference.map(DifferenceView::from);
            Some((name, ComparedSignalView { before: signal.before, after: signal.after, difference }))
        });
        Self {
            dimension: group.dimension,
            value: group.value,
            runs: pair(group.runs),
            failure_mix: group.failure_mix.into_iter().map(|(class, runs)| (class, pair(runs))).collect(),
            signals: signals.collect(),
        }
    }
}

/// Compare a release with its baseline
///
/// Every signal before and after, with numerators, denominators and intervals, over all runs and in every segment, and
/// the mix of failure classes: what changed with this release.
#[utoipa::path(
    operation_id = "compare_release", tag = "releases",
    params(
        ("project" = String, Path), ("workflow" = String, Path, description = "Its name or id"),
        ("release" = String, Path, description = "Its name or id"), CompareQuery
    ),
    responses(
        (status = 200, description = "Both releases side by side", body = ComparisonView),
        (status = 400, description = "The query cannot be read", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The permission is missing", body = ProblemBody),
        (status = 404, description = "No such project, workflow or release", body = ProblemBody),
        (status = 422, description = "The range is out of bounds, or there is nothing to compare with", body = ProblemBody),
    ),
    extensions(("x-permission" = json!("read_evidence")))
)]
#[get("/projects/{project}/workflows/{workflow}/releases/{release}/comparison")]
async fn compare(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String, String)>,
    query: Query<CompareQuery>,
) -> Result<Json<ComparisonView>, Problem> {
    let (project, workflow, release) = path.into_inner();
    let names = app.names(&caller, &project).await?;
    let workflow = names.workflow(&workflow)?;
    let release = names.release(Some(workflow), &release)?;
    let row = names.release_row(release).ok_or(AppError::NotFound { noun: "release" })?;
    let baseline = match query.baseline.as_deref() {
        Some(name) => Some(names.release(Some(workflow), name)?),
        None => names.baseline(row).map(|row| row.id),
    };
    let baseline = baseline.filter(|baseline| *baseline != release);
    let baseline = baseline
        .ok_or_else(|| AppError::invalid("baseline", "there is no other release to compare with; name another one"))?;
    let asked = ComparisonQuery { workflow, release, baseline, from: query.from, to: query.to };
    let found = app.compare(&caller, &project, asked).await?;
    Ok(Json(ComparisonView {
        release: names.release_name(release),
        baseline: names.release_name(baseline),
        pairing: found.pairing,
        label: match found.pairing {
            Pairing::Concurrent => "concurrent: both had runs on the same days",
            Pairing::Historical | Pairing::None => "historical: confounded with time",
        },
        from: found.from,
        to: found.to,
        groups: found.groups.into_iter().map(ComparedGroupView::from).collect(),
    }))
}
