/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "yaml.h"
#include "json/json.h"
#include "scalar.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct yaml_source {
	const char *text;
	size_t len, step; /* bytes of a piece at most; 0: any */
	long end;         /* returned at the end */
};

static long yaml_source_fill(void *arg, char *buf, size_t size)
{
	struct yaml_source *s = arg;
	size_t n = s->len < size ? s->len : size;

	if (!s->len)
		return s->end;
	if (s->step && n > s->step)
		n = s->step;
	memcpy(buf, s->text, n);
	s->text += n;
	s->len -= n;
	return (long)n;
}

/*
 * Returns the JSON text of a YAML text, without white space between tokens; malloc'ed. `y` was
 * released, but has its error.
 */
static char *yaml_to_json(struct svcr_yaml *y, struct yaml_source s, size_t out_step)
{
	char *out = NULL, buf[4096];
	bool string = false;
	size_t size;
	FILE *f = open_memstream(&out, &size);
	long n;

	ck_assert_int_eq(svcr_yaml_init(y, (struct svcr_str){ NULL, 0 }, 1, yaml_source_fill, &s),
			 0);
	while ((n = svcr_yaml_fill(y, buf, out_step)) > 0)
		for (long i = 0; i < n; i++) {
			if (buf[i] == '"')
				string = !string;
			if (string && buf[i] == '\\') { /* pieces end anywhere */
				char next = i + 1 < n ? buf[++i] : '\0';

				fputc('\\', f);
				if (!next)
					ck_assert_int_eq(svcr_yaml_fill(y, &next, 1), 1);
				fputc(next, f);
			} else if (string || !strchr(" \n\r", buf[i])) {
				fputc(buf[i], f);
			}
		}
	fclose(f);
	svcr_yaml_release(y);
	ck_assert_int_eq(n, y->failed ? y->error : 0);
	return out;
}

/* ---- Scalars ------------------------------------------------------------ */

