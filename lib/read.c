/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From JSON documents to the model: documents, lists and their items. */
#include "guess.h"
#include "object.h"

#include <errno.h>

/* What a look ahead into a value finds. */
struct ahead {
	struct svcr_head head;
	bool items_first; /* "items" comes before "kind", and the first item has a kind */
};

/*
 * Returns the length of the kind in a list's kind ("ServiceList": 7, "List": 0),
 * or -1 if it is no list's.
 */
static long list_prefix(const char *kind)
{
	size_t n = strlen(kind);

	return n >= 4 && strcmp(kind + n - 4, "List") == 0 ? (long)(n - 4) : -1;
}

/* ---- Looking ahead ----------------------------------------------------- */

/*
 * Takes keys of the object that was entered until its kind and apiVersion are
 * known. With `items`, stops at "items" if the kind is not known by then, and
 * sets *items.
 */
static void scan_keys(struct svcr_reader *r, struct svcr_head *h, bool *items)
{
	struct svcr_str key;

	while ((!h->kind || !h->api) && svcr_json_next_key(&r->json, &key)) {
		if (svcr_str_eq(key, "kind")) {
			h->kind = svcr_object_head(r, "kind");
		} else if (svcr_str_eq(key, "apiVersion")) {
			h->api = svcr_object_head(r, "apiVersion");
		} else if (items && !h->kind && svcr_str_eq(key, "items")) {
			*items = true;
			return;
		} else {
			svcr_json_skip(&r->json);
		}
	}
}

/* True if the array that comes next starts with an object that has a kind. */
static bool first_item_has_kind(struct svcr_reader *r)
{
	struct svcr_head first = { NULL, "" }; /* an apiVersion, so that the kind is enough */

	if (svcr_json_peek(&r->json) != SVCR_JSON_ARRAY || !svcr_json_enter(&r->json) ||
	    !svcr_json_next_item(&r->json) || svcr_json_peek(&r->json) != SVCR_JSON_OBJECT ||
	    !svcr_json_enter(&r->json))
		return false;
	scan_keys(r, &first, NULL);
	return first.kind && *first.kind;
}

/*
 * Looks ahead into the object that comes next. kubectl sorts keys: the "kind"
 * of a List comes after its "items", whose text may be too long to be kept in
 * memory. The first item distinguishes a List, whose items have kinds, from a
 * typed list such as a ServiceList. A list in a list is not allowed.
 */
static struct ahead look_ahead(struct svcr_reader *r, bool list_allowed)
{
	struct ahead found = { .items_first = false };
	int mark = svcr_json_mark(&r->json);
	bool items = false;

	if (svcr_json_enter(&r->json))
		scan_keys(r, &found.head, list_allowed ? &items : NULL);
	if (items && first_item_has_kind(r)) {
		found.items_first = true;
	} else if (items) {
		svcr_json_rewind(&r->json, mark);
		found.head = (struct svcr_head){ NULL, NULL };
		if (svcr_json_enter(&r->json))
			scan_keys(r, &found.head, NULL);
	}
	svcr_json_rewind(&r->json, mark);
	svcr_json_unmark(&r->json, mark);
	return found;
}

/* ---- One value --------------------------------------------------------- */

static void read_list(struct svcr_reader *r, const struct ahead *a);

/*
 * Reads the object that comes next, after looking ahead; `typed` is its head if
 * its list has one for all items.
 */
static void read_unguessed(struct svcr_reader *r, const struct svcr_head *typed, int index)
{
	struct ahead a = { .items_first = false };
	const struct svcr_kind *k;

	if (typed)
		a.head = *typed;
	else
		a = look_ahead(r, index < 0);
	if (!a.items_first && (!a.head.kind || !*a.head.kind)) {
		svcr_object_foreign(r, index, svcr_object_no_kind);
		svcr_json_skip(&r->json);
		return;
	}
	if (index < 0 && (a.items_first || list_prefix(a.head.kind) >= 0)) {
		read_list(r, &a);
		return;
	}
	k = svcr_kinds_find(r->model->reads, a.head.kind, a.head.api);
	if (k) {
		svcr_object_read(r, k, index);
		return;
	}
	r->last = NULL;
	svcr_json_skip(&r->json);
	if (!r->json.failed)
		svcr_object_ignore(r, &a.head);
}

