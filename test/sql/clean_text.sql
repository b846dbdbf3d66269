-- A17: text in one form

-- ordinary
SELECT shopanalytics.clean_text(v) FROM unnest(ARRAY[
    'tidy', '  both ends  ', E'tab\tand\r\nline', 'many     blanks', 'x']) v;

-- empty, all blank, NULL
SELECT shopanalytics.clean_text('') = '' AS empty, shopanalytics.clean_text(' ') = '' AS blank,
       shopanalytics.clean_text(E' \t\n\u00a0\u3000\u200b\ufeff') = '' AS all_blank,
       shopanalytics.clean_text(NULL) IS NULL AS nothing;

-- the 25 code points with property White_Space (Unicode's PropList.txt), inside, in runs, alone
CREATE TABLE white_space AS
    SELECT chr(c) AS c
      FROM (SELECT generate_series(9, 13) UNION ALL SELECT unnest(ARRAY[32, 133, 160, 5760])
            UNION ALL SELECT generate_series(8192, 8202)
            UNION ALL SELECT unnest(ARRAY[8232, 8233, 8239, 8287, 12288])) AS code(c);
SELECT count(*) AS code_points,
       count(*) FILTER (WHERE shopanalytics.clean_text('a' || c || 'b') = 'a b') AS inside,
       count(*) FILTER (WHERE shopanalytics.clean_text(c || c || 'a' || c || ' ' || c || 'b' || c) = 'a b') AS runs,
       count(*) FILTER (WHERE shopanalytics.clean_text(c) = '') AS alone
  FROM white_space;

-- controls that are no white space, and format characters, go without a trace
CREATE TABLE removed AS
    SELECT chr(c) AS c
      FROM (SELECT generate_series(1, 8) UNION ALL SELECT generate_series(14, 31)
            UNION ALL SELECT generate_series(127, 132) UNION ALL SELECT generate_series(134, 159)
            UNION ALL SELECT unnest(ARRAY[173, 1564, 6158, 65279])
            UNION ALL SELECT generate_series(8203, 8207) UNION ALL SELECT generate_series(8234, 8238)
            UNION ALL SELECT generate_series(8288, 8292) UNION ALL SELECT generate_series(8294, 8303)
            UNION ALL SELECT generate_series(65529, 65531)
            UNION ALL SELECT unnest(ARRAY[917505, 917536, 917607, 917631])) AS code(c);
SELECT count(*) AS code_points,
       count(*) FILTER (WHERE shopanalytics.clean_text('a' || c || 'b') = 'ab') AS removed
  FROM removed;

-- cases with their reason; those that fail are listed
CREATE TABLE clean_text_case (input text, expected text, why text);
INSERT INTO clean_text_case VALUES
    (E'e\u0301', E'\u00e9', 'accent composed'),
    (E'\u212b', E'\u00c5', 'Angstrom sign is the letter'),
    (E'\ufb01', E'\ufb01', 'a compatibility form is another character'),
    (E'\u0301a', E'\u0301a', 'mark without a base'),
    (E'\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645', E'\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645', 'Persian: non-joiner between letters'),
    (E'\u0645\u06cc\u200c \u062e', E'\u0645\u06cc \u062e', 'non-joiner at the end of a word'),
    (E'\u200c\u0645\u06cc', E'\u0645\u06cc', 'non-joiner at the start'),
    (E'\u0645\u200c\u200c\u062e', E'\u0645\u200c\u062e', 'two non-joiners'),
    (E'\u0645\u200c\u061c\u062e', E'\u0645\u062e', 'non-joiner before a removed character'),
    (E'\u0dc1\u0dca\u200d\u0dbb\u0dd3', E'\u0dc1\u0dca\u200d\u0dbb\u0dd3', 'Sinhala: joiner after virama'),
    (E'\u0d05\u0d35\u0d28\u0d4d\u200d', E'\u0d05\u0d35\u0d28\u0d4d\u200d', 'Malayalam: joiner at the end of a word'),
    (E'a\u200db\u200cc', 'abc', 'joiners between Latin letters'),
    (E'\U0001F469\u200D\U0001F4BB', E'\U0001F469\u200D\U0001F4BB', 'emoji sequence'),
    (E'\u2764\ufe0f\u200d\U0001F525', E'\u2764\ufe0f\u200d\U0001F525', 'emoji sequence with variation selector'),
    (E'\U0001F469\u200D', E'\U0001F469', 'joiner after the last emoji'),
    (E'\U0001F3F4\U000E0067\U000E0062\U000E007F', E'\U0001F3F4\U000E0067\U000E0062\U000E007F', 'flag of a region'),
    (E'a\U000E0067\U000E0062b', 'ab', 'tags without a flag'),
    (E'\u845b\U000E0100', E'\u845b\U000E0100', 'ideographic variation, found in names'),
    (E'\ufeffname', 'name', 'byte order mark'),
    (E'abc\u202etxt.exe', 'abctxt.exe', 'right-to-left override'),
    (E'co\u00adoperate', 'cooperate', 'soft hyphen'),
    (E'a\u200bb', 'ab', 'zero width space'),
    (E'lost \ufffd', E'lost \ufffd', 'replacement character: what was lost stays visible'),
    (E'a\x1fb\x7f', 'ab', 'ASCII controls only');
SELECT why, input, shopanalytics.clean_text(input) AS got
  FROM clean_text_case WHERE shopanalytics.clean_text(input) IS DISTINCT FROM expected;

-- form C is the server's own, wherever marks come in runs a reader could tell
SELECT count(*) AS texts, count(*) FILTER (WHERE shopanalytics.clean_text(t) = normalize(t, NFC)) AS composed
  FROM (SELECT normalize(chr(c) || 'x' || chr(c + 1), NFD)
          FROM generate_series(192, 591) AS c
        UNION ALL SELECT normalize(chr(c), NFD) FROM generate_series(44032, 55203, 97) AS c
        UNION ALL SELECT E'a\u0323\u0307' UNION ALL SELECT E'a\u0307\u0323') AS decomposed(t);
-- a run of more than 30 marks is left in its order
SELECT shopanalytics.clean_text(t) = t AS kept FROM (SELECT 'a' || repeat(E'\u0301\u0316', 16)) AS run(t);

-- texts made of what matters to the rules, the same on every run
CREATE TABLE generated AS
    WITH piece AS (
        SELECT ARRAY[' ', E'\t', E'\u00a0', E'\u3000', E'\x01', E'\u200b', E'\u200c', E'\u200d', E'\u180e', E'\ufeff',
                     E'\u00ad', 'a', 'B', 'mc', '''', '-', '.', ',', E'\u0301', E'\u0323', E'\u00e9', E'\u00c9',
                     E'\u0645', E'\u06cc', E'\u1820', E'\u0d28\u0d4d', E'\U0001F469', E'\ufe0f', E'\U0001F3F4',
                     E'\U000E0067', E'\uac00', E'\u11a8', E'\u212b', E'\u2126', E'\u0345', '1', '(', E'\u2019'] AS p)
    SELECT i, string_agg(p[1 + ('x' || substr(md5(i || '/' || k), 1, 7))::bit(28)::integer % cardinality(p)], '' ORDER BY k) AS t
      FROM piece, generate_series(1, 5000) AS i, generate_series(1, 10) AS k
     WHERE k <= 1 + i % 10
     GROUP BY i;
SELECT count(*) AS texts,
       count(*) FILTER (WHERE shopanalytics.clean_text(c) <> c) AS changed_again,
       count(*) FILTER (WHERE c ~ '(^ | $|  )') AS blanks_left,
       count(*) FILTER (WHERE EXISTS (SELECT FROM white_space w WHERE w.c <> ' ' AND strpos(g.c, w.c) > 0)) AS other_space_left,
       count(*) FILTER (WHERE EXISTS (SELECT FROM removed r WHERE r.c NOT IN (E'\u180e', E'\u200c', E'\u200d', E'\U000E0067') AND strpos(g.c, r.c) > 0)) AS removed_left,
       count(*) FILTER (WHERE c IS NOT NFC NORMALIZED) AS not_composed
  FROM (SELECT shopanalytics.clean_text(t) AS c FROM generated) AS g;

-- a megabyte of blanks, of accents, of marks, of joiners
SELECT length(shopanalytics.clean_text(repeat(' ', 1000000))) AS blanks,
       length(shopanalytics.clean_text(repeat(E'e\u0301', 300000))) AS accents,
       length(shopanalytics.clean_text(repeat(E'\u0301\u0316', 250000))) AS marks,
       length(shopanalytics.clean_text(repeat(E'\u200d', 300000))) AS joiners;

-- labels
SELECT p.oid::regprocedure AS function, provolatile, proisstrict, proparallel
  FROM pg_proc p WHERE pronamespace = 'shopanalytics'::regnamespace AND proname = 'clean_text';

DROP TABLE white_space, removed, clean_text_case, generated;
