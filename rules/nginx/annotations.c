/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nginx/annotations.h"

#include <errno.h>
#include <stdlib.h>

#define PREFIX "nginx.ingress.kubernetes.io/"
#define SHOWN 100 /* bytes of a wrong value in a message */

/* ---- Checks --------------------------------------------------------------- */

static size_t digits(const char *s)
{
	return strspn(s, "0123456789");
}

static bool is_boolean(const char *s)
{
	return strcmp(s, "true") == 0 || strcmp(s, "false") == 0;
}

static bool is_seconds(const char *s)
{
	size_t n = digits(s);

	return n > 0 && n <= 6 && !s[n] && *s != '0';
}

static bool is_size(const char *s)
{
	size_t n = digits(s);

	return n > 0 && n <= 9 && (!s[n] || (strchr("kKmMgG", s[n]) && !s[n + 1]));
}

static bool is_target(const char *s)
{
	if (*s != '/')
		return false;
	for (; *s; s++) {
		if (*s == '$' && (s[1] < '1' || s[1] > '9'))
			return false;
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			    "/$-._~!*()+,:@%&=",
			    *s))
			return false;
	}
	return true;
}

/* Takes the next of several prefixes or addresses; false at the end, or if it is none. */
static bool next_range(const char **s, struct svcr_cidr *c, bool *ret_bad)
{
	struct svcr_str word;
	char text[64];

	*s += strspn(*s, ", ");
	word = (struct svcr_str){ *s, strcspn(*s, ", ") };
	*s += word.len;
	if (!word.len)
		return false;
	snprintf(text, sizeof(text), "%.*s%s", (int)word.len, word.p,
		 memchr(word.p, '/', word.len) ? "" :
		 memchr(word.p, ':', word.len) ? "/128" :
						 "/32");
	*ret_bad = word.len > 50 || !svcr_cidr_parse(c, (struct svcr_str){ text, strlen(text) });
	return !*ret_bad;
}

static bool is_ranges(const char *s)
{
	struct svcr_cidr c;
	bool bad = false;
	size_t n = 0;

	while (next_range(&s, &c, &bad))
		n++;
	return n > 0 && !bad;
}

/* ---- Regular expressions ----------------------------------------------------- */

/* Skips a class, which begins at s[0] == '['; returns its last character, or NULL. */
static const char *class_end(const char *s)
{
	s += s[1] == '^' ? 2 : 1;
	if (*s == ']' || !*s)
		return NULL;
	for (; *s && *s != ']'; s++) {
		if (*s == '[')
			return NULL;
		if (*s == '\\' && !*++s)
			return NULL;
		if (s[1] == '-' && s[2] && s[2] != ']' &&
		    (s[0] > s[2] || s[2] == '\\' || s[-1] == '\\'))
			return NULL;
	}
	return *s ? s : NULL;
}

bool svcr_nginx_regex(const char *s)
{
	bool item = false; /* something that may be repeated comes before */
	int depth = 0;

	for (; *s; s++) {
		if (strchr("*+?", *s)) {
			if (!item)
				return false;
			if (s[1] == '?')
				s++;
			item = false;
		} else if (*s == '(') {
			if (++depth > 100)
				return false;
			if (s[1] == '?' && s[2] != ':')
				return false;
			s += s[1] == '?' ? 2 : 0;
			item = false;
		} else if (*s == ')') {
			if (--depth < 0)
				return false;
			item = true;
		} else if (*s == '[') {
			s = class_end(s);
			if (!s)
				return false;
			item = true;
		} else if (*s == '\\') {
			if (!*++s || !strchr("dDwWsSbB.*+?()[]|^$/\\-", *s))
				return false;
			item = *s != 'b' && *s != 'B';
		} else {
			item = *s != '|' && *s != '^' && *s != '$';
		}
	}
	return depth == 0;
}

/* ---- The table ----------------------------------------------------------------- */

enum effect {
	EFFECT_REFUSED,   /* an error whatever it holds; `text` says why */
	EFFECT_DIRECTIVE, /* a line of the location; `text` is its format */
	EFFECT_RANGES,    /* allow for each range, then deny all */
	EFFECT_DENY,      /* deny for each range */
	EFFECT_REWRITE,
	EFFECT_REDIRECT,
	EFFECT_FORCE,
};

static const struct annotation {
	const char *name;
	enum effect effect;
	bool (*valid)(const char *s);
	const char *expected, *text;
} annotations[] = {
	{ "rewrite-target", EFFECT_REWRITE, is_target,
	  "a path that begins with '/' and may have $1 to $9", NULL },
	{ "ssl-redirect", EFFECT_REDIRECT, is_boolean, "true or false", NULL },
	{ "force-ssl-redirect", EFFECT_FORCE, is_boolean, "true or false", NULL },
	{ "proxy-connect-timeout", EFFECT_DIRECTIVE, is_seconds, "seconds in 1-999999",
	  "proxy_connect_timeout %ss;" },
	{ "proxy-read-timeout", EFFECT_DIRECTIVE, is_seconds, "seconds in 1-999999",
	  "proxy_read_timeout %ss;" },
	{ "proxy-send-timeout", EFFECT_DIRECTIVE, is_seconds, "seconds in 1-999999",
	  "proxy_send_timeout %ss;" },
	{ "proxy-body-size", EFFECT_DIRECTIVE, is_size, "a size such as 8m, or 0: no limit",
	  "client_max_body_size %s;" },
	{ "whitelist-source-range", EFFECT_RANGES, is_ranges, "prefixes with commas between",
	  NULL },
	{ "allowlist-source-range", EFFECT_RANGES, is_ranges, "prefixes with commas between",
	  NULL },
	{ "denylist-source-range", EFFECT_DENY, is_ranges, "prefixes with commas between", NULL },
	{ "configuration-snippet", EFFECT_REFUSED, NULL, NULL, "raw text is never passed on" },
	{ "server-snippet", EFFECT_REFUSED, NULL, NULL, "raw text is never passed on" },
	{ "stream-snippet", EFFECT_REFUSED, NULL, NULL, "raw text is never passed on" },
	{ "auth-snippet", EFFECT_REFUSED, NULL, NULL, "raw text is never passed on" },
	{ "modsecurity-snippet", EFFECT_REFUSED, NULL, NULL, "raw text is never passed on" },
};

