/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the files that the command line names and builds the rule set. The functions print what
 * is wrong themselves.
 */
#ifndef SVCRULES_INPUT_H
#define SVCRULES_INPUT_H

#include "options.h"

struct files;
struct footprint;

/*
 * Makes the library's options of the command line's; the node's name is the host's unless given.
 * Returns an exit code, with *ret to be freed if that is EXIT_DONE.
 */
int input_settings(const struct arguments *a, struct svcrules_options **ret);
/* The same, but without --node-name there is no node. */
int input_settings_given(const struct arguments *a, struct svcrules_options **ret);
/*
 * Opens the files, directories and "-" of a command line. With `guard`, what others may write is
 * refused. Returns an exit code, having printed what is wrong; files_close() in every case. What
 * could not be opened or was refused fails in input_build().
 */
int input_open(const struct arguments *a, const char *const *paths, size_t n, bool guard,
	       struct files *ret);
/*
 * Reads `files` and builds the rule set. With `use_host`, the host's addresses are set in
 * `settings` as the node's, if these are neither given nor read, and as the host's own, for a
 * target that needs them. `footprint` (may be NULL) records what was read and printed. Returns
 * an exit code, with *ret to be freed if that is EXIT_DONE.
 */
int input_build(const struct arguments *a, struct files *files, struct svcrules_options *settings,
		bool use_host, struct footprint *footprint, struct svcrules_ruleset **ret);
/*
 * The same, with the files of `overlay` (may be NULL) laid over those of `files`. *ret_remarks is
 * set on success: lines about what the overlay leaves open, malloc'ed; NULL: there is no overlay.
 */
int input_build_overlaid(const struct arguments *a, struct files *files, struct files *overlay,
			 struct svcrules_options *settings, bool use_host, char **ret_remarks,
			 struct svcrules_ruleset **ret);

/* A file that is read. */
struct input_source {
	int fd;
	int error; /* of reading: a positive errno */
	uint64_t bytes;
	struct footprint *footprint; /* NULL: none */
};
/* Reads the next bytes of a struct input_source, and tells the line of progress. */
long input_fill(void *arg, char *buf, size_t size);
/*
 * The first diagnostic, from number `first` on, that says that a file has no Kubernetes objects;
 * NULL if there is none, or an error of another kind.
 */
const struct svcrules_diag *input_foreign(const struct svcrules_diags *d, size_t first);
/* Says that a list of the model goes on, on a page that is missing, and returns false. */
bool input_has_all_pages(const struct svcrules_model *m);
/* Begins the line of progress about reading `fd`, whose name for messages is `source`. */
void input_progress(const char *source, int fd);

/* What a command does with a model that was read. Both return an exit code. */
struct input_use {
	/* what it adds to `d` is printed afterwards */
	int (*build)(void *arg, const struct svcrules_model *m, struct svcrules_diags *d);
	int (*end)(void *arg, const struct svcrules_model *m);
	void *arg;
};
/*
 * Reads `files`, none of which is right too, into the model, which may be NULL for a lack of memory
 * and is freed, and uses it. `use_host` is as above. Returns an exit code.
 */
int input_use(const struct arguments *a, struct files *files, struct svcrules_options *settings,
	      bool use_host, struct svcrules_model *m, const struct input_use *use);

#endif
