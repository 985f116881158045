/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "metadata.h"
#include "timestamp.h"
#include "values.h"
#include "hash.h"

#define MEMBER(path) offsetof(struct svcr_metadata, path)

/* Its presence counts, with any value but null. */
static void read_presence(struct svcr_reader *r, void *member)
{
	if (svcr_json_peek(&r->json) != SVCR_JSON_NULL)
		*(bool *)member = true;
	svcr_json_skip(&r->json);
}

/* Other versions than decimal numbers of 64 bits cannot be compared, and count as absent. */
static void read_version(struct svcr_reader *r, void *member)
{
	uint64_t n = 0;
	struct svcr_str s;

	if (!svcr_read_string(r, &s) || s.len > 19)
		return;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return;
		n = n * 10 + (uint64_t)(s.p[i] - '0');
	}
	*(uint64_t *)member = n;
}

static void read_uid(struct svcr_reader *r, void *member)
{
	struct svcr_str s;

	if (svcr_read_string(r, &s) && s.len)
		*(uint32_t *)member = svcr_hash(0, s.p, s.len) | 1;
}

/*
 * The well-known labels of Kubernetes ("Well-Known Labels, Annotations and
 * Taints" in its reference). kube-proxy leaves services with the last two alone.
 */
static const struct svcr_field label_fields[] = {
	{ SVCR_FIELD("kubernetes.io/service-name"), SVCR_F_CUSTOM, MEMBER(service),
	  .read = svcr_read_label_name },
	{ SVCR_FIELD("topology.kubernetes.io/zone"), SVCR_F_STRING, .offset = MEMBER(zone) },
	{ SVCR_FIELD("service.kubernetes.io/service-proxy-name"), SVCR_F_CUSTOM, MEMBER(not_ours),
	  .read = read_presence },
	{ SVCR_FIELD("service.kubernetes.io/headless"), SVCR_F_CUSTOM, MEMBER(not_ours),
	  .read = read_presence },
	SVCR_END
};

/*
 * Any text is accepted: a misspelt name must not stop all services. The build of
 * IPVS rules warns of unknown schedulers.
 */
static const struct svcr_field annotation_fields[] = {
	{ SVCR_FIELD("svcrules.io/ipvs-scheduler"), SVCR_F_STRING, .offset = MEMBER(scheduler) },
	{ SVCR_FIELD("service.kubernetes.io/topology-aware-hints"), SVCR_F_CUSTOM,
	  MEMBER(old[SVCR_OLD_TOPOLOGY_HINTS]), .read = read_presence },
	{ SVCR_FIELD("service.alpha.kubernetes.io/tolerate-unready-endpoints"), SVCR_F_CUSTOM,
	  MEMBER(old[SVCR_OLD_UNREADY_ENDPOINTS]), .read = read_presence },
	{ SVCR_FIELD("service.beta.kubernetes.io/external-traffic"), SVCR_F_CUSTOM,
	  MEMBER(old[SVCR_OLD_EXTERNAL_TRAFFIC]), .read = read_presence },
	{ SVCR_FIELD("service.beta.kubernetes.io/healthcheck-nodeport"), SVCR_F_CUSTOM,
	  MEMBER(old[SVCR_OLD_HEALTH_PORT]), .read = read_presence },
	{ SVCR_FIELD("service.beta.kubernetes.io/load-balancer-source-ranges"), SVCR_F_CUSTOM,
	  MEMBER(old[SVCR_OLD_SOURCE_RANGES]), .read = read_presence },
	SVCR_END
};

static void read_created(struct svcr_reader *r, void *member)
{
	struct svcr_str s;

	if (!svcr_read_string(r, &s) || !s.len || svcr_timestamp_parse(member, s))
		return;
	svcr_read_warning(r, "value", "'%.*s' is not a time such as 2024-05-01T12:00:00Z: left out",
			  (int)(s.len < 64 ? s.len : 64), s.p);
}

static void read_object_name(struct svcr_reader *r, struct svcr_metadata *meta, const char **name,
			     size_t max)
{
	if (!svcr_read_name(r, name, max, "the object is left out"))
		meta->unusable = true;
}

static void read_service_name(struct svcr_reader *r, void *member)
{
	read_object_name(r, SVCR_CONTAINER(member, struct svcr_metadata, name), member,
			 SVCR_NAME_SHORT);
	svcr_read_check_label(r, *(const char **)member);
}

static void read_long_name(struct svcr_reader *r, void *member)
{
	read_object_name(r, SVCR_CONTAINER(member, struct svcr_metadata, name), member,
			 SVCR_NAME_LONG);
}

static void read_namespace(struct svcr_reader *r, void *member)
{
	read_object_name(r, SVCR_CONTAINER(member, struct svcr_metadata, ns), member,
			 SVCR_NAME_SHORT);
	svcr_read_check_label(r, *(const char **)member);
}

