/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The metadata of objects, with the labels and annotations that matter here. */
#ifndef SVCR_METADATA_H
#define SVCR_METADATA_H

#include "reader.h"

/* The first member of every object that is read. Strings are interned, NULL while absent. */
struct svcr_metadata {
	const char *ns; /* when finished: "default" or "" if absent */
	const char *name;
	int64_t created;           /* creationTimestamp, nanoseconds since 1970; 0: none */
	const char *service;       /* label kubernetes.io/service-name */
	const char *zone;          /* label topology.kubernetes.io/zone */
	const char *scheduler;     /* annotation svcrules.io/ipvs-scheduler */
	bool old[SVCR_OLD__COUNT]; /* a Service's: it has the deprecated annotation */
	bool not_ours;             /* a label gives the service to another proxy */
	bool unusable;             /* a name is none: the object is left out */
	bool terminating;          /* of labelled objects: it has a deletionTimestamp */
	uint64_t version;          /* resourceVersion; 0: absent, or no decimal number */
	uint32_t uid;              /* a hash of it; 0: absent */
};

/* The same with all labels, for kinds that are selected by them. */
struct svcr_labelled {
	struct svcr_metadata meta;
	struct svcr_map labels; /* each key perhaps several times: svcr_read_labels() */
};

/* The same with all annotations, for kinds whose meaning these change. */
struct svcr_annotated {
	struct svcr_metadata meta;
	struct svcr_map annotations; /* each key perhaps several times: svcr_read_annotations() */
};

/* Fields of struct svcr_metadata, for names of up to 253 bytes. */
extern const struct svcr_field svcr_metadata_fields[];
/* The same with `created`, without labels. */
extern const struct svcr_field svcr_dated_metadata_fields[];
/* The same for Services: names of up to 63 bytes, with `created` and `scheduler`. */
extern const struct svcr_field svcr_service_metadata_fields[];
/* Fields of struct svcr_labelled, for names of up to 253 bytes. */
extern const struct svcr_field svcr_labelled_metadata_fields[];
/* Fields of struct svcr_annotated, for names of up to 253 bytes, with `created`. */
extern const struct svcr_field svcr_annotated_metadata_fields[];

/* More than fit into an object that an API server stores: etcd takes 1.5 MB. */
#define SVCR_LABELS_MAX (1 << 20)

/* Leaves one of equal keys in a sorted map. */
void svcr_read_unique(struct svcr_map *map);
/* Moves the annotations into the model's arena, each key once. */
void svcr_read_annotations(struct svcr_reader *r, struct svcr_annotated *a);
/* Moves the labels into the model, where equal ones are stored once. NULL when memory is short. */
const struct svcr_labels *svcr_read_labels(struct svcr_reader *r, struct svcr_labelled *l);

#endif
