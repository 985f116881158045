/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directives of a location. */
#include "rules/nginx/checks.h"
#include "rules/nginx/writer.h"

#include <errno.h>
#include <stdlib.h>


static bool is_grpc(const struct svcr_nginx_settings *s)
{
	return svcr_nginx_protocol(s) == SVCR_NGINX_GRPC;
}

/* ---- Headers for the backend ---------------------------------------- */

const char *svcr_nginx_scheme(const struct svcr_nginx_writer *w)
{
	return w->trusted ? "$svcrules_scheme" : "$scheme";
}

/* X-Forwarded-* are set anew: what a client sends is not believed. */
void svcr_nginx_put_headers(struct svcr_nginx_writer *w, const char *directive,
			    const struct svcr_nginx_settings *s)
{
	const char *scheme = svcr_nginx_scheme(w);
	const char *const headers[][2] = {
		{ "X-Request-ID", "$svcrules_request_id" },
		{ "X-Real-IP", "$remote_addr" },
		{ "X-Forwarded-For", "$remote_addr" },
		{ "X-Forwarded-Host", w->trusted ? "$svcrules_forwarded_host" : "$svcrules_host" },
		{ "X-Forwarded-Port", w->trusted ? "$svcrules_forwarded_port" : "$server_port" },
		{ "X-Forwarded-Proto", scheme },
		{ "X-Forwarded-Scheme", scheme },
		{ "X-Scheme", scheme },
		{ "Proxy", "\"\"" },
	};
	const char *prefix = s ? s->value[SVCR_A_FORWARDED_PREFIX] : NULL;

	svcr_out(&w->o, "%s Host ", directive);
	svcr_out_str(&w->o, s ? svcr_nginx_value(s, SVCR_A_UPSTREAM_VHOST, "$svcrules_host") :
				"$svcrules_host");
	svcr_out_str(&w->o, ";\n");
	if (!s || !is_grpc(s))
		svcr_out(&w->o,
			 "%s Upgrade $svcrules_upgrade;\n%s Connection $svcrules_connection;\n",
			 directive, directive);
	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
		svcr_out(&w->o, "%s %s %s;\n", directive, headers[i][0], headers[i][1]);
	if (!prefix)
		return;
	svcr_out(&w->o, "%s X-Forwarded-Prefix ", directive);
	svcr_nginx_quote(&w->o, prefix);
	svcr_out_str(&w->o, ";\n");
}

/* ---- Redirects ---------------------------------------- */

/* True if spec.tls of the Ingress names the host. */
static bool has_tls(const struct svcr_ingress *i, const char *host)
{
	for (size_t k = 0; k < i->tls.n; k++)
		for (size_t h = 0; h < i->tls.v[k].hosts.n; h++)
			if (strcmp(i->tls.v[k].hosts.v[h], host) == 0)
				return true;
	return false;
}

/* A certificate of "*.x" that another Ingress brings serves a host, and does not redirect it. */
bool svcr_nginx_redirects(const struct svcr_nginx_writer *w, const struct svcr_nginx_route *r)
{
	const char *redirect = r->settings->value[SVCR_A_SSL_REDIRECT];

	return svcr_nginx_on(r->settings, SVCR_A_FORCE_REDIRECT) ||
	       (w->cert && (!redirect || strcmp(redirect, "true") == 0) &&
		(strcmp(w->cert->host, r->host) == 0 || has_tls(r->ingress, w->cert->host)));
}

void svcr_nginx_put_redirect(struct svcr_nginx_writer *w, const struct svcr_nginx_route *r)
{
	if (svcr_nginx_redirects(w, r))
		svcr_out(&w->o,
			 IN "if (%s = http) {\n" IN "\treturn 308 https://$host$request_uri;\n" IN
			    "}\n",
			 svcr_nginx_scheme(w));
}

