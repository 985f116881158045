/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects for nginx_fuzz.c, made of bytes: each byte is a choice, so that every input is a list of
 * Ingresses, most of them with values that are right and some with pieces that would end a
 * directive, name a variable or break a pattern if they were printed as they are.
 */
#ifndef SVCR_NGINX_GENERATE_FUZZ_H
#define SVCR_NGINX_GENERATE_FUZZ_H

#include "rules/built_test.h"
#include "rules/nginx/annotations.h"

#define NGINX_COUNT(a) (sizeof(a) / sizeof(*(a)))

struct nginx_bytes {
	const uint8_t *p;
	size_t n;
	struct gen_text text;
	bool used[256]; /* annotations that the Ingress has already */
	bool regex;     /* its paths are regular expressions */
};

/* A choice below n; 0 when the bytes are used up. */
static inline unsigned nginx_choose(struct nginx_bytes *b, unsigned n)
{
	if (!b->n)
		return 0;
	b->n--;
	return *b->p++ % n;
}

static inline void nginx_put(struct nginx_bytes *b, const char *s)
{
	gen_write(&b->text, s, strlen(s));
}

/* Puts what stands in a string of JSON. */
static inline void nginx_put_escaped(struct nginx_bytes *b, const char *s)
{
	char unit[8];

	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || *s == '"' || *s == '\\')
			snprintf(unit, sizeof(unit), "\\u%04x", (unsigned char)*s);
		else
			snprintf(unit, sizeof(unit), "%c", *s);
		nginx_put(b, unit);
	}
}

#define NGINX_PUT_ONE(b, list) nginx_put_escaped(b, (list)[nginx_choose(b, NGINX_COUNT(list))])

static const char *const nginx_dangerous[] = {
	"\"",
	"'",
	"\\",
	";",
	"{",
	"}",
	"$host",
	"$1",
	"${x}",
	"#",
	"\n",
	" ",
	"\t",
	"\r\n",
	"(",
	")",
	"[",
	"]",
	"*",
	"+",
	"?",
	"^",
	"$",
	"|",
	".",
	"..",
	"//",
	"%",
	"%2f",
	"\\\"",
	"\\\\",
	"@",
	"include",
	"\302\240",
	"\303\274",
	"{1,3}",
	"{2}",
	"(?i)",
	"(?:",
	"[a-z]",
	"\\d",
	"\\Q",
	"\\1",
	"~",
	"return 200 pwned;",
	"} server { listen 81; }",
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	"x{1000}",
	"[[:alpha:]]",
	"[^/]+",
	"(.*)",
	"(/|$)",
	"-",
	"_",
	",",
	"=",
	"!",
	"&",
};

/* One value of the list, now and then with something dangerous in it. */
static inline void nginx_put_value(struct nginx_bytes *b, const char *const *list, size_t n)
{
	const char *s = list[nginx_choose(b, (unsigned)n)];
	size_t cut = strlen(s);

	if (nginx_choose(b, 64) != 63) {
		nginx_put_escaped(b, s);
		return;
	}
	cut = nginx_choose(b, (unsigned)cut + 1);
	for (size_t i = 0; i < cut; i++)
		nginx_put_escaped(b, (char[]){ s[i], '\0' });
	for (unsigned i = nginx_choose(b, 4) + 1; i > 0; i--)
		NGINX_PUT_ONE(b, nginx_dangerous);
	nginx_put_escaped(b, s + cut);
}

#define NGINX_PUT_VALUE(b, list) nginx_put_value(b, list, NGINX_COUNT(list))

/* ---- Values of annotations ------------------------------------------------------- */

static const char *const nginx_booleans[] = { "true", "false" };
static const char *const nginx_seconds[] = { "1", "60", "3600", "999999" };
static const char *const nginx_sizes[] = { "1m", "0", "8k", "64K", "2g", "100", "1M" };
static const char *const nginx_buffers[] = { "8k", "16k", "1m", "64K", "4k", "1k", "64m" };
static const char *const nginx_counts[] = { "1", "10", "1000", "65535" };
static const char *const nginx_ranges[] = { "10.0.0.0/8",
					    "10.0.0.1",
					    "::/0",
					    "fd00::/8,10.1.0.0/16",
					    "0.0.0.0/0, 10.0.0.0/8",
					    "192.0.2.1/32,192.0.2.1/32" };
