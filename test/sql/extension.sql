-- The extension itself: where it lives and that it leaves with everything.
SELECT extname, extversion, nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'shopanalytics';
