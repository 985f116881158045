/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json.h"

#include <check.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define TEXT(literal) literal, sizeof(literal) - 1

/* An input in pieces of at most `step` bytes, with an error instead of its end if `error`. */
struct source {
	const char *text;
	size_t len, step;
	int error;
};

static long fill_source(void *arg, char *buf, size_t size)
{
	struct source *s = arg;
	size_t n = s->len < size ? s->len : size;

	if (!s->len)
		return s->error;
	if (s->step && n > s->step)
		n = s->step;
	memcpy(buf, s->text, n);
	s->text += n;
	s->len -= n;
	return (long)n;
}

/* An endless repetition of one byte, after a first one. */
static long fill_endless(void *arg, char *buf, size_t size)
{
	char *next = arg;

	memset(buf, next[1], size);
	buf[0] = next[0];
	next[0] = next[1];
	return (long)size;
}

/* The input written again without white space and escapes; too long an output is cut. */
struct echo {
	char text[8192];
	size_t len;
};

static void echo(struct echo *e, const char *p, size_t len)
{
	if (len > sizeof(e->text) - e->len)
		len = sizeof(e->text) - e->len;
	memcpy(e->text + e->len, p, len);
	e->len += len;
}

static void walk(struct svcr_json *j, struct echo *e)
{
	struct svcr_str s;
	bool b;

	switch (svcr_json_peek(j)) {
	case SVCR_JSON_OBJECT:
		echo(e, "{", 1);
		svcr_json_enter(j);
		while (svcr_json_next_key(j, &s)) {
			echo(e, s.p, s.len);
			echo(e, ":", 1);
			walk(j, e);
		}
		echo(e, "}", 1);
		break;
	case SVCR_JSON_ARRAY:
		echo(e, "[", 1);
		svcr_json_enter(j);
		while (svcr_json_next_item(j))
			walk(j, e);
		echo(e, "]", 1);
		break;
	case SVCR_JSON_STRING:
		if (svcr_json_string(j, &s))
			echo(e, s.p, s.len);
		break;
	case SVCR_JSON_NUMBER:
		if (svcr_json_number(j, &s))
			echo(e, s.p, s.len);
		break;
	case SVCR_JSON_BOOL:
		if (svcr_json_bool(j, &b))
			echo(e, b ? "T" : "F", 1);
		break;
	default:
		if (svcr_json_skip(j))
			echo(e, "N", 1);
	}
	echo(e, ";", 1);
}

/* Reads all documents, by walking if `e`, else by skipping. *j is released but for its public fields. */
static int read_all(struct svcr_json *j, struct source src, struct echo *e)
{
	int n = 0;

	ck_assert_int_eq(svcr_json_init(j, fill_source, &src), 0);
	for (; svcr_json_more_documents(j); n++)
		if (e)
			walk(j, e);
		else
			svcr_json_skip(j);
	svcr_json_release(j);
	return n;
}

static void same_outcome(const struct svcr_json *a, const struct svcr_json *b)
{
	ck_assert_int_eq(a->failed, b->failed);
	ck_assert_int_eq(a->error, b->error);
	ck_assert_str_eq(a->message, b->message);
	ck_assert_uint_eq(a->line, b->line);
	ck_assert_uint_eq(a->column, b->column);
}

/* By skipping and walking, whole and in small pieces: the same outcome each time. Returns the number of documents. */
static int read_every_way(struct svcr_json *j, const char *text, size_t len, struct echo *e)
{
	static const size_t steps[] = { 0, 1, 3, 7 };
	int n = -1;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct svcr_json again;
		struct echo first = *e;
		struct source src = { text, len, steps[i], 0 };
		int skipped = read_all(&again, src, NULL), walked;

		e->len = 0;
		walked = read_all(j, src, e);
		same_outcome(&again, j);
		ck_assert_int_eq(skipped, walked);
		ck_assert(i == 0 || (e->len == first.len && memcmp(e->text, first.text, e->len) == 0));
		ck_assert(i == 0 || n == walked);
		n = walked;
	}
	return n;
}

