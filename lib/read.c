/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From JSON documents to the model: which object is which, and what it is called. */
#include "reader.h"

#include <errno.h>

#define OBJECT_NAME_MAX 400

struct svcr_kind {
	const char *kind, *api;
	bool namespaced;
	const struct svcr_field *fields;
	void (*finish)(struct svcr_reader *r, struct svcr_object *o);
	void (*drop)(struct svcr_object *o);
};

static const struct svcr_kind kinds[] = {
	{ "Service", "v1", true, svcr_service_fields, svcr_service_finish, svcr_service_drop },
	{ "EndpointSlice", "discovery.k8s.io/v1", true, svcr_slice_fields, svcr_slice_finish, svcr_slice_drop },
	{ "Endpoints", "v1", true, svcr_endpoints_fields, svcr_endpoints_finish, svcr_endpoints_drop },
	{ "Node", "v1", false, svcr_node_fields, svcr_node_finish, svcr_node_drop },
};

/* What an object says that it is; interned, NULL while unknown. */
struct head {
	const char *kind, *api;
	bool items_first; /* "items" came before the kind, and the first one has its own */
};

/* What the items of a list are: unless NULL, all of this kind. */
struct items {
	const struct head *head;
	int index;    /* of the next one */
	bool found;
};

const char *svcrules_version(void)
{
	return SVCRULES_VERSION;
}

struct svcrules_model *svcrules_model_new(void)
{
	return calloc(1, sizeof(struct svcrules_model));
}

void svcrules_model_free(struct svcrules_model *m)
{
	if (!m)
		return;
	free(m->services.v);
	free(m->slices.v);
	free(m->nodes.v);
	free(m->pod_cidrs.v);
	free(m->ignored.v);
	free(m->seen.slots);
	svcr_strings_release(&m->strings);
	svcr_arena_release(&m->arena);
	free(m);
}

size_t svcrules_model_services(const struct svcrules_model *m)
{
	return m->services.n;
}

bool svcrules_model_has_node_addresses(const struct svcrules_model *m, const char *name)
{
	for (size_t i = 0; name && i < m->nodes.n; i++) {
		const struct svcr_node *n = &m->nodes.v[i];

		if (n->name && strcmp(n->name, name) == 0)
			return n->internal_ips.n || n->other_ips.n;
	}
	return false;
}

const char *svcrules_model_ignored(const struct svcrules_model *m, size_t i, size_t *ret_count)
{
	if (i >= m->ignored.n)
		return NULL;
	*ret_count = m->ignored.v[i].n;
	return m->ignored.v[i].kind;
}

/* ---- Kinds ------------------------------------------------------------- */

static const struct svcr_kind *find_kind(const char *name, const char *api)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].kind, name) == 0 && (!api || !*api || strcmp(kinds[i].api, api) == 0))
			return &kinds[i];
	return NULL;
}

/* The length of the items' kind if it is a list's ("ServiceList": 7; "List": 0), or -1. */
static long list_prefix(const char *kind)
{
	size_t n = strlen(kind);

	return n >= 4 && strcmp(kind + n - 4, "List") == 0 ? (long)(n - 4) : -1;
}

static const char *intern(struct svcr_reader *r, const char *s, size_t len)
{
	const char *p = svcr_intern(&r->model->strings, &r->model->arena, (struct svcr_str){ s, len });

	if (!p)
		r->err = -ENOMEM;
	return p;
}

/* Another project's Service is told from ours by its group. */
static void count_ignored(struct svcr_reader *r, const struct head *h)
{
	char text[OBJECT_NAME_MAX];
	const char *kind = h->kind;
	struct svcr_ignored *slot;

	if (find_kind(kind, NULL)) {
		snprintf(text, sizeof(text), "%s (%s)", kind, h->api);
		kind = text;
	}
	kind = intern(r, kind, strlen(kind));
	for (size_t i = 0; i < r->model->ignored.n; i++) {
		slot = &r->model->ignored.v[i];
		if (slot->kind == kind) {
			slot->n++;
			return;
		}
	}
	slot = kind ? SVCR_GROW(&r->model->ignored) : NULL;
	if (slot)
		*slot = (struct svcr_ignored){ kind, 1 };
	else
		r->err = -ENOMEM;
}

