-- A17: names in their usual capitals

CREATE TABLE clean_name_case (input text, expected text, why text);
INSERT INTO clean_name_case VALUES
    -- plain
    ('john smith', 'John Smith', 'lower case'),
    ('JOHN SMITH', 'John Smith', 'upper case'),
    ('  john   smith ', 'John Smith', 'cleaned as text too'),
    ('John Smith', 'John Smith', 'mixed case is kept'),
    ('john McDonald', 'john McDonald', 'mixed case is kept, as it was typed'),
    ('DeShawn', 'DeShawn', 'mixed case is kept'),
    ('', '', 'empty'),
    (E' \t\u3000', '', 'all blank'),
    ('x', 'X', 'one letter'),
    ('1234 & 5', '1234 & 5', 'no letters'),
    -- Mc, Mac
    ('mcdonald', 'McDonald', 'Mc'),
    ('MCDONALD', 'McDonald', 'Mc'),
    ('john mccain-mcfly', 'John McCain-McFly', 'Mc in both parts'),
    ('mc', 'Mc', 'too short for Mc'),
    ('john macarthur', 'John MacArthur', 'Mac, listed'),
    ('JAMES MACGREGOR', 'James MacGregor', 'Mac, listed'),
    ('mack', 'Mack', 'Mac, not listed'),
    ('macy gray', 'Macy Gray', 'Mac, not listed'),
    ('MACHADO', 'Machado', 'Mac, not listed'),
    ('mackenzie', 'Mackenzie', 'Mack stays'),
    ('macevicius', 'Macevicius', 'Mac, not listed'),
    -- apostrophes
    ('O''NEIL', 'O''Neil', 'O'''),
    (E'o\u2019neil', E'O\u2019Neil', 'typographic apostrophe'),
    (E'o\u02bcneil', E'O\u02bcNeil', 'modifier letter apostrophe'),
    ('BEVERLY D''ANGELO', 'Beverly D''Angelo', 'D'''),
    ('dell''acqua', 'Dell''Acqua', 'elided article'),
    ('sant''anna', 'Sant''Anna', 'elided title'),
    ('de''andre', 'De''Andre', 'De'''),
    ('sa''id', 'Sa''id', 'not an elision'),
    ('JEAN''S', 'Jean''s', 'possessive'),
    ('n''diaye', 'N''Diaye', 'one letter'),
    (E'KE\u02bbALOHA', E'Ke\u02bbaloha', 'okina is a letter'),
    -- hyphens and other separators
    ('anne-marie', 'Anne-Marie', 'hyphen'),
    (E'anne\u2010marie', E'Anne\u2010Marie', 'Unicode hyphen'),
    ('SMITH-JONES', 'Smith-Jones', 'hyphen'),
    ('jean-de-dieu', 'Jean-de-Dieu', 'link between hyphens'),
    ('j.r.r. tolkien', 'J.R.R. Tolkien', 'initials'),
    ('JK ROWLING', 'JK Rowling', 'initials without dots'),
    ('SMITH, TJ', 'Smith, TJ', 'initials without dots, after a comma'),
    ('ANDREW NG', 'Andrew Ng', 'a family name of two consonants'),
    ('NG WEI', 'Ng Wei', 'a family name of two consonants'),
    ('robert (bob) smith', 'Robert (Bob) Smith', 'brackets'),
    ('"the rock" johnson', '"The Rock" Johnson', 'quotes'),
    ('smith/jones', 'Smith/Jones', 'slash'),
    (E'gal\u00b7la', E'Gal\u00b7la', 'Catalan middle dot is inside a word'),
    ('henry 2nd', 'Henry 2nd', 'letters after a digit'),
    -- particles
    ('van der berg', 'van der Berg', 'particles lead'),
    ('VAN DER BERG', 'van der Berg', 'particles lead'),
    ('VINCENT VAN GOGH', 'Vincent van Gogh', 'van inside'),
    ('VAN MORRISON', 'Van Morrison', 'van leads alone: a first name'),
    ('VAN GOGH, VINCENT', 'van Gogh, Vincent', 'family name first'),
    ('BERG, JAN VAN DER', 'Berg, Jan van der', 'particles at the end, after a comma'),
    ('juan de la cruz', 'Juan de la Cruz', 'de la'),
    ('MARINE LE PEN', 'Marine Le Pen', 'le without a particle before it'),
    ('otto von bismarck', 'Otto von Bismarck', 'von'),
    ('VON BRAUN', 'von Braun', 'von leads'),
    ('LUDOVICO DI SAVOIA', 'Ludovico di Savoia', 'di'),
    ('MARIA DOS SANTOS', 'Maria dos Santos', 'dos'),
    ('ahmad bin ali', 'Ahmad bin Ali', 'bin'),
    ('BASHAR AL-ASSAD', 'Bashar al-Assad', 'Arabic article'),
    ('abd ar-rahman', 'Abd ar-Rahman', 'Arabic article, assimilated'),
    ('al pacino', 'Al Pacino', 'al leads: a first name'),
    ('sophie in ''t veld', 'Sophie in ''t Veld', 'preposition and article'),
    (E'JAN VAN \u2019T HOFF', E'Jan van \u2019t Hoff', 'van ''t'),
    ('jos op den akker', 'Jos op den Akker', 'op den'),
    ('JOSE ORTEGA Y GASSET', 'Jose Ortega y Gasset', 'y inside'),
    ('MARY Y LEE', 'Mary Y Lee', 'y as an initial'),
    ('ORTEGA Y GASSET, JOSE', 'Ortega y Gasset, Jose', 'y, family name first'),
    ('de', 'De', 'nothing follows'),
    ('JAN VAN', 'Jan Van', 'nothing follows'),
    -- numerals, suffixes, degrees
    ('JOHN SMITH III', 'John Smith III', 'numeral'),
    ('henry viii', 'Henry VIII', 'numeral'),
    ('VI NGUYEN', 'Vi Nguyen', 'not at the end'),
    ('martin luther king jr', 'Martin Luther King Jr', 'suffix'),
    ('MARTIN LUTHER KING, JR.', 'Martin Luther King, Jr.', 'suffix with comma and dot'),
    ('john smith jr., phd', 'John Smith Jr., PhD', 'two suffixes'),
    ('JOHN SMITH MD PHD', 'John Smith MD PhD', 'two suffixes'),
    ('john smith, ph.d.', 'John Smith, Ph.D.', 'dotted'),
    ('JANE DOE LL.M.', 'Jane Doe LL.M.', 'dotted'),
    ('MD RAHMAN', 'Md Rahman', 'not at the end'),
    ('JACK MA', 'Jack Ma', 'a degree only after a comma'),
    ('jane doe, ma', 'Jane Doe, MA', 'a degree only after a comma'),
    ('VAN DER BERG, PH.D.', 'van der Berg, Ph.D.', 'a suffix makes no family name first'),
    ('dr. hans müller', 'Dr. Hans Müller', 'title'),
    -- Unicode
    ('ÉMILE ZOLA', 'Émile Zola', 'accents'),
    (E'E\u0301MILE', E'\u00c9mile', 'accents, decomposed'),
    ('großmann', 'Großmann', 'sharp s has no title case'),
    ('GROßMANN', 'Großmann', 'sharp s among capitals'),
    ('ΓΙΏΡΓΟΣ ΣΑΣ', 'Γιώργος Σας', 'final sigma'),
    ('ВЛАДИМИР', 'Владимир', 'Cyrillic'),
    ('արմեն', 'Արմեն', 'Armenian'),
    (E'\u01c6ordan', E'\u01c5ordan', 'title case digraph'),
    (E'\u0130STANBUL', 'Istanbul', 'dotted capital I, default rules'),
    (E'y\u0131lmaz', E'Y\u0131lmaz', 'dotless i'),
    ('გიორგი', 'გიორგი', 'Georgian has no title case'),
    ('李小龍', '李小龍', 'no case'),
    (E'\u00ffves', E'\u0178ves', 'capital outside Latin-1');

