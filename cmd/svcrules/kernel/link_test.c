/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interface svcrules0, each test in a network namespace of its own. Where
 * the kernel has no dummy driver, a bridge takes its place in some tests and the
 * others are left out; all run in testdata/suites/vm.sh. Exit code 77: not permitted
 * here, or only a part was run.
 */
#include "kernel/link.h"
#include "namespace_test.h"
#include "netlink/socket.h"
#include "rules/ipvs/link.h"

#include <arpa/inet.h>
#include <stdlib.h>

static void link_test_setup(void)
{
	ck_assert_int_eq(namespace_enter(), 0);
}

/* True if ip(8) succeeded. */
static bool link_test_ip(const char *arguments)
{
	char command[256];

	snprintf(command, sizeof(command), "PATH=$PATH:/usr/sbin:/sbin ip %s 2>/dev/null",
		 arguments);
	return system(command) == 0;
}

static struct link_address link_test_addr(const char *text)
{
	struct link_address a = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	a.prefix = a.family == AF_INET ? 32 : 128;
	ck_assert_int_eq(inet_pton(a.family, text, a.addr), 1);
	return a;
}

static bool link_test_has(const struct link_state *d, const char *text)
{
	struct link_address a = link_test_addr(text);

	for (size_t i = 0; i < d->count; i++)
		if (memcmp(&d->addresses[i], &a, sizeof(a)) == 0)
			return true;
	return false;
}

static struct link_state link_test_look(void)
{
	struct link_state d = { .index = -1 };

	ck_assert_int_eq(link_read(&d), 0);
	return d;
}

static void link_test_check(bool present, bool foreign, bool up, const char *owner, size_t count)
{
	struct link_state d = link_test_look();

	ck_assert_int_eq(d.present, present);
	ck_assert_int_eq(d.foreign, foreign);
	ck_assert_int_eq(d.up, up);
	ck_assert_str_eq(d.owner, owner);
	ck_assert_uint_eq(d.count, count);
	ck_assert_int_eq(d.index != 0, present);
	link_release(&d);
	ck_assert(d.addresses == NULL && d.count == 0);
}

#define ERRORS_MAX 10

/* What the kernel refused of one change of addresses. */
static struct link_error {
	uint32_t index; /* of the address */
	int err;
} errors[ERRORS_MAX];
static size_t nerrors;

/* A change of addresses that is sent. */
struct link_sending {
	const struct svcr_part_changes *changes;
	enum svcrules_stage stage;
};

static void link_test_refused(uint32_t seq, int err, void *arg)
{
	const struct link_sending *s = arg;

	if (svcr_link_ops.harmless(s->changes, s->stage, seq, err) || nerrors == ERRORS_MAX)
		return;
	errors[nerrors++] = (struct link_error){ .index = seq - 1, .err = err };
}

/* A part with these addresses, in that order. */
static struct svcr_link *link_test_part(const struct link_address *v, size_t n)
{
	struct svcr_link *l = svcr_link_new("x");

	ck_assert_ptr_nonnull(l);
	for (size_t i = 0; i < n; i++) {
		struct svcr_addr a = { .family = v[i].family == AF_INET ? SVCR_IPV4 : SVCR_IPV6 };

		memcpy(a.bytes, v[i].addr, sizeof(a.bytes));
		ck_assert_int_eq(svcr_addrs_add(&l->addresses, &a), 0);
	}
	return l;
}

static int link_test_send(struct link_sending *sending, struct svcr_part_changes *c)
{
	struct svcrules_messages m;
	struct netlink *s;
	int r = 0;

	ck_assert_int_eq(svcr_link_ops.encode(c, sending->stage, link_index(), &m), 0);
	s = netlink_open(NETLINK_ROUTE, &r);
	ck_assert_ptr_nonnull(s);
	nerrors = 0;
	if (m.count)
		r = netlink_batch(s, m.buf, m.len, m.count, link_test_refused, sending);
	netlink_close(s);
	free(m.buf);
	return r;
}

/*
 * Adds or removes the addresses as the driver does. Returns an error of sending, the first
 * refusal, or 0; all refusals but harmless ones are in `errors`.
 */
static int link_test_addresses(bool add, const struct link_address *v, size_t n)
{
	struct svcr_link *all = link_test_part(v, n), *none = link_test_part(NULL, 0);
	struct link_sending sending = { .stage = add ? SVCRULES_ADD : SVCRULES_REMOVE };
	struct svcr_part_changes *c;
	int r;

	ck_assert_int_eq(svcr_link_ops.diff(add ? &none->part : &all->part,
					    add ? &all->part : &none->part, &c),
			 0);
	sending.changes = c;
	r = link_test_send(&sending, c);
	svcr_link_ops.changes_free(c);
	svcr_link_free(all);
	svcr_link_free(none);
	return r || !nerrors ? r : errors[0].err;
}

