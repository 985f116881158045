#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# privileges.sh: what the program may do while it reads what others wrote; whom it believes;
# who can keep it from working. Runs as root, or as an ordinary user inside a new user namespace,
# with a /run of its own.
# shellcheck disable=SC2016,SC2054,SC2086,SC2317 # text for other shells, words of setpriv, numbers, functions called by name
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
root=${here%/testdata/suites}
SVCRULES=$(realpath "${SVCRULES:-$root/build/svcrules}")
passed=0
failed=0
skipped=0

NAME=privileges
if [ "$(id -u)" -eq 0 ] && [ -z "${SVCR_INSIDE:-}" ]; then
	SVCR_INSIDE=root exec unshare -m --propagation private "$0" "$@"
fi
# shellcheck source=testdata/suites/netns.sh
. "$here/netns.sh"
unset SUDO_UID
example=$root/testdata/example/services.json
OPTIONS=(--quiet --node-name node1 --node-ip 192.0.2.1)
umask 022

check() { # check WHAT REGEX GOT
	if [[ $3 =~ ^($2)$ ]]; then
		passed=$((passed + 1))
		echo "ok - $1"
	else
		failed=$((failed + 1))
		echo "not ok - $1: expected '$2', got '$3'"
	fi
}

skip() {
	skipped=$((skipped + 1))
	echo "skip - $1: $2"
}

# run COMMAND...: in the namespace; sets STATUS and SAID
run() {
	SAID=$(at "$@" 2>&1)
	STATUS=$?
}

applies() { # applies WHAT [OPTION...]: apply succeeds
	local what=$1
	shift
	run "$SVCRULES" apply "${OPTIONS[@]}" "$@"
	check "$what" '0: ' "$STATUS: $SAID"
}

refuses() { # refuses WHAT REGEX [OPTION...]: apply refuses its input
	local what=$1 why=$2
	shift 2
	run "$SVCRULES" apply "${OPTIONS[@]}" "$@"
	check "$what" "3: svcrules: .*$why.*--insecure-input goes on" "$STATUS: $SAID"
}

# ---- capabilities ----

# rights PID: what the process may still do
rights() {
	awk '/^(Cap|NoNewPrivs)/ { printf "%s%s", sep, $2; sep = " " }' "/proc/$1/status"
}

# while_reading COMMAND...: starts it, lets it read half of the input from the FIFO, and sets RIGHTS
while_reading() {
	local pid i
	rm -f "$work/fifo" && mkfifo "$work/fifo"
	nsenter --net="/run/netns/$netns" -- "$@" </dev/null >"$work/said" 2>&1 &
	pid=$!
	for i in {1..100}; do
		RIGHTS=$(rights $pid)
		[ "$RIGHTS" != "$WANT" ] || break
		sleep 0.05
	done
	check "$LABEL, before anybody writes" "$WANT" "$RIGHTS"
	exec {W}>"$work/fifo"
	head -c 2000 "$example" >&$W
	sleep 0.1
	check "$LABEL, in the middle of the input" "$WANT" "$(rights $pid)"
	tail -c +2001 "$example" >&$W
	exec {W}>&-
	wait $pid
	STATUS=$?
}

NONE=0000000000000000 NET_ADMIN=0000000000001000
capabilities() {
	local bound=$NONE
	# inheritable, permitted, effective, bounding, ambient, no_new_privs
	WANT="$NONE $NET_ADMIN $NET_ADMIN $bound $NONE 1"
	LABEL="apply" while_reading "$SVCRULES" apply "${OPTIONS[@]}" -f "$work/fifo"
	check "apply with that" 0 "$STATUS"
	LABEL="diff with the kernel" while_reading "$SVCRULES" diff -f "$work/fifo" --node-name node1 --node-ip 192.0.2.1
	check "diff with that" 0 "$STATUS"
	WANT="$NONE $NONE $NONE $bound $NONE 1"
	LABEL="compile" while_reading "$SVCRULES" compile -f "$work/fifo"
	check "compile with that" 0 "$STATUS"
	LABEL="diff --from" while_reading "$SVCRULES" diff --from "$example" -f "$work/fifo"
	check "diff --from with that" 0 "$STATUS"
}

