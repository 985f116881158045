/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What changes take from clients, for all targets that serve Services. */
#include "rules/built_test.h"

#include <check.h>

#define HEAD "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":["
#define TAIL "]}"
#define SERVICE(name, ip, spec) \
	"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"" name \
	"\"},\"spec\":{\"clusterIP\":\"" ip "\",\"ports\":[{\"port\":80}]" spec "}}"
#define ENDPOINT(name, ip, node) \
	",{\"apiVersion\":\"discovery.k8s.io/v1\",\"kind\":\"EndpointSlice\",\"metadata\":{" \
	"\"name\":\"" name "\",\"labels\":{\"kubernetes.io/service-name\":\"" name "\"}}," \
	"\"addressType\":\"IPv4\",\"ports\":[{\"port\":80}]," \
	"\"endpoints\":[{\"addresses\":[\"" ip "\"],\"nodeName\":\"" node "\"}]}"

#define A SERVICE("a", "10.96.0.1", "") ENDPOINT("a", "10.244.0.1", "node1")
#define A_OTHER SERVICE("a", "10.96.0.1", "") ENDPOINT("a", "10.244.0.2", "node1")
#define A_REFUSED SERVICE("a", "10.96.0.1", "")
#define B SERVICE("b", "10.96.0.2", "") ENDPOINT("b", "10.244.0.3", "node1")
#define B_DROPPED \
	SERVICE("b", "10.96.0.2", ",\"internalTrafficPolicy\":\"Local\"") \
	ENDPOINT("b", "10.244.0.3", "node2")
#define LOCAL(node) \
	SERVICE("c", "10.96.0.3", \
		",\"externalIPs\":[\"203.0.113.1\"],\"externalTrafficPolicy\":\"Local\"") \
	ENDPOINT("c", "10.244.0.4", node)

#define RANGES(range) ",\"loadBalancerSourceRanges\":[\"" range "\"]"
#define BALANCER(spec) \
	"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"d\"},\"spec\":{" \
	"\"type\":\"LoadBalancer\",\"clusterIP\":\"10.96.0.4\",\"ports\":[{\"port\":80}]" spec \
	"},\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"203.0.113.9\"}]}}}" ENDPOINT( \
		"d", "10.244.0.5", "node1")

static const struct {
	const char *from, *to;
	size_t served, lost;
	const char *name;
} losses[] = {
	{ HEAD A "," B TAIL, HEAD A "," B TAIL, 0, 0, NULL },
	{ HEAD A "," B TAIL, HEAD A_OTHER "," B TAIL, 0, 0, NULL },
	{ HEAD A TAIL, HEAD A "," B TAIL, 0, 0, NULL },
	{ HEAD A_REFUSED "," B TAIL, HEAD A "," B TAIL, 0, 0, NULL },
	{ HEAD A_REFUSED "," B TAIL, HEAD B TAIL, 0, 0, NULL },
	{ HEAD A "," B TAIL, HEAD B TAIL, 2, 1, "default/a" },
	{ HEAD A "," B TAIL, HEAD TAIL, 2, 2, "default/a" },
	{ HEAD A "," B TAIL, HEAD A_REFUSED "," B TAIL, 2, 1, "default/a" },
	{ HEAD A "," B TAIL, HEAD A "," B_DROPPED TAIL, 2, 1, "default/b" },
	{ HEAD A_REFUSED "," B TAIL, HEAD TAIL, 1, 1, "default/b" },
	/* only packets from outside are dropped, at the external IP */
	{ HEAD LOCAL("node1") TAIL, HEAD LOCAL("node2") TAIL, 2, 1, "default/c" },
	{ HEAD LOCAL("node2") TAIL, HEAD LOCAL("node1") TAIL, 0, 0, NULL },
	{ HEAD LOCAL("node2") TAIL, HEAD TAIL, 2, 2, "default/c" },
	/* source ranges of which none can be used, or none is of the family, admit nobody */
	{ HEAD BALANCER("") TAIL, HEAD BALANCER(RANGES("everybody")) TAIL, 2, 1, "default/d" },
	{ HEAD BALANCER("") TAIL, HEAD BALANCER(RANGES("fd00::/8")) TAIL, 2, 1, "default/d" },
	{ HEAD BALANCER("") TAIL, HEAD BALANCER(RANGES("10.0.0.0/8")) TAIL, 0, 0, NULL },
};

