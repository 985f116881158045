/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What explain is asked: one question of the command line, or a file of them. */
#ifndef SVCRULES_QUESTIONS_H
#define SVCRULES_QUESTIONS_H

#include "command.h"
#include "files.h"

struct questions {
	struct svcrules_question *v;
	unsigned *lines; /* of the file; NULL: the question is of the command line */
	size_t n;
	char *text; /* of the file, which the questions point into */
};

/*
 * Takes --from, --to, --protocol and --ndots, or opens the file of --questions, to be read later.
 * Returns an exit code, having printed what is wrong; questions_release() in every case.
 */
int questions_take(struct questions *q, const struct arguments *a, struct files *ret);
/* Reads the file, if there is one. Returns an exit code in the same way. */
int questions_read(struct questions *q, const struct arguments *a, struct files *files);
/* "tcp", "udp" or "sctp" */
const char *question_protocol(const struct svcrules_question *q);
void questions_release(struct questions *q);

#endif
