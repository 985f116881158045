/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/file/file.h"
#include "rules/file/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct file_changes {
	struct svcr_part_changes part;
	const struct svcr_file *from, *to;
};

struct svcr_file *svcr_file_new(const char *name, uint32_t mode)
{
	struct svcr_file *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->part.ops = &svcr_file_ops;
	f->mode = mode;
	f->secret = f->text.wipe = (mode & 077) == 0;
	f->name = strdup(name);
	if (f->name)
		return f;
	free(f);
	return NULL;
}

void svcr_file_free(struct svcr_file *f)
{
	if (!f)
		return;
	free(f->name);
	svcr_buffer_release(&f->text);
	free(f);
}

int svcr_file_append(void *arg, const char *buf, size_t len)
{
	struct svcr_file *f = arg;

	f->present = true;
	return svcr_buffer_append(&f->text, buf, len);
}

static const struct svcr_file *file_of(const struct svcr_part *p)
{
	return (const struct svcr_file *)p;
}

static const struct file_changes *file_changes_of(const struct svcr_part_changes *c)
{
	return (const struct file_changes *)c;
}

static const char *file_text(const struct svcr_file *f)
{
	return f->text.p ? f->text.p : "";
}

static void file_free(struct svcr_part *p)
{
	svcr_file_free((struct svcr_file *)p);
}

static struct svcr_part *file_like(const struct svcr_part *p)
{
	return (struct svcr_part *)svcr_file_new(file_of(p)->name, file_of(p)->mode);
}

static bool file_same_place(const struct svcr_part *a, const struct svcr_part *b)
{
	return strcmp(file_of(a)->name, file_of(b)->name) == 0;
}

static void file_describe_part(const struct svcr_part *p, struct svcrules_part *ret)
{
	ret->count = file_of(p)->present;
	ret->present = file_of(p)->present;
}

static void file_print(const struct svcr_part *p, const struct svcrules_ruleset *rs,
		       struct svcr_out *o)
{
	(void)rs;
	svcr_out_str(o, file_text(file_of(p)));
}

static bool file_file(const struct svcr_part *p, size_t i, struct svcrules_file *ret)
{
	const struct svcr_file *f = file_of(p);

	if (i > 0 || !f->present)
		return false;
	*ret = (struct svcrules_file){ f->name, f->mode, f->secret, f->worker };
	return true;
}

static void file_file_print(const struct svcr_part *p, size_t i, struct svcr_out *o)
{
	(void)i;
	svcr_out_str(o, file_text(file_of(p)));
}

/* Appends to the array `name` of an object, which is created with its first item. */
static int file_json_append(json_t *root, const char *name, json_t *item)
{
	json_t *list = json_object_get(root, name);

	if (!item)
		return -ENOMEM;
	if (!list) {
		list = json_array();
		if (svcr_json_set(root, name, list)) {
			json_decref(item);
			return -ENOMEM;
		}
	}
	return json_array_append_new(list, item) == 0 ? 0 : -ENOMEM;
}

static int file_json(const struct svcr_part *p, const struct svcrules_ruleset *rs, json_t *root)
{
	const struct svcr_file *f = file_of(p);
	char mode[12];

	(void)rs;
	if (!f->present)
		return 0;
	snprintf(mode, sizeof(mode), "%04o", f->mode);
	return file_json_append(
		root, "files",
		json_pack("{s:s, s:s, s:s}", "name", f->name, "mode", mode, "text", file_text(f)));
}

/* ---- Changes ------------------------------------------------------------ */

static int file_diff(const struct svcr_part *from, struct svcr_part *to,
		     struct svcr_part_changes **ret)
{
	struct file_changes *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	*c = (struct file_changes){ .part = { &svcr_file_ops },
				    .from = file_of(from),
				    .to = file_of(to) };
	*ret = &c->part;
	return 0;
}

static void file_changes_free(struct svcr_part_changes *c)
{
	free(c);
}

static bool file_same_text(const struct svcr_file *a, const struct svcr_file *b)
{
	return a->text.len == b->text.len &&
	       (a->text.len == 0 || memcmp(a->text.p, b->text.p, a->text.len) == 0);
}

/* "+" new, "-" removed, "~" changed, "=" the same. */
static const char *file_sign(const struct file_changes *c)
{
	if (c->from->present != c->to->present)
		return c->to->present ? "+" : "-";
	if (!c->to->present)
		return "=";
	return c->from->mode == c->to->mode && file_same_text(c->from, c->to) ? "=" : "~";
}

static bool file_changes_empty(const struct svcr_part_changes *c)
{
	return *file_sign(file_changes_of(c)) == '=';
}

static void file_count(const struct svcr_part_changes *c, struct svcrules_changes_stats *stats)
{
	stats->files += !file_changes_empty(c);
}

/* Prints the lines that were removed or added; of secrets only that they differ. */
static void file_print_changes(const struct svcr_part_changes *changes, struct svcr_out *o)
{
	const struct file_changes *c = file_changes_of(changes);
	struct svcr_span a = { file_text(c->from), c->from->text.len };
	struct svcr_span b = { file_text(c->to), c->to->text.len };

	if (file_changes_empty(changes))
		return;
	svcr_out_str(o, "--- ");
	svcr_out_str(o, c->from->present ? c->from->name : "/dev/null");
	svcr_out_str(o, "\n+++ ");
	svcr_out_str(o, c->to->present ? c->to->name : "/dev/null");
	svcr_out_str(o, "\n");
	if (c->from->present && c->to->present && c->from->mode != c->to->mode)
		svcr_out(o, "old mode %04o\nnew mode %04o\n", c->from->mode, c->to->mode);
	if ((c->from->present && c->from->secret) || (c->to->present && c->to->secret)) {
		svcr_out_str(o, file_same_text(c->from, c->to) ? "" : "secret: lines not shown\n");
		return;
	}
	svcr_lines_diff(o, a, b);
}

static void file_print_rest(const struct svcr_part_changes *c, struct svcr_out *o)
{
	if (file_changes_empty(c))
		return;
	svcr_out(o, "%s file ", file_sign(file_changes_of(c)));
	svcr_out_str(o, file_changes_of(c)->to->name);
	svcr_out_str(o, "\n");
}

static int file_json_rest(const struct svcr_part_changes *changes, json_t *root)
{
	const struct file_changes *c = file_changes_of(changes);
	const char *sign = file_sign(c);
	const char *op = *sign == '+' ? "add" : *sign == '-' ? "remove" : "change";

	if (*sign == '=')
		return 0;
	return file_json_append(root, "files",
				json_pack("{s:s, s:s}", "op", op, "name", c->to->name));
}

const struct svcr_part_ops svcr_file_ops = {
	.kind = "file",
	.format = "text",
	.change_format = "diff",
	.heading = "files",
	.print_order = 4,
	.free = file_free,
	.like = file_like,
	.same_place = file_same_place,
	.describe_part = file_describe_part,
	.print = file_print,
	.json = file_json,
	.file = file_file,
	.file_print = file_file_print,
	.diff = file_diff,
	.changes_free = file_changes_free,
	.changes_empty = file_changes_empty,
	.count = file_count,
	.print_changes = file_print_changes,
	.print_rest = file_print_rest,
	.json_rest = file_json_rest,
};
