/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The changes between two rule sets: compared, printed, encoded. */
#include "list.h"
#include "rules/json.h"
#include "rules/markdown.h"
#include "rules/policy/report.h"
#include "rules/review.h"
#include "rules/target.h"

#include <errno.h>
#include <stdlib.h>

struct svcr_part_changes *svcr_changes_find(const struct svcrules_changes *c,
					    const struct svcr_part_ops *ops)
{
	for (size_t i = 0; i < c->nparts; i++)
		if (c->parts[i]->ops == ops)
			return c->parts[i];
	return NULL;
}

static bool is_same_place(const struct svcr_part *p, const struct svcr_part *like)
{
	return p->ops == like->ops && (!p->ops->same_place || p->ops->same_place(p, like));
}

/*
 * Returns the part of `rs` that is for the same place as `like`, or NULL. It is most likely part
 * number `at`: two sets of thousands of files are paired in linear time.
 */
static struct svcr_part *find_place(const struct svcrules_ruleset *rs, const struct svcr_part *like,
				    size_t at)
{
	if (at < rs->nparts && is_same_place(rs->parts[at], like))
		return rs->parts[at];
	for (size_t i = 0; i < rs->nparts; i++)
		if (is_same_place(rs->parts[i], like))
			return rs->parts[i];
	return NULL;
}

/* Makes an empty part for a side that has no part like `p`. NULL: out of memory. */
static struct svcr_part *stand_in(struct svcrules_changes *c, const struct svcr_part *like)
{
	struct svcr_part *p = like->ops->like(like), **slot;

	if (!p)
		return NULL;
	slot = svcr_grow((void **)&c->none, &c->nnone, &c->none_cap, sizeof(*slot));
	if (slot)
		*slot = p;
	else
		p->ops->free(p);
	return slot ? p : NULL;
}

static int diff_part(struct svcrules_changes *c, const struct svcr_part *from, struct svcr_part *to)
{
	struct svcr_part_changes *made, **slot;
	int err = from && to ? to->ops->diff(from, to, &made) : -ENOMEM;

	if (err)
		return err;
	slot = svcr_grow((void **)&c->parts, &c->nparts, &c->cap, sizeof(*slot));
	if (slot)
		*slot = made;
	else
		to->ops->changes_free(made);
	return slot ? 0 : -ENOMEM;
}

static int diff_parts(struct svcrules_changes *c, const struct svcrules_ruleset *from,
		      struct svcrules_ruleset *to)
{
	int err = 0;

	for (size_t i = 0; i < to->nparts && !err; i++) {
		const struct svcr_part *before = find_place(from, to->parts[i], i);

		err = diff_part(c, before ? before : stand_in(c, to->parts[i]), to->parts[i]);
	}
	for (size_t i = 0; i < from->nparts && !err; i++)
		if (!find_place(to, from->parts[i], i))
			err = diff_part(c, from->parts[i], stand_in(c, from->parts[i]));
	return err;
}

int svcrules_diff(const struct svcrules_ruleset *from, struct svcrules_ruleset *to,
		  struct svcrules_changes **ret)
{
	struct svcrules_changes *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	*c = (struct svcrules_changes){ .from = from, .to = to };
	err = diff_parts(c, from, to);
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
	for (size_t i = 0; i < c->nnone; i++)
		c->none[i]->ops->free(c->none[i]);
	free(c->parts);
	free(c->none);
	free(c);
}

bool svcrules_changes_empty(const struct svcrules_changes *c)
{
	for (size_t i = 0; i < c->nparts; i++)
		if (!c->parts[i]->ops->changes_empty(c->parts[i]))
			return false;
	return true;
}

/*
 * Fills *ret with the target's report, `grouped` by services if the details are for people; it
 * stays empty if the target has none.
 */
static int changes_report(const struct svcrules_changes *c, bool details, bool grouped,
			  struct svcr_report *ret)
{
	*ret = (struct svcr_report){ .grouped = grouped };
	return c->to->target->report ? c->to->target->report(c, details, ret) : 0;
}

/* Fills *ret with the changes of network policies. */
static int changes_policies(const struct svcrules_changes *c, struct svcr_report *ret)
{
	const struct svcr_part_changes *nft = svcr_changes_find(c, &svcr_nft_ops);

	*ret = (struct svcr_report){ NULL, .n = 0 };
	return nft ? svcr_policy_report(ret, (const struct svcr_nft_changes *)nft) : 0;
}

