#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# folders.sh: `compile -o DIR` and `diff -o DIR`: what is written, what is refused, and what is left
# when a run is killed, a system call fails, the disk is full, or the file system cannot exchange
# two folders. Runs as root, or as an ordinary user in a new user namespace.
# shellcheck disable=SC2016,SC2317 # text for other shells, functions called by name
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
root=${here%/testdata/suites}
SVCRULES=$(realpath "${SVCRULES:-$root/build/svcrules}")
KILL_TEST=$root/build/cmd/svcrules/output/kill_test
passed=0 failed=0 skipped=0
umask 022
unset SUDO_UID

if [ -z "${SVCR_INSIDE:-}" ]; then # a mount namespace, for small disks
	if [ "$(id -u)" -eq 0 ]; then
		SVCR_INSIDE=1 exec unshare -m --propagation private "$0" "$@"
	fi
	unshare -rm true 2>/dev/null && SVCR_INSIDE=1 exec unshare -rm "$0" "$@"
fi
# in memory, where fsync(2) is quick
work=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d) || exit 2
trap 'cd /; umount "$work"/disk* 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 2

check() { # check WHAT REGEX GOT
	if [[ $3 =~ ^($2)$ ]]; then
		passed=$((passed + 1))
		echo "ok - $1"
	else
		failed=$((failed + 1))
		echo "not ok - $1: expected '$2', got '$3'"
	fi
}

same() { # same WHAT EXPECTED GOT: exactly
	if [ "$2" = "$3" ]; then
		check "$1" x x
	else
		check "$1" "the text before" "another: $(diff <(echo "$2") <(echo "$3") | head -n 5)"
	fi
}

skip() {
	skipped=$((skipped + 1))
	echo "skip - $1: $2"
}

cp "$root/testdata/example/services.json" old.json
sed 's/"10.96.0.11"/"10.96.0.99"/' old.json >new.json

