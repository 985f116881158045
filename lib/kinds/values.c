/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "values.h"

#define SHOWN_MAX 300 /* bytes of a wrong value in a message */

/* The length of a wrong value in a message, for "%.*s". */
static int value_shown(struct svcr_str s)
{
	return (int)(s.len < SHOWN_MAX ? s.len : SHOWN_MAX);
}

/* ---- Names ------------------------------------------------------------- */

static bool name_valid(struct svcr_str s, size_t max)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '.' || c == '_' || c == '-'))
			return false;
	}
	return s.len <= max;
}

bool svcr_read_name(struct svcr_reader *r, const char **member, size_t max, const char *instead)
{
	const char *name;
	struct svcr_str s;

	if (!svcr_read_string(r, &s) || !s.len) /* "" is the same as absent */
		return true;
	if (!name_valid(s, max) && r->model->names) {
		svcr_read_error(r, "name",
				"'%.*s' is no name: expected up to %zu letters, digits, '.', '_' "
				"and '-'",
				value_shown(s), s.p, max);
		return false;
	}
	if (!name_valid(s, max)) {
		svcr_read_warning(r, "name",
				  "'%.*s' is no name: expected up to %zu letters, digits, '.', '_' "
				  "and '-': %s",
				  value_shown(s), s.p, max, instead);
		return false;
	}
	name = svcr_read_intern(r, s);
	if (name)
		*member = name;
	return true;
}

static bool label_end(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* A label of up to `max` bytes. */
static bool label_valid(struct svcr_str s, size_t max)
{
	for (size_t i = 0; i < s.len; i++)
		if (!label_end(s.p[i]) && s.p[i] != '-')
			return false;
	return s.len > 0 && s.len <= max && label_end(*s.p) && label_end(s.p[s.len - 1]);
}

bool svcr_dns_label(struct svcr_str s)
{
	return label_valid(s, SVCR_NAME_SHORT);
}

/* Labels of up to `max` bytes with dots between. */
static bool labels_valid(struct svcr_str s, size_t max)
{
	size_t len;

	for (struct svcr_str rest = s;; rest.p += len + 1, rest.len -= len + 1) {
		const char *dot = memchr(rest.p, '.', rest.len);

		len = dot ? (size_t)(dot - rest.p) : rest.len;
		if (!label_valid((struct svcr_str){ rest.p, len }, max))
			return false;
		if (!dot)
			return s.len <= SVCR_NAME_LONG;
	}
}

bool svcr_dns_name(struct svcr_str s)
{
	return labels_valid(s, SVCR_NAME_SHORT);
}

bool svcr_subdomain(struct svcr_str s)
{
	return labels_valid(s, SVCR_NAME_LONG);
}

bool svcr_read_check_label(struct svcr_reader *r, const char *name)
{
	struct svcr_str s = { name, name ? strlen(name) : 0 };

	if (!r->model->names || !name || svcr_dns_label(s))
		return true;
	svcr_read_error(r, "name",
			"'%.*s' is no label of a DNS name: expected up to 63 lower-case letters, "
			"digits and '-', a letter or digit first and last",
			value_shown(s), s.p);
	return false;
}

void svcr_read_hostname(struct svcr_reader *r, void *member)
{
	const char *name = NULL;

	if (!r->model->names) {
		svcr_json_skip(&r->json);
		return;
	}
	if (svcr_read_name(r, &name, SVCR_NAME_SHORT, "left out") &&
	    svcr_read_check_label(r, name) && name)
		*(const char **)member = name;
}

uint32_t svcr_read_endpoint_names(struct svcr_reader *r, const char *hostname, const char *pod)
{
	struct svcr_endpoint_names *slot;

	if (!hostname && !pod)
		return 0;
	slot = SVCR_READ_GROW(r, &r->model->names_of);
	if (!slot)
		return 0;
	*slot = (struct svcr_endpoint_names){ hostname, pod };
	return (uint32_t)r->model->names_of.n;
}

struct target_ref {
	const char *kind, *name;
};

void svcr_read_target_ref(struct svcr_reader *r, void *member)
{
	static const struct svcr_field fields[] = {
		{ SVCR_FIELD("kind"), SVCR_F_STRING, .offset = offsetof(struct target_ref, kind) },
		{ SVCR_FIELD("name"), SVCR_F_STRING, .offset = offsetof(struct target_ref, name) },
		SVCR_END
	};
	struct target_ref ref = { .kind = NULL };

	if (!r->model->endpoint_pods) {
		svcr_json_skip(&r->json);
		return;
	}
	svcr_read_object(r, fields, &ref);
	if (ref.kind && strcmp(ref.kind, "Pod") == 0 && ref.name && *ref.name)
		*(const char **)member = ref.name;
}

void svcr_read_label_name(struct svcr_reader *r, void *member)
{
	svcr_read_name(r, member, SVCR_NAME_SHORT, "left out");
}

void svcr_read_port_name(struct svcr_reader *r, void *member)
{
	const char **name = member;

	if (!svcr_read_name(r, name, SVCR_NAME_SHORT, "the port is left out") ||
	    (**name && !svcr_read_check_label(r, *name)))
		*name = NULL;
}

/* ---- Addresses and prefixes -------------------------------------------- */

void svcr_read_address_warning(struct svcr_reader *r, struct svcr_str s)
{
	svcr_read_warning(r, "address", "'%.*s' is not an IP address: left out", value_shown(s),
			  s.p);
}

static bool read_addr(struct svcr_reader *r, struct svcr_addr *a)
{
	struct svcr_str s;

	if (!svcr_read_string(r, &s) || !s.len)
		return false;
	if (svcr_addr_parse(a, s))
		return true;
	svcr_read_address_warning(r, s);
	return false;
}

void svcr_read_given_addr(struct svcr_reader *r, void *member)
{
	struct svcr_given_addr *a = member;

	a->given = read_addr(r, &a->addr);
}

void svcr_read_add_addr(struct svcr_reader *r, struct svcr_addrs *list, const struct svcr_addr *a)
{
	struct svcr_addr *slot = SVCR_READ_GROW(r, list);

	if (slot)
		*slot = *a;
}

void svcr_read_addr_item(struct svcr_reader *r, void *member)
{
	struct svcr_addr a;

	if (read_addr(r, &a))
		svcr_read_add_addr(r, member, &a);
}

/*
 * The length of the white space at p, of at most n bytes; 0: none. What Unicode's
 * property White_Space has, which Go's strings.TrimSpace() trims.
 */
static size_t space_length(const char *p, size_t n)
{
	static const char *const wide[] = {
		"\xc2\x85", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003",
		"\u2004",   "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a",
		"\u2028",   "\u2029", "\u202f", "\u205f", "\u3000",
	};

	if (n && (*p == ' ' || (*p >= '\t' && *p <= '\r')))
		return 1;
	for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++) {
		size_t len = strlen(wide[i]);

		if (len <= n && memcmp(p, wide[i], len) == 0)
			return len;
	}
	return 0;
}

