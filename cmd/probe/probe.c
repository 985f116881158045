/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe: a server that prints whom it sees, and a client that prints who
 * answered. For the packet tests and `make demo`; not installed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_SOCKETS 512
#define LINE_SIZE 512
#define REQUEST_SIZE 4096
#define MAX_DIFFERENT 64

enum kind { FREE, STREAM_LISTEN, HTTP_LISTEN, GREET_LISTEN, DATAGRAM, STREAM, HTTP, GREETED };

static const struct protocol {
	const char *name;
	int type, number;
	enum kind server;
} protocols[] = {
	{ "tcp", SOCK_STREAM, IPPROTO_TCP, STREAM_LISTEN },
	{ "udp", SOCK_DGRAM, IPPROTO_UDP, DATAGRAM },
	{ "sctp", SOCK_STREAM, IPPROTO_SCTP, STREAM_LISTEN },
	{ "http", SOCK_STREAM, IPPROTO_TCP, HTTP_LISTEN },
	{ "greet", SOCK_STREAM, IPPROTO_TCP, GREET_LISTEN },
};

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* The server's sockets: kinds[i] says what sockets[i] is for. */
struct server {
	const char *name;
	int count;
	enum kind kinds[MAX_SOCKETS];
	struct pollfd sockets[MAX_SOCKETS];
};

enum summary { EACH, ANSWERS, NAMES };

struct flow_options {
	const char *from;
	long sport, count, timeout, give_up; /* give_up: unanswered flows */
	enum summary summary;
};

/* The different answers, sorted. */
struct answers {
	size_t n;
	char v[MAX_DIFFERENT][LINE_SIZE];
};

static _Noreturn void probe_usage(void)
{
	fputs("usage: probe serve NAME tcp|udp|sctp|http|greet ADDRESS PORT [...]\n"
	      "             http tells what was asked for and by whom, greet says one line\n"
	      "       probe ask tcp|udp|sctp|both ADDRESS PORT [--from ADDRESS] [--sport N] "
	      "[--count N] [--timeout MS] [--give-up N]\n"
	      "             [--summary answers|names]: the different answers in one line a "
	      "protocol, not a line each\n"
	      "       probe hold tcp ADDRESS PORT [--from ADDRESS] [--sport N] [--timeout MS]\n"
	      "       probe in NETNS-FILE ...: one of these in that network namespace\n",
	      stderr);
	exit(2);
}

static _Noreturn void probe_fail(const char *what)
{
	fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
	exit(2);
}

static long probe_number(const char *text, long max)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || end == text || *end || n < 0 || n > max)
		probe_usage();
	return n;
}

static socklen_t parse_address(const char *text, long port, union address *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, text, &ret->v4.sin_addr) == 1) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons((uint16_t)port);
		return sizeof(ret->v4);
	}
	if (inet_pton(AF_INET6, text, &ret->v6.sin6_addr) != 1)
		probe_usage();
	ret->v6.sin6_family = AF_INET6;
	ret->v6.sin6_port = htons((uint16_t)port);
	return sizeof(ret->v6);
}

static const char *address_text(const union address *a)
{
	static char text[INET6_ADDRSTRLEN];
	const void *bytes = &a->v4.sin_addr;

	if (a->any.sa_family == AF_INET6)
		bytes = &a->v6.sin6_addr;
	return inet_ntop(a->any.sa_family, bytes, text, sizeof(text)) ? text : "?";
}

static const struct protocol *protocol_of(const char *name)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (!strcmp(protocols[i].name, name))
			return &protocols[i];
	return NULL;
}

