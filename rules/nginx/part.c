/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kind of part "nginx": files, compared by what they say of each host and path. */
#include "rules/nginx/nginx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The files of a value, sorted by name. */
struct nginx_index {
	const struct svcr_nginx_file **v;
	size_t n;
};

struct nginx_changes {
	struct svcr_part_changes part;
	const struct svcr_nginx *from, *to;
	struct nginx_index from_files, to_files;
	size_t n; /* how many there are */
};

static const struct svcr_nginx *nginx_of(const struct svcr_part *p)
{
	return (const struct svcr_nginx *)p;
}

static const struct nginx_changes *nginx_changes_of(const struct svcr_part_changes *c)
{
	return (const struct nginx_changes *)c;
}

struct svcr_nginx *svcr_nginx_new(void)
{
	struct svcr_nginx *v = calloc(1, sizeof(*v));

	if (v)
		v->part.ops = &svcr_nginx_ops;
	return v;
}

int svcr_nginx_add_file(struct svcr_nginx *v, const char *name, enum svcr_nginx_access access,
			const char *text, size_t len)
{
	struct svcr_nginx_file *f = SVCR_GROW(&v->files);

	if (!f)
		return -ENOMEM;
	f->name = name;
	f->access = access;
	f->text.wipe = access != SVCR_NGINX_OPEN;
	f->text.p = malloc(len + 1);
	if (!f->text.p) {
		v->files.n--;
		return -ENOMEM;
	}
	memcpy(f->text.p, text, len);
	f->text.p[len] = '\0';
	f->text.len = len;
	return 0;
}

int svcr_nginx_add_item(struct svcr_nginx *v, const char *key, const char *text)
{
	struct svcr_nginx_item *x = key && text ? SVCR_GROW(&v->items) : NULL;

	if (!x)
		return -ENOMEM;
	*x = (struct svcr_nginx_item){ key, text };
	return 0;
}

static void nginx_free(struct svcr_part *p)
{
	struct svcr_nginx *v = (struct svcr_nginx *)p;

	if (!v)
		return;
	for (size_t i = 0; i < v->files.n; i++)
		svcr_buffer_release(&v->files.v[i].text);
	free(v->files.v);
	free(v->items.v);
	svcr_arena_release(&v->arena);
	free(v);
}

static struct svcr_part *nginx_like(const struct svcr_part *p)
{
	struct svcr_nginx *v = svcr_nginx_new();

	(void)p;
	return v ? &v->part : NULL;
}

static void nginx_describe_part(const struct svcr_part *p, struct svcrules_part *ret)
{
	ret->count = nginx_of(p)->items.n;
	ret->present = nginx_of(p)->files.n > 0;
}

/* ---- Printed ---------------------------------------------------------------------- */

static void nginx_print(const struct svcr_part *p, const struct svcrules_ruleset *rs,
			struct svcr_out *o)
{
	(void)rs;
	for (size_t i = 0; i < nginx_of(p)->files.n; i++) {
		const struct svcr_nginx_file *f = &nginx_of(p)->files.v[i];

		svcr_out(o, "%s# %s\n", i ? "\n" : "", f->name);
		if (f->access)
			svcr_out_str(o, "# a secret, which only -o DIR writes\n");
		else
			svcr_out_bytes(o, f->text.p, f->text.len);
	}
}

static bool nginx_file(const struct svcr_part *p, size_t i, struct svcrules_file *ret)
{
	const struct svcr_nginx_file *f = nginx_of(p)->files.v + i;

	if (i >= nginx_of(p)->files.n)
		return false;
	*ret = (struct svcrules_file){ f->name, f->access ? 0600 : 0644,
				       f->access != SVCR_NGINX_OPEN,
				       f->access == SVCR_NGINX_USERS };
	return true;
}

static void nginx_file_print(const struct svcr_part *p, size_t i, struct svcr_out *o)
{
	svcr_out_bytes(o, nginx_of(p)->files.v[i].text.p, nginx_of(p)->files.v[i].text.len);
}

static int nginx_json(const struct svcr_part *p, const struct svcrules_ruleset *rs, json_t *root)
{
	json_t *list = json_array();

	(void)rs;
	for (size_t i = 0; list && i < nginx_of(p)->files.n; i++) {
		const struct svcr_nginx_file *f = &nginx_of(p)->files.v[i];

		list = svcr_json_append(list, json_pack("{s:s, s:s, s:s}", "name", f->name, "mode",
							f->access ? "0600" : "0644", "text",
							f->access ? "" : f->text.p));
	}
	return list ? svcr_json_set(root, "files", list) : -ENOMEM;
}

/* ---- Changes ------------------------------------------------------------------------ */

typedef void nginx_each_fn(void *arg, char sign, const char *key, const char *text);

static void each_item(const struct nginx_changes *c, nginx_each_fn *each, void *arg)
{
	size_t i = 0, k = 0;

	while (i < c->from->items.n || k < c->to->items.n) {
		const struct svcr_nginx_item *x = c->from->items.v + i, *y = c->to->items.v + k;
		int d = i >= c->from->items.n ? 1 :
			k >= c->to->items.n   ? -1 :
						strcmp(x->key, y->key);

		if (d || strcmp(x->text, y->text) != 0)
			each(arg,
			     d < 0 ? '-' :
			     d > 0 ? '+' :
				     '~',
			     d < 0 ? x->key : y->key, d < 0 ? x->text : y->text);
		i += d <= 0;
		k += d >= 0;
	}
}

