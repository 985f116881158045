/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nginx/annotations.h"

#include "rules/nginx/checks.h"

#include <string.h>

#define BOOLEAN svcr_nginx_is_boolean, "true or false"
#define SECONDS svcr_nginx_is_seconds, "seconds in 1-999999"
#define COUNT svcr_nginx_is_count, "a whole number in 1-65535"
#define FACTOR svcr_nginx_is_factor, "a whole number in 1-100"
#define AGE svcr_nginx_is_age, "seconds in 0-999999999"
#define SIZE svcr_nginx_is_size, "a size such as 8m, or 0: no limit"
#define BUFFER svcr_nginx_is_buffer, "a size with k or m, such as 8k"
#define RANGES svcr_nginx_is_ranges, "prefixes or addresses with commas between"
#define HEADERS svcr_nginx_is_headers, "names of headers with commas between"
#define METHODS svcr_nginx_is_methods, "HTTP methods with commas between"
#define ORIGINS \
	svcr_nginx_is_origins, "'*', or origins such as https://*.example.com with commas between"
#define CODES svcr_nginx_is_error_codes, "statuses in 300-599 with commas between"
#define CODE svcr_nginx_is_redirect_code, "301, 302, 303, 307 or 308"
#define URL svcr_nginx_is_url, "an address with http:// or https:// and without variables"
#define PATH svcr_nginx_is_plain_path, "a path that begins with '/'"
#define TARGET svcr_nginx_is_target, "a path that begins with '/' and may have $1 to $9"
#define REALM \
	svcr_nginx_is_realm, "a text other than off, without control characters, '\"', '\\' and '$'"
