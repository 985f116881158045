/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A part of a rule set changes as one. The kinds of parts are "nft" (tables of nf_tables, one
 * transaction), "link" (addresses of an interface), "ipvs" (virtual servers) and "file" (text
 * files). Each kind has one table of operations; code that handles rule sets calls only these.
 */
#ifndef SVCR_PART_H
#define SVCR_PART_H

#include <jansson.h>

#include "out.h"
#include "svcrules.h"

#define SVCR_PRINT_ORDERS 4

struct svcr_part_ops;
struct svcrules_changes;
struct svcrules_ruleset;

/* The first member of every part. */
struct svcr_part {
	const struct svcr_part_ops *ops;
};

/* The first member of the changes of every part. */
struct svcr_part_changes {
	const struct svcr_part_ops *ops;
};

/* What a kind of parts can do: one constant of this type for each kind. */
struct svcr_part_ops {
	const char *kind;          /* "nft" */
	const char *format;        /* -o FORMAT that prints this part alone; NULL: none */
	const char *change_format; /* -o FORMAT that prints its changes alone; NULL: none */
	const char *heading;       /* heading of this part in the text of a whole rule set */
	int print_order; /* from 1 to SVCR_PRINT_ORDERS: parts are printed in this order */

	void (*free)(struct svcr_part *p);
	/* Makes an empty part for the same place (table, interface ...). NULL: out of memory. */
	struct svcr_part *(*like)(const struct svcr_part *p);
	/* True if two parts of this kind are for the same place. NULL: always. */
	bool (*same_place)(const struct svcr_part *a, const struct svcr_part *b);

	/* Fills in count, owner and present of struct svcrules_part. NULL: they mean nothing. */
	void (*describe_part)(const struct svcr_part *p, struct svcrules_part *ret);

	/* Prints the whole part as text that nft(8), ipvsadm(8) or ip(8) loads. */
	void (*print)(const struct svcr_part *p, const struct svcrules_ruleset *rs,
		      struct svcr_out *o);
	/* Adds the part's members to the JSON of its rule set. 0 or -ENOMEM. */
	int (*json)(const struct svcr_part *p, const struct svcrules_ruleset *rs, json_t *root);

	/*
	 * Files. Describes the i-th file that the part makes, by its name if the part has several;
	 * false past the end. The name is the part's. NULL: the part makes none.
	 */
	bool (*file)(const struct svcr_part *p, size_t i, struct svcrules_file *ret);
	/* Writes the text of that file, a piece at a time. */
	void (*file_print)(const struct svcr_part *p, size_t i, struct svcr_out *o);

	/* Compares; `to` may be arranged so that less changes. Both outlive *ret. 0 or -ENOMEM. */
	int (*diff)(const struct svcr_part *from, struct svcr_part *to,
		    struct svcr_part_changes **ret);
	void (*changes_free)(struct svcr_part_changes *c);
	bool (*changes_empty)(const struct svcr_part_changes *c);
	/* Adds to the numbers of the whole change. */
	void (*count)(const struct svcr_part_changes *c, struct svcrules_changes_stats *stats);
	/* Prints the changes as commands of nft(8), ipvsadm(8) or ip(8). */
	void (*print_changes)(const struct svcr_part_changes *c, struct svcr_out *o);
	/* Prints a line for each change that no line of the target's report covers. NULL: none. */
	void (*print_rest)(const struct svcr_part_changes *c, struct svcr_out *o);
	/*
	 * For a target with a report: prints lines about what other programs did, and returns how
	 * many changes of rules, sets and the like are left, that no line of the report covers.
	 * NULL: none.
	 */
	size_t (*print_notes)(const struct svcr_part_changes *c, struct svcr_out *o);
	/* Prints the numbers of the change in words, for the summary line. NULL: none. */
	void (*print_summary)(const struct svcr_part_changes *c, struct svcr_out *o);
	/* Adds members to the JSON of the changes. NULL: none. 0 or -ENOMEM. */
	int (*json_rest)(const struct svcr_part_changes *c, json_t *root);
	/*
	 * Adds numbers to its summary; `alone`: the rule set has no other part. NULL: none. 0
	 * or -ENOMEM.
	 */
	int (*json_summary)(const struct svcr_part_changes *c, bool alone, json_t *summary);

	/*
	 * Prints a line for each kind of difference between what a run left and what there is now.
	 * NULL: nothing is known. 0 or -ENOMEM.
	 */
	int (*drift)(const struct svcr_part *left, const struct svcr_part *have,
		     struct svcr_out *o);
	/*
	 * Writes the part as bytes, and fills an empty part with such bytes; see svcrules_pack()
	 * and svcrules_unpack(). NULL: it cannot be written.
	 */
	int (*pack)(const struct svcr_part *p, svcrules_write_fn write, void *arg);
	int (*unpack)(const void *buf, size_t len, struct svcr_part *into);

	/*
	 * Makes the messages of one stage; see svcrules_changes_encode(). NULL: the part is not
	 * sent by netlink.
	 */
	int (*encode)(struct svcr_part_changes *c, enum svcrules_stage stage, uint32_t number,
		      struct svcrules_messages *ret);
	/*
	 * Says what was refused and why, malloc'ed; see svcrules_changes_refused(). NULL: out
	 * of memory.
	 */
	char *(*describe)(const struct svcr_part_changes *c, const struct svcrules_changes *whole,
			  enum svcrules_stage stage, uint32_t seq, int err);
	/* True if the refusal of a message means that there is nothing left to do. NULL: never. */
	bool (*harmless)(const struct svcr_part_changes *c, enum svcrules_stage stage, uint32_t seq,
			 int err);
	/* True if refusing message `other` may be why `seq` was refused. NULL: never. */
	bool (*consequence)(const struct svcr_part_changes *c, enum svcrules_stage stage,
			    uint32_t seq, uint32_t other);

	/*
	 * Reading back; see svcrules_reader_next() and the functions after it. `state` is
	 * `reader_size` zeroed bytes of the part's own. NULL: there is nothing to read.
	 */
	size_t reader_size;
	int (*reader_next)(void *state, struct svcrules_ruleset *have, struct svcr_part *p,
			   struct svcrules_request *ret);
	int (*reader_take)(void *state, struct svcrules_ruleset *have, struct svcr_part *p,
			   const void *msg);
	int (*reader_answered)(void *state, struct svcrules_ruleset *have, struct svcr_part *p,
			       int err);
	/* See svcrules_reader_watched(). NULL: it makes no difference. */
	void (*reader_watched)(void *state);

	/*
	 * Describes the i-th obstacle: a thing that another program made and that `want` cannot
	 * change. Returns 1 and a malloc'ed *ret, 0 if there are no more, or -ENOMEM. NULL:
	 * this kind has none.
	 */
	int (*obstacle)(const struct svcr_part *have, const struct svcrules_ruleset *whole,
			const struct svcrules_ruleset *want, size_t i, char **ret);
};

#endif
