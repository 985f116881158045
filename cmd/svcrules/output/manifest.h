/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of files that a folder holds because this program wrote them: a file ".svcrules" in it.
 * Its first line names the target, each other one a file, in order. What is not in the list belongs
 * to somebody else.
 */
#ifndef SVCRULES_MANIFEST_H
#define SVCRULES_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>

#define MANIFEST_NAME ".svcrules"

struct manifest {
	char *text;         /* with the ends of lines replaced by zero bytes */
	const char *target; /* NULL: the folder has no list, or an empty one */
	const char **names; /* in order */
	size_t n;
};

/* True for a name that a file may have: one component of a path that begins with no dot. */
bool manifest_name_ok(const char *name);
/*
 * Reads the list of the folder `dir`; a folder without one has no files. Returns 0, -EBADMSG (it
 * is none of this program's), or another error; manifest_free() after success.
 */
int manifest_read(int dir, struct manifest *ret);
void manifest_free(struct manifest *m);
bool manifest_has(const struct manifest *m, const char *name);
/* Makes the text of a list; `names` are in order. malloc'ed; NULL: out of memory. */
char *manifest_text(const char *target, const char *const *names, size_t n);

#endif
