/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cluster.h"

#define NODES 100
#define NODE_PORT_FIRST 30000
#define NODE_PORTS 2768

#define SERVICE_BASE 0x0a600001u  /* 10.96.0.1 */
#define BALANCER_BASE 0xc6120001u /* 198.18.0.1 */
#define ENDPOINT_BASE 0x0a800001u /* 10.128.0.1 */
#define NEW_BASE 0x0ac00001u      /* 10.192.0.1 */

/* The finaliser of splitmix64. */
uint64_t scramble(uint64_t a, uint64_t b)
{
	uint64_t x = a * 0x9e3779b97f4a7c15u + b + 1;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* Of 50 services two have a node port, and one a load balancer with a node port: 2700 at 45,000. */
static enum service_type type_of(uint32_t number)
{
	switch (number % 50) {
	case 7:
	case 31: return NODE_PORT;
	case 19: return LOAD_BALANCER;
	default: return CLUSTER_IP;
	}
}

static uint16_t node_port(uint32_t number)
{
	uint32_t n = number / 50 * 3 + (number % 50 > 7) + (number % 50 > 19);

	return n < NODE_PORTS ? (uint16_t)(NODE_PORT_FIRST + n) : 0;
}

static void cluster_endpoints(const struct cluster *c, struct service *s)
{
	s->endpoints = c->mixed ? 1 + (uint32_t)(scramble(s->number, 1) % 100) : c->endpoints;
	s->first = s->number * (c->mixed ? 100 : c->endpoints);
	if (c->remove_endpoint && s->number == c->services / 2 && s->endpoints)
		s->endpoints--;
}

struct service service_get(const struct cluster *c, uint32_t number)
{
	static const char *const apps[] = { "frontend", "checkout",  "billing",
					    "catalog",  "search",    "session",
					    "payment",  "inventory", "shipping" };
	struct service s = { .number = number,
			     .udp = number % 8 == 3,
			     .ip = SERVICE_BASE + number };

	s.port = s.udp ? 53 : 80;
	s.target_port = s.udp ? 5353 : 8080;
	if (type_of(number) != CLUSTER_IP)
		s.node_port = node_port(number);
	if (s.node_port)
		s.type = type_of(number);
	if (s.type == LOAD_BALANCER)
		s.balancer_ip = BALANCER_BASE + number;
	cluster_endpoints(c, &s);
	snprintf(s.namespace, sizeof(s.namespace), "team-%02u", number % 40);
	snprintf(s.app, sizeof(s.app), "%s", apps[number % (sizeof(apps) / sizeof(*apps))]);
	snprintf(s.name, sizeof(s.name), "%s-%05u", s.app, number);
	return s;
}

uint32_t endpoint_ip(const struct cluster *c, const struct service *s, uint32_t k, bool *ret_new)
{
	uint32_t n = s->first + k;
	bool rolled = n % 100 < c->roll;
	bool replaced = c->replace_endpoint && s->number == c->services / 2 &&
			k == s->endpoints / 2;

	*ret_new = rolled || replaced;
	return (*ret_new ? NEW_BASE : ENDPOINT_BASE) + n;
}

uint32_t endpoint_node(const struct service *s, uint32_t k)
{
	return (uint32_t)(scramble(s->number, k + 2) % NODES);
}

bool endpoint_local(const struct service *s, uint32_t k)
{
	return endpoint_node(s, k) == 0;
}

const char *protocol(const struct service *s)
{
	return s->udp ? "udp" : "tcp";
}

const char *ip_text(uint32_t ip, char buf[static 16])
{
	snprintf(buf, 16, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
	return buf;
}
