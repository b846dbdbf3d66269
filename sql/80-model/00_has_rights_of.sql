-- Whether the caller has the rights of a role; of a role that is gone nobody has.
CREATE FUNCTION shopanalytics._has_rights_of(role_name text) RETURNS boolean
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM pg_catalog.pg_roles r
                    WHERE r.rolname::text OPERATOR(pg_catalog.=) role_name AND pg_catalog.pg_has_role(current_user, r.oid, 'USAGE'));
END;
