#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# secrets.sh: keys of Secrets are in the files of -o DIR alone: not in what commands print, in none
# of their formats, nor in memory when they end, nor in core dumps; OpenSSL opens no file.
set -u
export LC_ALL=C
root=$(cd "$(dirname "$0")/../.." && pwd)
SVCRULES=$(realpath "${SVCRULES:-$root/build/svcrules}")
certs=$root/testdata/certs
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
passed=0
failed=0
skipped=0

same() { # same WHAT EXPECTED GOT
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "not ok - $1: expected '$2', got '$3'"
	fi
}

# ---- what is searched ----

# A library that is loaded before others. When the program ends, it searches all memory that can be
# written for the lines of the file pieces, where each byte is two letters, so that it finds
# no copy of its own; the number of those found goes to the file found.
cat >scan.c <<'C'
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

static char maps[1 << 18], pieces[1 << 16];

static size_t load(const char *name, char *to, size_t size)
{
	int fd = open(name, O_RDONLY);
	size_t n = 0;
	ssize_t more;

	while (fd >= 0 && (more = read(fd, to + n, size - 1 - n)) > 0)
		n += (size_t)more;
	close(fd);
	return n;
}

static int is_at(const volatile unsigned char *m, const char *hex, size_t len)
{
	size_t i;

	for (i = 0; i < len && (m[i] & 15) == hex[2 * i] - 'a' && m[i] >> 4 == hex[2 * i + 1] - 'a'; i++)
		;
	return i == len;
}

static size_t search(const unsigned char *m, size_t size)
{
	size_t found = 0;

	for (const char *p = pieces, *next; *p; p = next + 1) {
		size_t len;

		for (next = p; *next != '\n'; next++)
			;
		len = (size_t)(next - p) / 2;
		for (size_t i = 0; i + len <= size; i++)
			found += is_at(m + i, p, len);
	}
	return found;
}

