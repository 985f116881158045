/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which rules come and go between two rule sets, chain by chain. */
#include "rules/iptables/part.h"
#include "rules/iptables/text.h"
#include "rules/json.h"

#include <errno.h>

/* A chain of which a side, or both, has rules that the other has not. */
struct changed {
	uint8_t family, table;
	uint32_t from, to; /* SVCR_IPT_NONE: that side has no such chain */
};

struct ipt_changes {
	struct svcr_part_changes part;
	const struct svcr_ipt *from, *to;
	SVCR_LIST(struct changed) changed; /* in order of family, table, name */
	size_t added, removed;             /* rules */
};

static const char *const family_words[SVCR_FAMILY__COUNT] = { "ipv4", "ipv6" };

static const struct ipt_changes *ipt_changes_of(const struct svcr_part_changes *c)
{
	return (const struct ipt_changes *)c;
}

/* ---- Chains in the order of their names ---------------------------------- */

struct ordered {
	char name[SVCR_IPT_NAME];
	uint32_t chain;
};

static int ordered_cmp_sort(const void *a, const void *b)
{
	return strcmp(((const struct ordered *)a)->name, ((const struct ordered *)b)->name);
}

/* malloc'ed; NULL: out of memory */
static struct ordered *order_chains(const struct svcr_ipt_chains *l)
{
	struct ordered *v = calloc(l->n ? l->n : 1, sizeof(*v));

	for (uint32_t i = 0; v && i < l->n; i++) {
		svcr_ipt_name(&l->v[i], v[i].name);
		v[i].chain = i;
	}
	if (v)
		qsort(v, l->n, sizeof(*v), ordered_cmp_sort);
	return v;
}

/* ---- The rules of one chain --------------------------------------------- */

struct both {
	struct svcr_buffer from, to;
	/* where the lines that differ begin and end */
	const char *a, *b;
	size_t na, nb;
};

static size_t rule_len(const char *s)
{
	size_t n = strcspn(s, "\n");

	return s[n] ? n + 1 : n;
}

static int chain_text(const struct svcr_ipt *p, const struct changed *c, uint32_t chain,
		      struct svcr_buffer *ret)
{
	struct svcr_out o = { .write = svcr_buffer_append, .arg = ret };

	if (chain == SVCR_IPT_NONE)
		return 0;
	svcr_ipt_print_chain(&p->families[c->family], c->table, chain, &o);
	return svcr_out_end(&o);
}

/* Leaves out the lines that both sides have first and last. */
static void both_narrow(struct both *x)
{
	x->a = x->from.p ? x->from.p : "";
	x->b = x->to.p ? x->to.p : "";
	while (*x->a) {
		size_t n = rule_len(x->a);

		if (n != rule_len(x->b) || memcmp(x->a, x->b, n) != 0)
			break;
		x->a += n;
		x->b += n;
	}
	x->na = strlen(x->a);
	x->nb = strlen(x->b);
	for (;;) {
		const char *last_a = memrchr(x->a, '\n', x->na > 0 ? x->na - 1 : 0);
		const char *last_b = memrchr(x->b, '\n', x->nb > 0 ? x->nb - 1 : 0);
		size_t at_a = last_a ? (size_t)(last_a + 1 - x->a) : 0;
		size_t at_b = last_b ? (size_t)(last_b + 1 - x->b) : 0;

		if (!x->na || !x->nb || x->na - at_a != x->nb - at_b ||
		    memcmp(x->a + at_a, x->b + at_b, x->na - at_a) != 0)
			return;
		x->na = at_a;
		x->nb = at_b;
	}
}

static void both_release(struct both *x)
{
	free(x->from.p);
	free(x->to.p);
}

/* Fills the zeroed `x`, which the caller releases in any case. */
static int both_read(const struct ipt_changes *c, const struct changed *at, struct both *x)
{
	int err = chain_text(c->from, at, at->from, &x->from);

	if (!err)
		err = chain_text(c->to, at, at->to, &x->to);
	if (!err)
		both_narrow(x);
	return err;
}

/* ---- Comparing ---------------------------------------------------------- */

static size_t count_lines(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += s[i] == '\n';
	return n;
}

static int diff_chain(struct ipt_changes *c, const struct changed *at)
{
	struct both x = { .na = 0 };
	struct changed *slot;
	int err = both_read(c, at, &x);

	if (!err && (x.na || x.nb)) {
		slot = SVCR_GROW(&c->changed);
		if (slot)
			*slot = *at;
		else
			err = -ENOMEM;
		c->removed += count_lines(x.a, x.na);
		c->added += count_lines(x.b, x.nb);
	}
	both_release(&x);
	return err;
}

static int ipt_diff_table(struct ipt_changes *c, uint8_t family, uint8_t table)
{
	const struct svcr_ipt_chains *from = &c->from->families[family].chains[table];
	const struct svcr_ipt_chains *to = &c->to->families[family].chains[table];
	struct ordered *a = order_chains(from), *b = order_chains(to);
	int err = a && b ? 0 : -ENOMEM;
	size_t i = 0, k = 0;

	while (!err && (i < from->n || k < to->n)) {
		int cmp = i == from->n ? 1 : k == to->n ? -1 : strcmp(a[i].name, b[k].name);
		struct changed at = { family, table, SVCR_IPT_NONE, SVCR_IPT_NONE };

		if (cmp <= 0)
			at.from = a[i++].chain;
		if (cmp >= 0)
			at.to = b[k++].chain;
		err = diff_chain(c, &at);
	}
	free(a);
	free(b);
	return err;
}

