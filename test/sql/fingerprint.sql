-- 4.H: cases of OpenRefine's key collision methods, and our own where it says so.

CREATE TABLE fingerprint_case (input text, expected text);
INSERT INTO fingerprint_case VALUES
    (' école ÉCole ecoLe ', 'ecole'),
    ('the multi multi word test', 'multi test the word'),
    (E'\tABC \t DEF ', 'abc def'),
    (E'bbb\taaa', 'aaa bbb'),
    ('a b c d', 'a b c d'),
    (' d c b a ', 'a b c d'),
    ('æø', 'aeoe'),
    ('©ß', 'css'),
    (E'\ufb00\ufb01\ufb02\ufb03\ufb05\ufb06', 'fffiflffistst'),
    ('schön', 'schon'),
    ('müller', 'muller'),
    ('', ''),
    (E'\u00d0\u00f0\u00de\u00fe\u01f7\u01bf', 'ddththww'),
    -- Latin Extended-A, Latin Extended Additional
    ('ĀāĂăĄąĆćĈĉĊċČčĎďĐđĒēĔĕĖėĘęĚěĜĝĞğĠġĢģĤĥĦħĨĩĪīĬĭĮįİıĲĳĴĵĶķĸĹĺĻļĽľĿŀŁłŃńŅņŇňŉŊŋŌōŎŏŐőŒœŔŕŖŗŘřŚśŜŝŞşŠšŢţŤťŦŧŨũŪūŬŭŮůŰűŲųŴŵŶŷŸŹźŻżŽžſ',
     'aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiijijjjkkkllllllllllnnnnnnnnnoooooooeoerrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs'),
    ('ẖẗẘẙẚẛẜẝẞẠạẢảẤấẦầẨẩẪẫẬậẮắẰằẲẳẴẵẶặẸẹẺẻẼẽẾếỀềỂểỄễỆệ',
     'htwyasssssaaaaaaaaaaaaaaaaaaaaaaaaeeeeeeeeeeeeeeee'),
    -- our own: punctuation goes, symbols stay
    ('O''Neil, Sean (Dr.)', 'dr oneil sean'),
    ('A.C.M.E. Ltd!', 'acme ltd'),
    ('a-b_c', 'abc'),
    ('C++ 50% $5', '$5 50 c++'),
    (E'l\u00b4eau', 'leau'),
    (E'\u00bd cup', '12 cup'),
    ('1/2 cup', '12 cup'),
    -- our own: beyond Latin
    ('Γιώργος ΓΙΩΡΓΟΣ', E'\u03b3\u03b9\u03c9\u03c1\u03b3\u03bf\u03c3'),
    ('Ёлка ЕЛКА', 'елка'),
    (E'\uff21\uff22\uff23', 'abc'),
    (E'\u304c', E'\u304c'),
    (E'\u1112\u1161\u11ab', E'\ud55c'),
    (E'\U0001F469\u200D\U0001F4BB', E'\U0001F469\U0001F4BB'),
    ('!?', '');
SELECT count(*) FROM fingerprint_case;
SELECT input, shopanalytics.fingerprint(input) AS got, expected
  FROM fingerprint_case WHERE shopanalytics.fingerprint(input) IS DISTINCT FROM expected;

-- all 25 white space characters split words
SELECT count(*) AS code_points, count(*) FILTER (WHERE shopanalytics.fingerprint('b' || chr(c) || 'a') = 'a b') AS split
  FROM (SELECT generate_series(9, 13) UNION ALL SELECT unnest(ARRAY[32, 133, 160, 5760])
        UNION ALL SELECT generate_series(8192, 8202)
        UNION ALL SELECT unnest(ARRAY[8232, 8233, 8239, 8287, 12288])) AS code(c);

-- n-grams
SELECT input, n, shopanalytics.ngram_fingerprint(input, n) AS got, expected
  FROM (VALUES ('abcdefg', 2, 'abbccddeeffg'),
               ('gfedcba', 2, 'bacbdcedfegf'),
               (E' a,b.c d\te!f?g ', 2, 'abbccddeeffg'),
               ('écÉCec', 2, 'ceec'),
               ('hello', 1, 'ehlo'),
               ('he!llo,. world', 1, 'dehlorw'),
               (E'\x01a, !b-c_d\u00a0d\tz\x03', 3, 'abcbcdcddddz'),
               ('', 2, ''),
               -- shorter than n, as long as n: the text itself, so that short texts differ
               ('a', 2, 'a'), ('b', 2, 'b'), ('ba', 2, 'ba'), ('aaa', 2, 'aa'),
               ('한글', 1, '글한')) AS v(input, n, expected)
 WHERE shopanalytics.ngram_fingerprint(input, n) IS DISTINCT FROM expected;
SELECT shopanalytics.ngram_fingerprint('abcdefg') AS default_is_two,
       shopanalytics.ngram_fingerprint('Krzysztof') = shopanalytics.ngram_fingerprint('Kryzysztof') AS differ,
       shopanalytics.ngram_fingerprint('Krzysztof', 1) = shopanalytics.ngram_fingerprint('Kryzysztof', 1) AS meet;

-- n out of range
SELECT shopanalytics.ngram_fingerprint('a', 64);
SELECT shopanalytics.ngram_fingerprint('a', 0);
SELECT shopanalytics.ngram_fingerprint('a', -1);
SELECT shopanalytics.ngram_fingerprint('a', 65);
DO $$
BEGIN
    PERFORM shopanalytics.ngram_fingerprint('a', 0);
