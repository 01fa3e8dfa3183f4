-- Failure patterns with their life, and successful runs that were sampled into triage.

ALTER TABLE failures ADD COLUMN pattern_id UUID;
ALTER TABLE failures ADD COLUMN pattern_due BOOLEAN NOT NULL DEFAULT TRUE;
CREATE INDEX failures_to_group ON failures (project_id, run_id) WHERE pattern_due;
CREATE INDEX failures_by_pattern ON failures (project_id, pattern_id, severity, occurred_at, run_id) WHERE pattern_id IS NOT NULL;

CREATE TABLE patterns (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    workflow_id UUID NOT NULL REFERENCES workflows (id),
    failure_class TEXT,
    step TEXT,
    signature BYTEA,
    state TEXT NOT NULL,
    fixed_in UUID,
    failures BIGINT NOT NULL,
    found_at BIGINT NOT NULL,
    latest_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX patterns_by_latest ON patterns (project_id, latest_at, id);
CREATE INDEX patterns_by_state ON patterns (state, id);

CREATE TABLE pattern_bands (
    project_id UUID NOT NULL,
    workflow_id UUID NOT NULL,
    hash BIGINT NOT NULL,
    pattern_id UUID NOT NULL REFERENCES patterns (id),
    PRIMARY KEY (project_id, workflow_id, hash, pattern_id)
);

CREATE TABLE pattern_events (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL,
    pattern_id UUID NOT NULL REFERENCES patterns (id),
    state TEXT NOT NULL,
    release_id UUID,
    run_id UUID,
    note TEXT NOT NULL,
    actor_json TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX pattern_events_by_pattern ON pattern_events (project_id, pattern_id, at, id);

CREATE TABLE samples (
    run_id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    workflow_id UUID NOT NULL,
    release_id UUID NOT NULL,
    occurred_at BIGINT NOT NULL,
    status TEXT NOT NULL,
    note TEXT,
    decided_by TEXT,
    decided_at BIGINT
);
CREATE INDEX samples_by_status ON samples (project_id, status, occurred_at, run_id);
CREATE INDEX samples_by_release ON samples (project_id, workflow_id, release_id, status);

-- Cases that were made before there were sketches get theirs in the background.
ALTER TABLE cases ADD COLUMN sketched BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE cases SET sketched = TRUE WHERE id IN (SELECT case_id FROM case_bands);
CREATE INDEX cases_to_sketch ON cases (id) WHERE NOT sketched;
