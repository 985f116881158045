/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nftables/text.h"
#include "model.h"

static struct svcr_addr addr_at(uint8_t family, const uint8_t *p)
{
	struct svcr_addr a = { .family = family };

	memcpy(a.bytes, p, svcr_addr_len(family));
	return a;
}

/* The prefix length if first-last is a prefix, else -1. */
static int prefix_of(const uint8_t *first, const uint8_t *last, size_t len)
{
	int prefix = 0;
	bool host = false;

	for (size_t bit = 0; bit < len * 8; bit++) {
		int a = first[bit / 8] >> (7 - bit % 8) & 1, b = last[bit / 8] >> (7 - bit % 8) & 1;

		if (a != b && (a || !b))
			return -1;
		if (a == b && host)
			return -1;
		host = a != b;
		prefix += !host;
	}
	return prefix;
}

static size_t range_text(uint8_t family, const uint8_t *first, const uint8_t *last, char *buf, size_t size)
{
	char a[SVCR_ADDR_TEXT], b[SVCR_ADDR_TEXT];
	struct svcr_addr from = addr_at(family, first), to = addr_at(family, last);
	size_t len = svcr_addr_len(family);
	int prefix = prefix_of(first, last, len);

	svcr_addr_text(&from, a);
	if (prefix == (int)len * 8)
		return (size_t)snprintf(buf, size, "%s", a);
	if (prefix >= 0)
		return (size_t)snprintf(buf, size, "%s/%d", a, prefix);
	return (size_t)snprintf(buf, size, "%s-%s", a, svcr_addr_text(&to, b));
}

static size_t field_text(enum svcr_nft_field field, uint8_t family, const uint8_t *p, char *buf, size_t size)
{
	char a[SVCR_ADDR_TEXT];
	struct svcr_addr addr;

	switch (field) {
	case F_SADDR:
	case F_DADDR:
	case F_CT_DADDR:
	case F_CT_REPLY_SADDR:
		addr = addr_at(family, p);
		return (size_t)snprintf(buf, size, "%s", svcr_addr_text(&addr, a));
	case F_L4PROTO:
		return (size_t)snprintf(buf, size, "%s", svcr_protocol_name(p[0]));
	case F_DPORT:
	case F_CT_DPORT:
	case F_CT_REPLY_SPORT:
		return (size_t)snprintf(buf, size, "%u", p[0] << 8 | p[1]);
	case F_INDEX:
		return (size_t)snprintf(buf, size, "%u",
					(uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]);
	case F_END:
	case F__COUNT:
		break;
	}
	return 0;
}

const char *svcr_nft_key_text(enum svcr_nft_set_id id, uint8_t family, const uint8_t *elem, char *buf)
{
	const struct svcr_nft_set_layout *l = &svcr_nft_sets[id];
	size_t n = svcr_nft_fields_count(l->key), len = 0;
	const uint8_t *p = elem;

	for (size_t i = 0; i < n; i++) {
		if (i)
			len += (size_t)snprintf(buf + len, SVCR_NFT_ELEM_TEXT - len, " . ");
		if (l->interval && i + 1 == n)
			len += range_text(family, p, elem + svcr_nft_key_len(id, family), buf + len,
					  SVCR_NFT_ELEM_TEXT - len);
		else
			len += field_text(l->key[i], family, p, buf + len, SVCR_NFT_ELEM_TEXT - len);
		p += svcr_nft_field_size(l->key[i], family);
	}
	return buf;
}

const char *svcr_nft_data_text(const struct svcrules_nft *n, enum svcr_nft_set_id id, uint8_t family,
			       const struct svcr_nft_set *s, const uint8_t *elem, char *buf)
{
	const uint8_t *data = svcr_nft_elem_data(s, elem);
	char name[SVCR_NFT_NAME_MAX], a[SVCR_ADDR_TEXT];
	struct svcr_nft_chain_id verdict;
	struct svcr_addr addr;
	size_t len = svcr_addr_len(family);

	buf[0] = '\0';
	switch (svcr_nft_sets[id].data) {
	case DATA_VERDICT:
		memcpy(&verdict, data, sizeof(verdict));
		if (verdict.kind == VERDICT_DROP)
			snprintf(buf, SVCR_NFT_ELEM_TEXT, "drop");
		else
			snprintf(buf, SVCR_NFT_ELEM_TEXT, "%s %.200s", svcr_nft_verdict_jumps(verdict) ? "jump" : "goto",
				 svcr_nft_chain_name(n, verdict, name));
		break;
	case DATA_TARGET:
		addr = addr_at(family, data);
		snprintf(buf, SVCR_NFT_ELEM_TEXT, "%s . %u", svcr_addr_text(&addr, a), data[len] << 8 | data[len + 1]);
		break;
	case DATA_NONE:
		break;
	}
	return buf;
}

