/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nft/text.h"
#include "model.h"

static struct svcr_addr addr_at(uint8_t family, const uint8_t *p)
{
	struct svcr_addr a = { .family = family };

	memcpy(a.bytes, p, svcr_addr_len(family));
	return a;
}

/* Returns the prefix length if the range is a prefix, else -1. */
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

size_t svcr_nft_range_text(uint8_t family, const uint8_t *first, const uint8_t *last, char *buf,
			   size_t size)
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

/* A priority as nft(8) writes it, into buf[SVCR_ADDR_TEXT]. */
static const char *priority_text(uint32_t n, char *buf)
{
	if (n == 0)
		return "none";
	snprintf(buf, SVCR_ADDR_TEXT, "%x:%x", n >> 16, n & 0xffff);
	return buf;
}

static size_t field_text(enum svcr_nft_field field, uint8_t family, const uint8_t *p, char *buf,
			 size_t size)
{
	char a[SVCR_ADDR_TEXT];
	struct svcr_addr addr;

	switch (field) {
	case F_SADDR:
	case F_DADDR:
	case F_CT_SADDR:
	case F_CT_DADDR:
	case F_CT_REPLY_SADDR:
		addr = addr_at(family, p);
		return (size_t)snprintf(buf, size, "%s", svcr_addr_text(&addr, a));
	case F_L4PROTO: return (size_t)snprintf(buf, size, "%s", svcr_protocol_name(p[0]));
	case F_DPORT:
	case F_CT_DPORT:
	case F_CT_REPLY_SPORT: return (size_t)snprintf(buf, size, "%u", p[0] << 8 | p[1]);
	case F_INDEX: return (size_t)snprintf(buf, size, "%u", svcr_nft_get_number(p));
	case F_PRIORITY:
		return (size_t)snprintf(buf, size, "%s", priority_text(svcr_nft_get_number(p), a));
	case F_END:
	case F__COUNT: break;
	}
	return 0;
}

const char *svcr_nft_key_text(const struct svcr_nft_set *s, const uint8_t *elem, char *buf)
{
	const struct svcr_nft_set_layout *l = s->layout;
	size_t n = svcr_nft_fields_count(l->key), len = 0;
	const uint8_t *p = svcr_nft_elem_key(s, elem), *end = p + s->key_len;

	for (size_t i = 0; i < n; i++) {
		if (i)
			len += (size_t)snprintf(buf + len, SVCR_NFT_ELEM_TEXT - len, " . ");
		if (l->interval && i + 1 == n && l->key[i] == F_DPORT)
			len += (size_t)snprintf(buf + len, SVCR_NFT_ELEM_TEXT - len, "%u-%u",
						p[0] << 8 | p[1], end[0] << 8 | end[1]);
		else if (l->interval && i + 1 == n)
			len += svcr_nft_range_text(s->family, p, end, buf + len,
						   SVCR_NFT_ELEM_TEXT - len);
		else
			len += field_text(l->key[i], s->family, p, buf + len,
					  SVCR_NFT_ELEM_TEXT - len);
		p += svcr_nft_field_size(l->key[i], s->family);
	}
	return buf;
}

static void verdict_text(const struct svcr_nft_table *t, struct svcr_nft_chain_id id, char *buf)
{
	const char *verb = svcr_nft_chain_row(t->layout, id)->jumped ? "jump" : "goto";
	char name[SVCR_NFT_NAME_MAX];

	if (id.kind == VERDICT_DROP)
		snprintf(buf, SVCR_NFT_ELEM_TEXT, "drop");
	else
		snprintf(buf, SVCR_NFT_ELEM_TEXT, "%s %.200s", verb,
			 svcr_nft_chain_name(t, id, name));
}

