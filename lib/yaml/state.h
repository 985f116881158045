/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state that the parts of the YAML converter share: reading and errors
 * (yaml.c), nodes (node.c), and what aliases and merge keys repeat (anchor.c).
 */
#ifndef SVCR_YAML_STATE_H
#define SVCR_YAML_STATE_H

#include <yaml.h>
#include "table.h"
#include "yaml/yaml.h"

struct svcr_yaml_buffer {
	char *p;
	size_t len, cap;
};

/*
 * JSON text in `kept`: the value of an anchor, or of a merge key. Values of merge keys
 * inside of it stand between two bytes of their own; they are no part of it.
 */
struct svcr_yaml_range {
	size_t start, end; /* end SIZE_MAX: the value is not complete */
};

struct svcr_yaml_anchor {
	struct svcr_yaml_range range;
	char name[]; /* terminated */
};

/* An open list or mapping. */
struct svcr_yaml_frame {
	bool mapping;
	bool any;                        /* has an item or a key */
	bool valued;                     /* a key was taken: its value comes next */
	bool merging;                    /* that key is a merge key */
	bool in_merge;                   /* is the value of a merge key */
	struct svcr_yaml_anchor *anchor; /* on this node; or NULL */
	size_t first_hash, first_merge;  /* where its keys and merges start in the state */
};

struct svcr_yaml_state {
	yaml_parser_t parser;
	bool has_parser;
	struct svcr_str first;
	uint64_t base; /* line of the whole input where libyaml's line 0 is */
	svcr_yaml_fill_fn fill;
	void *arg;
	uint64_t taken;        /* bytes of input */
	unsigned char held[2]; /* of input that may be half a byte-order mark */
	size_t n_held;
	bool line_start, eof, ended;
	uint64_t line, column; /* from 0: where the JSON text has come to */
	struct svcr_yaml_buffer out;
	size_t given; /* of `out` */
	/* The JSON of anchored nodes of this document, and of merge keys. */
	struct svcr_yaml_buffer kept;
	unsigned int keeping;   /* open anchors and merge keys: text goes to `kept` */
	unsigned int diverting; /* open merge keys: text goes there alone */
	struct svcr_table anchors;
	uint64_t expanded, seed;
	struct {
		uint64_t *v;
		size_t n, cap;
	} hashes; /* of the keys of open mappings */
	struct {
		struct svcr_yaml_range *v;
		size_t n, cap;
	} merges; /* of open mappings */
	size_t depth;
	struct svcr_yaml_frame frames[SVCR_YAML_MAX_DEPTH];
};

/* ---- errors (yaml.c) --------------------------------------------------- */

/* Set the error, unless there is one. `mark` NULL: there is no place. */
void svcr_yaml_fail(struct svcr_yaml *y, const yaml_mark_t *mark, const char *fmt, ...)
	__attribute__((cold, format(printf, 3, 4)));
void svcr_yaml_no_memory(struct svcr_yaml *y) __attribute__((cold));

/* ---- output (yaml.c) --------------------------------------------------- */

/* Appends JSON text. */
void svcr_yaml_put(struct svcr_yaml *y, const char *p, size_t len);
/* Appends a text as a JSON string. */
void svcr_yaml_put_string(struct svcr_yaml *y, struct svcr_str s);
/* Moves to the place of the node in the YAML text, with white space. */
void svcr_yaml_place(struct svcr_yaml *y, const yaml_mark_t *mark);

/* ---- nodes (node.c) ---------------------------------------------------- */

/* Takes an event of libyaml that is, starts or ends a node. */
void svcr_yaml_node(struct svcr_yaml *y, const yaml_event_t *e);

/* ---- anchors and merge keys (anchor.c) --------------------------------- */

/* Starts the value of an anchor; ends with svcr_yaml_keep_end(). Returns NULL on error. */
struct svcr_yaml_anchor *svcr_yaml_anchor_start(struct svcr_yaml *y, const yaml_mark_t *mark,
						const char *name);
void svcr_yaml_anchor_end(struct svcr_yaml *y, struct svcr_yaml_anchor *a);
/* Finds the value of an alias; false: an error was set. */
bool svcr_yaml_alias(struct svcr_yaml *y, const yaml_event_t *e, struct svcr_yaml_range *ret);
/* Appends JSON text that is kept. */
void svcr_yaml_put_kept(struct svcr_yaml *y, struct svcr_yaml_range r);
/* Start and end the value of a merge key of the innermost mapping. */
void svcr_yaml_merge_start(struct svcr_yaml *y);
void svcr_yaml_merge_end(struct svcr_yaml *y);
/* Notes a key of the innermost mapping: JSON text, with its quotes. */
void svcr_yaml_note_key(struct svcr_yaml *y, const char *json, size_t len);
/* Before the end of the innermost mapping: appends what its merge keys bring. */
void svcr_yaml_put_merged(struct svcr_yaml *y, const yaml_mark_t *mark);
/* At the end of a document: forgets all anchors. */
void svcr_yaml_forget(struct svcr_yaml *y);
void svcr_yaml_anchors_release(struct svcr_yaml_state *st);

#endif
