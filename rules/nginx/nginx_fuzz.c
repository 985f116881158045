/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target for nginx: the bytes are choices, of which generate_fuzz.h makes Ingresses. Either
 * they are refused with an error, or each file is one that nginx can read, with no directive but
 * those that this program writes. The reader here knows nginx's grammar (ngx_conf_file.c) and is
 * independent of what writes. Compiled as rules/read_fuzz.c is; with NGINX_FUZZ_WRITE=DIR in the
 * environment, the files go to DIR/0, DIR/1 and so on, for `nginx -t`.
 */
#include "fuzz_main.h"
#include "rules/nginx/generate_fuzz.h"

#include <errno.h>
#include <sys/stat.h>

/* a certificate for the hosts of generate_fuzz.h, until the year 2126, and its key */
/* clang-format off */
static const char tls_data[] =
	"\"tls.crt\":\""
	"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJ4RENDQVd1Z0F3SUJBZ0lVVUYxejNnQm81"
	"NjlHUVpWMForS2JERzQ2Vk9Jd0NnWUlLb1pJemowRUF3SXcKRmpFVU1CSUdBMVVFQXd3TFpYaGhi"
	"WEJzWlM1amIyMHdJQmNOTWpZeE1USTJNVEF4TlRNNFdoZ1BNakV5TmpFeApNREl4TURFMU16aGFN"
	"Qll4RkRBU0JnTlZCQU1NQzJWNFlXMXdiR1V1WTI5dE1Ga3dFd1lIS29aSXpqMENBUVlJCktvWkl6"
	"ajBEQVFjRFFnQUVSTnRLVC9HYkhmbG9taHRmV0hJZmcxREFLeHdOSnVoV2drK0xMNHcxdHlsUERC"
	"YVEKTGRNMXVwZGdTQm85NGx4WDVRb0ViUzJaaFNPdmFmYkExcm1QdUtPQmxEQ0JrVEFkQmdOVkhR"
	"NEVGZ1FVWlIrQQpWb2tCeXMza2xwUnppYjlrUUZTYlk3Y3dId1lEVlIwakJCZ3dGb0FVWlIrQVZv"
	"a0J5czNrbHBSemliOWtRRlNiClk3Y3dEd1lEVlIwVEFRSC9CQVV3QXdFQi96QStCZ05WSFJFRU56"
	"QTFnZzFoTG1WNFlXMXdiR1V1WTI5dGdnMWkKTG1WNFlXMXdiR1V1WTI5dGdnMHFMbVY0WVcxd2JH"
	"VXVZMjl0Z2daaExuUmxjM1F3Q2dZSUtvWkl6ajBFQXdJRApSd0F3UkFJZ2MvcDdnU25rRWtSSGdw"
	"a25sN2t4N2RxTEVYbkRxR0c5WklWN3A4dmRNYVVDSUh1di9NaXV5aHEvClNyTm45Sy9WMkdwTnNQ"
	"VE1oY1UrbDlZVVR2ZE5FeTZDCi0tLS0tRU5EIENFUlRJRklDQVRFLS0tLS0K"
	"\",\"tls.key\":\""
	"LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1JR0hBZ0VBTUJNR0J5cUdTTTQ5QWdFR0NDcUdT"
	"TTQ5QXdFSEJHMHdhd0lCQVFRZ2NnVUpMaFQyalVJZU8rOSsKdUJPMlFqVEJRdWQrb1c5d0RpSVZM"
	"bGpyczN1aFJBTkNBQVJFMjBwUDhac2QrV2lhRzE5WWNoK0RVTUFySEEwbQo2RmFDVDRzdmpEVzNL"
	"VThNRnBBdDB6VzZsMkJJR2ozaVhGZmxDZ1J0TFptRkk2OXA5c0RXdVkrNAotLS0tLUVORCBQUklW"
	"QVRFIEtFWS0tLS0tCg=="
	"\"";
/* clang-format on */

/* ---- What nginx reads ------------------------------------------------------------- */

