/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LabelSelector of meta/v1. */
#ifndef SVCR_LABEL_SELECTOR_H
#define SVCR_LABEL_SELECTOR_H

#include "reader.h"

/*
 * Reads the next value, a LabelSelector, without the parts that cannot be understood: these get a
 * warning, which ends with `instead`, and set *ret_bad. Null selects everything, as "{}" does.
 * Returns NULL when memory is short.
 */
const struct svcr_selector *svcr_read_selector(struct svcr_reader *r, const char *instead,
					       bool *ret_bad);
/* The selector without requirements, which selects everything; NULL when memory is short. */
const struct svcr_selector *svcr_read_select_all(struct svcr_reader *r);

#endif
