/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Explanations as text. */
#include "rules/explain/print.h"
#include "out.h"

#include <errno.h>

/* What is told in words; JSON has all of it. */
#define NAMED 20  /* endpoints of a group */
#define GROUPS 20 /* of endpoints that meet different rules */

static const char *const verdicts[] = {
	[SVCR_EXPLAIN_DELIVERED] = "delivered",
	[SVCR_EXPLAIN_PASSED] = "passed",
	[SVCR_EXPLAIN_REFUSED] = "refused",
	[SVCR_EXPLAIN_DROPPED] = "dropped",
};

const char *svcr_explain_verdict_text(enum svcr_explain_verdict v)
{
	return verdicts[v];
}

static void out_steps(struct svcr_out *o, const struct svcr_explain_steps *l, const char *indent)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct svcr_explain_step *s = &l->v[i];

		/* one of a policy begins with the policy's name */
		svcr_out(o, "%s%s%s %s\n", indent, s->where,
			 strcmp(s->where, "policy") == 0 ? "" : ":", s->text);
	}
}

static void out_head(struct svcr_out *o, const struct svcr_explain_flow *f)
{
	char from[SVCR_ADDR_TEXT], to[SVCR_IPVS_PLACE_TEXT];

	svcr_addr_text(&f->from.addr, from);
	svcr_ipvs_place_text(&f->to.addr, f->to.port, to);
	if (f->from.name)
		svcr_out(o, "%s (%s, %s) -> ", f->from.name, from, f->from.detail);
	else
		svcr_out(o, f->from.detail ? "%s (%s) -> " : "%s -> ", from, f->from.detail);
	if (f->to.name)
		svcr_out(o, "%s (%s/%s%s%s)\n", f->to.name, to, svcr_protocol_name(f->protocol),
			 f->to.detail ? ", " : "", f->to.detail ? f->to.detail : "");
	else
		svcr_out(o, f->to.detail ? "%s/%s (%s)\n" : "%s/%s\n", to,
			 svcr_protocol_name(f->protocol), f->to.detail);
}

