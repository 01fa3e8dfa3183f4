-- Owners: teams, exemptions, gaps that are kept, responses, the inbox, preferences, attempts at deliveries.
-- `owner` columns hold an id with its prefix, `acc_…` or `team_…`.

CREATE TABLE teams (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (project_id, name)
);

CREATE TABLE team_members (
    team_id UUID NOT NULL REFERENCES teams (id),
    account_id UUID NOT NULL REFERENCES accounts (id),
    project_id UUID NOT NULL,
    PRIMARY KEY (team_id, account_id)
);
CREATE INDEX team_members_by_account ON team_members (project_id, account_id);

ALTER TABLE workflows ADD COLUMN owner_is_team BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE exemptions (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    scorecard_id UUID NOT NULL REFERENCES scorecards (id),
    check_key TEXT NOT NULL,
    reason TEXT NOT NULL,
    requested_by_json TEXT NOT NULL,
    requested_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    approved_by_json TEXT,
    approved_at BIGINT,
    ended_by_json TEXT,
    ended_at BIGINT
);
CREATE INDEX exemptions_by_scorecard ON exemptions (project_id, scorecard_id, id);

CREATE TABLE gaps (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    workflow_id UUID NOT NULL REFERENCES workflows (id),
    release_id UUID NOT NULL REFERENCES releases (id),
    gap TEXT NOT NULL,
    body TEXT NOT NULL,
    next_step TEXT NOT NULL,
    todo TEXT NOT NULL,
    state TEXT NOT NULL,
    found_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    owner TEXT,
    due_at BIGINT,
    assigned_by_json TEXT,
    assigned_at BIGINT,
    closed_by_json TEXT,
    closed_at BIGINT,
    done TEXT,
    UNIQUE (project_id, workflow_id, release_id, gap)
);
CREATE INDEX gaps_by_state ON gaps (project_id, state, id);

INSERT INTO gaps (id, project_id, workflow_id, release_id, gap, body, next_step, todo, state, found_at, seen_at, owner, assigned_by_json, assigned_at)
SELECT gen_random_uuid(), project_id, workflow_id, release_id, gap, '', 'better_measurement', '', 'open', assigned_at, assigned_at,
    'acc_' || replace(owner_id::text, '-', ''), assigned_by_json, assigned_at
FROM gap_owners;
DROP TABLE gap_owners;

CREATE TABLE responses (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    workflow_id UUID NOT NULL REFERENCES workflows (id),
    release_id UUID,
    origin TEXT NOT NULL,
    origin_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    signal TEXT NOT NULL,
    detail_json TEXT NOT NULL,
    owner TEXT,
    due_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    opened_by_json TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    acted_at BIGINT,
    acted_by_json TEXT,
    acted_note TEXT,
    closed_by_json TEXT,
    closed_at BIGINT,
    done TEXT,
    effect_json TEXT
);
CREATE INDEX responses_by_state ON responses (project_id, state, id);
CREATE INDEX responses_by_origin ON responses (project_id, origin, origin_id);

CREATE TABLE response_notes (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL,
    response_id UUID NOT NULL REFERENCES responses (id),
    actor_json TEXT NOT NULL,
    body TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX response_notes_by_response ON response_notes (project_id, response_id, id);

CREATE TABLE notices (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    account_id UUID NOT NULL REFERENCES accounts (id),
    dedup_key TEXT NOT NULL,
    topic TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    url TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    read_at BIGINT,
    UNIQUE (project_id, account_id, dedup_key)
);
CREATE INDEX notices_by_account ON notices (project_id, account_id, id);

CREATE TABLE notice_preferences (
    project_id UUID NOT NULL REFERENCES projects (id),
    account_id UUID NOT NULL REFERENCES accounts (id),
    token TEXT NOT NULL UNIQUE,
    muted TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, account_id)
);

CREATE TABLE deliveries (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL,
    message_id UUID NOT NULL REFERENCES outbox (id),
    attempt BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX deliveries_by_message ON deliveries (project_id, message_id, id);

ALTER TABLE webhooks ADD COLUMN previous_secret TEXT;
ALTER TABLE webhooks ADD COLUMN previous_until BIGINT;
