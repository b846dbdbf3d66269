-- A26: names taken apart

CREATE TABLE split_name_case (input text, title text, first_name text, middle_name text, last_name text, suffix text);
INSERT INTO split_name_case VALUES
    -- first, middle, last
    ('John Smith', NULL, 'John', NULL, 'Smith', NULL),
    ('  John   Smith ', NULL, 'John', NULL, 'Smith', NULL),
    ('JOHN SMITH', NULL, 'JOHN', NULL, 'SMITH', NULL),
    ('John A. Smith', NULL, 'John', 'A.', 'Smith', NULL),
    ('Anna Maria Sophie Müller', NULL, 'Anna', 'Maria Sophie', 'Müller', NULL),
    ('J.R.R. Tolkien', NULL, 'J.R.R.', NULL, 'Tolkien', NULL),
    ('Anne-Marie O''Neil-Smith', NULL, 'Anne-Marie', NULL, 'O''Neil-Smith', NULL),
    ('Robert (Bob) Smith', NULL, 'Robert', '(Bob)', 'Smith', NULL),
    ('Abdul Rahman Khan', NULL, 'Abdul Rahman', NULL, 'Khan', NULL),
    ('Abdul Khan', NULL, 'Abdul', NULL, 'Khan', NULL),
    -- one word
    ('Cher', NULL, 'Cher', NULL, NULL, NULL),
    ('Mr Smith', 'Mr', NULL, NULL, 'Smith', NULL),
    ('Sir Bob', 'Sir', 'Bob', NULL, NULL, NULL),
    ('Smith,', NULL, NULL, NULL, 'Smith', NULL),
    ('Smith, Jr.', NULL, NULL, NULL, 'Smith', 'Jr.'),
    ('Dr.', 'Dr.', NULL, NULL, NULL, NULL),
    -- none
    ('', NULL, NULL, NULL, NULL, NULL),
    (E' \t\u3000', NULL, NULL, NULL, NULL, NULL),
    (' , ,', NULL, NULL, NULL, NULL, NULL),
    -- titles
    ('Dr. John Smith', 'Dr.', 'John', NULL, 'Smith', NULL),
    ('prof. dr. hans müller', 'prof. dr.', 'hans', NULL, 'müller', NULL),
    ('Dr. med. Eva Klein', 'Dr. med.', 'Eva', NULL, 'Klein', NULL),
    ('Lt. Col. John Doe', 'Lt. Col.', 'John', NULL, 'Doe', NULL),
    ('Mr. and Mrs. John Smith', 'Mr. and Mrs.', 'John', NULL, 'Smith', NULL),
    ('Mr & Mrs Smith', 'Mr & Mrs', NULL, NULL, 'Smith', NULL),
    ('Sr. Juan Pérez', 'Sr.', 'Juan', NULL, 'Pérez', NULL),
    -- suffixes
    ('John Smith Jr', NULL, 'John', NULL, 'Smith', 'Jr'),
    ('John Smith, Jr.', NULL, 'John', NULL, 'Smith', 'Jr.'),
    ('John Smith MD PhD', NULL, 'John', NULL, 'Smith', 'MD, PhD'),
    ('John Smith Jr., Ph.D., M.D.', NULL, 'John', NULL, 'Smith', 'Jr., Ph.D., M.D.'),
    ('John Smith III', NULL, 'John', NULL, 'Smith', 'III'),
    ('John Smith V', NULL, 'John', NULL, 'Smith', 'V'),
    ('John V', NULL, 'John', NULL, 'V', NULL),
    ('John Jr', NULL, 'John', NULL, NULL, 'Jr'),
    ('Jack Ma', NULL, 'Jack', NULL, 'Ma', NULL),
    ('Jane Doe, MA', NULL, 'Jane', NULL, 'Doe', 'MA'),
    -- last name first
    ('Smith, John', NULL, 'John', NULL, 'Smith', NULL),
    ('Smith,John Paul', NULL, 'John', 'Paul', 'Smith', NULL),
    ('Doe-Ray, Col. John A. Jérôme III', 'Col.', 'John', 'A. Jérôme', 'Doe-Ray', 'III'),
    ('Velasquez y Garcia, Dr. Juan, Jr.', 'Dr.', 'Juan', NULL, 'Velasquez y Garcia', 'Jr.'),
    ('Doe Jr., John', NULL, 'John', NULL, 'Doe', 'Jr.'),
    ('Garcia, Juan, Dr.', 'Dr.', 'Juan', NULL, 'Garcia', NULL),
    ('Smith Jones, Mary', NULL, 'Mary', NULL, 'Smith Jones', NULL),
    (E'Smith\uff0c John', NULL, 'John', NULL, 'Smith', NULL),
    -- particles
    ('Jan van der Berg', NULL, 'Jan', NULL, 'van der Berg', NULL),
    ('van der Berg', NULL, NULL, NULL, 'van der Berg', NULL),
    ('Berg, Jan van der', NULL, 'Jan', NULL, 'van der Berg', NULL),
    ('VAN DER BERG, JAN', NULL, 'JAN', NULL, 'VAN DER BERG', NULL),
    ('Van Morrison', NULL, 'Van', NULL, 'Morrison', NULL),
    ('van Gogh, Vincent', NULL, 'Vincent', NULL, 'van Gogh', NULL),
    ('Dr. Juan Q. Xavier de la Vega III', 'Dr.', 'Juan', 'Q. Xavier', 'de la Vega', 'III'),
    ('de la Vega, Dr. Juan III', 'Dr.', 'Juan', NULL, 'de la Vega', 'III'),
    ('Sophie in ''t Veld', NULL, 'Sophie', NULL, 'in ''t Veld', NULL),
    ('Marine Le Pen', NULL, 'Marine', NULL, 'Le Pen', NULL),
    ('Jill St. John', NULL, 'Jill', NULL, 'St. John', NULL),
    ('Ahmad bin Ali', NULL, 'Ahmad', NULL, 'bin Ali', NULL),
    ('Bashar al-Assad', NULL, 'Bashar', NULL, 'al-Assad', NULL),
    ('José Ortega y Gasset', NULL, 'José', NULL, 'Ortega y Gasset', NULL),
    ('Maria Costa e Silva', NULL, 'Maria', NULL, 'Costa e Silva', NULL),
    ('Mary Y Lee', NULL, 'Mary', 'Y', 'Lee', NULL),
    ('Mary E Lee', NULL, 'Mary', 'E', 'Lee', NULL),
    -- family name first by script
    ('山田 太郎', NULL, '太郎', NULL, '山田', NULL),
    ('김 민준', NULL, '민준', NULL, '김', NULL),
    ('高橋 みなみ', NULL, 'みなみ', NULL, '高橋', NULL),
    ('マイケル ジャクソン', NULL, 'マイケル', NULL, 'ジャクソン', NULL);

