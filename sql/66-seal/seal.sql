-- Sealing the log: entries are put into blocks, each with the root of a Merkle tree
-- over their leaves, and each bound to the one before it.  Writers do not take part:
-- an entry has its leaf when it is written, and is sealed some time after it was
-- committed.

-- A block has events, or rows of the audit of one month, so that a month can be
-- dropped as a whole.  Its members are the numbers that are there, and no others:
-- one that is missing later was deleted.  They are ranges, as most numbers follow each
-- other; a row for each entry would double the writing.
CREATE TABLE shopanalytics.seal_block (
    no bigint PRIMARY KEY,
    prev bytea NOT NULL UNIQUE,
    month timestamptz,
    entries bigint NOT NULL,
    members int8multirange NOT NULL,
    highest bigint NOT NULL,
    root bytea NOT NULL,
    sealed_at timestamptz NOT NULL,
    next_xid bigint NOT NULL,
    hash bytea NOT NULL
);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.seal_block', '');

COMMENT ON TABLE shopanalytics.seal_block IS 'blocks of sealed entries, each bound to the one before it; seal() adds them';
COMMENT ON COLUMN shopanalytics.seal_block.no IS 'number of the block, from 1 without a gap';
COMMENT ON COLUMN shopanalytics.seal_block.prev IS 'hash of the block before it, 32 zero bytes for the first; unique, so the chain has no fork';
COMMENT ON COLUMN shopanalytics.seal_block.month IS 'month of the rows of the audit that are in it; null for a block of events';
COMMENT ON COLUMN shopanalytics.seal_block.entries IS 'how many entries it has';
COMMENT ON COLUMN shopanalytics.seal_block.members IS 'numbers of its entries';
COMMENT ON COLUMN shopanalytics.seal_block.highest IS 'highest number of an entry in this or an earlier block';
COMMENT ON COLUMN shopanalytics.seal_block.root IS 'root of the Merkle tree (RFC 6962) over the leaves of its entries in order of their numbers';
COMMENT ON COLUMN shopanalytics.seal_block.next_xid IS 'number of the next transaction at the time, as txid_snapshot_xmax gives it';
COMMENT ON COLUMN shopanalytics.seal_block.hash IS 'SHA-256 of prev, root and the other columns';

-- As _microseconds(), of a time that somebody may have put beyond what that can say: null.
CREATE FUNCTION shopanalytics._microseconds_or_null(at timestamptz) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN pg_catalog.isfinite(at) AND at OPERATOR(pg_catalog.<) '294247-01-01 00:00:00+00'::timestamptz THEN shopanalytics._microseconds(at) END;

-- What a block is known by.  Everything that it says goes in, so that nothing can be
-- changed unseen; not strict: a block of events has no month.
CREATE FUNCTION shopanalytics._block_hash(block shopanalytics.seal_block) RETURNS bytea
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN pg_catalog.sha256(block.prev OPERATOR(pg_catalog.||) block.root OPERATOR(pg_catalog.||) shopanalytics._bytes(
        pg_catalog.jsonb_build_array('block 1', block.no, shopanalytics._microseconds_or_null(block.month), block.entries, block.members::text, block.highest,
            shopanalytics._microseconds_or_null(block.sealed_at), block.next_xid)::text));

-- The numbers among which entries can be that are in no block.  A number below the
-- highest one that was sealed is there late, when its transaction ends; or never.  So
-- all that are missing in the blocks are looked for, but for those that were missing
-- when a block was sealed an hour ago, and all transactions of that time are over.
CREATE FUNCTION shopanalytics._unsealed_ranges() RETURNS int8multirange
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    settled shopanalytics.seal_block;
BEGIN
    SELECT * INTO settled FROM shopanalytics.seal_block b
     WHERE b.sealed_at < clock_timestamp() - interval '1 hour' AND b.next_xid <= pg_snapshot_xmin(pg_current_snapshot())::text::bigint
     ORDER BY b.no DESC LIMIT 1;
    RETURN int8multirange(int8range(coalesce(settled.highest + 1, -9223372036854775807), 9223372036854775807))
           - coalesce((SELECT range_agg(b.members) FROM shopanalytics.seal_block b WHERE b.no > coalesce(settled.no, 0)), '{}');
END
$$;

-- Raises an error unless who logged in may see to the log as a whole.
CREATE FUNCTION shopanalytics._check_auditor() RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT (shopanalytics.has_duty('audit_read') OR shopanalytics.has_duty('admin')) THEN
        RAISE EXCEPTION 'login "%" has neither the duty "audit_read" nor "admin" for every tenant', session_user
            USING ERRCODE = 'SA006', HINT = 'Somebody with the duty admin gives duties by shopanalytics.grant_duty().';
    END IF;
END
$$;

-- Puts up to so many unsealed entries of one kind, those with the lowest numbers, into
-- a block; null when there was none.
CREATE FUNCTION shopanalytics._seal_block(unsealed int8multirange, month timestamptz, max_entries integer) RETURNS shopanalytics.seal_block
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    last shopanalytics.seal_block;
    block shopanalytics.seal_block;
