/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes printed: in services, as nft(8) commands, as JSON; and one message described. */
#include "rules/nftables/json.h"
#include "rules/nftables/print.h"
#include "rules/nftables/text.h"

#include <errno.h>

#define GREEN "\033[32m"
#define RED "\033[31m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

static void out_list(struct svcr_out *o, const char *sign, const char *colour, char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		svcr_out(o, "  %s%s ", colour ? colour : "", sign);
		svcr_out_str(o, v[i]);
		svcr_out_str(o, colour ? PLAIN : "");
	}
}

static void out_vip(struct svcr_out *o, const struct svcr_nft_vip_change *v, bool colour)
{
	const char *sign = v->in_from && v->in_to ? "~" : v->in_to ? "+" : "-";
	const char *tint = *sign == '~' ? YELLOW : *sign == '+' ? GREEN : RED;
	char vip[SVCR_NFT_VIP_TEXT];

	svcr_out(o, "%s%s%s ", colour ? tint : "", sign, colour ? PLAIN : "");
	svcr_out(o, "%s %s", v->name ? v->name : "(unknown)", svcr_nft_vip_text(v->family, v->key, vip));
	out_list(o, "+", colour ? GREEN : NULL, v->added, v->nadded);
	out_list(o, "-", colour ? RED : NULL, v->removed, v->nremoved);
	svcr_out_str(o, "\n");
}

/* How each kind of change is told: "+ chain balance-3 (ip)", "cannot add chain balance-3 (ip)". */
static const struct {
	const char *sign, *verb, *noun;
} words[] = {
	[CHANGE_ADD_TABLE] = { "+", "add", "table" },
	[CHANGE_WAKE_TABLE] = { "~", "wake", "dormant table" },
	[CHANGE_MEND_CHAIN] = { "~", "mend", "policy of chain" },
	[CHANGE_DEL_TABLE] = { "-", "remove", "table" },
	[CHANGE_FLUSH_CHAIN] = { "-", "remove", "rules of chain" },
	[CHANGE_DEL_ELEMS] = { "-", "remove from", "set" },
	[CHANGE_DEL_SET] = { "-", "remove", "set" },
	[CHANGE_DEL_CHAIN] = { "-", "remove", "chain" },
	[CHANGE_ADD_CHAIN] = { "+", "add", "chain" },
	[CHANGE_ADD_SET] = { "+", "add", "set" },
	[CHANGE_ADD_ELEMS] = { "+", "add to", "set" },
	[CHANGE_ADD_RULE] = { "+", "add", "rule in chain" },
};

/* What a change is about: "set endpoints (ip)". */
static void out_object(struct svcr_out *o, const struct svcrules_changes *c, const struct svcr_nft_change *ch)
{
	char buf[SVCR_NFT_NAME_MAX];
	const char *name = c->to->name, *noun = words[ch->op].noun;

	if (ch->chain.kind)
		name = svcr_nft_chain_name(svcr_nft_change_nft(c, ch), ch->chain, buf);
	else if (ch->set < SET__COUNT)
		name = svcr_nft_sets[ch->set].name;
	else if (ch->name)
		name = ch->name;
	if (ch->set < SET__COUNT && svcr_nft_sets[ch->set].data != DATA_NONE)
		noun = "map";
	svcr_out(o, "%s ", noun);
	for (; *name; name++) /* others may have named it, with any bytes */
		svcr_out(o, "%c", *name > ' ' && *name <= '~' ? *name : '?');
	svcr_out(o, " (%s)", svcr_nft_family_name(ch->family));
}

/* What is no service's own: told by the part of the table that changed. */
static void out_other(struct svcr_out *o, const struct svcrules_changes *c, const struct svcr_nft_change *ch)
{
	svcr_out(o, "%s ", words[ch->op].sign);
	if (ch->count)
		svcr_out(o, "%zu in ", ch->count);
	out_object(o, c, ch);
}

static bool services_own(const struct svcr_nft_change *ch)
{
	return (ch->op == CHANGE_ADD_ELEMS || ch->op == CHANGE_DEL_ELEMS) &&
	       svcr_nft_set_by_vip(ch->set);
}

void svcr_nft_out_report(struct svcr_out *o, const struct svcr_nft_report *r, bool colour)
{
	for (size_t i = 0; i < r->n; i++)
		out_vip(o, &r->v[i], colour);
}

void svcr_nft_out_others(struct svcr_out *o, const struct svcrules_changes *c)
{
	for (size_t i = 0; i < c->n; i++) {
		if (services_own(&c->v[i]) ||
		    (!c->from->tables[c->v[i].family].present && c->v[i].op != CHANGE_ADD_TABLE))
			continue;
		out_other(o, c, &c->v[i]);
		svcr_out_str(o, "\n");
	}
}