int svcrules_changes_stats(const struct svcrules_changes *c, struct svcrules_changes_stats *ret)
{
	struct svcr_report_counts counts;
	struct svcr_report r;
	int err = changes_report(c, false, false, &r);

	if (err)
		return err;
	counts = svcr_report_count(&r);
	svcr_report_release(&r);
	*ret = (struct svcrules_changes_stats){ .services_added = counts.added,
						.services_removed = counts.removed,
						.services_changed = counts.changed };
	for (size_t i = 0; i < c->nparts; i++)
		c->parts[i]->ops->count(c->parts[i], ret);
	return 0;
}

void svcrules_changes_loss(const struct svcrules_changes *c, struct svcrules_loss *ret)
{
	*ret = (struct svcrules_loss){ 0 };
	if (c->to->target->loss)
		c->to->target->loss(c, ret);
}

/* ---- Printing ----------------------------------------------------------- */

/* Calls `print` for each part in the order in which parts are printed. */
static void each_printed(const struct svcrules_changes *c,
			 void (*print)(const struct svcr_part_changes *p, void *arg), void *arg)
{
	for (int at = 1; at <= SVCR_PRINT_ORDERS; at++)
		for (size_t i = 0; i < c->nparts; i++)
			if (c->parts[i]->ops->print_order == at)
				print(c->parts[i], arg);
}

struct summary_line {
	struct svcr_out *o;
	const char *separator;
};

static void summary_part(const struct svcr_part_changes *p, void *arg)
{
	struct summary_line *l = arg;

	if (!p->ops->print_summary)
		return;
	svcr_out_str(l->o, l->separator);
	p->ops->print_summary(p, l->o);
	l->separator = "; ";
}

static void rest_part(const struct svcr_part_changes *p, void *arg)
{
	if (p->ops->print_rest)
		p->ops->print_rest(p, arg);
}

/* The text of a target without a report: what its parts say, and a summary. */
static int parts_text(const struct svcrules_changes *c, struct svcr_out *o)
{
	struct summary_line l = { o, "" };

	each_printed(c, rest_part, o);
	each_printed(c, summary_part, &l);
	svcr_out_str(o, *l.separator ? "\n" : "");
	return svcr_out_end(o);
}

static int parts_markdown(const struct svcrules_changes *c, const char *remarks, struct svcr_out *o)
{
	struct svcr_buffer text = { .len = 0 };
	struct svcr_out lines = { .write = svcr_buffer_append, .arg = &text };
	int err = parts_text(c, &lines);

	if (!err)
		err = svcr_markdown_text(text.p ? text.p : "", remarks, o);
	free(text.p);
	return err ? err : svcr_out_end(o);
}

struct notes {
	struct svcr_buffer text;
	size_t internals;
	int err;
};

static void notes_part(const struct svcr_part_changes *p, void *arg)
{
	struct notes *n = arg;
	struct svcr_out o = { .write = svcr_buffer_append, .arg = &n->text };
	int err;

	if (!p->ops->print_notes)
		return;
	n->internals += p->ops->print_notes(p, &o);
	err = svcr_out_end(&o);
	n->err = n->err ? n->err : err;
}

static int print_review(const struct svcrules_changes *c, struct svcr_review *v, bool markdown,
			struct svcr_out *o)
{
	struct notes n = { .internals = 0 };
	int err;

	each_printed(c, notes_part, &n);
	v->internals = n.internals;
	v->notes = n.text.p ? n.text.p : "";
	v->formats = c->to->target->info.change_formats;
	err = n.err;
	if (!err)
		err = markdown ? svcr_review_markdown(v, o) : svcr_review_text(v, o);
	free(n.text.p);
	return err ? err : svcr_out_end(o);
}

static int changes_review(const struct svcrules_changes *c, bool markdown,
			  const struct svcrules_review *how, svcrules_write_fn write, void *arg)
{
	struct svcr_out o = { .write = write, .arg = arg };
	struct svcr_report r = { NULL, .n = 0 }, policies;
	struct svcr_review v = { .services = &r,
				 .policies = &policies,
				 .remarks = how->remarks,
				 .node = how->node,
				 .limit = how->limit,
				 .colour = how->colour };
	int err;

	if (svcrules_changes_empty(c)) {
		err = svcr_markdown_same(markdown ? how->remarks : NULL, &o);
		return err ? err : svcr_out_end(&o);
	}
	if (!c->to->target->report)
		return markdown ? parts_markdown(c, how->remarks, &o) : parts_text(c, &o);
	err = changes_policies(c, &policies);
	if (!err)
		err = svcr_report_group(&policies);
	if (!err)
		err = changes_report(c, true, true, &r);
	if (!err)
		err = print_review(c, &v, markdown, &o);
	svcr_report_release(&policies);
	svcr_report_release(&r);
	return err;
}

struct json_summary {
	json_t *root;
	bool alone; /* the rule set has one part */
	int err;
};

