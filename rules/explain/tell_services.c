/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sentences about the tables that serve Services. */
#include "rules/explain/tell.h"
#include "rules/nftables/layout.h"
#include "rules/nftables/refusals.h"

#include <errno.h>

static const struct svcr_nft_event *last_event(const struct svcr_explain_walker *w)
{
	return &w->eval.events.v[w->eval.events.n - 1];
}

static bool set_has(const struct svcr_nft_table *t, enum svcr_services_set set,
		    const struct svcr_addr *a)
{
	return svcr_nft_find(&t->sets[set], a->bytes);
}

/* What kind of address packets of the walk are for. */
static const char *address_noun(const struct svcr_explain_walker *w, const struct svcr_nft_table *t)
{
	const struct svcr_addr *a = &w->eval.packet.first_dst;

	return set_has(t, SET_CLUSTER_IPS, a) ? "cluster IP" :
	       svcr_addrs_have(&w->x->own, a) ? "address of this node" :
						"external address";
}

/* The name in a comment, behind which a reason may stand: "production/web:http, none is ready". */
static const char *comment_name(struct svcr_explain_walker *w, const char *comment)
{
	return comment ? svcr_arena_strndup(&w->x->e->arena, comment, strcspn(comment, ",")) :
			 "an unnamed service";
}

static int tell_found(struct svcr_explain_walker *w, const struct svcr_nft_event *v)
{
	const char *name = comment_name(w,
					svcr_nft_comment(&v->table->sets[v->stmt->set], v->elem));
	char place[SVCR_IPVS_PLACE_TEXT];

	if (!name)
		return -ENOMEM;
	w->name = name;
	w->local = v->stmt->set == SET_SERVICES_EXTERNAL;
	return svcr_explain_say(
		w, v, w->where, "%s %s/%s of %s%s", address_noun(w, v->table),
		svcr_explain_place_text(&w->eval.packet.dst, w->eval.packet.port, place),
		svcr_protocol_name(w->eval.packet.protocol), name,
		w->local ? ", whose external traffic policy Local sends outsiders to endpoints on "
			   "this node alone" :
			   "");
}

/* Why a rule marked the packet to be masqueraded. */
static const char *mark_reason(const struct svcr_explain_walker *w, const struct svcr_nft_event *v)
{
	switch (v->chain->id.kind) {
	case CHAIN_FROM_NODE:
		return "this node reaches a service with traffic policy Local through all "
		       "endpoints";
	case CHAIN_OUTPUT: return "its source is an address of services";
	case CHAIN_SERVICES:
		return w->eval.packet.from_host ? "the client is this node, not a pod" :
						  "the client is no pod";
	default:
		return set_has(v->table, SET_CLUSTER_IPS, &w->eval.packet.first_dst) ?
			       "--masquerade-all" :
			       "external traffic policy Cluster";
	}
}

/* The ports of services at an address that is served, at other ports than the one asked for. */
static const char *other_ports(const struct svcr_explain_walker *w, const struct svcr_nft_table *t,
			       const char **ret_name)
{
	const struct svcr_nft_set *s = &t->sets[SET_SERVICES];
	size_t len = svcr_addr_len(t->family), used = 0, i;
	const uint8_t *addr = w->eval.packet.dst.bytes;
	char text[256];

	*ret_name = NULL;
	text[0] = '\0';
	for (i = svcr_nft_lower(s, addr, len);
	     i < s->n && memcmp(svcr_nft_elem(s, i), addr, len) == 0; i++) {
		const uint8_t *e = svcr_nft_elem(s, i);

		if (!*ret_name)
			*ret_name = svcr_nft_comment(s, e);
		if (used + 24 < sizeof(text))
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u/%s",
						 used ? ", " : "", e[len + 4] << 8 | e[len + 5],
						 svcr_protocol_name(e[len]));
	}
	return svcr_arena_strndup(&w->x->e->arena, text, used);
}

/* A cluster IP is asked for a port that no service has there. */
static int tell_undefined(struct svcr_explain_walker *w, const struct svcr_nft_event *v)
{
	char addr[SVCR_ADDR_TEXT];
	const char *name, *ports = other_ports(w, v->table, &name);

	if (!ports)
		return -ENOMEM;
	svcr_addr_text(&w->eval.packet.dst, addr);
	if (!name)
		return svcr_explain_say(w, v, w->where,
					"refused: %s is an address of services, but none has port "
					"%u/%s",
					addr, w->eval.packet.port,
					svcr_protocol_name(w->eval.packet.protocol));
	return svcr_explain_say(w, v, w->where,
				"refused: %.*s has %s, but no port %u/%s (it has %s)",
				(int)strcspn(name, ":,"), name, addr, w->eval.packet.port,
				svcr_protocol_name(w->eval.packet.protocol), ports);
}