int svcrules_changes_print(const struct svcrules_changes *c, bool colour, svcrules_write_fn write, void *arg)
{
	struct svcr_out o = { .write = write, .arg = arg };
	const struct svcrules_changes_stats *s = &c->stats;
	struct svcr_nft_report r;
	int err = svcr_nft_report(&r, c, true, NULL);

	if (err)
		return err;
	svcr_nft_out_report(&o, &r, colour);
	svcr_nft_out_others(&o, c);
	if (c->n == 0)
		svcr_out_str(&o, "no changes\n");
	else
		svcr_out(&o, "%zu service address%s added, %zu removed, %zu changed; %zu element%s added, %zu removed\n",
			 s->services_added, s->services_added == 1 ? "" : "es", s->services_removed,
			 s->services_changed, s->elements_added, s->elements_added == 1 ? "" : "s",
			 s->elements_removed);
	svcr_nft_report_release(&r);
	return svcr_out_end(&o);
}

static void nft_elems(struct svcr_out *o, const struct svcrules_changes *c, const struct svcr_nft_change *ch)
{
	const struct svcrules_nft *n = svcr_nft_change_nft(c, ch);
	const struct svcr_nft_set *s = &n->tables[ch->family].sets[ch->set];
	bool add = ch->op == CHANGE_ADD_ELEMS;
	char buf[SVCR_NFT_ELEM_TEXT];

	for (size_t i = 0; i < ch->count; i++) {
		svcr_out(o, "%s element %s %s %s { ", add ? "add" : "delete", svcr_nft_family_name(ch->family),
			 c->to->name, svcr_nft_sets[ch->set].name);
		if (add)
			svcr_nft_out_elem(o, n, ch->set, ch->family, s, c->elems[ch->first + i]);
		else
			svcr_out_str(o, svcr_nft_key_text(ch->set, ch->family, c->elems[ch->first + i], buf));
		svcr_out_str(o, " }\n");
	}
}

static void nft_add(struct svcr_out *o, const struct svcrules_changes *c, const struct svcr_nft_change *ch)
{
	const char *f = svcr_nft_family_name(ch->family), *table = c->to->name;
	char name[SVCR_NFT_NAME_MAX];

	switch (ch->op) {
	case CHANGE_ADD_TABLE:
	case CHANGE_WAKE_TABLE:
		svcr_out(o, "add table %s %s { comment \"%s\"; }\n", f, table, SVCR_NFT_OWNER);
		break;
	case CHANGE_ADD_CHAIN:
	case CHANGE_MEND_CHAIN:
		svcr_out(o, "add chain %s %s %s", f, table, svcr_nft_chain_name(c->to, ch->chain, name));
		if (svcr_nft_chains[ch->chain.kind].hook) {
			svcr_out_str(o, " { ");
			svcr_nft_out_base_chain(o, ch->chain);
			svcr_out_str(o, " }");
		}
		svcr_out_str(o, "\n");
		break;
	case CHANGE_ADD_SET:
		svcr_out(o, "add %s %s %s %s { ", svcr_nft_sets[ch->set].data == DATA_NONE ? "set" : "map", f, table,
			 svcr_nft_sets[ch->set].name);
		svcr_nft_out_set_header(o, ch->set, ch->family, c->to->tables[ch->family].sets[ch->set].size, "", "; ");
		svcr_out_str(o, "}\n");
		break;
	case CHANGE_ADD_RULE:
		svcr_out(o, "add rule %s %s %s ", f, table, svcr_nft_chain_name(c->to, ch->chain, name));
		svcr_nft_out_rule(o, c->to, ch->family, ch->rule);
		svcr_out_str(o, "\n");
		break;
	default:
		nft_elems(o, c, ch);
		break;
	}
}

static void nft_delete(struct svcr_out *o, const struct svcrules_changes *c, const struct svcr_nft_change *ch)
{
	const char *f = svcr_nft_family_name(ch->family), *table = c->to->name;
	char name[SVCR_NFT_NAME_MAX];

	switch (ch->op) {
	case CHANGE_DEL_TABLE:
		svcr_out(o, "delete table %s %s\n", f, table);
		break;
	case CHANGE_FLUSH_CHAIN:
		svcr_out(o, "flush chain %s %s %s\n", f, table, svcr_nft_chain_name(c->from, ch->chain, name));
		break;
	case CHANGE_DEL_CHAIN:
		svcr_out(o, "delete chain %s %s %s\n", f, table, svcr_nft_chain_name(c->from, ch->chain, name));
		break;
	case CHANGE_DEL_SET:
		svcr_out(o, "delete %s %s %s %s\n",
			 ch->set < SET__COUNT && svcr_nft_sets[ch->set].data != DATA_NONE ? "map" : "set", f, table,
			 ch->set < SET__COUNT ? svcr_nft_sets[ch->set].name : ch->name);
		break;
	default:
		nft_elems(o, c, ch);
		break;
	}
}

