#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# switch-off.sh [NAME...]: the effect of an option or a field is gone after the
# next apply without it, and back after the apply that follows. Each time the kernel
# must have the same rules as after an apply to an empty rule set; only the numbers
# of a service's endpoints may differ. With NAMEs, such as --masquerade-all, only
# these cases are run.
# Runs as root, or as an ordinary user inside a new user namespace.
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
root=${here%/testdata/suites}
SVCRULES=$(realpath "${SVCRULES:-$root/build/svcrules}")
passed=0
failed=0
skipped=0

NAME=switch-off
# shellcheck source=testdata/suites/netns.sh
. "$(dirname "$0")/netns.sh"
only=("$@")

# ---- the kernel's rules ----

# Prints the numbers of a service's endpoints and its endpoints on lines of their own.
list_element() {
	local key=${2% : *}

	if [[ $1 == *endpoints && $2 == *' . '*' : '* && $2 != type* ]]; then
		printf '%s: %s\n' "$1" "$key" "$1" "${key% . *} : ${2##* : }"
	else
		printf '%s: %s\n' "$1" "$2"
	fi
}

# ---- the input: fragments of JSON, and the options ----

one='{"addresses":["10.244.1.11"],"nodeName":"node1"}'
two='{"addresses":["10.244.2.12"],"nodeName":"node2"}'
three='{"addresses":["10.244.1.13"],"nodeName":"node1"}'
http='{"name":"http","port":80,"protocol":"TCP","nodePort":30080}'
dns='{"name":"dns","port":53,"protocol":"UDP","nodePort":30053}'
vip='{"ip":"198.51.100.7"}'

defaults() {
	OPTIONS='--node-name node1'
	TYPE=LoadBalancer
	IPS='"10.96.0.10"'
	PORTS=$http
	EXTERNAL=
	INGRESS=$vip
	SPEC=
	LABELS=
	ENDPOINTS="$one,$two"
	MORE=
}

# slice NAME FAMILY ENDPOINTS: prints an item of the list, with the comma before it.
slice() {
	printf ',{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"%s",
"metadata":{"name":"%s","namespace":"default","labels":{"kubernetes.io/service-name":"%s"}},
"ports":[{"name":"http","port":8080,"protocol":"TCP"},{"name":"dns","port":53,"protocol":"UDP"}],
"endpoints":[%s]}' "$2" "$1" "${1%-*}" "$3"
}

# service NAME CLUSTER-IP: prints an item in the same way.
service() {
	printf ',{"apiVersion":"v1","kind":"Service","metadata":{"name":"%s","namespace":"default"},
"spec":{"type":"ClusterIP","clusterIPs":["%s"],"ports":[%s]}}' "$1" "$2" "$http"
}

# node SPEC [ZONE]: prints an item in the same way.
node() {
	printf ',{"apiVersion":"v1","kind":"Node","spec":{%s},
"metadata":{"name":"node1","labels":{"topology.kubernetes.io/zone":"%s"}},"status":{"addresses":[
{"type":"InternalIP","address":"192.0.2.1"},{"type":"ExternalIP","address":"198.51.100.1"}]}}' "$1" "${2:-}"
}

# pod NAMESPACE/NAME ADDRESS@NODE LABELS [PORTS] and policy NAMESPACE/NAME SPEC: print items in the same way.
pod() {
	printf ',{"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"%s","name":"%s","labels":{%s}},
"spec":{"nodeName":"%s","containers":[{"name":"main","ports":[%s]}]},
"status":{"phase":"Running","podIPs":[{"ip":"%s"}]}}' "${1%/*}" "${1#*/}" "$3" "${2#*@}" "${4:-}" "${2%@*}"
}

policy() {
	printf ',{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy",
"metadata":{"namespace":"%s","name":"%s"},"spec":{%s}}' "${1%/*}" "${1#*/}" "$2"
}

# namespace NAME LABELS: likewise
namespace() {
	printf ',{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"%s","labels":{%s}}}' "$1" "$2"
}

input() {
	printf '{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Service",
"metadata":{"name":"web","namespace":"default","labels":{%s}},
"spec":{"type":"%s","clusterIPs":[%s],"ports":[%s],"externalIPs":[%s]%s},
"status":{"loadBalancer":{"ingress":[%s]}}}%s%s]}' \
		"$LABELS" "$TYPE" "$IPS" "$PORTS" "$EXTERNAL" "$SPEC" "$INGRESS" \
		"$(slice web-1 IPv4 "$ENDPOINTS")" "$MORE"
}

