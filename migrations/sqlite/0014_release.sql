-- Deployment events of releases, and a project's own templates for the documents that leave.

CREATE TABLE deployments (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    workflow_id BLOB NOT NULL,
    release_id BLOB NOT NULL REFERENCES releases (id),
    environment TEXT NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    url TEXT,
    note TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    recorded_by_json TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    UNIQUE (project_id, idempotency_key)
);
CREATE INDEX deployments_by_workflow ON deployments (project_id, workflow_id, at, id);

CREATE TABLE templates (
    project_id BLOB NOT NULL REFERENCES projects (id),
    document TEXT NOT NULL,
    format TEXT NOT NULL,
    version INTEGER NOT NULL,
    source TEXT,
    note TEXT NOT NULL,
    created_by_json TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, document, format, version)
);
CREATE TRIGGER templates_are_not_changed BEFORE UPDATE ON templates
BEGIN SELECT RAISE(ABORT, 'versions of a template are append-only'); END;
CREATE TRIGGER templates_are_not_deleted BEFORE DELETE ON templates
BEGIN SELECT RAISE(ABORT, 'versions of a template are append-only'); END;
