-- Sketches of eval cases, by which near-duplicates are found among thousands.

CREATE TABLE case_bands (
    project_id BLOB NOT NULL,
    workflow_id BLOB NOT NULL,
    band INTEGER NOT NULL,
    hash INTEGER NOT NULL,
    case_id BLOB NOT NULL REFERENCES cases (id),
    PRIMARY KEY (project_id, workflow_id, band, hash, case_id)
);
CREATE INDEX case_bands_by_case ON case_bands (case_id);
