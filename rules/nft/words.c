/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nft/words.h"

#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const char *const words[] = { /* sorted by bytes */
	"accept", "add", "ah", "all", "and", "arp", "auto-merge", "bridge", "cgroup", "chain",
	"chains", "comment", "comp", "constant", "continue", "counter", "counters", "cpu",
	"create", "ct", "day", "dccp", "define", "delete", "describe", "destroy", "device",
	"devices", "dnat", "drop", "dst", "dup", "dynamic", "ecn", "element", "elements", "eq",
	"esp", "ether", "exists", "expires", "export", "exthdr", "fib", "flags", "flow",
	"flowtable", "flowtables", "flush", "frag", "fwd", "gc-interval", "ge", "geneve", "get",
	"goto", "gre", "gretap", "gt", "handle", "hbh", "hook", "hooks", "hour", "ibriport",
	"ibrname", "icmp", "icmpv6", "igmp", "iif", "iifgroup", "iifname", "iiftype", "import",
	"include", "index", "inet", "insert", "interval", "ip", "ip6", "ipsec", "jhash", "jump",
	"le", "limit", "limits", "list", "log", "lshift", "lt", "map", "maps", "mark",
	"masquerade", "meta", "meter", "meters", "mh", "missing", "monitor", "ne", "netdev",
	"nftrace", "not", "notrack", "numgen", "obriport", "obrname", "offload", "oif",
	"oifgroup", "oifname", "oiftype", "or", "osf", "pkttype", "policy", "position",
	"priority", "queue", "quota", "quotas", "random", "redefine", "redirect", "reject",
	"rename", "replace", "reset", "return", "rshift", "rt", "rt0", "rt2", "rtclassid", "rule",
	"rules", "ruleset", "sctp", "secmark", "secmarks", "set", "sets", "size", "skgid",
	"skuid", "snat", "socket", "srh", "symhash", "synproxy", "synproxys", "table", "tables",
	"tcp", "th", "time", "timeout", "tproxy", "type", "typeof", "udp", "udplite", "undefine",
	"update", "vlan", "vmap", "vni", "vxlan", "xor", "xt",
};
/* clang-format on */

static int word_compare(const void *name, const void *word)
{
	return strcmp(name, *(const char *const *)word);
}

bool svcr_nft_word(const char *name)
{
	return bsearch(name, words, sizeof(words) / sizeof(words[0]), sizeof(words[0]),
		       word_compare);
}
