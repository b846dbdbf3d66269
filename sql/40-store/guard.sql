-- What the views of a store calculate with, so that no value that a base table can
-- hold makes them fail: out of the range of the result is null.  Not strict, so that
-- the planner can put them in line.

-- The day of a time in a zone.
CREATE FUNCTION shopanalytics._day(at timestamptz, timezone text) RETURNS date
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN at > '4714-11-26 00:00+00 BC' AND at < '294276-12-30 00:00+00' THEN (at AT TIME ZONE timezone)::date END;

-- The local time of a time in a zone.
CREATE FUNCTION shopanalytics._local_time(at timestamptz, timezone text) RETURNS timestamp
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN at > '4714-11-26 00:00+00 BC' AND at < '294276-12-30 00:00+00' THEN at AT TIME ZONE timezone END;

-- A local time, or the start of a day, as a point in time.
CREATE FUNCTION shopanalytics._point_in_time(local_time timestamp, timezone text) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN local_time > '4714-11-26 00:00 BC' AND local_time < '294276-12-30 00:00' OR NOT isfinite(local_time)
                THEN local_time AT TIME ZONE timezone END;

CREATE FUNCTION shopanalytics._point_in_time(day date, timezone text) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN day > '4714-11-26 BC' AND day < '294276-12-30' OR NOT isfinite(day)
                THEN day::timestamp AT TIME ZONE timezone END;

-- What a line of an order comes to.
CREATE FUNCTION shopanalytics._line_total(quantity numeric, unit_price numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN abs(quantity) < 1e30 AND abs(unit_price) < 1e30 THEN quantity * unit_price END;

-- An amount that can be added up.
CREATE FUNCTION shopanalytics._amount(value numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN abs(value) < 1e60 THEN value END;
