/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What annotations and paths may hold, and the table of annotations itself. */
#include "rules/nginx/annotations.h"
#include "rules/nginx/checks.h"
#include "svcrules.h"

#include <check.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* Values with a space between, each right (or each wrong). */
static const struct {
	bool (*valid)(const char *s);
	const char *right, *wrong;
} checks[] = {
	{ svcr_nginx_is_boolean, "true false", "yes True 1 truefalse true|false |" },
	{ svcr_nginx_is_seconds, "1 60 999999", "0 -1 1s 1000000 060 1.5 9999999999" },
	{ svcr_nginx_is_count, "1 65535", "0 65536 +1 1e3" },
	{ svcr_nginx_is_factor, "1 100", "0 101" },
	{ svcr_nginx_is_age, "0 1728000", "-1 00 1d" },
	{ svcr_nginx_is_size, "0 8m 1K 20M 1g 1048576", "m -1 8mb 8m; 1.5m 12345678901" },
	{ svcr_nginx_is_buffer, "4k 8K 1m 64m 65536k", "0 0k 65m 65537k 4 1g k 4k; 99999999999k" },
	{ svcr_nginx_is_switch, "on off", "true ON" },
	{ svcr_nginx_is_satisfy, "all any", "some ALL" },
	{ svcr_nginx_is_basic, "basic", "digest Basic" },
	{ svcr_nginx_is_secret_type, "auth-file auth-map", "auth" },
	{ svcr_nginx_is_balance, "round_robin ewma", "ip_hash least_conn" },
	{ svcr_nginx_is_protocol, "HTTP HTTPS GRPC grpc", "GRPCS FCGI AUTO_HTTP http://" },
	{ svcr_nginx_is_redirect_code, "301 302 303 307 308", "300 304 200 3011" },
	{ svcr_nginx_is_target, "/ /$1 /a/$2?b=$3 /a-b_c.d~%20",
	  "a $1 /$ /$0 /$a /${1} /a;b /\" /\\ /{" },
	{ svcr_nginx_is_plain_path, "/ /app /a.b-c", "a /$1 /a?b /a#b /a;b" },
	{ svcr_nginx_is_url, "http://a https://a.b/c?d=e#f https://a:8443/",
	  "//a ftp://a https:// https:///x javascript:alert(1) https://a;b https://$host "
	  "https://a\"b https://a{b" },
	{ svcr_nginx_is_vhost, "a a.b A.b:80 127.0.0.1",
	  ". -a a- a..b a.-b a:0 a:65536 a:b a_b $host a; a/" },
	{ svcr_nginx_is_service, "a web-1", "A a.b -a a_b a/" },
	{ svcr_nginx_is_secret, "a ns/a a.b", "/a ns/ a/b/c A_b ../a ns.x/a" },
	{ svcr_nginx_is_ranges, "10.0.0.0/8 10.1.2.3 ::/0 fd00::1 10.0.0.1,fd00::/8,",
	  "10.0.0.0/33 all 10.0.0/8 10.0.0.0/8; , a.b" },
	{ svcr_nginx_is_methods, "GET GET,POST *", "GET; G1T , GET\"" },
	{ svcr_nginx_is_headers, "X-A X-A,B * a_b", "X:A X\"A X;A X{ $x , a/b" },
	{ svcr_nginx_is_origins, "* https://a http://a.b:80 https://*.a.b https://a,http://b",
	  "a.b https:// https://* https://a/ https://*a.b https://a.*.b http:// null "
	  "https://a;b 1http://a https://a:0" },
	{ svcr_nginx_is_error_codes, "404 300,599 404,503", "200 299 600 4040 40 404;503 499 abc" },
};

/* Calls `each` for each word of a text. */
static void each_word(const char *text, void (*each)(size_t check, const char *word), size_t check)
{
	char word[200];

	for (size_t n; *text; text += n + (text[n] == ' ')) {
		n = strcspn(text, " ");
		snprintf(word, sizeof(word), "%.*s", (int)n, text);
		each(check, word);
	}
}

static void must_be_right(size_t check, const char *word)
{
	ck_assert_msg(checks[check].valid(word), "check %zu: '%s' is refused", check, word);
}

static void must_be_wrong(size_t check, const char *word)
{
	ck_assert_msg(!checks[check].valid(word), "check %zu: '%s' is accepted", check, word);
}

START_TEST(checked_values)
{
	size_t i = (size_t)_i;

	each_word(checks[i].right, must_be_right, i);
	each_word(checks[i].wrong, must_be_wrong, i);
	must_be_wrong(i, "");
	must_be_wrong(i, "\n");
	must_be_wrong(i, "a\nb");
	must_be_wrong(i, "\x7f");
}
END_TEST

START_TEST(checked_realms)
{
	char longest[202];

	memset(longest, 'a', sizeof(longest) - 1);
	longest[201] = '\0';
	ck_assert(svcr_nginx_is_realm("Who are you; {then}?"));
	ck_assert(svcr_nginx_is_realm(longest + 1));
	ck_assert(!svcr_nginx_is_realm(longest));
	ck_assert(!svcr_nginx_is_realm("off"));
	ck_assert(svcr_nginx_is_realm("offline"));
	ck_assert(!svcr_nginx_is_realm("a\"b"));
	ck_assert(!svcr_nginx_is_realm("a\\"));
	ck_assert(!svcr_nginx_is_realm("a$host"));
	ck_assert(!svcr_nginx_is_realm("a\nb"));
}
END_TEST

