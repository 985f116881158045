#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# install.sh: `make install`, `make uninstall` and `make dist`, into a temporary folder.
set -u
export LC_ALL=C
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit 2
unset MAKEFLAGS MAKELEVEL MFLAGS
passed=0 failed=0 skipped=0
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
into="$tmp/a folder" prefix=/opt/x
version=$(<VERSION)

check() { # check WHAT EXPECTED GOT
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
		echo "ok - $1"
	else
		failed=$((failed + 1))
		echo "not ok - $1:"
		diff <(echo "$2") <(echo "$3")
	fi
}

# run_make TARGET [VARIABLE=VALUE...]: quietly; says what it printed if it fails
run_make() {
	make -s "$@" >"$tmp/said" 2>&1 || { check "make $1" "exit 0" "exit $?: $(cat "$tmp/said")"; return 1; }
}

files() { (cd "$1" && find . ! -type d | sort); }
contents() { (cd "$1" && find . ! -type d -printf '%p %m %l\n' | sort && find . -type f -print0 | sort -z | xargs -0 sha256sum); }

install_and_uninstall() {
	local first
	run_make install DESTDIR="$into" PREFIX=$prefix || return
	check "what install makes" "./opt/x/bin/svcrules
./opt/x/include/svcrules.h
./opt/x/include/svcrules_check.h
./opt/x/include/svcrules_explain.h
./opt/x/include/svcrules_review.h
./opt/x/include/svcrules_services.h
./opt/x/lib/libsvcrules.a
./opt/x/lib/libsvcrules.so
./opt/x/lib/libsvcrules.so.1
./opt/x/lib/pkgconfig/svcrules.pc
./opt/x/lib/systemd/system/svcrules.service
./opt/x/lib/systemd/system/svcrules.timer
./opt/x/sbin/svcrules
./opt/x/share/bash-completion/completions/svcrules
./opt/x/share/fish/vendor_completions.d/svcrules.fish
./opt/x/share/man/man1/svcrules.1
./opt/x/share/man/man3/libsvcrules.3
./opt/x/share/man/man5/svcrules-nginx.5
./opt/x/share/man/man5/svcrules.5
./opt/x/share/man/man7/svcrules-check.7
./opt/x/share/man/man7/svcrules-debugging.7
./opt/x/share/zsh/site-functions/_svcrules" "$(files "$into")"
	first=$(contents "$into")
	check "the library's link" libsvcrules.so.1 "$(readlink "$into$prefix/lib/libsvcrules.so")"
	check "the library's own name" libsvcrules.so.1 \
		"$(objdump -p "$into$prefix/lib/libsvcrules.so" | awk '$1 == "SONAME" { print $2 }')"
	check "the installed program" "svcrules $version" "$("$into$prefix/bin/svcrules" --version)"
	check "its old place" $prefix/bin/svcrules "$(readlink "$into$prefix/sbin/svcrules")"
	check "the program that the unit starts" $prefix/bin/svcrules \
		"$(sed -nE 's/^ExecStart=([^ ]*svcrules) .*/\1/p' "$into$prefix/lib/systemd/system/svcrules.service")"
	check "prefix and version for pkg-config" "prefix=$prefix Version: $version" \
		"$(grep -E '^(prefix=|Version:)' "$into$prefix/lib/pkgconfig/svcrules.pc" | xargs)"
	run_make install DESTDIR="$into" PREFIX=$prefix || return
	check "a second install changes nothing" "$first" "$(contents "$into")"
	touch "$into$prefix/lib/libsvcrules.so.9" "$into$prefix/share/man/man1/other.1"
	run_make uninstall DESTDIR="$into" PREFIX=$prefix || return
	check "uninstall leaves what others installed, and nothing else" "./opt/x/lib/libsvcrules.so.9
./opt/x/share/man/man1/other.1" "$(files "$into")"
}

# Without DESTDIR the run-time linker is told, and one folder for both names of the program is right.
into_the_system() {
	local path=$PATH
	mkdir "$tmp/path" "$tmp/merged" && mkdir "$tmp/merged/bin" && ln -s bin "$tmp/merged/sbin"
	printf '#!/bin/sh\necho "ldconfig $*" >>"%s/told"\n' "$tmp" >"$tmp/path/ldconfig"
	chmod +x "$tmp/path/ldconfig"
	PATH=$tmp/path:$PATH
	run_make install PREFIX="$tmp/merged"
	check "install without DESTDIR calls ldconfig" "ldconfig " "$(cat "$tmp/told")"
	check "bin and sbin are one folder" "svcrules $version" "$("$tmp/merged/bin/svcrules" --version)"
	rm -f "$tmp/told"
	run_make uninstall PREFIX="$tmp/merged"
	check "uninstall calls it, too" "ldconfig " "$(cat "$tmp/told")"
	check "uninstall leaves nothing" "./sbin" "$(files "$tmp/merged")"
	rm -f "$tmp/told"
	run_make install PREFIX=$prefix DESTDIR="$tmp/packed"
	check "install with DESTDIR does not" "" "$(cat "$tmp/told" 2>/dev/null)"
	PATH=$path
}

dist() {
	local name=svcrules-$version
	run_make dist DISTDIR="$tmp" || return
	tar -x -z -C "$tmp" -f "$tmp/$name.tar.gz" 2>"$tmp/said"
	check "dist can be unpacked" "" "$(cat "$tmp/said")"
	[ -d "$tmp/$name" ] || return
	if [ -e .git ] && git rev-parse -q --verify HEAD >/dev/null 2>&1; then
		check "dist has the files of the commit" "$(git ls-tree -r --name-only HEAD | sort)" "$(files "$tmp/$name" | sed 's|^\./||')"
	else
		skipped=$((skipped + 1))
		echo "SKIP - dist of a commit: this tree has none"
	fi
	mkdir "$tmp/again" && mkdir "$tmp/$name/build" && touch "$tmp/$name/build/x"
	run_make -C "$tmp/$name" dist DISTDIR="$tmp/again" || return
	check "dist without git has the same files" "$(tar -t -z -f "$tmp/$name.tar.gz" | sort)" \
		"$(tar -t -z -f "$tmp/again/$name.tar.gz" | sort)"
	check "make finds all that it needs in the source" "" "$(make -C "$tmp/$name" -n all 2>&1 >/dev/null)"
}

install_and_uninstall
into_the_system
dist
make -s build/svcrules.pc build/svcrules.service # with this tree's own prefix again
echo "install: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
