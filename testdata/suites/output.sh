#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# output.sh: what the program prints, and how it ends, if nobody reads, if a file may not grow, if
# there is no memory, in the journal, and with the options for its summary.
# shellcheck disable=SC2013,SC2016,SC2317 # words, text for other shells, functions called by name
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
root=${here%/testdata/suites}
SVCRULES=$(realpath "${SVCRULES:-$root/build/svcrules}")
passed=0
failed=0
skipped=0

NAME=output
# shellcheck source=testdata/suites/netns.sh
. "$here/netns.sh"
example=$root/testdata/example/services.json
OPTIONS=(-f "$example" --node-name node1)
unset JOURNAL_STREAM
at sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
at ip link set lo up # with a route to cluster IPs, so that nothing is to be warned of
at ip route add local 10.96.0.0/16 dev lo

check() { # check WHAT REGEX GOT
	if [[ $3 =~ ^($2)$ ]]; then
		passed=$((passed + 1))
		echo "ok - $1"
	else
		failed=$((failed + 1))
		echo "not ok - $1: expected '$2', got '$3'"
	fi
}

# run COMMAND...: in the namespace; sets STATUS and SAID (both streams, on one line)
run() {
	SAID=$(at "$@" 2>&1)
	STATUS=$?
	SAID=${SAID//$'\n'/ }
}

# ---- nobody reads; files may not grow ----

# A rule set that does not fit into a pipe.
large() {
	local i
	printf '{"kind":"List","apiVersion":"v1","items":[{"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","addressType":"IPv4","metadata":{"name":"e","namespace":"d","labels":{"kubernetes.io/service-name":"s1"}},"endpoints":[],"ports":[]}'
	for i in {1..3000}; do
		printf ',{"kind":"Service","apiVersion":"v1","metadata":{"name":"s%d","namespace":"d"},"spec":{"clusterIP":"10.96.%d.%d","clusterIPs":["10.96.%d.%d"],"ports":[{"port":80}]}}' \
			"$i" $((i / 250)) $((i % 250)) $((i / 250)) $((i % 250))
	done
	printf ']}'
}

closed_pipe() {
	local status
	large >"$work/large.json"
	for ignored in '' 'trap "" PIPE;'; do
		bash -c "$ignored"' "$1" compile -f "$2" --cluster-cidr 10.244.0.0/16 2>"$3/said" | head -n 1 >/dev/null; exit ${PIPESTATUS[0]}' \
			- "$SVCRULES" "$work/large.json" "$work"
		status=$?
		check "compile into a closed pipe ends by SIGPIPE${ignored:+, even if that was ignored}" 141 "$status"
		check "in silence" '' "$(<"$work/said")"
	done
	: >"$work/empty.json"
	printf '{"kind":"List","apiVersion":"v1","items":[]}' >"$work/none.json"
	bash -c '"$1" diff -o nft --from "$2" -f "$3" --allow-empty --cluster-cidr 10.244.0.0/16 2>"$4/said" | head -n 1 >/dev/null; exit ${PIPESTATUS[0]}' \
		- "$SVCRULES" "$work/none.json" "$work/large.json" "$work"
	check "diff, too" '141: ' "$?: $(<"$work/said")"
	# the kernel's rules are made before the summary meets the closed pipe
	at bash -c '{ sleep 0.3; "$1" apply "${@:2}" 2>/dev/null; echo $? >"$WORK/status"; } | true' - "$SVCRULES" "${OPTIONS[@]}"
	run "$SVCRULES" diff "${OPTIONS[@]}"
	check "apply into a closed pipe does its work" '0: no changes' "$STATUS: $SAID"
	run "$SVCRULES" delete --quiet
}

file_limit() {
	SAID=$(bash -c 'ulimit -f 1; "$1" compile -f "$2" >"$3/out"; echo "exit $?" >&2' - "$SVCRULES" "$work/large.json" "$work" 2>&1)
	check "a file that may not grow is an error" '.*cannot write to standard output: File too large.exit 4' "$(tr '\n' ' ' <<<"$SAID" | sed 's/ $//')"
	SAID=$(at bash -c 'ulimit -f 0; exec "$@"' - "$SVCRULES" apply "${OPTIONS[@]}" 2>&1)
	check "apply that may write no file makes the rules, and says so" \
		'0: .*cannot leave the state .*File too large.* 4 services .*changes sent\).*' "$?: $(tr '\n' ' ' <<<"$SAID")"
	run "$SVCRULES" diff "${OPTIONS[@]}"
	check "they are there" '0: no changes' "$STATUS: $SAID"
	run "$SVCRULES" delete --quiet
}

# ---- no memory ----

memory() {
	local i ended=0 limit
	cat >"$work/fail.c" <<-C
	#include <errno.h>
	#include <stdlib.h>
	extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
	static long calls, fail_at = -1, calls_max;
	static int fails(void)
	{
		if (fail_at < 0)
			fail_at = getenv("FAIL_AT") ? atol(getenv("FAIL_AT")) : 0;
		calls_max = ++calls;
		if (!fail_at || calls < fail_at || (calls > fail_at && !getenv("FAIL_ON")))
			return 0;
		errno = ENOMEM;
		return 1;
	}
	void *malloc(size_t n) { return fails() ? NULL : __libc_malloc(n); }
	void *calloc(size_t n, size_t m) { return fails() ? NULL : __libc_calloc(n, m); }
	void *realloc(void *p, size_t n) { return fails() ? NULL : __libc_realloc(p, n); }
	__attribute__((destructor)) static void end(void)
	{
		if (fail_at && calls_max < fail_at)
			_Exit(100); /* it never came so far */
	}
	C
	if ! "${CC:-cc}" -shared -fPIC -o "$work/fail.so" "$work/fail.c" 2>/dev/null ||
		! LD_PRELOAD=$work/fail.so "$SVCRULES" --version >/dev/null 2>&1; then
		skipped=$((skipped + 1))
		echo "SKIP - lack of memory: malloc cannot be replaced here"
		return
	fi
	# without Node objects the host's addresses are read, and kinds that are not used are listed
	sed 's/"kind": "Node"/"kind": "Thing"/; s/"kind":"Node"/"kind":"Thing"/' "$example" >"$work/things.json"
	at ip addr add 192.0.2.7/24 dev lo
	at ip link set lo up
	for limit in '' FAIL_ON=1; do
		ended=0
		for ((i = 1; i < 2000 && !ended; i++)); do
			SAID=$(at env ${limit:+"$limit"} FAIL_AT="$i" LD_PRELOAD="$work/fail.so" "$SVCRULES" apply -f "$work/things.json" --node-name node1 2>&1)
			STATUS=$?
			case $STATUS in
			0 | 3 | 4) ;;
			100) ended=1 ;;
			*) ended=2 ;;
			esac
		done
		check "apply ends orderly whichever allocation fails${limit:+, and all that follow}" '1: 100 .*' "$ended: $STATUS ($i: $SAID)"
	done
	run "$SVCRULES" delete --quiet
}

