/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kinds/values.h"
#include "rules/nginx/checks.h"
#include "rules/nginx/settings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#define ERRORS_KEPT 1000    /* all are told, unless it is a flood */
#define PATH_MAX_BYTES 1000 /* three for each in a word of nginx.conf, which has 4096 */
#define CONTROLLER "k8s.io/ingress-nginx"

void svcr_nginx_note(struct svcr_nginx_builder *b, const struct svcr_ingress *i,
		     const struct svcrules_diag *like, const char *fmt, ...)
{
	char object[400], text[1024];
	struct svcrules_diag note = *like;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(object, sizeof(object), "Ingress %s/%s", i->ns, i->name);
	note.source = i->source;
	note.object = object;
	b->bad = b->bad || note.severity == SVCRULES_ERROR;
	svcr_diag(b->d, &note, "%s", text);
}

/* ---- Classes ---------------------------------------------------------------- */

static bool class_is_ours(const struct svcr_nginx_builder *b, const struct svcr_ingress_class *c)
{
	const char *chosen = svcrules_options_get(b->o, "ingress-class");

	return chosen ? strcmp(c->name, chosen) == 0 : strcmp(c->controller, CONTROLLER) == 0;
}

/* True if the Ingress is for this nginx. */
static bool ingress_is_ours(const struct svcr_nginx_builder *b, const struct svcr_ingress *i)
{
	const char *chosen = svcrules_options_get(b->o, "ingress-class");
	const char *old = svcr_map_get(&i->annotations, "kubernetes.io/ingress.class");

	chosen = chosen ? chosen : "nginx";
	if (i->class && !b->m->ingress_classes.n)
		return strcmp(i->class, chosen) == 0;
	for (size_t k = 0; k < b->m->ingress_classes.n; k++) {
		const struct svcr_ingress_class *c = &b->m->ingress_classes.v[k];

		if (i->class ? strcmp(c->name, i->class) == 0 : !old && c->is_default)
			return class_is_ours(b, c);
	}
	return !i->class && old && strcmp(old, chosen) == 0;
}

/* ---- Paths -------------------------------------------------------------------- */

static int path_digit(char c)
{
	const char *digits = "0123456789abcdef", *p = c ? strchr(digits, c | 0x20) : NULL;

	return p ? (int)(p - digits) : -1;
}

/*
 * Decodes %XX, as nginx does with the path of a request before it looks for a location. False if
 * a '%' is not followed by two digits, or stands for a control character or a '/'.
 */
static bool decode_path(const char *path, char *to)
{
	for (; *path; path++) {
		int high = *path == '%' ? path_digit(path[1]) : 0;
		int low = *path == '%' && high >= 0 ? path_digit(path[2]) : 0;
		int c = *path == '%' ? high * 16 + low : (unsigned char)*path;

		if (high < 0 || low < 0 || c < 0x20 || c == 0x7f || (*path == '%' && c == '/'))
			return false;
		path += *path == '%' ? 2 : 0;
		*to++ = (char)c;
	}
	*to = '\0';
	return true;
}

/* True if the path ends like that. */
static bool path_ends(const char *path, const char *end)
{
	size_t n = strlen(path), m = strlen(end);

	return n >= m && strcmp(path + n - m, end) == 0;
}

/* What is wrong with a path; NULL: nothing. */
static const char *path_fault(const char *path, bool regex)
{
	for (const char *p = path; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return "a control character";
		if (strchr("\"'`;", *p) || (!regex && strchr("{}$?#", *p)))
			return regex ? "one of \" ' ` ;" : "one of \" ' ` ; { } $ ? #";
	}
	if (strlen(path) > PATH_MAX_BYTES)
		return "more than 1000 bytes";
	if (regex)
		return svcr_nginx_regex(path) ? NULL :
						"something that is no regular expression, or one "
						"that is not supported";
	return strstr(path, "//") || strstr(path, "/./") || strstr(path, "/../") ||
			       path_ends(path, "/.") || path_ends(path, "/..") ?
		       "an empty element, '.' or '..'" :
		       NULL;
}