#define WORD_MAX 4096 /* nginx's NGX_CONF_BUFFER */
#define WORDS_MAX 64

struct nginx_reader {
	const char *p;
	char word[WORDS_MAX][WORD_MAX];
	unsigned n;
	int depth;
	bool entries[8]; /* the block of that depth is a map, whose words are no directives */
};

static _Noreturn void nginx_fuzz_fail(const struct nginx_reader *r, const char *why)
{
	fprintf(stderr, "%s, before: %.200s\n", why, r->p);
	abort();
}

/* Reads a word in quotes; a backslash takes the next character with it. */
static void fuzz_quoted(struct nginx_reader *r)
{
	char quote = *r->p++, *to = r->word[r->n];
	size_t len = 0;

	for (; *r->p != quote; r->p++) {
		if (*r->p == '\\' && r->p[1] && strchr("\"'\\", r->p[1]))
			r->p++;
		else if (*r->p == '\\' && r->p[1] && strchr("trn", r->p[1]))
			nginx_fuzz_fail(r, "a backslash that makes a control character");
		else if ((unsigned char)*r->p < 0x20)
			nginx_fuzz_fail(r, "a control character or no closing quote");
		if (len + 1 >= WORD_MAX)
			nginx_fuzz_fail(r, "a word that is too long");
		to[len++] = *r->p;
	}
	to[len] = '\0';
	r->p++;
	if (!strchr(" \t\r\n;{)", *r->p))
		nginx_fuzz_fail(r, "a word behind a quote");
}

static void read_bare(struct nginx_reader *r)
{
	size_t len = 0;
	char *to = r->word[r->n];

	for (; *r->p && !strchr(" \t\r\n;{", *r->p); r->p++) {
		if (strchr("\"'\\}#", *r->p) || (unsigned char)*r->p < 0x21 || *r->p == 0x7f)
			nginx_fuzz_fail(r, "a sign that needs quotes");
		if (len + 1 >= WORD_MAX)
			nginx_fuzz_fail(r, "a word that is too long");
		to[len++] = *r->p;
	}
	to[len] = '\0';
}

/* Reads to the next ';', '{', '}' or the end, and returns it. */
static char read_statement(struct nginx_reader *r)
{
	for (r->n = 0;;) {
		r->p += strspn(r->p, " \t\r\n");
		if (!*r->p || strchr(";{}", *r->p))
			return *r->p ? *r->p++ : '\0';
		if (*r->p == '#') {
			r->p += strcspn(r->p, "\n");
			continue;
		}
		if (r->n == WORDS_MAX)
			nginx_fuzz_fail(r, "too many words");
		if (*r->p == '"' || *r->p == '\'')
			fuzz_quoted(r);
		else
			read_bare(r);
		r->n++;
	}
}

/* ---- What it may be ------------------------------------------------------------------ */

