/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands for nft(8) that lay the services out as kube-proxy's nftables mode
 * does on a first sync, in its older form (chains) and its newest (maps). What
 * only deletes or flushes earlier rules is left out, which makes them faster.
 */
#include "cluster.h"

#define TABLE "ip reference"
#define NAME_SIZE 160

/* Chains that do not depend on the services; both forms have them. */
static const char base[] =
	"add table " TABLE "\n"
	"add set " TABLE " cluster-ips { type ipv4_addr ; }\n"
	"add set " TABLE " nodeport-ips { type ipv4_addr ; elements = { " NODE_IP " } ; }\n"
	"add map " TABLE " service-ips { type ipv4_addr . inet_proto . inet_service : verdict ; }\n"
	"add map " TABLE " service-nodeports { type inet_proto . inet_service : verdict ; }\n"
	"add map " TABLE
	" no-endpoint-services { type ipv4_addr . inet_proto . inet_service : verdict ; }\n"
	"add map " TABLE " no-endpoint-nodeports { type inet_proto . inet_service : verdict ; }\n"
	"add map " TABLE
	" firewall-ips { type ipv4_addr . inet_proto . inet_service : verdict ; }\n"
	"add chain " TABLE
	" filter-prerouting-pre-dnat { type filter hook prerouting priority -110 ; }\n"
	"add chain " TABLE " filter-output-pre-dnat { type filter hook output priority -110 ; }\n"
	"add chain " TABLE " filter-input { type filter hook input priority 0 ; }\n"
	"add chain " TABLE " filter-forward { type filter hook forward priority 0 ; }\n"
	"add chain " TABLE " filter-output { type filter hook output priority 0 ; }\n"
	"add chain " TABLE " nat-prerouting { type nat hook prerouting priority -100 ; }\n"
	"add chain " TABLE " nat-output { type nat hook output priority -100 ; }\n"
	"add chain " TABLE " nat-postrouting { type nat hook postrouting priority 100 ; }\n"
	"add chain " TABLE " services\n"
	"add chain " TABLE " mark-for-masquerade\n"
	"add chain " TABLE " masquerading\n"
	"add chain " TABLE " cluster-ips-check\n"
	"add chain " TABLE " firewall-check\n"
	"add chain " TABLE " service-endpoints-check\n"
	"add chain " TABLE " nodeport-endpoints-check\n"
	"add rule " TABLE " filter-prerouting-pre-dnat ct state new jump firewall-check\n"
	"add rule " TABLE " filter-output-pre-dnat ct state new jump firewall-check\n"
	"add rule " TABLE " filter-input ct state new jump nodeport-endpoints-check\n"
	"add rule " TABLE " filter-input ct state new jump service-endpoints-check\n"
	"add rule " TABLE " filter-forward ct state new jump service-endpoints-check\n"
	"add rule " TABLE " filter-forward ct state new jump cluster-ips-check\n"
	"add rule " TABLE " filter-output ct state new jump service-endpoints-check\n"
	"add rule " TABLE " filter-output ct state new jump cluster-ips-check\n"
	"add rule " TABLE " nat-prerouting jump services\n"
	"add rule " TABLE " nat-output jump services\n"
	"add rule " TABLE " nat-postrouting jump masquerading\n"
	"add rule " TABLE " firewall-check ip daddr . meta l4proto . th dport vmap @firewall-ips\n"
	"add rule " TABLE
	" service-endpoints-check ip daddr . meta l4proto . th dport vmap @no-endpoint-services\n"
	"add rule " TABLE
	" nodeport-endpoints-check ip daddr @nodeport-ips meta l4proto . th dport vmap "
	"@no-endpoint-nodeports\n"
	"add rule " TABLE " cluster-ips-check ip daddr @cluster-ips reject\n"
	"add rule " TABLE " cluster-ips-check ip daddr " SERVICE_CIDR " drop\n"
	"add rule " TABLE " mark-for-masquerade mark set mark or 0x4000\n";

static const char services_rules[] =
	"add rule " TABLE " services ip daddr . meta l4proto . th dport vmap @service-ips\n"
	"add rule " TABLE
	" services ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports\n";

static const char masquerading_rules[] = "add rule " TABLE
					 " masquerading mark and 0x4000 == 0 return\n"
					 "add rule " TABLE
					 " masquerading mark set mark xor 0x4000\n"
					 "add rule " TABLE
					 " masquerading masquerade fully-random\n";

/* As long as kube-proxy's names: a hash, then the service's names. */
static const char *nft_chain(const struct service *s, const char *kind, char buf[static NAME_SIZE])
{
	snprintf(buf, NAME_SIZE, "%s-%08X-%s/%s/%s/%s", kind, (uint32_t)scramble(s->number, 6),
		 s->namespace, s->name, protocol(s), s->udp ? "dns" : "http");
	return buf;
}

