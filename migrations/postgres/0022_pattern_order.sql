-- What became of a failure pattern has an order of its own: two events may be of the same microsecond.

ALTER TABLE pattern_events ADD COLUMN sequence BIGINT NOT NULL DEFAULT 0;
UPDATE pattern_events SET sequence = (
    SELECT COUNT(*) FROM pattern_events AS earlier
    WHERE earlier.project_id = pattern_events.project_id AND earlier.pattern_id = pattern_events.pattern_id
        AND (earlier.at, earlier.id) <= (pattern_events.at, pattern_events.id)
);
DROP INDEX pattern_events_by_pattern;
CREATE UNIQUE INDEX pattern_events_in_order ON pattern_events (project_id, pattern_id, sequence);
