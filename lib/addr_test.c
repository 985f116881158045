/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "addr.h"

#include <check.h>

/* Texts, and what they are printed as; NULL: no address. */
static const struct {
	const char *text, *printed;
} addresses[] = {
	{ "10.96.0.10", "10.96.0.10" },
	{ "010.096.000.010", "10.96.0.10" },
	{ "0000000000000000000000000000000000000000000000000000000010.0.0.1", "10.0.0.1" },
	{ "0.0.0.0", "0.0.0.0" },
	{ "255.255.255.255", "255.255.255.255" },
	{ "::ffff:10.96.0.10", "10.96.0.10" },
	{ "::FFFF:a60:a", "10.96.0.10" },
	{ "0:0:0:0:0:ffff:010.96.0.10", "10.96.0.10" },
	{ "::ffff:0:10.96.0.10", "::ffff:0:a60:a" },
	{ "64:ff9b::010.0.0.1", "64:ff9b::a00:1" },
	{ "fd00::1", "fd00::1" },
	{ "fd00:0000:0000::0001", "fd00::1" },
	{ "::", "::" },
	{ "", NULL },
	{ ".", NULL },
	{ "10.0.0", NULL },
	{ "10.0.0.", NULL },
	{ "10.0.0.0.", NULL },
	{ "10.0.0.1.2", NULL },
	{ "10..0.1", NULL },
	{ "256.0.0.1", NULL },
	{ "4294967306.0.0.1", NULL },
	{ "0x10.0.0.1", NULL },
	{ "-1.0.0.1", NULL },
	{ " 10.0.0.1", NULL },
	{ "10.0.0.1 ", NULL },
	{ "10.0.0.1%eth0", NULL },
	{ "fe80::1%eth0", NULL },
	{ "fe80::1%25eth0", NULL },
	{ "::10.0.0", NULL },
	{ "::10.0.0.256", NULL },
	{ "1:2:3:4:5:6:7:10.0.0.1", NULL },
	{ "10.0.0.1:80", NULL },
	{ "10.0.0.1::", NULL },
	{ "[::1]", NULL },
	{ ":", NULL },
	{ ":::", NULL },
	{ "1:2:3:4:5:6:7:8:9", NULL },
	{ "fffff::", NULL },
	{ "localhost", NULL },
	{ "aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa", NULL },
};

static const struct {
	const char *text, *printed;
} prefixes[] = {
	{ "10.1.2.3/8", "10.0.0.0/8" },
	{ "010.0.0.0/08", "10.0.0.0/8" },
	{ "10.0.0.0/0000008", "10.0.0.0/8" },
	{ "0.0.0.0/0", "0.0.0.0/0" },
	{ "10.0.0.1/32", "10.0.0.1/32" },
	{ "::ffff:10.0.0.0/104", "10.0.0.0/8" },
	{ "::ffff:0:0/96", "0.0.0.0/0" },
	{ "::ffff:10.0.0.0/95", "::fffe:0:0/95" },
	{ "::/0", "::/0" },
	{ "fd00::1/64", "fd00::/64" },
	{ "10.0.0.0/33", NULL },
	{ "fd00::/129", NULL },
	{ "::ffff:10.0.0.0/129", NULL },
	{ "10.0.0.0/", NULL },
	{ "10.0.0.0/-1", NULL },
	{ "10.0.0.0/8/8", NULL },
	{ "10.0.0.0/18446744073709551624", NULL },
	{ "10.0.0.0", NULL },
	{ "/8", NULL },
	{ "/", NULL },
	{ "", NULL },
};

static struct svcr_str text_of(const char *s)
{
	return (struct svcr_str){ s, strlen(s) };
}

START_TEST(test_addresses)
{
	const char *expected = addresses[_i].printed;
	char buf[SVCR_ADDR_TEXT];
	struct svcr_addr a;

	if (!svcr_addr_parse(&a, text_of(addresses[_i].text)))
		ck_assert_msg(!expected, "%s is not read", addresses[_i].text);
	else
		ck_assert_str_eq(svcr_addr_text(&a, buf), expected ? expected : "no address");
}
END_TEST

START_TEST(test_prefixes)
{
	const char *expected = prefixes[_i].printed;
	char buf[SVCR_CIDR_TEXT];
	struct svcr_cidr c;

	if (!svcr_cidr_parse(&c, text_of(prefixes[_i].text)))
		ck_assert_msg(!expected, "%s is not read", prefixes[_i].text);
	else
		ck_assert_str_eq(svcr_cidr_text(&c, buf), expected ? expected : "no prefix");
}
END_TEST

START_TEST(test_nul_ends_no_address)
{
	struct svcr_addr a;

	ck_assert(!svcr_addr_parse(&a, (struct svcr_str){ "10.0.0.1\0", 9 }));
	ck_assert(!svcr_addr_parse(&a, (struct svcr_str){ "fd00::1\0", 8 }));
	ck_assert(!svcr_addr_parse(&a, (struct svcr_str){ "fd00::\0001.0.0.1", 14 }));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("addr");
	TCase *t = tcase_create("addr");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, test_addresses, 0, sizeof(addresses) / sizeof(*addresses));
	tcase_add_loop_test(t, test_prefixes, 0, sizeof(prefixes) / sizeof(*prefixes));
	tcase_add_test(t, test_nul_ends_no_address);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
