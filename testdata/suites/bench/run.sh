#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh [large | policies | nginx]: measures svcrules, and in the same run nft(8), iptables-restore and
# bare parsers; writes build/bench/{log.tsv,results.txt,summary.txt,results.json,plot.svg}.
set -u
export LC_ALL=C
mode=${1:-normal}
out=${OUT:-$(cd "$(dirname "$0")/../../.." && pwd)/build/bench}
mkdir -p "$out" || exit 2
here=$(dirname "$0")
# shellcheck source=testdata/suites/bench/lib.sh
. "$here/lib.sh"
# shellcheck source=testdata/suites/bench/apply.sh
. "$here/apply.sh"
# shellcheck source=testdata/suites/bench/flows.sh
. "$here/flows.sh"
# shellcheck source=testdata/suites/bench/policies.sh
. "$here/policies.sh"
# shellcheck source=testdata/suites/bench/nginx.sh
. "$here/nginx.sh"
# shellcheck source=testdata/suites/bench/report.sh
. "$here/report.sh"

if ! ip netns add "$prefix-try" 2>/dev/null; then
	echo "bench: needs root and network namespaces" >&2
	exit 2
fi
ip netns del "$prefix-try"
trap 'stop_proxies; drop_all; rm -f "$out"/{said,batch,chains,maps,iptables,own.nft} "$out"/vips-* "$out"/{base,one,added,rolled,relabel,replica,move,endpoint,pods}.json' EXIT

# The plot shows the sizes of 100 to 30,000 services with 10 endpoints each.
normal() {
	control 100x10 3 core chains 3 maps 3 iptables 3
	data_plane 100x10 3
	end
	control 1000x1 3 core maps 3
	end
	control 1000x10 3 all chains 3 maps 3 iptables 3
	end
	control 5000x10 3 all chains 1 maps 2 iptables 1
	data_plane 5000x10 21
	end
	control 10000x3 3 core maps 1 iptables 1
	end
	control 45000x1 3 core maps 3
	beside_few
	data_plane 45000x1 9
	end
	control 30000x10 3 core
	end
}

# Requests through nginx.
requests_all() { # requests_all ROUNDS
	proxied "$1"
	end
}

# NetworkPolicy alone, which is also the last part of the others.
policies_all() { # policies_all ROUNDS FLOW-ROUNDS
	policy_control 10000x1000 110 "$1" all policy-chains 2 pod-chains 3
	end
	policy_control 100000x10000 250 3 core
	policy_flows 100000x10000 250 100x10 10 "$2"
	end
}

large() {
	control 100x10 9 all chains 5 maps 5 iptables 5
	data_plane 100x10 9
	end
	control 1000x1 9 all chains 3 maps 3 iptables 3
	end
	control 1000x10 9 all chains 5 maps 5 iptables 5
	data_plane 1000x10 21
	end
	control 5000x10 9 all chains 3 maps 5 iptables 3
	data_plane 5000x10 81
	end
	control 10000x3 7 all chains 1 maps 3 iptables 3
	data_plane 10000x3 21
	end
	control 45000x1 5 all maps 3 iptables 1
	beside_few
	data_plane 45000x1 41
	end
	control 30000x10 5 all maps 1
	end
	control 5000x50 5 all maps 1 iptables 1
	end
	control 1x100000 5 all maps 1
	end
}

: >"$log"
case $mode in
normal) normal && policies_all 9 15 && requests_all 12 ;;
large) large && policies_all 9 41 && requests_all 41 ;;
policies) policies_all 15 21 ;;
nginx) requests_all 21 ;;
*) exit 2 ;;
esac
report
