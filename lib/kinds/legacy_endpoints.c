/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Endpoints of v1, which EndpointSlices replaced: each subset becomes a slice of the model. */
#include "kinds.h"
#include "metadata.h"
#include "slice.h"
#include "values.h"

struct legacy_subsets {
	struct svcr_slice *v;
	size_t n, cap;
};

struct legacy_object {
	struct svcr_metadata meta;
	struct legacy_subsets subsets; /* their own lists are in the model's arena */
};

struct legacy_address {
	struct svcr_given_addr ip;
	const char *node, *hostname, *pod;
};

static const struct svcr_field legacy_address_fields[] = {
	{ SVCR_FIELD("ip"), SVCR_F_CUSTOM, offsetof(struct legacy_address, ip),
	  .read = svcr_read_given_addr },
	{ SVCR_FIELD("hostname"), SVCR_F_CUSTOM, offsetof(struct legacy_address, hostname),
	  .read = svcr_read_hostname },
	{ SVCR_FIELD("targetRef"), SVCR_F_CUSTOM, offsetof(struct legacy_address, pod),
	  .read = svcr_read_target_ref },
	{ SVCR_FIELD("nodeName"), SVCR_F_STRING, .offset = offsetof(struct legacy_address, node) },
	SVCR_END
};

static void read_legacy_address(struct svcr_reader *r, struct svcr_slice_endpoints *list,
				bool ready)
{
	struct legacy_address a = { .node = NULL };
	struct svcr_endpoint *slot;

	svcr_read_object(r, legacy_address_fields, &a);
	if (!a.ip.given)
		return;
	slot = SVCR_READ_GROW(r, list);
	if (slot)
		*slot = (struct svcr_endpoint){ .addr = a.ip.addr,
						.ready = ready,
						.serving = ready,
						.names = svcr_read_endpoint_names(r, a.hostname,
										  a.pod),
						.node = a.node && *a.node ? a.node : NULL };
}

static void read_ready(struct svcr_reader *r, void *member)
{
	read_legacy_address(r, member, true);
}

static void read_not_ready(struct svcr_reader *r, void *member)
{
	read_legacy_address(r, member, false);
}

#define SUBSET(path) offsetof(struct svcr_slice, path)

static const struct svcr_field subset_fields[] = {
	{ SVCR_FIELD("addresses"), SVCR_F_EACH, SUBSET(endpoints), true, .read = read_ready },
	{ SVCR_FIELD("notReadyAddresses"), SVCR_F_EACH, SUBSET(endpoints), true,
	  .read = read_not_ready },
	{ SVCR_FIELD("ports"), SVCR_F_EACH, SUBSET(ports), true, .read = svcr_read_slice_port },
	SVCR_END
};

static void read_subset(struct svcr_reader *r, void *member)
{
	struct svcr_slice s = { .legacy = true, .any_family = true, .source = r->source }, *slot;
	struct legacy_subsets *subsets = member;

	svcr_read_object(r, subset_fields, &s);
	SVCR_READ_KEEP(r, &s.ports);
	SVCR_READ_KEEP(r, &s.endpoints);
	slot = SVCR_READ_GROW(r, subsets);
	if (slot)
		*slot = s;
}

static const struct svcr_field legacy_fields[] = {
	{ SVCR_FIELD("metadata"), SVCR_F_OBJECT, offsetof(struct legacy_object, meta),
	  .fields = svcr_metadata_fields },
	{ SVCR_FIELD("subsets"), SVCR_F_EACH, offsetof(struct legacy_object, subsets), true,
	  .read = read_subset },
	SVCR_END
};

static void add_subset(struct svcr_reader *r, const struct legacy_object *o,
		       const struct svcr_slice *subset)
{
	struct svcr_slice *slot = SVCR_READ_GROW(r, &r->model->slices);

	if (!slot)
		return;
	*slot = *subset;
	slot->ns = o->meta.ns;
	slot->service = o->meta.name;
	slot->ignored = !o->meta.name;
}

/* An object without subsets is an empty slice: it says that the service has no endpoint. */
static void finish_legacy(struct svcr_reader *r, void *object)
{
	const struct svcr_slice empty = { .legacy = true, .any_family = true, .source = r->source };
	struct legacy_object *o = object;

	for (size_t i = 0; i < o->subsets.n; i++)
		add_subset(r, o, &o->subsets.v[i]);
	if (!o->subsets.n)
		add_subset(r, o, &empty);
	free(o->subsets.v);
}

const struct svcr_kind svcr_kind_endpoints = {
	.kind = "Endpoints",
	.api = "v1",
	.namespaced = true,
	.fields = legacy_fields,
	.size = sizeof(struct legacy_object),
	.finish = finish_legacy,
};
