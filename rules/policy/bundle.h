/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bundles: sets of ports that rules allow. Equal bundles are one, so that == compares them. */
#ifndef SVCR_POLICY_BUNDLE_H
#define SVCR_POLICY_BUNDLE_H

#include "addr.h"
#include "arena.h"
#include "list.h"
#include "table.h"

/* Ports of one protocol, from `first` to `last`; 0 to 65535 stands for the whole protocol. */
struct svcr_span_of_ports {
	uint8_t protocol; /* enum svcr_protocol */
	uint16_t first, last;
};

struct svcr_bundle {
	bool all;                           /* all ports and protocols */
	const struct svcr_span_of_ports *v; /* sorted, neither overlapping nor adjoining */
	uint32_t n;                         /* 0 and not `all`: no port */
	uint32_t number;                    /* of svcr_bundles_number() */
	bool used[SVCR_FAMILY__COUNT];      /* rules of that family have its number */
};

static inline bool svcr_bundle_empty(const struct svcr_bundle *b)
{
	return !b->all && !b->n;
}

struct svcr_bundles {
	struct svcr_arena arena;
	struct svcr_table table;
	SVCR_LIST(struct svcr_bundle *) all;
	SVCR_LIST(struct svcr_span_of_ports) spans; /* of the union that is being made */
};

void svcr_bundles_release(struct svcr_bundles *b);
/* The bundle of all ports and protocols. NULL: out of memory, here and below. */
struct svcr_bundle *svcr_bundle_all(struct svcr_bundles *b);
/* The bundle of these spans, in any order; `v` is sorted and changed. */
struct svcr_bundle *svcr_bundle_of(struct svcr_bundles *b, struct svcr_span_of_ports *v, size_t n);
/* The bundle of what any of the n bundles has. `v` is sorted. */
struct svcr_bundle *svcr_bundle_union(struct svcr_bundles *b, struct svcr_bundle **v, size_t n);
/* Gives all bundles their numbers. */
void svcr_bundles_number(struct svcr_bundles *b);

#endif
