#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# hardening.sh: what `make` builds is hardened, and two copies of the source in different folders
# give the same bytes.
set -u
export LC_ALL=C
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit 2
unset MAKEFLAGS MAKELEVEL MFLAGS
passed=0 failed=0
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT

check() { # check WHAT EXPECTED GOT
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
		echo "ok - $1"
	else
		failed=$((failed + 1))
		echo "not ok - $1: expected '$2', got '$3'"
	fi
}

# has WHAT FILE PATTERN COMMAND...: what the command prints about the file has the pattern
has() {
	local what=$1 file=$2 pattern=$3
	shift 3
	"$@" "$file" >"$tmp/said" 2>&1
	check "$file: $what" yes "$(grep -qE -- "$pattern" "$tmp/said" && echo yes || echo no)"
}

copy() { # copy FOLDER: the source without what was built
	mkdir -p "$1" && tar -c --exclude=./build --exclude=./.git . | tar -x -C "$1"
}

hardened() { # hardened FILE
	has "read-only relocations" "$1" GNU_RELRO readelf -lW
	has "all symbols are bound at the start" "$1" 'BIND_NOW|FLAGS.*NOW' readelf -dW
	has "no executable stack" "$1" 'GNU_STACK.* RW ' readelf -lW
	has "checks of the stack" "$1" __stack_chk_fail nm -D
	has "checks of buffers" "$1" '_chk(@|$)' nm -D
}

built() {
	local file
	copy "$tmp/one" && copy "$tmp/another folder's name" || exit 2
	for file in "$tmp/one" "$tmp/another folder's name"; do
		make -s -j"$(nproc)" -C "$file" all >"$tmp/said" 2>&1
		check "make in a new folder" 0 $?
		(cd "$file/build" && sha256sum svcrules libsvcrules.a libsvcrules.so.* libsvcrules.so 2>/dev/null) >"$file.sums"
	done
	check "programs and libraries of two folders" "$(cat "$tmp/one.sums")" "$(cat "$tmp/another folder's name.sums")"
	check "the folder's name is in none of them" "" "$(grep -l "$tmp" "$tmp"/one/build/{svcrules,libsvcrules.a,libsvcrules.so})"
	cd "$tmp/one" || exit 2
	has "position independent" build/svcrules 'Type: *DYN' readelf -hW
	hardened build/svcrules
	hardened build/libsvcrules.so
}

built
echo "hardening: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
