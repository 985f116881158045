/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nft/json.h"
#include "rules/nft/text.h"

#include <errno.h>

struct line {
	char text[1024];
	size_t len;
};

static int line_append(void *arg, const char *buf, size_t len)
{
	struct line *l = arg;

	if (l->len + len >= sizeof(l->text))
		return -EOVERFLOW;
	memcpy(l->text + l->len, buf, len);
	l->len += len;
	l->text[l->len] = '\0';
	return 0;
}

static json_t *json_elem(const struct svcr_nft_table *t, const struct svcr_nft_set *s,
			 const uint8_t *e)
{
	char key[SVCR_NFT_ELEM_TEXT], data[SVCR_NFT_ELEM_TEXT];
	const char *comment = svcr_nft_comment(s, e);
	json_t *o = json_object();

	o = svcr_json_member(o, "key", json_string(svcr_nft_key_text(s, e, key)));
	if (s->layout->data != DATA_NONE)
		o = svcr_json_member(o, "data", json_string(svcr_nft_data_text(t, s, e, data)));
	if (comment)
		o = svcr_json_member(o, "comment", json_string(comment));
	return o;
}

/* The set with the elements from `first` to `end`. */
static json_t *json_set(const struct svcr_nft_table *t, const struct svcr_nft_set *s, size_t first,
			size_t end)
{
	uint32_t number = first < end ? svcr_nft_elem_number(s, svcr_nft_elem(s, first)) : 0;
	json_t *elems = json_array(), *o;
	char name[SVCR_NFT_NAME_MAX];

	for (size_t i = first; i < end; i++)
		elems = svcr_json_append(elems, json_elem(t, s, svcr_nft_elem(s, i)));
	o = json_pack("{s:s, s:s}", "name", svcr_nft_set_name(s->layout, number, name), "kind",
		      svcr_nft_set_noun(s->layout));
	if (s->size)
		o = svcr_json_member(o, "size", json_integer(s->size));
	return svcr_json_member(o, "elements", elems);
}

static json_t *json_sets(json_t *list, const struct svcr_nft_table *t, const struct svcr_nft_set *s)
{
	if (!s->layout->numbered && s->present)
		return svcr_json_append(list, json_set(t, s, 0, s->n));
	for (size_t i = 0, end; s->layout->numbered && i < s->n; i = end) {
		end = svcr_nft_numbered_end(s, i);
		list = svcr_json_append(list, json_set(t, s, i, end));
	}
	return list;
}

static json_t *json_chain(const struct svcr_nft_table *t, const struct svcr_nft_chain *c)
{
	const struct svcr_nft_chain_layout *l = svcr_nft_chain_row(t->layout, c->id);
	char name[SVCR_NFT_NAME_MAX];
	json_t *rules = json_array(), *o;

	for (size_t i = 0; i < c->nrules; i++) {
		struct line line = { .len = 0 };
		struct svcr_out out = { .write = line_append, .arg = &line };

		svcr_nft_out_rule(&out, t, &c->rules[i]);
		svcr_out_end(&out);
		rules = svcr_json_append(rules, json_string(line.text));
	}
	o = json_pack("{s:s, s:o}", "name", svcr_nft_chain_name(t, c->id, name), "rules", rules);
	if (l->hook) {
		o = svcr_json_member(o, "hook", json_string(l->hook));
		o = svcr_json_member(o, "priority", json_integer(l->priority));
	}
	return o;
}

static json_t *json_table(const struct svcr_nft_table *t)
{
	json_t *sets = json_array(), *chains = json_array();

	for (size_t i = 0; i < t->layout->nsets; i++)
		sets = json_sets(sets, t, &t->sets[i]);
	for (size_t i = 0; i < t->nchains; i++)
		chains = svcr_json_append(chains, json_chain(t, &t->chains[i]));
	return json_pack("{s:s, s:s, s:o, s:o}", "family", svcr_nft_family_name(t->family), "name",
			 t->name, "sets", sets, "chains", chains);
}

json_t *svcr_nft_json_tables(const struct svcr_nft *n)
{
	json_t *tables = json_array();

	for (size_t i = 0; i < n->ntables; i++)
		if (n->tables[i].present)
			tables = svcr_json_append(tables, json_table(&n->tables[i]));
	return tables;
}
