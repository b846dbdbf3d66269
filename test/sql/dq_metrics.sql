-- Metrics of columns and keys, and histograms.
\set SHOW_CONTEXT never
CREATE TABLE public.m (att1 text, att2 text);
INSERT INTO public.m SELECT nullif(a, 'N'), nullif(b, 'N') FROM unnest(string_to_array('a,b,N,a,a,N,N,b,a,N,N,N', ','), string_to_array('f,d,f,N,f,d,d,N,f,N,f,d', ',')) x (a, b);
CREATE TABLE public.f (att1 text, att2 text);
INSERT INTO public.f VALUES ('a', 'c'), ('a', 'c'), ('a', 'c'), ('b', 'c');

SELECT completeness AS "C1" FROM shopanalytics.dq_metrics('public.m', '{att1}');
SELECT completeness AS "C2" FROM shopanalytics.dq_metrics('public.m', '{att2}');
SELECT completeness AS "C3", round(4 / 6.0, 16) AS four_sixths FROM shopanalytics.dq_metrics('public.m', '{att2}', 'att1 IS NOT NULL');
SELECT uniqueness AS "C4" FROM shopanalytics.dq_metrics('public.m', '{att1}');
SELECT uniqueness AS "C5", distinctness, round(entropy, 12) AS "C8", round(-(0.75 * ln(0.75) + 0.25 * ln(0.25)), 12) AS c8_by_hand FROM shopanalytics.dq_metrics('public.f', '{att1}');
CREATE TABLE public.u (v integer);
INSERT INTO public.u VALUES (1), (2), (NULL), (3), (4), (5);
SELECT uniqueness AS "C6", missing FROM shopanalytics.dq_metrics('public.u', '{v}');
SELECT * FROM shopanalytics.dq_histogram('public.m', 'att1');   -- C9
SELECT * FROM shopanalytics.dq_histogram('public.m', 'att1', 1);

-- duplicate rows of several columns
CREATE FUNCTION pg_temp.key_of(rows text) RETURNS TABLE (rows_ bigint, missing bigint, dup_rows bigint, dup_surplus bigint, dup_groups bigint, uniqueness numeric)
    LANGUAGE plpgsql AS $$
BEGIN
    DROP TABLE IF EXISTS public.k;
    CREATE TABLE public.k (a text, b text);
    INSERT INTO public.k SELECT nullif(p[1], 'N'), nullif(p[2], 'N') FROM regexp_matches(key_of.rows, '\((\w),(\w)\)', 'g') p;
    RETURN QUERY SELECT m.rows, m.missing, m.dup_rows, m.dup_surplus, m.dup_groups, m.uniqueness FROM shopanalytics.dq_metrics('public.k', '{a,b}') m;
END $$;
SET client_min_messages = warning;
SELECT v.id, k.* FROM (VALUES
    ('C10', '(a,1),(b,2),(a,1),(c,3)'), ('C11', '(N,N),(N,N),(a,b)'), ('C12', '(a,N),(a,N),(b,c)'),
    ('C7: rows with any value are the denominator', '(N,N),(a,N),(N,b),(c,d)')) v (id, rows), LATERAL pg_temp.key_of(v.rows) k;
-- C13: of nothing there is no share, and nothing is not 0
CREATE TABLE public.nothing (v numeric);
INSERT INTO public.nothing SELECT NULL FROM generate_series(1, 8);
SELECT * FROM shopanalytics.dq_metrics('public.nothing', '{v}');
SELECT * FROM shopanalytics.dq_histogram('public.nothing', 'v');
TRUNCATE public.nothing;
SELECT * FROM shopanalytics.dq_metrics('public.nothing', '{v}');
SELECT * FROM shopanalytics.dq_histogram('public.nothing', 'v');

-- What is wrong, and a condition that is more than one.
SELECT shopanalytics.dq_metrics(NULL, '{v}');
SELECT shopanalytics.dq_metrics('public.u', '{}');
SELECT shopanalytics.dq_metrics('public.u', '{nowhere}');
SELECT shopanalytics.dq_metrics('public.u', '{v}', '1) ; DROP TABLE public.u; --');
SELECT shopanalytics.dq_metrics('public.u', '{v}', 'true) GROUP BY r.v -- ');
SELECT shopanalytics.dq_histogram('public.u', 'nowhere');
SELECT shopanalytics.dq_histogram('public.u', 'v', 0);
SELECT shopanalytics.dq_histogram('public.u', NULL);
-- the caller's rights
CREATE ROLE regress_dq_metrics;
SET ROLE regress_dq_metrics;
SELECT shopanalytics.dq_metrics('public.u', '{v}');
SELECT shopanalytics.dq_histogram('public.u', 'v');
SELECT shopanalytics.dq_suggest('public.u');
RESET ROLE;
DROP ROLE regress_dq_metrics;
DROP TABLE public.m, public.f, public.u, public.k, public.nothing;
