/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/review.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 4 /* endpoints of each side that are named */

#define GREEN "\033[32m"
#define RED "\033[31m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

static const char OUTSIDE[] = "from outside ";

static bool review_starts(const char *text, const char *word)
{
	return strncmp(text, word, strlen(word)) == 0;
}

static const char *review_plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* ---- What differs at an address and port -------------------------------------- */

/* True if a text says that packets are sent nowhere: those from outside, or those from inside. */
static bool is_refusal(const char *text, bool outside)
{
	if (review_starts(text, OUTSIDE) != outside)
		return false;
	text += outside ? strlen(OUTSIDE) : 0;
	return review_starts(text, "refused") || review_starts(text, "dropped");
}

static const char *find_refusal(const struct svcr_texts *t, bool outside)
{
	for (size_t i = 0; i < t->n; i++)
		if (is_refusal(t->v[i], outside))
			return t->v[i] + (outside ? strlen(OUTSIDE) : 0);
	return NULL;
}

/* What becomes of packets on one side: "2 endpoints", "refused: none is ready". */
static void state_text(const struct svcr_report_side *s, bool there, const struct svcr_texts *t,
		       bool outside, char *buf, size_t size)
{
	bool sends = outside ? s->outside : s->inside;
	size_t n = outside && s->local ? s->local : s->endpoints;
	const char *refusal = find_refusal(t, outside);

	if (sends)
		snprintf(buf, size, "%zu endpoint%s", n, review_plural(n));
	else if (!refusal && outside) /* the reason is that of packets from inside */
		refusal = find_refusal(t, false);
	if (!sends)
		snprintf(buf, size, "%s", refusal ? refusal : there ? "refused" : "not served");
}

/* "from outside 3 endpoints -> 2 local endpoints", of another external policy. */
static void add_policy(struct svcr_texts *ret, const struct svcr_report_line *l)
{
	size_t before = l->before.local ? l->before.local : l->before.endpoints;
	size_t after = l->after.local ? l->after.local : l->after.endpoints;

	svcr_texts_add(ret, "~ %s%zu %sendpoint%s -> %zu %sendpoint%s", OUTSIDE, before,
		       l->before.local ? "local " : "", review_plural(before), after,
		       l->after.local ? "local " : "", review_plural(after));
}

/* "2 endpoints -> refused: none is ready". */
static void add_state(struct svcr_texts *ret, const struct svcr_report_line *l, bool outside,
		      const char *prefix)
{
	bool sends = outside ? l->after.outside : l->after.inside;
	char before[1024], after[1024];

	state_text(&l->before, l->in_from, &l->removed, outside, before, sizeof(before));
	state_text(&l->after, l->in_to, &l->added, outside, after, sizeof(after));
	svcr_texts_add(ret, "%c %s%s -> %s", sends ? '=' : '!', prefix, before, after);
}

/*
 * What an address and port has one of. `prefix` comes before the value in the texts of reports; a
 * side without such a text has the value `none`.
 */
static const struct {
	const char *prefix;
	const char *what; /* in items; NULL: the text is the value */
	const char *none; /* NULL: both sides must have a text */
} properties[] = {
	{ "affinity ", "affinity ", "none" },
	{ "scheduler ", "scheduler ", "rr" },
	{ "external policy ", "external policy ", "Cluster" },
	{ "masqueraded", "source addresses ", "kept" },
	{ "from outside masqueraded", "from outside source addresses ", "kept" },
	{ "refused", NULL, NULL },
	{ "dropped", NULL, NULL },
};

#define PROPERTIES (sizeof(properties) / sizeof(properties[0]))

static const char *find_property(const struct svcr_texts *t, size_t property)
{
	for (size_t i = 0; i < t->n; i++)
		if (review_starts(t->v[i], properties[property].prefix))
			return t->v[i];
	return NULL;
}

/* True if an item with an arrow says what the text says. */
static bool is_property(const struct svcr_report_line *l, const char *text)
{
	for (size_t i = 0; i < PROPERTIES; i++)
		if (review_starts(text, properties[i].prefix))
			return properties[i].none ||
			       (find_property(&l->removed, i) && find_property(&l->added, i));
	return false;
}

/* True if the external policy changes where packets from outside are served all the time. */
static bool policy_changes(const struct svcr_report_line *l)
{
	static const char policy[] = "external policy ";
	size_t n = 0;

	for (size_t i = 0; i < l->removed.n; i++)
		n += review_starts(l->removed.v[i], policy);
	for (size_t i = 0; i < l->added.n; i++)
		n += review_starts(l->added.v[i], policy);
	return n == 1 && l->before.outside && l->after.outside;
}

