/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The socket, the lock and connection tracking against the running kernel, each
 * test in a network namespace of its own. Exit code 77: not permitted here. */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/capability.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel/conntrack.h"
#include "state/lock.h"
#include "netlink/nfnetlink.h"
#include "netlink/transaction.h"

#define BATCH_ROOM (24u << 20)
#define MAX_ERRORS 30000

static struct netlink *nl;
static char *batch;
static size_t batch_len;
static uint32_t batch_count;
static struct transaction_error *errors;
static size_t nerrors;

static int namespace_enter(void)
{
	return unshare(geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET);
}

static void loopback_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &ifr), 0);
	close(fd);
}

static void setup(void)
{
	int err = 0;

	ck_assert_int_eq(namespace_enter(), 0);
	loopback_up();
	nl = netlink_open(NETLINK_NETFILTER, &err);
	ck_assert_msg(nl != NULL, "nfnl_open: %s", strerror(-err));
	batch = malloc(BATCH_ROOM);
	errors = calloc(MAX_ERRORS, sizeof(*errors));
	ck_assert(batch && errors);
}

static void teardown(void)
{
	netlink_close(nl);
	free(batch);
	free(errors);
}

/* A message at the end of the batch, to be completed before the next one. */
static struct nlmsghdr *message(uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(batch + batch_len);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));

	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++batch_count;
	nfg->nfgen_family = NFPROTO_INET;
	return nlh;
}

static void message_end(const struct nlmsghdr *nlh)
{
	batch_len += MNL_ALIGN(nlh->nlmsg_len);
}

static void add_table(const char *name)
{
	struct nlmsghdr *nlh = message(NFT_MSG_NEWTABLE, NLM_F_CREATE);

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, name);
	message_end(nlh);
}

static void add_chain(const char *table, const char *name)
{
	struct nlmsghdr *nlh = message(NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	struct nlattr *hook;

	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, table);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, name);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TYPE, "filter");
	hook = mnl_attr_nest_start(nlh, NFTA_CHAIN_HOOK);
	mnl_attr_put_u32(nlh, NFTA_HOOK_HOOKNUM, htonl(NF_INET_LOCAL_IN));
	mnl_attr_put_u32(nlh, NFTA_HOOK_PRIORITY, htonl(0));
	mnl_attr_nest_end(nlh, hook);
	message_end(nlh);
}

/* "ct state" loaded and not used: enough for the kernel to track connections. */
static void add_ct_rule(const char *table, const char *chain)
{
	struct nlmsghdr *nlh = message(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	struct nlattr *list, *elem, *data;

	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, table);
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, chain);
	list = mnl_attr_nest_start(nlh, NFTA_RULE_EXPRESSIONS);
	elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	mnl_attr_put_strz(nlh, NFTA_EXPR_NAME, "ct");
	data = mnl_attr_nest_start(nlh, NFTA_EXPR_DATA);
	mnl_attr_put_u32(nlh, NFTA_CT_DREG, htonl(NFT_REG_1));
	mnl_attr_put_u32(nlh, NFTA_CT_KEY, htonl(NFT_CT_STATE));
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, elem);
	mnl_attr_nest_end(nlh, list);
	message_end(nlh);
}

static void add_set(const char *table, const char *name)
{
	struct nlmsghdr *nlh = message(NFT_MSG_NEWSET, NLM_F_CREATE);

	mnl_attr_put_strz(nlh, NFTA_SET_TABLE, table);
	mnl_attr_put_strz(nlh, NFTA_SET_NAME, name);
	mnl_attr_put_u32(nlh, NFTA_SET_ID, htonl(1));
	mnl_attr_put_u32(nlh, NFTA_SET_KEY_TYPE, htonl(7));
	mnl_attr_put_u32(nlh, NFTA_SET_KEY_LEN, htonl(4));
	message_end(nlh);
}

