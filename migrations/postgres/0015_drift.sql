-- Alerts: what is watched for in live releases, where it stands, what became of it, and how far the detectors have come.

CREATE TABLE alerts (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    workflow_id UUID NOT NULL REFERENCES workflows (id),
    release_id UUID NOT NULL REFERENCES releases (id),
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    since_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    digest TEXT,
    gate_id UUID,
    response_id UUID,
    restart_at BIGINT,
    relearn_from BIGINT,
    UNIQUE (project_id, workflow_id, release_id, kind)
);
CREATE INDEX alerts_by_state ON alerts (project_id, state, since_at, id);

CREATE TABLE alert_events (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL,
    alert_id UUID NOT NULL REFERENCES alerts (id),
    state TEXT NOT NULL,
    body TEXT NOT NULL,
    actor_json TEXT NOT NULL,
    at BIGINT NOT NULL,
    told_at BIGINT,
    digest TEXT,
    evidence BYTEA
);
CREATE INDEX alert_events_by_alert ON alert_events (project_id, alert_id, at, id);
CREATE INDEX alert_events_untold ON alert_events (at) WHERE told_at IS NULL;

CREATE TABLE drift_settings (
    project_id UUID NOT NULL REFERENCES projects (id),
    workflow_id UUID NOT NULL REFERENCES workflows (id),
    settings_json TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, workflow_id)
);

CREATE TABLE drift_watches (
    project_id UUID NOT NULL,
    workflow_id UUID NOT NULL,
    release_id UUID NOT NULL,
    through BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    body BYTEA,
    PRIMARY KEY (project_id, workflow_id, release_id)
);
