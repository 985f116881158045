/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of an EndpointSlice that legacy Endpoints have, too. */
#ifndef SVCR_SLICE_H
#define SVCR_SLICE_H

#include "reader.h"

/* For struct svcr_field; struct svcr_slice_ports: one more port. */
void svcr_read_slice_port(struct svcr_reader *r, void *member);

#endif
