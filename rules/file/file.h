/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A text file with its mode, as a value: the part "file" of a rule set. A target may have many. */
#ifndef SVCR_FILE_H
#define SVCR_FILE_H

#include "rules/json.h"
#include "rules/part.h"

#define SVCR_FILE_PUBLIC 0644
#define SVCR_FILE_SECRET 0600 /* for keys */

struct svcr_file {
	struct svcr_part part; /* first: this is a part */
	char *name;            /* relative to the folder that all files go to; malloc'ed */
	uint32_t mode;         /* permission bits */
	bool secret;           /* its lines are not shown; one that others may not read always is */
	bool worker;           /* as in struct svcrules_file */
	bool present;          /* false: there is no such file */
	struct svcr_buffer text;
};

extern const struct svcr_part_ops svcr_file_ops;

/* A file that is not present. NULL: out of memory. */
struct svcr_file *svcr_file_new(const char *name, uint32_t mode);
void svcr_file_free(struct svcr_file *f);
/*
 * Appends to the text of a file (`arg`), which is present from then on: a svcrules_write_fn,
 * for struct svcr_out.
 */
int svcr_file_append(void *arg, const char *buf, size_t len);

#endif
