/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NetworkPolicy of networking.k8s.io/v1.
 *
 * What cannot be understood must open no door: an entry of a list then allows nothing, and is left
 * out with a warning. That goes for fields that are not known here, too, as a later version of the
 * API may restrict an entry by them. If it is spec.podSelector, or a field of spec, the policy
 * isolates what it would and allows nothing.
 */
#include "kinds.h"
#include "label_selector.h"
#include "metadata.h"
#include "values.h"

#include <inttypes.h>

#define ENTRY_OUT "the entry allows nothing"
#define BLOCK_OUT "the block allows nothing"
#define POLICY_OUT "the policy allows nothing"

struct policy_object {
	struct svcr_metadata meta;
	const struct svcr_selector *pods;
	bool bad;                            /* podSelector or a field of spec is not understood */
	size_t types;                        /* entries of policyTypes */
	bool named[SVCR_DIRECTION__COUNT];   /* in policyTypes */
	bool unknown;                        /* so is something else */
	size_t given[SVCR_DIRECTION__COUNT]; /* rules, understood or not */
	struct svcr_policy_rules rules[SVCR_DIRECTION__COUNT];
};

/* Reads an entry of a list; false if it allows nothing, after a warning or an error. */
static bool read_policy_entry(struct svcr_reader *r, const struct svcr_field *fields, void *obj)
{
	if (svcr_json_peek(&r->json) == SVCR_JSON_NULL)
		svcr_read_warning(r, "value", "null, expected an object: %s", ENTRY_OUT);
	return svcr_read_known(r, fields, obj, ENTRY_OUT);
}

/* ---- Blocks of addresses ------------------------------------------------ */

struct read_block {
	struct svcr_cidrs cidr, except;
	bool bad;
};

static void read_block_prefix(struct svcr_reader *r, struct svcr_cidrs *list, bool *bad)
{
	struct svcr_cidr c, *slot;
	struct svcr_str s = { "", 0 };

	if (svcr_json_peek(&r->json) == SVCR_JSON_NULL) {
		svcr_json_skip(&r->json);
	} else if (!svcr_read_string(r, &s)) {
		*bad = true; /* after an error */
		return;
	}
	if (svcr_cidr_parse(&c, s)) {
		slot = SVCR_READ_GROW(r, list);
		if (slot)
			*slot = c;
		return;
	}
	*bad = true;
	svcr_read_warning(r, "cidr", "'%.*s' is not a prefix such as 192.0.2.0/24: %s",
			  (int)(s.len < 300 ? s.len : 300), s.p, BLOCK_OUT);
}

static void read_block_cidr(struct svcr_reader *r, void *member)
{
	read_block_prefix(r, member, &SVCR_CONTAINER(member, struct read_block, cidr)->bad);
}

static void read_block_except(struct svcr_reader *r, void *member)
{
	read_block_prefix(r, member, &SVCR_CONTAINER(member, struct read_block, except)->bad);
}

static const struct svcr_field block_fields[] = {
	{ SVCR_FIELD("cidr"), SVCR_F_CUSTOM, offsetof(struct read_block, cidr), true,
	  .read = read_block_cidr },
	{ SVCR_FIELD("except"), SVCR_F_EACH, offsetof(struct read_block, except), true,
	  .read = read_block_except },
	SVCR_END
};

/* ---- Peers --------------------------------------------------------------- */

struct read_peer {
	struct svcr_policy_peer peer;
	bool bad;
};

/* Reads a selector of a peer; null is the same as absent. */
static void read_peer_selector(struct svcr_reader *r, const struct svcr_selector **ret, bool *bad)
{
	bool not_understood;

	if (svcr_json_peek(&r->json) == SVCR_JSON_NULL) {
		svcr_json_skip(&r->json);
		return;
	}
	*ret = svcr_read_selector(r, ENTRY_OUT, &not_understood);
	*bad = *bad || not_understood;
}

static void read_peer_pods(struct svcr_reader *r, void *member)
{
	struct read_peer *x = SVCR_CONTAINER(member, struct read_peer, peer.pods);

	read_peer_selector(r, &x->peer.pods, &x->bad);
}

static void read_peer_namespaces(struct svcr_reader *r, void *member)
{
	struct read_peer *x = SVCR_CONTAINER(member, struct read_peer, peer.namespaces);

	read_peer_selector(r, &x->peer.namespaces, &x->bad);
}

