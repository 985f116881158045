/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/ipvs/report.h"
#include "rules/nftables/report.h"

#include <errno.h>

static int collect_servers(struct svcr_report *r, const void *arg)
{
	const struct svcr_ipvs_changes *c = (const struct svcr_ipvs_changes *)svcr_changes_find(
		arg, &svcr_ipvs_ops);
	int err = 0;

	for (size_t i = 0; i < c->v.n && !err; i++) {
		uint8_t key[SVCR_VIP_MAX];

		svcr_ipvs_key(key, c->v.v[i].server);
		err = svcr_services_report_vip(r, c->v.v[i].server->addr.family, key);
	}
	return err;
}

static bool takes_connections(const struct svcr_ipvs_server *s)
{
	for (size_t i = 0; i < s->nreals; i++)
		if (s->reals[i].weight > 0)
			return true;
	return false;
}

/*
 * Adds the real servers that take new connections, and the properties that most virtual servers
 * do not have.
 */
static void server_texts(struct svcr_texts *t, bool to, uint8_t family, const uint8_t *key,
			 const void *arg)
{
	const struct svcrules_changes *c = arg;
	const struct svcr_ipvs_parts side = svcr_ipvs_parts(to ? c->to : c->from);
	const struct svcr_ipvs_server like = svcr_ipvs_of_key(family, key),
				      *s = svcr_ipvs_find(side.ipvs, &like);
	bool split = svcr_ipvs_in_table(side.nft, SET_LOCAL_POLICY, &like);
	char place[SVCR_IPVS_PLACE_TEXT];

	if (!s || !takes_connections(s)) /* the server only drains */
		return;
	for (size_t i = 0; i < s->nreals; i++) {
		const struct svcr_ipvs_real *r = &s->reals[i];

		if (r->weight == 0)
			continue;
		svcr_ipvs_place_text(&r->addr, r->port, place);
		if (r->weight == 1)
			svcr_texts_add(t, "%s%s", split ? "local " : "", place);
		else
			svcr_texts_add(t, "%s%s weight %u", split ? "local " : "", place,
				       r->weight);
	}
	if (strcmp(s->scheduler, "rr") != 0)
		svcr_texts_add(t, "scheduler %s", s->scheduler);
	/* otherwise the table's element reports it */
	if (s->persistence && !svcr_ipvs_in_table(side.nft, SET_STICKY, &like))
		svcr_texts_add(t, "affinity %us", s->persistence);
	if (s->damaged)
		svcr_texts_add(t, "unknown flags");
}

int svcr_ipvs_report(const struct svcrules_changes *c, bool details, struct svcr_report *ret)
{
	const struct svcr_services_more more = { .arg = c,
						 .collect = collect_servers,
						 .texts = server_texts };
	const struct svcr_part_changes *nft = svcr_changes_find(c, &svcr_nft_ops);
	const struct svcr_part_changes *ipvs = svcr_changes_find(c, &svcr_ipvs_ops);

	if (!nft) /* a single part: without tables there are no names */
		return 0;
	return svcr_services_report(ret, (const struct svcr_nft_changes *)nft, details, c,
				    ipvs ? &more : NULL);
}