/* ---- One object -------------------------------------------------------- */

static void check_duplicate(struct svcr_reader *r, const struct svcr_kind *k, const struct svcr_metadata *meta)
{
	const struct svcr_seen o = { k, k->namespaced ? meta->ns : NULL, meta->name, r->source }, *found;
	bool added;

	found = svcr_seen_add(&r->model->seen, &o, &added);
	if (!found)
		r->err = -ENOMEM;
	else if (!added)
		svcr_read_error(r, "duplicate", "the same object twice: it was in %s before", found->source);
}

/* Names the object in what was said about it; without a name, by its place. */
static void name_object(struct svcr_reader *r, const struct svcr_kind *k, const struct svcr_metadata *meta,
			size_t first, int index)
{
	char text[OBJECT_NAME_MAX];

	if (meta->name && !r->json.failed)
		check_duplicate(r, k, meta);
	if (svcrules_diags_count(r->diags) == first)
		return;
	if (meta->name && k->namespaced)
		snprintf(text, sizeof(text), "%s %s/%s", k->kind, meta->ns, meta->name);
	else if (meta->name)
		snprintf(text, sizeof(text), "%s %s", k->kind, meta->name);
	else if (index >= 0)
		snprintf(text, sizeof(text), "%s items[%d]", k->kind, index);
	else
		snprintf(text, sizeof(text), "%s", k->kind);
	svcr_diags_name(r->diags, first, text);
}

/* An object that is being read. */
struct reading {
	const struct svcr_kind *kind;
	int index;            /* in its list, or -1 */
	size_t first, errors; /* diagnostics before it */
	struct svcr_object object;
};

static struct reading start(const struct svcr_reader *r, const struct svcr_kind *k, int index)
{
	return (struct reading){ .kind = k, .index = index, .first = svcrules_diags_count(r->diags),
				 .errors = svcrules_diags_errors(r->diags),
				 .object = { .first_slice = r->model->slices.n } };
}

static void finish(struct svcr_reader *r, struct reading *x)
{
	struct svcr_metadata *meta = &x->object.meta;

	if (!meta->ns)
		meta->ns = x->kind->namespaced ? intern(r, "default", 7) : "";
	if (!meta->ns)
		meta->ns = "";
	if (!meta->name && svcrules_diags_errors(r->diags) == x->errors) {
		svcr_read_push(r, "metadata", 0);
		svcr_read_push(r, "name", 0);
		svcr_read_error(r, "name", "missing");
		svcr_read_pop(r);
		svcr_read_pop(r);
	}
	x->kind->finish(r, &x->object);
	name_object(r, x->kind, meta, x->first, x->index);
	r->last = x->kind;
}

static void read_known(struct svcr_reader *r, const struct svcr_kind *k, int index)
{
	struct reading x = start(r, k, index);

	svcr_read_object(r, k->fields, &x.object);
	finish(r, &x);
}

static const char no_kind[] = "no Kubernetes object: it has no kind";

/* An error about an object of the document, or of its list. */
static void not_kubernetes(struct svcr_reader *r, int index, const char *text)
{
	if (index >= 0) {
		svcr_read_push(r, "items", 0);
		svcr_read_push(r, NULL, index);
	}
	svcr_read_error(r, "not-kubernetes", "%s", text);
	if (index >= 0) {
		svcr_read_pop(r);
		svcr_read_pop(r);
	}
}

/* Takes the value of "kind" or "apiVersion". */
static const char *read_head(struct svcr_reader *r, const char *key)
{
	const char *s;

	svcr_read_push(r, key, 0);
	s = svcr_read_interned(r);
	svcr_read_pop(r);
	return s;
}

/* ---- One object, by a guess -------------------------------------------- */

