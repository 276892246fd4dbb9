-- Retained messages that other programs read and that must be cleared some day. No reference to devices: the row of a
-- deleted device stays until its message is gone. `components` is a JSON list.
CREATE TABLE announcements (
  topic      TEXT PRIMARY KEY,
  device     TEXT NOT NULL,
  components TEXT NOT NULL
) STRICT, WITHOUT ROWID;