/* Directives, and "block " before those with a block. */
static const char *const known[] = {
	"block events",
	"block http",
	"block server",
	"block location",
	"block if",
	"block map",
	"block geo",
	"block upstream",
	"worker_processes",
	"worker_connections",
	"worker_rlimit_nofile",
	"server_tokens",
	"server_names_hash_bucket_size",
	"server_names_hash_max_size",
	"map_hash_bucket_size",
	"map_hash_max_size",
	"variables_hash_bucket_size",
	"variables_hash_max_size",
	"proxy_headers_hash_bucket_size",
	"proxy_headers_hash_max_size",
	"ssl_protocols",
	"ssl_session_cache",
	"ssl_session_timeout",
	"ssl_session_tickets",
	"ssl_certificate",
	"ssl_certificate_key",
	"ssl_reject_handshake",
	"ssl_ciphers",
	"client_max_body_size",
	"client_body_buffer_size",
	"proxy_connect_timeout",
	"proxy_read_timeout",
	"proxy_send_timeout",
	"proxy_http_version",
	"proxy_buffering",
	"proxy_buffer_size",
	"proxy_buffers",
	"proxy_busy_buffers_size",
	"proxy_next_upstream_tries",
	"proxy_next_upstream",
	"proxy_next_upstream_timeout",
	"proxy_set_header",
	"proxy_pass",
	"proxy_hide_header",
	"proxy_intercept_errors",
	"proxy_method",
	"proxy_pass_request_body",
	"proxy_ssl_server_name",
	"proxy_ssl_name",
	"proxy_ssl_session_reuse",
	"proxy_redirect",
	"proxy_max_temp_file_size",
	"grpc_connect_timeout",
	"grpc_read_timeout",
	"grpc_send_timeout",
	"grpc_next_upstream_tries",
	"grpc_next_upstream",
	"grpc_buffer_size",
	"grpc_set_header",
	"grpc_pass",
	"grpc_hide_header",
	"grpc_intercept_errors",
	"limit_req",
	"limit_conn",
	"limit_req_zone",
	"limit_conn_zone",
	"limit_req_log_level",
	"limit_conn_log_level",
	"limit_req_status",
	"limit_conn_status",
	"include",
	"listen",
	"server_name",
	"return",
	"set",
	"rewrite",
	"allow",
	"deny",
	"satisfy",
	"auth_basic",
	"auth_basic_user_file",
	"add_header",
	"error_page",
	"internal",
	"set_real_ip_from",
	"real_ip_header",
	"real_ip_recursive",
	"keepalive",
	"keepalive_timeout",
	"server",
	"random",
	"least_conn",
	"absolute_redirect",
	"merge_slashes",
	"http2_max_concurrent_streams",
	"default_type",
	"access_log",
	"port_in_redirect",
	"underscores_in_headers",
	"ignore_invalid_headers",
	"large_client_header_buffers",
	"zone",
};

static bool is_known(const char *name, bool block)
{
	for (size_t i = 0; i < NGINX_COUNT(known); i++) {
		bool with = strncmp(known[i], "block ", 6) == 0;

		if (with == block && strcmp(known[i] + (with ? 6 : 0), name) == 0)
			return true;
	}
	return false;
}

/* Arguments of directives that could do harm. */
static void check_arguments(const struct nginx_reader *r)
{
	const char *name = r->word[0], *value = r->n > 1 ? r->word[1] : "";

	if (strcmp(name, "include") == 0 && strcmp(value, "upstreams.conf") != 0)
		nginx_fuzz_fail(r, "another file is included");
	if (strcmp(name, "listen") == 0 && strcmp(value, "80") != 0 && strcmp(value, "443") != 0 &&
	    strcmp(value, "[::]:80") != 0 && strcmp(value, "[::]:443") != 0)
		nginx_fuzz_fail(r, "another port");
	if (strcmp(name, "return") == 0 && (strlen(value) != 3 || strcmp(value, "200") == 0))
		nginx_fuzz_fail(r, "another answer");
	if (strstr(name, "_file") && (*value == '/' || strstr(value, "..")))
		nginx_fuzz_fail(r, "a file of another folder");
	if (strncmp(name, "ssl_certificate", 15) == 0 && strncmp(value, "tls_", 4) != 0)
		nginx_fuzz_fail(r, "another certificate");
	if (strcmp(name, "server") == 0 && strcmp(value, "127.0.0.1:1") != 0 &&
	    strcmp(value, "10.1.0.1:8080") != 0 && strcmp(value, "10.1.0.2:8080") != 0 &&
	    strcmp(value, "[fd00::1]:8080") != 0)
		nginx_fuzz_fail(r, "another endpoint");
}

static void check_text(const char *text)
{
	static struct nginx_reader r;
	char end;

	r = (struct nginx_reader){ .p = text };
	while ((end = read_statement(&r)) != '\0') {
		if (end == '}') {
			if (r.n || --r.depth < 0)
				nginx_fuzz_fail(&r, "a block that ends");
			continue;
		}
		if (!r.n)
			nginx_fuzz_fail(&r, "an empty statement");
		if (r.entries[r.depth]) {
			if (end == '{' || r.n > 2)
				nginx_fuzz_fail(&r, "an entry of a map");
			continue;
		}
		if (!is_known(r.word[0], end == '{'))
			nginx_fuzz_fail(&r, r.word[0]);
		if (end != '{') {
			check_arguments(&r);
			continue;
		}
		if (++r.depth >= (int)NGINX_COUNT(r.entries))
			nginx_fuzz_fail(&r, "blocks in blocks");
		r.entries[r.depth] = strcmp(r.word[0], "map") == 0 || strcmp(r.word[0], "geo") == 0;
	}
	if (r.n || r.depth)
		nginx_fuzz_fail(&r, "the end is missing");
}