/* True if another item has said what the text says. `policy`: the external policy changes. */
static bool is_said(const struct svcr_report_line *l, const char *text, bool gone, bool policy)
{
	bool inside = l->before.inside != l->after.inside,
	     outside = l->before.outside != l->after.outside;

	if (!l->in_from || !l->in_to) /* what is removed has no properties any more */
		return gone && is_property(l, text);
	if (policy && svcr_report_is_endpoint(text, true))
		return true;
	if ((inside && is_refusal(text, false)) || (outside && is_refusal(text, true)))
		return true;
	/* of an address that stops serving the endpoints are counted, and its properties unused */
	if (inside && !l->after.inside && gone)
		return true;
	if (inside && !l->before.inside && !gone && svcr_report_is_endpoint(text, false))
		return true;
	return is_property(l, text);
}

/* The value of a property: what follows its prefix, or the prefix itself. */
static const char *property_value(size_t property, const char *text)
{
	size_t len = strlen(properties[property].prefix);

	if (!text)
		return properties[property].none;
	if (!properties[property].what)
		return text;
	return properties[property].prefix[len - 1] == ' ' ? text + len : "masqueraded";
}

/* "affinity 600s -> 10800s"; nothing, if packets that it is about are sent nowhere now. */
static void add_properties(const struct svcr_report_line *l, struct svcr_texts *ret)
{
	bool stops = svcr_report_stops(l);

	for (size_t i = 0; i < PROPERTIES; i++) {
		const char *before = find_property(&l->removed, i);
		const char *after = find_property(&l->added, i);
		const char *what = properties[i].what;

		if ((!before && !after) || (!properties[i].none && (!before || !after)))
			continue;
		if (l->before.inside && !l->after.inside)
			continue;
		if (!what && l->before.inside != l->after.inside)
			continue;
		if (stops && strstr(properties[i].prefix, "masqueraded"))
			continue;
		svcr_texts_add(ret, "~ %s%s -> %s", what ? what : "", property_value(i, before),
			       property_value(i, after));
	}
}

/* True if a text of the newer side says why packets are sent nowhere. */
static bool is_reason(const char *text)
{
	return is_refusal(text, false) || is_refusal(text, true) || strstr(text, "left out");
}

static bool is_counted(const char *text, bool addresses)
{
	return addresses || svcr_report_is_endpoint(text, false) ||
	       svcr_report_is_endpoint(text, true);
}

/* One side of the line: endpoints by name if they are few, and all else. */
static void add_side(const struct svcr_report_line *l, bool gone, bool addresses, bool all,
		     struct svcr_texts *ret)
{
	const struct svcr_texts *t = gone ? &l->removed : &l->added;
	const char *noun = addresses ? "address" : "endpoint", *more = addresses ? "es" : "s";
	bool policy = l->in_from && l->in_to && policy_changes(l);
	size_t counted = 0;

	for (size_t i = 0; i < t->n; i++)
		counted += is_counted(t->v[i], addresses) && !is_said(l, t->v[i], gone, policy);
	if (counted > SHOWN && !all)
		svcr_texts_add(ret, "%c %zu %s%s", gone ? '-' : '+', counted, noun, more);
	for (size_t i = 0; i < t->n; i++)
		if (!is_said(l, t->v[i], gone, policy) &&
		    (all || counted <= SHOWN || !is_counted(t->v[i], addresses)))
			svcr_texts_add(ret, "%c %s",
				       gone               ? '-' :
				       is_reason(t->v[i]) ? '!' :
							    '+',
				       t->v[i]);
}

/* "port http -> web", or the other service that had the address and port before. */
static void add_name_change(const struct svcr_report_line *l, struct svcr_texts *ret)
{
	size_t len = strcspn(l->was, ":");

	if (l->name && strcspn(l->name, ":") == len && memcmp(l->was, l->name, len) == 0)
		svcr_texts_add(ret, "~ port renamed %s -> %s",
			       l->was[len] ? l->was + len + 1 : "(unnamed)",
			       l->name[len] ? l->name + len + 1 : "(unnamed)");
	else
		svcr_texts_add(ret, "~ was of Service %s", l->was);
}

void svcr_review_items(const struct svcr_report_line *l, bool addresses, bool all,
		       struct svcr_texts *ret)
{
	bool both = l->in_from && l->in_to, inside = l->before.inside != l->after.inside,
	     outside = l->before.outside != l->after.outside;

