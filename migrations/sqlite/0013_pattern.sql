-- Failure patterns with their life, and successful runs that were sampled into triage.

ALTER TABLE failures ADD COLUMN pattern_id BLOB;
ALTER TABLE failures ADD COLUMN pattern_due BOOLEAN NOT NULL DEFAULT TRUE;
CREATE INDEX failures_to_group ON failures (project_id, run_id) WHERE pattern_due;
CREATE INDEX failures_by_pattern ON failures (project_id, pattern_id, severity, occurred_at, run_id) WHERE pattern_id IS NOT NULL;

CREATE TABLE patterns (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    workflow_id BLOB NOT NULL REFERENCES workflows (id),
    failure_class TEXT,
    step TEXT,
    signature BLOB,
    state TEXT NOT NULL,
    fixed_in BLOB,
    failures INTEGER NOT NULL,
    found_at INTEGER NOT NULL,
    latest_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
);
CREATE INDEX patterns_by_latest ON patterns (project_id, latest_at, id);
CREATE INDEX patterns_by_state ON patterns (state, id);

CREATE TABLE pattern_bands (
    project_id BLOB NOT NULL,
    workflow_id BLOB NOT NULL,
    hash INTEGER NOT NULL,
    pattern_id BLOB NOT NULL REFERENCES patterns (id),
    PRIMARY KEY (project_id, workflow_id, hash, pattern_id)
);

CREATE TABLE pattern_events (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL,
    pattern_id BLOB NOT NULL REFERENCES patterns (id),
    state TEXT NOT NULL,
    release_id BLOB,
    run_id BLOB,
    note TEXT NOT NULL,
    actor_json TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX pattern_events_by_pattern ON pattern_events (project_id, pattern_id, at, id);

CREATE TABLE samples (
    run_id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    workflow_id BLOB NOT NULL,
    release_id BLOB NOT NULL,
    occurred_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    note TEXT,
    decided_by TEXT,
    decided_at INTEGER
);
CREATE INDEX samples_by_status ON samples (project_id, status, occurred_at, run_id);
CREATE INDEX samples_by_release ON samples (project_id, workflow_id, release_id, status);

-- Cases that were made before there were sketches get theirs in the background.
ALTER TABLE cases ADD COLUMN sketched BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE cases SET sketched = TRUE WHERE id IN (SELECT case_id FROM case_bands);
CREATE INDEX cases_to_sketch ON cases (id) WHERE NOT sketched;
