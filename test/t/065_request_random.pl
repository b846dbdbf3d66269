# Random sequences of edits, proposals, applies and rollbacks: what was applied is as
# was asked for, and after the rollback every row is as before or its item says that
# there was a conflict; nothing else is touched.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $sequences = 200;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nclient_min_messages = warning");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION shopanalytics;
	CREATE ROLE approver LOGIN;
	CREATE ROLE second LOGIN;
	CREATE SCHEMA shop;
	SELECT shopanalytics.grant_duty(current_user::regrole, d, 'shop') FROM unnest('{propose,apply,rollback}'::text[]) d;
	SELECT shopanalytics.grant_duty('approver', 'approve', 'shop'), shopanalytics.grant_duty('second', 'approve', 'shop'),
	       shopanalytics.set_policy('shop', auto_approve => true);
	CREATE TABLE shop.t (id integer PRIMARY KEY, a integer, b text, CHECK (a <> 3 OR b <> 'x'));

	-- Few values, so that what somebody else writes is often what was asked for.
	CREATE FUNCTION public.any_a() RETURNS integer LANGUAGE sql VOLATILE RETURN nullif((random() * 3.99)::integer, 4);
	CREATE FUNCTION public.any_b() RETURNS text LANGUAGE sql VOLATILE RETURN (ARRAY['x', 'y', NULL])[1 + floor(random() * 3)::integer];
	CREATE FUNCTION public.edit(n integer) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		key integer;
	BEGIN
		FOR i IN 1 .. n LOOP
			key := 1 + floor(random() * 14)::integer;
			BEGIN
				CASE floor(random() * 5)::integer
					WHEN 0 THEN UPDATE shop.t SET a = public.any_a() WHERE id = key;
					WHEN 1 THEN UPDATE shop.t SET b = public.any_b() WHERE id = key;
					WHEN 2 THEN UPDATE shop.t SET a = public.any_a(), b = public.any_b() WHERE id = key;
					WHEN 3 THEN DELETE FROM shop.t WHERE id = key;
					ELSE INSERT INTO shop.t VALUES (key, public.any_a(), public.any_b()) ON CONFLICT (id) DO NOTHING;
				END CASE;
			EXCEPTION WHEN check_violation THEN
				NULL;
			END;
		END LOOP;
	END
	$$;
	CREATE FUNCTION public.contents() RETURNS jsonb LANGUAGE sql STABLE AS
		$$SELECT coalesce(jsonb_object_agg(t.id, to_jsonb(t)), '{}') FROM shop.t t$$;
	CREATE FUNCTION public.approve(request bigint) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		approver text;
	BEGIN
		FOREACH approver IN ARRAY ARRAY['approver', 'second'] LOOP
			IF (SELECT state FROM shopanalytics.change_request c WHERE c.id = request) = 'submitted' THEN
				PERFORM set_config('session_authorization', approver, false);
				PERFORM shopanalytics.cr_approve(request, (SELECT content_hash FROM shopanalytics.change_request c WHERE c.id = request));
				RESET SESSION AUTHORIZATION;
			END IF;
		END LOOP;
	END
	$$;

	-- Rows of an item that are not what they should be, before and after it was applied or taken back.
	CREATE FUNCTION public.wrong(status text, done text, op text, first jsonb, last jsonb, old jsonb, new jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
		SELECT CASE WHEN status <> done THEN first IS DISTINCT FROM last
		            WHEN op = 'U' THEN first IS NULL OR last IS DISTINCT FROM first || new
		            WHEN op = 'I' THEN first IS NOT NULL OR last IS NULL OR last || new <> last
		            ELSE first IS NULL OR last IS NOT NULL END$$;

	CREATE FUNCTION public.sequence(no integer) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		asked bigint;
		back bigint;
		forced bigint;
		r1 jsonb;
		r2 jsonb;
		r3 jsonb;
		r4 jsonb;
		r5 jsonb;
		i record;
	BEGIN
		PERFORM setseed(no / 1000.0);
		DELETE FROM shop.t;
		INSERT INTO shop.t SELECT n, n % 3, 'y' FROM generate_series(1, 10) n;
		asked := shopanalytics.cr_open('shop', 'shop.t', 'manual', 'Random');
		CREATE TEMP TABLE wanted ON COMMIT DROP AS
		SELECT CASE WHEN n > 10 THEN 'I' WHEN random() < 0.2 THEN 'D' ELSE 'U' END AS op, jsonb_build_object('id', n) AS key,
		       CASE floor(random() * 3)::integer WHEN 0 THEN jsonb_build_object('a', public.any_a()) WHEN 1 THEN jsonb_build_object('b', public.any_b())
		            ELSE jsonb_build_object('a', public.any_a(), 'b', public.any_b()) END AS after
		  FROM generate_series(1, 13) n WHERE random() < 0.8;
		PERFORM shopanalytics.cr_add_query(asked, 'SELECT op, key, CASE WHEN op <> ''D'' THEN after END AS after FROM pg_temp.wanted ORDER BY random()');
		DROP TABLE wanted;
		IF (SELECT items FROM shopanalytics.change_request c WHERE c.id = asked) = 0 THEN
			RETURN NULL;
		END IF;
		PERFORM shopanalytics.cr_submit(asked);
		PERFORM public.approve(asked);

		PERFORM public.edit(floor(random() * 6)::integer);
		r1 := public.contents();
		CALL shopanalytics.cr_apply(asked, 'atomic', 1 + floor(random() * 7)::integer, 'skip');
		r2 := public.contents();
		FOR i IN SELECT *, c.key ->> 'id' AS id FROM shopanalytics.change_item c WHERE c.request = asked LOOP
			IF public.wrong(i.status, 'applied', i.op, r1 -> i.id, r2 -> i.id, i.before, i.after) THEN
				RETURN format('applied item %s is %s, its row was %s and is %s', i.key, i.status, r1 -> i.id, r2 -> i.id);
			END IF;
		END LOOP;
		IF r1 - ARRAY(SELECT c.key ->> 'id' FROM shopanalytics.change_item c WHERE c.request = asked)
		   <> r2 - ARRAY(SELECT c.key ->> 'id' FROM shopanalytics.change_item c WHERE c.request = asked) THEN
			RETURN format('other rows were applied: %s, %s', r1, r2);
		END IF;
		IF NOT EXISTS (SELECT FROM shopanalytics.change_item c WHERE c.request = asked AND c.status = 'applied') THEN
			RETURN NULL;
		END IF;

		PERFORM public.edit(floor(random() * 6)::integer);
		r3 := public.contents();
		back := shopanalytics.cr_rollback_open(asked);
		CALL shopanalytics.cr_apply(back, 'atomic', 1 + floor(random() * 7)::integer, 'skip');
		r4 := public.contents();
		FOR i IN SELECT *, c.key ->> 'id' AS id FROM shopanalytics.change_item c WHERE c.request = asked LOOP
			-- as before in what the item changed, or listed; else as the others left it
			IF i.status = 'rolled_back' THEN
				IF i.op = 'U' AND r4 -> i.id IS DISTINCT FROM (r3 -> i.id) || (SELECT jsonb_object_agg(c, r1 -> i.id -> c) FROM jsonb_object_keys(i.before) c)
				   OR i.op = 'D' AND r4 -> i.id IS DISTINCT FROM r1 -> i.id OR i.op = 'I' AND r4 ? i.id THEN
					RETURN format('item %s is rolled back, its row was %s and is %s', i.key, r1 -> i.id, r4 -> i.id);
				END IF;
			ELSIF i.status = 'applied' THEN
				RETURN format('item %s is neither rolled back nor a conflict', i.key);
			ELSIF r3 -> i.id IS DISTINCT FROM r4 -> i.id THEN
				RETURN format('item %s is %s, its row was %s and is %s', i.key, i.status, r3 -> i.id, r4 -> i.id);
			END IF;
		END LOOP;
		IF r3 = r2 AND r4 <> r1 THEN
			RETURN format('nobody edited, and it is not as before: %s, %s', r1, r4);
		END IF;

		-- What is forced is as before everywhere, and can be taken back itself.
		IF EXISTS (SELECT FROM shopanalytics.change_item c WHERE c.request = asked AND c.status = 'rollback_conflict') THEN
			forced := shopanalytics.cr_rollback_open(asked, 'force');
			PERFORM public.approve(forced);
			CALL shopanalytics.cr_apply(forced, on_conflict => 'skip');
			r5 := public.contents();
			FOR i IN SELECT *, c.key ->> 'id' AS id FROM shopanalytics.change_item c WHERE c.request = asked AND c.status = 'rolled_back' LOOP
				IF i.op = 'U' AND (r5 -> i.id) || i.before IS DISTINCT FROM r5 -> i.id
				   AND (r5 -> i.id) || (SELECT jsonb_object_agg(c, r1 -> i.id -> c) FROM jsonb_object_keys(i.before) c) IS DISTINCT FROM r5 -> i.id OR i.op = 'D' AND r5 -> i.id IS DISTINCT FROM r1 -> i.id OR i.op = 'I' AND r5 ? i.id THEN
					RETURN format('forced item %s: its row was %s and is %s', i.key, r1 -> i.id, r5 -> i.id);
				END IF;
			END LOOP;
			IF EXISTS (SELECT FROM shopanalytics.change_item c WHERE c.request = forced AND c.status = 'applied') THEN
				back := shopanalytics.cr_rollback_open(forced);
				CALL shopanalytics.cr_apply(back);
				IF public.contents() <> r4 THEN
					RETURN format('forced and taken back is another: %s, %s', r4, public.contents());
				END IF;
			END IF;
		END IF;
		RETURN NULL;
	END
	$$;
});

my @problems;
foreach my $no (1 .. $sequences / 10)
{
	# each in a transaction of its own, ten in a session
	my $problems = $node->safe_psql('postgres', join '', map { "SELECT public.sequence($_);\n" } (10 * $no - 9) .. 10 * $no);
	push @problems, grep { $_ ne '' } split /\n/, $problems;
}
is(join("\n", @problems), '', "$sequences sequences");
is($node->safe_psql('postgres', q{
	SELECT string_agg(s, ', ') FROM unnest(ARRAY['U already', 'U conflict', 'U missing', 'U error', 'U rolled_back', 'U rollback_conflict', 'I conflict', 'I rolled_back',
	                                             'D already', 'D conflict', 'D rolled_back']) s
	 WHERE s NOT IN (SELECT op || ' ' || status FROM shopanalytics.change_item)}), '', 'all that can become of an item did');

$node->stop;
done_testing();