int svcr_ipt_diff(const struct svcr_part *from, struct svcr_part *to,
		  struct svcr_part_changes **ret)
{
	struct ipt_changes *c = calloc(1, sizeof(*c));
	int err = 0;

	if (!c)
		return -ENOMEM;
	c->part.ops = &svcr_ipt_ops;
	c->from = (const struct svcr_ipt *)from;
	c->to = (const struct svcr_ipt *)to;
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++)
		for (uint8_t t = 0; t < IPT_TABLES && !err; t++)
			err = ipt_diff_table(c, f, t);
	if (err)
		svcr_ipt_changes_free(&c->part);
	else
		*ret = &c->part;
	return err;
}

void svcr_ipt_changes_free(struct svcr_part_changes *changes)
{
	struct ipt_changes *c = (struct ipt_changes *)changes;

	free(c->changed.v);
	free(c);
}

bool svcr_ipt_changes_empty(const struct svcr_part_changes *c)
{
	return ipt_changes_of(c)->changed.n == 0;
}

/* Counts the files: those of the families in which anything changes. */
void svcr_ipt_changes_count(const struct svcr_part_changes *changes,
			    struct svcrules_changes_stats *s)
{
	const struct ipt_changes *c = ipt_changes_of(changes);
	bool differs[SVCR_FAMILY__COUNT] = { false };

	for (size_t i = 0; i < c->changed.n; i++)
		differs[c->changed.v[i].family] = true;
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++)
		s->files += differs[f];
}

/* ---- Printing ----------------------------------------------------------- */

static void put_lines(struct svcr_out *o, const char *before, const char *s, size_t len)
{
	for (size_t n; len > 0; s += n, len -= n) {
		n = rule_len(s);
		svcr_out_str(o, before);
		svcr_out(o, "%.*s", (int)n, s);
	}
}

static void print_chains(const struct ipt_changes *c, bool headings, struct svcr_out *o)
{
	for (size_t i = 0; i < c->changed.n; i++) {
		const struct changed *at = &c->changed.v[i];
		struct both x = { .na = 0 };
		char minus[32] = "-", plus[32] = "+";
		int err = both_read(c, at, &x);

		if (!headings) {
			const char *where[] = { family_words[at->family],
						svcr_ipt_table_names[at->table] };

			snprintf(minus, sizeof(minus), "- %s %s ", where[0], where[1]);
			snprintf(plus, sizeof(plus), "+ %s %s ", where[0], where[1]);
		} else if (i == 0 || at->family != at[-1].family || at->table != at[-1].table) {
			svcr_out(o, "@@ %s *%s @@\n", family_words[at->family],
				 svcr_ipt_table_names[at->table]);
		}
		if (err)
			o->err = o->err ? o->err : err;
		else
			put_lines(o, minus, x.a, x.na), put_lines(o, plus, x.b, x.nb);
		both_release(&x);
	}
}

void svcr_ipt_print_changes(const struct svcr_part_changes *c, struct svcr_out *o)
{
	print_chains(ipt_changes_of(c), true, o);
}

void svcr_ipt_print_rest(const struct svcr_part_changes *c, struct svcr_out *o)
{
	print_chains(ipt_changes_of(c), false, o);
}

void svcr_ipt_print_summary(const struct svcr_part_changes *changes, struct svcr_out *o)
{
	const struct ipt_changes *c = ipt_changes_of(changes);

	svcr_out(o, "%zu rule%s added, %zu removed", c->added, c->added == 1 ? "" : "s",
		 c->removed);
}

static json_t *rules_json(json_t *list, const struct changed *at, const char *op, const char *s,
			  size_t len)
{
	for (size_t n; len > 0; s += n, len -= n) {
		n = rule_len(s);
		list = svcr_json_append(list, json_pack("{s:s, s:s, s:s, s:s%}", "op", op, "family",
							family_words[at->family], "table",
							svcr_ipt_table_names[at->table], "rule", s,
							n - 1));
	}
	return list;
}

int svcr_ipt_json_rest(const struct svcr_part_changes *changes, json_t *root)
{
	const struct ipt_changes *c = ipt_changes_of(changes);
	json_t *list = json_array();

	for (size_t i = 0; i < c->changed.n && list; i++) {
		const struct changed *at = &c->changed.v[i];
		struct both x = { .na = 0 };

		if (both_read(c, at, &x)) {
			json_decref(list);
			list = NULL;
		} else {
			list = rules_json(list, at, "remove", x.a, x.na);
			list = rules_json(list, at, "add", x.b, x.nb);
		}
		both_release(&x);
	}
	return svcr_json_set(root, "rules", list);
}

int svcr_ipt_json_summary(const struct svcr_part_changes *changes, bool alone, json_t *summary)
{
	const struct ipt_changes *c = ipt_changes_of(changes);
	int err = svcr_json_set(summary, "rules_added", json_integer((json_int_t)c->added));

	(void)alone;
	return err ? err :
		     svcr_json_set(summary, "rules_removed", json_integer((json_int_t)c->removed));
}
