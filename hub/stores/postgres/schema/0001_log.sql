-- The log and its readers' state. Times are microseconds since 1970 in UTC.
-- COLLATE "C": names sort by their bytes, as they do on SQLite.

CREATE TABLE log (
    id TEXT NOT NULL,               -- names this log among others on one broker
    epoch TEXT NOT NULL             -- changed after a restore: old positions must not be trusted
);
INSERT INTO log VALUES (
    substr(md5(gen_random_uuid()::text), 1, 16), substr(md5(gen_random_uuid()::text), 1, 8)
);

CREATE TABLE channels (
    name TEXT COLLATE "C" PRIMARY KEY,
    head BIGINT NOT NULL,           -- newest offset; a counter row, so commit order is offset order
    at_us BIGINT NOT NULL,          -- time of the newest event
    oldest BIGINT NOT NULL          -- oldest offset that retention has kept
) WITH (fillfactor = 50);           -- room for the next version on the same page
INSERT INTO channels VALUES
    ('agents', 0, 0, 1), ('alerts', 0, 0, 1), ('contracts', 0, 0, 1),
    ('jobs', 0, 0, 1), ('pipelines', 0, 0, 1), ('tasks', 0, 0, 1);

CREATE TABLE events (
    channel TEXT COLLATE "C" NOT NULL,
    "offset" BIGINT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    owner TEXT NOT NULL,
    "key" TEXT COLLATE "C" NOT NULL,
    tag TEXT COLLATE "C" NOT NULL,
    data BYTEA NOT NULL,
    PRIMARY KEY (channel, "offset")
);
CREATE INDEX events_by_key ON events (channel, "key", "offset");
CREATE INDEX events_by_tag ON events (channel, tag, "offset") WHERE tag <> '';

CREATE TABLE contracts (
    contract_id TEXT COLLATE "C" PRIMARY KEY,
    owner TEXT NOT NULL,
    location TEXT NOT NULL,
    status TEXT NOT NULL,
    timestamp TEXT NOT NULL,        -- as it was sent
    sent_at_us BIGINT NOT NULL,     -- the same, comparable
    updated_at_us BIGINT NOT NULL
);

CREATE TABLE jobs (
    job_id TEXT COLLATE "C" PRIMARY KEY,
    owner TEXT NOT NULL,
    status TEXT NOT NULL,
    user_id TEXT NOT NULL,
    created_at_us BIGINT NOT NULL,
    document TEXT NOT NULL          -- the whole job as JSON; the columns are what lists filter by
);
CREATE INDEX jobs_by_age ON jobs (created_at_us, job_id);
CREATE INDEX jobs_by_status ON jobs (status, created_at_us, job_id);
CREATE INDEX jobs_by_user ON jobs (user_id, created_at_us, job_id);

CREATE TABLE job_entries (          -- a job's own history; not subject to channel retention
    job_id TEXT COLLATE "C" NOT NULL,
    revision BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    status TEXT NOT NULL,
    message TEXT,
    step TEXT,
    PRIMARY KEY (job_id, revision)
);

CREATE TABLE answers (              -- what an Idempotency-Key was answered, for 24 h
    scope TEXT COLLATE "C" PRIMARY KEY,
    body_hash BYTEA NOT NULL,
    status INTEGER NOT NULL,
    body BYTEA NOT NULL,
    at_us BIGINT NOT NULL
);
CREATE INDEX answers_by_age ON answers (at_us);