/* Writes the redirect that takes the place of a backend; false: there is none. */
static bool put_return(struct svcr_nginx_writer *w, const struct svcr_nginx_settings *s)
{
	const char *url = s->value[SVCR_A_TEMPORAL_REDIRECT], *code = "302";

	if (!url) {
		url = s->value[SVCR_A_PERMANENT_REDIRECT];
		code = svcr_nginx_value(s, SVCR_A_PERMANENT_REDIRECT_CODE, "301");
	}
	if (!url)
		return false;
	svcr_out(&w->o, IN "return %s ", code);
	svcr_nginx_quote(&w->o, url);
	svcr_out_str(&w->o, ";\n");
	return true;
}

/* ---- CORS ---------------------------------------- */

static void put_cors_header(struct svcr_out *o, const char *name, const char *value)
{
	svcr_out(o, IN "\tadd_header Access-Control-%s ", name);
	svcr_nginx_quote(o, value);
	svcr_out_str(o, " always;\n");
}

void svcr_nginx_put_cors_headers(struct svcr_nginx_writer *w, const struct svcr_nginx_settings *s,
				 const char *then)
{
	struct svcr_out *o = &w->o;

	svcr_out_str(o, IN "\tadd_header Access-Control-Allow-Origin $svcrules_origin always;\n");
	if (strcmp(svcr_nginx_value(s, SVCR_A_CORS_CREDENTIALS, "true"), "true") == 0)
		put_cors_header(o, "Allow-Credentials", "true");
	put_cors_header(
		o, "Allow-Methods",
		svcr_nginx_value(s, SVCR_A_CORS_METHODS, "GET, PUT, POST, DELETE, PATCH, OPTIONS"));
	put_cors_header(o, "Allow-Headers",
			svcr_nginx_value(s, SVCR_A_CORS_HEADERS,
					 "DNT,Keep-Alive,User-Agent,X-Requested-With,"
					 "If-Modified-Since,Cache-Control,Content-Type,Range,"
					 "Authorization"));
	if (s->value[SVCR_A_CORS_EXPOSE])
		put_cors_header(o, "Expose-Headers", s->value[SVCR_A_CORS_EXPOSE]);
	put_cors_header(o, "Max-Age", svcr_nginx_value(s, SVCR_A_CORS_MAX_AGE, "1728000"));
	svcr_out_str(o, IN "\tadd_header Vary Origin always;\n");
	if (w->hsts)
		svcr_out_str(o,
			     IN "\tadd_header Strict-Transport-Security $svcrules_hsts always;\n");
	svcr_out(o, "%s" IN "}\n", then);
}

/* add_header of a location is not inherited by an "if" in it, so all of them stand there. */
static void put_cors(struct svcr_nginx_writer *w, const struct svcr_nginx_settings *s)
{
	const char *engine = is_grpc(s) ? "grpc" : "proxy";
	static const char *const names[] = { "Allow-Origin",  "Allow-Credentials", "Allow-Methods",
					     "Allow-Headers", "Expose-Headers",    "Max-Age" };

	if (!svcr_nginx_on(s, SVCR_A_CORS))
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		svcr_out(&w->o, IN "%s_hide_header Access-Control-%s;\n", engine, names[i]);
	if (svcr_nginx_any_origin(s))
		svcr_out_str(&w->o, IN "set $svcrules_origin \"*\";\n");
	else
		svcr_out(&w->o, IN "set $svcrules_origin $svcrules_origin_%s;\n", s->word);
	svcr_out_str(&w->o, IN "if ($svcrules_preflight) {\n");
	svcr_nginx_put_cors_headers(w, s, IN "\treturn 204;\n");
	svcr_out_str(&w->o, IN "if ($svcrules_origin) {\n");
	svcr_nginx_put_cors_headers(w, s, "");
}

/* ---- Limits ---------------------------------------- */

static void put_limit(struct svcr_nginx_writer *w, const struct svcr_nginx_settings *s,
		      const char *kind, enum svcr_annotation_id id)
{
	unsigned long factor = strtoul(svcr_nginx_value(s, SVCR_A_LIMIT_BURST, "5"), NULL, 10);

	if (!s->value[id])
		return;
	svcr_out(&w->o, IN "limit_req zone=%s_%s burst=%lu nodelay;\n", kind, s->word,
		 factor * strtoul(s->value[id], NULL, 10));
}

