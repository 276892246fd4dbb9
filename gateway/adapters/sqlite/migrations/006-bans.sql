-- Addresses and devices that are kept out. No reference to devices: a ban may come before its device, and outlive it.
CREATE TABLE bans (
  id            TEXT PRIMARY KEY,
  address       TEXT UNIQUE,
  device        TEXT UNIQUE,
  reason        TEXT,
  created_at_ms INTEGER NOT NULL,
  ends_at_ms    INTEGER,
  CHECK ((address IS NULL) <> (device IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX bans_ending ON bans (ends_at_ms) WHERE ends_at_ms IS NOT NULL;