static int link_test_change(bool add, const struct link_address *v, size_t n)
{
	int r = link_test_addresses(add, v, n);

	ck_assert_msg(nerrors == 0 || link_index() == 0, "%zu refusals", nerrors);
	return r;
}

/* ---- without the driver */

START_TEST(test_link_absent)
{
	struct link_address a = link_test_addr("10.96.0.1");

	link_test_check(false, false, false, "", 0);
	ck_assert_int_eq(link_delete(), 0);
	ck_assert_int_eq(link_test_change(true, &a, 1), -ENODEV);
	ck_assert_int_eq(link_test_change(false, &a, 1), 0);
	ck_assert_int_eq(link_test_change(true, NULL, 0), 0);
}
END_TEST

START_TEST(test_link_no_driver_no_interface)
{
	int r = link_make("svcrules-ipvs");

	ck_assert(r == 0 || r == -EOPNOTSUPP);
	if (r < 0)
		link_test_check(false, false, false, "", 0);
}
END_TEST

START_TEST(test_link_owner_too_long)
{
	char owner[LINK_OWNER_SIZE - sizeof(LINK_ALIAS) + 1];

	memset(owner, 'x', sizeof(owner) - 1);
	owner[sizeof(owner) - 1] = '\0';
	ck_assert_int_eq(link_make(owner), -ENAMETOOLONG);
	link_test_check(false, false, false, "", 0);
}
END_TEST

START_TEST(test_link_another_kind)
{
	if (!link_test_ip("link add " LINK_NAME " alias '" LINK_ALIAS "x' type bridge") ||
	    !link_test_ip("link set " LINK_NAME " alias '" LINK_ALIAS "x'")) {
		printf("SKIP: another_kind: no bridge\n");
		return;
	}
	link_test_check(true, true, false, "", 0);
	ck_assert_int_eq(link_make("x"), -EEXIST);
	link_test_check(true, true, false, "", 0);
}
END_TEST

/* An interface to put addresses on. */
static bool link_test_any_interface(void)
{
	if (link_make("x") == 0)
		return true;
	return link_test_ip("link add " LINK_NAME " type bridge") &&
	       link_test_ip("link set " LINK_NAME " up");
}

START_TEST(test_link_addresses)
{
	struct link_address v[] = { link_test_addr("10.96.0.1"), link_test_addr("2001:db8::1"),
				    link_test_addr("10.96.0.2"), link_test_addr("169.254.1.1") };
	struct link_state d;

	if (!link_test_any_interface()) {
		printf("SKIP: addresses: no interface to be had\n");
		return;
	}
	ck_assert_int_eq(link_test_change(true, v, 2), 0);
	ck_assert_int_eq(link_test_change(true, v, 4), 0); /* half of them are present */
	ck_assert(link_test_ip("addr add 10.0.0.7/24 dev lo"));
	d = link_test_look();
	ck_assert_uint_eq(d.count, 4);
	ck_assert(link_test_has(&d, "10.96.0.1") && link_test_has(&d, "10.96.0.2"));
	ck_assert(link_test_has(&d, "2001:db8::1") && link_test_has(&d, "169.254.1.1"));
	link_release(&d);
	/* no peer, no broadcast, no wait for duplicates, no route to a network, never a source */
	ck_assert(link_test_ip("-o addr show dev " LINK_NAME
			       " | grep -q 'inet 10.96.0.1/32 scope global " LINK_NAME "'"));
	ck_assert(link_test_ip(
		"-o addr show dev " LINK_NAME
		" | grep -q 'inet6 2001:db8::1/128 scope global nodad deprecated noprefixroute'"));
	ck_assert(!link_test_ip("-6 route show dev " LINK_NAME " | grep -q 2001"));
	ck_assert(link_test_ip("route show table local | grep -q 'local 10.96.0.1 dev " LINK_NAME
			       "'"));
	ck_assert_int_eq(link_test_change(false, v, 1), 0);
	ck_assert_int_eq(link_test_change(false, v, 3), 0); /* the first is gone already */
	d = link_test_look();
	ck_assert_uint_eq(d.count, 1);
	ck_assert(link_test_has(&d, "169.254.1.1"));
	link_release(&d);
}
END_TEST

