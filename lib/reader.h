/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads JSON objects by tables of their fields. The reader keeps the path of
 * the current field, so that each diagnostic names its place.
 *
 * Errors of the input become diagnostics, and reading goes on. What no API
 * server stores is an error (broken JSON, wrong types, missing names, a port
 * number of a Service out of range); a value that an API server stores and that
 * cannot be used is left out with a warning. Shortage of
 * memory is sticky in `err`, an error of the JSON text in `json.failed`; after
 * either, values are missing but everything can be released as usual.
 */
#ifndef SVCR_READER_H
#define SVCR_READER_H

#include "diag.h"
#include "int_or_string.h"
#include "json/json.h"
#include "map.h"
#include "model.h"

#include <errno.h>

#define SVCR_PATH_MAX 24   /* depth of the field paths of all tables */
#define SVCR_NO_WORD -1    /* svcr_read_word(): no word is given */
#define SVCR_OTHER_WORD -2 /* svcr_read_word(): a word that is not in the list */
#define SVCR_MAP_MAX 4096  /* pairs in a map whose field sets no other limit */

struct svcr_kind;

/* What a watch event says of the object in it. */
enum svcr_event {
	SVCR_EVENT_NONE, /* the object is not in an event, or the event is no news */
	SVCR_EVENT_ADDED,
	SVCR_EVENT_MODIFIED,
	SVCR_EVENT_DELETED,
	SVCR_EVENT_ERROR
};

struct svcr_reader {
	struct svcr_json json;
	struct svcrules_model *model;
	struct svcrules_diags *diags;
	const char *source; /* interned name of the input */
	struct {
		const char *key;
		int index;
	} path[SVCR_PATH_MAX]; /* key NULL: an index */
	int depth;
	int err;                      /* 0 or -ENOMEM */
	const struct svcr_kind *last; /* kind of the previous object; NULL: none, or not read */
	void *object;  /* the object being read; room for one of any kind that the model reads */
	uint32_t line; /* where the object being read starts; 0: not asked for */
	enum svcr_event event; /* of the object being read */
	bool in_array;         /* the values being read are items of an array, not of a list */
	bool kindless;         /* an item of an array without a kind was told */
};

/* What a field's value is in JSON, and the type of the member that receives it. */
enum svcr_field_kind {
	SVCR_F_STRING,        /* const char *, interned; "" stays "" */
	SVCR_F_BOOL,          /* bool */
	SVCR_F_INT,           /* uint32_t, from min to max */
	SVCR_F_INT_OR_STRING, /* struct svcr_int_or_string; a number is from min to max */
	SVCR_F_MAP,           /* struct svcr_map of at most max pairs (0: SVCR_MAP_MAX) */
	SVCR_F_OBJECT,        /* an object that `fields` read; offsets count from the member */
	SVCR_F_EACH,          /* an array: `read` takes each item */
	SVCR_F_CUSTOM,        /* `read` takes the value */
};

struct svcr_field {
	const char *name;
	uint8_t len;     /* of the name */
	uint8_t kind;    /* enum svcr_field_kind */
	uint16_t offset; /* of the member in the object that the table reads */
	/*
	 * The member is a malloc'ed list (list.h) that `read` fills. Its items
	 * own nothing: lists inside them are moved into the arena as they are read.
	 */
	bool owns;
	/* Of SVCR_F_MAP: a NUL becomes \001, so that whoever checks the value finds it. */
	bool keep_nul;
	uint32_t min, max;
	void (*read)(struct svcr_reader *r, void *member);
	const struct svcr_field *fields;
};

/* The name of a field and its length; the last entry of a table is SVCR_END. */
#define SVCR_FIELD(literal) literal, sizeof(literal) - 1
#define SVCR_END \
	{ \
		.name = NULL \
	}

/*
 * The object of which `pointer` is a member, for `read` functions that need more
 * than the member.
 */
#define SVCR_CONTAINER(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

/* ---- Objects ----------------------------------------------------------- */

/*
 * Reads the next value, an object, into `obj`. Unknown fields are skipped; null
 * counts as absent.
 */
