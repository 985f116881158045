/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The window over the input: long inputs and tokens, errors of the source, shortage of memory. */
#include "json_test.h"

#include <errno.h>

/* Gives the first byte of `arg` once, and then its second byte for ever. */
static long endless_fill(void *arg, char *buf, size_t size)
{
	char *next = arg;

	memset(buf, next[1], size);
	buf[0] = next[0];
	next[0] = next[1];
	return (long)size;
}

START_TEST(json_places_far_away)
{
	static const size_t steps[] = { 0, 1, 4096, 65535, 65537 };

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct svcr_json j;
		size_t len;
		char *text = json_make_list(20000, "    17 x", &len);
		struct source src = { text, len, steps[i], 0 };

		json_read_all(&j, src, NULL);
		ck_assert_str_eq(j.message, "expected ',' or ']' after an item, found 'x'");
		ck_assert_uint_eq(j.line, 80002);
		ck_assert_uint_eq(j.column, 8);
		free(text);
	}
}
END_TEST

START_TEST(json_long_tokens)
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
	svcr_json_init(&j, source_fill, &src);
	ck_assert(svcr_json_more_documents(&j) && svcr_json_enter(&j) && svcr_json_next_item(&j));
	ck_assert(svcr_json_enter(&j) && svcr_json_next_item(&j) && svcr_json_number(&j, &s));
	ck_assert_uint_eq(s.len, 100000 - 2);
	ck_assert(svcr_json_next_item(&j) && svcr_json_string(&j, &s) && s.len == 99997);
	ck_assert(s.p[0] == '7' && s.p[99996] == '7');
	ck_assert(!svcr_json_next_item(&j) && svcr_json_next_item(&j) && svcr_json_string(&j, &s));
	ck_assert_uint_eq(s.len, size - 2 - 200003 - 4);
	ck_assert(memcmp(s.p + 250000 - 200003,
			 "\xc3\xa9"
			 "7",
			 3) == 0);
	ck_assert(!svcr_json_next_item(&j) && !svcr_json_more_documents(&j) && !j.failed);
	svcr_json_release(&j);
	free(text);
}
END_TEST

START_TEST(json_window_limit)
{
	char next[2] = { '"', 'a' };
	struct svcr_json j;

	svcr_json_init(&j, endless_fill, next);
	ck_assert(svcr_json_more_documents(&j));
	ck_assert(!svcr_json_skip(&j));
	ck_assert_int_eq(j.error, -EFBIG);
	svcr_json_release(&j);
}
END_TEST

START_TEST(json_read_error)
{
	for (size_t len = 0; len < sizeof(json_sample); len++) {
		struct source src = { json_sample, len, 5, -EIO };
		struct svcr_json j;

		json_read_all(&j, src, NULL);
		ck_assert(j.failed);
		ck_assert_int_eq(j.error, -EIO);
		ck_assert_str_eq(j.message, "cannot read: Input/output error");
	}
}
END_TEST

START_TEST(json_sticky_error)
{
	struct source src = { TEXT("[1 2]"), 0, 0 };
	struct svcr_json j, zero = { 0 };
	struct svcr_str s;
	bool b;

	svcr_json_init(&j, source_fill, &src);
	ck_assert(svcr_json_more_documents(&j) && !svcr_json_skip(&j));
	ck_assert(!svcr_json_more_documents(&j) && svcr_json_peek(&j) == SVCR_JSON_ERROR);
	ck_assert(!svcr_json_enter(&j) && !svcr_json_next_key(&j, &s) && !svcr_json_next_item(&j));
	ck_assert(!svcr_json_string(&j, &s) && !svcr_json_number(&j, &s) &&
		  !svcr_json_bool(&j, &b));
	ck_assert(!svcr_json_skip(&j) && svcr_json_mark(&j) == -1);
	ck_assert_uint_eq(j.column, 4);
	svcr_json_release(&j);
	svcr_json_release(&zero);
}
END_TEST

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
/* Replace libc's functions: the allocation that finds `allocations_left` at 0 fails. */
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

START_TEST(json_out_of_memory)
{
	size_t len;
	char *text = json_make_list(5000, "{\"a\\n\":{", &len), *keys, *all;
	int n;

	text[len - 1] = 0;
	keys = json_make_keys(600, -1, &len);
	ck_assert_int_gt(asprintf(&all, "%s%s}]", text, keys), 0);
	for (n = 0; n < 1000; n++) {
		struct source src = { all, strlen(all), 0, 0 };
		struct svcr_json j;
		struct echo e = { .len = 0 };

		allocations_left = n;
		if (svcr_json_init(&j, source_fill, &src) == 0 && svcr_json_more_documents(&j)) {
			svcr_json_mark(&j);
			json_walk(&j, &e);
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
	TCase *tc = tcase_create("window");

	tcase_add_test(tc, json_places_far_away);
	tcase_add_test(tc, json_long_tokens);
	tcase_add_test(tc, json_window_limit);
	tcase_add_test(tc, json_read_error);
	tcase_add_test(tc, json_sticky_error);
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
	tcase_add_test(tc, json_out_of_memory);
#endif
	return json_run_tests(tc);
}
