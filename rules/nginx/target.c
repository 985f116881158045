/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The target "nginx": Ingress objects as a configuration of nginx. */
#include "rules/nginx/target.h"
#include "rules/nginx/annotations.h"
#include "rules/nginx/build.h"
#include "rules/nginx/checks.h"

#include <string.h>

#define USER_MAX 32 /* of Linux: useradd(8) */

static int nginx_make(struct svcrules_ruleset *rs, const struct svcrules_options *o,
		      const char *table)
{
	struct svcr_nginx *v = svcr_nginx_new();

	(void)o;
	(void)table;
	return svcr_ruleset_add(rs, v ? &v->part : NULL);
}

static int nginx_build(const struct svcrules_model *m, const struct svcrules_options *o,
		       struct svcrules_diags *d, struct svcrules_ruleset *rs)
{
	return svcr_nginx_fill((struct svcr_nginx *)rs->parts[0], m, o, d);
}

/* Names that nginx takes for one word, whatever they mean to the system. */
static bool is_user_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789-.");

	return n && n <= USER_MAX && !s[n] && !strchr("0123456789-.", *s);
}

static const char *nginx_expected(const char *setting, const char *value)
{
	if (strcmp(setting, "trust-forwarded") == 0)
		return svcr_nginx_is_ranges(value) ? NULL : "a prefix or an address";
	if (strcmp(setting, "ignore-annotation") == 0)
		return *value && !strpbrk(value, " ,") ? NULL : "the name of one annotation";
	if (strcmp(setting, "nginx-user") == 0)
		return is_user_name(value) ?
			       NULL :
			       "the name of a user: 1 to 32 letters, digits, '_', '-' and '.', "
			       "a letter or '_' first";
	return *value && strlen(value) <= 253 ? NULL : "the name of an IngressClass";
}

static bool nginx_annotation(size_t i, struct svcrules_annotation *ret)
{
	const struct svcr_annotation *a = svcr_annotation_at((unsigned)i);

	if (!a)
		return false;
	*ret = (struct svcrules_annotation){ "ingress-nginx", SVCR_NGINX_PREFIX, a->name,
					     a->expected, a->note };
	return true;
}

static const struct svcr_kind *const kinds[] = { &svcr_kind_service,
						 &svcr_kind_endpoint_slice,
						 &svcr_kind_endpoint_slice_v1beta1,
						 &svcr_kind_endpoints,
						 &svcr_kind_ingress,
						 &svcr_kind_ingress_class,
						 &svcr_kind_secret,
						 NULL };
static const char *const formats[] = { "text", "json", NULL };
static const char *const change_formats[] = { "text", "json", "markdown", NULL };
static const struct svcrules_setting settings[] = {
	{ .name = "ingress-class",
	  .argument = "NAME",
	  .help = "for nginx: the IngressClass that is served (default: those of ingress-nginx)" },
	{ .name = "ignore-annotation",
	  .argument = "NAME",
	  .repeatable = true,
	  .annotation = true,
	  .help = "for nginx: leave out this annotation, with a warning" },
	{ .name = "hsts", .help = "for nginx: tell browsers to use https alone for a year" },
	{ .name = "trust-forwarded",
	  .argument = "CIDR",
	  .repeatable = true,
	  .help = "for nginx: believe X-Forwarded-* headers of these clients" },
	{ .name = "nginx-user",
	  .argument = "NAME",
	  .help = "for nginx: the user of its worker processes (default: nobody)" },
	{ .name = NULL }
};

const struct svcr_target svcr_target_nginx = {
	.info = { .name = "nginx",
		  .formats = formats,
		  .change_formats = change_formats,
		  .settings = settings,
		  .table_suffix = "",
		  .secrets = true,
		  .needs = "Ingress",
		  .any_input = true,
		  .worker = "nobody",
		  .worker_setting = "nginx-user" },
	.reads = kinds,
	.endpoints_only = true,
	.make = nginx_make,
	.build = nginx_build,
	.expected = nginx_expected,
	.annotation = nginx_annotation,
};