/* The path as nginx sees it; NULL with *ret_fault NULL: out of memory. */
static const char *usable_path(struct svcr_nginx_builder *b, const char *path, bool regex,
			       const char **ret_fault)
{
	char *copy;

	*ret_fault = path_fault(path, regex);
	if (*ret_fault || regex || !strchr(path, '%'))
		return *ret_fault ? NULL : path;
	copy = svcr_arena_alloc(&b->arena, strlen(path) + 1);
	if (copy && (!decode_path(path, copy) || !svcr_nginx_is_utf8(copy))) {
		*ret_fault = "a '%' that is not followed by two digits of a character of UTF-8";
		return NULL;
	}
	return copy;
}

static int add_route(struct svcr_nginx_builder *b, const struct svcr_nginx_route *like,
		     const struct svcr_ingress_path *p, const char *path)
{
	struct svcr_nginx_route *slot = SVCR_GROW(&b->routes);
	size_t len = strlen(path);

	if (!slot)
		return -ENOMEM;
	*slot = *like;
	slot->path = path;
	slot->exact = p && p->type == SVCR_PATH_EXACT;
	slot->regex = p && !slot->exact && svcr_nginx_uses_regex(like->settings);
	slot->fallback = !p;
	if (slot->exact || slot->regex || len < 2 || slot->path[len - 1] != '/')
		return 0;
	slot->path = svcr_arena_strndup(&b->arena, slot->path, len - 1);
	return slot->path ? 0 : -ENOMEM;
}

static int take_rule(struct svcr_nginx_builder *b, struct svcr_nginx_route *like, size_t at)
{
	const struct svcr_ingress_rule *rule = &like->ingress->rules.v[at];
	int err = 0;

	like->host = rule->host ? rule->host : "";
	for (size_t k = 0; k < rule->paths.n && !err; k++) {
		const struct svcr_ingress_path *p = &rule->paths.v[k];
		bool regex = svcr_nginx_uses_regex(like->settings) && p->type != SVCR_PATH_EXACT;
		const char *fault, *path = usable_path(b, p->path, regex, &fault);
		char field[80];

		like->backend = &p->backend;
		snprintf(field, sizeof(field), "spec.rules[%zu].http.paths[%zu].path", at, k);
		if (path)
			err = add_route(b, like, p, path);
		else if (!fault)
			err = -ENOMEM;
		else
			svcr_nginx_note(b, like->ingress,
					&(struct svcrules_diag){ .severity = SVCRULES_ERROR,
								 .check = "path",
								 .field = field },
					"'%.200s' has %s", p->path, fault);
	}
	like->backend = &like->ingress->fallback;
	return err || !like->backend->service ? err : add_route(b, like, NULL, "/");
}

/* ---- Order --------------------------------------------------------------------------- */

int svcr_ingress_age_cmp(const struct svcr_ingress *a, const struct svcr_ingress *b)
{
	uint64_t x = (uint64_t)a->created - 1, y = (uint64_t)b->created - 1;
	int d = (x > y) - (x < y);

	d = d ? d : strcmp(a->ns, b->ns);
	return d ? d : strcmp(a->name, b->name);
}

/* By host; a longer path first, then Exact before the others, then the default backend. */
static int place_cmp(const struct svcr_nginx_route *x, const struct svcr_nginx_route *y)
{
	size_t n = strlen(x->path), m = strlen(y->path);
	int d = strcmp(x->host, y->host);

	d = d ? d : (n < m) - (n > m);
	d = d ? d : strcmp(x->path, y->path);
	d = d ? d : (int)y->exact - (int)x->exact;
	return d ? d : (int)y->regex - (int)x->regex;
}

static int route_sort(const void *a, const void *b)
{
	const struct svcr_nginx_route *x = a, *y = b;
	int d = place_cmp(x, y);

	d = d ? d : (int)x->fallback - (int)y->fallback;
	d = d ? d : svcr_ingress_age_cmp(x->ingress, y->ingress);
	return d ? d : (x->backend > y->backend) - (x->backend < y->backend);
}

/* True if the default backends of two Ingresses want all other hosts. */
static bool is_other_default(const struct svcr_nginx_route *won, const struct svcr_nginx_route *r)
{
	return !*r->host && won->fallback && won->ingress != r->ingress && !r->ingress->rules.n;
}

