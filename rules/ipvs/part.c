/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The operations of the part "ipvs". */
#include "rules/ipvs/drift.h"
#include "rules/ipvs/encode.h"
#include "rules/ipvs/print.h"
#include "rules/ipvs/reader.h"
#include "rules/ipvs/refusal.h"

#include <errno.h>
#include <stdlib.h>

#define CONFLICTS_SHOWN 20

static const struct svcr_ipvs *ipvs_of(const struct svcr_part *p)
{
	return (const struct svcr_ipvs *)p;
}

static const struct svcr_ipvs_changes *ipvs_changes_of(const struct svcr_part_changes *c)
{
	return (const struct svcr_ipvs_changes *)c;
}

static void ipvs_free(struct svcr_part *p)
{
	svcr_ipvs_free((struct svcr_ipvs *)p);
}

static struct svcr_part *ipvs_like(const struct svcr_part *p)
{
	struct svcr_ipvs *v = svcr_ipvs_new();

	if (v)
		v->drain_timeout = ipvs_of(p)->drain_timeout;
	return (struct svcr_part *)v;
}

static void ipvs_describe_part(const struct svcr_part *p, struct svcrules_part *ret)
{
	ret->count = ipvs_of(p)->servers.n;
}

static void ipvs_print(const struct svcr_part *p, const struct svcrules_ruleset *rs,
		       struct svcr_out *o)
{
	(void)rs;
	svcr_ipvs_out(o, ipvs_of(p));
}

static int ipvs_json(const struct svcr_part *p, const struct svcrules_ruleset *rs, json_t *root)
{
	return svcr_json_set(root, "virtual_servers",
			     svcr_ipvs_json_servers(ipvs_of(p), svcr_ipvs_parts(rs).nft));
}

static int ipvs_diff(const struct svcr_part *from, struct svcr_part *to,
		     struct svcr_part_changes **ret)
{
	struct svcr_ipvs_changes *c;
	int err = svcr_ipvs_diff(ipvs_of(from), ipvs_of(to), &c);

	if (!err)
		*ret = &c->part;
	return err;
}

static void ipvs_changes_free(struct svcr_part_changes *c)
{
	svcr_ipvs_changes_free((struct svcr_ipvs_changes *)c);
}

static bool ipvs_changes_empty(const struct svcr_part_changes *c)
{
	return ipvs_changes_of(c)->v.n == 0;
}

static void ipvs_count(const struct svcr_part_changes *c, struct svcrules_changes_stats *stats)
{
	stats->servers += ipvs_changes_of(c)->nservers;
	stats->reals += ipvs_changes_of(c)->nreals;
}

static void ipvs_print_changes(const struct svcr_part_changes *c, struct svcr_out *o)
{
	svcr_ipvs_out_changes(o, ipvs_changes_of(c));
}

static void ipvs_print_summary(const struct svcr_part_changes *changes, struct svcr_out *o)
{
	const struct svcr_ipvs_changes *c = ipvs_changes_of(changes);

	svcr_out(o, "%zu virtual server%s, %zu real server%s changed", c->nservers,
		 c->nservers == 1 ? "" : "s", c->nreals, c->nreals == 1 ? "" : "s");
}

static int ipvs_json_summary(const struct svcr_part_changes *changes, bool alone, json_t *summary)
{
	const struct svcr_ipvs_changes *c = ipvs_changes_of(changes);
	int err = svcr_json_set(summary, "virtual_servers", json_integer((json_int_t)c->nservers));

	(void)alone;
	return err ? err :
		     svcr_json_set(summary, "real_servers", json_integer((json_int_t)c->nreals));
}

static int ipvs_encode(struct svcr_part_changes *c, enum svcrules_stage stage, uint32_t number,
		       struct svcrules_messages *ret)
{
	return svcr_ipvs_encode(ipvs_changes_of(c), stage, (uint16_t)number, ret);
}

static bool ipvs_harmless(const struct svcr_part_changes *c, enum svcrules_stage stage,
			  uint32_t seq, int err)
{
	return svcr_ipvs_harmless(ipvs_changes_of(c), stage, seq, err);
}

static bool ipvs_consequence(const struct svcr_part_changes *c, enum svcrules_stage stage,
			     uint32_t seq, uint32_t other)
{
	return svcr_ipvs_same_server(ipvs_changes_of(c), stage, seq, other);
}

