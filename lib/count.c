/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "count.h"
#include "model.h"

#include <errno.h>

static void count_left_out(const struct svcr_service *s, struct svcr_model_counts *c)
{
	if (s->not_ours)
		c->not_ours++;
	else if (s->type == SVCR_EXTERNAL_NAME)
		c->external_names++;
	else if (s->headless)
		c->headless++;
	else if (!s->cluster_ips.n)
		c->pending++;
	else
		c->other++;
}

int svcr_count_services(const struct svcrules_model *m, const struct svcr_view *view,
			struct svcr_model_counts *ret)
{
	size_t n = m->services.n;
	bool *served = calloc(n + 1, sizeof(*served));

	if (!served)
		return -ENOMEM;
	*ret = (struct svcr_model_counts){ 0 };
	for (size_t i = 0; i < view->nvips; i++)
		served[view->vips[i].service - m->services.v] = true;
	for (size_t i = 0; i < n; i++)
		if (served[i])
			ret->served++;
		else
			count_left_out(&m->services.v[i], ret);
	free(served);
	return 0;
}
