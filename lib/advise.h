/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Warnings about inputs that are valid and cannot do what is meant: what is
 * missing shows only in the whole of it.
 */
#ifndef SVCR_ADVISE_H
#define SVCR_ADVISE_H

#include "view.h"

struct svcr_advice {
	const struct svcrules_model *model;
	const struct svcrules_options *options;
	const struct svcr_view *view;
	const struct svcr_node *node; /* that rules are made for; NULL: not in the input */
	const struct svcr_endpoints *endpoints;
	struct svcrules_diags *diags;
};

/* Adds at most one warning of each kind. */
void svcr_advise(const struct svcr_advice *a);

#endif
