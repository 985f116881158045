/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Regular expressions of paths. Only a part of what PCRE knows is right here (see pcre2pattern(3)),
 * so that whatever passes is accepted by nginx too, of either version of that library.
 */
#include "rules/nginx/checks.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 100
#define TIMES_MAX 1000
#define LENGTH_MAX 1900         /* each may be doubled in a word, which has 4096 bytes at most */
#define SIZE_MAX_COMPILED 30000 /* bytes of the compiled pattern; PCRE has 65535 at least */
/* at most so many bytes of the compiled pattern */
#define SIZE_CHAR 4
#define SIZE_CLASS 48
#define SIZE_GROUP 32

struct pattern {
	const char *p;
	bool item; /* something that may be repeated comes before */
	int depth;
	long size[DEPTH_MAX + 1]; /* bytes of the group when it is compiled */
	bool look[DEPTH_MAX + 1]; /* the group is a look-ahead, which is never repeated */
	long last;                /* bytes of the item before, which {n,m} multiplies */
};

/* Skips "[:alpha:]"; NULL: none. */
static const char *class_name_end(const char *s)
{
	static const char *const names[] = { "alpha", "digit", "alnum", "upper",
					     "lower", "space", "punct", "xdigit" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		size_t n = strlen(names[i]);

		if (strncmp(s + 2, names[i], n) == 0 && strncmp(s + 2 + n, ":]", 2) == 0)
			return s + n + 3;
	}
	return NULL;
}

/* Skips one character of a class, escaped or not; NULL: wrong. *ret is it, or 0 for a set. */
static const char *class_char_end(const char *s, char *ret)
{
	*ret = *s;
	if (*s == '[') {
		*ret = '\0';
		return s[1] == ':' ? class_name_end(s) : NULL;
	}
	if (*s != '\\')
		return s;
	*ret = strchr("dDwWsS", s[1]) ? '\0' : s[1];
	return s[1] && strchr("dDwWsS.*+?()[]{}|^$/\\-", s[1]) ? s + 1 : NULL;
}

/* Skips a class, which begins at s[0] == '['; returns its last character, or NULL. */
static const char *class_end(const char *s)
{
	s += s[1] == '^' ? 2 : 1;
	if (*s == ']')
		return NULL;
	for (; *s && *s != ']'; s++) {
		char from, to;

		s = class_char_end(s, &from);
		if (!s)
			return NULL;
		if (s[1] != '-' || s[2] == ']' || !s[2])
			continue;
		s = class_char_end(s + 2, &to);
		if (!s || !from || !to || (unsigned char)from > (unsigned char)to)
			return NULL;
	}
	return *s ? s : NULL;
}

/* Reads {n}, {n,} or {n,m} at s; NULL: it is none. Returns its last character. */
static const char *times_end(const char *s, long *ret)
{
	char *end;
	long low, high;

	if (!strchr("0123456789", s[1]) || !s[1])
		return NULL;
	low = high = (long)strtoul(s + 1, &end, 10);
	if (*end == ',' && end[1] == '}')
		high = low, end++;
	else if (*end == ',' && end[1] && strchr("0123456789", end[1]))
		high = (long)strtoul(end + 1, &end, 10);
	*ret = high ? high : 1;
	return *end == '}' && low <= high && high <= TIMES_MAX ? end : NULL;
}

static bool repeat(struct pattern *r)
{
	long times = 1;

	if (!r->item)
		return false;
	if (*r->p == '{') {
		r->p = times_end(r->p, &times);
		if (!r->p)
			return false;
		r->size[r->depth] += r->last * (times - 1);
	}
	if (r->p[1] == '?' || r->p[1] == '+')
		r->p++;
	r->item = false;
	return true;
}

static bool open_group(struct pattern *r)
{
	const char *s = r->p;

	if (strncmp(s, "(?i)", 4) == 0) {
		r->p += 3;
		r->item = false;
		return true;
	}
	if (++r->depth > DEPTH_MAX || (s[1] == '?' && (!s[2] || !strchr(":=!", s[2]))) ||
	    s[1] == '*')
		return false;
	r->look[r->depth] = s[1] == '?' && s[2] != ':';
	r->size[r->depth] = SIZE_GROUP;
	r->p += s[1] == '?' ? 2 : 0;
	r->item = false;
	return true;
}

static bool close_group(struct pattern *r)
{
	long size = r->size[r->depth];

	r->item = !r->look[r->depth];
	if (--r->depth < 0)
		return false;
	r->last = size;
	r->size[r->depth] += size;
	return true;
}

static void add_item(struct pattern *r, bool item, long size)
{
	r->item = item;
	r->last = size;
	r->size[r->depth] += size;
}

static bool one_sign(struct pattern *r)
{
	switch (*r->p) {
	case '*':
	case '+':
	case '?':
	case '{': return repeat(r);
	case '(': return open_group(r);
	case ')': return close_group(r);
	case '[':
		add_item(r, true, SIZE_CLASS);
		r->p = class_end(r->p);
		return r->p;
	case '\\':
		r->p++;
		add_item(r, *r->p != 'b' && *r->p != 'B', SIZE_CHAR);
		return *r->p && strchr("dDwWsSbB.*+?()[]{}|^$/\\-", *r->p);
	case '}': return false;
	default: add_item(r, !strchr("|^$", *r->p), SIZE_CHAR); return true;
	}
}

bool svcr_nginx_regex(const char *s)
{
	struct pattern r = { .p = s };

	if (strlen(s) > LENGTH_MAX)
		return false;
	for (; *r.p; r.p++)
		if (!one_sign(&r) || r.size[r.depth] > SIZE_MAX_COMPILED)
			return false;
	return r.depth == 0;
}
