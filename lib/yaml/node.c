/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes: scalars with their types, lists, mappings and their keys. */
#include "scalar.h"
#include "state.h"
#include "wipe.h"

#include <errno.h>
#include <stdlib.h>

static struct svcr_yaml_frame *node_frame(struct svcr_yaml *y)
{
	struct svcr_yaml_state *st = y->state;

	return st->depth ? &st->frames[st->depth - 1] : NULL;
}

static void put_text(struct svcr_yaml *y, const char *text)
{
	svcr_yaml_put(y, text, strlen(text));
}

/* ---- Scalars ----------------------------------------------------------- */

static struct svcr_str scalar_text(const yaml_event_t *e)
{
	return (struct svcr_str){ (const char *)e->data.scalar.value, e->data.scalar.length };
}

static enum svcr_scalar_type scalar_type(const yaml_event_t *e, char text[static SVCR_SCALAR_TEXT])
{
	return svcr_scalar_resolve(scalar_text(e), (const char *)e->data.scalar.tag,
				   e->data.scalar.plain_implicit, text);
}

/* The end of the tag ("int"), for messages. */
static const char *tag_name(const yaml_event_t *e)
{
	const char *tag = (const char *)e->data.scalar.tag, *colon = tag ? strrchr(tag, ':') : NULL;

	return colon ? colon + 1 : "";
}

/* Bytes that are not UTF-8 become U+FFFD, as in Go; here each that is not ASCII. */
static void put_binary(struct svcr_yaml *y, const yaml_event_t *e)
{
	struct svcr_str s = scalar_text(e);
	char *bytes = malloc(s.len + 1), *text = malloc(s.len * 3 + 1);
	long n = bytes ? svcr_scalar_base64(s, bytes) : 0;
	size_t len = 0;

	if (n < 0)
		svcr_yaml_fail(y, &e->start_mark, "!!binary, but not base64");
	for (long i = 0; text && i < n; i++) {
		bool ascii = (unsigned char)bytes[i] < 0x80;

		memcpy(text + len, ascii ? &bytes[i] : "\xef\xbf\xbd", ascii ? 1 : 3);
		len += ascii ? 1 : 3;
	}
	if (!bytes || !text)
		svcr_yaml_no_memory(y);
	else
		svcr_yaml_put_string(y, (struct svcr_str){ text, len });
	svcr_wipe_free(bytes, s.len + 1, y->wipe);
	svcr_wipe_free(text, s.len * 3 + 1, y->wipe);
}

static void put_scalar(struct svcr_yaml *y, const yaml_event_t *e)
{
	char text[SVCR_SCALAR_TEXT];

	switch (scalar_type(e, text)) {
	case SVCR_SCALAR_NULL: put_text(y, "null"); break;
	case SVCR_SCALAR_BOOL:
	case SVCR_SCALAR_INT:
	case SVCR_SCALAR_FLOAT: put_text(y, text); break;
	case SVCR_SCALAR_STRING: svcr_yaml_put_string(y, scalar_text(e)); break;
	case SVCR_SCALAR_BINARY: put_binary(y, e); break;
	case SVCR_SCALAR_SPECIAL:
		svcr_yaml_fail(y, &e->start_mark, "%s is a number that JSON does not have", text);
		break;
	case SVCR_SCALAR_WRONG:
		svcr_yaml_fail(y, &e->start_mark, "'%.60s' is not what its tag !!%.20s says",
			       y->wipe ? "..." : (const char *)e->data.scalar.value, tag_name(e));
		break;
	}
	if (y->wipe)
		explicit_bzero(text, sizeof(text));
}

/* ---- Keys -------------------------------------------------------------- */

static bool is_merge(const yaml_event_t *e)
{
	return e->type == YAML_SCALAR_EVENT && svcr_str_eq(scalar_text(e), "<<") &&
	       (e->data.scalar.plain_implicit || strcmp(tag_name(e), "merge") == 0);
}

/*
 * kubectl writes its complaints to standard error. If that went into the file, behind the
 * objects, a line of them is a key of the outermost mapping.
 */
static bool is_complaint(struct svcr_str key)
{
	static const char *const starts[] = { "Error from server", "error", "Warning",
					      "Unable to connect to the server" };

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (key.len >= strlen(starts[i]) &&
		    memcmp(key.p, starts[i], strlen(starts[i])) == 0)
			return i == 0 || i == 3 || key.len == strlen(starts[i]);
	return false;
}

static void put_scalar_key(struct svcr_yaml *y, const yaml_event_t *e)
{
	char text[SVCR_SCALAR_TEXT];

	if (y->state->depth == 1 && e->start_mark.column == 0 && is_complaint(scalar_text(e)))
		svcr_yaml_fail(y, &e->start_mark,
			       "found the text '%.60s: ...'; is kubectl's standard error in the "
			       "file (2>&1)?",
			       (const char *)e->data.scalar.value);
	switch (scalar_type(e, text)) {
	case SVCR_SCALAR_BOOL:
	case SVCR_SCALAR_INT:
	case SVCR_SCALAR_FLOAT:
	case SVCR_SCALAR_SPECIAL:
		svcr_yaml_put_string(y, (struct svcr_str){ text, strlen(text) });
		break;
	case SVCR_SCALAR_NULL: svcr_yaml_fail(y, &e->start_mark, "a key that is null"); break;
	default: svcr_yaml_put_string(y, scalar_text(e));
	}
}

