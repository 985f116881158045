/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nginx/settings.h"
#include "fnv.h"
#include "rules/nginx/checks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 100    /* bytes of a wrong value in a message */
#define SAID_MAX 200 /* bytes of a value that is shown whole */
#define SPACES " \t\r\n"

bool svcr_nginx_on(const struct svcr_nginx_settings *s, enum svcr_annotation_id id)
{
	return s->value[id] && strcmp(s->value[id], "true") == 0;
}

const char *svcr_nginx_value(const struct svcr_nginx_settings *s, enum svcr_annotation_id id,
			     const char *otherwise)
{
	return s->value[id] ? s->value[id] : otherwise;
}

enum svcr_nginx_protocol svcr_nginx_protocol(const struct svcr_nginx_settings *s)
{
	const char *word = svcr_nginx_value(s, SVCR_A_BACKEND_PROTOCOL, "HTTP");

	if (*word == 'G' || *word == 'g')
		return SVCR_NGINX_GRPC;
	return strlen(word) == strlen("HTTPS") ? SVCR_NGINX_HTTPS : SVCR_NGINX_HTTP;
}

bool svcr_nginx_any_origin(const struct svcr_nginx_settings *s)
{
	const char *list = svcr_nginx_value(s, SVCR_A_CORS_ORIGIN, "*");
	struct svcr_str item;

	while (svcr_nginx_next(&list, &item))
		if (item.len == 1 && *item.p == '*')
			return true;
	return false;
}

bool svcr_nginx_uses_regex(const struct svcr_nginx_settings *s)
{
	return s->value[SVCR_A_REWRITE_TARGET] || svcr_nginx_on(s, SVCR_A_USE_REGEX);
}

/* ---- Findings ------------------------------------------------------------------ */

struct reading {
	struct svcr_nginx_builder *b;
	const struct svcr_ingress *i;
	struct svcr_nginx_settings *s;
	char field[SHOWN * 2]; /* of the annotation that is read */
};

static void find(const struct reading *r, enum svcrules_severity severity, const char *text)
{
	svcr_nginx_note(r->b, r->i,
			&(struct svcrules_diag){
				.severity = severity, .check = "annotation", .field = r->field },
			"%s", text);
}

static void find_at(struct reading *r, enum svcr_annotation_id id, const char *text)
{
	snprintf(r->field, sizeof(r->field), "metadata.annotations." SVCR_NGINX_PREFIX "%s",
		 svcr_annotation_at(id)->name);
	find(r, SVCRULES_ERROR, text);
}

/* ---- Snippets ------------------------------------------------------------------ */

/* Takes the next directive, which a ';' ends, without blanks around; false at the end. */
static bool next_directive(const char **s, struct svcr_str *ret)
{
	*s += strspn(*s, SPACES ";");
	*ret = (struct svcr_str){ *s, strcspn(*s, ";") };
	*s += ret->len;
	return ret->len > 0;
}

static bool directive_begins(struct svcr_str s, const char *word)
{
	size_t n = strlen(word);

	return s.len > n && strncmp(s.p, word, n) == 0 && strchr(SPACES, s.p[n]);
}

static struct svcr_str behind(struct svcr_str s, const char *word)
{
	size_t n = strlen(word);

	while (n < s.len && strchr(SPACES, s.p[n]))
		n++;
	return (struct svcr_str){ s.p + n, s.len - n };
}

/*
 * True for what tutorials write for WebSocket: it sets the headers Upgrade and Connection, and
 * perhaps the version 1.1 of HTTP, which all locations have anyhow.
 */
static bool is_websocket(const char *s)
{
	struct svcr_str d;
	size_t n = 0;

	if (strpbrk(s, "{}#'\\`"))
		return false;
	for (; next_directive(&s, &d); n++) {
		if (directive_begins(d, "proxy_http_version"))
			continue;
		if (!directive_begins(d, "proxy_set_header"))
			return false;
		d = behind(d, "proxy_set_header");
		if (!directive_begins(d, "Upgrade") && !directive_begins(d, "Connection"))
			return false;
	}
	return n > 0;
}

