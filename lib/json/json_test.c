/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values, errors and their places; comparison with jansson. */
#include "json_test.h"

#include <errno.h>
#include <jansson.h>

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
	{ TEXT("\"\\u0041\\u00e9\\u20AC\\uD83D\\ude00\""), 1,
	  "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80;" },
	{ TEXT("\"\\uffff\\u007f\\u0080\\u07ff\\u0800\""), 1,
	  "\xef\xbf\xbf\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80;" },
	{ TEXT("\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xed\x9f\xbf\xf4\x8f\xbf\xbf\""), 1,
	  "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xed\x9f\xbf\xf4\x8f\xbf\xbf;" },
	{ TEXT("\"\x7f\""), 1, "\x7f;" },
	/* what may stand between documents */
	{ TEXT("1 \xef\xbb\xbf"), 1, "1;" },
	{ TEXT("\xef\xbb\xbf\xef\xbb\xbf\n\xef\xbb\xbf{}\n\xef\xbb\xbf[]"), 2, "{};[];" },
	{ TEXT("---\n{}\n---\n---   \n[]\n---"), 2, "{};[];" },
	{ TEXT("{}\r\n---\r\n[]\r\n"), 2, "{};[];" },
	{ TEXT("\x1e{}\n\x1e[]\n\x1e\x1e"), 2, "{};[];" },
	{ TEXT("{\"\":{\"\":{}}}"), 1, "{:{:{};};};" },
	{ TEXT("{\"a\":1,\"A\":2,\"aa\":3,\"\\u00e4\":4}"), 1, "{a:1;A:2;aa:3;\xc3\xa4:4;};" },
	{ TEXT("[{\"a\":{\"a\":1},\"b\":{\"a\":1}},{\"a\":1}]"), 1,
	  "[{a:{a:1;};b:{a:1;};};{a:1;};];" },
};

START_TEST(json_good)
{
	struct svcr_json j;
	struct echo e = { .len = 0 };

	ck_assert_int_eq(json_read_every_way(&j, good[_i].text, good[_i].len, &e), good[_i].docs);
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
	{ TEXT("1\n\xef\xbb\xbf x"), 2, 2, "expected a value, found 'x'" },
	{ TEXT("1 \xef\xbb"), 1, 3, "expected a value, found byte 0xef" },
	{ TEXT("1\n--x"), 2, 2, "expected a digit in a number, found '-'" },
	{ TEXT("---x"), 1, 2, "expected a digit in a number, found '-'" },
	{ TEXT("[\x1e"), 1, 2, "expected a value, found byte 0x1e" },
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
	{ TEXT("{\"\\n\\u001b\\u009bx\":1,\"\\n\\u001b\\u009bx\":2}"), 1, 22,
	  "duplicate key '????x'" },
};

START_TEST(json_bad)
{
	struct svcr_json j;
	struct echo e = { .len = 0 };

	json_read_every_way(&j, bad[_i].text, bad[_i].len, &e);
	ck_assert(j.failed);
	ck_assert_str_eq(j.message, bad[_i].message);
	ck_assert_int_eq(j.error, -EINVAL);
	ck_assert_uint_eq(j.line, bad[_i].line);
	ck_assert_uint_eq(j.column, bad[_i].column);
}
END_TEST

START_TEST(json_prefixes)
{
	struct svcr_json j;
	struct echo e = { .len = 0 };

	for (size_t len = 1; len < sizeof(json_sample) - 1; len++) {
		json_read_every_way(&j, json_sample, len, &e);
		ck_assert_msg(j.failed, "prefix of %zu bytes", len);
	}
	ck_assert_int_eq(json_read_every_way(&j, json_sample, sizeof(json_sample) - 1, &e), 1);
	ck_assert(!j.failed);
}
END_TEST

START_TEST(json_depth)
{
	for (int depth = SVCR_JSON_MAX_DEPTH; depth <= SVCR_JSON_MAX_DEPTH + 1; depth++) {
		bool deep = depth > SVCR_JSON_MAX_DEPTH;
		char text[2 * SVCR_JSON_MAX_DEPTH + 2];
		struct echo e = { .len = 0 };
		struct svcr_json j;

		memset(text, '[', (size_t)depth);
		memset(text + depth, ']', (size_t)depth);
		json_read_every_way(&j, text, 2 * (size_t)depth, &e);
		ck_assert_int_eq(j.failed, deep);
		ck_assert_uint_eq(j.column, deep ? SVCR_JSON_MAX_DEPTH + 1 : 0);
		ck_assert_str_eq(j.message, deep ? "nested deeper than 128" : "");
	}
}
END_TEST

