/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the command line and the files it names to the rule set wanted. All say what is wrong themselves. */
#ifndef SVCRULES_INPUT_H
#define SVCRULES_INPUT_H

#include "options.h"

#include <stdbool.h>

struct footprint;
struct svcrules_ipvs;
struct svcrules_nft;
struct svcrules_options;

/* The rule set of one back end. */
struct rules {
	struct svcrules_ipvs *ipvs; /* NULL: nftables alone */
	struct svcrules_nft *nft;   /* owned by `ipvs`, if there is one */
};

void rules_release(struct rules *r); /* empty then */

/* The options that the library knows; the node's name is the host's unless given. Returns an exit code. */
int input_settings(const struct arguments *a, struct svcrules_options **ret);
/*
 * Reads `files` and builds the rule set. With `of_host`, a node whose
 * addresses are neither given nor read has those of the host, which are then
 * set in `settings`, as are for IPVS those that its interface must leave alone. `footprint` (may be NULL) takes down what was read and told.
 * Returns an exit code.
 */
int input_build(const struct arguments *a, const char *const *files, size_t nfiles,
		struct svcrules_options *settings, bool of_host, struct footprint *footprint,
		struct rules *ret);

#endif
