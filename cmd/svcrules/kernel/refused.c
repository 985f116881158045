/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/refused.h"
#include "exit.h"
#include "kernel/watch.h"
#include "progress.h"

#include <errno.h>
#include <stdlib.h>

#define SENDS_MAX 1000 /* of one transaction, while other programs commit */

int refused_send(struct session *s, struct svcrules_changes *c, enum svcrules_stage stage,
		 bool commit, uint32_t *generation, const struct svcrules_ruleset *have,
		 struct refused *ret)
{
	struct svcrules_messages m;
	int sends = 0;

	if (svcrules_changes_encode(c, 0, stage, 0, &m))
		return session_no_memory(s);
	ret->messages = m.count;
	progress_begin(commit ? progress_changing : "asking the kernel", 0);
	do {
		ret->n = 0;
		ret->err = transaction_send(s->netfilter, m.buf, m.len, commit, *generation,
					    m.count, ret->errors, REFUSED_MAX, &ret->n, NULL);
	} while (ret->err == -ERESTART && have && ++sends < SENDS_MAX &&
		 watch_unchanged(s, have, generation));
	progress_end();
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
