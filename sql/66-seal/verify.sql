-- Proving that the log is what was written: each leaf is computed again from what the
-- entry says, each root from the leaves, and each block from the one before it.  What
-- is read may have been changed by anybody, in any way: nothing here may fail because
-- of it.  Not strict, all of them: anything may be null.

-- The hash of a statement, as _audit_header_hash() defines it; null for what was never
-- written.
CREATE FUNCTION shopanalytics._statement_hash(op "char", tenant text, schema_name text, table_name text, tx_start timestamptz, at timestamptz,
                                              login text, role text, actor text, source text, request bigint, query_id bigint) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;

-- What is wrong with a row of the audit; null when it is as it was written.  The hash of
-- its statement is null when that is not there.  A row whose personal values were erased
-- keeps their hash, from which its leaf comes.
CREATE FUNCTION shopanalytics._row_problem(statement_hash bytea, op "char", key jsonb, new_key jsonb, before jsonb, after jsonb,
                                           pii jsonb, salt bytea, pii_hash bytea, nonpii_hash bytea, leaf bytea) RETURNS text
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics._event_is_right(entry shopanalytics.event) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN shopanalytics._microseconds_or_null(entry.at) IS NOT NULL
                THEN entry.leaf IS NOT DISTINCT FROM shopanalytics._event_leaf(entry.tenant, entry.at, entry.type, entry.login, entry.role,
                                                                               entry.actor, entry.source, entry.request, entry.detail)
                ELSE false END;

-- The entries of a block, as they are now: how many, their root, and what is wrong with
-- each.  What is no leaf counts as one, of nothing.  A set of one row, as such a function
-- becomes a part of the query that calls it, and is planned with it, once.
CREATE FUNCTION shopanalytics._read_events(members int8multirange, OUT entries bigint, OUT root bytea, OUT wrong bigint[], OUT problems text[])
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT count(*),
           shopanalytics._merkle_root_of_hashes(
               CASE WHEN pg_catalog.octet_length(e.leaf) OPERATOR(pg_catalog.=) 32 THEN e.leaf ELSE pg_catalog.sha256('') END ORDER BY e.id),
           pg_catalog.array_agg(e.id) FILTER (WHERE e.problem IS NOT NULL), pg_catalog.array_agg(e.problem) FILTER (WHERE e.problem IS NOT NULL)
      FROM (SELECT v.id, v.leaf, CASE WHEN NOT shopanalytics._event_is_right(v) THEN 'tampered: the event or its leaf' END AS problem
              FROM shopanalytics.event v
             WHERE v.id OPERATOR(pg_catalog.>=) pg_catalog.lower(members) AND v.id OPERATOR(pg_catalog.<) pg_catalog.upper(members)
               AND members OPERATOR(pg_catalog.@>) v.id
            OFFSET 0) e;
END;

