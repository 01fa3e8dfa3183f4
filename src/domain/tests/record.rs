//! The record: what verification names when something is wrong, checkpoints that left, and how often recommendations
//! are overridden.

use seatrial_domain::decision::{
    Checkpoint, DecisionRecord, DecisionTally, Overrides, SealedDecision, verify_chain, verify_export,
};
use seatrial_domain::gate::Verdict;
use seatrial_domain::ids::{WorkflowId, uuid_v7};
use serde_json::Value;

use crate::decision::{at, chain, export, flipped, id, verify};
use crate::support::bundle::DAY_ONE;

/// The export with the named decision's record changed and everything after it sealed and linked again, as somebody
/// would who can write to the whole database.
fn rewritten(change: impl Fn(&mut DecisionRecord)) -> Value {
    let mut whole = export();
    let mut sealed: Vec<SealedDecision> = chain();
    let last = sealed.len() - 1;
    change(&mut sealed[last].record);
    sealed[last] = sealed[last].record.clone().seal().expect("canonical");
    whole["decisions"] = serde_json::to_value(sealed).expect("JSON");
    whole
}

#[test]
fn the_first_wrong_thing_is_named() {
    let cases: [(&str, &str); 12] = [
        ("format", "shape"),
        ("decision", "chain"),
        ("decisions.0.digest", "chain"),
        ("decisions.1.record.reason", "chain"),
        ("decisions.1.record.decided_by.display_name", "chain"),
        ("decisions.2.record.previous", "chain"),
        ("decisions.2.record.policy", "chain"),
        ("bundle.as_of", "evidence"),
        ("bundle.policy.alpha", "evidence"),
        ("bundle.scorecard.name", "evidence"),
        ("recommendation.verdict", "recommendation"),
        ("recommendation.reasons.0.text", "recommendation"),
    ];
    for (path, step) in cases {
        let mut tampered = export();
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        let leaf = at(&mut tampered, &path);
        *leaf = flipped(leaf);
        let report = verify(&tampered);
        let last = report.steps.last().expect("a step");
        assert!(!report.ok && last.name == step, "{path:?}: {last:?}");
    }
}

#[test]
fn a_decision_that_names_other_rules_than_its_evidence_holds_is_seen() {
    let other = chain()[0].digest;
    let last = |report: seatrial_domain::decision::VerificationReport| report.steps.last().expect("a step").clone();
    let step = last(verify(&rewritten(|record| record.policy = other)));
    assert!(step.name == "policy" && step.detail.contains(&other.to_string()), "{step:?}");
    let step = last(verify(&rewritten(|record| record.scorecard = Some(other))));
    assert!(step.name == "scorecard" && !step.ok, "{step:?}");
    let step = last(verify(&rewritten(|record| record.scorecard = None)));
    assert!(step.name == "scorecard" && step.detail.contains("names the scorecard none"), "{step:?}");
    let step = last(verify(&rewritten(|record| record.recommended = Verdict::Ship)));
    assert!(step.name == "recommendation" && !step.ok, "{step:?}");
    let step = last(verify(&rewritten(|record| record.schema = 3)));
    assert!(step.name == "chain" && step.detail.contains("shape 3"), "{step:?}");
}

#[test]
fn records_of_the_first_version_still_verify() {
    let old = |record: &mut DecisionRecord| {
        record.schema = 1;
        record.scorecard = None;
    };
    let export = rewritten(old);
    assert!(export["decisions"][2]["record"].get("scorecard").is_none());
    let report = verify(&export);
    assert!(report.ok, "{report:?}");
    assert!(!verify(&rewritten(|record| record.schema = 1)).ok, "version 1 had no scorecard");
}

#[test]
fn a_chain_that_was_rewritten_does_not_agree_with_a_checkpoint_that_left() {
    let made_at = DAY_ONE.plus_days(9);
    let good = chain();
    let kept: Vec<Checkpoint> = good.iter().map(|head| Checkpoint::of(head, made_at)).collect();
    for checkpoint in &kept {
        let read = Checkpoint::read(&checkpoint.bytes().expect("canonical")).expect("it was kept");
        assert_eq!(&read, checkpoint);
    }
    let bytes = serde_json::to_vec(&export()).expect("JSON");
    let report = verify_export(&bytes, &kept);
    assert!(report.ok, "{report:?}");
    assert_eq!(report.steps.iter().filter(|step| step.name == "checkpoint").count(), 3);

    // Everything consistent in itself, and another story.
    let forged = rewritten(|record| record.reason = "The audit is done.".to_owned());
    assert!(verify(&forged).ok);
    let report = verify_export(&serde_json::to_vec(&forged).expect("JSON"), &kept);
    let problem = report.problem.expect("a problem");
    assert!(problem.contains("it was rewritten") && problem.contains(&kept[2].digest.to_string()), "{problem}");

    // The last decision taken away: the chain holds, the checkpoint is ahead of it.
    let mut shorter = good[..2].to_vec();
    verify_chain(&shorter).expect("it holds");
    assert!(kept[2].holds_of(&shorter).expect_err("it is ahead").contains("decisions were taken out"));
    assert!(kept[0].holds_of(&good[1..]).expect_err("it is before").contains("before the first"));
    shorter[0].record.project = seatrial_domain::ids::ProjectId::from_uuid(uuid_v7(1, [1; 10]));
    assert!(kept[1].holds_of(&shorter).expect_err("another's").contains("another project"));
    assert!(Checkpoint::read(b"{}").is_err() && Checkpoint::read(&bytes).is_err());
    let text = String::from_utf8(kept[0].bytes().expect("canonical")).expect("UTF-8");
    assert!(Checkpoint::read(text.replace("point/1", "point/2").as_bytes()).expect_err("newer").contains("point/2"));
}