static void read_peer_block(struct svcr_reader *r, void *member)
{
	struct read_peer *x = SVCR_CONTAINER(member, struct read_peer, peer.is_block);
	struct read_block b = { .bad = false };
	bool known;

	if (svcr_json_peek(&r->json) == SVCR_JSON_NULL) {
		svcr_json_skip(&r->json);
		return;
	}
	known = svcr_read_known(r, block_fields, &b, BLOCK_OUT);
	if (known && !b.bad && !b.cidr.n)
		svcr_read_warning(r, "cidr", "no cidr, expected a prefix such as 192.0.2.0/24: %s",
				  BLOCK_OUT);
	x->bad = x->bad || !known || b.bad || !b.cidr.n;
	x->peer.is_block = true;
	if (x->bad)
		b.except.n = 0;
	else
		x->peer.block = b.cidr.v[b.cidr.n - 1];
	free(b.cidr.v);
	SVCR_READ_KEEP(r, &b.except);
	x->peer.except = b.except;
}

static const struct svcr_field peer_fields[] = {
	{ SVCR_FIELD("podSelector"), SVCR_F_CUSTOM, offsetof(struct read_peer, peer.pods),
	  .read = read_peer_pods },
	{ SVCR_FIELD("namespaceSelector"), SVCR_F_CUSTOM,
	  offsetof(struct read_peer, peer.namespaces), .read = read_peer_namespaces },
	{ SVCR_FIELD("ipBlock"), SVCR_F_CUSTOM, offsetof(struct read_peer, peer.is_block),
	  .read = read_peer_block },
	SVCR_END
};

/* What is wrong with a peer that was read; NULL: nothing. */
static const char *peer_fault(const struct svcr_policy_peer *p)
{
	bool selects = p->pods || p->namespaces;

	if (!selects && !p->is_block)
		return "neither podSelector, namespaceSelector nor ipBlock";
	return selects && p->is_block ? "ipBlock beside a selector" : NULL;
}

/* ---- Ports ---------------------------------------------------------------- */

struct read_policy_port {
	struct svcr_policy_port p;
	int64_t port, end; /* 0: none given */
	bool bad;
};

/* Takes a number of a port. */
static void read_policy_number(struct svcr_reader *r, int64_t *number, bool *bad)
{
	int64_t n;

	if (!svcr_read_whole(r, &n)) {
		*bad = true; /* after an error */
	} else if (n < 1 || n > UINT16_MAX) {
		*bad = true;
		svcr_read_warning(r, "range", "%" PRId64 " is not in 1-65535: %s", n, ENTRY_OUT);
	} else {
		*number = n;
	}
}

static void read_policy_port(struct svcr_reader *r, void *member)
{
	struct read_policy_port *x = SVCR_CONTAINER(member, struct read_policy_port, port);
	enum svcr_json_type found = svcr_json_peek(&r->json);

	if (found == SVCR_JSON_NUMBER) {
		read_policy_number(r, &x->port, &x->bad);
		return;
	}
	if (found == SVCR_JSON_NULL) {
		svcr_json_skip(&r->json);
		return;
	}
	if (!svcr_read_name(r, &x->p.name, SVCR_NAME_SHORT, ENTRY_OUT)) {
		x->bad = true;
	} else if (!x->p.name) {
		x->bad = true; /* absent it would be all ports */
		if (found == SVCR_JSON_STRING)
			svcr_read_warning(r, "name", "'' is no name of a port: %s", ENTRY_OUT);
	}
}

static void read_end_port(struct svcr_reader *r, void *member)
{
	struct read_policy_port *x = SVCR_CONTAINER(member, struct read_policy_port, end);

	if (svcr_json_peek(&r->json) == SVCR_JSON_NULL)
		svcr_json_skip(&r->json);
	else
		read_policy_number(r, &x->end, &x->bad);
}

static void read_policy_protocol(struct svcr_reader *r, void *member)
{
	struct read_policy_port *x = SVCR_CONTAINER(member, struct read_policy_port, p.protocol);
	static const char *const words[] = { "TCP", "UDP", "SCTP", NULL };
	static const uint8_t protocols[] = { SVCR_TCP, SVCR_UDP, SVCR_SCTP };
	int i = svcr_read_word(r, words, ENTRY_OUT);

	if (i >= 0)
		x->p.protocol = protocols[i];
	x->bad = x->bad || i == SVCR_OTHER_WORD;
}

static const struct svcr_field policy_port_fields[] = {
	{ SVCR_FIELD("protocol"), SVCR_F_CUSTOM, offsetof(struct read_policy_port, p.protocol),
	  .read = read_policy_protocol },
	{ SVCR_FIELD("port"), SVCR_F_CUSTOM, offsetof(struct read_policy_port, port),
	  .read = read_policy_port },
	{ SVCR_FIELD("endPort"), SVCR_F_CUSTOM, offsetof(struct read_policy_port, end),
	  .read = read_end_port },
	SVCR_END
};

