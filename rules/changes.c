/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The changes between two rule sets: compared, printed, encoded. */
#include "rules/json.h"
#include "rules/target.h"

#include <errno.h>
#include <stdlib.h>

struct svcr_part_changes *svcr_changes_find(const struct svcrules_changes *c, const struct svcr_part_ops *ops)
{
	for (size_t i = 0; i < c->nparts; i++)
		if (c->parts[i]->ops == ops)
			return c->parts[i];
	return NULL;
}

int svcrules_diff(const struct svcrules_ruleset *from, struct svcrules_ruleset *to,
		  struct svcrules_changes **ret)
{
	struct svcrules_changes *c = calloc(1, sizeof(*c));
	int err = c ? 0 : -ENOMEM;

	if (c)
		*c = (struct svcrules_changes){ .from = from, .to = to };
	for (size_t i = 0; i < to->nparts && !err; i++) {
		err = to->parts[i]->ops->diff(from->parts[i], to->parts[i], &c->parts[i]);
		if (!err)
			c->nparts++;
	}
	if (err)
		svcrules_changes_free(c);
	else
		*ret = c;
	return err;
}

void svcrules_changes_free(struct svcrules_changes *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->nparts; i++)
		c->parts[i]->ops->changes_free(c->parts[i]);
	free(c);
}

bool svcrules_changes_empty(const struct svcrules_changes *c)
{
	for (size_t i = 0; i < c->nparts; i++)
		if (!c->parts[i]->ops->changes_empty(c->parts[i]))
			return false;
	return true;
}

/* *ret is empty where the target has no report. */
static int changes_report(const struct svcrules_changes *c, bool details, struct svcr_report *ret)
{
	*ret = (struct svcr_report){ NULL, .n = 0 };
	return c->to->target->report ? c->to->target->report(c, details, ret) : 0;
}

int svcrules_changes_stats(const struct svcrules_changes *c, struct svcrules_changes_stats *ret)
{
	struct svcr_report_counts counts;
	struct svcr_report r;
	int err = changes_report(c, false, &r);

	if (err)
		return err;
	counts = svcr_report_count(&r);
	svcr_report_release(&r);
	*ret = (struct svcrules_changes_stats){ .services_added = counts.added, .services_removed = counts.removed,
						.services_changed = counts.changed };
	for (size_t i = 0; i < c->nparts; i++)
		c->parts[i]->ops->count(c->parts[i], ret);
	return 0;
}

/* ---- Printing ----------------------------------------------------------- */

static void print_order(const struct svcrules_changes *c, const struct svcr_part_changes **ret)
{
	size_t n = 0;

	for (int at = 0; n < c->nparts; at++)
		for (size_t i = 0; i < c->nparts; i++)
			if (c->parts[i]->ops->print_order == at)
				ret[n++] = c->parts[i];
}

static void print_summary(const struct svcrules_changes *c, const struct svcr_report *r, struct svcr_out *o)
{
	const struct svcr_part_changes *parts[SVCR_PARTS_MAX];
	struct svcr_report_counts n = svcr_report_count(r);
	const char *separator = "";

	if (c->to->target->report) {
		svcr_out(o, "%zu service address%s added, %zu removed, %zu changed", n.added,
			 n.added == 1 ? "" : "es", n.removed, n.changed);
		separator = "; ";
	}
	print_order(c, parts);
	for (size_t i = 0; i < c->nparts; i++)
		if (parts[i]->ops->print_summary) {
			svcr_out_str(o, separator);
			parts[i]->ops->print_summary(parts[i], o);
			separator = "; ";
		}
	svcr_out_str(o, "\n");
}

static int print_text(const struct svcrules_changes *c, bool colour, svcrules_write_fn write, void *arg)
{
	const struct svcr_part_changes *parts[SVCR_PARTS_MAX];
	struct svcr_out o = { .write = write, .arg = arg };
	struct svcr_report r;
	int err = changes_report(c, true, &r);

	if (err)
		return err;
	svcr_report_print(&r, colour, &o);
	print_order(c, parts);
	for (size_t i = 0; i < c->nparts; i++)
		if (parts[i]->ops->print_rest)
			parts[i]->ops->print_rest(parts[i], &o);
	if (svcrules_changes_empty(c))
		svcr_out_str(&o, "no changes\n");
	else
		print_summary(c, &r, &o);
	svcr_report_release(&r);
	return svcr_out_end(&o);
}