static char *ipvs_describe(const struct svcr_part_changes *c, const struct svcrules_changes *whole,
			   enum svcrules_stage stage, uint32_t seq, int err)
{
	return svcr_ipvs_describe(ipvs_changes_of(c), svcr_ipvs_parts(whole->from).nft,
				  svcr_ipvs_parts(whole->to).nft, stage, seq, err);
}

/*
 * Returns the i-th virtual server of another program at a wanted address and port, or at an
 * address that svcrules0 gets.
 */
static const struct svcr_ipvs_server *find_conflict(const struct svcr_ipvs *v,
						    const struct svcr_ipvs_parts *want, size_t i)
{
	for (size_t k = 0; k < v->foreign.n; k++) {
		const struct svcr_ipvs_server *s = &v->foreign.v[k];

		if ((svcr_ipvs_in_table(want->nft, SET_SERVICES, s) ||
		     (want->link && svcr_addrs_have(&want->link->addresses, &s->addr))) &&
		    i-- == 0)
			return s;
	}
	return NULL;
}

/* After the last conflict it gives a sentence on what can be done. */
static int conflict_text(const struct svcr_ipvs *v, const struct svcr_nft *have,
			 const struct svcr_ipvs_parts *want, size_t i, char **ret)
{
	const struct svcr_ipvs_server *s = i < CONFLICTS_SHOWN ? find_conflict(v, want, i) : NULL;
	char *server = s ? svcr_ipvs_server_text(want->nft, have, s) : NULL;
	int n = -1;

	if (server)
		n = asprintf(ret, "%s: IPVS has a virtual server there that svcrules did not make",
			     server);
	free(server);
	if (s)
		return n < 0 ? -ENOMEM : 1;
	if (i == 0 || i > CONFLICTS_SHOWN || !find_conflict(v, want, i - 1))
		return 0;
	*ret = strdup("nothing was changed; kube-proxy's are removed by 'kube-proxy --cleanup', "
		      "others by 'ipvsadm -D'");
	return *ret ? 1 : -ENOMEM;
}

static int ipvs_obstacle(const struct svcr_part *p, const struct svcrules_ruleset *whole,
			 const struct svcrules_ruleset *want, size_t i, char **ret)
{
	struct svcr_ipvs_parts wanted = svcr_ipvs_parts(want), have = svcr_ipvs_parts(whole);
	const struct svcr_ipvs *v = ipvs_of(p);

	if (!v->absent)
		return conflict_text(v, have.nft, &wanted, i, ret);
	if (i > 0)
		return 0;
	*ret = strdup(
		"this kernel has no IPVS, or may not load it here: module ip_vs (CONFIG_IP_VS); "
		"try 'modprobe ip_vs'");
	return *ret ? 1 : -ENOMEM;
}

static int ipvs_drift(const struct svcr_part *left, const struct svcr_part *have,
		      struct svcr_out *o)
{
	svcr_ipvs_drift(ipvs_of(left), ipvs_of(have), o);
	return 0;
}

static int ipvs_pack(const struct svcr_part *p, svcrules_write_fn write, void *arg)
{
	return svcr_ipvs_pack(ipvs_of(p), write, arg);
}

static int ipvs_unpack(const void *buf, size_t len, struct svcr_part *into)
{
	return svcr_ipvs_unpack(buf, len, (struct svcr_ipvs *)into);
}

const struct svcr_part_ops svcr_ipvs_ops = {
	.kind = "ipvs",
	.format = "ipvsadm",
	.change_format = "ipvsadm",
	.heading = "ipvsadm -R",
	.print_order = 2,
	.free = ipvs_free,
	.like = ipvs_like,
	.describe_part = ipvs_describe_part,
	.print = ipvs_print,
	.json = ipvs_json,
	.diff = ipvs_diff,
	.changes_free = ipvs_changes_free,
	.changes_empty = ipvs_changes_empty,
	.count = ipvs_count,
	.print_changes = ipvs_print_changes,
	.print_summary = ipvs_print_summary,
	.json_summary = ipvs_json_summary,
	.drift = ipvs_drift,
	.pack = ipvs_pack,
	.unpack = ipvs_unpack,
	.encode = ipvs_encode,
	.describe = ipvs_describe,
	.harmless = ipvs_harmless,
	.consequence = ipvs_consequence,
	.reader_size = sizeof(struct svcr_ipvs_reader),
	.reader_next = svcr_ipvs_reader_next,
	.reader_take = svcr_ipvs_reader_take,
	.reader_answered = svcr_ipvs_reader_answered,
	.obstacle = ipvs_obstacle,
};