/* Plain scalars and what they are as JSON: as go-yaml 2 and sigs.k8s.io/yaml have it. */
/* clang-format off */
static const char *const scalars[][2] = {
	{ "", "null" }, { "~", "null" }, { "null", "null" }, { "Null", "null" },
	{ "NULL", "null" }, { "nULL", "\"nULL\"" }, { "nil", "\"nil\"" },
	{ "y", "true" }, { "Y", "true" }, { "yes", "true" }, { "Yes", "true" }, { "YES", "true" },
	{ "true", "true" }, { "True", "true" }, { "TRUE", "true" }, { "on", "true" },
	{ "On", "true" }, { "ON", "true" }, { "n", "false" }, { "N", "false" }, { "no", "false" },
	{ "No", "false" }, { "NO", "false" }, { "false", "false" }, { "False", "false" },
	{ "FALSE", "false" }, { "off", "false" }, { "Off", "false" }, { "OFF", "false" },
	{ "yEs", "\"yEs\"" }, { "tRue", "\"tRue\"" }, { "oN", "\"oN\"" }, { "yess", "\"yess\"" },
	{ "None", "\"None\"" }, { "t", "\"t\"" }, { "f", "\"f\"" }, { "T", "\"T\"" },
	{ "0", "0" }, { "-0", "0" }, { "+0", "0" }, { "80", "80" }, { "+80", "80" },
	{ "-80", "-80" }, { "017", "15" }, { "0o17", "15" }, { "-017", "-15" }, { "0x1F", "31" },
	{ "0X1f", "31" }, { "-0xA", "-10" }, { "0b101", "5" }, { "0B11", "3" }, { "-0b1", "-1" },
	{ "08", "8" }, { "09.5", "9.5" }, { "0o8", "\"0o8\"" }, { "0b2", "\"0b2\"" },
	{ "0x", "\"0x\"" }, { "0xg", "\"0xg\"" }, { "1_000", "1000" }, { "0x_f", "15" },
	{ "_1", "\"_1\"" }, { "1__0", "10" }, { "9223372036854775807", "9223372036854775807" },
	{ "-9223372036854775808", "-9223372036854775808" },
	{ "18446744073709551615", "18446744073709551615" },
	{ "18446744073709551616", "18446744073709551616" },
	{ "-9223372036854775809", "-9223372036854775809" },
	{ "1.5", "1.5" }, { "-1.5", "-1.5" }, { "80.0", "80" }, { "80.", "80" },
	{ ".5", "0.5" }, { "-.5", "-0.5" }, { "1e3", "1000" }, { "1.5e3", "1500" },
	{ "1E+3", "1000" }, { "1e-3", "0.001" }, { "12.25", "12.25" }, { "0.0", "0" },
	{ "1e22", "1e22" },
	{ "1.25e-7", "1.25e-7" }, { "0.00000125", "0.00000125" },
	{ "1e21", "1e21" }, { "1e20", "100000000000000000000" },
	{ "1e308", "1e308" }, { "1e309", "\"1e309\"" }, { "1e-400", "0" },
	{ "1e99999999999999999999", "\"1e99999999999999999999\"" }, { "1_0.5", "10.5" },
	{ ".5_0", "\".5_0\"" }, { ".", "\".\"" }, { "-", NULL }, { "+", "\"+\"" },
	{ "1.2.3", "\"1.2.3\"" }, { "1e", "\"1e\"" }, { "e3", "\"e3\"" }, { "1:30", "\"1:30\"" },
	{ "10.0.0.1", "\"10.0.0.1\"" }, { "1.1", "1.1" }, { "::1", "\"::1\"" },
	{ "2001-01-01", "\"2001-01-01\"" }, { "2001-12-14T21:59:43Z", "\"2001-12-14T21:59:43Z\"" },
	{ "2001-12-14 21:59:43", "\"2001-12-14 21:59:43\"" }, { "+-1", "\"+-1\"" },
	{ "0x-1", "\"0x-1\"" }, { "0x0x1", "\"0x0x1\"" }, { ".inf", NULL }, { "-.INF", NULL },
	{ "+.Inf", NULL }, { ".nan", NULL }, { ".NaN", NULL }, { ".iNF", "\".iNF\"" },
	/* quoted, block and tagged */
	{ "\"80\"", "\"80\"" }, { "'yes'", "\"yes\"" }, { "''", "\"\"" }, { "|-\n  80", "\"80\"" },
	{ ">-\n  a\n  b", "\"a b\"" }, { "!!str 80", "\"80\"" }, { "!!str", "\"\"" },
	{ "!!int \"80\"", "80" }, { "!!int 0o17", "15" }, { "!!float 80", "80" },
	{ "!!float .inf",
	  NULL }, { "!!int 1.5", NULL }, { "!!int x", NULL }, { "!!bool yes", "true" },
	{ "!!bool 1", NULL }, { "!!null ~", "null" }, { "!!null x", NULL },
	{ "!!timestamp 2001-01-01", "\"2001-01-01\"" }, { "!!binary aGk=", "\"hi\"" },
	{ "!!binary aGk", NULL }, { "!!binary /w==", "\"\xef\xbf\xbd\"" },
	{ "! \"80\"", "\"80\"" }, { "! 80", "\"80\"" },
	{ "!thing 80", "\"80\"" }, { "!<tag:yaml.org,2002:int> 7", "7" },
	{ "\"\\0\\x01\\n\\\"\\\\\\/\\u00e9\\U0001F600\\_\"",
	  "\"\\u0000\\u0001\\u000a\\\"\\\\/\xc3\xa9\xf0\x9f\x98\x80\xc2\xa0\"" },
};