static const struct {
	const char *text;
	size_t len;
	int docs;
	const char *echo;
} good[] = {
	{ TEXT(""), 0, "" },
	{ TEXT(" \t\r\n"), 0, "" },
	{ TEXT("\xef\xbb\xbf"), 0, "" },
	{ TEXT("\xef\xbb\xbf[]"), 1, "[];" },
	{ TEXT("null"), 1, "N;" },
	{ TEXT("true false\nnull"), 3, "T;F;N;" },
	{ TEXT("{}[]{}"), 3, "{};[];{};" },
	{ TEXT("{\"a\":1}\n{\"a\":2}\n"), 2, "{a:1;};{a:2;};" },
	{ TEXT("\"a\"\"b\"1"), 3, "a;b;1;" },
	{ TEXT("[0,-0,10,1.5e3,-0.0E-10,1e+9,70000]"), 1, "[0;-0;10;1.5e3;-0.0E-10;1e+9;70000;];" },
	{ TEXT("[123456789012345678901234567890]"), 1, "[123456789012345678901234567890;];" },
	{ TEXT(" [ 1 ,\r\n\t2 ] "), 1, "[1;2;];" },
	{ TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), 1, "\"\\/\b\f\n\r\t;" },
	{ TEXT("\"\\u0041\\u00e9\\u20AC\\uD83D\\ude00\""), 1, "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80;" },
	{ TEXT("\"\\uffff\\u007f\\u0080\\u07ff\\u0800\""), 1, "\xef\xbf\xbf\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80;" },
	{ TEXT("\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xed\x9f\xbf\xf4\x8f\xbf\xbf\""), 1,
	  "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xed\x9f\xbf\xf4\x8f\xbf\xbf;" },
	{ TEXT("\"\x7f\""), 1, "\x7f;" },
	{ TEXT("{\"\":{\"\":{}}}"), 1, "{:{:{};};};" },
	{ TEXT("{\"a\":1,\"A\":2,\"aa\":3,\"\\u00e4\":4}"), 1, "{a:1;A:2;aa:3;\xc3\xa4:4;};" },
	{ TEXT("[{\"a\":{\"a\":1},\"b\":{\"a\":1}},{\"a\":1}]"), 1, "[{a:{a:1;};b:{a:1;};};{a:1;};];" },
};

START_TEST(test_good)
{
	struct svcr_json j;
	struct echo e = { .len = 0 };

	ck_assert_int_eq(read_every_way(&j, good[_i].text, good[_i].len, &e), good[_i].docs);
	ck_assert_msg(!j.failed, "%s", j.message);
	ck_assert_uint_eq(e.len, strlen(good[_i].echo));
	ck_assert(memcmp(e.text, good[_i].echo, e.len) == 0);
}
END_TEST

