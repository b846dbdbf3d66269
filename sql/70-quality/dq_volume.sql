-- Volume: the number of rows compared with what it was in earlier runs.

-- Values that failed and were not accepted are no history, nor is the value itself.  It
-- is out of the ordinary when it is further from the mean than so many standard
-- deviations and than min_delta, by default 1 % of the mean: history without any
-- deviation must not make every change an anomaly.
CREATE FUNCTION shopanalytics._dq_expect_volume(
    c shopanalytics.dq_check,
    value numeric,
    as_of timestamptz,
    OUT status text,
    OUT expected text,
    OUT message text)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    history record;
    distance numeric;
    fail_at numeric;
    warn_at numeric;
    direction text := coalesce(c.args ->> 'direction', 'both');
BEGIN
    IF EXISTS (SELECT FROM shopanalytics.dq_calendar k, shopanalytics._dq_days_off(k, as_of, as_of) d WHERE k.tenant = c.tenant AND k.name = c.calendar) THEN
        status := 'no_data';
        message := format('calendar "%s" leaves this day out', c.calendar);
        RETURN;
    END IF;
    IF value = 0 AND (c.args ->> 'fail_on_zero')::boolean THEN
        status := 'fail';
        expected := 'more than 0';
        RETURN;
    END IF;
    SELECT count(*) AS points, avg(m.value) AS mean, coalesce(stddev_samp(m.value), 0) AS deviation INTO history
      FROM (SELECT d.value FROM shopanalytics.dq_metric d
             WHERE d.check_id = c.id AND d.revision = c.revision AND d.is_baseline AND d.at < as_of
             ORDER BY d.at DESC LIMIT coalesce((c.args ->> 'points')::integer, 30)) m;
    IF history.points < coalesce((c.args ->> 'min_points')::integer, 7) THEN
        status := 'learning';
        message := format('%s of %s values to compare with', history.points, coalesce(c.args ->> 'min_points', '7'));
        RETURN;
    END IF;

    distance := CASE direction WHEN 'both' THEN abs(value - history.mean) WHEN 'drop' THEN history.mean - value ELSE value - history.mean END;
    fail_at := greatest(CASE WHEN c.args ? 'sensitivity' OR NOT c.args ? 'warn_sensitivity' THEN coalesce((c.args ->> 'sensitivity')::numeric, 3) * history.deviation END,
                        CASE WHEN c.args ? 'sensitivity' OR NOT c.args ? 'warn_sensitivity' THEN coalesce((c.args ->> 'min_delta')::numeric, history.mean / 100) END);
    warn_at := CASE WHEN c.args ? 'warn_sensitivity'
                    THEN greatest((c.args ->> 'warn_sensitivity')::numeric * history.deviation, coalesce((c.args ->> 'min_delta')::numeric, history.mean / 100)) END;
    status := CASE WHEN distance > fail_at THEN 'fail' WHEN distance > warn_at THEN 'warn' ELSE 'pass' END;
    expected := format('[%s,%s]',
                       CASE WHEN direction <> 'spike' THEN round(history.mean - coalesce(fail_at, warn_at), 2) END,
                       CASE WHEN direction <> 'drop' THEN round(history.mean + coalesce(fail_at, warn_at), 2) END);
END
$$;
