# svcrules: one Makefile, not recursive. `make help` lists the targets.
VERSION := $(shell cat VERSION)
SOVERSION := 1
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
SBINDIR ?= $(PREFIX)/sbin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
UNITDIR ?= $(PREFIX)/lib/systemd/system
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g
V ?= 0
SANITIZE ?=
HARDEN ?= 1

comma := ,
B := build$(if $(SANITIZE),/$(subst $(comma),-,$(SANITIZE)))
Q := $(if $(filter 1,$(V)),,@)

LIB_PKGS := libmnl libnftnl jansson yaml-0.1 libcrypto
# of the command alone: route messages of the interface svcrules0; capabilities
CMD_PKGS := libnl-3.0 libnl-route-3.0 libcap-ng
override CFLAGS += -std=gnu11 -fPIC -fvisibility=hidden -MMD -MP
override CPPFLAGS += -D_GNU_SOURCE -DSVCRULES_VERSION='"$(VERSION)"' -Ilib -I. \
	-include lib/banned.h
# Flags of the compiler that this one knows, among those given.
supported = $(foreach f,$(1),$(shell $(CC) -Werror $(f) -x c -S -o /dev/null /dev/null 2>/dev/null && echo '$(f)'))
# What an attacker finds harder to use; HARDEN= leaves it out. Sanitizers bring checks of their own,
# and _FORTIFY_SOURCE needs an optimising compiler.
ifeq ($(HARDEN),1)
HARDEN_CFLAGS := $(call supported,-fstack-protector-strong -fstack-clash-protection -fcf-protection)
HARDEN_LDFLAGS := -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack
PIE := -pie
ifeq ($(SANITIZE),)
HARDEN_CFLAGS += $(if $(filter -O1 -O2 -O3 -Os -O,$(CFLAGS)),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif
endif
# The same source gives the same bytes in every folder: its name, which the shell knows as the
# compiler may, is replaced.
SAME_BYTES := $(if $(call supported,-ffile-prefix-map=/x=.),\
	-ffile-prefix-map="$$(pwd -P)"=. -ffile-prefix-map="$$PWD"=.)
override CFLAGS += $(HARDEN_CFLAGS) $(SAME_BYTES)
override LDFLAGS += $(HARDEN_LDFLAGS)
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

ALL_SRC := $(sort $(wildcard lib/*.c lib/*/*.c rules/*.c rules/*/*.c cmd/*/*.c cmd/*/*/*.c))
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

.PHONY: all help
all: $B/svcrules $B/libsvcrules.a $B/libsvcrules.so $B/svcrules.pc ## the program and the library (the default)

# A target is listed with the text after "##" on its line.
help: ## this list
	@sed -nE 's/^([a-z][a-z-]*):([^#]*)## (.*)/\1\t\3/p' $(filter-out %.d,$(MAKEFILE_LIST)) | \
	  while IFS='	' read -r target text; do printf '%-16s %s\n' "$$target" "$$text"; done
	@printf '\nSuites of tests, each a target:'; printf ' %s' $(SUITES); echo
	@echo 'Variables: PREFIX DESTDIR DISTDIR CC CFLAGS HARDEN= SANITIZE=address,undefined V=1'

$B/cmd/svcrules/%.o: override CFLAGS += -iquote cmd/svcrules
$B/cmd/svcrules/kernel/link.o: override CFLAGS += $(CMD_CFLAGS)
$B/%.o: %.c Makefile VERSION
	@mkdir -p $(@D)
	$(if $(filter 0,$V),@echo '  CC   $<')
	$Q$(CC) $(CPPFLAGS) $(CFLAGS) $(PKG_CFLAGS) -c -o $@ $<

$B/libsvcrules.a: $(LIB_OBJ)
	$(if $(filter 0,$V),@echo '  AR   $@')
	$Q$(AR) rcsD $@.tmp $(LIB_OBJ) && mv $@.tmp $@

$B/libsvcrules.so: $(LIB_OBJ)
	$(if $(filter 0,$V),@echo '  LD   $@')
	$Q$(CC) -shared -Wl,-soname,libsvcrules.so.$(SOVERSION) $(LDFLAGS) -o $@ $(LIB_OBJ) $(PKG_LIBS)

$B/svcrules: $(CMD_OBJ) $B/libsvcrules.a
	$(if $(filter 0,$V),@echo '  LD   $@')
	$Q$(CC) $(PIE) $(LDFLAGS) -o $@ $(CMD_OBJ) $B/libsvcrules.a -Wl,--as-needed $(PKG_LIBS) $(CMD_LIBS) -ldl

# a helper of the tests, static where possible: they start it thousands of times
$B/probe: $B/cmd/probe/probe.o
	$Q$(CC) -static $(LDFLAGS) -o $@ $< 2>/dev/null || $(CC) $(LDFLAGS) -o $@ $<

# generated clusters, and the programs of `make bench`: for tests, not installed
$B/cluster: $(CLUSTER_OBJ)
	$(if $(filter 0,$V),@echo '  LD   $@')
	$Q$(CC) $(LDFLAGS) -o $@ $^
$B/bench-tool: $(BENCH_OBJ) $B/libsvcrules.a
	$(if $(filter 0,$V),@echo '  LD   $@')
	$Q$(CC) $(LDFLAGS) -o $@ $^ -Wl,--as-needed $(PKG_LIBS) -lyajl

# written again each time, because PREFIX may have changed
$B/svcrules.pc: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(LIBDIR)' 'includedir=$(INCLUDEDIR)' '' \
	  'Name: svcrules' 'Description: Kubernetes Services to kernel rule sets' \
	  'Version: $(VERSION)' 'Requires.private: $(LIB_PKGS)' \
	  'Libs: -L$${libdir} -lsvcrules' 'Cflags: -I$${includedir}' > $@

# made by the program from its tables
$B/completion.%: $B/svcrules
	$Q$< help --completion $* >$@.tmp && mv $@.tmp $@

# the folder of the program is written into the unit
$B/svcrules.service $B/svcrules.timer: $B/%: systemd/% FORCE
	$Qsed 's|/usr/local/bin|$(BINDIR)|g' $< >$@

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
# libyaml's archive has its allocations replaced too.
$B/lib/read_alloc_test: override PKG_LIBS := $(subst -lyaml,-l:libyaml.a,$(PKG_LIBS))
$B/rules/alloc_test $B/rules/reasons_alloc_test $B/rules/explain/explain_alloc_test $B/lib/read_alloc_test \
$B/rules/dns/zones_alloc_test \
$B/rules/nginx/nginx_alloc_test $B/rules/check/check_alloc_test $B/rules/iptables/alloc_test \
$B/cmd/svcrules/secrecy_test: override LDFLAGS += \
  -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free,--wrap=reallocarray,--wrap=strdup,--wrap=vasprintf,--wrap=asprintf

$(FUZZERS): $B/%_fuzz: $B/%_fuzz.o $B/libsvcrules.a
	$Q$(CC) $(LDFLAGS) -o $@ $< $B/libsvcrules.a $(PKG_LIBS)

-include $(ALL_SRC:%.c=$B/%.d)

# What is installed, one line each: mode, source and destination; or "link", what the
# link says and where it is. uninstall removes the destinations, and no folder.
define INSTALLED
755 $B/svcrules $(BINDIR)/svcrules
link $(BINDIR)/svcrules $(SBINDIR)/svcrules
644 $B/libsvcrules.a $(LIBDIR)/libsvcrules.a
755 $B/libsvcrules.so $(LIBDIR)/libsvcrules.so.$(SOVERSION)
link libsvcrules.so.$(SOVERSION) $(LIBDIR)/libsvcrules.so
644 lib/svcrules.h $(INCLUDEDIR)/svcrules.h
644 lib/svcrules_review.h $(INCLUDEDIR)/svcrules_review.h
644 lib/svcrules_explain.h $(INCLUDEDIR)/svcrules_explain.h
644 lib/svcrules_services.h $(INCLUDEDIR)/svcrules_services.h
644 lib/svcrules_check.h $(INCLUDEDIR)/svcrules_check.h
644 $B/svcrules.pc $(LIBDIR)/pkgconfig/svcrules.pc
644 man/svcrules.1 $(MANDIR)/man1/svcrules.1
644 man/libsvcrules.3 $(MANDIR)/man3/libsvcrules.3
644 man/svcrules.5 $(MANDIR)/man5/svcrules.5
644 man/svcrules-nginx.5 $(MANDIR)/man5/svcrules-nginx.5
644 man/svcrules-check.7 $(MANDIR)/man7/svcrules-check.7
644 man/svcrules-debugging.7 $(MANDIR)/man7/svcrules-debugging.7
644 $B/completion.bash $(BASHDIR)/svcrules
644 $B/completion.zsh $(ZSHDIR)/_svcrules
644 $B/completion.fish $(FISHDIR)/svcrules.fish
644 $B/svcrules.service $(UNITDIR)/svcrules.service
644 $B/svcrules.timer $(UNITDIR)/svcrules.timer
endef
export INSTALLED

# so that programs find the library, or no longer look for it; not for a folder that is packed
LDCONFIG = $(if $(DESTDIR),,@ldconfig || echo 'note: ldconfig failed: programs may not find libsvcrules.so' >&2)

.PHONY: install uninstall clean dist
install: all $B/completion.bash $B/completion.zsh $B/completion.fish $B/svcrules.service \
  $B/svcrules.timer ## to PREFIX (/usr/local), below DESTDIR if it is set
	@echo "$$INSTALLED" | while read -r mode from to; do \
	  to="$(DESTDIR)$$to"; echo "  INSTALL $$to"; \
	  case $$mode in \
	  link) mkdir -p "$${to%/*}" || exit 1; \
	    [ "$(DESTDIR)$${from%/*}" -ef "$${to%/*}" ] || ln -sfn "$$from" "$$to" ;; \
	  *) install -D -m "$$mode" "$$from" "$$to" ;; \
	  esac || exit 1; \
	done
	$(LDCONFIG)

uninstall: ## removes the files that install made, with the same PREFIX and DESTDIR
	@echo "$$INSTALLED" | while read -r mode from to; do rm -f "$(DESTDIR)$$to" || exit 1; done
	$(LDCONFIG)

clean: ## removes build/ and the archive of `make dist`
	rm -rf build svcrules-$(VERSION).tar.gz

# From the last commit; without git, from all files except those that were built.
DIST := svcrules-$(VERSION)
DISTDIR ?= .
dist: ## svcrules-VERSION.tar.gz, the source, in DISTDIR (.)
	@mkdir -p $B
	@if [ -e .git ] && git rev-parse -q --verify HEAD >/dev/null 2>&1; then \
	  git diff --quiet HEAD || echo 'note: changes that are not committed are left out' >&2; \
	  git archive --format=tar --prefix=$(DIST)/ HEAD; \
	else \
	  tar -c --sort=name --owner=0 --group=0 --numeric-owner --exclude='./$(DIST).tar.gz' --exclude=./build \
	    --exclude=./.git --transform='s,^\.,$(DIST),' .; \
	fi >$B/dist.tar && gzip -9n <$B/dist.tar >"$(DISTDIR)/$(DIST).tar.gz"; status=$$?; rm -f $B/dist.tar; exit $$status

.PHONY: demo bench bench-large bench-readme
demo: ## the application of the example on one machine, in private namespaces, with real requests
	@$S/demo.sh $(DEMO_PACKAGES)

bench: deps-bench ## measures svcrules and others, within 8 minutes; as root
bench-large: deps-bench ## the same with all sizes and more runs
bench bench-large:
	@$(MAKE) --no-print-directory $B/svcrules $B/cluster $B/bench-tool
	@$S/bench/run.sh $(if $(filter bench-large,$@),large,normal)
bench-readme: ## the results of the last bench into BENCHMARK.md, README.md and the plot
	@$S/bench/readme.sh

# Each header compiles alone.
.PHONY: check-headers lint
HEADERS := $(filter-out lib/banned.h,$(wildcard lib/*.h lib/*/*.h rules/*.h rules/*/*.h cmd/*/*.h cmd/*/*/*.h))
check-headers: ## each header compiles alone
	@for h in $(HEADERS); do \
	  case $$h in cmd/svcrules/*) more='$(CMD_CFLAGS) -iquote cmd/svcrules' ;; *) more= ;; esac; \
	  echo "#include \"$$h\"" | $(CC) $(CPPFLAGS) $$more $(PKG_CFLAGS) $(WARNINGS) -std=gnu11 -fsyntax-only -x c - || exit 1; done

lint: check-headers shape ## headers, limits of the source, cppcheck and shellcheck
	cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability --inline-suppr \
	  --suppress=missingIncludeSystem --suppress=unknownMacro --suppress=identicalInnerCondition --suppress=invalidPrintfArgType_uint \
	  -D_GNU_SOURCE -Ilib -I. lib rules cmd
	shellcheck -x testdata/suites/*.sh testdata/suites/*/*.sh .ci/run

include testdata/suites/tests.mk
