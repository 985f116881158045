/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nft/describe.h"
#include "rules/json.h"
#include "rules/nft/text.h"

#include <errno.h>
#include <stdlib.h>

/* ---- In words ----------------------------------------------------------- */

/*
 * The words for each kind of change: "+ chain balance-3 (ip)", "cannot add chain balance-3
 * (ip)".
 */
static const struct {
	const char *sign, *verb, *noun;
} change_words[] = {
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

/* The object of a change: "set endpoints (ip)". */
static void out_object(struct svcr_out *o, const struct svcr_nft_change *ch)
{
	const char *name = ch->pair->to->name, *noun = change_words[ch->op].noun;
	char buf[SVCR_NFT_NAME_MAX];

	if (ch->chain.kind != CHAIN_NONE)
		name = svcr_nft_chain_name(svcr_nft_change_table(ch), ch->chain, buf);
	else if (ch->set != SVCR_NFT_NO_SET)
		name = svcr_nft_set_name(svcr_nft_change_set(ch)->layout, ch->number, buf);
	else if (ch->name)
		name = ch->name;
	if (ch->set != SVCR_NFT_NO_SET && svcr_nft_change_set(ch)->layout->data != DATA_NONE)
		noun = "map";
	svcr_out(o, "%s ", noun);
	for (; *name; name++) /* another program chose the name, which may hold any bytes */
		svcr_out(o, "%c", *name > ' ' && *name <= '~' ? *name : '?');
	svcr_out(o, " (%s)", svcr_nft_family_name(ch->pair->to->family));
}

static void out_rest(struct svcr_out *o, const struct svcr_nft_change *ch)
{
	svcr_out(o, "%s ", change_words[ch->op].sign);
	if (ch->count)
		svcr_out(o, "%zu in ", ch->count);
	out_object(o, ch);
}

void svcr_nft_out_rest(struct svcr_out *o, const struct svcr_nft_changes *c)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct svcr_nft_change *ch = &c->v[i];

		if (svcr_nft_change_named(ch) ||
		    (!ch->pair->from->present && ch->op != CHANGE_ADD_TABLE))
			continue;
		out_rest(o, ch);
		svcr_out_str(o, "\n");
	}
}

json_t *svcr_nft_json_rest(const struct svcr_nft_changes *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->n; i++) {
		struct svcr_buffer t = { NULL, 0 };
		struct svcr_out o = { .write = svcr_buffer_append, .arg = &t };

		if (svcr_nft_change_named(&c->v[i]))
			continue;
		out_rest(&o, &c->v[i]);
		list = svcr_json_append(list, svcr_out_end(&o) ? NULL : json_string(t.p));
		free(t.p);
	}
	return list;
}

/* ---- As nft(8) commands ------------------------------------------------- */

static void command_elems(struct svcr_out *o, const struct svcr_nft_changes *c,
			  const struct svcr_nft_change *ch)
{
	const struct svcr_nft_set *s = svcr_nft_change_set(ch);
	const struct svcr_nft_table *t = svcr_nft_change_table(ch);
	bool add = ch->op == CHANGE_ADD_ELEMS;
	char buf[SVCR_NFT_ELEM_TEXT], name[SVCR_NFT_NAME_MAX];

	for (size_t i = 0; i < ch->count; i++) {
		svcr_out(o, "%s element %s %s %s { ", add ? "add" : "delete",
			 svcr_nft_family_name(t->family), t->name,
			 svcr_nft_set_name(s->layout, ch->number, name));
		if (add)
			svcr_nft_out_elem(o, t, s, c->elems[ch->first + i]);
		else
			svcr_out_str(o, svcr_nft_key_text(s, c->elems[ch->first + i], buf));
		svcr_out_str(o, " }\n");
	}
}

static void command_add_chain(struct svcr_out *o, const struct svcr_nft_change *ch)
{
	const struct svcr_nft_table *t = ch->pair->to;
	const struct svcr_nft_chain_layout *row = svcr_nft_chain_row(t->layout, ch->chain);
	char name[SVCR_NFT_NAME_MAX];

	svcr_out(o, "add chain %s %s %s", svcr_nft_family_name(t->family), t->name,
		 svcr_nft_chain_name(t, ch->chain, name));
	if (row->hook) {
		svcr_out_str(o, " { ");
		svcr_nft_out_base_chain(o, row);
		svcr_out_str(o, " }");
	}
	svcr_out_str(o, "\n");
}

static void command_add_set(struct svcr_out *o, const struct svcr_nft_change *ch)
{
	const struct svcr_nft_set *s = svcr_nft_change_set(ch);
	const struct svcr_nft_table *t = ch->pair->to;
	char name[SVCR_NFT_NAME_MAX];

	svcr_out(o, "add %s %s %s %s { ", svcr_nft_set_noun(s->layout),
		 svcr_nft_family_name(t->family), t->name,
		 svcr_nft_set_name(s->layout, ch->number, name));
	svcr_nft_out_set_header(o, s, "", "; ");
	svcr_out_str(o, "}\n");
}