static const struct annotation *annotation_find(const char *name)
{
	for (size_t i = 0; i < sizeof(annotations) / sizeof(*annotations); i++)
		if (strcmp(annotations[i].name, name) == 0)
			return &annotations[i];
	return NULL;
}

/* ---- One Ingress ------------------------------------------------------------------ */

/* Appends a line for each range. */
static const char *range_lines(struct svcr_nginx_builder *b, const char *lines, const char *word,
			       const char *value)
{
	char text[SVCR_CIDR_TEXT];
	struct svcr_cidr c;
	bool bad = false;

	while (lines && next_range(&value, &c, &bad))
		lines = svcr_arena_printf(&b->arena, "%s\t\t\t%s %s;\n", lines, word,
					  svcr_cidr_text(&c, text));
	return lines;
}

static const char *add_directive(struct svcr_nginx_builder *b, const char *lines,
				 const char *format, const char *value)
{
	int at = (int)(strstr(format, "%s") - format);

	return svcr_arena_printf(&b->arena, "%s\t\t\t%.*s%s%s\n", lines, at, format, value,
				 format + at + 2);
}

static int take_annotation(struct svcr_nginx_builder *b, const struct annotation *a,
			   const char *value, struct svcr_nginx_settings *ret)
{
	const char *lines = ret->directives;

	switch (a->effect) {
	case EFFECT_REFUSED: break;
	case EFFECT_DIRECTIVE: lines = add_directive(b, lines, a->text, value); break;
	case EFFECT_RANGES:
		lines = range_lines(b, lines, "allow", value);
		lines = lines ? svcr_arena_printf(&b->arena, "%s\t\t\tdeny all;\n", lines) : NULL;
		break;
	case EFFECT_DENY: { /* before what is allowed */
		const char *deny = range_lines(b, "", "deny", value);

		lines = deny ? svcr_arena_printf(&b->arena, "%s%s", deny, lines) : NULL;
		break;
	}
	case EFFECT_REWRITE: ret->rewrite = value; break;
	case EFFECT_REDIRECT: ret->no_redirect = strcmp(value, "false") == 0; break;
	case EFFECT_FORCE: ret->force_redirect = strcmp(value, "true") == 0; break;
	}
	ret->directives = lines;
	return lines ? 0 : -ENOMEM;
}

static int read_annotation(struct svcr_nginx_builder *b, const struct svcr_ingress *i,
			   const struct svcr_pair *p, struct svcr_nginx_settings *ret)
{
	const char *name = p->key + strlen(PREFIX);
	const struct annotation *a = annotation_find(name);
	char field[SHOWN * 2];

	snprintf(field, sizeof(field), "metadata.annotations.%s", p->key);
	if (!a)
		svcr_nginx_note(b, i,
				&(struct svcrules_diag){ .severity = SVCRULES_ERROR,
							 .check = "annotation",
							 .field = field },
				"not supported: it may close a door, so it is not ignored");
	else if (a->effect == EFFECT_REFUSED)
		svcr_nginx_note(b, i,
				&(struct svcrules_diag){ .severity = SVCRULES_ERROR,
							 .check = "annotation",
							 .field = field },
				"refused: %s", a->text);
	else if (!a->valid(p->value))
		svcr_nginx_note(b, i,
				&(struct svcrules_diag){ .severity = SVCRULES_ERROR,
							 .check = "annotation",
							 .field = field },
				"'%.*s' is not right: expected %s", SHOWN, p->value, a->expected);
	else
		return take_annotation(b, a, p->value, ret);
	return 0;
}

int svcr_nginx_annotations(struct svcr_nginx_builder *b, const struct svcr_ingress *i,
			   struct svcr_nginx_settings *ret)
{
	int err = 0;
	bool white = svcr_map_get(&i->annotations, PREFIX "whitelist-source-range");

	*ret = (struct svcr_nginx_settings){ .directives = "" };
	if (white && svcr_map_get(&i->annotations, PREFIX "allowlist-source-range"))
		svcr_nginx_note(b, i,
				&(struct svcrules_diag){ .severity = SVCRULES_ERROR,
							 .check = "annotation",
							 .field = "metadata.annotations" },
				"both whitelist-source-range and allowlist-source-range");
	for (size_t k = 0; k < i->annotations.n && !err; k++)
		if (strncmp(i->annotations.v[k].key, PREFIX, strlen(PREFIX)) == 0)
			err = read_annotation(b, i, &i->annotations.v[k], ret);
	return err;
}
