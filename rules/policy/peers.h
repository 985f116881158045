/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Peers: which entries of `from` and `to` an address satisfies. Such an entry is a term. Addresses
 * that satisfy the same terms share a peer class.
 */
#ifndef SVCR_POLICY_PEERS_H
#define SVCR_POLICY_PEERS_H

#include "model.h"
#include "options.h"
#include "rules/policy/bundle.h"

struct svcr_pod_class;

enum svcr_term_kind {
	SVCR_TERM_PODS,  /* pods that a selector selects, in namespaces that another one selects */
	SVCR_TERM_NAMED, /* pods that have a named port with this number */
	SVCR_TERM_BLOCK, /* pods with an address of an ipBlock, for rules with named ports */
};

/* A rule of a class that allows ports to a term. */
struct svcr_term_user {
	struct svcr_pod_class *class;
	struct svcr_bundle *bundle;
	const struct svcr_policy_rule *named; /* with named ports to look up; NULL: none */
};

struct svcr_term {
	enum svcr_term_kind kind;
	/* of kind PODS: a namespace, or a selector of namespaces; and a selector of pods */
	const char *ns;
	const struct svcr_selector *namespaces, *pods;
	struct svcr_pod_port port;           /* of kind NAMED */
	const struct svcr_policy_peer *peer; /* of kind BLOCK */
	uint64_t hash;                       /* of the content */
	SVCR_LIST(struct svcr_term_user) users;
	size_t looks; /* how often it was looked at */
	bool dead;    /* all classes that use it are too big */
};

struct svcr_peer_class {
	struct svcr_term **terms; /* sorted by hash; each once */
	size_t n;
	uint32_t number; /* 0: there are too many classes */
	bool in[SVCR_FAMILY__COUNT];
	bool needed[SVCR_FAMILY__COUNT]; /* an isolated pod allows something to it */
};

struct svcr_peer_address {
	struct svcr_addr addr;
	const struct svcr_pod *pod;
	struct svcr_peer_class *class;
};

struct svcr_peers {
	struct svcr_arena arena;
	struct svcr_table terms, names, scopes, index, namespaces, matched, classes;
	size_t max;                                /* cost of a class */
	bool died;                                 /* classes became too big during the search */
	bool again;                                /* it is repeated without them */
	struct svcr_term *everywhere;              /* the term of all pods; NULL: not used */
	SVCR_LIST(struct svcr_term *) all;         /* terms */
	SVCR_LIST(struct svcr_scope *) selectors;  /* scopes whose selectors ask for no label */
	SVCR_LIST(struct svcr_term *) blocks;      /* terms of kind BLOCK */
	SVCR_LIST(struct svcr_term *) found;       /* those of the pod that is looked at */
	SVCR_LIST(struct svcr_peer_class *) list;  /* classes */
	SVCR_LIST(struct svcr_peer_address) addrs; /* sorted by address, each once */
	const struct svcr_addrs *shared;           /* addresses that match no selector; sorted */
};

void svcr_peers_release(struct svcr_peers *p);

/*
 * Returns the term of an entry of `from` or `to` in a policy of namespace `ns`. NULL: out of
 * memory.
 */
struct svcr_term *svcr_peers_term(struct svcr_peers *p, const char *ns,
				  const struct svcr_policy_peer *peer);
/* Returns the term of all pods. NULL: out of memory. */
struct svcr_term *svcr_peers_all_pods(struct svcr_peers *p);
/* Tells that container ports of that name and protocol are asked for. 0 or -ENOMEM. */
int svcr_peers_name(struct svcr_peers *p, const char *name, uint8_t protocol);
/* Adds a user to a term. 0 or -ENOMEM. */
int svcr_term_use(struct svcr_term *t, struct svcr_pod_class *class, struct svcr_bundle *bundle,
		  const struct svcr_policy_rule *named);

/*
 * Finds the classes and addresses of all pods that satisfy a term; their numbers follow from what
 * they are. 0 or -ENOMEM.
 */
int svcr_peers_find(struct svcr_peers *p, const struct svcrules_model *m,
		    const struct svcrules_options *o);

/* By namespace, then by name. */
int svcr_pod_cmp(const struct svcr_pod *a, const struct svcr_pod *b);
#endif