-- those that fail are listed
SELECT count(*) FROM split_name_case;
SELECT input, got.* FROM split_name_case AS c, shopanalytics.split_name(input) AS got
 WHERE got IS DISTINCT FROM ROW(c.title, c.first_name, c.middle_name, c.last_name, c.suffix);

SELECT shopanalytics.split_name(NULL) IS NULL AS nothing;
SELECT * FROM shopanalytics.split_name('Dr. Juan Q. Xavier de la Vega III');

-- no word is lost or made up: the parts hold the words of the name
CREATE TABLE generated AS
    WITH piece AS (
        SELECT ARRAY['Mr', 'Dr.', 'and', '&', 'van', 'der', 'de', 'la', 'y', 'e', 'al', 'op', 'Jr.', 'III', 'V', 'Ph.D.', 'MA', 'St.',
                     'Abdul', 'John', 'Anne-Marie', 'O''Neil', '''t', 'Smith', 'Müller', '漢字', ',', ',', '-', '(Bob)', 'X.'] AS p)
    SELECT i, string_agg(p[1 + ('x' || substr(md5(i || '/' || k), 1, 7))::bit(28)::integer % cardinality(p)], ' ' ORDER BY k) AS t
      FROM piece, generate_series(1, 10000) AS i, generate_series(1, 7) AS k
     WHERE k <= 1 + i % 7
     GROUP BY i;
CREATE FUNCTION words(t text) RETURNS text[] LANGUAGE sql IMMUTABLE
RETURN (SELECT array_agg(w ORDER BY w COLLATE "C") FROM regexp_split_to_table(t, '[ ,]+') AS w WHERE w <> '');
SELECT count(*) AS names,
       count(*) FILTER (WHERE words(concat_ws(' ', title, first_name, middle_name, last_name, suffix)) IS DISTINCT FROM words(t)) AS differ,
       count(*) FILTER (WHERE title = '' OR first_name = '' OR middle_name = '' OR last_name = '' OR suffix = '') AS empty_parts,
       count(*) FILTER (WHERE middle_name IS NOT NULL AND first_name IS NULL) AS middle_without_first
  FROM generated, shopanalytics.split_name(t);

-- a megabyte
SELECT length((shopanalytics.split_name(repeat('van ', 250000))).last_name) AS particles,
       length((shopanalytics.split_name(repeat('Jr,', 300000))).suffix) AS suffixes,
       length((shopanalytics.split_name(repeat('Dr ', 300000))).title) AS titles,
       length((shopanalytics.split_name(repeat('x', 1000000))).first_name) AS word;

-- labels
SELECT p.oid::regprocedure AS function, provolatile, proisstrict, proparallel
  FROM pg_proc p WHERE pronamespace = 'shopanalytics'::regnamespace AND proname = 'split_name';

DROP FUNCTION words(text);
DROP TABLE split_name_case, generated;
