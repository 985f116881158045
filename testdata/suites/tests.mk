# The tests; included by the Makefile. `make test` installs the packages it
# needs (as root, with apt), builds, and runs everything.

TEST_PACKAGES := gcc make pkg-config libc6-dev libmnl-dev libnftnl-dev libjansson-dev \
	libnl-3-dev libnl-genl-3-dev libnl-route-3-dev check ipvsadm \
	nftables iproute2 conntrack iptables procps util-linux binutils strace valgrind mandoc shellcheck cppcheck \
	libyajl-dev qemu-system-x86 busybox-static cpio kmod
SUITES := unit fuzz-corpus pure golden-check switch-off man-check bench-smoke nft-versions packets vm vm-unit vm-golden vm-cost sanitize valgrind

test: deps-test
	@$(MAKE) --no-print-directory all
	@bash testdata/suites/run-suites.sh $(SUITES)
check: test

deps-test:
	@bash testdata/suites/packages.sh $(TEST_PACKAGES)

# Each suite ends with a line "NAME: N passed, N failed[, N skipped]".
unit: $(TESTS)
	@bash testdata/suites/unit.sh unit $(TESTS)
fuzz-corpus: $(FUZZERS)
	@bash testdata/suites/fuzz.sh $B $(FUZZERS)
pure: $B/libsvcrules.a
	@bash testdata/suites/pure.sh
golden-check: $B/svcrules
	@bash testdata/suites/golden.sh
	@bash testdata/suites/golden-kernel.sh
switch-off: $B/svcrules
	@bash testdata/suites/switch-off.sh
man-check: $B/svcrules
	@bash testdata/suites/man.sh
bench-smoke: $B/svcrules $B/probe $B/cluster $B/bench-tool
	@bash testdata/suites/bench-smoke.sh
nft-versions: $B/svcrules
	@bash testdata/suites/nft-versions.sh
packets: $B/svcrules $B/probe
	@bash testdata/suites/packets/run.sh
.PHONY: vm vm-unit vm-golden vm-cost
vm: $B/svcrules $B/probe
	@bash testdata/suites/vm-packets.sh
# what needs IPVS and a dummy interface, which this machine's kernel may not have
vm-unit: $B/svcrules $B/probe $(filter $B/cmd/svcrules/genl_test $B/cmd/svcrules/dummy_test $B/cmd/svcrules/vs_sysctl_test,$(TESTS))
	@bash testdata/suites/vm-unit.sh $(filter %_test,$^)
vm-golden: $B/svcrules
	@bash testdata/suites/vm-golden.sh
vm-cost: $B/svcrules $B/cluster
	@bash testdata/suites/vm-ipvs-cost.sh
golden: $B/svcrules
	@bash testdata/suites/golden.sh --update

sanitize:
	@$(MAKE) --no-print-directory SANITIZE=address,undefined unit fuzz-corpus
valgrind: $(TESTS) $B/svcrules
	@bash testdata/suites/valgrind.sh $B

# Results go to build/bench; bench-readme takes the last ones over into the README.
.PHONY: bench bench-large bench-readme
bench bench-large: deps-test
	@$(MAKE) --no-print-directory $B/svcrules $B/cluster $B/bench-tool
	@bash testdata/suites/bench/run.sh $(if $(filter bench-large,$@),large,normal)
bench-readme:
	@bash testdata/suites/bench/readme.sh

demo:
	@bash testdata/suites/demo.sh

check-headers:
	@for h in lib/*.h rules/*/*.h cmd/*/*.h; do case $$h in lib/banned.h) continue;; esac; \
	  echo "#include \"$$h\"" | $(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(WARNINGS) -std=gnu11 -fsyntax-only -x c - || exit 1; done

lint: check-headers
	cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability --inline-suppr \
	  --suppress=missingIncludeSystem --suppress=unknownMacro --suppress=identicalInnerCondition --suppress=invalidPrintfArgType_uint \
	  -D_GNU_SOURCE -Ilib -I. lib rules cmd
	shellcheck -x testdata/suites/*.sh testdata/suites/*/*.sh .ci/run

install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR) \
	  $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man3 $(DESTDIR)$(MANDIR)/man5
	install -m 755 $B/svcrules $(DESTDIR)$(BINDIR)/svcrules
	install -m 644 $B/libsvcrules.a $(DESTDIR)$(LIBDIR)/libsvcrules.a
	install -m 755 $B/libsvcrules.so $(DESTDIR)$(LIBDIR)/libsvcrules.so.$(SOVERSION)
	ln -sf libsvcrules.so.$(SOVERSION) $(DESTDIR)$(LIBDIR)/libsvcrules.so
	install -m 644 lib/svcrules.h $(DESTDIR)$(INCLUDEDIR)/svcrules.h
	install -m 644 $B/svcrules.pc $(DESTDIR)$(LIBDIR)/pkgconfig/svcrules.pc
	for s in 1 3 5; do install -m 644 man/*.$$s $(DESTDIR)$(MANDIR)/man$$s/; done

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/svcrules $(DESTDIR)$(LIBDIR)/libsvcrules.* $(DESTDIR)$(INCLUDEDIR)/svcrules.h \
	  $(DESTDIR)$(LIBDIR)/pkgconfig/svcrules.pc $(DESTDIR)$(MANDIR)/man1/svcrules.1 \
	  $(DESTDIR)$(MANDIR)/man3/libsvcrules.3 $(DESTDIR)$(MANDIR)/man5/svcrules.5

clean:
	rm -rf build
