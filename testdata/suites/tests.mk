# The tests; included by the Makefile. testdata/README.md describes each suite and
# how to run one case of it.

BUILD_PACKAGES := gcc make pkg-config libc6-dev libmnl-dev libnftnl-dev libjansson-dev libyaml-dev \
	libnl-3-dev libnl-route-3-dev libcap-ng-dev libssl-dev
CHECK_PACKAGES := $(BUILD_PACKAGES) check binutils mandoc nftables iproute2 conntrack ipvsadm \
	procps util-linux strace perl-base g++ zsh fish systemd python3-yaml busybox-static \
	nsd bind9-utils bind9-dnsutils knot-dnssecutils nginx-light curl openssl
DEMO_PACKAGES := $(BUILD_PACKAGES) iproute2 util-linux nsd bind9-dnsutils nginx-light curl openssl netcat-openbsd
TEST_PACKAGES := $(CHECK_PACKAGES) iptables valgrind shellcheck cppcheck universal-ctags clang-format \
	libyajl-dev qemu-system-x86 cpio kmod
BENCH_PACKAGES := $(TEST_PACKAGES) wrk

# The suites in the order in which they run, one line each:
# $(call suite,NAME,check or test,SECONDS,PREREQUISITES,COMMAND)
# "check" suites run in `make check` and in `make test`, "test" suites in `make test` alone.
# SECONDS is about what the suite takes on two cores. The line makes the target NAME; each
# suite ends with a line "NAME: N passed, N failed[, N skipped]".
S := bash testdata/suites
# unit test programs that need a module this kernel may not have, wherever they are
VM_TESTS := $(foreach t,ipvs_test ipvs_generic_test ipvs_make_test link_test,$(or $(filter %/$t,$(TESTS)),\
	$(error no test program is named $t any more: change VM_TESTS in testdata/suites/tests.mk)))
define suite
$(if $(filter $(1),$(SUITES)),$(error suite $(1) is declared twice))
$(if $(filter check test,$(2)),,$(error suite $(1): '$(2)' is neither check nor test))
SUITES += $(1)
TEST_SECONDS += $(3)
$(if $(filter check,$(2)),CHECK_SUITES += $(1))
$(if $(filter check,$(2)),CHECK_SECONDS += $(3))
.PHONY: $(1)
$(1): $(4)
	@$(5)