static void put_limits(struct svcr_nginx_writer *w, const struct svcr_nginx_settings *s)
{
	put_limit(w, s, "rps", SVCR_A_LIMIT_RPS);
	put_limit(w, s, "rpm", SVCR_A_LIMIT_RPM);
	if (!s->value[SVCR_A_LIMIT_CONNECTIONS])
		return;
	svcr_out(&w->o, IN "limit_conn connections_%s %s;\n", s->word,
		 s->value[SVCR_A_LIMIT_CONNECTIONS]);
}

/* ---- Directives of the table ---------------------------------------- */

static void put_directive(struct svcr_out *o, const char *lines, const char *value)
{
	for (; *lines; lines += *lines == '\n') {
		svcr_out_str(o, IN);
		for (; *lines && *lines != '\n'; lines++) {
			if (*lines == '@')
				svcr_out_str(o, value);
			else
				svcr_out_bytes(o, lines, 1);
		}
		svcr_out_str(o, "\n");
	}
}

static void put_directives(struct svcr_nginx_writer *w, const struct svcr_nginx_settings *s)
{
	for (unsigned i = 0; i < SVCR_A_COUNT; i++) {
		const struct svcr_annotation *a = svcr_annotation_at(i);

		if (s->value[i] && a->directive)
			put_directive(&w->o, is_grpc(s) && a->grpc ? a->grpc : a->directive,
				      s->value[i]);
	}
}

/* ---- Upstreams ---------------------------------------- */

/* Names the upstream, and answers 503 if it has no endpoint. */
static void put_upstream_choice(struct svcr_nginx_writer *w, const char *upstream)
{
	svcr_out_str(&w->o, IN "set $svcrules_upstream ");
	svcr_nginx_quote(&w->o, upstream);
	svcr_out_str(&w->o,
		     ";\n" IN "if ($svcrules_no_endpoint) {\n" IN "\treturn 503;\n" IN "}\n");
}

/* ---- Errors ---------------------------------------- */

static void put_error_name(struct svcr_nginx_writer *w, const struct svcr_nginx_settings *s,
			   struct svcr_str code)
{
	svcr_out(&w->o, "@error_%.*s_%s", (int)code.len, code.p, s->word);
}

static void put_error_pages(struct svcr_nginx_writer *w, const struct svcr_nginx_route *r)
{
	const struct svcr_nginx_settings *s = r->settings;
	const char *codes = s->value[SVCR_A_CUSTOM_ERRORS];
	struct svcr_str code;
	char port[16];

	if (!r->errors)
		return;
	snprintf(port, sizeof(port), "%u", r->backend->port);
	svcr_out(&w->o, IN "%s_intercept_errors on;\n", is_grpc(s) ? "grpc" : "proxy");
	while (svcr_nginx_next(&codes, &code)) {
		svcr_out(&w->o, IN "error_page %.*s = ", (int)code.len, code.p);
		put_error_name(w, s, code);
		svcr_out_str(&w->o, ";\n");
	}
	svcr_out(&w->o, IN "set $svcrules_service %s;\n", r->backend->service);
	svcr_out(&w->o, IN "set $svcrules_service_port %s;\n",
		 r->backend->port_name ? r->backend->port_name : port);
}

