/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "identity.h"
#include "kinds/kinds.h"
#include "kinds/metadata.h"
#include "overlay.h"
#include "same.h"

#include <assert.h>
#include <inttypes.h>

enum verdict { KEEP_OLD, TAKE_NEW, NEWER, OLDER, UNDECIDED };

/* ---- Entries of an object in the lists ---------------------------------- */

void svcr_identity_start(struct svcr_reader *r, struct svcr_lengths *ret)
{
	struct svcr_any_list any;
	struct svcr_list l;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; svcr_model_list(r->model, i, &any); i++) {
		assert(i < SVCR_MODEL_LISTS_MAX);
		memcpy(&l, any.list, sizeof(l));
		ret->n[i] = (uint32_t)l.n;
	}
}

/* Sets the spans of the entries that were added since `before`. */
static void find_spans(struct svcrules_model *m, const struct svcr_lengths *before,
		       struct svcr_span spans[static SVCR_SPANS])
{
	struct svcr_any_list any;
	struct svcr_list l;
	size_t n = 0;

	memset(spans, 0, SVCR_SPANS * sizeof(*spans));
	for (size_t i = 0; svcr_model_list(m, i, &any); i++) {
		memcpy(&l, any.list, sizeof(l));
		if (l.n == before->n[i])
			continue;
		assert(n < SVCR_SPANS);
		spans[n].list = (uint32_t)i & 15;
		spans[n].at = before->n[i];
		spans[n].n = ((uint32_t)l.n - before->n[i]) & 0xfffffff;
		n++;
	}
}

/* Takes the newest entries, which are at the ends of the lists, out again. */
static void cut_newest(struct svcrules_model *m, const struct svcr_lengths *before)
{
	struct svcr_any_list any;
	struct svcr_list l;

	for (size_t i = 0; svcr_model_list(m, i, &any); i++) {
		memcpy(&l, any.list, sizeof(l));
		l.n = before->n[i];
		memcpy(any.list, &l, sizeof(l));
	}
}

static bool spans_fit(const struct svcr_span *a, const struct svcr_span *b)
{
	for (size_t i = 0; i < SVCR_SPANS; i++)
		if (a[i].n != b[i].n || (a[i].n && a[i].list != b[i].list))
			return false;
	return true;
}

/* Copies entries over those of the former copy, which are as many. */
static void copy_over(struct svcrules_model *m, const struct svcr_span *to,
		      const struct svcr_span *from)
{
	struct svcr_any_list any;
	struct svcr_list l;

	if (!to->n || !svcr_model_list(m, to->list, &any))
		return;
	memcpy(&l, any.list, sizeof(l));
	memcpy((char *)l.v + to->at * any.size, (char *)l.v + from->at * any.size,
	       to->n * any.size);
}

static void bury(struct svcr_reader *r, const struct svcr_seen *o)
{
	for (size_t i = 0; i < SVCR_SPANS; i++) {
		struct svcr_span *dead = o->span[i].n ? SVCR_READ_GROW(r, &r->model->dead) : NULL;

		if (dead)
			*dead = o->span[i];
	}
}

/* Gives the place of the old copy to the new one, which was added last. */
static void take_place(struct svcr_reader *r, struct svcr_seen *old, const struct svcr_seen *new,
		       const struct svcr_lengths *before)
{
	struct svcr_span spans[SVCR_SPANS];

	memcpy(spans, old->span, sizeof(spans));
	if (spans_fit(spans, new->span)) {
		for (size_t i = 0; i < SVCR_SPANS; i++)
			copy_over(r->model, &spans[i], &new->span[i]);
		cut_newest(r->model, before);
	} else {
		bury(r, old);
		memcpy(spans, new->span, sizeof(spans));
	}
	*old = *new;
	memcpy(old->span, spans, sizeof(spans));
}

/* ---- Decisions ----------------------------------------------------------- */

static bool same_content(const struct svcrules_model *m, const struct svcr_seen *a,
			 const struct svcr_seen *b)
{
	if (!spans_fit(a->span, b->span))
		return false;
	for (size_t i = 0; i < SVCR_SPANS; i++)
		if (!svcr_same_entries(m, &a->span[i], &b->span[i]))
			return false;
	return true;
}

static enum verdict judge(const struct svcrules_model *m, const struct svcr_seen *old,
			  const struct svcr_seen *new)
{
	bool known = old->version && new->version;

	if (new->event)
		return known && !old->event && new->version < old->version ? KEEP_OLD : TAKE_NEW;
	if (old->deleted)
		return known && new->version <= old->version ? KEEP_OLD : TAKE_NEW;
	if (known && new->version == old->version &&
	    (new->uid == old->uid || !new->uid || !old->uid))
		return KEEP_OLD;
	if (same_content(m, old, new))
		return KEEP_OLD;
	if (known && new->version != old->version)
		return new->version > old->version ? NEWER : OLDER;
	return UNDECIDED;
}

static void duplicate_note(struct svcr_reader *r, const struct svcr_seen *old,
			   const struct svcr_seen *new)
{
	bool newer = new->version > old->version;
	const struct svcr_seen *taken = newer ? new : old, *other = newer ? old : new;

	svcr_read_note(r, SVCRULES_WARNING, "duplicate", NULL,
		       "the same object twice: resourceVersion %" PRIu64 " in %s is taken, "
		       "%" PRIu64 " in %s is older",
		       taken->version, taken->source, other->version, other->source);
}

static void decide(struct svcr_reader *r, struct svcr_seen *old, const struct svcr_seen *new,
		   const struct svcr_lengths *before, size_t first)
{
	enum verdict v;

	if (new->overlay) /* before both are compared: the older one has what a server assigned */
		svcr_overlay_replace(r, old, new);
	if (new->overlay && !old->overlay) {
		take_place(r, old, new, before);
		return;
	}
	v = judge(r->model, old, new);

	switch (v) {
	case KEEP_OLD:
	case OLDER:
		cut_newest(r->model, before);
		svcr_diags_cut(r->diags, first);
		break;
	case UNDECIDED:
		svcr_read_error(r, "duplicate",
				"the same object twice, with differences, and no resourceVersion "
				"says which is newer: it was in %s before",
				old->source);
		return;
	default: break;
	}
	if (v == OLDER || v == NEWER)
		duplicate_note(r, old, new);
	if (v != TAKE_NEW && v != NEWER)
		return;
	take_place(r, old, new, before);
}

void svcr_identity_finish(struct svcr_reader *r, const struct svcr_kind *k,
			  const struct svcr_metadata *meta, const struct svcr_lengths *before,
			  size_t first)
{
	struct svcr_seen o = { .kind = svcr_kinds_find(r->model->reads, k->kind, NULL),
			       .ns = k->namespaced ? meta->ns : NULL,
			       .name = meta->name,
			       .source = r->source,
			       .version = meta->version,
			       .uid = meta->uid,
			       .line = r->line,
			       .event = r->event != SVCR_EVENT_NONE,
			       .deleted = r->event == SVCR_EVENT_DELETED,
			       .overlay = r->model->overlaying };
	struct svcr_seen *found;
	bool added;

	if (o.deleted) { /* its entries are not wanted, and its diagnostics neither */
		cut_newest(r->model, before);
		svcr_diags_cut(r->diags, first);
	}
	find_spans(r->model, before, o.span);
	found = svcr_seen_add(&r->model->seen, &r->model->arena, &o, &added);
	if (!found)
		r->err = -ENOMEM;
	else if (!added)
		decide(r, found, &o, before, first);
	else if (o.overlay)
		svcr_overlay_add(r, &o);
}