const char *svcr_nft_data_text(const struct svcr_nft_table *t, const struct svcr_nft_set *s,
			       const uint8_t *elem, char *buf)
{
	const uint8_t *data = svcr_nft_elem_data(s, elem);
	size_t len = svcr_addr_len(s->family);
	char a[SVCR_ADDR_TEXT];
	struct svcr_addr addr;

	buf[0] = '\0';
	switch (s->layout->data) {
	case DATA_VERDICT: verdict_text(t, svcr_nft_elem_verdict(s, elem), buf); break;
	case DATA_ENDPOINT:
		addr = addr_at(s->family, data);
		snprintf(buf, SVCR_NFT_ELEM_TEXT, "%s . %u", svcr_addr_text(&addr, a),
			 data[len] << 8 | data[len + 1]);
		break;
	case DATA_NUMBER:
		snprintf(buf, SVCR_NFT_ELEM_TEXT, "%s",
			 priority_text(svcr_nft_get_number(data), a));
		break;
	case DATA_NONE: break;
	}
	return buf;
}

void svcr_nft_out_elem(struct svcr_out *o, const struct svcr_nft_table *t,
		       const struct svcr_nft_set *s, const uint8_t *elem)
{
	char buf[SVCR_NFT_ELEM_TEXT];
	const char *comment = svcr_nft_comment(s, elem), *data;

	svcr_out_str(o, svcr_nft_key_text(s, elem, buf));
	if (s->layout->timed)
		svcr_out(o, " timeout %us", s->timeout);
	if (comment)
		svcr_out(o, " comment \"%s\"", comment);
	data = svcr_nft_data_text(t, s, elem, buf);
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

static void out_update(struct svcr_out *o, const struct svcr_nft_table *t,
		       const struct svcr_nft_stmt *s)
{
	svcr_out(o, "update @%s { ", t->layout->sets[s->set].name);
	out_fields(o, s, t->family);
	svcr_out(o, " timeout %us : %s . %s }", s->n,
		 svcr_nft_fields[F_CT_REPLY_SADDR].text[t->family],
		 svcr_nft_fields[F_CT_REPLY_SPORT].text[t->family]);
}

static void out_priority(struct svcr_out *o, const struct svcr_nft_table *t,
			 const struct svcr_nft_stmt *s)
{
	char name[SVCR_NFT_NAME_MAX], number[SVCR_ADDR_TEXT];

	svcr_out(o, "meta priority%s ", s->op == OP_PRIORITY_IS ? "" : " set");
	if (s->op == OP_PRIORITY_MAP) {
		out_fields(o, s, t->family);
		svcr_out(o, " map @%s", svcr_nft_set_name(&t->layout->sets[s->set], s->n, name));
		return;
	}
	svcr_out(o, "%s%s", s->op == OP_PRIORITY_OR ? "meta priority | " : "",
		 priority_text(s->n, number));
}

static void out_stmt(struct svcr_out *o, const struct svcr_nft_table *t,
		     const struct svcr_nft_stmt *s)
{
	char name[SVCR_NFT_NAME_MAX], set_name[SVCR_NFT_NAME_MAX];
	const char *set = svcr_nft_set_name(&t->layout->sets[s->set], s->n, set_name);

	switch (s->op) {
	case OP_LOOKUP:
		out_fields(o, s, t->family);
		svcr_out(o, "%s @%s", s->negate ? " !=" : "", set);
		break;
	case OP_VMAP:
		out_fields(o, s, t->family);
		svcr_out(o, " vmap @%s", set);
		break;
	case OP_DNAT:
		svcr_out_str(o, "dnat to ");
		out_fields(o, s, t->family);
		svcr_out(o, " map @%s", set);
		break;
	case OP_UPDATE: out_update(o, t, s); break;
	case OP_L4PROTO: svcr_out(o, "meta l4proto %s", svcr_protocol_name((uint8_t)s->n)); break;
	case OP_MARK_SET: svcr_out(o, "meta mark set meta mark | 0x%08x", s->n); break;
	case OP_MARK_CLEAR: svcr_out(o, "meta mark set meta mark & 0x%08x", ~s->n); break;
	case OP_MARK_TEST: svcr_out(o, "meta mark & 0x%08x == 0x%08x", s->n, s->n); break;
	case OP_CT_DNAT: svcr_out_str(o, "ct status dnat"); break;
	case OP_CT_NEW: svcr_out_str(o, "ct state new"); break;
	case OP_CT_FIRST: svcr_out_str(o, "ct status ! confirmed"); break;
	case OP_REJECT_TCP: svcr_out_str(o, "reject with tcp reset"); break;
	case OP_REJECT: svcr_out_str(o, "reject"); break;
	case OP_MASQUERADE: svcr_out_str(o, "masquerade fully-random"); break;
	case OP_DROP: svcr_out_str(o, "drop"); break;
	case OP_ACCEPT: svcr_out_str(o, "accept"); break;
	case OP_GOTO: svcr_out(o, "goto %s", svcr_nft_chain_name(t, s->chain, name)); break;
	case OP_JUMP: svcr_out(o, "jump %s", svcr_nft_chain_name(t, s->chain, name)); break;
	case OP_CT_OPENING: svcr_out_str(o, "ct state invalid,new"); break;
	case OP_FROM_HOST: svcr_out_str(o, "iif 0"); break;
	case OP_LOCAL:
		svcr_out(o, "fib %s type local", s->fields[0] == F_SADDR ? "saddr" : "daddr");
		break;
	case OP_TOS: svcr_out(o, "@nh,8,8 & 0x18 == 0x%x", s->n); break;
	case OP_PRIORITY_SET:
	case OP_PRIORITY_MAP:
	case OP_PRIORITY_OR:
	case OP_PRIORITY_IS: out_priority(o, t, s); break;
	}
}

void svcr_nft_out_rule(struct svcr_out *o, const struct svcr_nft_table *t,
		       const struct svcr_nft_rule *rule)
{
	for (size_t i = 0; i < rule->nstmts; i++) {
		svcr_out_str(o, i ? " " : "");
		out_stmt(o, t, &rule->stmts[i]);
	}
	if (rule->comment)
		svcr_out(o, " comment \"%s\"", rule->comment);
}

/* Prints a field as the name of its type or, for `typeof`, as an expression of that type. */
static void out_field_type(struct svcr_out *o, uint8_t field, uint8_t family, bool by_expression)
{
	const struct svcr_nft_field_layout *f = &svcr_nft_fields[field];

	if (field == F_INDEX)
		svcr_out_str(o, "numgen random mod 2");
	else
		svcr_out_str(o, by_expression ? f->text[family] : f->type[family]);
}

/*
 * Prints the type of a key. A key with an index has no type with a name in nft(8), so it is
 * printed with `typeof`.
 */
static void out_type(struct svcr_out *o, const struct svcr_nft_set *s)
{
	static const uint8_t endpoint[] = { F_DADDR, F_DPORT };
	const struct svcr_nft_set_layout *l = s->layout;
	bool by_expression = svcr_nft_key_indexed(l);
	size_t n = svcr_nft_fields_count(l->key);

	svcr_out_str(o, by_expression ? "typeof " : "type ");
	for (size_t i = 0; i < n; i++) {
		svcr_out_str(o, i ? " . " : "");
		out_field_type(o, l->key[i], s->family, by_expression);
	}
	if (l->data == DATA_VERDICT)
		svcr_out_str(o, " : verdict");
	if (l->data == DATA_NUMBER)
		svcr_out(o, " : %s", svcr_nft_fields[F_PRIORITY].type[s->family]);
	for (size_t i = 0; l->data == DATA_ENDPOINT && i < 2; i++) {
		svcr_out_str(o, i ? " . " : " : ");
		out_field_type(o, endpoint[i], s->family, by_expression);
	}
}

void svcr_nft_out_set_header(struct svcr_out *o, const struct svcr_nft_set *s, const char *indent,
			     const char *end)
{
	svcr_out_str(o, indent);
	out_type(o, s);
	svcr_out_str(o, end);
	if (s->size)
		svcr_out(o, "%ssize %u%s", indent, s->size, end);
	if (s->layout->interval)
		svcr_out(o, "%sflags interval%s", indent, end);
	if (s->layout->dynamic)
		svcr_out(o, "%sflags dynamic,timeout%s", indent, end);
	if (s->layout->timed)
		svcr_out(o, "%sflags timeout%s", indent, end);
}

void svcr_nft_out_base_chain(struct svcr_out *o, const struct svcr_nft_chain_layout *l)
{
	if (l->hook)
		svcr_out(o, "type %s hook %s priority %s; policy accept;", l->type, l->hook,
			 l->priority_text);
}

/* Prints the set with the elements from `first` to `end`; returns `end`. */
static size_t out_set(struct svcr_out *o, const struct svcr_nft_table *t,
		      const struct svcr_nft_set *s, size_t first, size_t end)
{
	uint32_t number = first < end ? svcr_nft_elem_number(s, svcr_nft_elem(s, first)) : 0;
	char name[SVCR_NFT_NAME_MAX];

	svcr_out(o, "\n\t%s %s {\n", svcr_nft_set_noun(s->layout),
		 svcr_nft_set_name(s->layout, number, name));
	svcr_nft_out_set_header(o, s, "\t\t", "\n");
	for (size_t i = first; i < end; i++) {
		svcr_out_str(o, i > first ? ",\n\t\t\t" : "\t\telements = {\n\t\t\t");
		svcr_nft_out_elem(o, t, s, svcr_nft_elem(s, i));
	}
	svcr_out_str(o, first < end ? "\n\t\t}\n\t}\n" : "\t}\n");
	return end;
}

static void out_sets(struct svcr_out *o, const struct svcr_nft_table *t,
		     const struct svcr_nft_set *s)
{
	if (!s->layout->numbered && s->present)
		out_set(o, t, s, 0, s->n);
	for (size_t i = 0; s->layout->numbered && i < s->n;)
		i = out_set(o, t, s, i, svcr_nft_numbered_end(s, i));
}

static void out_chain(struct svcr_out *o, const struct svcr_nft_table *t,
		      const struct svcr_nft_chain *c)
{
	const struct svcr_nft_chain_layout *row = svcr_nft_chain_row(t->layout, c->id);
	char name[SVCR_NFT_NAME_MAX];

	svcr_out(o, "\n\tchain %s {\n", svcr_nft_chain_name(t, c->id, name));
	if (row->hook) {
		svcr_out_str(o, "\t\t");
		svcr_nft_out_base_chain(o, row);
		svcr_out_str(o, "\n");
	}
	for (size_t i = 0; i < c->nrules; i++) {
		svcr_out_str(o, "\t\t");
		svcr_nft_out_rule(o, t, &c->rules[i]);
		svcr_out_str(o, "\n");
	}
	svcr_out_str(o, "\t}\n");
}

static void out_table(struct svcr_out *o, const struct svcr_nft_table *t)
{
	const char *f = svcr_nft_family_name(t->family);

	/* loading the text replaces an existing table */
	svcr_out(o, "table %s %s\ndelete table %s %s\n", f, t->name, f, t->name);
	svcr_out(o, "table %s %s {\n\tcomment \"%s\"\n", f, t->name, SVCR_NFT_OWNER);
	for (size_t i = 0; i < t->layout->nsets; i++)
		out_sets(o, t, &t->sets[i]);
	for (size_t i = t->nchains; i-- > 0;) /* a chain must come before chains that go to it */
		out_chain(o, t, &t->chains[i]);
	svcr_out_str(o, "}\n");
}

void svcr_nft_out(struct svcr_out *o, const struct svcr_nft *n)
{
	for (size_t i = 0; i < n->ntables; i++)
		if (n->tables[i].present)
			out_table(o, &n->tables[i]);
}