# ---- the comparison ----

not_ok() {
	failed=$((failed + 1))
	echo "not ok - $name: $1"
	shift
	[ $# -eq 0 ] || cat "$@"
}

# svcrules COMMAND WHICH
svcrules() {
	local options

	read -r -a options <"$work/$2.options"
	at "$SVCRULES" "$1" -f "$work/$2.json" "${options[@]}" >"$work/out" 2>&1
}

# fresh WHICH: records the rules that an apply to an empty rule set makes.
fresh() {
	at nft flush ruleset
	if ! svcrules apply "$1"; then
		not_ok "apply $1 it" "$work/out"
		return 1
	fi
	listing >"$work/$1.rules"
}

# switched WHICH: applies it to the present rules, and compares with the fresh ones.
switched() {
	if ! svcrules apply "$1"; then
		not_ok "apply $1 it" "$work/out"
	elif ! svcrules diff "$1"; then
		not_ok "diff $1 it after apply" "$work/out"
	elif ! listing | diff -u --label "fresh, $1 it" --label "switched" "$work/$1.rules" -; then
		not_ok "$1 it, the rules are others than fresh ones"
	else
		passed=$((passed + 1))
	fi
}

# wanted NAME: true if the case is to be run
wanted() {
	local name

	[ ${#only[@]} -gt 0 ] || return 0
	for name in "${only[@]}"; do
		[ "$name" != "$1" ] || return 0
	done
	return 1
}

# try NAME [VARIABLE=VALUE...] with [VARIABLE=VALUE...] without [VARIABLE=VALUE...]
try() {
	local name=$1 word which=both with=() without=()

	wanted "$name" || return
	shift
	for word; do
		case $which,$word in
		*,with | *,without) which=$word ;;
		both,*) with+=("$word") without+=("$word") ;;
		with,*) with+=("$word") ;;
		without,*) without+=("$word") ;;
		esac
	done
	write with "${with[@]}"
	write without "${without[@]}"
	fresh without || return
	fresh with || return
	if cmp -s "$work/with.rules" "$work/without.rules"; then
		not_ok "it makes no difference"
		return
	fi
	switched without
	switched with
}

# write WHICH [VARIABLE=VALUE...]
write() {
	local which=$1 word

	defaults
	shift
	for word; do
		printf -v "${word%%=*}" '%s' "${word#*=}"
	done
	input >"$work/$which.json"
	printf '%s\n' "$OPTIONS" >"$work/$which.options"
}

# Tables of another name belong to another instance: they stay until a delete with that name.
try_table() {
	local name=--table

	wanted "$name" || return
	write with "OPTIONS=--node-name node1 --table other"
	write without
	fresh without || return
	fresh with || return
	svcrules apply without
	listing >"$work/both"
	if ! sort "$work/with.rules" "$work/without.rules" | diff -u - "$work/both"; then
		not_ok "two instances are not what each is alone"
		return
	fi
	if ! at "$SVCRULES" delete --table other >"$work/out" 2>&1; then
		not_ok "delete --table" "$work/out"
	elif ! listing | diff -u "$work/without.rules" -; then
		not_ok "delete --table left or took other rules"
	else
		passed=$((passed + 1))
	fi
}

# ---- options ----

n='--node-name node1'
n1=$(node '')
local_policy=',"externalTrafficPolicy":"Local"'
v6=$(slice web-6 IPv6 '{"addresses":["fd00:10:244:1::11"],"nodeName":"node1"}')
dual='"10.96.0.10","fd00:10:96::10"'
zones='{"addresses":["10.244.1.11"],"hints":{"forZones":[{"name":"a"}]}},
{"addresses":["10.244.2.12"],"hints":{"forZones":[{"name":"b"}]}}'
nodes='{"addresses":["10.244.1.11"],"hints":{"forNodes":[{"name":"node1"}]}},
{"addresses":["10.244.2.12"],"hints":{"forNodes":[{"name":"node2"}]}}'

try --masquerade-all with "OPTIONS=$n --masquerade-all" without
try --masquerade-mark "MORE=$(node '"podCIDRs":["10.244.1.0/24"]')" with "OPTIONS=$n --masquerade-mark 0x8000" without
try --cluster-cidr with "OPTIONS=$n --cluster-cidr 10.244.0.0/16" without
try '--cluster-cidr, Local policy' "SPEC=$local_policy" with "OPTIONS=$n --cluster-cidr 10.244.0.0/16" without
try '--cluster-cidr of another family' "IPS=$dual" "MORE=$v6" \
	with "OPTIONS=$n --cluster-cidr 10.244.0.0/16,fd00:10:244::/48" without "OPTIONS=$n --cluster-cidr 10.244.0.0/16"
