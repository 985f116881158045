/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings, and the sockets of a session, each test in a network namespace of its own. Exit code
 * 77: not permitted here.
 */
#include "kernel/session.h"
#include "exit.h"
#include "namespace_test.h"
#include "report.h"

#include <linux/genetlink.h>
#include <stdlib.h>

static struct session session;
static struct svcrules_options *options;

static void session_test_setup(void)
{
	ck_assert_int_eq(namespace_enter(), 0);
	options = svcrules_options_new();
	ck_assert_ptr_nonnull(options);
	session = (struct session){ .settings = options };
}

static void session_test_teardown(void)
{
	session_close(&session);
	svcrules_options_free(options);
}

/* What findings_print() writes to standard error; malloc'ed. */
static char *session_test_printed(bool quiet)
{
	int old = dup(STDERR_FILENO);
	FILE *file = tmpfile();
	char *text = calloc(1, 4096);

	ck_assert(old >= 0 && file && text && dup2(fileno(file), STDERR_FILENO) >= 0);
	findings_print(&session, quiet);
	fflush(stderr);
	ck_assert_int_ge(dup2(old, STDERR_FILENO), 0);
	close(old);
	rewind(file);
	ck_assert_uint_lt(fread(text, 1, 4095, file), 4095);
	fclose(file);
	return text;
}

static void session_test_find_all(void)
{
	session_find(&session, "first %d", 1);
	session_notice(&session, "notice: second");
	session_take(&session, strdup("third"));
	session_take(&session, NULL);
	ck_assert_int_eq(session_failed(&session, "do this", -EPERM), EXIT_KERNEL);
	ck_assert_int_eq(session_no_memory(&session), EXIT_KERNEL);
}

/* Findings are printed in their order, once, and quiet leaves out notices alone. */
START_TEST(test_session_findings)
{
	char *text;

	session_test_find_all();
	ck_assert_uint_eq(session.nfindings, 6);
	text = session_test_printed(_i);
	ck_assert_str_eq(text, _i ? "svcrules: first 1\n"
				    "svcrules: third\n"
				    "svcrules: out of memory\n"
				    "svcrules: cannot do this: needs CAP_NET_ADMIN (root)\n"
				    "svcrules: out of memory\n" :
				    "svcrules: first 1\n"
				    "svcrules: notice: second\n"
				    "svcrules: third\n"
				    "svcrules: out of memory\n"
				    "svcrules: cannot do this: needs CAP_NET_ADMIN (root)\n"
				    "svcrules: out of memory\n");
	free(text);
	ck_assert_uint_eq(session.nfindings, 0);
	text = session_test_printed(false);
	ck_assert_str_eq(text, "");
	free(text);
	session_find(&session, "again");
	text = session_test_printed(true);
	ck_assert_str_eq(text, "svcrules: again\n");
	free(text);
}
END_TEST

/* Control characters, which may come from names in the input, are escaped. */
START_TEST(test_session_findings_escaped)
{
	char *text;

	session_find(&session, "a\nb\033[31m");
	text = session_test_printed(false);
	ck_assert_str_eq(text, "svcrules: a\\nb\\x1b[31m\n");
	free(text);
}
END_TEST

static const struct {
	int err;
	const char *text;
} failures[] = {
	{ -EPERM, "cannot work: needs CAP_NET_ADMIN (root)" },
	{ -EINTR, "cannot work: another program keeps changing nftables; try again" },
	{ -ERESTART, "cannot work: another program keeps changing nftables; try again" },
	{ -EBADMSG, "cannot work: the kernel's answer could not be understood" },
	{ -EMSGSIZE,
	  "cannot work: the change is larger than this namespace may send; run as root, or raise "
	  "net.core.wmem_max" },
	{ -ENOENT, "cannot work: No such file or directory" },
	{ -ENOMEM, "out of memory" },
};

START_TEST(test_session_failed)
{
	ck_assert_int_eq(session_failed(&session, "work", failures[_i].err), EXIT_KERNEL);
	ck_assert_uint_eq(session.nfindings, 1);
	ck_assert(!session.findings[0].notice);
	ck_assert_str_eq(session.findings[0].text, failures[_i].text);
}
END_TEST

START_TEST(test_session_open)
{
	ck_assert_int_eq(session_open(&session, options), EXIT_DONE);
	ck_assert_ptr_nonnull(session.netfilter);
	ck_assert_ptr_eq(session.settings, options);
	ck_assert_uint_eq(session.nfindings, 0);
	session_close(&session);
	ck_assert_ptr_null(session.netfilter);
	session_close(&session); /* twice does no harm */
}
END_TEST

START_TEST(test_session_open_not_permitted)
{
	namespace_drop_capabilities();
	ck_assert_int_eq(session_open(&session, options), EXIT_KERNEL);
	ck_assert_uint_eq(session.nfindings, 1);
	ck_assert_str_eq(session.findings[0].text,
			 "cannot reach nftables: needs CAP_NET_ADMIN (root)");
}
END_TEST

/* Sockets are opened when they are first needed, and kept. */
START_TEST(test_session_sockets)
{
	struct netlink *route;
	struct generic *generic;
	int err = 0;

	ck_assert_int_eq(session_open(&session, options), EXIT_DONE);
	ck_assert(!session.route && !session.generic);
	route = session_route(&session, &err);
	ck_assert_ptr_nonnull(route);
	ck_assert_ptr_eq(session_route(&session, &err), route);
	generic = session_generic(&session, "nlctrl", &err);
	ck_assert_ptr_nonnull(generic);
	ck_assert_uint_eq(generic_id(generic), GENL_ID_CTRL);
	ck_assert_ptr_eq(session_generic(&session, "nlctrl", &err), generic);
	ck_assert_ptr_null(session_generic(&session, "svcrules-none", &err));
	ck_assert_int_eq(err, -EPROTONOSUPPORT);
	ck_assert_ptr_nonnull(session_generic(&session, "nlctrl", &err));
}
END_TEST

START_TEST(test_session_is_set)
{
	ck_assert(!session_is_set(&session, "masquerade-all"));
	ck_assert_int_eq(svcrules_options_set(options, "masquerade-all", NULL, NULL), 0);
	ck_assert(session_is_set(&session, "masquerade-all"));
	ck_assert(!session_is_set(&session, "no-such-setting"));
}
END_TEST

static void session_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, session_test_setup, session_test_teardown);
	tcase_add_loop_test(tc, test_session_findings, 0, 2);
	tcase_add_test(tc, test_session_findings_escaped);
	tcase_add_loop_test(tc, test_session_failed, 0,
			    (int)(sizeof(failures) / sizeof(failures[0])));
	tcase_add_test(tc, test_session_open);
	tcase_add_test(tc, test_session_open_not_permitted);
	tcase_add_test(tc, test_session_sockets);
	tcase_add_test(tc, test_session_is_set);
}

int main(void)
{
	return namespace_main("session", session_tests);
}
