/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands in nginx.conf before the servers: settings for all, and what Ingresses need there. */
#include "rules/nginx/checks.h"
#include "rules/nginx/writer.h"

#include <errno.h>
#include <stdlib.h>

/* The names of hosts, upstreams and variables may be longer than nginx's tables expect. */
static const char head[] = "worker_processes auto;\n"
			   "events {\n\tworker_connections 4096;\n}\n"
			   "http {\n"
			   "\tserver_tokens off;\n"
			   "\tserver_names_hash_bucket_size 512;\n"
			   "\tserver_names_hash_max_size 65536;\n"
			   "\tmap_hash_bucket_size 512;\n"
			   "\tmap_hash_max_size 65536;\n"
			   "\tvariables_hash_bucket_size 1024;\n"
			   "\tvariables_hash_max_size 65536;\n"
			   "\tproxy_headers_hash_bucket_size 256;\n"
			   "\tproxy_headers_hash_max_size 1024;\n"
			   "\tssl_protocols TLSv1.2 TLSv1.3;\n"
			   "\tssl_session_cache shared:svcrules:10m;\n"
			   "\tclient_max_body_size 1m;\n"
			   "\tproxy_connect_timeout 5s;\n"
			   "\tproxy_http_version 1.1;\n"
			   "\tproxy_buffering off;\n"
			   "\tproxy_next_upstream_tries 3;\n"
			   "\tgrpc_connect_timeout 5s;\n"
			   "\tgrpc_next_upstream_tries 3;\n"
			   "\tlimit_req_log_level warn;\n"
			   "\tlimit_conn_log_level warn;\n";

/*
 * An upgrade to HTTP/2 is not passed on: it would be a tunnel to the backend for requests that no
 * location sees.
 */
static const char maps[] = "\tmap $http_upgrade $svcrules_upgrade {\n"
			   "\t\tdefault $http_upgrade;\n\t\t\"\" \"\";\n"
			   "\t\t\"~*h2c\" \"\";\n\t}\n"
			   "\tmap $svcrules_upgrade $svcrules_connection {\n"
			   "\t\tdefault upgrade;\n\t\t\"\" \"\";\n\t}\n"
			   "\tmap $http_x_request_id $svcrules_request_id {\n"
			   "\t\tdefault $http_x_request_id;\n\t\t\"\" $request_id;\n\t}\n"
			   "\tmap $http_host $svcrules_host {\n"
			   "\t\tdefault $http_host;\n\t\t\"\" $host;\n\t}\n";

/* "1:" stands before what a trusted client sent */
static const char trusted_forwarded[] =
	"\treal_ip_header X-Forwarded-For;\n"
	"\treal_ip_recursive on;\n"
	"\tmap \"$svcrules_trusted:$http_x_forwarded_proto\" $svcrules_scheme {\n"
	"\t\tdefault $scheme;\n\t\t\"1:http\" http;\n\t\t\"1:https\" https;\n\t}\n"
	"\tmap \"$svcrules_trusted:$http_x_forwarded_host\" $svcrules_forwarded_host {\n"
	"\t\tdefault $svcrules_host;\n\t\t\"~^1:(?<svcrules_sent_host>.+)$\" $svcrules_sent_host;\n"
	"\t}\n"
	"\tmap \"$svcrules_trusted:$http_x_forwarded_port\" $svcrules_forwarded_port {\n"
	"\t\tdefault $server_port;\n"
	"\t\t\"~^1:(?<svcrules_sent_port>[0-9]+)$\" $svcrules_sent_port;\n\t}\n";

/* a question whether another origin may ask; locations set $svcrules_origin */
static const char preflight[] = "\tmap \"$request_method:$svcrules_origin\" $svcrules_preflight {\n"
				"\t\tdefault \"\";\n\t\t\"~^OPTIONS:.\" 1;\n\t}\n";

static int cidr_sort(const void *a, const void *b)
{
	const struct svcr_cidr *x = a, *y = b;
	int d = svcr_addr_cmp(&x->addr, &y->addr);

	return d ? d : (int)x->prefix - (int)y->prefix;
}

/* Writes 1 for each of them, and 0 for all other addresses. nginx (1.22) warns of equal ones. */
static void put_ranges(struct svcr_out *o, const struct svcr_cidr *v, size_t n)
{
	static const char *const all[] = { [SVCR_IPV4] = "0.0.0.0/0", [SVCR_IPV6] = "::/0" };
	bool whole[SVCR_FAMILY__COUNT] = { false };
	char text[SVCR_CIDR_TEXT];

	for (size_t i = 0; i < n; i++) {
		whole[v[i].addr.family] |= v[i].prefix == 0;
		if (i == 0 || cidr_sort(&v[i - 1], &v[i]) != 0)
			svcr_out(o, "\t\t%s 1;\n", svcr_cidr_text(&v[i], text));
	}
	for (int f = 0; f < SVCR_FAMILY__COUNT; f++)
		if (!whole[f])
			svcr_out(o, "\t\t%s 0;\n", all[f]);
}

void svcr_nginx_put_geo(struct svcr_nginx_writer *w, const char *source, const char *name,
			const char *word, const char *ranges)
{
	SVCR_LIST(struct svcr_cidr) list = { .n = 0 };
	struct svcr_cidr c, *slot;
	bool bad = false;

	while (svcr_nginx_next_range(&ranges, &c, &bad)) {
		slot = SVCR_GROW(&list);
		if (slot)
			*slot = c;
		else
			w->o.err = -ENOMEM;
	}
	if (list.n)
		qsort(list.v, list.n, sizeof(*list.v), cidr_sort);
	svcr_out(&w->o, "\tgeo %s$svcrules_%s%s {\n", source, name, word);
	put_ranges(&w->o, list.v, list.n);
	svcr_out_str(&w->o, "\t}\n");
	free(list.v);
}

