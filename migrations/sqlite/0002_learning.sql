-- Triage with assignments, reservations, labels and undo; versions of eval cases; suites and the results of runners.

ALTER TABLE failures ADD COLUMN assigned_to BLOB;
ALTER TABLE failures ADD COLUMN reserved_by BLOB;
ALTER TABLE failures ADD COLUMN reserved_until INTEGER;
ALTER TABLE failures ADD COLUMN span_id TEXT;
ALTER TABLE failures ADD COLUMN step TEXT;
ALTER TABLE failures ADD COLUMN note TEXT;
ALTER TABLE failures ADD COLUMN labelled_by TEXT;
ALTER TABLE failures ADD COLUMN labelled_at INTEGER;
DROP INDEX failures_by_status;
CREATE INDEX failures_by_status ON failures (project_id, status, severity, occurred_at, run_id);
CREATE INDEX failures_by_severity ON failures (project_id, severity, occurred_at, run_id);
CREATE INDEX failures_by_assignee ON failures (project_id, assigned_to, status, severity, occurred_at, run_id)
    WHERE assigned_to IS NOT NULL;
CREATE INDEX failures_by_case ON failures (project_id, case_id) WHERE case_id IS NOT NULL;

CREATE TABLE triage_acts (
    id BLOB NOT NULL,
    run_id BLOB NOT NULL,
    project_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    at INTEGER NOT NULL,
    before_json TEXT NOT NULL,
    after_json TEXT NOT NULL,
    undone_at INTEGER,
    PRIMARY KEY (id, run_id)
);
CREATE INDEX triage_acts_by_run ON triage_acts (project_id, run_id, at);

ALTER TABLE cases ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
CREATE TABLE case_versions (
    case_id BLOB NOT NULL REFERENCES cases (id),
    version INTEGER NOT NULL,
    project_id BLOB NOT NULL,
    title TEXT NOT NULL,
    failure_class TEXT,
    definition_json TEXT NOT NULL,
    note TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (case_id, version)
);
INSERT INTO case_versions (case_id, version, project_id, title, failure_class, definition_json, note, created_by, created_at)
    SELECT id, 1, project_id, title, failure_class, definition_json, '', created_by, created_at FROM cases;

CREATE TABLE suites (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    workflow_id BLOB NOT NULL REFERENCES workflows (id),
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (project_id, name)
);
CREATE INDEX suites_by_workflow ON suites (project_id, workflow_id, id);

CREATE TABLE suite_versions (
    suite_id BLOB NOT NULL REFERENCES suites (id),
    version INTEGER NOT NULL,
    project_id BLOB NOT NULL,
    note TEXT NOT NULL,
    cases_json TEXT NOT NULL,
    restores INTEGER,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (suite_id, version)
);
CREATE TRIGGER suite_versions_are_not_changed BEFORE UPDATE ON suite_versions
BEGIN SELECT RAISE(ABORT, 'versions of a suite never change'); END;
CREATE TRIGGER suite_versions_are_not_deleted BEFORE DELETE ON suite_versions
BEGIN SELECT RAISE(ABORT, 'versions of a suite never change'); END;

CREATE TABLE eval_results (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL,
    suite_id BLOB NOT NULL REFERENCES suites (id),
    suite_version INTEGER NOT NULL,
    case_id BLOB NOT NULL REFERENCES cases (id),
    case_version INTEGER NOT NULL,
    release_id BLOB NOT NULL REFERENCES releases (id),
    execution TEXT NOT NULL,
    trial INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    score REAL,
    runner TEXT NOT NULL,
    message TEXT,
    duration_ms INTEGER,
    recorded_by TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    UNIQUE (project_id, release_id, suite_id, case_id, execution, trial)
);
CREATE INDEX eval_results_by_case ON eval_results (project_id, case_id, recorded_at, id);