#define SECRET svcr_nginx_is_secret, "the name of a Secret"
#define SERVICE svcr_nginx_is_service, "the name of a Service"
#define HOST svcr_nginx_is_vhost, "a host name, perhaps with ':' and a port"
#define PROTOCOL svcr_nginx_is_protocol, "HTTP, HTTPS or GRPC"
#define SWITCH svcr_nginx_is_switch, "on or off"
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
	[SVCR_A_ALLOWLIST] = { "allowlist-source-range", RANGES },
	[SVCR_A_APP_ROOT] = { "app-root", PATH },
	[SVCR_A_AUTH_REALM] = { "auth-realm", REALM },
	[SVCR_A_AUTH_SECRET] = { "auth-secret", SECRET,
		.note = "only Secrets of the Ingress's own namespace; without it 503 is answered" },
	[SVCR_A_AUTH_SECRET_TYPE] = { "auth-secret-type", svcr_nginx_is_secret_type,
		"auth-file or auth-map" },
	[SVCR_A_AUTH_TYPE] = { "auth-type", svcr_nginx_is_basic, "basic",
		.note = "basic alone; nginx has no digest" },
	[SVCR_A_BACKEND_PROTOCOL] = { "backend-protocol", PROTOCOL,
		.note = "HTTP, HTTPS and GRPC alone" },
	[SVCR_A_BODY_BUFFER] = { "client-body-buffer-size", BUFFER,
		.directive = "client_body_buffer_size @;" },
	[SVCR_A_CORS] = { "enable-cors", BOOLEAN,
		.note = "such headers of the backend are always replaced" },
	[SVCR_A_CORS_CREDENTIALS] = { "cors-allow-credentials", BOOLEAN },
	[SVCR_A_CORS_EXPOSE] = { "cors-expose-headers", HEADERS },
	[SVCR_A_CORS_HEADERS] = { "cors-allow-headers", HEADERS },
	[SVCR_A_CORS_MAX_AGE] = { "cors-max-age", AGE },
	[SVCR_A_CORS_METHODS] = { "cors-allow-methods", METHODS },
	[SVCR_A_CORS_ORIGIN] = { "cors-allow-origin", ORIGINS },
	[SVCR_A_CUSTOM_ERRORS] = { "custom-http-errors", CODES,
		.note = "only with default-backend, which is asked with GET and without a body" },
	[SVCR_A_DEFAULT_BACKEND] = { "default-backend", SERVICE },
	[SVCR_A_DENYLIST] = { "denylist-source-range", RANGES },
	[SVCR_A_FORCE_REDIRECT] = { "force-ssl-redirect", BOOLEAN },
	[SVCR_A_LIMIT_BURST] = { "limit-burst-multiplier", FACTOR },
	[SVCR_A_LIMIT_CONNECTIONS] = { "limit-connections", COUNT },
	[SVCR_A_LIMIT_RPM] = { "limit-rpm", COUNT },
	[SVCR_A_LIMIT_RPS] = { "limit-rps", COUNT },
	[SVCR_A_LIMIT_WHITELIST] = { "limit-whitelist", RANGES },
	[SVCR_A_LOAD_BALANCE] = { "load-balance", svcr_nginx_is_balance, "round_robin or ewma",
		.note = "ewma is the one of two random endpoints that has fewer connections" },
	[SVCR_A_PERMANENT_REDIRECT] = { "permanent-redirect", URL },
	[SVCR_A_PERMANENT_REDIRECT_CODE] = { "permanent-redirect-code", CODE,
		.note = "only statuses with which nginx sends an address" },
	[SVCR_A_PROXY_BODY_SIZE] = { "proxy-body-size", SIZE,
		.directive = "client_max_body_size @;" },
	[SVCR_A_PROXY_BUFFER_SIZE] = { "proxy-buffer-size", BUFFER,
		.directive = "proxy_buffer_size @;\nproxy_buffers 4 @;",
		.grpc = "grpc_buffer_size @;" },
	[SVCR_A_PROXY_BUFFERING] = { "proxy-buffering", SWITCH,
		.directive = "proxy_buffering @;", .grpc = "", .note = "no effect with GRPC" },
	[SVCR_A_PROXY_CONNECT_TIMEOUT] = { "proxy-connect-timeout", SECONDS,
		.directive = "proxy_connect_timeout @s;", .grpc = "grpc_connect_timeout @s;" },
	[SVCR_A_PROXY_READ_TIMEOUT] = { "proxy-read-timeout", SECONDS,
		.directive = "proxy_read_timeout @s;", .grpc = "grpc_read_timeout @s;" },
	[SVCR_A_PROXY_SEND_TIMEOUT] = { "proxy-send-timeout", SECONDS,
		.directive = "proxy_send_timeout @s;", .grpc = "grpc_send_timeout @s;" },
	[SVCR_A_REWRITE_TARGET] = { "rewrite-target", TARGET,
		.note = "only paths of the same Ingress become regular expressions" },
	[SVCR_A_SATISFY] = { "satisfy", svcr_nginx_is_satisfy, "all or any",
		.directive = "satisfy @;" },
	[SVCR_A_SSL_REDIRECT] = { "ssl-redirect", BOOLEAN },
	[SVCR_A_TEMPORAL_REDIRECT] = { "temporal-redirect", URL },
	[SVCR_A_UPSTREAM_VHOST] = { "upstream-vhost", HOST },
	[SVCR_A_USE_REGEX] = { "use-regex", BOOLEAN,
		.note = "only paths of the same Ingress become regular expressions" },
	[SVCR_A_WHITELIST] = { "whitelist-source-range", RANGES,
		.note = "the older name of allowlist-source-range" },
	[SVCR_A_FORWARDED_PREFIX] = { "x-forwarded-prefix", PATH },

	{ "affinity", .note = STICKY },
	{ "affinity-canary-behavior", .note = STICKY },
	{ "affinity-mode", .note = STICKY },
	{ "auth-always-set-cookie", .note = AUTH },
	{ "auth-cache-duration", .note = AUTH },
	{ "auth-cache-key", .note = AUTH },
	{ "auth-keepalive", .note = AUTH },
	{ "auth-keepalive-requests", .note = AUTH },
	{ "auth-keepalive-share-vars", .note = AUTH },
	{ "auth-keepalive-timeout", .note = AUTH },
	{ "auth-method", .note = AUTH },
	{ "auth-proxy-set-headers", .note = AUTH },
	{ "auth-request-redirect", .note = AUTH },
	{ "auth-response-headers", .note = AUTH },
	{ "auth-signin", .note = AUTH },
	{ "auth-signin-redirect-param", .note = AUTH },
	{ "auth-snippet", .note = RAW },
	{ "auth-tls-error-page", .note = CERTIFICATE },
	{ "auth-tls-match-cn", .note = CERTIFICATE },
	{ "auth-tls-pass-certificate-to-upstream", .note = CERTIFICATE },
	{ "auth-tls-secret", .note = CERTIFICATE },
	{ "auth-tls-verify-client", .note = CERTIFICATE },
	{ "auth-tls-verify-depth", .note = CERTIFICATE },
	{ "auth-url", .note = AUTH },
	{ "canary", .note = CANARY },
	{ "canary-by-cookie", .note = CANARY },
	{ "canary-by-header", .note = CANARY },
	{ "canary-by-header-pattern", .note = CANARY },
	{ "canary-by-header-value", .note = CANARY },
	{ "canary-weight", .note = CANARY },
	{ "canary-weight-total", .note = CANARY },
	{ "configuration-snippet",
	  .note = RAW "; one that only sets the headers Upgrade and Connection is not needed, and "
		  "is left out with a notice" },
	{ "connection-proxy-header",
	  .note = "would end WebSocket connections of others that share the header" },
	{ "custom-headers", .note = "names a ConfigMap, which is not read" },
	{ "disable-proxy-intercept-errors", .note = TUNING },
	{ "enable-access-log", .note = "where nginx logs is said beside its objects" },
	{ "enable-global-auth", .note = AUTH },
	{ "enable-modsecurity", .note = FIREWALL },
	{ "enable-opentelemetry", .note = TRACE },
	{ "enable-opentracing", .note = TRACE },
	{ "enable-owasp-core-rules", .note = FIREWALL },
	{ "enable-rewrite-log", .note = "where nginx logs is said beside its objects" },
	{ "from-to-www-redirect",
	  .note = "takes a host that no rule names, which may be another tenant's" },
	{ "global-rate-limit", .note = COUNTED },
	{ "global-rate-limit-ignored-cidrs", .note = COUNTED },
	{ "global-rate-limit-key", .note = COUNTED },
	{ "global-rate-limit-window", .note = COUNTED },
	{ "http2-push-preload", .note = REMOVED ", and from nginx" },
	{ "limit-rate", .note = TUNING },
	{ "limit-rate-after", .note = TUNING },
	{ "mirror-host", .note = MIRROR },
	{ "mirror-request-body", .note = MIRROR },
	{ "mirror-target", .note = MIRROR },
	{ "modsecurity-snippet", .note = RAW },
	{ "modsecurity-transaction-id", .note = FIREWALL },
	{ "opentelemetry-operation-name", .note = TRACE },
	{ "opentelemetry-trust-incoming-span", .note = TRACE },
	{ "opentracing-trust-incoming-span", .note = TRACE },
	{ "preserve-trailing-slash", .note = "a redirect keeps the path as it is" },
	{ "proxy-buffers-number", .note = TUNING },
	{ "proxy-busy-buffers-size", .note = TUNING },
	{ "proxy-cookie-domain",
	  .note = "changes cookies of the backend; without it they would go to other hosts" },
	{ "proxy-cookie-path",
	  .note = "changes cookies of the backend; without it they would go to other paths" },
	{ "proxy-http-version", .note = "is always 1.1, which WebSocket needs" },
	{ "proxy-max-temp-file-size", .note = TUNING },
	{ "proxy-next-upstream",
	  .note = "the next endpoint is tried after errors and timeouts of the connection alone" },
	{ "proxy-next-upstream-timeout", .note = TUNING },
	{ "proxy-next-upstream-tries", .note = TUNING },
	{ "proxy-redirect-from", .note = TUNING },
	{ "proxy-redirect-to", .note = TUNING },
	{ "proxy-request-buffering", .note = TUNING },
	{ "proxy-ssl-ciphers", .note = TRUST },
	{ "proxy-ssl-name", .note = TRUST },
	{ "proxy-ssl-protocols", .note = TRUST },
	{ "proxy-ssl-secret", .note = TRUST },
	{ "proxy-ssl-server-name", .note = TRUST },
	{ "proxy-ssl-verify", .note = TRUST },
	{ "proxy-ssl-verify-depth", .note = TRUST },
	{ "relative-redirects", .note = TUNING },
	{ "secure-backends", .note = REMOVED "; backend-protocol says it" },
	{ "server-alias",
	  .note = "takes hosts that no rule names, which may be another tenant's" },
	{ "server-snippet", .note = RAW },
	{ "service-upstream", .note = "endpoints are asked straight, not through the cluster IP" },
	{ "session-cookie-change-on-failure", .note = STICKY },
	{ "session-cookie-conditional-samesite-none", .note = STICKY },
	{ "session-cookie-domain", .note = STICKY },
	{ "session-cookie-expires", .note = STICKY },
	{ "session-cookie-max-age", .note = STICKY },
	{ "session-cookie-name", .note = STICKY },
	{ "session-cookie-path", .note = STICKY },
	{ "session-cookie-samesite", .note = STICKY },
	{ "session-cookie-secure", .note = STICKY },
	{ "ssl-ciphers",
	  .note = "one for all hosts of an address; nginx would take the first one's" },
	{ "ssl-passthrough",
	  .note = "hands whole connections on, which another module of nginx does" },
	{ "ssl-prefer-server-ciphers",
	  .note = "one for all hosts of an address; nginx would take the first one's" },
	{ "stream-snippet", .note = RAW },
	{ "temporal-redirect-code", .note = "the status is 302" },
	{ "upstream-hash-by", .note = STICKY },
	{ "upstream-hash-by-subset", .note = STICKY },
	{ "upstream-hash-by-subset-size", .note = STICKY },
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