/* `count` elements with keys from `first` on, each 268 bytes. */
static void add_elements(const char *table, const char *set, uint32_t first, uint32_t count)
{
	struct nlmsghdr *nlh = message(NFT_MSG_NEWSETELEM, NLM_F_CREATE);
	struct nlattr *list, *elem, *key;
	char padding[248] = { 0 }; /* 256 is allowed and silently becomes 0 (Linux 6.18) */

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, table);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set);
	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (uint32_t i = first; i < first + count; i++) {
		elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
		key = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
		mnl_attr_put_u32(nlh, NFTA_DATA_VALUE, htonl(i));
		mnl_attr_nest_end(nlh, key);
		mnl_attr_put(nlh, NFTA_SET_ELEM_USERDATA, sizeof(padding), padding);
		mnl_attr_nest_end(nlh, elem);
	}
	mnl_attr_nest_end(nlh, list);
	message_end(nlh);
}

/* Sends and forgets the batch. */
static int batch_send(bool commit, uint32_t genid, struct transaction_stats *stats)
{
	int r = transaction_send(nl, batch, batch_len, commit, genid, batch_count, errors,
				MAX_ERRORS, &nerrors, stats);

	batch_len = 0;
	batch_count = 0;
	return r;
}

static int count_cb(const struct nlmsghdr *nlh, void *arg)
{
	size_t *count = arg;

	(void)nlh;
	++*count;
	return 0;
}

static size_t tables(void)
{
	size_t count = 0;

	ck_assert_int_eq(nfnetlink_dump(nl, NFT_MSG_GETTABLE, NFPROTO_INET, NULL, NULL, count_cb,
				   &count), 0);
	return count;
}

static uint32_t genid(void)
{
	uint32_t id = 0;

	ck_assert_int_eq(transaction_genid(nl, &id), 0);
	ck_assert_uint_ne(id, 0);
	return id;
}

START_TEST(commit_is_seen)
{
	struct transaction_stats stats = { 0 };
	uint32_t before = genid();

	add_table("one");
	add_table("two");
	ck_assert_int_eq(batch_send(true, before, &stats), 0);
	ck_assert_uint_eq(nerrors, 0);
	ck_assert_uint_eq(stats.messages, 2);
	/* 2 * (20 + 8), begin 20 + 8, end 20 */
	ck_assert_uint_eq(stats.bytes, 104);
	ck_assert_uint_eq(tables(), 2);
	ck_assert_uint_ne(genid(), before);
}
END_TEST

START_TEST(check_commits_nothing)
{
	uint32_t before = genid();

	add_table("one");
	ck_assert_int_eq(batch_send(false, before, NULL), 0);
	ck_assert_uint_eq(tables(), 0);
	ck_assert_uint_eq(genid(), before);

	add_table("one");
	add_chain("two", "input");
	ck_assert_int_eq(batch_send(false, 0, NULL), -ENOENT);
	ck_assert_uint_eq(nerrors, 1);
	ck_assert_uint_eq(errors[0].seq, 2);
	ck_assert_uint_eq(tables(), 0);
}
END_TEST

START_TEST(stale_generation)
{
	uint32_t before = genid();

	add_table("one");
	ck_assert_int_eq(batch_send(true, before, NULL), 0);
	for (int commit = 0; commit < 2; commit++) {
		add_table("two");
		ck_assert_int_eq(batch_send(commit, before, NULL), -ERESTART);
		ck_assert_uint_eq(nerrors, 0);
	}
	ck_assert_uint_eq(tables(), 1);
	add_table("two");
	ck_assert_int_eq(batch_send(true, genid(), NULL), 0);
	ck_assert_uint_eq(tables(), 2);
}
END_TEST

START_TEST(errors_name_their_message)
{
	struct nlmsghdr *nlh;

	add_table("one");
	add_chain("missing", "input");
	add_table("two");
	nlh = message(NFT_MSG_DELTABLE, 0);
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, "missing");
	message_end(nlh);
	ck_assert_int_eq(batch_send(true, 0, NULL), -ENOENT);
	ck_assert_uint_eq(nerrors, 2);
	ck_assert_uint_eq(errors[0].seq, 2);
	ck_assert_int_eq(errors[0].err, -ENOENT);
	ck_assert_uint_eq(errors[0].offset, 20); /* NFTA_CHAIN_TABLE, the first attribute */
	ck_assert_uint_eq(errors[1].seq, 4);
	ck_assert_uint_eq(tables(), 0);
}
END_TEST