-- those that fail are listed
SELECT count(*) FROM clean_name_case;
SELECT why, input, shopanalytics.clean_name(input) AS got, expected
  FROM clean_name_case WHERE shopanalytics.clean_name(input) IS DISTINCT FROM expected;

SELECT shopanalytics.clean_name(NULL) IS NULL AS nothing;

-- names made of what matters to the rules, the same on every run
CREATE TABLE generated AS
    WITH piece AS (
        SELECT ARRAY['van', 'der', 'de', 'la', 'y', 'al', 'op', 'jr', 'iii', 'phd', 'ma', 'mc', 'mac', 'arthur', 'donald',
                     'o', 'd', 'tj', 'neil', 'anne', E'\u00e9', E'e\u0301', E'\u03c3', E'\u03c2', E'\u0131', 'i', E'\u01c6',
                     E'\u00df', E'\u017f', E'\u00b5', ' ', ' ', ' ', ' ', ' ', '  ', '-', '''', E'\u2019', '''t', '.', ', ', '(', '"',
                     E'\u00b7', '1', E'\u6f22', E'\u10d0', E'\u1e9e', E'\u200b'] AS p),
    drawn AS (
        SELECT i, string_agg(p[1 + ('x' || substr(md5(i || '/' || k), 1, 7))::bit(28)::integer % cardinality(p)], '' ORDER BY k) AS t
          FROM piece, generate_series(1, 5000) AS i, generate_series(1, 12) AS k
         WHERE k <= 1 + i % 12
         GROUP BY i)
    SELECT t FROM drawn UNION ALL SELECT upper(t) FROM drawn UNION ALL SELECT initcap(t) FROM drawn;
SELECT count(*) AS names,
       count(*) FILTER (WHERE shopanalytics.clean_name(n) <> n) AS changed_again,
       count(*) FILTER (WHERE shopanalytics.clean_text(n) <> n) AS not_clean,
       count(*) FILTER (WHERE shopanalytics.fingerprint(n) <> shopanalytics.fingerprint(t)) AS more_than_case
  FROM (SELECT t, shopanalytics.clean_name(t) AS n FROM generated) AS g;

-- a megabyte
SELECT length(shopanalytics.clean_name(repeat('VAN ', 250000))) AS particles,
       length(shopanalytics.clean_name(repeat('MC''-', 250000))) AS parts,
       length(shopanalytics.clean_name(repeat('x', 1000000))) AS word,
       length(shopanalytics.clean_name(repeat('A,', 500000))) AS commas;

-- labels
SELECT p.oid::regprocedure AS function, provolatile, proisstrict, proparallel
  FROM pg_proc p WHERE pronamespace = 'shopanalytics'::regnamespace AND proname = 'clean_name';

DROP TABLE clean_name_case, generated;