static const struct {
	const char *text;
	size_t len;
	unsigned int line, column;
	const char *message;
} bad[] = {
	{ TEXT("{"), 1, 2, "unexpected end of input, expected a key or '}'" },
	{ TEXT("["), 1, 2, "unexpected end of input, expected a value" },
	{ TEXT("]"), 1, 1, "expected a value, found ']'" },
	{ TEXT("x"), 1, 1, "expected a value, found 'x'" },
	{ TEXT("\0"), 1, 1, "expected a value, found byte 0x00" },
	{ TEXT("[]\0"), 1, 3, "expected a value, found byte 0x00" },
	{ TEXT("[ \0]"), 1, 3, "expected a value, found byte 0x00" },
	{ TEXT("\f1"), 1, 1, "expected a value, found byte 0x0c" },
	{ TEXT("\xef\xbb"), 1, 1, "expected a value, found byte 0xef" },
	{ TEXT("\xef\xbb\xbfx"), 1, 1, "expected a value, found 'x'" },
	{ TEXT("\xef\xbb\xbf\n x"), 2, 2, "expected a value, found 'x'" },
	{ TEXT("1 \xef\xbb\xbf"), 1, 3, "expected a value, found byte 0xef" },
	{ TEXT("{\"a\":1 x"), 1, 8, "expected ',' or '}' after a member, found 'x'" },
	{ TEXT("{\"a\":1]"), 1, 7, "expected ',' or '}' after a member, found ']'" },
	{ TEXT("{\n  \"a\": 1,\n}"), 3, 1, "expected a key after ',', found '}'" },
	{ TEXT("{\"a\" 1}"), 1, 6, "expected ':' after a key, found '1'" },
	{ TEXT("{\"a\":}"), 1, 6, "expected a value, found '}'" },
	{ TEXT("{,}"), 1, 2, "expected a key or '}', found ','" },
	{ TEXT("{a:1}"), 1, 2, "expected a key or '}', found 'a'" },
	{ TEXT("[1,]"), 1, 4, "expected a value, found ']'" },
	{ TEXT("[,]"), 1, 2, "expected a value, found ','" },
	{ TEXT("[1 2]"), 1, 4, "expected ',' or ']' after an item, found '2'" },
	{ TEXT("[1}"), 1, 3, "expected ',' or ']' after an item, found '}'" },
	{ TEXT("[01]"), 1, 3, "expected the end of a number, found '1'" },
	{ TEXT("[-]"), 1, 3, "expected a digit in a number, found ']'" },
	{ TEXT("[1.]"), 1, 4, "expected a digit in a number, found ']'" },
	{ TEXT("[.5]"), 1, 2, "expected a value, found '.'" },
	{ TEXT("[+1]"), 1, 2, "expected a value, found '+'" },
	{ TEXT("[1e]"), 1, 4, "expected a digit in a number, found ']'" },
	{ TEXT("[1e+"), 1, 5, "unexpected end of input, expected a digit in a number" },
	{ TEXT("[0x10]"), 1, 3, "expected the end of a number, found 'x'" },
	{ TEXT("1.5.2"), 1, 4, "expected the end of a number, found '.'" },
	{ TEXT("nul"), 1, 4, "unexpected end of input, expected the word 'null'" },
	{ TEXT("[tRue]"), 1, 3, "expected the word 'true', found 'R'" },
	{ TEXT("falsey"), 1, 6, "expected the word 'false', found 'y'" },
	{ TEXT("\"abc"), 1, 5, "unexpected end of input in a string" },
	{ TEXT("\"a\\"), 1, 4, "unexpected end of input in a string" },
	{ TEXT("\"a\\u12"), 1, 7, "unexpected end of input in a string" },
	{ TEXT("\"\\ud800"), 1, 8, "unexpected end of input in a string" },
	{ TEXT("\"\\ud800\\u"), 1, 10, "unexpected end of input in a string" },
	{ TEXT("\"a\nb\""), 1, 3, "control character 0x0a in a string" },
	{ TEXT("\"a\0b\""), 1, 3, "control character 0x00 in a string" },
	{ TEXT("\"\\x\""), 1, 2, "unknown escape in a string" },
	{ TEXT("\"\\\0\""), 1, 2, "unknown escape in a string" },
	{ TEXT("\"\\u12g4\""), 1, 2, "\\u needs four hexadecimal digits" },
	{ TEXT("\"a\\u0000\""), 1, 3, "\\u0000 is not allowed in a string" },
	{ TEXT("\"\\udc00\""), 1, 2, "unpaired surrogate \\udc00 in a string" },
	{ TEXT("\"\\ud800\""), 1, 2, "unpaired surrogate in a string" },
	{ TEXT("\"\\ud800\\n\""), 1, 2, "unpaired surrogate in a string" },
	{ TEXT("\"\\ud800\\u0041\""), 1, 2, "unpaired surrogate in a string" },
	{ TEXT("\"\\ud83d\\uda00\""), 1, 2, "unpaired surrogate in a string" },
	{ TEXT("\"\\ud83d\\uda00"), 1, 2, "unpaired surrogate in a string" },
	{ TEXT("\"x\x80\""), 1, 3, "invalid UTF-8 in a string" },
	{ TEXT("\"\xc0\xaf\""), 1, 2, "invalid UTF-8 in a string" },
	{ TEXT("\"\xc3\""), 1, 2, "invalid UTF-8 in a string" },
	{ TEXT("\"\xe0\x9f\xbf\""), 1, 2, "invalid UTF-8 in a string" },
	{ TEXT("\"\xed\xa0\x80\""), 1, 2, "invalid UTF-8 in a string" },
	{ TEXT("\"\xf0\x8f\xbf\xbf\""), 1, 2, "invalid UTF-8 in a string" },
	{ TEXT("\"\xf4\x90\x80\x80\""), 1, 2, "invalid UTF-8 in a string" },
	{ TEXT("\"\xe2\x82"), 1, 2, "invalid UTF-8 in a string" },
	{ TEXT("\"\xff\""), 1, 2, "invalid UTF-8 in a string" },
	{ TEXT("{\"a\":1,\n \"a\":2}"), 2, 2, "duplicate key 'a'" },
	{ TEXT("{\"a\":1,\"b\":{\"a\":1,\"b\":[{}]},\"\\u0061\":2}"), 1, 29, "duplicate key 'a'" },
	{ TEXT("[{\"\":1,\"\":2}]"), 1, 8, "duplicate key ''" },
	{ TEXT("{\"\\n\\u001b\\u009bx\":1,\"\\n\\u001b\\u009bx\":2}"), 1, 22, "duplicate key '????x'" },
};

