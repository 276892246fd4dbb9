-- Who may operate the gateway. No secret is kept: SHA-256 of what has 256 random bits, scrypt of what a person chose.

ALTER TABLE api_keys ADD COLUMN expires_at_ms INTEGER;
ALTER TABLE api_keys ADD COLUMN last_used_at_ms INTEGER;

CREATE TABLE users (
  name             TEXT PRIMARY KEY,
  role             TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
  enabled          INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
  password         TEXT, -- NULL until its login link was used
  created_at_ms    INTEGER NOT NULL,
  last_login_at_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE web_sessions (
  sha256        TEXT PRIMARY KEY,
  user          TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
  created_at_ms INTEGER NOT NULL,
  seen_at_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX web_sessions_of_user ON web_sessions (user, seen_at_ms);

-- One per user, and one for the next admin: its user is ''.
CREATE TABLE login_links (
  user          TEXT PRIMARY KEY,
  sha256        TEXT NOT NULL UNIQUE,
  expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
