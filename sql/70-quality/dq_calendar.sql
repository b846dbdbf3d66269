-- Calendars: days on which nothing is expected to happen.

CREATE TABLE shopanalytics.dq_calendar (
    tenant text NOT NULL,
    name text NOT NULL,
    timezone text NOT NULL,
    weekdays integer[] NOT NULL,
    days date[] NOT NULL,
    PRIMARY KEY (tenant, name)
);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.dq_calendar', '');

COMMENT ON TABLE shopanalytics.dq_calendar IS 'days that quality checks leave out; dq_calendar_set and dq_calendar_remove change it';
COMMENT ON COLUMN shopanalytics.dq_calendar.timezone IS 'time zone of the days';
COMMENT ON COLUMN shopanalytics.dq_calendar.weekdays IS 'days of the week that are left out, 1 Monday to 7 Sunday';
COMMENT ON COLUMN shopanalytics.dq_calendar.days IS 'further days that are left out';

ALTER TABLE shopanalytics.dq_calendar ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON shopanalytics.dq_calendar TO PUBLIC;
CREATE POLICY seen ON shopanalytics.dq_calendar FOR SELECT
    USING ((SELECT '*' OPERATOR(pg_catalog.=) ANY (shopanalytics._duty_tenants()))
           OR tenant OPERATOR(pg_catalog.=) ANY ((SELECT shopanalytics._duty_tenants())::text[]));

-- The days off that touch a time; of a long one the last 100 years.
CREATE FUNCTION shopanalytics._dq_days_off(k shopanalytics.dq_calendar, from_time timestamptz, to_time timestamptz) RETURNS TABLE (day date)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT d.day
      FROM (SELECT (from_time AT TIME ZONE k.timezone)::date AS first_day, (to_time AT TIME ZONE k.timezone)::date AS last_day) b,
           LATERAL (SELECT b.last_day - i AS day FROM generate_series(0, least(b.last_day - b.first_day, 36525)) i) d
     WHERE extract(isodow FROM d.day) = ANY (k.weekdays) OR d.day = ANY (k.days);
END;

-- Not strict: a null is an error.  Security definer: writes what nobody else may, after
-- the caller's duty was checked; so are the others that are.
CREATE FUNCTION shopanalytics.dq_calendar_set(
    tenant text,
    name text,
    days date[] DEFAULT '{}',
    weekdays integer[] DEFAULT '{}',
    timezone text DEFAULT 'UTC') RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM shopanalytics._check_tenant(tenant);
    PERFORM shopanalytics._dq_check_name(name, 'calendar');
    IF days IS NULL OR weekdays IS NULL OR array_position(days, NULL) IS NOT NULL OR array_position(weekdays, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'days and weekdays must not be null or hold nulls' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF NOT weekdays <@ ARRAY[1, 2, 3, 4, 5, 6, 7] THEN
        PERFORM shopanalytics._dq_wrong(format('weekdays must be from 1, Monday, to 7, Sunday, not %s', weekdays));
    END IF;
    IF timezone IS NULL OR NOT EXISTS (SELECT FROM pg_timezone_names z WHERE z.name = timezone) THEN
        PERFORM shopanalytics._dq_wrong(format('time zone %s is not known', coalesce(quote_literal(timezone), 'null')),
            'SELECT name FROM pg_timezone_names lists the time zones, such as Europe/Berlin.');
    END IF;
    PERFORM shopanalytics._require_duty('dq_admin', tenant, '*');
    INSERT INTO shopanalytics.dq_calendar AS k (tenant, name, timezone, weekdays, days)
    VALUES (dq_calendar_set.tenant, dq_calendar_set.name, dq_calendar_set.timezone,
            ARRAY(SELECT DISTINCT w FROM unnest(weekdays) w ORDER BY w), ARRAY(SELECT DISTINCT d FROM unnest(days) d ORDER BY d))
        ON CONFLICT ON CONSTRAINT dq_calendar_pkey DO UPDATE SET (timezone, weekdays, days) = (excluded.timezone, excluded.weekdays, excluded.days)
     WHERE (k.timezone, k.weekdays, k.days) IS DISTINCT FROM (excluded.timezone, excluded.weekdays, excluded.days);
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM shopanalytics._write_event(tenant, 'dq_calendar_set', jsonb_build_object('calendar', name, 'days', cardinality(days), 'weekdays', weekdays, 'timezone', timezone));
    RETURN true;
END
$$;

CREATE FUNCTION shopanalytics.dq_calendar_remove(tenant text, name text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    users text;
BEGIN
    PERFORM shopanalytics._check_tenant(tenant);
    PERFORM shopanalytics._require_duty('dq_admin', tenant, '*');
    SELECT string_agg(c.name, ', ' ORDER BY c.name) INTO users FROM shopanalytics.dq_check c
     WHERE c.tenant = dq_calendar_remove.tenant AND c.calendar = dq_calendar_remove.name;
    IF users IS NOT NULL THEN
        RAISE EXCEPTION 'calendar "%" is used by checks: %', name, users USING ERRCODE = 'dependent_objects_still_exist';
    END IF;
    DELETE FROM shopanalytics.dq_calendar k WHERE k.tenant = dq_calendar_remove.tenant AND k.name = dq_calendar_remove.name;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM shopanalytics._write_event(tenant, 'dq_calendar_removed', jsonb_build_object('calendar', name));
    RETURN true;
END
$$;

-- Raises an error unless it can be the name of a check or a calendar.
CREATE FUNCTION shopanalytics._dq_check_name(name text, what text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF name IS NULL THEN
        RAISE EXCEPTION 'the name of a % must not be null', what USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF octet_length(name) NOT BETWEEN 1 AND 200 OR name ~ '[[:cntrl:]]' THEN
        RAISE EXCEPTION 'name % of a % is not valid', quote_literal(left(name, 100)), what
            USING ERRCODE = 'invalid_name', HINT = 'It has 1 to 200 bytes and no control characters.';
    END IF;
END
$$;

COMMENT ON FUNCTION shopanalytics.dq_calendar_set(text, text, date[], integer[], text) IS 'sets the days that quality checks leave out; false when it was so already';
COMMENT ON FUNCTION shopanalytics.dq_calendar_remove(text, text) IS 'removes a calendar that no check uses; false when there was none';
