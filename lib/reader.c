/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reader.h"

#include <errno.h>

#define SHOWN_MAX 300 /* bytes of a wrong value in a message */

static const char *const type_names[SVCR_JSON__COUNT] = {
	[SVCR_JSON_ERROR] = "nothing",      [SVCR_JSON_NULL] = "null",
	[SVCR_JSON_BOOL] = "true or false", [SVCR_JSON_NUMBER] = "a number",
	[SVCR_JSON_STRING] = "a string",    [SVCR_JSON_ARRAY] = "a list",
	[SVCR_JSON_OBJECT] = "an object",
};

/* Prints the path of the current field into `buf` and returns it; NULL outside of all fields. */
static const char *reader_path(const struct svcr_reader *r, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	for (int i = 0; i < r->depth && n < size; i++)
		n += (size_t)(r->path[i].key ?
				      snprintf(buf + n, size - n, "%s%s", i ? "." : "",
					       r->path[i].key) :
				      snprintf(buf + n, size - n, "[%d]", r->path[i].index));
	return r->depth ? buf : NULL;
}

void svcr_read_push(struct svcr_reader *r, const char *key, int index)
{
	if (r->depth < SVCR_PATH_MAX) {
		r->path[r->depth].key = key;
		r->path[r->depth].index = index;
	}
	r->depth++;
}

void svcr_read_pop(struct svcr_reader *r)
{
	r->depth--;
}

static void reader_complain(struct svcr_reader *r, enum svcrules_severity severity,
			    const char *check, const char *object, const char *fmt, va_list ap)
{
	char field[512], text[512];

	vsnprintf(text, sizeof(text), fmt, ap);
	svcr_diag(r->diags,
		  &(struct svcrules_diag){ .severity = severity,
					   .check = check,
					   .source = r->source,
					   .object = object,
					   .line = r->line,
					   .field = reader_path(r, field, sizeof(field)) },
		  "%s", text);
}

void svcr_read_error(struct svcr_reader *r, const char *check, const char *fmt, ...)
{
	va_list ap;

	if (r->json.failed) /* reported once, with its line and column */
		return;
	va_start(ap, fmt);
	reader_complain(r, SVCRULES_ERROR, check, NULL, fmt, ap);
	va_end(ap);
}

void svcr_read_warning(struct svcr_reader *r, const char *check, const char *fmt, ...)
{
	va_list ap;

	if (r->json.failed)
		return;
	va_start(ap, fmt);
	reader_complain(r, SVCRULES_WARNING, check, NULL, fmt, ap);
	va_end(ap);
}

void svcr_read_note(struct svcr_reader *r, enum svcrules_severity severity, const char *check,
		    const char *object, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	reader_complain(r, severity, check, object, fmt, ap);
	va_end(ap);
}

/* True if the next value has the type; else it is skipped, with an error unless it is null. */
static bool reader_expect(struct svcr_reader *r, enum svcr_json_type type)
{
	enum svcr_json_type found = svcr_json_peek(&r->json);

	if (found == type)
		return true;
	if (found != SVCR_JSON_NULL && found != SVCR_JSON_ERROR)
		svcr_read_error(r, "type", "found %s, expected %s", type_names[found],
				type_names[type]);
	svcr_json_skip(&r->json);
	return false;
}

bool svcr_read_string(struct svcr_reader *r, struct svcr_str *s)
{
	return reader_expect(r, SVCR_JSON_STRING) && svcr_json_string(&r->json, s);
}

const char *svcr_read_intern(struct svcr_reader *r, struct svcr_str s)
{
	const char *p = svcr_intern(&r->model->strings, &r->model->arena, s);

	if (!p)
		r->err = -ENOMEM;
	return p;
}

const char *svcr_read_interned(struct svcr_reader *r)
{
	struct svcr_str s;

	if (!svcr_read_string(r, &s))
		return NULL;
	if (!memchr(s.p, '\0', s.len))
		return svcr_read_intern(r, s);
	svcr_read_warning(r, "value", "'%.*s' goes on with a NUL character: left out",
			  (int)strnlen(s.p, SHOWN_MAX), s.p);
	return NULL;
}

static void reader_complain_words(struct svcr_reader *r, struct svcr_str s,
				  const char *const *words, const char *instead)
{
	char list[128] = "";
	size_t n = 0;

	for (int i = 0; words[i] && n < sizeof(list); i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s",
				      i == 0       ? "" :
				      words[i + 1] ? ", " :
						     " or ",
				      words[i]);
	svcr_read_warning(r, "value", "'%.*s' is not known, expected %s: %s",
			  (int)(s.len < SHOWN_MAX ? s.len : SHOWN_MAX), s.p, list, instead);
}

