/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target for the decoder: the bytes are netlink messages as the kernel's
 * dumps have them. What was decoded is compared with an empty and with a fixed
 * rule set, and the changes are encoded and printed. With -DSVCR_LIBFUZZER for
 * libFuzzer, else a program that runs the files that it is given.
 */
#include "fuzz_main.h"
#include "rules/nftables/diff.h"
#include "rules/nftables/generate_test.h"

#include <libmnl/libmnl.h>

static int ignore(void *arg, const char *buf, size_t len)
{
	size_t *sum = arg;

	for (size_t i = 0; i < len; i++)
		*sum += (unsigned char)buf[i];
	return 0;
}

static void decode_one(const void *msg, void *arg)
{
	const char *name;
	uint8_t family;

	svcrules_nft_decode(arg, msg);
	if (svcrules_nft_owned(msg, &name, &family) && strlen(name) > 1u << 16)
		abort();
}

struct clients { const struct svcrules_nft *now; void *buf; size_t len, messages; };

static void affinity_one(const void *msg, void *arg)
{
	struct clients *c = arg;

	svcrules_nft_affinity(c->now, msg, &c->buf, &c->len, &c->messages);
}

static void compare(const struct svcrules_nft *from, struct svcrules_nft *to)
{
	struct svcrules_changes *c;
	size_t len, messages, sum = 0;
	void *buf;

	if (svcrules_nft_diff(from, to, &c))
		abort();
	if (svcrules_changes_encode(c, &buf, &len, &messages))
		abort();
	for (size_t i = 1; i <= messages; i++)
		free(svcrules_changes_describe(c, (uint32_t)i));
	svcrules_changes_print(c, false, ignore, &sum);
	svcrules_changes_print_nft(c, ignore, &sum);
	if (svcrules_changes_print_json(c, ignore, &sum))
		abort();
	svcrules_changes_free(c);
	free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t address[16] = { 10, 96, 0, 1 };
	struct gen_cluster cluster = gen_cluster(5, 8);
	struct svcrules_nft *kernel = svcrules_nft_new("svcrules"), *empty = svcrules_nft_new("svcrules");
	struct svcrules_nft *fixed = gen_build(&cluster, 0);
	struct clients clients = { .now = fixed };

	fuzz_messages(data, size, decode_one, kernel);
	fuzz_messages(data, size, affinity_one, &clients);
	svcrules_nft_decode_end(kernel);
	svcrules_nft_foreign(kernel);
	svcrules_nft_has_udp(kernel, 2);
	svcrules_nft_flow_stale(fixed, kernel, 2, address, address, 80, address, 80);
	svcrules_nft_flow_stale(kernel, fixed, 10, address, address, 80, address, 80);
	compare(kernel, empty);
	compare(kernel, fixed);
	free(clients.buf);
	free(cluster.v);
	svcrules_nft_free(kernel);
	svcrules_nft_free(empty);
	svcrules_nft_free(fixed);
	return 0;
}
