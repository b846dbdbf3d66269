-- The root of a Merkle tree, by the vectors of RFC 6962 and by its definition in plain
-- SQL.
CREATE TEMP TABLE leaf (n integer, data bytea);
INSERT INTO leaf VALUES
    (1, ''), (2, '\x00'), (3, '\x10'), (4, '\x2021'), (5, '\x3031'), (6, '\x40414243'), (7, '\x5051525354555657'),
    (8, '\x606162636465666768696a6b6c6d6e6f');

-- 4.L: the first n leaves
SELECT count, encode(shopanalytics.merkle_root(data ORDER BY n) FILTER (WHERE n <= count), 'hex') AS root
  FROM generate_series(0, 8) count, leaf GROUP BY count ORDER BY count;
-- 4.L: of leaves that have been hashed
SELECT count, encode(shopanalytics._merkle_root_of_hashes(sha256('\x00' || data) ORDER BY n) FILTER (WHERE n <= count), 'hex') AS root
  FROM generate_series(0, 8) count, leaf GROUP BY count ORDER BY count;

-- The definition: a tree is split at the largest power of two below its size.
CREATE FUNCTION pg_temp.root(leaves bytea[]) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN cardinality(leaves) = 0 THEN sha256('')
                WHEN cardinality(leaves) = 1 THEN sha256('\x00' || leaves[1])
                ELSE sha256('\x01' || pg_temp.root(leaves[:split]) || pg_temp.root(leaves[split + 1:])) END
      FROM (SELECT (2 ^ floor(log(2, greatest(cardinality(leaves) - 1, 1)::numeric)))::integer) s (split)
$$;
SELECT count(*) AS sizes, count(*) FILTER (WHERE merkle <> pg_temp.root(leaves)) AS wrong
  FROM (SELECT size, shopanalytics.merkle_root(data ORDER BY n) AS merkle, array_agg(data ORDER BY n) AS leaves
          FROM generate_series(1, 66) size, LATERAL (SELECT n, sha256(n::text::bytea) AS data FROM generate_series(1, size) n) leaf
         GROUP BY size) s;

-- Every byte and the order count.
SELECT shopanalytics.merkle_root(data ORDER BY n) = shopanalytics.merkle_root(data || CASE n WHEN 3 THEN '\x00'::bytea ELSE '' END ORDER BY n) AS same FROM leaf;
SELECT shopanalytics.merkle_root(data ORDER BY n) = shopanalytics.merkle_root(data ORDER BY n DESC) AS same FROM leaf;
-- a leaf is no node: the two halves as leaves give another root
SELECT shopanalytics.merkle_root(data ORDER BY n) = sha256('\x00' || sha256('\x00') || sha256('\x0000')) AS same FROM leaf WHERE n <= 2;

-- As a window function the state goes on.
SELECT n, encode(shopanalytics.merkle_root(data) OVER (ORDER BY n), 'hex') AS root FROM leaf ORDER BY n;

-- Many leaves, and a big one.
SELECT shopanalytics.merkle_root(sha256(n::text::bytea) ORDER BY n) = pg_temp.root(array_agg(sha256(n::text::bytea) ORDER BY n)) AS same FROM generate_series(1, 1000) n;
SELECT shopanalytics.merkle_root(data) = sha256('\x00' || min(data::text)::bytea) AS same FROM (SELECT convert_to(repeat('x', 5000000), 'UTF8') AS data) big;

-- Bad input.
SELECT shopanalytics.merkle_root(NULL::bytea);
SELECT shopanalytics.merkle_root(data ORDER BY n) FROM (SELECT n, nullif(data, '') AS data FROM leaf) l;
SELECT shopanalytics._merkle_root_of_hashes('\x00');
SELECT shopanalytics._merkle_root_of_hashes(NULL);
