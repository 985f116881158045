/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The toy target "list": the addresses and ports of Services as lines of text, in one file. */
#include "rules/list/target.h"
#include "rules/file/file.h"
#include "select.h"

static int list_make(struct svcrules_ruleset *rs, const struct svcrules_options *o,
		     const char *table)
{
	(void)o;
	(void)table;
	return svcr_ruleset_add(
		rs, (struct svcr_part *)svcr_file_new("services.txt", SVCR_FILE_PUBLIC));
}

static int list_build(const struct svcrules_model *m, const struct svcrules_options *o,
		      struct svcrules_diags *d, struct svcrules_ruleset *rs)
{
	struct svcr_out out = { .write = svcr_file_append, .arg = rs->parts[0] };
	char text[SVCR_ADDR_TEXT];
	struct svcr_view view;
	int err = svcr_select(&view, m, o, d);

	if (err)
		return err;
	for (size_t i = 0; i < view.nvips; i++) {
		const struct svcr_vip *v = &view.vips[i];

		svcr_out(&out, "%s/%s %s %s %u: %zu endpoints\n", v->service->ns, v->service->name,
			 svcr_addr_text(&v->addr, text), svcr_protocol_name(v->protocol), v->port,
			 v->choice->cluster.n);
	}
	svcr_view_release(&view);
	return svcr_out_end(&out);
}

static const struct svcr_kind *const kinds[] = { &svcr_kind_service, &svcr_kind_endpoint_slice,
						 &svcr_kind_node, NULL };
static const char *const formats[] = { "text", "json", NULL };
static const struct svcrules_setting settings[] = { { .name = NULL } };

const struct svcr_target svcr_target_list = {
	.info = { .name = "list",
		  .formats = formats,
		  .change_formats = formats,
		  .settings = settings,
		  .table_suffix = "" },
	.reads = kinds,
	.make = list_make,
	.build = list_build,
};
