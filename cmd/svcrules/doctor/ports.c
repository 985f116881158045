/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports of services that programs of this node use, or may get. */
#include "doctor/doctor.h"
#include "kernel/sysctl.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* node ports of a cluster that says nothing else (--service-node-port-range of kube-apiserver) */
#define NODE_PORTS_FIRST 30000
#define NODE_PORTS_LAST 32767
#define PORTS_SHOWN 5

/* "production/web", or the address if nothing names the service. */
static const char *vip_owner(const struct svcrules_installed_vip *v, char *buf, size_t size)
{
	if (!*v->name)
		return v->address;
	snprintf(buf, size, "%s/%s", v->ns, v->name);
	return buf;
}

static bool is_node_port(const struct svcrules_installed_vip *v)
{
	return strcmp(v->kind, "node port") == 0;
}

/* ---- Ports that the kernel gives to programs ------------------------------------- */

/* True if all of first-last are in a list such as "30000-32767,40000". */
static bool reserved(const char *list, unsigned long first, unsigned long last)
{
	for (char *end; *list; list = *end == ',' ? end + 1 : end) {
		unsigned long low = strtoul(list, &end, 10), high = low;

		if (end == list)
			return false;
		if (*end == '-')
			high = strtoul(end + 1, &end, 10);
		if (low <= first && high >= last)
			return true;
	}
	return false;
}

struct local_ports {
	unsigned long low, high;
	char reserved[4096]; /* as the kernel has the list */
};

static bool local_ports_read(struct local_ports *l)
{
	char text[64];

	if (sysctl_read("net/ipv4/ip_local_port_range", text, sizeof(text)) != 0 ||
	    sscanf(text, "%lu %lu", &l->low, &l->high) != 2)
		return false;
	if (sysctl_read("net/ipv4/ip_local_reserved_ports", l->reserved, sizeof(l->reserved)) != 0)
		*l->reserved = '\0';
	return true;
}

/* What is reserved already stays so. */
static char *reserve_command(const struct local_ports *l, const char *ports)
{
	return doctor_text("sysctl -w net.ipv4.ip_local_reserved_ports=%s%s%s", l->reserved,
			   *l->reserved ? "," : "", ports);
}

/* The node ports of services here that a program may get: the first of them; and how many. */
static size_t endangered_ports(const struct doctor *d, const struct local_ports *l, char *text,
			       size_t size)
{
	static bool found[UINT16_MAX + 1];
	const struct svcrules_installed_vip *v;
	size_t n = 0, len = 0;

	memset(found, 0, sizeof(found));
	*text = '\0';
	for (size_t i = 0; (v = doctor_vip(d, i)); i++)
		found[v->port] = found[v->port] || is_node_port(v);
	for (unsigned long port = l->low; port <= l->high && port <= UINT16_MAX; port++)
		if (found[port] && !reserved(l->reserved, port, port) && n++ < PORTS_SHOWN)
			len += (size_t)snprintf(text + len, size - len, "%s%lu", n > 1 ? "," : "",
						port);
	return n;
}

void doctor_local_ports(struct doctor *d)
{
	static const char effect[] = "a program that asks for any free port may get one of them, "
				     "and its peers reach a service instead";
	static struct local_ports l;
	char range[32], shown[PORTS_SHOWN * 8];
	unsigned long first, last;
	size_t n;

	if (!local_ports_read(&l)) {
		doctor_unknown(d, "cannot read /proc/sys/net/ipv4/ip_local_port_range");
		return;
	}
	first = l.low > NODE_PORTS_FIRST ? l.low : NODE_PORTS_FIRST;
	last = l.high < NODE_PORTS_LAST ? l.high : NODE_PORTS_LAST;
	n = endangered_ports(d, &l, shown, sizeof(shown));
	snprintf(range, sizeof(range), "%d-%d", NODE_PORTS_FIRST, NODE_PORTS_LAST);
	if (n)
		doctor_find(d, VERDICT_TROUBLE, effect,
			    reserve_command(&l, n > PORTS_SHOWN ? range : shown),
			    "%zu node port%s of services (%s%s) %s among the ports of this node's "
			    "own connections, %lu-%lu",
			    n, n > 1 ? "s" : "", shown, n > PORTS_SHOWN ? ",..." : "",
			    n > 1 ? "are" : "is", l.low, l.high);
	else if (first > last || reserved(l.reserved, first, last))
		doctor_fine(d, "ports of this node's own connections, %lu-%lu, are no node ports",
			    l.low, l.high);
	else
		doctor_find(d, VERDICT_NOTE, effect, reserve_command(&l, range),
			    "ports of this node's own connections, %lu-%lu, are in the range of "
			    "node ports (%s), and no service has one of them",
			    l.low, l.high, range);
}

