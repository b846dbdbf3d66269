# shopctl load: files of every kind into tables of every kind.  -- A1
use strict;
use warnings;

use Compress::Zlib ();
use IO::Handle;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $node = PostgreSQL::Test::Cluster->new('load');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "timezone = 'UTC'");
$node->start;
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGDATABASE} = 'postgres';
delete $ENV{PGAPPNAME};

my $folder = PostgreSQL::Test::Utils::tempdir;
chdir $folder or die $!;

sub sql { return $node->safe_psql('postgres', $_[0]); }

sub file
{
	my ($name, $content) = @_;
	open my $handle, '>:raw', $name or die "$name: $!";
	print $handle $content;
	close $handle;
	return $name;
}

# Exit code, standard output and standard error; the input may be given first by reference.
sub load
{
	my $input = ref $_[0] ? shift : \undef;
	my ($stdout, $stderr) = ('', '');
	IPC::Run::run [ 'shopctl', 'load', @_ ], '<', $input, '>', \$stdout, '2>', \$stderr;
	return ($? >> 8, $stdout, $stderr);
}

# Loads, and compares exit code and what a query then gives.
sub load_is
{
	my ($arguments, $code, $query, $expected, $name) = @_;
	my ($exit, $stdout, $stderr) = load(@$arguments);

	is($exit, $code, "$name: exit code") or diag($stderr);
	is(sql($query), $expected, "$name: rows");
	return ($stdout, $stderr);
}

# Must fail with code 1 and the message, and leave no row and no reject table.
sub load_fails
{
	my ($arguments, $message, $name) = @_;
	my ($exit, $stdout, $stderr) = load(@$arguments);

	is($exit, 1, "$name: exit code");
	like($stderr, $message, "$name: message");
	is($stdout, '', "$name: no summary");
	is(sql(q{SELECT (SELECT count(*) FROM item), to_regclass('load_reject')}), '0|', "$name: nothing is left");
	return;
}

# An empty table item and no reject table, before each test.
sub fresh
{
	sql(q{DROP TABLE IF EXISTS load_reject, item CASCADE;
		CREATE TABLE item (id int, name text, price numeric, sold timestamptz);});
	return;
}

# Text in brackets, with visible line breaks.
sub shown { return "coalesce('[' || replace(replace($_[0], chr(10), '<LF>'), chr(13), '<CR>') || ']', 'NULL')"; }

my $all = 'SELECT id, ' . shown('name') . ', price, sold FROM item ORDER BY id, name';
my $rejects = 'SELECT line, column_name, ' . shown('value') . ', reason, ' . shown('text') . ' FROM load_reject ORDER BY line';

#
# What a CSV file may look like
#
fresh();
my ($stdout, $stderr) = load_is([ '-t', 'item', file('plain.csv', "id,name,price,sold\n1,one,1.50,2024-01-31 10:00+01\n2,,,\n3,\"\",0,\n") ],
	0, $all, "1|[one]|1.50|2024-01-31 09:00:00+00\n2|NULL||\n3|[]|0|", 'plain file');
like($stdout, qr/^plain\.csv: 3 rows loaded, 0 rejected, \d+\.\d s$/, 'summary');
is($stderr, '', 'quiet when not on a terminal');
is(sql(q{SELECT to_regclass('load_reject')}), '', 'no reject table without a reject');

load_is([ '-q', '-t', 'item', 'plain.csv' ], 0, 'SELECT count(*) FROM item', 6, 'the same file again is added');
load_is([ '-q', '-t', 'item', '--truncate', 'plain.csv' ], 0, 'SELECT count(*) FROM item', 3, 'truncate replaces');
is(sql(q{SELECT reltuples FROM pg_class WHERE relname = 'item'}), 3, 'the planner knows of the rows');

my @shapes = (
	[ 'other order, other case, a column missing', "PRICE,Id\n2.5,1\n", "1|NULL|2.5|" ],
	[ 'quoted header with blanks around names', "\" id \", name\t,price\n1,x,2\n", "1|[x]|2|" ],
	[ 'CR LF', "id,name\r\n1,a\r\n2,b\r\n", "1|[a]||\n2|[b]||" ],
	[ 'CR', "id,name\r1,a\r2,\"b\rc\"\r", "1|[a]||\n2|[b<CR>c]||" ],
	[ 'LF and CR LF mixed', "id,name\n1,a\r\n2,b\n", "1|[a]||\n2|[b]||" ],
	[ 'no line break at the end', "id,name\n1,a", "1|[a]||" ],
	[ 'no line break after a closing quote', "id,name\n1,\"a\"", "1|[a]||" ],
	[ 'no line break after an empty field', "id,name\n1,", "1|NULL||" ],
	[ 'a byte order mark', "\xEF\xBB\xBFid,name\n1,a\n", "1|[a]||" ],
	[ 'a byte order mark before a quote', "\xEF\xBB\xBF\"id\",name\n1,a\n", "1|[a]||" ],
	[ 'line breaks and doubled quotes in quotes', "id,name\n1,\"a\n\"\"b\"\",\r\nc\"\n2,\"\"\"\"\n", "1|[a<LF>\"b\",<CR><LF>c]||\n2|[\"]||" ],
	[ 'quotes inside a field are ordinary', "id,name\n1,5\" disk\n2,6\"\n3,7\n", "1|[5\" disk]||\n2|[6\"]||\n3|[7]||" ],
	[ 'what means something to COPY', "id,name\n1,\\N\n2,\\.\n3,a\\tb\tc\\\n", "1|[\\N]||\n2|[\\.]||\n3|[a\\tb\tc\\]||" ],
	[ 'empty lines', "\nid,name\n\n1,a\n\r\n\n2,b\n\n", "1|[a]||\n2|[b]||" ],
	[ 'only a header', "id,name\n", '' ],
	[ 'only a header, no line break', 'id,name', '' ]);
