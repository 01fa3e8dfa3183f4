-- The record: who decided what against which recommendation is counted in the database, and what people put their name to
-- is refused any change by the database itself, REPLACE included, which deletes without a delete trigger.

DROP TRIGGER decisions_are_not_changed;
ALTER TABLE decisions ADD COLUMN recommended TEXT NOT NULL DEFAULT '';
ALTER TABLE decisions ADD COLUMN decider_id TEXT NOT NULL DEFAULT '';
ALTER TABLE decisions ADD COLUMN decider_name TEXT NOT NULL DEFAULT '';
ALTER TABLE decisions ADD COLUMN approver_id TEXT;
UPDATE decisions SET
    recommended = json_extract(CAST(canonical AS TEXT), '$.recommended'),
    decider_id = json_extract(CAST(canonical AS TEXT), '$.decided_by.id'),
    decider_name = json_extract(CAST(canonical AS TEXT), '$.decided_by.display_name'),
    approver_id = json_extract(CAST(canonical AS TEXT), '$.approved_by.id');
CREATE TRIGGER decisions_are_not_changed BEFORE UPDATE ON decisions
BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE TRIGGER decisions_follow_one_another BEFORE INSERT ON decisions
WHEN NEW.sequence <> 1 + COALESCE((SELECT max(sequence) FROM decisions WHERE project_id = NEW.project_id), 0)
  OR EXISTS (SELECT 1 FROM decisions WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'decisions are append-only: each takes the place after the last one'); END;
CREATE TRIGGER bundles_are_not_replaced BEFORE INSERT ON bundles
WHEN EXISTS (SELECT 1 FROM bundles WHERE project_id = NEW.project_id AND digest = NEW.digest)
BEGIN SELECT RAISE(ABORT, 'frozen evidence never changes'); END;

CREATE TRIGGER policies_are_not_changed BEFORE UPDATE ON policies
BEGIN SELECT RAISE(ABORT, 'versions of a policy are append-only'); END;
CREATE TRIGGER policies_are_not_deleted BEFORE DELETE ON policies
BEGIN SELECT RAISE(ABORT, 'versions of a policy are append-only'); END;
CREATE TRIGGER scorecard_versions_are_not_changed BEFORE UPDATE ON scorecard_versions
BEGIN SELECT RAISE(ABORT, 'versions of a scorecard are append-only'); END;
CREATE TRIGGER scorecard_versions_are_not_deleted BEFORE DELETE ON scorecard_versions
BEGIN SELECT RAISE(ABORT, 'versions of a scorecard are append-only'); END;
CREATE TRIGGER attestations_are_not_changed BEFORE UPDATE ON attestations
BEGIN SELECT RAISE(ABORT, 'attestations are append-only'); END;
CREATE TRIGGER attestations_are_not_deleted BEFORE DELETE ON attestations
BEGIN SELECT RAISE(ABORT, 'attestations are append-only'); END;
CREATE TRIGGER release_events_are_not_changed BEFORE UPDATE ON release_events
BEGIN SELECT RAISE(ABORT, 'moves of a release are append-only'); END;
CREATE TRIGGER release_events_are_not_deleted BEFORE DELETE ON release_events
BEGIN SELECT RAISE(ABORT, 'moves of a release are append-only'); END;
