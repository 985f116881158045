/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kubectl sorts the keys of objects, so the "kind" of an EndpointSlice comes
 * after its endpoints. To read them only once, the object is read as a guessed
 * kind until "kind" and "apiVersion" are both known. A mark in the JSON text
 * allows a restart with another kind, at the price of keeping the text since
 * the mark in memory; so the mark is dropped as soon as no restart can follow.
 *
 *  kind   api    mark     the object
 *  -----  -----  -------  ------------------------------------------------------
 *  open   open   held     may have any kind
 *  right  open   held     is of that kind unless "apiVersion" differs
 *  open   right  held     may have another kind of the same API, or be a list
 *  open   right  dropped  has the kind, or one that is ignored: its API has no
 *                         other kind that is read, and it has a field that lists
 *                         do not have
 *  right  right  dropped  has the kind
 *
 *  "kind" has the expected value    kind is right; the mark is dropped if api is right
 *  "kind" differs, mark held        restart
 *  "kind" differs, mark dropped     the object is ignored, or an error if it has no kind
 *  "apiVersion" expected or empty   api is right; the mark is dropped if kind is right, or for
 *                                   an item of a list whose API has only one kind that is read,
 *                                   as soon as the item has a field that lists do not have
 *  "apiVersion" differs             restart, perhaps with the only kind of that API
 *  "items" while kind is open,      restart: the object may be a list
 *      mark held
 *  end, kind right                  the guess was right: a missing "apiVersion" is allowed
 *  end, kind open, mark held        restart
 *  end, kind open, mark dropped     error: the object has no kind
 */
#include "guess.h"
#include "object.h"

struct guess {
	struct svcr_reading x;
	int mark;
	bool has_mark;
	bool kind, api;                 /* found to be right */
	bool only;                      /* no other kind of this API is read */
	bool body;                      /* has a field that lists do not have */
	const struct svcr_kind *better; /* for the restart; NULL: unknown */
};

enum guess_verdict { GUESS_RESTART, GUESS_RIGHT, GUESS_DONE };

static void guess_drop_mark(struct svcr_reader *r, struct guess *g)
{
	if (g->has_mark)
		svcr_json_unmark(&r->json, g->mark);
	g->has_mark = false;
}

/* Takes the value of "apiVersion"; false: restart. */
static bool guess_check_api(struct svcr_reader *r, struct guess *g)
{
	const struct svcr_kind *const *reads = r->model->reads;
	struct svcr_str s;

	if (svcr_json_peek(&r->json) != SVCR_JSON_STRING || !svcr_json_string(&r->json, &s))
		return false;
	g->api = !s.len || svcr_str_eq(s, g->x.kind->api);
	if (!g->api)
		g->better = svcr_kinds_only(reads, s);
	else
		g->only = g->x.index >= 0 && svcr_kinds_only(reads, s);
	if (g->api && (g->kind || (g->only && g->body)))
		guess_drop_mark(r, g);
	return g->api;
}

/* Takes the value of "kind" while the mark is held; false: restart. */
static bool guess_check_kind(struct svcr_reader *r, struct guess *g)
{
	struct svcr_str s;

	g->kind = svcr_json_peek(&r->json) == SVCR_JSON_STRING && svcr_json_string(&r->json, &s) &&
		  svcr_str_eq(s, g->x.kind->kind);
	if (g->kind && g->api)
		guess_drop_mark(r, g);
	return g->kind;
}

/*
 * Takes the value of "kind" after the mark was dropped. If it differs from the
 * guess, gives the object up, takes the rest of it and returns true.
 */
static bool guess_late_kind(struct svcr_reader *r, struct guess *g)
{
	bool string = svcr_json_peek(&r->json) == SVCR_JSON_STRING;
	struct svcr_head h = { NULL, g->x.kind->api };
	struct svcr_str key;

	if (!string) /* first, as the type of the value is an error that must remain */
		svcr_object_abandon(r, &g->x);
	h.kind = svcr_object_head(r, "kind");
	g->kind = string && h.kind && strcmp(h.kind, g->x.kind->kind) == 0;
	if (g->kind)
		return false;
	if (string)
		svcr_object_abandon(r, &g->x);
	if (!h.kind || !*h.kind)
		svcr_object_foreign(r, g->x.index, svcr_object_no_kind);
	while (svcr_json_next_key(&r->json, &key))
		svcr_json_skip(&r->json);
	if (h.kind && *h.kind && !r->json.failed)
		svcr_object_ignore(r, &h);
	r->last = NULL;
	return true;
}

/* After the last key of the object, or an error in the JSON text. */
static enum guess_verdict guess_end(struct svcr_reader *r, struct guess *g)
{
	if (g->kind && (g->api || !r->json.failed)) {
		guess_drop_mark(r, g);
		return GUESS_RIGHT;
	}
	if (g->has_mark)
		return GUESS_RESTART;
	svcr_object_abandon(r, &g->x);
	svcr_object_foreign(r, g->x.index, svcr_object_no_kind);
	return GUESS_DONE;
}

/* Notes a key that is neither kind, apiVersion nor items: all lists have metadata. */
static inline void guess_note_body(struct svcr_reader *r, struct guess *g, struct svcr_str key)
{
	if (g->body || svcr_str_eq(key, "metadata"))
		return;
	g->body = true;
	if (g->api && g->only)
		guess_drop_mark(r, g);
}

static enum guess_verdict guess_object(struct svcr_reader *r, struct guess *g)
{
	struct svcr_str key;

	if (!svcr_json_enter(&r->json))
		return GUESS_RESTART;
	while (svcr_json_next_key(&r->json, &key)) {
		if (!g->kind && svcr_str_eq(key, "kind")) {
			if (g->has_mark && !guess_check_kind(r, g))
				return GUESS_RESTART;
			if (!g->kind && guess_late_kind(r, g))
				return GUESS_DONE;
		} else if (!g->api && svcr_str_eq(key, "apiVersion")) {
			if (!guess_check_api(r, g))
				return GUESS_RESTART;
		} else if (!g->kind && g->has_mark && svcr_str_eq(key, "items")) {
			return GUESS_RESTART;
		} else {
			guess_note_body(r, g, key);
			svcr_read_member(r, g->x.kind->fields, key, r->object);
		}
	}
	return guess_end(r, g);
}

/*
 * Reads the object that comes next if it has kind `k`; else restarts, and sets
 * *better if only one kind has its API.
 */
static bool guess_try(struct svcr_reader *r, const struct svcr_kind *k, int index,
		      const struct svcr_kind **better)
{
	struct guess g = { .x = svcr_object_start(r, k, index),
			   .mark = svcr_json_mark(&r->json),
			   .has_mark = true };
	enum guess_verdict v = guess_object(r, &g);

	if (v == GUESS_RIGHT)
		svcr_object_finish(r, &g.x);
	if (v != GUESS_RESTART)
		return true;
	svcr_object_abandon(r, &g.x);
	svcr_json_rewind(&r->json, g.mark);
	svcr_json_unmark(&r->json, g.mark);
	*better = g.better;
	return false;
}

bool svcr_guess_read(struct svcr_reader *r, int index)
{
	const struct svcr_kind *better = NULL;

	return r->last && (guess_try(r, r->last, index, &better) ||
			   (better && guess_try(r, better, index, &better)));
}