/* ---- Programs that listen ----------------------------------------------------------- */

struct listener {
	uint16_t port;
	bool udp, any, ipv6;
	char address[INET6_ADDRSTRLEN];
};

struct listeners {
	struct listener *v;
	size_t n;
	bool no_memory;
};

/* The kernel prints each word of 32 bits as the host has it. */
static bool address_parse(const char *hex, bool ipv6, char text[static INET6_ADDRSTRLEN])
{
	uint32_t words[4] = { 0 };
	size_t n = ipv6 ? 4 : 1;
	char word[9] = "";

	if (strlen(hex) != n * 8)
		return false;
	for (size_t i = 0; i < n; i++) {
		memcpy(word, hex + i * 8, 8);
		words[i] = (uint32_t)strtoul(word, NULL, 16);
	}
	if (ipv6 && !words[0] && !words[1] && words[2] == htonl(0xffff))
		return inet_ntop(AF_INET, &words[3], text, INET6_ADDRSTRLEN);
	return inet_ntop(ipv6 ? AF_INET6 : AF_INET, words, text, INET6_ADDRSTRLEN);
}

static bool listener_parse(const char *line, bool udp, bool ipv6, struct listener *ret)
{
	char addr[40];
	unsigned port, state;

	if (sscanf(line, " %*d: %39[0-9A-F]:%4x %*[0-9A-F]:%*x %2x", addr, &port, &state) != 3 ||
	    state != (udp ? 0x07u : 0x0au) || !address_parse(addr, ipv6, ret->address))
		return false;
	ret->port = (uint16_t)port;
	ret->udp = udp;
	ret->ipv6 = ipv6;
	ret->any = strcmp(ret->address, "0.0.0.0") == 0 || strcmp(ret->address, "::") == 0;
	return strncmp(ret->address, "127.", 4) != 0 && strcmp(ret->address, "::1") != 0;
}

static void listeners_read(struct listeners *l, const char *path, bool udp, bool ipv6)
{
	FILE *f = fopen(path, "re");
	struct listener one, *v;
	char line[512];

	while (f && fgets(line, sizeof(line), f)) {
		if (!listener_parse(line, udp, ipv6, &one))
			continue;
		/* grows when the number is a power of two */
		v = l->n & (l->n - 1) ? l->v : reallocarray(l->v, l->n ? l->n * 2 : 1, sizeof(*v));
		if (!v) {
			l->no_memory = true;
			break;
		}
		l->v = v;
		v[l->n++] = one;
	}
	if (f)
		fclose(f);
}

static int listener_port_cmp(const struct listener *x, const struct listener *y)
{
	int d = (x->port > y->port) - (x->port < y->port);

	return d ? d : (int)x->udp - (int)y->udp;
}

static int listener_cmp(const void *a, const void *b)
{
	const struct listener *x = a, *y = b;
	int d = listener_port_cmp(x, y);

	return d ? d : strcmp(x->address, y->address);
}

