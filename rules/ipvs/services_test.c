/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of services: what they cost, refusals of the kernel, schedulers and flows. */
#include "rules/ipvs/inputs_test.h"
#include "rules/ipvs/parts_test.h"

#include <errno.h>

#define PART_IPVS 2 /* of a rule set */

/* ---- What a change costs, and what is said of it ------------------------- */

START_TEST(ipvs_cost)
{
	struct svcrules_ruleset *from = gen_build_text(
		"ipvs",
		WEB SLICE("web", "TCP", HERE("10.244.0.1") "," ENDPOINT("10.244.0.2"))
			DNS SLICE("dns", "UDP", ENDPOINT("10.244.0.1")),
		0);
	struct svcrules_ruleset *to = gen_build_text(
		"ipvs",
		WEB SLICE("web", "TCP", HERE("10.244.0.1") "," ENDPOINT("10.244.0.3"))
			DNS SLICE("dns", "UDP", ENDPOINT("10.244.0.1")),
		0);
	struct svcrules_changes_stats stats;
	struct svcrules_messages m;
	struct svcrules_changes *c;

	ck_assert_int_eq(svcrules_settle(from, to, SVCRULES_SETTLE_APPLY, NULL), 0);
	c = gen_diff(from, to);
	m = gen_encode(c, 0, SVCRULES_ADD, 0);
	ck_assert_int_eq(svcrules_changes_stats(c, &stats), 0);
	/*
	 * At the cluster IP and at the node port one comes and one is set to weight 0; the table
	 * notes both in one message.
	 */
	ck_assert_uint_eq(stats.reals, 4);
	ck_assert_uint_eq(stats.servers + stats.addresses, 0);
	ck_assert_uint_eq(m.count, 1);
	free(m.buf);
	svcrules_changes_free(c);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
}
END_TEST

static const struct {
	bool removals;
	uint32_t seq;
	int err;
	const char *text; /* NULL: harmless */
} refusals[] = {
	{ false, 1, -ENOENT,
	  "Service a/web:p 10.96.0.1:80/tcp: cannot add the virtual server: "
	  "no such scheduler in this kernel: 'rr' (module ip_vs_rr)" },
	{ false, 1, -EEXIST,
	  "Service a/web:p 10.96.0.1:80/tcp: cannot add the virtual server: "
	  "another program just made one there" },
	{ false, 1, -EPERM,
	  "Service a/web:p 10.96.0.1:80/tcp: cannot add the virtual server: "
	  "needs CAP_NET_ADMIN (root)" },
	{ false, 3, -ESRCH,
	  "Service a/web:p 10.96.0.1:80/tcp: cannot add real server 10.244.0.1:8080: "
	  "another program just removed its virtual server" },
	{ false, 3, -EINVAL,
	  "Service a/web:p 10.96.0.1:80/tcp: cannot add real server 10.244.0.1:8080: "
	  "the kernel takes no such address for a real server" },
	{ false, 4, -ENOMEM,
	  "Service a/web:p 192.0.2.1:30080/tcp: cannot add real server 10.244.0.1:8080: "
	  "Cannot allocate memory" },
	{ true, 1, -ESRCH, NULL },
	{ true, 1, -EPERM,
	  "Service a/dns:p 10.96.0.2:80/udp: cannot remove the virtual server: "
	  "needs CAP_NET_ADMIN (root)" },
};

START_TEST(ipvs_refusals)
{
	struct svcrules_ruleset *from = gen_build_text(
		"ipvs", DNS SLICE("dns", "UDP", ENDPOINT("10.244.0.1")), 0);
	struct svcrules_ruleset *to = gen_build_text(
		"ipvs", WEB SLICE("web", "TCP", ENDPOINT("10.244.0.1")), 0);
	struct svcrules_changes *c = gen_diff(from, to);
	enum svcrules_stage stage = refusals[_i].removals ? SVCRULES_REMOVE : SVCRULES_ADD;
	struct svcrules_refusal v[] = {
		{ refusals[_i].seq, refusals[_i].err }, { 1, -EPERM }, { 3, -EPERM }, { 4, -EPERM }
	};
	char *text = NULL;

	ck_assert_int_eq(svcrules_changes_refused(c, PART_IPVS, stage, v, 1, 0, &text),
			 refusals[_i].text ? SVCRULES_REFUSED : SVCRULES_REFUSED_HARMLESS);
	if (refusals[_i].text)
		ck_assert_str_eq(text, refusals[_i].text);
	free(text);
	/* the third message is about the virtual server of the first, the fourth is not */
	text = NULL;
	ck_assert_int_eq(svcrules_changes_refused(c, PART_IPVS, SVCRULES_ADD, v + 1, 3, 1, &text),
			 SVCRULES_REFUSED_CONSEQUENCE);
	ck_assert_ptr_null(text);
	ck_assert_int_eq(svcrules_changes_refused(c, PART_IPVS, SVCRULES_ADD, v + 1, 3, 2, NULL),
			 SVCRULES_REFUSED);
	svcrules_changes_free(c);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
}
END_TEST

