-- Webhooks: endpoints, deliveries and their attempts (stores/webhooks.py). Times are microseconds since 1970 in UTC.

CREATE TABLE webhook_state (        -- one row
    revision INTEGER NOT NULL,      -- grows with every change of an endpoint
    removed INTEGER NOT NULL        -- revision of the newest removal
);
INSERT INTO webhook_state VALUES (0, 0);

CREATE TABLE webhook_endpoints (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    state TEXT NOT NULL,            -- active, paused, disabled; removed: gone but for its deliveries
    created_at_us INTEGER NOT NULL,
    callback_kind TEXT,             -- NULL: no callback
    callback_subject TEXT,
    live INTEGER NOT NULL,          -- 1: events may go to it; 0: removed, or a callback that has fired
    changed INTEGER NOT NULL,       -- revision of its newest change
    sweep INTEGER NOT NULL,         -- deliveries up to this seq are still to be held, or cancelled; 0: none
    document TEXT NOT NULL          -- the whole endpoint as JSON; the columns are what it is found by
);
CREATE INDEX webhook_endpoints_by_age ON webhook_endpoints (created_at_us, id)
    WHERE callback_kind IS NULL;
CREATE INDEX webhook_endpoints_by_owner ON webhook_endpoints (owner, created_at_us, id)
    WHERE callback_kind IS NULL;
CREATE INDEX webhook_callbacks ON webhook_endpoints (callback_kind, callback_subject, created_at_us)
    WHERE callback_kind IS NOT NULL;
CREATE INDEX webhook_endpoints_by_change ON webhook_endpoints (changed);
CREATE INDEX webhook_endpoints_live ON webhook_endpoints (live) WHERE live = 1;
CREATE INDEX webhook_endpoints_to_sweep ON webhook_endpoints (sweep) WHERE sweep > 0;

CREATE TABLE webhook_health (       -- changes with each attempt, so it stands apart from the endpoint
    endpoint_id TEXT PRIMARY KEY,
    document TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE webhook_cursors (      -- where the dispatcher stands
    channel TEXT PRIMARY KEY,
    at_offset INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE webhook_bodies (       -- events on their way; they outlive their channel's retention
    event_id TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    "offset" INTEGER NOT NULL,
    type TEXT NOT NULL,
    "key" TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    owner TEXT NOT NULL,
    text BLOB NOT NULL,             -- the JSON object that sockets get
    trace TEXT NOT NULL
);

CREATE TABLE webhook_deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    endpoint_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    lane TEXT,                      -- what is delivered in order; NULL: it need not be
    state TEXT NOT NULL,
    created_at_us INTEGER NOT NULL,
    due_us INTEGER NOT NULL,
    round INTEGER NOT NULL DEFAULT 1,
    attempts INTEGER NOT NULL DEFAULT 0,        -- of this round
    token INTEGER NOT NULL DEFAULT 0,           -- grows with each lease
    worker TEXT NOT NULL DEFAULT '',
    lease_until_us INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',
    ended_at_us INTEGER NOT NULL DEFAULT 0,     -- 0: it has not
    requests INTEGER NOT NULL DEFAULT 0,        -- attempts of all rounds
    UNIQUE (event_id, endpoint_id)
);
-- In blocks of 4,096: by endpoint alone it would have as many growing ends as there are endpoints, and
-- an event for a thousand of them would dirty a thousand pages (stores/events.py).
CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries ((seq >> 12), endpoint_id);
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (created_at_us);
CREATE INDEX webhook_pending ON webhook_deliveries (endpoint_id, due_us) WHERE state = 'pending';
CREATE INDEX webhook_sending ON webhook_deliveries (endpoint_id, lease_until_us) WHERE state = 'sending';
CREATE INDEX webhook_queued ON webhook_deliveries (endpoint_id, lane, seq) WHERE state = 'queued';
CREATE UNIQUE INDEX webhook_heads ON webhook_deliveries (endpoint_id, lane)
    WHERE lane IS NOT NULL AND state IN ('pending', 'sending');   -- of a lane one at a time
-- Said with OR, which SQLite sees to hold where one of them is asked for.
CREATE INDEX webhook_unsent ON webhook_deliveries (endpoint_id, state)
    WHERE state = 'held' OR state = 'dead' OR state = 'cancelled';
CREATE INDEX webhook_unsent_by_state ON webhook_deliveries (state)
    WHERE state = 'held' OR state = 'dead' OR state = 'cancelled';
CREATE INDEX webhook_ended ON webhook_deliveries (ended_at_us) WHERE ended_at_us > 0;

CREATE TABLE webhook_attempts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    endpoint_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    worker TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    url TEXT NOT NULL,
    address TEXT NOT NULL,
    status INTEGER,
    failure TEXT,
    detail TEXT NOT NULL,
    dns_us INTEGER,
    connect_us INTEGER,
    first_byte_us INTEGER,
    total_us INTEGER NOT NULL,
    sent BLOB NOT NULL,
    answer BLOB NOT NULL,
    answer_bytes INTEGER NOT NULL,
    number INTEGER NOT NULL,
    receipt INTEGER NOT NULL,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL,
    UNIQUE (endpoint_id, receipt),
    UNIQUE (delivery_id, number)
);
CREATE INDEX webhook_attempts_by_event ON webhook_attempts (event_id);

CREATE TABLE webhook_replays (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    created_at_us INTEGER NOT NULL,
    document TEXT NOT NULL
);
CREATE INDEX webhook_replays_by_age ON webhook_replays (created_at_us, id);
CREATE INDEX webhook_replays_running ON webhook_replays (created_at_us, id) WHERE state = 'running';

CREATE TABLE webhook_received (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    headers TEXT NOT NULL,
    body BLOB NOT NULL,
    verdict TEXT NOT NULL
);
CREATE INDEX webhook_received_by_client ON webhook_received (client_id, seq);
CREATE INDEX webhook_received_by_age ON webhook_received (at_us);