static bool equal_texts(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* True if both ways can be told in the same words. */
static bool same_way(const struct svcr_explain_way *a, const struct svcr_explain_way *b)
{
	if (a->chosen != b->chosen || a->masqueraded != b->masqueraded ||
	    a->verdict != b->verdict || a->odds != b->odds || !equal_texts(a->why, b->why) ||
	    a->steps.n != b->steps.n)
		return false;
	for (size_t i = 0; i < a->steps.n; i++)
		if (!equal_texts(a->steps.v[i].text, b->steps.v[i].text) ||
		    !equal_texts(a->steps.v[i].where, b->steps.v[i].where))
			return false;
	return true;
}

static void out_odds(struct svcr_out *o, const struct svcr_explain_way *w)
{
	svcr_out(o, "%llu/%llu", (unsigned long long)w->odds, (unsigned long long)w->of);
}

static void out_endpoint(struct svcr_out *o, const struct svcr_explain_way *w)
{
	char place[SVCR_IPVS_PLACE_TEXT];

	svcr_out_str(o, svcr_ipvs_place_text(&w->endpoint.addr, w->endpoint.port, place));
	if (w->pod)
		svcr_out(o, " (%s)", w->pod);
}

static bool equal_odds(const struct svcr_explain_flow *f)
{
	for (size_t i = 1; i < f->ways.n; i++)
		if (f->ways.v[i].odds != f->ways.v[0].odds)
			return false;
	return true;
}

/* How one of the endpoints is chosen. */
static void out_choice(struct svcr_out *o, const struct svcr_explain_flow *f)
{
	const struct svcr_explain_way *first = &f->ways.v[0];

	if (f->ways.n == 1) {
		svcr_out_str(o, "to the only endpoint");
		return;
	}
	svcr_out(o, "one of %zu endpoints", f->ways.n);
	if (f->choice)
		svcr_out(o, ", chosen by IPVS (%s)", f->choice);
	if (f->remembered)
		svcr_out(o, ", the one that this client got within the last %u s, else",
			 f->remembered);
	else if (!f->choice)
		svcr_out_str(o, ",");
	else
		svcr_out_str(o, ",");
	if (equal_odds(f)) {
		svcr_out_str(o, " ");
		out_odds(o, first);
		svcr_out_str(o, " each");
	} else {
		svcr_out_str(o, " by weight");
	}
}

static void out_masquerade(struct svcr_out *o, const struct svcr_explain_way *w)
{
	/* a packet that is dropped before comes to no rule that masquerades */
	if (!w->masqueraded && (!w->chosen || !w->why))
		return;
	svcr_out(o, " (%smasqueraded%s%s)", w->masqueraded ? "" : "not ", w->why ? ": " : "",
		 w->why ? w->why : "");
}

/* The ways of a flow, as they are told. */
struct telling {
	const struct svcr_explain_flow *f;
	bool *done; /* those that were told */
	bool all;   /* all are alike */
	bool equal; /* all have the same odds */
};

static void out_way(struct svcr_out *o, const struct telling *t, const struct svcr_explain_way *w)
{
	if (w->chosen)
		out_endpoint(o, w);
	else
		svcr_out_str(o, "no endpoint");
	if (t->equal)
		return;
	svcr_out_str(o, " ");
	out_odds(o, w);
}

/* The way and all that are like it. */
static void out_group(struct svcr_out *o, struct telling *t, size_t first)
{
	const struct svcr_explain_way *v = t->f->ways.v, *w = &v[first];
	const char *comma = t->all ? " " : "  ";
	size_t n = 0;

	for (size_t i = first; i < t->f->ways.n; i++) {
		if (t->done[i] || !same_way(w, &v[i]))
			continue;
		t->done[i] = true;
		if (n++ >= NAMED)
			continue;
		svcr_out_str(o, comma);
		comma = ", ";
		out_way(o, t, &v[i]);
	}
	if (n > NAMED)
		svcr_out(o, " and %zu more", n - NAMED);
	out_masquerade(o, w);
	svcr_out_str(o, "\n");
	out_steps(o, &w->steps, t->all ? "" : "    ");
	if (!t->all)
		svcr_out(o, "    => %s\n", verdicts[w->verdict]);
}

static int out_ways(struct svcr_out *o, const struct svcr_explain_flow *f)
{
	struct telling t = { f, calloc(f->ways.n, sizeof(*t.done)), true, equal_odds(f) };
	size_t groups = 0, left = 0;

	if (!t.done)
		return -ENOMEM;
	for (size_t i = 1; i < f->ways.n; i++)
		t.all = t.all && same_way(&f->ways.v[0], &f->ways.v[i]);
	out_choice(o, f);
	svcr_out_str(o, t.all ? ":" : ":\n");
	for (size_t i = 0; i < f->ways.n; i++) {
		if (t.done[i])
			continue;
		if (groups++ < GROUPS)
			out_group(o, &t, i);
		else
			left++;
	}
	if (left)
		svcr_out(o, "  and %zu more, which meet other rules again; -o json has all\n",
			 left);
	free(t.done);
	return 0;
}

static void out_verdict(struct svcr_out *o, const struct svcr_explain_flow *f)
{
	uint64_t part = 0, of = 1;

	for (size_t i = 0; i < f->ways.n; i++)
		if (f->ways.v[i].verdict == f->verdict) {
			part += f->ways.v[i].odds;
			of = f->ways.v[i].of;
		}
	svcr_out(o, "=> %s", verdicts[f->verdict]);
	if (part < of)
		svcr_out(o, " in %llu of %llu cases", (unsigned long long)part,
			 (unsigned long long)of);
	svcr_out_str(o, "\n");
}

static int out_flow(struct svcr_out *o, const struct svcr_explain_flow *f)
{
	int err = 0;

	out_head(o, f);
	out_steps(o, &f->steps, "");
	if (f->ways.n && (f->ways.v[0].chosen || f->ways.n > 1)) {
		err = out_ways(o, f);
	} else if (f->ways.n) {
		if (f->ways.v[0].verdict == SVCR_EXPLAIN_PASSED)
			svcr_out(o, "%s\n",
				 f->ways.v[0].end ?:
					 "no rule translates it: it goes where routes lead");
		out_steps(o, &f->ways.v[0].steps, "");
	}
	out_verdict(o, f);
	return err;
}

static int explain_text(const struct svcrules_explanation *e, svcrules_write_fn write, void *arg)
{
	struct svcr_out o = { .write = write, .arg = arg };
	int err = 0;

	for (size_t i = 0; i < e->queries.n; i++)
		svcr_out(&o, "DNS: %s %s: %s\n", e->queries.v[i].name, e->queries.v[i].type,
			 e->queries.v[i].answer);
	if (e->note)
		svcr_out(&o, "=> %s\n", e->note);
	for (size_t i = 0; i < e->flows.n && !err; i++) {
		if (i || e->queries.n)
			svcr_out_str(&o, "\n");
		err = out_flow(&o, &e->flows.v[i]);
	}
	return err ? err : svcr_out_end(&o);
}

int svcrules_explanation_print(const struct svcrules_explanation *e, const char *format,
			       svcrules_write_fn write, void *arg)
{
	if (!format || strcmp(format, "text") == 0)
		return explain_text(e, write, arg);
	if (strcmp(format, "json") == 0)
		return svcr_explain_json(e, write, arg);
	return -EINVAL;
}
