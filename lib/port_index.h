/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ports of all services by name and by number: what asks once for each path needs it. */
#ifndef SVCR_PORT_INDEX_H
#define SVCR_PORT_INDEX_H

#include "arena.h"
#include "model.h"

struct svcr_port_entry {
	const struct svcr_service *service;
	const char *name; /* interned; NULL: `number` says it */
	uint16_t number;
	const struct svcr_service_port *port;
};

/* In the order of addresses, which is only searched. */
struct svcr_port_index {
	struct svcr_port_entry *v;
	size_t n;
};

/* Fills the index, in memory of the arena. The model outlives it. 0 or -ENOMEM. */
int svcr_port_index_make(struct svcr_port_index *x, struct svcr_arena *a,
			 const struct svcrules_model *m);
/*
 * The first port of the service with that name, which the model has interned, or if `name` is NULL
 * with that number; of that protocol, or 0: of any. NULL: there is none.
 */
const struct svcr_service_port *svcr_port_index_find(const struct svcr_port_index *x,
						     const struct svcr_service *s, const char *name,
						     uint16_t number, uint8_t protocol);

#endif
