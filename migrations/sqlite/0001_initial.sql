-- The first schema. Ids are UUIDs (16-byte blobs here, uuid on PostgreSQL), times integer microseconds since 1970 UTC,
-- amounts integer nano-units, `…_json` texts for what is only read back whole, blobs for what is hashed or compressed.

CREATE TABLE projects (
    id BLOB NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    settings_json TEXT NOT NULL,
    created_at INTEGER NOT NULL
);

CREATE TABLE accounts (
    id BLOB NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    disabled_at INTEGER
);

CREATE TABLE members (
    project_id BLOB NOT NULL REFERENCES projects (id),
    account_id BLOB NOT NULL REFERENCES accounts (id),
    roles TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, account_id)
);
CREATE INDEX members_by_account ON members (account_id);

CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id),
    token_hash BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX sessions_by_account ON sessions (account_id);

CREATE TABLE api_keys (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    public_id TEXT NOT NULL UNIQUE,
    secret_hash BLOB NOT NULL,
    scopes_json TEXT NOT NULL,
    created_by BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    used_at INTEGER
);
CREATE INDEX api_keys_by_project ON api_keys (project_id, id);

CREATE TABLE signing_keys (
    id TEXT NOT NULL PRIMARY KEY,
    private_key BLOB NOT NULL,
    public_key BLOB NOT NULL,
    created_at INTEGER NOT NULL
);

CREATE TABLE workflows (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    risk_class TEXT NOT NULL,
    owner_id BLOB,
    rules_json TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (project_id, name)
);

CREATE TABLE releases (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    workflow_id BLOB NOT NULL REFERENCES workflows (id),
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    baseline_id BLOB,
    created_at INTEGER NOT NULL,
    live_at INTEGER,
    UNIQUE (project_id, workflow_id, name)
);

