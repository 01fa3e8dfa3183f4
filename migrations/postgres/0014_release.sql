-- Deployment events of releases, and a project's own templates for the documents that leave.

CREATE TABLE deployments (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    workflow_id UUID NOT NULL,
    release_id UUID NOT NULL REFERENCES releases (id),
    environment TEXT NOT NULL,
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    url TEXT,
    note TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    recorded_by_json TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    UNIQUE (project_id, idempotency_key)
);
CREATE INDEX deployments_by_workflow ON deployments (project_id, workflow_id, at, id);

CREATE TABLE templates (
    project_id UUID NOT NULL REFERENCES projects (id),
    document TEXT NOT NULL,
    format TEXT NOT NULL,
    version BIGINT NOT NULL,
    source TEXT,
    note TEXT NOT NULL,
    created_by_json TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, document, format, version)
);
CREATE TRIGGER templates_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON templates
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('versions of a template are append-only');
