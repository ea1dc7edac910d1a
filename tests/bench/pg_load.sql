-- 1 M tickets with five events each in the events table of the newest 50,000, 10,000 of them open: what the readings need. Fields,
-- clocks and notes are as long as those that desk.c makes on our side.
-- Parameters: :tickets, :open, :events
INSERT INTO audit_head SELECT o, 0, sha256(o::text::bytea) FROM generate_series(1, 200) o;
INSERT INTO ticket
    SELECT i, 'WX' || lpad(i::text, 12, '0'), 1 + i % 200, CASE WHEN i > :tickets - :open THEN 'ACCEPTED' ELSE 'CLOSED' END, 5, i % 4,
        'WAT-0' || (1 + i % 8), 1 + i % 1800, 1 + i % 400000, (1 + i % 30) || '-' || (1 + i % 4) || '-' || (101 + i % 3200),
        1767000000000 + i * 1000, 1767000000000 + i * 1000, 1767086400000 + i * 1000, i > :tickets - :open,
        decode(repeat(md5(i::text), 16), 'hex'), decode(repeat(md5((i + 7)::text), 6), 'hex')
    FROM generate_series(1, :tickets) i;
INSERT INTO event
    SELECT t, s, 1767000000000 + t * 1000 + s, 1 + t % 1800, 'accept', 'DISPATCHED', 'ACCEPTED', decode(repeat(md5((t + s)::text), 7), 'hex')
    FROM generate_series(greatest(1, :tickets - :events + 1), :tickets) t, generate_series(1, 5) s;
ANALYZE;
CHECKPOINT;