# ---- the journal ----

journal() {
	local status
	printf '{"kind":"List","apiVersion":"v1","items":[{"kind":"Secret","apiVersion":"v1","metadata":{"name":"x"}},{"kind":"Service","apiVersion":"v1","metadata":{"name":"s","namespace":"d"},"spec":{"clusterIP":"127.0.0.1","clusterIPs":["127.0.0.1"],"ports":[{"port":80}]}}]}' >"$work/odd.json"
	for stream in right wrong; do
		: >"$work/journal"
		JOURNAL_STREAM=$(stat -c %d:%i "$work/journal")
		[ "$stream" = right ] || JOURNAL_STREAM=1:1
		export JOURNAL_STREAM
		"$SVCRULES" compile --allow-empty -f "$work/odd.json" >/dev/null 2>"$work/journal"
		"$SVCRULES" compile -f "$work/missing.json" 2>>"$work/journal"
		unset JOURNAL_STREAM
		status=$(cut -c1-3 "$work/journal" | sort -u | tr '\n' ' ')
		if [ "$stream" = right ]; then
			check "messages in the journal have priorities" '<3> <4> <5> ' "$status"
			check "warnings" '[1-9]' "$(grep -c '^<4>svcrules: warning: ' "$work/journal")"
			check "an error" '1' "$(grep -c '^<3>svcrules: .*missing.json: cannot open' "$work/journal")"
		else
			check "messages elsewhere have none" 'svc ' "$status"
		fi
	done
}