START_TEST(checked_utf8)
{
	ck_assert(svcr_nginx_is_utf8("/a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"));
	ck_assert(!svcr_nginx_is_utf8("/\xa0"));
	ck_assert(!svcr_nginx_is_utf8("/\xc3"));
	ck_assert(!svcr_nginx_is_utf8("/\xc0\xaf"));
	ck_assert(!svcr_nginx_is_utf8("/\xe0\x80\xaf"));
	ck_assert(!svcr_nginx_is_utf8("/\xed\xa0\x80"));
	ck_assert(!svcr_nginx_is_utf8("/\xf4\x90\x80\x80"));
	ck_assert(!svcr_nginx_is_utf8("/\xff"));
}
END_TEST

static const struct {
	const char *text;
	bool right;
} patterns[] = {
	{ "/", true },
	{ "/api(/|$)(.*)", true },
	{ "/a(?:b|c)+?", true },
	{ "/[^/a-z]*", true },
	{ "/\\d+\\.x", true },
	{ "/*", true },
	{ "/a*+", true },
	{ "/(?=a)", true },
	{ "/(?!a)b", true },
	{ "/(?i)a", true },
	{ "/a{2}", true },
	{ "/a{2,}", true },
	{ "/a{2,3}?", true },
	{ "/[[:alpha:]_]+", true },
	{ "/[\\w-]+", true },
	{ "/[a\\-z]", true },
	{ "/(a{100}){10}", true },
	{ "/(", false },
	{ "/)", false },
	{ "*", false },
	{ "/**", false },
	{ "/a|*", false },
	{ "/[", false },
	{ "/[]", false },
	{ "/[b-a]", false },
	{ "/[a-\\d]", false },
	{ "/\\", false },
	{ "/\\1", false },
	{ "/\\Q", false },
	{ "/\\x{41}", false },
	{ "/(?<name>a)", false },
	{ "/(?<=a)b", false },
	{ "/(?#c)", false },
	{ "/(*UTF8)a", false },
	{ "/(?=a)*", false },
	{ "/[[:x:]]", false },
	{ "/[[.a.]]", false },
	{ "/[\\", false },
	{ "/a{3,2}", false },
	{ "/a{", false },
	{ "/a}", false },
	{ "/{2}", true },
	{ "{2}", false },
	{ "/a{99999}", false },
	{ "/((a{1000}){1000}){1000}", false },
	{ "/(abcdefghijklmnopqrstuvwxyz){1000}", false },
};

START_TEST(checked_patterns)
{
	ck_assert_msg(svcr_nginx_regex(patterns[_i].text) == patterns[_i].right, "%s",
		      patterns[_i].text);
}
END_TEST

START_TEST(checked_depth)
{
	char text[402] = "";

	for (int i = 0; i < 101; i++) {
		text[i] = '(';
		text[101 + i] = ')';
	}
	ck_assert(!svcr_nginx_regex(text));
	text[0] = 'a';
	text[201] = '\0';
	ck_assert(svcr_nginx_regex(text));
}
END_TEST

/* Each row has all that it needs, once, and can be found. */
START_TEST(annotation_table)
{
	unsigned n = 0, at = 0;

	for (const struct svcr_annotation *a; (a = svcr_annotation_at(n)); n++) {
		ck_assert_msg(a->name && *a->name, "row %u has no name", n);
		ck_assert_ptr_eq(svcr_annotation_find(a->name, &at), a);
		ck_assert_uint_eq(at, n);
		ck_assert_msg(!a->valid == (n >= SVCR_A_COUNT), "%s", a->name);
		ck_assert_msg(!a->valid == !a->expected, "%s", a->name);
		ck_assert_msg(a->valid || a->note, "%s says no reason", a->name);
		if (n > SVCR_A_COUNT)
			ck_assert_str_lt(svcr_annotation_at(n - 1)->name, a->name);
	}
	ck_assert_uint_ge(n, 60);
	ck_assert_ptr_null(svcr_annotation_find("no-such-annotation", &at));
}
END_TEST

/* What the library tells of the table. */
START_TEST(annotation_listed)
{
	struct svcrules_annotation x;
	const struct svcr_annotation *a;
	size_t n = 0;

	for (; (a = svcr_annotation_at((unsigned)n)); n++) {
		ck_assert_msg(svcrules_annotation("nginx", n, &x), "%s", a->name);
		ck_assert_str_eq(x.origin, "ingress-nginx");
		ck_assert_str_eq(x.prefix, "nginx.ingress.kubernetes.io/");
		ck_assert_str_eq(x.name, a->name);
		ck_assert_ptr_eq(x.expected, a->expected);
		ck_assert_ptr_eq(x.note, a->note);
	}
	ck_assert(!svcrules_annotation("nginx", n, &x));
	ck_assert(!svcrules_annotation("dns", 0, &x));
	ck_assert(!svcrules_annotation(NULL, 0, &x));
	ck_assert(!svcrules_annotation("no-such-target", 0, &x));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nginx-checks");
	TCase *tc = tcase_create("checks");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tc, checked_values, 0, COUNT(checks));
	tcase_add_test(tc, checked_realms);
	tcase_add_test(tc, checked_utf8);
	tcase_add_loop_test(tc, checked_patterns, 0, COUNT(patterns));
	tcase_add_test(tc, checked_depth);
	tcase_add_test(tc, annotation_table);
	tcase_add_test(tc, annotation_listed);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