/*
 * kubectl sorts keys, so an EndpointSlice's "kind" comes after its endpoints.
 * Not to read them twice, an object is taken for the same as the one before,
 * or for the only kind of its "apiVersion", until both are known.
 */
struct guess {
	struct reading x;
	int mark;
	bool kept;                      /* the mark, to go back to and read it as something else */
	bool kind, api;                 /* found to be as guessed */
	const struct svcr_kind *better; /* than the one guessed */
};

/* The only known kind of that API, or NULL. */
static const struct svcr_kind *only_kind(struct svcr_str api)
{
	const struct svcr_kind *found = NULL;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!svcr_str_eq(api, kinds[i].api))
			continue;
		if (found)
			return NULL;
		found = &kinds[i];
	}
	return found;
}

static void let_go(struct svcr_reader *r, struct guess *g)
{
	if (g->kept)
		svcr_json_unmark(&r->json, g->mark);
	g->kept = false;
}

/* As if nothing had been read. */
static void undo(struct svcr_reader *r, struct guess *g)
{
	g->x.kind->drop(&g->x.object);
	r->model->slices.n = g->x.object.first_slice;
	svcr_diags_cut(r->diags, g->x.first);
}

static bool confirm_api(struct svcr_reader *r, struct guess *g)
{
	struct svcr_str s;

	if (svcr_json_peek(&r->json) != SVCR_JSON_STRING || !svcr_json_string(&r->json, &s))
		return false;
	g->api = !s.len || svcr_str_eq(s, g->x.kind->api);
	if (!g->api)
		g->better = only_kind(s);
	else if (g->kind || (g->x.index >= 0 && only_kind(s)))
		let_go(r, g); /* if the kind is another one, the object is ignored, and that needs no second reading */
	return g->api;
}

static bool confirm_kind(struct svcr_reader *r, struct guess *g)
{
	struct svcr_str s;

	g->kind = svcr_json_peek(&r->json) == SVCR_JSON_STRING && svcr_json_string(&r->json, &s) &&
		  svcr_str_eq(s, g->x.kind->kind);
	if (g->kind && g->api)
		let_go(r, g);
	return g->kind;
}

/* The object's kind comes when its text is gone. If it is another one, takes the rest of the object: true. */
static bool ignore_late(struct svcr_reader *r, struct guess *g)
{
	bool string = svcr_json_peek(&r->json) == SVCR_JSON_STRING;
	struct head h = { NULL, g->x.kind->api, false };
	struct svcr_str key;

	if (!string)
		undo(r, g);
	h.kind = read_head(r, "kind");
	g->kind = string && h.kind && strcmp(h.kind, g->x.kind->kind) == 0;
	if (g->kind)
		return false;
	if (string)
		undo(r, g);
	if (!h.kind || !*h.kind)
		not_kubernetes(r, g->x.index, no_kind);
	while (svcr_json_next_key(&r->json, &key))
		svcr_json_skip(&r->json);
	if (h.kind && *h.kind && !r->json.failed)
		count_ignored(r, &h);
	r->last = NULL;
	return true;
}

enum verdict { WRONG, RIGHT, IGNORED }; /* IGNORED: all that is to be said of it has been */

/* After the last of its keys. */
static enum verdict end_guess(struct svcr_reader *r, struct guess *g)
{
	if (g->kind && (g->api || !r->json.failed)) {
		let_go(r, g);
		return RIGHT;
	}
	if (g->kept)
		return WRONG;
	undo(r, g);
	not_kubernetes(r, g->x.index, no_kind);
	return IGNORED;
}

static enum verdict read_as(struct svcr_reader *r, struct guess *g)
{
	struct svcr_str key;