/* The kernel words few of its refusals (6.18); that of an attribute's size is one. */
START_TEST(errors_carry_the_words)
{
	struct nlmsghdr *nlh = message(NFT_MSG_NEWTABLE, NLM_F_CREATE);

	mnl_attr_put_u32(nlh, NFTA_TABLE_FLAGS, htonl(0x80));
	mnl_attr_put_u8(nlh, NFTA_TABLE_HANDLE, 1); /* wants 8 bytes */
	message_end(nlh);
	ck_assert_int_lt(batch_send(true, 0, NULL), 0);
	ck_assert_uint_eq(nerrors, 1);
	ck_assert_uint_eq(errors[0].seq, 1);
	ck_assert_str_ne(errors[0].msg, "");
}
END_TEST

START_TEST(many_errors)
{
	int r;

	for (uint32_t i = 0; i < 20000; i++)
		add_chain("missing", "input");
	r = batch_send(true, 0, NULL);
	ck_assert_int_eq(r, -ENOENT);
	ck_assert_uint_gt(nerrors, 100);
	for (size_t i = 0; i < nerrors; i++)
		ck_assert_uint_eq(errors[i].seq, i + 1);
	/* What was lost does not disturb the next one. */
	add_table("one");
	ck_assert_int_eq(batch_send(true, 0, NULL), 0);
	ck_assert_uint_eq(tables(), 1);
}
END_TEST

START_TEST(errors_beyond_the_array)
{
	for (int i = 0; i < 10; i++)
		add_chain("missing", "input");
	ck_assert_int_eq(transaction_send(nl, batch, batch_len, true, 0, batch_count, errors, 3,
					 &nerrors, NULL), -ENOENT);
	ck_assert_uint_eq(nerrors, 3);
	ck_assert_int_eq(transaction_send(nl, batch, batch_len, true, 0, batch_count, NULL, 0,
					 &nerrors, NULL), -ENOENT);
	ck_assert_uint_eq(nerrors, 0);
}
END_TEST

START_TEST(malformed_is_not_sent)
{
	add_table("one");
	ck_assert_int_eq(transaction_send(nl, batch, batch_len, true, 0, 2, errors, 1, &nerrors,
					 NULL), -EINVAL);
	ck_assert_int_eq(transaction_send(nl, batch, batch_len - 4, true, 0, 1, errors, 1,
					 &nerrors, NULL), -EINVAL);
	((struct nlmsghdr *)batch)->nlmsg_seq = 7;
	ck_assert_int_eq(batch_send(true, 0, NULL), -EINVAL);
	ck_assert_uint_eq(nerrors, 0);
	ck_assert_uint_eq(tables(), 0);
}
END_TEST

START_TEST(empty_batch)
{
	ck_assert_int_eq(batch_send(true, 0, NULL), 0);
	ck_assert_int_eq(batch_send(false, genid(), NULL), 0);
	ck_assert_int_eq(batch_send(true, genid() + 1, NULL), -ERESTART);
}
END_TEST

static int fill_set(struct nlmsghdr *nlh, void *arg)
{
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, "one");
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, arg);
	return 0;
}

static int elements_cb(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *a, *b;
	size_t *count = arg;

	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == NFTA_SET_ELEM_LIST_ELEMENTS)
			mnl_attr_for_each_nested(b, a)
				++*count;
	return 0;
}

static int refuse_cb(const struct nlmsghdr *nlh, void *arg)
{
	(void)nlh;
	++*(size_t *)arg;
	return -ECANCELED;
}

/* May this process exceed net.core.wmem_max? */
static bool buffers_forced(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0), v = 1 << 20;
	bool may = setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &v, sizeof(v)) == 0;

	close(fd);
	return may;
}

