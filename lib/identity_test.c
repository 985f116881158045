/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kinds/kinds.h"
#include "model.h"

#include <check.h>
#include <errno.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct identity_source {
	const char *text;
};

static long identity_fill(void *arg, char *buf, size_t size)
{
	struct identity_source *s = arg;
	size_t n = strnlen(s->text, size);

	memcpy(buf, s->text, n);
	s->text += n;
	return (long)n;
}

/* A Service whose cluster IP tells the copies apart. */
#define COPY(meta, ip) \
	"{kind: Service, apiVersion: v1, metadata: {name: a, namespace: ns" meta \
	"}, spec: {clusterIP: 10.0.0." ip "}}\n---\n"
#define EVENT(type, object) "{type: " type ", object: " object "}\n---\n"
#define INNER(meta, ip) \
	"{kind: Service, apiVersion: v1, metadata: {name: a, namespace: ns" meta \
	"}, spec: {clusterIP: 10.0.0." ip "}}"
#define NODE(version, cidrs) \
	"{kind: Node, metadata: {name: n1, resourceVersion: '" version \
	"'}, spec: {podCIDRs: [" cidrs "]}}\n---\n"
#define LEGACY(version, subsets) \
	"{kind: Endpoints, metadata: {name: e, resourceVersion: '" version \
	"'}, subsets: [" subsets "]}\n---\n"
#define SUBSET(ip) "{addresses: [{ip: " ip "}], ports: [{port: 80}]}"

static const struct {
	const char *first, *second; /* two inputs, the second may be NULL */
	const char *kept;           /* the cluster IP that remains; NULL: no Service */
	int severity;               /* of the only diagnostic; -1: none */
} copies[] = {
	{ COPY("", "1") COPY("", "1"), NULL, "10.0.0.1", -1 },
	{ COPY("", "1"), COPY("", "1"), "10.0.0.1", -1 },
	{ COPY(", resourceVersion: '5'", "1"), COPY(", resourceVersion: '5'", "1"), "10.0.0.1",
	  -1 },
	/* the same content in another version: nothing to decide */
	{ COPY(", resourceVersion: '5'", "1"), COPY(", resourceVersion: '6'", "1"), "10.0.0.1",
	  -1 },
	{ COPY(", resourceVersion: '5'", "1"), COPY(", resourceVersion: '6'", "2"), "10.0.0.2",
	  SVCRULES_WARNING },
	{ COPY(", resourceVersion: '6'", "1"), COPY(", resourceVersion: '5'", "2"), "10.0.0.1",
	  SVCRULES_WARNING },
	{ COPY(", resourceVersion: '9'", "1"), COPY(", resourceVersion: '10'", "2"), "10.0.0.2",
	  SVCRULES_WARNING },
	/* of one version, but made anew: two clusters */
	{ COPY(", resourceVersion: '5', uid: u1", "1"),
	  COPY(", resourceVersion: '5', uid: u2", "2"), "10.0.0.1", SVCRULES_ERROR },
	{ COPY("", "1"), COPY(", resourceVersion: '5'", "2"), "10.0.0.1", SVCRULES_ERROR },
	{ COPY(", resourceVersion: v1", "1"), COPY(", resourceVersion: v2", "2"), "10.0.0.1",
	  SVCRULES_ERROR },
	/* events: the last one counts, in silence */
	{ EVENT("ADDED", INNER("", "1")) EVENT("MODIFIED", INNER("", "2")), NULL, "10.0.0.2", -1 },
	{ COPY(", resourceVersion: '5'", "1"),
	  EVENT("MODIFIED", INNER(", resourceVersion: '6'", "2")), "10.0.0.2", -1 },
	{ COPY(", resourceVersion: '7'", "1"),
	  EVENT("MODIFIED", INNER(", resourceVersion: '6'", "2")), "10.0.0.1", -1 },
	{ COPY(", resourceVersion: '5'", "1"),
	  EVENT("DELETED", INNER(", resourceVersion: '6'", "1")), NULL, -1 },
	{ EVENT("DELETED", INNER(", resourceVersion: '6'", "1")),
	  COPY(", resourceVersion: '5'", "1"), NULL, -1 },
	{ EVENT("DELETED", INNER(", resourceVersion: '6'", "1")),
	  COPY(", resourceVersion: '7'", "1"), "10.0.0.1", -1 },
	/* the notice that a Service waits for its cluster IP is of the copy that is left out */
	{ COPY(", resourceVersion: '6'", "1"),
	  "{kind: Service, metadata: {name: a, namespace: ns, resourceVersion: '6'}}", "10.0.0.1",
	  -1 },
};