	if (both && inside)
		add_state(ret, l, false, outside ? "" : "from pods and nodes ");
	if (both && outside && !inside)
		add_state(ret, l, true, OUTSIDE);
	if (l->was)
		add_name_change(l, ret);
	if (both)
		add_properties(l, ret);
	if (both && policy_changes(l))
		add_policy(ret, l);
	add_side(l, false, addresses, all, ret);
	add_side(l, true, addresses, all, ret);
}

const char *svcr_review_port(const struct svcr_report_group *g, const struct svcr_report_line *l)
{
	return l->name && l->name[g->len] == ':' ? l->name + g->len + 1 : "";
}

/* ---- Services ------------------------------------------------------------------ */

enum svcr_fate svcr_review_fate(const struct svcr_report_group *g)
{
	if (!g->in_to)
		return SVCR_REMOVED;
	if (g->stops)
		return SVCR_STOPS;
	return g->in_from ? SVCR_CHANGED : SVCR_ADDED;
}

enum svcr_fate svcr_review_line_fate(const struct svcr_report_line *l)
{
	if (!l->in_to)
		return SVCR_REMOVED;
	if (svcr_report_stops(l))
		return SVCR_STOPS;
	return l->in_from ? SVCR_CHANGED : SVCR_ADDED;
}

char svcr_review_sign(enum svcr_fate fate)
{
	return "!-~+"[fate];
}

struct review_sums {
	size_t fates[SVCR_FATE__COUNT], added, removed;
	size_t partly; /* of those that stop serving: they still serve something */
};

static struct review_sums review_sum(const struct svcr_report *r)
{
	struct review_sums s = { .added = 0 };

	for (size_t i = 0; i < r->ngroups; i++) {
		enum svcr_fate fate = svcr_review_fate(&r->groups[i]);

		s.fates[fate]++;
		s.partly += fate == SVCR_STOPS && r->groups[i].serves;
		s.added += r->groups[i].endpoints_added;
		s.removed += r->groups[i].endpoints_removed;
	}
	return s;
}

/* As terraform sums up a plan; a service that stops serving is one that changes, and said. */
void svcr_review_summary(const struct svcr_review *v, struct svcr_out *o)
{
	struct review_sums s = review_sum(v->services);
	size_t stops = s.fates[SVCR_STOPS], added = s.fates[SVCR_ADDED];

	svcr_out_str(o, "Plan: ");
	if (v->services->ngroups) {
		svcr_out(o, "%zu service%s to add, %zu to change", added, review_plural(added),
			 s.fates[SVCR_CHANGED] + stops);
		if (stops)
			svcr_out(o, " (%zu stop%s serving%s", stops, stops == 1 ? "s" : "",
				 s.partly == stops ? " in part" : "");
		if (s.partly && s.partly < stops)
			svcr_out(o, ", %zu of them in part", s.partly);
		svcr_out_str(o, stops ? ")" : "");
		svcr_out(o, ", %zu to remove; %zu endpoint%s to add, %zu to remove",
			 s.fates[SVCR_REMOVED], s.added, review_plural(s.added), s.removed);
	} else {
		svcr_out_str(o, "no service changes");
	}
	if (v->policies->n)
		svcr_out(o, "; %zu change%s by network policies", v->policies->n,
			 review_plural(v->policies->n));
}

void svcr_review_internals(const struct svcr_review *v, struct svcr_out *o)
{
	static const char *const words[] = { "text", "json", "markdown" };
	const char *before = "; ";
	size_t named = 0;

	svcr_out(o, "%zu change%s of rules and elements", v->internals,
		 review_plural(v->internals));
	for (size_t i = 0; v->formats[i]; i++) {
		size_t k = 0;

		while (k < sizeof(words) / sizeof(words[0]) && strcmp(words[k], v->formats[i]) != 0)
			k++;
		if (k < sizeof(words) / sizeof(words[0]))
			continue;
		svcr_out(o, "%s-o %s", before, v->formats[i]);
		before = ", ";
		named++;
	}
	if (named)
		svcr_out(o, " show%s %s", named == 1 ? "s" : "", v->internals == 1 ? "it" : "them");
}

/* ---- Text ---------------------------------------------------------------------- */

static const char *tint_of(char sign)
{
	return sign == '!' || sign == '-' ? RED : sign == '+' || sign == '=' ? GREEN : YELLOW;
}

/* Names and reasons may hold any bytes, also those that a terminal obeys. */
static void out_clean(struct svcr_out *o, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		svcr_out_bytes(o, text[i] < ' ' || text[i] > '~' ? "?" : text + i, 1);
}