static int file_find_cmp(const void *name, const void *file)
{
	return strcmp(name, (*(const struct svcr_nginx_file *const *)file)->name);
}

static const struct svcr_nginx_file *file_named(const struct nginx_index *x, const char *name)
{
	const struct svcr_nginx_file **found = bsearch(name, (const void *)x->v, x->n,
						       sizeof(*x->v), file_find_cmp);

	return found ? *found : NULL;
}

/* Calls `each` for every file that differs. */
static void each_file(const struct nginx_changes *c, nginx_each_fn *each, void *arg)
{
	for (size_t i = 0; i < c->to->files.n; i++) {
		const struct svcr_nginx_file *f = &c->to->files.v[i];
		const struct svcr_nginx_file *old = file_named(&c->from_files, f->name);

		if (!old || old->text.len != f->text.len ||
		    memcmp(old->text.p, f->text.p, f->text.len) != 0)
			each(arg, old ? '~' : '+', "file", f->name);
	}
	for (size_t i = 0; i < c->from->files.n; i++)
		if (!file_named(&c->to_files, c->from->files.v[i].name))
			each(arg, '-', "file", c->from->files.v[i].name);
}

static void nginx_count_one(void *arg, char sign, const char *key, const char *text)
{
	(void)sign;
	(void)key;
	(void)text;
	++*(size_t *)arg;
}

static int file_cmp_sort(const void *a, const void *b)
{
	const struct svcr_nginx_file *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static int index_files(const struct svcr_nginx *v, struct nginx_index *ret)
{
	ret->v = calloc(v->files.n + 1, sizeof(*ret->v));
	if (!ret->v)
		return -ENOMEM;
	for (ret->n = 0; ret->n < v->files.n; ret->n++)
		ret->v[ret->n] = &v->files.v[ret->n];
	qsort((void *)ret->v, ret->n, sizeof(*ret->v), file_cmp_sort);
	return 0;
}

static void nginx_changes_free(struct svcr_part_changes *p)
{
	struct nginx_changes *c = (struct nginx_changes *)p;

	if (!c)
		return;
	free((void *)c->from_files.v);
	free((void *)c->to_files.v);
	free(c);
}

static int nginx_diff(const struct svcr_part *from, struct svcr_part *to,
		      struct svcr_part_changes **ret)
{
	struct nginx_changes *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->part.ops = &svcr_nginx_ops;
	c->from = nginx_of(from);
	c->to = nginx_of(to);
	if (index_files(c->from, &c->from_files) || index_files(c->to, &c->to_files)) {
		nginx_changes_free(&c->part);
		return -ENOMEM;
	}
	each_item(c, nginx_count_one, &c->n);
	each_file(c, nginx_count_one, &c->n);
	*ret = &c->part;
	return 0;
}

static bool nginx_changes_empty(const struct svcr_part_changes *c)
{
	return !nginx_changes_of(c)->n;
}

static void nginx_count(const struct svcr_part_changes *c, struct svcrules_changes_stats *stats)
{
	each_file(nginx_changes_of(c), nginx_count_one, &stats->files);
}

static void nginx_print_one(void *arg, char sign, const char *key, const char *text)
{
	struct svcr_out *o = arg;

	svcr_out(o, "%c ", sign);
	svcr_out_str(o, key);
	svcr_out_str(o, *text ? ":" : ": no endpoint is ready");
	for (size_t n; *text; text += n, text += *text == '\n') { /* lines become one */
		text += strspn(text, "\t");
		n = strcspn(text, "\n");
		svcr_out_str(o, " ");
		svcr_out_bytes(o, text, n);
	}
	svcr_out_str(o, "\n");
}

static void nginx_print_changes(const struct svcr_part_changes *c, struct svcr_out *o)
{
	each_item(nginx_changes_of(c), nginx_print_one, o);
	each_file(nginx_changes_of(c), nginx_print_one, o);
}

static void nginx_json_one(void *arg, char sign, const char *key, const char *text)
{
	json_t **list = arg;
	const char *op = sign == '+' ? "add" : sign == '-' ? "remove" : "change";

	if (*list)
		*list = svcr_json_append(
			*list, json_pack("{s:s, s:s, s:s}", "op", op, "what", key, "text", text));
}

static int nginx_json_rest(const struct svcr_part_changes *c, json_t *root)
{
	json_t *list = json_array();

	each_item(nginx_changes_of(c), nginx_json_one, &list);
	each_file(nginx_changes_of(c), nginx_json_one, &list);
	return list ? svcr_json_set(root, "nginx", list) : -ENOMEM;
}

const struct svcr_part_ops svcr_nginx_ops = {
	.kind = "nginx",
	.format = "text",
	.heading = "nginx",
	.print_order = 4,
	.free = nginx_free,
	.like = nginx_like,
	.describe_part = nginx_describe_part,
	.print = nginx_print,
	.json = nginx_json,
	.file = nginx_file,
	.file_print = nginx_file_print,
	.diff = nginx_diff,
	.changes_free = nginx_changes_free,
	.changes_empty = nginx_changes_empty,
	.count = nginx_count,
	.print_changes = nginx_print_changes,
	.print_rest = nginx_print_changes,
	.json_rest = nginx_json_rest,
};