/* An IPv6 address that may become a source is seen, and adding it again mends it. */
START_TEST(test_link_preferred)
{
	struct link_address v[] = { link_test_addr("2001:db8::1"), link_test_addr("10.96.0.1") };
	struct link_state d;

	if (!link_test_any_interface()) {
		printf("SKIP: lifetimes: no interface to be had\n");
		return;
	}
	ck_assert(link_test_ip("addr add 2001:db8::1/128 dev " LINK_NAME));
	ck_assert(link_test_ip("addr add 10.96.0.1/32 dev " LINK_NAME));
	d = link_test_look();
	ck_assert_uint_eq(d.count, 2);
	for (size_t i = 0; i < d.count; i++)
		ck_assert_int_eq(d.addresses[i].preferred, d.addresses[i].family == AF_INET6);
	link_release(&d);
	ck_assert_int_eq(link_test_change(true, v, 2), 0);
	d = link_test_look();
	ck_assert_uint_eq(d.count, 2);
	ck_assert(link_test_has(&d, "2001:db8::1") && link_test_has(&d, "10.96.0.1"));
	link_release(&d);
	ck_assert(link_test_ip("-o -6 addr show dev " LINK_NAME
			       " | grep -q 'valid_lft forever preferred_lft 0sec'"));
}
END_TEST

START_TEST(test_link_addresses_refused)
{
	struct link_address v[] = { link_test_addr("10.96.0.1"), link_test_addr("ff02::1"),
				    link_test_addr("10.96.0.1"), link_test_addr("2001:db8::1"),
				    link_test_addr("ff02::2") };

	if (!link_test_any_interface()) {
		printf("SKIP: addresses_refused: no interface to be had\n");
		return;
	}
	ck_assert_int_eq(link_test_addresses(true, v, 5), -EADDRNOTAVAIL);
	ck_assert_uint_eq(nerrors, 2);
	ck_assert_uint_eq(errors[0].index, 1);
	ck_assert_int_eq(errors[0].err, -EADDRNOTAVAIL); /* a multicast address */
	ck_assert_uint_eq(errors[1].index, 4);
	ck_assert_int_eq(link_test_addresses(true, v, 5), -EADDRNOTAVAIL);
	ck_assert_uint_eq(nerrors, 2);
}
END_TEST

START_TEST(test_link_many_addresses)
{
	enum { N = 6000 };
	static struct link_address v[N];
	char text[64];
	struct link_state d;

	if (!link_test_any_interface()) {
		printf("SKIP: many_addresses: no interface to be had\n");
		return;
	}
	for (int i = 0; i < N; i++) {
		snprintf(text, sizeof(text), i % 2 ? "10.96.%d.%d" : "2001:db8::%x:%x", i / 250,
			 i % 250);
		v[i] = link_test_addr(text);
	}
	ck_assert_int_eq(link_test_change(true, v, N), 0);
	ck_assert_int_eq(link_test_change(true, v, N), 0); /* each refused, which counts as done */
	d = link_test_look();
	ck_assert_uint_eq(d.count, N);
	ck_assert(link_test_has(&d, "10.96.23.249") && link_test_has(&d, "2001:db8::17:f8"));
	link_release(&d);
	ck_assert_int_eq(link_test_change(false, v, N - 1), 0);
	ck_assert_int_eq(link_test_change(false, v, N), 0);
	d = link_test_look();
	ck_assert_uint_eq(d.count, 0);
	link_release(&d);
}
END_TEST

START_TEST(test_link_unprivileged)
{
	struct link_address a = link_test_addr("10.96.0.1");

	if (!link_test_any_interface() || setresuid(65534, 65534, 65534) < 0) {
		printf("SKIP: unprivileged: no interface or no second user\n");
		return;
	}
	ck_assert_int_eq(link_test_addresses(true, &a, 1), -EPERM);
	ck_assert_uint_eq(nerrors, 1);
	ck_assert_int_eq(errors[0].err, -EPERM);
	ck_assert_int_eq(link_delete(), -EPERM);
}
END_TEST

/* ---- with the driver */

START_TEST(test_link_made)
{
	struct link_state first, second;

	ck_assert_int_eq(link_make("svcrules-ipvs"), 0);
	link_test_check(true, false, true, "svcrules-ipvs", 0);
	first = link_test_look();
	ck_assert_int_eq(link_make("svcrules-ipvs"), 0);
	second = link_test_look();
	ck_assert_int_eq(first.index, second.index);
	/* up, and still without a link-local address */
	ck_assert(!link_test_ip("-6 addr show dev " LINK_NAME " | grep -q fe80"));
	ck_assert(link_test_ip("link show dev " LINK_NAME
			       " | grep -q 'alias managed by svcrules: svcrules-ipvs$'"));
	ck_assert_int_eq(link_make("other-ipvs"), -EEXIST);
	link_test_check(true, false, true, "svcrules-ipvs", 0);
	ck_assert_int_eq(link_delete(), 0);
	link_test_check(false, false, false, "", 0);
	ck_assert_int_eq(link_delete(), 0);
}
END_TEST

/* The states that a run leaves if it is killed between two messages. */
static const char *const halves[] = {
	"link add " LINK_NAME " type dummy",
	"link set " LINK_NAME " alias '" LINK_ALIAS "x'",
	"link set " LINK_NAME " addrgenmode none",
	"link set " LINK_NAME " up",
};

