-- The same desk on PostgreSQL, as a careful team would build it: the ticket row, its events, an audit chain per office (one global
-- chain caps PostgreSQL at 600 actions/s), partial indexes of open work, and one function per action so that an action is one round trip.
CREATE TABLE ticket (
    id bigint PRIMARY KEY,
    number text NOT NULL,
    office int NOT NULL,
    state text NOT NULL,
    revision int NOT NULL,
    priority smallint NOT NULL,
    category text NOT NULL,
    assignee bigint NOT NULL,
    household bigint NOT NULL,
    place text NOT NULL,
    received_at bigint NOT NULL,
    recorded_at bigint NOT NULL,
    due_at bigint NOT NULL,
    open boolean NOT NULL,
    fields bytea NOT NULL,
    timers bytea NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX ticket_open ON ticket (office, id) INCLUDE (number, state, priority, category, assignee, place, received_at, due_at) WHERE open;
CREATE INDEX ticket_due ON ticket (due_at) WHERE open;

CREATE TABLE event (
    ticket bigint NOT NULL,
    seq int NOT NULL,
    at bigint NOT NULL,
    actor bigint NOT NULL,
    act text NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    note bytea NOT NULL,
    PRIMARY KEY (ticket, seq)
);

CREATE TABLE audit_head (office int PRIMARY KEY, seq bigint NOT NULL, hash bytea NOT NULL) WITH (fillfactor = 50);
CREATE TABLE audit (
    office int NOT NULL,
    seq bigint NOT NULL,
    entry bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (office, seq)
);

CREATE TABLE request_key (key bytea PRIMARY KEY, seq bigint NOT NULL);

-- One action: compare-and-set on the ticket, its event, its audit entry chained to the one before, the request key.
CREATE FUNCTION act(p_key bytea, p_id bigint, p_revision int, p_act text, p_to text, p_open boolean, p_assignee bigint, p_actor bigint,
    p_due bigint, p_timers bytea, p_note bytea, p_entry bytea) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    v_office int;
    v_from text;
    v_seq bigint;
    v_hash bytea;
BEGIN
    SELECT office, state INTO v_office, v_from FROM ticket WHERE id = p_id AND revision = p_revision FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    INSERT INTO request_key VALUES (p_key, p_id) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN p_revision;
    END IF;
    UPDATE ticket SET state = p_to, revision = p_revision + 1, open = p_open, assignee = p_assignee, due_at = p_due, timers = p_timers
        WHERE id = p_id;
    INSERT INTO event VALUES (p_id, p_revision + 1, p_due, p_actor, p_act, v_from, p_to, p_note);
    SELECT seq, hash INTO v_seq, v_hash FROM audit_head WHERE office = v_office FOR UPDATE;
    v_hash := sha256(v_hash || p_entry);
    INSERT INTO audit VALUES (v_office, v_seq + 1, p_entry, v_hash);
    UPDATE audit_head SET seq = v_seq + 1, hash = v_hash WHERE office = v_office;
    RETURN p_revision + 1;
END $$;
