/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Namespace of v1: its labels, which namespaceSelector of a NetworkPolicy selects. */
#include "kinds.h"
#include "metadata.h"
#include "values.h"

struct namespace_object {
	struct svcr_labelled head;
};

static const struct svcr_field namespace_fields[] = { { SVCR_FIELD("metadata"), SVCR_F_OBJECT,
							offsetof(struct namespace_object, head),
							.fields = svcr_labelled_metadata_fields },
						      SVCR_END };

static void finish_namespace(struct svcr_reader *r, void *object)
{
	struct namespace_object *o = object;
	const struct svcr_labels *labels = svcr_read_labels(r, &o->head);
	struct svcr_namespace *slot = labels ? SVCR_READ_GROW(r, &r->model->namespaces) : NULL;

	svcr_read_push(r, "metadata.name", 0);
	svcr_read_check_label(r, o->head.meta.name);
	svcr_read_pop(r);
	if (slot)
		*slot = (struct svcr_namespace){ o->head.meta.name, labels };
}

const struct svcr_kind svcr_kind_namespace = {
	.kind = "Namespace",
	.api = "v1",
	.namespaced = false,
	.fields = namespace_fields,
	.size = sizeof(struct namespace_object),
	.finish = finish_namespace,
};