	if (!svcr_json_enter(&r->json))
		return WRONG;
	while (svcr_json_next_key(&r->json, &key)) {
		if (!g->kind && svcr_str_eq(key, "kind")) {
			if (g->kept && !confirm_kind(r, g))
				return WRONG;
			if (!g->kind && ignore_late(r, g))
				return IGNORED;
		} else if (!g->api && svcr_str_eq(key, "apiVersion")) {
			if (!confirm_api(r, g))
				return WRONG;
		} else if (!g->kind && g->x.index < 0 && svcr_str_eq(key, "items")) {
			return WRONG; /* may be a list */
		} else {
			svcr_read_member(r, g->x.kind->fields, key, &g->x.object);
		}
	}
	return end_guess(r, g);
}

/* Reads the object that comes next, if it is a `k`; else nothing, and *better may be what it is. */
static bool read_if(struct svcr_reader *r, const struct svcr_kind *k, int index, const struct svcr_kind **better)
{
	struct guess g = { .x = start(r, k, index), .mark = svcr_json_mark(&r->json), .kept = true };
	enum verdict v = read_as(r, &g);

	if (v == RIGHT)
		finish(r, &g.x);
	if (v != WRONG)
		return true;
	undo(r, &g);
	svcr_json_rewind(&r->json, g.mark);
	svcr_json_unmark(&r->json, g.mark);
	*better = g.better;
	return false;
}

static bool read_guessed(struct svcr_reader *r, int index)
{
	const struct svcr_kind *better = NULL;

	return r->last && (read_if(r, r->last, index, &better) || (better && read_if(r, better, index, &better)));
}

/* ---- What comes next --------------------------------------------------- */