/// Each byte of a checkpoint that is changed makes it unreadable or false; none is without meaning.
#[test]
fn no_byte_of_a_checkpoint_can_be_changed_unseen() {
    let good = chain();
    let bytes = Checkpoint::of(&good[2], DAY_ONE).bytes().expect("canonical");
    let times = "2026"; // When it was made is told, not verified.
    let text = String::from_utf8(bytes.clone()).expect("UTF-8");
    let time = text.find("\"made_at\":\"").expect("a time") + 11;
    for position in (0..bytes.len()).filter(|at| !(time..time + times.len() + 23).contains(at)) {
        let mut changed = bytes.clone();
        changed[position] ^= 1;
        let held = Checkpoint::read(&changed).and_then(|checkpoint| checkpoint.holds_of(&good));
        assert!(held.is_err(), "byte {position} was flipped: {}", String::from_utf8_lossy(&changed));
    }
}

#[test]
fn a_long_chain_is_verified_in_order_of_its_length() {
    let mut long: Vec<SealedDecision> = chain();
    for n in 4..=2_000_u64 {
        let before = long.last().expect("a decision").clone();
        let record = DecisionRecord {
            id: seatrial_domain::ids::DecisionId::from_uuid(uuid_v7(n, [9; 10])),
            sequence: n,
            supersedes: Some(before.record.id),
            previous: Some(before.digest),
            ..before.record
        };
        long.push(record.seal().expect("canonical"));
    }
    assert_eq!(verify_chain(&long), Ok(()));
    long[1_500].record.supersedes = Some(id(200));
    long[1_500] = long[1_500].record.clone().seal().expect("canonical");
    let error = verify_chain(&long).expect_err("it supersedes what is not there");
    assert_eq!((error.index, error.sequence), (1_500, 1_501));
}

fn tally(person: &str, workflow: u8, told: Verdict, said: Verdict, (decisions, last): (u64, u64)) -> DecisionTally {
    DecisionTally {
        person: person.to_owned(),
        name: format!("{person} of {last}"),
        workflow: WorkflowId::from_uuid(uuid_v7(1, [workflow; 10])),
        recommended: told,
        verdict: said,
        decisions,
        with_second: u64::from(said == Verdict::Ship && told == Verdict::Hold),
        last,
    }
}

#[test]
fn overrides_are_counted_for_each_person_and_workflow() {
    use Verdict::{CollectMoreEvidence, Hold, Ship};
    let tallies = [
        tally("ada", 1, Ship, Ship, (6, 9)),
        tally("ada", 1, Hold, Ship, (1, 10)),
        tally("ada", 2, Ship, Hold, (1, 4)),
        tally("bob", 1, CollectMoreEvidence, Ship, (2, 8)),
    ];
    let found = Overrides::of(&tallies);
    assert_eq!((found.all.decisions, found.all.overrides, found.all.shipped_against), (10, 4, 1));
    assert_eq!((found.all.rate, found.all.with_second), (Some(0.4), 1));
    assert!(found.all.low.is_some_and(|low| low > 0.1) && found.all.high.is_some_and(|high| high < 0.8));
    assert_eq!(found.people.iter().map(|p| p.person.as_str()).collect::<Vec<_>>(), ["ada", "bob"]);
    let ada = &found.people[0];
    assert_eq!((ada.name.as_str(), ada.all.decisions, ada.all.overrides), ("ada of 10", 8, 2));
    assert_eq!(
        ada.workflows.values().map(|rate| (rate.decisions, rate.overrides)).collect::<Vec<_>>(),
        [(7, 1), (1, 1)]
    );
    assert_eq!(found.workflows.values().map(|rate| rate.decisions).collect::<Vec<_>>(), [9, 1]);
    let mut backwards = tallies.to_vec();
    backwards.reverse();
    assert_eq!(Overrides::of(&backwards), found);
    assert_eq!(Overrides::of(&[]).all.rate, None, "without a decision there is no rate");
}
