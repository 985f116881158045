/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "object.h"
#include "identity.h"
#include "kinds/metadata.h"

#include <errno.h>

#define IGNORED_MAX 50      /* kinds that are counted apart from others */
#define OBJECT_NAME_MAX 400 /* bytes of "KIND NAMESPACE/NAME" in messages */

const char svcr_object_no_kind[] = "no Kubernetes object: it has no kind";

int svcr_object_init(struct svcr_reader *r)
{
	size_t size = sizeof(struct svcr_metadata);

	for (const struct svcr_kind *const *k = r->model->reads; *k; k++)
		if ((*k)->size > size)
			size = (*k)->size;
	r->object = malloc(size);
	return r->object ? 0 : -ENOMEM;
}

/* ---- Names ------------------------------------------------------------- */

/* Names the object in its diagnostics: by its name, else by its place in the list. */
static void object_name(struct svcr_reader *r, const struct svcr_reading *x,
			const struct svcr_metadata *meta)
{
	const struct svcr_kind *k = x->kind;
	char text[OBJECT_NAME_MAX];

	if (svcrules_diags_count(r->diags) == x->first)
		return;
	if (meta->name && k->namespaced)
		snprintf(text, sizeof(text), "%s %s/%s", k->kind, meta->ns, meta->name);
	else if (meta->name)
		snprintf(text, sizeof(text), "%s %s", k->kind, meta->name);
	else if (x->index >= 0)
		snprintf(text, sizeof(text), "%s %s[%d]", k->kind, r->in_array ? "" : "items",
			 x->index);
	else
		snprintf(text, sizeof(text), "%s", k->kind);
	svcr_diags_name(r->diags, x->first, text);
}

static void name_error(struct svcr_reader *r, const char *text)
{
	svcr_read_push(r, "metadata", 0);
	svcr_read_push(r, "name", 0);
	svcr_read_error(r, "name", "%s", text);
	svcr_read_pop(r);
	svcr_read_pop(r);
}

/* ---- From start to end ------------------------------------------------- */

struct svcr_reading svcr_object_start(struct svcr_reader *r, const struct svcr_kind *k, int index)
{
	memset(r->object, 0, k->size);
	if (r->model->lines)
		r->line = svcr_json_line(&r->json);
	return (struct svcr_reading){ .kind = k,
				      .index = index,
				      .first = svcr_diags_mark(r->diags),
				      .errors = svcrules_diags_errors(r->diags) };
}

static void finish_named(struct svcr_reader *r, const struct svcr_reading *x,
			 const struct svcr_metadata *meta)
{
	struct svcr_lengths before;

	svcr_identity_start(r, &before);
	x->kind->finish(r, r->object);
	if (!r->json.failed && svcrules_diags_errors(r->diags) == x->errors)
		svcr_identity_finish(r, x->kind, meta, &before, x->first);
}

void svcr_object_finish(struct svcr_reader *r, const struct svcr_reading *x)
{
	struct svcr_metadata *meta = r->object;

	if (!meta->ns && x->kind->namespaced)
		meta->ns = svcr_read_intern(r, (struct svcr_str){ "default", 7 });
	if (!meta->ns)
		meta->ns = "";
	if (!meta->name && !meta->unusable && svcrules_diags_errors(r->diags) == x->errors)
		name_error(r, "missing");
	if (meta->unusable && x->kind->needs_name)
		name_error(r, "a name or namespace that no object can have, so that what the "
			      "object is for is not known");
	if (!meta->name || meta->unusable)
		svcr_read_release(x->kind->fields, r->object);
	else
		finish_named(r, x, meta);
	object_name(r, x, meta);
	r->last = x->kind;
	r->line = 0;
}

void svcr_object_abandon(struct svcr_reader *r, const struct svcr_reading *x)
{
	svcr_read_release(x->kind->fields, r->object);
	svcr_diags_cut(r->diags, x->first);
	r->line = 0;
}

void svcr_object_read(struct svcr_reader *r, const struct svcr_kind *k, int index)
{
	struct svcr_reading x = svcr_object_start(r, k, index);

	svcr_read_object(r, k->fields, r->object);
	svcr_object_finish(r, &x);
}

/* ---- Objects that are not read ----------------------------------------- */

const char *svcr_object_head(struct svcr_reader *r, const char *key)
{
	const char *s;

	svcr_read_push(r, key, 0);
	s = svcr_read_interned(r);
	svcr_read_pop(r);
	return s;
}

void svcr_object_ignore(struct svcr_reader *r, const struct svcr_head *h)
{
	char text[OBJECT_NAME_MAX];
	const char *kind = h->kind;
	struct svcr_ignored *slot;

	if (r->event == SVCR_EVENT_MODIFIED || r->event == SVCR_EVENT_DELETED)
		return; /* an object that was counted when it was added */
	if (svcr_kinds_find(r->model->reads, kind, NULL)) {
		snprintf(text, sizeof(text), "%s (%s)", kind, h->api);
		kind = text;
	}
	kind = svcr_read_intern(r, (struct svcr_str){ kind, strlen(kind) });
	for (size_t i = 0; i < r->model->ignored.n; i++) {
		slot = &r->model->ignored.v[i];
		if (slot->kind == kind || i == IGNORED_MAX - 1) {
			slot->n++;
			return;
		}
	}
	if (r->model->ignored.n == IGNORED_MAX - 1)
		kind = "of other kinds";
	slot = kind ? SVCR_READ_GROW(r, &r->model->ignored) : NULL;
	if (slot)
		*slot = (struct svcr_ignored){ kind, 1 };
}

void svcr_object_foreign(struct svcr_reader *r, int index, const char *text)
{
	const char *more = "";

	if (r->in_array && text == svcr_object_no_kind) {
		if (r->kindless) /* told once: the others are of the same kind */
			return;
		r->kindless = true;
		more = "; if these are Services, say so: jq '{kind: \"ServiceList\", apiVersion: "
		       "\"v1\", items: .}'";
	}
	if (index >= 0 && !r->in_array)
		svcr_read_push(r, "items", 0);
	if (index >= 0)
		svcr_read_push(r, NULL, index);
	svcr_read_error(r, "not-kubernetes", "%s%s", text, more);
	if (index >= 0)
		svcr_read_pop(r);
	if (index >= 0 && !r->in_array)
		svcr_read_pop(r);
}