static void command_add(struct svcr_out *o, const struct svcr_nft_changes *c,
			const struct svcr_nft_change *ch)
{
	const struct svcr_nft_table *t = ch->pair->to;
	const char *f = svcr_nft_family_name(t->family);
	char name[SVCR_NFT_NAME_MAX];

	switch (ch->op) {
	case CHANGE_ADD_TABLE:
	case CHANGE_WAKE_TABLE:
		svcr_out(o, "add table %s %s { comment \"%s\"; }\n", f, t->name, SVCR_NFT_OWNER);
		break;
	case CHANGE_ADD_CHAIN:
	case CHANGE_MEND_CHAIN: command_add_chain(o, ch); break;
	case CHANGE_ADD_SET: command_add_set(o, ch); break;
	case CHANGE_ADD_RULE:
		svcr_out(o, "add rule %s %s %s ", f, t->name,
			 svcr_nft_chain_name(t, ch->chain, name));
		svcr_nft_out_rule(o, t, ch->rule);
		svcr_out_str(o, "\n");
		break;
	default: command_elems(o, c, ch); break;
	}
}

static void command_delete_set(struct svcr_out *o, const struct svcr_nft_change *ch)
{
	const struct svcr_nft_table *t = ch->pair->from;
	const char *noun = "set", *name = ch->name;
	char buf[SVCR_NFT_NAME_MAX];

	if (ch->set != SVCR_NFT_NO_SET) {
		noun = svcr_nft_set_noun(svcr_nft_change_set(ch)->layout);
		name = svcr_nft_set_name(svcr_nft_change_set(ch)->layout, ch->number, buf);
	}
	svcr_out(o, "delete %s %s %s %s\n", noun, svcr_nft_family_name(t->family), t->name, name);
}

static void command_delete(struct svcr_out *o, const struct svcr_nft_changes *c,
			   const struct svcr_nft_change *ch)
{
	const struct svcr_nft_table *t = ch->pair->from;
	const char *f = svcr_nft_family_name(t->family);
	char name[SVCR_NFT_NAME_MAX];

	switch (ch->op) {
	case CHANGE_DEL_TABLE: svcr_out(o, "delete table %s %s\n", f, t->name); break;
	case CHANGE_FLUSH_CHAIN:
		svcr_out(o, "flush chain %s %s %s\n", f, t->name,
			 svcr_nft_chain_name(t, ch->chain, name));
		break;
	case CHANGE_DEL_CHAIN:
		svcr_out(o, "delete chain %s %s %s\n", f, t->name,
			 svcr_nft_chain_name(t, ch->chain, name));
		break;
	case CHANGE_DEL_SET: command_delete_set(o, ch); break;
	default: command_elems(o, c, ch); break;
	}
}

void svcr_nft_out_commands(struct svcr_out *o, const struct svcr_nft_changes *c)
{
	for (size_t i = 0; i < c->n; i++)
		(svcr_nft_change_removes(&c->v[i]) ? command_delete : command_add)(o, c, &c->v[i]);
}

/* ---- The kernel's refusals ---------------------------------------------- */

#define NAMES_SHOWN 3

/* Returns up to NAMES_SHOWN names of what the message changes: "Service a/b:c, a/d:e: ". */
static void describe_names(struct svcr_out *o, const struct svcr_nft_changes *c,
			   const struct svcr_nft_change *ch, const struct svcr_nft_message *m)
{
	const struct svcr_nft_table *t = svcr_nft_change_table(ch);
	const struct svcr_nft_set *names = &t->sets[t->layout->names];
	const uint8_t *last = NULL;
	const char *comment;
	size_t shown = 0;

	for (size_t i = 0; svcr_nft_change_named(ch) && i < m->count && shown < NAMES_SHOWN; i++) {
		const uint8_t *e, *elem = c->elems[m->first + i];

		if (last && memcmp(last, elem, names->sort_len) == 0)
			continue;
		last = elem;
		e = svcr_nft_find(names, elem);
		comment = e ? svcr_nft_comment(names, e) : NULL;
		if (comment) {
			svcr_out_str(o, shown ? "," : t->layout->noun);
			svcr_out(o, " %.*s", (int)svcr_nft_comment_name(comment), comment);
			shown++;
		}
	}
	svcr_out_str(o, shown == NAMES_SHOWN ? " ...: " : shown ? ": " : "");
}

static const char *refusal_reason(int err)
{
	switch (-err) {
	case ENOENT: return "no such object, or this kernel lacks a module for it";
	case EEXIST: return "exists already and differs (changed by another program?)";
	case EOPNOTSUPP: return "this kernel cannot do that";
	case EAFNOSUPPORT: return "this kernel lacks the address family; --family chooses one";
	case EBUSY: return "still in use (by rules of another program?)";
	case EINVAL: return "the kernel finds it invalid";
	case ENFILE: return "the set is full";
	case EMLINK: return "too many jumps one after another";
	default: return svcrules_errno_text(err);
	}
}

char *svcr_nft_describe(const struct svcr_nft_changes *c, uint32_t seq, int err)
{
	struct svcr_buffer t = { NULL, 0 };
	struct svcr_out o = { .write = svcr_buffer_append, .arg = &t };
	const struct svcr_nft_message *m;
	const struct svcr_nft_change *ch;

	if (seq > 0 && seq <= c->nmessages) {
		m = &c->messages[seq - 1];
		ch = &c->v[m->change];
		describe_names(&o, c, ch, m);
		svcr_out(&o, "cannot %s ", change_words[ch->op].verb);
		out_object(&o, ch);
	} else {
		svcr_out_str(&o, "the change was refused");
	}
	svcr_out(&o, ": %s", refusal_reason(err));
	if (svcr_out_end(&o) == 0)
		return t.p;
	free(t.p);
	return NULL;
}
