/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens to the first packet of a connection: the compiled rule set, or the one that was
 * read from the kernel, is walked, and what its rules decide is kept as sentences.
 */
#ifndef SVCR_EXPLAIN_H
#define SVCR_EXPLAIN_H

#include "arena.h"
#include "endpoints.h"
#include "model.h"
#include "options.h"
#include "rules/ipvs/servers.h"
#include "rules/ruleset.h"

enum svcr_explain_verdict {
	SVCR_EXPLAIN_DELIVERED, /* to an endpoint */
	SVCR_EXPLAIN_PASSED,    /* as it came: no rule translates it */
	SVCR_EXPLAIN_REFUSED,
	SVCR_EXPLAIN_DROPPED,
};

/* What a rule decided. Texts are in the arena of the explanation. */
struct svcr_explain_step {
	const char *where;   /* "prerouting", "policy", ... */
	const char *chain;   /* that the rule is in; NULL: it is said about a service without any */
	const char *element; /* its comment; NULL: none */
	const char *text;
};

struct svcr_explain_steps {
	struct svcr_explain_step *v; /* malloc'ed */
	size_t n, cap;
};

/* A part of the connections, which all go the same way: to one endpoint, if any is chosen. */
struct svcr_explain_way {
	bool chosen;
	struct svcr_endpoint_addr endpoint;
	const char *pod;   /* "production/web-1"; NULL: unknown */
	uint64_t odds, of; /* of all new connections */
	bool masqueraded;
	const char *why; /* it is masqueraded, or is not; NULL: it never was a question */
	const char *end; /* what the verdict means here; NULL: nothing to add */
	struct svcr_explain_steps steps; /* after the choice */
	enum svcr_explain_verdict verdict;
};

/* A place that packets come from or go to. */
struct svcr_explain_place {
	struct svcr_addr addr;
	uint16_t port;
	const char *name;   /* as it was asked for: "production/web-1"; NULL: an address */
	const char *detail; /* "on this node" */
	bool host;          /* this node itself */
};

struct svcr_explain_flow {
	struct svcr_explain_place from, to;
	uint8_t protocol;
	struct svcr_explain_steps steps; /* before the choice */
	const char *choice;              /* how one of several ways is chosen; NULL: at random */
	uint32_t remembered; /* seconds; a client keeps its endpoint so long; 0: no time */
	SVCR_LIST(struct svcr_explain_way) ways; /* malloc'ed */
	enum svcr_explain_verdict verdict;       /* the worst of all ways */
};

/* A question to DNS and its answer. */
struct svcr_explain_query {
	const char *name, *type; /* "go-api-svc.production.svc.cluster.local.", "A" */
	const char *answer;      /* "10.96.0.10", "NXDOMAIN" */
};

struct svcrules_explanation {
	struct svcr_arena arena;
	const char *from, *to; /* the question */
	uint8_t protocol;
	SVCR_LIST(struct svcr_explain_query) queries;
	SVCR_LIST(struct svcr_explain_flow) flows;
	const char *note; /* why there is no flow; NULL: there is one */
	bool nowhere;     /* because there is no address to go to */
};

/* The tables for network policies of another node. */
struct svcr_explain_node {
	const char *name;
	struct svcr_nft *nft;
};

/* A pod at one of its addresses. */
struct svcr_explain_pod_at {
	struct svcr_addr addr;
	const struct svcr_pod *pod;
};

/* What an explanation is made of. */
struct svcr_explainer {
	struct svcrules_explanation *e;
	const struct svcrules_ruleset *rs;
	const struct svcr_nft *nft;
	struct svcr_ipvs_parts ipvs; /* of the target ipvs, else empty */
	const struct svcrules_model *m;
	const struct svcrules_options *o;
	struct svcr_addrs own;     /* this node's addresses; sorted */
	struct svcr_addrs primary; /* of these, the InternalIPs of its Node object */
	SVCR_LIST(struct svcr_explain_node) nodes;  /* the last ones that were asked */
	size_t replaced;                            /* of them, by others since */
	SVCR_LIST(struct svcr_explain_pod_at) pods; /* sorted; empty: not needed yet */
};

/* True if the address is one of this node's, or of its loopback interface. */
bool svcr_explain_own(const struct svcr_explainer *x, const struct svcr_addr *a);
/*
 * The pod that has the address, or NULL; of several, which an API server can store, the first by
 * namespace and name.
 */
const struct svcr_pod *svcr_explain_pod(const struct svcr_explainer *x, const struct svcr_addr *a);
/* Makes svcr_explain_pod() fast, if it is to be called for so many addresses. 0 or -ENOMEM. */
int svcr_explain_index_pods(struct svcr_explainer *x, size_t n);

/* Says why the service that the flow is meant for has no rules, if that is so. 0 or -ENOMEM. */
int svcr_explain_left_out(struct svcr_explainer *x, struct svcr_explain_flow *f);
/* Walks the rules for the flow, whose places and protocol are set. 0 or -ENOMEM. */
int svcr_explain_walk(struct svcr_explainer *x, struct svcr_explain_flow *f);

#endif