try --service-cidr with "OPTIONS=$n --service-cidr 10.96.0.0/12" without
try '--service-cidr of another family' \
	with "OPTIONS=$n --service-cidr 10.96.0.0/12,fd00:10:96::/112" without "OPTIONS=$n --service-cidr 10.96.0.0/12"
try --nodeport-addresses "MORE=$n1" with "OPTIONS=$n --nodeport-addresses 192.0.2.0/24" without
try '--nodeport-addresses primary' "MORE=$n1" with "OPTIONS=$n --nodeport-addresses primary" without
try '--nodeport-addresses, none' "MORE=$n1" with "OPTIONS=$n --nodeport-addresses 10.0.0.0/8" without
try --zone "ENDPOINTS=$zones" with "OPTIONS=$n --zone a" without
try --node-name "SPEC=$local_policy" "MORE=$n1" with "OPTIONS=$n" without OPTIONS=
try '--node-name, another' "SPEC=$local_policy,\"internalTrafficPolicy\":\"Local\"" \
	with "OPTIONS=--node-name node3" without
try --node-ip with "OPTIONS=$n --node-ip 192.0.2.1,192.0.2.2" without
try '--node-ip beside a Node object' "SPEC=$local_policy" "MORE=$n1" with "OPTIONS=$n --node-ip 192.0.2.9" without
many=',"loadBalancerSourceRanges":["192.0.2.0/24","198.51.100.0/24","203.0.113.0/24"]'
try --max-source-ranges "SPEC=$many" with "OPTIONS=$n --max-source-ranges 2" without
try --max-elements with "OPTIONS=$n --max-elements 5" without
try '--family ipv4' "IPS=$dual" "MORE=$v6" with "OPTIONS=$n --family ipv4" without
try '--family ipv6' "IPS=$dual" "MORE=$v6" with "OPTIONS=$n --family ipv6" without
try_table

# ---- fields of a Service ----

affinity=',"sessionAffinity":"ClientIP"'
timeout=',"sessionAffinityConfig":{"clientIP":{"timeoutSeconds":600}}'
ranges=',"loadBalancerSourceRanges":["192.0.2.128/25","198.51.100.0/24"]'

try sessionAffinity with "SPEC=$affinity" without
try 'sessionAffinity, Local policy' "MORE=$n1" with "SPEC=$affinity$local_policy" without "SPEC=$local_policy"
try 'sessionAffinity, IPv6' "IPS=$dual" "MORE=$v6" with "SPEC=$affinity" without
try 'sessionAffinity, one service of two' "MORE=$(service dns 10.96.0.11)$(slice dns-1 IPv4 "$three")" \
	"PORTS=$http,$dns" with "SPEC=$affinity" without
try timeoutSeconds with "SPEC=$affinity$timeout" without "SPEC=$affinity"
try externalIPs with 'EXTERNAL="203.0.113.10","203.0.113.11"' without
try 'externalIPs, one of two' with 'EXTERNAL="203.0.113.10","203.0.113.11"' without 'EXTERNAL="203.0.113.10"'
try 'externalIPs, IPv6' "IPS=$dual" "MORE=$v6" with 'EXTERNAL="2001:db8::10"' without
try ingress with without INGRESS=
try 'ingress ipMode' with 'INGRESS={"ip":"198.51.100.7","ipMode":"Proxy"}' without
try loadBalancerSourceRanges with "SPEC=$ranges" without
long=$(for ((i = 0; i < 40; i += 2)); do printf '"198.18.%d.0/24",' $i; done)
long=",\"loadBalancerSourceRanges\":[${long%,}"
try 'loadBalancerSourceRanges, many' with "SPEC=$long]" without
try 'loadBalancerSourceRanges, one of many' with "SPEC=$long,\"192.0.2.0/24\"]" without "SPEC=$long]"
try 'loadBalancerSourceRanges, many instead of two' with "SPEC=$long]" without "SPEC=$ranges"
try 'loadBalancerSourceRanges, one of two' \
	with "SPEC=$ranges" without 'SPEC=,"loadBalancerSourceRanges":["192.0.2.128/25"]'
