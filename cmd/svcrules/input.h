/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the command line and the files it names to the rule set wanted. All report what is wrong themselves. */
#ifndef SVCRULES_INPUT_H
#define SVCRULES_INPUT_H

#include "options.h"

struct footprint;

/* The options that the library knows; the node's name is the host's unless given. Returns an exit code. */
int input_settings(const struct arguments *a, struct svcrules_options **ret);
/*
 * Reads `files` and builds the rule set. With `use_host`, a node whose addresses are neither
 * given nor read has those of the host; they are then set in `settings`, as are, for a target
 * that asks for them, those of the host's interfaces. `footprint` (may be NULL) records what
 * was read and printed. Returns an exit code.
 */
int input_build(const struct arguments *a, const char *const *files, size_t nfiles,
		struct svcrules_options *settings, bool use_host, struct footprint *footprint,
		struct svcrules_ruleset **ret);

#endif