START_TEST(large_batch)
{
	static char set[] = "s", missing[] = "t";
	struct transaction_stats stats = { 0 };
	size_t count = 0, calls = 0;

	add_table("one");
	add_set("one", "s");
	for (uint32_t i = 0; i < 290; i++)
		add_elements("one", "s", i * 200, 200);
	if (!buffers_forced()) {
		ck_assert_int_eq(batch_send(true, 0, &stats), -EMSGSIZE);
		ck_assert_uint_eq(stats.bytes, 0);
		return;
	}
	ck_assert_int_eq(batch_send(true, genid(), &stats), 0);
	ck_assert_uint_gt(stats.bytes, 15000000);
	ck_assert_int_eq(nfnetlink_dump(nl, NFT_MSG_GETSETELEM, NFPROTO_INET, fill_set, set,
				   elements_cb, &count), 0);
	ck_assert_uint_eq(count, 290 * 200);
	ck_assert_int_eq(nfnetlink_dump(nl, NFT_MSG_GETSETELEM, NFPROTO_INET, fill_set, missing,
				   elements_cb, &count), -ENOENT);
	ck_assert_int_eq(nfnetlink_dump(nl, NFT_MSG_GETSETELEM, NFPROTO_INET, fill_set, set,
				   refuse_cb, &calls), -ECANCELED);
	ck_assert_uint_eq(calls, 1);
	ck_assert_uint_eq(tables(), 1);
}
END_TEST

/* A commit in the midst of a dump, by another socket. */
static int disturb_cb(const struct nlmsghdr *nlh, void *arg)
{
	size_t *calls = arg;
	struct netlink *mine = nl;
	int err = 0;

	(void)nlh;
	if (++*calls > 1)
		return 0;
	nl = netlink_open(NETLINK_NETFILTER, &err);
	add_table("two");
	ck_assert_int_eq(batch_send(true, 0, NULL), 0);
	netlink_close(nl);
	nl = mine;
	return 0;
}

START_TEST(interrupted_dump)
{
	static char set[] = "s";
	size_t calls = 0, count = 0;

	add_table("one");
	add_set("one", "s");
	for (uint32_t i = 0; i < 5; i++)
		add_elements("one", "s", i * 200, 200);
	ck_assert_int_eq(batch_send(true, 0, NULL), 0);
	ck_assert_int_eq(nfnetlink_dump(nl, NFT_MSG_GETSETELEM, NFPROTO_INET, fill_set, set,
				   disturb_cb, &calls), -EINTR);
	ck_assert_uint_gt(calls, 1);
	ck_assert_int_eq(nfnetlink_dump(nl, NFT_MSG_GETSETELEM, NFPROTO_INET, fill_set, set,
				   elements_cb, &count), 0);
	ck_assert_uint_eq(count, 1000);
}
END_TEST

START_TEST(requests)
{
	static char set[] = "s";
	size_t calls = 0;

	ck_assert_int_eq(nfnetlink_request(nl, NFT_MSG_GETSET, NFPROTO_INET, fill_set, set, count_cb,
				      &calls), -ENOENT);
	ck_assert_uint_eq(calls, 0);
	add_table("one");
	add_set("one", "s");
	ck_assert_int_eq(batch_send(true, 0, NULL), 0);
	ck_assert_int_eq(nfnetlink_request(nl, NFT_MSG_GETSET, NFPROTO_INET, fill_set, set, count_cb,
				      &calls), 0);
	ck_assert_uint_eq(calls, 1);
}
END_TEST

static void capabilities_drop(void)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { 0 };

	ck_assert_int_eq((int)syscall(SYS_capset, &h, d), 0);
}

START_TEST(unprivileged)
{
	uint32_t id;
	int err = 0;

	capabilities_drop();
	netlink_close(nl);
	nl = netlink_open(NETLINK_NETFILTER, &err);
	ck_assert(nl != NULL);
	for (int commit = 0; commit < 2; commit++) {
		add_table("one");
		ck_assert_int_eq(batch_send(commit, 0, NULL), -EPERM);
		ck_assert_uint_eq(nerrors, 1);
		ck_assert_uint_eq(errors[0].seq, 0);
	}
	ck_assert_int_eq(transaction_genid(nl, &id), -EPERM);
}
END_TEST

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* A child that takes the lock and keeps it; returns once it has it. */
static pid_t holder(unsigned hold_ms)
{
	int p[2], fd, pid = 0;
	pid_t child;
	char c;

	ck_assert_int_eq(pipe(p), 0);
	child = fork();
	if (child == 0) {
		c = lock_take(&fd, 0, &pid) == 0 ? 'y' : 'n';
		if (write(p[1], &c, 1) == 1)
			usleep(hold_ms * 1000);
		_exit(0);
	}
	ck_assert_int_eq((int)read(p[0], &c, 1), 1);
	ck_assert_int_eq(c, 'y');
	close(p[0]);
	close(p[1]);
	return child;
}