static int json_summary(const struct svcrules_changes *c, const struct svcr_report *r, json_t *root)
{
	const struct svcr_part_changes *parts[SVCR_PARTS_MAX];
	struct svcr_report_counts n = svcr_report_count(r);
	json_t *summary = json_pack("{s:I, s:I, s:I}", "services_added", (json_int_t)n.added, "services_removed",
				    (json_int_t)n.removed, "services_changed", (json_int_t)n.changed);
	int err = svcr_json_set(root, "summary", summary);

	print_order(c, parts);
	for (size_t i = 0; i < c->nparts && !err; i++)
		if (parts[i]->ops->json_summary)
			err = parts[i]->ops->json_summary(parts[i], c->nparts == 1, summary);
	return err;
}

static int print_json(const struct svcrules_changes *c, svcrules_write_fn write, void *arg)
{
	struct svcr_report r;
	int err = changes_report(c, true, &r);
	json_t *root;

	if (err)
		return err;
	root = json_pack("{s:b, s:o}", "same", svcrules_changes_empty(c), "services", svcr_report_json(&r));
	err = root ? 0 : -ENOMEM;
	for (size_t i = 0; i < c->nparts && !err; i++)
		if (c->parts[i]->ops->json_rest)
			err = c->parts[i]->ops->json_rest(c->parts[i], root);
	if (!err)
		err = json_summary(c, &r, root);
	svcr_report_release(&r);
	if (!err)
		return svcr_json_dump(root, write, arg);
	json_decref(root);
	return err;
}

static int print_commands(const struct svcrules_changes *c, const char *format, svcrules_write_fn write, void *arg)
{
	struct svcr_out o = { .write = write, .arg = arg };

	for (size_t i = 0; i < c->nparts; i++) {
		const struct svcr_part_ops *ops = c->parts[i]->ops;

		if (ops->format && strcmp(ops->format, format) == 0)
			ops->print_changes(c->parts[i], &o);
	}
	return svcr_out_end(&o);
}

int svcrules_changes_print(const struct svcrules_changes *c, const char *format, bool colour,
			   svcrules_write_fn write, void *arg)
{
	const char *const *formats = c->to->target->info.change_formats;
	size_t i = 0;

	if (!format)
		format = formats[0];
	while (formats[i] && strcmp(formats[i], format) != 0)
		i++;
	if (!formats[i])
		return -EINVAL;
	if (strcmp(format, "text") == 0)
		return print_text(c, colour, write, arg);
	return strcmp(format, "json") == 0 ? print_json(c, write, arg) : print_commands(c, format, write, arg);
}

/* ---- Messages ----------------------------------------------------------- */

int svcrules_changes_encode(struct svcrules_changes *c, size_t part, enum svcrules_stage stage, uint32_t number,
			    struct svcrules_messages *ret)
{
	struct svcr_part_changes *p = c->parts[part];

	*ret = (struct svcrules_messages){ .buf = NULL };
	return p->ops->encode ? p->ops->encode(p, stage, number, ret) : 0;
}

enum svcrules_refused svcrules_changes_refused(const struct svcrules_changes *c, size_t part,
					       enum svcrules_stage stage, const struct svcrules_refusal *v,
					       size_t n, size_t i, char **ret)
{
	const struct svcr_part_changes *p = c->parts[part];

	(void)n;
	if (p->ops->harmless && p->ops->harmless(p, stage, v[i].seq, v[i].err))
		return SVCRULES_REFUSED_HARMLESS;
	for (size_t k = 0; p->ops->consequence && k < i; k++)
		if (p->ops->consequence(p, stage, v[i].seq, v[k].seq))
			return SVCRULES_REFUSED_CONSEQUENCE;
	if (ret)
		*ret = p->ops->describe(p, c, stage, v[i].seq, v[i].err);
	return SVCRULES_REFUSED;
}
