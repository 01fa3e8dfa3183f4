-- The record: who decided what against which recommendation is counted in the database, and what people put their name to
-- is refused any change by the database itself, also where a session turned ordinary triggers off.

DROP TRIGGER decisions_are_not_changed ON decisions;
ALTER TABLE decisions
    ADD COLUMN recommended TEXT NOT NULL DEFAULT '',
    ADD COLUMN decider_id TEXT NOT NULL DEFAULT '',
    ADD COLUMN decider_name TEXT NOT NULL DEFAULT '',
    ADD COLUMN approver_id TEXT;
UPDATE decisions SET
    recommended = convert_from(canonical, 'UTF8')::json ->> 'recommended',
    decider_id = convert_from(canonical, 'UTF8')::json -> 'decided_by' ->> 'id',
    decider_name = convert_from(canonical, 'UTF8')::json -> 'decided_by' ->> 'display_name',
    approver_id = convert_from(canonical, 'UTF8')::json -> 'approved_by' ->> 'id';
CREATE TRIGGER decisions_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON decisions
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('decisions are append-only');
ALTER TABLE decisions ENABLE ALWAYS TRIGGER decisions_are_not_changed;
ALTER TABLE bundles ENABLE ALWAYS TRIGGER bundles_are_not_changed;

CREATE FUNCTION decision_takes_the_next_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sequence <> 1 + COALESCE((SELECT max(sequence) FROM decisions WHERE project_id = NEW.project_id), 0) THEN
        RAISE EXCEPTION 'decisions are append-only: each takes the place after the last one';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER decisions_follow_one_another BEFORE INSERT ON decisions
FOR EACH ROW EXECUTE FUNCTION decision_takes_the_next_place();

CREATE TRIGGER policies_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON policies
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('versions of a policy are append-only');
CREATE TRIGGER scorecard_versions_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON scorecard_versions
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('versions of a scorecard are append-only');
CREATE TRIGGER attestations_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON attestations
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('attestations are append-only');
CREATE TRIGGER release_events_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON release_events
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('moves of a release are append-only');