static void put_trusted(struct svcr_nginx_writer *w)
{
	const char *ranges = svcrules_options_get(w->b->o, "trust-forwarded"), *next = ranges;
	char text[SVCR_CIDR_TEXT];
	struct svcr_cidr c;
	bool bad = false;

	if (!w->trusted)
		return;
	while (svcr_nginx_next_range(&next, &c, &bad))
		svcr_out(&w->o, "\tset_real_ip_from %s;\n", svcr_cidr_text(&c, text));
	svcr_nginx_put_geo(w, "$realip_remote_addr ", "trusted", "", ranges);
	svcr_out_str(&w->o, trusted_forwarded);
}

/* ---- Of one Ingress ------------------------------------------------------------- */

static bool is_limited(const struct svcr_nginx_settings *s)
{
	return s->value[SVCR_A_LIMIT_RPS] || s->value[SVCR_A_LIMIT_RPM] ||
	       s->value[SVCR_A_LIMIT_CONNECTIONS];
}

/* The zones that count requests of an address; the name is behind "KIND_". */
static void put_zone(struct svcr_nginx_writer *w, const struct svcr_nginx_settings *s,
		     const char *kind, enum svcr_annotation_id id, const char *unit)
{
	if (!s->value[id])
		return;
	svcr_out(&w->o, "\tlimit_%s_zone ", *unit ? "req" : "conn");
	if (s->value[SVCR_A_LIMIT_WHITELIST])
		svcr_out(&w->o, "$svcrules_limit_%s", s->word);
	else
		svcr_out_str(&w->o, "$binary_remote_addr");
	svcr_out(&w->o, " zone=%s_%s", kind, s->word);
	svcr_out(&w->o, *unit ? ":5m rate=%s%s;\n" : ":5m;\n", s->value[id], unit);
}

static void put_zones(struct svcr_nginx_writer *w, const struct svcr_nginx_settings *s)
{
	const char *free_ranges = s->value[SVCR_A_LIMIT_WHITELIST];

	if (free_ranges) {
		svcr_nginx_put_geo(w, "", "free_", s->word, free_ranges);
		svcr_out(&w->o,
			 "\tmap $svcrules_free_%s $svcrules_limit_%s {\n"
			 "\t\tdefault $binary_remote_addr;\n\t\t1 \"\";\n\t}\n",
			 s->word, s->word);
	}
	put_zone(w, s, "rps", SVCR_A_LIMIT_RPS, "r/s");
	put_zone(w, s, "rpm", SVCR_A_LIMIT_RPM, "r/m");
	put_zone(w, s, "connections", SVCR_A_LIMIT_CONNECTIONS, "");
}

/* A pattern for an origin; "*." stands for one label. */
static void put_origin(struct svcr_out *o, struct svcr_str s)
{
	svcr_out_str(o, "\t\t\"~*^");
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '*')
			svcr_out_str(o, "[a-z0-9-]+");
		else
			svcr_out(o, "%s%c", strchr(".+", s.p[i]) ? "\\\\" : "", s.p[i]);
	}
	svcr_out_str(o, "$\" $http_origin;\n");
}

/*
 * nginx has room for each variable in each request, so there is one only for Ingresses that name
 * origins.
 */
static void put_origins(struct svcr_nginx_writer *w, const struct svcr_nginx_settings *s)
{
	const char *list = s->value[SVCR_A_CORS_ORIGIN];
	struct svcr_str item;

	if (svcr_nginx_any_origin(s))
		return;
	svcr_out(&w->o, "\tmap $http_origin $svcrules_origin_%s {\n\t\tdefault \"\";\n", s->word);
	while (svcr_nginx_next(&list, &item))
		put_origin(&w->o, item);
	svcr_out_str(&w->o, "\t}\n");
}

/* ---- All ----------------------------------------------------------------------------- */

static int word_sort(const void *a, const void *b)
{
	const struct svcr_nginx_settings *const *x = a, *const *y = b;

	return strcmp((*x)->word, (*y)->word);
}

void svcr_nginx_put_head(struct svcr_nginx_writer *w)
{
	struct svcr_nginx_builder *b = w->b;
	const char *user = svcrules_options_get(b->o, "nginx-user");
	bool cors = false;

	if (user)
		svcr_out(&w->o, "user %s;\n", user);
	svcr_out_str(&w->o, head);
	svcr_out_str(&w->o, maps);
	put_trusted(w);
	if (w->hsts)
		svcr_out(&w->o,
			 "\tmap %s $svcrules_hsts {\n\t\tdefault \"\";\n"
			 "\t\thttps \"max-age=31536000\";\n\t}\n"
			 "\tadd_header Strict-Transport-Security $svcrules_hsts always;\n",
			 svcr_nginx_scheme(w));
	svcr_nginx_put_headers(w, "\tproxy_set_header", NULL);
	svcr_out_str(&w->o, "\tinclude upstreams.conf;\n");
	if (b->settings.n)
		qsort((void *)b->settings.v, b->settings.n, sizeof(*b->settings.v), word_sort);
	for (size_t i = 0; i < b->settings.n; i++) {
		const struct svcr_nginx_settings *s = b->settings.v[i];

		svcr_nginx_put_sources(w, s);
		if (is_limited(s))
			put_zones(w, s);
		if (svcr_nginx_on(s, SVCR_A_CORS))
			put_origins(w, s);
		cors = cors || svcr_nginx_on(s, SVCR_A_CORS);
	}
	if (cors)
		svcr_out_str(&w->o, preflight);
}
