//! What a reviewer does from the queue: promote, link or dismiss one failure, do the same to a whole group, keep one, and
//! take the last act back. Each goes on with the next failure of the same list.

use actix_web::web::Path;
use seatrial_domain::access::Permission;
use seatrial_domain::failure::LearningStatus;
use seatrial_domain::ids::{ActId, RunId};
use seatrial_domain::triage::Label;
use seatrial_store::failure::FailureFilter;
use serde::Deserialize;

use super::context::{Answer, Frame, Visitor, see_other};
use super::failure::{ListQuery, after_act, again};
use super::failure_review::Draft;
use super::form::{given, refusal};
use crate::app::error::AppError;
use crate::app::failure::Promotion;
use crate::app::triage::{Chosen, Deed};
use crate::http::extract::PageForm;
use crate::http::problem::Problem;

/// The form that promotes.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct PromoteForm {
    #[serde(default)]
    pub(super) title: String,
    #[serde(default)]
    pub(super) failure_class: String,
    #[serde(default)]
    pub(super) must: String,
    #[serde(default)]
    pub(super) must_not: String,
    #[serde(default)]
    pub(super) reference: String,
    #[serde(default)]
    pub(super) tags: String,
    /// The query of the list to go on with; absent to look at the new case instead.
    #[serde(default)]
    list: Option<String>,
    /// The failure that comes next in it.
    #[serde(default)]
    following: String,
}

impl PromoteForm {
    fn promotion(&self) -> Promotion {
        let lines = |text: &str| text.lines().filter_map(given).collect();
        let mut promotion = Promotion {
            title: given(&self.title),
            failure_class: given(&self.failure_class),
            tags: self.tags.split(',').filter_map(given).collect(),
            ..Promotion::default()
        };
        promotion.assertions.must = lines(&self.must);
        promotion.assertions.must_not = lines(&self.must_not);
        promotion.assertions.reference = given(&self.reference);
        promotion
    }
}

/// `POST /p/{project}/failures/{run}/promote`.
///
/// # Errors
/// When the token is wrong, they may not, there is no such failure, or the database fails.
pub async fn promote(visitor: Visitor, path: Path<(String, String)>, form: PageForm<PromoteForm>) -> Answer {
    let (frame, id) = enter(visitor, path).await?;
    let PageForm(form) = form;
    let promotion = form.promotion();
    let list = form.list.clone();
    let query = ListQuery::of_form(list.as_deref().unwrap_or_default());
    if promotion.assertions.is_empty() {
        let error = "Write at least one line that must or must not hold, or a reference answer.".to_owned();
        return again(frame, query.showing(id), Draft { promote: form, error: Some(error), ..Draft::default() }).await;
    }
    match frame.app().promote_failure(frame.caller(), frame.slug(), id, promotion).await {
        Ok(_) if list.is_some() => go_on(&frame, id, &query, &form.following).await,
        Ok(promoted) => Ok(frame.done(&format!("/cases/{}", promoted.case.id), "promoted")),
        Err(error) => {
            let error = Some(refusal(error)?);
            again(frame, query.showing(id), Draft { promote: form, error, ..Draft::default() }).await
        }
    }
}

/// The form that links.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct LinkForm {
    #[serde(default)]
    case_id: String,
    #[serde(default)]
    list: Option<String>,
    #[serde(default)]
    following: String,
}

/// `POST /p/{project}/failures/{run}/link`.
///
/// # Errors
/// When the token is wrong, they may not, there is no such failure, or the database fails.
pub async fn link_to_case(visitor: Visitor, path: Path<(String, String)>, form: PageForm<LinkForm>) -> Answer {
    let (frame, id) = enter(visitor, path).await?;
    let linked = match form.0.case_id.trim().parse() {
        Ok(case) => frame.app().link_failure(frame.caller(), frame.slug(), id, case).await,
        Err(_) => Err(AppError::invalid("case_id", "is not the id of an eval case, `case_` and 32 digits")),
    };
    let PageForm(LinkForm { case_id, list, following }) = form;
    let query = ListQuery::of_form(list.as_deref().unwrap_or_default());
    match linked {
        Ok(_) if list.is_some() => go_on(&frame, id, &query, &following).await,
        Ok(_) => Ok(frame.done(&format!("/failures?run={id}"), "linked")),
        Err(error) => {
            let error = Some(refusal(error)?);
            again(frame, query.showing(id), Draft { case_id, error, ..Draft::default() }).await
        }
    }
}

