/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From JSON values to the model: lists, arrays, watch events and their objects. */
#include "read.h"
#include "guess.h"
#include "object.h"
#include "pod_slices.h"

/* What a look ahead into a value finds. */
struct ahead {
	struct svcr_head head;
	bool items_first;  /* "items" comes before "kind", and the first item has a kind */
	const char *event; /* "type" of a watch event; it has an "object", and no kind */
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
 * sets *items; not in an item of a list (`nested`) that has keys which lists do
 * not have.
 */
static void scan_keys(struct svcr_reader *r, struct ahead *a, bool *items, bool nested)
{
	struct svcr_head *h = &a->head;
	const char *type = NULL;
	bool object = false, body = false;
	struct svcr_str key;

	while ((!h->kind || !h->api) && svcr_json_next_key(&r->json, &key)) {
		if (svcr_str_eq(key, "kind")) {
			h->kind = svcr_object_head(r, "kind");
		} else if (svcr_str_eq(key, "apiVersion")) {
			h->api = svcr_object_head(r, "apiVersion");
		} else if (items && !h->kind && !(nested && body) && svcr_str_eq(key, "items")) {
			*items = true;
			return;
		} else if (svcr_str_eq(key, "type") &&
			   svcr_json_peek(&r->json) == SVCR_JSON_STRING) {
			type = svcr_object_head(r, "type");
		} else {
			object = object || svcr_str_eq(key, "object");
			body = body || !svcr_str_eq(key, "metadata");
			svcr_json_skip(&r->json);
		}
	}
	if (object && !h->kind && !h->api)
		a->event = type;
}

/* True if the array that comes next starts with an object that has a kind. */
static bool first_item_has_kind(struct svcr_reader *r)
{
	struct ahead first = { .head.api = "" }; /* so that the kind is enough */

	if (svcr_json_peek(&r->json) != SVCR_JSON_ARRAY || !svcr_json_enter(&r->json) ||
	    !svcr_json_next_item(&r->json) || svcr_json_peek(&r->json) != SVCR_JSON_OBJECT ||
	    !svcr_json_enter(&r->json))
		return false;
	scan_keys(r, &first, NULL, true);
	return first.head.kind && *first.head.kind;
}

/*
 * Looks ahead into the object that comes next. kubectl sorts keys: the "kind"
 * of a List comes after its "items", whose text may be too long to be kept in
 * memory. The first item distinguishes a List, whose items have kinds, from a
 * typed list such as a ServiceList.
 */
static struct ahead look_ahead(struct svcr_reader *r, bool nested)
{
	struct ahead found = { .items_first = false };
	int mark = svcr_json_mark(&r->json);
	bool items = false;

	if (svcr_json_enter(&r->json))
		scan_keys(r, &found, &items, nested);
	if (items && first_item_has_kind(r)) {
		found.items_first = true;
	} else if (items) {
		svcr_json_rewind(&r->json, mark);
		found = (struct ahead){ .items_first = false };
		if (svcr_json_enter(&r->json))
			scan_keys(r, &found, NULL, nested);
	}
	svcr_json_rewind(&r->json, mark);
	svcr_json_unmark(&r->json, mark);
	return found;
}

/* ---- One value --------------------------------------------------------- */

static void read_list(struct svcr_reader *r, const struct ahead *a);
static void read_array(struct svcr_reader *r);
static void read_event(struct svcr_reader *r, const char *type, int index);

/* Reads an object that is no list and that no kind of the model reads. */
static void read_other(struct svcr_reader *r, const struct svcr_head *h)
{
	if (svcr_answer_read(r, h))
		return;
	r->last = NULL;
	svcr_json_skip(&r->json);
	if (!r->json.failed)
		svcr_object_ignore(r, h);
}

/*
 * Where the first Pod comes: false if Pods are needed for nothing, and are skipped from now on,
 * which is faster.
 */
static bool first_pod(struct svcr_reader *r)
{
	struct svcrules_model *m = r->model;
	int err = svcr_pods_decide(m);

	if (!err && m->pods_use == SVCR_PODS_UNUSED && !m->all_pods)
		err = svcr_model_without(m, &svcr_kind_pod);
	r->err = err ? err : r->err;
	return m->pods_use == SVCR_PODS_USED || m->all_pods;
}

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
		a = look_ahead(r, index >= 0);
	if (a.event) {
		read_event(r, a.event, index);
		return;
	}
	if (!a.items_first && (!a.head.kind || !*a.head.kind)) {
		svcr_object_foreign(r, index, svcr_object_no_kind);
		svcr_json_skip(&r->json);
		return;
	}
	if (!typed && (a.items_first || list_prefix(a.head.kind) >= 0)) {
		read_list(r, &a);
		return;
	}
	k = svcr_kinds_find(r->model->reads, a.head.kind, a.head.api);
	if (k == &svcr_kind_pod && r->model->pods_use == SVCR_PODS_UNKNOWN && !first_pod(r))
		k = NULL;
	if (k)
		svcr_object_read(r, k, index);
	else
		read_other(r, &a.head);
}