/* ---- Schedulers ---------------------------------------------------------- */

#define ANNOTATED(value) \
	SERVICE("web", "ClusterIP", "10.96.0.1", \
		",\"annotations\":{\"x\":\"y\"," \
		"\"svcrules.io/ipvs-scheduler\":\"" value "\"}", \
		PORT("TCP", "0")) \
	SLICE("web", "TCP", ENDPOINT("10.244.0.1"))

static const struct {
	const char *text, *option, *scheduler, *warning;
} schedulers[] = {
	{ ANNOTATED("sh"), NULL, "sh", NULL },
	{ ANNOTATED("sh"), "wlc", "sh", NULL },
	{ ANNOTATED(""), "wlc", "wlc", NULL },
	{ ANNOTATED("lblcr"), NULL, "lblcr", NULL },
	{ ANNOTATED("lblc"), NULL, "lblc", NULL },
	{ ANNOTATED("r"), "lc", "lc",
	  "'r' is no scheduler, expected one of rr, wrr, lc, wlc, sh, mh, dh, sed, nq, lblc, "
	  "lblcr: ignored, lc is used" },
	{ ANNOTATED("rr, wrr"), NULL, "rr",
	  "'rr, wrr' is no scheduler, expected one of rr, wrr, lc, wlc, sh, mh, dh, sed, nq, "
	  "lblc, lblcr: ignored, rr is used" },
};

START_TEST(ipvs_schedulers)
{
	struct gen_input in = gen_read("ipvs", schedulers[_i].text, 0);
	struct svcrules_diags *other = svcrules_diags_new();
	const struct svcrules_diag *d;
	struct svcrules_ruleset *v;

	if (schedulers[_i].option)
		ck_assert_int_eq(
			svcrules_options_set(in.o, "ipvs-scheduler", schedulers[_i].option, in.d),
			0);
	ck_assert_int_eq(svcrules_options_set(in.o, "ipvs-scheduler", "rrr", other), -EINVAL);
	svcrules_diags_free(other);
	ck_assert_int_eq(svcrules_build(in.m, in.o, "ipvs", in.d, &v), 0);
	ck_assert_uint_eq(gen_servers(v)->servers.n, 1);
	ck_assert_str_eq(gen_servers(v)->servers.v[0].scheduler, schedulers[_i].scheduler);
	for (size_t i = 0; (d = svcrules_diags_get(in.d, i)); i++)
		if (strcmp(d->check, "ipvs-scheduler") == 0)
			break;
	ck_assert_int_eq(d != NULL, schedulers[_i].warning != NULL);
	if (d) {
		ck_assert_str_eq(d->text, schedulers[_i].warning);
		ck_assert_str_eq(d->object, "Service a/web");
		ck_assert_str_eq(d->check, "ipvs-scheduler");
		ck_assert_int_eq(d->severity, SVCRULES_WARNING);
	}
	svcrules_ruleset_free(v);
	gen_release(&in);
}
END_TEST

/*
 * A node's address that no interface has: a gateway translates it, so no packet for it ends here.
 */
START_TEST(ipvs_address_elsewhere)
{
	struct gen_input in = gen_read("ipvs", WEB SLICE("web", "TCP", ENDPOINT("10.244.0.1")), 0);
	struct svcr_ipvs_server like = { .addr = { .family = SVCR_IPV4,
						   .bytes = { 203, 0, 113, 99 } },
					 .protocol = SVCR_TCP,
					 .port = 30080 };
	struct svcrules_ruleset *v;

	ck_assert_int_eq(svcrules_options_set(in.o, "node-ip", "203.0.113.99,192.0.2.1", in.d), 0);
	if (_i) /* else nothing is known of interfaces */
		ck_assert_int_eq(svcrules_options_set(in.o, "host-ip", "192.0.2.7,192.0.2.1", in.d),
				 0);
	ck_assert_int_eq(svcrules_build(in.m, in.o, "ipvs", in.d, &v), 0);
	ck_assert_uint_eq(gen_servers(v)->servers.n, _i ? 2 : 3);
	ck_assert((svcr_ipvs_find(gen_servers(v), &like) == NULL) == _i);
	ck_assert(svcr_ipvs_in_table(gen_nft(v), SET_SERVICES, &like));
	ck_assert(svcr_ipvs_sent_to(gen_nft(v), &like) == !_i);
	svcrules_ruleset_free(v);
	gen_release(&in);
}
END_TEST