/* ---- jansson ----------------------------------------------------------- */

static uint64_t json_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Makes one to three small changes. Returns the new length. */
static size_t json_mutate(char *text, size_t len, uint64_t *seed)
{
	static const char bytes[] =
		"{}[]:,\"\\ \n\t0123456789-+.eEtfnu/\x01\x7f\x80\xbf\xc3\xe2\xed\xf0\xff";

	for (uint64_t n = 1 + json_random(seed) % 3; n; n--) {
		size_t at = json_random(seed) % len, from = json_random(seed) % len;
		size_t run = 1 + json_random(seed) % 12;

		switch (json_random(seed) % 5) {
		case 0: text[at] = bytes[json_random(seed) % sizeof(bytes)]; break;
		case 1: /* delete */ memmove(text + at, text + at + 1, --len - at); break;
		case 2: /* insert */
			memmove(text + at + 1, text + at, len++ - at);
			text[at] = bytes[json_random(seed) % (sizeof(bytes) - 1)];
			break;
		case 3: /* copy a run over another place */
			run = run > len - at ? len - at : run;
			run = run > len - from ? len - from : run;
			memmove(text + at, text + from, run);
			break;
		default: text[at] = text[from];
		}
	}
	return len;
}

/* Returns 1 if jansson accepts the text, 0 if not, -1 if a limit of jansson alone stops it. */
static int jansson_accepts(const char *text, size_t len)
{
	json_error_t error;
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);

	json_decref(json);
	if (!json && json_error_code(&error) == json_error_numeric_overflow)
		return -1;
	return json != NULL;
}

START_TEST(json_jansson_mutations)
{
	uint64_t seed = 0x5eed + (uint64_t)_i;
	int accepted = 0, compared = 0;

	for (int i = 0; i < 4000; i++) {
		char text[sizeof(json_sample) + 8];
		struct echo e = { .len = 0 };
		struct svcr_json j;
		size_t len;
		int theirs, docs;

		memcpy(text, json_sample, sizeof(json_sample));
		len = json_mutate(text, sizeof(json_sample) - 1, &seed);
		theirs = jansson_accepts(text, len);
		if (theirs < 0 || memcmp(text, "\xef\xbb\xbf", 3) == 0 || memchr(text, 0x1e, len) ||
		    memmem(text, len, "\\u0000", 6))
			continue;
		docs = json_read_every_way(&j, text, len, &e);
		ck_assert_msg((docs == 1 && !j.failed) == theirs, "jansson %d, here %d '%s':\n%.*s",
			      theirs, docs, j.message, (int)len, text);
		accepted += theirs;
		compared++;
	}
	ck_assert_int_gt(accepted, 100);
	ck_assert_int_gt(compared - accepted, 100);
}
END_TEST

/* Compares with jansson the texts above that are one document. */
START_TEST(json_jansson_vectors)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(jansson_accepts(bad[i].text, bad[i].len) != 1, "%s", bad[i].text);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (good[i].docs == 1 && !memmem(good[i].text, good[i].len, "\xef\xbb\xbf", 3) &&
		    !strstr(good[i].text, "\\u0000"))
			ck_assert_msg(jansson_accepts(good[i].text, good[i].len) != 0, "%s",
				      good[i].text);
}
END_TEST

/* The first token behind all brackets says whether a document may be JSON. */
START_TEST(json_likely)
{
	static const struct {
		const char *text;
		bool likely;
	} texts[] = {
		{ "{\"", true },      { "{}", true },       { " { ", true },  { "[", true },
		{ "[[ {\n\"", true }, { "[]", true },       { "[1", true },   { "[-1", true },
		{ "[\"", true },      { "---\n{\"", true }, { "{a", false },  { "[a", false },
		{ "{'", false },      { "{{", false },      { "[{a", false }, { "[[ {\n a", false },
		{ "\"a\"", false },   { "a", false },       { "7", false },   { "- a", false },
		{ "# {", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts) * 3; i++) {
		const char *text = texts[i / 3].text, *doc = text;
		struct source src = { text, strlen(text), i % 3, 0 };
		bool separated = strncmp(text, "---\n", 4) == 0;
		struct svcr_str rest;
		struct svcr_json j;
		uint64_t line;

		doc += separated ? 4 : strspn(text, " ");
		ck_assert_int_eq(svcr_json_init(&j, source_fill, &src), 0);
		ck_assert(svcr_json_more_documents(&j));
		ck_assert_int_eq(j.separated, separated);
		ck_assert_msg(svcr_json_is_likely(&j) == texts[i / 3].likely, "%s", text);
		rest = svcr_json_ahead(&j, 100);
		ck_assert_uint_eq(rest.len, strlen(doc));
		ck_assert(memcmp(doc, rest.p, rest.len) == 0);
		rest = svcr_json_rest(&j, &line);
		ck_assert_uint_eq(rest.len, strlen(doc));
		ck_assert_uint_eq(line, separated ? 2 : 1);
		ck_assert(!j.failed);
		svcr_json_release(&j);
	}
}
END_TEST