/* Leaves one route at each place. */
static void settle_routes(struct svcr_nginx_builder *b)
{
	size_t n = 0;

	if (b->routes.n)
		qsort(b->routes.v, b->routes.n, sizeof(*b->routes.v), route_sort);
	for (size_t i = 0; i < b->routes.n; i++) {
		struct svcr_nginx_route *r = &b->routes.v[i];
		const struct svcr_nginx_route *won = n ? &b->routes.v[n - 1] : NULL;

		if (!won || place_cmp(won, r) != 0)
			b->routes.v[n++] = *r;
		else if (!r->fallback || is_other_default(won, r))
			svcr_nginx_note(b, r->ingress,
					&(struct svcrules_diag){ .severity = SVCRULES_WARNING,
								 .check = "conflict",
								 .field = NULL },
					"%s%s is that of the older Ingress %s/%s: left out",
					*r->host ? r->host : "all other hosts, ", r->path,
					won->ingress->ns, won->ingress->name);
	}
	b->routes.n = n;
}

/* ---- All ---------------------------------------------------------------------------------- */

/* Names of files and variables are made from these. */
static void check_names(struct svcr_nginx_builder *b, const struct svcr_ingress *i)
{
	if (!svcr_dns_label((struct svcr_str){ i->ns, strlen(i->ns) }))
		svcr_nginx_note(b, i,
				&(struct svcrules_diag){ .severity = SVCRULES_ERROR,
							 .check = "name",
							 .field = "metadata.namespace" },
				"'%s' is no label of a DNS name", i->ns);
	if (!svcr_nginx_is_name(i->name))
		svcr_nginx_note(b, i,
				&(struct svcrules_diag){ .severity = SVCRULES_ERROR,
							 .check = "name",
							 .field = "metadata.name" },
				"'%s' is no DNS name in lower case", i->name);
}

static int take_ingress(struct svcr_nginx_builder *b, const struct svcr_ingress *i)
{
	struct svcr_nginx_settings *s = svcr_arena_alloc(&b->arena, sizeof(*s)), **slot;
	struct svcr_nginx_route like = { .host = "", .ingress = i, .settings = s };
	int err = s ? svcr_nginx_settings_read(b, i, s) : -ENOMEM;

	slot = err ? NULL : SVCR_GROW(&b->settings);
	if (!slot)
		return err ? err : -ENOMEM;
	*slot = s;
	check_names(b, i);
	for (size_t k = 0; k < i->rules.n && !err; k++)
		err = take_rule(b, &like, k);
	like.backend = &i->fallback;
	if (!err && !i->rules.n && like.backend->service)
		err = add_route(b, &like, NULL, "/");
	return err ? err : svcr_nginx_take_tls(b, i);
}

static int fill_nginx(struct svcr_nginx_builder *b)
{
	int err = svcr_endpoints_init(&b->slices, b->m, NULL, NULL);

	if (!err)
		err = svcr_nginx_secrets_index(b);
	if (!err)
		err = svcr_nginx_certs_init(b);
	for (size_t i = 0; i < b->m->ingresses.n && !err; i++)
		if (ingress_is_ours(b, &b->m->ingresses.v[i]))
			err = take_ingress(b, &b->m->ingresses.v[i]);
	if (err)
		return err;
	settle_routes(b);
	err = svcr_nginx_upstreams(b);
	if (!err) /* endpoints that are made from Pods may lack memory */
		err = b->slices.err;
	if (!err)
		err = svcr_nginx_settle_certs(b);
	if (!err && b->bad)
		return -EINVAL;
	return err ? err : svcr_nginx_servers(b);
}

int svcr_nginx_fill(struct svcr_nginx *v, const struct svcrules_model *m,
		    const struct svcrules_options *o, struct svcrules_diags *d)
{
	struct svcr_nginx_builder b = { .m = m, .o = o, .d = d, .v = v };
	int err;

	svcr_diags_keep_errors(d, ERRORS_KEPT);
	err = fill_nginx(&b);

	svcr_endpoints_release(&b.slices);
	svcr_nginx_certs_release(&b);
	svcr_arena_release(&b.arena);
	free(b.routes.v);
	free((void *)b.settings.v);
	return err;
}