/* The event that led to the last chain. */
static const struct svcr_nft_event *deciding_event(const struct svcr_explain_walker *w)
{
	const struct svcr_nft_event *found = last_event(w);

	for (size_t i = w->told; i < w->eval.events.n; i++) {
		const struct svcr_nft_event *v = &w->eval.events.v[i];

		if (v->held && (v->stmt->op == OP_VMAP || v->stmt->op == OP_LOOKUP) &&
		    v->stmt->set != SET_PROTOCOLS)
			found = v;
	}
	return found;
}

/*
 * Why the service that was found has no endpoint for the packet: what was found when the rule set
 * was built, or else the reason in the element's comment.
 */
static const char *reason_of(const struct svcr_explain_walker *w, const struct svcr_nft_event *v,
			     const char *otherwise)
{
	const char *comment = svcr_nft_comment(&v->table->sets[v->stmt->set], v->elem), *words;
	const struct svcr_refusal *r;
	uint8_t key[SVCR_VIP_MAX];

	svcr_vip_key(key, &w->eval.packet.dst, w->eval.packet.protocol, w->eval.packet.port);
	r = svcr_refusals_find(w->x->rs->refusals, v->table->family, key);
	words = !r ? NULL : v->stmt->set == SET_SERVICES_EXTERNAL ? r->outside : r->inside;
	if (words)
		return words;
	words = comment ? strstr(comment, ", ") : NULL;
	return words ? words + 2 : otherwise;
}

static int tell_refused(struct svcr_explain_walker *w)
{
	const struct svcr_nft_event *v = deciding_event(w);

	if (v->stmt->op == OP_VMAP)
		return svcr_explain_say(w, v, w->where, "refused: %s",
					reason_of(w, v, "no endpoint serves it"));
	return tell_undefined(w, v);
}

static int tell_dropped(struct svcr_explain_walker *w)
{
	const struct svcr_nft_event *v = last_event(w);
	char src[SVCR_ADDR_TEXT], dst[SVCR_ADDR_TEXT];

	svcr_addr_text(&w->eval.packet.src, src);
	svcr_addr_text(&w->eval.packet.dst, dst);
	if (v->stmt->op == OP_VMAP && v->stmt->set != SET_FIREWALLED)
		return svcr_explain_say(w, v, w->where, "dropped: %s",
					reason_of(w, v,
						  "traffic policy Local, and all endpoints are on "
						  "other nodes"));
	if (v->stmt->op == OP_VMAP || v->chain->id.kind == CHAIN_ALLOWED_SOURCES ||
	    v->chain->id.kind == CHAIN_SOURCES)
		return svcr_explain_say(w, v, w->where,
					"dropped: the loadBalancerSourceRanges of %s do not admit "
					"%s",
					w->name ? w->name : "its service", src);
	return svcr_explain_say(w, v, w->where,
				"dropped: %s is in --service-cidr, but no service has it", dst);
}

/* Source ranges are asked before the service is looked up, whose name is needed for them. */
static int note_service(struct svcr_explain_walker *w, const struct svcr_nft_event *v)
{
	uint8_t key[SVCR_VIP_MAX];

	svcr_vip_key(key, &w->eval.packet.dst, w->eval.packet.protocol, w->eval.packet.port);
	w->name = comment_name(w, svcr_vip_name(w->x->nft, v->table->family, key));
	return w->name ? 0 : -ENOMEM;
}

static int tell_event(struct svcr_explain_walker *w, const struct svcr_nft_event *v)
{
	const struct svcr_nft_stmt *s = v->stmt;

	if (!s)
		return 0;
	if ((s->op == OP_LOOKUP) && (s->set == SET_POD_CIDRS || s->set == SET_OWN_POD_CIDRS))
		w->from_pod |= v->elem != NULL;
	if (!v->held)
		return 0;
	if (s->op == OP_VMAP && s->set == SET_FIREWALLED)
		return note_service(w, v);
	if (s->op == OP_VMAP && (s->set == SET_SERVICES || s->set == SET_SERVICES_EXTERNAL))
		return tell_found(w, v);
	if (s->op == OP_MARK_SET && !w->marked)
		w->marked = mark_reason(w, v);
	if (s->op == OP_LOOKUP && s->set == SET_HAIRPIN)
		w->marked = "the client is the endpoint itself";
	return 0;
}