static const char *const nginx_targets[] = {
	"/", "/$1", "/$2", "/x/$1?y=$2", "/$1/$9", "/a-b_c~d.e"
};
static const char *const nginx_urls[] = { "https://x.test", "http://x.test/a?b=c#d",
					  "https://x.test:8443/", "https://x.test/%20" };
static const char *const nginx_headers[] = { "X-A", "X-A, X_B", "*", "Authorization,X-1",
					     "!#%&'*+.^`|~" };
static const char *const nginx_origins[] = { "*", "https://x.test", "https://*.x.test:8443",
					     "http://a.test, https://b-c.test,http://*.d.test",
					     "chrome+x.y-z://abc" };
static const char *const nginx_words[] = { "basic",     "users",       "map",           "auth-file",
					   "auth-map",  "HTTP",        "HTTPS",         "GRPC",
					   "grpc",      "on",          "off",           "any",
					   "all",       "GET, POST",   "web",           "308",
					   "301",       "404,503,500", "401",           "x.test",
					   "x.test:80", "ewma",        "round_robin",   "The realm",
					   "missing",   "7",           "default/users", "none" };

#define NGINX_LIST(list) list, NGINX_COUNT(list)
static const struct {
	const char *part; /* of the annotation's name */
	const char *const *list;
	size_t n;
} nginx_lists[] = {
	{ "timeout", NGINX_LIST(nginx_seconds) },
	{ "body-size", NGINX_LIST(nginx_sizes) },
	{ "buffer-size", NGINX_LIST(nginx_buffers) },
	{ "range", NGINX_LIST(nginx_ranges) },
	{ "limit-whitelist", NGINX_LIST(nginx_ranges) },
	{ "limit-", NGINX_LIST(nginx_counts) },
	{ "rewrite-target", NGINX_LIST(nginx_targets) },
	{ "app-root", NGINX_LIST(nginx_targets) },
	{ "prefix", NGINX_LIST(nginx_targets) },
	{ "ssl-redirect", NGINX_LIST(nginx_booleans) },
	{ "redirect-code", NGINX_LIST(nginx_words) },
	{ "redirect", NGINX_LIST(nginx_urls) },
	{ "cors-allow-origin", NGINX_LIST(nginx_origins) },
	{ "headers", NGINX_LIST(nginx_headers) },
	{ "enable-", NGINX_LIST(nginx_booleans) },
	{ "credentials", NGINX_LIST(nginx_booleans) },
	{ "use-regex", NGINX_LIST(nginx_booleans) },
	{ "age", NGINX_LIST(nginx_seconds) },
	{ "", NGINX_LIST(nginx_words) },
};

/* An annotation that the Ingress does not have yet; those that are refused are rare. NULL: none. */
static inline const struct svcr_annotation *nginx_next_annotation(struct nginx_bytes *b)
{
	for (unsigned try = 0; try < 20; try++) {
		unsigned at = nginx_choose(b, 256);
		const struct svcr_annotation *a = svcr_annotation_at(at);

		if (!a || b->used[at] || (!a->expected && nginx_choose(b, 200) != 199))
			continue;
		b->used[at] = true;
		return a;
	}
	return NULL;
}

static inline void nginx_put_annotation(struct nginx_bytes *b, const struct svcr_annotation *a)
{
	const char *s = "";
	size_t i = 0;

	while (!strstr(a->name, nginx_lists[i].part))
		i++;
	nginx_put(b, ",\"" SVCR_NGINX_PREFIX);
	nginx_put(b, a->name);
	nginx_put(b, "\":\"");
	/* a value of another annotation says little: a right one is looked for */
	for (unsigned try = 0; try < 40; try++) {
		s = nginx_lists[i].list[nginx_choose(b, (unsigned)nginx_lists[i].n)];
		if (!a->valid || a->valid(s))
			break;
	}
	nginx_put_value(b, &s, 1);
	nginx_put(b, "\"");
}

