-- Times are Unix time in ms. JSON is TEXT. Ids compare byte by byte (SQLite's own BINARY collation).

CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- sessions_reserved: the highest session number that may have been handed out.
-- probe: written to find out whether a failed disk takes writes again.
INSERT INTO meta (key, value) VALUES ('sessions_reserved', 0), ('probe', 0);

CREATE TABLE devices (
  id            TEXT PRIMARY KEY,
  model         TEXT,
  tags          TEXT NOT NULL,
  enabled       INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
  firmware      TEXT,
  capabilities  TEXT NOT NULL DEFAULT '[]',
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
  device          TEXT NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
  id              TEXT NOT NULL,
  created_at_ms   INTEGER NOT NULL,
  expires_at_ms   INTEGER,
  revoked_at_ms   INTEGER,
  last_used_at_ms INTEGER,
  -- Of a token made by a rotation: what it replaces, how long that lives on, when the device confirmed.
  replaces        TEXT,
  overlap_s       INTEGER,
  confirmed_at_ms INTEGER,
  -- Of a replaced token: it counts as revoked from then on.
  ends_at_ms      INTEGER,
  PRIMARY KEY (device, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_ending ON tokens (ends_at_ms) WHERE ends_at_ms IS NOT NULL AND revoked_at_ms IS NULL;

CREATE TABLE presence (
  device     TEXT PRIMARY KEY REFERENCES devices (id) ON DELETE CASCADE,
  state      TEXT NOT NULL,
  session    INTEGER NOT NULL,
  since_ms   INTEGER NOT NULL,
  reason     TEXT NOT NULL,
  node       TEXT NOT NULL,
  wake_at_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE last_values (
  device TEXT PRIMARY KEY REFERENCES devices (id) ON DELETE CASCADE,
  json   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE shadows (
  device           TEXT PRIMARY KEY REFERENCES devices (id) ON DELETE CASCADE,
  desired          TEXT NOT NULL,
  desired_version  INTEGER NOT NULL,
  desired_at_ms    INTEGER,
  reported         TEXT NOT NULL,
  reported_version INTEGER NOT NULL,
  reported_at_ms   INTEGER,
  reported_session INTEGER NOT NULL
) STRICT;

-- `sequence` is the order in which commands were accepted; the wall clock may step.
CREATE TABLE commands (
  sequence      INTEGER PRIMARY KEY,
  id            TEXT NOT NULL UNIQUE,
  device        TEXT NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
  name          TEXT NOT NULL,
  params        TEXT NOT NULL,
  ttl_s         INTEGER NOT NULL,
  timeout_s     INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  state         TEXT NOT NULL,
  final         INTEGER NOT NULL CHECK (final IN (0, 1)),
  due_at_ms     INTEGER,
  result        TEXT,
  error         TEXT,
  late_result   TEXT
) STRICT;
CREATE INDEX commands_of_device ON commands (device, sequence);
CREATE INDEX commands_open ON commands (device, sequence) WHERE final = 0;
CREATE INDEX commands_final ON commands (device, sequence) WHERE final = 1;
CREATE INDEX commands_due ON commands (due_at_ms) WHERE final = 0;

-- History and outbox in one: a row is written in the transaction that changes the state. AUTOINCREMENT: a change id
-- is never used again, so a late markPublished cannot touch a newer change.
CREATE TABLE command_changes (
  change_id INTEGER PRIMARY KEY AUTOINCREMENT,
  command   INTEGER NOT NULL REFERENCES commands (sequence) ON DELETE CASCADE,
  state     TEXT NOT NULL,
  at_ms     INTEGER NOT NULL,
  published INTEGER NOT NULL DEFAULT 0 CHECK (published IN (0, 1))
) STRICT;
CREATE INDEX changes_of_command ON command_changes (command, change_id);
CREATE INDEX changes_unpublished ON command_changes (change_id) WHERE published = 0;

CREATE TABLE api_keys (
  name          TEXT PRIMARY KEY,
  sha256        TEXT NOT NULL UNIQUE,
  role          TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
