-- A command for many devices. `sequence` is the order in which they were accepted.
CREATE TABLE command_batches (
  sequence        INTEGER PRIMARY KEY AUTOINCREMENT,
  id              TEXT NOT NULL UNIQUE,
  name            TEXT NOT NULL,
  params          TEXT NOT NULL,
  ttl_s           INTEGER NOT NULL,
  timeout_s       INTEGER NOT NULL,
  tag             TEXT,
  created_at_ms   INTEGER NOT NULL,
  cancelled_at_ms INTEGER
) STRICT;

-- No reference to devices: what became of a deleted one stays.
CREATE TABLE batch_targets (
  batch   INTEGER NOT NULL REFERENCES command_batches (sequence) ON DELETE CASCADE,
  device  TEXT NOT NULL,
  state   TEXT NOT NULL,
  command TEXT,
  error   TEXT,
  PRIMARY KEY (batch, device)
) STRICT, WITHOUT ROWID;
CREATE INDEX batch_targets_by_state ON batch_targets (batch, state, device);
CREATE INDEX batch_targets_pending ON batch_targets (batch, device) WHERE state = 'pending';
CREATE UNIQUE INDEX batch_targets_of_command ON batch_targets (command) WHERE command IS NOT NULL;

ALTER TABLE commands ADD COLUMN batch TEXT;

-- A target shows the state of its command, in the same transaction.
CREATE TRIGGER batch_target_follows AFTER UPDATE OF state ON commands
  WHEN NEW.batch IS NOT NULL AND NEW.state <> OLD.state BEGIN
  UPDATE batch_targets SET state = NEW.state WHERE command = NEW.id;
END;
-- A command goes with its device; ended ones also to make room, and then the target keeps their end.
CREATE TRIGGER batch_target_outlives AFTER DELETE ON commands
  WHEN OLD.batch IS NOT NULL AND OLD.final = 0 BEGIN
  UPDATE batch_targets SET state = 'deleted' WHERE command = OLD.id;
END;