START_TEST(yaml_scalars)
{
	char text[200], expected[200];
	struct yaml_source s = { text, 0, 0, 0 };
	struct svcr_yaml y;
	char *json;

	s.len = (size_t)snprintf(text, sizeof(text), "a: %s\n", scalars[_i][0]);
	json = yaml_to_json(&y, s, 4096);
	ck_assert_msg(y.failed == !scalars[_i][1], "%s: %s%s", text, json, y.message);
	if (!y.failed) {
		snprintf(expected, sizeof(expected), "{\"a\":%s}", scalars[_i][1]);
		if (!strchr(scalars[_i][1], ' '))
			ck_assert_str_eq(json, expected);
	} else {
		ck_assert_int_eq(y.error, -EINVAL);
		ck_assert_uint_eq(y.line, 1);
	}
	free(json);
}
END_TEST

/* Numbers as long as they may be, and longer: text. */
START_TEST(yaml_long_numbers)
{
	char digits[SVCR_SCALAR_NUMBER_MAX + 8], text[SVCR_SCALAR_TEXT];

	for (size_t n = 300; n < sizeof(digits); n++) {
		enum svcr_scalar_type type;

		memset(digits, '7', n);
		digits[n / 2] = '.';
		type = svcr_scalar_resolve((struct svcr_str){ digits, n }, NULL, true, text);
		ck_assert_int_eq(type, n <= SVCR_SCALAR_NUMBER_MAX ? SVCR_SCALAR_FLOAT :
								      SVCR_SCALAR_STRING);
	}
}
END_TEST

/* ---- Structure ---------------------------------------------------------- */

static const struct {
	const char *yaml, *json;
} structures[] = {
	{ "", "" },
	{ "# nothing\n", "" },
	{ "---\n...\n---\n# no\n--- ~\n", "" },
	{ "a: 1\n---\nb: 2\n...\n# end\n---\n- 3\n", "{\"a\":1}{\"b\":2}[3]" },
	{ "%YAML 1.1\n---\na: {b: [1, {c: d}, []], e: {}}\n",
	  "{\"a\":{\"b\":[1,{\"c\":\"d\"},[]],\"e\":{}}}" },
	{ "- a: 1\n  b:\n  - 2\n  - c: 3\n- - 4\n  - 5\n-\n",
	  "[{\"a\":1,\"b\":[2,{\"c\":3}]},[4,5],null]" },
	{ "{\"a\":1,\n\t\"b\": [true,null]}", "{\"a\":1,\"b\":[true,null]}" },
	{ "? a\n: 1\n? b\n", "{\"a\":1,\"b\":null}" },
	{ "a: |\n  x\n   y\n\nb: >\n  x\n  y\n",
	  "{\"a\":\"x\\u000a y\\u000a\",\"b\":\"x y\\u000a\"}" },
	{ "\xef\xbb\xbf" "a: 1\n---\n\xef\xbb\xbf" "b: \xef\xbb\xbf" "c\n",
	  "{\"a\":1}{\"b\":\"\xef\xbb\xbf" "c\"}" },
	{ "\xef\xbb\xbf" "a: 1\n---\n\xef\xbb\xbf" "b: 2\n", "{\"a\":1}{\"b\":2}" },
	/* keys */
	{ "1: a\n0x10: b\nyes: c\n1.50: d\n\"2\": e\n",
	  "{\"1\":\"a\",\"16\":\"b\",\"true\":\"c\",\"1.5\":\"d\",\"2\":\"e\"}" },
	{ "&x a: *x\n", "{\"a\":\"a\"}" },
	/* anchors */
	{ "a: &x {b: [1, 2]}\nc: *x\nd: [*x, *x]\n",
	  "{\"a\":{\"b\":[1,2]},\"c\":{\"b\":[1,2]},\"d\":[{\"b\":[1,2]},{\"b\":[1,2]}]}" },
	{ "a: &x 1\nb: &y [*x, &z 2]\nc: *y\nd: *z\n",
	  "{\"a\":1,\"b\":[1,2],\"c\":[1,2],\"d\":2}" },
	{ "a: &x 1\nb: *x\nc: &x 2\nd: *x\n", "{\"a\":1,\"b\":1,\"c\":2,\"d\":2}" },
	{ "a: &k 7\n*k : b\n? *k\n", "{\"a\":7,\"7\":\"b\",\"7\":null}" },
	{ "- &e\n- *e\n", "[null,null]" },
	/* merge keys */
	{ "- &x {a: 1, b: 2}\n- {<<: *x, b: 3}\n", "[{\"a\":1,\"b\":2},{\"b\":3,\"a\":1}]" },
	{ "- &x {a: 1, b: 2}\n- {b: 3, <<: *x}\n", "[{\"a\":1,\"b\":2},{\"b\":3,\"a\":1}]" },
	{ "- &x {a: 1}\n- &y {a: 2, b: 3}\n- <<: [*x, *y]\n  c: 4\n",
	  "[{\"a\":1},{\"a\":2,\"b\":3},{\"c\":4,\"a\":1,\"b\":3}]" },
	{ "<<: {a: {b: \"}]\\\",\"}}\n<<: {c: 1}\n", "{\"a\":{\"b\":\"}]\\\",\"},\"c\":1}" },
	{ "a: &x {<<: {b: 1}, c: 2}\nd: {<<: *x}\n<<: []\n",
	  "{\"a\":{\"c\":2,\"b\":1},\"d\":{\"c\":2,\"b\":1}}" },
	{ "<<: {<<: {<<: {a: 1}, b: 2}, c: [{<<: {d: 3}}]}\n",
	  "{\"c\":[{\"d\":3}],\"b\":2,\"a\":1}" },
	{ "a: &x {b: 1, <<: &y {c: 2}, d: [*y]}\ne: {<<: [*x, *y]}\nf: *x\n",
	  "{\"a\":{\"b\":1,\"d\":[{\"c\":2}],\"c\":2},\"e\":{\"b\":1,\"d\":[{\"c\":2}],\"c\":2},"
	  "\"f\":{\"b\":1,\"d\":[{\"c\":2}],\"c\":2}}" },
	{ "\"<<\": 1\n", "{\"<<\":1}" },
};

