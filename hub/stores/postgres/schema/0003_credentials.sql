-- API keys, revocations and tickets: hashes, never secrets. Times are microseconds since 1970 in UTC.

CREATE TABLE api_keys (
    id TEXT COLLATE "C" PRIMARY KEY,
    name TEXT NOT NULL,             -- of the principal that shows it
    hash BYTEA NOT NULL,            -- SHA-256 of the key as it is shown
    roles TEXT NOT NULL,            -- JSON list
    scopes TEXT NOT NULL,           -- JSON list; null: what the roles allow
    channels TEXT NOT NULL,         -- JSON list of patterns; null: any
    created_at_us BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    expires_us BIGINT,
    revoked_at_us BIGINT,
    last_used_us BIGINT,
    generation BIGINT NOT NULL,     -- 1, and one more with every rotation
    old_hash BYTEA,                 -- of the secret before the last rotation
    old_until_us BIGINT             -- when that one ends
);
CREATE INDEX api_keys_by_age ON api_keys (created_at_us, id);

CREATE TABLE revocations (          -- read by every node in the order of seq, twice a second
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    credential TEXT COLLATE "C" NOT NULL UNIQUE,
    at_us BIGINT NOT NULL,
    from_us BIGINT NOT NULL,        -- 0: at once
    until_us BIGINT NOT NULL        -- not after at_us: it has been lifted
);

CREATE TABLE tickets (
    hash BYTEA PRIMARY KEY,
    principal TEXT NOT NULL,        -- JSON
    origin TEXT,                    -- the page it was given to; NULL: none
    expires_us BIGINT NOT NULL
);
CREATE INDEX tickets_by_end ON tickets (expires_us);