foreach my $shape (@shapes)
{
	my ($name, $content, $expected) = @$shape;
	fresh();
	load_is([ '-q', '-t', 'item', file('shape.csv', $content) ], 0, $all, $expected, $name);
}

sql('CREATE TABLE single (a text)');
load_is([ '-q', '-t', 'single', file('single.csv', "a\nx\n\n\"\"\n") ], 0,
	q{SELECT string_agg(quote_nullable(a), ' ' ORDER BY a) FROM single}, "'' 'x' NULL", 'an empty line of a single column is a row');

fresh();
load_is([ '-q', '-t', 'item', '--delimiter=;', q{--quote='}, '--null=NULL', '--null=-', file('options.csv', "id;name;price\n1;'a;''b';-\n2;NULL;1\n3;'NULL';1\n4;;1\n") ],
	0, $all, "1|[a;'b]||\n2|NULL|1|\n3|[NULL]|1|\n4|[]|1|", 'delimiter, quote and texts for NULL');
fresh();
load_is([ '-q', '-t', 'item', '--delimiter=tab', '--quote=', file('tab.tsv', "id\tname\n1\t\"a\n2\t\n") ],
	0, $all, "1|[\"a]||\n2|NULL||", 'tabs and no quotes');
fresh();
load_is([ '-q', '-t', 'item', '--delimiter=tab', file('tab.csv', "id\tname\n1\t\"a\tb\"\n") ],
	0, $all, "1|[a\tb]||", 'tabs in quotes');
fresh();
load_is([ '-q', '-t', 'item', '--no-header', file('bare.csv', "1,a,2,2024-01-01\n") ],
	0, $all, "1|[a]|2|2024-01-01 00:00:00+00", 'no header: columns of the table');
fresh();
load_is([ '-q', '-t', 'item', '--no-header', '--columns=name,"id"', file('bare.csv', "a,1\n") ],
	0, $all, "1|[a]||", 'no header: columns as named');
fresh();
load_is([ '-q', '-t', 'item', '--no-header', file('empty.csv', '') ], 0, $all, '', 'no header: an empty file has no rows');

#
# Where it comes from
#
my $rows = "id,name\n" . join('', map { "$_,row $_\n" } 1 .. 1000);
my $zipped = Compress::Zlib::memGzip($rows);
my $sum = 'SELECT count(*), sum(id) FROM item';

fresh();
load_is([ '-q', '-t', 'item', file('rows.csv.gz', $zipped) ], 0, $sum, '1000|500500', 'gzip');
fresh();
load_is([ '-q', '-t', 'item', file('rows.csv', $zipped) ], 0, $sum, '1000|500500', 'gzip under another name');
fresh();
load_is([ '-q', '-t', 'item', file('members.gz', join '', map { Compress::Zlib::memGzip($_) } $rows, "1001,", "x\n", '', "1002,y\n") ],
	0, $sum, '1002|502503', 'gzip of several members');
fresh();
load_is([ '-q', '-t', 'item', file('padded.gz', $zipped . "\0" x 700) ], 0, $sum, '1000|500500', 'gzip with padding');
fresh();
load_is([ '-q', '-t', 'item', file('nothing.gz', Compress::Zlib::memGzip("id\n")) ], 0, $sum, '0|', 'gzip of a header');
fresh();
load_is([ \$rows, '-q', '-t', 'item', '-' ], 0, $sum, '1000|500500', 'standard input');
fresh();
load_is([ \$zipped, '-q', '-t', 'item', '-' ], 0, $sum, '1000|500500', 'gzip on standard input');
fresh();
($stdout) = load_is([ '-t', 'item', 'rows.csv.gz', 'plain.csv', 'rows.csv' ], 0, $sum, '2003|1001006', 'several files');
like($stdout, qr/^rows\.csv\.gz: 1000 rows.*\nplain\.csv: 3 rows.*\nrows\.csv: 1000 rows.*\ntotal: 2003 rows loaded, 0 rejected/, 'summary of several files');

#
# Rows that are rejected
#
my $bad = "id,name,price,sold\n"
  . "1,good,1,2024-01-01\n"
  . "two,\"a\nb\",1,\n"
  . "3,c,\"x\"\"y\",\n"
  . "4,d,1,31.02.2024\n"
  . "5,e,1\n"
  . "6,f,1,,\n"
  . "7,\"g\"h,1,\n"
  . "8,good,,\n"
  . "9,\xff\xfe,1,\n"
  . "10,a\0b,1,\n"
  . "11,good,1,\n"
  . "99999999999,k,1,\n"
  . "13,\"open,1,\n14,n,1,\n";
fresh();
($stdout, $stderr) = load_is([ '-t', 'item', file('bad.csv', $bad) ], 3, 'SELECT id FROM item ORDER BY id', "1\n8\n11", 'bad rows');
is(sql($rejects), <<'EOT' =~ s/\n\z//r, 'bad rows: rejects');
3|id|[two]|invalid input syntax for type integer: "two"|[two,"a<LF>b",1,]
5|price|[x"y]|invalid input syntax for type numeric: "x"y"|[3,c,"x""y",]
6|sold|[31.02.2024]|date/time field value out of range: "31.02.2024"|[4,d,1,31.02.2024]
7||NULL|row has 3 fields, but 4 are expected|[5,e,1]
8||NULL|row has 5 fields, but 4 are expected|[6,f,1,,]
9||NULL|text after the closing quote of field 2 in line 9|[7,"g"h,1,]
11|name|[\xff\xfe]|invalid byte for encoding UTF8: 0xff at byte 1|[9,\xff\xfe,1,]
12|name|[a\x00b]|zero byte at byte 2|[10,a\x00b,1,]
14|id|[99999999999]|value "99999999999" is out of range for type integer|[99999999999,k,1,]
15||NULL|the quote that opens field 2 in line 15 does not close before the end of the file|[13,"open,1,<LF>14,n,1,<LF>]
EOT
is(sql(q{SELECT DISTINCT file, table_name, loaded_at <= now() AND loaded_at > now() - interval '1 hour' FROM load_reject}), 'bad.csv|item|t', 'file, table and time');
like($stdout, qr/^bad\.csv: 3 rows loaded, 10 rejected/, 'summary counts rejects');
like($stderr, qr/^shopctl: warning: bad\.csv:3: column "id": invalid input/m, 'rejects are told');
like($stderr, qr/10 rows were rejected\n.*hint: .*public\.load_reject/, 'the reject table is named');

load_is([ '-q', '-t', 'item', '--truncate', 'bad.csv' ], 3, 'SELECT (SELECT count(*) FROM item), (SELECT count(*) FROM load_reject)', '3|10', 'truncate: a second load changes nothing');
load_is([ '-q', '-t', 'item', '--truncate', '--max-rejects=10', 'bad.csv' ], 3, 'SELECT count(*) FROM item', '3', 'as many rejects as allowed');
($stdout, $stderr) = load_is([ '-t', 'item', '--truncate', '--max-rejects=9', 'bad.csv' ], 4, 'SELECT (SELECT count(*) FROM item), (SELECT count(*) FROM load_reject)', '3|10', 'more rejects than allowed change nothing');
like($stderr, qr/more than 9 rows were rejected/, 'too many rejects: message');
is($stdout, '', 'too many rejects: no summary');
fresh();
my ($exit) = load('-q', '-t', 'item', '--max-rejects=0', 'plain.csv', 'bad.csv');
is($exit, 4, 'a reject in the second file');
is(sql('SELECT count(*) FROM item'), 0, 'a reject in the second file undoes the first');

load_is([ '-q', '-t', 'item', '--reject-table=My_Rejects', 'bad.csv' ], 3, 'SELECT count(*) FROM my_rejects', 10, 'reject table by name');
sql('CREATE SCHEMA other');
load_is([ '-q', '-t', 'item', '--reject-table=other."Bad Rows"', 'bad.csv' ], 3, q{SELECT DISTINCT table_name FROM other."Bad Rows"}, 'public.item', 'reject table in another schema');
fresh();
load_fails([ '-t', 'item', '--reject-table=single', 'bad.csv' ], qr/cannot take rejected rows: it lacks file, line/, 'a reject table without the columns');

# Every row is loaded or rejected, wherever the bad ones are.
foreach my $pattern ([ 'first and last', sub { $_[0] == 1 || $_[0] == 5000 } ], [ 'every third', sub { $_[0] % 3 == 0 } ],
	[ 'a run', sub { $_[0] >= 1000 && $_[0] < 1500 } ], [ 'all', sub { 1 } ])
{
	my ($name, $is_bad) = @$pattern;
	my @bad = grep { $is_bad->($_) } 1 .. 5000;
	fresh();
	load('-q', '-t', 'item', file('pattern.csv', "id,price\n" . join('', map { "$_," . ($is_bad->($_) ? 'bad' : 1) . "\n" } 1 .. 5000)));
	is(sql(q{SELECT (SELECT count(*) FROM item), (SELECT count(*) FROM load_reject), (SELECT sum(line - 1) FROM load_reject), (SELECT count(*) FROM load_reject WHERE text <> (line - 1) || ',bad')}),
		join('|', 5000 - @bad, scalar(@bad), eval { my $s = 0; $s += $_ for @bad; $s }, 0), "bad rows: $name");
}

# What a value says is no message of the server's.
fresh();
load_is([ '-q', '-t', 'item', file('liar.csv', "id,name\n1,a\n2,b\n\"x\nCOPY item, line 1, column name: y\",c\n4,d\n") ], 3, 'SELECT id FROM item ORDER BY id', "1\n2\n4", 'a value that looks like an error');
is(sql('SELECT line, column_name FROM load_reject'), '4|id', 'a value that looks like an error: reject');

# Constraints of every kind, checked with the row, after the last row, or at the commit.
fresh();
sql(q{
	CREATE TABLE parent (id int PRIMARY KEY);
	INSERT INTO parent VALUES (1), (2);
	CREATE DOMAIN positive AS int CHECK (VALUE > 0);
	CREATE TABLE child (
		id int PRIMARY KEY, parent int REFERENCES parent, late int REFERENCES parent DEFERRABLE INITIALLY DEFERRED,
		name text NOT NULL CHECK (name <> 'x'), amount positive, during int4range, code varchar(3),
		EXCLUDE USING gist (during WITH &&));
	CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN IF NEW.name = 'skip' THEN RETURN NULL; END IF; RAISE EXCEPTION 'not this name' USING ERRCODE = 'SH001'; END $$;
	CREATE TRIGGER refuse BEFORE INSERT ON child FOR EACH ROW WHEN (NEW.name IN ('refuse', 'skip')) EXECUTE FUNCTION refuse();
	CREATE FUNCTION regret() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'regretted'; END $$;
	CREATE TRIGGER regret AFTER INSERT ON child FOR EACH ROW WHEN (NEW.name = 'regret') EXECUTE FUNCTION regret();
	CREATE TABLE load_reject (file text, line bigint, column_name text, value text, reason text, text text, table_name text, loaded_at timestamptz)});
($stdout) = load_is([ '-t', 'child', file('child.csv', <<'EOT') ], 3, 'SELECT string_agg(id::text, $$ $$ ORDER BY id) FROM child', '1 4 10 15', 'constraints');
id,parent,late,name,amount,during,code
1,1,1,a,1,"[1,5)",abc
2,3,1,a,1,,
3,1,3,a,1,,
4,2,2,a,1,"[5,6)",
1,1,1,b,1,,
6,1,1,,1,,
7,1,1,x,1,,
8,1,1,a,-1,,
9,1,1,a,1,"[2,3)",
10,1,1,a,,,
11,1,1,refuse,1,,
12,1,1,skip,1,,
13,1,1,regret,1,,
14,1,1,a,1,,abcd
15,1,1,a,1,,
,1,1,a,1,,
EOT
like($stdout, qr/4 rows loaded, 11 rejected, 1 skipped by a trigger/, 'constraints: summary');
is(sql('SELECT line, column_name, value, reason FROM load_reject ORDER BY line'), <<'EOT' =~ s/\n\z//r, 'constraints: rejects');
3|||insert or update on table "child" violates foreign key constraint "child_parent_fkey": Key (parent)=(3) is not present in table "parent".
4|||insert or update on table "child" violates foreign key constraint "child_late_fkey": Key (late)=(3) is not present in table "parent".
6|||duplicate key value violates unique constraint "child_pkey": Key (id)=(1) already exists.
7|name||null value in column "name" of relation "child" violates not-null constraint
8|||new row for relation "child" violates check constraint "child_name_check"
9|amount|-1|value for domain positive violates check constraint "positive_check"
10|||conflicting key value violates exclusion constraint "child_during_excl": Key (during)=([2,3)) conflicts with existing key (during)=([1,5)).
12|||not this name
14|||regretted
15|code|abcd|value too long for type character varying(3)
17|id||null value in column "id" of relation "child" violates not-null constraint
EOT

#
# Columns
#
fresh();
load_is([ '-q', '-t', 'item', q{--map=Product No=id,"a, ""b"" = c"=name,junk=}, file('map.csv', "product no,\"a, \"\"b\"\" = c\",junk\n1,x,y\n") ],
	0, $all, "1|[x]||", 'map, with names that need quotes');
fresh();
load_is([ '-q', '-t', 'item', '--ignore-extra', file('extra.csv', "id,what,,name\n1,x,y,z\n") ], 0, $all, "1|[z]||", 'extra columns are ignored on request');
load_is([ '-q', '-t', 'item', '--truncate', '--map=what=', '--map=that=', file('extra.csv', "id,what,that,name\n1,x,y,z\n") ], 0, $all, "1|[z]||", 'columns left out one by one');
fresh();
load_fails([ '-t', 'item', file('extra.csv', "id,what,name,that\n1,x,y,z\n") ], qr/columns that table public\.item lacks: "what", "that"\n.*Columns of public\.item: "id", "name", "price", "sold"\.\n.*--map.*--ignore-extra/, 'extra columns');
load_fails([ '-t', 'item', file('twice.csv', "id,name,id\n1,x,2\n") ], qr/columns 1 and 3 of the header are both named "id"/, 'a name twice in the header');
load_fails([ '-t', 'item', file('case.csv', "id,ID\n1,2\n") ], qr/columns "id" and "ID" both go into column "id"/, 'two names for one column');
load_fails([ '-t', 'item', file('blank.csv', "id,,name\n1,,2\n") ], qr/column 2 of the header has no name/, 'a header with an empty name');
load_fails([ '-t', 'item', '--map=nr=id', 'plain.csv' ], qr/no column "nr" that --map names\n.*Columns of the file: "id", "name"/, 'map of a column the file lacks');
load_fails([ '-t', 'item', '--map=id=nr', 'plain.csv' ], qr/has no column "nr" that --map names\n.*Columns of public\.item/, 'map into a column the table lacks');
load_fails([ '-t', 'item', '--ignore-extra', file('none.csv', "a,b\n1,2\n") ], qr/has no column of table/, 'no column in common');
load_fails([ '-t', 'item', file('headquote.csv', "id,\"name\n1,2\n") ], qr/no proper header in line 1\n.*does not close/, 'a header with an open quote');
load_fails([ '-t', 'item', file('headnul.csv', "i\0d\0\n") ], qr/zero byte\n.*UTF-16/, 'a header with zero bytes');
load_fails([ '-t', 'item', file('headbytes.csv', "id,na\xEFme\n") ], qr/not valid in encoding UTF8\n.*--encoding/, 'a header of another encoding');

sql(q{CREATE TABLE made (id bigint GENERATED ALWAYS AS IDENTITY, "Id Case" int, "ID CASE" int, twice int GENERATED ALWAYS AS ("Id Case" * 2) STORED, d int DEFAULT 7)});
load_is([ '-q', '-t', 'made', file('made.csv', "Id Case\n21\n") ], 0, 'SELECT * FROM made', '1|21||42|7', 'generated values and defaults');
load_is([ '-q', '-t', 'made', '--truncate', file('made.csv', "Id Case\n21\n") ], 0, 'SELECT * FROM made', '1|21||42|7', 'truncate starts identities anew');
load_fails([ '-t', 'made', file('made2.csv', "id,ID CASE\n1,2\n") ], qr/column "id" of table public\.made is generated by the table/, 'a generated column in the file');
load_fails([ '-t', 'made', file('made3.csv', "id case\n1\n") ], qr/several columns of table public\.made have the name "id case"/, 'a name that fits two columns');

#
# Which table
#
sql(q{CREATE SCHEMA "Odd ""Schema"; CREATE TABLE "Odd ""Schema"."Odd Table, line 7" ("odd, col: 1" int, "column x" int);
	CREATE VIEW item_view AS SELECT * FROM item; CREATE SEQUENCE item_seq;
	CREATE TABLE part (id int, price numeric) PARTITION BY RANGE (id); CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (0) TO (10);});
load_is([ '-q', '-t', '"Odd ""Schema"."Odd Table, line 7"', file('odd.csv', "\"odd, col: 1\",column x\n1,2\n3,x: 1\ny,4\n5,6\n") ],
	3, q{SELECT string_agg("column x"::text, ' ') FROM "Odd ""Schema"."Odd Table, line 7"}, '2 6', 'names that need quotes');
is(sql(q{SELECT line, column_name, value, table_name FROM "Odd ""Schema".load_reject ORDER BY line}), "3|column x|x: 1|Odd Table, line 7\n4|odd, col: 1|y|Odd Table, line 7", 'names that need quotes: rejects');
load_is([ '-q', '-t', 'PUBLIC.Item', '--truncate', 'plain.csv' ], 0, 'SELECT count(*) FROM item', 3, 'names are folded as SQL does');
load_is([ '-q', '-t', 'part', file('part.csv', "id,price\n1,2\n11,3\n2,x\n3,1\n") ], 3,
	q{SELECT (SELECT string_agg(id::text, ' ') FROM part), (SELECT string_agg(line || ' ' || coalesce(column_name, '-'), ', ' ORDER BY line) FROM load_reject WHERE table_name = 'part')}, '1 3|3 -, 4 price', 'a partitioned table');
fresh();
load_fails([ '-t', 'nothing', 'plain.csv' ], qr/table "nothing" does not exist in database "postgres"\n.*hint:/, 'unknown table');
load_fails([ '-t', 'a b c', 'plain.csv' ], qr/invalid name syntax|does not exist/, 'not a name');
load_fails([ '-t', 'item_seq', 'plain.csv' ], qr/"item_seq" is not a table/, 'a sequence');
sql('CREATE OR REPLACE VIEW item_view AS SELECT * FROM item');
load_fails([ '-t', 'item_view', 'plain.csv' ], qr/"item_view" is not a table/, 'a view');
load_fails([ '-d', 'nowhere', '-t', 'item', 'plain.csv' ], qr/database "nowhere" does not exist/, 'unknown database');
load_is([ '-q', '-d', $node->connstr('postgres') . " application_name='me'", '-t', 'item', 'plain.csv' ], 0, 'SELECT count(*) FROM item', 3, 'connection string');
fresh();
load_is([ '-q', '-d', 'postgresql:///postgres?host=' . ($node->host =~ s|/|%2F|gr) . '&port=' . $node->port, '-t', 'item', 'plain.csv' ], 0, 'SELECT count(*) FROM item', 3, 'connection URI');
sql(q{CREATE ROLE reader LOGIN; GRANT SELECT ON item TO reader});
fresh();
load_fails([ '-U', 'reader', '-t', 'item', 'plain.csv' ], qr/permission denied for table item/, 'no right to insert');
sql(q{GRANT INSERT ON item TO reader; REVOKE CREATE ON SCHEMA public FROM PUBLIC});
load_fails([ '-U', 'reader', '-t', 'item', 'bad.csv' ], qr/could not .*load_reject.*permission denied for schema public/, 'no right to make the reject table');
load_is([ '-q', '-U', 'reader', '-t', 'item', 'plain.csv' ], 0, 'SELECT count(*) FROM item', 3, 'the reject table is made only when needed');

# A trigger runs in the user's search path, as for any INSERT.
fresh();
sql(q{CREATE TABLE note (n int); CREATE FUNCTION take_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO note VALUES (NEW.id); RETURN NEW; END $$;
	CREATE TRIGGER take_note BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION take_note()});
load_is([ '-q', '-t', 'item', 'plain.csv' ], 0, 'SELECT count(*) FROM note', 3, 'search path of triggers');

#
# Dates
#
sql('CREATE TABLE event (id int, day date, at timestamp, zoned timestamptz, note text)');
my $events = q{SELECT id, day, at, zoned, note FROM event ORDER BY id};
load_is([ '-q', '-t', 'event', '--date-format=DMY', '--timezone=Europe/Berlin', file('dmy.csv', "id,day,at,zoned\n1,03/02/2024,03.02.2024 10:00,3-2-2024 10:00\n") ],
	0, $events, '1|2024-02-03|2024-02-03 10:00:00|2024-02-03 09:00:00+00|', 'DMY and a time zone');
load_is([ '-q', '-t', 'event', '--truncate', '--date-format=DD/MM/YYYY HH24:MI', '--timezone=America/New_York', file('template.csv', "id,at,zoned,note\n1,3/02/2024 9:05,03/12/2024 23:59,03/02/2024 10:00\n2,,,x\n") ],
	0, $events, "1||2024-02-03 09:05:00|2024-12-04 04:59:00+00|03/02/2024 10:00\n2||||x", 'a template concerns date columns alone');
load_is([ '-q', '-t', 'event', '--truncate', '--date-format=Dy, DD Mon YY "at" HH12:MI:SS.MS am TZH:TZM', file('mon.csv', "id,zoned\n1,\"Sat, 03 feb 24 at 12:00:01.5 AM +05:30\"\n2,\"Sun, 4 MAR 99 at 12:30:00.25 p.m. Z\"\n") ],
	0, $events, "1|||2024-02-02 18:30:01.5+00|\n2|||1999-03-04 12:30:00.25+00|", 'a template with names, half-days and zones');
load_is([ '-q', '-t', 'event', '--truncate', '--date-format=YYYYMMDD', file('packed.csv', "id,day\n1,20240229\n2,20230229\n3,2024229\n4,202402290\n5,today\n6,20241301\n7,2024-02-03\n") ],
	3, $events, '1|2024-02-29|||', 'a template without delimiters');
is(sql(q{SELECT line, column_name, value, reason FROM load_reject WHERE table_name = 'event' ORDER BY line}), <<'EOT' =~ s/\n\z//r, 'dates off the template');
3|day|20230229|February 2023 has no day 29
4|day|2024229|value does not match the date format "YYYYMMDD"
5|day|202402290|value goes on after the date format "YYYYMMDD"
6|day|today|value does not match the date format "YYYYMMDD"
7|day|20241301|value does not match the date format "YYYYMMDD"
8|day|2024-02-03|value does not match the date format "YYYYMMDD"
EOT
fresh();
load_fails([ '-t', 'item', '--timezone=Mars/Olympus', 'plain.csv' ], qr/time zone "Mars\/Olympus" is not known/, 'unknown time zone');

#
# Encodings
#
sql('CREATE TABLE word (id int, "größe" text)');
my $words = q{SELECT id, "größe" FROM word ORDER BY id};
load_is([ '-q', '-t', 'word', '--encoding=latin1', file('latin1.csv', "id,gr\xF6\xDFe\n1,M\xFCller\n2,\"a\xDF\"\"\"\n") ], 0, $words, "1|Müller\n2|aß\"", 'LATIN1, in the header too');
load_is([ '-q', '-t', 'word', '--truncate', '--encoding=SJIS', '--no-header', '--delimiter=|', file('sjis.csv', "1|\x95\x5C\\\n2|\x83\x7C\n3|\"\x83\x7C|\x95\x5C\"\"\"\n") ],
	0, $words, "1|表\\\n2|ポ\n3|ポ|表\"", 'SJIS, whose characters embed backslash and bar');
load_is([ '-q', '-t', 'word', '--truncate', '--encoding=GB18030', '--no-header', file('gb.csv', "1,\x81\x30\x81\x30\n2,\xD6\xD0\n3,\xD6\n4,x\n") ],
	3, $words, "1|\x{c2}\x{80}\n2|中\n4|x", 'GB18030, with half a character at the end of a line');
load_is([ '-q', '-t', 'word', '--truncate', file('utf8.csv', "id,GRößE\n1,\xF0\x9F\x9B\x92\n2,\xED\xA0\x80\n3,\xC0\x80\n4,caf\xE9\n5,\xE2\x82\n") ],
	3, $words, "1|\x{f0}\x{9f}\x{9b}\x{92}", 'UTF-8 is checked');
is(sql(q{SELECT line, column_name, value, reason FROM load_reject WHERE file = 'utf8.csv' ORDER BY line}), <<'EOT' =~ s/\n\z//r, 'invalid bytes are named');
3|größe|\xed\xa0\x80|invalid byte for encoding UTF8: 0xed at byte 1
4|größe|\xc0\x80|invalid byte for encoding UTF8: 0xc0 at byte 1
5|größe|caf\xe9|invalid byte for encoding UTF8: 0xe9 at byte 4
6|größe|\xe2\x82|invalid byte for encoding UTF8: 0xe2 at byte 1
EOT
fresh();
load_fails([ '-t', 'item', file('utf16.csv', "\xFF\xFEi\0d\0\n\0") ], qr/encoded in UTF-16\n.*iconv/, 'UTF-16');

fresh();
load_fails([ '-t', 'item', '--encoding=SQL_ASCII', 'plain.csv' ], qr/SQL_ASCII says nothing.*UTF8\n.*hint:/, 'SQL_ASCII into a database with an encoding');
$node->safe_psql('postgres', q{CREATE DATABASE bytes ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0});
$node->safe_psql('bytes', 'CREATE TABLE word (id int, w text)');
($exit) = load('-q', '-d', 'bytes', '-t', 'word', file('bytes.csv', "id,w\n1,caf\xC3\xA9\n2,\xE9\n\xC3\xA9,x\n"));
is($exit, 3, 'a database without encoding: exit code');
is($node->safe_psql('bytes', q{SELECT id, w, (SELECT string_agg(concat_ws(' ', line, value, text), ', ' ORDER BY line) FROM load_reject) FROM word}),
	"1|caf\x{c3}\x{a9}|3 \\xe9 2,\\xe9, 4 \x{c3}\x{a9} \x{c3}\x{a9},x", 'a database without encoding: rows');
($exit) = load('-q', '-d', 'bytes', '-t', 'word', '--truncate', '--encoding=SQL_ASCII', 'bytes.csv');
is($node->safe_psql('bytes', 'SELECT id, w::bytea FROM word ORDER BY id'), "1|\\x636166c3a9\n2|\\xe9", 'a database without encoding takes any bytes, if told so');

$node->safe_psql('postgres', q{CREATE DATABASE west ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0});
$node->safe_psql('west', 'CREATE TABLE word (id int, w text)');
($exit) = load('-q', '-d', 'west', '-t', 'word', file('west.csv', "id,w\n1,caf\xC3\xA9\n2,\xE6\x97\xA5\xC3\xA9\n3,ok\n"));
is($exit, 3, 'a character the database lacks: exit code');
is($node->safe_psql('west', q{SET client_encoding = 'UTF8'; SELECT id, w FROM word ORDER BY id}), "1|café\n3|ok", 'a character the database lacks: rows');
like($node->safe_psql('west', q{SELECT line, column_name, value, text, reason FROM load_reject}), qr/^3\|w\|\\xe6\\x97\\xa5\\xc3\\xa9\|2,\\xe6\\x97\\xa5\\xc3\\xa9\|.*has no equivalent/, 'a character the database lacks: reject');

#
# A store
#
sql(q{CREATE EXTENSION shopanalytics; CALL shopanalytics.create_store('My Shop', timezone => 'America/Sao_Paulo');
	CREATE TABLE sale (order_id text, customer_id text, order_date timestamptz, order_total numeric);
	CALL shopanalytics.map_table('My Shop', 'sessions', 'public.event', '{"session_id": "id", "session_start": "zoned"}')});
load_is([ '-q', '--store=My Shop', '--table=orders', file('orders.csv', "order_id,customer_id,order_date,order_total,status\nO1,C1,2024-01-01 00:00,10,paid\nO2,C1,soon,10,paid\nO3,C1,2024-01-01 00:00Z,-1,paid\n") ],
	3, q{SELECT order_id, order_date, order_total FROM "My Shop".orders ORDER BY order_id}, "O1|2024-01-01 03:00:00+00|10\nO3|2024-01-01 00:00:00+00|-1", 'a store: times are those of its zone');
is(sql(q{SELECT file, line, column_name, value, text, table_name FROM "My Shop".load_reject}), 'orders.csv|3|order_date|soon|O2,C1,soon,10,paid|orders', 'a store has its own rejects');
fresh();
load_fails([ '--store=your shop', '-t', 'orders', 'orders.csv' ], qr/store "your shop" does not exist in database "postgres"\n.*Stores here: My Shop\./, 'unknown store');
load_fails([ '--store=public', '-t', 'item', 'plain.csv' ], qr/store "public" does not exist/, 'a schema that is no store');
load_fails([ '--store=My Shop', '-t', 'order', 'orders.csv' ], qr/table "order" does not exist in store "My Shop"\n.*Tables of the store: .*\borders\b/, 'unknown table of a store');
load_fails([ '--store=My Shop', '-t', 'sessions', 'orders.csv' ], qr/"sessions" of store "My Shop" is a view.*\n.*map_table/, 'a mapped table of a store');
load_fails([ '--store=My Shop', '-t', 'orders', file('rowid.csv', "order_id,row_id,x\nO1,1,2\n") ], qr/lacks: "x"|row_id" of table .* is generated/, 'columns a store lacks');

#
# Files that cannot be read
#
load_fails([ '-t', 'item', 'missing.csv' ], qr/could not open file "missing\.csv": No such file/, 'a missing file');
load_fails([ '-t', 'item', 'plain.csv', 'missing.csv' ], qr/could not open file "missing\.csv"/, 'a missing file after a good one');
load_fails([ '-t', 'item', '.' ], qr/"\." is a directory\n.*hint:/, 'a directory');
load_fails([ '-t', 'item', 'empty.csv' ], qr/"empty\.csv" is empty\n.*--no-header/, 'an empty file');
load_fails([ '-t', 'item', file('lines.csv', "\n\r\n\n") ], qr/is empty/, 'a file of empty lines');
load_fails([ \'', '-t', 'item', '-' ], qr/"stdin" is empty/, 'empty standard input');
load_fails([ '-t', 'item', file('cut.gz', substr($zipped, 0, -10)) ], qr/"cut\.gz" is truncated.*\n.*hint:/, 'gzip cut in its data');
load_fails([ '-t', 'item', file('cut.gz', substr($zipped, 0, -4)) ], qr/"cut\.gz" is truncated/, 'gzip cut in its trailer');
load_fails([ '-t', 'item', file('cut.gz', substr($zipped, 0, 5)) ], qr/"cut\.gz" is truncated/, 'gzip cut in its header');
load_fails([ '-t', 'item', file('cut.gz', $zipped . substr($zipped, 0, 12)) ], qr/"cut\.gz" is truncated/, 'gzip cut in its second member');
load_fails([ '-t', 'item', file('crc.gz', substr($zipped, 0, -8) . "\1\2\3\4" . substr($zipped, -4)) ], qr/"crc\.gz" is damaged: incorrect data check/, 'gzip with a wrong checksum');
load_fails([ '-t', 'item', file('tail.gz', $zipped . 'more') ], qr/"tail\.gz" is damaged: incorrect header check/, 'gzip with something after it');
load_fails([ '-t', 'item', file('book.xlsx', "PK\003\004....") ], qr/ZIP archive or an XLSX workbook.*\n.*CSV/, 'a workbook');
SKIP:
{
	file('secret.csv', "id\n1\n");
	chmod 0, 'secret.csv';
	skip 'everything is readable to this user', 4 if -r 'secret.csv';
	load_fails([ '-t', 'item', 'secret.csv' ], qr/could not open file "secret\.csv": Permission denied/, 'an unreadable file');
}

#
# A load that is cut off leaves nothing
#

# Starts a load in the background; what it writes goes to a file.
sub start_load
{
	my ($stdin, @arguments) = @_;
	my $pid = fork // die "fork: $!";
	return $pid if $pid;
	open STDIN, '<', $stdin or die $!;
	open STDOUT, '>', 'output' or die $!;
	open STDERR, '>&', \*STDOUT or die $!;
	exec 'shopctl', 'load', '-t', 'item', @arguments;
}

sub wait_for
{
	my ($condition) = @_;
	$node->poll_query_until('postgres', qq{SELECT $condition FROM pg_stat_activity WHERE application_name = 'shopctl'}) or die "not so: $condition";
	return;
}

# Cuts a load from a pipe off after rows are with the server, in the way given.
# A bad row makes it use the reject table, too.
sub cut_off
{
	my ($name, $cut, $code, $message) = @_;
	local $SIG{PIPE} = 'IGNORE';

	my $pid = start_load('pipe', '-');
	open my $pipe, '>', 'pipe' or die $!;
	$pipe->autoflush;
	print $pipe "id,name\nbad,x\n", map { "$_," . 'x' x 90 . "\n" } 1 .. 20000;
	wait_for(q{count(*) FILTER (WHERE query LIKE '%COPY%') = 1});
	$cut->($pid, $pipe);
	# the end of the pipe is the end of the file: an interrupt must come before
	usleep(1_000_000);
	close $pipe;
	waitpid $pid, 0;
	is($?, $code, "$name: exit code");
	like(slurp_file('output'), $message, "$name: message");
	wait_for('count(*) = 0');
	is(sql(q{SELECT (SELECT count(*) FROM item), to_regclass('load_reject')}), '0|', "$name: nothing is left");
	return;
}

fresh();
system('mkfifo', 'pipe') == 0 or die 'mkfifo';
cut_off('client killed', sub { kill 'KILL', $_[0] }, 9, qr/\A(?!.*loaded)/s);
cut_off('interrupt', sub { kill 'INT', $_[0] }, 256, qr/error: canceled by user\n.*rolled back; nothing was loaded/);
cut_off('backend ended', sub { sql(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'shopctl'}); print { $_[1] } "9,y\n"; },
	256, qr/(terminating connection|server closed the connection).*nothing was loaded/s);
cut_off('statement cancelled', sub { sql(q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'shopctl'}) },
	256, qr/canceling statement due to user request.*nothing was loaded/s);

# The interrupt reaches a server that is busy, too.
sql(q{CREATE FUNCTION doze() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(180); RETURN NEW; END $$;
	CREATE TRIGGER doze BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION doze()});
my $pid = start_load('/dev/null', 'plain.csv');
wait_for(q{count(*) FILTER (WHERE wait_event = 'PgSleep') = 1});
kill 'INT', $pid;
waitpid $pid, 0;
is($?, 256, 'interrupt of a busy server: exit code');
like(slurp_file('output'), qr/error: canceled by user\n.*nothing was loaded/, 'interrupt of a busy server: message');
is(sql('SELECT count(*) FROM item'), 0, 'interrupt of a busy server: nothing is left');

#
# The progress bar, which needs a terminal
#
SKIP:
{
	skip 'IO::Pty is not installed', 3 unless eval { require IO::Pty; 1 };
	fresh();
	sql(q{CREATE FUNCTION nap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.3); RETURN NEW; END $$;
		CREATE TRIGGER nap BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION nap()});
	my ($pty_in, $pty_out) = ('', '');
	IPC::Run::run [ 'shopctl', 'load', '-t', 'item', file('bar.csv', "id\n1\nx\n") ], '<pty<', \$pty_in, '>pty>', \$pty_out;
	like($pty_out, qr/\r\[=+\] 100%  \d rows  \d+ rows\/s  /, 'progress bar');
	like($pty_out, qr/\r\e\[Kshopctl: warning: bar\.csv:3/, 'a message wipes the bar away');
	like($pty_out, qr/\r\e\[K[^\e]*bar\.csv: 1 row loaded, 1 rejected/, 'the bar is gone at the end');
}

#
# Any text, however quoted, comes back as it was
#
srand(20240229);
my @pieces = (',', '"', '""', "\n", "\r\n", "\r", "\t", '\\', '\\N', '\\.', ';', ' ', 'a', 'word', '0', "\x01", "\x{c3}\x{bc}", "\x{e2}\x{82}\x{ac}", "\x{f0}\x{9f}\x{98}\x{80}", "'", '$', "\x7f");
my (@written, $csv);
sub any_text { return join '', map { $pieces[ rand @pieces ] } 1 .. rand 8; }
foreach my $delimiter (',', ';', "\t", '\\')
{
	my $break = $delimiter eq ';' ? "\r\n" : "\n";
	my $gzip = $delimiter eq "\t";

	@written = ();
	$csv = join($delimiter, 'id', 'a', 'b', 'c') . $break;
	foreach my $id (1 .. 3000)
	{
		my @values = map { rand() < 0.1 ? undef : any_text() } 1 .. 3;
		push @written, join '|', $id, map { defined $_ ? 'x' . unpack('H*', $_) : '' } @values;
		$csv .= join($delimiter, $id, map {
				!defined $_ ? ''
				: ($_ eq '' || /^"|[\r\n]|\Q$delimiter\E/ || rand() < 0.3) ? '"' . s/"/""/gr . '"'
				: $_
			} @values) . $break;
	}
	sql('DROP TABLE IF EXISTS any_text; CREATE TABLE any_text (id int, a text, b text, c text)');
	my ($code, undef, $message) = load('-q', '-t', 'any_text', "--delimiter=$delimiter", file('any.csv', $gzip ? Compress::Zlib::memGzip($csv) : $csv));
	is($code, 0, "any text, delimiter $delimiter: exit code") or diag($message);
	my $read = sql(q{SELECT id, 'x' || encode(convert_to(a, 'UTF8'), 'hex'), 'x' || encode(convert_to(b, 'UTF8'), 'hex'), 'x' || encode(convert_to(c, 'UTF8'), 'hex') FROM any_text ORDER BY id});
	ok($read eq join("\n", @written), "any text, delimiter $delimiter: comes back as it was");
}

# Any bytes whatever: each row is loaded or rejected, and nothing crashes.
foreach my $round (1 .. 20)
{
	my $bytes = "id,name\n" . join '', map { rand() < 0.7 ? $pieces[ rand @pieces ] : rand() < 0.5 ? chr(rand 256) : "\n1," } 1 .. 3000;
	fresh();
	my ($code, $summary) = load('-t', 'item', file('bytes.csv', $bytes));
	my ($loaded, $rejected) = $summary =~ /: (\d+) rows? loaded, (\d+) rejected/;
	ok($code == 3 && sql('SELECT count(*) FROM item') == $loaded && sql('SELECT count(*) FROM load_reject') == $rejected, "any bytes, round $round");
}

# Fields longer than every buffer, and a row over the limit of memory for a batch.
fresh();
my $long = 'x' x (3 * 1024 * 1024) . "\x{c3}\x{a9}" . '"' x (1024 * 1024);
load_is([ '-q', '-t', 'item', file('long.csv', "id,name\n1,a\n2,\"" . $long =~ s/"/""/gr . "\"\n3,b\nx,\"$long\"\n4,c\n") ],
	3, q{SELECT string_agg(id || ':' || octet_length(name), ' ' ORDER BY id) FROM item}, '1:1 2:4194306 3:1 4:1', 'long fields');
is(sql(q{SELECT octet_length(text) > 4194306 FROM load_reject}), 't', 'long fields: reject');

$node->stop;
chdir '/';
done_testing();