BEGIN
    -- Not one query over both: each is read by its own index in order.
    IF month IS NULL THEN
        SELECT count(*), range_agg(int8range(e.id, e.id, '[]')), max(e.id), shopanalytics._merkle_root_of_hashes(e.leaf ORDER BY e.id)
          INTO block.entries, block.members, block.highest, block.root
          FROM (SELECT c.id, c.leaf
                  FROM unnest(unsealed) r (ids),
                       LATERAL (SELECT v.id, v.leaf FROM shopanalytics.event v
                                 WHERE v.id >= lower(r.ids) AND v.id < upper(r.ids) ORDER BY v.id LIMIT max_entries) c
                 ORDER BY c.id LIMIT max_entries) e;
    ELSE
        SELECT count(*), range_agg(int8range(e.id, e.id, '[]')), max(e.id), shopanalytics._merkle_root_of_hashes(e.leaf ORDER BY e.id)
          INTO block.entries, block.members, block.highest, block.root
          FROM (SELECT c.id, c.leaf
                  FROM unnest(unsealed) r (ids),
                       LATERAL (SELECT a.id, a.leaf FROM shopanalytics.audit_row a
                                 WHERE a.id >= lower(r.ids) AND a.id < upper(r.ids) AND a.at >= month AND a.at < month + interval '1 month'
                                 ORDER BY a.id LIMIT max_entries) c
                 ORDER BY c.id LIMIT max_entries) e;
    END IF;
    IF block.entries = 0 THEN
        RETURN NULL;
    END IF;

    SELECT * INTO last FROM shopanalytics.seal_block b ORDER BY b.no DESC LIMIT 1;
    block.no := coalesce(last.no, 0) + 1;
    block.prev := coalesce(last.hash, decode(repeat('00', 32), 'hex'));
    block.month := month;
    block.highest := greatest(block.highest, last.highest);
    block.sealed_at := clock_timestamp();
    block.next_xid := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
    block.hash := shopanalytics._block_hash(block);
    INSERT INTO shopanalytics.seal_block SELECT block.* ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'block % was sealed by somebody else', block.no USING ERRCODE = 'serialization_failure', HINT = 'Try again.';
    END IF;
    RETURN block;
END
$$;

-- Not strict: a null is an error.  Security definer: writes a table that nobody else
-- may write, after the caller's duty was checked.  A month is one of UTC, as the
-- partitions are.  What there is to read cannot be estimated, so its queries would be
-- compiled each time.
CREATE FUNCTION shopanalytics.seal(max_entries integer DEFAULT 100000) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET jit = off
    SET work_mem = '32MB'
AS $$
DECLARE
    unsealed int8multirange;
    rest int8multirange;
    month timestamptz;
    block shopanalytics.seal_block;
    sealed bigint := 0;
BEGIN
    IF max_entries IS NULL THEN
        RAISE EXCEPTION 'max_entries must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF max_entries NOT BETWEEN 1 AND 1000000 THEN
        RAISE EXCEPTION 'max_entries must be from 1 to 1000000, not %', max_entries USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM shopanalytics._check_auditor();
    -- Who comes second waits, and seals what the first one left.
    PERFORM pg_advisory_xact_lock(hashtextextended('shopanalytics.seal', 0));

    unsealed := shopanalytics._unsealed_ranges();
    FOR month IN
        SELECT NULL
        UNION ALL
        (SELECT DISTINCT date_trunc('month', a.at)
           FROM unnest(unsealed) r (ids)
           JOIN shopanalytics.audit_row a ON a.id >= lower(r.ids) AND a.id < upper(r.ids)
          ORDER BY 1)
    LOOP
        rest := unsealed;
        LOOP
            block := shopanalytics._seal_block(rest, month, max_entries);
            EXIT WHEN block.no IS NULL;
            sealed := sealed + block.entries;
            rest := rest * int8multirange(int8range(upper(block.members), NULL));
        END LOOP;
    END LOOP;
    RETURN sealed;
END
$$;

-- The line that proves later what was sealed now: whoever can write to the database can
-- write it all anew, but not the line that somebody else has.
CREATE FUNCTION shopanalytics.anchor() RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    block shopanalytics.seal_block;
BEGIN
    PERFORM shopanalytics._check_auditor();
    SELECT * INTO block FROM shopanalytics.seal_block b ORDER BY b.no DESC LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'nothing is sealed yet'
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'SELECT shopanalytics.seal() first.';
    END IF;
    PERFORM shopanalytics._write_event('*', 'anchored', jsonb_build_object('block', block.no, 'hash', encode(block.hash, 'hex')));
    RETURN format('shopanalytics block %s hash %s sealed %s database %s', block.no, encode(block.hash, 'hex'),
                  to_char(block.sealed_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), current_database());
END
$$;

-- Who sees to the log as a whole sees its blocks.
ALTER TABLE shopanalytics.seal_block ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON shopanalytics.seal_block TO PUBLIC;
CREATE POLICY seen ON shopanalytics.seal_block FOR SELECT
    USING ((SELECT shopanalytics.has_duty('admin') OR shopanalytics.has_duty('audit_read')));

REVOKE ALL ON FUNCTION shopanalytics._seal_block(int8multirange, timestamptz, integer), shopanalytics._unsealed_ranges() FROM PUBLIC;

COMMENT ON FUNCTION shopanalytics.seal(integer) IS 'seals the entries of the log that are not yet sealed, in blocks of up to so many; the number sealed';
COMMENT ON FUNCTION shopanalytics.anchor() IS 'a line of text about the newest block, to be kept out of the reach of whoever can change this database';
