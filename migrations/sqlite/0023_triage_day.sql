-- What people decided today is counted by time.

CREATE INDEX triage_acts_by_time ON triage_acts (project_id, at);
