-- The index by key in blocks of 1,024 offsets; stores/events.py says why.

DROP INDEX events_by_key;
CREATE INDEX events_by_key ON events (channel, ("offset" >> 10), "key", "offset");