static void summary_part_json(const struct svcr_part_changes *p, void *arg)
{
	struct json_summary *s = arg;

	if (!s->err && p->ops->json_summary)
		s->err = p->ops->json_summary(p, s->alone, s->root);
}

static int changes_json_summary(const struct svcrules_changes *c, const struct svcr_report *r,
				json_t *root)
{
	struct svcr_report_counts n = svcr_report_count(r);
	struct json_summary s = { .alone = c->nparts == 1 };

	s.root = json_pack("{s:I, s:I, s:I}", "services_added", (json_int_t)n.added,
			   "services_removed", (json_int_t)n.removed, "services_changed",
			   (json_int_t)n.changed);
	s.err = svcr_json_set(root, "summary", s.root);
	each_printed(c, summary_part_json, &s);
	return s.err;
}

static int changes_json(const struct svcrules_changes *c, svcrules_write_fn write, void *arg)
{
	struct svcr_report r, policies;
	int err = changes_policies(c, &policies);
	json_t *root;

	if (!err)
		err = changes_report(c, true, false, &r);
	if (err) {
		svcr_report_release(&policies);
		return err;
	}
	root = json_pack("{s:i, s:b, s:o, s:o}", "version", 1, "same", svcrules_changes_empty(c),
			 "services", svcr_report_json(&r, "service", "address"), "policies",
			 svcr_report_json(&policies, "policies", "what"));
	svcr_report_release(&policies);
	err = root ? 0 : -ENOMEM;
	for (size_t i = 0; i < c->nparts && !err; i++)
		if (c->parts[i]->ops->json_rest)
			err = c->parts[i]->ops->json_rest(c->parts[i], root);
	if (!err)
		err = changes_json_summary(c, &r, root);
	svcr_report_release(&r);
	if (!err)
		return svcr_json_dump(root, write, arg);
	json_decref(root);
	return err;
}

static int changes_commands(const struct svcrules_changes *c, const char *format,
			    svcrules_write_fn write, void *arg)
{
	struct svcr_out o = { .write = write, .arg = arg };

	for (size_t i = 0; i < c->nparts; i++) {
		const struct svcr_part_ops *ops = c->parts[i]->ops;

		if (ops->change_format && strcmp(ops->change_format, format) == 0)
			ops->print_changes(c->parts[i], &o);
	}
	return svcr_out_end(&o);
}

int svcrules_changes_review(const struct svcrules_changes *c, const char *format,
			    const struct svcrules_review *how, svcrules_write_fn write, void *arg)
{
	format = svcr_format(c->to->target->info.change_formats, format);
	if (!format)
		return -EINVAL;
	if (strcmp(format, "text") == 0 || strcmp(format, "markdown") == 0)
		return changes_review(c, *format == 'm', how, write, arg);
	if (strcmp(format, "json") == 0)
		return changes_json(c, write, arg);
	return changes_commands(c, format, write, arg);
}

int svcrules_changes_print(const struct svcrules_changes *c, const char *format, bool colour,
			   svcrules_write_fn write, void *arg)
{
	const struct svcrules_review how = { .colour = colour };

	return svcrules_changes_review(c, format, &how, write, arg);
}

/* ---- Messages ----------------------------------------------------------- */

int svcrules_changes_encode(struct svcrules_changes *c, size_t part, enum svcrules_stage stage,
			    uint32_t number, struct svcrules_messages *ret)
{
	struct svcr_part_changes *p = part < c->nparts ? c->parts[part] : NULL;

	*ret = (struct svcrules_messages){ .buf = NULL };
	return p && p->ops->encode ? p->ops->encode(p, stage, number, ret) : 0;
}

enum svcrules_refused svcrules_changes_refused(const struct svcrules_changes *c, size_t part,
					       enum svcrules_stage stage,
					       const struct svcrules_refusal *v, size_t n, size_t i,
					       char **ret)
{
	const struct svcr_part_changes *p = part < c->nparts ? c->parts[part] : NULL;

	if (ret)
		*ret = NULL;
	if (!p || i >= n)
		return SVCRULES_REFUSED;
	if (p->ops->harmless && p->ops->harmless(p, stage, v[i].seq, v[i].err))
		return SVCRULES_REFUSED_HARMLESS;
	for (size_t k = 0; p->ops->consequence && k < i; k++)
		if (p->ops->consequence(p, stage, v[i].seq, v[k].seq))
			return SVCRULES_REFUSED_CONSEQUENCE;
	if (ret && p->ops->describe)
		*ret = p->ops->describe(p, c, stage, v[i].seq, v[i].err);
	return SVCRULES_REFUSED;
}
