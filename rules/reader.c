/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads rule sets back from the kernel, part after part, and finds tables of any name. */
#include "rules/find.h"
#include "rules/target.h"

#include <errno.h>
#include <stdlib.h>

struct svcrules_reader {
	struct svcrules_ruleset *have; /* read so far */
	size_t part;                   /* being read */
	void *state;                   /* of the part's reader; malloc'ed */
	struct svcr_finder *finder;    /* if not NULL, it is used instead of the parts */
	bool watched;
};

struct svcrules_reader *svcrules_reader_new(const struct svcrules_ruleset *like)
{
	struct svcrules_reader *r = calloc(1, sizeof(*r));

	if (r)
		r->have = svcrules_ruleset_empty(like);
	if (r && r->have)
		return r;
	free(r);
	return NULL;
}

struct svcrules_reader *svcrules_reader_find(const char *target, const char *table)
{
	const struct svcr_target *t = target ? svcr_target_find(target) : NULL;
	struct svcrules_reader *r = target && !t ? NULL : calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->have = calloc(1, sizeof(*r->have));
	r->finder = r->have ? svcr_finder_new(t, table) : NULL;
	if (r->finder) {
		r->have->target = t ? t : svcr_target_find(NULL);
		if (svcr_ruleset_add(r->have, svcr_finder_part(r->finder)) == 0)
			return r;
	}
	svcrules_reader_free(r);
	return NULL;
}

void svcrules_reader_free(struct svcrules_reader *r)
{
	if (!r)
		return;
	svcrules_ruleset_free(r->have);
	svcr_finder_free(r->finder);
	free(r->state);
	free(r);
}

void svcrules_reader_watched(struct svcrules_reader *r)
{
	r->watched = true;
}

static int part_next(struct svcrules_reader *r, struct svcrules_request *ret)
{
	struct svcr_part *p = r->have->parts[r->part];
	int found;

	if (!p->ops->reader_next)
		return 0;
	if (!r->state) {
		r->state = calloc(1, p->ops->reader_size);
		if (!r->state)
			return -ENOMEM;
		if (r->watched && p->ops->reader_watched)
			p->ops->reader_watched(r->state);
	}
	found = p->ops->reader_next(r->state, r->have, p, ret);
	ret->part = r->part;
	return found;
}

int svcrules_reader_next(struct svcrules_reader *r, struct svcrules_request *ret)
{
	if (r->finder)
		return svcr_finder_next(r->finder, ret);
	for (; r->part < r->have->nparts; r->part++) {
		int found = part_next(r, ret);

		if (found)
			return found;
		free(r->state);
		r->state = NULL;
	}
	return 0;
}

int svcrules_reader_take(struct svcrules_reader *r, const void *msg)
{
	struct svcr_part *p = r->part < r->have->nparts ? r->have->parts[r->part] : NULL;

	if (r->finder)
		return svcr_finder_take(r->finder, msg);
	return p && r->state ? p->ops->reader_take(r->state, r->have, p, msg) : -EBADMSG;
}

int svcrules_reader_answered(struct svcrules_reader *r, int err)
{
	struct svcr_part *p = r->part < r->have->nparts ? r->have->parts[r->part] : NULL;

	if (r->finder)
		return svcr_finder_answered(r->finder, err);
	return p && r->state ? p->ops->reader_answered(r->state, r->have, p, err) : -EBADMSG;
}

int svcrules_reader_end(struct svcrules_reader *r, struct svcrules_ruleset **ret)
{
	struct svcrules_request unused;
	int left = svcrules_reader_next(r, &unused);

	if (left)
		return left < 0 ? left : -EAGAIN;
	*ret = r->have;
	r->have = NULL;
	return 0;
}
