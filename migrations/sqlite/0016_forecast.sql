-- How many more runs the checks of an undecided gate will probably take, as it was last worked out in the background.

CREATE TABLE forecasts (
    project_id BLOB NOT NULL REFERENCES projects (id),
    gate_id BLOB NOT NULL REFERENCES gates (id),
    units INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    body_json TEXT NOT NULL,
    PRIMARY KEY (project_id, gate_id)
);
