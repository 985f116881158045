/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ingress: what a path leads to, and paths that others hide; tls.c has certificates. */
#include "port_index.h"
#include "rules/check/check.h"

#include <errno.h>

static int tell_ingress(struct svcr_checks *c, const struct svcr_ingress *i, const char *check,
			const char *field, const char *text)
{
	return svcr_found(c, check,
			  &(struct svcr_place){ "Ingress", i->ns, i->name, i->source, field }, "%s",
			  text);
}

/* ---- Backends -------------------------------------------------------------------- */

static const struct svcr_service_port *backend_port(const struct svcr_port_index *x,
						    const struct svcr_service *s,
						    const struct svcr_ingress_backend *b,
						    uint8_t protocol)
{
	return svcr_port_index_find(x, s, b->port_name, b->port, protocol);
}

/* Says which ports there are, if it is one. */
static void port_text(const struct svcr_port_index *x, const struct svcr_service *s,
		      const struct svcr_ingress_backend *b, char *buf, size_t size)
{
	char port[80], one[100] = "";

	snprintf(port, sizeof(port), "%u", b->port);
	if (s->ports.n == 1)
		snprintf(one, sizeof(one), "; its only port is %u/%s%s%.63s", s->ports.v[0].port,
			 svcr_protocol_name(s->ports.v[0].protocol),
			 *s->ports.v[0].name ? ", named " : "", s->ports.v[0].name);
	snprintf(buf, size, "Service %s/%s has no %sport %s%.63s%s%s", s->ns, s->name,
		 backend_port(x, s, b, 0) ? "TCP " : "", b->port_name ? "'" : "",
		 b->port_name ? b->port_name : port, b->port_name ? "'" : "", one);
}

static int check_backend(struct svcr_checks *c, const struct svcr_port_index *x,
			 const struct svcr_ingress *i, const struct svcr_ingress_backend *b,
			 const char *field)
{
	const struct svcr_service *s;
	char text[512], at[120];

	if (!b->service || !(c->has & SVCR_HAS_SERVICES))
		return 0;
	s = svcr_checks_service(c, i->ns, b->service);
	if (!s) {
		snprintf(text, sizeof(text), "no Service of namespace %s is named '%s'", i->ns,
			 b->service);
		snprintf(at, sizeof(at), "%s.service.name", field);
		return tell_ingress(c, i, "ingress-service", at, text);
	}
	if (s->type == SVCR_EXTERNAL_NAME || backend_port(x, s, b, SVCR_TCP))
		return 0;
	port_text(x, s, b, text, sizeof(text));
	snprintf(at, sizeof(at), "%s.service.port", field);
	return tell_ingress(c, i, "ingress-port", at, text);
}

static int check_backends(struct svcr_checks *c, const struct svcr_port_index *x,
			  const struct svcr_ingress *i)
{
	char field[80];
	int err = check_backend(c, x, i, &i->fallback, "spec.defaultBackend");

	for (size_t r = 0; r < i->rules.n; r++)
		for (size_t p = 0; p < i->rules.v[r].paths.n && !err; p++) {
			snprintf(field, sizeof(field), "spec.rules[%zu].http.paths[%zu].backend", r,
				 p);
			err = check_backend(c, x, i, &i->rules.v[r].paths.v[p].backend, field);
		}
	return err;
}

int svcr_check_ingresses(struct svcr_checks *c)
{
	struct svcr_port_index x = { .n = 0 };
	int err = svcr_port_index_make(&x, &c->arena, c->m);

	for (size_t i = 0; i < c->m->ingresses.n && !err; i++)
		err = check_backends(c, &x, c->ingresses[i]);
	return err;
}

/* ---- Paths --------------------------------------------------------------------------------- */

struct placed {
	const struct svcr_ingress *i;
	const char *class, *host, *path;
	size_t len;
	bool exact;
	size_t rule, at;
};

struct placed_list {
	struct placed *v;
	size_t n, cap;
};

/* Without a class field, the annotation of old says it. */
static const char *class_of(const struct svcr_ingress *i)
{
	const char *old = svcr_map_get(&i->annotations, "kubernetes.io/ingress.class");

	return i->class ? i->class : old ? old : "";
}

static int same_place_cmp(const struct placed *x, const struct placed *y)
{
	int d = strcmp(x->class, y->class);

	d = d ? d : strcmp(x->host, y->host);
	d = d ? d : (x->len > y->len) - (x->len < y->len);
	d = d ? d : memcmp(x->path, y->path, x->len);
	return d ? d : (int)x->exact - (int)y->exact;
}

/* The older Ingress first, as controllers do. */
static int placed_sort(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;
	int d = same_place_cmp(x, y);
	uint64_t s = (uint64_t)x->i->created - 1, t = (uint64_t)y->i->created - 1;

	d = d ? d : (s > t) - (s < t);
	d = d ? d : strcmp(x->i->ns, y->i->ns);
	d = d ? d : strcmp(x->i->name, y->i->name);
	d = d ? d : (x->rule > y->rule) - (x->rule < y->rule);
	return d ? d : (x->at > y->at) - (x->at < y->at);
}

static int place_paths(const struct svcr_ingress *i, struct placed_list *l)
{
	for (size_t r = 0; r < i->rules.n; r++)
		for (size_t p = 0; p < i->rules.v[r].paths.n; p++) {
			const struct svcr_ingress_path *path = &i->rules.v[r].paths.v[p];
			struct placed *slot = SVCR_GROW(l);

			if (!slot)
				return -ENOMEM;
			*slot = (struct placed){ .i = i,
						 .class = class_of(i),
						 .host = i->rules.v[r].host ? i->rules.v[r].host :
									      "",
						 .path = path->path,
						 .len = strlen(path->path),
						 .exact = path->type == SVCR_PATH_EXACT,
						 .rule = r,
						 .at = p };
			/* /a/ is the prefix /a */
			if (!slot->exact && slot->len > 1 && slot->path[slot->len - 1] == '/')
				slot->len--;
		}
	return 0;
}

static int tell_path(struct svcr_checks *c, const struct placed *x, const struct placed *won)
{
	char field[80], text[700];

	snprintf(field, sizeof(field), "spec.rules[%zu].http.paths[%zu].path", x->rule, x->at);
	if (x->i == won->i)
		snprintf(text, sizeof(text), "%.253s%.200s is there twice", x->host, x->path);
	else
		snprintf(text, sizeof(text),
			 "%.253s%.200s is also a path of Ingress %.63s/%.100s, which %s: this one "
			 "is never reached",
			 x->host, x->path, won->i->ns, won->i->name,
			 won->i->created && won->i->created != x->i->created ? "is older" :
									       "comes first");
	return tell_ingress(c, x->i, "ingress-path", field, text);
}

int svcr_check_paths(struct svcr_checks *c)
{
	struct placed_list l = { .n = 0 };
	size_t won = 0;
	int err = 0;

	for (size_t i = 0; i < c->m->ingresses.n && !err; i++)
		err = place_paths(c->ingresses[i], &l);
	if (l.n)
		qsort(l.v, l.n, sizeof(*l.v), placed_sort);
	for (size_t i = 1; i < l.n && !err; i++) {
		if (same_place_cmp(&l.v[i], &l.v[won]) == 0)
			err = tell_path(c, &l.v[i], &l.v[won]);
		else
			won = i;
	}
	free(l.v);
	return err;
}