static void out_tinted(const struct svcr_review *v, struct svcr_out *o, char sign, const char *text)
{
	if (v->colour)
		svcr_out_str(o, tint_of(sign));
	out_clean(o, text, strlen(text));
	if (v->colour)
		svcr_out_str(o, PLAIN);
}

static void out_sign(const struct svcr_review *v, struct svcr_out *o, enum svcr_fate fate)
{
	char text[2] = { svcr_review_sign(fate), '\0' };

	out_tinted(v, o, *text, text);
	svcr_out_str(o, " ");
}

/* Returns 0 or -ENOMEM. */
static int out_line(const struct svcr_review *v, const struct svcr_report_group *g,
		    const struct svcr_report_line *l, bool policies, struct svcr_out *o)
{
	struct svcr_texts items = { NULL, .n = 0 };
	const char *port = svcr_review_port(g, l);
	int err;

	svcr_out_str(o, "  ");
	out_sign(v, o, svcr_review_line_fate(l));
	if (*port && !policies) {
		out_clean(o, port, strlen(port));
		svcr_out_str(o, " ");
	}
	svcr_out_str(o, l->place);
	svcr_review_items(l, policies, false, &items);
	for (size_t i = 0; i < items.n; i++) {
		char sign = *items.v[i];

		svcr_out_str(o, "  ");
		/* what comes and goes has its sign; what becomes something else has an arrow */
		out_tinted(v, o, sign, items.v[i] + (sign == '+' || sign == '-' ? 0 : 2));
	}
	svcr_out_str(o, "\n");
	err = items.err;
	svcr_texts_release(&items);
	return err;
}

static int out_lines(const struct svcr_review *v, const struct svcr_report *r,
		     const struct svcr_report_group *g, bool policies, struct svcr_out *o)
{
	size_t shown = v->limit && g->n > v->limit ? v->limit : g->n;
	int err = 0;

	for (size_t i = 0; i < shown && !err; i++)
		err = out_line(v, g, &r->v[r->order[g->first + i]], policies, o);
	if (shown < g->n)
		svcr_out(o, "  ... and %zu more\n", g->n - shown);
	return err;
}

static void review_head(const struct svcr_review *v, const struct svcr_report_group *g,
			bool policies, struct svcr_out *o)
{
	static const char *const words[] = { [SVCR_STOPS] = ": stops serving",
					     [SVCR_REMOVED] = ": removed",
					     [SVCR_ADDED] = ": added" };
	enum svcr_fate fate = policies ? SVCR_CHANGED : svcr_review_fate(g);

	out_sign(v, o, fate);
	svcr_out_str(o, policies ? "NetworkPolicy " : "Service ");
	if (g->name)
		out_clean(o, g->name, g->len);
	else
		svcr_out_str(o, "(unknown)");
	if (words[fate])
		out_tinted(v, o, svcr_review_sign(fate), words[fate]);
	if (fate == SVCR_STOPS && g->serves)
		svcr_out_str(o, " in part");
	svcr_out_str(o, "\n");
}

static int out_groups(const struct svcr_review *v, const struct svcr_report *r, bool policies,
		      struct svcr_out *o)
{
	size_t shown = 0;
	int err = 0;

	for (enum svcr_fate fate = 0; fate < SVCR_FATE__COUNT; fate++)
		for (size_t i = 0; i < r->ngroups && !err; i++) {
			const struct svcr_report_group *g = &r->groups[i];

			if ((policies ? SVCR_CHANGED : svcr_review_fate(g)) != fate)
				continue;
			if (v->limit && shown == v->limit)
				break;
			shown++;
			review_head(v, g, policies, o);
			err = out_lines(v, r, g, policies, o);
		}
	if (shown < r->ngroups && !err)
		svcr_out(o, "... and %zu more %s; --limit 0 shows all\n", r->ngroups - shown,
			 r->ngroups - shown == 1 ? policies ? "policy" : "service" :
			 policies                ? "policies" :
						   "services");
	return err;
}

int svcr_review_text(const struct svcr_review *v, struct svcr_out *o)
{
	int err = out_groups(v, v->services, false, o);

	if (!err)
		err = out_groups(v, v->policies, true, o);
	if (err)
		return err;
	svcr_out_str(o, v->notes);
	if (v->internals) {
		svcr_out_str(o, "... and ");
		svcr_review_internals(v, o);
		svcr_out_str(o, "\n");
	}
	svcr_review_summary(v, o);
	svcr_out_str(o, "\n");
	return 0;
}