const struct svcr_field svcr_service_metadata_fields[] = {
	{ SVCR_FIELD("name"), SVCR_F_CUSTOM, MEMBER(name), .read = read_service_name },
	{ SVCR_FIELD("namespace"), SVCR_F_CUSTOM, MEMBER(ns), .read = read_namespace },
	{ SVCR_FIELD("creationTimestamp"), SVCR_F_CUSTOM, MEMBER(created), .read = read_created },
	{ SVCR_FIELD("resourceVersion"), SVCR_F_CUSTOM, MEMBER(version), .read = read_version },
	{ SVCR_FIELD("uid"), SVCR_F_CUSTOM, MEMBER(uid), .read = read_uid },
	{ SVCR_FIELD("labels"), SVCR_F_OBJECT, .fields = label_fields },
	{ SVCR_FIELD("annotations"), SVCR_F_OBJECT, .fields = annotation_fields },
	SVCR_END
};

const struct svcr_field svcr_metadata_fields[] = {
	{ SVCR_FIELD("name"), SVCR_F_CUSTOM, MEMBER(name), .read = read_long_name },
	{ SVCR_FIELD("namespace"), SVCR_F_CUSTOM, MEMBER(ns), .read = read_namespace },
	{ SVCR_FIELD("resourceVersion"), SVCR_F_CUSTOM, MEMBER(version), .read = read_version },
	{ SVCR_FIELD("uid"), SVCR_F_CUSTOM, MEMBER(uid), .read = read_uid },
	{ SVCR_FIELD("labels"), SVCR_F_OBJECT, .fields = label_fields },
	SVCR_END
};

const struct svcr_field svcr_dated_metadata_fields[] = {
	{ SVCR_FIELD("name"), SVCR_F_CUSTOM, MEMBER(name), .read = read_long_name },
	{ SVCR_FIELD("namespace"), SVCR_F_CUSTOM, MEMBER(ns), .read = read_namespace },
	{ SVCR_FIELD("creationTimestamp"), SVCR_F_CUSTOM, MEMBER(created), .read = read_created },
	{ SVCR_FIELD("resourceVersion"), SVCR_F_CUSTOM, MEMBER(version), .read = read_version },
	{ SVCR_FIELD("uid"), SVCR_F_CUSTOM, MEMBER(uid), .read = read_uid },
	SVCR_END
};

/* ---- All labels ---------------------------------------------------------- */

/* API servers set the field when they are asked to delete the object. */
static void read_deletion(struct svcr_reader *r, void *member)
{
	*(bool *)member = svcr_json_peek(&r->json) == SVCR_JSON_STRING;
	svcr_json_skip(&r->json);
}

const struct svcr_field svcr_labelled_metadata_fields[] = {
	{ SVCR_FIELD("name"), SVCR_F_CUSTOM, MEMBER(name), .read = read_long_name },
	{ SVCR_FIELD("namespace"), SVCR_F_CUSTOM, MEMBER(ns), .read = read_namespace },
	{ SVCR_FIELD("resourceVersion"), SVCR_F_CUSTOM, MEMBER(version), .read = read_version },
	{ SVCR_FIELD("uid"), SVCR_F_CUSTOM, MEMBER(uid), .read = read_uid },
	{ SVCR_FIELD("deletionTimestamp"), SVCR_F_CUSTOM, MEMBER(terminating),
	  .read = read_deletion },
	{ SVCR_FIELD("labels"), SVCR_F_MAP, offsetof(struct svcr_labelled, labels),
	  .max = SVCR_LABELS_MAX },
	SVCR_END
};

void svcr_read_unique(struct svcr_map *map)
{
	size_t n = 0;

	for (size_t i = 0; i < map->n; i++) /* sorted; of equal keys one remains */
		if (i + 1 == map->n || map->v[i].key != map->v[i + 1].key)
			map->v[n++] = map->v[i];
	map->n = n;
}

const struct svcr_labels *svcr_read_labels(struct svcr_reader *r, struct svcr_labelled *l)
{
	struct svcr_map *map = &l->labels;
	const struct svcr_labels *kept;

	svcr_read_unique(map);
	kept = svcr_labels_intern(&r->model->selectors, &r->model->arena, map->v, map->n);
	if (!kept)
		r->err = -ENOMEM;
	free(map->v);
	*map = (struct svcr_map){ .n = 0 };
	return kept;
}

/* ---- All annotations ------------------------------------------------------- */

const struct svcr_field svcr_annotated_metadata_fields[] = {
	{ SVCR_FIELD("name"), SVCR_F_CUSTOM, MEMBER(name), .read = read_long_name },
	{ SVCR_FIELD("namespace"), SVCR_F_CUSTOM, MEMBER(ns), .read = read_namespace },
	{ SVCR_FIELD("creationTimestamp"), SVCR_F_CUSTOM, MEMBER(created), .read = read_created },
	{ SVCR_FIELD("resourceVersion"), SVCR_F_CUSTOM, MEMBER(version), .read = read_version },
	{ SVCR_FIELD("uid"), SVCR_F_CUSTOM, MEMBER(uid), .read = read_uid },
	{ SVCR_FIELD("annotations"), SVCR_F_MAP, offsetof(struct svcr_annotated, annotations),
	  .max = SVCR_LABELS_MAX, .keep_nul = true },
	SVCR_END
};

void svcr_read_annotations(struct svcr_reader *r, struct svcr_annotated *a)
{
	svcr_read_unique(&a->annotations);
	SVCR_READ_KEEP(r, &a->annotations);
}
