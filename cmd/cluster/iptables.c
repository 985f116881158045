/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nat table as kube-proxy's iptables mode lays it out, for iptables-restore. */
#include "cluster.h"

#define NAME_SIZE 32

static const char *iptables_chain(const char *kind, uint64_t hash, char buf[static NAME_SIZE])
{
	snprintf(buf, NAME_SIZE, "KUBE-%s-%016llX", kind, (unsigned long long)hash);
	return buf;
}

static const char *service_chain(const struct service *s, char buf[static NAME_SIZE])
{
	return iptables_chain("SVC", scramble(s->number, 7), buf);
}

static const char *external_chain(const struct service *s, char buf[static NAME_SIZE])
{
	return iptables_chain("EXT", scramble(s->number, 7), buf);
}

static const char *iptables_endpoint_chain(const struct service *s, uint32_t k,
					   char buf[static NAME_SIZE])
{
	return iptables_chain("SEP", scramble(s->number, 8 + k), buf);
}

static void declare(const struct service *s, FILE *f)
{
	char name[NAME_SIZE];

	fprintf(f, ":%s - [0:0]\n", service_chain(s, name));
	if (s->type != CLUSTER_IP)
		fprintf(f, ":%s - [0:0]\n", external_chain(s, name));
	for (uint32_t k = 0; k < s->endpoints; k++)
		fprintf(f, ":%s - [0:0]\n", iptables_endpoint_chain(s, k, name));
}

static void comment(const struct service *s, const char *more, FILE *f)
{
	fprintf(f, " -m comment --comment \"%s/%s:%s%s\"", s->namespace, s->name,
		s->udp ? "dns" : "http", more);
}

static void entry(const struct service *s, const char *ip, const char *what, const char *to,
		  FILE *f)
{
	fputs("-A KUBE-SERVICES", f);
	comment(s, what, f);
	fprintf(f, " -m %s -p %s -d %s --dport %u -j %s\n", protocol(s), protocol(s), ip, s->port,
		to);
}

static void entries(const struct service *s, FILE *f)
{
	char name[NAME_SIZE], external[NAME_SIZE], ip[16];

	entry(s, ip_text(s->ip, ip), " cluster IP", service_chain(s, name), f);
	if (s->type == CLUSTER_IP)
		return;
	external_chain(s, external);
	if (s->balancer_ip)
		entry(s, ip_text(s->balancer_ip, ip), " loadbalancer IP", external, f);
	fputs("-A KUBE-NODEPORTS", f);
	comment(s, "", f);
	fprintf(f, " -m %s -p %s --dport %u -j %s\n", protocol(s), protocol(s), s->node_port,
		external);
	fprintf(f, "-A %s -j KUBE-MARK-MASQ\n-A %s -j %s\n", external, external, name);
}

static void endpoint(const struct cluster *c, const struct service *s, uint32_t k, FILE *f)
{
	char name[NAME_SIZE], ip[16];
	bool is_new;

	iptables_endpoint_chain(s, k, name);
	ip_text(endpoint_ip(c, s, k, &is_new), ip);
	fprintf(f, "-A %s", name);
	comment(s, "", f);
	fprintf(f, " -s %s -j KUBE-MARK-MASQ\n-A %s", ip, name);
	comment(s, "", f);
	fprintf(f, " -m %s -p %s -j DNAT --to-destination %s:%u\n", protocol(s), protocol(s), ip,
		s->target_port);
}

static void balance(const struct cluster *c, const struct service *s, FILE *f)
{
	char name[NAME_SIZE], to[NAME_SIZE], ip[16];

	service_chain(s, name);
	fprintf(f, "-A %s", name);
	comment(s, " cluster IP", f);
	fprintf(f, " -m %s -p %s -d %s --dport %u ! -s " POD_CIDR " -j KUBE-MARK-MASQ\n",
		protocol(s), protocol(s), ip_text(s->ip, ip), s->port);
	for (uint32_t k = 0; k < s->endpoints; k++) {
		iptables_endpoint_chain(s, k, to);
		fprintf(f, "-A %s", name);
		comment(s, "", f);
		if (k + 1 < s->endpoints)
			fprintf(f, " -m statistic --mode random --probability %.10f",
				1.0 / (s->endpoints - k));
		fprintf(f, " -j %s\n", to);
		endpoint(c, s, k, f);
	}
}

void write_iptables(const struct cluster *c, FILE *f)
{
	fputs("*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n"
	      ":POSTROUTING ACCEPT [0:0]\n"
	      ":KUBE-SERVICES - [0:0]\n:KUBE-NODEPORTS - [0:0]\n:KUBE-POSTROUTING - [0:0]\n"
	      ":KUBE-MARK-MASQ - [0:0]\n",
	      f);
	for (uint32_t i = 0; i < c->services; i++) {
		struct service s = service_get(c, i);

		declare(&s, f);
	}
	fputs("-A PREROUTING -j KUBE-SERVICES\n-A OUTPUT -j KUBE-SERVICES\n"
	      "-A POSTROUTING -j KUBE-POSTROUTING\n"
	      "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN\n"
	      "-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000\n"
	      "-A KUBE-POSTROUTING -j MASQUERADE --random-fully\n"
	      "-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000\n",
	      f);
	for (uint32_t i = 0; i < c->services; i++) {
		struct service s = service_get(c, i);

		if (!s.endpoints)
			continue;
		entries(&s, f);
		balance(c, &s, f);
	}
	fputs("-A KUBE-SERVICES -d " NODE_IP " -j KUBE-NODEPORTS\nCOMMIT\n", f);
}