/* ---- One annotation -------------------------------------------------------------- */

/* True if --ignore-annotation names it. */
static bool is_ignored(const struct reading *r, const char *name)
{
	const char *names = svcrules_options_get(r->b->o, "ignore-annotation");
	size_t n = strlen(name);

	for (; names && *names; names += strcspn(names, " "), names += *names == ' ') {
		const char *word = names;

		if (strncmp(word, SVCR_NGINX_PREFIX, strlen(SVCR_NGINX_PREFIX)) == 0)
			word += strlen(SVCR_NGINX_PREFIX);
		if (strncmp(word, name, n) == 0 && (!word[n] || word[n] == ' '))
			return true;
	}
	return false;
}

static void refuse(const struct reading *r, const struct svcr_annotation *a, const char *name,
		   const char *value)
{
	char text[300];

	if (is_ignored(r, name)) {
		find(r, SVCRULES_WARNING, "ignored, as --ignore-annotation says");
		return;
	}
	if (a && strcmp(name, "configuration-snippet") == 0 && is_websocket(value)) {
		find(r, SVCRULES_NOTICE,
		     "left out: WebSocket connections are passed on without it");
		return;
	}
	snprintf(text, sizeof(text), "refused: %s",
		 a ? a->note : "no annotation of this name is known");
	find(r, SVCRULES_ERROR, text);
}

/* A copy without blanks around. */
static const char *trimmed(struct svcr_nginx_builder *b, const char *s)
{
	size_t n;

	s += strspn(s, SPACES);
	n = strlen(s);
	while (n && strchr(SPACES, s[n - 1]))
		n--;
	return svcr_arena_strndup(&b->arena, s, n);
}

static int read_annotation(struct reading *r, const struct svcr_pair *p)
{
	const char *name = p->key + strlen(SVCR_NGINX_PREFIX);
	const char *value = trimmed(r->b, p->value);
	unsigned at = 0;
	const struct svcr_annotation *a = svcr_annotation_find(name, &at);

	if (!value)
		return -ENOMEM;
	snprintf(r->field, sizeof(r->field), "metadata.annotations.%s", p->key);
	if (!a || !a->valid || is_ignored(r, name)) {
		refuse(r, a, name, value);
		return 0;
	}
	if (a->valid(value)) {
		r->s->value[at] = value;
		return 0;
	}
	svcr_nginx_note(r->b, r->i,
			&(struct svcrules_diag){ .severity = SVCRULES_ERROR,
						 .check = "annotation",
						 .field = r->field },
			"'%.*s' is not right: expected %s", SHOWN, value, a->expected);
	return 0;
}

/* ---- All of them -------------------------------------------------------------------- */

/* The statuses of a list, each once: a location has a line for each. NULL: out of memory. */
static const char *each_once(struct svcr_nginx_builder *b, const char *codes)
{
	char *list = svcr_arena_alloc(&b->arena, strlen(codes) + 2), *to = list;
	bool seen[600] = { false };
	struct svcr_str code;

	while (list && svcr_nginx_next(&codes, &code)) {
		unsigned long n = strtoul(code.p, NULL, 10);

		if (!seen[n])
			to += snprintf(to, sizeof(",599"), "%s%lu", to == list ? "" : ",", n);
		seen[n] = true;
	}
	return list;
}