START_TEST(test_bad)
{
	struct svcr_json j;
	struct echo e = { .len = 0 };

	read_every_way(&j, bad[_i].text, bad[_i].len, &e);
	ck_assert(j.failed);
	ck_assert_str_eq(j.message, bad[_i].message);
	ck_assert_int_eq(j.error, -EINVAL);
	ck_assert_uint_eq(j.line, bad[_i].line);
	ck_assert_uint_eq(j.column, bad[_i].column);
}
END_TEST

static const char sample[] =
	"{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n        {\n            \"kind\": \"Service\",\n"
	"            \"metadata\": {\n                \"name\": \"web-\xc3\xa9\",\n"
	"                \"annotations\": {\"last\": \"{\\\"a\\\":1}\\n\\u20ac\\ud83d\\ude00\"}\n            },\n"
	"            \"spec\": {\"ports\": [{\"port\": 80, \"weight\": -1.5e3, \"ok\": true},\n"
	"                {\"port\": 443, \"ok\": false, \"x\": null, \"y\": [], \"z\": {}}]}\n"
	"        }\n    ],\n    \"kind\": \"List\"\n}";

START_TEST(test_prefixes)
{
	struct svcr_json j;
	struct echo e = { .len = 0 };

	for (size_t len = 1; len < sizeof(sample) - 1; len++) {
		read_every_way(&j, sample, len, &e);
		ck_assert_msg(j.failed, "prefix of %zu bytes", len);
	}
	ck_assert_int_eq(read_every_way(&j, sample, sizeof(sample) - 1, &e), 1);
	ck_assert(!j.failed);
}
END_TEST

/* A document of about n items, and optionally an error at its end. */
static char *make_list(size_t n, const char *end, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	fputs("[\n", f);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "    {\n        \"name\": \"item-%zu\",\n        \"e\\u0073c\": \"\\t%*s\"\n    },\n",
			i, (int)(i % 97), "\xe2\x82\xac");
	fputs(end, f);
	fclose(f);
	return text;
}

START_TEST(test_places_far_away)
{
	static const size_t steps[] = { 0, 1, 4096, 65535, 65537 };

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct svcr_json j;
		size_t len;
		char *text = make_list(20000, "    17 x", &len);
		struct source src = { text, len, steps[i], 0 };

		read_all(&j, src, NULL);
		ck_assert_str_eq(j.message, "expected ',' or ']' after an item, found 'x'");
		ck_assert_uint_eq(j.line, 80002);
		ck_assert_uint_eq(j.column, 8);
		free(text);
	}
}
END_TEST

START_TEST(test_long_tokens)
{
	size_t size = 300000;
	char *text = malloc(size);
	struct source src = { text, size, 1000, 0 };
	struct svcr_json j;
	struct svcr_str s;

	memset(text, '7', size);
	text[0] = text[1] = '[';
	text[100000] = ',';
	text[100001] = text[199999] = '"';
	text[200000] = ']';
	text[200001] = ',';
	text[200002] = text[size - 2] = '"';
	memcpy(text + 250000, "\\u00e9", 6);
	text[size - 1] = ']';
	svcr_json_init(&j, fill_source, &src);
	ck_assert(svcr_json_more_documents(&j) && svcr_json_enter(&j) && svcr_json_next_item(&j));
	ck_assert(svcr_json_enter(&j) && svcr_json_next_item(&j) && svcr_json_number(&j, &s));
	ck_assert_uint_eq(s.len, 100000 - 2);
	ck_assert(svcr_json_next_item(&j) && svcr_json_string(&j, &s) && s.len == 99997);
	ck_assert(s.p[0] == '7' && s.p[99996] == '7');
	ck_assert(!svcr_json_next_item(&j) && svcr_json_next_item(&j) && svcr_json_string(&j, &s));
	ck_assert_uint_eq(s.len, size - 2 - 200003 - 4);
	ck_assert(memcmp(s.p + 250000 - 200003, "\xc3\xa9" "7", 3) == 0);
	ck_assert(!svcr_json_next_item(&j) && !svcr_json_more_documents(&j) && !j.failed);
	svcr_json_release(&j);
	free(text);
}
END_TEST

