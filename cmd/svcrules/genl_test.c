/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generic netlink: the family "nlctrl", which every kernel has, and IPVS where
 * the kernel has it (testdata/vm.sh). Each test in a network namespace of its
 * own. Exit code 77: not permitted here, or only the first part was run.
 */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netlink/generic.h"
#include "netlink/socket.h"

#define BATCH_ROOM (4u << 20)
#define MAX_ERRORS 20000
#define OUR_FLAG 0x40000000u

static struct generic *g;
static char *batch;
static size_t batch_len;
static uint32_t batch_count;
static struct generic_error *errors;
static size_t nerrors;

static int namespace_enter(void)
{
	return unshare(geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET);
}

static void setup(const char *family)
{
	int err = 0;

	ck_assert_int_eq(namespace_enter(), 0);
	g = generic_open(family, &err);
	ck_assert_msg(g != NULL, "generic_open: %s", strerror(-err));
	batch = calloc(1, BATCH_ROOM); /* also what pads attributes */
	errors = calloc(MAX_ERRORS, sizeof(*errors));
	ck_assert(batch && errors);
}

static void setup_nlctrl(void)
{
	setup("nlctrl");
}

/* Without any local address IPVS takes every endpoint for a broadcast address (Linux 6.1). */
static void loopback_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &ifr), 0);
	close(fd);
}

static void setup_ipvs(void)
{
	setup(IPVS_GENL_NAME);
	loopback_up();
}

static void teardown(void)
{
	generic_close(g);
	free(batch);
	free(errors);
}

static struct nlmsghdr *message_at(void *to, uint8_t cmd, uint32_t seq)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(to);
	struct genlmsghdr *gh = mnl_nlmsg_put_extra_header(nlh, sizeof(*gh));

	nlh->nlmsg_type = generic_id(g);
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = seq;
	gh->cmd = cmd;
	gh->version = 1;
	return nlh;
}

/* A message at the end of the batch, to be completed before the next one. */
static struct nlmsghdr *message(uint8_t cmd)
{
	return message_at(batch + batch_len, cmd, ++batch_count);
}

static void message_end(const struct nlmsghdr *nlh)
{
	batch_len += MNL_ALIGN(nlh->nlmsg_len);
}

/* Sends and forgets the batch. */
static int batch_send(size_t max_errors)
{
	int r = generic_batch(g, batch, batch_len, batch_count, errors, max_errors, &nerrors);

	batch_len = 0;
	batch_count = 0;
	return r;
}

static void get_family(const char *name)
{
	struct nlmsghdr *nlh = message(CTRL_CMD_GETFAMILY);

	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, name);
	message_end(nlh);
}

struct families {
	size_t count;
	bool nlctrl;
	int result;
};

static int families_cb(const struct nlmsghdr *nlh, void *arg)
{
	struct families *f = arg;
	const struct nlattr *a;

	f->count++;
	mnl_attr_for_each(a, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(a) == CTRL_ATTR_FAMILY_NAME &&
		    strcmp(mnl_attr_get_str(a), "nlctrl") == 0)
			f->nlctrl = true;
	return f->result;
}

static int families(struct families *f)
{
	char buf[64] __attribute__((aligned(8)));

	return generic_dump(g, message_at(buf, CTRL_CMD_GETFAMILY, 7), families_cb, f);
}

START_TEST(family_is_found)
{
	int err = 0;

	ck_assert_uint_eq(generic_id(g), GENL_ID_CTRL);
	ck_assert(generic_open("no-such-family", &err) == NULL);
	ck_assert_int_eq(err, -ENOENT);
	generic_close(NULL);
	ck_assert(netlink_open(99, &err) == NULL);
	ck_assert_int_eq(err, -EPROTONOSUPPORT);
}
END_TEST

START_TEST(dump)
{
	struct families f = { 0 };

	ck_assert_int_eq(families(&f), 0);
	ck_assert(f.nlctrl);
	ck_assert_uint_gt(f.count, 1);
}
END_TEST