int svcr_explain_tell_services(struct svcr_explain_walker *w, enum svcr_nft_fate fate)
{
	int err = 0;

	for (size_t i = w->told; i < w->eval.events.n && !err; i++)
		err = tell_event(w, &w->eval.events.v[i]);
	if (!err && fate == SVCR_FATE_REFUSED)
		err = tell_refused(w);
	if (!err && fate == SVCR_FATE_DROPPED)
		err = tell_dropped(w);
	return err;
}

const char *svcr_explain_unmasked(const struct svcr_explain_walker *w)
{
	const struct svcr_nft_table *t = svcr_services_table(w->x->nft, w->eval.packet.dst.family);

	if (w->from_pod)
		return "the client is a pod";
	if (w->local)
		return "external traffic policy Local keeps the client's address";
	return t && !t->sets[SET_POD_CIDRS].n ? "the pods' prefixes are not known" : NULL;
}

uint32_t svcr_explain_remembered(const struct svcr_explain_walker *w)
{
	const struct svcr_nft_packet *p = &w->eval.packet;
	const struct svcr_nft_table *t = svcr_services_table(w->x->nft, p->dst.family);
	uint8_t key[SVCR_VIP_MAX];
	const uint8_t *e;

	if (!w->eval.remembers)
		return 0;
	svcr_vip_key(key, &p->dst, p->protocol, p->port);
	e = svcr_nft_find(&t->sets[SET_STICKY], key);
	return e ? svcr_nft_elem_verdict(&t->sets[SET_STICKY], e).n : 0;
}

/* ---- Services that are left out -------------------------------------------- */

static bool service_has_address(const struct svcr_service *s, const struct svcr_addr *a)
{
	const struct svcr_addrs *lists[] = { &s->cluster_ips, &s->balancer_ips, &s->external_ips };

	for (size_t k = 0; k < 3; k++)
		for (size_t i = 0; i < lists[k]->n; i++)
			if (svcr_addr_eq(&lists[k]->v[i], a))
				return true;
	return false;
}

/* The name of a service that has the address and is left out; NULL: none has, or one is served. */
static const char *left_out_there(struct svcr_explainer *x, const struct svcr_addr *a,
				  const char **ret)
{
	const char *found = NULL;

	for (size_t i = 0; x->m && i < x->m->services.n; i++) {
		const struct svcr_service *s = &x->m->services.v[i];
		const char *name, *why;

		if (!service_has_address(s, a))
			continue;
		name = svcr_arena_printf(&x->e->arena, "%s/%s", s->ns, s->name);
		why = name ? svcr_refusals_of_service(x->rs->refusals, a->family, name,
						      strlen(name)) :
			     NULL;
		if (!why)
			return NULL;
		if (!found || strcmp(name, found) < 0) {
			found = name;
			*ret = why;
		}
	}
	return found;
}

/* Why the service that the connection was meant for has no rule there; NULL: it has, or none is. */
static const char *why_left_out(struct svcr_explainer *x, const struct svcr_explain_flow *f,
				const char **ret_name)
{
	const struct svcr_refusal *r;
	uint8_t key[SVCR_VIP_MAX];
	const char *why = NULL;

	*ret_name = f->to.name;
	if (!f->to.name) {
		*ret_name = left_out_there(x, &f->to.addr, &why);
		return why;
	}
	why = svcr_refusals_of_service(x->rs->refusals, f->to.addr.family, f->to.name,
				       strcspn(f->to.name, ":"));
	if (why)
		return why;
	svcr_vip_key(key, &f->to.addr, f->protocol, f->to.port);
	r = svcr_refusals_find(x->rs->refusals, f->to.addr.family, key);
	return r && r->left_out && strcmp(r->name, f->to.name) == 0 ? r->left_out : NULL;
}

int svcr_explain_left_out(struct svcr_explainer *x, struct svcr_explain_flow *f)
{
	static const char said[] = "left out: ";
	struct svcr_explain_step *s;
	const char *why, *name;

	/* an endpoint is asked without its service */
	if (f->to.detail || !x->rs->refusals)
		return 0;
	why = why_left_out(x, f, &name);
	if (!why)
		return 0;
	if (strncmp(why, said, strlen(said)) == 0)
		why += strlen(said);
	s = SVCR_GROW(&f->steps);
	if (!s)
		return -ENOMEM;
	*s = (struct svcr_explain_step){ .where = "service",
					 .text = svcr_arena_printf(
						 &x->e->arena, "%s is left out: %s", name, why) };
	return s->text ? 0 : -ENOMEM;
}
