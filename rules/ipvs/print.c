/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/ipvs/print.h"

static const char *protocol_option(uint8_t protocol)
{
	return protocol == SVCR_UDP ? "-u" : protocol == SVCR_SCTP ? "--sctp-service" : "-t";
}

static void out_server(struct svcr_out *o, const char *command, const struct svcr_ipvs_server *s)
{
	char place[SVCR_IPVS_PLACE_TEXT];

	svcr_out(o, "%s %s %s", command, protocol_option(s->protocol),
		 svcr_ipvs_place_text(&s->addr, s->port, place));
}

static void out_server_whole(struct svcr_out *o, const char *command,
			     const struct svcr_ipvs_server *s)
{
	out_server(o, command, s);
	svcr_out(o, " -s %s", s->scheduler);
	if (s->persistence)
		svcr_out(o, " -p %u", s->persistence);
	if (svcr_scheduler_needs_fallback(s->scheduler))
		svcr_out(o, " -b %s-fallback", s->scheduler);
	svcr_out_str(o, "\n");
}

static void out_real(struct svcr_out *o, const char *command, const struct svcr_ipvs_server *s,
		     const struct svcr_ipvs_real *r, bool whole)
{
	char place[SVCR_IPVS_PLACE_TEXT];

	out_server(o, command, s);
	svcr_out(o, " -r %s", svcr_ipvs_place_text(&r->addr, r->port, place));
	if (whole)
		svcr_out(o, " -m -w %u", r->weight);
	svcr_out_str(o, "\n");
}

void svcr_ipvs_out(struct svcr_out *o, const struct svcr_ipvs *v)
{
	for (size_t i = 0; i < v->servers.n; i++) {
		const struct svcr_ipvs_server *s = &v->servers.v[i];

		out_server_whole(o, "-A", s);
		for (size_t k = 0; k < s->nreals; k++)
			out_real(o, "-a", s, &s->reals[k], true);
	}
}

static const struct {
	const char *command;
	bool whole;
} command_words[IPVS_OP__COUNT] = {
	[IPVS_ADD_SERVER] = { "-A", true }, [IPVS_EDIT_SERVER] = { "-E", true },
	[IPVS_ADD_REAL] = { "-a", true },   [IPVS_EDIT_REAL] = { "-e", true },
	[IPVS_DEL_REAL] = { "-d", false },  [IPVS_DEL_SERVER] = { "-D", false },
};

static void out_change(struct svcr_out *o, const struct svcr_ipvs_change *ch)
{
	if (ch->real) {
		out_real(o, command_words[ch->op].command, ch->server, ch->real,
			 command_words[ch->op].whole);
	} else if (command_words[ch->op].whole) {
		out_server_whole(o, command_words[ch->op].command, ch->server);
	} else {
		out_server(o, command_words[ch->op].command, ch->server);
		svcr_out_str(o, "\n");
	}
}

void svcr_ipvs_out_changes(struct svcr_out *o, const struct svcr_ipvs_changes *c)
{
	for (size_t i = 0; i < c->v.n; i++)
		out_change(o, &c->v.v[i]);
}

static json_t *json_reals(const struct svcr_ipvs_server *s)
{
	json_t *list = json_array();
	char place[SVCR_IPVS_PLACE_TEXT];

	for (size_t i = 0; i < s->nreals; i++) {
		svcr_ipvs_place_text(&s->reals[i].addr, s->reals[i].port, place);
		list = svcr_json_append(list, json_pack("{s:s, s:I}", "address", place, "weight",
							(json_int_t)s->reals[i].weight));
	}
	return list;
}

static json_t *json_server(const struct svcr_nft *names, const struct svcr_ipvs_server *s)
{
	uint8_t key[SVCR_VIP_MAX];
	char vip[SVCR_VIP_TEXT];
	const char *name;

	svcr_ipvs_key(key, s);
	name = svcr_vip_name(names, s->addr.family, key);
	return json_pack("{s:s, s:s%, s:s, s:I, s:o}", "address",
			 svcr_vip_text(s->addr.family, key, vip), "service", name ? name : "",
			 name ? svcr_nft_comment_name(name) : (size_t)0, "scheduler", s->scheduler,
			 "persistence", (json_int_t)s->persistence, "real_servers", json_reals(s));
}

json_t *svcr_ipvs_json_servers(const struct svcr_ipvs *v, const struct svcr_nft *names)
{
	json_t *servers = json_array();

	for (size_t i = 0; i < v->servers.n; i++)
		servers = svcr_json_append(servers, json_server(names, &v->servers.v[i]));
	return servers;
}
