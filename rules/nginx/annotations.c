/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nginx/annotations.h"

#include "rules/nginx/checks.h"

#include <string.h>

#define BOOLEAN svcr_nginx_is_boolean, "true or false"
#define SECONDS svcr_nginx_is_seconds, "seconds in 1-999999"
#define COUNT svcr_nginx_is_count, "a whole number in 1-65535"
#define RANGES svcr_nginx_is_ranges, "prefixes or addresses with commas between"
#define HEADERS svcr_nginx_is_headers, "names of headers with commas between"
#define URL svcr_nginx_is_url, "an address with http:// or https:// and without variables"
#define REFUSED NULL, NULL, NULL, NULL
/* reasons that several have */
#define RAW "text for nginx, which is never passed on from an object"
#define AUTH "asks another server before each request; without it the site would be open"
#define CERTIFICATE "asks clients for certificates; without it the site would be open"
#define TRUST "says how far servers behind are trusted; without it they would be trusted more"
#define STICKY "binds clients to endpoints, which needs a module that plain nginx lacks"
#define CANARY "sends a part of the requests elsewhere; without it two Ingresses would compete"
#define TRACE "needs a module that nginx-light of Debian lacks"
#define FIREWALL "needs a module that plain nginx lacks; without it requests would not be filtered"
#define MIRROR "sends copies of requests elsewhere"
#define COUNTED "counts in a server that all controllers share, which does not exist here"
#define REMOVED "was removed from ingress-nginx"
#define TUNING "is not made yet; --ignore-annotation leaves nginx's own value"

