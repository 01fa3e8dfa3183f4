-- How far the evidence of an undecided gate has come, up to a time: a cache, dropped when a block before that time changes.

CREATE TABLE gate_prefixes (
    project_id UUID NOT NULL REFERENCES projects (id),
    gate_id UUID NOT NULL REFERENCES gates (id),
    release_id UUID NOT NULL,
    baseline_id UUID,
    through BIGINT NOT NULL,
    concluded_through BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    body BYTEA,
    PRIMARY KEY (project_id, gate_id)
);

-- Megabytes of figures that hardly compress and are read whole: not worth the time to try.
ALTER TABLE gate_prefixes ALTER COLUMN body SET STORAGE EXTERNAL;