/* A key that an alias names: a scalar, as JSON. */
static void put_alias_key(struct svcr_yaml *y, const yaml_event_t *e)
{
	struct svcr_yaml_range r;
	char first;

	if (!svcr_yaml_alias(y, e, &r))
		return;
	first = y->state->kept.p[r.start];
	if (first == '{' || first == '[' || first == 'n')
		svcr_yaml_fail(y, &e->start_mark, "a key that is %s",
			       first == 'n' ? "null" :
			       first == '[' ? "a list" :
					      "a mapping");
	if (first != '"')
		put_text(y, "\"");
	svcr_yaml_put_kept(y, r);
	if (first != '"')
		put_text(y, "\"");
}

static void take_key(struct svcr_yaml *y, const yaml_event_t *e)
{
	struct svcr_yaml_frame *f = node_frame(y);
	struct svcr_yaml_anchor *anchor = NULL;
	struct svcr_yaml_buffer *to;
	size_t start;

	f->valued = true;
	if (is_merge(e)) {
		f->merging = true;
		return;
	}
	if (e->type != YAML_SCALAR_EVENT && e->type != YAML_ALIAS_EVENT) {
		svcr_yaml_fail(y, &e->start_mark, "a key that is %s",
			       e->type == YAML_SEQUENCE_START_EVENT ? "a list" : "a mapping");
		return;
	}
	if (f->any)
		put_text(y, ",");
	f->any = true;
	svcr_yaml_place(y, &e->start_mark);
	if (e->type == YAML_SCALAR_EVENT && e->data.scalar.anchor)
		anchor = svcr_yaml_anchor_start(y, &e->start_mark,
						(const char *)e->data.scalar.anchor);
	to = y->state->diverting ? &y->state->kept : &y->state->out;
	start = to->len;
	if (e->type == YAML_SCALAR_EVENT)
		put_scalar_key(y, e);
	else
		put_alias_key(y, e);
	svcr_yaml_anchor_end(y, anchor);
	if (!y->failed)
		svcr_yaml_note_key(y, to->p + start, to->len - start);
	put_text(y, ":");
}

/* ---- Values ------------------------------------------------------------ */

static const char *node_anchor(const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_SCALAR_EVENT: return (const char *)e->data.scalar.anchor;
	case YAML_SEQUENCE_START_EVENT: return (const char *)e->data.sequence_start.anchor;
	case YAML_MAPPING_START_EVENT: return (const char *)e->data.mapping_start.anchor;
	default: return NULL;
	}
}

/* After a value: its merge key, if it is of one, ends with it. */
static void value_end(struct svcr_yaml *y, bool in_merge)
{
	if (in_merge)
		svcr_yaml_merge_end(y);
}

static void open_node(struct svcr_yaml *y, const yaml_event_t *e, struct svcr_yaml_anchor *anchor,
		      bool in_merge)
{
	struct svcr_yaml_state *st = y->state;
	bool mapping = e->type == YAML_MAPPING_START_EVENT;

	if (st->depth == SVCR_YAML_MAX_DEPTH) {
		svcr_yaml_fail(y, &e->start_mark, "nested deeper than %d", SVCR_YAML_MAX_DEPTH);
		return;
	}
	put_text(y, mapping ? "{" : "[");
	st->frames[st->depth++] = (struct svcr_yaml_frame){ .mapping = mapping,
							    .in_merge = in_merge,
							    .anchor = anchor,
							    .first_hash = st->hashes.n,
							    .first_merge = st->merges.n };
}

static void close_node(struct svcr_yaml *y, const yaml_event_t *e)
{
	struct svcr_yaml_state *st = y->state;
	struct svcr_yaml_frame f;

	svcr_yaml_put_merged(y, &e->start_mark);
	f = *node_frame(y);
	st->hashes.n = f.first_hash;
	st->merges.n = f.first_merge;
	put_text(y, f.mapping ? "}" : "]");
	svcr_yaml_anchor_end(y, f.anchor);
	st->depth--;
	value_end(y, f.in_merge);
}

/* A document that is null has only a comment, or nothing. */
static bool is_empty_document(const struct svcr_yaml *y, const yaml_event_t *e)
{
	char text[SVCR_SCALAR_TEXT];

	return !y->state->depth && e->type == YAML_SCALAR_EVENT &&
	       scalar_type(e, text) == SVCR_SCALAR_NULL;
}

/* Takes the start of a value: all of it, unless it is a list or a mapping. */
static void take_value(struct svcr_yaml *y, const yaml_event_t *e)
{
	struct svcr_yaml_frame *f = node_frame(y);
	struct svcr_yaml_anchor *anchor = NULL;
	bool in_merge = f && f->merging;
	struct svcr_yaml_range r;

	if (is_empty_document(y, e))
		return;
	if (f && !f->mapping && f->any)
		put_text(y, ",");
	if (f && !f->mapping)
		f->any = true;
	if (f)
		f->valued = f->merging = false;
	if (in_merge)
		svcr_yaml_merge_start(y);
	if (node_anchor(e))
		anchor = svcr_yaml_anchor_start(y, &e->start_mark, node_anchor(e));
	switch (e->type) {
	case YAML_ALIAS_EVENT:
		if (svcr_yaml_alias(y, e, &r))
			svcr_yaml_put_kept(y, r);
		break;
	case YAML_SCALAR_EVENT: put_scalar(y, e); break;
	default: open_node(y, e, anchor, in_merge); return;
	}
	svcr_yaml_anchor_end(y, anchor);
	value_end(y, in_merge);
}

void svcr_yaml_node(struct svcr_yaml *y, const yaml_event_t *e)
{
	const struct svcr_yaml_frame *f = node_frame(y);

	if (e->type == YAML_SEQUENCE_END_EVENT || e->type == YAML_MAPPING_END_EVENT)
		close_node(y, e);
	else if (f && f->mapping && !f->valued)
		take_key(y, e);
	else
		take_value(y, e);
}