int svcr_read_word(struct svcr_reader *r, const char *const *words, const char *instead)
{
	struct svcr_str s;

	if (!svcr_read_string(r, &s) || !s.len) /* "" is the same as absent */
		return SVCR_NO_WORD;
	for (int i = 0; words[i]; i++)
		if (svcr_str_eq(s, words[i]))
			return i;
	reader_complain_words(r, s, words, instead);
	return SVCR_OTHER_WORD;
}

bool svcr_read_whole(struct svcr_reader *r, int64_t *n)
{
	struct svcr_str s, digits;
	int64_t value = 0;
	bool negative;
	size_t i = 0;

	if (!reader_expect(r, SVCR_JSON_NUMBER) || !svcr_json_number(&r->json, &s))
		return false;
	negative = *s.p == '-';
	digits = (struct svcr_str){ s.p + negative, s.len - negative };
	for (; i < digits.len && i < 18 && digits.p[i] >= '0' && digits.p[i] <= '9'; i++)
		value = value * 10 + (digits.p[i] - '0');
	if (i < digits.len) {
		svcr_read_error(r, "range", "%.*s is not a whole number",
				(int)(s.len < SHOWN_MAX ? s.len : SHOWN_MAX), s.p);
		return false;
	}
	*n = negative ? -value : value;
	return true;
}

/*
 * Takes a whole number from f->min to f->max. Returns false, *member unchanged,
 * on any other value.
 */
