/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generic netlink by the family of IPVS where the kernel has it (testdata/vm.sh),
 * each test in a network namespace of its own. Exit code 77: not permitted here,
 * or no IPVS.
 */
#include "netlink/generic_test.h"

#include <arpa/inet.h>
#include <linux/ip_vs.h>

#define OUR_FLAG 0x40000000u

/* Without any local address IPVS takes every endpoint for a broadcast address (Linux 6.1). */
static void ipvs_generic_setup(void)
{
	generic_test_setup(IPVS_GENL_NAME);
	namespace_loopback_up();
}

struct server {
	const char *address;
	uint16_t port;
	const char *scheduler;
	uint32_t flags;
};

static void ipvs_generic_put_service(struct nlmsghdr *nlh, const struct server *s)
{
	struct ip_vs_flags flags = { .flags = s->flags, .mask = 0xffffffff };
	struct nlattr *nest = mnl_attr_nest_start(nlh, IPVS_CMD_ATTR_SERVICE);
	uint8_t address[16] = { 0 };

	ck_assert_int_eq(inet_pton(AF_INET, s->address, address), 1);
	mnl_attr_put_u16(nlh, IPVS_SVC_ATTR_AF, AF_INET);
	mnl_attr_put_u16(nlh, IPVS_SVC_ATTR_PROTOCOL, IPPROTO_TCP);
	mnl_attr_put(nlh, IPVS_SVC_ATTR_ADDR, sizeof(address), address);
	mnl_attr_put_u16(nlh, IPVS_SVC_ATTR_PORT, htons(s->port));
	mnl_attr_put_strz(nlh, IPVS_SVC_ATTR_SCHED_NAME, s->scheduler);
	mnl_attr_put(nlh, IPVS_SVC_ATTR_FLAGS, sizeof(flags), &flags);
	mnl_attr_put_u32(nlh, IPVS_SVC_ATTR_TIMEOUT, 0);
	mnl_attr_put_u32(nlh, IPVS_SVC_ATTR_NETMASK, 0xffffffff);
	mnl_attr_nest_end(nlh, nest);
}

static void ipvs_generic_new_service(const struct server *s)
{
	struct nlmsghdr *nlh = generic_message(IPVS_CMD_NEW_SERVICE);

	ipvs_generic_put_service(nlh, s);
	generic_message_end(nlh);
}

static void ipvs_generic_new_dest(const struct server *s, const char *address)
{
	struct nlmsghdr *nlh = generic_message(IPVS_CMD_NEW_DEST);
	uint8_t to[16] = { 0 };
	struct nlattr *nest;

	ipvs_generic_put_service(nlh, s);
	ck_assert_int_eq(inet_pton(AF_INET, address, to), 1);
	nest = mnl_attr_nest_start(nlh, IPVS_CMD_ATTR_DEST);
	mnl_attr_put_u16(nlh, IPVS_DEST_ATTR_ADDR_FAMILY, AF_INET);
	mnl_attr_put(nlh, IPVS_DEST_ATTR_ADDR, sizeof(to), to);
	mnl_attr_put_u16(nlh, IPVS_DEST_ATTR_PORT, htons(8080));
	mnl_attr_put_u32(nlh, IPVS_DEST_ATTR_FWD_METHOD, IP_VS_CONN_F_MASQ);
	mnl_attr_put_u32(nlh, IPVS_DEST_ATTR_WEIGHT, 1);
	mnl_attr_put_u32(nlh, IPVS_DEST_ATTR_U_THRESH, 0);
	mnl_attr_put_u32(nlh, IPVS_DEST_ATTR_L_THRESH, 0);
	mnl_attr_nest_end(nlh, nest);
	generic_message_end(nlh);
}

struct seen {
	char text[512]; /* "ADDRESS:PORT SCHEDULER FLAGS\n" */
	size_t count;
};