/* Those that need each other. */
static const char *const nginx_together[] = {
	"auth-type\":\"basic\",\"" SVCR_NGINX_PREFIX "auth-secret\":\"users\"",
	"auth-type\":\"basic\",\"" SVCR_NGINX_PREFIX "auth-secret\":\"map\",\"" SVCR_NGINX_PREFIX
	"auth-secret-type\":\"auth-map\"",
	"custom-http-errors\":\"404,503\",\"" SVCR_NGINX_PREFIX "default-backend\":\"web\"",
	"use-regex\":\"true\",\"" SVCR_NGINX_PREFIX "enable-cors\":\"true\"",
	"enable-cors\":\"true\"",
};
static const char *const nginx_partners[] = { "auth-type", "auth-secret", "auth-secret-type",
					      "custom-http-errors", "default-backend" };

static inline void nginx_put_annotations(struct nginx_bytes *b)
{
	const char *together = nginx_together[nginx_choose(b, NGINX_COUNT(nginx_together))];
	const struct svcr_annotation *a;
	bool wanted = nginx_choose(b, 2);
	unsigned at;

	memset(b->used, 0, sizeof(b->used));
	nginx_put(b, "\"example.com/x\":\"y\"");
	if (wanted) {
		nginx_put(b, ",\"" SVCR_NGINX_PREFIX);
		nginx_put(b, together);
	}
	for (unsigned i = 0; i < NGINX_COUNT(nginx_partners); i++)
		if (svcr_annotation_find(nginx_partners[i], &at))
			b->used[at] = nginx_choose(b, 20) != 19 ||
				      strstr(together, nginx_partners[i]);
	if (svcr_annotation_find("enable-cors", &at))
		b->used[at] = strstr(together, "cors");
	if (svcr_annotation_find("use-regex", &at))
		b->used[at] = strstr(together, "regex");
	b->regex = strstr(together, "regex") && wanted;
	for (unsigned i = nginx_choose(b, 5); i > 0 && (a = nginx_next_annotation(b)); i--)
		nginx_put_annotation(b, a);
}

/* ---- Objects --------------------------------------------------------------------------- */

static const char *const nginx_hosts[] = {
	"a.example.com",        "b.example.com", "*.example.com", "a.test", "*.test", "x",
	"a-1.b.c.d.example.com"
};
static const char *const nginx_paths[] = {
	"/",    "/a",  "/a/",    "/a/b",     "/a/b/",          "/A",   "/a.b",   "/a+b",
	"/(a)", "/a*", "/a%20b", "/a-b_c~d", "/a,b=c!d&e@f:g", "/a b", "/a|b^c", "/\303\274"
};
static const char *const nginx_patterns[] = {
	"/api(/|$)(.*)", "/[a-z]+/\\d{1,3}", "/.*",     "/(a|b)?c",       "/x(?:y)*$",
	"/a\\.b",        "/[^/]+",           "/(?=a)b", "/[[:alpha:]]{2}"
};
static const char *const nginx_types[] = { "Prefix", "Exact", "ImplementationSpecific" };
static const char *const nginx_services[] = { "web", "empty", "none", "two" };
static const char *const nginx_ports[] = { "\"number\":80", "\"name\":\"http\"", "\"number\":81",
					   "\"name\":\"no\"" };

static inline void nginx_put_backend(struct nginx_bytes *b)
{
	nginx_put(b, "{\"service\":{\"name\":\"");
	NGINX_PUT_VALUE(b, nginx_services);
	nginx_put(b, "\",\"port\":{");
	nginx_put(b, nginx_ports[nginx_choose(b, NGINX_COUNT(nginx_ports))]);
	nginx_put(b, "}}}");
}

static inline void nginx_put_path(struct nginx_bytes *b)
{
	nginx_put(b, "{\"path\":\"");
	if (b->regex && nginx_choose(b, 3))
		NGINX_PUT_VALUE(b, nginx_patterns);
	else
		NGINX_PUT_VALUE(b, nginx_paths);
	nginx_put(b, "\",\"pathType\":\"");
	NGINX_PUT_ONE(b, nginx_types);
	nginx_put(b, "\",\"backend\":");
	nginx_put_backend(b);
	nginx_put(b, "}");
}

