-- anomaly_kinds: the kinds that generate_shop knows, and how their rates are set.
SELECT * FROM shopanalytics.anomaly_kinds();

-- A kind has the name of the rule that finds it; no rule finds a suspicious order.
SET client_min_messages = warning;
CALL shopanalytics.create_store('kinds');
SELECT k.kind FROM shopanalytics.anomaly_kinds() k
 WHERE NOT EXISTS (SELECT FROM kinds.clean_rule r WHERE r.entity = k.table_name AND r.name = k.kind);

-- Bad rates: the kind, the value and what to do about it.
CREATE FUNCTION pg_temp.attempt(anomalies jsonb) RETURNS TABLE (code text, message text, hint text) LANGUAGE plpgsql AS $$
BEGIN
    CALL shopanalytics.generate_shop('kinds', customers => 1, days => 1, anomalies => anomalies);
    RETURN QUERY SELECT 'none', NULL, NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
    RETURN NEXT;
END $$;
\x on
SELECT a.* FROM (VALUES
    (1, '{"bad_mail": 0.1}'::jsonb),
    (2, '{"bad_email": -0.1}'),
    (3, '{"bad_email": 1.1}'),
    (4, '{"bad_email": 1e400}'),
    (5, '{"bad_email": "0.1"}'),
    (6, '{"bad_email": null}'),
    (7, '{"bad_email": [0.1, 0.2]}'),
    (8, '{"bad_email": {"missing_email": 0.1}}'),
    (9, '{"all": 2}'),
    (10, '[0.1]'),
    (11, '0.1'),
    (12, 'null'),
    (13, '{"missing_email": 0.5, "bad_email": 0.4, "untidy_email": 0.3}'),
    (14, '{"all": 0.6}'),
    (15, '{"": 0}'),
    (16, '{"BAD_EMAIL": 0}')
) v (i, anomalies), pg_temp.attempt(v.anomalies) a ORDER BY v.i;
-- names and values of any length
SELECT a.code, length(a.message) < 200 AS is_short FROM (VALUES
    (1, jsonb_build_object(repeat('é', 100000), 0)), (2, jsonb_build_object('bad_email', repeat('é', 100000)))
) v (i, anomalies), pg_temp.attempt(v.anomalies) a ORDER BY v.i;
\x off

-- The bounds themselves are rates; "all" is for the kinds that are not named, wherever it stands.
CALL shopanalytics.generate_shop('kinds', customers => 50, days => 30, anomalies => '{"bad_email": 1, "all": 0, "negative_total": 1.0}');
SELECT table_name, kind, count(*) FROM kinds.anomaly_truth GROUP BY 1, 2 ORDER BY 1, 2;
CALL shopanalytics.drop_store('kinds');