void svcr_nft_out_elem(struct svcr_out *o, const struct svcrules_nft *n, enum svcr_nft_set_id id, uint8_t family,
		       const struct svcr_nft_set *s, const uint8_t *elem)
{
	char buf[SVCR_NFT_ELEM_TEXT];
	const char *comment = svcr_nft_comment(s, elem), *data;

	svcr_out_str(o, svcr_nft_key_text(id, family, elem, buf));
	if (svcr_nft_sets[id].timed)
		svcr_out(o, " timeout %us", n->drain_timeout);
	if (comment)
		svcr_out(o, " comment \"%s\"", comment);
	data = svcr_nft_data_text(n, id, family, s, elem, buf);
	if (*data)
		svcr_out(o, " : %s", data);
}

static void out_fields(struct svcr_out *o, const struct svcr_nft_stmt *s, uint8_t family)
{
	size_t n = svcr_nft_fields_count(s->fields);

	for (size_t i = 0; i < n; i++) {
		svcr_out_str(o, i ? " . " : "");
		if (s->fields[i] == F_INDEX)
			svcr_out(o, "numgen random mod %u", s->n);
		else
			svcr_out_str(o, svcr_nft_fields[s->fields[i]].text[family]);
	}
}

static void out_update(struct svcr_out *o, const struct svcr_nft_stmt *s, uint8_t family)
{
	svcr_out(o, "update @%s { ", svcr_nft_sets[s->set].name);
	out_fields(o, s, family);
	svcr_out(o, " timeout %us : %s . %s }", s->n, svcr_nft_fields[F_CT_REPLY_SADDR].text[family],
		 svcr_nft_fields[F_CT_REPLY_SPORT].text[family]);
}

static void out_stmt(struct svcr_out *o, const struct svcrules_nft *n, uint8_t family,
		     const struct svcr_nft_stmt *s)
{
	const char *set = svcr_nft_sets[s->set].name;
	char name[SVCR_NFT_NAME_MAX];

	switch (s->op) {
	case OP_LOOKUP:
		out_fields(o, s, family);
		svcr_out(o, "%s @%s", s->negate ? " !=" : "", set);
		break;
	case OP_VMAP:
		out_fields(o, s, family);
		svcr_out(o, " vmap @%s", set);
		break;
	case OP_DNAT:
		svcr_out_str(o, "dnat to ");
		out_fields(o, s, family);
		svcr_out(o, " map @%s", set);
		break;
	case OP_UPDATE: out_update(o, s, family); break;
	case OP_L4PROTO: svcr_out(o, "meta l4proto %s", svcr_protocol_name((uint8_t)s->n)); break;
	case OP_MARK_SET: svcr_out(o, "meta mark set meta mark | 0x%08x", s->n); break;
	case OP_MARK_CLEAR: svcr_out(o, "meta mark set meta mark & 0x%08x", ~s->n); break;
	case OP_MARK_TEST: svcr_out(o, "meta mark & 0x%08x == 0x%08x", s->n, s->n); break;
	case OP_CT_DNAT: svcr_out_str(o, "ct status dnat"); break;
	case OP_CT_NEW: svcr_out_str(o, "ct state new"); break;
	case OP_REJECT_TCP: svcr_out_str(o, "reject with tcp reset"); break;
	case OP_REJECT: svcr_out_str(o, "reject"); break;
	case OP_MASQUERADE: svcr_out_str(o, "masquerade fully-random"); break;
	case OP_DROP: svcr_out_str(o, "drop"); break;
	case OP_GOTO: svcr_out(o, "goto %s", svcr_nft_chain_name(n, s->chain, name)); break;
	}
}

void svcr_nft_out_rule(struct svcr_out *o, const struct svcrules_nft *n, uint8_t family,
		       const struct svcr_nft_rule *rule)
{
	for (size_t i = 0; i < rule->nstmts; i++) {
		svcr_out_str(o, i ? " " : "");
		out_stmt(o, n, family, &rule->stmts[i]);
	}
}