EXCEPTION WHEN invalid_parameter_value THEN
    RAISE NOTICE 'code %', SQLSTATE;
END $$;

-- NULL
SELECT shopanalytics.fingerprint(NULL) IS NULL AS no_value, shopanalytics.ngram_fingerprint(NULL, 2) IS NULL AS no_text,
       shopanalytics.ngram_fingerprint('a', NULL) IS NULL AS no_size;

-- clusters: values that share a key; one value alone is none
CREATE FUNCTION clusters(VARIADIC items text[]) RETURNS SETOF text[] LANGUAGE sql
BEGIN ATOMIC
    SELECT array_agg(v ORDER BY v COLLATE "C") FROM unnest(items) AS v
     GROUP BY shopanalytics.fingerprint(v) HAVING count(*) > 1 ORDER BY 1;
END;
SELECT clusters('a', 'à', 'c', 'ĉ');
SELECT clusters('c', 'ĉ', 'd');
SELECT clusters('Müller, Hans', 'hans MULLER', 'Hans  Müller', 'Hans Miller');

-- invariance: word order, repetition, case, white space, punctuation, accents, normal form
CREATE TABLE generated AS
    WITH word AS (
        SELECT ARRAY['école', 'Straße', 'Ångström', 'ŁÓDŹ', 'Γιώργος', 'Ёлка', 'naïve', 'x', 'Ø', '한글', 'が', '漢字', 'C++',
                     'ﬁn', '½', E'\u0e01\u0e49', 'Nguyễn', '50', 'a.b', 'Ĳ'] AS w)
    SELECT i, array_agg(w[1 + ('x' || substr(md5(i || '/' || k), 1, 7))::bit(28)::integer % cardinality(w)] ORDER BY k) AS words
      FROM word, generate_series(1, 3000) AS i, generate_series(1, 6) AS k
     WHERE k <= 1 + i % 6
     GROUP BY i;
SELECT count(*) AS texts,
       count(*) FILTER (WHERE shopanalytics.fingerprint(shopanalytics.fingerprint(t)) = k) AS idempotent,
       count(*) FILTER (WHERE shopanalytics.fingerprint(reversed) = k) AS word_order,
       count(*) FILTER (WHERE shopanalytics.fingerprint(t || ' ' || t) = k) AS repetition,
       count(*) FILTER (WHERE shopanalytics.fingerprint(E'\u3000' || replace(t, ' ', E'\t\u00a0 ') || E'\u2028') = k) AS white_space,
       count(*) FILTER (WHERE shopanalytics.fingerprint('"' || replace(t, ' ', '.; ') || E'\u201d') = k) AS punctuation,
       count(*) FILTER (WHERE shopanalytics.fingerprint(translate(t, 'écolestraßnångtöłódźγιώρςёкавхøyễ', 'ÉCOLESTRAẞNÅNGTÖŁÓDŹΓΙΏΡΣЁКАВХØYỄ')) = k) AS upper_case,
       count(*) FILTER (WHERE shopanalytics.fingerprint(translate(t, 'éÅöÓŹώЁï', 'eAoOZωЕi')) = k) AS accents,
       count(*) FILTER (WHERE shopanalytics.fingerprint(normalize(t, NFD)) = k) AS decomposed,
       count(*) FILTER (WHERE shopanalytics.fingerprint(normalize(t, NFKC)) = k) AS compatible,
       count(*) FILTER (WHERE shopanalytics.ngram_fingerprint(normalize(t, NFD), 3) = shopanalytics.ngram_fingerprint(upper(t) || ' ', 3)) AS ngrams
  FROM (SELECT array_to_string(words, ' ') AS t, shopanalytics.fingerprint(array_to_string(words, ' ')) AS k,
               (SELECT string_agg(w, ' ' ORDER BY o DESC) FROM unnest(words) WITH ORDINALITY AS u(w, o)) AS reversed
          FROM generated) AS g;

-- n-grams against their definition in SQL
SELECT count(*) AS texts,
       count(*) FILTER (WHERE shopanalytics.ngram_fingerprint(t, n) =
           (SELECT string_agg(gram, '' ORDER BY gram COLLATE "C")
              FROM (SELECT DISTINCT substr(t, p, n) AS gram FROM generate_series(1, length(t) - n + 1) AS p) AS grams)) AS equal
  FROM (SELECT md5(i::text) AS t, 1 + i % 5 AS n FROM generate_series(1, 2000) AS i) AS hex;

-- a megabyte
SELECT length(shopanalytics.fingerprint(repeat('ab ', 300000))) AS words,
       length(shopanalytics.fingerprint(repeat('a', 1000000))) AS word,
       length(shopanalytics.ngram_fingerprint(repeat('ab', 500000), 64)) AS grams,
       length(shopanalytics.fingerprint(repeat(E'\ufdfa', 300000))) AS expanding;

-- labels
SELECT p.oid::regprocedure AS function, provolatile, proisstrict, proparallel
  FROM pg_proc p WHERE pronamespace = 'shopanalytics'::regnamespace AND proname LIKE '%fingerprint' ORDER BY proname;

DROP FUNCTION clusters(text[]);
DROP TABLE fingerprint_case, generated;