START_TEST(test_window_limit)
{
	char next[2] = { '"', 'a' };
	struct svcr_json j;

	svcr_json_init(&j, fill_endless, next);
	ck_assert(svcr_json_more_documents(&j));
	ck_assert(!svcr_json_skip(&j));
	ck_assert_int_eq(j.error, -EFBIG);
	svcr_json_release(&j);
}
END_TEST

START_TEST(test_read_error)
{
	for (size_t len = 0; len < sizeof(sample); len++) {
		struct source src = { sample, len, 5, -EIO };
		struct svcr_json j;

		read_all(&j, src, NULL);
		ck_assert(j.failed);
		ck_assert_int_eq(j.error, -EIO);
		ck_assert_str_eq(j.message, "cannot read: Input/output error");
	}
}
END_TEST

START_TEST(test_sticky)
{
	struct source src = { TEXT("[1 2]"), 0, 0 };
	struct svcr_json j, zero = { 0 };
	struct svcr_str s;
	bool b;

	svcr_json_init(&j, fill_source, &src);
	ck_assert(svcr_json_more_documents(&j) && !svcr_json_skip(&j));
	ck_assert(!svcr_json_more_documents(&j) && svcr_json_peek(&j) == SVCR_JSON_ERROR);
	ck_assert(!svcr_json_enter(&j) && !svcr_json_next_key(&j, &s) && !svcr_json_next_item(&j));
	ck_assert(!svcr_json_string(&j, &s) && !svcr_json_number(&j, &s) && !svcr_json_bool(&j, &b));
	ck_assert(!svcr_json_skip(&j) && svcr_json_mark(&j) == -1);
	ck_assert_uint_eq(j.column, 4);
	svcr_json_release(&j);
	svcr_json_release(&zero);
}
END_TEST

/* Passes over a large list three times with nested marks, so that the marked text moves and grows. */
START_TEST(test_marks)
{
	size_t len;
	char *text = make_list(5000, "{}]", &len);
	struct source src = { text, len, (size_t)_i, 0 };
	struct svcr_json j;
	struct svcr_str key;
	int outer, inner;

	svcr_json_init(&j, fill_source, &src);
	ck_assert(svcr_json_more_documents(&j));
	outer = svcr_json_mark(&j);
	for (int pass = 0; pass < 3; pass++) {
		int items = 0;

		ck_assert(svcr_json_enter(&j));
		while (svcr_json_next_item(&j)) {
			inner = svcr_json_mark(&j);
			ck_assert(inner == 1 && svcr_json_skip(&j));
			svcr_json_rewind(&j, inner);
			ck_assert(svcr_json_enter(&j));
			if (items++ < 5000) {
				ck_assert(svcr_json_next_key(&j, &key) && svcr_str_eq(key, "name"));
				ck_assert(svcr_json_skip(&j));
				svcr_json_rewind(&j, inner);
				ck_assert(svcr_json_enter(&j));
			}
			while (svcr_json_next_key(&j, &key))
				ck_assert(svcr_json_skip(&j));
			svcr_json_unmark(&j, inner);
		}
		ck_assert_msg(items == 5001, "%d %s", items, j.message);
		if (pass < 2)
			svcr_json_rewind(&j, outer);
	}
	svcr_json_unmark(&j, outer);
	ck_assert(!svcr_json_more_documents(&j) && !j.failed);
	svcr_json_release(&j);
	free(text);
}
END_TEST

