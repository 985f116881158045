/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The operations of the part "nft". */
#include "rules/nft/describe.h"
#include "rules/nft/decode.h"
#include "rules/nft/drift.h"
#include "rules/nft/encode.h"
#include "rules/nft/json.h"
#include "rules/nft/notes.h"
#include "rules/nft/pack.h"
#include "rules/nft/reader.h"
#include "rules/nft/text.h"
#include "rules/ruleset.h"

#include <errno.h>
#include <stdlib.h>

static const struct svcr_nft *nft_of(const struct svcr_part *p)
{
	return (const struct svcr_nft *)p;
}

static const struct svcr_nft_changes *nft_changes_of(const struct svcr_part_changes *c)
{
	return (const struct svcr_nft_changes *)c;
}

static void nft_free(struct svcr_part *p)
{
	svcr_nft_free((struct svcr_nft *)p);
}

static struct svcr_part *nft_like(const struct svcr_part *p)
{
	const struct svcr_nft *n = nft_of(p);
	struct svcr_nft *like = svcr_nft_new();
	int err = like ? 0 : -ENOMEM;

	for (size_t i = 0; i < n->ntables && !err; i += SVCR_FAMILY__COUNT)
		err = svcr_nft_add_tables(like, n->tables[i].layout, n->tables[i].name);
	if (!err)
		return &like->part;
	svcr_nft_free(like);
	return NULL;
}

static void nft_describe_part(const struct svcr_part *p, struct svcrules_part *ret)
{
	for (size_t i = 0; i < nft_of(p)->ntables; i++)
		ret->count += nft_of(p)->tables[i].present;
}

static void nft_print(const struct svcr_part *p, const struct svcrules_ruleset *rs,
		      struct svcr_out *o)
{
	(void)rs;
	svcr_nft_out(o, nft_of(p));
}

static int nft_json(const struct svcr_part *p, const struct svcrules_ruleset *rs, json_t *root)
{
	(void)rs;
	return svcr_json_set(root, "tables", svcr_nft_json_tables(nft_of(p)));
}

static int nft_diff(const struct svcr_part *from, struct svcr_part *to,
		    struct svcr_part_changes **ret)
{
	struct svcr_nft_changes *c;
	int err = svcr_nft_diff(nft_of(from), (struct svcr_nft *)to, &c);

	if (!err)
		*ret = &c->part;
	return err;
}

static void nft_changes_free(struct svcr_part_changes *c)
{
	svcr_nft_changes_free((struct svcr_nft_changes *)c);
}

static bool nft_changes_empty(const struct svcr_part_changes *c)
{
	return nft_changes_of(c)->n == 0;
}

static void nft_count_changes(const struct svcr_part_changes *c,
			      struct svcrules_changes_stats *stats)
{
	const struct svcr_nft_changes *n = nft_changes_of(c);

	stats->elements_added += n->elements_added;
	stats->elements_removed += n->elements_removed;
	stats->other += n->other;
}

static void nft_print_changes(const struct svcr_part_changes *c, struct svcr_out *o)
{
	svcr_nft_out_commands(o, nft_changes_of(c));
}

static size_t nft_print_notes(const struct svcr_part_changes *c, struct svcr_out *o)
{
	return svcr_nft_out_notes(o, nft_changes_of(c));
}

static void nft_print_summary(const struct svcr_part_changes *c, struct svcr_out *o)
{
	const struct svcr_nft_changes *n = nft_changes_of(c);

	svcr_out(o, "%zu element%s added, %zu removed", n->elements_added,
		 n->elements_added == 1 ? "" : "s", n->elements_removed);
}

static int nft_json_rest(const struct svcr_part_changes *c, json_t *root)
{
	return svcr_json_set(root, "other", svcr_nft_json_rest(nft_changes_of(c)));
}

static int nft_json_summary(const struct svcr_part_changes *c, bool alone, json_t *summary)
{
	const struct svcr_nft_changes *n = nft_changes_of(c);
	int err = svcr_json_set(summary, "elements_added",
				json_integer((json_int_t)n->elements_added));

	if (!err)
		err = svcr_json_set(summary, "elements_removed",
				    json_integer((json_int_t)n->elements_removed));
	if (!err && alone)
		err = svcr_json_set(summary, "other", json_integer((json_int_t)n->other));
	return err;
}

static int nft_drift(const struct svcr_part *left, const struct svcr_part *have, struct svcr_out *o)
{
	return svcr_nft_drift(nft_of(left), nft_of(have), o);
}

static int nft_pack(const struct svcr_part *p, svcrules_write_fn write, void *arg)
{
	return svcr_nft_pack(nft_of(p), write, arg);
}

static int nft_unpack(const void *buf, size_t len, struct svcr_part *into)
{
	return svcr_nft_unpack(buf, len, (struct svcr_nft *)into);
}

static int nft_encode(struct svcr_part_changes *c, enum svcrules_stage stage, uint32_t number,
		      struct svcrules_messages *ret)
{
	(void)number;
	if (stage == SVCRULES_STOP)
		return svcr_nft_encode_stop(nft_changes_of(c), ret);
	if (stage == SVCRULES_ADD)
		return svcr_nft_encode((struct svcr_nft_changes *)c, ret);
	/* the whole table is made in one transaction */
	*ret = (struct svcrules_messages){ .buf = NULL };
	return 0;
}

static char *nft_describe(const struct svcr_part_changes *c, const struct svcrules_changes *whole,
			  enum svcrules_stage stage, uint32_t seq, int err)
{
	(void)whole;
	(void)stage;
	return svcr_nft_describe(nft_changes_of(c), seq, err);
}

static int nft_obstacle(const struct svcr_part *have, const struct svcrules_ruleset *whole,
			const struct svcrules_ruleset *want, size_t i, char **ret)
{
	const struct svcr_nft *wanted = (const struct svcr_nft *)svcr_ruleset_find(want,
										   &svcr_nft_ops);
	const struct svcr_nft_table *t = svcr_nft_foreign(nft_of(have), wanted);

	(void)whole;
	if (!t || i > 0)
		return 0;
	if (asprintf(
		    ret,
		    "table %s %s was not made by svcrules and is left alone; --table names another",
		    svcr_nft_family_name(t->family), t->name) < 0)
		return -ENOMEM;
	return 1;
}

const struct svcr_part_ops svcr_nft_ops = {
	.kind = "nft",
	.format = "nft",
	.change_format = "nft",
	.heading = "nft -f",
	.print_order = 3,
	.free = nft_free,
	.like = nft_like,
	.describe_part = nft_describe_part,
	.print = nft_print,
	.json = nft_json,
	.diff = nft_diff,
	.changes_free = nft_changes_free,
	.changes_empty = nft_changes_empty,
	.count = nft_count_changes,
	.print_changes = nft_print_changes,
	.print_notes = nft_print_notes,
	.print_summary = nft_print_summary,
	.json_rest = nft_json_rest,
	.json_summary = nft_json_summary,
	.drift = nft_drift,
	.pack = nft_pack,
	.unpack = nft_unpack,
	.encode = nft_encode,
	.describe = nft_describe,
	.reader_size = sizeof(struct svcr_nft_reader),
	.reader_next = svcr_nft_reader_next,
	.reader_take = svcr_nft_reader_take,
	.reader_answered = svcr_nft_reader_answered,
	.reader_watched = svcr_nft_reader_watched,
	.obstacle = nft_obstacle,
};
