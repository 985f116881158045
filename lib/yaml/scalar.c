/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scalar.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_EXPONENT 308 /* of a number with 64 bits, decimal */

/* ---- Words ------------------------------------------------------------- */

struct word {
	const char *text;
	enum svcr_scalar_type type;
	const char *json;
};

static const struct word words[] = {
	{ "y", SVCR_SCALAR_BOOL, "true" },         { "Y", SVCR_SCALAR_BOOL, "true" },
	{ "yes", SVCR_SCALAR_BOOL, "true" },       { "Yes", SVCR_SCALAR_BOOL, "true" },
	{ "YES", SVCR_SCALAR_BOOL, "true" },       { "true", SVCR_SCALAR_BOOL, "true" },
	{ "True", SVCR_SCALAR_BOOL, "true" },      { "TRUE", SVCR_SCALAR_BOOL, "true" },
	{ "on", SVCR_SCALAR_BOOL, "true" },        { "On", SVCR_SCALAR_BOOL, "true" },
	{ "ON", SVCR_SCALAR_BOOL, "true" },        { "n", SVCR_SCALAR_BOOL, "false" },
	{ "N", SVCR_SCALAR_BOOL, "false" },        { "no", SVCR_SCALAR_BOOL, "false" },
	{ "No", SVCR_SCALAR_BOOL, "false" },       { "NO", SVCR_SCALAR_BOOL, "false" },
	{ "false", SVCR_SCALAR_BOOL, "false" },    { "False", SVCR_SCALAR_BOOL, "false" },
	{ "FALSE", SVCR_SCALAR_BOOL, "false" },    { "off", SVCR_SCALAR_BOOL, "false" },
	{ "Off", SVCR_SCALAR_BOOL, "false" },      { "OFF", SVCR_SCALAR_BOOL, "false" },
	{ "~", SVCR_SCALAR_NULL, "null" },         { "null", SVCR_SCALAR_NULL, "null" },
	{ "Null", SVCR_SCALAR_NULL, "null" },      { "NULL", SVCR_SCALAR_NULL, "null" },
	{ ".nan", SVCR_SCALAR_SPECIAL, ".nan" },   { ".NaN", SVCR_SCALAR_SPECIAL, ".nan" },
	{ ".NAN", SVCR_SCALAR_SPECIAL, ".nan" },   { ".inf", SVCR_SCALAR_SPECIAL, ".inf" },
	{ ".Inf", SVCR_SCALAR_SPECIAL, ".inf" },   { ".INF", SVCR_SCALAR_SPECIAL, ".inf" },
	{ "+.inf", SVCR_SCALAR_SPECIAL, ".inf" },  { "+.Inf", SVCR_SCALAR_SPECIAL, ".inf" },
	{ "+.INF", SVCR_SCALAR_SPECIAL, ".inf" },  { "-.inf", SVCR_SCALAR_SPECIAL, "-.inf" },
	{ "-.Inf", SVCR_SCALAR_SPECIAL, "-.inf" }, { "-.INF", SVCR_SCALAR_SPECIAL, "-.inf" },
};
#define WORDS (sizeof(words) / sizeof(*words))
#define WORD_MAX 5

static void set_text(char *json, const char *text)
{
	snprintf(json, SVCR_SCALAR_TEXT, "%s", text);
}

static const struct word *find_word(struct svcr_str s)
{
	if (s.len > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < WORDS; i++)
		if (svcr_str_eq(s, words[i].text))
			return &words[i];
	return NULL;
}

/* ---- Numbers ----------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Copies the number without underscores; false: it is too long for one. */
static bool copy_number(struct svcr_str s, char text[static SVCR_SCALAR_NUMBER_MAX + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (n == SVCR_SCALAR_NUMBER_MAX || !s.p[i])
			return false;
		if (s.p[i] != '_')
			text[n++] = s.p[i];
	}
	text[n] = '\0';
	return true;
}