static char *make_keys(int n, int again, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	fputs("{", f);
	for (int i = 0; i < n; i++)
		fprintf(f, "%s\"key-%d\":{\"key-%d\":0,\"x\":1}\n", i ? "," : "", i, i);
	if (again >= 0)
		fprintf(f, ",\"k\\u0065y-%d\":0", again);
	fputs("}", f);
	fclose(f);
	return text;
}

static const struct {
	int n, again;
} dups[] = {
	{ 1, 0 }, { 2, 0 }, { 63, 0 }, { 63, 62 }, { 64, 0 }, { 64, 63 }, { 65, 0 }, { 65, 64 },
	{ 66, 1 }, { 255, 3 }, { 256, 255 }, { 257, 256 }, { 1000, 500 }, { 100000, 3 },
};

START_TEST(test_duplicates)
{
	for (int with = 0; with < 2; with++) {
		size_t len;
		char message[60], *text = make_keys(dups[_i].n, with ? dups[_i].again : -1, &len);
		struct source src = { text, len, 0, 0 };
		struct svcr_json j;

		snprintf(message, sizeof(message), "duplicate key 'key-%d'", dups[_i].again);
		read_all(&j, src, NULL);
		ck_assert_int_eq(j.failed, with);
		ck_assert_str_eq(j.message, with ? message : "");
		ck_assert_uint_eq(j.line, with ? (uint64_t)dups[_i].n + 1 : 0);
		free(text);
	}
}
END_TEST

static void take_keys(struct svcr_json *j, int n)
{
	struct svcr_str key;

	while (n--)
		ck_assert_msg(svcr_json_next_key(j, &key) && svcr_json_skip(j), "%s", j->message);
}

/* Marks inside one object at any number of keys: going back must neither forget nor invent a key. */
START_TEST(test_duplicates_and_marks)
{
	for (int first = 0; first < 140; first += 9) {
		size_t len;
		char *text = make_keys(300, 299, &len);
		struct source src = { text, len, 0, 0 };
		struct svcr_json j;
		struct svcr_str key;
		int outer, inner;

		svcr_json_init(&j, fill_source, &src);
		ck_assert(svcr_json_more_documents(&j) && svcr_json_enter(&j));
		take_keys(&j, first);
		outer = svcr_json_mark(&j);
		take_keys(&j, _i);
		inner = svcr_json_mark(&j);
		take_keys(&j, 100);
		svcr_json_rewind(&j, outer);
		take_keys(&j, 120);
		svcr_json_rewind(&j, inner);
		take_keys(&j, 90);
		svcr_json_rewind(&j, inner);
		svcr_json_unmark(&j, inner);
		take_keys(&j, 300 - first - _i);
		svcr_json_rewind(&j, outer);
		svcr_json_unmark(&j, outer);
		take_keys(&j, 300 - first);
		ck_assert(!svcr_json_next_key(&j, &key));
		ck_assert_str_eq(j.message, "duplicate key 'key-299'");
		svcr_json_release(&j);
		free(text);
	}
}
END_TEST

static int string_cmp(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static unsigned int random_below(uint64_t *state, unsigned int n)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned int)(*state >> 33) % n;
}

struct few_keys { char text[24][24]; const char *v[24]; int n; };

/* Keys that begin alike, the first some of them in order. */
static void make_few(struct few_keys *k, uint64_t *state)
{
	unsigned int in_order = random_below(state, 30);

	k->n = 1 + (int)random_below(state, 24);
	for (int i = 0; i < k->n; i++) {
		unsigned int len = 5 + random_below(state, 8);

		memset(k->text[i], 'a', 5);
		for (unsigned int c = 5; c < len; c++)
			k->text[i][c] = "ab\x7f"[random_below(state, 3)];
		k->text[i][len] = '\0';
		k->v[i] = k->text[i];
	}
	qsort(k->v, in_order < (unsigned int)k->n ? in_order : (size_t)k->n, sizeof(*k->v), string_cmp);
}

/* The first that is there already; -1: none. */
static int find_again(const struct few_keys *k)
{
	for (int i = 0; i < k->n; i++)
		for (int first = 0; first < i; first++)
			if (strcmp(k->v[i], k->v[first]) == 0)
				return i;
	return -1;
}

