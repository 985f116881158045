/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nginx/checks.h"

#include "kinds/values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LETTERS "abcdefghijklmnopqrstuvwxyz" UPPER
/* what a URI may have (RFC 3986), without what ends a word or begins a variable of nginx */
#define URI_SIGNS "/-._~!*()+,:@%&=?"
#define TOKEN_SIGNS "!#%&'*+-.^_`|~" /* of RFC 9110, without $ */
#define BUFFER_K_MAX 65536           /* proxy-buffer-size and others, in k */
#define WORD_MAX 4000                /* nginx (1.22) refuses words of more than 4096 bytes */

/* ---- Words and numbers ----------------------------------------------------- */

/* True if `s` is one of the words, which have a '|' behind each. */
static bool is_word(const char *s, const char *words)
{
	size_t n = strlen(s);

	for (; *words; words += strcspn(words, "|") + 1)
		if (strcspn(words, "|") == n && strncmp(words, s, n) == 0)
			return true;
	return false;
}

/* The number that all of `s` is; 0: none, or above `max`. */
static unsigned long number(const char *s, unsigned long max)
{
	size_t n = strspn(s, DIGITS);
	unsigned long v = n && n < 10 && !s[n] && *s != '0' ? strtoul(s, NULL, 10) : 0;

	return v <= max ? v : 0;
}

bool svcr_nginx_is_boolean(const char *s)
{
	return is_word(s, "true|false|");
}

bool svcr_nginx_is_seconds(const char *s)
{
	return number(s, 999999);
}

bool svcr_nginx_is_count(const char *s)
{
	return number(s, 65535);
}

bool svcr_nginx_is_factor(const char *s)
{
	return number(s, 100);
}

bool svcr_nginx_is_size(const char *s)
{
	size_t n = strspn(s, DIGITS);

	return n > 0 && n <= 9 && (!s[n] || (strchr("kKmMgG", s[n]) && !s[n + 1]));
}

bool svcr_nginx_is_buffer(const char *s)
{
	size_t n = strspn(s, DIGITS);
	unsigned long v = n && n < 8 && *s != '0' ? strtoul(s, NULL, 10) : 0;

	if (!v || !s[n] || s[n + 1])
		return false;
	return strchr("kK", s[n]) ? v <= BUFFER_K_MAX : strchr("mM", s[n]) && v <= 64;
}

bool svcr_nginx_is_age(const char *s)
{
	return strcmp(s, "0") == 0 || number(s, 999999999);
}

bool svcr_nginx_is_switch(const char *s)
{
	return is_word(s, "on|off|");
}

bool svcr_nginx_is_satisfy(const char *s)
{
	return is_word(s, "all|any|");
}

bool svcr_nginx_is_basic(const char *s)
{
	return is_word(s, "basic|");
}

bool svcr_nginx_is_secret_type(const char *s)
{
	return is_word(s, "auth-file|auth-map|");
}

bool svcr_nginx_is_balance(const char *s)
{
	return is_word(s, "round_robin|ewma|");
}

bool svcr_nginx_is_protocol(const char *s)
{
	return is_word(s, "HTTP|HTTPS|GRPC|http|https|grpc|");
}

bool svcr_nginx_is_redirect_code(const char *s)
{
	return is_word(s, "301|302|303|307|308|");
}

/* ---- Texts ------------------------------------------------------------------- */

/* nginx asks for no password in the realm "off". */
bool svcr_nginx_is_realm(const char *s)
{
	size_t n = 0;

	for (; s[n]; n++)
		if ((unsigned char)s[n] < 0x20 || s[n] == 0x7f || strchr("\"\\$", s[n]))
			return false;
	return n > 0 && n <= 200 && strcmp(s, "off") != 0;
}

/* True if all characters of s are letters, digits or of `signs`; $1 to $9 are right if allowed. */
static bool is_of(const char *s, const char *signs, bool captures)
{
	for (; *s; s++) {
		if (captures && *s == '$' && s[1] >= '1' && s[1] <= '9')
			continue;
		if (!strchr(LETTERS DIGITS, *s) && !strchr(signs, *s))
			return false;
	}
	return true;
}

bool svcr_nginx_is_target(const char *s)
{
	return *s == '/' && strlen(s) <= 1000 && is_of(s, URI_SIGNS, true);
}

bool svcr_nginx_is_plain_path(const char *s)
{
	return *s == '/' && s[1] != '/' && strlen(s) <= 1000 && !strchr(s, '?') &&
	       is_of(s, URI_SIGNS, false);
}

bool svcr_nginx_is_url(const char *s)
{
	size_t n = strncmp(s, "https://", 8) == 0 ? 8 : strncmp(s, "http://", 7) == 0 ? 7 : 0;

	return n && s[n] && !strchr("/?#:", s[n]) && strlen(s) <= 2000 &&
	       is_of(s, URI_SIGNS "#[]", false);
}

/* A name of RFC 1123 in letters of any case. */
static bool is_host(struct svcr_str s)
{
	char prev = '.';

	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];
		bool sign = c == '.' || c == '-';

		if (!sign && !strchr(LETTERS DIGITS, c))
			return false;
		if ((sign && prev == '.') || (c == '.' && prev == '-'))
			return false;
		prev = c;
	}
	return s.len > 0 && s.len <= 253 && prev != '.' && prev != '-';
}

