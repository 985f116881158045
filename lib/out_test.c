/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "out.h"

#include <check.h>
#include <errno.h>

/* What a test's output received. */
struct sink {
	char *text;
	size_t len;
	size_t limit; /* fails with -ENOSPC beyond this many bytes; 0: no limit */
	int calls;
};

static int out_test_write(void *arg, const char *buf, size_t len)
{
	struct sink *s = arg;

	s->calls++;
	if (s->limit && s->len + len > s->limit)
		return -ENOSPC;
	s->text = realloc(s->text, s->len + len + 1);
	ck_assert_ptr_nonnull(s->text);
	memcpy(s->text + s->len, buf, len);
	s->len += len;
	s->text[s->len] = '\0';
	return 0;
}

/* A string of `len` letters, none of which equals its neighbour. */
static char *letters(size_t len)
{
	char *s = malloc(len + 1);

	ck_assert_ptr_nonnull(s);
	for (size_t i = 0; i < len; i++)
		s[i] = (char)('a' + i % 26);
	s[len] = '\0';
	return s;
}

/* Around the sizes of the line and of the buffer in out.c, and far beyond both. */
static const size_t lengths[] = {
	0,    1,    1021, 1022, 1023,  1024,  1025,   8189,
	8190, 8191, 8192, 8193, 16383, 16384, 100000, 3000000,
};

START_TEST(out_any_length)
{
	for (size_t before = 0; before < 3; before++) {
		struct sink s = { NULL, 0, 0, 0 };
		struct svcr_out o = { .write = out_test_write, .arg = &s };
		size_t len = lengths[_i];
		char *text = letters(len);

		for (size_t i = 0; i < before; i++)
			svcr_out_str(&o, "x");
		svcr_out(&o, "%s-%d", text, 7);
		ck_assert_int_eq(svcr_out_end(&o), 0);
		ck_assert_uint_eq(s.len, before + len + 2);
		ck_assert(memcmp(s.text, "xxx", before) == 0);
		ck_assert(memcmp(s.text + before, text, len) == 0);
		ck_assert_str_eq(s.text + before + len, "-7");
		free(text);
		free(s.text);
	}
}
END_TEST

START_TEST(out_pieces_in_order)
{
	struct sink s = { NULL, 0, 0, 0 };
	struct svcr_out o = { .write = out_test_write, .arg = &s };
	size_t at = 0;

	for (int i = 0; i < 5000; i++)
		svcr_out(&o, "%d,", i);
	ck_assert_int_eq(svcr_out_end(&o), 0);
	for (int i = 0; i < 5000; i++) {
		char piece[16];
		size_t n = (size_t)snprintf(piece, sizeof(piece), "%d,", i);

		ck_assert(memcmp(s.text + at, piece, n) == 0);
		at += n;
	}
	ck_assert_uint_eq(at, s.len);
	free(s.text);
}
END_TEST

START_TEST(out_nothing)
{
	struct sink s = { NULL, 0, 0, 0 };
	struct svcr_out o = { .write = out_test_write, .arg = &s };

	svcr_out_str(&o, "");
	ck_assert_int_eq(svcr_out_end(&o), 0);
	ck_assert_int_eq(s.calls, 0);
}
END_TEST

START_TEST(out_first_error_stays)
{
	struct sink s = { NULL, 0, 10000, 0 };
	struct svcr_out o = { .write = out_test_write, .arg = &s };
	char *text = letters(20000);
	int calls;

	svcr_out(&o, "%s", text);
	ck_assert_int_eq(o.err, -ENOSPC);
	calls = s.calls;
	svcr_out(&o, "%s", text);
	svcr_out_str(&o, text);
	ck_assert_int_eq(svcr_out_end(&o), -ENOSPC);
	ck_assert_int_eq(s.calls, calls);
	ck_assert_uint_eq(s.len, 8192);
	free(text);
	free(s.text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("out");
	TCase *tc = tcase_create("out");
	SRunner *runner = srunner_create(suite);
	int bad;

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, out_any_length, 0, (int)(sizeof(lengths) / sizeof(lengths[0])));
	tcase_add_test(tc, out_pieces_in_order);
	tcase_add_test(tc, out_nothing);
	tcase_add_test(tc, out_first_error_stays);
	srunner_run_all(runner, CK_ENV);
	bad = srunner_ntests_failed(runner);
	srunner_free(runner);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
