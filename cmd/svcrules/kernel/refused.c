/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/refused.h"
#include "exit.h"

#include <errno.h>
#include <stdlib.h>

int refused_find(struct session *s, const struct svcrules_changes *c, bool named, int err,
		 const struct transaction_error *errors, size_t n)
{
	if (n == 0 || err == -EPERM)
		return session_failed(s, "change the kernel's rules", err);
	for (size_t i = 0; i < n; i++) {
		const struct svcrules_refusal r = { .seq = named ? errors[i].seq : 0,
						    .err = errors[i].err };
		char *text = NULL;

		svcrules_changes_refused(c, 0, SVCRULES_ADD, &r, 1, 0, &text);
		session_find(s, "%s%s%s", text ? text : "the change was refused",
			     errors[i].msg[0] ? ": " : "", errors[i].msg);
		free(text);
	}
	session_find(s, "nothing was changed");
	return EXIT_KERNEL;
}