static void put_error(struct svcr_nginx_writer *w, const struct svcr_nginx_route *r,
		      struct svcr_str code)
{
	svcr_out_str(&w->o, "\t\tlocation ");
	put_error_name(w, r->settings, code);
	svcr_out_str(&w->o, " {\n" IN "internal;\n");
	svcr_nginx_put_headers(w, IN "proxy_set_header", NULL);
	svcr_out(&w->o,
		 IN "proxy_set_header X-Code %.*s;\n" IN
		    "proxy_set_header X-Format $http_accept;\n" IN
		    "proxy_set_header X-Original-URI $request_uri;\n" IN
		    "proxy_set_header X-Service-Name $svcrules_service;\n" IN
		    "proxy_set_header X-Service-Port $svcrules_service_port;\n",
		 (int)code.len, code.p);
	svcr_out(&w->o,
		 IN "proxy_set_header X-Namespace %s;\n" IN "proxy_set_header X-Ingress-Name %s;\n",
		 r->ingress->ns, r->ingress->name);
	svcr_out_str(&w->o, IN "proxy_set_header Content-Length \"\";\n" IN
			       "proxy_pass_request_body off;\n" IN "proxy_method GET;\n");
	put_upstream_choice(w, r->errors);
	svcr_out(&w->o, IN "rewrite ^ / break;\n" IN "proxy_pass http://%s;\n\t\t}\n", r->errors);
}

/* Each Ingress has its locations once in a server; routes of one follow others in any order. */
void svcr_nginx_put_errors(struct svcr_nginx_writer *w)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct svcr_nginx_route *r = &w->routes[i];
		const char *codes = r->settings->value[SVCR_A_CUSTOM_ERRORS];
		struct svcr_str code;

		if (!r->errors || r->settings->server == w->routes)
			continue;
		r->settings->server = w->routes;
		while (svcr_nginx_next(&codes, &code))
			put_error(w, r, code);
	}
}

/* ---- To the backend ---------------------------------------- */

static void put_rewrite(struct svcr_nginx_writer *w, const struct svcr_nginx_route *r)
{
	const char *to = r->settings->value[SVCR_A_REWRITE_TARGET];
	const char *pattern;

	if (!to)
		return;
	pattern = r->regex ? svcr_arena_printf(&w->b->arena, "(?i)^%s", r->path) : "^";
	if (!pattern) {
		w->o.err = -ENOMEM;
		return;
	}
	svcr_out_str(&w->o, IN "rewrite ");
	svcr_nginx_quote(&w->o, pattern);
	svcr_out_str(&w->o, " ");
	svcr_nginx_quote(&w->o, to);
	svcr_out_str(&w->o, " break;\n");
}

static void put_pass(struct svcr_nginx_writer *w, const struct svcr_nginx_route *r)
{
	const struct svcr_nginx_settings *s = r->settings;
	static const char *const passes[] = { [SVCR_NGINX_HTTP] = IN "proxy_pass http://",
					      [SVCR_NGINX_HTTPS] = IN "proxy_pass https://",
					      [SVCR_NGINX_GRPC] = IN "grpc_pass grpc://" };

	if (is_grpc(s))
		svcr_nginx_put_headers(w, IN "grpc_set_header", s);
	else if (s->value[SVCR_A_UPSTREAM_VHOST] || s->value[SVCR_A_FORWARDED_PREFIX])
		svcr_nginx_put_headers(w, IN "proxy_set_header", s);
	put_upstream_choice(w, r->upstream);
	put_rewrite(w, r);
	svcr_out(&w->o, "%s%s;\n", passes[svcr_nginx_protocol(s)], r->upstream);
}

static void put_route_body(struct svcr_nginx_writer *w, const struct svcr_nginx_route *r)
{
	const struct svcr_nginx_settings *s = r->settings;

	svcr_out(&w->o, IN "# Ingress %s/%s\n", r->ingress->ns, r->ingress->name);
	svcr_nginx_put_redirect(w, r);
	if (put_return(w, s))
		return;
	put_cors(w, s);
	svcr_nginx_put_access(w, s);
	put_limits(w, s);
	put_directives(w, s);
	put_error_pages(w, r);
	if (s->closed || !r->upstream)
		svcr_out_str(&w->o, IN "return 503;\n");
	else
		put_pass(w, r);
}

void svcr_nginx_put_body(struct svcr_nginx_writer *w, const struct svcr_nginx_route *r)
{
	svcr_out_str(&w->o, " {\n");
	if (r)
		put_route_body(w, r);
	else
		svcr_out_str(&w->o, IN "return 404;\n");
	svcr_out_str(&w->o, "\t\t}\n");
}
