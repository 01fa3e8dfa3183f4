//! Rule 4: where evidence belongs, each reason by itself and all of them together.

use seatrial_domain::gate::EvidenceClass;
use seatrial_domain::gate::vague::{Claim, Sharpness, classify};
use seatrial_domain::scorecard::CheckRole;

fn sound() -> Claim {
    Claim {
        subject: "success_rate".to_owned(),
        proves: "How often the agent did the work itself.".to_owned(),
        role: Some(CheckRole::Key),
        unreported: None,
        known: 400,
        owned: true,
        stale: false,
        spoken: false,
        sharpness: Some(Sharpness { width: 0.08, margin: 0.05 }),
        blended: Vec::new(),
    }
}

#[test]
fn what_is_sound_belongs_in_the_gate_and_says_what_it_proves() {
    let (class, why) = classify(&sound());
    assert_eq!((class, why), (EvidenceClass::Gate, vec!["How often the agent did the work itself.".to_owned()]));
    let standard = Claim { role: Some(CheckRole::Standard), sharpness: None, ..sound() };
    assert_eq!(classify(&standard).0, EvidenceClass::Gate);
}

#[test]
fn what_explains_belongs_in_the_incident_review() {
    let (class, why) = classify(&Claim { role: Some(CheckRole::Info), ..sound() });
    assert_eq!(class, EvidenceClass::IncidentReview);
    assert_eq!(why, ["success_rate is shown for information: it explains a release and decides nothing."]);
}

#[test]
fn each_reason_alone_makes_it_too_vague() {
    type Change = fn(&mut Claim);
    let cases: [(Change, &str); 8] = [
        (|claim| claim.proves = "  ".to_owned(), "does not say what it proves"),
        (|claim| claim.role = None, "has no criterion"),
        (|claim| claim.unreported = Some("rescues".to_owned()), "Nobody reports rescues"),
        (|claim| claim.known = 0, "has no denominator"),
        (|claim| claim.owned = false, "no owner who can act"),
        (|claim| claim.stale = true, "The scorecard is stale."),
        (
            |claim| claim.sharpness = Some(Sharpness { width: 0.12, margin: 0.05 }),
            "Its interval (12 points wide) is wider than its margin of 5 points either way.",
        ),
        (|claim| claim.blended = vec!["tier".to_owned()], "by tier it changes otherwise"),
    ];
    for (change, expected) in cases {
        let mut claim = sound();
        change(&mut claim);
        let (class, why) = classify(&claim);
        assert_eq!((class, why.len()), (EvidenceClass::TooVague, 1), "{expected}: {why:?}");
        assert!(why[0].contains(expected), "{why:?}");
        // An info check that is vague is vague, not an explanation.
        claim.role = claim.role.map(|_| CheckRole::Info);
        assert_eq!(classify(&claim).0, EvidenceClass::TooVague, "{expected}");
    }
}

#[test]
fn all_reasons_are_given_and_evidence_that_spoke_needs_no_narrow_interval() {
    let worst = Claim { role: Some(CheckRole::Key), stale: true, ..Claim::default() };
    assert_eq!(classify(&worst).1.len(), 4, "{:?}", classify(&worst).1);
    let wide = Some(Sharpness { width: 0.5, margin: 0.05 });
    let spoken = Claim { spoken: true, sharpness: wide, blended: vec!["tier".to_owned()], ..sound() };
    assert_eq!(classify(&spoken).0, EvidenceClass::Gate);
    let edge = Claim { sharpness: Some(Sharpness { width: 0.1, margin: 0.05 }), ..sound() };
    assert_eq!(classify(&edge).0, EvidenceClass::Gate, "exactly the margin either way is not wider");
}