START_TEST(test_duplicates_in_order)
{
	uint64_t state = 1;

	for (int round = 0; round < 20000; round++) {
		char text[1024];
		size_t len = 0;
		struct few_keys k;
		struct svcr_json j;
		int again;

		make_few(&k, &state);
		again = find_again(&k);
		for (int i = 0; i < k.n; i++)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\n\"%s\":%d", i ? "," : "{", k.v[i], i);
		text[len++] = '}';
		read_all(&j, (struct source){ text, len, 0, 0 }, NULL);
		ck_assert_msg(j.failed == (again >= 0) && (int)j.line == (again < 0 ? 0 : again + 2), "%.*s: %s",
			      (int)len, text, j.message);
	}
}
END_TEST

/* Leaving the marked container and coming back must restore its keys. */
START_TEST(test_mark_left)
{
	struct source src = { TEXT("[{\"a\":{\"b\":0,\"c\":1},\"d\":2},{\"x\":1,\"y\":2,\"z\":3,\"x\":4}]"), 0, 0 };
	struct svcr_json j;
	struct svcr_str key;
	int mark;

	svcr_json_init(&j, fill_source, &src);
	ck_assert(svcr_json_more_documents(&j) && svcr_json_enter(&j) && svcr_json_next_item(&j));
	ck_assert(svcr_json_enter(&j) && svcr_json_next_key(&j, &key) && svcr_json_enter(&j));
	take_keys(&j, 1);
	mark = svcr_json_mark(&j);
	for (int pass = 0; pass < 3; pass++) {
		take_keys(&j, 1);
		ck_assert(!svcr_json_next_key(&j, &key));
		take_keys(&j, 1);
		ck_assert(!svcr_json_next_key(&j, &key) && svcr_json_next_item(&j) && svcr_json_enter(&j));
		take_keys(&j, 3);
		if (pass < 2)
			svcr_json_rewind(&j, mark);
	}
	ck_assert(!svcr_json_next_key(&j, &key));
	ck_assert_str_eq(j.message, "duplicate key 'x'");
	svcr_json_release(&j);
}
END_TEST

START_TEST(test_depth)
{
	for (int depth = SVCR_JSON_MAX_DEPTH; depth <= SVCR_JSON_MAX_DEPTH + 1; depth++) {
		bool deep = depth > SVCR_JSON_MAX_DEPTH;
		char text[2 * SVCR_JSON_MAX_DEPTH + 2];
		struct echo e = { .len = 0 };
		struct svcr_json j;

		memset(text, '[', (size_t)depth);
		memset(text + depth, ']', (size_t)depth);
		read_every_way(&j, text, 2 * (size_t)depth, &e);
		ck_assert_int_eq(j.failed, deep);
		ck_assert_uint_eq(j.column, deep ? SVCR_JSON_MAX_DEPTH + 1 : 0);
		ck_assert_str_eq(j.message, deep ? "nested deeper than 128" : "");
	}
}
END_TEST

static uint64_t prng(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* One to three small changes. Returns the new length. */
static size_t mutate(char *text, size_t len, uint64_t *seed)
{
	static const char bytes[] = "{}[]:,\"\\ \n\t0123456789-+.eEtfnu/\x01\x7f\x80\xbf\xc3\xe2\xed\xf0\xff";

	for (uint64_t n = 1 + prng(seed) % 3; n; n--) {
		size_t at = prng(seed) % len, from = prng(seed) % len, run = 1 + prng(seed) % 12;

		switch (prng(seed) % 5) {
		case 0:
			text[at] = bytes[prng(seed) % sizeof(bytes)];
			break;
		case 1: /* delete */
			memmove(text + at, text + at + 1, --len - at);
			break;
		case 2: /* insert */
			memmove(text + at + 1, text + at, len++ - at);
			text[at] = bytes[prng(seed) % (sizeof(bytes) - 1)];
			break;
		case 3: /* copy a run over another place */
			run = run > len - at ? len - at : run;
			run = run > len - from ? len - from : run;
			memmove(text + at, text + from, run);
			break;
		default:
			text[at] = text[from];
		}
	}
	return len;
}

/* 1: accepted, 0: rejected, -1: jansson reads it with limits of its own */
static int jansson_accepts(const char *text, size_t len)
{
	json_error_t error;
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);

	json_decref(json);
	if (!json && json_error_code(&error) == json_error_numeric_overflow)
		return -1;
	return json != NULL;
}

