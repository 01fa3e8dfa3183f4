-- Triage with assignments, reservations, labels and undo; versions of eval cases; suites and the results of runners.

ALTER TABLE failures ADD COLUMN assigned_to UUID;
ALTER TABLE failures ADD COLUMN reserved_by UUID;
ALTER TABLE failures ADD COLUMN reserved_until BIGINT;
ALTER TABLE failures ADD COLUMN span_id TEXT;
ALTER TABLE failures ADD COLUMN step TEXT;
ALTER TABLE failures ADD COLUMN note TEXT;
ALTER TABLE failures ADD COLUMN labelled_by TEXT;
ALTER TABLE failures ADD COLUMN labelled_at BIGINT;
DROP INDEX failures_by_status;
CREATE INDEX failures_by_status ON failures (project_id, status, severity, occurred_at, run_id);
CREATE INDEX failures_by_severity ON failures (project_id, severity, occurred_at, run_id);
CREATE INDEX failures_by_assignee ON failures (project_id, assigned_to, status, severity, occurred_at, run_id)
    WHERE assigned_to IS NOT NULL;
CREATE INDEX failures_by_case ON failures (project_id, case_id) WHERE case_id IS NOT NULL;

CREATE TABLE triage_acts (
    id UUID NOT NULL,
    run_id UUID NOT NULL,
    project_id UUID NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    at BIGINT NOT NULL,
    before_json TEXT NOT NULL,
    after_json TEXT NOT NULL,
    undone_at BIGINT,
    PRIMARY KEY (id, run_id)
);
CREATE INDEX triage_acts_by_run ON triage_acts (project_id, run_id, at);

ALTER TABLE cases ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
CREATE TABLE case_versions (
    case_id UUID NOT NULL REFERENCES cases (id),
    version BIGINT NOT NULL,
    project_id UUID NOT NULL,
    title TEXT NOT NULL,
    failure_class TEXT,
    definition_json TEXT NOT NULL,
    note TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (case_id, version)
);
INSERT INTO case_versions (case_id, version, project_id, title, failure_class, definition_json, note, created_by, created_at)
    SELECT id, 1, project_id, title, failure_class, definition_json, '', created_by, created_at FROM cases;

CREATE TABLE suites (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    workflow_id UUID NOT NULL REFERENCES workflows (id),
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (project_id, name)
);
CREATE INDEX suites_by_workflow ON suites (project_id, workflow_id, id);

CREATE TABLE suite_versions (
    suite_id UUID NOT NULL REFERENCES suites (id),
    version BIGINT NOT NULL,
    project_id UUID NOT NULL,
    note TEXT NOT NULL,
    cases_json TEXT NOT NULL,
    restores BIGINT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (suite_id, version)
);
CREATE TRIGGER suite_versions_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON suite_versions
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('versions of a suite never change');

CREATE TABLE eval_results (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL,
    suite_id UUID NOT NULL REFERENCES suites (id),
    suite_version BIGINT NOT NULL,
    case_id UUID NOT NULL REFERENCES cases (id),
    case_version BIGINT NOT NULL,
    release_id UUID NOT NULL REFERENCES releases (id),
    execution TEXT NOT NULL,
    trial BIGINT NOT NULL,
    verdict TEXT NOT NULL,
    score DOUBLE PRECISION,
    runner TEXT NOT NULL,
    message TEXT,
    duration_ms BIGINT,
    recorded_by TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    UNIQUE (project_id, release_id, suite_id, case_id, execution, trial)
);
CREATE INDEX eval_results_by_case ON eval_results (project_id, case_id, recorded_at, id);
