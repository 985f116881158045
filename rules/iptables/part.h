/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part "iptables": the rules of both families, which are printed or become files. */
#ifndef SVCR_IPT_PART_H
#define SVCR_IPT_PART_H

#include "rules/iptables/loaded.h"
#include "rules/part.h"

struct svcr_ipt {
	struct svcr_part part;   /* first: this is a part */
	struct svcr_arena arena; /* owns comments and texts */
	struct svcr_arena endpoints;
	struct svcr_ipt_family families[SVCR_FAMILY__COUNT];
	bool remove; /* print what removes the rules */
	bool known;  /* `loaded` says what is loaded */
	struct svcr_ipt_loaded loaded;
};

extern const struct svcr_part_ops svcr_ipt_ops;

/* Without rules. NULL: out of memory. */
struct svcr_ipt *svcr_ipt_new(void);
/* Writes the text of one family. */
void svcr_ipt_print(const struct svcr_ipt *p, const struct svcr_ipt_family *f, struct svcr_out *o);
/* The family whose text is printed; NULL if the texts of both would have to be. */
const struct svcr_ipt_family *svcr_ipt_printed(const struct svcr_ipt *p);

/* ---- Comparing (diff.c) -------------------------------------------------- */

int svcr_ipt_diff(const struct svcr_part *from, struct svcr_part *to,
		  struct svcr_part_changes **ret);
void svcr_ipt_changes_free(struct svcr_part_changes *c);
bool svcr_ipt_changes_empty(const struct svcr_part_changes *c);
void svcr_ipt_changes_count(const struct svcr_part_changes *c, struct svcrules_changes_stats *s);
void svcr_ipt_print_changes(const struct svcr_part_changes *c, struct svcr_out *o);
void svcr_ipt_print_rest(const struct svcr_part_changes *c, struct svcr_out *o);
void svcr_ipt_print_summary(const struct svcr_part_changes *c, struct svcr_out *o);
int svcr_ipt_json_rest(const struct svcr_part_changes *c, json_t *root);
int svcr_ipt_json_summary(const struct svcr_part_changes *c, bool alone, json_t *summary);

#endif
