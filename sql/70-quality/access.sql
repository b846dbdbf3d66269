-- The tenants that who logged in has any duty for, * among them: he sees their checks
-- and results.
CREATE FUNCTION shopanalytics._tenants_of_duties() RETURNS SETOF text
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
    SELECT DISTINCT d.tenant FROM shopanalytics.duty d WHERE shopanalytics._is_member(d.role_name);
END;
