-- Alerts: what is watched for in live releases, where it stands, what became of it, and how far the detectors have come.

CREATE TABLE alerts (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    workflow_id BLOB NOT NULL REFERENCES workflows (id),
    release_id BLOB NOT NULL REFERENCES releases (id),
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    since_at INTEGER NOT NULL,
    body TEXT NOT NULL,
    digest TEXT,
    gate_id BLOB,
    response_id BLOB,
    restart_at INTEGER,
    relearn_from INTEGER,
    UNIQUE (project_id, workflow_id, release_id, kind)
);
CREATE INDEX alerts_by_state ON alerts (project_id, state, since_at, id);

CREATE TABLE alert_events (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL,
    alert_id BLOB NOT NULL REFERENCES alerts (id),
    state TEXT NOT NULL,
    body TEXT NOT NULL,
    actor_json TEXT NOT NULL,
    at INTEGER NOT NULL,
    told_at INTEGER,
    digest TEXT,
    evidence BLOB
);
CREATE INDEX alert_events_by_alert ON alert_events (project_id, alert_id, at, id);
CREATE INDEX alert_events_untold ON alert_events (at) WHERE told_at IS NULL;

CREATE TABLE drift_settings (
    project_id BLOB NOT NULL REFERENCES projects (id),
    workflow_id BLOB NOT NULL REFERENCES workflows (id),
    settings_json TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, workflow_id)
);

CREATE TABLE drift_watches (
    project_id BLOB NOT NULL,
    workflow_id BLOB NOT NULL,
    release_id BLOB NOT NULL,
    through INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    body BLOB,
    PRIMARY KEY (project_id, workflow_id, release_id)
);
