#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# NetworkPolicy: ports, which are numbers, ranges, names and protocols.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=policies.sh
. "$(dirname "$0")/policies.sh"
begin_policies
MANY=("${PORTS[@]}") # the ports that `at_ports` tries

# cluster: pods whose ports of one name have different numbers
cluster() {
	namespace shop
	namespace data
	pod shop/web $P1@node1 "app: web" "{name: http, containerPort: 8080}, {name: dns, containerPort: 53, protocol: UDP}"
	pod shop/api $P2@node1 "app: api" "{name: http, containerPort: 8081}, {name: dns, containerPort: 53, protocol: TCP}"
	pod data/db $R1@node2 "app: db" "{name: http, containerPort: 8080}"
	pod data/cache $R2@node2 "app: cache" "{name: http, containerPort: 8082, protocol: TCP}, {name: other, containerPort: 8080}"
}

# at_ports WHAT FROM TO PORT/PROTOCOL...: of all ports, these alone
at_ports() {
	local what=$1 from=$2 to=$3 p protocol
	shift 3
	for p in "${MANY[@]}"; do
		for protocol in tcp udp; do
			case " $* " in
			*" $p/$protocol "* | *" $p "*) passes "$what" "$from" "$to" "$p/$protocol" ;;
			*) drops "$what" "$from" "$to" "$p/$protocol" ;;
			esac
		done
	done
}

# ports WHAT PORTS PORT/PROTOCOL...: the ports of a rule of shop/web, for both directions
ports() {
	local what=$1 list=$2
	shift 2
	cluster
	policy shop/p "podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {}}, {ipBlock: {cidr: $CLIENT/$HOST}}], ports: [$list]}], egress: [{to: [{namespaceSelector: {}}], ports: [$list]}]"
	enforce
	at_ports "$what" pod2 pod1 "$@"
	at_ports "$what, a block" client pod1 "$@"
	at_ports "$what" pod1 remote1 "$@"
	judge
}

numbers() {
	ports "no protocol is TCP" "{port: 8080}" 8080/tcp
	ports "UDP" "{port: 8080, protocol: UDP}" 8080/udp
	ports "a protocol without a port" "{protocol: UDP}" 8080/udp 8081/udp 8082/udp 8090/udp 53/udp
	ports "an empty entry is all of TCP" "{}" 8080/tcp 8081/tcp 8082/tcp 8090/tcp 53/tcp
	ports "no ports is everything" "" "${PORTS[@]}"
	ports "two ports" "{port: 8081}, {port: 53, protocol: UDP}" 8081/tcp 53/udp
	ports "SCTP opens nothing else" "{protocol: SCTP}, {port: 8080, protocol: SCTP}"
	ports "endPort is inclusive" "{port: 8080, endPort: 8081}" 8080/tcp 8081/tcp
	ports "endPort, of one port" "{port: 8081, endPort: 8081, protocol: UDP}" 8081/udp
	ports "ranges may overlap" "{port: 8079, endPort: 8081}, {port: 8081, endPort: 8082}, {port: 8080}, {port: 8082, endPort: 8083, protocol: UDP}" \
		8080/tcp 8081/tcp 8082/tcp 8082/udp
	ports "up to the last port" "{port: 8082, endPort: 65535}" 8082/tcp 8090/tcp
	ports "from the first port" "{port: 1, endPort: 8080, protocol: UDP}" 53/udp 8080/udp
}