/* ---- Flows --------------------------------------------------------------- */

static const uint8_t client[16] = { 203, 0, 113, 5 }, vip[16] = { 10, 96, 0, 2 },
		     pod[16] = { 10, 244, 0, 1 }, gone[16] = { 10, 244, 0, 9 },
		     other[16] = { 10, 96, 0, 3 };

static bool ipvs_stale(const struct svcrules_ruleset *now, const struct svcrules_ruleset *before,
		       const uint8_t *source, const uint8_t *destination, const uint8_t *reply,
		       uint16_t reply_port)
{
	const struct svcrules_flow f = { .family = NFPROTO_IPV4,
					 .protocol = SVCR_UDP,
					 .source = source,
					 .destination = destination,
					 .port = 80,
					 .reply_source = reply,
					 .reply_port = reply_port };

	return svcrules_flow_stale(now, before, &f);
}

START_TEST(ipvs_flows)
{
	struct svcrules_ruleset *v = gen_build_text(
		"ipvs", DNS SLICE("dns", "UDP", ENDPOINT("10.244.0.1")), 0);
	struct svcrules_ruleset *without = gen_build_text(
		"ipvs", WEB SLICE("web", "TCP", ENDPOINT("10.244.0.1")), 0);

	ck_assert(!ipvs_stale(v, NULL, client, vip, pod, 8080));
	ck_assert(ipvs_stale(v, NULL, client, vip, pod, 8081));
	ck_assert(ipvs_stale(v, NULL, client, vip, gone, 8080));
	ck_assert(ipvs_stale(v, NULL, client, vip, vip, 80)); /* from before the service */
	ck_assert(!ipvs_stale(v, NULL, client, other, pod, 8080));
	ck_assert(ipvs_stale(without, v, client, vip, pod, 8080)); /* a removed service */
	/* nobody translated it */
	ck_assert(!ipvs_stale(without, v, client, vip, vip, 80));
	ck_assert(!ipvs_stale(without, NULL, client, vip, pod, 8080));
	svcrules_ruleset_free(v);
	svcrules_ruleset_free(without);
}
END_TEST

#define LOCAL \
	"{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"dns\"," \
	"\"namespace\":\"a\"},\"spec\":{" \
	"\"type\":\"LoadBalancer\",\"externalTrafficPolicy\":\"Local\"," \
	"\"clusterIPs\":[\"10.96.0.2\"]," \
	"\"externalIPs\":[\"203.0.113.1\"],\"ports\":[" PORT("UDP", "0") "]}}"

/* externalTrafficPolicy Local: flows stay with endpoints elsewhere, which serve others still. */
START_TEST(ipvs_local_flows)
{
	static const uint8_t external[16] = { 203, 0, 113, 1 }, elsewhere[16] = { 10, 244, 0, 2 };
	struct svcrules_ruleset *v = gen_build_text(
		"ipvs", LOCAL SLICE("dns", "UDP", HERE("10.244.0.1") "," ENDPOINT("10.244.0.2")),
		0);

	ck_assert(!ipvs_stale(v, NULL, client, external, pod, 8080));
	ck_assert(!ipvs_stale(v, NULL, client, external, elsewhere, 8080));
	ck_assert(ipvs_stale(v, NULL, client, external, gone, 8080));
	/* to an address of its own a node speaks from that address */
	ck_assert(!ipvs_stale(v, NULL, external, external, elsewhere, 8080));
	ck_assert(!ipvs_stale(v, NULL, client, vip, elsewhere, 8080));
	svcrules_ruleset_free(v);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ipvs-services");
	TCase *tc = tcase_create("ipvs-services");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, ipvs_address_elsewhere, 0, 2);
	tcase_add_test(tc, ipvs_cost);
	tcase_add_loop_test(tc, ipvs_refusals, 0, (int)ARRAY_SIZE(refusals));
	tcase_add_loop_test(tc, ipvs_schedulers, 0, (int)ARRAY_SIZE(schedulers));
	tcase_add_test(tc, ipvs_flows);
	tcase_add_test(tc, ipvs_local_flows);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