static struct svcr_str trim(struct svcr_str s)
{
	size_t n;

	while ((n = space_length(s.p, s.len)) != 0) {
		s.p += n;
		s.len -= n;
	}
	for (n = 1; n <= 3 && n <= s.len;)
		if (space_length(s.p + s.len - n, n) == n) {
			s.len -= n;
			n = 1;
		} else {
			n++;
		}
	return s;
}

void svcr_read_cidr_item(struct svcr_reader *r, void *member)
{
	struct svcr_cidrs *list = member;
	struct svcr_cidr c, *slot;
	struct svcr_str s;

	if (!svcr_read_string(r, &s) || !s.len) /* "" is the same as absent */
		return;
	s = trim(s);
	if (!svcr_cidr_parse(&c, s)) {
		svcr_read_warning(r, "cidr",
				  "'%.*s' is not a prefix such as 192.0.2.0/24: left out",
				  value_shown(s), s.p);
		return;
	}
	slot = SVCR_READ_GROW(r, list);
	if (slot)
		*slot = c;
}

/* ---- Words ------------------------------------------------------------- */

void svcr_read_protocol(struct svcr_reader *r, void *member)
{
	static const char *const words[] = { "TCP", "UDP", "SCTP", NULL };
	static const uint8_t protocols[] = { SVCR_TCP, SVCR_UDP, SVCR_SCTP };
	int i = svcr_read_word(r, words, "the port is left out");

	if (i != SVCR_NO_WORD)
		*(uint8_t *)member = i < 0 ? SVCR_OTHER_PROTOCOL : protocols[i];
}

void svcr_read_policy(struct svcr_reader *r, void *member)
{
	static const char *const words[] = { "Cluster", "Local", NULL };

	*(bool *)member = svcr_read_word(r, words, "taken as Cluster") == 1;
}
