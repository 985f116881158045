/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many classes of pods and of peers, so that some of their numbers, which are hashes, collide:
 * hundreds of pods that no two policies share, thousands of peers that each has a port of its own.
 */
#include "rules/laws_run_test.h"
#include "rules/policy/judge_test.h"

#define MANY_PODS 400
#define MANY_PEERS 2800
#define MANY_EACH 7 /* peers of a pod: MANY_PEERS / MANY_PODS */

/* "10.1.0.1" is pod 0, and "10.2.0.1" peer 0. */
static void many_addr(uint8_t range, size_t number, uint8_t addr[16])
{
	const uint8_t v4[4] = { 10, range, (uint8_t)(number / 200), (uint8_t)(number % 200 + 1) };

	memcpy(addr, v4, sizeof(v4));
}

static void many_print_pod(struct gen_items *items, uint8_t range, size_t number)
{
	uint8_t a[16];
	size_t len;
	FILE *f = gen_item(items, &len);

	many_addr(range, number, a);
	fprintf(f,
		"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p%u-%zu\","
		"\"labels\":{\"id\":\"%u-%zu\"}},\"spec\":{\"nodeName\":\"node%u\"},"
		"\"status\":{\"phase\":\"Running\",\"podIP\":\"%u.%u.%u.%u\"}}",
		range, number, range, number, range, a[0], a[1], a[2], a[3]);
	fclose(f);
}

/* Each of the pod's peers reaches it at a port of the peer's own, and is reached at another. */
static void many_print_policy(struct gen_items *items, size_t number)
{
	static const char *const words[][2] = { { "ingress", "from" }, { "egress", "to" } };
	size_t len;
	FILE *f = gen_item(items, &len);

	fprintf(f,
		"{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"NetworkPolicy\",\"metadata\":{"
		"\"name\":\"np%zu\"},\"spec\":{"
		"\"podSelector\":{\"matchLabels\":{\"id\":\"1-%zu\"}}",
		number, number);
	for (unsigned int d = 0; d < 2; d++) {
		fprintf(f, ",\"%s\":[", words[d][0]);
		for (size_t i = number * MANY_EACH; i < (number + 1) * MANY_EACH; i++)
			fprintf(f,
				"%s{\"%s\":[{\"podSelector\":{\"matchLabels\":{\"id\":\"2-%zu\"}}}]"
				",\"ports\":[{\"port\":%zu}]}",
				np_comma(i % MANY_EACH), words[d][1], i, 1000 + i + 10000 * d);
		fprintf(f, "]");
	}
	fprintf(f, "}}");
	fclose(f);
}

/* `without` is the number of a pod that is missing, MANY_PODS for none. */
static struct svcrules_ruleset *many_build(size_t without, uint64_t shuffle)
{
	struct gen_items items = { NULL, 0, 0 };
	struct svcrules_ruleset *rs;
	char *text;

	for (size_t i = 0; i < MANY_PODS; i++) {
		if (i != without)
			many_print_pod(&items, 1, i);
		many_print_policy(&items, i);
	}
	for (size_t i = 0; i < MANY_PEERS; i++)
		many_print_pod(&items, 2, i);
	text = gen_list(&items, shuffle);
	rs = judge_compile_text("nftables", text, 1, true);
	free(text);
	return rs;
}

static bool many_passes(const struct svcrules_ruleset *rs, size_t pod, size_t peer, bool out,
			uint16_t port)
{
	struct walk_packet p = { .family = SVCR_IPV4, .protocol = 6, .port = port };

	many_addr(1, pod, out ? p.src : p.dst);
	many_addr(2, peer, out ? p.dst : p.src);
	return judge_walk(rs, &p);
}

START_TEST(many_agree)
{
	struct svcrules_ruleset *rs = many_build(MANY_PODS, 0);
	uint64_t rng = 3;

	for (size_t i = 0; i < MANY_PEERS; i++)
		for (unsigned int d = 0; d < 2; d++) {
			size_t pod = i / MANY_EACH, other = gen_random(&rng, MANY_PODS);
			uint16_t port = (uint16_t)(1000 + i + 10000 * d);

			WALK_ASSERT(many_passes(rs, pod, i, d, port), "peer %zu", i);
			WALK_ASSERT(!many_passes(rs, pod, i, d, (uint16_t)(port + 1)), "peer %zu",
				    i);
			WALK_ASSERT(!many_passes(rs, pod, i, !d, port), "peer %zu", i);
			WALK_ASSERT(other == pod || !many_passes(rs, other, i, d, port),
				    "peer %zu of pod %zu", i, other);
		}
	svcrules_ruleset_free(rs);
}
END_TEST

START_TEST(many_order)
{
	struct svcrules_ruleset *a = many_build(MANY_PODS, 0), *b = many_build(MANY_PODS, 5);
	char *x = gen_printed(a, NULL), *y = gen_printed(b, NULL);

	ck_assert(strcmp(x, y) == 0);
	free(x);
	free(y);
	svcrules_ruleset_free(a);
	svcrules_ruleset_free(b);
}
END_TEST

/* A pod that goes takes its chains, pairs, ports and peers along, and hardly more changes. */
START_TEST(many_stay)
{
	struct svcrules_ruleset *all = many_build(MANY_PODS, 0);

	for (size_t i = 0; i < 20; i++) {
		struct svcrules_ruleset *fewer = many_build(i * 19, 0);
		struct svcrules_changes *c = gen_diff(all, fewer);
		const struct svcr_nft_changes *nft = gen_nft_changes(c);

		ck_assert_uint_eq(nft->other, 2); /* its two chains */
		ck_assert_uint_ge(nft->elements_removed, 3 + 5 * MANY_EACH);
		/* a class may get the number that has become free */
		ck_assert_uint_le(nft->elements_removed, 10 + 5 * MANY_EACH);
		ck_assert_uint_le(nft->elements_added, 10);
		svcrules_changes_free(c);
		svcrules_ruleset_free(fewer);
	}
	svcrules_ruleset_free(all);
}
END_TEST

static void many_add(TCase *tc)
{
	tcase_add_test(tc, many_agree);
	tcase_add_test(tc, many_order);
	tcase_add_test(tc, many_stay);
}

int main(void)
{
	return laws_run("many", many_add);
}
