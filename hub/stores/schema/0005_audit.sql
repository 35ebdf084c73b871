-- The audit log: records that only come, and the seals that chain them (model/audit.py).

CREATE TABLE audit_records (
    seq INTEGER PRIMARY KEY,        -- counts from 1, without holes
    at_us INTEGER NOT NULL,         -- never falls
    actor TEXT NOT NULL,
    credential TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    outcome TEXT NOT NULL,
    address TEXT NOT NULL,
    node TEXT NOT NULL,
    details TEXT NOT NULL           -- a JSON object, as it was hashed
);
CREATE INDEX audit_by_time ON audit_records (at_us, seq);
CREATE INDEX audit_by_action ON audit_records (action, seq);
CREATE INDEX audit_by_actor ON audit_records (actor, seq);

CREATE TABLE audit_seals (          -- kept for ever: the chain outlives its records
    batch INTEGER PRIMARY KEY,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL UNIQUE,
    at_us INTEGER NOT NULL,
    node TEXT NOT NULL,
    digest TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL,
    hmac TEXT NOT NULL
);

CREATE TABLE audit_state (          -- one row
    last_seq INTEGER NOT NULL,      -- newest record
    at_us INTEGER NOT NULL,         -- its time
    forgotten INTEGER NOT NULL,     -- newest record that retention has removed
    holder TEXT NOT NULL,           -- node that seals
    token INTEGER NOT NULL,         -- grows with each new holder, so that an old one is known
    expires_us INTEGER NOT NULL
);
INSERT INTO audit_state VALUES (0, 0, 0, '', 0, 0);

CREATE TRIGGER audit_records_stay BEFORE UPDATE ON audit_records
BEGIN SELECT RAISE(ABORT, 'audit records are never changed'); END;

CREATE TRIGGER audit_records_once BEFORE INSERT ON audit_records
WHEN EXISTS (SELECT 1 FROM audit_records WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'audit records are never replaced'); END;

CREATE TRIGGER audit_records_kept BEFORE DELETE ON audit_records
WHEN OLD.seq > (SELECT forgotten FROM audit_state)
BEGIN SELECT RAISE(ABORT, 'audit records are only forgotten by retention'); END;

CREATE TRIGGER audit_seals_stay BEFORE UPDATE ON audit_seals
BEGIN SELECT RAISE(ABORT, 'audit seals are never changed'); END;

CREATE TRIGGER audit_seals_once BEFORE INSERT ON audit_seals
WHEN EXISTS (SELECT 1 FROM audit_seals WHERE batch = NEW.batch OR last_seq = NEW.last_seq)
BEGIN SELECT RAISE(ABORT, 'audit seals are never replaced'); END;

CREATE TRIGGER audit_seals_kept BEFORE DELETE ON audit_seals
BEGIN SELECT RAISE(ABORT, 'audit seals are never removed'); END;

CREATE TRIGGER audit_forgets_batches BEFORE UPDATE OF forgotten ON audit_state
WHEN NEW.forgotten <> OLD.forgotten AND (
    NEW.forgotten < OLD.forgotten
    OR NOT EXISTS (SELECT 1 FROM audit_seals WHERE last_seq = NEW.forgotten))
BEGIN SELECT RAISE(ABORT, 'audit records are forgotten by whole batches'); END;
