-- How far the evidence of an undecided gate has come, up to a time: a cache, dropped when a block before that time changes.

CREATE TABLE gate_prefixes (
    project_id BLOB NOT NULL REFERENCES projects (id),
    gate_id BLOB NOT NULL REFERENCES gates (id),
    release_id BLOB NOT NULL,
    baseline_id BLOB,
    through INTEGER NOT NULL,
    concluded_through INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    body BLOB,
    PRIMARY KEY (project_id, gate_id)
);
