/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the input, the options and the host say about the node that rules are made for. */
#ifndef SVCR_THIS_NODE_H
#define SVCR_THIS_NODE_H

#include "model.h"
#include "options.h"

struct svcr_this_node {
	const struct svcr_node *object; /* NULL: not in the input */
	struct svcr_addrs own;          /* sorted, of the families asked for */
	struct svcr_addrs primary;      /* the InternalIPs of the object; sorted */
	/* --node-ip or the Node object names `own`; else they are those of the host's interfaces */
	bool named;
};

/* The caller releases *n in both cases: 0 or -ENOMEM. */
int svcr_this_node_find(struct svcr_this_node *n, const struct svcrules_model *m,
			const struct svcrules_options *o);
void svcr_this_node_release(struct svcr_this_node *n);
/* True if --nodeport-addresses lets one of the node's own addresses serve node ports. */
bool svcr_this_node_serves(const struct svcr_this_node *n, const struct svcrules_options *o,
			   const struct svcr_addr *a);

#endif