static void entries_write(const struct service *s, FILE *f)
{
	char name[NAME_SIZE], external[NAME_SIZE], ip[16];

	nft_chain(s, "service", name);
	nft_chain(s, "external", external);
	fprintf(f, "add element " TABLE " cluster-ips { %s }\n", ip_text(s->ip, ip));
	fprintf(f, "add element " TABLE " service-ips { %s . %s . %u : goto %s }\n", ip,
		protocol(s), s->port, name);
	if (s->type == CLUSTER_IP)
		return;
	fprintf(f,
		"add chain " TABLE " %s\nadd rule " TABLE
		" %s jump mark-for-masquerade\nadd rule " TABLE " %s goto %s\n",
		external, external, external, name);
	fprintf(f, "add element " TABLE " service-nodeports { %s . %u : goto %s }\n", protocol(s),
		s->node_port, external);
	if (s->balancer_ip)
		fprintf(f, "add element " TABLE " service-ips { %s . %s . %u : goto %s }\n",
			ip_text(s->balancer_ip, ip), protocol(s), s->port, external);
}

static void nft_endpoint_chain(const struct service *s, const char *ip, char buf[static NAME_SIZE])
{
	char name[NAME_SIZE];

	snprintf(buf, NAME_SIZE, "%.120s__%s/%u", nft_chain(s, "endpoint", name), ip,
		 s->target_port);
}

static void chains_service(const struct cluster *c, const struct service *s, FILE *f)
{
	char name[NAME_SIZE], ep[NAME_SIZE], ip[16];
	bool is_new;

	fprintf(f, "add chain " TABLE " %s\n", nft_chain(s, "service", name));
	for (uint32_t k = 0; k < s->endpoints; k++) {
		nft_endpoint_chain(s, ip_text(endpoint_ip(c, s, k, &is_new), ip), ep);
		fprintf(f,
			"add chain " TABLE " %s\nadd rule " TABLE
			" %s ip saddr %s jump mark-for-masquerade\n"
			"add rule " TABLE " %s meta l4proto %s dnat to %s:%u\n",
			ep, ep, ip, ep, protocol(s), ip, s->target_port);
	}
	fprintf(f,
		"add rule " TABLE " %s ip daddr %s %s dport %u ip saddr != " POD_CIDR
		" jump mark-for-masquerade\n",
		name, ip_text(s->ip, ip), protocol(s), s->port);
	fprintf(f, "add rule " TABLE " %s numgen random mod %u vmap {", name, s->endpoints);
	for (uint32_t k = 0; k < s->endpoints; k++) {
		nft_endpoint_chain(s, ip_text(endpoint_ip(c, s, k, &is_new), ip), ep);
		fprintf(f, "%s %u : goto %s", k ? " ," : "", k, ep);
	}
	fputs(" }\n", f);
}

/* What both layouts end with: the rules that look services up, then each service. */
static void services_write(const struct cluster *c, FILE *f,
			   void (*write)(const struct cluster *c, const struct service *s, FILE *f))
{
	fputs(services_rules, f);
	fputs(masquerading_rules, f);
	for (uint32_t i = 0; i < c->services; i++) {
		struct service s = service_get(c, i);

		if (!s.endpoints)
			continue;
		write(c, &s, f);
		entries_write(&s, f);
	}
}

void write_chains(const struct cluster *c, FILE *f)
{
	fputs(base, f);
	services_write(c, f, chains_service);
}

static void maps_service(const struct cluster *c, const struct service *s, FILE *f)
{
	char name[NAME_SIZE], ip[16];
	bool is_new;

	fprintf(f, "add chain " TABLE " %s\n", nft_chain(s, "service", name));
	for (uint32_t k = 0; k < s->endpoints; k++)
		if (endpoint_local(s, k)) {
			ip_text(endpoint_ip(c, s, k, &is_new), ip);
			fprintf(f, "add element " TABLE " hairpin-connections { %s . %s }\n", ip,
				ip);
		}
	if (s->endpoints == 1) {
		fprintf(f, "add rule " TABLE " %s meta l4proto %s dnat to %s:%u\n", name,
			protocol(s), ip_text(endpoint_ip(c, s, 0, &is_new), ip), s->target_port);
		return;
	}
	fprintf(f,
		"add rule " TABLE
		" %s meta l4proto %s dnat ip addr . port to numgen random mod %u map {",
		name, protocol(s), s->endpoints);
	for (uint32_t k = 0; k < s->endpoints; k++)
		fprintf(f, "%s %u : %s . %u", k ? " ," : "", k,
			ip_text(endpoint_ip(c, s, k, &is_new), ip), s->target_port);
	fputs(" }\n", f);
}

void write_maps(const struct cluster *c, FILE *f)
{
	fputs(base, f);
	fputs("add set " TABLE " hairpin-connections { type ipv4_addr . ipv4_addr ; }\n"
	      "add rule " TABLE " services ip daddr @cluster-ips ip saddr != " POD_CIDR
	      " jump mark-for-masquerade\n"
	      "add rule " TABLE
	      " masquerading ip saddr . ip daddr @hairpin-connections masquerade fully-random\n",
	      f);
	services_write(c, f, maps_service);
}

void write_vips(const struct cluster *c, FILE *f)
{
	char ip[16];

	for (uint32_t i = 0; i < c->services; i++) {
		struct service s = service_get(c, i);

		fprintf(f, "%s %s %u\n", protocol(&s), ip_text(s.ip, ip), s.port);
	}
}
