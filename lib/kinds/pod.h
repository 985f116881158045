/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pod as it is read: an object of its own, or the template of a workload. */
#ifndef SVCR_POD_H
#define SVCR_POD_H

#include "metadata.h"
#include "values.h"

struct pod_ports {
	struct svcr_pod_port *v;
	size_t n, cap;
};

struct pod_object {
	struct svcr_labelled head;
	const char *node;
	struct svcr_pod_more more;
	bool ready;
	struct svcr_addrs ips;
	struct svcr_given_addr ip; /* podIP; counts only without podIPs */
	bool has_ips;              /* podIPs has an entry, usable or not */
	bool host_network, ended;
	bool has_phase;
	struct pod_ports ports, init_ports;
};

/* Fields of struct pod_object: of `spec`, and of a template, which has `metadata` and `spec`. */
extern const struct svcr_field svcr_pod_spec_fields[];
extern const struct svcr_field svcr_pod_template_fields[];

/* Moves a pod that was read into the model, and all that it owns. */
void svcr_pod_keep(struct svcr_reader *r, struct pod_object *o);

#endif