/* clang-format off */
static const struct svcr_annotation annotations[] = {
	[SVCR_A_ALLOWLIST] = { "allowlist-source-range", RANGES, NULL, NULL, NULL },
	[SVCR_A_APP_ROOT] = { "app-root", svcr_nginx_is_plain_path, "a path that begins with '/'", NULL, NULL, NULL },
	[SVCR_A_AUTH_REALM] = { "auth-realm", svcr_nginx_is_realm, "a text without control characters, '\"', '\\' and '$'", NULL, NULL, NULL },
	[SVCR_A_AUTH_SECRET] = { "auth-secret", svcr_nginx_is_secret, "the name of a Secret", NULL, NULL,
	  "only Secrets of the Ingress's own namespace; if it is missing, 503 is answered" },
	[SVCR_A_AUTH_SECRET_TYPE] = { "auth-secret-type", svcr_nginx_is_secret_type, "auth-file or auth-map", NULL, NULL, NULL },
	[SVCR_A_AUTH_TYPE] = { "auth-type", svcr_nginx_is_basic, "basic", NULL, NULL, "basic alone; nginx has no digest" },
	[SVCR_A_BACKEND_PROTOCOL] = { "backend-protocol", svcr_nginx_is_protocol, "HTTP, HTTPS or GRPC", NULL, NULL,
	  "HTTP, HTTPS and GRPC alone" },
	[SVCR_A_BODY_BUFFER] = { "client-body-buffer-size", svcr_nginx_is_buffer, "a size with k or m, such as 8k", "client_body_buffer_size @;", NULL, NULL },
	[SVCR_A_CORS] = { "enable-cors", BOOLEAN, NULL, NULL,
	  "such headers of the backend are always replaced" },
	[SVCR_A_CORS_CREDENTIALS] = { "cors-allow-credentials", BOOLEAN, NULL, NULL, NULL },
	[SVCR_A_CORS_EXPOSE] = { "cors-expose-headers", HEADERS, NULL, NULL, NULL },
	[SVCR_A_CORS_HEADERS] = { "cors-allow-headers", HEADERS, NULL, NULL, NULL },
	[SVCR_A_CORS_MAX_AGE] = { "cors-max-age", svcr_nginx_is_age, "seconds in 0-999999999", NULL, NULL, NULL },
	[SVCR_A_CORS_METHODS] = { "cors-allow-methods", svcr_nginx_is_methods, "HTTP methods with commas between", NULL, NULL, NULL },
	[SVCR_A_CORS_ORIGIN] = { "cors-allow-origin", svcr_nginx_is_origins, "'*', or origins such as https://*.example.com with commas between", NULL, NULL, NULL },
	[SVCR_A_CUSTOM_ERRORS] = { "custom-http-errors", svcr_nginx_is_error_codes, "statuses in 300-599 with commas between", NULL, NULL,
	  "only with default-backend, which is asked with GET and without a body" },
	[SVCR_A_DEFAULT_BACKEND] = { "default-backend", svcr_nginx_is_service, "the name of a Service", NULL, NULL, NULL },
	[SVCR_A_DENYLIST] = { "denylist-source-range", RANGES, NULL, NULL, NULL },
	[SVCR_A_FORCE_REDIRECT] = { "force-ssl-redirect", BOOLEAN, NULL, NULL, NULL },
	[SVCR_A_LIMIT_BURST] = { "limit-burst-multiplier", svcr_nginx_is_factor, "a whole number in 1-100", NULL, NULL, NULL },
	[SVCR_A_LIMIT_CONNECTIONS] = { "limit-connections", COUNT, NULL, NULL, NULL },
	[SVCR_A_LIMIT_RPM] = { "limit-rpm", COUNT, NULL, NULL, NULL },
	[SVCR_A_LIMIT_RPS] = { "limit-rps", COUNT, NULL, NULL, NULL },
	[SVCR_A_LIMIT_WHITELIST] = { "limit-whitelist", RANGES, NULL, NULL, NULL },
	[SVCR_A_LOAD_BALANCE] = { "load-balance", svcr_nginx_is_balance, "round_robin or ewma", NULL, NULL,
	  "ewma is the one of two random endpoints that has fewer connections" },
	[SVCR_A_PERMANENT_REDIRECT] = { "permanent-redirect", URL, NULL, NULL, NULL },
	[SVCR_A_PERMANENT_REDIRECT_CODE] = { "permanent-redirect-code", svcr_nginx_is_redirect_code, "301, 302, 303, 307 or 308", NULL, NULL,
	  "only statuses with which nginx sends an address" },
	[SVCR_A_PROXY_BODY_SIZE] = { "proxy-body-size", svcr_nginx_is_size, "a size such as 8m, or 0: no limit", "client_max_body_size @;", NULL, NULL },
	[SVCR_A_PROXY_BUFFER_SIZE] = { "proxy-buffer-size", svcr_nginx_is_buffer, "a size with k or m, such as 8k",
	  "proxy_buffer_size @;\nproxy_buffers 4 @;", "grpc_buffer_size @;", NULL },
	[SVCR_A_PROXY_BUFFERING] = { "proxy-buffering", svcr_nginx_is_switch, "on or off", "proxy_buffering @;", "", "no effect with GRPC" },
	[SVCR_A_PROXY_CONNECT_TIMEOUT] = { "proxy-connect-timeout", SECONDS, "proxy_connect_timeout @s;", "grpc_connect_timeout @s;", NULL },
	[SVCR_A_PROXY_READ_TIMEOUT] = { "proxy-read-timeout", SECONDS, "proxy_read_timeout @s;", "grpc_read_timeout @s;", NULL },
	[SVCR_A_PROXY_SEND_TIMEOUT] = { "proxy-send-timeout", SECONDS, "proxy_send_timeout @s;", "grpc_send_timeout @s;", NULL },
	[SVCR_A_REWRITE_TARGET] = { "rewrite-target", svcr_nginx_is_target, "a path that begins with '/' and may have $1 to $9", NULL, NULL,
	  "only paths of the same Ingress become regular expressions" },
	[SVCR_A_SATISFY] = { "satisfy", svcr_nginx_is_satisfy, "all or any", "satisfy @;", NULL, NULL },
	[SVCR_A_SSL_REDIRECT] = { "ssl-redirect", BOOLEAN, NULL, NULL, NULL },
	[SVCR_A_TEMPORAL_REDIRECT] = { "temporal-redirect", URL, NULL, NULL, NULL },
	[SVCR_A_UPSTREAM_VHOST] = { "upstream-vhost", svcr_nginx_is_vhost, "a host name, perhaps with ':' and a port", NULL, NULL, NULL },
	[SVCR_A_USE_REGEX] = { "use-regex", BOOLEAN, NULL, NULL,
	  "only paths of the same Ingress become regular expressions" },
	[SVCR_A_WHITELIST] = { "whitelist-source-range", RANGES, NULL, NULL, "the older name of allowlist-source-range" },
	[SVCR_A_FORWARDED_PREFIX] = { "x-forwarded-prefix", svcr_nginx_is_plain_path, "a path that begins with '/'", NULL, NULL, NULL },

	{ "affinity", REFUSED, STICKY },
	{ "affinity-canary-behavior", REFUSED, STICKY },
	{ "affinity-mode", REFUSED, STICKY },
	{ "auth-always-set-cookie", REFUSED, AUTH },
	{ "auth-cache-duration", REFUSED, AUTH },
	{ "auth-cache-key", REFUSED, AUTH },
	{ "auth-keepalive", REFUSED, AUTH },
	{ "auth-keepalive-requests", REFUSED, AUTH },
	{ "auth-keepalive-share-vars", REFUSED, AUTH },
	{ "auth-keepalive-timeout", REFUSED, AUTH },
	{ "auth-method", REFUSED, AUTH },
	{ "auth-proxy-set-headers", REFUSED, AUTH },
	{ "auth-request-redirect", REFUSED, AUTH },
	{ "auth-response-headers", REFUSED, AUTH },
	{ "auth-signin", REFUSED, AUTH },
	{ "auth-signin-redirect-param", REFUSED, AUTH },
	{ "auth-snippet", REFUSED, RAW },
	{ "auth-tls-error-page", REFUSED, CERTIFICATE },
	{ "auth-tls-match-cn", REFUSED, CERTIFICATE },
	{ "auth-tls-pass-certificate-to-upstream", REFUSED, CERTIFICATE },
	{ "auth-tls-secret", REFUSED, CERTIFICATE },
	{ "auth-tls-verify-client", REFUSED, CERTIFICATE },
	{ "auth-tls-verify-depth", REFUSED, CERTIFICATE },
	{ "auth-url", REFUSED, AUTH },
	{ "canary", REFUSED, CANARY },
	{ "canary-by-cookie", REFUSED, CANARY },
	{ "canary-by-header", REFUSED, CANARY },
	{ "canary-by-header-pattern", REFUSED, CANARY },
	{ "canary-by-header-value", REFUSED, CANARY },
	{ "canary-weight", REFUSED, CANARY },
	{ "canary-weight-total", REFUSED, CANARY },
	{ "configuration-snippet", REFUSED, RAW "; one that only sets the headers Upgrade and Connection is not needed and is left out with a notice" },
	{ "connection-proxy-header", REFUSED, "would end WebSocket connections of others that share the header" },
	{ "custom-headers", REFUSED, "names a ConfigMap, which is not read" },
	{ "disable-proxy-intercept-errors", REFUSED, TUNING },
	{ "enable-access-log", REFUSED, "where nginx logs is said beside its objects" },
	{ "enable-global-auth", REFUSED, AUTH },
	{ "enable-modsecurity", REFUSED, FIREWALL },
	{ "enable-opentelemetry", REFUSED, TRACE },
	{ "enable-opentracing", REFUSED, TRACE },
	{ "enable-owasp-core-rules", REFUSED, FIREWALL },
	{ "enable-rewrite-log", REFUSED, "where nginx logs is said beside its objects" },
	{ "from-to-www-redirect", REFUSED, "takes a host that no rule names, which may be another tenant's" },
	{ "global-rate-limit", REFUSED, COUNTED },
	{ "global-rate-limit-ignored-cidrs", REFUSED, COUNTED },
	{ "global-rate-limit-key", REFUSED, COUNTED },
	{ "global-rate-limit-window", REFUSED, COUNTED },
	{ "http2-push-preload", REFUSED, REMOVED ", and from nginx" },
	{ "limit-rate", REFUSED, TUNING },
	{ "limit-rate-after", REFUSED, TUNING },
	{ "mirror-host", REFUSED, MIRROR },
	{ "mirror-request-body", REFUSED, MIRROR },
	{ "mirror-target", REFUSED, MIRROR },
	{ "modsecurity-snippet", REFUSED, RAW },
	{ "modsecurity-transaction-id", REFUSED, FIREWALL },
	{ "opentelemetry-operation-name", REFUSED, TRACE },
	{ "opentelemetry-trust-incoming-span", REFUSED, TRACE },
	{ "opentracing-trust-incoming-span", REFUSED, TRACE },
	{ "preserve-trailing-slash", REFUSED, "a redirect keeps the path as it is" },
	{ "proxy-buffers-number", REFUSED, TUNING },
	{ "proxy-busy-buffers-size", REFUSED, TUNING },
	{ "proxy-cookie-domain", REFUSED, "changes cookies of the backend; without it they would go to other hosts" },
	{ "proxy-cookie-path", REFUSED, "changes cookies of the backend; without it they would go to other paths" },
	{ "proxy-http-version", REFUSED, "is always 1.1, which WebSocket needs" },
	{ "proxy-max-temp-file-size", REFUSED, TUNING },
	{ "proxy-next-upstream", REFUSED,
	  "the next endpoint is tried after errors and timeouts of the connection alone" },
	{ "proxy-next-upstream-timeout", REFUSED, TUNING },
	{ "proxy-next-upstream-tries", REFUSED, TUNING },
	{ "proxy-redirect-from", REFUSED, TUNING },
	{ "proxy-redirect-to", REFUSED, TUNING },
	{ "proxy-request-buffering", REFUSED, TUNING },
	{ "proxy-ssl-ciphers", REFUSED, TRUST },
	{ "proxy-ssl-name", REFUSED, TRUST },
	{ "proxy-ssl-protocols", REFUSED, TRUST },
	{ "proxy-ssl-secret", REFUSED, TRUST },
	{ "proxy-ssl-server-name", REFUSED, TRUST },
	{ "proxy-ssl-verify", REFUSED, TRUST },
	{ "proxy-ssl-verify-depth", REFUSED, TRUST },
	{ "relative-redirects", REFUSED, TUNING },
	{ "secure-backends", REFUSED, REMOVED "; backend-protocol says it" },
	{ "server-alias", REFUSED, "takes hosts that no rule names, which may be another tenant's" },
	{ "server-snippet", REFUSED, RAW },
	{ "service-upstream", REFUSED, "endpoints are asked straight, not through the cluster IP" },
	{ "session-cookie-change-on-failure", REFUSED, STICKY },
	{ "session-cookie-conditional-samesite-none", REFUSED, STICKY },
	{ "session-cookie-domain", REFUSED, STICKY },
	{ "session-cookie-expires", REFUSED, STICKY },
	{ "session-cookie-max-age", REFUSED, STICKY },
	{ "session-cookie-name", REFUSED, STICKY },
	{ "session-cookie-path", REFUSED, STICKY },
	{ "session-cookie-samesite", REFUSED, STICKY },
	{ "session-cookie-secure", REFUSED, STICKY },
	{ "ssl-ciphers", REFUSED, "one for all hosts of an address; nginx would take the first one's" },
	{ "ssl-passthrough", REFUSED, "hands whole connections on, which another module of nginx does" },
	{ "ssl-prefer-server-ciphers", REFUSED, "one for all hosts of an address; nginx would take the first one's" },
	{ "stream-snippet", REFUSED, RAW },
	{ "temporal-redirect-code", REFUSED, "the status is 302" },
	{ "upstream-hash-by", REFUSED, STICKY },
	{ "upstream-hash-by-subset", REFUSED, STICKY },
	{ "upstream-hash-by-subset-size", REFUSED, STICKY },
};
/* clang-format on */

#define ROWS (sizeof(annotations) / sizeof(*annotations))

const struct svcr_annotation *svcr_annotation_at(unsigned i)
{
	return i < ROWS ? &annotations[i] : NULL;
}

const struct svcr_annotation *svcr_annotation_find(const char *name, unsigned *ret_at)
{
	for (unsigned i = 0; i < ROWS; i++)
		if (strcmp(annotations[i].name, name) == 0) {
			*ret_at = i;
			return &annotations[i];
		}
	return NULL;
}