START_TEST(identity_copies)
{
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_model *m = svcr_model_new(svcr_kinds);
	struct identity_source one = { copies[_i].first }, two = { copies[_i].second };
	const struct svcrules_diag *g;
	char text[SVCR_ADDR_TEXT];
	size_t count;

	ck_assert_int_eq(svcrules_model_read(m, "one", identity_fill, &one, d), 0);
	if (two.text)
		ck_assert_int_eq(svcrules_model_read(m, "two", identity_fill, &two, d),
				 copies[_i].severity == SVCRULES_ERROR ? -EINVAL : 0);
	g = svcrules_diags_get(d, 0);
	ck_assert_int_eq(g ? (int)g->severity : -1, copies[_i].severity);
	ck_assert_uint_le(svcrules_diags_count(d), 1);
	if (g) {
		ck_assert_str_eq(g->check, "duplicate");
		ck_assert_str_eq(g->object, "Service ns/a");
		ck_assert_ptr_nonnull(strstr(g->text, "one"));
	}
	if (!copies[_i].kept)
		ck_assert_uint_eq(m->services.n, 0);
	else
		ck_assert_str_eq(svcr_addr_text(&m->services.v[0].cluster_ips.v[0], text),
				 copies[_i].kept);
	ck_assert_ptr_nonnull(svcrules_model_kind(m, 0, &count));
	if (copies[_i].severity != SVCRULES_ERROR)
		ck_assert_uint_eq(count, m->services.n);
	svcrules_model_free(m);
	svcrules_diags_free(d);
}
END_TEST

static struct svcrules_model *identity_read(const char *text)
{
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_model *m = svcr_model_new(svcr_kinds);
	struct identity_source s = { text };

	ck_assert_int_eq(svcrules_model_read(m, "f", identity_fill, &s, d), 0);
	svcrules_diags_free(d);
	return m;
}

/* An object with another number of entries than its former copy leaves none of those behind. */
START_TEST(identity_entries)
{
	struct svcrules_model *m = identity_read(
		NODE("1", "10.1.0.0/16, 'fd00::/48'") NODE("3", "10.3.0.0/16")
			NODE("2", "10.2.0.0/16, 'fd02::/48'") LEGACY("1", SUBSET("10.1.0.1"))
				LEGACY("2", SUBSET("10.1.0.2") ", " SUBSET("10.1.0.3"))
					LEGACY("3", SUBSET("10.1.0.4")));
	char text[SVCR_CIDR_TEXT];

	ck_assert_uint_eq(m->nodes.n, 1);
	ck_assert_uint_eq(m->pod_cidrs.n, 1);
	ck_assert_str_eq(svcr_cidr_text(&m->pod_cidrs.v[0], text), "10.3.0.0/16");
	ck_assert_uint_eq(m->slices.n, 1);
	ck_assert_str_eq(svcr_addr_text(&m->slices.v[0].endpoints.v[0].addr, text), "10.1.0.4");
	svcrules_model_free(m);
}
END_TEST

/*
 * Random events: what remains is the last state of each object, wherever it is in the lists.
 * `state` has the number of subsets of each Endpoints object, 0 when it is deleted.
 */
START_TEST(identity_random)
{
	unsigned int state[20] = { 0 }, total = 0;
	uint64_t random = (uint64_t)_i;
	struct svcrules_model *m = svcr_model_new(svcr_kinds);
	struct svcrules_diags *d = svcrules_diags_new();

	for (int source = 0; source < 4; source++) {
		struct identity_source s;
		char *text = NULL;
		size_t size;
		FILE *f = open_memstream(&text, &size);

		for (int i = 0; i < 60; i++) {
			unsigned int k, n;

			random = random * 6364136223846793005u + 1442695040888963407u;
			k = (unsigned int)(random >> 33) % 20;
			n = (unsigned int)(random >> 45) % 4;
			fprintf(f,
				"{\"type\":\"%s\",\"object\":{\"kind\":\"Endpoints\",\"metadata\":"
				"{\"name\":\"e%u\"},\"subsets\":[",
				n ? "MODIFIED" : "DELETED", k);
			for (unsigned int x = 0; x < n; x++)
				fprintf(f, "%s{\"addresses\":[{\"ip\":\"10.%u.%u.%u\"}]}",
					x ? "," : "", k, n, x + 1);
			fputs("]}}\n", f);
			state[k] = n;
		}
		fclose(f);
		s.text = text;
		ck_assert_int_eq(svcrules_model_read(m, "f", identity_fill, &s, d), 0);
		free(text);
	}
	for (unsigned int k = 0; k < 20; k++)
		total += state[k];
	ck_assert_uint_eq(m->slices.n, total);
	for (size_t i = 0; i < m->slices.n; i++) {
		const uint8_t *ip = m->slices.v[i].endpoints.v[0].addr.bytes;
		char name[8];

		ck_assert_uint_eq(state[ip[1]], ip[2]);
		snprintf(name, sizeof(name), "e%u", ip[1]);
		ck_assert_str_eq(m->slices.v[i].service, name);
	}
	svcrules_model_free(m);
	svcrules_diags_free(d);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("identity");
	TCase *tc = tcase_create("identity");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, identity_copies, 0, (int)ARRAY_SIZE(copies));
	tcase_add_test(tc, identity_entries);
	tcase_add_loop_test(tc, identity_random, 1, 50);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
