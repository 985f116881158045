/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "values.h"

#define NAME_MAX_SHORT 63
#define NAME_MAX_LONG 253
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

static void read_name(struct svcr_reader *r, const char **member, size_t max)
{
	const char *name;
	struct svcr_str s;

	if (!svcr_read_string(r, &s) || !s.len) /* "" is the same as absent */
		return;
	if (!name_valid(s, max)) {
		svcr_read_error(r, "name",
				"'%.*s' is no name: expected up to %zu letters, "
				"digits, '.', '_' and '-'",
				value_shown(s), s.p, max);
		return;
	}
	name = svcr_read_intern(r, s);
	if (name)
		*member = name;
}

void svcr_read_short_name(struct svcr_reader *r, void *member)
{
	read_name(r, member, NAME_MAX_SHORT);
}

void svcr_read_long_name(struct svcr_reader *r, void *member)
{
	read_name(r, member, NAME_MAX_LONG);
}

/* ---- Addresses and prefixes -------------------------------------------- */

void svcr_read_address_error(struct svcr_reader *r, struct svcr_str s)
{
	svcr_read_error(r, "address", "'%.*s' is not an IP address", value_shown(s), s.p);
}

static bool read_addr(struct svcr_reader *r, struct svcr_addr *a)
{
	struct svcr_str s;

	if (!svcr_read_string(r, &s) || !s.len)
		return false;
	if (svcr_addr_parse(a, s))
		return true;
	svcr_read_address_error(r, s);
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

static struct svcr_str trim(struct svcr_str s)
{
	for (; s.len && (*s.p == ' ' || *s.p == '\t' || *s.p == '\n' || *s.p == '\r'); s.len--)
		s.p++;
	for (; s.len && strchr(" \t\n\r", s.p[s.len - 1]); s.len--)
		;
	return s;
}

void svcr_read_cidr_item(struct svcr_reader *r, void *member)
{
	struct svcr_cidrs *list = member;
	struct svcr_cidr c, *slot;
	struct svcr_str s;

	if (!svcr_read_string(r, &s))
		return;
	s = trim(s);
	if (!svcr_cidr_parse(&c, s)) {
		svcr_read_error(r, "cidr", "'%.*s' is not a prefix such as 192.0.2.0/24",
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
	int i = svcr_read_word(r, words);

	if (i >= 0)
		*(uint8_t *)member = protocols[i];
}

void svcr_read_policy(struct svcr_reader *r, void *member)
{
	static const char *const words[] = { "Cluster", "Local", NULL };

	*(bool *)member = svcr_read_word(r, words) == 1;
}
