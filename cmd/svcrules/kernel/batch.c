/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/batch.h"
#include "exit.h"
#include "progress.h"

#include <stdlib.h>

#define REFUSALS_MAX 20 /* reported; more say nothing new */

static int batch_report(struct transition *t, size_t part, enum svcrules_stage stage,
			const struct svcrules_refusal *v, size_t n)
{
	int code = EXIT_DONE, reported = 0;

	for (size_t i = 0; i < n; i++) {
		char *text = NULL, **wanted = reported < REFUSALS_MAX ? &text : NULL;
		enum svcrules_refused r = svcrules_changes_refused(t->changes, part, stage, v, n, i,
								   wanted);

		if (r != SVCRULES_REFUSED_HARMLESS)
			code = EXIT_KERNEL;
		if (r != SVCRULES_REFUSED || !wanted)
			continue;
		session_take(t->session, text);
		reported++;
	}
	return code;
}

int batch_make(struct transition *t, size_t part, enum svcrules_stage stage, uint32_t number,
	       batch_send_fn send, const char *what)
{
	struct svcrules_refusal *v = NULL;
	struct svcrules_messages m;
	size_t n = 0;
	int err = svcrules_changes_encode(t->changes, part, stage, number, &m), code;

	if (!err) /* room for all: harmless ones must not hide another */
		v = calloc(m.count + 1, sizeof(*v));
	if (!v) {
		if (!err)
			free(m.buf);
		return session_no_memory(t->session);
	}
	progress_begin(progress_changing, 0);
	if (m.count)
		err = send(t->session, &m, v, &n);
	progress_end();
	t->other_messages += m.count;
	code = batch_report(t, part, stage, v, n);
	if (err)
		code = session_failed(t->session, what, err);
	free(m.buf);
	free(v);
	return code;
}