START_TEST(test_jansson)
{
	uint64_t seed = 0x5eed + (uint64_t)_i;
	int accepted = 0, compared = 0;

	for (int i = 0; i < 4000; i++) {
		char text[sizeof(sample) + 8];
		struct echo e = { .len = 0 };
		struct svcr_json j;
		size_t len;
		int theirs, docs;

		memcpy(text, sample, sizeof(sample));
		len = mutate(text, sizeof(sample) - 1, &seed);
		theirs = jansson_accepts(text, len);
		if (theirs < 0 || memcmp(text, "\xef\xbb\xbf", 3) == 0)
			continue;
		docs = read_every_way(&j, text, len, &e);
		ck_assert_msg((docs == 1 && !j.failed) == theirs, "jansson %d, here %d '%s':\n%.*s",
			      theirs, docs, j.message, (int)len, text);
		accepted += theirs;
		compared++;
	}
	ck_assert_int_gt(accepted, 100);
	ck_assert_int_gt(compared - accepted, 100);
}
END_TEST

/* The same for the vectors, one document each. */
START_TEST(test_jansson_vectors)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(jansson_accepts(bad[i].text, bad[i].len) != 1, "%s", bad[i].text);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (good[i].docs == 1 && memcmp(good[i].text, "\xef\xbb\xbf", 3) != 0)
			ck_assert_msg(jansson_accepts(good[i].text, good[i].len) != 0, "%s", good[i].text);
}
END_TEST

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
/* In front of libc's: the allocation when `allocations_left` is 0 fails. */
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
static long allocations_left = -1;

static bool allocation_fails(void)
{
	return allocations_left >= 0 && allocations_left-- == 0;
}

void *calloc(size_t n, size_t size)
{
	return allocation_fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	return allocation_fails() ? NULL : __libc_realloc(p, size);
}

START_TEST(test_out_of_memory)
{
	size_t len;
	char *text = make_list(5000, "{\"a\\n\":{", &len), *keys, *all;
	int n;

	text[len - 1] = 0;
	keys = make_keys(600, -1, &len);
	ck_assert_int_gt(asprintf(&all, "%s%s}]", text, keys), 0);
	for (n = 0; n < 1000; n++) {
		struct source src = { all, strlen(all), 0, 0 };
		struct svcr_json j;
		struct echo e = { .len = 0 };

		allocations_left = n;
		if (svcr_json_init(&j, fill_source, &src) == 0 && svcr_json_more_documents(&j)) {
			svcr_json_mark(&j);
			walk(&j, &e);
			ck_assert(j.failed || !svcr_json_more_documents(&j));
		}
		svcr_json_release(&j);
		if (allocations_left >= 0)
			break;
		ck_assert_int_eq(j.error, -ENOMEM);
	}
	allocations_left = -1;
	ck_assert_int_gt(n, 8);
	ck_assert_int_lt(n, 100);
	free(text);
	free(keys);
	free(all);
}
END_TEST
#endif

int main(void)
{
	Suite *suite = suite_create("json");
	TCase *tc = tcase_create("json");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, test_good, 0, (int)ARRAY_SIZE(good));
	tcase_add_loop_test(tc, test_bad, 0, (int)ARRAY_SIZE(bad));
	tcase_add_test(tc, test_prefixes);
	tcase_add_test(tc, test_places_far_away);
	tcase_add_test(tc, test_long_tokens);
	tcase_add_test(tc, test_window_limit);
	tcase_add_test(tc, test_read_error);
	tcase_add_test(tc, test_sticky);
	tcase_add_loop_test(tc, test_marks, 0, 3);
	tcase_add_loop_test(tc, test_duplicates, 0, (int)ARRAY_SIZE(dups));
	tcase_add_test(tc, test_duplicates_in_order);
	tcase_add_loop_test(tc, test_duplicates_and_marks, 0, 65);
	tcase_add_test(tc, test_mark_left);
	tcase_add_test(tc, test_depth);
	tcase_add_loop_test(tc, test_jansson, 0, 4);
	tcase_add_test(tc, test_jansson_vectors);
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
	tcase_add_test(tc, test_out_of_memory);
#endif
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