# ---- the summary ----

summary() {
	local member missing=
	run "$SVCRULES" apply "${OPTIONS[@]}"
	check "counts" '0: 4 services \(4 ports\), 2 endpoints \(left out: 2 headless, 1 ExternalName\): .*' "$STATUS: $SAID"
	run "$SVCRULES" apply "${OPTIONS[@]}" --quiet-unchanged
	check "--quiet-unchanged, a new command line" '0: ' "$STATUS: $SAID"
	run "$SVCRULES" apply "${OPTIONS[@]}" --quiet-unchanged
	check "--quiet-unchanged, nothing changed" '0: ' "$STATUS: $SAID"
	at nft flush ruleset
	run "$SVCRULES" apply "${OPTIONS[@]}" --quiet-unchanged
	check "a repair is called one" '0: .*warning: another program.* had changed the rules.* repaired in .*' "$STATUS: $SAID"
	at nft delete table ip svcrules
	run "$SVCRULES" apply "${OPTIONS[@]}" --quiet-unchanged --quiet
	check "--quiet" '0: ' "$STATUS: $SAID"
	sed s/10.244.1.12/10.244.1.13/ "$example" >"$work/other.json"
	run "$SVCRULES" apply -f "$work/other.json" --node-name node1
	check "a change is no repair" '0: [^r]*services [^,]*, 2 endpoints [^:]*:[^:]*: 7 elements added, 7 removed \(4 changes sent\) in .*' "$STATUS: $SAID"
	run "$SVCRULES" apply "${OPTIONS[@]}" -o json
	check "-o json" '0: \{"version": 1, "changed": true, .*"elements_added": 7.*\}' "$STATUS: $SAID"
	for member in $(grep -oE '"[a-z_]+":' <<<"$SAID"); do
		grep -q -- "$member" "$root/man/svcrules.5" || missing+=" $member"
	done
	check "its members are in the manual" '' "$missing"
	run "$SVCRULES" apply "${OPTIONS[@]}" -o json --check
	check "-o json --check" '0: \{"version": 1, "changed": false, "checked_only": true, .*' "$STATUS: $SAID"
	run "$SVCRULES" apply -f "$work/other.json" --node-name node1 -o json --dry-run
	check "-o json --dry-run" '0: \{   "version": 1,   "same": false,.*' "$STATUS: $SAID"
	run "$SVCRULES" delete --dry-run
	check "delete --dry-run" '0: would delete table ip svcrules' "$STATUS: $SAID"
	run "$SVCRULES" delete --dry-run --quiet
	check "delete --dry-run --quiet" '0: would delete table ip svcrules' "$STATUS: $SAID"
	run "$SVCRULES" diff "${OPTIONS[@]}"
	check "nothing is deleted by that" '0: no changes' "$STATUS: $SAID"
	run "$SVCRULES" delete
	check "delete" '0: deleted table ip svcrules' "$STATUS: $SAID"
	run "$SVCRULES" delete --dry-run
	check "nothing left" '0: nothing to delete' "$STATUS: $SAID"
}