/* A callback that fails is called once, and the socket is good for the next dump. */
START_TEST(dump_callback_fails)
{
	struct families f = { .result = -EXFULL }, again = { 0 };

	ck_assert_int_eq(families(&f), -EXFULL);
	ck_assert_uint_eq(f.count, 1);
	ck_assert_int_eq(families(&again), 0);
	ck_assert(again.nlctrl);
}
END_TEST

START_TEST(dump_is_refused)
{
	char buf[64] __attribute__((aligned(8)));

	ck_assert_int_eq(generic_dump(g, message_at(buf, 250, 0), NULL, NULL), -EOPNOTSUPP);
}
END_TEST

START_TEST(many_dumps)
{
	for (int i = 0; i < 2000; i++) {
		struct families f = { 0 };

		ck_assert_int_eq(families(&f), 0);
		ck_assert(f.nlctrl);
	}
}
END_TEST

START_TEST(refusals)
{
	static char before[1024];
	size_t len;

	get_family("nlctrl");
	get_family("none-1");
	message_end(message(CTRL_CMD_GETFAMILY)); /* without a name */
	get_family("nlctrl");
	message_end(message(250));
	get_family("nlctrl");
	len = batch_len;
	memcpy(before, batch, len);
	ck_assert_int_eq(batch_send(MAX_ERRORS), -ENOENT);
	ck_assert(memcmp(before, batch, len) == 0);
	ck_assert_uint_eq(nerrors, 3);
	ck_assert_uint_eq(errors[0].seq, 2);
	ck_assert_int_eq(errors[0].err, -ENOENT);
	ck_assert_uint_eq(errors[1].seq, 3);
	ck_assert_int_eq(errors[1].err, -EINVAL);
	ck_assert_uint_eq(errors[2].seq, 5);
	ck_assert_int_eq(errors[2].err, -EOPNOTSUPP);
	get_family("nlctrl");
	ck_assert_int_eq(batch_send(MAX_ERRORS), 0);
	ck_assert_uint_eq(nerrors, 0);
}
END_TEST

/* The last message of a datagram fails: its error stands for the ack. */
START_TEST(last_is_refused)
{
	get_family("nlctrl");
	message_end(message(250));
	ck_assert_int_eq(batch_send(MAX_ERRORS), -EOPNOTSUPP);
	ck_assert_uint_eq(nerrors, 1);
	ck_assert_uint_eq(errors[0].seq, 2);
}
END_TEST

/* Several datagrams, each error told. */
static void fail_many(size_t count, size_t max_errors)
{
	for (size_t i = 0; i < count; i++)
		message_end(message(i % 2 ? 250 : CTRL_CMD_GETFAMILY));
	ck_assert_int_eq(batch_send(max_errors), -EINVAL);
	ck_assert_uint_eq(nerrors, count < max_errors ? count : max_errors);
	for (size_t i = 0; i < nerrors; i++) {
		ck_assert_uint_eq(errors[i].seq, i + 1);
		ck_assert_int_eq(errors[i].err, i % 2 ? -EOPNOTSUPP : -EINVAL);
	}
}

START_TEST(many_errors)
{
	fail_many(MAX_ERRORS, MAX_ERRORS);
}
END_TEST

/* Nobody but root of the first namespaces gets the large receive buffer. */
START_TEST(many_errors_unprivileged)
{
	int err = 0;

	if (setresuid(65534, 65534, 65534) < 0 && geteuid() == 0) {
		printf("SKIP: many_errors_unprivileged: no second user\n");
		return;
	}
	generic_close(g);
	g = generic_open("nlctrl", &err);
	ck_assert(g != NULL);
	fail_many(MAX_ERRORS, MAX_ERRORS);
}
END_TEST

START_TEST(errors_beyond_the_array)
{
	fail_many(5000, 3);
	message_end(message(CTRL_CMD_GETFAMILY));
	ck_assert_int_eq(batch_send(0), -EINVAL);
	ck_assert_uint_eq(nerrors, 0);
}
END_TEST

static void malformed(size_t len, uint32_t count)
{
	nerrors = 99;
	ck_assert_int_eq(generic_batch(g, batch, len, count, errors, MAX_ERRORS, &nerrors), -EINVAL);
	ck_assert_uint_eq(nerrors, 0);
}

