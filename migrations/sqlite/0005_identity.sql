-- The audit log becomes a chain per project; invitations and new passwords by mail; creations that are sent again.

-- Entries made before this have no place in the chain.
ALTER TABLE audit_entries ADD COLUMN actor_id TEXT;
ALTER TABLE audit_entries ADD COLUMN address TEXT;
ALTER TABLE audit_entries ADD COLUMN sequence INTEGER;
ALTER TABLE audit_entries ADD COLUMN digest TEXT;
ALTER TABLE audit_entries ADD COLUMN canonical BLOB;
CREATE UNIQUE INDEX audit_entries_by_sequence ON audit_entries (project_id, sequence);
CREATE INDEX audit_entries_by_noun ON audit_entries (project_id, noun, noun_id, at, id);

CREATE TRIGGER audit_entries_are_not_changed BEFORE UPDATE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_entries_are_not_deleted BEFORE DELETE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

-- Access tokens issued before this are not accepted any more: since then the password is another.
ALTER TABLE accounts ADD COLUMN tokens_from INTEGER;

-- Private keys stay in their files; what is shared is who verifies.
ALTER TABLE signing_keys DROP COLUMN private_key;
ALTER TABLE signing_keys ADD COLUMN retired_at INTEGER;

-- What was asked for at the sign-in page. Whose address it is, is looked up later, so that the answer tells nothing.
CREATE TABLE reset_requests (
    id BLOB NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,
    requested_at INTEGER NOT NULL
);

CREATE TABLE password_resets (
    id BLOB NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id),
    token_hash BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX password_resets_by_account ON password_resets (account_id);

CREATE TABLE invitations (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    email TEXT NOT NULL,
    roles TEXT NOT NULL,
    token_hash BLOB NOT NULL UNIQUE,
    invited_by_json TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    accepted_at INTEGER,
    revoked_at INTEGER
);
CREATE INDEX invitations_by_project ON invitations (project_id, created_at, id);

-- A request with an Idempotency-Key: its mark is written with what it changed, its answer after that, encrypted
-- under a key that only who sends it again can make.
CREATE TABLE idempotency_keys (
    key_hash BLOB NOT NULL PRIMARY KEY,
    request_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    answer BLOB
);
CREATE INDEX idempotency_keys_by_time ON idempotency_keys (created_at);