START_TEST(lock_is_exclusive)
{
	int fd = -1, pid = 0;
	pid_t child = holder(20000);
	int64_t start = now_ms();

	ck_assert_int_eq(lock_take(&fd, 0, &pid), -EBUSY);
	ck_assert_int_eq(pid, child);
	ck_assert_int_lt(now_ms() - start, 100);
	pid = 0;
	ck_assert_int_eq(lock_take(&fd, 150, &pid), -EBUSY);
	ck_assert_int_eq(pid, child);
	ck_assert_int_ge(now_ms() - start, 150);
	ck_assert_int_eq(fd, -1);

	kill(child, SIGKILL);
	ck_assert_int_eq(lock_take(&fd, 5000, &pid), 0);
	ck_assert_int_lt(now_ms() - start, 5000);
	close(fd);
	waitpid(child, NULL, 0);
	ck_assert_int_eq(lock_take(&fd, 0, &pid), 0);
	close(fd);
}
END_TEST

START_TEST(lock_is_handed_over)
{
	int fd = -1, pid = 0;
	pid_t child = holder(200);
	int64_t start = now_ms();

	ck_assert_int_eq(lock_take(&fd, 10000, &pid), 0);
	ck_assert_int_lt(now_ms() - start, 2000);
	waitpid(child, NULL, 0);
	close(fd);
}
END_TEST

START_TEST(lock_is_per_namespace)
{
	int fd = -1, fd2 = -1, pid = 0;

	ck_assert_int_eq(lock_take(&fd, 0, &pid), 0);
	ck_assert_int_eq(lock_take(&fd2, 0, &pid), -EBUSY);
	ck_assert_int_eq(pid, getpid());
	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	ck_assert_int_eq(lock_take(&fd2, 0, &pid), 0);
	close(fd);
	close(fd2);
}
END_TEST

/* One packet, or one connection that nobody accepts, from loopback port to loopback port. */
static void flow(int family, int type, uint16_t from, uint16_t to)
{
	struct sockaddr_in a4 = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr *sa = family == AF_INET ? (struct sockaddr *)&a4 : (struct sockaddr *)&a6;
	socklen_t len = family == AF_INET ? sizeof(a4) : sizeof(a6);
	int fd = socket(family, type, 0), listener = socket(family, SOCK_STREAM, 0);

	a4.sin_port = a6.sin6_port = htons(to);
	if (type == SOCK_STREAM) {
		ck_assert_int_eq(bind(listener, sa, len), 0);
		ck_assert_int_eq(listen(listener, 1), 0);
	}
	a4.sin_port = a6.sin6_port = htons(from);
	ck_assert_int_eq(bind(fd, sa, len), 0);
	a4.sin_port = a6.sin6_port = htons(to);
	if (type == SOCK_DGRAM)
		ck_assert_int_eq((int)sendto(fd, "x", 1, 0, sa, len), 1);
	else
		ck_assert_int_eq(connect(fd, sa, len), 0);
	close(fd);
	close(listener);
}

struct footprint {
	uint16_t stale_port; /* of the destination; 0: all */
	size_t asked, reported;
	struct ct_flow last;
};

static bool stale(const struct ct_flow *f, void *arg)
{
	struct footprint *s = arg;

	s->asked++;
	return s->stale_port == 0 || f->orig_dport == s->stale_port;
}

static void report(const struct ct_flow *f, void *arg)
{
	struct footprint *s = arg;

	s->reported++;
	s->last = *f;
}

static size_t clean(uint8_t family, uint16_t port, bool dry_run, struct footprint *s)
{
	size_t deleted = 99;

	*s = (struct footprint){ .stale_port = port };
	ck_assert_int_eq(conntrack_clean_udp(family, stale, s, dry_run, report, s, &deleted), 0);
	ck_assert_uint_eq(s->reported, deleted);
	return deleted;
}

