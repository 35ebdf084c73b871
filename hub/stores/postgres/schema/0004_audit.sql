-- The audit log: records that only come, and the seals that chain them (model/audit.py).

CREATE TABLE audit_records (
    seq BIGINT PRIMARY KEY,         -- counts from 1, without holes
    at_us BIGINT NOT NULL,          -- never falls
    actor TEXT COLLATE "C" NOT NULL,
    credential TEXT NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
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
    batch BIGINT PRIMARY KEY,
    first_seq BIGINT NOT NULL,
    last_seq BIGINT NOT NULL UNIQUE,
    at_us BIGINT NOT NULL,
    node TEXT NOT NULL,
    digest TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL,
    hmac TEXT NOT NULL
);

CREATE TABLE audit_state (          -- one row
    last_seq BIGINT NOT NULL,       -- newest record
    at_us BIGINT NOT NULL,          -- its time
    forgotten BIGINT NOT NULL,      -- newest record that retention has removed
    holder TEXT NOT NULL,           -- node that seals
    token BIGINT NOT NULL,          -- grows with each new holder, so that an old one is known
    expires_us BIGINT NOT NULL
);
INSERT INTO audit_state VALUES (0, 0, 0, '', 0, 0);

CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log only grows: % of % is refused', TG_OP, TG_TABLE_NAME;
END $$;

CREATE FUNCTION audit_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.seq > (SELECT forgotten FROM audit_state) THEN
        RAISE EXCEPTION 'audit records are only forgotten by retention';
    END IF;
    RETURN OLD;
END $$;

CREATE FUNCTION audit_forget() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.forgotten <> OLD.forgotten AND (
        NEW.forgotten < OLD.forgotten
        OR NOT EXISTS (SELECT 1 FROM audit_seals WHERE last_seq = NEW.forgotten)
    ) THEN
        RAISE EXCEPTION 'audit records are forgotten by whole batches';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER audit_records_stay BEFORE UPDATE ON audit_records
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_records_kept BEFORE DELETE ON audit_records
    FOR EACH ROW EXECUTE FUNCTION audit_keep();
CREATE TRIGGER audit_records_whole BEFORE TRUNCATE ON audit_records
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_seals_stay BEFORE UPDATE OR DELETE ON audit_seals
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_seals_whole BEFORE TRUNCATE ON audit_seals
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_forgets_batches BEFORE UPDATE ON audit_state
    FOR EACH ROW EXECUTE FUNCTION audit_forget();
