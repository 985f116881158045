/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel can do, tried and not guessed from its version; and its clock and routes. */
#include "doctor/doctor.h"
#include "exit.h"
#include "kernel/make.h"
#include "kernel/route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define BUILT_AFTER 1767225600 /* the first second of 2026 */

/* ---- nf_tables ---------------------------------------------------------------- */

/* A service that uses all that the rules for services can have. */
/* clang-format off */
static const char example[] =
	"{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"doctor\"},"
	"\"spec\":{\"type\":\"LoadBalancer\",\"clusterIPs\":[\"192.0.2.1\",\"2001:db8::1\"],"
	"\"sessionAffinity\":\"ClientIP\",\"externalIPs\":[\"192.0.2.2\"],"
	"\"loadBalancerSourceRanges\":[\"198.51.100.0/24\"],\"ports\":["
	"{\"name\":\"a\",\"port\":80,\"nodePort\":30080},"
	"{\"name\":\"b\",\"port\":80,\"protocol\":\"UDP\"},"
	"{\"name\":\"c\",\"port\":81}]},"
	"\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"192.0.2.3\"}]}}}"
	"{\"kind\":\"EndpointSlice\",\"apiVersion\":\"discovery.k8s.io/v1\","
	"\"addressType\":\"IPv4\",\"metadata\":{\"name\":\"doctor-1\",\"labels\":{"
	"\"kubernetes.io/service-name\":\"doctor\"}},\"ports\":["
	"{\"name\":\"a\",\"port\":80},{\"name\":\"b\",\"port\":80,\"protocol\":\"UDP\"}],"
	"\"endpoints\":[{\"addresses\":[\"203.0.113.1\"]},{\"addresses\":[\"203.0.113.2\"]}]}";
/* clang-format on */

static long example_fill(void *arg, char *buf, size_t size)
{
	const char **text = arg;
	size_t n = strnlen(*text, size);

	memcpy(buf, *text, n);
	*text += n;
	return (long)n;
}

/* The rule set of the example, for tables of a name that nobody has; NULL: no memory. */
static struct svcrules_ruleset *example_rules(struct svcrules_options *o)
{
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_model *m = svcrules_model_new(NULL, o);
	struct svcrules_ruleset *rs = NULL;
	const char *text = example;

	if (d && m && svcrules_options_set(o, "table", "svcrules-doctor", d) == 0 &&
	    svcrules_options_set(o, "node-ip", "192.0.2.4", d) == 0 &&
	    svcrules_model_read(m, "example", example_fill, &text, d) == 0)
		(void)svcrules_build(m, o, NULL, d, &rs);
	svcrules_model_free(m);
	svcrules_diags_free(d);
	return rs;
}

/* The kernel judges a transaction that is not committed. */
static void try_rules(struct doctor *d, struct svcrules_ruleset *rs)
{
	struct transition t = { .session = d->session, .want = rs };
	size_t before = d->session->nfindings;
	int code = make_check(&t);

	make_release(&t);
	if (code == EXIT_DONE)
		doctor_fine(d, "the kernel takes all rules for services");
	else
		doctor_find(
			d, VERDICT_TROUBLE, "svcrules apply fails on this node",
			doctor_text("modprobe -a nft_chain_nat nft_masq nft_fib_inet nft_numgen "
				    "nft_reject_inet nft_ct, or use a newer kernel"),
			"the kernel refuses rules for services: %s",
			d->session->nfindings > before && d->session->findings[before].text ?
				d->session->findings[before].text :
				"it gives no reason");
	while (d->session->nfindings > before)
		free(d->session->findings[--d->session->nfindings].text);
}