endef
SUITES :=
CHECK_SUITES :=
TEST_SECONDS :=
CHECK_SECONDS :=
$(eval $(call suite,unit,check,20,$(TESTS),$S/unit.sh unit $(TESTS)))
$(eval $(call suite,fuzz-corpus,test,5,$(FUZZERS),$S/fuzz.sh $(FUZZERS)))
$(eval $(call suite,pure,check,3,$B/libsvcrules.a $B/libsvcrules.so,$S/pure.sh))
$(eval $(call suite,golden-check,check,3,$B/svcrules,$S/golden.sh))
$(eval $(call suite,mistakes,check,5,$B/svcrules $B/cluster,$S/check.sh))
$(eval $(call suite,get,check,2,$B/svcrules,$S/get.sh))
$(eval $(call suite,reasons,check,10,$B/svcrules,$S/reasons.sh))
$(eval $(call suite,status,check,15,$B/svcrules,$S/status.sh))
$(eval $(call suite,explain-check,check,5,$B/svcrules,$S/explain.sh))
$(eval $(call suite,input,check,10,$B/svcrules $B/cluster,$S/input.sh))
$(eval $(call suite,golden-kernel,check,20,$B/svcrules,$S/golden-kernel.sh))
$(eval $(call suite,switch-off,test,15,$B/svcrules,$S/switch-off.sh))
$(eval $(call suite,cost,check,45,$B/svcrules,$S/cost.sh))
$(eval $(call suite,man-check,check,3,$B/svcrules,$S/man.sh))
$(eval $(call suite,toy,check,20,all,$S/toy.sh))
$(eval $(call suite,install-check,check,3,all,$S/install.sh))
$(eval $(call suite,hardening,check,30,,$S/hardening.sh))
$(eval $(call suite,privileges,check,8,$B/svcrules,$S/privileges.sh))
$(eval $(call suite,secrets,check,8,$B/svcrules,$S/secrets.sh))
$(eval $(call suite,nginx,check,50,$B/svcrules $B/cluster $B/rules/nginx/nginx_fuzz,$S/nginx.sh))
$(eval $(call suite,dns,check,40,$B/svcrules $B/cluster,$S/dns.sh))
$(eval $(call suite,output,check,6,$B/svcrules,$S/output.sh))
$(eval $(call suite,reviews,check,8,$B/svcrules,$S/reviews.sh))
$(eval $(call suite,folders,check,40,$B/svcrules $B/cmd/svcrules/output/kill_test,$S/folders.sh))
$(eval $(call suite,doctor,check,8,$B/svcrules,$S/doctor.sh))
$(eval $(call suite,completion,check,25,$B/svcrules,$S/completion.sh))
$(eval $(call suite,units,check,3,$B/svcrules,$S/units.sh))
$(eval $(call suite,bench-smoke,test,20,$B/svcrules $B/probe $B/cluster $B/bench-tool,$S/bench-smoke.sh))
$(eval $(call suite,nft-versions,test,40,$B/svcrules,$S/nft-versions.sh))
$(eval $(call suite,packets,check,135,$B/svcrules $B/probe,$S/packets/run.sh))
$(eval $(call suite,packets-iptables,test,130,$B/svcrules $B/probe,$S/packets-iptables.sh))
$(eval $(call suite,vm,test,900,$B/svcrules $B/probe,$S/vm-packets.sh))
$(eval $(call suite,vm-unit,test,30,$B/svcrules $B/probe $(VM_TESTS),$S/vm-unit.sh $(VM_TESTS)))
$(eval $(call suite,vm-golden,test,100,$B/svcrules,$S/vm-golden.sh))
$(eval $(call suite,vm-cost,test,45,$B/svcrules $B/cluster,$S/vm-ipvs-cost.sh))
$(eval $(call suite,sanitize,test,120,,$$(MAKE) --no-print-directory SANITIZE=address$(comma)undefined unit fuzz-corpus))
$(eval $(call suite,valgrind,test,20,$(TESTS) $B/svcrules,$S/valgrind.sh $B))

.PHONY: check test deps-check deps-test deps-bench golden man-annotations shape
check: ## the quick tests, a few minutes; installs missing packages as root
	@$S/announce.sh 'make check' '$(CHECK_SECONDS)' '' $(CHECK_PACKAGES)
	@$(MAKE) --no-print-directory deps-check
	@$(MAKE) --no-print-directory all
	@$S/run-suites.sh $(CHECK_SUITES)

test: ## all tests; installs missing packages as root
	@$S/announce.sh 'make test' '$(TEST_SECONDS)' downloads $(TEST_PACKAGES)
	@$(MAKE) --no-print-directory deps-test
	@$(MAKE) --no-print-directory all
	@$S/run-suites.sh $(SUITES)

deps-check: ## installs what `make check` needs
	@$S/packages.sh $(CHECK_PACKAGES)
deps-test: ## installs what `make test` and `make lint` need
	@$S/packages.sh $(TEST_PACKAGES)
deps-bench: ## installs what `make bench` needs
	@$S/packages.sh $(BENCH_PACKAGES)

golden: $B/svcrules $B/cluster ## rewrites the expected output of the golden cases; read the diff
	@$S/golden.sh --update
	@$S/check.sh --update

man-annotations: $B/svcrules ## rewrites tables in the manuals, and the examples of svcrules-debugging(7)
	@$S/man.sh --update

shape: ## limits of the source: lengths, format, unique names, where IPVS is named
	@$S/shape.sh
