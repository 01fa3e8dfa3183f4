//! Roles and scopes against a table of permissions written out by hand.

use seatrial_domain::access::{Access, Actor, ActorKind, Permission, PermissionSet, Role, Scope};

/// permission, then who has it: viewer, reviewer, owner, release manager, admin.
const ROLE_TABLE: &[(Permission, [bool; 5])] = &[
    (Permission::ReadRuns, [true, true, true, true, true]),
    (Permission::ReadEvidence, [true, true, true, true, true]),
    (Permission::WriteRuns, [false, false, false, false, true]),
    (Permission::AddFacts, [false, true, true, true, true]),
    (Permission::Triage, [false, true, true, true, true]),
    (Permission::ShareViews, [false, true, true, true, true]),
    (Permission::WriteEvalResults, [false, true, true, true, true]),
    (Permission::EditWorkflows, [false, false, true, false, true]),
    (Permission::EditScorecards, [false, false, true, false, true]),
    (Permission::Attest, [false, false, true, false, true]),
    (Permission::OpenGates, [false, false, true, true, true]),
    (Permission::Freeze, [false, false, true, true, true]),
    (Permission::Decide, [false, false, false, true, true]),
    (Permission::ApproveSecond, [false, false, false, true, true]),
    (Permission::ManageResponses, [false, false, true, true, true]),
    (Permission::ReadAudit, [false, false, false, true, true]),
    (Permission::ManageMembers, [false, false, false, false, true]),
    (Permission::ManageKeys, [false, false, false, false, true]),
    (Permission::ManageProject, [false, false, false, false, true]),
];

/// permission, then which scope has it: ingest, read, facts, triage, gate, admin.
const SCOPE_TABLE: &[(Permission, [bool; 6])] = &[
    (Permission::ReadRuns, [false, true, false, true, false, true]),
    (Permission::ReadEvidence, [false, true, false, true, true, true]),
    (Permission::WriteRuns, [true, false, false, false, false, true]),
    (Permission::AddFacts, [false, false, true, true, false, true]),
    (Permission::Triage, [false, false, false, true, false, true]),
    (Permission::ShareViews, [false, false, false, true, false, true]),
    (Permission::WriteEvalResults, [false, false, false, true, true, true]),
    (Permission::EditWorkflows, [false, false, false, false, false, true]),
    (Permission::EditScorecards, [false, false, false, false, false, true]),
    (Permission::Attest, [false; 6]),
    (Permission::OpenGates, [false, false, false, false, true, true]),
    (Permission::Freeze, [false, false, false, false, true, true]),
    (Permission::Decide, [false; 6]),
    (Permission::ApproveSecond, [false; 6]),
    (Permission::ManageResponses, [false, false, false, false, false, true]),
    (Permission::ReadAudit, [false, false, false, false, false, true]),
    (Permission::ManageMembers, [false, false, false, false, false, true]),
    (Permission::ManageKeys, [false, false, false, false, false, true]),
    (Permission::ManageProject, [false, false, false, false, false, true]),
];

#[test]
fn every_role_grants_exactly_what_the_table_says() {
    assert_eq!(ROLE_TABLE.len(), Permission::ALL.len(), "a permission is missing from the table");
    for (permission, expected) in ROLE_TABLE {
        for (role, expected) in Role::ALL.iter().zip(expected) {
            assert_eq!(role.grants(*permission), *expected, "{role} and {permission}");
        }
    }
}

#[test]
fn every_scope_grants_exactly_what_the_table_says() {
    assert_eq!(SCOPE_TABLE.len(), Permission::ALL.len(), "a permission is missing from the table");
    for (permission, expected) in SCOPE_TABLE {
        for (scope, expected) in Scope::ALL.iter().zip(expected) {
            assert_eq!(scope.grants(*permission), *expected, "{scope} and {permission}");
        }
    }
}

#[test]
fn a_machine_never_does_what_only_a_person_can() {
    let key = Access::of_api_key(Actor::api_key("key_1", "ci"), Scope::ALL);
    let forged = Access { actor: key.actor.clone(), permissions: PermissionSet::all() };
    let system = Access::of_system("scorecard-worker");
    for permission in Permission::ALL.iter().copied().filter(|permission| permission.is_human_act()) {
        assert!(key.require(permission).is_err(), "{permission} by every scope");
        assert!(forged.require(permission).is_err(), "{permission} even when the set has it");
        assert!(system.require(permission).is_err(), "{permission} by the system");
    }
    assert!(key.require(Permission::WriteRuns).is_ok());
}

#[test]
fn roles_add_up_and_a_denial_names_the_permission() {
    let actor = Actor::account("acct_1", "Ada");
    let access = Access::of_account(actor.clone(), &[Role::Owner, Role::ReleaseManager]);
    assert!(access.require(Permission::Attest).is_ok());
    assert!(access.require(Permission::Decide).is_ok());
    let denied = access.require(Permission::ManageKeys).expect_err("neither role manages keys");
    assert_eq!(denied.to_string(), "this needs the permission manage_keys, which you do not have in this project");
    assert!(Access::of_account(actor, &[]).permissions.is_empty());
}

#[test]
fn names_go_both_ways_and_an_unknown_one_is_not_repeated() {
    for role in Role::ALL {
        assert_eq!(role.as_str().parse::<Role>().as_ref(), Ok(role));
        assert_eq!(serde_json::to_string(role).expect("serialises"), format!("\"{role}\""));
    }
    for scope in Scope::ALL {
        assert_eq!(scope.as_str().parse::<Scope>().as_ref(), Ok(scope));
    }
    for permission in Permission::ALL {
        assert_eq!(serde_json::to_string(permission).expect("serialises"), format!("\"{permission}\""));
    }
    assert_eq!(ActorKind::ApiKey.as_str(), "api_key");
    let error = "<b>root</b>".parse::<Role>().expect_err("no such role");
    assert_eq!(error.to_string(), "unknown role; use one of: viewer, reviewer, owner, release_manager, admin");
}

#[test]
fn sets_compare_and_iterate() {
    let viewer = Role::Viewer.permissions();
    assert!(Role::Reviewer.permissions().covers(viewer));
    assert!(!viewer.covers(Role::Reviewer.permissions()));
    assert_eq!(viewer.iter().collect::<Vec<_>>(), vec![Permission::ReadRuns, Permission::ReadEvidence]);
    assert_eq!(PermissionSet::all().iter().count(), Permission::ALL.len());
}
