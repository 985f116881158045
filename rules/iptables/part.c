/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/iptables/part.h"
#include "rules/iptables/text.h"
#include "rules/json.h"

#include <errno.h>

static const char *const file_names[SVCR_FAMILY__COUNT] = { "rules.v4", "rules.v6" };

static const struct svcr_ipt *ipt_of(const struct svcr_part *p)
{
	return (const struct svcr_ipt *)p;
}

struct svcr_ipt *svcr_ipt_new(void)
{
	struct svcr_ipt *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->part.ops = &svcr_ipt_ops;
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++)
		p->families[f].family = f;
	return p;
}

static void ipt_free(struct svcr_part *part)
{
	struct svcr_ipt *p = (struct svcr_ipt *)part;

	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++)
		svcr_ipt_family_release(&p->families[f]);
	svcr_ipt_loaded_release(&p->loaded);
	svcr_arena_release(&p->arena);
	svcr_arena_release(&p->endpoints);
	free(p);
}

static struct svcr_part *ipt_like(const struct svcr_part *part)
{
	struct svcr_ipt *p = svcr_ipt_new();

	for (uint8_t f = 0; p && f < SVCR_FAMILY__COUNT; f++)
		p->families[f].wanted = ipt_of(part)->families[f].wanted;
	return p ? &p->part : NULL;
}

static void ipt_describe_part(const struct svcr_part *p, struct svcrules_part *ret)
{
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++)
		ret->count += ipt_of(p)->families[f].wanted;
	ret->present = ret->count > 0;
}

/* ---- Text --------------------------------------------------------------- */

/* A table that is written. */
struct writer {
	const struct svcr_ipt *p;
	const struct svcr_ipt_family *f;
	uint8_t table;
	struct svcr_out *o;
};

static bool is_hooked(const struct writer *w, int i)
{
	return svcr_ipt_fixed_chains[i].hook && svcr_ipt_fixed_chains[i].table == w->table;
}

static void ipt_line(const struct writer *w, const char *before, const char *s, const char *after)
{
	svcr_out_str(w->o, before);
	svcr_out_str(w->o, s);
	svcr_out_str(w->o, after);
}

/* Calls for each chain of ours that is loaded, and is not among those to load unless all go. */
static void each_stale(const struct writer *w, const struct svcr_ipt_names *wanted,
		       const char *before, const char *after)
{
	const struct svcr_ipt_names *l = &w->p->loaded.chains[w->table];

	for (size_t i = 0; i < l->n; i++)
		if (w->p->remove || !wanted->n ||
		    !bsearch(&l->v[i], wanted->v, wanted->n, sizeof(char *),
			     svcr_ipt_name_cmp_sort))
			ipt_line(w, before, l->v[i], after);
}

static void ipt_declare(const struct writer *w)
{
	const struct svcr_ipt_chains *l = &w->f->chains[w->table];
	char name[SVCR_IPT_NAME];

	for (size_t i = 0; i < l->n; i++)
		ipt_line(w, ":", svcr_ipt_name(&l->v[i], name), " - [0:0]\n");
}

/*
 * A rule cannot be added only if it is not there: without knowing what is loaded, the hooks are
 * asked for, and the text is refused if they are missing.
 */
static void put_hooks(const struct writer *w)
{
	for (int i = 0; i < IPT_FIXED_COUNT; i++) {
		const struct svcr_ipt_fixed_chain *c = &svcr_ipt_fixed_chains[i];

		if (!is_hooked(w, i))
			continue;
		if (w->p->known && w->p->loaded.hooks[i].n) {
			for (size_t k = 1; k < w->p->loaded.hooks[i].n; k++)
				ipt_line(w, "-D ", w->p->loaded.hooks[i].v[k], "\n");
			continue;
		}
		svcr_out(w->o, "%s %s -j SVCRULES-%s\n", w->p->known ? "-I" : "-C", c->hook,
			 c->name);
	}
}

static void drop_hooks(const struct writer *w)
{
	for (int i = 0; i < IPT_FIXED_COUNT; i++) {
		if (!is_hooked(w, i))
			continue;
		for (size_t k = 0; k < w->p->loaded.hooks[i].n; k++)
			ipt_line(w, "-D ", w->p->loaded.hooks[i].v[k], "\n");
		if (!w->p->known)
			svcr_out(w->o, "-D %s -j SVCRULES-%s\n", svcr_ipt_fixed_chains[i].hook,
				 svcr_ipt_fixed_chains[i].name);
	}
}

static void remove_table(const struct writer *w)
{
	const struct svcr_ipt_chains *l = &w->f->chains[w->table];
	const struct svcr_ipt_names none = { NULL, .n = 0 };
	char name[SVCR_IPT_NAME];

	if (w->p->known)
		each_stale(w, &none, ":", " - [0:0]\n");
	else
		ipt_declare(w);
	drop_hooks(w);
	if (w->p->known)
		each_stale(w, &none, "-X ", "\n");
	for (size_t i = 0; i < l->n && !w->p->known; i++)
		ipt_line(w, "-X ", svcr_ipt_name(&l->v[i], name), "\n");
}

