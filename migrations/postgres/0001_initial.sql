-- The first schema. Ids are UUIDs (16-byte blobs on SQLite), times integer microseconds since 1970 UTC,
-- amounts integer nano-units, `…_json` texts for what is only read back whole, blobs for what is hashed or compressed.

CREATE TABLE projects (
    id UUID NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    settings_json TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE accounts (
    id UUID NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT
);

CREATE TABLE members (
    project_id UUID NOT NULL REFERENCES projects (id),
    account_id UUID NOT NULL REFERENCES accounts (id),
    roles TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, account_id)
);
CREATE INDEX members_by_account ON members (account_id);

CREATE TABLE sessions (
    id UUID NOT NULL PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id),
    token_hash BYTEA NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_account ON sessions (account_id);

CREATE TABLE api_keys (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    public_id TEXT NOT NULL UNIQUE,
    secret_hash BYTEA NOT NULL,
    scopes_json TEXT NOT NULL,
    created_by UUID NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    used_at BIGINT
);
CREATE INDEX api_keys_by_project ON api_keys (project_id, id);

CREATE TABLE signing_keys (
    id TEXT NOT NULL PRIMARY KEY,
    private_key BYTEA NOT NULL,
    public_key BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE workflows (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    risk_class TEXT NOT NULL,
    owner_id UUID,
    rules_json TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (project_id, name)
);

CREATE TABLE releases (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    workflow_id UUID NOT NULL REFERENCES workflows (id),
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    baseline_id UUID,
    created_at BIGINT NOT NULL,
    live_at BIGINT,
    UNIQUE (project_id, workflow_id, name)
);

CREATE TABLE release_events (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    release_id UUID NOT NULL REFERENCES releases (id),
    state_before TEXT NOT NULL,
    state_after TEXT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX release_events_by_release ON release_events (project_id, release_id, at);

CREATE TABLE prices (
    project_id UUID NOT NULL REFERENCES projects (id),
    model TEXT NOT NULL,
    input_nanos BIGINT NOT NULL,
    output_nanos BIGINT NOT NULL,
    PRIMARY KEY (project_id, model)
);

CREATE TABLE failure_classes (
    project_id UUID NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    severity TEXT NOT NULL,
    meaning TEXT NOT NULL,
    PRIMARY KEY (project_id, name)
);

CREATE TABLE runs (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    workflow_id UUID NOT NULL,
    release_id UUID NOT NULL,
    external_id TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    closed_at BIGINT,
    settles_at BIGINT,
    settled BOOLEAN NOT NULL,
    idle_closed BOOLEAN NOT NULL,
    outcome TEXT NOT NULL,
    failure_class TEXT,
    failed BOOLEAN NOT NULL,
    unit TEXT,
    facts_json TEXT NOT NULL,
    report_json TEXT,
    received_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (project_id, external_id)
);
CREATE INDEX runs_by_start ON runs (project_id, started_at, id);
CREATE INDEX runs_by_release ON runs (project_id, release_id, started_at, id);
CREATE INDEX runs_to_settle ON runs (settles_at) WHERE NOT settled AND settles_at IS NOT NULL;
CREATE INDEX runs_to_close ON runs (updated_at) WHERE closed_at IS NULL;
CREATE INDEX runs_by_unit ON runs (project_id, workflow_id, release_id, unit) WHERE unit IS NOT NULL;

CREATE TABLE traces (
    run_id UUID NOT NULL,
    project_id UUID NOT NULL,
    format TEXT NOT NULL,
    span_count BIGINT NOT NULL,
    skeleton BYTEA NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (run_id, format)
);

CREATE TABLE run_facts (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL,
    run_id UUID NOT NULL,
    idempotency_key TEXT NOT NULL,
    fact_json TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    UNIQUE (project_id, run_id, idempotency_key)
);

CREATE TABLE segment_values (
    project_id UUID NOT NULL,
    workflow_id UUID NOT NULL,
    dimension TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (project_id, workflow_id, dimension, value)
);

CREATE TABLE cells (
    project_id UUID NOT NULL,
    workflow_id UUID NOT NULL,
    release_id UUID NOT NULL,
    dimension TEXT NOT NULL,
    resolution TEXT NOT NULL,
    start_at BIGINT NOT NULL,
    value TEXT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (project_id, workflow_id, release_id, dimension, resolution, start_at, value)
);

CREATE TABLE blocks (
    project_id UUID NOT NULL,
    workflow_id UUID NOT NULL,
    release_id UUID NOT NULL,
    basis TEXT NOT NULL,
    dimension TEXT NOT NULL,
    start_at BIGINT NOT NULL,
    value TEXT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (project_id, workflow_id, release_id, basis, dimension, start_at, value)
);

CREATE TABLE failures (
    run_id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL,
    workflow_id UUID NOT NULL,
    release_id UUID NOT NULL,
    failure_class TEXT,
    severity TEXT,
    occurred_at BIGINT NOT NULL,
    status TEXT NOT NULL,
    case_id UUID,
    reason TEXT,
    decided_by TEXT,
    decided_at BIGINT
);
CREATE INDEX failures_by_status ON failures (project_id, status, occurred_at, run_id);
CREATE INDEX failures_by_release ON failures (project_id, workflow_id, release_id, status);

CREATE TABLE cases (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    workflow_id UUID NOT NULL,
    title TEXT NOT NULL,
    state TEXT NOT NULL,
    failure_class TEXT,
    definition_json TEXT NOT NULL,
    content_digest TEXT NOT NULL,
    snapshot_digest TEXT NOT NULL,
    snapshot BYTEA NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX cases_by_workflow ON cases (project_id, workflow_id, id);
CREATE INDEX cases_by_content ON cases (project_id, content_digest);

CREATE TABLE scorecards (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    workflow_id UUID NOT NULL REFERENCES workflows (id),
    version BIGINT NOT NULL,
    owner_id UUID,
    backup_id UUID,
    definition_json TEXT NOT NULL,
    attested_at BIGINT,
    freshness TEXT NOT NULL,
    freshness_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (project_id, workflow_id)
);

CREATE TABLE scorecard_versions (
    scorecard_id UUID NOT NULL REFERENCES scorecards (id),
    version BIGINT NOT NULL,
    project_id UUID NOT NULL,
    definition_json TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (scorecard_id, version)
);

CREATE TABLE attestations (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL,
    scorecard_id UUID NOT NULL REFERENCES scorecards (id),
    version BIGINT NOT NULL,
    actor TEXT NOT NULL,
    note TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX attestations_by_scorecard ON attestations (project_id, scorecard_id, at);

CREATE TABLE policies (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    version BIGINT NOT NULL,
    definition_json TEXT NOT NULL,
    created_by_json TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (project_id, version)
);

CREATE TABLE gates (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    workflow_id UUID NOT NULL,
    release_id UUID NOT NULL REFERENCES releases (id),
    baseline_id UUID,
    opened_by_json TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    bundle_digest TEXT,
    pool_ratio DOUBLE PRECISION
);
CREATE INDEX gates_by_release ON gates (project_id, release_id, opened_at);
CREATE INDEX gates_by_time ON gates (project_id, opened_at, id);

CREATE TABLE bundles (
    project_id UUID NOT NULL,
    digest TEXT NOT NULL,
    gate_id UUID NOT NULL REFERENCES gates (id),
    canonical BYTEA NOT NULL,
    recommendation BYTEA NOT NULL,
    frozen_by_json TEXT NOT NULL,
    frozen_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, digest)
);
CREATE INDEX bundles_by_gate ON bundles (project_id, gate_id, frozen_at);

CREATE TABLE decisions (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL,
    sequence BIGINT NOT NULL,
    gate_id UUID NOT NULL REFERENCES gates (id),
    workflow_id UUID NOT NULL,
    release_id UUID NOT NULL,
    verdict TEXT NOT NULL,
    supersedes_id UUID,
    bundle_digest TEXT NOT NULL,
    digest TEXT NOT NULL,
    canonical BYTEA NOT NULL,
    decided_at BIGINT NOT NULL,
    UNIQUE (project_id, sequence)
);
CREATE INDEX decisions_by_release ON decisions (project_id, release_id, sequence);
CREATE INDEX decisions_by_gate ON decisions (project_id, gate_id, sequence);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $$;
CREATE TRIGGER decisions_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON decisions
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('decisions are append-only');
CREATE TRIGGER bundles_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON bundles
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('frozen evidence never changes');

CREATE TABLE proposals (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL,
    gate_id UUID NOT NULL REFERENCES gates (id),
    bundle_digest TEXT NOT NULL,
    verdict TEXT NOT NULL,
    reason TEXT NOT NULL,
    takes_two_because TEXT NOT NULL,
    proposed_by_json TEXT NOT NULL,
    proposed_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    decision_id UUID
);
CREATE INDEX proposals_by_gate ON proposals (project_id, gate_id, proposed_at);

CREATE TABLE gap_owners (
    project_id UUID NOT NULL,
    workflow_id UUID NOT NULL,
    release_id UUID NOT NULL,
    gap TEXT NOT NULL,
    owner_id UUID NOT NULL,
    assigned_by_json TEXT NOT NULL,
    assigned_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, workflow_id, release_id, gap)
);

CREATE TABLE webhooks (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    url TEXT NOT NULL,
    secret TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT,
    disabled_reason TEXT
);
CREATE INDEX webhooks_by_project ON webhooks (project_id, id);

CREATE TABLE outbox (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL,
    channel TEXT NOT NULL,
    recipient TEXT NOT NULL,
    dedup_key TEXT NOT NULL,
    payload_json TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    sent_at BIGINT,
    UNIQUE (project_id, channel, recipient, dedup_key)
);
CREATE INDEX outbox_to_send ON outbox (next_at) WHERE state = 'pending';

CREATE TABLE audit_entries (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL,
    at BIGINT NOT NULL,
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
    expires_at BIGINT NOT NULL
);