/* Takes the keys of the object entered until its kind and apiVersion are known. */
static void scan_keys(struct svcr_reader *r, struct head *h, bool *items)
{
	struct svcr_str key;

	while ((!h->kind || !h->api) && svcr_json_next_key(&r->json, &key)) {
		if (svcr_str_eq(key, "kind")) {
			h->kind = read_head(r, "kind");
		} else if (svcr_str_eq(key, "apiVersion")) {
			h->api = read_head(r, "apiVersion");
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
	struct head first = { NULL, .items_first = false };

	if (svcr_json_peek(&r->json) != SVCR_JSON_ARRAY || !svcr_json_enter(&r->json) ||
	    !svcr_json_next_item(&r->json) || svcr_json_peek(&r->json) != SVCR_JSON_OBJECT ||
	    !svcr_json_enter(&r->json))
		return false;
	first.api = ""; /* the kind is enough */
	scan_keys(r, &first, NULL);
	return first.kind && *first.kind;
}

/*
 * Looks ahead into the object that comes next. kubectl sorts keys: a List's
 * "kind" comes after its "items", which may be too long to be kept in memory.
 * Their first one tells a List from a typed list. Lists are not nested.
 */
static void look(struct svcr_reader *r, struct head *h, bool list_allowed)
{
	int mark = svcr_json_mark(&r->json);
	bool items = false;

	if (svcr_json_enter(&r->json))
		scan_keys(r, h, list_allowed ? &items : NULL);
	if (items && first_item_has_kind(r)) {
		h->items_first = true;
	} else if (items) {
		svcr_json_rewind(&r->json, mark);
		*h = (struct head){ NULL, .items_first = false };
		if (svcr_json_enter(&r->json))
			scan_keys(r, h, NULL);
	}
	svcr_json_rewind(&r->json, mark);
	svcr_json_unmark(&r->json, mark);
}

static void read_list(struct svcr_reader *r, const struct head *h);

/* Reads the object that comes next; `typed` says what it is, if its list did. */
static void read_any(struct svcr_reader *r, const struct head *typed, int index)
{
	struct head h = { NULL, .items_first = false };
	const struct svcr_kind *k;

	if (svcr_json_peek(&r->json) != SVCR_JSON_OBJECT) {
		not_kubernetes(r, index, "not an object");
		svcr_json_skip(&r->json);
		return;
	}
	if (!typed && r->last && read_guessed(r, index))
		return;
	if (typed)
		h = *typed;
	else
		look(r, &h, index < 0);
	if (!h.items_first && (!h.kind || !*h.kind)) {
		not_kubernetes(r, index, no_kind);
		svcr_json_skip(&r->json);
		return;
	}
	if (index < 0 && (h.items_first || list_prefix(h.kind) >= 0)) {
		read_list(r, &h);
		return;
	}
	k = find_kind(h.kind, h.api);
	if (k) {
		read_known(r, k, index);
		return;
	}
	r->last = NULL;
	svcr_json_skip(&r->json);
	if (!r->json.failed)
		count_ignored(r, &h);
}

/* ---- Lists ------------------------------------------------------------- */

static void read_items(struct svcr_reader *r, struct items *items)
{
	if (svcr_json_peek(&r->json) != SVCR_JSON_ARRAY) {
		if (svcr_json_peek(&r->json) != SVCR_JSON_NULL)
			svcr_read_error(r, "type", "items are no list");
		svcr_json_skip(&r->json);
		return;
	}
	if (!svcr_json_enter(&r->json))
		return;
	if (!r->last)
		r->last = &kinds[0]; /* a guess is never too soon: a slice that comes first tells by its API */
	while (svcr_json_next_item(&r->json))
		read_any(r, items->head, items->index++);
}

/* A kind that came after its items must be what they were taken for. */
static void check_late_kind(struct svcr_reader *r)
{
	const char *kind = read_head(r, "kind");

	svcr_read_push(r, "kind", 0);
	if (kind && list_prefix(kind) < 0)
		svcr_read_error(r, "not-kubernetes", "'%.64s' has items, expected a List", kind);
	svcr_read_pop(r);
}

static void read_list(struct svcr_reader *r, const struct head *h)
{
	struct head item = { NULL, h->api, false };
	struct items items = { NULL, 0, false };
	long prefix = h->items_first ? 0 : list_prefix(h->kind);
	struct svcr_str key;

	if (prefix > 0) {
		item.kind = intern(r, h->kind, (size_t)prefix);
		items.head = item.kind ? &item : NULL;
	}
	if (!svcr_json_enter(&r->json))
		return;
	while (svcr_json_next_key(&r->json, &key)) {
		if (svcr_str_eq(key, "items")) {
			items.found = true;
			read_items(r, &items);
		} else if (h->items_first && svcr_str_eq(key, "kind")) {
			check_late_kind(r);
		} else {
			svcr_json_skip(&r->json);
		}
	}
	if (!items.found && prefix > 0 && !find_kind(item.kind, h->api) && !r->json.failed)
		count_ignored(r, h); /* a kind that is merely called so */
}

/* ---- Sources ----------------------------------------------------------- */

static void read_documents(struct svcr_reader *r)
{
	size_t n = 0;

	for (; svcr_json_more_documents(&r->json) && !r->err; n++)
		read_any(r, NULL, -1);
	if (n == 0 && !r->json.failed)
		svcr_read_error(r, "empty", "no JSON at all");
	if (r->json.failed && r->json.error != -ENOMEM)
		svcr_diag(r->diags, &(struct svcrules_diag){ .severity = SVCRULES_ERROR, .check = "json",
			  .source = r->source, .line = r->json.line, .column = r->json.column }, "%s",
			  r->json.message);
}

static int outcome(const struct svcr_reader *r, size_t errors)
{
	if (r->err)
		return r->err;
	if (r->json.failed && r->json.error != -EFBIG)
		return r->json.error;
	return svcrules_diags_errors(r->diags) > errors ? -EINVAL : 0;
}

int svcrules_model_read(struct svcrules_model *m, const char *source, svcrules_fill_fn fill, void *arg,
			struct svcrules_diags *d)
{
	struct svcr_reader r = { .model = m, .diags = d };
	size_t errors = svcrules_diags_errors(d);
	int err;

	r.source = intern(&r, source ? source : "input", strlen(source ? source : "input"));
	if (!r.source)
		return -ENOMEM;
	err = svcr_json_init(&r.json, fill, arg);
	if (err)
		return err;
	read_documents(&r);
	err = outcome(&r, errors);
	svcr_json_release(&r.json);
	return err;
}