CREATE TABLE release_events (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    release_id BLOB NOT NULL REFERENCES releases (id),
    state_before TEXT NOT NULL,
    state_after TEXT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX release_events_by_release ON release_events (project_id, release_id, at);

CREATE TABLE prices (
    project_id BLOB NOT NULL REFERENCES projects (id),
    model TEXT NOT NULL,
    input_nanos INTEGER NOT NULL,
    output_nanos INTEGER NOT NULL,
    PRIMARY KEY (project_id, model)
);

CREATE TABLE failure_classes (
    project_id BLOB NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    severity TEXT NOT NULL,
    meaning TEXT NOT NULL,
    PRIMARY KEY (project_id, name)
);

CREATE TABLE runs (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    workflow_id BLOB NOT NULL,
    release_id BLOB NOT NULL,
    external_id TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    closed_at INTEGER,
    settles_at INTEGER,
    settled BOOLEAN NOT NULL,
    idle_closed BOOLEAN NOT NULL,
    outcome TEXT NOT NULL,
    failure_class TEXT,
    failed BOOLEAN NOT NULL,
    unit TEXT,
    facts_json TEXT NOT NULL,
    report_json TEXT,
    received_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (project_id, external_id)
);
CREATE INDEX runs_by_start ON runs (project_id, started_at, id);
CREATE INDEX runs_by_release ON runs (project_id, release_id, started_at, id);
CREATE INDEX runs_to_settle ON runs (settles_at) WHERE settled = 0 AND settles_at IS NOT NULL;
CREATE INDEX runs_to_close ON runs (updated_at) WHERE closed_at IS NULL;
CREATE INDEX runs_by_unit ON runs (project_id, workflow_id, release_id, unit) WHERE unit IS NOT NULL;

CREATE TABLE traces (
    run_id BLOB NOT NULL,
    project_id BLOB NOT NULL,
    format TEXT NOT NULL,
    span_count INTEGER NOT NULL,
    skeleton BLOB NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (run_id, format)
);

CREATE TABLE run_facts (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL,
    run_id BLOB NOT NULL,
    idempotency_key TEXT NOT NULL,
    fact_json TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    UNIQUE (project_id, run_id, idempotency_key)
);

CREATE TABLE segment_values (
    project_id BLOB NOT NULL,
    workflow_id BLOB NOT NULL,
    dimension TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (project_id, workflow_id, dimension, value)
);

CREATE TABLE cells (
    project_id BLOB NOT NULL,
    workflow_id BLOB NOT NULL,
    release_id BLOB NOT NULL,
    dimension TEXT NOT NULL,
    resolution TEXT NOT NULL,
    start_at INTEGER NOT NULL,
    value TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (project_id, workflow_id, release_id, dimension, resolution, start_at, value)
) WITHOUT ROWID;

CREATE TABLE blocks (
    project_id BLOB NOT NULL,
    workflow_id BLOB NOT NULL,
    release_id BLOB NOT NULL,
    basis TEXT NOT NULL,
    dimension TEXT NOT NULL,
    start_at INTEGER NOT NULL,
    value TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (project_id, workflow_id, release_id, basis, dimension, start_at, value)
) WITHOUT ROWID;

CREATE TABLE failures (
    run_id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL,
    workflow_id BLOB NOT NULL,
    release_id BLOB NOT NULL,
    failure_class TEXT,
    severity TEXT,
    occurred_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    case_id BLOB,
    reason TEXT,
    decided_by TEXT,
    decided_at INTEGER
);
CREATE INDEX failures_by_status ON failures (project_id, status, occurred_at, run_id);
CREATE INDEX failures_by_release ON failures (project_id, workflow_id, release_id, status);

CREATE TABLE cases (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    workflow_id BLOB NOT NULL,
    title TEXT NOT NULL,
    state TEXT NOT NULL,
    failure_class TEXT,
    definition_json TEXT NOT NULL,
    content_digest TEXT NOT NULL,
    snapshot_digest TEXT NOT NULL,
    snapshot BLOB NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX cases_by_workflow ON cases (project_id, workflow_id, id);
CREATE INDEX cases_by_content ON cases (project_id, content_digest);

CREATE TABLE scorecards (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    workflow_id BLOB NOT NULL REFERENCES workflows (id),
    version INTEGER NOT NULL,
    owner_id BLOB,
    backup_id BLOB,
    definition_json TEXT NOT NULL,
    attested_at INTEGER,
    freshness TEXT NOT NULL,
    freshness_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (project_id, workflow_id)
);

CREATE TABLE scorecard_versions (
    scorecard_id BLOB NOT NULL REFERENCES scorecards (id),
    version INTEGER NOT NULL,
    project_id BLOB NOT NULL,
    definition_json TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (scorecard_id, version)
);

CREATE TABLE attestations (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL,
    scorecard_id BLOB NOT NULL REFERENCES scorecards (id),
    version INTEGER NOT NULL,
    actor TEXT NOT NULL,
    note TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX attestations_by_scorecard ON attestations (project_id, scorecard_id, at);

CREATE TABLE policies (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    version INTEGER NOT NULL,
    definition_json TEXT NOT NULL,
    created_by_json TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (project_id, version)
);

CREATE TABLE gates (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    workflow_id BLOB NOT NULL,
    release_id BLOB NOT NULL REFERENCES releases (id),
    baseline_id BLOB,
    opened_by_json TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    bundle_digest TEXT,
    pool_ratio REAL
);
CREATE INDEX gates_by_release ON gates (project_id, release_id, opened_at);
CREATE INDEX gates_by_time ON gates (project_id, opened_at, id);

CREATE TABLE bundles (
    project_id BLOB NOT NULL,
    digest TEXT NOT NULL,
    gate_id BLOB NOT NULL REFERENCES gates (id),
    canonical BLOB NOT NULL,
    recommendation BLOB NOT NULL,
    frozen_by_json TEXT NOT NULL,
    frozen_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, digest)
);
CREATE INDEX bundles_by_gate ON bundles (project_id, gate_id, frozen_at);

CREATE TABLE decisions (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    gate_id BLOB NOT NULL REFERENCES gates (id),
    workflow_id BLOB NOT NULL,
    release_id BLOB NOT NULL,
    verdict TEXT NOT NULL,
    supersedes_id BLOB,
    bundle_digest TEXT NOT NULL,
    digest TEXT NOT NULL,
    canonical BLOB NOT NULL,
    decided_at INTEGER NOT NULL,
    UNIQUE (project_id, sequence)
);
CREATE INDEX decisions_by_release ON decisions (project_id, release_id, sequence);
CREATE INDEX decisions_by_gate ON decisions (project_id, gate_id, sequence);

CREATE TRIGGER decisions_are_not_changed BEFORE UPDATE ON decisions
BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE TRIGGER decisions_are_not_deleted BEFORE DELETE ON decisions
BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE TRIGGER bundles_are_not_changed BEFORE UPDATE ON bundles
BEGIN SELECT RAISE(ABORT, 'frozen evidence never changes'); END;
CREATE TRIGGER bundles_are_not_deleted BEFORE DELETE ON bundles
BEGIN SELECT RAISE(ABORT, 'frozen evidence never changes'); END;

CREATE TABLE proposals (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL,
    gate_id BLOB NOT NULL REFERENCES gates (id),
    bundle_digest TEXT NOT NULL,
    verdict TEXT NOT NULL,
    reason TEXT NOT NULL,
    takes_two_because TEXT NOT NULL,
    proposed_by_json TEXT NOT NULL,
    proposed_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    decision_id BLOB
);
CREATE INDEX proposals_by_gate ON proposals (project_id, gate_id, proposed_at);

CREATE TABLE gap_owners (
    project_id BLOB NOT NULL,
    workflow_id BLOB NOT NULL,
    release_id BLOB NOT NULL,
    gap TEXT NOT NULL,
    owner_id BLOB NOT NULL,
    assigned_by_json TEXT NOT NULL,
    assigned_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, workflow_id, release_id, gap)
);

CREATE TABLE webhooks (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    url TEXT NOT NULL,
    secret TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    disabled_at INTEGER,
    disabled_reason TEXT
);
CREATE INDEX webhooks_by_project ON webhooks (project_id, id);

CREATE TABLE outbox (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL,
    channel TEXT NOT NULL,
    recipient TEXT NOT NULL,
    dedup_key TEXT NOT NULL,
    payload_json TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    last_error TEXT,
    created_at INTEGER NOT NULL,
    sent_at INTEGER,
    UNIQUE (project_id, channel, recipient, dedup_key)
);
CREATE INDEX outbox_to_send ON outbox (next_at) WHERE state = 'pending';

CREATE TABLE audit_entries (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    noun TEXT NOT NULL,
    noun_id TEXT NOT NULL,
    detail_json TEXT NOT NULL
);
CREATE INDEX audit_entries_by_time ON audit_entries (project_id, at, id);

CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    expires_at INTEGER NOT NULL
);