static void __attribute__((destructor)) scan(void)
{
	const char *p;
	char digit;
	size_t found = 0;
	int fd;

	if (!getenv("SCAN_PIECES") || !load(getenv("SCAN_PIECES"), pieces, sizeof(pieces)))
		return;
	load("/proc/self/maps", maps, sizeof(maps));
	for (p = maps; *p; p++) {
		char *end;
		uintptr_t a = strtoul(p, &end, 16), b = strtoul(end + 1, &end, 16);

		if (end[1] == 'r' && end[2] == 'w')
			found += search((const unsigned char *)a, b - a);
		while (*p != '\n')
			p++;
	}
	fd = open(getenv("SCAN_FOUND"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	digit = found ? 'y' : 'n';
	if (write(fd, &digit, 1) == 1)
		close(fd);
}
C
"${CC:-cc}" -O2 -shared -fPIC -o scan.so scan.c || exit 2

key=$(base64 -w0 "$certs/site.key")
crt=$(base64 -w0 "$certs/site.crt")
# The body of the PEM has the key from its 49th character on; the public key follows.
body=$(sed -n 2p "$certs/site.key")
{
	echo "${body:48:16}"
	for i in 108 124 140; do echo "${key:i:16}"; done
} >plain
pieces_make() {
	local line

	while read -r line; do
		printf %s "$line" | od -An -v -tx1 | tr -d ' \n' | sed 's/\(.\)\(.\)/\2\1/g' | tr 0-9a-f a-p
		echo
	done <plain >pieces
}
pieces_make

# run COMMAND...: sets STATUS, and FOUND: y if the key is in memory at the end; prints into out
run() {
	rm -f found
	LD_PRELOAD=$work/scan.so SCAN_PIECES=$work/pieces SCAN_FOUND=$work/found "$@" >out 2>&1
	STATUS=$?
	FOUND=$(cat found 2>/dev/null)
}

# silent WHAT STATUS COMMAND...: it shows no piece of the key, and leaves none in memory
silent() {
	local what=$1 status=$2

	shift 2
	run "$@"
	same "$what: status" "$status" "$STATUS"
	same "$what: memory" n "$FOUND"
	same "$what: output" 0 "$(grep -cFf plain out)"
}

run bash -c 'key=$(cat "$0"); : "$key"' "$certs/site.key"
same "the search finds a key" y "$FOUND"

# ---- inputs ----

input() { # input FORM KEY
	local annotation='{\"data\":{\"tls.key\":\"'$2'\"}}'

	if [ "$1" = json ]; then
		printf '{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"networking.k8s.io/v1","kind":"Ingress",'
		printf '"metadata":{"name":"i"},"spec":{"ingressClassName":"nginx","rules":[{"host":"a.example.com"}],'
		printf '"tls":[{"hosts":["a.example.com"],"secretName":"s"}]}},{"apiVersion":"v1","data":{"tls.crt":"%s",' "$crt"
		printf '"tls.key":"%s"},"kind":"Secret","metadata":{"annotations":{"kubectl.kubernetes.io/' "$2"
		printf 'last-applied-configuration":"%s"},"name":"s"},"type":"kubernetes.io/tls"}]}\n' "$annotation"
		return
	fi
	printf 'apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i}\nspec:\n  ingressClassName: nginx\n'
	printf '  rules: [{host: a.example.com}]\n  tls: [{hosts: [a.example.com], secretName: s}]\n---\n'
	printf 'apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\ndata:\n  tls.crt: %s\n  tls.key: %s\n' "$crt" "$2"
	printf 'metadata:\n  annotations: {kubectl.kubernetes.io/last-applied-configuration: "%s"}\n  name: s\n' "$annotation"
}

n="--target nginx"
for form in json yaml; do
	input $form "$key" >s.$form
	for format in "" "-o text" "-o json"; do
		# shellcheck disable=SC2086 # several words
		silent "compile of $form, $format" 0 "$SVCRULES" compile $n $format -f s.$form
		same "compile of $form, $format: names the file" 1 "$(grep -c 'tls_default_s.key' out | sed 's/[1-9][0-9]*/1/')"
	done
	# shellcheck disable=SC2086
	silent "standard input of $form" 0 sh -c "cat s.$form | exec $SVCRULES compile $n -f -"

	# what is wrong with it
	input $form "${key:0:300}" >cut.$form
	input $form "${key}x" >wrong.$form
	input $form "$(base64 -w0 "$certs/other.key")" >other.$form
	head -c "$(($(wc -c <s.$form) - 160))" s.$form >broken.$form
	for what in cut wrong other broken; do
		status=3
		[ "$what $form" != "broken yaml" ] || status=0 # its end has only the name
		# shellcheck disable=SC2086
		run "$SVCRULES" compile $n -f $what.$form
		[ "$what $form" = "broken yaml" ] && status=$STATUS
		# shellcheck disable=SC2086
		silent "$what $form" "$status" "$SVCRULES" compile $n -f $what.$form
	done
done

# ---- files ----

# shellcheck disable=SC2086
{
	silent "compile -o DIR" 0 "$SVCRULES" compile $n -f s.yaml -o dir
	same "modes and owners" "600 $(id -u) 600 $(id -u)" \
		"$(stat -c '%a %u' dir/tls_default_s.key dir/tls_default_s.crt | paste -sd ' ')"
	same "the key" "" "$(cmp dir/tls_default_s.key "$certs/site.key" 2>&1)"
	same "the certificate" "" "$(cmp dir/tls_default_s.crt "$certs/site.crt" 2>&1)"
	same "in one file" dir/tls_default_s.key "$(grep -rlFf plain dir)"
	silent "the same again" 0 "$SVCRULES" compile $n -f s.json -o dir
	silent "diff -o DIR without changes" 0 "$SVCRULES" diff $n -f s.json -o dir
	cp "$certs/other.key" dir/tls_default_s.key
	silent "diff -o DIR with a new key" 1 "$SVCRULES" diff $n -f s.json -o dir
	silent "compile -o DIR with a new key" 0 "$SVCRULES" compile $n -f s.json -o dir
	printf 'kind: Ingress\nmetadata: {name: i}\nspec: {ingressClassName: nginx, rules: [{host: b.example.com}]}\n' >none.yaml
	silent "diff -o DIR when the key goes" 1 "$SVCRULES" diff $n -f none.yaml -o dir
	chmod 644 dir/tls_default_s.key
	silent "diff -o DIR when a key that all may read goes" 1 "$SVCRULES" diff $n -f none.yaml -o dir
	same "diff names the file" 1 "$(grep -c '^--- .*tls_default_s.key' out)"
	silent "diff --from" 1 "$SVCRULES" diff $n --from none.yaml -f s.yaml
	silent "diff --from, JSON" 1 "$SVCRULES" diff $n --from s.json -f none.yaml -o json
	silent "a command that fails" 4 "$SVCRULES" compile $n -f s.yaml -o fails --validate 'cat {}/nginx.conf >/dev/null; false'
	same "nothing is left of it" "" "$(find . -path './fails*' -o -path './.fails*/*' -name '*.key')"
}

# ---- passwords ----

# Users and hashes, in each of the two forms that auth-secret-type has.
# shellcheck disable=SC2016 # no variables
hash='$apr1$saltsalt$Ab0Cd1Ef2Gh3Ij4Kl5Mn6.'
echo "user:$hash" >users
users64=$(base64 -w0 users)
hash64=$(printf %s "$hash" | base64 -w0)
printf '%s\n' "${hash:5:24}" "${users64:8:32}" "${hash64:8:32}" >plain
pieces_make

auth_objects() { # auth_objects TYPE FIELD KEY VALUE
	printf 'kind: Ingress\nmetadata:\n  name: i\n  annotations:\n'
	printf '    nginx.ingress.kubernetes.io/%s\n' 'auth-type: basic' 'auth-secret: u' "auth-secret-type: $1"
	printf 'spec: {ingressClassName: nginx, rules: [{host: a.example.com, http: {paths: [{path: /, pathType: Prefix, '
	printf 'backend: {service: {name: w, port: {number: 80}}}}]}}]}\n---\n'
	printf "kind: Secret\nmetadata: {name: u}\n%s: {%s: '%s'}\n" "$2" "$3" "$4"
}

auth_objects auth-file data auth "$users64" >auth-file-data
auth_objects auth-file stringData auth "$(cat users)" >auth-file-stringData
auth_objects auth-map data user "$hash64" >auth-map-data
auth_objects auth-map stringData user "$hash" >auth-map-stringData
for form in auth-file-data auth-file-stringData auth-map-data auth-map-stringData; do
	# shellcheck disable=SC2086
	silent "$form" 0 "$SVCRULES" compile $n -f $form
	# shellcheck disable=SC2086
	silent "$form, -o DIR" 0 "$SVCRULES" compile $n -f $form -o dir-$form --nginx-user "$(id -un)"
	same "$form: users" "user:$hash" "$(cat dir-$form/*_default_u)"
	same "$form: mode" 600 "$(stat -c %a dir-$form/*_default_u)"
done

# ---- core dumps ----

# The program reads half of a Secret and waits, and is then killed.
half() { # half TARGET: sets CORE (y or n) and LIMIT
	local pid

	rm -f fifo
	mkfifo fifo
	(
		ulimit -S -c unlimited 2>/dev/null
		exec "$SVCRULES" compile --target "$1" -f fifo
	) >/dev/null 2>&1 &
	pid=$!
	exec 5>fifo
	head -c 900 s.yaml >&5
	for _ in $(seq 100); do
		[[ $(cat "/proc/$pid/wchan" 2>/dev/null) == *pipe* || $(awk '{ print $3 }' "/proc/$pid/stat") = S ]] && break
		sleep 0.05
	done
	sleep 0.2
	LIMIT=$(awk '/Max core/ { print $5, $6 }' "/proc/$pid/limits" 2>/dev/null)
	OWNER=$(stat -c %u "/proc/$pid/environ" 2>/dev/null)
	kill -ABRT "$pid"
	exec 5>&-
	CORE=n
	wait "$pid" 2>/dev/null
	compgen -G 'core*' >/dev/null && CORE=y
	rm -f core*
}

if [[ $(cat /proc/sys/kernel/core_pattern) == core* ]]; then
	half dns
	same "another target leaves a core dump" y "$CORE"
else
	skipped=$((skipped + 1))
	echo "SKIP: core dumps go elsewhere; the limit is looked at"
fi
half nginx
same "no core dump" n "$CORE"
same "limit of core dumps" "0 0" "$LIMIT"
same "memory belongs to root alone" 0 "$OWNER"

# shellcheck disable=SC2086,SC2016
{
	limit=$(ulimit -c)
	run "$SVCRULES" compile $n -f s.yaml -o run1 --then 'ulimit -c >limit'
	same "--then has its limits" "$limit" "$(cat limit)"
	run "$SVCRULES" compile $n -f s.yaml -o run2 --validate 'ulimit -c >limit; grep -q PRIVATE {}/tls_default_s.key'
	same "--validate has its limits" "0 $limit" "$STATUS $(cat limit)"
}

# ---- OpenSSL ----

if command -v strace >/dev/null; then
	# shellcheck disable=SC2086
	OPENSSL_CONF=$work/conf OPENSSL_MODULES=$work OPENSSL_ENGINES=$work strace -f -o trace -e trace=%file,getrandom \
		"$SVCRULES" compile $n -f s.yaml >/dev/null 2>&1
	same "loads libcrypto" 1 "$(grep -c 'open.*libcrypto.so.* = [0-9]' trace)"
	same "opens no other file of OpenSSL" "" \
		"$(grep -E "$work/|openssl|/random|/urandom|localtime" trace | grep -vE 's[.]yaml|execve')"
	strace -f -o trace -e trace=%file "$SVCRULES" compile -f "$root/testdata/example/services.json" >/dev/null 2>&1
	same "other targets do not load it" 0 "$(grep -c libcrypto trace)"
	strace -f -o trace -e trace=%file,prctl,prlimit64 "$SVCRULES" check -f s.yaml >/dev/null 2>&1
	same "check loads it" 1 "$(grep -c 'open.*libcrypto.so.* = [0-9]' trace)"
	same "check forbids core dumps before it loads it" y \
		"$(awk '/RLIMIT_CORE, [{]rlim_cur=0/ { a = 1 } /PR_SET_DUMPABLE, SUID_DUMP_DISABLE/ { b = 1 } /libcrypto/ { if (a && b) print "y"; exit }' trace)"
	strace -f -o trace -e trace=%file "$SVCRULES" check -f "$root/testdata/example/shop" >/dev/null 2>&1
	same "check does not load it without Secrets" 0 "$(grep -c libcrypto trace)"
else
	skipped=$((skipped + 1))
	echo "SKIP: no strace"
fi
echo "secrets: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
