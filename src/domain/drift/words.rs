//! What changed, in words with its figures.

use super::stream::{Stream, Watched, share};
use super::{Against, Finding};
use crate::alert::{AlertKind, FollowedMarker};
use crate::evidence::RateCount;
use crate::gate::AmountUnit;
use crate::gate::words::{quantity, rate, whole};
use crate::time::{DAY, HOUR, MINUTE, Timestamp};

/// What things are called.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// The workflow.
    pub workflow: &'a str,
    /// The release under watch.
    pub release: &'a str,
    /// The release it is compared with.
    pub baseline: Option<&'a str>,
    /// The project's currency.
    pub currency: &'a str,
}

fn money(nanos: f64, named: &Named<'_>) -> String {
    quantity(nanos / 1e9, AmountUnit::Currency, named.currency)
}

/// What a stream counts.
pub(super) fn what(watched: &Watched, named: &Named<'_>) -> String {
    match watched {
        Watched::Rate(signal) => signal.to_string(),
        Watched::Failing => "success_rate".to_owned(),
        Watched::CostAbove(nanos) => format!("runs that cost more than {}", money(*nanos, named)),
        Watched::Class(class) if class.is_empty() => "failures without a class".to_owned(),
        Watched::Class(class) => format!("failures of class {class}"),
        Watched::OtherThan(_) => "failures of a class not seen before".to_owned(),
    }
}

/// A time to the minute.
fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    format!("{} {} UTC", &text[..10], &text[11..16])
}

/// How long, in the largest whole unit that fits.
fn long(micros: i64) -> String {
    let (n, unit) = if micros >= 2 * DAY {
        (micros / DAY, "days")
    } else if micros >= 2 * HOUR {
        (micros / HOUR, "hours")
    } else {
        ((micros / MINUTE).max(0), "minutes")
    };
    format!("{n} {unit}")
}

/// A segment, or all runs.
fn place(finding: &Finding) -> String {
    if finding.dimension.is_empty() {
        "In all runs".to_owned()
    } else {
        format!("In {} = {}", finding.dimension, finding.value)
    }
}

fn against(finding: &Finding, named: &Named<'_>) -> String {
    let like = if finding.seasonal { ", like hours compared with like hours" } else { "" };
    match (finding.against, named.baseline) {
        (Against::Baseline, Some(baseline)) => format!("on {baseline} before{like}"),
        (Against::Baseline, None) => format!("on the baseline before{like}"),
        (Against::FirstDays, _) => format!("in the first days of {}{like}", named.release),
        (Against::LikeHours, _) => "in the same hours of earlier weeks".to_owned(),
    }
}

fn others(count: RateCount) -> RateCount {
    RateCount { n: count.n, successes: count.n - count.successes.min(count.n) }
}

pub(super) fn finding(finding: &Finding, stream: &Stream, named: &Named<'_>) -> String {
    let (now, before) = match stream.watched {
        Watched::Failing => (others(finding.now), others(finding.before)),
        _ => (finding.now, finding.before),
    };
    let mut text = format!(
        "{}, {}: {} since {}, against {} {}",
        place(finding),
        finding.what,
        rate(now),
        minute(finding.since),
        rate(before),
        against(finding, named)
    );
    if stream.kind == AlertKind::CostWithoutQuality {
        if let (Some(then), Some(mean)) = (stream.before.mean_cost(), stream.now().mean_cost()) {
            text.push_str(&format!("; {} a run against {}", money(mean, named), money(then, named)));
        }
        let (then, now) = (stream.before.quality, stream.now().quality);
        text.push_str(&format!("; success rate {} against {}", rate(now), rate(then)));
    }
    text.push('.');
    text
}

pub(super) fn stalled(finding: &Finding, (seen, expected): (u64, u64), named: &Named<'_>) -> String {
    format!(
        "{} runs of {} since {}, where these hours usually had {}; {} hours had hardly any, against {} of hours before.",
        whole(seen),
        named.workflow,
        minute(finding.since),
        whole(expected),
        whole(finding.now.successes),
        percent(share(finding.before)),
    )
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// All of an alert in words: what changed, where most, and what it followed.
#[must_use]
pub fn alert_text(kind: AlertKind, named: &Named<'_>, findings: &[Finding], marker: Option<&FollowedMarker>) -> String {
    let mut text = format!("{} on {} {}.", kind.words(), named.workflow, named.release);
    let blended = findings.first().is_some_and(|first| first.dimension.is_empty());
    if let Some(first) = findings.first() {
        text.push_str(&format!(" {}", first.text));
    }
    let mut segments: Vec<String> = Vec::new();
    for finding in findings.iter().skip(1).filter(|finding| !finding.dimension.is_empty()) {
        let name = format!("{} = {}", finding.dimension, finding.value);
        if !segments.contains(&name) {
            segments.push(name);
        }
    }
    if !segments.is_empty() {
        let lead = if blended { "By itself in" } else { "Also in" };
        text.push_str(&format!(" {lead} {}.", segments.join(", ")));
    } else if !blended && !findings.is_empty() {
        text.push_str(" All runs together do not show it.");
    }
    if let (Some(marker), Some(first)) = (marker, findings.first()) {
        let after = long(first.since.micros_since(marker.at));
        text.push_str(&format!(" It began {after} after {}: {}.", marker.release, marker.text.trim_end_matches('.')));
    }
    text
}