/* ---- One input --------------------------------------------------------------------------- */

static void fuzz_file(const char *dir, unsigned number, const char *name, const struct gen_text *t)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%u", dir, number);
	if (mkdir(path, 0755) && errno != EEXIST)
		abort();
	snprintf(path, sizeof(path), "%s/%u/%s", dir, number, name);
	f = fopen(path, "wb");
	if (!f || fwrite(t->p, 1, t->len, f) != t->len || fclose(f))
		abort();
}

static void nginx_fuzz_files(const struct svcrules_ruleset *rs)
{
	static unsigned number;
	const char *dir = getenv("NGINX_FUZZ_WRITE");
	struct svcrules_file f;

	for (size_t i = 0; svcrules_ruleset_file(rs, 0, i, &f); i++) {
		struct gen_text t = { NULL, 0 };

		gen_write(&t, "", 0);
		if (*f.name == '.' || strchr(f.name, '/') ||
		    svcrules_file_print(rs, 0, i, gen_write, &t) || strlen(t.p) != t.len)
			abort();
		if (!f.secret)
			check_text(t.p);
		if (dir)
			fuzz_file(dir, number, f.name, &t);
		free(t.p);
	}
	number++;
}

/* No secret is printed, and nothing changes from a rule set to itself. */
static void nginx_fuzz_print(const struct svcrules_ruleset *rs, struct svcrules_ruleset *same)
{
	static const char *const outputs[] = { "text", "json" };
	struct svcrules_changes *c = gen_diff(rs, same);

	if (!svcrules_changes_empty(c))
		abort();
	svcrules_changes_free(c);
	for (size_t i = 0; i < NGINX_COUNT(outputs); i++) {
		char *text = gen_printed(rs, outputs[i]);

		if (strstr(text, "BEGIN") || strstr(text, "{PLAIN}"))
			abort();
		free(text);
	}
}

/* NULL: it is refused, with an error. */
static struct svcrules_ruleset *nginx_fuzz_build(const char *text)
{
	struct fuzz_input in = { (const uint8_t *)text, strlen(text), SIZE_MAX };
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_options *o = svcrules_options_new();
	struct svcrules_model *m = svcrules_model_new("nginx", o);
	struct svcrules_ruleset *rs = NULL;
	int err;

	if (!d || !m)
		abort();
	err = svcrules_model_read(m, "fuzz", fuzz_fill, &in, d);
	if (!err)
		err = svcrules_build(m, o, "nginx", d, &rs);
	if (err && (err != -EINVAL || !svcrules_diags_errors(d)))
		abort();
	if (err && getenv("NGINX_FUZZ_TELL"))
		fprintf(stderr, "%s: %s\n", svcrules_diags_get(d, 0)->field,
			svcrules_diags_get(d, 0)->text);
	svcrules_model_free(m);
	svcrules_options_free(o);
	svcrules_diags_free(d);
	return rs;
}

static void nginx_fuzz_input(const uint8_t *data, size_t size)
{
	struct nginx_bytes b = { .p = data, .n = size };
	struct svcrules_ruleset *rs, *same;

	nginx_generate(&b, tls_data);
	rs = nginx_fuzz_build(b.text.p);
	if (rs) {
		same = nginx_fuzz_build(b.text.p);
		nginx_fuzz_files(rs);
		nginx_fuzz_print(rs, same);
		svcrules_ruleset_free(same);
	}
	svcrules_ruleset_free(rs);
	free(b.text.p);
}

FUZZ_TARGET(nginx_fuzz_input)