static bool read_number(struct svcr_reader *r, const struct svcr_field *f, uint32_t *member)
{
	struct svcr_str s;
	uint64_t n = 0;
	size_t i = 0;

	if (!reader_expect(r, SVCR_JSON_NUMBER) || !svcr_json_number(&r->json, &s))
		return false;
	for (; i < s.len && i < 12 && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		n = n * 10 + (uint64_t)(s.p[i] - '0');
	if (i < s.len || n < f->min || n > f->max) {
		svcr_read_error(r, "range", "%.*s is not a whole number in %u-%u", (int)s.len, s.p,
				f->min, f->max);
		return false;
	}
	*member = (uint32_t)n;
	return true;
}

bool svcr_read_bool(struct svcr_reader *r, bool *b)
{
	return reader_expect(r, SVCR_JSON_BOOL) && svcr_json_bool(&r->json, b);
}

static void read_int_or_string(struct svcr_reader *r, const struct svcr_field *f,
			       struct svcr_int_or_string *member)
{
	enum svcr_json_type found = svcr_json_peek(&r->json);
	struct svcr_int_or_string value = { .type = SVCR_NEITHER };

	if (found == SVCR_JSON_NUMBER) {
		if (read_number(r, f, &value.number))
			value.type = SVCR_INT;
	} else if (found == SVCR_JSON_STRING) {
		value.string = svcr_read_interned(r);
		if (value.string)
			value.type = SVCR_STRING;
	} else {
		if (found != SVCR_JSON_NULL && found != SVCR_JSON_ERROR)
			svcr_read_error(r, "type", "found %s, expected a number or a string",
					type_names[found]);
		svcr_json_skip(&r->json);
	}
	if (value.type != SVCR_NEITHER)
		*member = value;
}

/*
 * Interns the next string with each NUL replaced by \001. NULL: there is none, or no memory.
 */
static const char *read_without_nul(struct svcr_reader *r)
{
	struct svcr_str s;
	char *copy;

	if (!svcr_read_string(r, &s))
		return NULL;
	if (!memchr(s.p, '\0', s.len))
		return svcr_read_intern(r, s);
	copy = svcr_arena_strndup(&r->model->arena, s.p, s.len);
	if (!copy) {
		r->err = -ENOMEM;
		return NULL;
	}
	for (size_t i = 0; i < s.len; i++)
		if (!copy[i])
			copy[i] = '\001';
	return svcr_read_intern(r, (struct svcr_str){ copy, s.len });
}

/* Reads the value of one key of a map; null counts as absent. */
static void read_pair(struct svcr_reader *r, const struct svcr_field *f, struct svcr_str key,
		      struct svcr_map *map)
{
	struct svcr_pair pair = { .key = svcr_read_intern(r, key) }, *slot;

	if (!pair.key) {
		svcr_json_skip(&r->json);
		return;
	}
	svcr_read_push(r, pair.key, 0);
	pair.value = f->keep_nul ? read_without_nul(r) : svcr_read_interned(r);
	svcr_read_pop(r);
	slot = pair.value ? SVCR_READ_GROW(r, map) : NULL;
	if (slot)
		*slot = pair;
}

static void read_map(struct svcr_reader *r, const struct svcr_field *f, struct svcr_map *map)
{
	size_t max = f->max ? f->max : SVCR_MAP_MAX, n = 0;
	struct svcr_str key;

	if (!reader_expect(r, SVCR_JSON_OBJECT) || !svcr_json_enter(&r->json))
		return;
	while (svcr_json_next_key(&r->json, &key)) {
		if (n++ < max)
			read_pair(r, f, key, map);
		else
			svcr_json_skip(&r->json);
	}
	if (n > max)
		svcr_read_error(r, "range", "%zu entries, expected at most %zu", n, max);
	svcr_map_sort(map);
}

static void read_field(struct svcr_reader *r, const struct svcr_field *f, void *member)
{
	const char *s;

	switch ((enum svcr_field_kind)f->kind) {
	case SVCR_F_STRING:
		s = svcr_read_interned(r);
		if (s)
			*(const char **)member = s;
		break;
	case SVCR_F_BOOL: svcr_read_bool(r, member); break;
	case SVCR_F_INT: read_number(r, f, member); break;
	case SVCR_F_INT_OR_STRING: read_int_or_string(r, f, member); break;
	case SVCR_F_MAP: read_map(r, f, member); break;
	case SVCR_F_OBJECT: svcr_read_object(r, f->fields, member); break;
	case SVCR_F_EACH: svcr_read_each(r, f->read, member); break;
	case SVCR_F_CUSTOM: f->read(r, member); break;
	}
}

static const struct svcr_field *reader_field(const struct svcr_field *fields, struct svcr_str key)
{
	for (; fields->name; fields++)
		if (key.len == fields->len && *key.p == *fields->name &&
		    memcmp(key.p, fields->name, key.len) == 0)
			return fields;
	return NULL;
}

void svcr_read_member(struct svcr_reader *r, const struct svcr_field *fields, struct svcr_str key,
		      void *obj)
{
	const struct svcr_field *f = reader_field(fields, key);

	if (!f) {
		svcr_json_skip(&r->json);
		return;
	}
	svcr_read_push(r, f->name, 0);
	read_field(r, f, (char *)obj + f->offset);
	svcr_read_pop(r);
}

void svcr_read_object(struct svcr_reader *r, const struct svcr_field *fields, void *obj)
{
	struct svcr_str key;

	if (!reader_expect(r, SVCR_JSON_OBJECT) || !svcr_json_enter(&r->json))
		return;
	while (svcr_json_next_key(&r->json, &key))
		svcr_read_member(r, fields, key, obj);
}

bool svcr_read_known(struct svcr_reader *r, const struct svcr_field *fields, void *obj,
		     const char *instead)
{
	struct svcr_str key;
	bool known = true;

	if (!reader_expect(r, SVCR_JSON_OBJECT) || !svcr_json_enter(&r->json))
		return false;
	while (svcr_json_next_key(&r->json, &key)) {
		if (!reader_field(fields, key)) {
			svcr_read_warning(r, "unknown-field", "'%.*s' is no field known here: %s",
					  (int)(key.len < SHOWN_MAX ? key.len : SHOWN_MAX), key.p,
					  instead);
			known = false;
		}
		svcr_read_member(r, fields, key, obj);
	}
	return known;
}

void svcr_read_each(struct svcr_reader *r, void (*read)(struct svcr_reader *r, void *member),
		    void *member)
{
	if (!reader_expect(r, SVCR_JSON_ARRAY) || !svcr_json_enter(&r->json))
		return;
	for (int i = 0; svcr_json_next_item(&r->json); i++) {
		svcr_read_push(r, NULL, i);
		read(r, member);
		svcr_read_pop(r);
	}
}

/*
 * Lists have different types but one layout (list.h); as bytes they may be read
 * as struct svcr_list.
 */
static void release_list(void *member)
{
	struct svcr_list l;

	memcpy(&l, member, sizeof(l));
	free(l.v);
	memset(member, 0, sizeof(l));
}

void svcr_read_release(const struct svcr_field *fields, void *obj)
{
	for (const struct svcr_field *f = fields; f->name; f++) {
		void *member = (char *)obj + f->offset;

		if (f->kind == SVCR_F_OBJECT)
			svcr_read_release(f->fields, member);
		else if (f->owns || f->kind == SVCR_F_MAP)
			release_list(member);
	}
}

/* ---- Lists ------------------------------------------------------------- */

void svcr_read_keep(struct svcr_reader *r, void **v, size_t *n, size_t *cap, size_t size)
{
	void *p = *n ? svcr_arena_array(&r->model->arena, *n, size) : NULL;

	if (p) {
		memcpy(p, *v, *n * size);
	} else if (*n) {
		r->err = -ENOMEM;
		*n = 0;
	}
	free(*v);
	*v = p;
	*cap = 0;
}
