/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floor: batches that are ready, one sendmsg each, and the kernel's answer.
 * Their demand for a generation (NFNL_BATCH_GENID) is left out, since it is
 * another network namespace's.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define BEGIN_SIZE (sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg))

static int replay_open(size_t size)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	int send = size > INT_MAX / 4 ? INT_MAX / 4 : (int)size + 4096;

	if (fd < 0)
		bench_fail("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &send, sizeof(send)) &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send, sizeof(send)))
		bench_fail("setsockopt");
	return fd;
}

/* The length of the first batch in `buf`: up to and with its end message. */
static size_t batch_length(const char *buf, size_t size)
{
	struct nlmsghdr h;
	size_t at = 0;

	while (size - at >= sizeof(h)) {
		memcpy(&h, buf + at, sizeof(h));
		if (h.nlmsg_len < sizeof(h) || NLMSG_ALIGN(h.nlmsg_len) > size - at)
			break;
		at += NLMSG_ALIGN(h.nlmsg_len);
		if (h.nlmsg_type == NFNL_MSG_BATCH_END)
			return at;
	}
	errno = EBADMSG;
	bench_fail("the saved batch");
}

static void send_batch(int fd, const char *buf, size_t size)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	char begin[BEGIN_SIZE];
	struct nlmsghdr h;
	struct iovec iov[2] = { { begin, sizeof(begin) } };
	struct msghdr m = {
		.msg_name = &kernel, .msg_namelen = sizeof(kernel), .msg_iov = iov, .msg_iovlen = 2
	};

	memcpy(begin, buf, sizeof(begin));
	memcpy(&h, begin, sizeof(h));
	iov[1].iov_base = (char *)(uintptr_t)buf + NLMSG_ALIGN(h.nlmsg_len);
	iov[1].iov_len = size - NLMSG_ALIGN(h.nlmsg_len);
	h.nlmsg_len = sizeof(begin);
	memcpy(begin, &h, sizeof(h));
	if (sendmsg(fd, &m, 0) < 0)
		bench_fail("sendmsg");
}

/* The kernel has answered when sendmsg() returns. */
static void answers(int fd)
{
	static char buf[1 << 18];
	struct nlmsghdr h;
	bool any = false;
	ssize_t n;
	int err;

	while ((n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		memcpy(&h, buf, sizeof(h));
		memcpy(&err, buf + NLMSG_HDRLEN, sizeof(err));
		if (h.nlmsg_type == NLMSG_ERROR && err) {
			errno = -err;
			bench_fail("the kernel");
		}
		any = true;
	}
	if (!any)
		bench_fail("no answer of the kernel");
}

int run_replay(int argc, char **argv)
{
	size_t size, at = 0, n;
	double start;
	char *buf;
	int fd;

	if (argc != 1)
		bench_usage();
	buf = slurp(argv[0], &size);
	fd = replay_open(size);
	start = now();
	for (; at < size; at += n) {
		n = batch_length(buf + at, size - at);
		send_batch(fd, buf + at, n);
		answers(fd);
	}
	printf("%.6f\n", now() - start);
	close(fd);
	return 0;
}