/* A document or an item that is neither an object nor an array. */
static void read_scalar(struct svcr_reader *r, int index)
{
	char text[100];
	struct svcr_str s;

	if (svcr_json_peek(&r->json) != SVCR_JSON_STRING) {
		svcr_object_foreign(r, index, "not an object");
		svcr_json_skip(&r->json);
		return;
	}
	if (!svcr_json_string(&r->json, &s))
		return;
	s = svcr_text_line(s, 60);
	snprintf(text, sizeof(text), "not an object, but the text '%.*s'", (int)s.len, s.p);
	svcr_object_foreign(r, index, text);
}

/* Reads the value that comes next: a document (index -1) or an item of a list. */
static void read_value(struct svcr_reader *r, const struct svcr_head *typed, int index)
{
	switch (svcr_json_peek(&r->json)) {
	case SVCR_JSON_OBJECT:
		if (typed || !svcr_guess_read(r, index))
			read_unguessed(r, typed, index);
		break;
	case SVCR_JSON_ARRAY: read_array(r); break;
	default: read_scalar(r, index);
	}
}

void svcr_read_document(struct svcr_reader *r)
{
	read_value(r, NULL, -1);
}

/* ---- Lists and arrays -------------------------------------------------- */

static void read_items(struct svcr_reader *r, const struct svcr_head *typed)
{
	bool outer = r->in_array;

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
	r->in_array = false;
	for (int i = 0; svcr_json_next_item(&r->json); i++)
		read_value(r, typed, i);
	r->in_array = outer;
}

/* An array of objects or of lists, as 'jq .items' and 'jq -s .' print it. */
static void read_array(struct svcr_reader *r)
{
	bool outer = r->in_array;

	if (!svcr_json_enter(&r->json))
		return;
	for (int i = 0; svcr_json_next_item(&r->json); i++) {
		r->in_array = true;
		read_value(r, NULL, i);
	}
	r->in_array = outer;
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

static void note_page(struct svcr_reader *r, const char *kind, bool goes_on)
{
	struct svcr_pages *p = NULL;

	kind = kind ? kind : "";
	for (size_t i = 0; i < r->model->pages.n && !p; i++)
		if (strcmp(r->model->pages.v[i].kind, kind) == 0)
			p = &r->model->pages.v[i];
	if (!p && goes_on) { /* of other lists nothing need be known */
		p = SVCR_READ_GROW(r, &r->model->pages);
		if (p)
			*p = (struct svcr_pages){ .kind = kind };
	}
	if (!p)
		return;
	p->goes_on = p->goes_on || goes_on;
	p->ends = p->ends || !goes_on;
}

/* Takes the metadata of a list; true if another page follows. */
static bool read_list_metadata(struct svcr_reader *r)
{
	static const struct svcr_field fields[] = {
		{ SVCR_FIELD("continue"), SVCR_F_STRING, .offset = 0 }, SVCR_END
	};
	const char *token = NULL;

	if (svcr_json_peek(&r->json) != SVCR_JSON_OBJECT)
		svcr_json_skip(&r->json);
	else
		svcr_read_object(r, fields, (void *)&token);
	return token && *token;
}

static void read_list(struct svcr_reader *r, const struct ahead *a)
{
	bool has_items = false, goes_on = false;
	struct svcr_head item = { NULL, a->head.api };
	long prefix = a->items_first ? 0 : list_prefix(a->head.kind);
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
		} else if (svcr_str_eq(key, "metadata")) {
			goes_on = read_list_metadata(r);
		} else {
			svcr_json_skip(&r->json);
		}
	}
	if (has_items && (!item.kind || svcr_kinds_find(r->model->reads, item.kind, NULL)))
		note_page(r, item.kind, goes_on);
	if (!has_items && prefix > 0 && item.kind &&
	    !svcr_kinds_find(r->model->reads, item.kind, a->head.api) && !r->json.failed)
		svcr_object_ignore(r, &a->head); /* an object whose kind only ends in "List" */
}

/* ---- Watch events ------------------------------------------------------ */

static const struct {
	const char *type;
	enum svcr_event event;
} event_types[] = {
	{ "ADDED", SVCR_EVENT_ADDED },     { "MODIFIED", SVCR_EVENT_MODIFIED },
	{ "DELETED", SVCR_EVENT_DELETED }, { "BOOKMARK", SVCR_EVENT_NONE },
	{ "ERROR", SVCR_EVENT_ERROR },
};

/* Reads one line of 'kubectl get --watch --output-watch-events', or of the API's answer. */
static void read_event(struct svcr_reader *r, const char *type, int index)
{
	enum svcr_event event = SVCR_EVENT_NONE;
	bool known = false;
	struct svcr_str key;

	for (size_t i = 0; i < sizeof(event_types) / sizeof(*event_types); i++)
		if (strcmp(event_types[i].type, type) == 0) {
			event = event_types[i].event;
			known = true;
		}
	if (!known)
		svcr_object_foreign(r, index,
				    "no Kubernetes object and no watch event: its type is not "
				    "known");
	if (!svcr_json_enter(&r->json))
		return;
	while (svcr_json_next_key(&r->json, &key)) {
		if (event == SVCR_EVENT_NONE || !svcr_str_eq(key, "object")) {
			svcr_json_skip(&r->json);
		} else if (event == SVCR_EVENT_ERROR) {
			svcr_answer_error(r);
		} else {
			r->event = event;
			read_value(r, NULL, -1);
			r->event = SVCR_EVENT_NONE;
		}
	}
}
