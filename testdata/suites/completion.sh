#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# completion.sh: bash, zsh and fish complete commands, options and values, with the scripts that
# the program makes.
# shellcheck disable=SC2016
set -u
export LC_ALL=C
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit 2
SVCRULES=${SVCRULES:-build/svcrules}
passed=0 failed=0 skipped=0
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

# Each of these prints what the shell offers after a line, sorted, on one line.

in_bash() {
	bash --norc -c '. "$1"; COMP_LINE=$2; read -ra COMP_WORDS <<<"$2"
		[[ $2 != *" " ]] || COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); compopt() { :; }
		_svcrules; printf "%s\n" "${COMPREPLY[@]}"' - "$tmp/bash" "$1" 2>&1 | sort -u | xargs
}

# A shell in a terminal of its own; what the completion would add is written to a file instead.
in_zsh() {
	zsh -f -c 'zmodload zsh/zpty
		zpty z zsh -f -i
		zpty -w z "PS1=; autoload -U compinit; compinit -D -u; fpath=($1:h \$fpath); . $1/zsh"
		zpty -w z "compadd() { [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]] || { local -a __w; builtin compadd -A __w \"\$@\"; print -l -- \$__w >>$1/offered; }; builtin compadd \"\$@\" }"
		zpty -w z "print rea\"\"dy"
		zpty -r -m z line "*ready*"
		zpty -w -n z "$2"$'\''\t'\''
		sleep 0.7
		zpty -d z' - "$tmp" "$1" >/dev/null 2>&1
	sort -u "$tmp/offered" 2>/dev/null | xargs
	rm -f "$tmp/offered"
}

in_fish() {
	fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$tmp/fish" "$1" 2>&1 | cut -f1 | sort -u | xargs
}

words_of() { "$SVCRULES" help | sed -nE 's/^  ([a-z]+) .*/\1/p' | sort | xargs; }
options_of() { # options_of COMMAND: the long ones
	"$SVCRULES" help "$1" | sed -nE 's/^  (--[^ ]+)( .*)?$/\1/p; s/.*also (--[a-z-]+)$/\1/p; s/^ {8,}(--[a-z-]+)$/\1/p' | sort -u | xargs
}
long_ones() { tr ' ' '\n' | grep -e '^--' | sed 's/=$//' | sort -u | xargs; }

shell() { # shell NAME
	local name=$1
	if ! command -v "$name" >/dev/null; then
		skipped=$((skipped + 1))
		echo "SKIP - $name is missing"
		return
	fi
	"$SVCRULES" help --completion "$name" >"$tmp/$name"
	"$name" -n "$tmp/$name"
	check "$name: the script is correct" 0 $?
	check "$name: commands" "$(words_of)" "$("in_$name" 'svcrules ' | tr ' ' '\n' | grep -v -e '^-' | cut -d: -f1 | xargs)"
	check "$name: part of a command" compile "$("in_$name" 'svcrules com')"
	for command in apply check diff delete get status; do
		check "$name: options of $command" "$(options_of $command)" \
			"$("in_$name" "svcrules $command --" | long_ones)"
	done
	check "$name: values" "dns iptables ipvs nftables nginx" "$("in_$name" 'svcrules apply --target ')"
	check "$name: part of a value" nftables "$("in_$name" 'svcrules diff --target nf')"
	check "$name: checks" "not-ready" "$("in_$name" 'svcrules check -E not-r')"
	check "$name: checks to be switched off" "no-not-ready" "$("in_$name" 'svcrules check -W no-not-r')"
	check "$name: annotations that are refused" "canary-weight canary-weight-total" \
		"$("in_$name" 'svcrules compile --ignore-annotation canary-w')"
	check "$name: values of a short option, and folders" "ip ipvsadm json nft text zones" \
		"$(cd "$tmp/folder" && "in_$name" 'svcrules compile -o ' | sed 's|/||g')"
	check "$name: no values of another command's" "bash fish zsh" "$("in_$name" 'svcrules help --completion ')"
	check "$name: commands after help" "$(words_of)" \
		"$("in_$name" 'svcrules help ' | tr ' ' '\n' | grep -v -e '^-' | xargs)"
	check "$name: kinds after get" "endpoints policies services" \
		"$("in_$name" 'svcrules get ' | tr ' ' '\n' | grep -v -e '^-' | sort | xargs)"
	touch "$tmp/services.json"
	check "$name: files" yes "$("in_$name" "svcrules compile -f $tmp/serv" | grep -q 'services.json' && echo yes)"
}

mkdir -p "$tmp/folder/zones"
touch "$tmp/folder/file"
for name in bash zsh fish; do
	shell $name
done
echo "completion: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
