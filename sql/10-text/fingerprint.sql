
CREATE FUNCTION shopanalytics.fingerprint(value text) RETURNS text
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.fingerprint(text) IS 'key that is equal for values that differ in case, accents, punctuation, word order and repetition';

CREATE FUNCTION shopanalytics.ngram_fingerprint(value text, n integer DEFAULT 2) RETURNS text
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.ngram_fingerprint(text, integer) IS 'key that is equal for values with the same set of n-grams, blanks and punctuation apart';
