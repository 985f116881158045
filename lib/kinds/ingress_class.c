/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IngressClass of networking.k8s.io/v1: whose controller an Ingress is for. */
#include "kinds.h"
#include "metadata.h"
#include "values.h"

struct class_object {
	struct svcr_annotated head;
	const char *controller;
};

static const struct svcr_field class_spec_fields[] = { { SVCR_FIELD("controller"), SVCR_F_STRING,
							 .offset = offsetof(struct class_object,
									    controller) },
						       SVCR_END };

static const struct svcr_field class_fields[] = {
	{ SVCR_FIELD("metadata"), SVCR_F_OBJECT, offsetof(struct class_object, head),
	  .fields = svcr_annotated_metadata_fields },
	{ SVCR_FIELD("spec"), SVCR_F_OBJECT, .fields = class_spec_fields },
	SVCR_END
};

static void finish_class(struct svcr_reader *r, void *object)
{
	struct class_object *o = object;
	struct svcr_ingress_class *slot;
	const char *value;

	svcr_read_annotations(r, &o->head);
	value = svcr_map_get(&o->head.annotations, "ingressclass.kubernetes.io/is-default-class");
	slot = SVCR_READ_GROW(r, &r->model->ingress_classes);
	if (slot)
		*slot = (struct svcr_ingress_class){
			.name = o->head.meta.name,
			.source = r->source,
			.controller = o->controller ? o->controller : "",
			.is_default = value && strcmp(value, "true") == 0,
		};
}

const struct svcr_kind svcr_kind_ingress_class = {
	.kind = "IngressClass",
	.api = "networking.k8s.io/v1",
	.namespaced = false,
	.needs_name = true,
	.fields = class_fields,
	.size = sizeof(struct class_object),
	.finish = finish_class,
};