START_TEST(malformed_is_not_sent)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)batch;

	message_end(message(250));
	message_end(message(250));
	malformed(batch_len, 1);
	malformed(batch_len, 3);
	malformed(batch_len - 4, 2);
	nlh->nlmsg_seq = 2;
	malformed(batch_len, 2);
	nlh->nlmsg_seq = 1;
	nlh->nlmsg_len = 0xffffffff;
	malformed(batch_len, 2);
	nlh->nlmsg_len = 15;
	malformed(batch_len, 2);
	batch_len = batch_count = 0;
	ck_assert_int_eq(batch_send(MAX_ERRORS), 0);
}
END_TEST

/* ---- IPVS */

struct server {
	const char *address;
	uint16_t port;
	const char *scheduler;
	uint32_t flags;
};

static void put_service(struct nlmsghdr *nlh, const struct server *s)
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

static void new_service(const struct server *s)
{
	struct nlmsghdr *nlh = message(IPVS_CMD_NEW_SERVICE);

	put_service(nlh, s);
	message_end(nlh);
}

static void new_dest(const struct server *s, const char *address)
{
	struct nlmsghdr *nlh = message(IPVS_CMD_NEW_DEST);
	uint8_t to[16] = { 0 };
	struct nlattr *nest;

	put_service(nlh, s);
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
	message_end(nlh);
}

struct seen {
	char text[512]; /* "ADDRESS:PORT SCHEDULER FLAGS\n" */
	size_t count;
};

static int services_cb(const struct nlmsghdr *nlh, void *arg)
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

static void services(struct seen *s)
{
	char buf[64] __attribute__((aligned(8)));

	*s = (struct seen){ .count = 0 };
	ck_assert_int_eq(generic_dump(g, message_at(buf, IPVS_CMD_GET_SERVICE, 0), services_cb, s), 0);
}

static int dests_cb(const struct nlmsghdr *nlh, void *arg)
{
	(void)nlh;
	++*(size_t *)arg;
	return 0;
}

static int dests(const struct server *s, size_t *count)
{
	char buf[512] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *nlh = message_at(buf, IPVS_CMD_GET_DEST, 0);

	put_service(nlh, s);
	*count = 0;
	return generic_dump(g, nlh, dests_cb, count);
}

static const struct server one = { "10.96.0.1", 80, "rr", OUR_FLAG };
static const struct server two = { "10.96.0.1", 443, "no-such", 0 };
static const struct server three = { "10.96.0.2", 80, "wlc", OUR_FLAG | IP_VS_SVC_F_PERSISTENT };

START_TEST(ipvs_errors_are_raw)
{
	struct seen s;

	new_service(&one);
	new_service(&two);
	new_service(&three);
	new_service(&one);
	new_dest(&one, "10.0.0.1");
	new_dest(&two, "10.0.0.1");
	new_dest(&one, "10.0.0.1");
	ck_assert_int_eq(batch_send(MAX_ERRORS), -ENOENT);
	ck_assert_uint_eq(nerrors, 4);
	ck_assert_uint_eq(errors[0].seq, 2);
	ck_assert_int_eq(errors[0].err, -ENOENT); /* no such scheduler */
	ck_assert_uint_eq(errors[1].seq, 4);
	ck_assert_int_eq(errors[1].err, -EEXIST);
	ck_assert_uint_eq(errors[2].seq, 6);
	ck_assert_int_eq(errors[2].err, -ESRCH); /* no such service: libnl makes ENOENT of it */
	ck_assert_uint_eq(errors[3].seq, 7);
	ck_assert_int_eq(errors[3].err, -EEXIST);
	services(&s);
	ck_assert_uint_eq(s.count, 2);
}
END_TEST

/* The kernel keeps a bit that it does not know, also when the service is set again. */
START_TEST(ipvs_flag_is_kept)
{
	struct server set = one;
	struct nlmsghdr *nlh;
	struct seen s;

	new_service(&one);
	ck_assert_int_eq(batch_send(MAX_ERRORS), 0);
	services(&s);
	/* 0x2, "hashed", is the kernel's own */
	ck_assert_str_eq(s.text, "10.96.0.1:80 rr 0x40000002\n");
	set.scheduler = "sh";
	set.flags |= IP_VS_SVC_F_SCHED1;
	nlh = message(IPVS_CMD_SET_SERVICE);
	put_service(nlh, &set);
	message_end(nlh);
	ck_assert_int_eq(batch_send(MAX_ERRORS), 0);
	services(&s);
	ck_assert_str_eq(s.text, "10.96.0.1:80 sh 0x4000000a\n");
}
END_TEST

