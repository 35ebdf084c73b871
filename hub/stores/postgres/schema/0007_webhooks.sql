-- Webhooks: endpoints, deliveries and their attempts (stores/webhooks.py). Times are microseconds since 1970 in UTC.
-- The row of webhook_health is also its endpoint's lock: who moves its deliveries or claims them has it.

CREATE TABLE webhook_state (        -- one row
    revision BIGINT NOT NULL,       -- grows with every change of an endpoint
    removed BIGINT NOT NULL         -- revision of the newest removal
);
INSERT INTO webhook_state VALUES (0, 0);

CREATE TABLE webhook_endpoints (
    id TEXT COLLATE "C" PRIMARY KEY,
    owner TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL, -- active, paused, disabled; removed: gone but for its deliveries
    created_at_us BIGINT NOT NULL,
    callback_kind TEXT COLLATE "C", -- NULL: no callback
    callback_subject TEXT COLLATE "C",
    live BIGINT NOT NULL,           -- 1: events may go to it; 0: removed, or a callback that has fired
    changed BIGINT NOT NULL,        -- revision of its newest change
    sweep BIGINT NOT NULL,          -- deliveries up to this seq are still to be held, or cancelled; 0: none
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
    endpoint_id TEXT COLLATE "C" PRIMARY KEY,
    document TEXT NOT NULL
) WITH (fillfactor = 50);           -- room for the next version on the same page

CREATE TABLE webhook_cursors (      -- where the dispatcher stands
    channel TEXT COLLATE "C" PRIMARY KEY,
    at_offset BIGINT NOT NULL
);

CREATE TABLE webhook_bodies (       -- events on their way; they outlive their channel's retention
    event_id TEXT COLLATE "C" PRIMARY KEY,
    channel TEXT COLLATE "C" NOT NULL,
    "offset" BIGINT NOT NULL,
    type TEXT NOT NULL,
    "key" TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    owner TEXT COLLATE "C" NOT NULL,
    text BYTEA NOT NULL,            -- the JSON object that sockets get
    trace TEXT NOT NULL
);

CREATE TABLE webhook_deliveries (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT COLLATE "C" NOT NULL UNIQUE,
    endpoint_id TEXT COLLATE "C" NOT NULL,
    event_id TEXT COLLATE "C" NOT NULL,
    lane TEXT COLLATE "C",          -- what is delivered in order; NULL: it need not be
    state TEXT COLLATE "C" NOT NULL,
    created_at_us BIGINT NOT NULL,
    due_us BIGINT NOT NULL,
    round BIGINT NOT NULL,
    attempts BIGINT NOT NULL,       -- of this round
    token BIGINT NOT NULL,          -- grows with each lease
    worker TEXT NOT NULL,
    lease_until_us BIGINT NOT NULL,
    reason TEXT NOT NULL,
    ended_at_us BIGINT NOT NULL,    -- 0: it has not
    requests BIGINT NOT NULL,       -- attempts of all rounds
    UNIQUE (event_id, endpoint_id)
-- Each delivery is written four times: the indexes of what is open must not fill with old versions.
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries (endpoint_id, seq);
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (created_at_us);
CREATE INDEX webhook_pending ON webhook_deliveries (endpoint_id, due_us, seq) WHERE state = 'pending';
CREATE INDEX webhook_sending ON webhook_deliveries (endpoint_id, lease_until_us) WHERE state = 'sending';
CREATE INDEX webhook_queued ON webhook_deliveries (endpoint_id, lane, seq) WHERE state = 'queued';
CREATE UNIQUE INDEX webhook_heads ON webhook_deliveries (endpoint_id, lane)
    WHERE lane IS NOT NULL AND state IN ('pending', 'sending'); -- of a lane one at a time
CREATE INDEX webhook_unsent ON webhook_deliveries (endpoint_id, state, seq)
    WHERE state IN ('held', 'dead', 'cancelled');
CREATE INDEX webhook_unsent_by_state ON webhook_deliveries (state, seq)
    WHERE state IN ('held', 'dead', 'cancelled');
CREATE INDEX webhook_ended ON webhook_deliveries (ended_at_us) WHERE ended_at_us > 0;

CREATE TABLE webhook_attempts (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT COLLATE "C" NOT NULL,
    delivery_id TEXT COLLATE "C" NOT NULL,
    endpoint_id TEXT COLLATE "C" NOT NULL,
    event_id TEXT COLLATE "C" NOT NULL,
    worker TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    url TEXT NOT NULL,
    address TEXT NOT NULL,
    status BIGINT,
    failure TEXT,
    detail TEXT NOT NULL,
    dns_us BIGINT,
    connect_us BIGINT,
    first_byte_us BIGINT,
    total_us BIGINT NOT NULL,
    sent BYTEA NOT NULL,
    answer BYTEA NOT NULL,
    answer_bytes BIGINT NOT NULL,
    number BIGINT NOT NULL,
    receipt BIGINT NOT NULL,
    previous BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    UNIQUE (endpoint_id, receipt),
    UNIQUE (delivery_id, number)
);
CREATE INDEX webhook_attempts_by_event ON webhook_attempts (event_id);

CREATE TABLE webhook_replays (
    id TEXT COLLATE "C" PRIMARY KEY,
    state TEXT COLLATE "C" NOT NULL,
    created_at_us BIGINT NOT NULL,
    document TEXT NOT NULL
);
CREATE INDEX webhook_replays_by_age ON webhook_replays (created_at_us, id);
CREATE INDEX webhook_replays_running ON webhook_replays (created_at_us, id) WHERE state = 'running';

CREATE TABLE webhook_received (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT COLLATE "C" NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    at_us BIGINT NOT NULL,
    headers TEXT NOT NULL,
    body BYTEA NOT NULL,
    verdict TEXT NOT NULL
);
CREATE INDEX webhook_received_by_client ON webhook_received (client_id, seq);
CREATE INDEX webhook_received_by_age ON webhook_received (at_us);