static int ipvs_generic_services_cb(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *v[IPVS_SVC_ATTR_MAX + 1] = { NULL }, *a, *nest;
	char address[INET_ADDRSTRLEN];
	struct ip_vs_flags flags;
	struct seen *s = arg;
	size_t used = strlen(s->text);

	s->count++;
	nest = mnl_nlmsg_get_payload_offset(nlh, sizeof(struct genlmsghdr));
	mnl_attr_for_each_nested(a, nest)
		if (mnl_attr_get_type(a) <= IPVS_SVC_ATTR_MAX)
			v[mnl_attr_get_type(a)] = a;
	memcpy(&flags, mnl_attr_get_payload(v[IPVS_SVC_ATTR_FLAGS]), sizeof(flags));
	inet_ntop(AF_INET, mnl_attr_get_payload(v[IPVS_SVC_ATTR_ADDR]), address, sizeof(address));
	snprintf(s->text + used, sizeof(s->text) - used, "%s:%u %s 0x%x\n", address,
		 ntohs(mnl_attr_get_u16(v[IPVS_SVC_ATTR_PORT])),
		 mnl_attr_get_str(v[IPVS_SVC_ATTR_SCHED_NAME]), flags.flags);
	return 0;
}

static void ipvs_generic_services(struct seen *s)
{
	char buf[64] __attribute__((aligned(8)));

	*s = (struct seen){ .count = 0 };
	ck_assert_int_eq(generic_dump(g, generic_message_at(buf, IPVS_CMD_GET_SERVICE, 0),
				      ipvs_generic_services_cb, s),
			 0);
}

static int ipvs_generic_dests_cb(const struct nlmsghdr *nlh, void *arg)
{
	(void)nlh;
	++*(size_t *)arg;
	return 0;
}

static int ipvs_generic_dests(const struct server *s, size_t *count)
{
	char buf[512] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *nlh = generic_message_at(buf, IPVS_CMD_GET_DEST, 0);

	ipvs_generic_put_service(nlh, s);
	*count = 0;
	return generic_dump(g, nlh, ipvs_generic_dests_cb, count);
}

static const struct server one = { "10.96.0.1", 80, "rr", OUR_FLAG };
static const struct server two = { "10.96.0.1", 443, "no-such", 0 };
static const struct server three = { "10.96.0.2", 80, "wlc", OUR_FLAG | IP_VS_SVC_F_PERSISTENT };

START_TEST(test_ipvs_generic_errors_are_raw)
{
	struct seen s;

	ipvs_generic_new_service(&one);
	ipvs_generic_new_service(&two);
	ipvs_generic_new_service(&three);
	ipvs_generic_new_service(&one);
	ipvs_generic_new_dest(&one, "10.0.0.1");
	ipvs_generic_new_dest(&two, "10.0.0.1");
	ipvs_generic_new_dest(&one, "10.0.0.1");
	ck_assert_int_eq(generic_test_send(MAX_ERRORS), -ENOENT);
	ck_assert_uint_eq(nerrors, 4);
	ck_assert_uint_eq(errors[0].seq, 2);
	ck_assert_int_eq(errors[0].err, -ENOENT); /* no such scheduler */
	ck_assert_uint_eq(errors[1].seq, 4);
	ck_assert_int_eq(errors[1].err, -EEXIST);
	ck_assert_uint_eq(errors[2].seq, 6);
	ck_assert_int_eq(errors[2].err, -ESRCH); /* no such service: libnl makes ENOENT of it */
	ck_assert_uint_eq(errors[3].seq, 7);
	ck_assert_int_eq(errors[3].err, -EEXIST);
	ipvs_generic_services(&s);
	ck_assert_uint_eq(s.count, 2);
}
END_TEST

