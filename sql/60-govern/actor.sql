-- Who does something: three answers, because none is enough.  A login may be shared,
-- SET ROLE changes the role, and what a program says of whom it acts for is a claim.

CREATE FUNCTION shopanalytics._actor() RETURNS text
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;

-- Whether what runs is somebody else's code that the server runs in this session: an
-- index expression when a superuser analyses the table, a materialized view when he
-- refreshes it.  Who logged in is then not who acts.
CREATE FUNCTION shopanalytics._is_lent() RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;

-- In a function of security definer current_user is its owner, so the role comes from
-- the setting.
CREATE FUNCTION shopanalytics._who(OUT login text, OUT role text, OUT actor text, OUT source text)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT session_user::text,
           CASE WHEN pg_catalog.current_setting('role') OPERATOR(pg_catalog.=) 'none' THEN session_user::text ELSE pg_catalog.current_setting('role') END,
           shopanalytics._actor(),
           pg_catalog.concat_ws(' ', NULLIF(pg_catalog.current_setting('application_name'), ''), pg_catalog.host(pg_catalog.inet_client_addr()));
END;
