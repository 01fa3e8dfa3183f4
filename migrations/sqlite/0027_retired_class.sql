-- A failure class that is not offered any more stays, so that what carries it keeps its severity.

ALTER TABLE failure_classes ADD COLUMN retired BOOLEAN NOT NULL DEFAULT FALSE;