/* The names of the chains of a table, sorted. False: out of memory, which is noted. */
static bool sorted_names(const struct writer *w, struct svcr_ipt_names *ret, char **ret_text)
{
	const struct svcr_ipt_chains *l = &w->f->chains[w->table];

	*ret = (struct svcr_ipt_names){ NULL, .n = 0 };
	*ret_text = NULL;
	if (!w->p->loaded.chains[w->table].n)
		return true;
	ret->v = calloc(l->n, sizeof(char *));
	*ret_text = calloc(l->n, SVCR_IPT_NAME);
	if (!ret->v || !*ret_text) {
		w->o->err = w->o->err ? w->o->err : -ENOMEM;
		return false;
	}
	for (; ret->n < l->n; ret->n++)
		ret->v[ret->n] = svcr_ipt_name(&l->v[ret->n], *ret_text + ret->n * SVCR_IPT_NAME);
	qsort(ret->v, ret->n, sizeof(char *), svcr_ipt_name_cmp_sort);
	return true;
}

static void load_table(const struct writer *w)
{
	struct svcr_ipt_names names;
	char *text;

	if (sorted_names(w, &names, &text)) {
		ipt_declare(w);
		each_stale(w, &names, ":", " - [0:0]\n");
		put_hooks(w);
		for (uint32_t i = 0; i < w->f->chains[w->table].n; i++)
			svcr_ipt_print_chain(w->f, w->table, i, w->o);
		each_stale(w, &names, "-X ", "\n");
	}
	free(names.v);
	free(text);
}

/* True if nothing of ours is known to be in the table, so that nothing is to be removed. */
static bool nothing_there(const struct writer *w)
{
	size_t n = w->p->loaded.chains[w->table].n;

	for (int i = 0; i < IPT_FIXED_COUNT; i++)
		if (is_hooked(w, i))
			n += w->p->loaded.hooks[i].n;
	return w->p->known && !n;
}

void svcr_ipt_print(const struct svcr_ipt *p, const struct svcr_ipt_family *f, struct svcr_out *o)
{
	const char *program = f->family == SVCR_IPV6 ? "ip6tables-restore" : "iptables-restore";

	svcr_out(o, "# made by svcrules, for %s --noflush\n", program);
	for (uint8_t t = 0; t < IPT_TABLES; t++) {
		const struct writer w = { p, f, t, o };

		if (p->remove && nothing_there(&w))
			continue;
		svcr_out(o, "*%s\n", svcr_ipt_table_names[t]);
		if (p->remove)
			remove_table(&w);
		else
			load_table(&w);
		svcr_out_str(o, "COMMIT\n");
	}
}

const struct svcr_ipt_family *svcr_ipt_printed(const struct svcr_ipt *p)
{
	const struct svcr_ipt_family *four = &p->families[SVCR_IPV4],
				     *six = &p->families[SVCR_IPV6];

	if (!four->wanted || !six->wanted)
		return four->wanted ? four : six;
	if (four->rules && six->rules)
		return NULL;
	return six->rules ? six : four;
}

static void ipt_print(const struct svcr_part *part, const struct svcrules_ruleset *rs,
		      struct svcr_out *o)
{
	const struct svcr_ipt_family *f = svcr_ipt_printed(ipt_of(part));

	(void)rs;
	if (f)
		svcr_ipt_print(ipt_of(part), f, o);
	else
		o->err = o->err ? o->err : -EINVAL;
}

/* ---- Files -------------------------------------------------------------- */

/* The i-th family that is wanted, or NULL. */
static const struct svcr_ipt_family *wanted_at(const struct svcr_part *part, size_t i)
{
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++)
		if (ipt_of(part)->families[f].wanted && i-- == 0)
			return &ipt_of(part)->families[f];
	return NULL;
}

static bool ipt_file(const struct svcr_part *p, size_t i, struct svcrules_file *ret)
{
	const struct svcr_ipt_family *f = wanted_at(p, i);

	if (f)
		*ret = (struct svcrules_file){ .name = file_names[f->family], .mode = 0644 };
	return f;
}

static void ipt_file_print(const struct svcr_part *p, size_t i, struct svcr_out *o)
{
	svcr_ipt_print(ipt_of(p), wanted_at(p, i), o);
}

static json_t *ipt_file_json(const struct svcr_ipt *p, const struct svcr_ipt_family *f)
{
	struct svcr_buffer text = { NULL, .len = 0 };
	struct svcr_out o = { .write = svcr_buffer_append, .arg = &text };
	json_t *file = NULL;

	svcr_ipt_print(p, f, &o);
	if (!svcr_out_end(&o))
		file = json_pack("{s:s, s:s, s:s}", "name", file_names[f->family], "mode", "0644",
				 "text", text.p);
	free(text.p);
	return file;
}

static int ipt_json(const struct svcr_part *part, const struct svcrules_ruleset *rs, json_t *root)
{
	const struct svcr_ipt_family *f;
	json_t *files = json_array();

	(void)rs;
	for (size_t i = 0; (f = wanted_at(part, i)); i++)
		files = svcr_json_append(files, ipt_file_json(ipt_of(part), f));
	return svcr_json_set(root, "files", files);
}

const struct svcr_part_ops svcr_ipt_ops = {
	.kind = "iptables",
	.format = "text",
	.change_format = "diff",
	.heading = "iptables",
	.print_order = 4,
	.free = ipt_free,
	.like = ipt_like,
	.describe_part = ipt_describe_part,
	.print = ipt_print,
	.json = ipt_json,
	.file = ipt_file,
	.file_print = ipt_file_print,
	.diff = svcr_ipt_diff,
	.changes_free = svcr_ipt_changes_free,
	.changes_empty = svcr_ipt_changes_empty,
	.count = svcr_ipt_changes_count,
	.print_changes = svcr_ipt_print_changes,
	.print_rest = svcr_ipt_print_rest,
	.print_summary = svcr_ipt_print_summary,
	.json_rest = svcr_ipt_json_rest,
	.json_summary = svcr_ipt_json_summary,
};