/// The form that dismisses.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct DismissForm {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    list: Option<String>,
    #[serde(default)]
    following: String,
}

/// `POST /p/{project}/failures/{run}/dismiss`.
///
/// # Errors
/// When the token is wrong, they may not, there is no such failure, or the database fails.
pub async fn dismiss(visitor: Visitor, path: Path<(String, String)>, form: PageForm<DismissForm>) -> Answer {
    let (frame, id) = enter(visitor, path).await?;
    let PageForm(DismissForm { reason, list, following }) = form;
    let query = ListQuery::of_form(list.as_deref().unwrap_or_default());
    match frame.app().dismiss_failure(frame.caller(), frame.slug(), id, &reason).await {
        Ok(_) if list.is_some() => go_on(&frame, id, &query, &following).await,
        Ok(_) => Ok(frame.done(&format!("/failures?run={id}"), "dismissed")),
        Err(error) => {
            let error = Some(refusal(error)?);
            again(frame, query.showing(id), Draft { reason, error, ..Draft::default() }).await
        }
    }
}

/// The next failure of the list, with the act on the one before, which says itself what was done.
async fn go_on(frame: &Frame, done: RunId, query: &ListQuery, following: &str) -> Answer {
    let acts = frame.app().triage_acts(frame.caller(), frame.slug(), done).await?;
    let act = acts.iter().find(|act| act.undone_at.is_none()).map(|act| act.id);
    Ok(see_other(&frame.href(&after_act(frame, query, following, act).await?)))
}

async fn enter(visitor: Visitor, path: Path<(String, String)>) -> Result<(Frame, RunId), Problem> {
    let (project, run) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    frame.project.require(Permission::Triage)?;
    let id = run.parse().map_err(|_| AppError::NotFound { noun: "failure" })?;
    Ok((frame, id))
}

/// The form on a group of failures, and the one that takes an act back.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct GroupForm {
    #[serde(default)]
    workflow: String,
    #[serde(default)]
    release: String,
    /// The class that the group has; empty when nobody named one.
    #[serde(default)]
    of_class: String,
    #[serde(default)]
    class: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    act: String,
    #[serde(default)]
    list: String,
}

/// `POST /p/{project}/triage/{deed}`: every open failure of a group at once, as one act.
///
/// # Errors
/// When the token is wrong, they may not, the group names nothing, or the database fails.
pub async fn act_on_group(visitor: Visitor, path: Path<(String, String)>, form: PageForm<GroupForm>) -> Answer {
    let (project, deed) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    frame.project.require(Permission::Triage)?;
    let PageForm(form) = form;
    let query = ListQuery::of_form(&form.list);
    if deed == "undo" {
        let act: ActId = form.act.parse().map_err(|_| AppError::NotFound { noun: "triage act" })?;
        return match frame.app().undo_act(frame.caller(), frame.slug(), act).await {
            Ok(undone) => {
                let back = undone.changed.first().map(|row| row.run.to_string()).unwrap_or_default();
                let code = if undone.refused.is_empty() { "undone" } else { "partly_undone" };
                Ok(frame.done(&after_act(&frame, &query, &back, None).await?, code))
            }
            Err(error) => refused(frame, query, error).await,
        };
    }
    let names = frame.app().names(frame.caller(), frame.slug()).await?;
    let workflow = names.workflow(&form.workflow)?;
    let filter = FailureFilter {
        workflow: Some(workflow),
        release: Some(names.release(Some(workflow), &form.release)?),
        failure_class: Some(form.of_class.clone()),
        status: Some(LearningStatus::Open),
        ..FailureFilter::default()
    };
    let deed = match deed.as_str() {
        "dismiss" => Deed::Dismiss(form.reason.clone()),
        "label" => {
            Deed::Label(Label { failure_class: Some(form.class.clone()), span_id: None, step: None, note: None })
        }
        "assign" => Deed::Assign(frame.caller().account()),
        _ => return Err(Problem::no_route()),
    };
    match frame.app().triage(frame.caller(), frame.slug(), &Chosen::Group(Box::new(filter)), &deed).await {
        Ok(acted) => {
            let code = if acted.refused.is_empty() { "group_changed" } else { "group_partly_changed" };
            Ok(frame.done(&after_act(&frame, &query, "", acted.act).await?, code))
        }
        Err(error) => refused(frame, query, error).await,
    }
}

async fn refused(frame: Frame, query: ListQuery, error: AppError) -> Answer {
    let error = Some(refusal(error)?);
    again(frame, query, Draft { error, ..Draft::default() }).await
}