static bool host_address_owned(const struct ifaddrs *all, const char *address)
{
	char text[INET6_ADDRSTRLEN] = "";

	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		const struct sockaddr *s = i->ifa_addr;

		/* those of this interface are of services themselves */
		if (!s || strncmp(i->ifa_name, "svcrules0", 9) == 0)
			continue;
		if (s->sa_family == AF_INET)
			inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)s)->sin_addr,
				  text, sizeof(text));
		else if (s->sa_family == AF_INET6)
			inet_ntop(AF_INET6,
				  &((const struct sockaddr_in6 *)(const void *)s)->sin6_addr, text,
				  sizeof(text));
		if (strcmp(text, address) == 0)
			return true;
	}
	return false;
}

/* True if packets to the program are packets to the service. */
static bool in_the_way(const struct listener *l, const struct svcrules_installed_vip *v,
		       const struct ifaddrs *own)
{
	if (l->port != v->port || strcmp(v->protocol, l->udp ? "udp" : "tcp") != 0)
		return false;
	/* a socket of :: takes packets of IPv4, too, unless it is for IPv6 alone */
	if (l->any)
		return (is_node_port(v) || host_address_owned(own, v->address)) &&
		       (l->ipv6 || !v->ipv6);
	return is_node_port(v) ? !strchr(l->address, ':') == !v->ipv6 :
				 strcmp(l->address, v->address) == 0;
}

/* The service whose packets the program would get, or NULL. */
static const struct svcrules_installed_vip *service_of(const struct doctor *d,
						       const struct listener *l,
						       const struct ifaddrs *own)
{
	const struct svcrules_installed_vip *v;

	for (size_t i = 0; (v = doctor_vip(d, i)); i++)
		if (in_the_way(l, v, own))
			return v;
	return NULL;
}

/* Tells of the programs that listen on one port, on whatever addresses: the first in the way. */
static bool listeners_tell(struct doctor *d, const struct listener *l, size_t n,
			   const struct ifaddrs *own)
{
	const struct svcrules_installed_vip *v = NULL;
	const char *protocol = l->udp ? "udp" : "tcp";
	char owner[600];

	for (size_t i = 0; i < n && !v; i++)
		v = service_of(d, &l[i], own);
	if (v)
		doctor_find(
			d, VERDICT_TROUBLE,
			"the service takes the program's connections, from outside and from pods",
			doctor_text("ss -lnp 'sport = :%u'", l->port),
			"a program listens on port %u/%s, which is %s of %s", l->port, protocol,
			is_node_port(v) ? "the node port" : "a port",
			vip_owner(v, owner, sizeof(owner)));
	else if (l->port >= NODE_PORTS_FIRST && l->port <= NODE_PORTS_LAST)
		doctor_find(d, VERDICT_NOTE,
			    "a service that gets this node port takes its connections",
			    doctor_text("ss -lnp 'sport = :%u'", l->port),
			    "a program listens on port %u/%s, which may become a node port",
			    l->port, protocol);
	else
		return false;
	return true;
}

void doctor_listeners(struct doctor *d)
{
	struct listeners l = { .n = 0 };
	struct ifaddrs *own = NULL;
	size_t told = 0;

	listeners_read(&l, "/proc/net/tcp", false, false);
	listeners_read(&l, "/proc/net/tcp6", false, true);
	listeners_read(&l, "/proc/net/udp", true, false);
	listeners_read(&l, "/proc/net/udp6", true, true);
	d->no_memory = d->no_memory || l.no_memory;
	if (getifaddrs(&own) != 0)
		own = NULL;
	if (l.n)
		qsort(l.v, l.n, sizeof(*l.v), listener_cmp);
	for (size_t i = 0, n; i < l.n && told < PORTS_SHOWN; i += n) {
		for (n = 1; i + n < l.n && listener_port_cmp(&l.v[i], &l.v[i + n]) == 0;)
			n++;
		told += listeners_tell(d, &l.v[i], n, own);
	}
	if (!told)
		doctor_fine(d, "no program listens on a port of a service, nor on %d-%d",
			    NODE_PORTS_FIRST, NODE_PORTS_LAST);
	if (own)
		freeifaddrs(own);
	free(l.v);
}