/* The kernel keeps a flag that it does not know, also when the service is changed. */
START_TEST(test_ipvs_generic_flag_is_kept)
{
	struct server set = one;
	struct nlmsghdr *nlh;
	struct seen s;

	ipvs_generic_new_service(&one);
	ck_assert_int_eq(generic_test_send(MAX_ERRORS), 0);
	ipvs_generic_services(&s);
	/* 0x2, "hashed", is the kernel's own */
	ck_assert_str_eq(s.text, "10.96.0.1:80 rr 0x40000002\n");
	set.scheduler = "sh";
	set.flags |= IP_VS_SVC_F_SCHED1;
	nlh = generic_message(IPVS_CMD_SET_SERVICE);
	ipvs_generic_put_service(nlh, &set);
	generic_message_end(nlh);
	ck_assert_int_eq(generic_test_send(MAX_ERRORS), 0);
	ipvs_generic_services(&s);
	ck_assert_str_eq(s.text, "10.96.0.1:80 sh 0x4000000a\n");
}
END_TEST

START_TEST(test_ipvs_generic_ipvsadm_prints_as_usual)
{
	char text[512] = "";
	FILE *f;

	ipvs_generic_new_service(&one);
	ipvs_generic_new_service(&three);
	ipvs_generic_new_dest(&one, "10.0.0.1");
	ck_assert_int_eq(generic_test_send(MAX_ERRORS), 0);
	f = popen("ipvsadm -Sn 2>&1 | sort", "r");
	ck_assert(f != NULL);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	if (pclose(f) != 0 || strstr(text, "not found")) {
		printf("SKIP: ipvsadm_prints_as_usual: %s\n", text);
		return;
	}
	ck_assert_str_eq(text, "-A -t 10.96.0.1:80 -s rr\n"
			       "-A -t 10.96.0.2:80 -s wlc -p 0\n"
			       "-a -t 10.96.0.1:80 -r 10.0.0.1:8080 -m -w 1\n");
}
END_TEST

/* Many datagrams, then one dump for each virtual server. */
START_TEST(test_ipvs_generic_many)
{
	struct server s = { "10.96.0.1", 0, "rr", OUR_FLAG };
	size_t count;

	for (uint16_t i = 1; i <= 2000; i++) {
		s.port = i;
		ipvs_generic_new_service(&s);
		ipvs_generic_new_dest(&s, "10.0.0.1");
		ipvs_generic_new_dest(&s, "10.0.0.2");
	}
	ck_assert_int_eq(generic_test_send(MAX_ERRORS), 0);
	for (uint16_t i = 1; i <= 2000; i++) {
		s.port = i;
		ck_assert_int_eq(ipvs_generic_dests(&s, &count), 0);
		ck_assert_uint_eq(count, 2);
	}
	s.port = 9999;
	/* the kernel ends the dump of a missing server without an error */
	(void)ipvs_generic_dests(&s, &count);
	ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(test_ipvs_generic_unprivileged)
{
	if (setresuid(65534, 65534, 65534) < 0) {
		printf("SKIP: ipvs_unprivileged: no second user\n");
		return;
	}
	ipvs_generic_new_service(&one);
	ipvs_generic_new_service(&two);
	ck_assert_int_eq(generic_test_send(MAX_ERRORS), -EPERM);
	ck_assert_uint_eq(nerrors, 2);
}
END_TEST

static void ipvs_generic_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, ipvs_generic_setup, generic_test_teardown);
	tcase_add_test(tc, test_ipvs_generic_errors_are_raw);
	tcase_add_test(tc, test_ipvs_generic_flag_is_kept);
	tcase_add_test(tc, test_ipvs_generic_ipvsadm_prints_as_usual);
	tcase_add_test(tc, test_ipvs_generic_many);
	tcase_add_test(tc, test_ipvs_generic_unprivileged);
}

/* What generic_open() returns for IPVS. */
static int ipvs_generic_probe(void)
{
	int err = 0;

	generic_close(generic_open(IPVS_GENL_NAME, &err));
	return err;
}

int main(void)
{
	int refused = namespace_probe(ipvs_generic_probe);

	if (refused) {
		printf("SKIP: no IPVS: %s\n", strerror(refused));
		return 77;
	}
	return namespace_main("ipvs_generic", ipvs_generic_tests);
}