# run COMMAND...: sets STATUS and SAID (both streams, on one line)
run() {
	SAID=$("$@" 2>&1)
	STATUS=$?
	SAID=${SAID//$'\n'/ }
}

# compile old|new [OPTION...]: writes "out" of this folder, unless options say otherwise
compile() {
	local version=$1
	shift
	run "$SVCRULES" compile -f "$work/$version.json" --target dns -o out "$@"
	SAID=${SAID/"svcrules: notice: ignored: 1 Node"/}
	SAID=${SAID# }
}

# version DIR: "old", "new", "none" or "other"
for v in old new; do
	"$SVCRULES" compile -f "$v.json" --target dns -o "expected-$v" >/dev/null 2>&1 || exit 2
done
version() {
	if ! [ -e "$1" ]; then
		echo none
	elif diff -r "$1/" "$work/expected-old" >/dev/null; then
		echo old
	elif diff -r "$1/" "$work/expected-new" >/dev/null; then
		echo new
	else
		echo other
	fi
}

names() { # what is in this folder
	find . -mindepth 1 -maxdepth 1 -printf '%P\n' | sort | tr '\n' ' '
}

# ---- What is written ---------------------------------------------------------

mkdir plain && cd plain || exit 2
compile old
check "the first run says what it wrote" '0: out: files: 3 written, 0 removed, 0 unchanged' "$STATUS: $SAID"
check "and writes all" 'old: out ' "$(version out): $(names)"
before=$(stat -c '%i %z' out .)
compile old --then 'echo then' --validate 'echo no {}; false'
check "the same input changes nothing" '0: out: no changes' "$STATUS: $SAID"
same "not even a time" "$before" "$(stat -c '%i %z' out .)"
run "$SVCRULES" diff -f ../old.json --target dns -o out
check "diff sees no difference" '0' "$STATUS"
run "$SVCRULES" diff -f ../new.json --target dns -o out
check "diff ends with 1" '1' "$STATUS"
check "and shows lines of each file" '.*--- 96.10.in-addr.arpa.zone \+\+\+ 96.10.in-addr.arpa.zone .*-11.0.96.10.*\+99.0.96.10.*--- cluster.local.zone.*-go-api-nodeport[^+]* A 10.96.0.11 .*\+go-api-nodeport[^+]* A 10.96.0.99.*' "$SAID"
check "and no line that stays" '0' "$("$SVCRULES" diff -f ../new.json --target dns -o out 2>/dev/null | grep -c frontend)"
run "$SVCRULES" diff -f ../new.json --target dns -o absent
check "without DIR all lines are new" '1: .*--- /dev/null \+\+\+ cluster.local.zone \+.*' "$STATUS: $SAID"
check "and diff makes nothing" 'old: out ' "$(version out): $(names)"
inode=$(stat -c %i out/244.10.in-addr.arpa.zone)
compile new --quiet --then 'echo then'
check "--quiet is quiet, and --then runs after a change" '0: then' "$STATUS: $SAID"
check "the new files are there" 'new: out ' "$(version out): $(names)"
check "a file that stays is the same" "$inode" "$(stat -c %i out/244.10.in-addr.arpa.zone)"
compile new -o ./json
check "a folder may have the name of a format" '0: new' "$STATUS: $(version json)"
compile new -o "$work/plain/json/"
check "an absolute path with a slash at its end" '0: .*no changes' "$STATUS: $SAID"
echo edited >>out/cluster.local.zone
compile new
check "an edited file is written again" '0: out: files: 1 written, 0 removed, 2 unchanged: new' "$STATUS: $SAID: $(version out)"
rm out/.svcrules out/96.*
mv out/* . && compile new
check "an empty folder is taken" '0: new' "$STATUS: $(version out)"
rm ./*.zone

# ---- Commands ----------------------------------------------------------------

compile old --validate 'test "$(ls {} | wc -l)" = 3 && grep -q 0.11 {}/cluster.local.zone && grep -q 0.99 out/cluster.local.zone'
check "--validate sees the new folder beside the old one" '0: old' "$STATUS: $(version out)"
compile new --validate 'echo "its own words" {}; exit 7' --then 'echo then'
check "a failed --validate ends with 4 and its own words" \
	"4: its own words $work/plain/.out.svcrules/new svcrules: out: --validate: the command ended with status 7: nothing is changed" "$STATUS: $SAID"
check "and changes nothing" 'old: json out ' "$(version out): $(names)"
compile new --validate 'no-such-command {}'
check "a command that does not exist" '4: .*status 127: nothing is changed: old' "$STATUS: $SAID: $(version out)"
compile new --then 'exit 9'
check "a failed --then ends with 4" '4: out: files: 2 written.*status 9: the new files are in place; the next run with --then runs it again' "$STATUS: $SAID"
compile new
check "a run without --then does not forget it" '0: out: no changes' "$STATUS: $SAID"
compile new --then 'echo then'
check "the next one with --then runs it" '0: (out: no changes then|then out: no changes)' "$STATUS: $SAID"
compile new --then 'echo then'
check "once" '0: out: no changes: json out ' "$STATUS: $SAID: $(names)"
compile old --validate 'true'
check "--validate without {}" '2: .*has no \{\}.*' "$STATUS: $SAID"
mkdir 'a b'
compile old -o 'a b/out' --validate 'ls {}'
check "a path that a shell would split" '2: .*does not take .* for one word.*' "$STATUS: $SAID"
compile old -o 'a b/out' --then 'echo then'
check "is fine without --validate" '0: old' "$STATUS: $(version 'a b/out')"
rm -r 'a b' json
if [ "$(sed -n 's/^CapEff:\t//p' /proc/self/status)" != 0000000000000000 ]; then
	compile old --then 'grep -q "^CapEff:.*[1-9a-f]" /proc/self/status && grep NoNewPrivs:.0 /proc/self/status'
	check "commands have the privileges of the caller" '0: .*NoNewPrivs:.0.*' "$STATUS: $SAID"
fi

# ---- What is refused ---------------------------------------------------------

everything() { # what is in this folder, with owners, modes and texts
	find . -printf '%p %U %m %l\n' -type f -exec cksum {} + | sort
}

refused() { # refused WHAT REGEX [OPTION...]: "new" is not written
	local what=$1 why=$2 before
	shift 2
	before=$(everything)
	compile new "$@"
	check "$what is refused" "[24]: svcrules: .*$why.*" "$STATUS: $SAID"
	same "$what: nothing is changed" "$before" "$(everything)"
}
touch out/cluster.local.zone.jnl
refused "a file that somebody else made" "out: has 'cluster.local.zone.jnl', which svcrules did not write: nothing is changed"
run "$SVCRULES" diff -f ../new.json --target dns -o out
check "diff says the same" "4: .*has 'cluster.local.zone.jnl'.*" "$STATUS: $SAID"
rm out/*.jnl
sed -i 's/ dns$/ nginx/' out/.svcrules
refused "a folder of another target" "has the files of --target nginx"
sed -i 's/ nginx$/ dns/' out/.svcrules
echo 'nonsense' >out/.svcrules
refused "a list that is none" "has '.svcrules', which svcrules did not write"
rm -r out && ln -s /etc out
refused "a symbolic link" "is a symbolic link"
rm out && touch out
refused "a file" "is no folder"
rm out && compile old
mkdir target && ln -s target .out.svcrules
refused "a link in place of the work folder" "is in the way"
rm .out.svcrules && mkdir -m 777 .out.svcrules && chmod 777 .out.svcrules
refused "a work folder that others may write" "is in the way"
rmdir .out.svcrules target
for o in . .. / ./ out/..; do
	refused "the folder '$o'" "does not end with the name of a folder" -o "$o"
done
refused "a format that is mistyped" "did you mean 'json'" -o jsno
refused "a format of another target" "'-o nft' needs --target nftables" -o nft
refused "a folder below one that is missing" "cannot open the folder above it: No such file" -o no/out
run "$SVCRULES" compile -f ../new.json -o out
check "a folder needs a target that makes files" "2: .*-o: 'out' is not known, expected one of:.*" "$STATUS: $SAID"
for o in --then=x --validate=x --wait=1 --quiet --insecure-output; do
	run "$SVCRULES" compile -f ../new.json --target dns "$o"
	check "$o needs a folder" "2: .*needs -o DIR.*" "$STATUS: $SAID"
done
run "$SVCRULES" diff -f ../new.json --from ../old.json --target dns -o out
check "diff with two things to compare with" "2: .*two things to compare with.*" "$STATUS: $SAID"

mkdir shared && chmod 775 shared && cd shared || exit 2
refused "a folder whose group may replace DIR" "the folder above it: it may be written by its group .*--insecure-output goes on"
compile old --insecure-output
check "--insecure-output goes on" '0: old' "$STATUS: $(version out)"
chmod 1777 . && chmod 777 out
refused "a DIR that everybody may write" "it may be written by everybody"
chmod 755 out && compile new
check "a folder like /tmp is fine" '0: new' "$STATUS: $(version out)"
if chown 4242 out 2>/dev/null; then
	refused "a DIR of another user" "it belongs to user 4242"
	mkdir .other.svcrules && chown 4242 .other.svcrules
	refused "a work folder of another user" "is in the way" -o other
	rmdir .other.svcrules
	chown 0:4242 out && chmod 2750 out && compile old
	check "owner and mode of DIR stay" '0: 4242 2750' "$STATUS: $(stat -c '%g %a' out)"
else
	skip "a DIR of another user" "only root can make one"
fi
cd .. || exit 2

mkdir -m 711 .out.svcrules
exec 9<.out.svcrules
flock 9
compile new --wait 0
check "while another run writes, a run ends with 5" '5: svcrules: out: another svcrules writes it; --wait .*: old' "$STATUS: $SAID: $(version out)"
compile old --wait 0
check "even if it may find nothing to do" '5: .*' "$STATUS: $SAID"
(sleep 0.3; flock -u 9) &
compile new --wait 20
check "or waits" '0: new' "$STATUS: $(version out)"
wait
exec 9<&-
cd .. || exit 2

# ---- Files that a server's worker processes read ----------------------------------

# users OLD|NEW: a configuration of nginx with two files of passwords, one of which changes
users() {
	local name
	for name in changed same; do
		printf 'kind: Secret\nmetadata: {name: %s}\ndata: {auth: %s}\n---\n' "$name" \
			"$(printf 'a:{SHA}%s' "$([ "$name" = same ] || echo "$1")" | base64)"
		printf 'kind: Ingress\napiVersion: networking.k8s.io/v1\nmetadata: {name: %s, annotations: {%s: basic, %s: %s}}\n' \
			"$name" nginx.ingress.kubernetes.io/auth-type nginx.ingress.kubernetes.io/auth-secret "$name"
		printf 'spec: {ingressClassName: nginx, rules: [{host: %s.test, http: {paths: [%s]}}]}\n---\n' "$name" \
			'{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}'
	done
}

# guard old|new [OPTION...]: writes "out" of this folder
guard() {
	local version=$1
	shift
	run "$SVCRULES" compile -f "$work/users-$version.yaml" --target nginx -o out "$@"
	SAID=$(sed -E 's/svcrules: warning:[^[]*\[[a-z-]*\] //g' <<<"$SAID")
}

owners() { # of the files of passwords, with their modes
	stat -c '%U %G %a' out/auth_default_changed out/auth_default_same 2>&1 | paste -sd ' '
}

users old >users-old.yaml
users new >users-new.yaml
echo '[]' >none.json
mkdir workers && cd workers || exit 2
me=$(id -un) group=$(id -gn)
: >probe
if chown nobody probe 2>/dev/null; then
	guard old --then 'echo then'
	check "the server's user owns what its worker processes read, and nothing else" \
		"0: out: files: 4 written.* then: nobody $group 600 nobody $group 600: $me 644" \
		"$STATUS: $SAID: $(owners): $(stat -c '%U %a' out/nginx.conf)"
	before=$(stat -c '%i %z' out . out/*)
	guard old --then 'echo then' --validate 'false {}'
	check "the same input changes nothing" '0: out: no changes' "$STATUS: $SAID"
	same "of them" "$before" "$(stat -c '%i %z' out . out/*)"
	run "$SVCRULES" diff -f ../users-old.yaml --target nginx -o out
	check "diff sees no difference in them" 0 "$STATUS"
	run "$SVCRULES" diff -f ../users-new.yaml --target nginx -o out
	check "or that one differs" '1: .*--- auth_default_changed \+\+\+ auth_default_changed secret: lines not shown' "$STATUS: $SAID"
	same "diff changes nothing" "$before" "$(stat -c '%i %z' out . out/*)"
	chown "$me" out/auth_default_same
	run "$SVCRULES" diff -f ../users-old.yaml --target nginx -o out
	check "diff sees another owner" "1: .*out: auth_default_same does not belong to the user 'nobody', who must read it" "$STATUS: $SAID"
	guard old
	check "which is mended" "0: out: files: 1 written, 0 removed, 3 unchanged: nobody $group 600 nobody $group 600" "$STATUS: $SAID: $(owners)"
	guard new --then 'echo then'
	check "one that changes is written" "0: out: files: 1 written, 0 removed, 3 unchanged then: nobody $group 600 nobody $group 600: new" \
		"$STATUS: $SAID: $(owners): $(sed 's/.*}//' out/auth_default_changed)"
	guard new
	check "once" '0: out: no changes' "$STATUS: $SAID"
	check "nothing is left" 'out probe ' "$(names)"

	if id www-data >/dev/null 2>&1; then
		guard new --nginx-user www-data
		check "--nginx-user" "0: out: files: 3 written, 0 removed, 1 unchanged: www-data $group 600 www-data $group 600: user www-data;" \
			"$STATUS: $SAID: $(owners): $(head -n 1 out/nginx.conf)"
		run "$SVCRULES" diff -f ../users-new.yaml --target nginx -o out --nginx-user www-data
		check "diff with it" 0 "$STATUS"
		run "$SVCRULES" diff -f ../users-new.yaml --target nginx -o out
		check "diff without it" "1: .*auth_default_same does not belong to the user 'nobody'.*-user www-data;.*" "$STATUS: $SAID"
		run "$SVCRULES" diff -f ../none.json --allow-empty --target nginx -o out
		check "diff when they go" '1: .*--- auth_default_same \+\+\+ /dev/null.*' "$STATUS: $SAID"
		guard new
		check "without it again" "0: .*: nobody $group 600 nobody $group 600: worker_processes.*" "$STATUS: $SAID: $(owners): $(head -n 1 out/nginx.conf)"
	fi
	guard new --nginx-user "$me"
	check "the caller is the server's user" "0: .*: $me $group 600 $me $group 600" "$STATUS: $SAID: $(owners)"
	rm -r out

	# each file is new where links to files of another user are refused, and a link where they are not
	guard old && same=$(stat -c %i out/auth_default_same)
	guard new
	case $(cat /proc/sys/fs/protected_hardlinks 2>/dev/null) in
	0) check "a link to a file that stays" "$same nobody 1" "$(stat -c '%i %U %h' out/auth_default_same)" ;;
	*) check "a copy of a file that stays" 'nobody 1' "$(stat -c '%U %h' out/auth_default_same)" ;;
	esac

	# the new folder does not take the place of the old one if a file cannot be given away
	if strace -o trace true 2>/dev/null; then
		before=$(everything)
		for call in fchown sendmsg recvmsg socketpair; do
			run strace -f -o "$work/trace" -e inject=$call:error=EPERM:when=1 \
				"$SVCRULES" compile -f "$work/users-old.yaml" --target nginx -o out --then 'echo then'
			check "$call fails" '4: .*out: cannot .*: (Operation not permitted|Broken pipe).*' "$STATUS: $SAID"
			check "$call was called" '[1-9].*' "$(grep -c "$call.*INJECTED" "$work/trace")"
			same "$call fails: nothing is changed" "$before" "$(everything)"
		done
		rm -f trace "$work/trace"
	fi
	if [ "$(id -u)" -eq 0 ] && mv out kept && unshare --map-root-user true 2>/dev/null; then
		for input in old new; do
			run unshare --map-root-user "$SVCRULES" compile -f "$work/users-$input.yaml" --target nginx -o out
			check "a user namespace without that user" \
				"4: .*out: cannot give auth_default_changed to the user 'nobody', who must read it: there is no such user in this user namespace: --nginx-user .*: kept probe " \
				"$STATUS: $SAID: $(names)"
		done
		run unshare --map-root-user "$SVCRULES" compile -f "$work/users-old.yaml" --target nginx -o out --nginx-user root
		check "or with that which it has" "0: .*out: files: 4 written.*: root $group 600 root $group 600" "$STATUS: $SAID: $(owners)"
		rm -r out
	fi
	[ ! -e kept ] || mv kept out
	grep -v '^nobody:' /etc/passwd >"$work/passwd"
	sed 's/passwd:.*/passwd: files/' /etc/nsswitch.conf >"$work/nsswitch" 2>/dev/null
	if mount --bind "$work/passwd" /etc/passwd 2>/dev/null && mount --bind "$work/nsswitch" /etc/nsswitch.conf; then
		before=$(everything)
		guard old
		check "a machine without the user" "2: svcrules: there is no user 'nobody' on this machine, who must own auth_default_changed: --nginx-user .*" "$STATUS: $SAID"
		same "a machine without the user: nothing is changed" "$before" "$(everything)"
		run "$SVCRULES" compile -f "$work/none.json" --allow-empty --target nginx -o none
		check "who owns nothing" '0: .*none: files: 2 written.*' "$STATUS: $SAID"
		umount /etc/passwd /etc/nsswitch.conf
	fi
	if setpriv --reuid 1000 --clear-groups true 2>/dev/null; then
		chmod 755 "$work" . ..
		run setpriv --reuid 1000 --clear-groups "$SVCRULES" diff -f ../users-new.yaml --target nginx -o out
		check "who may not read a file cannot compare it" '4: .*out: cannot read its files: Permission denied' "$STATUS: $SAID"
		mkdir mine && chown 1000 mine && cd mine || exit 2
		run setpriv --reuid 1000 --clear-groups "$SVCRULES" compile -f "$work/users-old.yaml" --target nginx -o out
		check "an ordinary user's files are the caller's" '0: .*: 1000 600 1000 600' \
			"$STATUS: $SAID: $(stat -c '%u %a' out/auth_default_changed out/auth_default_same | paste -sd ' ')"
		cd .. || exit 2
	fi
else
	guard old
	check "where a file cannot be given to the server's user nothing is written" \
		"4: .*out: cannot give auth_default_changed to the user 'nobody', who must read it: .*: probe " "$STATUS: $SAID: $(names)"
	skip "owners of files" "nothing can be given to another user here"
fi
guard old --nginx-user no-such-user
check "a user who does not exist" "2: svcrules: --nginx-user: there is no user 'no-such-user' on this machine" "$STATUS: $SAID"
for name in 1a a/b 'a;b' '' -x .a "$(printf 'a%.0s' {1..33})"; do
	guard old --nginx-user "$name"
	check "'$name', which is no name of a user" '2: svcrules: --nginx-user: .*expected .*' "$STATUS: $SAID"
done
cd .. || exit 2

# ---- Disks ---------------------------------------------------------------------

mkdir disk
if mount -t tmpfs -o size=128k,nr_inodes=100,mode=755 tmpfs disk 2>/dev/null; then
	cd disk || exit 2
	compile old
	check "a small disk" '0: old' "$STATUS: $(version out)"
	full=0
	for left in 0 1 2 3 4 5 6 7 8; do # pages that are free
		dd if=/dev/zero of=filler bs=4k 2>/dev/null
		truncate -s $(($(stat -c %s filler) - left * 4096)) filler
		compile new
		if [ "$STATUS" -eq 0 ]; then
			break
		fi
		check "a disk with $left free pages" \
			'4: svcrules: out: cannot .*: No space left on device: old: filler out ' "$STATUS: $SAID: $(version out): $(names)"
		full=$((full + 1))
	done
	check "with more it works" '0: new: [1-8] times full' "$STATUS: $(version out): $full times full"
	rm filler
	for ((i = 0; i < 90; i++)); do : 2>/dev/null >"inode$i" || break; done
	for ((k = i - 1; k >= i - 8; k--)); do
		compile old
		[ "$STATUS" -ne 0 ] || break
		check "a disk with $((i - 1 - k)) free inodes" '4: .*No space left on device: new' "$STATUS: $SAID: $(version out)"
		rm "inode$k"
	done
	check "with more it works" '0: old' "$STATUS: $(version out)"
	rm -f inode*
	mount -o remount,bind,ro,nodev,nosuid "$work/disk"
	compile new
	check "a read-only file system" '4: svcrules: out: cannot make .*: Read-only file system: old' "$STATUS: $SAID: $(version out)"
	compile old --then 'echo then'
	check "is no fault if nothing changes" '0: out: no changes' "$STATUS: $SAID"
	cd .. || exit 2
	compile new -o disk
	check "a mount point" '4: .*is a mount point, which cannot be exchanged: name a folder in it' "$STATUS: $SAID"
	umount disk
else
	skip "disks" "nothing can be mounted here"
fi

# ---- System calls that fail ------------------------------------------------------

# fail_calls BEFORE INJECTION CALL...: lets each call of a run fail, one at a time
fail_calls() {
	local before=$1 extra=$2 call n fails=0 kept=0 made=0 bad=0 now
	shift 2
	for call; do
		for ((n = 1; n < 60; n++)); do
			rm -rf out .out.svcrules
			[ "$before" = none ] || compile "$before" -o out
			[ -z "$extra" ] || [ "$before" = none ] || { rm -rf out; linked "$before"; }
			# shellcheck disable=SC2086 # several words
			run strace -o trace $extra -e inject="$call":error=EIO:when=$n \
				"$SVCRULES" compile -f "$work/new.json" --target dns -o out --quiet
			grep -q 'EIO.*(INJECTED)' trace || break
			now=$(version out)
			fails=$((fails + 1))
			[ "$now" = new ] && made=$((made + 1)) || kept=$((kept + 1))
			if { [ "$STATUS" -eq 0 ] && [ "$now" != new ]; } ||
				{ [ "$now" != "$before" ] && [ "$now" != new ]; }; then
				bad=$((bad + 1))
				echo "# $call number $n: $STATUS $now: $SAID: $(grep INJECTED trace)"
			fi
			# shellcheck disable=SC2086
			run ${extra:+strace -o trace $extra} "$SVCRULES" compile -f "$work/new.json" --target dns -o out --quiet
			if [ "$STATUS" -ne 0 ] || [ "$(version out)" != new ] || { [ -z "$extra" ] && [ -e .out.svcrules ]; }; then
				bad=$((bad + 1))
				echo "# after $call number $n: $STATUS $(version out): $SAID: $(names)"
			fi
		done
	done
	check "calls that fail${extra:+ without exchange}, before: $before: $fails of them, $kept times the old folder, $made times the new one, others" 0 "$bad"
	check "of some kinds" '[1-9][0-9]+' "$fails"
}

linked() {
	run strace -o trace -e inject=renameat2:error=EINVAL "$SVCRULES" compile -f "$work/$1.json" --target dns -o out
}

mkdir calls && cd calls || exit 2
if strace -o trace true 2>/dev/null; then
	linked old
	check "without exchange DIR is a link" '0: .*notice: out: this file system cannot exchange two folders: it is a symbolic link to a folder in .out.svcrules out: files: 3 written.*: old' "$STATUS: $SAID: $(version out)"
	check "to one of two folders" '.out.svcrules/a' "$(readlink out)"
	compile new
	check "which change places" '0: out: files: 2 written, 0 removed, 1 unchanged: new: .out.svcrules/b b' "$STATUS: $SAID: $(version out): $(readlink out) $(ls .out.svcrules)"
	compile new
	check "and stay if nothing changes" '0: out: no changes: .out.svcrules/b' "$STATUS: $SAID: $(readlink out)"
	rm -r out .out.svcrules && compile old
	linked new
	check "a folder is not lost where nothing can be exchanged" \
		'4: .*this file system cannot exchange two folders: move it away.*: old: out trace ' "$STATUS: $SAID: $(version out): $(names)"
	rm -r out
	calls=(mkdirat openat fchmod linkat write fsync renameat renameat2 unlinkat flock getdents64)
	fail_calls old '' "${calls[@]}" close
	fail_calls none '' "${calls[@]}"
	fail_calls old '-e inject=renameat2:error=EINVAL' mkdirat symlinkat renameat unlinkat fsync openat
else
	skip "system calls that fail" "strace may not trace here"
fi
cd .. || exit 2

# ---- Killed at any time ------------------------------------------------------------

if [ -x "$KILL_TEST" ]; then
	"$KILL_TEST" >kills 2>&1
	STATUS=$?
	sed -n 's/^kill: /# /p' kills
	if [ "$STATUS" -eq 77 ]; then
		skip "kills" "$(grep SKIP kills)"
	else
		check "a run that is killed before any system call leaves the old folder or the new one" 0 "$STATUS"
	fi
else
	skip "kills" "$KILL_TEST is not built"
fi

echo "folders: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
