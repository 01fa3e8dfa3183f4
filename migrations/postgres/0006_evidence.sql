-- Cells and evidence blocks keep the squares and products that the evidence about amounts needs, and blocks keep
-- sketches. Both are sums of runs and nothing else, so those of every project are written anew from its runs when the
-- service starts; the list says of which projects that is still to be done.
CREATE TABLE sums_to_rebuild (
    project_id UUID NOT NULL PRIMARY KEY REFERENCES projects (id)
);
INSERT INTO sums_to_rebuild (project_id) SELECT DISTINCT project_id FROM runs;
