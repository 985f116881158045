#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vm-packets.sh: the packet tests under Debian's own kernel, see vm.sh. VM_FILES and
# VM_IPVS are the numbers of the files in testdata/suites/packets to run with nftables
# and with IPVS, the longest first, VM_IPTABLES those with both kinds of iptables. 13 is
# about nftables alone, 14 about IPVS. One file: VM_FILES=06 VM_IPVS= VM_IPTABLES= testdata/suites/vm-packets.sh
set -u
cd "$(dirname "$0")/../.." || exit 2
jobs=${VM_JOBS:-4} VM_FILES=${VM_FILES-11 06 07 33 13 12 10 36 09 17 35 01 02 37 08 04 03 05 15 21}

# In the machine: up to $jobs files at a time, each in namespaces that no other uses.
if [ "${1:-}" = --inside ]; then
	shift
	export PATH=/run/quick:$PATH TIMEOUT=${TIMEOUT:-1000} SHORT=${SHORT:-10}
	echo "# kernel $(uname -r)"
	# a machine as small as this one has room for 8,192 connections, of all namespaces
	modprobe -q nf_conntrack && echo 131072 >/proc/sys/net/netfilter/nf_conntrack_max
	modprobe -a ip_tables ip6_tables # iptables-legacy does not know where modules are here
	for file; do
		backend=nftables
		[[ $file != *:* ]] || backend=${file%%:*}
		# what 'svcrules explain' predicts for nftables is compared outside, in the suite packets
		explain=
		[ "$backend" != ipvs ] || explain=yes
		export BACKEND=$backend EXPLAIN=$explain
		file=${file#*:}
		[ "$(jobs -rp | wc -l)" -lt "$jobs" ] || wait -n
		{
			log=$(mktemp)
			bash testdata/suites/packets/run.sh "$file" >"$log" 2>&1
			sed -e "s/^\(ok\|not ok\|skip\) - /&$backend: /" -e "s/^TOO SLOW: packets: /&$backend: /" -e '/^# failures:/,$d' -e '/^[0-9]* passed/d' -e "s/ skipped\$/&, after $SECONDS s/" "$log" >"$log.short"
			cat "$log.short" # in one piece, not mixed with the lines of others
		} &
	done
	wait
	echo "# done after $SECONDS s"
	exit
fi

files=()
for n in ${VM_IPVS-12 14 06 11 08 07 35 10 36 09 17 37 02 01 34 04 03 05 15 20 21}; do
	for file in testdata/suites/packets/"$n"-*.sh; do files+=("ipvs:$file"); done
done
for n in ${VM_IPTABLES-15 18}; do
	for file in testdata/suites/packets/"$n"-*.sh; do files+=("iptables-legacy:$file" "iptables-nft:$file"); done
done
for n in $VM_FILES; do files+=(testdata/suites/packets/"$n"-*.sh); done
log=$(mktemp) || exit 2
trap 'rm -f "$log"' EXIT
VM_TIMEOUT=${VM_TIMEOUT:-1700} testdata/suites/vm.sh bash testdata/suites/vm-packets.sh --inside "${files[@]}" 2>&1 | tee "$log"
rc=${PIPESTATUS[0]}
count() { grep -c "^$1 - " "$log"; }
passed=$(count ok) failed=$(count 'not ok') skipped=$(count '[Ss][Kk][Ii][Pp]')
if [ "$rc" -eq 77 ]; then
	skipped=1
elif ! grep -q '^# done ' "$log"; then
	failed=$((failed + 1))
	if [ "$rc" -eq 124 ]; then
		echo "TOO SLOW: vm: the packet tests, see VM_TIMEOUT"
	else
		echo "not ok - the packet tests did not come to their end: exit $rc"
	fi
fi
echo "vm: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