/* A host, and perhaps ":" and a port behind it. */
static bool is_host_port(struct svcr_str s)
{
	const char *colon = memchr(s.p, ':', s.len);
	size_t n = colon ? (size_t)(colon - s.p) : s.len;
	char port[8] = "";

	if (colon && s.len - n - 1 < sizeof(port))
		memcpy(port, colon + 1, s.len - n - 1);
	return is_host((struct svcr_str){ s.p, n }) && (!colon || number(port, 65535));
}

bool svcr_nginx_is_vhost(const char *s)
{
	return is_host_port((struct svcr_str){ s, strlen(s) });
}

bool svcr_nginx_is_service(const char *s)
{
	return svcr_dns_label((struct svcr_str){ s, strlen(s) });
}

bool svcr_nginx_is_name(const char *s)
{
	return is_host((struct svcr_str){ s, strlen(s) }) && !strpbrk(s, UPPER);
}

bool svcr_nginx_is_secret(const char *s)
{
	const char *slash = strchr(s, '/');
	const char *name = slash ? slash + 1 : s;

	if (slash && !svcr_dns_label((struct svcr_str){ s, (size_t)(slash - s) }))
		return false;
	return svcr_nginx_is_name(name);
}

/* The bytes that follow the first byte of a character (RFC 3629); -1: none begins like that. */
static int utf8_more(unsigned char first)
{
	return first < 0x80 ? 0 :
	       first < 0xc2 ? -1 :
	       first < 0xe0 ? 1 :
	       first < 0xf0 ? 2 :
	       first < 0xf5 ? 3 :
			      -1;
}

bool svcr_nginx_is_utf8(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	while (*p) {
		int more = utf8_more(*p);

		/* too long, surrogates, and above U+10FFFF */
		if (more < 0 || (*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
		    (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
			return false;
		for (p++; more > 0; more--, p++)
			if ((*p & 0xc0) != 0x80)
				return false;
	}
	return true;
}

/* ---- Lists --------------------------------------------------------------------- */

bool svcr_nginx_next(const char **s, struct svcr_str *ret)
{
	*s += strspn(*s, ", ");
	*ret = (struct svcr_str){ *s, strcspn(*s, ", ") };
	*s += ret->len;
	return ret->len > 0;
}

/* True if `s` has items, and each is right. */
static bool all_right(const char *s, bool (*right)(struct svcr_str item))
{
	struct svcr_str item;
	size_t n = 0;

	for (; svcr_nginx_next(&s, &item); n++)
		if (!right(item))
			return false;
	return n > 0;
}

bool svcr_nginx_next_range(const char **s, struct svcr_cidr *ret, bool *ret_bad)
{
	struct svcr_str word;
	char text[64];

	if (!svcr_nginx_next(s, &word))
		return false;
	snprintf(text, sizeof(text), "%.*s%s", (int)(word.len < 60 ? word.len : 60), word.p,
		 memchr(word.p, '/', word.len) ? "" :
		 memchr(word.p, ':', word.len) ? "/128" :
						 "/32");
	*ret_bad = word.len > 50 || !svcr_cidr_parse(ret, (struct svcr_str){ text, strlen(text) });
	return !*ret_bad;
}

bool svcr_nginx_is_ranges(const char *s)
{
	struct svcr_cidr c;
	bool bad = false;
	size_t n = 0;

	while (svcr_nginx_next_range(&s, &c, &bad))
		n++;
	return n > 0 && !bad;
}

static bool is_token(struct svcr_str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!s.p[i] || (!strchr(LETTERS DIGITS, s.p[i]) && !strchr(TOKEN_SIGNS, s.p[i])))
			return false;
	return s.len > 0 && s.len <= 200;
}

static bool is_method(struct svcr_str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!s.p[i] || !strchr(LETTERS "*-", s.p[i]))
			return false;
	return s.len > 0 && s.len <= 40;
}

/* The scheme and what stands behind it; false: no scheme. */
static bool split_origin(struct svcr_str s, struct svcr_str *ret_rest)
{
	const char *p = memmem(s.p, s.len, "://", 3);
	size_t n = p ? (size_t)(p - s.p) : 0;

	for (size_t i = 0; i < n; i++)
		if (!strchr(i ? LETTERS DIGITS "+-." : LETTERS, s.p[i]))
			return false;
	*ret_rest = (struct svcr_str){ s.p + n + 3, n ? s.len - n - 3 : 0 };
	return n > 0;
}

static bool is_origin(struct svcr_str s)
{
	struct svcr_str rest;

	if (s.len == 1 && *s.p == '*')
		return true;
	if (!split_origin(s, &rest))
		return false;
	if (rest.len > 2 && rest.p[0] == '*' && rest.p[1] == '.')
		rest = (struct svcr_str){ rest.p + 2, rest.len - 2 };
	return is_host_port(rest);
}

static bool is_error_code(struct svcr_str s)
{
	char text[8] = "";
	unsigned long n;

	if (s.len != 3)
		return false;
	memcpy(text, s.p, s.len);
	n = number(text, 599);
	return n >= 300 && n != 499; /* nginx refuses 499 */
}

bool svcr_nginx_is_methods(const char *s)
{
	return strlen(s) <= WORD_MAX && all_right(s, is_method);
}

bool svcr_nginx_is_headers(const char *s)
{
	return strlen(s) <= WORD_MAX && all_right(s, is_token);
}

bool svcr_nginx_is_origins(const char *s)
{
	return all_right(s, is_origin);
}

bool svcr_nginx_is_error_codes(const char *s)
{
	return all_right(s, is_error_code);
}