/* Warns of an endPort without a port that it could be the end of. */
static void check_end_port(struct svcr_reader *r, struct read_policy_port *x)
{
	svcr_read_push(r, "endPort", 0);
	if (!x->port)
		svcr_read_warning(r, "range", "%" PRId64 " without a number in 'port': %s", x->end,
				  ENTRY_OUT);
	else if (x->end < x->port)
		svcr_read_warning(r, "range", "%" PRId64 " is below 'port' (%" PRId64 "): %s",
				  x->end, x->port, ENTRY_OUT);
	x->bad = !x->port || x->end < x->port;
	svcr_read_pop(r);
}

/* ---- Rules ----------------------------------------------------------------- */

struct read_rule {
	struct svcr_policy_rule rule;
	size_t peers, ports; /* entries, understood or not */
};

static void read_rule_peer(struct svcr_reader *r, void *member)
{
	struct read_rule *rule = SVCR_CONTAINER(member, struct read_rule, rule.peers);
	struct read_peer x = { .bad = false };
	struct svcr_policy_peer *slot;
	const char *fault;

	rule->peers++;
	x.bad = !read_policy_entry(r, peer_fields, &x) || x.bad;
	fault = x.bad ? NULL : peer_fault(&x.peer);
	if (fault)
		svcr_read_warning(r, "peer", "%s: %s", fault, ENTRY_OUT);
	slot = x.bad || fault ? NULL : SVCR_READ_GROW(r, &rule->rule.peers);
	if (slot)
		*slot = x.peer;
}

static void read_rule_port(struct svcr_reader *r, void *member)
{
	struct read_rule *rule = SVCR_CONTAINER(member, struct read_rule, rule.ports);
	struct read_policy_port x = { .p = { .protocol = SVCR_TCP, .last = UINT16_MAX } };
	struct svcr_policy_port *slot;

	rule->ports++;
	x.bad = !read_policy_entry(r, policy_port_fields, &x) || x.bad;
	if (!x.bad && x.end)
		check_end_port(r, &x);
	slot = x.bad ? NULL : SVCR_READ_GROW(r, &rule->rule.ports);
	if (!slot)
		return;
	if (x.port) {
		x.p.first = (uint16_t)x.port;
		x.p.last = (uint16_t)(x.end ? x.end : x.port);
	}
	*slot = x.p;
}

#define RULE(path) offsetof(struct read_rule, path)
#define RULE_FIELDS(peers_name) \
	{ \
		{ SVCR_FIELD(peers_name), SVCR_F_EACH, RULE(rule.peers), true, \
		  .read = read_rule_peer }, \
			{ SVCR_FIELD("ports"), SVCR_F_EACH, RULE(rule.ports), true, \
			  .read = read_rule_port }, \
			SVCR_END \
	}

static const struct svcr_field rule_fields[SVCR_DIRECTION__COUNT][3] = {
	[SVCR_INGRESS] = RULE_FIELDS("from"),
	[SVCR_EGRESS] = RULE_FIELDS("to"),
};

static void read_rule(struct svcr_reader *r, struct svcr_policy_rules *list,
		      const struct svcr_field *fields)
{
	struct read_rule x = { .peers = 0 };
	bool good = read_policy_entry(r, fields, &x);
	struct svcr_policy_rule *slot;

	if (!good)
		x.rule.peers.n = x.rule.ports.n = 0;
	x.rule.any_peer = !x.peers;
	x.rule.any_port = !x.ports;
	SVCR_READ_KEEP(r, &x.rule.peers);
	SVCR_READ_KEEP(r, &x.rule.ports);
	slot = good ? SVCR_READ_GROW(r, list) : NULL;
	if (slot)
		*slot = x.rule;
}

static void read_ingress_rule(struct svcr_reader *r, void *member)
{
	struct policy_object *o = SVCR_CONTAINER(member, struct policy_object, rules[SVCR_INGRESS]);

	o->given[SVCR_INGRESS]++;
	read_rule(r, member, rule_fields[SVCR_INGRESS]);
}

static void read_egress_rule(struct svcr_reader *r, void *member)
{
	struct policy_object *o = SVCR_CONTAINER(member, struct policy_object, rules[SVCR_EGRESS]);

	o->given[SVCR_EGRESS]++;
	read_rule(r, member, rule_fields[SVCR_EGRESS]);
}

/* ---- Fields ------------------------------------------------------------ */

static void read_pod_selector(struct svcr_reader *r, void *member)
{
	struct policy_object *o = SVCR_CONTAINER(member, struct policy_object, pods);
	bool bad;

	o->pods = svcr_read_selector(r, POLICY_OUT, &bad);
	o->bad = o->bad || bad;
}

