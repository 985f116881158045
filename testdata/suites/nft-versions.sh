#!/bin/bash
# nft-versions.sh: the installed nft(8) and the newer one of Debian 13 list the rule
# set readably, each loads its own listing and that of the other, and each loads
# the compiled text so that `svcrules diff` finds no difference. The newer nft comes
# from this machine's apt sources with another suite; it is unpacked under build/
# and never installed.
set -u
svcrules=${SVCRULES:-build/svcrules}
where=${NFT_NEWER_DIR:-build/nft-newer}
passed=0 failed=0 skipped=0

check() { # RESULT WHAT
	if [ "$1" -eq 0 ]; then
		passed=$((passed + 1))
		echo "ok - $2"
	else
		failed=$((failed + 1))
		echo "not ok - $2"
	fi
}

fetch() {
	local dir opts packages
	dir=$(mkdir -p "$where" && cd "$where" && pwd) || return 1
	mkdir -p "$dir"/{lists/partial,cache/archives/partial,state,debs,root}
	touch "$dir/state/status"
	cat /etc/apt/sources.list /etc/apt/sources.list.d/debian* 2>/dev/null |
		sed -nE 's/^URIs: *(.*debian\/?)$/deb \1 trixie main/p; s/^deb (\[[^]]*\] )?([^ ]*debian\/?) bookworm main.*/deb \2 trixie main/p' |
		sort -u | head -n 1 | sed 's/^deb /deb [trusted=yes] /' >"$dir/sources.list"
	[ -s "$dir/sources.list" ] || return 1
	opts=(-o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State="$dir/state"
		-o Dir::State::status="$dir/state/status" -o Dir::State::lists="$dir/lists" -o Dir::Cache="$dir/cache")
	packages=(nftables libnftables1 libnftnl11 libmnl0 libc6 libgmp10 libjansson4 libedit2 libtinfo6
		libxtables12 libbsd0 libmd0)
	apt-get "${opts[@]}" -q update >/dev/null 2>&1 || return 1
	(cd "$dir/debs" && apt-get "${opts[@]}" -q download "${packages[@]}") >/dev/null 2>&1 || return 1
	for d in "$dir"/debs/*.deb; do
		dpkg -x "$d" "$dir/root" || return 1
	done
	# shellcheck disable=SC2016
	printf '#!/bin/sh\nl=%s\nexec "$l/ld-linux-x86-64.so.2" --library-path "$l" "%s" "$@"\n' \
		"$dir/root/usr/lib/x86_64-linux-gnu" "$dir/root/usr/sbin/nft" >"$dir/nft"
	chmod +x "$dir/nft"
}

[ -x "$where/nft" ] || fetch
if ! "$where/nft" --version >/dev/null 2>&1 || ! ip netns add svcr-nftv-$$ 2>/dev/null; then
	echo "SKIP: no newer nft to be had, or no network namespaces"
	echo "nft-versions: 0 passed, 0 failed, 1 skipped"
	exit 0
fi
ns=svcr-nftv-$$
dir=$(mktemp -d) || exit 1
trap 'ip netns del $ns; rm -rf "$dir"' EXIT
run() { ip netns exec $ns "$@"; }
flush() { run nft flush ruleset; }
older=$(nft --version | cut -d' ' -f2) newer=$("$where/nft" --version | cut -d' ' -f2)

# One input has every part of the layout, except IPv6 affinity, which 1.0.6 cannot load.
common="--node-name node1 --node-ip 192.0.2.1,2001:db8::1 --service-cidr 10.96.0.0/16,fd00:10:96::/112
	--cluster-cidr 10.244.0.0/16,fd00:10:244::/48"
# more NAME: prints further options of the input of that name
more() {
	[ "$1" != policies ] || echo --network-policy
}

for input in testdata/nft-versions/*.json testdata/example/services.json; do
	name=$(basename "$input" .json)
	# shellcheck disable=SC2046,SC2086
	set -- -f "$input" $common $(more "$name")
	"$svcrules" compile "$@" >"$dir/text.nft" 2>/dev/null
	flush
	run "$svcrules" apply "$@" --quiet
	check $? "$name: apply"
	run nft list ruleset >"$dir/older.nft"
	check $? "$name: nft $older lists it"
	run "$where/nft" list ruleset >"$dir/newer.nft"
	check $? "$name: nft $newer lists it"
	grep -q 'comment "production/' "$dir/older.nft" && grep -q 'comment "production/' "$dir/newer.nft"
	check $? "$name: both listings name the services"
	for text in older newer text; do
		for nft in "nft" "$where/nft"; do
			version=$([ "$nft" = nft ] && echo "$older" || echo "$newer")
			if [ "$nft" = nft ] && [ "$name" = affinity6 ]; then
				skipped=$((skipped + 1))
				continue
			fi
			flush
			run $nft -f "$dir/$text.nft" 2>"$dir/err"
			check $? "$name: nft $version loads $text.nft $(head -n 1 "$dir/err")"
			run "$svcrules" diff "$@" >"$dir/diff" 2>&1
			check $? "$name: the same then ($(tail -n 1 "$dir/diff"))"
		done
	done
done

# loads NFT TABLE: it loads and lists tables of that name, and what `diff -o nft` prints about them
loads() {
	local family
	for family in ip ip6; do
		flush
		run "$1" -f - 2>/dev/null <<-NFT && run "$1" list table $family "$2" >/dev/null 2>&1 || return
			table $family $2 {
				map m {
					type inet_service : verdict
				}
				chain c {
				}
			}
			add element $family $2 m { 1 : drop }
			delete element $family $2 m { 1 }
			add rule $family $2 c drop
			flush chain $family $2 c
			delete chain $family $2 c
			add chain $family $2 d
		NFT
	done
}

# A name of a table that one of them cannot load is refused, and no other.
wrong=
while read -r word; do
	loads nft "$word" && loads "$where/nft" "$word" && expected=0 || expected=2
	"$svcrules" compile --table "$word" -f testdata/example/services.json >"$dir/text.nft" 2>/dev/null
	[ $? -eq "$expected" ] || wrong="$wrong $word"
done <testdata/nft-versions/words
check "${#wrong}" "--table refuses the words that nft $older or $newer does not take$wrong"

# The table that goes with IPVS, as text and listings alone: this kernel may not have IPVS.
for input in testdata/nft-versions/*.json testdata/example/services.json; do
	name="$(basename "$input" .json), beside IPVS"
	# shellcheck disable=SC2046,SC2086
	"$svcrules" compile --backend ipvs -o nft -f "$input" $common $(more "${name%,*}") >"$dir/text.nft" 2>/dev/null
	for nft in "nft" "$where/nft"; do
		version=$([ "$nft" = nft ] && echo "$older" || echo "$newer")
		if [ "$nft" = nft ] && [[ $name == affinity6* ]]; then
			skipped=$((skipped + 1))
			continue
		fi
		flush
		run $nft -f "$dir/text.nft" 2>"$dir/err"
		check $? "$name: nft $version loads text $(head -n 1 "$dir/err")"
		run $nft list ruleset >"$dir/listed.nft"
		check "$(grep -q 'goto ipvs' "$dir/listed.nft"; echo $?)" "$name: nft $version lists it"
		flush
		run $nft -f "$dir/listed.nft" 2>"$dir/err"
		check $? "$name: nft $version loads what it listed $(head -n 1 "$dir/err")"
		run $nft list ruleset | cmp -s - "$dir/listed.nft"
		check $? "$name: nft $version lists the same again"
	done
done
echo "nft-versions: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