static int probe_open(const union address *a, const struct protocol *p)
{
	int on = 1,
	    fd = socket(a->any.sa_family, p->type | SOCK_NONBLOCK | SOCK_CLOEXEC, p->number);

	if (fd < 0)
		probe_fail("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	return fd;
}

/* ---- server ---- */

static void server_add(struct server *s, int fd, enum kind kind)
{
	if (s->count == MAX_SOCKETS) {
		close(fd);
		return;
	}
	s->kinds[s->count] = kind;
	s->sockets[s->count] = (struct pollfd){ .fd = fd, .events = POLLIN };
	s->count++;
}

static void server_drop(struct server *s, int i)
{
	close(s->sockets[i].fd);
	s->kinds[i] = FREE;
}

static void server_compact(struct server *s)
{
	int kept = 0;

	for (int i = 0; i < s->count; i++) {
		if (s->kinds[i] == FREE)
			continue;
		s->kinds[kept] = s->kinds[i];
		s->sockets[kept++] = s->sockets[i];
	}
	s->count = kept;
}

static void server_listen(struct server *s, const char *what, const char *address, long port)
{
	const struct protocol *p = protocol_of(what);
	union address a;
	socklen_t len = parse_address(address, port, &a);
	int fd;

	if (!p)
		probe_usage();
	fd = probe_open(&a, p);
	if (bind(fd, &a.any, len) || (p->type == SOCK_STREAM && listen(fd, 64)))
		probe_fail(address);
	server_add(s, fd, p->server);
}

static void tell_peer(const struct server *s, int fd, const char *between)
{
	char line[LINE_SIZE];
	union address peer;
	socklen_t len = sizeof(peer);
	int n;

	if (getpeername(fd, &peer.any, &len))
		return;
	n = snprintf(line, sizeof(line), "%s%s%s\n", s->name, between, address_text(&peer));
	send(fd, line, (size_t)n, MSG_NOSIGNAL);
}

static void on_connection(struct server *s, int i)
{
	enum kind kind = s->kinds[i];
	int fd = accept4(s->sockets[i].fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (kind != HTTP_LISTEN)
		tell_peer(s, fd, kind == GREET_LISTEN ? ": hello, " : " ");
	if (kind == GREET_LISTEN)
		shutdown(fd, SHUT_WR);
	server_add(s, fd, kind == HTTP_LISTEN ? HTTP : kind == GREET_LISTEN ? GREETED : STREAM);
}

/* What stands behind `name` in an HTTP request, to the end of the line; or else `instead`. */
static const char *header(const char *request, const char *name, char value[LINE_SIZE / 4],
			  const char *instead)
{
	const char *at = strcasestr(request, name);

	if (!at)
		return instead;
	at += strlen(name);
	snprintf(value, LINE_SIZE / 4, "%.*s", (int)strcspn(at, "\r\n"), at);
	return value;
}

/* What follows of the request is read later, so that no reset overtakes the answer. */
static void tell_request(const struct server *s, int fd, const char *request)
{
	char text[2 * LINE_SIZE], what[LINE_SIZE / 4], host[LINE_SIZE / 4], source[LINE_SIZE / 4];
	union address peer;
	socklen_t len = sizeof(peer);
	char *end;
	int n;

	if (getpeername(fd, &peer.any, &len))
		return;
	header(request, "", what, request);
	end = strstr(what, " HTTP/");
	if (end)
		*end = '\0';
	n = snprintf(text, sizeof(text),
		     "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n%s: %s for %s, from %s\n",
		     s->name, what, header(request, "\nHost: ", host, "?"),
		     header(request, "\nX-Real-IP: ", source, address_text(&peer)));
	send(fd, text, (size_t)n, MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
}

static void on_datagram(const struct server *s, int fd)
{
	char line[LINE_SIZE];
	union address peer;
	socklen_t len = sizeof(peer);
	int n;

	if (recvfrom(fd, line, sizeof(line), 0, &peer.any, &len) < 0)
		return;
	n = snprintf(line, sizeof(line), "%s %s\n", s->name, address_text(&peer));
	sendto(fd, line, (size_t)n, MSG_NOSIGNAL, &peer.any, len);
}

/* Echoes what came, with our name in front; a client sends one line at a time. */
static void on_data(struct server *s, int i)
{
	int fd = s->sockets[i].fd;
	char data[REQUEST_SIZE], line[2 * LINE_SIZE];
	size_t size = s->kinds[i] == STREAM ? LINE_SIZE : REQUEST_SIZE;
	ssize_t got = recv(fd, data, size - 1, 0);
	int n;

	if (got <= 0) {
		if (!got || (errno != EAGAIN && errno != EINTR))
			server_drop(s, i);
		return;
	}
	if (s->kinds[i] == GREETED)
		return;
	data[got] = '\0';
	if (s->kinds[i] == HTTP) {
		tell_request(s, fd, data);
		s->kinds[i] = GREETED;
		return;
	}
	n = snprintf(line, sizeof(line), "%s %s", s->name, data);
	send(fd, line, (size_t)n, MSG_NOSIGNAL);
}

static void server_event(struct server *s, int i)
{
	switch (s->kinds[i]) {
	case STREAM_LISTEN:
	case GREET_LISTEN:
	case HTTP_LISTEN: on_connection(s, i); break;
	case DATAGRAM: on_datagram(s, s->sockets[i].fd); break;
	case STREAM:
	case GREETED:
	case HTTP: on_data(s, i); break;
	case FREE: break;
	}
}

/* Serves until it is killed; says "ready" once every port is open. */
static int serve(int argc, char **argv)
{
	static struct server s;

	if (argc < 4 || (argc - 1) % 3)
		probe_usage();
	s.name = argv[0];
	for (int i = 1; i < argc; i += 3)
		server_listen(&s, argv[i], argv[i + 1], probe_number(argv[i + 2], 65535));
	puts("ready");
	fflush(stdout);
	for (;;) {
		int open = s.count;

		if (poll(s.sockets, (nfds_t)open, -1) < 0 && errno != EINTR)
			probe_fail("poll");
		for (int i = 0; i < open; i++)
			if (s.sockets[i].revents)
				server_event(&s, i);
		server_compact(&s);
	}
}

/* ---- client ---- */

static const char *error_word(int error)
{
	switch (error) {
	case ECONNREFUSED: return "refused";
	case ECONNRESET:
	case EPIPE: return "reset";
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EACCES: return "unreachable";
	default: /* EPERM: our own host's filter ate the packet, as the wire would */
		return "timeout";
	}
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The error that waits at a socket, after at most the time left; 0 if it is ready. */
static int await(int fd, short events, long deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	long left = deadline - now_ms();
	int error = 0;
	socklen_t len = sizeof(error);

	if (poll(&p, 1, left > 0 ? (int)left : 0) < 1)
		return ETIMEDOUT;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return error;
}

static int read_line(int fd, char *line, size_t size, long deadline)
{
	size_t used = 0;

	while (used + 1 < size) {
		int error = await(fd, POLLIN, deadline);
		ssize_t got;

		if (error)
			return error;
		got = recv(fd, line + used, size - 1 - used, 0);
		if (got < 0 && errno != EAGAIN)
			return errno;
		if (!got)
			return ECONNRESET;
		used += got > 0 ? (size_t)got : 0;
		if (used && line[used - 1] == '\n')
			break;
	}
	line[used] = '\0';
	return 0;
}

/* The source that the kernel would choose on the way to `to`; any address if there is no way. */
static const char *source_towards(const union address *to, socklen_t len, const char *any)
{
	union address own;
	socklen_t own_len = sizeof(own);
	int fd = probe_open(to, protocol_of("udp"));
	bool known = connect(fd, &to->any, len) == 0 && getsockname(fd, &own.any, &own_len) == 0;

	close(fd);
	return known ? address_text(&own) : any;
}

/*
 * A client of SCTP tells the server all addresses that it is bound to, and NAT does not translate
 * that list: the server probes them past the NAT, and is told that there is no such association,
 * which ends it. So it is bound to one address.
 */
static int open_flow(const char *address, long port, const struct protocol *p,
		     const struct flow_options *o, long deadline, int *ret_fd)
{
	union address to, from;
	socklen_t to_len = parse_address(address, port, &to), from_len;
	const char *any = to.any.sa_family == AF_INET ? "0.0.0.0" : "::";
	bool one = p->number == IPPROTO_SCTP;
	int fd = probe_open(&to, p);

	*ret_fd = fd;
	if (one)
		any = source_towards(&to, to_len, any);
	from_len = parse_address(o->from ? o->from : any, o->sport, &from);
	if ((o->from || o->sport || one) && bind(fd, &from.any, from_len))
		probe_fail("bind");
	if (!connect(fd, &to.any, to_len))
		return 0;
	return errno == EINPROGRESS ? await(fd, POLLOUT, deadline) : errno;
}

static int ask_once(const char *address, long port, const struct protocol *p,
		    const struct flow_options *o, char *line, size_t size)
{
	long deadline = now_ms() + o->timeout;
	int fd, error = open_flow(address, port, p, o, deadline, &fd);

	if (!error && p->type == SOCK_DGRAM && send(fd, "?\n", 2, 0) < 0 && errno != EPERM)
		error = errno;
	if (!error)
		error = read_line(fd, line, size, deadline);
	close(fd);
	return error;
}

static void answers_add(struct answers *a, const char *line)
{
	size_t at = 0;
	int order = 1;

	while (at < a->n && (order = strcmp(a->v[at], line)) < 0)
		at++;
	if (at < a->n && order == 0)
		return;
	if (a->n == MAX_DIFFERENT) {
		errno = E2BIG;
		probe_fail("different answers");
	}
	memmove(a->v[at + 1], a->v[at], (a->n - at) * sizeof(a->v[0]));
	snprintf(a->v[at], sizeof(a->v[at]), "%s", line);
	a->n++;
}

static void answer(struct answers *a, enum summary summary, char *line)
{
	if (summary == EACH) {
		puts(line);
		return;
	}
	if (summary == NAMES)
		line[strcspn(line, " ")] = '\0';
	answers_add(a, line);
}

static void answers_print(const struct answers *a)
{
	for (size_t i = 0; i < a->n; i++)
		printf("%s%s", i ? "|" : "", a->v[i]);
	putchar('\n');
}

static int ask(const char *address, long port, const struct protocol *p,
	       const struct flow_options *o)
{
	static struct answers all;
	int status = 0;
	long silent = 0;

	all.n = 0;
	for (long i = 0; i < o->count && silent < o->give_up; i++) {
		char line[LINE_SIZE];
		int error = ask_once(address, port, p, o, line, sizeof(line));

		if (error) {
			snprintf(line, sizeof(line), "%s", error_word(error));
			silent += error == ETIMEDOUT;
			status = 1;
		}
		line[strcspn(line, "\n")] = '\0';
		answer(&all, o->summary, line);
	}
	if (o->summary != EACH)
		answers_print(&all);
	return status;
}

/* One connection; each line of standard input goes there and its echo comes out. */
static int hold(const char *address, long port, const struct flow_options *o)
{
	char line[LINE_SIZE];
	int fd, error = open_flow(address, port, protocol_of("tcp"), o, now_ms() + o->timeout, &fd);

	for (;;) {
		if (!error)
			error = read_line(fd, line, sizeof(line), now_ms() + o->timeout);
		if (error) {
			puts("broken");
			return 1;
		}
		fputs(line, stdout);
		fflush(stdout);
		if (!fgets(line, sizeof(line), stdin))
			return 0;
		if (send(fd, line, strlen(line), MSG_NOSIGNAL) < 0)
			error = errno;
	}
}

static struct flow_options parse_options(int argc, char **argv)
{
	struct flow_options o = { .count = 1, .timeout = 1000, .give_up = LONG_MAX };

	for (int i = 0; i < argc; i += 2) {
		if (i + 1 == argc)
			probe_usage();
		if (!strcmp(argv[i], "--from"))
			o.from = argv[i + 1];
		else if (!strcmp(argv[i], "--sport"))
			o.sport = probe_number(argv[i + 1], 65535);
		else if (!strcmp(argv[i], "--count"))
			o.count = probe_number(argv[i + 1], 1000000);
		else if (!strcmp(argv[i], "--give-up"))
			o.give_up = probe_number(argv[i + 1], 1000000);
		else if (!strcmp(argv[i], "--timeout"))
			o.timeout = probe_number(argv[i + 1], 3600000);
		else if (!strcmp(argv[i], "--summary") && !strcmp(argv[i + 1], "answers"))
			o.summary = ANSWERS;
		else if (!strcmp(argv[i], "--summary") && !strcmp(argv[i + 1], "names"))
			o.summary = NAMES;
		else
			probe_usage();
	}
	return o;
}

static void enter(const char *netns)
{
	int fd = open(netns, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		probe_fail(netns);
	close(fd);
}

/* Asks or holds: what, protocol, address, port, options. */
static int flow(int argc, char **argv)
{
	const struct protocol *p;
	struct flow_options o;
	long port;

	if (argc < 4)
		probe_usage();
	p = protocol_of(argv[1]);
	port = probe_number(argv[3], 65535);
	o = parse_options(argc - 4, argv + 4);
	if (!strcmp(argv[0], "hold") && !strcmp(argv[1], "tcp"))
		return hold(argv[2], port, &o);
	if (strcmp(argv[0], "ask"))
		probe_usage();
	if (p)
		return ask(argv[2], port, p, &o);
	if (strcmp(argv[1], "both"))
		probe_usage();
	return ask(argv[2], port, protocol_of("tcp"), &o) |
	       ask(argv[2], port, protocol_of("udp"), &o);
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (argc > 3 && !strcmp(argv[1], "in")) {
		enter(argv[2]);
		argc -= 2;
		argv += 2;
	}
	if (argc > 1 && !strcmp(argv[1], "serve"))
		return serve(argc - 2, argv + 2);
	return flow(argc - 1, argv + 1);
}