static inline void nginx_put_rule(struct nginx_bytes *b)
{
	unsigned n = nginx_choose(b, 4);

	nginx_put(b, "{");
	if (nginx_choose(b, 8) != 7) {
		nginx_put(b, "\"host\":\"");
		NGINX_PUT_VALUE(b, nginx_hosts);
		nginx_put(b, "\",");
	}
	nginx_put(b, "\"http\":{\"paths\":[");
	for (unsigned i = 0; i <= n; i++) {
		nginx_put(b, i ? "," : "");
		nginx_put_path(b);
	}
	nginx_put(b, "]}}");
}

static inline void nginx_put_ingress(struct nginx_bytes *b, unsigned number)
{
	static const char *const names[] = { "a", "a-b", "a.b", "b-h", "a.b-c" };
	char end[8];
	static const char *const secrets[] = { "tls", "tls", "users", "missing" };
	unsigned n = nginx_choose(b, 3);

	nginx_put(b, "{\"kind\":\"Ingress\",\"metadata\":{\"name\":\"");
	NGINX_PUT_VALUE(b, names);
	snprintf(end, sizeof(end), "%u", number);
	nginx_put(b, end);
	nginx_put(b,
		  nginx_choose(b, 4) ? "\",\"namespace\":\"default" : "\",\"namespace\":\"other");
	nginx_put(b, "\",\"annotations\":{");
	nginx_put_annotations(b);
	nginx_put(b, "}},\"spec\":{\"ingressClassName\":\"nginx\",");
	if (nginx_choose(b, 4) == 3) {
		nginx_put(b, "\"defaultBackend\":");
		nginx_put_backend(b);
		nginx_put(b, ",");
	}
	if (nginx_choose(b, 3) == 2) {
		nginx_put(b, "\"tls\":[{\"hosts\":[\"");
		NGINX_PUT_VALUE(b, nginx_hosts);
		nginx_put(b, "\"],\"secretName\":\"");
		NGINX_PUT_VALUE(b, secrets);
		nginx_put(b, "\"}],");
	}
	nginx_put(b, "\"rules\":[");
	for (unsigned i = 0; i <= n; i++) {
		nginx_put(b, i ? "," : "");
		nginx_put_rule(b);
	}
	nginx_put(b, "]}}\n");
}

static inline void nginx_put_service(struct nginx_bytes *b, const char *name, const char *endpoints)
{
	nginx_put(b, "{\"kind\":\"Service\",\"metadata\":{\"name\":\"");
	nginx_put(b, name);
	nginx_put(b, "\"},\"spec\":{\"clusterIP\":\"10.96.0.1\",\"ports\":[{\"name\":\"http\","
		     "\"port\":80}]}}\n{\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"");
	nginx_put(b, name);
	nginx_put(b, "-1\",\"labels\":{\"kubernetes.io/service-name\":\"");
	nginx_put(b, name);
	nginx_put(b, "\"}},\"ports\":[{\"name\":\"http\",\"port\":8080}],\"endpoints\":[");
	nginx_put(b, endpoints);
	nginx_put(b, "]}\n");
}

/* The objects that the bytes stand for; the caller frees b->text.p. `tls` is data of a Secret. */
static inline void nginx_generate(struct nginx_bytes *b, const char *tls)
{
	unsigned n = nginx_choose(b, 4);

	for (unsigned i = 0; i <= n; i++)
		nginx_put_ingress(b, i);
	nginx_put_service(b, "web", "{\"addresses\":[\"10.1.0.1\"]},{\"addresses\":[\"fd00::1\"]}");
	nginx_put_service(b, "two",
			  "{\"addresses\":[\"10.1.0.1\"]},{\"addresses\":[\"10.1.0.2\"]}");
	nginx_put_service(b, "empty", "");
	nginx_put(b, "{\"kind\":\"Secret\",\"type\":\"kubernetes.io/tls\",\"metadata\":{\"name\":"
		     "\"tls\"},\"data\":{");
	nginx_put(b, tls);
	nginx_put(b,
		  "}}\n{\"kind\":\"Secret\",\"type\":\"Opaque\",\"metadata\":{\"name\":\"users\"},"
		  "\"data\":{\"auth\":\"YWxpY2U6e1BMQUlOfXgK\"}}\n{\"kind\":\"Secret\",\"type\":"
		  "\"Opaque\",\"metadata\":{\"name\":\"map\"},"
		  "\"data\":{\"bob\":\"e1BMQUlOfXg=\"}}\n");
}

#endif