try 'loadBalancerSourceRanges that name the node' "MORE=$n1" \
	with 'SPEC=,"loadBalancerSourceRanges":["192.0.2.0/24"]' without "SPEC=$ranges"
try 'loadBalancerSourceRanges, none of this family' \
	with 'SPEC=,"loadBalancerSourceRanges":["2001:db8::/64"]' without
try nodePort "MORE=$n1" with without 'PORTS={"name":"http","port":80,"protocol":"TCP"}'
try 'nodePort, another' "MORE=$n1" \
	with 'PORTS={"name":"http","port":80,"protocol":"TCP","nodePort":31080}' without
try allocateLoadBalancerNodePorts "MORE=$n1" with 'SPEC=,"allocateLoadBalancerNodePorts":false' without
try externalTrafficPolicy "MORE=$n1" with "SPEC=$local_policy" without
try 'externalTrafficPolicy, nothing local' "MORE=$n1" "ENDPOINTS=$two" with "SPEC=$local_policy" without
try internalTrafficPolicy with 'SPEC=,"internalTrafficPolicy":"Local"' without
try 'internalTrafficPolicy, nothing local' "ENDPOINTS=$two" with 'SPEC=,"internalTrafficPolicy":"Local"' without
try 'type LoadBalancer' "MORE=$n1" with without TYPE=NodePort
try 'type NodePort' "MORE=$n1" with TYPE=NodePort without TYPE=ClusterIP
try 'label service-proxy-name' "MORE=$(service dns 10.96.0.11)" \
	with 'LABELS="service.kubernetes.io/service-proxy-name":"x"' without
try 'label service-proxy-name, --service-cidr' "MORE=$(service dns 10.96.0.11)" \
	"OPTIONS=$n --service-cidr 10.96.0.0/12" with 'LABELS="service.kubernetes.io/service-proxy-name":"x"' without
try 'a port' with "PORTS=$http,$dns" without
try "a port's protocol" with 'PORTS={"name":"dns","port":80,"protocol":"UDP"}' \
	without 'PORTS={"name":"http","port":80,"protocol":"TCP"}'
try 'another cluster IP' with 'IPS="10.96.0.99"' without
try 'dual stack' "MORE=$v6" with "IPS=$dual" without
try 'dual stack, the other half' "MORE=$v6" with "IPS=$dual" without 'IPS="fd00:10:96::10"'
try 'a service' with "MORE=$(service dns 10.96.0.11)$(slice dns-1 IPv4 "$three")" without
try 'a service without endpoints' with "MORE=$(service dns 10.96.0.11)" without

# ---- endpoints and nodes ----

try ready with "ENDPOINTS=${one%\}},\"conditions\":{\"ready\":false}},$two" without
try 'ready, of all' with "ENDPOINTS=${one%\}},\"conditions\":{\"ready\":false}}" without "ENDPOINTS=$one"
try terminating \
	with "ENDPOINTS=${one%\}},\"conditions\":{\"ready\":false,\"serving\":true,\"terminating\":true}}" \
	without "ENDPOINTS=${one%\}},\"conditions\":{\"ready\":false}}"
try 'hints forZones' "OPTIONS=$n --zone a" with "ENDPOINTS=$zones" \
	without 'ENDPOINTS={"addresses":["10.244.1.11"]},{"addresses":["10.244.2.12"]}'
try 'hints forNodes' with "ENDPOINTS=$nodes" \
	without 'ENDPOINTS={"addresses":["10.244.1.11"]},{"addresses":["10.244.2.12"]}'
try nodeName "MORE=$n1" "SPEC=$local_policy" with without "ENDPOINTS=$two,{\"addresses\":[\"10.244.1.11\"]}"
try 'an endpoint, the first' with without "ENDPOINTS=$two"
try 'an endpoint, the last' with without "ENDPOINTS=$one"
try 'an endpoint between' with "ENDPOINTS=$one,$three,$two" without
try 'an endpoint under Local policy' "MORE=$n1" "SPEC=$local_policy$affinity" \
	with "ENDPOINTS=$one,$three,$two" without "ENDPOINTS=$three,$two"
try 'all endpoints' with without ENDPOINTS=
try 'a slice' with "MORE=$(slice web-2 IPv4 "$three")" without
try 'a slice of the other family' "IPS=$dual" with "MORE=$v6" without
try 'a Node object' "SPEC=$local_policy" with "MORE=$(node '"podCIDRs":["10.244.1.0/24"]')" without
try podCIDRs with "MORE=$(node '"podCIDRs":["10.244.1.0/24"]')" without "MORE=$n1"
try "the node's zone" "ENDPOINTS=$zones" with "MORE=$(node '' a)" without "MORE=$n1"