CREATE FUNCTION shopanalytics._read_audit_rows(members int8multirange, month timestamptz, month_end timestamptz, erased int8multirange,
                                               OUT entries bigint, OUT root bytea, OUT wrong bigint[], OUT problems text[])
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH statement AS MATERIALIZED (
        SELECT min(a.stmt) AS lowest, max(a.stmt) AS highest
          FROM shopanalytics.audit_row a
         WHERE a.id OPERATOR(pg_catalog.>=) pg_catalog.lower(members) AND a.id OPERATOR(pg_catalog.<) pg_catalog.upper(members)
           AND a.at OPERATOR(pg_catalog.>=) month AND a.at OPERATOR(pg_catalog.<) month_end
    ), header AS MATERIALIZED (
        SELECT s.id, s.at, s.audited, shopanalytics._statement_hash(s.op, s.tenant, s.schema_name, s.table_name, s.tx_start, s.at,
                                                                   s.login, s.role, s.actor, s.source, s.request, s.query_id) AS hash
          FROM statement l, shopanalytics.audit_stmt s
         WHERE s.id OPERATOR(pg_catalog.>=) l.lowest AND s.id OPERATOR(pg_catalog.<=) l.highest
           AND s.at OPERATOR(pg_catalog.>=) month AND s.at OPERATOR(pg_catalog.<) month_end
    )
    SELECT count(*),
           shopanalytics._merkle_root_of_hashes(
               CASE WHEN pg_catalog.octet_length(e.leaf) OPERATOR(pg_catalog.=) 32 THEN e.leaf ELSE pg_catalog.sha256('') END ORDER BY e.id),
           pg_catalog.array_agg(e.id) FILTER (WHERE e.is_wrong), pg_catalog.array_agg(e.problem) FILTER (WHERE e.is_wrong)
      FROM (SELECT p.id, p.leaf, p.problem,
                   p.problem IS NOT NULL AND NOT (p.problem OPERATOR(pg_catalog.~~) 'erased:%' AND erased OPERATOR(pg_catalog.@>) p.id) AS is_wrong
              FROM (SELECT a.id, a.leaf, CASE WHEN a.audited IS DISTINCT FROM h.audited AND h.hash IS NOT NULL THEN 'tampered: it and its statement are of two tables'
                        ELSE shopanalytics._row_problem(h.hash, a.op, a.key, a.new_key, a.before, a.after, a.pii, a.salt, a.pii_hash, a.nonpii_hash, a.leaf)
                    END AS problem
              FROM shopanalytics.audit_row a
              LEFT JOIN header h ON h.id OPERATOR(pg_catalog.=) a.stmt AND h.at OPERATOR(pg_catalog.=) a.at
             WHERE a.id OPERATOR(pg_catalog.>=) pg_catalog.lower(members) AND a.id OPERATOR(pg_catalog.<) pg_catalog.upper(members)
               AND a.at OPERATOR(pg_catalog.>=) month AND a.at OPERATOR(pg_catalog.<) month_end
               AND members OPERATOR(pg_catalog.@>) a.id
            OFFSET 0) p) e;
END;

-- The numbers that an event says, if it is as it was written: it is believed.
CREATE FUNCTION shopanalytics._event_numbers(entry shopanalytics.event, place jsonpath) RETURNS SETOF bigint
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT n.value::bigint FROM pg_catalog.jsonb_path_query(entry.detail, place) n (value)
     WHERE shopanalytics._event_is_right(entry)
       AND n.value OPERATOR(pg_catalog.@@) '$.type() == "number" && $ >= 0 && $ < 9000000000000000000'::jsonpath;
END;

