/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparison of objects in the model. */
#ifndef SVCR_SAME_H
#define SVCR_SAME_H

#include "model.h"

/*
 * True if the entries of two spans of one list, which are as many, are the same but for
 * the input that they came from. False for lists of kinds that it does not know.
 */
bool svcr_same_entries(const struct svcrules_model *m, const struct svcr_span *a,
		       const struct svcr_span *b);
/* True if two lists of named ports are the same, in the same order. */
bool svcr_same_pod_ports(const struct svcr_pod_port *a, size_t n, const struct svcr_pod_port *b,
			 size_t m);

#endif