/* An integer with the prefixes of Go's strconv.ParseInt(s, 0, 64). */
static bool read_int(const char *s, char *json)
{
	bool negative = *s == '-';
	int base = 10;
	uint64_t n;
	char *end;

	s += *s == '-' || *s == '+';
	if (s[0] == '0' && s[1]) {
		char c = (char)(s[1] | 0x20);

		base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
		s += c == 'x' || c == 'b' || c == 'o' ? 2 : 1;
	}
	if (!is_digit(*s) && !(base == 16 && ((*s | 0x20) >= 'a' && (*s | 0x20) <= 'f')))
		return false; /* strtoull takes blanks and signs */
	if (base == 16 && s[0] == '0' && (s[1] | 0x20) == 'x')
		return false; /* and a second prefix */
	errno = 0;
	n = strtoull(s, &end, base);
	if (*end || errno || (negative && n > (uint64_t)INT64_MAX + 1))
		return false;
	snprintf(json, SVCR_SCALAR_TEXT, "%s%" PRIu64, negative && n ? "-" : "", n);
	return true;
}

/* The parts of [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?; false: it is not that. */
struct decimal {
	bool negative;
	const char *whole, *fraction;
	size_t n_whole, n_fraction;
	long exponent;
};

static bool split_decimal(const char *s, struct decimal *d)
{
	*d = (struct decimal){ .negative = *s == '-' };
	s += *s == '-' || *s == '+';
	for (d->whole = s; is_digit(*s); s++)
		d->n_whole++;
	d->fraction = s;
	if (*s == '.')
		for (d->fraction = ++s; is_digit(*s); s++)
			d->n_fraction++;
	if (!d->n_whole && !d->n_fraction)
		return false;
	if (*s == 'e' || *s == 'E') {
		bool down = *++s == '-';

		s += *s == '-' || *s == '+';
		if (!is_digit(*s))
			return false;
		for (; is_digit(*s); s++)
			d->exponent = d->exponent > 100000 ? d->exponent :
							     d->exponent * 10 + (*s - '0');
		d->exponent = down ? -d->exponent : d->exponent;
	}
	return !*s;
}

/* Prints n digits as a number with `point` digits before the point; an exponent as Go has it. */
static void print_decimal(char *json, const char *digits, int n, int point)
{
	static const char zeros[] = "000000000000000000000";

	if (point > 21 || point < -5)
		snprintf(json, SVCR_SCALAR_TEXT - 1, "%c%s%.*se%d", *digits, n > 1 ? "." : "",
			 n - 1, digits + 1, point - 1);
	else if (point <= 0)
		snprintf(json, SVCR_SCALAR_TEXT - 1, "0.%.*s%.*s", -point, zeros, n, digits);
	else if (point >= n)
		snprintf(json, SVCR_SCALAR_TEXT - 1, "%.*s%.*s", n, digits, point - n, zeros);
	else
		snprintf(json, SVCR_SCALAR_TEXT - 1, "%.*s.%.*s", point, digits, n - point,
			 digits + point);
}

/*
 * Writes a decimal number as JSON; a whole one below 1e21 without point and exponent, as Go
 * does, so that 80.0 and 8e1 are a port.
 */
static bool read_float(const char *s, char *json)
{
	char digits[SVCR_SCALAR_NUMBER_MAX + 1];
	size_t n = 0, first = 0;
	struct decimal d;
	long point;

	if (!split_decimal(s, &d))
		return false;
	memcpy(digits, d.whole, d.n_whole);
	memcpy(digits + d.n_whole, d.fraction, d.n_fraction);
	n = d.n_whole + d.n_fraction;
	while (first < n && digits[first] == '0')
		first++;
	while (n > first && digits[n - 1] == '0')
		n--;
	point = (long)d.n_whole - (long)first + d.exponent; /* digits before the point */
	if (n == first || point < -MAX_EXPONENT - 20) {
		set_text(json, "0"); /* nothing, or too small to be anything else */
		return true;
	}
	if (point > MAX_EXPONENT + 1)
		return false;
	json += snprintf(json, 2, "%s", d.negative ? "-" : "");
	print_decimal(json, digits + first, (int)(n - first), (int)point);
	return true;
}

