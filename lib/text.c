/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- Forms that are neither JSON nor YAML ------------------------------- */

struct form {
	size_t at; /* where `bytes` are */
	const char *bytes;
	size_t len;
	const char *says;
};

#define BYTES(at, literal) (at), (literal), sizeof(literal) - 1

/* clang-format off */
static const struct form forms[] = {
	{ BYTES(0, "\x1f\x8b"),
	  "this is gzip data: zcat FILE | svcrules ... -f -" },
	{ BYTES(0, "\xfd" "7zXZ"),
	  "this is xz data: xzcat FILE | svcrules ... -f -" },
	{ BYTES(0, "BZh"),
	  "this is bzip2 data: bzcat FILE | svcrules ... -f -" },
	{ BYTES(0, "\x28\xb5\x2f\xfd"),
	  "this is zstd data: zstdcat FILE | svcrules ... -f -" },
	{ BYTES(0, "PK\3\4"),
	  "this is a zip archive: unzip -p FILE '*.json' | svcrules ... -f -" },
	{ BYTES(257, "ustar"),
	  "this is a tar archive: unpack it with 'tar -xf FILE -C DIR', and name DIR: "
	  "svcrules ... -f DIR -R" },
	{ BYTES(0, "k8s\0"),
	  "this is protobuf, as etcd has it: svcrules reads what 'kubectl get -o json' prints" },
	{ BYTES(0, "\xff\xfe\0\0"),
	  "this is UTF-32: iconv -f UTF-32 -t UTF-8 FILE | svcrules ... -f -" },
	{ BYTES(0, "\0\0\xfe\xff"),
	  "this is UTF-32: iconv -f UTF-32 -t UTF-8 FILE | svcrules ... -f -" },
	{ BYTES(0, "-----BEGIN "),
	  "this is a certificate or key (PEM), not Kubernetes objects" },
	{ BYTES(0, "NAME "),
	  "this is kubectl's table for people: add '-o json' to 'kubectl get'" },
	{ BYTES(0, "NAMESPACE "),
	  "this is kubectl's table for people: add '-o json' to 'kubectl get'" },
};
/* clang-format on */

#define FORMS (sizeof(forms) / sizeof(*forms))

static const char *find_form(const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < FORMS; i++)
		if (len >= forms[i].at + forms[i].len &&
		    memcmp(p + forms[i].at, forms[i].bytes, forms[i].len) == 0)
			return forms[i].says;
	return NULL;
}

/* UTF-16 without a mark: text that is mostly ASCII, with a NUL at each second byte. */
static const char *find_utf16(const unsigned char *p, size_t len)
{
	size_t zeros[2] = { 0 };

	for (size_t i = 0; i < len; i++)
		zeros[i % 2] += !p[i];
	if (len >= 4 && !zeros[0] && zeros[1] > len / 4)
		return "this is UTF-16 without a byte-order mark: iconv -f UTF-16LE -t UTF-8 FILE "
		       "| svcrules ... -f -";
	if (len >= 4 && !zeros[1] && zeros[0] > len / 4)
		return "this is UTF-16 without a byte-order mark: iconv -f UTF-16BE -t UTF-8 FILE "
		       "| svcrules ... -f -";
	return zeros[0] + zeros[1] ? "this is binary data, expected JSON or YAML" : NULL;
}

/* True if the text starts with the word, in capitals or not. */
static bool starts_with(const unsigned char *p, size_t len, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i < n; i++)
		if (len < n || (p[i] | 0x20) != (word[i] | 0x20))
			return false;
	return true;
}

static const char *find_markup(const unsigned char *p, size_t len)
{
	while (len && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')) {
		p++;
		len--;
	}
	if (!len || *p != '<')
		return NULL;
	if (starts_with(p, len, "<?xml"))
		return "this is XML, expected JSON or YAML";
	return "this is an HTML page, of a proxy or a login perhaps, not an answer of the API "
	       "server: kubectl get services,endpointslices,nodes -A -o json";
}

static bool is_base64(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '+' || c == '/';
}

/* Base64 of JSON, of YAML that starts with apiVersion or kind, or of gzip data. */
static const char *find_base64(const unsigned char *p, size_t len)
{
	static const char *const starts[] = { "ey",  "ewo",  "ewog",  "W3",
					      "Wwo", "H4sI", "YXBpV", "a2luZ" };
	size_t n = len < 60 ? len : 60;

	if (n < 60)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (!is_base64(p[i]))
			return NULL;
	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (memcmp(p, starts[i], strlen(starts[i])) == 0)
			return memcmp(p, "H4", 2) == 0 ?
				       "this is gzip data in base64: base64 -d FILE | zcat | "
				       "svcrules ... -f -" :
				       "this is base64: base64 -d FILE | svcrules ... -f -";
	return NULL;
}

/* ---- Beginning ---------------------------------------------------------- */

static void read_head(struct svcr_text *t)
{
	while (t->len < SVCR_TEXT_HEAD && !t->eof) {
		long n = t->fill(t->arg, (char *)t->head + t->len, SVCR_TEXT_HEAD - t->len);

		t->error = n < 0 ? n : 0;
		t->eof = n <= 0;
		t->len += n > 0 ? (size_t)n : 0;
	}
}

