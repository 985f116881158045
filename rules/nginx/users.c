/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of users and passwords (auth_basic_user_file of nginx), from Secrets. */
#include "rules/nginx/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void note(struct svcr_nginx_builder *b, const struct svcr_nginx_settings *s,
		 enum svcrules_severity severity, const char *secret, const char *what)
{
	svcr_nginx_note(b, s->ingress,
			&(struct svcrules_diag){ .severity = severity,
						 .check = "secret",
						 .field = "metadata.annotations." SVCR_NGINX_PREFIX
							  "auth-secret" },
			"Secret %s %s", secret, what);
}

/* The name of the Secret, without the namespace; NULL: it is in another one, which is an error. */
static const char *secret_name(struct svcr_nginx_builder *b, const struct svcr_nginx_settings *s)
{
	const char *name = s->value[SVCR_A_AUTH_SECRET];
	const char *slash = strchr(name, '/');
	size_t n = slash ? (size_t)(slash - name) : 0;

	if (!slash)
		return name;
	if (strlen(s->ingress->ns) == n && strncmp(name, s->ingress->ns, n) == 0)
		return slash + 1;
	note(b, s, SVCRULES_ERROR, name, "is in another namespace, whose Secrets are not read");
	return NULL;
}

/* True if the bytes can be lines of such a file: text, and no control characters but line ends. */
static bool is_users(const struct svcr_secret_bytes *x)
{
	for (size_t i = 0; i < x->len; i++) {
		unsigned char c = (unsigned char)x->p[i];

		if ((c < 0x20 && c != '\n' && c != '\r') || c == 0x7f)
			return false;
	}
	return memchr(x->p, ':', x->len);
}

/* The length without line ends behind; -1: it cannot be what stands behind "user:". */
static long hash_length(const struct svcr_secret_bytes *x)
{
	size_t n = x->len;

	while (n && strchr("\r\n", x->p[n - 1]))
		n--;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)x->p[i] <= 0x20 || x->p[i] == 0x7f || x->p[i] == ':')
			return -1;
	return n ? (long)n : -1;
}

/* Joins "user:hash" of all entries; *ret NULL: one of them is wrong. 0 or -ENOMEM. */
static int join_map(const struct svcr_secret *x, char **ret, size_t *ret_len)
{
	size_t cap = 1, n = 0;

	*ret = NULL;
	for (size_t i = 0; i < x->entries.n; i++)
		cap += strlen(x->entries.v[i].key) + x->entries.v[i].value->len + 2;
	*ret = malloc(cap);
	if (!*ret)
		return -ENOMEM;
	for (size_t i = 0; i < x->entries.n; i++) {
		long len = hash_length(x->entries.v[i].value);

		if (len < 0) {
			explicit_bzero(*ret, n);
			free(*ret);
			*ret = NULL;
			return 0;
		}
		n += (size_t)snprintf(*ret + n, cap - n, "%s:", x->entries.v[i].key);
		memcpy(*ret + n, x->entries.v[i].value->p, (size_t)len);
		n += (size_t)len;
		(*ret)[n++] = '\n';
	}
	*ret_len = n;
	return 0;
}

/* Adds the file of a Secret with a user in each key. *ret_right: its contents can be used. */
static int add_map(struct svcr_nginx_builder *b, const struct svcr_secret *x, const char *file,
		   bool *ret_right)
{
	size_t len = 0;
	char *text;
	int err = join_map(x, &text, &len);

	*ret_right = text && len;
	if (!err && *ret_right)
		err = svcr_nginx_add_file(b->v, file, SVCR_NGINX_USERS, text, len);
	if (text)
		explicit_bzero(text, len);
	free(text);
	return err;
}

static int add_users(struct svcr_nginx_builder *b, const struct svcr_secret *x, bool map,
		     const char *file, bool *ret_right)
{
	const struct svcr_secret_bytes *auth;

	if (map)
		return add_map(b, x, file, ret_right);
	auth = svcr_secret_get(x, "auth");
	*ret_right = auth && is_users(auth);
	return *ret_right ? svcr_nginx_add_file(b->v, file, SVCR_NGINX_USERS, auth->p, auth->len) :
			    0;
}

int svcr_nginx_users(struct svcr_nginx_builder *b, struct svcr_nginx_settings *s)
{
	const char *type = svcr_nginx_value(s, SVCR_A_AUTH_SECRET_TYPE, "auth-file");
	const char *name = s->value[SVCR_A_AUTH_SECRET] ? secret_name(b, s) : NULL;
	const struct svcr_secret *x = name ? svcr_nginx_secret_find(b, s->ingress->ns, name) : NULL;
	bool map = strcmp(type, "auth-map") == 0, right = true, *seen;
	const char *file;
	int err;

	if (!name)
		return 0;
	s->closed = true;
	if (!x) {
		note(b, s, SVCRULES_WARNING, name, "is not there: 503 is answered");
		return 0;
	}
	file = svcr_nginx_secret_file(b->v, map ? "map" : "auth", x);
	if (!file)
		return -ENOMEM;
	seen = &b->users_added[2 * (size_t)(x - b->m->secrets.v) + map];
	err = *seen ? 0 : add_users(b, x, map, file, &right);
	if (err)
		return err;
	if (!right) {
		note(b, s, SVCRULES_WARNING, name,
		     map ? "has no users, or a value that is no hash: 503 is answered" :
			   "has no key 'auth' with lines 'user:hash': 503 is answered");
		return 0;
	}
	*seen = true;
	s->users = file;
	s->closed = false;
	return 0;
}