first_lines() {
	check "help says what FILE is" yes "$("$SVCRULES" help | head -n 6 | tr '\n' ' ' | grep -q 'all Services of the cluster: what is not in it goes' && echo yes)"
	check "help names all targets" yes "$("$SVCRULES" help | grep -q '^Targets.*nftables (default), ipvs' && echo yes)"
	check "and the manuals" yes "$("$SVCRULES" help | grep -q 'svcrules(1).*svcrules(5)' && echo yes)"
	run "$SVCRULES" apply "${OPTIONS[@]}" --drain-timeout 5
	check "a setting of another target" "2: .*'--drain-timeout' needs --.* ipvs.*" "$STATUS: $SAID"
}

# ---- what takes longer than a second ----

# on_terminal FILE COMMAND...: standard error is a terminal, what it shows goes to FILE
on_terminal() {
	python3 - "$@" <<'E'
import os, pty, subprocess, sys, threading
shown = open(sys.argv[1], "wb")
ours, theirs = pty.openpty()
def copy():
    try:
        while data := os.read(ours, 4096):
            shown.write(data)
    except OSError:
        pass
thread = threading.Thread(target=copy)
thread.start()
code = subprocess.call(sys.argv[2:], stderr=theirs, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
os.close(theirs)
thread.join()
sys.exit(code)
E
}

# slowly CALL COMMAND...: each system call of that name takes 120 ms longer
slowly() {
	local call=$1
	shift
	at strace -o /dev/null -e trace="$call" -e inject="$call":delay_enter=120000 "$@"
}

# What the terminal showed, one drawing or message a line.
drawings() {
	tr '\r' '\n' <"$work/shown" | sed 's/\x1b\[K//' | grep .
}

progress() {
	local large=$work/large.json options=(--cluster-cidr 10.244.0.0/16 --node-ip 192.0.2.1)
	export -f slowly at at_with
	export netns
	large >"$large"
	local slow=(slowly read "$SVCRULES" compile -f "$large" "${options[@]}")
	run_slowly() { TERM=$1 on_terminal "$work/shown" bash -c '"$@"' - "${@:2}"; }
	run_slowly xterm "${slow[@]}"
	check "reading slowly ends well" 0 $?
	check "the line says how much is read" "svcrules: reading $large: [1-9][0-9]* % \\([1-9] s\\)" \
		"$(drawings | grep reading | tail -n 1)"
	check "the first is drawn after a second" "svcrules: reading $large: [0-9]+ % \\([1-3] s\\)" "$(drawings | head -n 1)"
	check "the line is gone at the end" "$(printf '\r\033\\[K')" "$(tail -c 4 "$work/shown")"
	run_slowly dumb "${slow[@]}"
	check "no line for a terminal that cannot erase" "" "$(drawings | grep reading)"
	run_slowly xterm slowly sendmsg "$SVCRULES" apply -f "$large" "${options[@]}" --quiet
	check "no line with --quiet" "" "$(drawings)"
	run_slowly xterm "$SVCRULES" compile -f "$large" "${options[@]}"
	check "no line for what is quick" "" "$(drawings | grep reading)"
	check "no line where standard error is no terminal" "" "$("${slow[@]}" 2>&1 >/dev/null | grep reading)"
	sed '0,/"clusterIPs"/s//"externalIPs":["10.96.0"],&/' "$large" >"$work/warned.json"
	run_slowly xterm slowly read "$SVCRULES" compile -f "$work/warned.json" "${options[@]}"
	check "a message has a line of its own" "svcrules: .*: spec.externalIPs.*" "$(drawings | grep 'externalIPs')"
	run "$SVCRULES" delete
	run_slowly xterm slowly sendmsg "$SVCRULES" apply -f "$large" "${options[@]}"
	check "a slow kernel" "svcrules: (reading|changing) the kernel's rules \\([1-9] s\\)" "$(drawings | grep "kernel's" | tail -n 1)"
	run "$SVCRULES" delete
}

export WORK=$work
for part in progress closed_pipe file_limit memory journal summary first_lines; do
	"$part"
done
finish
