/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Endpoints from Pods: slices of a service that has a selector, and neither an EndpointSlice nor an
 * Endpoints object in the input, as the endpoint slice controller of Kubernetes makes them.
 */
#ifndef SVCR_POD_SLICES_H
#define SVCR_POD_SLICES_H

#include "pod_index.h"

/* Ports of all slices of one service at most; with more it gets no slices. */
#define SVCR_POD_SLICES_PORTS 1000000

/* The slices of one service at a time. Zeroed when empty. */
struct svcr_pod_slices {
	struct svcr_pod_index index;
	struct svcr_arena arena; /* owns what follows, and what the slices refer to */
	const struct svcr_slice **v;
	size_t n;
	bool too_large;    /* more ports than SVCR_POD_SLICES_PORTS: there are no slices */
	bool other_family; /* a pod has addresses, but none of a family of the service */
};

/*
 * Where the first Pod of an input comes: decides whether Pods are needed for endpoints, and sets
 * m->pods_use. They are not if Services were read, and each of them that has a selector has a slice
 * or an Endpoints object. Returns 0 or -ENOMEM.
 */
int svcr_pods_decide(struct svcrules_model *m);
/*
 * Says that services get endpoints from Pods, or would have, had these not been skipped. Returns 0
 * or -ENOMEM.
 */
int svcr_pods_tell(const struct svcrules_model *m, struct svcrules_diags *d);
/* True if Pods would become endpoints of the service, should it have no slice. */
bool svcr_pods_serve(const struct svcrules_model *m, const struct svcr_service *s);

/* Makes the slices of `s` in the place of those of another service. 0 or -ENOMEM. */
int svcr_pod_slices_make(struct svcr_pod_slices *x, const struct svcrules_model *m,
			 const struct svcr_service *s);
void svcr_pod_slices_release(struct svcr_pod_slices *x);

#endif
