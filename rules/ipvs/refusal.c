/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/ipvs/refusal.h"
#include "rules/json.h"

#include <errno.h>
#include <stdlib.h>

char *svcr_ipvs_server_text(const struct svcr_nft *a, const struct svcr_nft *b,
			    const struct svcr_ipvs_server *s)
{
	uint8_t key[SVCR_VIP_MAX];
	char vip[SVCR_VIP_TEXT], *text;
	const char *name;

	svcr_ipvs_key(key, s);
	name = svcr_vip_name(a, s->addr.family, key);
	if (!name)
		name = svcr_vip_name(b, s->addr.family, key);
	svcr_vip_text(s->addr.family, key, vip);
	if (asprintf(&text, "%s%.*s%s%s", name ? "Service " : "",
		     name ? (int)svcr_nft_comment_name(name) : 0, name ? name : "", name ? " " : "",
		     vip) < 0)
		return NULL;
	return text;
}

static const char *const refused_verbs[IPVS_OP__COUNT] = {
	[IPVS_ADD_SERVER] = "cannot add the virtual server",
	[IPVS_EDIT_SERVER] = "cannot change the virtual server",
	[IPVS_ADD_REAL] = "cannot add",
	[IPVS_EDIT_REAL] = "cannot change",
	[IPVS_DEL_REAL] = "cannot remove",
	[IPVS_DEL_SERVER] = "cannot remove the virtual server",
};

/* What an error number means where it does not mean what strerror() says (ip_vs_ctl.c). */
static const struct {
	enum svcr_ipvs_op op;
	int err;
	const char *text; /* NULL: about the scheduler */
} meanings[] = {
	{ IPVS_ADD_SERVER, ENOENT, NULL },
	{ IPVS_EDIT_SERVER, ENOENT, NULL },
	{ IPVS_ADD_SERVER, EEXIST, "another program just made one there" },
	{ IPVS_EDIT_SERVER, ESRCH, "another program just removed it" },
	{ IPVS_ADD_REAL, ESRCH, "another program just removed its virtual server" },
	{ IPVS_EDIT_REAL, ESRCH, "another program just removed its virtual server" },
	{ IPVS_ADD_REAL, EEXIST, "another program just added it" },
	{ IPVS_EDIT_REAL, ENOENT, "another program just removed it" },
	{ IPVS_ADD_REAL, EINVAL, "the kernel takes no such address for a real server" },
	{ IPVS_ADD_SERVER, EAFNOSUPPORT,
	  "IPVS of this kernel has no IPv6 (CONFIG_IP_VS_IPV6); --family chooses one" },
	{ IPVS_ADD_SERVER, EPROTONOSUPPORT,
	  "IPVS of this kernel does not have this protocol (CONFIG_IP_VS_PROTO_*)" },
};

static void out_meaning(struct svcr_out *o, const struct svcr_ipvs_change *ch, int err)
{
	size_t i = 0;

	while (i < sizeof(meanings) / sizeof(meanings[0]) &&
	       (meanings[i].op != ch->op || meanings[i].err != err))
		i++;
	if (i == sizeof(meanings) / sizeof(meanings[0]))
		svcr_out_str(o, err == EPERM         ? "needs CAP_NET_ADMIN (root)" :
				strerrordesc_np(err) ? strerrordesc_np(err) :
						       "unknown error");
	else if (meanings[i].text)
		svcr_out_str(o, meanings[i].text);
	else
		svcr_out(o, "no such scheduler in this kernel: '%s' (module ip_vs_%s)",
			 ch->server->scheduler, ch->server->scheduler);
}

bool svcr_ipvs_harmless(const struct svcr_ipvs_changes *c, enum svcrules_stage stage, uint32_t seq,
			int err)
{
	return stage == SVCRULES_REMOVE && svcr_ipvs_change(c, stage, seq) &&
	       (err == -ESRCH || err == -ENOENT);
}

bool svcr_ipvs_same_server(const struct svcr_ipvs_changes *c, enum svcrules_stage stage,
			   uint32_t seq, uint32_t other)
{
	const struct svcr_ipvs_change *a = svcr_ipvs_change(c, stage, seq),
				      *b = svcr_ipvs_change(c, stage, other);

	return a && b && a->server == b->server;
}

char *svcr_ipvs_describe(const struct svcr_ipvs_changes *c, const struct svcr_nft *from,
			 const struct svcr_nft *to, enum svcrules_stage stage, uint32_t seq,
			 int err)
{
	const struct svcr_ipvs_change *ch = svcr_ipvs_change(c, stage, seq);
	char *server = ch ? svcr_ipvs_server_text(to, from, ch->server) : NULL,
	     place[SVCR_IPVS_PLACE_TEXT] = "";
	struct svcr_buffer t = { NULL, 0 };
	struct svcr_out o = { .write = svcr_buffer_append, .arg = &t };

	if (!server)
		return ch ? NULL : strdup("a change of IPVS was refused");
	if (ch->real)
		svcr_ipvs_place_text(&ch->real->addr, ch->real->port, place);
	svcr_out(&o, "%s: %s%s%s: ", server, refused_verbs[ch->op], *place ? " real server " : "",
		 place);
	out_meaning(&o, ch, -err);
	free(server);
	if (svcr_out_end(&o) == 0)
		return t.p;
	free(t.p);
	return NULL;
}
