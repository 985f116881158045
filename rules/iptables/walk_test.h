/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the text for iptables-restore back, and lets packets walk through its rules: every outcome
 * with its chance. It knows only the matches and targets that the text may have.
 */
#ifndef SVCR_IPT_WALK_TEST_H
#define SVCR_IPT_WALK_TEST_H

#include "rules/iptables/value.h"

#include <check.h>

#define WALK_MARK 0x4000u

struct walk_packet {
	struct svcr_addr from, to;
	uint8_t protocol;
	uint16_t port;
	bool marked, translated;
};

struct walk_rule {
	struct svcr_cidr from, to;
	bool has_from, has_to, marked, is_new, dnat, not_dnat, never;
	uint8_t protocol;
	uint16_t first, last;
	double chance;
	char target[32], to_chain[32];
	bool go;
	struct svcr_endpoint_addr endpoint;
	bool set_mark;
};

struct walk_chain {
	char name[32];
	uint8_t table;
	SVCR_LIST(struct walk_rule) rules;
};

#define WALK_OUTCOMES 2000

struct walk_outcome {
	struct svcr_endpoint_addr endpoint;
	double chance;
	bool marked;
};

struct walk {
	SVCR_LIST(struct walk_chain) chains;
	/* of one packet: */
	struct walk_packet packet;
	struct walk_outcome v[WALK_OUTCOMES];
	size_t n, evaluated, depth;
	double dropped, rejected, masqueraded;
};

static inline struct walk_chain *ipt_walk_find(struct walk *w, uint8_t table, const char *name)
{
	for (size_t i = 0; i < w->chains.n; i++)
		if (w->chains.v[i].table == table && strcmp(w->chains.v[i].name, name) == 0)
			return &w->chains.v[i];
	return NULL;
}

static inline void walk_endpoint(struct svcr_endpoint_addr *e, const char *word)
{
	const char *colon = strrchr(word, ':');
	bool six = *word == '[';

	ck_assert_ptr_nonnull(colon);
	ck_assert(svcr_addr_parse(
		&e->addr, (struct svcr_str){ word + six, (size_t)(colon - word) - 2u * six }));
	e->port = (uint16_t)strtoul(colon + 1, NULL, 10);
}

static inline void ipt_walk_states(struct walk_rule *r, const char *word, bool negated)
{
	bool dnat = strcmp(word, "DNAT") == 0;

	ck_assert(dnat || (!negated && strcmp(word, "NEW") == 0));
	r->is_new |= !dnat;
	r->dnat |= dnat && !negated;
	r->not_dnat |= dnat && negated;
}

/* Takes an option with its value; aborts on what it does not know. */
static inline void walk_option(struct walk_rule *r, const char *name, const char *value, bool not )
{
	struct svcr_str s = { value, strlen(value) };

	if (strcmp(name, "-s") == 0)
		ck_assert(r->has_from = svcr_cidr_parse(&r->from, s));
	else if (strcmp(name, "-d") == 0)
		ck_assert(r->has_to = svcr_cidr_parse(&r->to, s));
	else if (strcmp(name, "-p") == 0)
		r->protocol = *value == 't' ? SVCR_TCP : *value == 'u' ? SVCR_UDP : SVCR_SCTP;
	else if (strcmp(name, "--dport") == 0)
		r->last = sscanf(value, "%hu:%hu", &r->first, &r->last) == 2 ? r->last : r->first;
	else if (strcmp(name, "--ctstate") == 0)
		ipt_walk_states(r, value, not );
	else if (strcmp(name, "--probability") == 0)
		r->chance = strtod(value, NULL);
	else if (strcmp(name, "--mark") == 0)
		r->marked = true;
	else if (strcmp(name, "--set-xmark") == 0)
		r->set_mark = strtoul(value, NULL, 16) == WALK_MARK;
	else if (strcmp(name, "--to-destination") == 0)
		walk_endpoint(&r->endpoint, value);
	else if (strcmp(name, "-j") == 0 || strcmp(name, "-g") == 0)
		snprintf(r->target, sizeof(r->target), "%s", value), r->go = name[1] == 'g';
	else
		ck_assert_msg(strstr(" -m --comment --mode --name --seconds --reject-with ", name),
			      "%s", name);
}

static inline void walk_parse_rule(struct walk *w, uint8_t table, char *line)
{
	struct walk_rule r = { .last = UINT16_MAX, .chance = 1 }, *slot;
	char *save, *word = strtok_r(line, " \n", &save), *value;
	struct walk_chain *c = ipt_walk_find(w, table, strtok_r(NULL, " \n", &save));
	bool not = false;

	ck_assert_str_eq(word, "-A");
	ck_assert_ptr_nonnull(c);
	while ((word = strtok_r(NULL, " \n", &save))) {
		if (strcmp(word, "!") == 0) {
			not = true;
			continue;
		}
		if (strcmp(word, "--rcheck") == 0)
			r.never = true; /* no client was there before */
		if (strcmp(word, "--rcheck") == 0 || strcmp(word, "--reap") == 0 ||
		    strcmp(word, "--set") == 0 || strcmp(word, "--random-fully") == 0)
			continue;
		value = strtok_r(NULL, *save == '"' ? "\"\n" : " \n", &save);
		ck_assert_ptr_nonnull(value);
		walk_option(&r, word, value, not );
		not = false;
	}
	slot = SVCR_GROW(&c->rules);
	*slot = r;
}