int svcrules_changes_print_nft(const struct svcrules_changes *c, svcrules_write_fn write, void *arg)
{
	struct svcr_out o = { .write = write, .arg = arg };

	for (size_t i = 0; i < c->n; i++)
		(svcr_nft_change_nft(c, &c->v[i]) == c->from ? nft_delete : nft_add)(&o, c, &c->v[i]);
	return svcr_out_end(&o);
}

int svcr_nft_buffer_append(void *arg, const char *buf, size_t len)
{
	struct svcr_nft_buffer *t = arg;
	char *p = realloc(t->p, t->len + len + 1);

	if (!p)
		return -ENOMEM;
	memcpy(p + t->len, buf, len);
	t->p = p;
	t->len += len;
	p[t->len] = '\0';
	return 0;
}

static json_t *json_list(char *const *v, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		list = svcr_nft_json_append(list, json_string(v[i]));
	return list;
}

/* What belongs to no single service, a text each. */
json_t *svcr_nft_json_others(const struct svcrules_changes *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->n; i++) {
		struct svcr_nft_buffer t = { NULL, 0 };
		struct svcr_out o = { .write = svcr_nft_buffer_append, .arg = &t };

		if (services_own(&c->v[i]))
			continue;
		out_other(&o, c, &c->v[i]);
		if (svcr_out_end(&o))
			list = svcr_nft_json_append(list, NULL);
		else
			list = svcr_nft_json_append(list, json_string(t.p));
		free(t.p);
	}
	return list;
}

static json_t *json_vip(const struct svcr_nft_vip_change *v)
{
	char vip[SVCR_NFT_VIP_TEXT];
	const char *op = v->in_from && v->in_to ? "change" : v->in_to ? "add" : "remove";

	return json_pack("{s:s, s:s, s:s, s:o, s:o}", "op", op, "service", v->name ? v->name : "",
			 "address", svcr_nft_vip_text(v->family, v->key, vip),
			 "added", json_list(v->added, v->nadded), "removed", json_list(v->removed, v->nremoved));
}

json_t *svcr_nft_json_report(const struct svcr_nft_report *r)
{
	json_t *services = json_array();

	for (size_t i = 0; i < r->n; i++)
		services = svcr_nft_json_append(services, json_vip(&r->v[i]));
	return services;
}

int svcrules_changes_print_json(const struct svcrules_changes *c, svcrules_write_fn write, void *arg)
{
	const struct svcrules_changes_stats *s = &c->stats;
	struct svcr_nft_report r;
	json_t *services;
	int err = svcr_nft_report(&r, c, true, NULL);

	if (err)
		return err;
	services = svcr_nft_json_report(&r);
	svcr_nft_report_release(&r);
	return svcr_nft_dump_json(json_pack("{s:b, s:o, s:o, s:{s:I, s:I, s:I, s:I, s:I, s:I}}", "same", c->n == 0,
		"services", services, "other", svcr_nft_json_others(c), "summary", "services_added", (json_int_t)s->services_added,
		"services_removed", (json_int_t)s->services_removed, "services_changed",
		(json_int_t)s->services_changed, "elements_added", (json_int_t)s->elements_added,
		"elements_removed", (json_int_t)s->elements_removed, "other", (json_int_t)s->other), write, arg);
}

static void describe_services(struct svcr_out *o, const struct svcrules_changes *c, const struct svcr_nft_change *ch,
			      const struct svcr_nft_message *m)
{
	const struct svcr_nft_set *services = &svcr_nft_change_nft(c, ch)->tables[ch->family].sets[SET_SERVICES];
	char key[SVCR_NFT_VIP_MAX] = { 0 };
	size_t told = 0;

	for (size_t i = 0; i < m->count && told < 3; i++) {
		const uint8_t *e, *elem = c->elems[m->first + i];
		size_t len = svcr_addr_len(ch->family) + 8u;

		if (!services_own(ch) || memcmp(key, elem, len) == 0)
			continue;
		memcpy(key, elem, len);
		e = svcr_nft_find(services, elem);
		if (e && svcr_nft_comment(services, e))
			svcr_out(o, "%s%s", told++ ? ", " : "Service ", svcr_nft_comment(services, e));
	}
	svcr_out_str(o, told == 3 ? " ...: " : told ? ": " : "");
}

char *svcrules_changes_describe(const struct svcrules_changes *c, uint32_t seq)
{
	struct svcr_nft_buffer t = { NULL, 0 };
	struct svcr_out o = { .write = svcr_nft_buffer_append, .arg = &t };
	const struct svcr_nft_message *m;

	if (seq == 0 || seq > c->nmessages)
		return NULL;
	m = &c->messages[seq - 1];
	describe_services(&o, c, &c->v[m->change], m);
	svcr_out(&o, "cannot %s ", words[c->v[m->change].op].verb);
	out_object(&o, c, &c->v[m->change]);
	if (svcr_out_end(&o)) {
		free(t.p);
		return NULL;
	}
	return t.p;
}
