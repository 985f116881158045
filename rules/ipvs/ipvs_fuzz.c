/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target for the decoder of IPVS: the bytes are netlink messages as the
 * kernel's dumps have them, of nf_tables for the table beside it, of generic
 * netlink for virtual and real servers, of rtnetlink for addresses. What was
 * decoded is settled and compared with an empty and with a fixed rule set, and
 * the changes are encoded and printed. Compiled as decode_fuzz.c is.
 */
#include "fuzz_main.h"
#include "rules/ipvs/diff.h"
#include "rules/nftables/generate_test.h"

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>

#define GENL 29

static int ignore(void *arg, const char *buf, size_t len)
{
	size_t *sum = arg;

	for (size_t i = 0; i < len; i++)
		*sum += (unsigned char)buf[i];
	return 0;
}

static void table_one(const void *msg, void *arg)
{
	const struct nlmsghdr *nlh = msg;

	if (nlh->nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES)
		svcrules_nft_decode(arg, msg);
}

/* An address's message is its family, then its bytes. */
static void address_one(const void *msg, void *arg)
{
	const struct nlmsghdr *nlh = msg;
	const uint8_t *bytes = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_type == RTM_NEWADDR && mnl_nlmsg_get_payload_len(nlh) >= 17)
		svcrules_ipvs_decode_address(arg, bytes[0], bytes + 1);
}

static bool is_command(const struct nlmsghdr *nlh, uint8_t command)
{
	const struct genlmsghdr *g = mnl_nlmsg_get_payload(nlh);

	return nlh->nlmsg_type == GENL && mnl_nlmsg_get_payload_len(nlh) >= sizeof(*g) && g->cmd == command;
}

static void server_one(const void *msg, void *arg)
{
	if (is_command(msg, IPVS_CMD_NEW_SERVICE))
		svcrules_ipvs_decode(arg, msg);
}

/* Real servers go to the virtual servers in turn, by the last byte of the sequence number. */
static void real_one(const void *msg, void *arg)
{
	const struct nlmsghdr *nlh = msg;
	size_t n = svcrules_ipvs_servers(arg);

	if (n && is_command(msg, IPVS_CMD_NEW_DEST))
		svcrules_ipvs_decode_real(arg, (nlh->nlmsg_seq & 255) % n, msg);
}

static struct svcrules_ipvs *decode(const uint8_t *data, size_t size, struct svcrules_nft *table)
{
	char request[SVCRULES_IPVS_REQUEST_SIZE] __attribute__((aligned(8)));
	struct svcrules_ipvs *v = svcrules_ipvs_new(table);
	size_t at = 0;

	fuzz_messages(data, size, table_one, table);
	svcrules_nft_decode_end(table);
	fuzz_messages(data, size, address_one, v);
	fuzz_messages(data, size, server_one, v);
	if (svcrules_ipvs_own(v)) { /* read again, a command would */
		svcrules_ipvs_free(v);
		return NULL;
	}
	while (svcrules_ipvs_ask_missing(v, &at, GENL, request))
		if (((struct nlmsghdr *)request)->nlmsg_len > sizeof(request))
			abort();
	fuzz_messages(data, size, real_one, v);
	if (svcrules_ipvs_decode_end(v)) {
		svcrules_ipvs_free(v);
		return NULL;
	}
	return v;
}

static void print(const struct svcrules_ipvs_changes *c, const struct svcrules_changes *nft)
{
	size_t sum = 0;

	svcrules_ipvs_changes_print(c, nft, false, ignore, &sum);
	svcrules_ipvs_changes_print_commands(c, SVCRULES_IPVS_IP, ignore, &sum);
	svcrules_ipvs_changes_print_commands(c, SVCRULES_IPVS_IPVSADM, ignore, &sum);
	if (svcrules_ipvs_changes_print_json(c, nft, ignore, &sum))
		abort();
}

static void compare(const struct svcrules_ipvs *from, struct svcrules_ipvs *to, enum svcrules_ipvs_settle how)
{
	struct svcrules_ipvs_changes *c;
	struct svcrules_changes *nft;

	free(svcrules_ipvs_conflict(from, to, 0));
	if (svcrules_ipvs_settle(from, to, 900, how) || svcrules_nft_diff(svcrules_ipvs_nft(from), svcrules_ipvs_nft(to), &nft) ||
	    svcrules_ipvs_diff(from, to, &c))
		abort();
	for (int removals = 0; removals < 2; removals++) {
		size_t len, messages;
		void *buf;

		if (svcrules_ipvs_changes_encode(c, removals, GENL, &buf, &len, &messages))
			abort();
		for (size_t i = 1; i <= messages; i++)
			free(svcrules_ipvs_changes_describe(c, removals, (uint32_t)i, -(int)(i % 120)));
		free(buf);
	}
	print(c, nft);
	svcrules_ipvs_changes_free(c);
	svcrules_changes_free(nft);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int how = SVCRULES_IPVS_APPLY; how <= SVCRULES_IPVS_RETIRE; how++) {
		struct gen_cluster cluster = gen_cluster(5, 8);
		struct svcrules_nft *table = svcrules_nft_new("svcrules-ipvs"), *empty = svcrules_nft_new("svcrules-ipvs");
		struct svcrules_ipvs *kernel = decode(data, size, table), *nothing = svcrules_ipvs_new(empty);
		struct svcrules_ipvs *fixed = gen_ipvs(&cluster, 0);
		size_t sum = 0;

		if (kernel) {
			compare(kernel, nothing, how);
			compare(kernel, fixed, how);
			svcrules_ipvs_print(kernel, SVCRULES_IPVS_ALL, ignore, &sum);
		}
		free(cluster.v);
		svcrules_ipvs_free(kernel);
		svcrules_ipvs_free(nothing);
		svcrules_ipvs_free(fixed);
		svcrules_nft_free(table);
		svcrules_nft_free(empty);
	}
	return 0;
}