/* Annotations that need or exclude each other. */
static void check_together(struct reading *r)
{
	const char **v = r->s->value;

	if (v[SVCR_A_WHITELIST] && v[SVCR_A_ALLOWLIST] &&
	    strcmp(v[SVCR_A_WHITELIST], v[SVCR_A_ALLOWLIST]) != 0)
		find_at(r, SVCR_A_WHITELIST, "allowlist-source-range says something else");
	if (!v[SVCR_A_ALLOWLIST])
		v[SVCR_A_ALLOWLIST] = v[SVCR_A_WHITELIST];
	if (v[SVCR_A_CUSTOM_ERRORS] && !v[SVCR_A_DEFAULT_BACKEND])
		find_at(r, SVCR_A_CUSTOM_ERRORS,
			"default-backend is missing, which would answer these errors");
	if (v[SVCR_A_AUTH_SECRET] && !v[SVCR_A_AUTH_TYPE])
		find_at(r, SVCR_A_AUTH_SECRET, "auth-type is missing");
	if (v[SVCR_A_AUTH_TYPE] && !v[SVCR_A_AUTH_SECRET])
		find_at(r, SVCR_A_AUTH_TYPE, "auth-secret is missing");
}

/* '-', '.' and '/' cannot stand in the name of a variable; '_' is in no name of an object. */
static const char *ingress_word(struct svcr_nginx_builder *b, const struct svcr_ingress *i)
{
	const char *whole = svcr_arena_printf(&b->arena, "%s/%s", i->ns, i->name);
	char *word = whole ? svcr_arena_alloc(&b->arena, 2 * strlen(whole) + 1) : NULL, *to = word;

	for (const char *p = whole; word && *p; p++) {
		if (strchr("-./", *p))
			*to++ = '_';
		*to++ = *p == '-' ? 'h' : *p == '.' ? 'd' : *p == '/' ? 's' : *p;
	}
	return word;
}

/* Each path of the Ingress says it, so a long one is told by its sum. */
static void say_value(struct svcr_out *o, const char *name, const char *value)
{
	size_t len = strlen(value);

	if (len <= SAID_MAX)
		svcr_out(o, ", %s %s", name, value);
	else
		svcr_out(o, ", %s %.*s... (%zu bytes, %016" PRIx64 ")", name, SHOWN, value, len,
			 svcr_fnv64_text(SVCR_FNV64_START, value));
}

/* The annotations as changes of a host's paths show them; NULL: out of memory. */
static const char *said_of(struct svcr_nginx_builder *b, const struct svcr_nginx_settings *s)
{
	struct svcr_buffer text = { .len = 0 };
	struct svcr_out o = { .write = svcr_buffer_append, .arg = &text };
	const char *copy = NULL;

	for (unsigned i = 0; i < SVCR_A_COUNT; i++)
		if (s->value[i])
			say_value(&o, svcr_annotation_at(i)->name, s->value[i]);
	if (!svcr_out_end(&o))
		copy = svcr_arena_strndup(&b->v->arena, text.p ? text.p : "", text.len);
	free(text.p);
	return copy;
}

int svcr_nginx_settings_read(struct svcr_nginx_builder *b, const struct svcr_ingress *i,
			     struct svcr_nginx_settings *ret)
{
	struct reading r = { .b = b, .i = i, .s = ret };
	int err = 0;

	*ret = (struct svcr_nginx_settings){ .ingress = i, .word = ingress_word(b, i) };
	if (!ret->word)
		return -ENOMEM;
	for (size_t k = 0; k < i->annotations.n && !err; k++)
		if (strncmp(i->annotations.v[k].key, SVCR_NGINX_PREFIX,
			    strlen(SVCR_NGINX_PREFIX)) == 0)
			err = read_annotation(&r, &i->annotations.v[k]);
	if (err)
		return err;
	check_together(&r);
	if (ret->value[SVCR_A_CUSTOM_ERRORS]) {
		ret->value[SVCR_A_CUSTOM_ERRORS] = each_once(b, ret->value[SVCR_A_CUSTOM_ERRORS]);
		if (!ret->value[SVCR_A_CUSTOM_ERRORS])
			return -ENOMEM;
	}
	ret->said = said_of(b, ret);
	return ret->said ? svcr_nginx_users(b, ret) : -ENOMEM;
}