START_TEST(yaml_structures)
{
	static const size_t steps[] = { 0, 1, 2, 5 };
	const char *text = structures[_i].yaml;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct yaml_source s = { text, strlen(text), steps[i], 0 };
		struct svcr_yaml y;
		char *json = yaml_to_json(&y, s, steps[i] ? steps[i] : 4096);

		ck_assert_msg(y.failed == !structures[_i].json, "%s", y.message);
		if (structures[_i].json)
			ck_assert_str_eq(json, structures[_i].json);
		free(json);
	}
}
END_TEST

/* ---- Errors ------------------------------------------------------------- */

static const struct {
	const char *yaml;
	unsigned int line, column;
	const char *message;
} errors[] = {
	{ "a: b: c\n", 1, 5, "mapping values are not allowed in this context" },
	{ "a: 1\nb\n", 3, 1,
	  "could not find expected ':' while scanning a simple key that starts in line 2" },
	{ "a:\n\tb: 1\n", 2, 1,
	  "found character that cannot start any token while scanning for the next token (a"
	  " tab: YAML indents with blanks)" },
	{ "a: [1, 2\n", 2, 1,
	  "did not find expected ',' or ']' while parsing a flow sequence that starts in line 1" },
	{ "a: 1\n b: \x01\n", 2, 5, "control character 0x01" },
	{ "a: 1\nbb: \xff\n", 2, 5, "invalid UTF-8" },
	{ "a: \"\\ud83d\"\n", 1, 7, "found invalid Unicode character escape code" },
	{ "a: .inf\n", 1, 4, ".inf is a number that JSON does not have" },
	{ "a: 1\n? [b]\n: 2\n", 2, 3, "a key that is a list" },
	{ "a: 1\n? {b: c}\n: 2\n", 2, 3, "a key that is a mapping" },
	{ "a: 1\n~: 2\n", 2, 1, "a key that is null" },
	{ "a: &x {}\n*x : 2\n", 2, 1, "a key that is a mapping" },
	{ "a: *x\n", 1, 4, "alias of 'x', which no anchor names" },
	{ "a: &x 1\n---\nb: *x\n", 3, 4, "alias of 'x', which no anchor names" },
	{ "a: &x [*x]\n", 1, 8, "alias of 'x' inside of that anchor" },
	{ "a: &x [&x 1]\n", 1, 8, "anchor 'x' is inside of an anchor of that name" },
	{ "a: &x 1\n<<: *x\n", 3, 1, "a merge key (<<) needs a mapping or a list of mappings" },
	{ "<<: [1]\n", 2, 1, "a merge key (<<) needs a mapping or a list of mappings" },
	{ "a: !!int x\n", 1, 4, "'x' is not what its tag !!int says" },
	{ "a: !!binary x\n", 1, 4, "!!binary, but not base64" },
	{ "kind: List\nError from server (Forbidden): no\n", 2, 1,
	  "found the text 'Error from server (Forbidden): ...'; is kubectl's standard "
	  "error in the file (2>&1)?" },
};

