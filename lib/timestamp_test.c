/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "timestamp.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND INT64_C(1000000000)

static bool parse_time(const char *text, int64_t *ret)
{
	return svcr_timestamp_parse(ret, (struct svcr_str){ text, strlen(text) });
}

static int64_t parsed(const char *text)
{
	int64_t ns = -1;

	ck_assert_msg(parse_time(text, &ns), "%s", text);
	return ns;
}

START_TEST(test_times_are_compared_as_times)
{
	ck_assert_int_eq(parsed("1970-01-01T00:00:00Z"), 0);
	ck_assert_int_eq(parsed("2024-05-01T12:00:00Z"), parsed("2024-05-01T14:00:00+02:00"));
	ck_assert_int_eq(parsed("2024-05-01T12:00:00Z"), parsed("2024-05-01T06:30:00-05:30"));
	ck_assert_int_eq(parsed("2024-05-01t12:00:00z"), parsed("2024-05-01T12:00:00.000Z"));
	ck_assert_int_eq(parsed("2024-05-01T12:00:00.5Z") - parsed("2024-05-01T12:00:00Z"),
			 SECOND / 2);
	ck_assert_int_eq(parsed("2024-05-01T12:00:00.0000000019Z") - parsed("2024-05-01T12:00:00Z"),
			 1);
	ck_assert_int_lt(parsed("2024-05-01T12:00:00Z"), parsed("2024-05-01T12:00:00.1Z"));
	ck_assert_int_lt(parsed("0001-01-01T00:00:00Z"), parsed("1677-01-01T00:00:00Z") + 1);
	ck_assert_int_eq(parsed("9999-12-31T23:59:59Z"), INT64_MAX);
	ck_assert_int_eq(parsed("2016-12-31T23:59:60Z"), parsed("2017-01-01T00:00:00Z"));
}
END_TEST

/* Every day of four centuries, against timegm(3). */
START_TEST(test_days_agree_with_the_c_library)
{
	for (time_t day = -86400 * 365L * 200; day < 86400 * 365L * 200; day += 86400) {
		char text[32];
		struct tm tm;

		gmtime_r(&day, &tm);
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
		ck_assert_int_eq(parsed(text), (int64_t)day * SECOND);
	}
}
END_TEST

static const char *const no_times[] = {
	"",
	"yesterday",
	"2024-05-01",
	"2024-05-01T12:00:00",
	"2024-05-01 12:00:00Z",
	"2024-13-01T12:00:00Z",
	"2024-05-00T12:00:00Z",
	"2024-05-01T24:00:00Z",
	"2024-05-01T12:60:00Z",
	"2024-05-01T12:00:61Z",
	"2024-05-01T12:00:00.Z",
	"2024-05-01T12:00:00+0200",
	"2024-05-01T12:00:00+24:00",
	"2024-05-01T12:00:00Zx",
	"24-05-01T12:00:00Z",
	"0000-05-01T12:00:00Z",
};

START_TEST(test_other_text_is_no_time)
{
	int64_t ns = 7;

	ck_assert_msg(!parse_time(no_times[_i], &ns), "%s", no_times[_i]);
	ck_assert_int_eq(ns, 7);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("timestamp");
	TCase *t = tcase_create("timestamp");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, test_times_are_compared_as_times);
	tcase_add_test(t, test_days_agree_with_the_c_library);
	tcase_add_loop_test(t, test_other_text_is_no_time, 0, sizeof(no_times) / sizeof(*no_times));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
