/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and dates of certificates; golden cases have their faults. */
#include "rules/nginx/x509.h"
#include "lib/yaml/scalar.h"
#include "testdata/certs/certs.h"

#include <check.h>
#include <errno.h>

#define COUNT(table) (int)(sizeof(table) / sizeof(*(table)))

static struct svcr_str x509_text(const char *base64, char *to)
{
	struct svcr_str s = { base64, strlen(base64) };
	long n = svcr_scalar_base64(s, to);

	ck_assert_int_gt(n, 0);
	return (struct svcr_str){ to, (size_t)n };
}

static struct svcr_x509 *x509_parse(const char *crt, const char *key)
{
	char a[2048], b[2048], fault[SVCR_X509_FAULT] = "";
	struct svcr_x509 *x = NULL;
	int err = svcr_x509_read(x509_text(crt, a), x509_text(key, b), &x, fault);

	ck_assert_str_eq(fault, "");
	ck_assert_int_eq(err, 0);
	return x;
}

#define SITE CERTS_SITE_CRT, CERTS_SITE_KEY
#define WILD CERTS_WILD_CRT, CERTS_WILD_KEY
#define NAME CERTS_NAME_CRT, CERTS_NAME_KEY

static const struct {
	const char *crt, *key, *host;
	enum svcr_x509_name named;
} hosts[] = {
	{ SITE, "a.example.com", SVCR_X509_NAMED },
	{ SITE, "b.example.com", SVCR_X509_NAMED },
	{ SITE, "A.example.COM", SVCR_X509_NAMED },
	{ SITE, "c.example.com", SVCR_X509_UNNAMED },
	{ SITE, "x.a.example.com", SVCR_X509_UNNAMED },
	{ SITE, "*.a.example.com", SVCR_X509_UNNAMED },
	{ SITE, "*.example.com", SVCR_X509_UNNAMED },
	{ SITE, "site", SVCR_X509_UNNAMED }, /* its common name does not count, as it has others */
	{ WILD, "a.example.com", SVCR_X509_NAMED },
	{ WILD, "*.example.com", SVCR_X509_NAMED },
	{ WILD, "example.com", SVCR_X509_UNNAMED },
	{ WILD, "a.b.example.com", SVCR_X509_UNNAMED },
	{ WILD, "*.b.example.com", SVCR_X509_UNNAMED },
	{ NAME, "a.example.com", SVCR_X509_COMMON_NAME },
	{ NAME, "b.example.com", SVCR_X509_UNNAMED },
};

START_TEST(x509_hosts)
{
	struct svcr_x509 *x = x509_parse(hosts[_i].crt, hosts[_i].key);

	ck_assert_int_eq(svcr_x509_names(x, hosts[_i].host), hosts[_i].named);
	svcr_x509_free(x);
}
END_TEST

static const struct {
	int64_t now;
	enum svcr_x509_time time;
	const char *date;
} times[] = {
	{ 1, SVCR_X509_EARLY, "2000-01-01T00:00:00Z" },
	{ 946684799, SVCR_X509_EARLY, "2000-01-01T00:00:00Z" },
	{ 946684800, SVCR_X509_VALID, NULL },
	{ 253402300799, SVCR_X509_VALID, NULL },
	{ 253402300800, SVCR_X509_PAST, "9999-12-31T23:59:59Z" },
};

START_TEST(x509_times)
{
	struct svcr_x509 *x = x509_parse(SITE);
	char date[SVCR_X509_DATE];

	ck_assert_int_eq(svcr_x509_at(x, times[_i].now, date), times[_i].time);
	if (times[_i].date)
		ck_assert_str_eq(date, times[_i].date);
	svcr_x509_free(x);
}
END_TEST

/* Whatever is cut off: parsed or refused, never read beyond. */
START_TEST(x509_cut)
{
	char a[2048], b[2048], fault[SVCR_X509_FAULT];
	struct svcr_str crt = x509_text(CERTS_SITE_CRT, a), key = x509_text(CERTS_SITE_KEY, b);

	for (size_t n = 0; n <= crt.len + key.len; n++) {
		struct svcr_str c = { a, n < crt.len ? n : crt.len };
		struct svcr_str k = { b, n < crt.len ? key.len : n - crt.len };
		struct svcr_x509 *x = NULL;
		int err = svcr_x509_read(c, k, &x, fault);

		/* the line end behind the last line is not needed */
		ck_assert_int_eq(err, c.len + 1 >= crt.len && k.len + 1 >= key.len ? 0 : -EINVAL);
		svcr_x509_free(x);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("x509");
	TCase *tc = tcase_create("x509");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tc, x509_hosts, 0, COUNT(hosts));
	tcase_add_loop_test(tc, x509_times, 0, COUNT(times));
	tcase_add_test(tc, x509_cut);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
