//! Gate policies in words: every setting with its unit and what it means, and what differs between two versions.

use seatrial_domain::access::Role;
use seatrial_domain::gap::GapKind;
use seatrial_domain::policy::{Policy, WantedScorecard};
use seatrial_domain::stats::EvidenceMethod;

use crate::render::view::policy::{PolicyChange, PolicyGroup, PolicySetting};

/// A field of a policy: its name in the API, its label, what it means.
pub type FieldWords = (&'static str, &'static str, &'static str);

/// How much error is allowed.
pub const ERROR: [FieldWords; 4] = [
    (
        "alpha",
        "Chance of a wrong verdict of a check",
        "At most this probability of passing a release that is too much worse, and of failing one that is not, at all looks \
         together. Smaller asks for more runs.",
    ),
    (
        "segment_fdr",
        "Wrong ones among segments found worse",
        "Of the segments a gate names as worse, at most this share is expected to be named wrongly.",
    ),
    (
        "default_margin",
        "Margin of a comparison",
        "How much worse than the baseline still counts as not worse, where a check names no margin of its own. Larger asks \
         for fewer runs.",
    ),
    (
        "method",
        "How the evidence bets",
        "The statistic behind a check. The usual one is hedged: an unlucky start costs it little.",
    ),
];
/// How much evidence is wanted.
pub const EVIDENCE: [FieldWords; 6] = [
    ("floor_units", "Floor", "Concluded runs of the release that a check needs before it says anything."),
    (
        "planned_candidate_runs",
        "Planned runs",
        "Runs of the release the gate is planned for; it sets how fast an earlier baseline is used up.",
    ),
    (
        "pool_ratio",
        "Baseline runs set against one run",
        "Where the baseline is an earlier release: at most so many of its outcomes are compared with one of the release.",
    ),
    ("block_outcomes", "Outcomes of a block", "Evidence is weighed block by block; larger blocks speak later."),
    (
        "unknown_outcome_limit",
        "Unknown outcomes",
        "Above this share of closed runs with an unknown outcome there is a gap.",
    ),
    ("bake_seconds", "Bake time", "How long the release must have had runs before it ships."),
];
/// What else has to be there, and who decides.
pub const PEOPLE: [FieldWords; 6] = [
    ("required_suites", "Required suites", "Eval suites of which every case must have passed on the release."),
    (
        "blocking_gaps",
        "What blocks a ship",
        "Gaps that keep a release from shipping also when somebody has taken them on. A stale scorecard always does.",
    ),
    ("deciders", "Who decides", "Roles that may record a decision."),
    ("second_persons", "Who confirms", "Roles that may be the second person."),
    ("ship_takes_two", "Every ship takes two persons", "Otherwise only a ship against the recommendation does."),
    (
        "opener_needs_second",
        "Whoever opened the release needs a second",
        "Whoever opened the gate may not ship it without a second person.",
    ),
];

/// A share of 1 in hundredths, without the noise of binary fractions.
pub fn hundredths(share: f64) -> String {
    ((share * 1e8).round() / 1e6).to_string()
}

/// A time in words, in the largest unit that is whole.
pub fn duration(seconds: u64) -> String {
    let many = |n: u64, unit: &str| if n == 1 { format!("1 {unit}") } else { format!("{n} {unit}s") };
    match seconds {
        0 => "none".to_owned(),
        s if s % 86_400 == 0 => many(s / 86_400, "day"),
        s if s % 3_600 == 0 => many(s / 3_600, "hour"),
        s if s % 60 == 0 => many(s / 60, "minute"),
        s => many(s, "second"),
    }
}

/// The name of a way to bet, as the API has it.
pub const fn method(method: EvidenceMethod) -> &'static str {
    match method {
        EvidenceMethod::PlugIn => "plug_in",
        EvidenceMethod::Averaged => "averaged",
        EvidenceMethod::Hedged => "hedged",
    }
}

fn runs(n: u64) -> String {
    if n == 1 { "1 run".to_owned() } else { format!("{} runs", crate::render::format::count(n.into())) }
}

fn yes(on: bool) -> String {
    if on { "yes" } else { "no" }.to_owned()
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| name.replace('_', " ")).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn roles(roles: &[Role]) -> String {
    listed(roles.iter().map(|role| role.as_str()))
}

