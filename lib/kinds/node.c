/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Node of v1: its addresses, its zone, and the prefixes of its pods. */
#include "kinds.h"
#include "metadata.h"
#include "values.h"

#define MEMBER(path) offsetof(struct node_object, path)

struct node_address {
	struct svcr_addr addr;
	bool internal;
};
struct node_addresses {
	struct node_address *v;
	size_t n, cap;
};

struct node_object {
	struct svcr_metadata meta;
	struct node_addresses addresses;
	struct svcr_cidrs pod_cidrs;
};

/* An entry of status.addresses. */
struct read_node_address {
	const char *type, *address;
};

static const struct svcr_field node_address_fields[] = {
	{ SVCR_FIELD("type"), SVCR_F_STRING, .offset = offsetof(struct read_node_address, type) },
	{ SVCR_FIELD("address"), SVCR_F_STRING,
	  .offset = offsetof(struct read_node_address, address) },
	SVCR_END
};

/* Names of the node (types Hostname, InternalDNS and ExternalDNS) are skipped. */
static void read_node_address(struct svcr_reader *r, void *member)
{
	struct node_addresses *list = member;
	struct read_node_address given = { NULL, NULL };
	struct node_address a, *slot;
	struct svcr_str s;

	svcr_read_object(r, node_address_fields, &given);
	if (!given.type || !given.address || !*given.address)
		return;
	a.internal = strcmp(given.type, "InternalIP") == 0;
	if (!a.internal && strcmp(given.type, "ExternalIP") != 0)
		return;
	s = (struct svcr_str){ given.address, strlen(given.address) };
	if (!svcr_addr_parse(&a.addr, s)) {
		svcr_read_address_warning(r, s);
		return;
	}
	slot = SVCR_READ_GROW(r, list);
	if (slot)
		*slot = a;
}

/* podCIDR repeats the first entry of podCIDRs. */
static const struct svcr_field node_spec_fields[] = {
	{ SVCR_FIELD("podCIDR"), SVCR_F_CUSTOM, MEMBER(pod_cidrs), true,
	  .read = svcr_read_cidr_item },
	{ SVCR_FIELD("podCIDRs"), SVCR_F_EACH, MEMBER(pod_cidrs), true,
	  .read = svcr_read_cidr_item },
	SVCR_END
};

static const struct svcr_field node_status_fields[] = { { SVCR_FIELD("addresses"), SVCR_F_EACH,
							  MEMBER(addresses), true,
							  .read = read_node_address },
							SVCR_END };

static const struct svcr_field node_fields[] = {
	{ SVCR_FIELD("metadata"), SVCR_F_OBJECT, MEMBER(meta), .fields = svcr_metadata_fields },
	{ SVCR_FIELD("spec"), SVCR_F_OBJECT, .fields = node_spec_fields },
	{ SVCR_FIELD("status"), SVCR_F_OBJECT, .fields = node_status_fields },
	SVCR_END
};

static void finish_node(struct svcr_reader *r, void *object)
{
	struct node_object *o = object;
	struct svcr_node n = { .name = o->meta.name, .zone = o->meta.zone }, *slot;

	if (n.zone && !*n.zone)
		n.zone = NULL;
	for (size_t i = 0; i < o->addresses.n; i++)
		svcr_read_add_addr(r, o->addresses.v[i].internal ? &n.internal_ips : &n.other_ips,
				   &o->addresses.v[i].addr);
	SVCR_READ_KEEP(r, &n.internal_ips);
	SVCR_READ_KEEP(r, &n.other_ips);
	for (size_t i = 0; i < o->pod_cidrs.n; i++) {
		struct svcr_cidr *c = SVCR_READ_GROW(r, &r->model->pod_cidrs);

		if (c)
			*c = o->pod_cidrs.v[i];
	}
	n.pod_cidrs = o->pod_cidrs;
	SVCR_READ_KEEP(r, &n.pod_cidrs);
	slot = SVCR_READ_GROW(r, &r->model->nodes);
	if (slot)
		*slot = n;
	free(o->addresses.v);
}

const struct svcr_kind svcr_kind_node = {
	.kind = "Node",
	.api = "v1",
	.namespaced = false,
	.fields = node_fields,
	.size = sizeof(struct node_object),
	.finish = finish_node,
};
