/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/refused.h"
#include "exit.h"

#include <errno.h>
#include <stdlib.h>

int refused_send(struct session *s, struct svcrules_changes *c, enum svcrules_stage stage,
		 bool commit, uint32_t generation, struct refused *ret)
{
	struct svcrules_messages m;

	if (svcrules_changes_encode(c, 0, stage, 0, &m))
		return session_no_memory(s);
	ret->n = 0;
	ret->messages = m.count;
	ret->err = transaction_send(s->netfilter, m.buf, m.len, commit, generation, m.count,
				    ret->errors, REFUSED_MAX, &ret->n, NULL);
	free(m.buf);
	return EXIT_DONE;
}

int refused_find(struct session *s, const struct svcrules_changes *c, bool named,
		 const struct refused *r)
{
	if (r->n == 0 || r->err == -EPERM)
		return session_failed(s, "change the kernel's rules", r->err);
	for (size_t i = 0; i < r->n; i++) {
		const struct transaction_error *e = &r->errors[i];
		const struct svcrules_refusal one = { .seq = named ? e->seq : 0, .err = e->err };
		char *text = NULL;

		svcrules_changes_refused(c, 0, SVCRULES_ADD, &one, 1, 0, &text);
		session_find(s, "%s%s%s", text ? text : "the change was refused",
			     e->msg[0] ? ": " : "", e->msg);
		free(text);
	}
	session_find(s, "nothing was changed");
	return EXIT_KERNEL;
}