const char *svcr_text_begin(struct svcr_text *t, svcr_text_fill_fn fill, void *arg)
{
	const unsigned char *p = t->head;
	const char *found;

	t->fill = fill;
	t->arg = arg;
	t->at = t->len = 0;
	t->error = 0;
	t->eof = t->broken = false;
	t->wide = 0;
	t->n_spare = t->spare_at = 0;
	read_head(t);
	found = find_form(p, t->len);
	if (found)
		return found;
	if (t->len >= 2 && p[0] == 0xff && p[1] == 0xfe)
		t->wide = 1;
	else if (t->len >= 2 && p[0] == 0xfe && p[1] == 0xff)
		t->wide = -1;
	if (t->wide) {
		t->line = t->column = 1;
		t->at = 2;
		return NULL;
	}
	found = find_utf16(p, t->len);
	found = found ? found : find_markup(p, t->len);
	return found ? found : find_base64(p, t->len);
}

/* ---- UTF-16 ------------------------------------------------------------- */

static unsigned int unit_at(const struct svcr_text *t, size_t at)
{
	const unsigned char *p = t->head + at;

	return t->wide > 0 ? p[0] | (unsigned int)p[1] << 8 : p[1] | (unsigned int)p[0] << 8;
}

/* Takes the next character; false: there is none in memory, or half of one. */
static bool take_character(struct svcr_text *t, uint32_t *ret)
{
	size_t left = t->len - t->at;
	uint32_t c, low;

	if (left < 2) {
		t->broken = left && t->eof;
		return false;
	}
	c = unit_at(t, t->at);
	if (c >= 0xd800 && c < 0xe000) {
		if (left < 4 && !t->eof && c < 0xdc00)
			return false;
		low = left < 4 ? 0 : unit_at(t, t->at + 2);
		t->broken = c >= 0xdc00 || low < 0xdc00 || low >= 0xe000;
		if (t->broken)
			return false;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		t->at += 2;
	}
	t->at += 2;
	t->column = c == '\n' ? 1 : t->column + 1;
	t->line += c == '\n';
	*ret = c;
	return true;
}

static size_t put_character(char *to, uint32_t c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* Makes the next character in UTF-8; reads on where it must. False: there is none. */
static bool next_character(struct svcr_text *t)
{
	uint32_t c;

	while (!take_character(t, &c)) {
		if (t->broken || t->eof)
			return false;
		t->len -= t->at;
		memmove(t->head, t->head + t->at, t->len);
		t->at = 0;
		read_head(t);
	}
	t->n_spare = put_character(t->spare, c);
	t->spare_at = 0;
	return true;
}

static long fill_wide(struct svcr_text *t, char *buf, size_t size)
{
	size_t n = 0;

	while (n < size && (t->spare_at < t->n_spare || next_character(t)))
		buf[n++] = t->spare[t->spare_at++];
	return n ? (long)n : t->broken ? -EILSEQ : t->error;
}

long svcr_text_fill(void *arg, char *buf, size_t size)
{
	struct svcr_text *t = arg;
	size_t n = t->len - t->at;

	if (t->wide)
		return fill_wide(t, buf, size);
	if (!n)
		return t->eof ? t->error : t->fill(t->arg, buf, size);
	n = n < size ? n : size;
	memcpy(buf, t->head + t->at, n);
	t->at += n;
	return (long)n;
}

/* ---- Messages ----------------------------------------------------------- */

/* "E0102 15:04:05.000000 ...", of the library that kubectl logs with. */
static bool is_log_line(struct svcr_str s)
{
	static const char shape[] = "X0000 00:00:00";

	if (s.len < sizeof(shape) || !memchr("EWIF", *s.p, 4))
		return false;
	for (size_t i = 1; i < sizeof(shape) - 1; i++)
		if (shape[i] == '0' ? s.p[i] < '0' || s.p[i] > '9' : s.p[i] != shape[i])
			return false;
	return true;
}

static bool text_begins(struct svcr_str ahead, const char *start)
{
	size_t n = strlen(start);

	return ahead.len >= n && memcmp(ahead.p, start, n) == 0;
}

/* True if the first line is one that Kubernetes objects or lists of them begin with in YAML. */
static bool is_object_line(struct svcr_str ahead)
{
	static const char *const keys[] = { "apiVersion:", "kind:", "metadata:",  "items:",
					    "spec:",       "data:", "endpoints:", "addressType:" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (text_begins(ahead, keys[i]))
			return true;
	return false;
}

bool svcr_text_is_message(struct svcr_str ahead)
{
	static const char *const starts[] = { "Warning: ",
					      "error: ",
					      "Error: ",
					      "Error from server",
					      "No resources found",
					      "Unable to connect to the server",
					      "The connection to the server",
					      "couldn't get ",
					      "command terminated" };
	const char *end = ahead.p + ahead.len;

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (text_begins(ahead, starts[i]))
			return true;
	if (!ahead.len || memchr("#%-{[", *ahead.p, 5) || is_object_line(ahead))
		return false;
	for (const char *p = ahead.p; (p = memchr(p, '\n', (size_t)(end - p))); p++)
		if (end - p > 2 && p[1] == '{' && (p[2] == '"' || p[2] == '\n' || p[2] == '\r'))
			return true;
	return is_log_line(ahead);
}

struct svcr_str svcr_text_line(struct svcr_str ahead, size_t max)
{
	size_t n = 0;

	while (n < ahead.len && n < max && ahead.p[n] != '\n' && ahead.p[n] != '\r')
		n++;
	if (n < ahead.len) /* no half of a character */
		while (n && ((unsigned char)ahead.p[n] & 0xc0) == 0x80)
			n--;
	return (struct svcr_str){ ahead.p, n };
}