static void assert_loss(const char *target, int i)
{
	struct svcrules_ruleset *from = gen_build_text(target, losses[i].from, 2);
	struct svcrules_ruleset *to = gen_build_text(target, losses[i].to, 2);
	struct svcrules_changes *c = gen_diff(from, to);
	struct svcrules_loss l;

	svcrules_changes_loss(c, &l);
	ck_assert_uint_eq(l.served, losses[i].served);
	ck_assert_uint_eq(l.lost, losses[i].lost);
	if (losses[i].name)
		ck_assert_msg(l.nnames > 0 && strcmp(l.names[0], losses[i].name) == 0, "%s",
			      l.nnames ? l.names[0] : "no name");
	else
		ck_assert_uint_eq(l.nnames, 0);
	svcrules_changes_free(c);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
}

START_TEST(test_losses)
{
	assert_loss("nftables", _i);
	assert_loss("ipvs", _i);
}
END_TEST

/* True if the line is an element of a map whose verdict leads to endpoints. */
static bool line_sends(const char *line, size_t len)
{
	const char *verdict = memmem(line, len, " : goto ", 8);

	return verdict && !memmem(line, len, " : goto reject-new", 18);
}

/* Bytes of the key in the line of an element, with the white space in front. */
static size_t key_len(const char *line, size_t len)
{
	const char *comment = memmem(line, len, " comment ", 9),
		   *colon = memmem(line, len, " : ", 3);

	return (size_t)((comment && comment < colon ? comment : colon) - line);
}

/* The text of the first map that begins so, up to *end; empty if there is none. */
static const char *map_of(const char *text, const char *name, const char **end)
{
	const char *map = strstr(text, name);

	*end = map ? strstr(map, "\n\t}") : text;
	return map ? map : text;
}

/* Counts elements of `services` that send, there or in `services-external`, as they are printed. */
static size_t count_printed(const char *table)
{
	const char *end, *external_end, *line = map_of(table, "map services {", &end), *next;
	const char *external = map_of(table, "map services-external {", &external_end);
	size_t n = 0;

	for (; line < end; line = next) {
		size_t len = strcspn(line, "\n"), key;
		const char *other;
		bool sends = line_sends(line, len);

		next = line + len + 1;
		if (!memmem(line, len, " : ", 3))
			continue;
		key = key_len(line, len);
		other = memmem(external, (size_t)(external_end - external), line, key);
		while (other && other[key] != ' ') /* only the start of another key */
			other = memmem(other + 1, (size_t)(external_end - other - 1), line, key);
		if (other)
			sends = sends || line_sends(other, strcspn(other, "\n"));
		n += sends;
	}
	return n;
}

static size_t count_served(const struct svcrules_ruleset *rs)
{
	char *text = gen_printed(rs, "nft"), *six = strstr(text, "\ntable ip6 ");
	size_t n;

	if (six)
		*six++ = '\0';
	n = count_printed(text) + (six ? count_printed(six) : 0);
	free(text);
	return n;
}

/* Everything that is served is lost with the last service, and what comes is no loss. */
START_TEST(test_generated_losses)
{
	size_t total = 0;

	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct gen_cluster c = gen_cluster(seed, 1 + seed % 8);
		const char *target = seed % 2 ? "nftables" : "ipvs";
		struct svcrules_ruleset *some = gen_build(target, &c, 0), *none = gen_empty(target);
		struct svcrules_changes *goes = gen_diff(some, none), *comes = gen_diff(none, some);
		struct svcrules_loss l;

		svcrules_changes_loss(goes, &l);
		ck_assert_uint_eq(l.lost, l.served);
		ck_assert_uint_eq(l.served, count_served(some));
		total += l.served;
		svcrules_changes_loss(comes, &l);
		ck_assert_uint_eq(l.lost, 0);
		svcrules_changes_free(goes);
		svcrules_changes_free(comes);
		svcrules_ruleset_free(some);
		svcrules_ruleset_free(none);
		free(c.v);
	}
	ck_assert_uint_gt(total, 1000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("loss");
	TCase *t = tcase_create("loss");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, test_losses, 0, sizeof(losses) / sizeof(*losses));
	tcase_add_test(t, test_generated_losses);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
