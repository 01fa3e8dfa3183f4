-- Sketches of eval cases, by which near-duplicates are found among thousands.

CREATE TABLE case_bands (
    project_id UUID NOT NULL,
    workflow_id UUID NOT NULL,
    band BIGINT NOT NULL,
    hash BIGINT NOT NULL,
    case_id UUID NOT NULL REFERENCES cases (id),
    PRIMARY KEY (project_id, workflow_id, band, hash, case_id)
);
CREATE INDEX case_bands_by_case ON case_bands (case_id);
