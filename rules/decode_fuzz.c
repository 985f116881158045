/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target for what reads the kernel's tables: the bytes are netlink messages as
 * dumps have them. First they are decoded as tables, which are compared with an empty and
 * with a fixed rule set; the changes are encoded and printed. Then they are the answers to
 * the requests of the readers of all targets, with errors in between. With -DSVCR_LIBFUZZER
 * for libFuzzer, else a program that runs the files that it is given.
 */
#include "protocol.h"
#include "rules/nft/decode.h"
#include "rules/reader_fuzz.h"

static void fuzz_decode_one(const void *msg, void *arg)
{
	const char *name;
	uint8_t family;

	svcr_nft_decode(arg, msg);
	if (svcr_nft_owned(msg, &name, &family) && strlen(name) > 1u << 16)
		abort();
}

struct fuzz_clients {
	const struct svcrules_ruleset *now;
	struct svcrules_messages messages;
};

static void fuzz_client_one(const void *msg, void *arg)
{
	struct fuzz_clients *c = arg;

	svcrules_clients_take(c->now, msg, &c->messages);
}

static void fuzz_decode(const uint8_t *data, size_t size)
{
	static const uint8_t address[16] = { 10, 96, 0, 1 };
	struct svcrules_flow flow = { 2, SVCR_UDP, address, address, 80, address, 80, false };
	struct gen_cluster cluster = gen_cluster(5, 8);
	struct svcrules_ruleset *kernel = gen_empty("nftables"), *empty = gen_empty("nftables");
	struct svcrules_ruleset *fixed = gen_build("nftables", &cluster, 0);
	struct fuzz_clients clients = { .now = fixed };

	fuzz_messages(data, size, fuzz_decode_one, gen_nft(kernel));
	fuzz_messages(data, size, fuzz_client_one, &clients);
	svcr_nft_decode_end(gen_nft(kernel));
	svcr_nft_foreign(gen_nft(kernel), NULL);
	svcrules_serves(kernel, 2, SVCR_UDP);
	svcrules_adds(fixed, kernel, 2, SVCR_TCP);
	svcrules_flow_stale(fixed, kernel, &flow);
	flow.family = 10;
	svcrules_flow_stale(kernel, fixed, &flow);
	fuzz_compare(kernel, empty);
	fuzz_compare(kernel, fixed);
	free(clients.messages.buf);
	free(cluster.v);
	svcrules_ruleset_free(kernel);
	svcrules_ruleset_free(empty);
	svcrules_ruleset_free(fixed);
}

static void decode_fuzz_input(const uint8_t *data, size_t size)
{
	fuzz_decode(data, size);
	fuzz_readers(data, size);
}

FUZZ_TARGET(decode_fuzz_input)