# A name is looked up in the pod that is the destination, with its protocol.
names() {
	cluster
	policy shop/p "podSelector: {}, ingress: [{ports: [{port: http}]}]"
	enforce
	at_ports "a name, ingress" client pod1 8080/tcp
	at_ports "the same name, another number" client pod2 8081/tcp
	judge
	cluster
	policy shop/p "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: $CLIENT/$HOST}}, {podSelector: {}}], ports: [{port: dns, protocol: UDP}]}]"
	enforce
	at_ports "a name with its protocol" client pod1 53/udp
	at_ports "a name with its protocol, from a pod" pod2 pod1 53/udp
	at_ports "a name with another protocol" client pod2
	judge
	cluster
	policy shop/p "podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}], ports: [{port: http}]}]"
	enforce
	at_ports "a name, egress" pod1 pod2 8081/tcp
	at_ports "a name, egress" pod1 remote1 8080/tcp
	at_ports "a name, egress" pod1 remote2 8082/tcp
	judge
	cluster
	policy shop/p "podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{ports: [{port: http}, {port: 8090}]}]"
	enforce
	at_ports "a name, egress to everybody" pod1 pod2 8081/tcp 8090/tcp
	at_ports "a name, egress to everybody" pod1 remote2 8082/tcp 8090/tcp
	at_ports "an address that is no pod has no names" pod1 client 8090/tcp
	judge
	cluster
	policy shop/p "podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: $REMOTE1/$HOST}}, {ipBlock: {cidr: $CLIENT/$HOST}}], ports: [{port: http}, {port: 8090, protocol: UDP}]}]"
	enforce
	at_ports "a name, egress to a block that has a pod" pod1 remote1 8080/tcp 8090/udp
	at_ports "a name, egress to a block without one" pod1 client 8090/udp
	drops "a name, a pod outside the block" pod1 remote2 8082
	judge
	cluster
	policy shop/p "podSelector: {}, ingress: [{ports: [{port: nowhere}]}]"
	enforce
	at_ports "a name that no pod has" client pod1
	judge
}

containers() {
	namespace shop
	pod shop/web $P1@node1 "app: web" "{name: http, containerPort: 8080}" \
		"initContainers: [{name: once, ports: [{name: early, containerPort: 8090}]}, {name: proxy, restartPolicy: Always, ports: [{name: mesh, containerPort: 8081}]}]"
	# a second container
	OBJECTS_YAML=${OBJECTS_YAML//]\}]\}, status/]\}, {name: more, ports: [{name: admin, containerPort: 8082\}]\}]\}, status}
	policy shop/p "podSelector: {}, ingress: [{ports: [{port: admin}, {port: mesh}, {port: early}]}]"
	enforce
	at_ports "names of all containers, and of init containers that stay" client pod1 8081/tcp 8082/tcp
	judge
}

# One pod gets ports from several rules and policies, and peers get different ones.
mixture() {
	cluster
	policy shop/a "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {}}], ports: [{port: 8080}]}, {from: [{podSelector: {}}], ports: [{port: 8081, endPort: 8082, protocol: UDP}]}, {ports: [{port: 53}]}, {from: [{namespaceSelector: {}}], ports: [{port: 8090}]}]"
	policy shop/b "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: $CLIENT/$HOST}}], ports: [{protocol: UDP}]}, {from: [{ipBlock: {cidr: $CLIENT2/$HOST}}, {ipBlock: {cidr: $CLIENT/$HOST}}], ports: [{port: 8082}]}]"
	enforce
	at_ports "several rules for a pod" pod2 pod1 8080/tcp 8081/udp 8082/udp 53/tcp 8090/tcp
	at_ports "the rule for all pods" remote1 pod1 53/tcp 8090/tcp
	at_ports "two blocks" client pod1 8082/tcp 8080/udp 8081/udp 8082/udp 8090/udp 53
	at_ports "one block" client2 pod1 8082/tcp 53/tcp
	at_ports "the rule for everybody" other pod1 53/tcp
	judge
}

sctp() {
	local p
	if [[ $(ask "$ON" sctp 127.0.0.1 9) == *'not supported'* ]]; then
		skip "SCTP" "this kernel has none"
		return
	fi
	for p in 8080 8081; do serve pod1 pod1 sctp "$POD1" $p; done
	cluster
	policy shop/p "podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 8080, protocol: SCTP}]}]"
	enforce
	passes "SCTP, the port" pod2 pod1 8080/sctp
	drops "SCTP, another port" pod2 pod1 8081/sctp
	drops "SCTP is not TCP and not UDP" pod2 pod1 8080
	judge
	cluster
	policy shop/p "podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 8080}]}]"
	enforce
	drops "TCP is not SCTP" pod2 pod1 8080/sctp
	passes "TCP is not SCTP" pod2 pod1 8080/tcp
	judge
	cluster
	policy shop/p "podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{protocol: SCTP}]}]"
	enforce
	passes "SCTP, all its ports" pod2 pod1 8081/sctp
	judge
}

all() {
	numbers
	names
	containers
	mixture
	sctp
}

each_family all
finish