/* Reads a text, which is changed. */
static inline void walk_read(struct walk *w, char *text)
{
	uint8_t table = 0;
	char *save;

	for (char *s = strtok_r(text, "\n", &save); s; s = strtok_r(NULL, "\n", &save)) {
		struct walk_chain *c;

		if (*s == '*')
			for (table = 0; strcmp(svcr_ipt_table_names[table], s + 1) != 0; table++)
				ck_assert_uint_lt(table + 1, IPT_TABLES);
		else if (*s == ':')
			c = SVCR_GROW(&w->chains), c->table = table, sscanf(s, ":%31s", c->name);
		else if (strncmp(s, "-A", 2) == 0)
			walk_parse_rule(w, table, s);
		else
			ck_assert_msg(*s == '#' || strncmp(s, "-I ", 3) == 0 ||
					      strcmp(s, "COMMIT") == 0,
				      "%s", s);
	}
}

static inline void walk_release(struct walk *w)
{
	for (size_t i = 0; i < w->chains.n; i++)
		free(w->chains.v[i].rules.v);
	free(w->chains.v);
}

static inline bool walk_matches(const struct walk_rule *r, const struct walk_packet *p)
{
	return !r->never && (!r->has_from || svcr_cidr_contains(&r->from, &p->from)) &&
	       (!r->has_to || svcr_cidr_contains(&r->to, &p->to)) &&
	       (!r->protocol || r->protocol == p->protocol) && p->port >= r->first &&
	       p->port <= r->last && (!r->marked || p->marked) && (!r->dnat || p->translated) &&
	       (!r->not_dnat || !p->translated);
}

/* Follows a rule that matches with `chance`; returns what comes back from it, to be added up. */
static inline double walk_target(struct walk *w, uint8_t table, const struct walk_rule *r,
				 double chance, size_t depth);

/* Returns the chance that a packet, which comes with `chance`, leaves the chain at its end. */
static inline double ipt_walk_chain(struct walk *w, uint8_t table, const char *name, double chance,
				    size_t depth)
{
	const struct walk_chain *c = ipt_walk_find(w, table, name);
	double back = 0;

	ck_assert_ptr_nonnull(c);
	w->depth = depth > w->depth ? depth : w->depth;
	for (size_t i = 0; i < c->rules.n && chance > 1e-12; i++) {
		const struct walk_rule *r = &c->rules.v[i];
		double rest;

		w->evaluated++;
		if (!walk_matches(r, &w->packet))
			continue;
		rest = walk_target(w, table, r, chance * r->chance, depth);
		chance -= chance * r->chance;
		if (strcmp(r->target, "RETURN") == 0 || r->go)
			back += rest;
		else
			chance += rest;
	}
	return back + chance;
}

static inline double walk_target(struct walk *w, uint8_t table, const struct walk_rule *r,
				 double chance, size_t depth)
{
	if (strcmp(r->target, "DNAT") == 0) {
		ck_assert_uint_lt(w->n, WALK_OUTCOMES);
		w->v[w->n++] = (struct walk_outcome){ r->endpoint, chance, w->packet.marked };
	} else if (strcmp(r->target, "DROP") == 0) {
		w->dropped += chance;
	} else if (strcmp(r->target, "REJECT") == 0) {
		w->rejected += chance;
	} else if (strcmp(r->target, "MASQUERADE") == 0) {
		w->masqueraded += chance;
	} else if (strcmp(r->target, "MARK") == 0) {
		w->packet.marked = r->set_mark;
		return chance;
	} else if (strcmp(r->target, "RETURN") == 0) {
		return chance;
	} else {
		return ipt_walk_chain(w, table, r->target, chance, depth + 1);
	}
	return 0;
}

/* A new packet of this source through mangle, nat and filter. */
static inline void walk_new(struct walk *w, const struct walk_packet *p, bool from_here)
{
	const char *first = from_here ? "SVCRULES-OUTPUT" : "SVCRULES-PREROUTING";

	w->packet = *p;
	w->n = w->evaluated = w->depth = 0;
	w->dropped = w->rejected = w->masqueraded = 0;
	/* the built-in chain is the first of the row */
	if (ipt_walk_chain(w, IPT_MANGLE, first, 1, 2) < 0.5)
		return;
	if (ipt_walk_chain(w, IPT_NAT, first, 1, 2) < 0.5)
		return;
	ck_assert(!w->packet.marked);
	ipt_walk_chain(w, IPT_FILTER, from_here ? "SVCRULES-OUTPUT" : "SVCRULES-FORWARD", 1, 2);
}

#endif
