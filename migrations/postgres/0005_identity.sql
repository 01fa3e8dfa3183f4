-- The audit log becomes a chain per project; invitations and new passwords by mail; creations that are sent again.

-- Entries made before this have no place in the chain.
ALTER TABLE audit_entries ADD COLUMN actor_id TEXT;
ALTER TABLE audit_entries ADD COLUMN address TEXT;
ALTER TABLE audit_entries ADD COLUMN sequence BIGINT;
ALTER TABLE audit_entries ADD COLUMN digest TEXT;
ALTER TABLE audit_entries ADD COLUMN canonical BYTEA;
CREATE UNIQUE INDEX audit_entries_by_sequence ON audit_entries (project_id, sequence);
CREATE INDEX audit_entries_by_noun ON audit_entries (project_id, noun, noun_id, at, id);

CREATE TRIGGER audit_entries_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('the audit log is append-only');

-- Access tokens issued before this are not accepted any more: since then the password is another.
ALTER TABLE accounts ADD COLUMN tokens_from BIGINT;

-- Private keys stay in their files; what is shared is who verifies.
ALTER TABLE signing_keys DROP COLUMN private_key;
ALTER TABLE signing_keys ADD COLUMN retired_at BIGINT;

-- What was asked for at the sign-in page. Whose address it is, is looked up later, so that the answer tells nothing.
CREATE TABLE reset_requests (
    id UUID NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,
    requested_at BIGINT NOT NULL
);

CREATE TABLE password_resets (
    id UUID NOT NULL PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id),
    token_hash BYTEA NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX password_resets_by_account ON password_resets (account_id);

CREATE TABLE invitations (
    id UUID NOT NULL PRIMARY KEY,
    project_id UUID NOT NULL REFERENCES projects (id),
    email TEXT NOT NULL,
    roles TEXT NOT NULL,
    token_hash BYTEA NOT NULL UNIQUE,
    invited_by_json TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    accepted_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX invitations_by_project ON invitations (project_id, created_at, id);

-- A request with an Idempotency-Key: its mark is written with what it changed, its answer after that, encrypted
-- under a key that only who sends it again can make.
CREATE TABLE idempotency_keys (
    key_hash BYTEA NOT NULL PRIMARY KEY,
    request_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    answer BYTEA
);
CREATE INDEX idempotency_keys_by_time ON idempotency_keys (created_at);
