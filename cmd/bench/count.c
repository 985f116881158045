/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a command under ptrace and counts what it exchanges with the kernel
 * over netlink: every sendmsg, sendto, recvmsg and recvfrom whose bytes are
 * netlink messages. --save keeps the nftables batches as they were sent.
 */
#include "bench.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define IOV_LIMIT 64

struct traffic {
	unsigned long messages, bytes;
};

struct tracer {
	pid_t pid;
	FILE *save;
	struct traffic sent, received;
	unsigned long changes; /* nftables messages other than requests and the batches' frames */
	unsigned long dumps;   /* requests for dumps of nftables objects */
	struct __ptrace_syscall_info entry;
};

static bool peek(const struct tracer *t, uint64_t from, void *to, size_t size)
{
	struct iovec local = { to, size }, remote = { (void *)(uintptr_t)from, size };

	return size == 0 || process_vm_readv(t->pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

/* The first `limit` bytes that a msghdr of the command points to; malloc'ed. */
static char *peek_message(const struct tracer *t, uint64_t at, size_t limit, size_t *ret_size)
{
	struct iovec iov[IOV_LIMIT] = { { 0 } };
	struct msghdr m = { 0 };
	size_t size = 0, used = 0;
	char *buf;

	if (!peek(t, at, &m, sizeof(m)) || m.msg_iovlen > IOV_LIMIT ||
	    !peek(t, (uintptr_t)m.msg_iov, iov, m.msg_iovlen * sizeof(*iov)))
		return NULL;
	for (size_t i = 0; i < m.msg_iovlen; i++)
		size += iov[i].iov_len;
	if (size > limit)
		size = limit;
	buf = malloc(size + 1);
	for (size_t i = 0; buf && i < m.msg_iovlen && used < size; i++) {
		size_t n = iov[i].iov_len < size - used ? iov[i].iov_len : size - used;

		if (!peek(t, (uintptr_t)iov[i].iov_base, buf + used, n))
			break;
		used += n;
	}
	*ret_size = used;
	return buf;
}

static bool is_request(uint16_t message)
{
	static const uint16_t requests[] = { NFT_MSG_GETTABLE, NFT_MSG_GETCHAIN,    NFT_MSG_GETRULE,
					     NFT_MSG_GETSET,   NFT_MSG_GETSETELEM,  NFT_MSG_GETGEN,
					     NFT_MSG_GETOBJ,   NFT_MSG_GETFLOWTABLE };

	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		if (message == requests[i])
			return true;
	return false;
}

static void count_sent(struct tracer *t, const struct nlmsghdr *h)
{
	if (h->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES)
		return;
	if (!is_request(h->nlmsg_type & 0xff))
		t->changes++;
	else if ((h->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP)
		t->dumps++;
}

/* True if the bytes begin with a netlink message. */
static bool count_messages(struct tracer *t, struct traffic *to, const char *buf, size_t size)
{
	struct nlmsghdr h;
	size_t at = 0;

	while (size - at >= sizeof(h)) {
		memcpy(&h, buf + at, sizeof(h));
		if (h.nlmsg_len < sizeof(h) || h.nlmsg_len > size - at)
			break;
		if (to == &t->sent)
			count_sent(t, &h);
		to->messages++;
		at += NLMSG_ALIGN(h.nlmsg_len) < size - at ? NLMSG_ALIGN(h.nlmsg_len) : size - at;
	}
	to->bytes += at ? size : 0;
	return at > 0;
}

static void save_batch(const struct tracer *t, const char *buf, size_t size)
{
	struct nlmsghdr h;

	if (!t->save || size < sizeof(h))
		return;
	memcpy(&h, buf, sizeof(h));
	if (h.nlmsg_type == NFNL_MSG_BATCH_BEGIN && fwrite(buf, 1, size, t->save) != size)
		bench_fail("write");
}

/*
 * Returns the bytes of one finished system call, *ret_size of them, malloc'ed; NULL: it is a call
 * that is not counted.
 */
static char *call_bytes(const struct tracer *t, int64_t result, size_t *ret_size, bool *ret_sent)
{
	uint64_t nr = t->entry.entry.nr, at = t->entry.entry.args[1];
	char *buf;

	*ret_sent = nr == SYS_sendmsg || nr == SYS_sendto;
	if (nr == SYS_sendmsg || nr == SYS_recvmsg)
		return peek_message(t, at, (size_t)result, ret_size);
	if (nr != SYS_sendto && nr != SYS_recvfrom)
		return NULL;
	*ret_size = (size_t)result;
	buf = malloc((size_t)result + 1);
	if (buf && peek(t, at, buf, (size_t)result))
		return buf;
	free(buf);
	return NULL;
}

static void on_call(struct tracer *t)
{
	struct __ptrace_syscall_info info;
	size_t size;
	bool sent;
	char *buf;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof(info), &info) < 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		t->entry = info;
	if (info.op != PTRACE_SYSCALL_INFO_EXIT || info.exit.rval <= 0)
		return;
	buf = call_bytes(t, info.exit.rval, &size, &sent);
	if (buf && count_messages(t, sent ? &t->sent : &t->received, buf, size) && sent)
		save_batch(t, buf, size);
	free(buf);
}

static int trace(struct tracer *t)
{
	int status, signal;

	waitpid(t->pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, t->pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	while (!WIFEXITED(status) && !WIFSIGNALED(status)) {
		signal = WSTOPSIG(status);
		if (signal == (SIGTRAP | 0x80))
			on_call(t);
		signal = signal == (SIGTRAP | 0x80) || signal == SIGTRAP ? 0 : signal;
		ptrace(PTRACE_SYSCALL, t->pid, 0, signal);
		waitpid(t->pid, &status, 0);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}

static void count_write_log(const struct tracer *t, char **argv)
{
	const struct {
		const char *name;
		unsigned long value;
	} facts[] = {
		{ "messages-sent", t->sent.messages },
		{ "bytes-sent", t->sent.bytes },
		{ "messages-received", t->received.messages },
		{ "bytes-received", t->received.bytes },
		{ "changes", t->changes },
		{ "dumps", t->dumps },
	};
	FILE *f = fopen(argv[0], "ae");

	if (!f)
		bench_fail(argv[0]);
	for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++)
		fprintf(f, "%s\t%s\t%s\t%lu\n", argv[1], argv[2], facts[i].name, facts[i].value);
	if (fclose(f))
		bench_fail(argv[0]);
}

int run_count(int argc, char **argv)
{
	struct tracer t = { 0 };
	int status;

	if (argc > 1 && strcmp(argv[0], "--save") == 0) {
		t.save = fopen(argv[1], "we");
		if (!t.save)
			bench_fail(argv[1]);
		argc -= 2;
		argv += 2;
	}
	if (argc < 4)
		bench_usage();
	t.pid = fork();
	if (t.pid < 0)
		bench_fail("fork");
	if (t.pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execvp(argv[3], argv + 3);
		_exit(127);
	}
	status = trace(&t);
	if (t.save && fclose(t.save))
		bench_fail("write");
	count_write_log(&t, argv);
	return status;
}
