/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which port of a Service as it was is which one of the Service as it is now, so that its slices
 * can follow. No work grows with the square of the number of ports.
 */
#ifndef SVCR_OVERLAY_PORTS_H
#define SVCR_OVERLAY_PORTS_H

#include "model.h"

/* The ports of a Service, to be searched. All zero before svcr_old_ports_make(). */
struct svcr_old_ports {
	const struct svcr_service_ports *ports;
	uint32_t *by_name, *by_number, *by_target; /* malloc'ed */
};

/* Returns 0 or -ENOMEM. To be released in any case. */
int svcr_old_ports_make(struct svcr_old_ports *x, const struct svcr_service *s);
void svcr_old_ports_release(struct svcr_old_ports *x);
/* The port with this number; NULL: there is none. */
const struct svcr_service_port *svcr_old_ports_number(const struct svcr_old_ports *x,
						      uint16_t number, uint8_t protocol);
/*
 * The port whose endpoints `p` has, because its target is the same: the one of the same name, else
 * of the same number, else any. NULL: there is none.
 */
const struct svcr_service_port *svcr_old_ports_alike(const struct svcr_old_ports *x,
						     const struct svcr_service_port *p);
/* Where a slice has the number of a port: at its port `name`, or it is `number`. */
struct svcr_followed_port {
	const char *name; /* NULL: none */
	uint16_t number;  /* 0: not known */
	uint8_t protocol;
};

/*
 * Sets v[i] for each port of `now`. Returns the first port whose number is not known without Pods,
 * because its targetPort is a name that no port had before; NULL: there is none.
 */
const struct svcr_service_port *svcr_follow_ports(const struct svcr_old_ports *before,
						  const struct svcr_service *now,
						  struct svcr_followed_port *v);
/*
 * Gives the slice the ports that the controller would write into it for `now`, in the arena.
 * Returns 0 or -ENOMEM.
 */
int svcr_follow_slice(struct svcr_slice *slice, const struct svcr_service *now,
		      const struct svcr_followed_port *v, struct svcr_arena *arena);

#endif
