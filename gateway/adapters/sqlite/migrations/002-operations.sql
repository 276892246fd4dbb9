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

-- Sessions in which a command was sent, and when somebody asked to cancel it after that.
ALTER TABLE commands ADD COLUMN deliveries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE commands ADD COLUMN cancel_asked_at_ms INTEGER;
CREATE INDEX commands_by_state ON commands (state, sequence);
CREATE INDEX commands_all_open ON commands (sequence) WHERE final = 0;
CREATE INDEX commands_by_time ON commands (created_at_ms);

-- Requests with an Idempotency-Key: what they made. Written in the transaction that makes it.
CREATE TABLE once (
  sequence INTEGER PRIMARY KEY,
  key      TEXT NOT NULL UNIQUE,
  request  TEXT NOT NULL,
  made     TEXT NOT NULL,
  at_ms    INTEGER NOT NULL
) STRICT;

CREATE TABLE dead_letters (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms   INTEGER NOT NULL,
  topic   TEXT NOT NULL,
  device  TEXT,
  command TEXT,
  reason  TEXT NOT NULL,
  detail  TEXT NOT NULL,
  bytes   INTEGER NOT NULL,
  payload TEXT NOT NULL
) STRICT;

-- Connections of each device. One that has not ended is open, or was when the gateway died.
CREATE TABLE connections (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  device          TEXT NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
  session         INTEGER NOT NULL,
  connected_at_ms INTEGER NOT NULL,
  ended_at_ms     INTEGER,
  reason          TEXT,
  address         TEXT,
  firmware        TEXT,
  boot            TEXT,
  messages        INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX connections_of_device ON connections (device, id);
CREATE INDEX connections_open ON connections (device, session) WHERE ended_at_ms IS NULL;
