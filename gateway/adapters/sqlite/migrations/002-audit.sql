-- Who did what, append-only. AUTOINCREMENT: an id is never used again, so ids that are missing at the start are those
-- that retention dropped. No reference to devices: what was done to a deleted device stays.
CREATE TABLE audit (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms   INTEGER NOT NULL,
  actor   TEXT NOT NULL,
  action  TEXT NOT NULL,
  target  TEXT,
  device  TEXT,
  outcome TEXT NOT NULL,
  address TEXT,
  detail  TEXT
) STRICT;
CREATE INDEX audit_of_device ON audit (device, id) WHERE device IS NOT NULL;

-- Held by the engine, not by good manners: an entry never changes, and only the oldest beyond 100,000 go.
CREATE TRIGGER audit_never_changes BEFORE UPDATE ON audit BEGIN
  SELECT RAISE(ABORT, 'audit entries are never changed');
END;
CREATE TRIGGER audit_keeps_the_latest BEFORE DELETE ON audit
  WHEN OLD.id > (SELECT max(id) FROM audit) - 100000 BEGIN
  SELECT RAISE(ABORT, 'the latest 100000 audit entries are never deleted');
END;
