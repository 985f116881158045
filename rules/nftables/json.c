/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A rule set as JSON; svcrules(5) describes the form. */
#include "rules/nftables/json.h"
#include "rules/nftables/text.h"

#include <errno.h>


/* Returns `list` with `item` at its end, or NULL: out of memory, now or when one of them was made. */
json_t *svcr_nft_json_append(json_t *list, json_t *item)
{
	if (json_array_append_new(list, item) == 0)
		return list;
	json_decref(list);
	return NULL;
}

/* The same for a member of an object. */
static json_t *json_member(json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, value) == 0)
		return object;
	json_decref(object);
	return NULL;
}

struct sink { svcrules_write_fn write; void *arg; int err; };

static int to_sink(const char *buf, size_t len, void *arg)
{
	struct sink *s = arg;

	s->err = s->write(s->arg, buf, len);
	return s->err;
}

/* Prints and releases `root`; NULL means that memory was short. */
int svcr_nft_dump_json(json_t *root, svcrules_write_fn write, void *arg)
{
	struct sink s = { .write = write, .arg = arg };
	int err = root ? json_dump_callback(root, to_sink, &s, JSON_INDENT(2)) : -1;

	json_decref(root);
	if (s.err)
		return s.err;
	return err ? -ENOMEM : write(arg, "\n", 1);
}

struct line { char text[1024]; size_t len; };

static int to_line(void *arg, const char *buf, size_t len)
{
	struct line *l = arg;

	if (l->len + len >= sizeof(l->text))
		return -EOVERFLOW;
	memcpy(l->text + l->len, buf, len);
	l->len += len;
	l->text[l->len] = '\0';
	return 0;
}

static json_t *json_elem(const struct svcrules_nft *n, enum svcr_nft_set_id id, uint8_t family,
			 const struct svcr_nft_set *s, const uint8_t *e)
{
	char key[SVCR_NFT_ELEM_TEXT], data[SVCR_NFT_ELEM_TEXT];
	const char *comment = svcr_nft_comment(s, e);
	json_t *o = json_object();

	o = json_member(o, "key", json_string(svcr_nft_key_text(id, family, e, key)));
	if (svcr_nft_sets[id].data != DATA_NONE)
		o = json_member(o, "data", json_string(svcr_nft_data_text(n, id, family, s, e, data)));
	if (comment)
		o = json_member(o, "comment", json_string(comment));
	return o;
}

static json_t *json_set(const struct svcrules_nft *n, const struct svcr_nft_table *t, enum svcr_nft_set_id id)
{
	json_t *elems = json_array(), *o;

	for (size_t i = 0; i < t->sets[id].n; i++)
		elems = svcr_nft_json_append(elems, json_elem(n, id, t->family, &t->sets[id],
							      svcr_nft_elem(&t->sets[id], i)));
	o = json_pack("{s:s, s:s}", "name", svcr_nft_sets[id].name, "kind",
		      svcr_nft_sets[id].data == DATA_NONE ? "set" : "map");
	if (t->sets[id].size)
		o = json_member(o, "size", json_integer(t->sets[id].size));
	return json_member(o, "elements", elems);
}

static json_t *json_chain(const struct svcrules_nft *n, uint8_t family, const struct svcr_nft_chain *c)
{
	const struct svcr_nft_chain_layout *l = &svcr_nft_chains[c->id.kind];
	char name[SVCR_NFT_NAME_MAX];
	json_t *rules = json_array(), *o;

	for (size_t i = 0; i < c->nrules; i++) {
		struct line line = { .len = 0 };
		struct svcr_out out = { .write = to_line, .arg = &line };

		svcr_nft_out_rule(&out, n, family, &c->rules[i]);
		svcr_out_end(&out);
		rules = svcr_nft_json_append(rules, json_string(line.text));
	}
	o = json_pack("{s:s, s:o}", "name", svcr_nft_chain_name(n, c->id, name), "rules", rules);
	if (l->hook) {
		o = json_member(o, "hook", json_string(l->hook));
		o = json_member(o, "priority", json_integer(l->priority));
	}
	return o;
}

static json_t *json_table(const struct svcrules_nft *n, const struct svcr_nft_table *t)
{
	json_t *sets = json_array(), *chains = json_array();

	for (int i = 0; i < SET__COUNT; i++)
		if (t->sets[i].present)
			sets = svcr_nft_json_append(sets, json_set(n, t, i));
	for (size_t i = 0; i < t->nchains; i++)
		chains = svcr_nft_json_append(chains, json_chain(n, t->family, &t->chains[i]));
	return json_pack("{s:s, s:s, s:o, s:o}", "family", svcr_nft_family_name(t->family), "name", n->name,
			 "sets", sets, "chains", chains);
}

json_t *svcr_nft_json_tables(const struct svcrules_nft *n)
{
	json_t *tables = json_array();

	for (int f = 0; f < SVCR_FAMILY__COUNT; f++)
		if (n->tables[f].present)
			tables = svcr_nft_json_append(tables, json_table(n, &n->tables[f]));
	return tables;
}

int svcrules_nft_print_json(const struct svcrules_nft *n, svcrules_write_fn write, void *arg)
{
	return svcr_nft_dump_json(json_pack("{s:i, s:o}", "version", 1, "tables", svcr_nft_json_tables(n)), write, arg);
}