/* A key with an index has no type that nft(8) could name: typeof says it. */
static void out_type(struct svcr_out *o, enum svcr_nft_set_id id, uint8_t family)
{
	static const uint8_t target[] = { F_DADDR, F_DPORT };
	const struct svcr_nft_set_layout *l = &svcr_nft_sets[id];
	bool by_example = l->key[3] == F_INDEX;
	size_t n = svcr_nft_fields_count(l->key);

	svcr_out_str(o, by_example ? "typeof " : "type ");
	for (size_t i = 0; i < n; i++) {
		svcr_out_str(o, i ? " . " : "");
		if (l->key[i] == F_INDEX)
			svcr_out_str(o, "numgen random mod 2");
		else
			svcr_out_str(o, by_example ? svcr_nft_fields[l->key[i]].text[family] :
				     svcr_nft_fields[l->key[i]].type[family]);
	}
	if (l->data == DATA_VERDICT)
		svcr_out_str(o, " : verdict");
	if (l->data == DATA_TARGET)
		for (size_t i = 0; i < 2; i++)
			svcr_out(o, "%s%s", i ? " . " : " : ", by_example ? svcr_nft_fields[target[i]].text[family] :
				 svcr_nft_fields[target[i]].type[family]);
}

void svcr_nft_out_set_header(struct svcr_out *o, enum svcr_nft_set_id id, uint8_t family, uint32_t size,
			     const char *indent, const char *end)
{
	svcr_out_str(o, indent);
	out_type(o, id, family);
	svcr_out_str(o, end);
	if (size)
		svcr_out(o, "%ssize %u%s", indent, size, end);
	if (svcr_nft_sets[id].interval)
		svcr_out(o, "%sflags interval%s", indent, end);
	if (svcr_nft_sets[id].dynamic)
		svcr_out(o, "%sflags dynamic,timeout%s", indent, end);
	if (svcr_nft_sets[id].timed)
		svcr_out(o, "%sflags timeout%s", indent, end);
}

void svcr_nft_out_base_chain(struct svcr_out *o, struct svcr_nft_chain_id id)
{
	const struct svcr_nft_chain_layout *l = &svcr_nft_chains[id.kind];

	if (l->hook)
		svcr_out(o, "type nat hook %s priority %s; policy accept;", l->hook, l->priority_text);
}

static void out_set(struct svcr_out *o, const struct svcrules_nft *n, uint8_t family, enum svcr_nft_set_id id)
{
	const struct svcr_nft_set *s = &n->tables[family].sets[id];

	svcr_out(o, "\n\t%s %s {\n", svcr_nft_sets[id].data == DATA_NONE ? "set" : "map", svcr_nft_sets[id].name);
	svcr_nft_out_set_header(o, id, family, s->size, "\t\t", "\n");
	for (size_t i = 0; i < s->n; i++) {
		svcr_out_str(o, i ? ",\n\t\t\t" : "\t\telements = {\n\t\t\t");
		svcr_nft_out_elem(o, n, id, family, s, svcr_nft_elem(s, i));
	}
	svcr_out_str(o, s->n ? "\n\t\t}\n\t}\n" : "\t}\n");
}

static void out_chain(struct svcr_out *o, const struct svcrules_nft *n, uint8_t family,
		      const struct svcr_nft_chain *c)
{
	char name[SVCR_NFT_NAME_MAX];

	svcr_out(o, "\n\tchain %s {\n", svcr_nft_chain_name(n, c->id, name));
	if (svcr_nft_chains[c->id.kind].hook) {
		svcr_out_str(o, "\t\t");
		svcr_nft_out_base_chain(o, c->id);
		svcr_out_str(o, "\n");
	}
	for (size_t i = 0; i < c->nrules; i++) {
		svcr_out_str(o, "\t\t");
		svcr_nft_out_rule(o, n, family, &c->rules[i]);
		svcr_out_str(o, "\n");
	}
	svcr_out_str(o, "\t}\n");
}

static void out_table(struct svcr_out *o, const struct svcrules_nft *n, const struct svcr_nft_table *t)
{
	const char *f = svcr_nft_family_name(t->family);

	/* loaded again, it takes the place of the one before */
	svcr_out(o, "table %s %s\ndelete table %s %s\n", f, n->name, f, n->name);
	svcr_out(o, "table %s %s {\n\tcomment \"%s\"\n", f, n->name, SVCR_NFT_OWNER);
	for (int i = 0; i < SET__COUNT; i++)
		if (t->sets[i].present)
			out_set(o, n, t->family, i);
	for (size_t i = t->nchains; i-- > 0;) /* those that others go to first */
		out_chain(o, n, t->family, &t->chains[i]);
	svcr_out_str(o, "}\n");
}

int svcrules_nft_print(const struct svcrules_nft *n, svcrules_write_fn write, void *arg)
{
	struct svcr_out o = { .write = write, .arg = arg };

	for (int f = 0; f < SVCR_FAMILY__COUNT; f++)
		if (n->tables[f].present)
			out_table(&o, n, &n->tables[f]);
	return svcr_out_end(&o);
}
