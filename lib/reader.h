/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading one JSON object by a table of its fields. A reader knows where it
 * is (the field path), so that every complaint can name the place.
 */
#ifndef SVCR_READER_H
#define SVCR_READER_H

#include "diag.h"
#include "json/json.h"
#include "model.h"

#define SVCR_PATH_MAX 24

struct svcr_kind;

struct svcr_reader {
	struct svcr_json json;
	struct svcrules_model *model;
	struct svcrules_diags *diags;
	const char *source;
	struct { const char *key; int index; } path[SVCR_PATH_MAX]; /* key NULL: an index */
	int depth;
	int err; /* -ENOMEM, sticky */
	const struct svcr_kind *last; /* of the object before; NULL: of no use here */
};

enum svcr_field_kind {
	SVCR_F_STRING,   /* const char *, interned; "" in JSON stays "" */
	SVCR_F_BOOL,     /* bool */
	SVCR_F_INT,      /* uint32_t, within min and max */
	SVCR_F_OBJECT,   /* read by `fields`, into the same object at `offset` */
	SVCR_F_EACH,     /* an array: `read` for each item */
	SVCR_F_CUSTOM,   /* `read` takes the value */
};

struct svcr_field {
	const char *name;
	size_t len; /* of the name */
	enum svcr_field_kind kind;
	size_t offset; /* of the member in the object that is read */
	uint32_t min, max;
	void (*read)(struct svcr_reader *r, void *member);
	const struct svcr_field *fields; /* ended by an entry without a name */
};

#define SVCR_FIELD(literal) literal, sizeof(literal) - 1

/* Reads the object that comes next into `obj`; unknown fields are skipped, null counts as absent. */
void svcr_read_object(struct svcr_reader *r, const struct svcr_field *fields, void *obj);
/* Reads the member of `obj` whose key was just taken. */
void svcr_read_member(struct svcr_reader *r, const struct svcr_field *fields, struct svcr_str key, void *obj);
/* Calls `read` for each item of the array that comes next (null: none). */
void svcr_read_each(struct svcr_reader *r, void (*read)(struct svcr_reader *r, void *member), void *member);
/* Takes a string; false after complaining about another type, or on null. */
bool svcr_read_string(struct svcr_reader *r, struct svcr_str *s);
/* The same, interned; NULL when there is none. */
const char *svcr_read_interned(struct svcr_reader *r);
/* Takes true or false; false (`b` as it was) after complaining about another type, or on null. */
bool svcr_read_bool(struct svcr_reader *r, bool *b);
/* One of `words` (ended by NULL): its index, or -1 after complaining. */
int svcr_read_word(struct svcr_reader *r, const char *const *words);

/* An error at the current field. */
void svcr_read_error(struct svcr_reader *r, const char *check, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void svcr_read_note(struct svcr_reader *r, enum svcrules_severity severity, const char *check,
		    const char *object, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void svcr_read_push(struct svcr_reader *r, const char *key, int index);
void svcr_read_pop(struct svcr_reader *r);

/* Tables for each kind (objects.c). */
extern const struct svcr_field svcr_service_fields[];
extern const struct svcr_field svcr_slice_fields[];
extern const struct svcr_field svcr_endpoints_fields[];
extern const struct svcr_field svcr_node_fields[];

struct svcr_object;

/*
 * Must follow the reading of an object by its table, also after errors: check
 * what needs more than one field, and move the result into the model.
 */
void svcr_service_finish(struct svcr_reader *r, struct svcr_object *o);
void svcr_slice_finish(struct svcr_reader *r, struct svcr_object *o);
void svcr_endpoints_finish(struct svcr_reader *r, struct svcr_object *o);
void svcr_node_finish(struct svcr_reader *r, struct svcr_object *o);
/* Must follow instead when the object turns out to be another one. */
void svcr_service_drop(struct svcr_object *o);
void svcr_slice_drop(struct svcr_object *o);
void svcr_endpoints_drop(struct svcr_object *o);
void svcr_node_drop(struct svcr_object *o);

struct svcr_metadata {
	const char *ns, *name, *created;
	const char *service;  /* label kubernetes.io/service-name */
	const char *zone;     /* label topology.kubernetes.io/zone */
	const char *scheduler; /* annotation svcrules.io/ipvs-scheduler */
	bool not_ours;        /* labelled for another proxy */
};

/* What the tables above fill in. */
struct svcr_object {
	struct svcr_metadata meta;
	size_t first_slice; /* legacy Endpoints: their subsets follow in the model's slices from here on */
	union {
		struct { struct svcr_service s; const char *cluster_ip; bool affinity_on; uint32_t timeout;
			 bool has_cluster_ips; } service;
		struct { struct svcr_slice s; bool has_type; } slice;
		struct { struct svcr_node n; struct svcr_cidrs pod_cidrs; } node;
	};
};

#endif
