# svcrules: one Makefile, not recursive. See README.md for the targets users need.
VERSION := $(shell cat VERSION)
SOVERSION := 0
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/sbin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g
V ?= 0
SANITIZE ?=

comma := ,
B := build$(if $(SANITIZE),/$(subst $(comma),-,$(SANITIZE)))
Q := $(if $(filter 1,$(V)),,@)

LIB_PKGS := libmnl libnftnl jansson
# of the command alone: IPVS and its dummy interface
CMD_PKGS := libnl-3.0 libnl-genl-3.0 libnl-route-3.0
override CFLAGS += -std=gnu11 -fPIC -fvisibility=hidden -MMD -MP
override CPPFLAGS += -D_GNU_SOURCE -DSVCRULES_VERSION='"$(VERSION)"' -Ilib -I. \
	-include lib/banned.h
WARNINGS := -Wall -Wextra -Wshadow -Wvla -Wformat=2 -Wwrite-strings \
	-Wstrict-prototypes -Wmissing-prototypes -Wundef
override CFLAGS += $(WARNINGS) $(if $(CI),-Werror)
ifneq ($(SANITIZE),)
override CFLAGS += -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all
override LDFLAGS += -fsanitize=$(SANITIZE)
endif
PKG_CFLAGS = $(shell $(PKG_CONFIG) --cflags $(LIB_PKGS) 2>/dev/null)
PKG_LIBS = $(shell $(PKG_CONFIG) --libs $(LIB_PKGS) 2>/dev/null)
CMD_CFLAGS = $(shell $(PKG_CONFIG) --cflags $(CMD_PKGS) 2>/dev/null)
CMD_LIBS = $(shell $(PKG_CONFIG) --libs $(CMD_PKGS) 2>/dev/null)
CHECK_LIBS = $(shell $(PKG_CONFIG) --libs check 2>/dev/null)

ALL_SRC := $(wildcard lib/*.c lib/*/*.c rules/*.c rules/*/*.c cmd/*/*.c cmd/*/*/*.c)
TEST_SRC := $(filter %_test.c,$(ALL_SRC))
FUZZ_SRC := $(filter %_fuzz.c,$(ALL_SRC))
SRC := $(filter-out $(TEST_SRC) $(FUZZ_SRC),$(ALL_SRC))
LIB_SRC := $(filter lib/% rules/%,$(SRC))
CMD_SRC := $(filter cmd/svcrules/%,$(SRC))
LIB_OBJ := $(LIB_SRC:%.c=$B/%.o)
CMD_OBJ := $(CMD_SRC:%.c=$B/%.o)
CLUSTER_OBJ := $(patsubst %.c,$B/%.o,$(filter cmd/cluster/%,$(SRC)))
BENCH_OBJ := $(patsubst %.c,$B/%.o,$(filter cmd/bench/%,$(SRC)))
TESTS := $(TEST_SRC:%.c=$B/%)
FUZZERS := $(FUZZ_SRC:%.c=$B/%)

.PHONY: all test check golden check-headers lint demo install uninstall clean deps-test \
	unit fuzz-corpus pure golden-check switch-off man-check bench-smoke nft-versions packets sanitize valgrind
all: $B/svcrules $B/probe $B/libsvcrules.a $B/libsvcrules.so $B/svcrules.pc

$B/cmd/svcrules/%.o: override CFLAGS += $(CMD_CFLAGS) -Icmd/svcrules
$B/%.o: %.c Makefile VERSION
	@mkdir -p $(@D)
	$(if $(filter 0,$V),@echo '  CC   $<')
	$Q$(CC) $(CPPFLAGS) $(CFLAGS) $(PKG_CFLAGS) -c -o $@ $<

$B/libsvcrules.a: $(LIB_OBJ)
	$(if $(filter 0,$V),@echo '  AR   $@')
	$Q$(AR) rcs $@.tmp $(LIB_OBJ) && mv $@.tmp $@

$B/libsvcrules.so: $(LIB_OBJ)
	$(if $(filter 0,$V),@echo '  LD   $@')
	$Q$(CC) -shared -Wl,-soname,libsvcrules.so.$(SOVERSION) $(LDFLAGS) -o $@ $(LIB_OBJ) $(PKG_LIBS)

$B/svcrules: $(CMD_OBJ) $B/libsvcrules.a
	$(if $(filter 0,$V),@echo '  LD   $@')
	$Q$(CC) $(LDFLAGS) -o $@ $(CMD_OBJ) $B/libsvcrules.a -Wl,--as-needed $(PKG_LIBS) $(CMD_LIBS)

# static where that is to be had: a test starts it thousands of times
$B/probe: $B/cmd/probe/probe.o
	$Q$(CC) -static $(LDFLAGS) -o $@ $< 2>/dev/null || $(CC) $(LDFLAGS) -o $@ $<

# made-up clusters, and the programs of `make bench`: for tests, not installed
$B/cluster: $(CLUSTER_OBJ)
	$(if $(filter 0,$V),@echo '  LD   $@')
	$Q$(CC) $(LDFLAGS) -o $@ $^
$B/bench-tool: $(BENCH_OBJ) $B/libsvcrules.a
	$(if $(filter 0,$V),@echo '  LD   $@')
	$Q$(CC) $(LDFLAGS) -o $@ $^ -Wl,--as-needed $(PKG_LIBS) -lyajl

# made anew each time: PREFIX may have changed
$B/svcrules.pc: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(LIBDIR)' 'includedir=$(INCLUDEDIR)' '' \
	  'Name: svcrules' 'Description: Kubernetes Services to kernel rule sets' \
	  'Version: $(VERSION)' 'Requires.private: $(LIB_PKGS)' \
	  'Libs: -L$${libdir} -lsvcrules' 'Cflags: -I$${includedir}' > $@

.PHONY: FORCE
FORCE:

$(TESTS): $B/%_test: $B/%_test.o $B/libsvcrules.a
	$(if $(filter 0,$V),@echo '  LD   $@')
	$Q$(CC) $(LDFLAGS) -o $@ $< $(filter-out %/main.o,$(if $(findstring cmd/svcrules,$<),$(CMD_OBJ))) \
	  $B/libsvcrules.a $(PKG_LIBS) $(if $(findstring cmd/svcrules,$<),$(CMD_LIBS)) $(CHECK_LIBS)
ifneq ($(filter cmd/svcrules/%,$(TEST_SRC)),)
$(filter $B/cmd/svcrules/%,$(TESTS)): $(CMD_OBJ)
endif
# A test that replaces the allocator does so for our own objects only.
$B/lib/alloc_test: override LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free

$(FUZZERS): $B/%_fuzz: $B/%_fuzz.o $B/libsvcrules.a
	$Q$(CC) $(LDFLAGS) -o $@ $< $B/libsvcrules.a $(PKG_LIBS)

-include $(ALL_SRC:%.c=$B/%.d)

include testdata/suites/tests.mk
