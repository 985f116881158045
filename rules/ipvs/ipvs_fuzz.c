/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target for the decoder of IPVS: the bytes are netlink messages as the
 * kernel's dumps have them, of nf_tables for the tables, of generic netlink for virtual and
 * real servers; a message about an address is its family and its bytes. What was
 * decoded is settled and compared with an empty and with a fixed rule set, and
 * the changes are encoded and printed. Then they are answers to the readers.
 * Compiled as decode_fuzz.c is.
 */
#include "rules/ipvs/decode.h"
#include "rules/ipvs/parts_test.h"
#include "rules/nft/decode.h"
#include "rules/reader_fuzz.h"

#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/rtnetlink.h>

static void ipvs_fuzz_table(const void *msg, void *arg)
{
	const struct nlmsghdr *nlh = msg;

	if (nlh->nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES)
		svcr_nft_decode(arg, msg);
}

static void ipvs_fuzz_address(const void *msg, void *arg)
{
	const struct nlmsghdr *nlh = msg;
	const uint8_t *bytes = mnl_nlmsg_get_payload(nlh);
	struct svcr_addr a = { .family = SVCR_IPV4 };
	int family;

	if (nlh->nlmsg_type != RTM_NEWADDR || mnl_nlmsg_get_payload_len(nlh) < 17)
		return;
	family = svcr_nft_family(bytes[0]);
	if (family < 0)
		return;
	a.family = (uint8_t)family;
	memcpy(a.bytes, bytes + 1, svcr_addr_len(a.family));
	if (svcr_addrs_add(arg, &a))
		abort();
}

static bool ipvs_fuzz_is(const struct nlmsghdr *nlh, uint8_t command)
{
	const struct genlmsghdr *g = mnl_nlmsg_get_payload(nlh);

	return nlh->nlmsg_type == GENL && mnl_nlmsg_get_payload_len(nlh) >= sizeof(*g) &&
	       g->cmd == command;
}

static void ipvs_fuzz_server(const void *msg, void *arg)
{
	if (ipvs_fuzz_is(msg, IPVS_CMD_NEW_SERVICE))
		svcr_ipvs_decode(arg, msg);
}

/* Real servers go to the virtual servers in turn, by the last byte of the sequence number. */
static void ipvs_fuzz_real(const void *msg, void *arg)
{
	const struct nlmsghdr *nlh = msg;
	struct svcr_ipvs *v = arg;

	if (v->servers.n && ipvs_fuzz_is(msg, IPVS_CMD_NEW_DEST))
		svcr_ipvs_decode_real(v, (nlh->nlmsg_seq & 255) % v->servers.n, msg);
}

/* NULL: all must be read again. */
static struct svcrules_ruleset *ipvs_fuzz_decode(const uint8_t *data, size_t size)
{
	char request[SVCR_IPVS_REQUEST_SIZE] __attribute__((aligned(8)));
	struct svcrules_ruleset *rs = gen_empty("ipvs");
	struct svcr_ipvs_parts p = svcr_ipvs_parts(rs);

	fuzz_messages(data, size, ipvs_fuzz_table, p.nft);
	svcr_nft_decode_end(p.nft);
	fuzz_messages(data, size, ipvs_fuzz_address, &p.link->addresses);
	svcr_link_decode_end(p.link);
	fuzz_messages(data, size, ipvs_fuzz_server, p.ipvs);
	if (svcr_ipvs_own(&p) == 0) {
		for (size_t i = 0; i < p.ipvs->servers.n; i++) {
			svcr_ipvs_ask_reals(&p.ipvs->servers.v[i], request);
			if (((struct nlmsghdr *)request)->nlmsg_len > sizeof(request))
				abort();
		}
		fuzz_messages(data, size, ipvs_fuzz_real, p.ipvs);
		if (svcr_ipvs_decode_end(p.ipvs) == 0)
			return rs;
	}
	svcrules_ruleset_free(rs);
	return NULL;
}

static void ipvs_fuzz_print(const struct svcrules_changes *c)
{
	static const char *const formats[] = { "text", "nft", "json", "ip", "ipvsadm" };
	size_t sum = 0;

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (svcrules_changes_print(c, formats[i], false, gen_sum, &sum))
			abort();
}

static void ipvs_fuzz_refusals(const struct svcrules_changes *c, size_t part,
			       enum svcrules_stage stage, size_t count)
{
	for (size_t i = 1; i <= count; i++) {
		const struct svcrules_refusal refusal = { (uint32_t)i, -(int)(i % 120) };
		char *text = NULL;

		svcrules_changes_refused(c, part, stage, &refusal, 1, 0, &text);
		free(text);
	}
}

static void ipvs_fuzz_compare(const struct svcrules_ruleset *from, struct svcrules_ruleset *to,
			      enum svcrules_settle how)
{
	struct svcrules_changes *c;
	char *text;

	for (size_t i = 0; svcrules_obstacle(from, to, i, &text) > 0; i++)
		free(text);
	if (svcrules_settle(from, to, how, to))
		abort();
	c = gen_diff(from, to);
	for (size_t part = 0; part < to->nparts; part++)
		for (int stage = SVCRULES_STOP; stage <= SVCRULES_REMOVE; stage++) {
			struct svcrules_messages m = gen_encode(c, part, (enum svcrules_stage)stage,
								GENL);

			ipvs_fuzz_refusals(c, part, (enum svcrules_stage)stage, m.count);
			free(m.buf);
		}
	ipvs_fuzz_print(c);
	svcrules_changes_free(c);
}

static void ipvs_fuzz_input(const uint8_t *data, size_t size)
{
	for (int how = SVCRULES_SETTLE_APPLY; how <= SVCRULES_SETTLE_RETIRE; how++) {
		struct gen_cluster cluster = gen_cluster(5, 8);
		struct svcrules_ruleset *kernel = ipvs_fuzz_decode(data, size);
		struct svcrules_ruleset *nothing = gen_empty("ipvs");
		struct svcrules_ruleset *fixed = gen_build("ipvs", &cluster, 0);
		size_t sum = 0;

		if (kernel) {
			ipvs_fuzz_compare(kernel, nothing, (enum svcrules_settle)how);
			ipvs_fuzz_compare(kernel, fixed, (enum svcrules_settle)how);
			svcrules_print(kernel, NULL, gen_sum, &sum);
		}
		free(cluster.v);
		svcrules_ruleset_free(kernel);
		svcrules_ruleset_free(nothing);
		svcrules_ruleset_free(fixed);
	}
	fuzz_readers(data, size);
}

FUZZ_TARGET(ipvs_fuzz_input)
