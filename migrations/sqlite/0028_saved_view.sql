-- The filters of a list under a name: of one person, or, without an account, of the project.

CREATE TABLE saved_views (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id),
    list TEXT NOT NULL,
    account_id BLOB,
    name TEXT NOT NULL,
    filters_json TEXT NOT NULL,
    saved_by_json TEXT NOT NULL,
    saved_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX saved_views_of_person ON saved_views (project_id, account_id, list, name) WHERE account_id IS NOT NULL;
CREATE UNIQUE INDEX saved_views_of_project ON saved_views (project_id, list, name) WHERE account_id IS NULL;