-- What is wrong with the entries of a block.  Of many with the same problem a hundred
-- are named.
CREATE FUNCTION shopanalytics._verify_entries(block shopanalytics.seal_block, erased int8multirange, OUT entry bigint, OUT problem text, OUT detail text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found record;
    present int8multirange;
    missing int8multirange;
    doubled bigint[];
    month_end timestamptz := block.month + interval '1 month';
    shown CONSTANT integer := 100;
BEGIN
    IF block.month IS NULL THEN
        SELECT * INTO found FROM shopanalytics._read_events(block.members);
    ELSE
        SELECT * INTO found FROM shopanalytics._read_audit_rows(block.members, block.month, month_end, erased);
    END IF;

    RETURN QUERY
    SELECT CASE WHEN w.n <= shown THEN w.id END, split_part(w.problem, ': ', 1),
           CASE WHEN w.n <= shown THEN substr(w.problem, strpos(w.problem, ': ') + 2) ELSE format('and %s more', w.total - shown) END
      FROM (SELECT u.id, u.problem, row_number() OVER (PARTITION BY u.problem ORDER BY u.id) AS n, count(*) OVER (PARTITION BY u.problem) AS total
              FROM unnest(found.wrong, found.problems) u (id, problem)) w
     WHERE w.n <= shown + 1 ORDER BY w.problem, w.n;
    IF found.entries = block.entries AND found.root = block.root THEN
        RETURN;
    END IF;

    IF block.month IS NULL THEN
        SELECT range_agg(int8range(e.id, e.id, '[]')), array_agg(e.id) FILTER (WHERE e.n > 1) INTO present, doubled
          FROM (SELECT v.id, count(*) AS n FROM shopanalytics.event v
                 WHERE v.id >= lower(block.members) AND v.id < upper(block.members) AND block.members @> v.id GROUP BY v.id) e;
    ELSE
        SELECT range_agg(int8range(e.id, e.id, '[]')), array_agg(e.id) FILTER (WHERE e.n > 1) INTO present, doubled
          FROM (SELECT a.id, count(*) AS n FROM shopanalytics.audit_row a
                 WHERE a.id >= lower(block.members) AND a.id < upper(block.members) AND block.members @> a.id
                   AND a.at >= block.month AND a.at < month_end GROUP BY a.id) e;
    END IF;
    missing := block.members - coalesce(present, '{}');
    RETURN QUERY
    SELECT m.id, 'missing', CASE WHEN EXISTS (SELECT FROM shopanalytics.audit_row a WHERE a.id = m.id) THEN 'its time is of another month'
                                 WHEN EXISTS (SELECT FROM shopanalytics.event v WHERE v.id = m.id) THEN 'there is an event of this number'
                                 ELSE 'it was deleted' END
      FROM (SELECT i.id FROM unnest(missing) r (ids), generate_series(lower(r.ids), least(upper(r.ids) - 1::numeric, lower(r.ids) + shown::numeric)::bigint) i (id)
             LIMIT shown) m;
    RETURN QUERY
    SELECT NULL::bigint, 'missing', format('and %s more', sum(upper(r.ids)::numeric - lower(r.ids)) - shown)
      FROM unnest(missing) r (ids) HAVING sum(upper(r.ids)::numeric - lower(r.ids)) > shown;
    RETURN QUERY SELECT d.id, 'duplicate', 'there are several entries of this number' FROM unnest(doubled[1:shown]) d (id);
    IF isempty(missing) AND doubled IS NULL AND found.wrong IS NULL THEN
        entry := NULL;
        problem := 'bad root';
        detail := 'its entries and their leaves were changed together, or its root';
        RETURN NEXT;
    END IF;
END
$$;

-- Parallel unsafe, so that its queries may be parallel; stable, so that all of them see
-- the log at one time.  Security definer: reads all of the log, and tells the numbers
-- of entries.
CREATE FUNCTION shopanalytics.verify(from_block bigint DEFAULT NULL, to_block bigint DEFAULT NULL, anchor text DEFAULT NULL)
    RETURNS TABLE (block bigint, entry bigint, problem text, detail text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET jit = off
    SET work_mem = '64MB'
    SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    anchored text[] := regexp_match(anchor, '^\s*shopanalytics block (\d{1,18}) hash ([0-9a-f]{64})( |$)');
    this shopanalytics.seal_block;
    last shopanalytics.seal_block;
    erased int8multirange;
    dropped int8multirange;
    sealed int8multirange;
    done bigint := 0;
    total bigint;
    told timestamptz := clock_timestamp();
BEGIN
    IF anchor IS NOT NULL AND anchored IS NULL THEN
        RAISE EXCEPTION 'anchor % is not valid', quote_literal(left(anchor, 200))
            USING ERRCODE = 'invalid_parameter_value', HINT = 'An anchor is a line that shopanalytics.anchor() returned.';
    END IF;
    PERFORM shopanalytics._check_auditor();

    -- What was erased and dropped by the functions for it is no problem.
    SELECT coalesce(range_agg(int8range(n, n, '[]')), '{}') INTO erased
      FROM shopanalytics.event e, shopanalytics._event_numbers(e, '$.entries[*]') n WHERE e.type = 'subject_erased';
    SELECT coalesce(range_agg(int8range(n, n, '[]')), '{}') INTO dropped
      FROM shopanalytics.event e, shopanalytics._event_numbers(e, '$.blocks[*]') n WHERE e.type = 'audit_month_dropped';

    SELECT count(*) INTO total FROM shopanalytics.seal_block b WHERE (from_block IS NULL OR b.no >= from_block) AND (to_block IS NULL OR b.no <= to_block);
    SELECT * INTO last FROM shopanalytics.seal_block b WHERE b.no < from_block ORDER BY b.no DESC LIMIT 1;
    FOR this IN
        SELECT * FROM shopanalytics.seal_block b WHERE (from_block IS NULL OR b.no >= from_block) AND (to_block IS NULL OR b.no <= to_block) ORDER BY b.no
    LOOP
        block := this.no;
        entry := NULL;
        IF this.no IS DISTINCT FROM coalesce(last.no, 0) + 1::numeric THEN
            problem := 'broken chain';
            detail := format('the block before it is %s', coalesce(last.no::text, 'missing'));
            RETURN NEXT;
        ELSIF this.prev IS DISTINCT FROM coalesce(last.hash, decode(repeat('00', 32), 'hex')) THEN
            problem := 'broken chain';
            detail := 'prev is not the hash of the block before it';
            RETURN NEXT;
        END IF;
        IF this.hash IS DISTINCT FROM shopanalytics._block_hash(this) THEN
            problem := 'bad block';
            detail := 'its hash is not that of its columns';
            RETURN NEXT;
        END IF;
        last := this;

        BEGIN
            IF NOT dropped @> this.no AND NOT (this.members IS NULL OR isempty(this.members) OR lower_inf(this.members) OR upper_inf(this.members)) THEN
                RETURN QUERY SELECT this.no, p.entry, p.problem, p.detail FROM shopanalytics._verify_entries(this, erased) p;
            END IF;
        EXCEPTION WHEN OTHERS THEN
            -- such as a page that cannot be read, or a value too big to be hashed
            problem := 'unreadable';
            detail := SQLERRM;
            RETURN NEXT;
        END;

        done := done + 1;
        IF clock_timestamp() > told + interval '10 seconds' THEN
            RAISE NOTICE 'verified % of % blocks', done, total;
            told := clock_timestamp();
        END IF;
    END LOOP;

    -- A block that somebody noted and that is not there, or another.
    RETURN QUERY
    SELECT a.no, a.event, 'anchor', CASE WHEN b.no IS NULL THEN 'the block is missing' ELSE 'the block is another one' END
      FROM (SELECT anchored[1]::bigint AS no, NULL::bigint AS event, anchored[2] AS hash WHERE anchored IS NOT NULL
            UNION ALL
            SELECT n, e.id, e.detail ->> 'hash' FROM shopanalytics.event e, shopanalytics._event_numbers(e, '$.block') n
             WHERE e.type = 'anchored' AND (from_block IS NULL OR n >= from_block) AND (to_block IS NULL OR n <= to_block)) a
      LEFT JOIN shopanalytics.seal_block b ON b.no = a.no
     WHERE encode(b.hash, 'hex') IS DISTINCT FROM a.hash
     ORDER BY a.no, a.event;

    -- A statement whose rows are not all there, or too many.
    RETURN QUERY
    SELECT NULL::bigint, NULL::bigint, 'tampered', format('statement %s changed %s rows, and there are %s', s.id, s.row_count, coalesce(a.rows, 0))
      FROM shopanalytics.audit_stmt s
      LEFT JOIN (SELECT r.stmt, r.at, count(*) AS rows FROM shopanalytics.audit_row r GROUP BY r.stmt, r.at) a ON a.stmt = s.id AND a.at = s.at
     WHERE from_block IS NULL AND to_block IS NULL AND s.row_count IS DISTINCT FROM coalesce(a.rows, 0)
     ORDER BY s.id LIMIT 1000;

    IF to_block IS NULL THEN
        SELECT int8multirange(int8range(-9223372036854775808, 9223372036854775807)) - coalesce(range_agg(b.members), '{}') INTO sealed FROM shopanalytics.seal_block b;
        RETURN QUERY
        SELECT NULL::bigint, min(u.id), 'unsealed', format('%s in all', count(*))
          FROM (SELECT v.id FROM unnest(sealed) r (ids) JOIN shopanalytics.event v ON v.id >= lower(r.ids) AND v.id < upper(r.ids)
                UNION ALL
                SELECT a.id FROM unnest(sealed) r (ids) JOIN shopanalytics.audit_row a ON a.id >= lower(r.ids) AND a.id < upper(r.ids)) u
        HAVING count(*) > 0;
    END IF;
END
$$;


REVOKE ALL ON FUNCTION shopanalytics._read_events(int8multirange), shopanalytics._read_audit_rows(int8multirange, timestamptz, timestamptz, int8multirange),
    shopanalytics._verify_entries(shopanalytics.seal_block, int8multirange) FROM PUBLIC;

COMMENT ON FUNCTION shopanalytics.verify(bigint, bigint, text) IS 'what is wrong with the log: entries, blocks and chain, and what is not sealed; no row when all is well';