void doctor_features(struct doctor *d)
{
	struct svcrules_options *o = d->session ? svcrules_options_new() : NULL;
	struct svcrules_ruleset *rs = o ? example_rules(o) : NULL;

	if (!d->session && geteuid() != 0)
		doctor_unknown(d, "nf_tables cannot be used without privileges: run it as root");
	else if (!d->session)
		doctor_find(d, VERDICT_TROUBLE, "svcrules apply fails on this node",
			    doctor_text("use a kernel with nf_tables, and CAP_NET_ADMIN"),
			    "there is no nf_tables here, or no permission to use it");
	else if (!rs)
		d->no_memory = true;
	else
		try_rules(d, rs);
	svcrules_ruleset_free(rs);
	svcrules_options_free(o);
}

/* ---- Settings of drivers ---------------------------------------------------------- */

/* What the parts of the rule set need of the host, as far as their drivers say it. */
static void look_at_drivers(struct doctor *d, const struct svcrules_ruleset *rs)
{
	struct svcrules_part p;

	for (size_t i = 0; svcrules_ruleset_part(rs, i, &p); i++)
		if (driver_of(rs, i)->prepare)
			(void)driver_of(rs, i)->prepare(d->session, false);
}

void doctor_settings(struct doctor *d)
{
	size_t before = d->session ? d->session->nfindings : 0;
	struct svcrules_ruleset *rs;

	if (!d->session || !d->installed) {
		doctor_fine(d, "svcrules has no rules here yet");
		return;
	}
	rs = svcrules_ruleset_new(d->stats.target->name, d->session->settings, NULL);
	d->no_memory = d->no_memory || !rs;
	if (rs)
		look_at_drivers(d, rs);
	svcrules_ruleset_free(rs);
	if (d->session->nfindings == before)
		doctor_fine(d, "the kernel's settings are those that the target %s needs",
			    d->stats.target->name);
	for (size_t i = before; i < d->session->nfindings; i++)
		doctor_find(d, VERDICT_TROUBLE, "services work badly",
			    doctor_text("svcrules apply sets them, without --no-sysctls"), "%s",
			    d->session->findings[i].text ? d->session->findings[i].text : "");
	while (d->session->nfindings > before)
		free(d->session->findings[--d->session->nfindings].text);
}

/* ---- The clock --------------------------------------------------------------------- */

void doctor_clock(struct doctor *d)
{
	struct timex t = { .modes = 0 };
	time_t now = time(NULL);
	int state = adjtimex(&t);

	if (now < BUILT_AFTER)
		doctor_find(
			d, VERDICT_TROUBLE,
			"certificates count as not valid yet, and serial numbers of zones go back",
			doctor_text("timedatectl set-ntp true"), "the clock is before 2026");
	else if (state == TIME_ERROR || (t.status & STA_UNSYNC))
		doctor_find(d, VERDICT_NOTE, "certificates are judged by a time that may be wrong",
			    doctor_text("timedatectl set-ntp true"),
			    "the clock is not kept right by any program");
	else
		doctor_fine(d, "the clock is kept right");
}

/* ---- Routes --------------------------------------------------------------------------- */

static void look_at_route(struct doctor *d, uint8_t family, const char *addr)
{
	uint8_t bytes[16];
	int err = 0, has;
	struct netlink *route = *addr ? session_route(d->session, &err) : NULL;

	if (!*addr)
		return;
	has = route && inet_pton(family, addr, bytes) == 1 ? route_exists(route, family, bytes) :
							     (err ? err : -EINVAL);
	if (has < 0)
		doctor_unknown(d, "cannot ask for the route to %s: %s", addr, strerror(-has));
	else if (has)
		doctor_fine(d, "this node has a route to cluster IPs such as %s", addr);
	else
		doctor_find(d, VERDICT_TROUBLE, "this node's own connections to services fail",
			    doctor_text("ip route add default via ..., or a route to the prefix of "
					"cluster IPs"),
			    "this node has no route to cluster IPs such as %s", addr);
}

void doctor_routes(struct doctor *d)
{
	if (!d->session || (!*d->stats.routed[0] && !*d->stats.routed[1])) {
		doctor_fine(d, "svcrules serves no cluster IPs here yet");
		return;
	}
	look_at_route(d, AF_INET, d->stats.routed[0]);
	look_at_route(d, AF_INET6, d->stats.routed[1]);
}
