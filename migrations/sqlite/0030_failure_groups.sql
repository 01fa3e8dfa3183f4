-- Failures are counted by workflow, release, class and severity on the page that reviewers begin with: from this index alone, without
-- reading the failures. It begins as the one did that it takes the place of.

CREATE INDEX failures_by_group
    ON failures (project_id, workflow_id, release_id, failure_class, severity, status, occurred_at);
DROP INDEX failures_by_release;
