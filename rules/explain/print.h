/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SVCR_EXPLAIN_PRINT_H
#define SVCR_EXPLAIN_PRINT_H

#include "rules/explain/explain.h"

/* "delivered", "passed", "refused", "dropped" */
const char *svcr_explain_verdict_text(enum svcr_explain_verdict v);
/* Prints as JSON. 0, -ENOMEM or what `write` returned. */
int svcr_explain_json(const struct svcrules_explanation *e, svcrules_write_fn write, void *arg);

#endif
