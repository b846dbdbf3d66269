# make demo     everything from an empty machine to a shop's daily KPIs; make demo-stop
# make check    everything from an empty machine to the test result; one test by
#               make check ARGS=email  or  make check ARGS=test/t/030_olist.pl
#
# Both install what is missing and work on private servers under build/.
# The ordinary targets (all, install, installcheck, clean) are those of PGXS
# and need PostgreSQL's server headers.

PRIVATE_GOALS = check demo demo-stop lint format bench fuzz

ifneq ($(filter $(PRIVATE_GOALS),$(MAKECMDGOALS)),)

.PHONY: $(PRIVATE_GOALS)
$(PRIVATE_GOALS):
	@.ci/$@ $(ARGS)

else

EXTENSION = shopanalytics
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(EXTENSION).control)

MODULE_big = $(EXTENSION)
OBJS = $(patsubst %.c,%.o,$(filter-out src/client/%,$(sort $(wildcard src/*.c src/*/*.c))))
PG_CPPFLAGS = -Isrc -DSHOPANALYTICS_VERSION='"$(EXTVERSION)"'
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare
SHLIB_LINK += -lidn2

# The install script is its numbered parts, in name order.
SQL_PARTS = $(sort $(wildcard sql/[0-9][0-9]-*/*.sql))
DATA = $(wildcard sql/$(EXTENSION)--*--*.sql)
DATA_built = sql/$(EXTENSION)--$(EXTVERSION).sql

REGRESS = $(patsubst test/sql/%.sql,%,$(sort $(wildcard test/sql/*.sql)))
REGRESS_OPTS = --inputdir=test --load-extension=$(EXTENSION)
ISOLATION = $(patsubst test/specs/%.spec,%,$(sort $(wildcard test/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test --outputdir=. --load-extension=$(EXTENSION)
TAP_TESTS = 1
PROVE_TESTS = test/t/*.pl

# PGXS builds a module or a program, not both: the client has a rule of its own
# and rides on SCRIPTS_built for install, uninstall and clean.
CLIENT = src/client/shopctl
CLIENT_SRC = $(sort $(wildcard src/client/*.c))
SCRIPTS_built = $(CLIENT)

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

$(OBJS): $(wildcard src/*.h src/*/*.h) $(EXTENSION).control

$(DATA_built): $(SQL_PARTS) $(EXTENSION).control
	cat $(SQL_PARTS) > $@

$(CLIENT): $(CLIENT_SRC) $(wildcard src/client/*.h) $(EXTENSION).control
	$(CC) $(CFLAGS) -I$(libpq_srcdir) $(CPPFLAGS) $(CLIENT_SRC) $(LDFLAGS) -L$(pkglibdir) -lpgfeutils $(libpq_pgport) -lz -o $@

endif