START_TEST(yaml_errors)
{
	static const size_t steps[] = { 0, 1, 3 };

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct yaml_source s = { errors[_i].yaml, strlen(errors[_i].yaml), steps[i], 0 };
		struct svcr_yaml y;

		free(yaml_to_json(&y, s, 4096));
		ck_assert(y.failed && !y.unread);
		ck_assert_msg(strncmp(y.message, errors[_i].message, strlen(errors[_i].message)) ==
				      0,
			      "%s", y.message);
		ck_assert_uint_eq(y.line, errors[_i].line);
		ck_assert_uint_eq(y.column, errors[_i].column);
	}
}
END_TEST

/* Texts with the key "dup" twice, the second time at the place given. */
static const struct {
	const char *yaml;
	unsigned int line, column;
} duplicates[] = {
	{ "dup: 1\ndup: 2\n", 2, 1 },
	{ "# x\n- a:\n  - {b: c}\n  - dup: 1\n    x: [1,\n       2]\n    dup: 2\n", 7, 5 },
	{ "- dup: 'a\n\n\n  b'\n  \"dup\": 2\n", 5, 3 },
	{ "{dup: x, dup: y}", 1, 10 },
	{ "{a: {b: c, d: e}, dup: x, f: [g, h], dup: y}", 1, 38 },
	{ "{a: '\xc3\xa9\xc3\xa9', dup: x, dup: y}", 1, 19 },
	{ "{\"dup\":1,\"dup\":2}", 1, 10 },
	{ "x: &x {a: b, c: [d, e, f, g]}\ny: {z: *x, dup: 1, dup: 2}\n", 2, 20 },
	{ "? dup\n: 1\n? dup\n: 2\n", 3, 3 },
};

START_TEST(yaml_places)
{
	const char *text = duplicates[_i].yaml;

	for (size_t step = 0; step < 3; step++) {
		struct yaml_source s = { text, strlen(text), step, 0 };
		struct svcr_yaml y;
		struct svcr_json j;

		ck_assert_int_eq(svcr_yaml_init(&y, (struct svcr_str){ NULL, 0 }, 1,
						yaml_source_fill, &s),
				 0);
		ck_assert_int_eq(svcr_json_init(&j, svcr_yaml_fill, &y), 0);
		j.returns = true;
		ck_assert(svcr_json_more_documents(&j));
		ck_assert(!svcr_json_skip(&j));
		ck_assert(!y.failed);
		ck_assert_str_eq(j.message, "duplicate key 'dup'");
		ck_assert_uint_eq(j.line, duplicates[_i].line);
		ck_assert_uint_eq(j.column, duplicates[_i].column);
		svcr_json_release(&j);
		svcr_yaml_release(&y);
	}
}
END_TEST

START_TEST(yaml_depth)
{
	for (size_t depth = SVCR_YAML_MAX_DEPTH; depth <= SVCR_YAML_MAX_DEPTH + 1; depth++) {
		char text[2 * SVCR_YAML_MAX_DEPTH + 4];
		struct yaml_source s = { text, 2 * depth, 0, 0 };
		struct svcr_yaml y;

		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		free(yaml_to_json(&y, s, 4096));
		ck_assert_int_eq(y.failed, depth > SVCR_YAML_MAX_DEPTH);
	}
}
END_TEST

