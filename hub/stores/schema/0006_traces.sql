-- The W3C traceparent of the request behind an event; '': it had none. Older nodes leave it at that.

ALTER TABLE events ADD COLUMN trace TEXT NOT NULL DEFAULT '';