fn suites(names: &[String]) -> String {
    // Names of people's own are shown as they are.
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn scorecard(wanted: &WantedScorecard) -> String {
    format!("{}, version {} or later", wanted.name, wanted.at_least)
}

fn margin(share: f64) -> String {
    format!("{} points", hundredths(share))
}

/// A setting's value with its unit.
fn value(policy: &Policy, field: &str) -> String {
    match field {
        "alpha" => format!("{} %", hundredths(policy.alpha)),
        "segment_fdr" => format!("{} %", hundredths(policy.segment_fdr)),
        "default_margin" => margin(policy.default_margin),
        "method" => method(policy.method).to_owned(),
        "floor_units" => runs(policy.floor_units),
        "planned_candidate_runs" => runs(policy.planned_candidate_runs),
        "pool_ratio" => policy.pool_ratio.to_string(),
        "block_outcomes" => policy.block_outcomes.to_string(),
        "unknown_outcome_limit" => format!("{} %", hundredths(policy.unknown_outcome_limit)),
        "bake_seconds" => duration(policy.bake_seconds),
        "required_suites" => suites(&policy.required_suites),
        "blocking_gaps" => listed(policy.blocking_gaps.iter().map(|kind: &GapKind| kind.as_str())),
        "deciders" => roles(&policy.deciders),
        "second_persons" => roles(&policy.second_persons),
        "ship_takes_two" => yes(policy.ship_takes_two),
        "opener_needs_second" => yes(policy.opener_needs_second),
        _ => String::new(),
    }
}

fn group(policy: &Policy, title: &str, fields: &[FieldWords]) -> PolicyGroup {
    let setting = |(field, label, meaning): &FieldWords| PolicySetting {
        label: (*label).to_owned(),
        value: value(policy, field),
        meaning: (*meaning).to_owned(),
    };
    PolicyGroup { title: title.to_owned(), settings: fields.iter().map(setting).collect() }
}

fn own_groups(policy: &Policy) -> impl Iterator<Item = PolicyGroup> {
    policy.workflows.iter().map(|own| {
        let said = [
            ("Scorecard", own.scorecard.as_ref().map(scorecard)),
            ("Required suites", own.required_suites.as_deref().map(suites)),
            ("Bake time", own.bake_seconds.map(duration)),
            ("Margin of a comparison", own.default_margin.map(margin)),
            ("Floor", own.floor_units.map(runs)),
            ("Planned runs", own.planned_candidate_runs.map(runs)),
            ("Every ship takes two persons", own.ship_takes_two.map(yes)),
        ];
        let settings = said.into_iter().filter_map(|(label, value)| {
            Some(PolicySetting { label: label.to_owned(), value: value?, meaning: String::new() })
        });
        PolicyGroup { title: format!("Only {}", own.workflow), settings: settings.collect() }
    })
}

/// Every setting of a policy, those of single workflows last.
pub fn groups(policy: &Policy) -> Vec<PolicyGroup> {
    let all = [
        group(policy, "How much error is allowed", &ERROR),
        group(policy, "How much evidence is wanted", &EVIDENCE),
        group(policy, "What else has to be there, and who decides", &PEOPLE),
    ];
    all.into_iter().chain(own_groups(policy)).collect()
}

/// What differs between two versions, setting by setting.
pub fn changes(before: &Policy, after: &Policy) -> Vec<PolicyChange> {
    let flat = |policy: &Policy| -> Vec<(String, String)> {
        let name = ("Name".to_owned(), policy.name.clone());
        let all = groups(policy).into_iter().enumerate().flat_map(|(place, group)| {
            // The first three are for all workflows; their labels need no title.
            let title = if place < 3 { String::new() } else { format!("{}: ", group.title) };
            group.settings.into_iter().map(move |setting| (format!("{title}{}", setting.label), setting.value))
        });
        std::iter::once(name).chain(all).collect()
    };
    let (before, after) = (flat(before), flat(after));
    let find = |list: &[(String, String)], label: &str| {
        list.iter().find(|(known, _)| known == label).map(|(_, value)| value.clone())
    };
    let gone = before.iter().filter(|(label, _)| find(&after, label).is_none());
    let change = |label: &String| {
        let as_for_all = || "as for all".to_owned();
        PolicyChange {
            label: label.clone(),
            before: find(&before, label).unwrap_or_else(as_for_all),
            after: find(&after, label).unwrap_or_else(as_for_all),
        }
    };
    after.iter().chain(gone).map(|(label, _)| change(label)).filter(|change| change.before != change.after).collect()
}