/* In text that was made from another form, a carriage return moves back by a column. */
START_TEST(json_returns)
{
	static const char text[] = "{\"a\":[1,2],\r\r\r\"a\":1}";
	struct source src = { text, sizeof(text) - 1, 1, 0 };
	struct svcr_json j;

	ck_assert_int_eq(svcr_json_init(&j, source_fill, &src), 0);
	j.returns = true;
	ck_assert(svcr_json_more_documents(&j));
	ck_assert(!svcr_json_skip(&j));
	ck_assert_uint_eq(j.column, 9);
	svcr_json_release(&j);
}
END_TEST

/* An error of the source is no error in the text. */
START_TEST(json_unread)
{
	struct source src = { "{\"a\":", 5, 0, -EIO };
	struct svcr_json j;

	ck_assert_int_eq(svcr_json_init(&j, source_fill, &src), 0);
	ck_assert(svcr_json_more_documents(&j));
	ck_assert(!svcr_json_skip(&j));
	ck_assert(j.unread);
	ck_assert_int_eq(j.error, -EIO);
	svcr_json_release(&j);
}
END_TEST

/* Item i of the list stands in line 3 * i + 2; its first key is a line below. */
static char *lines_text(size_t n)
{
	size_t size = n * 300 + 10, at = 0;
	char *text = malloc(size);

	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, size - at, "%s\n%*s{\n\"a\":\n%zu}",
				       i ? "," : "[", (int)(i % 200), "", i);
	snprintf(text + at, size - at, "]");
	return text;
}

/* Lines of values, in windows and steps of any size, also after a look ahead. */
START_TEST(json_lines)
{
	static const size_t steps[] = { 0, 1, 7, 4096 };
	const size_t n = 3000;
	char *text = lines_text(n);
	struct source src = { text, strlen(text), steps[_i / 2], 0 };
	struct svcr_json j;

	ck_assert_int_eq(svcr_json_init(&j, source_fill, &src), 0);
	j.returns = _i % 2; /* as made from YAML: the line of the key */
	ck_assert(svcr_json_more_documents(&j) && svcr_json_enter(&j));
	for (size_t i = 0; i < n; i++) {
		int mark;

		ck_assert(svcr_json_next_item(&j));
		ck_assert_uint_eq(svcr_json_line(&j), 3 * i + 2 + _i % 2);
		mark = svcr_json_mark(&j);
		ck_assert(svcr_json_skip(&j));
		svcr_json_rewind(&j, mark);
		svcr_json_unmark(&j, mark);
		ck_assert_uint_eq(svcr_json_line(&j), 3 * i + 2 + _i % 2);
		ck_assert(svcr_json_skip(&j));
	}
	ck_assert(!svcr_json_next_item(&j));
	ck_assert(!j.failed);
	svcr_json_release(&j);
	free(text);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("values");

	tcase_add_loop_test(tc, json_good, 0, (int)ARRAY_SIZE(good));
	tcase_add_loop_test(tc, json_bad, 0, (int)ARRAY_SIZE(bad));
	tcase_add_test(tc, json_prefixes);
	tcase_add_test(tc, json_depth);
	tcase_add_loop_test(tc, json_jansson_mutations, 0, 4);
	tcase_add_test(tc, json_jansson_vectors);
	tcase_add_test(tc, json_likely);
	tcase_add_test(tc, json_returns);
	tcase_add_test(tc, json_unread);
	tcase_add_loop_test(tc, json_lines, 0, 8);
	return json_run_tests(tc);
}
