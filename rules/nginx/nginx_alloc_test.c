/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fails every allocation in turn while the target nginx works; see alloc_test.h. */
#include "rules/files_alloc_test.h"
#include "testdata/certs/certs.h"

/* clang-format off */
#define COMMON \
	"{\"kind\":\"Service\",\"metadata\":{\"name\":\"w\"},\"spec\":{" \
	"\"clusterIP\":\"10.0.0.1\",\"ports\":[{\"name\":\"p\",\"port\":80}]}}" \
	"{\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"w-1\",\"labels\":" \
	"{\"kubernetes.io/service-name\":\"w\"}},\"ports\":[{\"name\":\"p\",\"port\":1}]," \
	"\"endpoints\":[{\"addresses\":[\"10.1.0.1\"]},{\"addresses\":[\"fd00::1\"]}]}" \
	"{\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\"},\"type\":\"kubernetes.io/tls\"," \
	"\"data\":{\"tls.crt\":\"" CERTS_SITE_CRT "\"," \
	"\"tls.key\":\"" CERTS_SITE_KEY "\"}}" \
	"{\"kind\":\"Secret\",\"metadata\":{\"name\":\"u\"}," \
	"\"data\":{\"auth\":\"YTpi\"},\"stringData\":{\"auth\":\"a:b\"}}"
#define PATH(path, type, service) \
	"{\"path\":\"" path "\",\"pathType\":\"" type "\",\"backend\":{\"service\":{\"name\":\"" \
	service "\",\"port\":{\"name\":\"p\"}}}}"
#define INGRESS(name, annotations, paths) \
	"{\"kind\":\"Ingress\",\"metadata\":{\"name\":\"" name "\",\"annotations\":{" annotations \
	"}},\"spec\":{\"ingressClassName\":\"nginx\"," \
	"\"defaultBackend\":{\"service\":{\"name\":" \
	"\"w\",\"port\":{\"number\":80}}},\"tls\":[{\"hosts\":[\"a.b\",\"c.b\"]," \
	"\"secretName\":\"s\"},{\"hosts\":[\"a.b\"],\"secretName\":\"u\"}," \
	"{\"secretName\":\"s\"}]," \
	"\"rules\":[{\"host\":\"a.b\",\"http\":{\"paths\":[" paths "]}},{\"host\":\"*.b\"}]}}"
#define RANGES \
	"10.0.1.1,10.0.1.2,10.0.1.3,10.0.1.4,10.0.1.5,10.0.1.6,10.0.1.7,10.0.1.8,10.0.1.9," \
	"10.0.2.1,10.0.2.2,10.0.2.3,10.0.2.4,10.0.2.5,10.0.2.6,10.0.2.7,10.0.2.8,::1,::2," \
	"10.0.3.1,10.0.3.2,10.0.3.3,10.0.3.4,10.0.3.5,10.0.3.6,10.0.3.7"
#define PREFIX "\"nginx.ingress.kubernetes.io/"

static const char *const inputs[] = {
	COMMON INGRESS("a", PREFIX "proxy-body-size\":\"8m\","
		       PREFIX "denylist-source-range\":\"10.0.0.0/8\","
		       PREFIX "allowlist-source-range\":\"10.0.0.1,::/0\"",
		       PATH("/x", "Prefix", "w") "," PATH("/y/", "Exact", "w") ","
		       PATH("/z/", "Prefix", "gone"))
	INGRESS("b", "", PATH("/x", "Prefix", "w")),
	COMMON INGRESS("a", PREFIX "rewrite-target\":\"/$1\"",
		       PATH("/x(.*)", "Prefix", "w") "," PATH("/e", "Exact", "w"))
	INGRESS("b", "", PATH("/x.y", "Prefix", "w"))
	INGRESS("c", PREFIX "use-regex\":\"true\"," PREFIX "enable-cors\":\"true\","
		PREFIX "cors-allow-origin\":\"https://*.a.b\"," PREFIX "limit-rps\":\"5\","
		PREFIX "limit-connections\":\"5\"," PREFIX "limit-whitelist\":\"10.0.0.1\","
		PREFIX "auth-type\":\"basic\"," PREFIX "auth-secret\":\"u\","
		PREFIX "auth-secret-type\":\"auth-map\"," PREFIX "custom-http-errors\":\"404\","
		PREFIX "default-backend\":\"w\"," PREFIX "app-root\":\"/a\","
		PREFIX "satisfy\":\"any\"," PREFIX "denylist-source-range\":\"" RANGES "\","
		PREFIX "load-balance\":\"ewma\"," PREFIX "x-forwarded-prefix\":\"/p\"",
		PATH("/%41/", "Exact", "w"))
	INGRESS("d", PREFIX "backend-protocol\":\"GRPC\"," PREFIX "auth-type\":\"basic\","
		PREFIX "auth-secret\":\"u\"," PREFIX "permanent-redirect\":\"http://a\"",
		PATH("/d", "Prefix", "w")),
	COMMON INGRESS("a", PREFIX "server-snippet\":\"x\"", PATH("/x", "Prefix", "w")),
};
/* clang-format on */

static const struct alloc_setting settings[] = { { "ingress-class", "nginx" },
						 { "hsts", NULL },
						 { "trust-forwarded", "10.0.0.0/8" },
						 { "ignore-annotation", "server-snippet" } };

int main(void)
{
	return files_alloc_main("nginx", inputs, settings, sizeof(settings) / sizeof(*settings));
}