START_TEST(test_link_completed)
{
	for (int i = 0; i <= _i; i++)
		ck_assert(link_test_ip(halves[i]));
	link_test_check(true, false, _i == 3, _i > 0 ? "x" : "", 0);
	ck_assert_int_eq(link_make("x"), 0);
	link_test_check(true, false, true, "x", 0);
	ck_assert(!link_test_ip("-6 addr show dev " LINK_NAME " | grep -q fe80"));
}
END_TEST

static const struct {
	const char *commands[3];
	bool up;
	size_t count;
} others[] = {
	{ { "link set " LINK_NAME " alias mine" }, false, 0 },
	{ { "link set " LINK_NAME " alias 'managed by svcrules'" }, false, 0 },
	{ { "addr add 10.0.0.1/24 dev " LINK_NAME }, false, 1 },
	{ { "link set " LINK_NAME " alias mine", "link set " LINK_NAME " up",
	    "addr add 2001:db8::1/64 nodad dev " LINK_NAME },
	  true,
	  1 },
};

START_TEST(test_link_foreign)
{
	ck_assert(link_test_ip(halves[0]));
	for (size_t i = 0; i < 3 && others[_i].commands[i]; i++)
		ck_assert(link_test_ip(others[_i].commands[i]));
	link_test_check(true, true, others[_i].up, "", others[_i].count);
	ck_assert_int_eq(link_make("mine"), -EEXIST);
	link_test_check(true, true, others[_i].up, "", others[_i].count);
}
END_TEST

/* A link-local address, which the kernel adds by itself, does not make the interface foreign. */
START_TEST(test_link_local)
{
	ck_assert(link_test_ip(halves[0]) && link_test_ip(halves[3]));
	ck_assert(link_test_ip("-6 addr show dev " LINK_NAME " | grep -q fe80"));
	link_test_check(true, false, true, "", 0);
	ck_assert_int_eq(link_make("x"), 0);
	link_test_check(true, false, true, "x", 0);
}
END_TEST

/* The kernel refuses IPv6 addresses; the interface is made all the same. */
START_TEST(test_link_ipv6_off)
{
	struct link_address v[] = { link_test_addr("2001:db8::1"), link_test_addr("10.96.0.1") };

	ck_assert_int_eq(system("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6"), 0);
	ck_assert_int_eq(link_make("x"), 0);
	link_test_check(true, false, true, "x", 0);
	ck_assert_int_lt(link_test_addresses(true, v, 2), 0);
	ck_assert_uint_eq(nerrors, 1);
	ck_assert_uint_eq(errors[0].index, 0);
	ck_assert_int_eq(errors[0].err, -EACCES);
	link_test_check(true, false, true, "x", 1);
}
END_TEST

START_TEST(test_link_longest_owner)
{
	char owner[LINK_OWNER_SIZE - sizeof(LINK_ALIAS)];

	memset(owner, 'x', sizeof(owner) - 1);
	owner[sizeof(owner) - 1] = '\0';
	ck_assert_int_eq(link_make(owner), 0);
	link_test_check(true, false, true, owner, 0);
}
END_TEST

static void link_tests_any(TCase *tc)
{
	tcase_add_checked_fixture(tc, link_test_setup, NULL);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, test_link_absent);
	tcase_add_test(tc, test_link_no_driver_no_interface);
	tcase_add_test(tc, test_link_owner_too_long);
	tcase_add_test(tc, test_link_another_kind);
	tcase_add_test(tc, test_link_addresses);
	tcase_add_test(tc, test_link_preferred);
	tcase_add_test(tc, test_link_addresses_refused);
	tcase_add_test(tc, test_link_many_addresses);
	tcase_add_test(tc, test_link_unprivileged);
}

static void link_tests_driver(TCase *tc)
{
	tcase_add_checked_fixture(tc, link_test_setup, NULL);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, test_link_made);
	tcase_add_loop_test(tc, test_link_completed, 0, (int)(sizeof(halves) / sizeof(halves[0])));
	tcase_add_loop_test(tc, test_link_foreign, 0, (int)(sizeof(others) / sizeof(others[0])));
	tcase_add_test(tc, test_link_local);
	tcase_add_test(tc, test_link_ipv6_off);
	tcase_add_test(tc, test_link_longest_owner);
}

/* EOPNOTSUPP: the kernel has no driver, and only the first part can run. */
static int link_test_probe(void)
{
	return link_make("probe") == -EOPNOTSUPP ? -EOPNOTSUPP : 0;
}

int main(void)
{
	Suite *s = suite_create("link");
	TCase *any = tcase_create("any"), *driver = tcase_create("driver");

	link_tests_any(any);
	link_tests_driver(driver);
	suite_add_tcase(s, any);
	suite_add_tcase(s, driver);
	return namespace_main_optional(s, "any", link_test_probe, "only a part: no dummy driver");
}
