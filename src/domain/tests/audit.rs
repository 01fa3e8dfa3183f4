//! The audit chain: whole it verifies, and no byte of it can be changed unseen.

use seatrial_domain::access::Actor;
use seatrial_domain::audit::{AUDIT_SCHEMA, AuditProblem, AuditRecord, ChainCheck, SealedEntry};
use seatrial_domain::ids::{AuditId, ProjectId, uuid_v7};
use seatrial_domain::time::Timestamp;
use serde_json::{Value, json};

fn log(entries: u8) -> Vec<SealedEntry> {
    let mut log: Vec<SealedEntry> = Vec::new();
    for n in 1..=entries {
        let record = AuditRecord {
            schema: AUDIT_SCHEMA,
            id: AuditId::from_uuid(uuid_v7(1_700_000_000_000, [n; 10])),
            project: ProjectId::from_uuid(uuid_v7(1_700_000_000_000, [9; 10])),
            sequence: u64::from(n),
            at: Timestamp::from_micros(1_700_000_000_000_000 + i64::from(n)),
            actor: Actor::account("acc_1", "Ana Reyes"),
            action: "change_settings".to_owned(),
            noun: "project".to_owned(),
            noun_id: "prj_1".to_owned(),
            detail: json!({"before": {"currency": "EUR"}, "after": {"currency": "USD"}}),
            address: Some("192.0.2.7".to_owned()),
            request_id: (n > 1).then(|| "5f2c".to_owned()),
            previous: log.last().map(|entry| entry.digest),
        };
        log.push(record.seal().expect("it has a canonical form").0);
    }
    log
}

fn check(log: &[SealedEntry]) -> Result<ChainCheck, AuditProblem> {
    let mut check = ChainCheck::new();
    for entry in log {
        check.take(entry)?;
    }
    Ok(check)
}

#[test]
fn a_whole_log_verifies_and_so_does_its_end() {
    let log = log(5);
    let whole = check(&log).expect("it holds");
    assert_eq!((whole.entries(), whole.first_sequence()), (5, Some(1)));
    assert_eq!(whole.head(), Some((5, log[4].digest)));
    let end = check(&log[2..]).expect("it holds");
    assert_eq!((end.entries(), end.first_sequence(), end.head()), (3, Some(3), whole.head()));
    assert_eq!(check(&[]).expect("nothing is wrong").head(), None);
}

#[test]
fn every_field_that_is_changed_is_noticed() {
    let log = log(3);
    let whole = serde_json::to_value(&log[1]).expect("plain data");
    let fields: Vec<String> = whole["record"].as_object().expect("a record").keys().cloned().collect();
    assert_eq!(fields.len(), 13);
    for field in fields {
        let mut changed = whole.clone();
        changed["record"][&field] = match &whole["record"][&field] {
            Value::Number(number) => json!(number.as_u64().expect("a count") + 1),
            Value::Object(_) if field == "actor" => json!(Actor::account("acc_2", "Ana Reyes")),
            Value::String(text) if text.starts_with("sha256:") => Value::String(text.replace(['0', '1'], "2")),
            Value::String(text) if field == "at" => {
                Value::String(text.replace("000001", "000007").replace("000002", "000007"))
            }
            Value::String(text) if text.len() > 30 => Value::String(format!("{}0", &text[..text.len() - 1])),
            Value::String(text) => Value::String(format!("{text}x")),
            _ => Value::String("other".to_owned()),
        };
        assert_ne!(changed, whole, "{field} was not changed by this test");
        let Ok(entry) = serde_json::from_value::<SealedEntry>(changed) else { panic!("{field} cannot be read") };
        let result = check(&[log[0].clone(), entry, log[2].clone()]);
        assert!(matches!(result, Err(AuditProblem::Changed { .. })), "{field}: {result:?}");
    }
}

#[test]
fn what_is_missing_added_or_moved_is_noticed() {
    let log = log(4);
    let without = [log[0].clone(), log[2].clone()];
    assert_eq!(check(&without).err(), Some(AuditProblem::Sequence { expected: 2 }));
    let twice = [log[0].clone(), log[0].clone()];
    assert_eq!(check(&twice).err(), Some(AuditProblem::Sequence { expected: 2 }));
    let mut forged = log[1].record.clone();
    forged.detail = json!({"after": "nothing happened"});
    let forged = forged.seal().expect("it has a canonical form").0;
    let result = check(&[log[0].clone(), forged, log[2].clone()]).err();
    assert_eq!(result, Some(AuditProblem::Link), "a later entry names the digest of the one that was there");
    let mut first = log[1].record.clone();
    first.sequence = 1;
    let first = first.seal().expect("it has a canonical form").0;
    assert_eq!(check(&[first]).err(), Some(AuditProblem::Link), "the first entry names none");
    let mut other = log[1].record.clone();
    other.project = ProjectId::from_uuid(uuid_v7(1, [1; 10]));
    let other = other.seal().expect("it has a canonical form").0;
    assert_eq!(check(&[log[0].clone(), other]).err(), Some(AuditProblem::Project));
}

#[test]
fn a_detail_beyond_what_json_holds_is_kept_as_text() {
    let mut record = log(1)[0].record.clone();
    record.detail = json!({"after": {"cost_nanos": i64::MAX}});
    let (entry, _) = record.seal().expect("it has a canonical form");
    assert_eq!(entry.record.detail, json!("{\"after\":{\"cost_nanos\":9223372036854775807}}"));
    check(&[entry]).expect("it holds");
}
