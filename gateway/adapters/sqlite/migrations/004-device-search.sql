-- What an operator writes down about a device.
ALTER TABLE devices ADD COLUMN notes TEXT;

-- The tags of devices.tags once more, one by one, so that a tag is found without reading every device. Triggers keep it.
CREATE TABLE device_tags (
  tag    TEXT NOT NULL,
  device TEXT NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
  PRIMARY KEY (tag, device)
) STRICT, WITHOUT ROWID;
CREATE INDEX device_tags_of_device ON device_tags (device);
INSERT INTO device_tags (tag, device) SELECT DISTINCT t.value, d.id FROM devices AS d, json_each(d.tags) AS t;

CREATE TRIGGER device_tags_of_new AFTER INSERT ON devices BEGIN
  INSERT INTO device_tags (tag, device) SELECT DISTINCT value, NEW.id FROM json_each(NEW.tags);
END;
CREATE TRIGGER device_tags_of_changed AFTER UPDATE OF tags ON devices WHEN OLD.tags <> NEW.tags BEGIN
  DELETE FROM device_tags WHERE device = NEW.id;
  INSERT INTO device_tags (tag, device) SELECT DISTINCT value, NEW.id FROM json_each(NEW.tags);
END;

CREATE INDEX devices_by_model ON devices (model, id) WHERE model IS NOT NULL;
CREATE INDEX devices_by_firmware ON devices (firmware, id) WHERE firmware IS NOT NULL;
CREATE INDEX presence_by_state ON presence (state, device);
