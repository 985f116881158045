/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data plane: what a new flow through a service address costs its sender.
 * UDP: a socket's first datagram. TCP: connect(); this process serves, too (a
 * queue of complete connections, emptied between the measurements).
 */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define VIPS_MAX 65536
#define BATCH 1000 /* flows between two looks at the clock */
#define CHUNK (64 << 10)

static struct sockaddr_in flows_address(const char *text, unsigned long port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	if (inet_pton(AF_INET, text, &a.sin_addr) != 1)
		bench_usage();
	return a;
}

/*
 * Seconds of processor time of this process, which includes what the kernel does for its packets;
 * other programs on the machine do not disturb it as much as the time of day.
 */
static double spent(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The addresses of one protocol, in an order that has nothing to do with how rules are kept. */
static size_t read_vips(const char *protocol, struct sockaddr_in *vips)
{
	char line[128], proto[8], ip[64];
	unsigned port;
	uint64_t random = 88172645463325252u;
	size_t n = 0;

	while (n < VIPS_MAX && fgets(line, sizeof(line), stdin))
		if (sscanf(line, "%7s %63s %u", proto, ip, &port) == 3 &&
		    strcmp(proto, protocol) == 0)
			vips[n++] = flows_address(ip, port);
	if (!n)
		bench_usage();
	for (size_t i = n - 1; i > 0; i--) {
		struct sockaddr_in t = vips[i];
		size_t j;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		j = random % (i + 1);
		vips[i] = vips[j];
		vips[j] = t;
	}
	return n;
}

static int open_tcp(void)
{
	const struct linger reset = { .l_onoff = 1 }; /* no TIME_WAIT */
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)))
		bench_fail("socket");
	return fd;
}

static int open_udp(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		bench_fail("socket");
	return fd;
}

static int open_listener(unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int on = 1, fd = open_tcp();

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&a, sizeof(a)) || listen(fd, 2 * BATCH))
		bench_fail("listen");
	return fd;
}

/* Returns the microseconds of one flow of BATCH. */
static double udp_batch(const struct sockaddr_in *vips, size_t n, size_t *next, int listener)
{
	static int fds[BATCH];
	double start, took;

	(void)listener;
	for (int i = 0; i < BATCH; i++)
		fds[i] = open_udp();
	start = spent();
	for (int i = 0; i < BATCH; i++, ++*next)
		if (sendto(fds[i], "x", 1, 0, (const struct sockaddr *)&vips[*next % n],
			   sizeof(*vips)) != 1)
			bench_fail("sendto");
	took = (spent() - start) * 1e6 / BATCH;
	for (int i = 0; i < BATCH; i++)
		close(fds[i]);
	return took;
}

static double tcp_batch(const struct sockaddr_in *vips, size_t n, size_t *next, int listener)
{
	static int fds[BATCH];
	double start, took;

	for (int i = 0; i < BATCH; i++)
		fds[i] = open_tcp();
	start = spent();
	for (int i = 0; i < BATCH; i++, ++*next)
		if (connect(fds[i], (const struct sockaddr *)&vips[*next % n], sizeof(*vips)))
			bench_fail("connect");
	took = (spent() - start) * 1e6 / BATCH;
	for (int i = 0; i < BATCH; i++) {
		close(fds[i]);
		close(accept(listener, NULL, NULL));
	}
	return took;
}

/* Room for a batch's sockets; and one processor, for a quieter measurement. */
static void flows_settle(void)
{
	const struct rlimit files = { 4 * BATCH, 4 * BATCH };
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((unsigned)sched_getcpu(), &one);
	if (setrlimit(RLIMIT_NOFILE, &files) || sched_setaffinity(0, sizeof(one), &one))
		bench_fail("setting up");
}

/* flows udp COUNT, flows tcp COUNT LISTEN-PORT: prints what each batch took. */
int run_flows(int argc, char **argv)
{
	static struct sockaddr_in vips[VIPS_MAX];
	bool tcp = argc > 0 && strcmp(argv[0], "tcp") == 0;
	size_t n, next = 0, batches;
	int listener = -1;

	if (argc < 2 || argc > 3 || (!tcp && strcmp(argv[0], "udp") != 0) || (tcp && argc != 3))
		bench_usage();
	batches = bench_number(argv[1], 10000000) / BATCH;
	if (tcp)
		listener = open_listener((unsigned)bench_number(argv[2], 65535));
	n = read_vips(argv[0], vips);
	flows_settle();
	for (size_t i = 0; i < batches; i++)
		printf("%.3f\n", (tcp ? tcp_batch : udp_batch)(vips, n, &next, listener));
	return 0;
}

static _Noreturn void receive_all(int listener, pid_t parent)
{
	static char buf[CHUNK];
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	fd = accept(listener, NULL, NULL);
	while (fd >= 0 && recv(fd, buf, sizeof(buf), 0) > 0)
		continue;
	_exit(0);
}

int run_throughput(int argc, char **argv)
{
	static char buf[CHUNK];
	struct sockaddr_in to;
	double limit, start, bytes = 0;
	pid_t pid, parent = getpid();
	int listener, fd;

	if (argc != 4)
		bench_usage();
	limit = (double)bench_number(argv[0], 60000) / 1e3;
	to = flows_address(argv[1], bench_number(argv[2], 65535));
	listener = open_listener((unsigned)bench_number(argv[3], 65535));
	pid = fork();
	if (pid == 0)
		receive_all(listener, parent);
	fd = open_tcp();
	if (pid < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)))
		bench_fail("connect");
	start = now();
	while (now() - start < limit) {
		ssize_t n = send(fd, buf, sizeof(buf), MSG_NOSIGNAL);

		if (n < 0)
			bench_fail("send");
		bytes += (double)n;
	}
	printf("%.3f\n", bytes * 8 / (now() - start) / 1e9);
	close(fd);
	waitpid(pid, NULL, 0);
	return 0;
}
