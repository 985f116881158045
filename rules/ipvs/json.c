/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A rule set as JSON; svcrules(5) describes the form. */
#include "rules/nftables/json.h"
#include "rules/ipvs/ruleset.h"
#include "rules/nftables/report.h"

static json_t *json_reals(const struct svcr_ipvs_server *s)
{
	json_t *list = json_array();
	char place[SVCR_IPVS_PLACE_TEXT];

	for (size_t i = 0; i < s->nreals; i++) {
		svcr_ipvs_place_text(&s->reals[i].addr, s->reals[i].port, place);
		list = svcr_nft_json_append(list, json_pack("{s:s, s:I}", "address", place, "weight",
							    (json_int_t)s->reals[i].weight));
	}
	return list;
}

static json_t *json_server(const struct svcrules_ipvs *v, const struct svcr_ipvs_server *s)
{
	const struct svcr_nft_set *services = &v->nft->tables[s->addr.family].sets[SET_SERVICES];
	uint8_t key[SVCR_NFT_VIP_MAX], *e;
	char vip[SVCR_NFT_VIP_TEXT];

	svcr_ipvs_key(key, s);
	e = svcr_nft_find(services, key);
	return json_pack("{s:s, s:s, s:s, s:I, s:o}", "address", svcr_nft_vip_text(s->addr.family, key, vip), "service",
			 e && svcr_nft_comment(services, e) ? svcr_nft_comment(services, e) : "", "scheduler", s->scheduler,
			 "persistence", (json_int_t)s->persistence, "real_servers", json_reals(s));
}

int svcrules_ipvs_print_json(const struct svcrules_ipvs *v, svcrules_write_fn write, void *arg)
{
	json_t *servers = json_array(), *addresses = json_array();
	char text[SVCR_ADDR_TEXT];

	for (size_t i = 0; i < v->servers.n; i++)
		servers = svcr_nft_json_append(servers, json_server(v, &v->servers.v[i]));
	for (size_t i = 0; i < v->addresses.n; i++)
		addresses = svcr_nft_json_append(addresses, json_string(svcr_addr_text(&v->addresses.v[i], text)));
	return svcr_nft_dump_json(json_pack("{s:i, s:s, s:o, s:o, s:o}", "version", 1, "interface", SVCRULES_IPVS_INTERFACE,
		"addresses", addresses, "virtual_servers", servers, "tables", svcr_nft_json_tables(v->nft)), write, arg);
}