/* Reads the value that comes next: a document (index -1) or an item of a list. */
static void read_value(struct svcr_reader *r, const struct svcr_head *typed, int index)
{
	if (svcr_json_peek(&r->json) != SVCR_JSON_OBJECT) {
		svcr_object_foreign(r, index, "not an object");
		svcr_json_skip(&r->json);
		return;
	}
	if (typed || !svcr_guess_read(r, index))
		read_unguessed(r, typed, index);
}

/* ---- Lists ------------------------------------------------------------- */

static void read_items(struct svcr_reader *r, const struct svcr_head *typed)
{
	if (svcr_json_peek(&r->json) != SVCR_JSON_ARRAY) {
		if (svcr_json_peek(&r->json) != SVCR_JSON_NULL)
			svcr_read_error(r, "type", "items are no list");
		svcr_json_skip(&r->json);
		return;
	}
	if (!svcr_json_enter(&r->json))
		return;
	if (!r->last) /* any guess serves for the first item: a slice is recognised by its API */
		r->last = r->model->reads[0];
	for (int i = 0; svcr_json_next_item(&r->json); i++)
		read_value(r, typed, i);
}

/* Takes the "kind" of a list that comes after its items. */
static void check_late_kind(struct svcr_reader *r)
{
	const char *kind = svcr_object_head(r, "kind");

	svcr_read_push(r, "kind", 0);
	if (kind && list_prefix(kind) < 0)
		svcr_read_error(r, "not-kubernetes", "'%.64s' has items, expected a List", kind);
	svcr_read_pop(r);
}

static void read_list(struct svcr_reader *r, const struct ahead *a)
{
	struct svcr_head item = { NULL, a->head.api };
	long prefix = a->items_first ? 0 : list_prefix(a->head.kind);
	bool has_items = false;
	struct svcr_str key;

	if (prefix > 0)
		item.kind = svcr_read_intern(r, (struct svcr_str){ a->head.kind, (size_t)prefix });
	if (!svcr_json_enter(&r->json))
		return;
	while (svcr_json_next_key(&r->json, &key)) {
		if (svcr_str_eq(key, "items")) {
			has_items = true;
			read_items(r, item.kind ? &item : NULL);
		} else if (a->items_first && svcr_str_eq(key, "kind")) {
			check_late_kind(r);
		} else {
			svcr_json_skip(&r->json);
		}
	}
	if (!has_items && prefix > 0 && item.kind &&
	    !svcr_kinds_find(r->model->reads, item.kind, a->head.api) && !r->json.failed)
		svcr_object_ignore(r, &a->head); /* an object whose kind only ends in "List" */
}

/* ---- Sources ----------------------------------------------------------- */

static void read_documents(struct svcr_reader *r)
{
	size_t n = 0;

	for (; svcr_json_more_documents(&r->json) && !r->err; n++)
		read_value(r, NULL, -1);
	if (n == 0 && !r->json.failed)
		svcr_read_error(r, "empty", "no JSON at all");
	if (r->json.failed && r->json.error != -ENOMEM)
		svcr_diag(r->diags,
			  &(struct svcrules_diag){ .severity = SVCRULES_ERROR,
						   .check = "json",
						   .source = r->source,
						   .line = r->json.line,
						   .column = r->json.column },
			  "%s", r->json.message);
}

static int read_result(const struct svcr_reader *r, size_t errors)
{
	if (r->err)
		return r->err;
	if (r->json.failed && r->json.error != -EFBIG)
		return r->json.error;
	return svcrules_diags_errors(r->diags) > errors ? -EINVAL : 0;
}

int svcrules_model_read(struct svcrules_model *m, const char *source, svcrules_fill_fn fill,
			void *arg, struct svcrules_diags *d)
{
	struct svcr_reader r = { .model = m, .diags = d };
	size_t errors = svcrules_diags_errors(d);
	const char *name = source ? source : "input";
	int err;

	r.source = svcr_read_intern(&r, (struct svcr_str){ name, strlen(name) });
	err = r.source ? svcr_object_init(&r) : -ENOMEM;
	if (err)
		return err;
	err = svcr_json_init(&r.json, fill, arg);
	if (!err) {
		read_documents(&r);
		err = read_result(&r, errors);
		svcr_json_release(&r.json);
	}
	free(r.object);
	return err;
}
