/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sends changes that do not depend on each other, and reports which ones the kernel refused. */
#ifndef SVCRULES_KERNEL_BATCH_H
#define SVCRULES_KERNEL_BATCH_H

#include "kernel/driver.h"

/*
 * Sends messages (struct svcrules_messages) and stores up to m->count refusals in `v`, *n of
 * them. Returns 0, or a negative errno if the sending itself failed.
 */
typedef int (*batch_send_fn)(struct session *s, const struct svcrules_messages *m,
			     struct svcrules_refusal *v, size_t *n);

/*
 * Encodes one stage of a part, sends it, and adds refusals to the findings. `number` is that of
 * svcrules_changes_encode(); `what` names the change if it cannot be sent: "change the addresses
 * of svcrules0". Returns an exit code.
 */
int batch_make(struct transition *t, size_t part, enum svcrules_stage stage, uint32_t number,
	       batch_send_fn send, const char *what);

#endif
