/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files that a folder shall have, and how those that it has differ. */
#ifndef SVCRULES_WANTED_H
#define SVCRULES_WANTED_H

#include "output/place.h"
#include "svcrules.h"

struct wanted_file {
	struct svcrules_file file;
	/* its text: of file number `i` of part number `part`, or `text` if that is not NULL */
	size_t part, i;
	const char *text;
	bool same; /* the folder has it already */
};

struct wanted {
	const struct svcrules_ruleset *rs;
	struct wanted_file *v; /* by name; the list of the folder, whose name is the least, first */
	size_t n;
	char *list; /* its text */
};

/*
 * Lists the files of a rule set; `target` is named in the list of the folder. Prints what is wrong,
 * also that a file cannot have its `owner`. Returns an exit code; wanted_free() in every case. `rs`
 * must outlive it.
 */
int wanted_list(const struct svcrules_ruleset *rs, const char *target, const struct owner *owner,
		struct wanted *ret);
void wanted_free(struct wanted *w);

/* Writes the text of a file. 0, -ENOMEM or what `write` returned. */
int wanted_print(const struct wanted *w, const struct wanted_file *f, svcrules_write_fn write,
		 void *arg);
/*
 * Sets f->same: DIR has this file with this text, mode and owner. 0 or -ENOMEM; what cannot be read
 * differs.
 */
int wanted_compare(const struct wanted *w, struct wanted_file *f, const struct place *p);

#endif
