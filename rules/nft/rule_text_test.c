/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules of other programs as text. */
#include "rules/built_test.h"
#include "rules/nft/rule_text.h"

#include <check.h>

static const struct {
	uint8_t family;
	const char *canon, *text;
} rules[] = {
	{ SVCR_IPV4, "cmp(0:meta(16):06);cmp(0:payload(2+2:2):0016);verdict(0:);",
	  "meta l4proto tcp th dport 22 drop" },
	{ SVCR_IPV4, "cmp(0:payload(1+12:3):0a0102);counter(not ours);verdict(1:);#mine",
	  "ip saddr 10.1.2.0/24 counter accept comment \"mine\"" },
	{ SVCR_IPV4, "cmp(1:payload(1+16:4):0a600001);verdict(-3:services);",
	  "ip daddr != 10.96.0.1 jump services" },
	{ SVCR_IPV6, "cmp(0:payload(1+24:16):fd000000000000000000000000000001);verdict(-5:);",
	  "ip6 daddr fd00::1 return" },
	{ SVCR_IPV4, "cmp(5:payload(2+0:2):03e8);reject(1:0);",
	  "th sport >= 1000 reject with tcp reset" },
	{ SVCR_IPV4, "cmp(0:meta(6):6c6f00);masq(0:0);", "iifname \"lo\" masquerade" },
	{ SVCR_IPV4, "cmp(1:bits(0:ct(0:-1)&06000000^00000000):00000000);verdict(-4:x);",
	  "ct state established,related goto x" },
	{ SVCR_IPV4, "lookup(1:__set0:payload(2+2:2));limit(not ours);verdict(0:);",
	  "th dport != @__set0 limit drop" },
	{ SVCR_IPV4, "vmap(0:services:payload(1+16:4),meta(16),payload(2+2:2));",
	  "ip daddr . meta l4proto . th dport vmap @services" },
	{ SVCR_IPV4, "nat(1:2:immediate(0a010203):immediate(1f90):0);", "dnat to 10.1.2.3:8080" },
	{ SVCR_IPV4, "meta-set(3=immediate(10000000));", "meta mark set 0x10" },
	/* what is broken, or unknown, is printed as it is */
	{ SVCR_IPV4, "cmp(0:?:);", "? 0x" },
	{ SVCR_IPV4, "cmp(;verdict", "cmp(;verdict" },
	{ SVCR_IPV4, "((((((", "((((((" },
	{ SVCR_IPV4, "", "" },
	{ SVCR_IPV4, "verdict(0:);#\033[31m\n\"", "drop comment \"?[31m?\"\"" },
};

START_TEST(rule_as_text)
{
	struct gen_text t = { NULL, 0 };
	struct svcr_out o = { .write = gen_write, .arg = &t };

	gen_write(&t, "", 0);
	svcr_nft_out_canon(&o, rules[_i].family, rules[_i].canon);
	ck_assert_int_eq(svcr_out_end(&o), 0);
	ck_assert_str_eq(t.p, rules[_i].text);
	free(t.p);
}
END_TEST

/* However long a rule is, and wherever it is cut, its text is short. */
START_TEST(rule_long)
{
	char canon[4096];

	for (size_t len = 1; len < sizeof(canon); len += 7) {
		struct gen_text t = { NULL, 0 };
		struct svcr_out o = { .write = gen_write, .arg = &t };

		for (size_t i = 0; i < len; i++)
			canon[i] = "cmp(0:payload(1+12:4):0a010203);lookup(0:x:meta(16));"[i % 53];
		canon[len] = '\0';
		gen_write(&t, "", 0);
		svcr_nft_out_canon(&o, SVCR_IPV4, canon);
		ck_assert_int_eq(svcr_out_end(&o), 0);
		ck_assert_uint_lt(t.len, SVCR_NFT_RULE_TEXT + 3);
		free(t.p);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rule-text");
	TCase *tc = tcase_create("rule-text");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, rule_as_text, 0, sizeof(rules) / sizeof(rules[0]));
	tcase_add_test(tc, rule_long);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