static void read_policy_type(struct svcr_reader *r, void *member)
{
	static const char *const words[] = { "Ingress", "Egress", NULL }; /* enum svcr_direction */
	static const char both[] = "isolates in both directions";
	struct policy_object *o = SVCR_CONTAINER(member, struct policy_object, types);
	int i = svcr_read_word(r, words, both);

	o->types++;
	if (i >= 0)
		o->named[i] = true;
	else
		o->unknown = true;
	if (i == SVCR_NO_WORD)
		svcr_read_warning(r, "value", "no word, expected Ingress or Egress: %s", both);
}

#define MEMBER(path) offsetof(struct policy_object, path)

static const struct svcr_field policy_spec_fields[] = {
	{ SVCR_FIELD("podSelector"), SVCR_F_CUSTOM, MEMBER(pods), .read = read_pod_selector },
	{ SVCR_FIELD("policyTypes"), SVCR_F_EACH, MEMBER(types), .read = read_policy_type },
	{ SVCR_FIELD("ingress"), SVCR_F_EACH, MEMBER(rules[SVCR_INGRESS]), true,
	  .read = read_ingress_rule },
	{ SVCR_FIELD("egress"), SVCR_F_EACH, MEMBER(rules[SVCR_EGRESS]), true,
	  .read = read_egress_rule },
	SVCR_END
};

static void read_policy_spec(struct svcr_reader *r, void *member)
{
	struct policy_object *o = SVCR_CONTAINER(member, struct policy_object, bad);

	if (svcr_json_peek(&r->json) == SVCR_JSON_NULL)
		svcr_json_skip(&r->json);
	else if (!svcr_read_known(r, policy_spec_fields, o, POLICY_OUT))
		o->bad = true;
}

static void read_policy_nothing(struct svcr_reader *r, void *member)
{
	(void)member;
	svcr_json_skip(&r->json);
}

static const struct svcr_field policy_fields[] = {
	{ SVCR_FIELD("metadata"), SVCR_F_OBJECT, MEMBER(meta),
	  .fields = svcr_dated_metadata_fields },
	{ SVCR_FIELD("spec"), SVCR_F_CUSTOM, MEMBER(bad), .read = read_policy_spec },
	/* no field has this name: the rows release the lists of an object that is given up */
	{ SVCR_FIELD(""), SVCR_F_CUSTOM, MEMBER(rules[SVCR_INGRESS]), true,
	  .read = read_policy_nothing },
	{ SVCR_FIELD(""), SVCR_F_CUSTOM, MEMBER(rules[SVCR_EGRESS]), true,
	  .read = read_policy_nothing },
	SVCR_END
};

/* ---- The whole object -------------------------------------------------- */

static const char *const direction_types[] = {
	[SVCR_INGRESS] = "Ingress", [SVCR_EGRESS] = "Egress"
};

/* Sets what the policy isolates and allows in one direction, which policyTypes names or not. */
static void finish_direction(struct svcr_reader *r, struct policy_object *o,
			     enum svcr_direction dir, struct svcr_network_policy *p)
{
	bool named = o->types ? o->named[dir] : dir == SVCR_INGRESS || o->given[dir];

	p->isolates[dir] = named || o->unknown;
	if (o->given[dir] && !named && !r->json.failed) {
		svcr_read_push(r, "spec", 0);
		svcr_read_push(r, "policyTypes", 0);
		svcr_read_note(r, SVCRULES_NOTICE, "policy-types", NULL,
			       "%s is not named: the rules of that direction have no effect",
			       direction_types[dir]);
		svcr_read_pop(r);
		svcr_read_pop(r);
	}
	if (!named || o->bad)
		o->rules[dir].n = 0;
	p->rules[dir] = o->rules[dir];
	SVCR_READ_KEEP(r, &p->rules[dir]);
}

static void finish_policy(struct svcr_reader *r, void *object)
{
	struct policy_object *o = object;
	struct svcr_network_policy p = {
		.ns = o->meta.ns,
		.name = o->meta.name,
		.source = r->source,
		.created = o->meta.created,
		.pods = o->pods,
	};
	struct svcr_network_policy *slot;

	if (!p.pods)
		p.pods = svcr_read_select_all(r);
	for (enum svcr_direction dir = 0; dir < SVCR_DIRECTION__COUNT; dir++)
		finish_direction(r, o, dir, &p);
	slot = p.pods ? SVCR_READ_GROW(r, &r->model->policies) : NULL;
	if (slot)
		*slot = p;
}

const struct svcr_kind svcr_kind_network_policy = {
	.kind = "NetworkPolicy",
	.api = "networking.k8s.io/v1",
	.namespaced = true,
	.needs_name = true,
	.fields = policy_fields,
	.size = sizeof(struct policy_object),
	.finish = finish_policy,
};
