/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Explanations as JSON; see svcrules(5). */
#include "rules/json.h"
#include "rules/explain/print.h"

#include <errno.h>

static json_t *json_text(const char *s)
{
	return s ? json_string(s) : json_null();
}

static json_t *json_steps(const struct svcr_explain_steps *l)
{
	json_t *list = json_array();

	for (size_t i = 0; i < l->n; i++) {
		const struct svcr_explain_step *s = &l->v[i];
		json_t *step = json_pack("{s:s}", "where", s->where);

		if (s->chain)
			step = svcr_json_member(step, "chain", json_string(s->chain));
		step = svcr_json_member(step, "text", json_string(s->text));
		if (s->element)
			step = svcr_json_member(step, "element", json_string(s->element));
		list = svcr_json_append(list, step);
	}
	return list;
}

static json_t *json_place(const struct svcr_explain_place *p)
{
	char addr[SVCR_ADDR_TEXT];
	json_t *place = json_pack("{s:s}", "address", svcr_addr_text(&p->addr, addr));

	if (p->port)
		place = svcr_json_member(place, "port", json_integer(p->port));
	if (p->name)
		place = svcr_json_member(place, "name", json_string(p->name));
	if (p->detail)
		place = svcr_json_member(place, "detail", json_string(p->detail));
	return place;
}

static json_t *json_way(const struct svcr_explain_way *w)
{
	char addr[SVCR_ADDR_TEXT];
	json_t *way = json_object();

	if (w->chosen) {
		way = svcr_json_member(way, "endpoint",
				       json_pack("{s:s, s:i}", "address",
						 svcr_addr_text(&w->endpoint.addr, addr), "port",
						 w->endpoint.port));
		way = svcr_json_member(way, "pod", json_text(w->pod));
	}
	way = svcr_json_member(way, "odds",
			       json_pack("[I, I]", (json_int_t)w->odds, (json_int_t)w->of));
	way = svcr_json_member(way, "masqueraded", json_boolean(w->masqueraded));
	if (w->why)
		way = svcr_json_member(way, "why", json_string(w->why));
	if (w->end)
		way = svcr_json_member(way, "end", json_string(w->end));
	way = svcr_json_member(way, "steps", json_steps(&w->steps));
	return svcr_json_member(way, "verdict", json_string(svcr_explain_verdict_text(w->verdict)));
}

static json_t *json_flow(const struct svcr_explain_flow *f)
{
	json_t *flow = json_object(), *ways = json_array();

	flow = svcr_json_member(flow, "from", json_place(&f->from));
	flow = svcr_json_member(flow, "to", json_place(&f->to));
	flow = svcr_json_member(flow, "protocol", json_string(svcr_protocol_name(f->protocol)));
	flow = svcr_json_member(flow, "steps", json_steps(&f->steps));
	if (f->choice)
		flow = svcr_json_member(flow, "scheduler", json_string(f->choice));
	if (f->remembered)
		flow = svcr_json_member(flow, "remembered", json_integer(f->remembered));
	for (size_t i = 0; i < f->ways.n; i++)
		ways = svcr_json_append(ways, json_way(&f->ways.v[i]));
	flow = svcr_json_member(flow, "ways", ways);
	return svcr_json_member(flow, "verdict",
				json_string(svcr_explain_verdict_text(f->verdict)));
}

int svcr_explain_json(const struct svcrules_explanation *e, svcrules_write_fn write, void *arg)
{
	json_t *root = json_pack("{s:i}", "version", 1), *names = json_array(),
	       *flows = json_array();

	root = svcr_json_member(root, "question",
				json_pack("{s:s, s:s, s:s}", "from", e->from, "to", e->to,
					  "protocol", svcr_protocol_name(e->protocol)));
	for (size_t i = 0; i < e->queries.n; i++)
		names = svcr_json_append(
			names, json_pack("{s:s, s:s, s:s}", "name", e->queries.v[i].name, "type",
					 e->queries.v[i].type, "answer", e->queries.v[i].answer));
	for (size_t i = 0; i < e->flows.n; i++)
		flows = svcr_json_append(flows, json_flow(&e->flows.v[i]));
	root = svcr_json_member(root, "names", names);
	if (e->note)
		root = svcr_json_member(root, "note", json_string(e->note));
	root = svcr_json_member(root, "flows", flows);
	root = svcr_json_member(root, "delivered", json_boolean(svcrules_explanation_delivered(e)));
	return svcr_json_dump(root, write, arg);
}