# ---- policies ----

np="OPTIONS=$n --network-policy"
web='"podSelector":{"matchLabels":{"app":"web"}}'
db='{"podSelector":{"matchLabels":{"app":"db"}}}'
data='{"namespaceSelector":{"matchLabels":{"team":"b"}}}'
block='{"ipBlock":{"cidr":"203.0.113.0/24","except":["203.0.113.64/26"]}}'
container='{"name":"http","containerPort":8080}'
pods=$(
	namespace shop '"team":"a"'
	namespace data '"team":"b"'
	pod shop/web-1 10.244.1.11@node1 '"app":"web"' "$container"
	pod shop/web-2 10.244.1.12@node1 '"app":"web","tier":"x"' "$container"
	pod shop/db 10.244.2.21@node2 '"app":"db"' "$container"
	pod data/tool 10.244.2.22@node2 '"app":"tool"' "$container"
)
ingress() { # ingress RULES: the pods, and a policy with these rules
	printf '%s' "$pods"
	policy shop/web "$web,\"ingress\":[$1]"
}
egress() {
	printf '%s' "$pods"
	policy shop/web "$web,\"policyTypes\":[\"Egress\"],\"egress\":[$1]"
}
rule="{\"from\":[$db,$data,$block],\"ports\":[{\"port\":80},{\"port\":8000,\"endPort\":8005},{\"protocol\":\"UDP\"}]}"
some=$(ingress "$rule")

try --network-policy "MORE=$some" with "$np" without
try NetworkPolicy "$np" with "MORE=$some" without "MORE=$pods"
try 'NetworkPolicy, one of two' "$np" with "MORE=$some$(policy shop/x '"podSelector":{"matchLabels":{"tier":"x"}},"policyTypes":["Ingress","Egress"]')" without "MORE=$some"
try 'ingress, a rule' "$np" with "MORE=$(ingress "$rule,{\"ports\":[{\"port\":443}]}")" without "MORE=$some"
try 'ingress, all of them' "$np" with "MORE=$some" without "MORE=$(ingress '')"
try 'ingress, everything' "$np" with "MORE=$(ingress '{}')" without "MORE=$some"
try 'from, a peer' "$np" with "MORE=$some" without "MORE=$(ingress "${rule/",$data"/}")"
try 'from, a block' "$np" with "MORE=$some" without "MORE=$(ingress "${rule/",$block"/}")"
try 'from, everybody' "$np" with "MORE=$(ingress '{"ports":[{"port":80}]}')" without "MORE=$some"
try except "$np" with "MORE=$some" without "MORE=$(ingress "${rule/,\"except\":\[\"203.0.113.64\/26\"\]/}")"
try 'ports, one of them' "$np" with "MORE=$some" without "MORE=$(ingress "${rule/\{\"port\":80\},/}")"
try endPort "$np" with "MORE=$some" without "MORE=$(ingress "${rule/,\"endPort\":8005/}")"
try 'ports, a name' "$np" with "MORE=$(ingress "{\"ports\":[{\"port\":\"http\"}]}")" without "MORE=$some"
try egress "$np" with "MORE=$(egress "{\"to\":[$db,$block],\"ports\":[{\"port\":\"http\"}]}")" without "MORE=$some"
try policyTypes "$np" with "MORE=$some$(policy shop/out "$web,\"policyTypes\":[\"Egress\"]")" without "MORE=$some"
try "a pod's labels" "$np" with "MORE=$some" without "MORE=${some/\"app\":\"db\"\}\},/\"app\":\"other\"\}\},}"
try "a namespace's labels" "$np" with "MORE=$some" without "MORE=${some/\"team\":\"b\"\}\}\}/\"team\":\"c\"\}\}\}}"
try "a pod's node" "$np" with "MORE=$some" without "MORE=${some/\"nodeName\":\"node1\"/\"nodeName\":\"node2\"}"
try "a pod's address" "$np" with "MORE=$some" without "MORE=${some/10.244.1.11/10.244.1.13}"
try "a peer's address" "$np" with "MORE=$some" without "MORE=${some/10.244.2.21/10.244.2.23}"
try 'a pod of each family' "$np" with "MORE=$some$(pod shop/web-6 fd00:10:244:1::11@node1 '"app":"web"')" without "MORE=$some"
finish