void svcr_read_object(struct svcr_reader *r, const struct svcr_field *fields, void *obj);
/*
 * The same where a field that is not known may restrict what the others say. Returns false if
 * there is one, after a warning that ends with `instead`, and on null and other values than
 * objects.
 */
bool svcr_read_known(struct svcr_reader *r, const struct svcr_field *fields, void *obj,
		     const char *instead);
/* Reads the value of `key`, the key that was taken last, into `obj`. */
void svcr_read_member(struct svcr_reader *r, const struct svcr_field *fields, struct svcr_str key,
		      void *obj);
/* Calls `read` with `member` for each item of the next value, an array; null has no items. */
void svcr_read_each(struct svcr_reader *r, void (*read)(struct svcr_reader *r, void *member),
		    void *member);
/* Frees and empties all lists and maps that the table's fields own in `obj`. */
void svcr_read_release(const struct svcr_field *fields, void *obj);

/* ---- Values ------------------------------------------------------------ */

/*
 * Takes a string, valid until the next call. Returns false on null and, after an
 * error, on another type.
 */
bool svcr_read_string(struct svcr_reader *r, struct svcr_str *s);
/*
 * Takes a string and returns it interned; NULL where svcr_read_string() is false
 * or memory is short, and, after a warning, if the string contains a NUL
 * character, which no name and no address has.
 */
const char *svcr_read_interned(struct svcr_reader *r);
/*
 * Takes true or false. Returns false and leaves *b alone on null and, after an
 * error, on another type.
 */
bool svcr_read_bool(struct svcr_reader *r, bool *b);
/*
 * Takes one of `words` (ended by NULL). Returns its index; SVCR_NO_WORD on null
 * and "", SVCR_OTHER_WORD on other text after a warning, which ends with
 * `instead`: what is done with it ("taken as Cluster").
 */
int svcr_read_word(struct svcr_reader *r, const char *const *words, const char *instead);
/*
 * Takes a whole number of up to 18 digits, perhaps negative. Returns false on null
 * and, after an error, on another value.
 */
bool svcr_read_whole(struct svcr_reader *r, int64_t *n);
/* Returns `s` interned in the model; NULL, with r->err set, when memory is short. */
const char *svcr_read_intern(struct svcr_reader *r, struct svcr_str s);

/* ---- Lists ------------------------------------------------------------- */

/* svcr_grow(), with r->err set when memory is short. */
static inline void *svcr_read_grow(struct svcr_reader *r, void **v, size_t *n, size_t *cap,
				   size_t size)
{
	void *p = svcr_grow(v, n, cap, size);

	if (!p)
		r->err = -ENOMEM;
	return p;
}
/*
 * Moves a malloc'ed list into the model's arena; when memory is short it is empty
 * and r->err set.
 */
void svcr_read_keep(struct svcr_reader *r, void **v, size_t *n, size_t *cap, size_t size);

#define SVCR_READ_GROW(r, list) \
	svcr_read_grow(r, (void **)&(list)->v, &(list)->n, &(list)->cap, sizeof(*(list)->v))
#define SVCR_READ_KEEP(r, list) \
	svcr_read_keep(r, (void **)&(list)->v, &(list)->n, &(list)->cap, sizeof(*(list)->v))

/* ---- Diagnostics ------------------------------------------------------- */

/* Adds an error at the current field, unless the JSON text is broken, which is reported once. */
void svcr_read_error(struct svcr_reader *r, const char *check, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same for a warning: the value is left out, and reading goes on. */
void svcr_read_warning(struct svcr_reader *r, const char *check, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Adds a diagnostic of any severity at the current field; `object` may be NULL. */
void svcr_read_note(struct svcr_reader *r, enum svcrules_severity severity, const char *check,
		    const char *object, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Enters a field of the path (`key`, which is borrowed) or, with key NULL, an item by its index. */
void svcr_read_push(struct svcr_reader *r, const char *key, int index);
/* Leaves it. */
void svcr_read_pop(struct svcr_reader *r);

#endif