# An ordinary user with CAP_NET_ADMIN alone, as a service manager gives it.
ambient() {
	local user=(setpriv --reuid=12345 --regid=12345 --clear-groups --inh-caps=-all,+net_admin --ambient-caps=+net_admin)
	if ! at "${user[@]}" true 2>/dev/null; then
		skip "an ordinary user with CAP_NET_ADMIN" "not possible here"
		return
	fi
	chmod 755 "$work"
	cp "$example" "$work/own.json"
	run "${user[@]}" "$SVCRULES" apply "${OPTIONS[@]}" -f "$work/own.json"
	check "an ordinary user with CAP_NET_ADMIN applies" '0: ' "$STATUS: $SAID"
	run "${user[@]}" "$SVCRULES" diff -f "$work/own.json" --node-name node1 --node-ip 192.0.2.1
	check "and compares" '0: no changes' "$STATUS: $SAID"
	run "${user[@]}" "$SVCRULES" delete --quiet
	check "and deletes" '0: ' "$STATUS: $SAID"
	run setpriv --reuid=12345 --clear-groups "$SVCRULES" diff -f "$work/own.json"
	check "without CAP_NET_ADMIN diff says what needs none" '4: .*diff --from.*' "$STATUS: $(tr '\n' ' ' <<<"$SAID")"
	run setpriv --reuid=12345 --clear-groups "$SVCRULES" compile -f "$work/own.json"
	check "compile needs no capability" 0 "$STATUS"
}

# ---- who may write the input ----

trust() {
	local folder=$work/in file=$work/in/services.json
	mkdir "$folder" && cp "$example" "$file"
	applies "a file of the caller's" -f "$file"
	chmod 664 "$file"
	refuses "a file that its group may write" 'services.json: it may be written by its group \(mode 0664\)' -f "$file"
	SAID=$(at_with "$file" "$SVCRULES" apply "${OPTIONS[@]}" -f - 2>&1)
	check "the same as standard input" '3: .*standard input: it may be written.*goes on' "$?: $SAID"
	chmod 646 "$file"
	refuses "a file that everybody may write" 'everybody \(mode 0646\)' -f "$file"
	refuses "the same in a directory" 'everybody \(mode 0646\)' -f "$folder"
	applies "--insecure-input" -f "$file" --insecure-input
	run "$SVCRULES" compile -f "$file"
	check "compile takes it" 0 "$STATUS"
	run "$SVCRULES" diff -f "$file" --node-name node1 --node-ip 192.0.2.1
	check "diff takes it" 0 "$STATUS"
	chmod 600 "$file"
	chmod 777 "$folder"
	refuses "a directory that everybody may write" '/in may be written by everybody \(mode 0777\)' -f "$file"
	chmod 1777 "$folder"
	applies "a sticky one" -f "$file"
	chmod 755 "$folder"
	mkfifo -m 666 "$folder/pipe"
	cat "$file" >"$folder/pipe" &
	refuses "a FIFO that everybody may write" 'everybody \(mode 0666\)' -f "$folder/pipe"
	kill $! 2>/dev/null
	wait $! 2>/dev/null
	rm "$folder/pipe"
	# shellcheck disable=SC2002
	SAID=$(cat "$file" | nsenter --net="/run/netns/$netns" -- "$SVCRULES" apply "${OPTIONS[@]}" -f - 2>&1)
	check "a pipe" '0: ' "$?: $SAID"
	SAID=$(nsenter --net="/run/netns/$netns" -- "$SVCRULES" apply "${OPTIONS[@]}" -f <(cat "$file") 2>&1)
	check "a pipe with a name of the shell's" '0: ' "$?: $SAID"
	if ! chown 12345 "$file" 2>/dev/null; then
		skip "files of other users" "none can be made here"
		return
	fi
	refuses "another user's file" 'belongs to user 12345' -f "$file"
	SUDO_UID=12345 applies "the file of the user who called sudo" -f "$file"
	chown 0 "$file" && chown 12345 "$folder"
	refuses "another user's directory" '/in belongs to user 12345' -f "$file"
	chown 0 "$folder"
}

# ---- the lock and the state ----

own_directory() {
	local state=/run/svcrules other
	rm -rf $state
	applies "makes its directory" -f "$example"
	check "which is private" 700 "$(stat -c %a $state)"
	check "it has the lock and the state of this namespace" "lock-N nftables-svcrules-N " \
		"$(for f in "$state"/*; do basename "$f"; done | sed 's/-[0-9]*$/-N/' | tr '\n' ' ')"
	chmod 777 $state
	run "$SVCRULES" apply "${OPTIONS[@]}" -f "$example"
	check "a directory that everybody may write" '4: .*/run/svcrules may be written by everybody.*--insecure-input' "$STATUS: $SAID"
	run "$SVCRULES" apply "${OPTIONS[@]}" -f "$example" --insecure-input
	check "--insecure-input goes on" '0: .*everybody.*goes on without it' "$STATUS: $SAID"
	run "$SVCRULES" delete
	check "delete goes on, too" '0: .*everybody.*goes on without it.*' "$STATUS: $(tr '\n' ' ' <<<"$SAID")"
	chmod 700 $state
	if chown 12345 $state 2>/dev/null; then
		run "$SVCRULES" apply "${OPTIONS[@]}" -f "$example"
		check "another user's directory" '4: .*/run/svcrules belongs to user 12345.*' "$STATUS: $SAID"
		chown 0 $state
	else
		skip "another user's directory" "not possible here"
	fi
	if readlink /proc/2/ns/net >/dev/null || [ ! -d /proc/2 ]; then
		other=$netns-gone
		ip netns add "$other"
		nsenter --net="/run/netns/$other" -- "$SVCRULES" apply "${OPTIONS[@]}" -f "$example"
		applies "beside another namespace" -f "$example"
		check "keeps the files of the other one" 2 "$(find $state -name 'nftables-*' | wc -l)"
		ip netns del "$other"
		applies "when that one is gone" -f "$example" --verify
		check "removes its files" 'lock nftables-svcrules ' \
			"$(for f in "$state"/*; do basename "${f%-*}"; done | tr '\n' ' ')"
	else
		skip "files of namespaces that are gone" "other processes may not be asked here"
	fi
}

