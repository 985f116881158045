/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reader.h"

#include <errno.h>

static const char *const type_names[SVCR_JSON__COUNT] = {
	[SVCR_JSON_ERROR] = "nothing", [SVCR_JSON_NULL] = "null", [SVCR_JSON_BOOL] = "true or false",
	[SVCR_JSON_NUMBER] = "a number", [SVCR_JSON_STRING] = "a string", [SVCR_JSON_ARRAY] = "a list",
	[SVCR_JSON_OBJECT] = "an object",
};

static const char *path_text(const struct svcr_reader *r, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	for (int i = 0; i < r->depth && n < size; i++)
		n += (size_t)(r->path[i].key ?
			snprintf(buf + n, size - n, "%s%s", i ? "." : "", r->path[i].key) :
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

static void complain(struct svcr_reader *r, enum svcrules_severity severity, const char *check,
		     const char *object, const char *fmt, va_list ap)
{
	char field[512], text[512];

	vsnprintf(text, sizeof(text), fmt, ap);
	svcr_diag(r->diags, &(struct svcrules_diag){ .severity = severity, .check = check, .source = r->source,
		  .object = object, .field = path_text(r, field, sizeof(field)) }, "%s", text);
}

void svcr_read_error(struct svcr_reader *r, const char *check, const char *fmt, ...)
{
	va_list ap;

	if (r->json.failed) /* told once, with its line and column */
		return;
	va_start(ap, fmt);
	complain(r, SVCRULES_ERROR, check, NULL, fmt, ap);
	va_end(ap);
}

void svcr_read_note(struct svcr_reader *r, enum svcrules_severity severity, const char *check,
		    const char *object, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(r, severity, check, object, fmt, ap);
	va_end(ap);
}

/* True if the next value is of the type; else it is skipped, with a complaint unless it is null. */
static bool expect(struct svcr_reader *r, enum svcr_json_type type)
{
	enum svcr_json_type found = svcr_json_peek(&r->json);

	if (found == type)
		return true;
	if (found != SVCR_JSON_NULL && found != SVCR_JSON_ERROR)
		svcr_read_error(r, "type", "found %s, expected %s", type_names[found], type_names[type]);
	svcr_json_skip(&r->json);
	return false;
}

bool svcr_read_string(struct svcr_reader *r, struct svcr_str *s)
{
	return expect(r, SVCR_JSON_STRING) && svcr_json_string(&r->json, s);
}

const char *svcr_read_interned(struct svcr_reader *r)
{
	const char *p;
	struct svcr_str s;

	if (!svcr_read_string(r, &s))
		return NULL;
	p = svcr_intern(&r->model->strings, &r->model->arena, s);
	if (!p)
		r->err = -ENOMEM;
	return p;
}

static void complain_words(struct svcr_reader *r, struct svcr_str s, const char *const *words)
{
	char list[128] = "";
	size_t n = 0;

	for (int i = 0; words[i] && n < sizeof(list); i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", i == 0 ? "" : words[i + 1] ? ", " : " or ",
				      words[i]);
	svcr_read_error(r, "value", "'%.*s' is not known, expected %s", (int)s.len, s.p, list);
}

int svcr_read_word(struct svcr_reader *r, const char *const *words)
{
	struct svcr_str s;

	if (!svcr_read_string(r, &s))
		return -1;
	for (int i = 0; words[i]; i++)
		if (svcr_str_eq(s, words[i]))
			return i;
	if (s.len) /* "" is the same as absent */
		complain_words(r, s, words);
	return -1;
}

static void read_int(struct svcr_reader *r, const struct svcr_field *f, uint32_t *member)
{
	struct svcr_str s;
	uint64_t n = 0;
	size_t i = 0;

	if (!expect(r, SVCR_JSON_NUMBER) || !svcr_json_number(&r->json, &s))
		return;
	for (; i < s.len && i < 12 && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		n = n * 10 + (uint64_t)(s.p[i] - '0');
	if (i < s.len || n < f->min || n > f->max)
		svcr_read_error(r, "range", "%.*s is not a whole number in %u-%u", (int)s.len, s.p, f->min, f->max);
	else
		*member = (uint32_t)n;
}

bool svcr_read_bool(struct svcr_reader *r, bool *b)
{
	return expect(r, SVCR_JSON_BOOL) && svcr_json_bool(&r->json, b);
}

static void read_field(struct svcr_reader *r, const struct svcr_field *f, void *member)
{
	const char *s;

	switch (f->kind) {
	case SVCR_F_STRING:
		s = svcr_read_interned(r);
		if (s)
			*(const char **)member = s;
		break;
	case SVCR_F_BOOL:
		svcr_read_bool(r, member);
		break;
	case SVCR_F_INT:
		read_int(r, f, member);
		break;
	case SVCR_F_OBJECT:
		svcr_read_object(r, f->fields, member);
		break;
	case SVCR_F_EACH:
		svcr_read_each(r, f->read, member);
		break;
	case SVCR_F_CUSTOM:
		f->read(r, member);
		break;
	}
}

static const struct svcr_field *find_field(const struct svcr_field *fields, struct svcr_str key)
{
	for (; fields->name; fields++)
		if (key.len == fields->len && *key.p == *fields->name && memcmp(key.p, fields->name, key.len) == 0)
			return fields;
	return NULL;
}

void svcr_read_member(struct svcr_reader *r, const struct svcr_field *fields, struct svcr_str key, void *obj)
{
	const struct svcr_field *f = find_field(fields, key);

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

	if (!expect(r, SVCR_JSON_OBJECT) || !svcr_json_enter(&r->json))
		return;
	while (svcr_json_next_key(&r->json, &key))
		svcr_read_member(r, fields, key, obj);
}

void svcr_read_each(struct svcr_reader *r, void (*read)(struct svcr_reader *r, void *member), void *member)
{
	if (!expect(r, SVCR_JSON_ARRAY) || !svcr_json_enter(&r->json))
		return;
	for (int i = 0; svcr_json_next_item(&r->json); i++) {
		svcr_read_push(r, NULL, i);
		read(r, member);
		svcr_read_pop(r);
	}
}
