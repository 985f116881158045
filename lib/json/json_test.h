/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the JSON parser share: inputs, and an output to compare. */
#ifndef SVCR_JSON_TEST_H
#define SVCR_JSON_TEST_H

#include "json.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define TEXT(literal) literal, sizeof(literal) - 1

/* A document with a value of every type. */
static const char json_sample[] =
	"{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n        {\n"
	"            \"kind\": \"Service\",\n"
	"            \"metadata\": {\n                \"name\": \"web-\xc3\xa9\",\n"
	"                \"annotations\": {\"last\": \"{\\\"a\\\":1}\\n\\u20ac\\ud83d\\ude00\"}\n"
	"            },\n"
	"            \"spec\": {\"ports\": [{\"port\": 80, \"weight\": -1.5e3, \"ok\": true},\n"
	"                {\"port\": 443, \"ok\": false, \"x\": null, \"y\": [], \"z\": {}}]}\n"
	"        }\n    ],\n    \"kind\": \"List\"\n}";

/* An input in pieces of at most `step` bytes (0: any); at its end `error` is returned. */
struct source {
	const char *text;
	size_t len, step;
	int error;
};

static inline long source_fill(void *arg, char *buf, size_t size)
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

/* The values of an input, without white space and escapes; an output that is too long is cut. */
struct echo {
	char text[8192];
	size_t len;
};

static inline void echo_add(struct echo *e, const char *p, size_t len)
{
	if (len > sizeof(e->text) - e->len)
		len = sizeof(e->text) - e->len;
	memcpy(e->text + e->len, p, len);
	e->len += len;
}

static inline void json_walk(struct svcr_json *j, struct echo *e)
{
	struct svcr_str s;
	bool b;

	switch (svcr_json_peek(j)) {
	case SVCR_JSON_OBJECT:
		echo_add(e, "{", 1);
		svcr_json_enter(j);
		while (svcr_json_next_key(j, &s)) {
			echo_add(e, s.p, s.len);
			echo_add(e, ":", 1);
			json_walk(j, e);
		}
		echo_add(e, "}", 1);
		break;
	case SVCR_JSON_ARRAY:
		echo_add(e, "[", 1);
		svcr_json_enter(j);
		while (svcr_json_next_item(j))
			json_walk(j, e);
		echo_add(e, "]", 1);
		break;
	case SVCR_JSON_STRING:
		if (svcr_json_string(j, &s))
			echo_add(e, s.p, s.len);
		break;
	case SVCR_JSON_NUMBER:
		if (svcr_json_number(j, &s))
			echo_add(e, s.p, s.len);
		break;
	case SVCR_JSON_BOOL:
		if (svcr_json_bool(j, &b))
			echo_add(e, b ? "T" : "F", 1);
		break;
	default:
		if (svcr_json_skip(j))
			echo_add(e, "N", 1);
	}
	echo_add(e, ";", 1);
}

/*
 * Reads all documents: into `e` or, if it is NULL, by skipping them. Returns
 * their number. *j is released, but its public fields remain.
 */
static inline int json_read_all(struct svcr_json *j, struct source src, struct echo *e)
{
	int n = 0;

	ck_assert_int_eq(svcr_json_init(j, source_fill, &src), 0);
	for (; svcr_json_more_documents(j); n++)
		if (e)
			json_walk(j, e);
		else
			svcr_json_skip(j);
	svcr_json_release(j);
	return n;
}

static inline void json_same_outcome(const struct svcr_json *a, const struct svcr_json *b)
{
	ck_assert_int_eq(a->failed, b->failed);
	ck_assert_int_eq(a->error, b->error);
	ck_assert_str_eq(a->message, b->message);
	ck_assert_uint_eq(a->line, b->line);
	ck_assert_uint_eq(a->column, b->column);
}

/*
 * Reads a text by skipping and by walking, whole and in small pieces, and
 * asserts that the outcome is the same. Returns the number of documents.
 */
static inline int json_read_every_way(struct svcr_json *j, const char *text, size_t len,
				      struct echo *e)
{
	static const size_t steps[] = { 0, 1, 3, 7 };
	int n = -1;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct svcr_json again;
		struct echo first = *e;
		struct source src = { text, len, steps[i], 0 };
		int skipped = json_read_all(&again, src, NULL), walked;

		e->len = 0;
		walked = json_read_all(j, src, e);
		json_same_outcome(&again, j);
		ck_assert_int_eq(skipped, walked);
		ck_assert(i == 0 ||
			  (e->len == first.len && memcmp(e->text, first.text, e->len) == 0));
		ck_assert(i == 0 || n == walked);
		n = walked;
	}
	return n;
}

/* Returns a malloc'ed list of n items that ends with the text `end`. */
static inline char *json_make_list(size_t n, const char *end, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	fputs("[\n", f);
	for (size_t i = 0; i < n; i++)
		fprintf(f,
			"    {\n        \"name\": \"item-%zu\",\n"
			"        \"e\\u0073c\": \"\\t%*s\"\n    },\n",
			i, (int)(i % 97), "\xe2\x82\xac");
	fputs(end, f);
	fclose(f);
	return text;
}

static inline char *json_make_keys(int n, int again, size_t *len)
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

/* Runs the test case, which gets a timeout of two minutes, and returns the program's exit code. */
static inline int json_run_tests(TCase *tc)
{
	Suite *suite = suite_create("json");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tc, 120);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