/* A scalar whose first byte is that of a number: its type. */
static enum svcr_scalar_type resolve_number(struct svcr_str s, char *json)
{
	char text[SVCR_SCALAR_NUMBER_MAX + 1];
	enum svcr_scalar_type type = SVCR_SCALAR_STRING;

	if (copy_number(s, text)) {
		if (*s.p != '.' && read_int(text, json))
			type = SVCR_SCALAR_INT;
		/* after a point, go-yaml takes no underscores */
		else if ((*s.p != '.' || !memchr(s.p, '_', s.len)) && read_float(text, json))
			type = SVCR_SCALAR_FLOAT;
	}
	explicit_bzero(text, sizeof(text)); /* a string that starts as a number may be a key */
	return type;
}

static enum svcr_scalar_type resolve_plain(struct svcr_str s, char *json)
{
	const struct word *w;

	if (!s.len)
		return SVCR_SCALAR_NULL;
	switch (*s.p) {
	case 'y':
	case 'Y':
	case 'n':
	case 'N':
	case 't':
	case 'T':
	case 'f':
	case 'F':
	case 'o':
	case 'O':
	case '~':
	case '+':
	case '-':
	case '.':
		w = find_word(s);
		if (w) {
			set_text(json, w->json);
			return w->type;
		}
		if (*s.p != '+' && *s.p != '-' && *s.p != '.')
			return SVCR_SCALAR_STRING;
		return resolve_number(s, json);
	case '0' ... '9': return resolve_number(s, json);
	default: return SVCR_SCALAR_STRING;
	}
}

/* ---- Tags -------------------------------------------------------------- */

static const char tag_prefix[] = "tag:yaml.org,2002:";

enum svcr_scalar_type svcr_scalar_resolve(struct svcr_str s, const char *tag, bool plain,
					  char text[static SVCR_SCALAR_TEXT])
{
	enum svcr_scalar_type type;

	if (!tag)
		return plain ? resolve_plain(s, text) : SVCR_SCALAR_STRING;
	if (strncmp(tag, tag_prefix, sizeof(tag_prefix) - 1) != 0)
		return SVCR_SCALAR_STRING;
	tag += sizeof(tag_prefix) - 1;
	if (strcmp(tag, "binary") == 0)
		return SVCR_SCALAR_BINARY;
	type = resolve_plain(s, text);
	if (strcmp(tag, "int") == 0)
		return type == SVCR_SCALAR_INT ? type : SVCR_SCALAR_WRONG;
	if (strcmp(tag, "float") == 0)
		return type == SVCR_SCALAR_INT || type == SVCR_SCALAR_FLOAT ||
				       type == SVCR_SCALAR_SPECIAL ?
			       type :
			       SVCR_SCALAR_WRONG;
	if (strcmp(tag, "bool") == 0)
		return type == SVCR_SCALAR_BOOL ? type : SVCR_SCALAR_WRONG;
	if (strcmp(tag, "null") == 0)
		return type == SVCR_SCALAR_NULL ? type : SVCR_SCALAR_WRONG;
	return SVCR_SCALAR_STRING;
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (is_digit(c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

long svcr_scalar_base64(struct svcr_str s, char *to)
{
	long n = 0;

	if (s.len % 4)
		return -1;
	for (size_t i = 0; i < s.len; i += 4) {
		bool last = i + 4 == s.len;
		int pad = !last || s.p[i + 3] != '=' ? 0 : s.p[i + 2] != '=' ? 1 : 2;
		uint32_t x = 0;

		for (int k = 0; k < 4; k++) {
			int v = k >= 4 - pad ? 0 : base64_value(s.p[i + (size_t)k]);

			if (v < 0)
				return -1;
			x = x << 6 | (uint32_t)v;
		}
		for (int k = 0; k < 3 - pad; k++)
			to[n++] = (char)(x >> (16 - 8 * k));
	}
	return n;
}