/* The rest of an input whose start was read by somebody else; and an input that cannot be read. */
START_TEST(yaml_first)
{
	struct yaml_source s = { " 1\nb: [\n", 8, 1, -EIO };
	struct svcr_yaml y;
	char buf[100];

	ck_assert_int_eq(svcr_yaml_init(&y, (struct svcr_str){ "\n\na:", 4 }, 10, yaml_source_fill,
					&s),
			 0);
	while (svcr_yaml_fill(&y, buf, sizeof(buf)) > 0)
		continue;
	ck_assert(y.failed && y.unread);
	ck_assert_int_eq(y.error, -EIO);
	svcr_yaml_release(&y);
	s = (struct yaml_source){ "b: [}\n", 6, 1, 0 };
	ck_assert_int_eq(svcr_yaml_init(&y, (struct svcr_str){ "\n\n", 2 }, 10, yaml_source_fill,
					&s),
			 0);
	while (svcr_yaml_fill(&y, buf, sizeof(buf)) > 0)
		continue;
	ck_assert_uint_eq(y.line, 12);
	svcr_yaml_release(&y);
}
END_TEST

/* ---- Bounds ------------------------------------------------------------- */

/* Aliases of aliases, each of ten: the billion laughs. */
START_TEST(yaml_laughs)
{
	char text[4096] = "a: &a {lol: lol}\n";
	struct yaml_source s = { text, 0, 0, 0 };
	struct svcr_yaml y;

	for (char c = 'b'; c <= 'z'; c++) {
		char p = (char)(c - 1), part[200];

		if (_i == 0)
			snprintf(part, sizeof(part), "%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, p,
				 p, p, p, p, p);
		else
			snprintf(part, sizeof(part), "%c: &%c {<<: *%c,p: *%c,q: *%c}\n", c, c,
				 p, p, p);
		memcpy(text + strlen(text), part, strlen(part) + 1);
	}
	s.len = strlen(text);
	free(yaml_to_json(&y, s, 4096));
	ck_assert(y.failed);
	ck_assert_msg(strstr(y.message, "stand for more than") != NULL, "%s", y.message);
}
END_TEST

/* Many anchors, many aliases, many keys beside a merge key: no square time. */
START_TEST(yaml_many)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	struct svcr_yaml y;

	for (int i = 0; i < 100000; i++)
		fprintf(f, "a%d: &x%d {v: %d}\nb%d: *x%d\n", i, i, i, i, i / 2);
	fclose(f);
	free(yaml_to_json(&y, (struct yaml_source){ text, size, 0, 0 }, 4096));
	ck_assert_msg(!y.failed, "%s", y.message);
	free(text);
	f = open_memstream(&text, &size);
	fputs("<<: {", f);
	for (int i = 0; i < 2000; i++)
		fprintf(f, "a%d: 1, ", i);
	fputs("}\n", f);
	fclose(f);
	free(yaml_to_json(&y, (struct yaml_source){ text, size, 0, 0 }, 4096));
	ck_assert(y.failed);
	ck_assert_ptr_nonnull(strstr(y.message, "more than 1000 keys"));
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("yaml");
	TCase *tc = tcase_create("yaml");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, yaml_scalars, 0, (int)ARRAY_SIZE(scalars));
	tcase_add_test(tc, yaml_long_numbers);
	tcase_add_loop_test(tc, yaml_structures, 0, (int)ARRAY_SIZE(structures));
	tcase_add_loop_test(tc, yaml_errors, 0, (int)ARRAY_SIZE(errors));
	tcase_add_loop_test(tc, yaml_places, 0, (int)ARRAY_SIZE(duplicates));
	tcase_add_test(tc, yaml_depth);
	tcase_add_test(tc, yaml_first);
	tcase_add_loop_test(tc, yaml_laughs, 0, 2);
	tcase_add_test(tc, yaml_many);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