START_TEST(stale_flows)
{
	static const uint8_t lo4[16] = { 127, 0, 0, 1 }, lo6[16] = { [15] = 1 };
	uint8_t family = _i ? AF_INET6 : AF_INET;
	struct footprint s;

	add_table("one");
	add_chain("one", "input");
	add_ct_rule("one", "input");
	ck_assert_int_eq(batch_send(true, 0, NULL), 0);
	ck_assert_uint_eq(clean(family, 0, false, &s), 0);
	for (uint16_t i = 0; i < 3; i++)
		flow(family, SOCK_DGRAM, 40000 + i, 5300 + i);
	flow(family, SOCK_STREAM, 40009, 5301);
	flow(_i ? AF_INET : AF_INET6, SOCK_DGRAM, 40001, 5301);

	ck_assert_uint_eq(clean(family, 5301, true, &s), 1);
	ck_assert_uint_eq(s.asked, 3); /* neither TCP nor the other family */
	ck_assert_uint_eq(clean(family, 5301, false, &s), 1);
	ck_assert_uint_eq(s.asked, 3);
	ck_assert_int_eq(s.last.family, family);
	ck_assert_mem_eq(s.last.orig_src, _i ? lo6 : lo4, 16);
	ck_assert_mem_eq(s.last.orig_dst, _i ? lo6 : lo4, 16);
	ck_assert_mem_eq(s.last.reply_src, _i ? lo6 : lo4, 16);
	ck_assert_uint_eq(s.last.orig_sport, 40001);
	ck_assert_uint_eq(s.last.orig_dport, 5301);
	ck_assert_uint_eq(s.last.reply_sport, 5301);
	ck_assert_uint_eq(clean(family, 5301, false, &s), 0);
	ck_assert_uint_eq(s.asked, 2);
	ck_assert_uint_eq(clean(family, 0, false, &s), 2);
	ck_assert_uint_eq(clean(_i ? AF_INET : AF_INET6, 0, true, &s), 1);
}
END_TEST

START_TEST(many_flows)
{
	struct footprint s;

	add_table("one");
	add_chain("one", "input");
	add_ct_rule("one", "input");
	ck_assert_int_eq(batch_send(true, 0, NULL), 0);
	for (uint16_t i = 0; i < 5000; i++)
		flow(AF_INET, SOCK_DGRAM, 20000 + i, 53 + i % 2);
	ck_assert_uint_eq(clean(AF_INET, 53, false, &s), 2500);
	ck_assert_uint_eq(clean(AF_INET, 0, true, &s), 2500);
}
END_TEST

START_TEST(conntrack_unprivileged)
{
	struct footprint s = { 0 };
	size_t deleted = 99;

	capabilities_drop();
	ck_assert_int_eq(conntrack_clean_udp(AF_INET, stale, &s, false, report, &s, &deleted),
			 -EPERM);
	ck_assert_uint_eq(deleted, 0);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, commit_is_seen);
	tcase_add_test(tc, check_commits_nothing);
	tcase_add_test(tc, stale_generation);
	tcase_add_test(tc, errors_name_their_message);
	tcase_add_test(tc, errors_carry_the_words);
	tcase_add_test(tc, many_errors);
	tcase_add_test(tc, errors_beyond_the_array);
	tcase_add_test(tc, malformed_is_not_sent);
	tcase_add_test(tc, empty_batch);
	tcase_add_test(tc, large_batch);
	tcase_add_test(tc, interrupted_dump);
	tcase_add_test(tc, requests);
	tcase_add_test(tc, unprivileged);
	tcase_add_test(tc, lock_is_exclusive);
	tcase_add_test(tc, lock_is_handed_over);
	tcase_add_test(tc, lock_is_per_namespace);
	tcase_add_loop_test(tc, stale_flows, 0, 2);
	tcase_add_test(tc, many_flows);
	tcase_add_test(tc, conntrack_unprivileged);
}

/* Why not, or 0. */
static int namespaces_refused(void)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		_exit(namespace_enter() < 0 ? errno : 0);
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINVAL;
}

int main(void)
{
	Suite *s = suite_create("nfnl");
	TCase *tc = tcase_create("kernel");
	SRunner *sr = srunner_create(s);
	int failed, refused = namespaces_refused();

	add_tests(tc);
	suite_add_tcase(s, tc);
	if (refused) {
		printf("SKIP: no network namespace: %s\n", strerror(refused));
		srunner_free(sr);
		return 77;
	}
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