START_TEST(ipvsadm_prints_as_usual)
{
	char text[512] = "";
	FILE *f;

	new_service(&one);
	new_service(&three);
	new_dest(&one, "10.0.0.1");
	ck_assert_int_eq(batch_send(MAX_ERRORS), 0);
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

/* Many datagrams, then one dump a virtual server. */
START_TEST(ipvs_many)
{
	struct server s = { "10.96.0.1", 0, "rr", OUR_FLAG };
	size_t count;

	for (uint16_t i = 1; i <= 2000; i++) {
		s.port = i;
		new_service(&s);
		new_dest(&s, "10.0.0.1");
		new_dest(&s, "10.0.0.2");
	}
	ck_assert_int_eq(batch_send(MAX_ERRORS), 0);
	for (uint16_t i = 1; i <= 2000; i++) {
		s.port = i;
		ck_assert_int_eq(dests(&s, &count), 0);
		ck_assert_uint_eq(count, 2);
	}
	s.port = 9999;
	(void)dests(&s, &count); /* the kernel ends such a dump without an error */
	ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(ipvs_unprivileged)
{
	if (setresuid(65534, 65534, 65534) < 0) {
		printf("SKIP: ipvs_unprivileged: no second user\n");
		return;
	}
	new_service(&one);
	new_service(&two);
	ck_assert_int_eq(batch_send(MAX_ERRORS), -EPERM);
	ck_assert_uint_eq(nerrors, 2);
}
END_TEST

static void add_nlctrl(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup_nlctrl, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, family_is_found);
	tcase_add_test(tc, dump);
	tcase_add_test(tc, dump_callback_fails);
	tcase_add_test(tc, dump_is_refused);
	tcase_add_test(tc, many_dumps);
	tcase_add_test(tc, refusals);
	tcase_add_test(tc, last_is_refused);
	tcase_add_test(tc, many_errors);
	tcase_add_test(tc, many_errors_unprivileged);
	tcase_add_test(tc, errors_beyond_the_array);
	tcase_add_test(tc, malformed_is_not_sent);
}

static void add_ipvs(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup_ipvs, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, ipvs_errors_are_raw);
	tcase_add_test(tc, ipvs_flag_is_kept);
	tcase_add_test(tc, ipvsadm_prints_as_usual);
	tcase_add_test(tc, ipvs_many);
	tcase_add_test(tc, ipvs_unprivileged);
}

/* In a namespace: what generic_open() says of `family`; with NULL whether there are namespaces. */
static int refused(const char *family)
{
	pid_t child = fork();
	int status = 0, err = 0;

	if (child == 0) {
		if (namespace_enter() < 0)
			_exit(errno);
		if (family)
			generic_close(generic_open(family, &err));
		_exit(-err);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINVAL;
}

int main(void)
{
	int failed, no_namespace = refused(NULL), no_ipvs = no_namespace ? 0 : refused(IPVS_GENL_NAME);
	Suite *s = suite_create("genl");
	TCase *nlctrl = tcase_create("nlctrl"), *ipvs = tcase_create("ipvs");
	SRunner *sr = srunner_create(s);

	add_nlctrl(nlctrl);
	add_ipvs(ipvs);
	suite_add_tcase(s, nlctrl);
	suite_add_tcase(s, ipvs);
	if (no_namespace)
		printf("SKIP: no network namespace: %s\n", strerror(no_namespace));
	else if (no_ipvs)
		printf("SKIP: only nlctrl: no IPVS: %s\n", strerror(no_ipvs));
	if (!no_namespace)
		srunner_run(sr, NULL, no_ipvs ? "nlctrl" : NULL, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	if (failed)
		return 1;
	return no_namespace || no_ipvs ? 77 : 0;
}
