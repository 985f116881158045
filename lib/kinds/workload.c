/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Workloads, of which manifests have more than of Pods: each counts as one Pod that is planned,
 * with the labels and ports of its template, in its namespace and with its name. Only checks read
 * them.
 */
#include "kinds.h"
#include "pod.h"

#define MEMBER(path) offsetof(struct workload_object, path)

struct workload_object {
	struct svcr_labelled head;
	struct pod_object pod;    /* of the template */
	const char *service_name; /* of a StatefulSet: the subdomain of its pods */
};

static void read_service_of(struct svcr_reader *r, void *member)
{
	svcr_read_name(r, member, SVCR_NAME_SHORT, "left out");
}

static const struct svcr_field template_field[] = {
	{ SVCR_FIELD("template"), SVCR_F_OBJECT, MEMBER(pod), .fields = svcr_pod_template_fields },
	SVCR_END
};

static const struct svcr_field workload_spec_fields[] = {
	{ SVCR_FIELD("template"), SVCR_F_OBJECT, MEMBER(pod), .fields = svcr_pod_template_fields },
	{ SVCR_FIELD("serviceName"), SVCR_F_CUSTOM, MEMBER(service_name), .read = read_service_of },
	SVCR_END
};

static const struct svcr_field job_fields[] = {
	{ SVCR_FIELD("spec"), SVCR_F_OBJECT, .fields = template_field }, SVCR_END
};

static const struct svcr_field cron_job_spec_fields[] = {
	{ SVCR_FIELD("jobTemplate"), SVCR_F_OBJECT, .fields = job_fields }, SVCR_END
};

static const struct svcr_field workload_fields[] = {
	{ SVCR_FIELD("metadata"), SVCR_F_OBJECT, MEMBER(head),
	  .fields = svcr_labelled_metadata_fields },
	{ SVCR_FIELD("spec"), SVCR_F_OBJECT, .fields = workload_spec_fields },
	SVCR_END
};

static const struct svcr_field cron_job_fields[] = {
	{ SVCR_FIELD("metadata"), SVCR_F_OBJECT, MEMBER(head),
	  .fields = svcr_labelled_metadata_fields },
	{ SVCR_FIELD("spec"), SVCR_F_OBJECT, .fields = cron_job_spec_fields },
	SVCR_END
};

/* The first pod of a StatefulSet stands for all of them. */
static void name_first(struct svcr_reader *r, struct workload_object *o)
{
	char name[SVCR_NAME_LONG + 3];
	int n = snprintf(name, sizeof(name), "%s-0", o->head.meta.name ? o->head.meta.name : "");

	o->pod.more.subdomain = o->service_name;
	o->pod.more.hostname = svcr_read_intern(r, (struct svcr_str){ name, (size_t)n });
}

static void finish_workload(struct svcr_reader *r, const char *kind, void *object)
{
	struct workload_object *o = object;

	free(o->head.labels.v);
	o->pod.head.meta = o->head.meta;
	o->pod.head.meta.uid = 0; /* no pod yet */
	o->pod.more.kind = kind;
	if (o->service_name)
		name_first(r, o);
	svcr_pod_keep(r, &o->pod);
}

/* One function and one kind for each. */
#define WORKLOAD(id, name, version, table) \
	static void finish_##id(struct svcr_reader *r, void *object) \
	{ \
		finish_workload(r, name, object); \
	} \
	const struct svcr_kind svcr_kind_##id = { \
		.kind = name, \
		.api = version, \
		.namespaced = true, \
		.fields = table, \
		.size = sizeof(struct workload_object), \
		.finish = finish_##id, \
	}

WORKLOAD(deployment, "Deployment", "apps/v1", workload_fields);
WORKLOAD(stateful_set, "StatefulSet", "apps/v1", workload_fields);
WORKLOAD(daemon_set, "DaemonSet", "apps/v1", workload_fields);
WORKLOAD(replica_set, "ReplicaSet", "apps/v1", workload_fields);
WORKLOAD(replication_controller, "ReplicationController", "v1", workload_fields);
WORKLOAD(job, "Job", "batch/v1", workload_fields);
WORKLOAD(cron_job, "CronJob", "batch/v1", cron_job_fields);
