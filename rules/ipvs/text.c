/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual servers as ipvsadm(8) saves and restores them, addresses as ip(8) takes them in a batch. */
#include "out.h"
#include "rules/ipvs/diff.h"

static const char *protocol_option(uint8_t protocol)
{
	return protocol == SVCR_UDP ? "-u" : protocol == SVCR_SCTP ? "--sctp-service" : "-t";
}

static void out_server(struct svcr_out *o, const char *command, const struct svcr_ipvs_server *s)
{
	char place[SVCR_IPVS_PLACE_TEXT];

	svcr_out(o, "%s %s %s", command, protocol_option(s->protocol), svcr_ipvs_place_text(&s->addr, s->port, place));
}

static void out_server_whole(struct svcr_out *o, const char *command, const struct svcr_ipvs_server *s)
{
	out_server(o, command, s);
	svcr_out(o, " -s %s", s->scheduler);
	if (s->persistence)
		svcr_out(o, " -p %u", s->persistence);
	if (svcr_ipvs_needs_fallback(s))
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

static void out_address(struct svcr_out *o, const char *command, const struct svcr_addr *a)
{
	char text[SVCR_ADDR_TEXT];

	svcr_out(o, "address %s %s/%d dev %s%s\n", command, svcr_addr_text(a, text), svcr_addr_len(a->family) * 8,
		 SVCRULES_IPVS_INTERFACE, a->family == SVCR_IPV6 && strcmp(command, "add") == 0 ? " nodad noprefixroute" : "");
}

static void out_interface(struct svcr_out *o, const struct svcrules_ipvs *v)
{
	svcr_out(o, "link add %s type dummy\n", SVCRULES_IPVS_INTERFACE);
	svcr_out(o, "link set %s alias \"%s%s\"\n", SVCRULES_IPVS_INTERFACE, SVCRULES_IPVS_OWNER, v->nft->name);
	if (v->addresses.n && v->addresses.v[v->addresses.n - 1].family == SVCR_IPV6) /* no link-local address */
		svcr_out(o, "link set %s addrgenmode none\n", SVCRULES_IPVS_INTERFACE);
	svcr_out(o, "link set %s up\n", SVCRULES_IPVS_INTERFACE);
}

static void out_ip(struct svcr_out *o, const struct svcrules_ipvs *v)
{
	out_interface(o, v);
	for (size_t i = 0; i < v->addresses.n; i++)
		out_address(o, "add", &v->addresses.v[i]);
}

static void out_ipvsadm(struct svcr_out *o, const struct svcrules_ipvs *v)
{
	for (size_t i = 0; i < v->servers.n; i++) {
		const struct svcr_ipvs_server *s = &v->servers.v[i];

		out_server_whole(o, "-A", s);
		for (size_t k = 0; k < s->nreals; k++)
			out_real(o, "-a", s, &s->reals[k], true);
	}
}

int svcrules_ipvs_print(const struct svcrules_ipvs *v, enum svcrules_ipvs_part part, svcrules_write_fn write, void *arg)
{
	struct svcr_out o = { .write = write, .arg = arg };
	bool all = part == SVCRULES_IPVS_ALL;
	int err;

	if (all)
		svcr_out_str(&o, "# ip -batch\n");
	if (all || part == SVCRULES_IPVS_IP)
		out_ip(&o, v);
	if (all)
		svcr_out_str(&o, "\n# ipvsadm -R\n");
	if (all || part == SVCRULES_IPVS_IPVSADM)
		out_ipvsadm(&o, v);
	if (all)
		svcr_out_str(&o, "\n# nft -f\n");
	err = svcr_out_end(&o);
	return err || (!all && part != SVCRULES_IPVS_NFT) ? err : svcrules_nft_print(v->nft, write, arg);
}

static const struct {
	const char *command;
	bool whole;
} words[IPVS_OP__COUNT] = {
	[IPVS_ADD_SERVER] = { "-A", true }, [IPVS_EDIT_SERVER] = { "-E", true }, [IPVS_ADD_REAL] = { "-a", true },
	[IPVS_EDIT_REAL] = { "-e", true }, [IPVS_DEL_REAL] = { "-d", false }, [IPVS_DEL_SERVER] = { "-D", false },
};

static void out_change(struct svcr_out *o, const struct svcr_ipvs_change *ch)
{
	if (ch->real) {
		out_real(o, words[ch->op].command, ch->server, ch->real, words[ch->op].whole);
	} else if (words[ch->op].whole) {
		out_server_whole(o, words[ch->op].command, ch->server);
	} else {
		out_server(o, words[ch->op].command, ch->server);
		svcr_out_str(o, "\n");
	}
}

/* An interface without addresses is as good as none. */
static void out_ip_changes(struct svcr_out *o, const struct svcrules_ipvs_changes *c)
{
	if (c->bind.n && !c->from->addresses.n)
		out_interface(o, c->to);
	for (size_t i = 0; i < c->bind.n; i++)
		out_address(o, "add", c->bind.v[i]);
	if (c->unbind.n && !c->to->addresses.n) {
		svcr_out(o, "link del %s\n", SVCRULES_IPVS_INTERFACE);
		return;
	}
	for (size_t i = 0; i < c->unbind.n; i++)
		out_address(o, "del", c->unbind.v[i]);
}

int svcrules_ipvs_changes_print_commands(const struct svcrules_ipvs_changes *c, enum svcrules_ipvs_part part,
					 svcrules_write_fn write, void *arg)
{
	struct svcr_out o = { .write = write, .arg = arg };

	if (part == SVCRULES_IPVS_IP)
		out_ip_changes(&o, c);
	for (size_t i = 0; part == SVCRULES_IPVS_IPVSADM && i < c->v.n; i++)
		out_change(&o, &c->v.v[i]);
	return svcr_out_end(&o);
}
