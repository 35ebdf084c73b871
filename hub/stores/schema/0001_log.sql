-- The log and its readers' state. Times are microseconds since 1970 in UTC.

CREATE TABLE log (
    id TEXT NOT NULL,               -- names this log among others on one broker
    epoch TEXT NOT NULL             -- changed after a restore: old positions must not be trusted
);
INSERT INTO log VALUES (lower(hex(randomblob(8))), lower(hex(randomblob(4))));

CREATE TABLE channels (
    name TEXT PRIMARY KEY,
    head INTEGER NOT NULL,          -- newest offset; a counter row, so commit order is offset order
    at_us INTEGER NOT NULL,         -- time of the newest event
    oldest INTEGER NOT NULL         -- oldest offset that retention has kept
) WITHOUT ROWID;
INSERT INTO channels VALUES
    ('agents', 0, 0, 1), ('alerts', 0, 0, 1), ('contracts', 0, 0, 1),
    ('jobs', 0, 0, 1), ('pipelines', 0, 0, 1), ('tasks', 0, 0, 1);

CREATE TABLE events (
    channel TEXT NOT NULL,
    "offset" INTEGER NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    owner TEXT NOT NULL,
    "key" TEXT NOT NULL,            -- the entity it speaks of
    tag TEXT NOT NULL,              -- one more value history is narrowed by
    data BLOB NOT NULL,
    PRIMARY KEY (channel, "offset")
) WITHOUT ROWID;
CREATE INDEX events_by_key ON events (channel, "key", "offset");
CREATE INDEX events_by_tag ON events (channel, tag, "offset") WHERE tag <> '';

CREATE TABLE contracts (
    contract_id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    location TEXT NOT NULL,
    status TEXT NOT NULL,
    timestamp TEXT NOT NULL,        -- as it was sent
    sent_at_us INTEGER NOT NULL,    -- the same, comparable
    updated_at_us INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE jobs (
    job_id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    status TEXT NOT NULL,
    user_id TEXT NOT NULL,
    created_at_us INTEGER NOT NULL,
    document TEXT NOT NULL          -- the whole job as JSON; the columns are what lists filter by
);
CREATE INDEX jobs_by_age ON jobs (created_at_us, job_id);
CREATE INDEX jobs_by_status ON jobs (status, created_at_us, job_id);
CREATE INDEX jobs_by_user ON jobs (user_id, created_at_us, job_id);

CREATE TABLE job_entries (          -- a job's own history; not subject to channel retention
    job_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    status TEXT NOT NULL,
    message TEXT,
    step TEXT,
    PRIMARY KEY (job_id, revision)
) WITHOUT ROWID;

CREATE TABLE answers (              -- what an Idempotency-Key was answered, for 24 h
    scope TEXT NOT NULL,
    body_hash BLOB NOT NULL,
    status INTEGER NOT NULL,
    body BLOB NOT NULL,
    at_us INTEGER NOT NULL
);                                  -- in the order of its rowid, which is that of time
CREATE UNIQUE INDEX answers_by_scope ON answers (scope);