holder() { # holder: a process of another user that binds the name of the lock, until it is killed
	nsenter --net="/run/netns/$netns" -- setpriv --reuid=12345 --clear-groups \
		perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un("\0svcrules/lock")) or die "$!";
			listen(S, 5); $| = 1; print "ready"; sleep(60)' >"$work/held" 2>&1 &
	HOLDER=$!
	for _ in {1..100}; do
		[ ! -s "$work/held" ] || break
		sleep 0.05
	done
}

lock() {
	local pid
	mkfifo "$work/hold"
	nsenter --net="/run/netns/$netns" -- flock "/run/svcrules/lock-$(at stat -Lc %i /proc/self/ns/net)" cat "$work/hold" &
	pid=$!
	sleep 0.3
	run "$SVCRULES" delete --wait 0
	check "another run has the lock" '5: .*another svcrules .*at work.*' "$STATUS: $SAID"
	: >"$work/hold"
	wait $pid
	if ! at setpriv --reuid=12345 --clear-groups perl -MSocket -e 1 2>/dev/null; then
		skip "another user keeps nobody from working" "no other user, or no perl, here"
		return
	fi
	holder
	check "another user's process has the socket name" ready "$(<"$work/held")"
	applies "and apply works" -f "$example" --wait 0
	run "$SVCRULES" delete --quiet --wait 0
	check "and delete" '0: ' "$STATUS: $SAID"
	mount -t tmpfs -o ro,mode=700 tmpfs /run/svcrules
	run "$SVCRULES" apply --node-name node1 --node-ip 192.0.2.1 -f "$example" --wait 0
	check "with a directory that is read-only, too" '0: .*another user.* has bound the name of the lock.*' "$STATUS: $(tr '\n' ' ' <<<"$SAID")"
	umount /run/svcrules
	kill $HOLDER
	wait $HOLDER 2>/dev/null
}

# ---- FIFOs in a directory ----

fifos() {
	local folder=$work/fifos
	mkdir "$folder" && cp "$example" "$folder/a.json" && mkfifo "$folder/b.json"
	SAID=$(at timeout 5 "$SVCRULES" apply "${OPTIONS[@]}" -f "$folder" 2>&1)
	check "a FIFO in a directory to which nobody writes" '0: .*b.json: passed over: it is a FIFO.*' "$?: $SAID"
	SAID=$(timeout 5 "$SVCRULES" compile -f "$folder" 2>&1 >"$work/rules")
	check "the same with compile" '0: .*b.json: passed over.*' "$?: $SAID"
	mv "$folder/a.json" "$work/a.json"
	for _ in 1 2; do
		timeout 8 sh -c 'cat "$1" >"$2"' - "$work/a.json" "$folder/b.json" &
		SAID=$(at timeout 5 "$SVCRULES" apply "${OPTIONS[@]}" -f "$folder" 2>&1)
		check "one to which somebody writes is read" '0: ' "$?: $SAID"
		wait
	done
	timeout 8 sh -c 'sleep 1.5; cat "$1" >"$2"' - "$work/a.json" "$folder/b.json" &
	SAID=$(at timeout 5 "$SVCRULES" apply "${OPTIONS[@]}" -f "$folder/b.json" 2>&1)
	check "one that is named is waited for" '0: ' "$?: $SAID"
	wait
}

# More files than may be open at a time.
many_files() {
	local i
	mkdir "$work/many"
	for i in {1..60}; do
		printf '{"kind":"Service","apiVersion":"v1","metadata":{"name":"s%d","namespace":"d"},"spec":{"clusterIP":"10.96.1.%d","clusterIPs":["10.96.1.%d"],"ports":[{"port":80}]}}' \
			"$i" "$i" "$i" >"$work/many/$i.json"
	done
	SAID=$(ulimit -n 32; "$SVCRULES" compile --allow-empty -f "$work/many" 2>&1 | grep -c '10.96.1.*tcp')
	check "60 files, of which 32 may be open" 60 "$SAID"
}

for part in capabilities ambient trust own_directory lock fifos many_files; do
	"$part"
done
finish
