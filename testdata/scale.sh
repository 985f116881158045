#!/bin/bash
# scale.sh: what the kernel is sent, at 5,000 services x 10 endpoints, and how
# long nft(8) takes for the same services as a chain per service and endpoint.
# Counts cannot flake; the one ratio has a margin (measured: above 20).
set -u
svcrules=${SVCRULES:-build/svcrules}
services=${SERVICES:-5000} endpoints=${ENDPOINTS:-10}
passed=0 failed=0
dir=$(mktemp -d) || exit 1
ns=svcr-scale-$$
if ! ip netns add $ns 2>/dev/null; then
	echo "SKIP: no network namespaces"
	echo "scale: 0 passed, 0 failed, 1 skipped"
	exit 0
fi
trap 'ip netns del $ns; rm -rf "$dir"' EXIT

ok() {
	if [ "$1" -eq 1 ]; then
		passed=$((passed + 1))
		echo "ok - $2"
	else
		failed=$((failed + 1))
		echo "not ok - $2"
	fi
}

# cluster WITHOUT: the cluster as JSON; the service of that number lacks its last endpoint.
cluster() {
	awk -v s="$services" -v e="$endpoints" -v without="$1" 'BEGIN {
		print "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":["
		for (i = 0; i < s; i++) {
			vip = sprintf("10.96.%d.%d", i / 250, i % 250 + 1)
			printf "%s{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"s%d\",\"namespace\":\"ns\"},\"spec\":{\"type\":\"ClusterIP\",\"clusterIP\":\"%s\",\"clusterIPs\":[\"%s\"],\"ports\":[{\"name\":\"http\",\"port\":80,\"protocol\":\"TCP\"}]}}\n", i ? "," : "", i, vip, vip
			printf ",{\"addressType\":\"IPv4\",\"apiVersion\":\"discovery.k8s.io/v1\",\"endpoints\":["
			for (k = 0; k < e - (i == without); k++) {
				n = i * e + k
				printf "%s{\"addresses\":[\"10.%d.%d.%d\"],\"conditions\":{\"ready\":true},\"nodeName\":\"n%d\"}", k ? "," : "", 128 + n / 65536, n / 256 % 256, n % 256, k
			}
			printf "],\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"s%d-x\",\"namespace\":\"ns\",\"labels\":{\"kubernetes.io/service-name\":\"s%d\"}},\"ports\":[{\"name\":\"http\",\"port\":8080,\"protocol\":\"TCP\"}]}\n", i, i
		}
		print "]}"
	}'
}

# The same services as a chain for each service and each endpoint.
chains() {
	awk -v s="$services" -v e="$endpoints" 'BEGIN {
		print "table ip chains {\nchain pre { type nat hook prerouting priority -100; }"
		for (i = 0; i < s; i++) {
			for (k = 0; k < e; k++) {
				n = i * e + k
				printf "chain ep-%d { meta l4proto tcp dnat to 10.%d.%d.%d:8080; }\n", n, 128 + n / 65536, n / 256 % 256, n % 256
			}
			printf "chain svc-%d { numgen random mod %d vmap { ", i, e
			for (k = 0; k < e; k++)
				printf "%s%d : goto ep-%d", k ? ", " : "", k, i * e + k
			print " }; }"
		}
		print "map ips { type ipv4_addr . inet_proto . inet_service : verdict; elements = {"
		for (i = 0; i < s; i++)
			printf "%s10.96.%d.%d . tcp . 80 : goto svc-%d\n", i ? "," : "", i / 250, i % 250 + 1, i
		print "} }\n}\ntable ip chains {\nchain pre { ip daddr . meta l4proto . th dport vmap @ips; }\n}"
	}'
}

run() { ip netns exec $ns "$@"; }
apply() { run "$svcrules" apply -f "$1" --node-name n1 --cluster-cidr 10.128.0.0/9 2>/dev/null; }
sent() { sed -nE 's/.*\(([0-9]+) changes? sent\).*/\1/p' <<<"$1"; }
now() { date +%s%N; }

cluster -1 >"$dir/a.json"
cluster $((services / 2)) >"$dir/b.json"
chains >"$dir/chains.nft"

t0=$(now)
apply "$dir/a.json" >/dev/null
ours=$(($(now) - t0))
again=$(apply "$dir/a.json")
ok "$(grep -c 'no changes' <<<"$again")" "a second apply sends no change: $again"
less=$(sent "$(apply "$dir/b.json")")
ok $((${less:-99} <= 10)) "one endpoint less: $less changes sent"
more=$(sent "$(apply "$dir/a.json")")
ok $((${more:-99} <= 10)) "one endpoint more: $more changes sent"
execs=$(run strace -f -e trace=execve -o "$dir/trace" "$svcrules" apply -f "$dir/a.json" --quiet 2>/dev/null; grep -c execve "$dir/trace")
ok $((execs == 1)) "apply starts no other program"
libs=$(ldd "$svcrules" | grep -vcE 'linux-vdso|ld-linux|libc\.so|libmnl|libnftnl|libjansson|libm\.so')
ok $((libs == 0)) "only the libraries named are linked"
run "$svcrules" delete >/dev/null
t0=$(now)
run nft -f "$dir/chains.nft"
theirs=$(($(now) - t0))
ok $((theirs > 8 * ours)) "a cold apply is $((theirs / (ours > 0 ? ours : 1))) times faster than nft(8) with a chain per service and endpoint (expected: above 8)"
echo "scale: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
